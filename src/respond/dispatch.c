#include "respond/dispatch.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/event.h"
#include "store/store.h"

#define RETRY_MIN_MS PK_SECOND_MS
#define RETRY_MAX_MS (5 * PK_MINUTE_MS)
/* A look without being woken: rows of another node that shares the store. */
#define LOOK_MS (15 * PK_SECOND_MS)
/* Payloads of one batch. */
#define ARENA_MAX (16UL * 1024 * 1024)

struct worker {
    struct pk_dispatch *dispatch;
    const struct pk_siem_settings *settings;
    const struct pk_siem_ops *ops;
    void *target;
    struct pk_store *store;
    pthread_t thread;
    bool running;
    int64_t retry_ms; /* 0: the last try went well */
    char last_error[320];
};

struct pk_dispatch {
    struct pk_dispatch_settings settings;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t wakes; /* counts calls of wake: a worker compares with what it saw */
    bool stopping;
    int stop_fd;
    size_t count;
    struct worker workers[PK_SIEM_TARGETS_MAX];
};

/* ---- sleeping ------------------------------------------------------------------------------ */

/* Until woken (when wake is given), stopped, or so long. Returns false when stopping. */
static bool rest(struct pk_dispatch *d, int64_t ms, const uint64_t *wake)
{
    struct timespec until;
    bool go_on;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    (void)pthread_mutex_lock(&d->lock);
    while (!d->stopping && (wake == NULL || *wake == d->wakes)) {
        if (pthread_cond_timedwait(&d->changed, &d->lock, &until) == ETIMEDOUT) {
            break;
        }
    }
    go_on = !d->stopping;
    (void)pthread_mutex_unlock(&d->lock);
    return go_on;
}

static uint64_t wakes_now(struct pk_dispatch *d)
{
    uint64_t wakes;

    (void)pthread_mutex_lock(&d->lock);
    wakes = d->wakes;
    (void)pthread_mutex_unlock(&d->lock);
    return wakes;
}

static bool stopping(struct pk_dispatch *d)
{
    bool stop;

    (void)pthread_mutex_lock(&d->lock);
    stop = d->stopping;
    (void)pthread_mutex_unlock(&d->lock);
    return stop;
}

/* The next wait: doubled, with a quarter of jitter either way so that many nodes do not knock at the
 * same moment. */
static int64_t back_off(struct worker *w)
{
    const struct pk_dispatch_settings *s = &w->dispatch->settings;
    int64_t least = s->retry_min_ms > 0 ? s->retry_min_ms : RETRY_MIN_MS;
    int64_t most = s->retry_max_ms > 0 ? s->retry_max_ms : RETRY_MAX_MS;
    uint16_t chance;

    w->retry_ms = w->retry_ms == 0 ? least : 2 * w->retry_ms;
    w->retry_ms = w->retry_ms > most ? most : w->retry_ms;
    pk_random(&chance, sizeof(chance));
    return w->retry_ms * 3 / 4 + w->retry_ms * chance / 65536 / 2;
}

/* ---- the books ----------------------------------------------------------------------------- */

/* Shows the delivery in the incident's time line. An incident that is gone is no reason to send its
 * event for ever. */
static int note_sent(struct worker *w, const struct pk_action *action, struct pk_arena *arena,
        int64_t now_ms, struct pk_error *err)
{
    struct pk_timeline_row row = {
        .at_ms = now_ms,
        .what = "sent",
        .by = w->settings->name,
        .detail = json_string_value(json_object_get(action->payload, "type")),
    };
    struct pk_incident_row incident;
    int rc;

    if (action->incident == NULL) {
        return PK_OK;
    }
    rc = pk_incident_get(w->store, action->incident, arena, &incident, err);
    if (rc == PK_ENOENT) {
        return PK_OK;
    }
    return rc < 0 ? rc : pk_timeline_add(w->store, action->incident, &row, err);
}

