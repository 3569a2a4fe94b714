#include "server/commands.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "server/wait.h"

#define COMMANDS_MAX 32 /* in one answer; the rest comes with the next */
#define ROW_MEMORY   (256UL * 1024)

/* Alerts first: a person waits for those. */
static const int kinds[] = { PK_ACTION_ALERT, PK_ACTION_CLOSE, PK_ACTION_ASK };

static bool is_command(int kind)
{
    return kind == PK_ACTION_ALERT || kind == PK_ACTION_CLOSE || kind == PK_ACTION_ASK;
}

static int add_pending(struct pk_store *store, int kind, const char *device, struct pk_arena *arena,
        json_t *list, struct pk_error *err)
{
    struct pk_array rows = { 0 };
    const struct pk_action *actions;
    int rc = pk_action_pending(store, kind, device, 0, COMMANDS_MAX, arena, &rows, err);

    int64_t now_ms = pk_clock_ms();

    actions = rc == PK_OK ? rows.items : NULL;
    for (size_t i = 0; actions != NULL && i < rows.count && json_array_size(list) < COMMANDS_MAX;
            i++) {
        json_t *command = json_copy(actions[i].payload);
        char id[24];

        if (actions[i].created_ms > now_ms) { /* "remind me tomorrow" */
            json_decref(command);
            continue;
        }
        (void)snprintf(id, sizeof(id), "%lld", (long long)actions[i].id);
        (void)json_object_set_new(command, "id", json_string(id));
        (void)json_array_append_new(list, command);
    }
    return rc;
}

int pk_commands_pending(struct pk_store *store, const char *device, struct pk_arena *arena,
        json_t **out, struct pk_error *err)
{
    json_t *list = json_array();
    int rc = list != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");

    for (size_t i = 0; i < PK_COUNT(kinds) && rc == PK_OK; i++) {
        rc = add_pending(store, kinds[i], device, arena, list, err);
    }
    if (rc < 0) {
        json_decref(list);
        return rc;
    }
    *out = list;
    return PK_OK;
}

static int parse(const char *ids, int64_t out[PK_SEEN_MAX], size_t *count, struct pk_error *err)
{
    *count = 0;
    while (*ids != '\0') {
        char *end;
        long long id;

        errno = 0;
        id = *ids >= '0' && *ids <= '9' ? strtoll(ids, &end, 10) : -1;
        if (id < 0 || errno != 0 || (*end != ',' && *end != '\0') || *count == PK_SEEN_MAX ||
                (*end == ',' && end[1] == '\0')) {
            int rc = pk_error_set(
                    err, PK_EMALF, "seen must be up to %d command ids with commas", PK_SEEN_MAX);

            return rc;
        }
        out[(*count)++] = id;
        ids = *end == ',' ? end + 1 : end;
    }
    return PK_OK;
}

static int mark(struct pk_store *store, const char *device, int64_t id, int64_t now_ms,
        struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(ROW_MEMORY);
    struct pk_action action;
    int rc;

    if (arena == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = pk_action_get(store, id, arena, &action, err);
    if (rc == PK_ENOENT) {
        rc = PK_OK;
    } else if (rc == PK_OK && is_command(action.kind) && action.target != NULL &&
            strcmp(action.target, device) == 0 && action.state == PK_ACTION_PENDING) {
        rc = pk_action_mark(store, id, PK_ACTION_DELIVERED, now_ms, NULL, err);
    }
    pk_arena_destroy(arena);
    return rc;
}

int pk_commands_seen(struct pk_store *store, const char *device, const char *ids, int64_t now_ms,
        struct pk_error *err)
{
    int64_t list[PK_SEEN_MAX];
    size_t count;
    int rc;

    if (ids == NULL || *ids == '\0') {
        return PK_OK;
    }
    rc = parse(ids, list, &count, err);
    if (rc == PK_OK) {
        rc = pk_store_begin(store, err);
    }
    if (rc < 0) {
        return rc;
    }
    for (size_t i = 0; i < count && rc == PK_OK; i++) {
        rc = mark(store, device, list[i], now_ms, err);
    }
    if (rc == PK_OK) {
        return pk_store_commit(store, err);
    }
    pk_store_rollback(store);
    return rc;
}
