#include "server/tell.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/event.h"
#include "respond/digest.h"
#include "respond/hook/settings.h"
#include "server/events_wait.h"
#include "server/outbox.h"
#include "server/report.h"

#define LOOK_MS   (20 * PK_SECOND_MS)
#define EVENTS    100 /* in one transaction */
#define ARENA_MAX (32UL * 1024 * 1024)
#define CURSOR \
    "webhooks_cursor" /* of the store's meta table: events up to there are in the outbox */
#define COMPLAIN_MS PK_HOUR_MS

struct pk_tell {
    struct pk_server *server;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool running;
    bool woken;
    bool ends;
    int64_t complained_ms; /* the thread's own */
};

/* ---- webhooks -------------------------------------------------------------------------------------- */

static bool any_wants(const struct pk_settings *settings)
{
    const struct pk_hook_settings *hooks = settings->webhooks.items;

    for (size_t i = 0; i < settings->webhooks.count; i++) {
        if (hooks[i].events.count > 0) {
            return true;
        }
    }
    return false;
}

static int write_cursor(struct pk_store *store, int64_t at, struct pk_error *err)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%lld", (long long)at);
    return pk_meta_put(store, CURSOR, at < 0 ? "" : text, err);
}

/* -1: nobody wanted events so far; what happened before is not news. */
static int read_cursor(
        struct pk_store *store, struct pk_arena *arena, int64_t *at, struct pk_error *err)
{
    const char *text = NULL;
    int rc = pk_meta_get(store, CURSOR, arena, &text, err);

    *at = text != NULL && text[0] != '\0' ? strtoll(text, NULL, 10) : -1;
    return rc == PK_ENOENT ? PK_OK : rc;
}

static int add_event(struct pk_store *store, const struct pk_settings *settings, json_t *event,
        int64_t now_ms, int64_t *added, struct pk_error *err)
{
    const struct pk_hook_settings *hooks = settings->webhooks.items;
    const char *type = json_string_value(json_object_get(event, "type"));
    int rc = PK_OK;

    for (size_t i = 0; i < settings->webhooks.count && type != NULL && rc == PK_OK; i++) {
        struct pk_action action = {
            .kind = PK_ACTION_HOOK,
            .target = hooks[i].name,
            .device = json_string_value(json_object_get(json_object_get(event, "device"), "id")),
            .incident = json_string_value(
                    json_object_get(json_object_get(event, "incident"), "id")),
            .created_ms = now_ms,
            .payload = event,
        };

        if (pk_hook_wants(&hooks[i], type)) {
            rc = pk_action_add(store, &action, err);
            (*added)++;
        }
    }
    return rc;
}

static int move_on(struct pk_store *store, const struct pk_settings *settings, int64_t now_ms,
        bool *more, int64_t *added, struct pk_arena *arena, struct pk_error *err)
{
    struct pk_events_wish wish = { .limit = EVENTS, .audit = true };
    json_t *items = NULL;
    int64_t next = 0;
    int rc = read_cursor(store, arena, &wish.after, err);

    if (rc == PK_OK && wish.after < 0) {
        rc = pk_event_newest(store, &next, err);
        return rc < 0 ? rc : write_cursor(store, next, err);
    }
    if (rc == PK_OK) {
        rc = pk_events_read(store, &wish, arena, &items, &next, err);
    }
    for (size_t i = 0; i < json_array_size(items) && rc == PK_OK; i++) {
        rc = add_event(store, settings, json_array_get(items, i), now_ms, added, err);
    }
    *more = json_array_size(items) == EVENTS;
    json_decref(items);
    return rc < 0 || next == wish.after ? rc : write_cursor(store, next, err);
}

