/* dispatch.h - delivers the outbox to the SOC: one thread a target, in order, at least once.
 *
 * What is to be sent are rows of kind PK_ACTION_SIEM in the store, written in the transaction of the
 * incident's change; so a crash, a restart or a receiver that is down for a week loses nothing. A row
 * that can never be sent is marked failed with the reason and the next ones go on. A receiver that
 * fails is tried again after 1 s, doubling up to 5 min, with jitter. A message may arrive twice (the
 * same externalId) when the way broke after writing. */
#pragma once

#include "respond/siem/target.h"

struct pk_dispatch;

struct pk_dispatch_settings {
    const char *store_url;                  /* each thread opens its own store */
    const struct pk_siem_settings *targets; /* checked with pk_siem_check() */
    size_t count;
    struct pk_siem_origin origin;
    int64_t retry_min_ms; /* 0: 1 s */
    int64_t retry_max_ms; /* 0: 5 min */
};

/* settings and what it points to are borrowed until stop. Without targets it starts nothing, and the
 * other calls are harmless. The caller ends *out with pk_dispatch_stop(). */
PK_MUST_USE int pk_dispatch_start(const struct pk_dispatch_settings *settings,
        struct pk_dispatch **out, struct pk_error *err);

/* There may be new rows: look now. Call it after the commit. Any thread; cheap; NULL is fine. */
void pk_dispatch_wake(struct pk_dispatch *dispatch);

/* Ends the threads; what was not confirmed stays pending. NULL is fine. */
void pk_dispatch_stop(struct pk_dispatch *dispatch);
