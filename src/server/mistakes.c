#include "server/mistakes.h"

#include <stdio.h>
#include <string.h>

#include "incident/mistake.h"
#include "pipeline/pipeline.h"

#define STEP  50 /* incidents in one transaction: reports wait meanwhile */
#define ARENA (8UL * 1024 * 1024)

/* Whether it is worth a look at the device: its group is not known here. */
static bool may_fit(
        const struct pk_mistake *mistake, const struct pk_incident *i, bool ended, int64_t now_ms)
{
    struct pk_mistake wide = *mistake;

    if (ended) {
        return pk_mistake_dismissed(i, mistake->id);
    }
    wide.scope = wide.scope == PK_MISTAKE_GROUP ? PK_MISTAKE_ALL : wide.scope;
    return pk_mistake_fits(&wide, i, "", now_ms);
}

static int one_step(struct pk_server *server, struct pk_store *store,
        const struct pk_mistake *mistake, bool ended, int64_t now_ms, char after[PK_ID_TEXT],
        struct pk_arena *arena, struct pk_pipeline_news *news, struct pk_error *err)
{
    struct pk_array found = { 0 };
    const struct pk_incident *items;
    int rc = pk_store_begin(store, err);

    if (rc < 0) {
        return rc;
    }
    rc = pk_mistake_candidates(store, mistake, ended, after, STEP, arena, &found, err);
    items = found.items;
    for (size_t i = 0; i < found.count && rc == PK_OK; i++) {
        if (may_fit(mistake, &items[i], ended, now_ms)) {
            rc = pk_pipeline_mistake(server->pipeline, store, mistake, ended, items[i].device,
                    items[i].id, now_ms, news, err);
        }
    }
    if (rc < 0) {
        pk_store_rollback(store);
        return rc;
    }
    rc = pk_store_commit(store, err);
    if (rc < 0) {
        return rc;
    }
    if (found.count > 0) {
        (void)snprintf(after, PK_ID_TEXT, "%s", items[found.count - 1].id);
    }
    return found.count == STEP;
}

int pk_mistakes_sweep(struct pk_server *server, struct pk_store *store,
        const struct pk_mistake *mistake, bool ended, int64_t now_ms, struct pk_error *err)
{
    struct pk_pipeline_news news = { 0 };
    char after[PK_ID_TEXT] = "";
    int rc = 1;

    while (rc > 0) {
        struct pk_arena *arena = pk_arena_create(ARENA);

        rc = arena != NULL
                ? one_step(server, store, mistake, ended, now_ms, after, arena, &news, err)
                : pk_error_set(err, PK_ENOMEM, "out of memory");
        pk_arena_destroy(arena);
    }
    if (news.siem) {
        pk_server_outbox_grew(server);
    }
    if (news.events) {
        pk_server_events_changed(server);
    }
    return rc;
}

int pk_mistakes_expire(struct pk_server *server, struct pk_store *store, int64_t now_ms,
        int64_t *since_ms, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(ARENA);
    struct pk_array expired = { 0 };
    const struct pk_mistake *items;
    int rc = arena != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        rc = pk_mistake_expired(store, *since_ms, now_ms, arena, &expired, err);
    }
    items = expired.items;
    for (size_t i = 0; i < expired.count && rc == PK_OK; i++) {
        rc = pk_mistakes_sweep(server, store, &items[i], true, now_ms, err);
    }
    if (rc == PK_OK) {
        *since_ms = now_ms;
    }
    pk_arena_destroy(arena);
    return rc;
}
