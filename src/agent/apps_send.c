/* One app file to the server, piece by piece: a phone's memory holds no whole app. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/apps_internal.h"
#include "agent/https.h"
#include "base/clock.h"

#define SLOWEST    (32 * INT64_C(1024)) /* bytes a second: slower links are not worth it */
#define LEAST_MS   (60 * PK_SECOND_MS)
#define ANSWER_MAX 65536

static int post(struct pk_apps_upload *u, int fd, int64_t size)
{
    char target[128];
    struct pk_https_request request = {
        .method = "POST",
        .target = target,
        .headers = "Content-Type: application/octet-stream\r\nConnection: close\r\n",
        .body_fd = fd,
        .body_size = size,
        .timeout_ms = LEAST_MS + size / SLOWEST * PK_SECOND_MS,
        .body_max = ANSWER_MAX,
    };
    struct pk_https_addresses to;
    struct pk_https *https = NULL;
    char host[PK_HTTPS_HOST];
    int port;
    int rc = pk_https_url(u->url, host, &port, &u->err);

    (void)snprintf(target, sizeof(target), "/v1/app/%s", u->sha256);
    if (rc == PK_OK) {
        rc = pk_https_lookup(host, port, &to, &u->err);
    }
    if (rc == PK_OK) {
        rc = pk_https_create(host, port, u->tls, &https, &u->err);
    }
    if (rc == PK_OK) {
        rc = pk_https_call(https, &to, &request, &u->err);
    }
    if (rc == PK_OK) {
        u->status = pk_https_answer(https)->status;
    }
    pk_https_destroy(https);
    return rc;
}

void pk_apps_upload_run(struct pk_apps_upload *u)
{
    int fd = open(u->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    if (fd < 0) {
        return; /* gone meanwhile: the next look tells */
    }
    if (pk_apps_same_file(u->file, fd) && fstat(fd, &st) == 0) {
        (void)post(u, fd, st.st_size);
    }
    (void)close(fd);
}