/* What became of each row of the batch, in one transaction. */
static int settle(struct worker *w, const struct pk_action *actions,
        const struct pk_siem_event *events, size_t count, struct pk_arena *arena,
        struct pk_error *err)
{
    const char *name = w->settings->name;
    int64_t now_ms = pk_clock_ms();
    int rc = pk_store_begin(w->store, err);

    if (rc < 0) {
        return rc;
    }
    for (size_t i = 0; i < count && rc == PK_OK; i++) {
        if (events[i].rc < 0) {
            rc = pk_action_mark(
                    w->store, actions[i].id, PK_ACTION_FAILED, now_ms, events[i].error.text, err);
        } else {
            rc = note_sent(w, &actions[i], arena, now_ms, err);
        }
    }
    if (rc == PK_OK) {
        rc = pk_action_delivered(
                w->store, PK_ACTION_SIEM, name, actions[count - 1].id, now_ms, err);
    }
    if (rc == PK_OK) {
        rc = pk_target_note(w->store, PK_ACTION_SIEM, name, now_ms, NULL, err);
    }
    if (rc == PK_OK) {
        return pk_store_commit(w->store, err);
    }
    pk_store_rollback(w->store);
    return rc;
}

static void tell_of_failed(const struct worker *w, const struct pk_action *actions,
        const struct pk_siem_event *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (events[i].rc < 0) {
            pk_event(PK_ERROR, "siem.unsendable", { "target", w->settings->name },
                    { "action", PK_NUM(actions[i].id) }, { "why", events[i].error.text });
        }
    }
}

/* ---- one round ----------------------------------------------------------------------------- */

/* A batch of what is pending. Returns how many were dealt with, 0: nothing is there, < 0: try later. */
static int deliver(struct worker *w, struct pk_arena *arena, struct pk_error *err)
{
    struct pk_siem_event events[PK_SIEM_BATCH];
    const struct pk_action *actions;
    struct pk_array pending;
    int rc = pk_action_pending(
            w->store, PK_ACTION_SIEM, w->settings->name, 0, PK_SIEM_BATCH, arena, &pending, err);

    if (rc < 0 || pending.count == 0) {
        return rc;
    }
    actions = pending.items;
    memset(events, 0, sizeof(events));
    for (size_t i = 0; i < pending.count; i++) {
        events[i].event = actions[i].payload;
    }
    rc = w->ops->send(w->target, events, pending.count, err);
    if (rc < 0) {
        return rc;
    }
    tell_of_failed(w, actions, events, pending.count);
    rc = settle(w, actions, events, pending.count, arena, err);
    return rc < 0 ? rc : (int)pending.count;
}

static int prepare(struct worker *w, struct pk_error *err)
{
    int rc = PK_OK;

    if (w->store == NULL) {
        rc = pk_store_open(w->dispatch->settings.store_url, &w->store, err);
    }
    if (rc == PK_OK && w->target == NULL) {
        rc = w->ops->create(
                w->settings, &w->dispatch->settings.origin, w->dispatch->stop_fd, &w->target, err);
    }
    return rc;
}

/* Says it in the log when it is news, and in the store for the console. */
static void note_failure(struct worker *w, const struct pk_error *why, int64_t next_ms)
{
    if (strcmp(w->last_error, why->text) != 0) {
        (void)snprintf(w->last_error, sizeof(w->last_error), "%s", why->text);
        pk_event(PK_WARN, "siem.failing", { "target", w->settings->name }, { "why", why->text },
                { "again_in_ms", PK_NUM(next_ms) });
    }
    if (w->store != NULL) {
        struct pk_error err;

        if (pk_target_note(w->store, PK_ACTION_SIEM, w->settings->name, pk_clock_ms(), why->text,
                    &err) < 0) {
            pk_event(PK_WARN, "siem.note_failed", { "target", w->settings->name },
                    { "why", err.text });
        }
    }
}

static void note_success(struct worker *w, int count)
{
    if (w->retry_ms != 0) {
        pk_event(PK_INFO, "siem.recovered", { "target", w->settings->name });
    }
    w->retry_ms = 0;
    w->last_error[0] = '\0';
    pk_event(PK_DEBUG, "siem.delivered", { "target", w->settings->name },
            { "count", PK_NUM(count) });
}

