/* loop.h - the agent's one thread: descriptors, one-shot timers, signals, and short jobs that block
 * run beside it. It sleeps in epoll until something happens; there is no tick.
 *
 * Everything here is called from the loop's own thread, except where it says otherwise. Callbacks
 * run one after another and may add, remove, arm and disarm whatever they like, themselves too. */
#pragma once

#include <stdint.h>
#include <stdbool.h>

#include "base/error.h"

struct pk_loop;

PK_MUST_USE int pk_loop_create(struct pk_loop **out, struct pk_error *err);
/* Waits for running jobs (they see pk_loop_cancel_fd() readable) and calls the done function of
 * each job that was ever accepted, so that every ctx can be freed. NULL is fine. */
void pk_loop_destroy(struct pk_loop *loop);

/* Returns PK_OK after pk_loop_stop(), or an error of the system. */
PK_MUST_USE int pk_loop_run(struct pk_loop *loop, struct pk_error *err);
/* Ends pk_loop_run() after the callback that runs now. Cancels jobs. */
void pk_loop_stop(struct pk_loop *loop);
bool pk_loop_stopping(const struct pk_loop *loop);

/* Calls fn when one of events (EPOLLIN, EPOLLOUT; EPOLLERR and EPOLLHUP always count) is there.
 * The descriptor stays the caller's; remove it before closing it. One registration a descriptor. */
PK_MUST_USE int pk_loop_add(struct pk_loop *loop, int fd, uint32_t events,
        void (*fn)(void *ctx, uint32_t events), void *ctx, struct pk_error *err);
void pk_loop_remove(struct pk_loop *loop, int fd); /* unknown ones are fine */

/* A one-shot timer lives in its owner's struct; zero it, then pk_timer_init(). */
struct pk_timer {
    void (*fn)(void *ctx);
    void *ctx;
    int64_t due_ms; /* monotonic */
    struct pk_timer *next;
    bool armed;
};

static inline void pk_timer_init(struct pk_timer *timer, void (*fn)(void *ctx), void *ctx)
{
    *timer = (struct pk_timer){ .fn = fn, .ctx = ctx };
}

/* Arms it anew, in_ms from now; an armed one is moved. Disarm before the owner's memory ends. */
void pk_loop_arm(struct pk_loop *loop, struct pk_timer *timer, int64_t in_ms);
/* The same, but an armed timer that is due earlier stays as it is. */
void pk_loop_arm_sooner(struct pk_loop *loop, struct pk_timer *timer, int64_t in_ms);
void pk_loop_disarm(struct pk_loop *loop, struct pk_timer *timer);

/* Takes the signal out of the process's ordinary handling (blocked in this thread and in all that
 * are started later). At most 8 signals. */
PK_MUST_USE int pk_loop_signal(struct pk_loop *loop, int signo, void (*fn)(void *ctx, int signo),
        void *ctx, struct pk_error *err);

#define PK_LOOP_THREADS 8              /* jobs at the same time; more wait in line */
#define PK_LOOP_JOBS    64             /* in line; more are refused */
#define PK_LOOP_STACK   (256UL * 1024) /* bytes of stack a job has */

/* Runs fn(ctx) on a short-lived thread, then done(ctx) in the loop (NULL: none). fn must keep to a
 * deadline of its own and should give up when pk_loop_cancel_fd() becomes readable. PK_ELIMIT when
 * the line is full, PK_EBUSY when the loop is stopping: then neither is called. */
PK_MUST_USE int pk_loop_work(struct pk_loop *loop, void (*fn)(void *ctx), void (*done)(void *ctx),
        void *ctx, struct pk_error *err);

/* A descriptor that becomes readable (and stays so) when the loop stops; jobs poll it beside their
 * own. Any thread may use it. */
int pk_loop_cancel_fd(const struct pk_loop *loop);
