/* answer.h - an HTTP/1.1 answer as picketd sends it: head, Content-Length, body. Pure. */
#pragma once

#include "base/error.h"
#include "base/slice.h"

struct pk_http_answer {
    int status;
    bool close;           /* the server closes the connection behind it */
    struct pk_slice body; /* into the input */
};

/* PK_EAGAIN: not all of it is there yet. PK_EMALF: it is not such an answer. */
PK_MUST_USE int pk_http_answer_parse(struct pk_slice in, struct pk_http_answer *out);
