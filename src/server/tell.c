#include "server/tell.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "respond/digest.h"
#include "respond/hook/settings.h"
#include "server/events_wait.h"
#include "server/outbox.h"
#include "server/report.h"
#include "server/ticker.h"

#define LOOK_MS   (20 * PK_SECOND_MS)
#define EVENTS    100 /* in one transaction */
#define ARENA_MAX (32UL * 1024 * 1024)
#define CURSOR \
    "webhooks_cursor" /* of the store's meta table: events up to there are in the outbox */

struct pk_tell {
    struct pk_server *server;
    struct pk_ticker *ticker;
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

static int64_t look(void *ctx, struct pk_error *err)
{
    struct pk_tell *t = ctx;
    const struct pk_settings *settings = &t->server->settings;
    struct pk_store *store = pk_server_store(t->server, err);
    int64_t now_ms = pk_server_now(t->server);
    const char *names[PK_HOOKS_MAX];
    struct pk_strings hooks = { names, 0 };
    int64_t events = 0;
    int64_t digests = 0;
    int64_t reports = 0;
    bool more = false;
    int rc = store != NULL ? PK_OK : err->code;

    for (size_t i = 0; i < settings->webhooks.count; i++) {
        names[hooks.count++] = ((const struct pk_hook_settings *)settings->webhooks.items)[i].name;
    }
    if (rc == PK_OK && settings->webhooks.count > 0) {
        rc = pk_tell_hooks(store, settings, now_ms, &more, &events, err);
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
    return rc < 0 ? rc : more ? 0 : LOOK_MS;
}

static void on_events(void *ctx)
{
    pk_tell_wake(ctx);
}

int pk_tell_create(struct pk_server *server, struct pk_tell **out, struct pk_error *err)
{
    struct pk_tell *t = calloc(1, sizeof(*t));
    const struct pk_ticker_job job = {
        .look = look, .ctx = t, .stuck = "tell.stuck", .retry_ms = LOOK_MS
    };
    int rc = t != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        t->server = server;
        rc = pk_ticker_create(&job, &t->ticker, err);
    }
    if (rc == PK_OK && any_wants(&server->settings)) {
        rc = pk_server_on_events(server, on_events, t, err);
    }
    if (rc < 0) {
        pk_tell_destroy(t);
        return rc;
    }
    *out = t;
    return PK_OK;
}

int pk_tell_start(struct pk_tell *tell, struct pk_error *err)
{
    return pk_ticker_start(tell->ticker, err);
}

void pk_tell_wake(struct pk_tell *tell)
{
    if (tell != NULL) {
        pk_ticker_wake(tell->ticker);
    }
}

void pk_tell_stop(struct pk_tell *tell)
{
    if (tell != NULL) {
        pk_ticker_stop(tell->ticker);
    }
}

void pk_tell_destroy(struct pk_tell *tell)
{
    if (tell != NULL) {
        pk_ticker_destroy(tell->ticker);
        free(tell);
    }
}
