/* http2.h - just enough of HTTP/2 (RFC 9113) for a client that posts a few small messages and wants
 * their answers' bodies: DNS over HTTPS (RFC 8484). Pure.
 *
 * Headers of answers are not decoded (RFC 7541): a body that is the DNS answer to our question says
 * all, and any other is refused by the reader of DNS. The peer is hostile: every length is limited,
 * a stream that we did not open, a push or a body that is too long end the connection. */
#pragma once

#include <stdbool.h>

#include "base/buffer.h"

#define PK_HTTP2_STREAMS_MAX 48
#define PK_HTTP2_BODY_MAX    4096
#define PK_HTTP2_FRAME_MAX   16384 /* we do not announce more: RFC 9113 section 4.2 */
#define PK_HTTP2_FRAMES_MAX  1024  /* in one connection */

struct pk_http2_stream {
    struct pk_buffer body;
    bool done;
    bool failed; /* the server ended it without an answer */
};

struct pk_http2 {
    struct pk_buffer in;  /* bytes of a frame that is not whole yet */
    struct pk_buffer out; /* what is to be sent: the caller sends and clears it */
    struct pk_http2_stream streams[PK_HTTP2_STREAMS_MAX]; /* of request i */
    size_t count;
    size_t frames;
    bool ending; /* the server takes no new streams */
};

/* Writes the greeting to out. The caller ends it with pk_http2_finish(), also on failure. */
PK_MUST_USE int pk_http2_init(struct pk_http2 *h);
void pk_http2_finish(struct pk_http2 *h);

/* Writes a POST of this body; its answer arrives in streams[h->count - 1]. PK_ELIMIT. */
PK_MUST_USE int pk_http2_post(struct pk_http2 *h, const char *host, const char *path,
        const char *type, struct pk_slice body);

/* Takes what the server sent; acknowledgements are written to out. PK_EMALF, PK_ELIMIT: the
 * connection is of no more use. */
PK_MUST_USE int pk_http2_feed(struct pk_http2 *h, struct pk_slice in);
