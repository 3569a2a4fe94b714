/* dex_record.h - how the walk writes calls down; for dex_walk.c and dex_calls.c. */
#pragma once

#include "formats/android/dex_calls.h"

/* Room for one more; false: no more are recorded. */
bool pk_dex_calls_more_callees(struct pk_dex_calls *calls);
bool pk_dex_calls_more_bodies(struct pk_dex_calls *calls);

static inline void pk_dex_record_call(struct pk_dex_calls *calls, uint32_t method)
{
    if (calls->callee_count == calls->callee_cap &&
            (calls->cut || !pk_dex_calls_more_callees(calls))) {
        return;
    }
    calls->callees[calls->callee_count++] = method;
}

/* One row more than there are bodies: it ends the calls of the last one. */
static inline void pk_dex_record_body(struct pk_dex_calls *calls, const struct pk_dex_code *code)
{
    if (calls->cut ||
            (calls->body_count + 1 >= calls->body_cap && !pk_dex_calls_more_bodies(calls))) {
        return;
    }
    calls->bodies[calls->body_count++] = (struct pk_dex_body){
        .method = code->method,
        .first = (uint32_t)calls->callee_count,
        .code = code->offset,
        .access = code->access,
        .direct = code->direct,
    };
}
