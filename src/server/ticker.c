#include "server/ticker.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/event.h"

#define COMPLAIN_MS PK_HOUR_MS

struct pk_ticker {
    struct pk_ticker_job job;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool runs;
    bool woken;
    bool ends;
    int64_t complained_ms; /* the thread's own; 0: the last look was fine */
};

/* False: it is over. */
static bool rest(struct pk_ticker *t, int64_t ms)
{
    const struct timespec until = pk_clock_after(ms);
    bool ends;

    pthread_mutex_lock(&t->lock);
    while (!t->ends && !t->woken &&
            pthread_cond_clockwait(&t->wake, &t->lock, CLOCK_MONOTONIC, &until) == 0) {
        /* looks again why */
    }
    t->woken = false;
    ends = t->ends;
    pthread_mutex_unlock(&t->lock);
    return !ends;
}

static void complain(struct pk_ticker *t, const struct pk_error *err)
{
    int64_t now_ms = pk_clock_monotonic_ms();

    if (t->complained_ms == 0 || now_ms - t->complained_ms > COMPLAIN_MS) {
        t->complained_ms = now_ms;
        pk_event(PK_ERROR, t->job.stuck, { "why", err->text });
    }
}

static void *run(void *arg)
{
    struct pk_ticker *t = arg;
    int64_t wait_ms;

    do {
        struct pk_error err = { 0 };

        wait_ms = t->job.look(t->job.ctx, &err);
        if (wait_ms < 0) {
            complain(t, &err);
            wait_ms = t->job.retry_ms;
        } else {
            t->complained_ms = 0;
        }
    } while (rest(t, wait_ms));
    return NULL;
}

int pk_ticker_create(const struct pk_ticker_job *job, struct pk_ticker **out, struct pk_error *err)
{
    struct pk_ticker *t = calloc(1, sizeof(*t));

    if (t == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    t->job = *job;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->wake, NULL);
    *out = t;
    return PK_OK;
}

int pk_ticker_start(struct pk_ticker *ticker, struct pk_error *err)
{
    int rc = pthread_create(&ticker->thread, NULL, run, ticker);

    if (rc != 0) {
        return pk_error_set(err, -rc, "cannot start a thread: %s", pk_code_text(-rc));
    }
    ticker->runs = true;
    return PK_OK;
}

static void signal_it(struct pk_ticker *t, bool ends)
{
    pthread_mutex_lock(&t->lock);
    t->woken = true;
    t->ends |= ends;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
}

void pk_ticker_wake(struct pk_ticker *ticker)
{
    if (ticker != NULL) {
        signal_it(ticker, false);
    }
}

void pk_ticker_stop(struct pk_ticker *ticker)
{
    if (ticker == NULL || !ticker->runs) {
        return;
    }
    signal_it(ticker, true);
    (void)pthread_join(ticker->thread, NULL);
    ticker->runs = false;
}

void pk_ticker_destroy(struct pk_ticker *ticker)
{
    if (ticker == NULL) {
        return;
    }
    pk_ticker_stop(ticker);
    pthread_mutex_destroy(&ticker->lock);
    pthread_cond_destroy(&ticker->wake);
    free(ticker);
}
