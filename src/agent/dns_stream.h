/* dns_stream.h - DNS over a connection: plain TCP (RFC 7766) or TLS (RFC 7858). All questions go out
 * together, answers come in any order. Blocking, any thread. */
#pragma once

#include <openssl/ssl.h>

#include "agent/dns_client.h"
#include "base/buffer.h"

struct pk_dns_stream {
    SSL *ssl; /* NULL: plain */
    int fd;   /* connected, non-blocking */
};

/* authentic: asks whether answers are signed. What is not answered is marked with why. */
void pk_dns_stream_ask(const struct pk_dns_stream *stream, struct pk_dns_question *questions,
        size_t count, bool authentic, const struct pk_deadline *deadline);

/* Takes the whole messages at the begin of what was read (RFC 1035 section 4.2.2); the rest stays. The
 * id of question i is `random` with i. *waiting loses one for each answer. PK_ELIMIT: too long. */
PK_MUST_USE int pk_dns_stream_take(struct pk_dns_question *questions, size_t count, uint16_t random,
        struct pk_buffer *in, size_t *waiting);

/* Whole write, and one read (0: end). Negative codes. */
PK_MUST_USE int pk_dns_stream_write(const struct pk_dns_stream *stream, struct pk_slice bytes,
        const struct pk_deadline *deadline);
PK_MUST_USE int pk_dns_stream_read(const struct pk_dns_stream *stream, void *bytes, size_t len,
        const struct pk_deadline *deadline);
