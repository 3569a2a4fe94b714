/* Verdicts to those who have the app, a few copies a transaction, so that reports get in between. */
#include <stdlib.h>

#include "server/apps_internal.h"
#include "server/crowd.h"

#define COPIES_STEP 100
#define FILES_STEP  25
#define ARENA_MAX   (256UL * 1024 * 1024) /* reports of a step, decoded */

struct push {
    const char *sha256;
    struct pk_pipeline_news news;
    char devices[COPIES_STEP][PK_ID_TEXT]; /* that have a new command */
    size_t count;
    bool left;
};

static void note_device(const char *device, void *ctx)
{
    struct push *push = ctx;

    if (push->count < COPIES_STEP) {
        (void)snprintf(push->devices[push->count++], PK_ID_TEXT, "%s", device);
    }
}

static int push_some(struct pk_apps *apps, struct pk_store *store, void *ctx, struct pk_error *err)
{
    struct pk_knowledge *knowledge = pk_shelf_take(apps->server->shelf);
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct push *push = ctx;
    struct pk_app_file file;
    int rc = arena != NULL ? pk_app_file_get(store, push->sha256, arena, &file, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK && file.push) {
        rc = pk_apps_push(apps->server->pipeline, store, knowledge, &file, COPIES_STEP,
                pk_server_now(apps->server), note_device, push, &push->news, &push->left, err);
    }
    pk_arena_destroy(arena);
    pk_knowledge_unref(knowledge);
    return rc == PK_ENOENT ? PK_OK : rc;
}

static void tell(struct pk_apps *apps, const struct push *push)
{
    for (size_t i = 0; i < push->count; i++) {
        pk_server_notify_device(apps->server, push->devices[i]);
    }
    if (push->news.events) {
        pk_server_events_changed(apps->server);
    }
    if (push->news.crowd) {
        pk_crowd_server_tell(apps->server->crowd);
    }
    if (push->news.siem) {
        pk_server_outbox_grew(apps->server);
    }
}

/* ---- copies without a hash ---- */

static int judge_copies(
        struct pk_apps *apps, struct pk_store *store, void *ctx, struct pk_error *err)
{
    struct pk_knowledge *knowledge = pk_shelf_take(apps->server->shelf);
    struct push *push = ctx;
    int rc = pk_apps_judge_unhashed(apps->server->pipeline, store, knowledge, &apps->place,
            COPIES_STEP, pk_server_now(apps->server), note_device, push, &push->news, &push->left,
            err);

    pk_knowledge_unref(knowledge);
    return rc;
}

int pk_apps_judge_copies(struct pk_apps *apps, bool *left, struct pk_error *err)
{
    struct pk_knowledge *knowledge = pk_shelf_take(apps->server->shelf);
    int64_t number = pk_knowledge_number(knowledge);
    struct pk_apps_place before;
    struct push *push;
    int rc;

    pk_knowledge_unref(knowledge);
    if (number != apps->place_number) {
        apps->place = (struct pk_apps_place){ .device = "" };
        apps->place_number = number;
        apps->place_done = false;
    }
    *left = false;
    if (apps->place_done) {
        return PK_OK;
    }
    push = calloc(1, sizeof(*push));
    if (push == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    before = apps->place;
    rc = pk_apps_transaction(apps, judge_copies, push, err);
    if (rc == PK_OK) {
        tell(apps, push);
        apps->place_done = !push->left;
        *left = push->left;
    } else {
        apps->place = before;
    }
    free(push);
    return rc;
}

int pk_apps_push_file(struct pk_apps *apps, const char *sha256, struct pk_error *err)
{
    struct push *push = malloc(sizeof(*push));
    int rc;

    if (push == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    do {
        *push = (struct push){ .sha256 = sha256 };
        rc = pk_apps_transaction(apps, push_some, push, err);
        if (rc == PK_OK) {
            tell(apps, push);
        }
    } while (rc == PK_OK && push->left && !pk_apps_is_ending(apps));
    free(push);
    return rc;
}

int pk_apps_push_waiting(struct pk_apps *apps, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(apps->server, err);
    size_t count;
    int rc;

    if (store == NULL) {
        return err->code;
    }
    do {
        struct pk_arena *arena = pk_arena_create(ARENA_MAX);
        struct pk_array files = { 0 };
        const struct pk_app_file *items;

        rc = arena != NULL ? pk_app_file_to_push(store, FILES_STEP, arena, &files, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");
        items = files.items;
        count = files.count;
        for (size_t i = 0; i < count && rc == PK_OK; i++) {
            rc = pk_apps_push_file(apps, items[i].sha256, err);
        }
        pk_arena_destroy(arena);
    } while (rc == PK_OK && count == FILES_STEP && !pk_apps_is_ending(apps));
    return rc;
}

/* ---- again, from what is stored ---- */

struct again {
    struct pk_pipeline_news news;
    bool left;
};

static int judge_some(struct pk_apps *apps, struct pk_store *store, void *ctx, struct pk_error *err)
{
    struct pk_knowledge *knowledge = pk_shelf_take(apps->server->shelf);
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct again *again = ctx;
    struct pk_array files = { 0 };
    int rc = arena != NULL ? pk_app_file_stale(store, pk_knowledge_number(knowledge), FILES_STEP,
                                     arena, &files, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    again->left = files.count == FILES_STEP;
    for (size_t i = 0; i < files.count && rc == PK_OK; i++) {
        rc = pk_apps_judge_again(store, knowledge, (struct pk_app_file *)files.items + i,
                pk_server_now(apps->server), arena, &again->news, err);
    }
    pk_arena_destroy(arena);
    pk_knowledge_unref(knowledge);
    return rc;
}

int pk_apps_judge_stale(struct pk_apps *apps, bool *left, struct pk_error *err)
{
    struct again again = { 0 };
    int rc = pk_apps_transaction(apps, judge_some, &again, err);

    *left = rc == PK_OK && again.left;
    if (rc == PK_OK && again.news.events) {
        pk_server_events_changed(apps->server);
    }
    return rc;
}
