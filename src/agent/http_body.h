/* http_body.h - the body of a plain HTTP answer as its author wrote it: without the pieces in which it
 * travelled (chunked, RFC 9112 section 7.1) and unpacked (gzip, RFC 1952), which a go-between may do
 * unasked. Pure; the answer is hostile. */
#pragma once

#include "agent/http_message.h"

/* in: everything that came, from the head on; ended: the other side closed. Appends to out (its max is
 * the limit). PK_ETRUNC: the transfer broke off. PK_EMALF: broken, or packed in a way that is not read
 * here. PK_ELIMIT. */
PK_MUST_USE int pk_http_body(
        const struct pk_http_head *head, struct pk_slice in, bool ended, struct pk_buffer *out);