int pk_tell_hooks(struct pk_store *store, const struct pk_settings *settings, int64_t now_ms,
        bool *more, int64_t *added, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    int rc = arena != NULL ? pk_store_begin(store, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    *more = false;
    *added = 0;
    if (rc == PK_OK) {
        rc = any_wants(settings) ? move_on(store, settings, now_ms, more, added, arena, err)
                                 : write_cursor(store, -1, err);
        if (rc == PK_OK) {
            rc = pk_store_commit(store, err);
        } else {
            pk_store_rollback(store);
        }
    }
    pk_arena_destroy(arena);
    return rc;
}

/* ---- a look ---------------------------------------------------------------------------------------- */

static int look(struct pk_tell *t, bool *more, struct pk_error *err)
{
    const struct pk_settings *settings = &t->server->settings;
    struct pk_store *store = pk_server_store(t->server, err);
    int64_t now_ms = pk_server_now(t->server);
    const char *names[PK_HOOKS_MAX];
    struct pk_strings hooks = { names, 0 };
    int64_t events = 0;
    int64_t digests = 0;
    int64_t reports = 0;
    int rc = store != NULL ? PK_OK : err->code;

    for (size_t i = 0; i < settings->webhooks.count; i++) {
        names[hooks.count++] = ((const struct pk_hook_settings *)settings->webhooks.items)[i].name;
    }
    if (rc == PK_OK && settings->webhooks.count > 0) {
        rc = pk_tell_hooks(store, settings, now_ms, more, &events, err);
    }
    if (rc == PK_OK) {
        rc = pk_digest_step(store, settings->mail != NULL, &hooks, now_ms, &digests, err);
    }
    if (rc == PK_OK) {
        rc = pk_report_plans_step(t->server, store, now_ms, &reports, err);
    }
    if (events + digests + reports > 0) {
        pk_server_outbox_grew(t->server);
    }
    return rc;
}

/* ---- the thread ------------------------------------------------------------------------------------ */

/* False: the server stops. */
static bool rest(struct pk_tell *t, int64_t ms)
{
    struct timespec until;
    bool ends;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
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

static void complain(struct pk_tell *t, const struct pk_error *err)
{
    int64_t now_ms = pk_clock_monotonic_ms();

    if (t->complained_ms == 0 || now_ms - t->complained_ms > COMPLAIN_MS) {
        t->complained_ms = now_ms;
        pk_event(PK_ERROR, "tell.stuck", { "why", err->text });
    }
}

static void *run(void *arg)
{
    struct pk_tell *t = arg;
    int64_t wait_ms;

    do {
        struct pk_error err = { 0 };
        bool more = false;

        wait_ms = LOOK_MS;
        if (look(t, &more, &err) < 0) {
            complain(t, &err);
        } else {
            t->complained_ms = 0;
            wait_ms = more ? 0 : LOOK_MS;
        }
    } while (rest(t, wait_ms));
    return NULL;
}

static void on_events(void *ctx)
{
    pk_tell_wake(ctx);
}

int pk_tell_create(struct pk_server *server, struct pk_tell **out, struct pk_error *err)
{
    struct pk_tell *t = calloc(1, sizeof(*t));
    int rc;

    if (t == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    t->server = server;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->wake, NULL);
    rc = any_wants(&server->settings) ? pk_server_on_events(server, on_events, t, err) : PK_OK;
    if (rc < 0) {
        pk_tell_destroy(t);
        return rc;
    }
    *out = t;
    return PK_OK;
}

int pk_tell_start(struct pk_tell *tell, struct pk_error *err)
{
    int rc = pthread_create(&tell->thread, NULL, run, tell);

    if (rc != 0) {
        return pk_error_set(err, -rc, "cannot start a thread: %s", pk_code_text(-rc));
    }
    tell->running = true;
    return PK_OK;
}

void pk_tell_wake(struct pk_tell *tell)
{
    if (tell == NULL) {
        return;
    }
    pthread_mutex_lock(&tell->lock);
    tell->woken = true;
    pthread_cond_signal(&tell->wake);
    pthread_mutex_unlock(&tell->lock);
}

void pk_tell_stop(struct pk_tell *tell)
{
    if (tell == NULL || !tell->running) {
        return;
    }
    pthread_mutex_lock(&tell->lock);
    tell->ends = true;
    pthread_cond_signal(&tell->wake);
    pthread_mutex_unlock(&tell->lock);
    pthread_join(tell->thread, NULL);
    tell->running = false;
}

void pk_tell_destroy(struct pk_tell *tell)
{
    if (tell == NULL) {
        return;
    }
    pk_tell_stop(tell);
    pthread_mutex_destroy(&tell->lock);
    pthread_cond_destroy(&tell->wake);
    free(tell);
}
