#include "store/room.h"

int pk_meta_get(struct pk_store *store, const char *key, struct pk_arena *arena, const char **out,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "SELECT value FROM meta WHERE key = ?1", err);
    struct pk_get get = { 0 };
    const char *value = NULL;
    int rc;

    pk_put_text(&put, key);
    rc = pk_put_step(&put);
    if (rc < 0) {
        return rc;
    }
    if (rc > 0) {
        get = pk_get_row(put.stmt, arena);
        value = pk_get_text(&get);
        pk_stmt_reset(put.stmt);
    }
    rc = pk_get_end(&get, err);
    if (rc == PK_OK) {
        *out = value;
    }
    return rc;
}

int pk_meta_put(struct pk_store *store, const char *key, const char *value, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO meta (key, value) VALUES (?1, ?2)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            err);
    int64_t n;

    pk_put_text(&put, key);
    pk_put_text(&put, value);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}
