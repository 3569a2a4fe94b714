/* Bodies that are too large for memory go to a file without a name: it is gone with the request,
 * whatever happens. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/http_internal.h"

/* An upload that still brings this much within a body's deadline is not late. */
#define PROGRESS_STEP (1024UL * 1024)

void pk_spool_open(struct pk_request *request)
{
    const char *length = pk_request_header(request, "Content-Length");
    size_t claimed = length != NULL ? strtoull(length, NULL, 10) : 0;
    struct pk_spool *spool = &request->spool;

    if (atomic_load(&request->http->spooled) + claimed > request->http->spool_max) {
        spool->rc = PK_ENOSPC;
    } else {
        spool->fd = open(request->http->spool_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        spool->rc = spool->fd >= 0 ? PK_OK : -errno;
    }
    if (spool->rc < 0) {
        (void)pk_spool_ready(request); /* refused before the first byte */
    }
}

static int keep(struct pk_request *request, const char *bytes, size_t len)
{
    struct pk_spool *spool = &request->spool;
    size_t all = atomic_fetch_add(&request->http->spooled, len) + len;

    spool->size += len;
    if (all > request->http->spool_max) {
        return PK_ENOSPC; /* without a Content-Length it shows only now */
    }
    while (len > 0) {
        ssize_t n = write(spool->fd, bytes, len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -errno;
        }
        bytes += n;
        len -= (size_t)n;
    }
    return PK_OK;
}

void pk_spool_take(struct pk_request *request, const char *bytes, size_t len)
{
    struct pk_spool *spool = &request->spool;
    size_t before = spool->size;

    if (request->swallowed > 0 || spool->rc < 0 || len > request->body.max - spool->size) {
        request->swallowed += len;
        return;
    }
    spool->rc = keep(request, bytes, len);
    if (spool->size / PROGRESS_STEP != before / PROGRESS_STEP) {
        pk_conn_enter(request->conn, PK_CONN_BODY);
    }
}

bool pk_spool_ready(struct pk_request *request)
{
    struct pk_spool *spool = &request->spool;

    if (spool->rc == PK_OK) {
        if (spool->fd >= 0) {
            (void)lseek(spool->fd, 0, SEEK_SET);
        }
        return true;
    }
    pk_reply_header(request, "Retry-After", "30");
    if (spool->rc == PK_ENOSPC) {
        pk_reply_problem(
                request, 503, "storage_full", "there is no room for this upload now", NULL);
    } else {
        pk_reply_problem(request, 503, "unavailable", "the upload could not be kept", NULL);
    }
    return false;
}

void pk_spool_finish(struct pk_request *request)
{
    struct pk_spool *spool = &request->spool;

    if (spool->fd >= 0) {
        (void)close(spool->fd);
        spool->fd = -1;
    }
    atomic_fetch_sub(&request->http->spooled, spool->size);
    spool->size = 0;
}
