#include "respond/curl.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"

#define CONNECT_S 15L

/* libcurl wants to be set up once, before threads use it at the same moment. */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void set_up(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

int pk_curl_open(struct pk_curl *curl, int stop_fd, struct pk_error *err)
{
    (void)pthread_once(&once, set_up);
    curl->stop_fd = stop_fd;
    curl->easy = curl_easy_init();
    return curl->easy != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");
}

void pk_curl_close(struct pk_curl *curl)
{
    curl_easy_cleanup(curl->easy);
    curl->easy = NULL;
}

/* Called at least once a second; not 0 gives the call up. */
static int look(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct pk_curl *curl = ctx;
    struct pollfd fd = { .fd = curl->stop_fd, .events = POLLIN };

    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return curl->stop_fd >= 0 && poll(&fd, 1, 0) > 0 ? 1 : 0;
}

void pk_curl_prepare(struct pk_curl *curl, const char *url, const char *protocols, const char *ca,
        int64_t timeout_s)
{
    CURL *easy = curl->easy;

    curl->words[0] = '\0';
    curl_easy_reset(easy);
    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)timeout_s);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* not by the environment's word */
    (void)curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, curl->words);
    (void)curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, look);
    (void)curl_easy_setopt(easy, CURLOPT_XFERINFODATA, curl);
    (void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "picketd/" PK_VERSION);
    if (ca != NULL) { /* and nobody else */
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, ca);
        (void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
}

int pk_curl_perform(struct pk_curl *curl, const char *url, struct pk_error *err)
{
    CURLcode code = curl_easy_perform(curl->easy);

    if (code == CURLE_OK) {
        return PK_OK;
    }
    return pk_error_set(err, PK_EIO, "%.120s: %s", url,
            curl->words[0] != '\0' ? curl->words : curl_easy_strerror(code));
}

static size_t take_bytes(char *bytes, size_t size, size_t count, void *to)
{
    return pk_buffer_put(to, bytes, size * count) == PK_OK ? size * count : 0;
}

static struct curl_slist *header_list(const char *type, const char *const *headers)
{
    char line[128];
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");

    (void)snprintf(line, sizeof(line), "Content-Type: %s", type);
    for (const char *next = line; next != NULL && list != NULL;
            next = headers != NULL ? *headers++ : NULL) {
        struct curl_slist *longer = curl_slist_append(list, next);

        if (longer == NULL) {
            curl_slist_free_all(list);
        }
        list = longer;
    }
    return list;
}

int pk_curl_post(struct pk_curl *curl, const char *url, const char *type,
        const char *const *headers, struct pk_slice body, enum pk_curl_http http,
        struct pk_curl_answer *answer, struct pk_error *err)
{
    struct curl_slist *list = header_list(type, headers);
    curl_off_t wait_s = 0;
    long version = http != PK_HTTP_1 ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1;
    int rc;

    if (list == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    (void)curl_easy_setopt(curl->easy, CURLOPT_HTTPHEADER, list);
    (void)curl_easy_setopt(curl->easy, CURLOPT_HTTP_VERSION, version);
    (void)curl_easy_setopt(curl->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    (void)curl_easy_setopt(curl->easy, CURLOPT_POSTFIELDS, body.ptr);
    (void)curl_easy_setopt(curl->easy, CURLOPT_WRITEFUNCTION, take_bytes);
    (void)curl_easy_setopt(curl->easy, CURLOPT_WRITEDATA, &answer->body);
    rc = pk_curl_perform(curl, url, err);
    if (rc == PK_OK) {
        (void)curl_easy_getinfo(curl->easy, CURLINFO_RESPONSE_CODE, &answer->status);
        (void)curl_easy_getinfo(curl->easy, CURLINFO_RETRY_AFTER, &wait_s);
        (void)curl_easy_getinfo(curl->easy, CURLINFO_HTTP_VERSION, &version);
        answer->retry_after_ms = wait_s > 0 ? (wait_s > 86400 ? 86400 : wait_s) * PK_SECOND_MS : 0;
        if (http == PK_HTTP_2_ONLY && version != CURL_HTTP_VERSION_2_0) {
            rc = pk_error_set(err, PK_EPEER, "%.120s does not speak HTTP/2", url);
        }
    }
    curl_slist_free_all(list);
    return rc;
}

int pk_secret_file(const char *path, char *out, size_t max, struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(4096);
    int rc = pk_file_read(path, &text, err);
    size_t len = rc == PK_OK && text.ptr != NULL ? strcspn(text.ptr, "\r\n") : 0;

    if (rc == PK_OK && (len == 0 || len >= max)) {
        rc = pk_error_set(err, PK_EMALF, "'%s' holds no secret of 1 to %zu bytes", path, max - 1);
    }
    if (rc == PK_OK) {
        memcpy(out, text.ptr, len);
        out[len] = '\0';
    }
    if (text.ptr != NULL) {
        explicit_bzero(text.ptr, text.len);
    }
    pk_buffer_finish(&text);
    return rc;
}