static void *work(void *ctx)
{
    struct worker *w = ctx;
    struct pk_dispatch *d = w->dispatch;

    while (!stopping(d)) {
        uint64_t seen = wakes_now(d);
        struct pk_arena *arena = pk_arena_create(ARENA_MAX);
        struct pk_error err = { .text = "out of memory" };
        int rc = arena != NULL ? prepare(w, &err) : PK_ENOMEM;

        if (rc == PK_OK) {
            rc = deliver(w, arena, &err);
        }
        pk_arena_destroy(arena);
        if (rc > 0) {
            note_success(w, rc);
        } else if (rc == 0) {
            (void)rest(d, LOOK_MS, &seen);
        } else if (!stopping(d)) {
            int64_t next_ms = back_off(w);

            note_failure(w, &err, next_ms);
            (void)rest(d, next_ms, NULL);
        }
    }
    if (w->target != NULL) {
        w->ops->destroy(w->target);
    }
    pk_store_close(w->store);
    return NULL;
}

/* ---- starting and stopping ------------------------------------------------------------------ */

static int start_worker(struct pk_dispatch *d, size_t i, struct pk_error *err)
{
    struct worker *w = &d->workers[i];
    sigset_t all;
    sigset_t before;
    int rc;

    w->dispatch = d;
    w->settings = &d->settings.targets[i];
    w->ops = pk_siem_ops_of(w->settings->format);
    /* Signals belong to the main thread; a receiver that hung up must not raise SIGPIPE here. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&w->thread, NULL, work, w);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        return pk_error_set(
                err, -rc, "cannot start a thread for the target '%s'", w->settings->name);
    }
    w->running = true;
    return PK_OK;
}

static void init_sync(struct pk_dispatch *d)
{
    pthread_condattr_t attr;

    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&d->lock, NULL);
    (void)pthread_cond_init(&d->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
}

int pk_dispatch_start(
        const struct pk_dispatch_settings *settings, struct pk_dispatch **out, struct pk_error *err)
{
    struct pk_dispatch *d;
    int rc = PK_OK;

    if (settings->count > PK_SIEM_TARGETS_MAX) {
        return pk_error_set(err, PK_ELIMIT, "more than %d targets", PK_SIEM_TARGETS_MAX);
    }
    d = calloc(1, sizeof(*d));
    if (d == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    d->settings = *settings;
    d->count = settings->count;
    init_sync(d);
    d->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (d->stop_fd < 0) {
        rc = pk_error_set(err, -errno, "cannot make an event descriptor");
    }
    for (size_t i = 0; i < d->count && rc == PK_OK; i++) {
        rc = start_worker(d, i, err);
    }
    if (rc < 0) {
        pk_dispatch_stop(d);
        return rc;
    }
    *out = d;
    return PK_OK;
}

void pk_dispatch_wake(struct pk_dispatch *dispatch)
{
    if (dispatch == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&dispatch->lock);
    dispatch->wakes++;
    (void)pthread_cond_broadcast(&dispatch->changed);
    (void)pthread_mutex_unlock(&dispatch->lock);
}

void pk_dispatch_stop(struct pk_dispatch *dispatch)
{
    if (dispatch == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&dispatch->lock);
    dispatch->stopping = true;
    (void)pthread_cond_broadcast(&dispatch->changed);
    (void)pthread_mutex_unlock(&dispatch->lock);
    if (dispatch->stop_fd >= 0) {
        (void)eventfd_write(dispatch->stop_fd, 1);
    }
    for (size_t i = 0; i < dispatch->count; i++) {
        if (dispatch->workers[i].running) {
            (void)pthread_join(dispatch->workers[i].thread, NULL);
        }
    }
    if (dispatch->stop_fd >= 0) {
        (void)close(dispatch->stop_fd);
    }
    (void)pthread_cond_destroy(&dispatch->changed);
    (void)pthread_mutex_destroy(&dispatch->lock);
    free(dispatch);
}
