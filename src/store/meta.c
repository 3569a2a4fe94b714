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

static int read_one(struct pk_put *put, int64_t *a, int64_t *b)
{
    int rc = pk_put_step(put);

    if (rc > 0) {
        *a = pk_column_int(put->stmt, 0);
        *b = pk_column_int(put->stmt, 1);
        pk_stmt_reset(put->stmt);
        rc = PK_OK;
    }
    return rc;
}

int pk_store_size(
        struct pk_store *store, int64_t now_ms, struct pk_store_size *out, struct pk_error *err)
{
    struct pk_store_size size = { 0 };
    struct pk_put put = pk_put_start(store,
            pk_db_engine(store->db) == PK_ENGINE_SQLITE
                    ? "SELECT p.page_count * s.page_size, 0 FROM pragma_page_count() p,"
                      " pragma_page_size() s"
                    : "SELECT pg_database_size(current_database()), CAST(0 AS BIGINT)",
            err);
    int64_t unused;
    int rc = read_one(&put, &size.bytes, &unused);

    if (rc == PK_OK) {
        put = pk_put_start(store,
                "SELECT coalesce(sum(CASE WHEN cert_not_after_ms >= ?1 THEN 1 ELSE 0 END), 0),"
                " coalesce(sum(CASE WHEN cert_not_after_ms < ?1 THEN 1 ELSE 0 END), 0)"
                " FROM devices WHERE revoked_ms = 0 AND cert_not_after_ms > 0"
                " AND cert_not_after_ms < ?2",
                err);
        pk_put_int(&put, now_ms);
        pk_put_int(&put, now_ms + PK_CERTIFICATE_SOON_MS);
        rc = read_one(&put, &size.ending, &size.ended);
    }
    if (rc == PK_OK) {
        *out = size;
    }
    return rc;
}
