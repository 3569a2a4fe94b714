#include "store/room.h"

/* Ids ascend in the order of commits because every writing transaction waits for the others: a
 * reader that has seen an id will never find a smaller one later. */
int pk_event_add(struct pk_store *store, const struct pk_event_row *row, struct pk_error *err)
{
    struct pk_put put;
    bool mine;
    int64_t n;
    int rc = pk_store_enter(store, &mine, err);

    if (rc < 0) {
        return rc;
    }
    put = pk_put_start(store,
            "INSERT INTO events (at_ms, type, device, incident, detail)"
            " VALUES (?1, ?2, ?3, ?4, ?5)",
            err);
    pk_put_int(&put, row->at_ms);
    pk_put_text(&put, row->type);
    pk_put_text(&put, row->device);
    pk_put_text(&put, row->incident);
    pk_put_json(&put, row->detail);
    n = pk_put_run(&put);
    return pk_store_leave(store, mine, n < 0 ? (int)n : PK_OK, err);
}

static int read_event(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_event_row *row = out;

    row->id = pk_get_int(get);
    row->at_ms = pk_get_int(get);
    row->type = pk_get_word(get);
    row->device = pk_get_text(get);
    row->incident = pk_get_text(get);
    row->detail = pk_get_json(get);
    return PK_OK;
}

int pk_event_after(struct pk_store *store, int64_t after, int64_t limit, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT id, at_ms, type, device, incident, detail FROM events"
            " WHERE id > ?1 ORDER BY id LIMIT ?2",
            err);

    pk_put_int(&put, after);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_event, sizeof(struct pk_event_row), out, err);
}

int pk_event_newest(struct pk_store *store, int64_t *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "SELECT coalesce(max(id), 0) FROM events", err);
    int rc = pk_put_step(&put);

    if (rc < 0) {
        return rc;
    }
    *out = pk_column_int(put.stmt, 0);
    pk_stmt_reset(put.stmt);
    return PK_OK;
}
