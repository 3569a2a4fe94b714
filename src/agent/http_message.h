/* http_message.h - just enough of HTTP/1.1 (RFC 9112) for a probe: one GET, and the head of the
 * answer. Pure; the answer is hostile. */
#pragma once

#include <stdbool.h>

#include "base/buffer.h"

#define PK_HTTP_HOST_MAX 254
#define PK_HTTP_PATH_MAX 1024

struct pk_http_url {
    bool tls;
    char host[PK_HTTP_HOST_MAX];
    uint16_t port;
    char path[PK_HTTP_PATH_MAX]; /* with query, begins with '/' */
};

/* http:// and https:// without user names; a fragment is cut off. PK_EMALF, PK_ELIMIT. */
PK_MUST_USE int pk_http_url_parse(const char *text, struct pk_http_url *out);

/* Where a Location leads that was read at base (RFC 3986 section 5.2, without dot segments). */
PK_MUST_USE int pk_http_url_join(
        const struct pk_http_url *base, const char *location, struct pk_http_url *out);

/* GET with "Connection: close", this Accept and this User-Agent (NULL: our own). Asks that nothing on
 * the way packs or improves what comes (RFC 9111 section 5.2.1.6). */
PK_MUST_USE int pk_http_request(const struct pk_http_url *url, const char *accept,
        const char *agent, struct pk_buffer *out);

/* Headers that name a go-between; honest ones add them, too. Bit i of head.between: row i. */
extern const char *const pk_http_between[]; /* NULL-terminated */

struct pk_http_head {
    int status;
    bool has_location;
    bool location_tls;                    /* an absolute one with https */
    char location_host[PK_HTTP_HOST_MAX]; /* of an absolute Location; "" for a relative one */
    char location[PK_HTTP_PATH_MAX];      /* as it stands there */
    char content_type[64];                /* lower case, without parameters */
    char encoding[16];                    /* Content-Encoding, lower case; "": none */
    char etag[80];                        /* the page's own marks (RFC 9110 section 8.8) */
    char modified[40];
    unsigned between;
    int64_t content_length; /* -1: not told */
    bool chunked;
    size_t body; /* where the body begins */
};

/* PK_ETRUNC: the head is not complete yet. PK_EMALF: no HTTP. */
PK_MUST_USE int pk_http_head_parse(struct pk_slice in, struct pk_http_head *out);
