/* In parts: no engine is asked to hold hundreds of megabytes in one value. */
#include <stdlib.h>

#include "base/buffer.h"
#include "store/apps.h"
#include "store/room.h"

#define PART_BYTES (1024UL * 1024)

static int put_part(struct pk_store *store, const char *name, int64_t part, struct pk_slice bytes,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "INSERT INTO blobs (name, part, bytes) VALUES (?1, ?2, ?3)", err);
    int64_t n;

    pk_put_text(&put, name);
    pk_put_int(&put, part);
    if (put.rc == PK_OK) {
        pk_bind_blob(put.stmt, ++put.next, bytes);
    }
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

static int replace(
        struct pk_store *store, const char *name, struct pk_slice bytes, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "DELETE FROM blobs WHERE name = ?1", err);
    int64_t part = 0;
    int64_t n;
    int rc = PK_OK;

    pk_put_text(&put, name);
    n = pk_put_run(&put);
    if (n < 0) {
        return (int)n;
    }
    for (size_t at = 0; at < bytes.len && rc == PK_OK; at += PART_BYTES) {
        size_t len = bytes.len - at < PART_BYTES ? bytes.len - at : PART_BYTES;

        rc = put_part(store, name, part++, pk_slice_of(bytes.ptr + at, len), err);
    }
    return rc;
}

int pk_blob_put(
        struct pk_store *store, const char *name, struct pk_slice bytes, struct pk_error *err)
{
    bool mine;
    int rc = pk_store_enter(store, &mine, err);

    return rc < 0 ? rc : pk_store_leave(store, mine, replace(store, name, bytes, err), err);
}

int pk_blob_get(struct pk_store *store, const char *name, size_t max, uint8_t **bytes, size_t *len,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT bytes FROM blobs WHERE name = ?1 ORDER BY part", err);
    struct pk_buffer all = pk_buffer_of(max);
    int rc;

    pk_put_text(&put, name);
    for (rc = pk_put_step(&put); rc > 0; rc = pk_put_step(&put)) {
        struct pk_slice part = pk_column_blob(put.stmt, 0);

        rc = pk_buffer_put(&all, part.ptr, part.len);
        if (rc < 0) {
            pk_stmt_reset(put.stmt);
            (void)pk_error_set(err, rc, "'%s' is larger than it may be", name);
            break;
        }
    }
    if (rc < 0 || all.len == 0) {
        pk_buffer_finish(&all);
        *bytes = NULL;
        *len = 0;
        return rc;
    }
    *len = all.len;
    *bytes = (uint8_t *)pk_buffer_take(&all);
    return PK_OK;
}
