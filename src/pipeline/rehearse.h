/* rehearse.h - what a draft would have done in the last days, from the facts in the store. */
#pragma once

#include "policy/rehearse.h"
#include "store/store.h"

struct pk_rehearsing {
    struct pk_store *store;
    const struct pk_policy *policy;
    int64_t from_ms, to_ms;
    /* Only these devices; NULL: all. And whether to give up (asked now and then); NULL: never. */
    bool (*wanted)(void *ctx, const char *device);
    bool (*stop)(void *ctx);
    void *ctx;
};

/* Everything that is known from before from_ms is played, too, but not counted. Outside of a transaction: reports go
 * on meanwhile. *keep holds strings of *out: end it with pk_rehearse_destroy(). PK_EBUSY: stop said so. */
PK_MUST_USE int pk_rehearse_store(const struct pk_rehearsing *rehearsing, struct pk_arena *arena,
        struct pk_rehearse **keep, struct pk_rehearsal *out, struct pk_error *err);
