/* http_answer.h - reads one HTTP/1.1 answer (RFC 9112) as its bytes arrive, strictly.
 *
 * Strict because only picketd answers here and a lenient reader is how two readers come to disagree:
 * CRLF line ends only, no folded lines, one Content-Length or chunked, never both, and a body that
 * ends by closing the connection is refused (TLS aside, nothing proves that it is whole).
 * One thread at a time. Every length is limited. */
#pragma once

#include "base/buffer.h"

#define PK_HTTP_HEAD_MAX 16384 /* status line, headers and trailers together */
#define PK_HTTP_LINE_MAX 4096

struct pk_http_answer {
    /* Valid when done. */
    int status;
    int64_t retry_after_s; /* -1: not given, or a date */
    bool keep_alive;
    char content_type[64]; /* lower case, without parameters */
    struct pk_buffer body;
    bool done;

    /* The reader's own. */
    int state;
    size_t head_seen;
    uint64_t left; /* of the body or the chunk */
    bool has_length;
    bool chunked;
    size_t line_len;
    char line[PK_HTTP_LINE_MAX];
};

/* The caller ends it with pk_http_answer_finish(). */
void pk_http_answer_init(struct pk_http_answer *answer, size_t body_max);
void pk_http_answer_finish(struct pk_http_answer *answer);

/* Takes the bytes that belong to this answer, *used says how many (the rest follows it). Interim
 * answers (1xx) are skipped. PK_EMALF, PK_ELIMIT, PK_ENOMEM: the connection is of no more use. */
PK_MUST_USE int pk_http_answer_feed(
        struct pk_http_answer *answer, struct pk_slice in, size_t *used, struct pk_error *err);
