#include "store/guard.h"

#include "store/room.h"

static int read_state(struct pk_get *get, void *out, struct pk_error *err)
{
    (void)err;
    *(json_t **)out = pk_get_json(get);
    return PK_OK;
}

int pk_guard_row_get(struct pk_store *store, const char *device, struct pk_arena *arena,
        json_t **state, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "SELECT state FROM guard WHERE device = ?1", err);

    pk_put_text(&put, device);
    return pk_put_get(&put, arena, read_state, state, "state of a policy", err);
}

int pk_guard_row_put(struct pk_store *store, const char *device, int64_t policy,
        const json_t *state, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO guard (device, policy, state) VALUES (?1, ?2, ?3)"
            " ON CONFLICT (device) DO UPDATE SET policy = excluded.policy, state = excluded.state",
            err);
    int64_t n;

    pk_put_text(&put, device);
    pk_put_int(&put, policy);
    pk_put_json(&put, state);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

int pk_fact_add(struct pk_store *store, const char *device, const struct pk_fact_row *row,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO policy_facts (device, at_ms, kind, subject, body)"
            " VALUES (?1, ?2, ?3, ?4, ?5)",
            err);
    int64_t n;

    pk_put_text(&put, device);
    pk_put_int(&put, row->at_ms);
    pk_put_int(&put, row->kind);
    pk_put_word(&put, row->subject);
    pk_put_word(&put, row->body);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

static int read_fact(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_fact_row *f = out;

    (void)err;
    f->at_ms = pk_get_int(get);
    f->kind = (int)pk_get_int(get);
    f->subject = pk_get_word(get);
    f->body = pk_get_word(get);
    return PK_OK;
}

int pk_facts_of(struct pk_store *store, const char *device, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT at_ms, kind, subject, body FROM policy_facts WHERE device = ?1 ORDER BY id",
            err);

    pk_put_text(&put, device);
    return pk_put_get_all(&put, arena, read_fact, sizeof(struct pk_fact_row), out, err);
}

/* ---- what falls due ---- */

static int read_due(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_due_row *d = out;

    (void)err;
    d->device = pk_get_word(get);
    d->due_ms = pk_get_int(get);
    d->lag_ms = pk_get_int(get);
    return PK_OK;
}

int pk_due_list(struct pk_store *store, int64_t now_ms, int64_t limit, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT id, due_ms, lag_ms FROM devices WHERE due_ms > 0 AND (due_ms + lag_ms) <= ?1"
            " ORDER BY (due_ms + lag_ms), id LIMIT ?2",
            err);

    pk_put_int(&put, now_ms);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_due, sizeof(struct pk_due_row), out, err);
}

int pk_due_next(struct pk_store *store, int64_t *at_ms, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT (due_ms + lag_ms) FROM devices WHERE due_ms > 0"
            " ORDER BY (due_ms + lag_ms), id LIMIT 1",
            err);
    int rc = pk_put_step(&put);

    *at_ms = 0;
    if (rc > 0) {
        *at_ms = pk_column_int(put.stmt, 0);
        pk_stmt_reset(put.stmt);
    }
    return rc < 0 ? rc : PK_OK;
}

/* ---- all of them ---- */

static int read_guarded(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_guarded_row *g = out;

    (void)err;
    g->device = pk_get_word(get);
    g->lag_ms = pk_get_int(get);
    return PK_OK;
}

int pk_guarded_after(struct pk_store *store, const char *after, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT d.id, d.lag_ms FROM guard g JOIN devices d ON d.id = g.device"
            " WHERE g.device > ?1 ORDER BY g.device LIMIT ?2",
            err);

    pk_put_word(&put, after);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_guarded, sizeof(struct pk_guarded_row), out, err);
}

static int read_deployed(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_deployed_row *d = out;

    (void)err;
    d->policy = pk_get_int(get);
    d->devices = pk_get_int(get);
    return PK_OK;
}

int pk_deployed(
        struct pk_store *store, struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT policy, count(*) FROM guard GROUP BY policy ORDER BY policy DESC", err);

    return pk_put_get_all(&put, arena, read_deployed, sizeof(struct pk_deployed_row), out, err);
}

static int read_name(struct pk_get *get, void *out, struct pk_error *err)
{
    (void)err;
    *(const char **)out = pk_get_word(get);
    return PK_OK;
}

int pk_undeployed(struct pk_store *store, int64_t policy, int64_t limit, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT device FROM guard WHERE policy <> ?1 ORDER BY policy, device LIMIT ?2", err);

    pk_put_int(&put, policy);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_name, sizeof(const char *), out, err);
}
