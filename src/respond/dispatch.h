/* dispatch.h - delivers the outbox: one thread a channel, in order per target, at least once.
 *
 * What is to be sent are rows in the store, written in the transaction of what they speak of; so a crash, a restart
 * or a receiver that is down for a week loses nothing. A row that can never be sent is marked failed with the reason
 * and the next ones go on. A channel that fails is tried again after 1 s, doubling up to 5 min, with jitter. A message
 * may arrive twice (with the same id) when the way broke after writing. */
#pragma once

#include "respond/channel.h"

#define PK_CHANNELS_MAX 80

struct pk_dispatch;

struct pk_dispatch_settings {
    const char *store_url;             /* each thread opens its own store */
    const struct pk_channel *channels; /* their settings are checked */
    size_t count;
    struct pk_origin origin;
    int64_t retry_min_ms; /* 0: 1 s */
    int64_t retry_max_ms; /* 0: 5 min */
};

/* settings and what it points to are borrowed until stop. Without channels it starts nothing, and the
 * other calls are harmless. The caller ends *out with pk_dispatch_stop(). */
PK_MUST_USE int pk_dispatch_start(const struct pk_dispatch_settings *settings,
        struct pk_dispatch **out, struct pk_error *err);

/* There may be new rows: look now. Call it after the commit. Any thread; cheap; NULL is fine. */
void pk_dispatch_wake(struct pk_dispatch *dispatch);

/* Ends the threads; what was not confirmed stays pending. NULL is fine. */
void pk_dispatch_stop(struct pk_dispatch *dispatch);
