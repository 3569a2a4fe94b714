/* ticker.h - a thread that looks whether there is something to do, rests, and looks again: because its time has come or
 * because somebody woke it. It goes on when a look fails, and says so once an hour at the most. */
#pragma once

#include <stdint.h>

#include "base/error.h"

struct pk_ticker;

struct pk_ticker_job {
    /* On the ticker's thread. Milliseconds until the next look, 0: at once; < 0: *err says why it failed. */
    int64_t (*look)(void *ctx, struct pk_error *err);
    void *ctx;         /* borrowed until the ticker has stopped */
    const char *stuck; /* name of the event that tells of a failure; borrowed */
    int64_t retry_ms;  /* how long it rests then */
};

/* The thread does not run yet. */
PK_MUST_USE int pk_ticker_create(
        const struct pk_ticker_job *job, struct pk_ticker **out, struct pk_error *err);
PK_MUST_USE int pk_ticker_start(struct pk_ticker *ticker, struct pk_error *err);
/* Any thread; also before the start and after the end. NULL is fine. */
void pk_ticker_wake(struct pk_ticker *ticker);
/* The look that runs comes to its end, there is none after it. NULL and a second time are fine. */
void pk_ticker_stop(struct pk_ticker *ticker);
/* Stops it, too. NULL is fine. */
void pk_ticker_destroy(struct pk_ticker *ticker);
