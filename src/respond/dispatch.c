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
#include "respond/late.h"
#include "store/store.h"

#define RETRY_MIN_MS PK_SECOND_MS
#define RETRY_MAX_MS (5 * PK_MINUTE_MS)
/* A look without being woken: rows of another node that shares the store. */
#define LOOK_MS (15 * PK_SECOND_MS)
/* Payloads of one batch. */
#define ARENA_MAX (16UL * 1024 * 1024)

/* A pause that the other side asks for is granted up to this. */
#define ASKED_MAX_MS PK_HOUR_MS

struct worker {
    struct pk_dispatch *dispatch;
    const struct pk_channel *channel;
    void *target;
    struct pk_store *store;
    pthread_t thread;
    bool running;
    int64_t retry_ms; /* 0: the last try went well */
    int64_t asked_ms; /* pause that the other side asked for in this round */
    struct pk_late late;
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
    struct worker *workers;
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

static int64_t retry_min(const struct worker *w)
{
    int64_t ms = w->dispatch->settings.retry_min_ms;

    return ms > 0 ? ms : RETRY_MIN_MS;
}

static int64_t retry_max(const struct worker *w)
{
    int64_t ms = w->dispatch->settings.retry_max_ms;

    return ms > 0 ? ms : RETRY_MAX_MS;
}

/* The next wait: doubled, with a quarter of jitter either way so that many nodes do not knock at the
 * same moment. */
static int64_t back_off(struct worker *w)
{
    uint16_t chance;

    w->retry_ms = w->retry_ms == 0 ? retry_min(w) : 2 * w->retry_ms;
    w->retry_ms = w->retry_ms > retry_max(w) ? retry_max(w) : w->retry_ms;
    pk_random(&chance, sizeof(chance));
    return w->retry_ms * 3 / 4 + w->retry_ms * chance / 65536 / 2;
}

/* ---- the books ----------------------------------------------------------------------------- */

/* Whom a row that has to wait holds back besides itself. */
static const char *key_of(const struct worker *w, const struct pk_action *action)
{
    const char *key = w->channel->kind == PK_ACTION_PUSH ? action->device : action->target;

    return key != NULL ? key : "";
}

/* Shows the delivery in the incident's time line. An incident that is gone is no reason to send its
 * event for ever. */
static int note_sent(struct worker *w, const struct pk_action *action, struct pk_arena *arena,
        int64_t now_ms, struct pk_error *err)
{
    struct pk_timeline_row row = {
        .at_ms = now_ms,
        .what = "sent",
        .by = w->channel->name,
        .detail = json_string_value(json_object_get(action->payload, "type")),
    };
    struct pk_incident_row incident;
    int rc;

    if (action->incident == NULL || w->channel->kind == PK_ACTION_PUSH) {
        return PK_OK;
    }
    rc = pk_incident_get(w->store, action->incident, arena, &incident, err);
    if (rc == PK_ENOENT) {
        return PK_OK;
    }
    return rc < 0 ? rc : pk_timeline_add(w->store, action->incident, &row, err);
}

static bool too_old(const struct worker *w, const struct pk_action *action, int64_t now_ms)
{
    return w->channel->give_up_ms > 0 && now_ms - action->created_ms > w->channel->give_up_ms;
}

static int settle_row(struct worker *w, const struct pk_sending *row, struct pk_arena *arena,
        int64_t now_ms, struct pk_error *err)
{
    const struct pk_action *action = row->action;
    char why[sizeof(row->error.text) + 16];
    int rc;

    switch (row->result) {
    case PK_SENT_OK:
        rc = pk_action_mark(w->store, action->id, PK_ACTION_DELIVERED, now_ms, NULL, err);
        return rc < 0 ? rc : note_sent(w, action, arena, now_ms, err);
    case PK_SENT_REFUSED:
        return pk_action_mark(w->store, action->id, PK_ACTION_FAILED, now_ms, row->error.text, err);
    case PK_SENT_LATER:
        if (!too_old(w, action, now_ms)) {
            return pk_action_mark(
                    w->store, action->id, PK_ACTION_PENDING, now_ms, row->error.text, err);
        }
        (void)snprintf(why, sizeof(why), "given up: %s", row->error.text);
        return pk_action_mark(w->store, action->id, PK_ACTION_FAILED, now_ms, why, err);
    case PK_SENT_NOT:
        break;
    }
    return PK_OK;
}

/* What became of each row of the batch, in one transaction. A row that is gone meanwhile (its device was erased)
 * needs no mark. */
static int settle(struct worker *w, const struct pk_sending *rows, size_t count,
        struct pk_arena *arena, struct pk_error *err)
{
    int64_t now_ms = pk_clock_ms();
    bool any = false;
    int rc = pk_store_begin(w->store, err);

