/* http_same.h - one answer for thousands of requests: made once, with its headers, and queued for each.
 *
 * Counted: who makes it holds it, and so does each request that it was given to until its thread has queued it. */
#pragma once

#include "server/http.h"

struct pk_same;

/* 200 with these bytes (copied). NULL: out of memory. */
PK_MUST_USE struct pk_same *pk_same_create(const char *type, struct pk_slice bytes);
struct pk_same *pk_same_ref(struct pk_same *same);
void pk_same_unref(struct pk_same *same); /* NULL does nothing */

/* Replies with it; headers that were set for this request alone are not sent. Any thread, as pk_reply_bytes(). */
void pk_reply_same(struct pk_request *request, struct pk_same *same);
