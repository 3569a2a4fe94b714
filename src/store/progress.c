#include "store/room.h"

int pk_progress_get(struct pk_store *store, int64_t partition, int64_t *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "SELECT done FROM progress WHERE part = ?1", err);
    int rc;

    pk_put_int(&put, partition);
    rc = pk_put_step(&put);
    if (rc < 0) {
        return rc;
    }
    *out = rc > 0 ? pk_column_int(put.stmt, 0) : 0;
    pk_stmt_reset(put.stmt);
    return PK_OK;
}

int pk_progress_put(struct pk_store *store, int64_t partition, int64_t offset, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO progress (part, done) VALUES (?1, ?2)"
            " ON CONFLICT (part) DO UPDATE SET done = excluded.done",
            err);
    int64_t n;

    pk_put_int(&put, partition);
    pk_put_int(&put, offset);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}