    if (rc < 0) {
        return rc;
    }
    for (size_t i = 0; i < count && rc == PK_OK; i++) {
        rc = settle_row(w, &rows[i], arena, now_ms, err);
        rc = rc == PK_ENOENT ? PK_OK : rc;
        any |= rows[i].result == PK_SENT_OK;
    }
    if (rc == PK_OK && any) {
        rc = pk_target_note(w->store, w->channel->kind, w->channel->name, now_ms, NULL, err);
    }
    if (rc == PK_OK) {
        return pk_store_commit(w->store, err);
    }
    pk_store_rollback(w->store);
    return rc;
}

static const char *kind_of(const struct worker *w)
{
    return pk_action_kind_names[w->channel->kind];
}

static void tell_of_failed(const struct worker *w, const struct pk_sending *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].result == PK_SENT_REFUSED) {
            pk_event(PK_ERROR, "dispatch.unsendable", { "kind", kind_of(w) },
                    { "target", w->channel->name }, { "action", PK_NUM(rows[i].action->id) },
                    { "why", rows[i].error.text });
        }
    }
}

/* ---- one round ----------------------------------------------------------------------------- */

/* Notes who has to wait. Too many of them: the channel as a whole has a problem. */
static int note_late(
        struct worker *w, const struct pk_sending *rows, size_t count, struct pk_error *err)
{
    int64_t now_ms = pk_clock_monotonic_ms();
    int rc = PK_OK;

    for (size_t i = 0; i < count; i++) {
        const char *key = key_of(w, rows[i].action);
        int64_t asked_ms = rows[i].wait_ms > ASKED_MAX_MS ? ASKED_MAX_MS : rows[i].wait_ms;
        uint16_t chance;

        w->asked_ms = asked_ms > w->asked_ms ? asked_ms : w->asked_ms;
        if (rows[i].result == PK_SENT_OK || rows[i].result == PK_SENT_REFUSED) {
            pk_late_done(&w->late, key);
        } else if (rows[i].result == PK_SENT_LATER) {
            pk_random(&chance, sizeof(chance));
            if (!pk_late_add(&w->late, key, now_ms, retry_min(w), retry_max(w), asked_ms, chance)) {
                rc = pk_error_set(err, PK_EAGAIN, "too many have to wait: %s", rows[i].error.text);
            }
        }
    }
    return rc;
}

/* Those of a page that may be sent now, at most a batch. */
static size_t choose(const struct worker *w, const struct pk_array *page, struct pk_sending *rows)
{
    const struct pk_action *actions = page->items;
    int64_t now_ms = pk_clock_monotonic_ms();
    size_t count = 0;

    for (size_t i = 0; i < page->count && count < w->channel->batch; i++) {
        if (!w->channel->apart || !pk_late_waits(&w->late, key_of(w, &actions[i]), now_ms)) {
            rows[count++] = (struct pk_sending){ .action = &actions[i] };
        }
    }
    return count;
}

static int read_page(struct worker *w, int64_t after, struct pk_arena *arena, struct pk_array *out,
        struct pk_error *err)
{
    const struct pk_channel *c = w->channel;

    return c->target != NULL
            ? pk_action_pending(
                      w->store, c->kind, c->target, after, PK_CHANNEL_BATCH, arena, out, err)
            : pk_action_pending_of(w->store, c->kind, after, PK_CHANNEL_BATCH, arena, out, err);
}

