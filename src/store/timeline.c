#include "store/room.h"

int pk_timeline_add(struct pk_store *store, const char *incident, const struct pk_timeline_row *row,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO timeline (incident, at_ms, what, who, detail)"
            " VALUES (?1, ?2, ?3, ?4, ?5)",
            err);
    int64_t n;

    pk_put_text(&put, incident);
    pk_put_int(&put, row->at_ms);
    pk_put_text(&put, row->what);
    pk_put_word(&put, row->by);
    pk_put_text(&put, row->detail);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

static int read_row(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_timeline_row *row = out;

    row->at_ms = pk_get_int(get);
    row->what = pk_get_word(get);
    row->by = pk_get_word(get);
    row->detail = pk_get_text(get);
    return PK_OK;
}

int pk_timeline_of(struct pk_store *store, const char *incident, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT at_ms, what, who, detail FROM timeline WHERE incident = ?1"
            " ORDER BY at_ms, id",
            err);

    pk_put_text(&put, incident);
    return pk_put_get_all(&put, arena, read_row, sizeof(struct pk_timeline_row), out, err);
}
