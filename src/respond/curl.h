/* curl.h - what every partner behind libcurl has in common: deadlines, an early end, no environment, no redirects, TLS
 * that is verified. One handle is one thread's. */
#pragma once

#include <curl/curl.h>

#include "base/buffer.h"

struct pk_curl {
    CURL *easy;
    int stop_fd; /* readable: every call ends early; -1: never */
    char words[CURL_ERROR_SIZE];
};

PK_MUST_USE int pk_curl_open(struct pk_curl *curl, int stop_fd, struct pk_error *err);
void pk_curl_close(struct pk_curl *curl);

/* A fresh call on the handle (its connections stay). protocols: "https", "smtp,smtps". ca NULL: the system's roots.
 * The strings are borrowed until the call is over. */
void pk_curl_prepare(struct pk_curl *curl, const char *url, const char *protocols, const char *ca,
        int64_t timeout_s);

/* PK_EIO with libcurl's words: nobody answered. */
PK_MUST_USE int pk_curl_perform(struct pk_curl *curl, const char *url, struct pk_error *err);

enum pk_curl_http {
    PK_HTTP_1,      /* HTTP/1.1 */
    PK_HTTP_ANY,    /* HTTP/2 when the other side has it */
    PK_HTTP_2_ONLY, /* nothing older will do */
};

struct pk_curl_answer {
    long status;
    int64_t retry_after_ms; /* 0: not said */
    struct pk_buffer body;  /* born with its limit by the caller */
};

/* POST over HTTP. type: of the body; headers: more lines, NULL-terminated. PK_OK: there is an
 * answer, whatever it says. The caller ends answer->body. A larger answer than its limit is PK_EIO. */
PK_MUST_USE int pk_curl_post(struct pk_curl *curl, const char *url, const char *type,
        const char *const *headers, struct pk_slice body, enum pk_curl_http http,
        struct pk_curl_answer *answer, struct pk_error *err);

/* The first line of a file: a password or a shared key, at most max - 1 bytes. PK_EMALF: it is empty. Wipe out with
 * explicit_bzero(). */
PK_MUST_USE int pk_secret_file(const char *path, char *out, size_t max, struct pk_error *err);
