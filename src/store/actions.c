#include "store/room.h"

#define COLUMNS                                                                              \
    "id, kind, target, device, incident, state, created_ms, done_ms, attempts, last_error, " \
    "payload"

/* In a transaction of its own when there is none: a dispatcher goes by "id > the last one", so ids
 * must ascend in the order of commits. */
int pk_action_add(struct pk_store *store, struct pk_action *action, struct pk_error *err)
{
    struct pk_put put;
    bool mine;
    int64_t id = 0;
    int rc = pk_store_enter(store, &mine, err);

    if (rc < 0) {
        return rc;
    }
    put = pk_put_start(store,
            "INSERT INTO actions (kind, target, device, incident, state, created_ms, done_ms,"
            " attempts, last_error, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
            " RETURNING id",
            err);
    pk_put_int(&put, action->kind);
    pk_put_word(&put, action->target);
    pk_put_text(&put, action->device);
    pk_put_text(&put, action->incident);
    pk_put_int(&put, action->state);
    pk_put_int(&put, action->created_ms);
    pk_put_int(&put, action->done_ms);
    pk_put_int(&put, action->attempts);
    pk_put_text(&put, action->last_error);
    pk_put_json(&put, action->payload);
    rc = pk_put_step(&put);
    if (rc > 0) {
        id = pk_column_int(put.stmt, 0);
        rc = pk_put_step(&put);
    }
    rc = pk_store_leave(store, mine, rc, err);
    if (rc == PK_OK) {
        action->id = id;
    }
    return rc;
}

static int read_action(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_action *a = out;

    a->id = pk_get_int(get);
    a->kind = (int)pk_get_int(get);
    a->target = pk_get_word(get);
    a->device = pk_get_text(get);
    a->incident = pk_get_text(get);
    a->state = (int)pk_get_int(get);
    a->created_ms = pk_get_int(get);
    a->done_ms = pk_get_int(get);
    a->attempts = pk_get_int(get);
    a->last_error = pk_get_text(get);
    a->payload = pk_get_json(get);
    return PK_OK;
}

int pk_action_pending(struct pk_store *store, int kind, const char *target, int64_t after,
        int64_t limit, struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM actions WHERE kind = ?1 AND target = ?2 AND state = 0"
            " AND id > ?3 ORDER BY id LIMIT ?4",
            err);

    pk_put_int(&put, kind);
    pk_put_text(&put, target);
    pk_put_int(&put, after);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_action, sizeof(struct pk_action), out, err);
}

int pk_action_pending_of(struct pk_store *store, int kind, int64_t after, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM actions WHERE kind = ?1 AND state = 0 AND id > ?2"
            " ORDER BY id LIMIT ?3",
            err);

    pk_put_int(&put, kind);
    pk_put_int(&put, after);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_action, sizeof(struct pk_action), out, err);
}

int pk_action_mark(struct pk_store *store, int64_t id, int state, int64_t at_ms, const char *error,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE actions SET state = ?1, done_ms = ?2, last_error = ?3,"
            " attempts = attempts + ?4 WHERE id = ?5",
            err);

    /* A try that failed and will be repeated stays pending, with its error. */
    pk_put_int(&put, state);
    pk_put_int(&put, state == PK_ACTION_PENDING ? 0 : at_ms);
    pk_put_text(&put, error);
    pk_put_int(&put, error != NULL || state == PK_ACTION_FAILED ? 1 : 0);
    pk_put_int(&put, id);
    return pk_put_run_one(&put, "action");
}

int pk_action_delivered(struct pk_store *store, int kind, const char *target, int64_t upto,
        int64_t at_ms, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE actions SET state = 1, done_ms = ?1, last_error = NULL"
            " WHERE kind = ?2 AND target = ?3 AND state = 0 AND id <= ?4",
            err);
    int64_t n;

    pk_put_int(&put, at_ms);
    pk_put_int(&put, kind);
    pk_put_text(&put, target);
    pk_put_int(&put, upto);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

int pk_action_of_device(struct pk_store *store, const char *device, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM actions WHERE device = ?1 AND kind = ?2"
            " ORDER BY id DESC LIMIT ?3",
            err);

    pk_put_text(&put, device);
    pk_put_int(&put, PK_ACTION_ALERT);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_action, sizeof(struct pk_action), out, err);
}