/* A batch of what is pending. Returns how many were dealt with, 0: nothing can be sent now, < 0: try later. */
static int deliver(struct worker *w, struct pk_arena *arena, struct pk_error *err)
{
    struct pk_sending *rows = pk_arena_alloc(arena, PK_CHANNEL_BATCH, sizeof(*rows));
    struct pk_array page = { 0 };
    struct pk_error why = { 0 };
    int64_t after = 0;
    size_t count = 0;
    int rc = rows != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");
    int sent;

    do {
        after = page.count > 0 ? ((const struct pk_action *)page.items)[page.count - 1].id : after;
        rc = rc < 0 ? rc : read_page(w, after, arena, &page, err);
        count = rc == PK_OK ? choose(w, &page, rows) : 0;
    } while (rc == PK_OK && count == 0 && page.count == PK_CHANNEL_BATCH);
    if (rc < 0 || count == 0) {
        return rc;
    }
    w->asked_ms = 0;
    sent = w->channel->ops->send(w->target, w->store, rows, count, &why);
    tell_of_failed(w, rows, count);
    rc = settle(w, rows, count, arena, err);
    if (rc == PK_OK) {
        rc = note_late(w, rows, count, err);
    }
    if (rc == PK_OK && sent < 0) {
        *err = why;
        rc = sent;
    }
    return rc < 0 ? rc : (int)count;
}

static int prepare(struct worker *w, struct pk_error *err)
{
    const struct pk_dispatch *d = w->dispatch;
    int rc = PK_OK;

    if (w->store == NULL) {
        rc = pk_store_open(d->settings.store_url, &w->store, err);
    }
    if (rc == PK_OK && w->target == NULL) {
        rc = w->channel->ops->create(
                w->channel->settings, &d->settings.origin, d->stop_fd, &w->target, err);
    }
    return rc;
}

/* Says it in the log when it is news, and in the store for the console. */
static void note_failure(struct worker *w, const struct pk_error *why, int64_t next_ms)
{
    const char *name = w->channel->name;

    if (strcmp(w->last_error, why->text) != 0) {
        (void)snprintf(w->last_error, sizeof(w->last_error), "%s", why->text);
        pk_event(PK_WARN, "dispatch.failing", { "kind", kind_of(w) }, { "target", name },
                { "why", why->text }, { "again_in_ms", PK_NUM(next_ms) });
    }
    if (w->store != NULL) {
        struct pk_error err;

        if (pk_target_note(w->store, w->channel->kind, name, pk_clock_ms(), why->text, &err) < 0) {
            pk_event(PK_WARN, "dispatch.note_failed", { "target", name }, { "why", err.text });
        }
    }
}

static void note_success(struct worker *w, int count)
{
    if (w->retry_ms != 0) {
        pk_event(PK_INFO, "dispatch.recovered", { "kind", kind_of(w) },
                { "target", w->channel->name });
    }
    w->retry_ms = 0;
    w->last_error[0] = '\0';
    pk_event(PK_DEBUG, "dispatch.delivered", { "kind", kind_of(w) }, { "target", w->channel->name },
            { "count", PK_NUM(count) });
}

/* How long until somebody who had to wait may be tried. */
static int64_t look_ms(const struct worker *w)
{
    int64_t next_ms = pk_late_next(&w->late);
    int64_t left_ms = next_ms == INT64_MAX ? LOOK_MS : next_ms - pk_clock_monotonic_ms();

    return left_ms > LOOK_MS ? LOOK_MS : left_ms < 10 ? 10 : left_ms;
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
            (void)rest(d, look_ms(w), &seen);
        } else if (!stopping(d)) {
            int64_t next_ms = back_off(w);

            next_ms = next_ms > w->asked_ms ? next_ms : w->asked_ms;
            note_failure(w, &err, next_ms);
            (void)rest(d, next_ms, NULL);
        }
    }
    if (w->target != NULL) {
        w->channel->ops->destroy(w->target);
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
    w->channel = &d->settings.channels[i];
    /* Signals belong to the main thread; a receiver that hung up must not raise SIGPIPE here. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&w->thread, NULL, work, w);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        return pk_error_set(
                err, -rc, "cannot start a thread for the target '%s'", w->channel->name);
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

    if (settings->count > PK_CHANNELS_MAX) {
        return pk_error_set(err, PK_ELIMIT, "more than %d channels", PK_CHANNELS_MAX);
    }
    d = calloc(1, sizeof(*d));
    if (d != NULL) {
        d->workers = calloc(settings->count > 0 ? settings->count : 1, sizeof(*d->workers));
    }
    if (d == NULL || d->workers == NULL) {
        free(d);
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
    free(dispatch->workers);
    free(dispatch);
}
