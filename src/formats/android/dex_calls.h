/* dex_calls.h - which methods a DEX calls, as lists: recorded by the one walk that reads all code, so that
 * who asks who calls whom need not read the code again. Four bytes a call. */
#pragma once

#include "formats/android/dex.h"

/* One method that a class declares, in the order of the walk. */
struct pk_dex_body {
    uint32_t method; /* its reference */
    uint32_t first;  /* of its calls; they end where those of the next body begin */
    uint32_t code;   /* offset of the code item; 0: abstract or native */
    uint32_t access;
    bool direct; /* static, private or constructor */
};

struct pk_dex_calls {
    struct pk_dex_body *bodies; /* and one behind the last, whose first is callee_count */
    size_t body_count, body_cap;
    uint32_t *callees; /* method references, in the order of the instructions */
    size_t callee_count, callee_cap;
    size_t max; /* bodies and calls that may be recorded in all; set by who makes the lists */
    bool cut;   /* there are more, or memory was short */
};

/* As pk_dex_walk(); records in *calls, which the caller zeroed but for max and ends with
 * pk_dex_calls_finish(). */
void pk_dex_walk_calls(const struct pk_dex *dex, const struct pk_dex_visitor *visitor,
        struct pk_dex_totals *totals, struct pk_dex_calls *calls);
void pk_dex_calls_finish(struct pk_dex_calls *calls);

/* The calls of the i-th body: *count method references. */
static inline const uint32_t *pk_dex_calls_of(
        const struct pk_dex_calls *calls, size_t i, size_t *count)
{
    *count = calls->bodies[i + 1].first - calls->bodies[i].first;
    return *count > 0 ? calls->callees + calls->bodies[i].first : NULL;
}