int pk_action_of_incident(struct pk_store *store, const char *incident, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT " COLUMNS " FROM actions WHERE incident = ?1 ORDER BY id LIMIT ?2", err);

    pk_put_text(&put, incident);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_action, sizeof(struct pk_action), out, err);
}

int pk_action_newest(struct pk_store *store, int kind, const char *target, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM actions WHERE kind = ?1 AND target = ?2"
            " ORDER BY created_ms DESC, id DESC LIMIT ?3",
            err);

    pk_put_int(&put, kind);
    pk_put_text(&put, target);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_action, sizeof(struct pk_action), out, err);
}

int pk_action_get(struct pk_store *store, int64_t id, struct pk_arena *arena, struct pk_action *out,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "SELECT " COLUMNS " FROM actions WHERE id = ?1", err);

    pk_put_int(&put, id);
    return pk_put_get(&put, arena, read_action, out, "action", err);
}

int pk_action_count_since(struct pk_store *store, int kind, const char *target, int64_t since_ms,
        int64_t *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT count(*) FROM actions WHERE kind = ?1 AND target = ?2 AND created_ms >= ?3",
            err);
    int rc;

    pk_put_int(&put, kind);
    pk_put_text(&put, target);
    pk_put_int(&put, since_ms);
    rc = pk_put_step(&put);
    if (rc < 0) {
        return rc;
    }
    *out = pk_column_int(put.stmt, 0);
    pk_stmt_reset(put.stmt);
    return PK_OK;
}

static int read_target(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_target_state *t = out;

    t->kind = (int)pk_get_int(get);
    t->target = pk_get_word(get);
    t->pending = pk_get_int(get);
    t->last_ok_ms = pk_get_int(get);
    t->last_error = pk_get_text(get);
    return PK_OK;
}

int pk_target_states(
        struct pk_store *store, struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT n.kind, n.target, coalesce(p.pending, 0), coalesce(t.ok_ms, 0), t.error"
            " FROM (SELECT kind, target FROM targets UNION"
            "  SELECT kind, target FROM actions WHERE state = 0 AND kind = ?1) n"
            " LEFT JOIN targets t ON t.kind = n.kind AND t.target = n.target"
            " LEFT JOIN (SELECT kind, target, count(*) AS pending FROM actions"
            "  WHERE state = 0 AND kind = ?1 GROUP BY kind, target) p"
            "  ON p.kind = n.kind AND p.target = n.target"
            " WHERE n.kind = ?1 ORDER BY n.kind, n.target",
            err);

    pk_put_int(&put, PK_ACTION_SIEM);
    return pk_put_get_all(&put, arena, read_target, sizeof(struct pk_target_state), out, err);
}

int pk_target_state(struct pk_store *store, int kind, const char *target, const char *name,
        struct pk_arena *arena, struct pk_target_state *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT n.kind, n.name, n.pending, coalesce(t.ok_ms, 0), t.error FROM"
            " (SELECT CAST(?1 AS BIGINT) AS kind, CAST(?2 AS TEXT) AS name, count(*) AS pending"
            "  FROM actions WHERE kind = ?1 AND state = 0 AND (?3 = '' OR target = ?3)) n"
            " LEFT JOIN targets t ON t.kind = n.kind AND t.target = n.name",
            err);

    pk_put_int(&put, kind);
    pk_put_text(&put, name);
    pk_put_word(&put, target);
    return pk_put_get(&put, arena, read_target, out, "channel", err);
}

int pk_target_note(struct pk_store *store, int kind, const char *target, int64_t at_ms,
        const char *error, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO targets (kind, target, ok_ms, error) VALUES (?1, ?2, ?3, ?4)"
            " ON CONFLICT (kind, target) DO UPDATE SET error = excluded.error,"
            " ok_ms = CASE WHEN excluded.error IS NULL THEN excluded.ok_ms"
            "  ELSE targets.ok_ms END",
            err);
    int64_t n;

    pk_put_int(&put, kind);
    pk_put_text(&put, target);
    pk_put_int(&put, error == NULL ? at_ms : 0);
    pk_put_text(&put, error);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}
