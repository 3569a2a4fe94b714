#include <stdlib.h>

#include "base/buffer.h"
#include "base/zpack.h"
#include "store/apps.h"
#include "store/room.h"

#define PACK_LEVEL 6 /* written once, read often: a tenth of the text */

static int pack(struct pk_slice text, struct pk_buffer *out, struct pk_error *err)
{
    struct pk_zpack *z = pk_zpack_create((struct pk_slice){ 0 }, PACK_LEVEL);
    int rc = z != NULL ? pk_zpack_pack(z, text, out) : PK_ENOMEM;

    pk_zpack_destroy(z);
    return rc < 0 ? pk_error_set(err, rc, "the report cannot be packed: %s", pk_code_text(rc))
                  : PK_OK;
}

int pk_app_report_put(
        struct pk_store *store, const char *sha256, const json_t *report, struct pk_error *err)
{
    struct pk_buffer packed = pk_buffer_of(PK_APP_REPORT_TEXT_MAX);
    char *text = pk_json_text(report);
    struct pk_put put;
    int64_t n;
    int rc = text != NULL ? pack(pk_slice_str(text), &packed, err)
                          : pk_error_set(err, PK_ENOMEM, "out of memory");

    free(text);
    if (rc < 0) {
        pk_buffer_finish(&packed);
        return rc;
    }
    put = pk_put_start(store,
            "INSERT INTO app_reports (sha256, report) VALUES (?1, ?2)"
            " ON CONFLICT (sha256) DO UPDATE SET report = excluded.report",
            err);
    pk_put_text(&put, sha256);
    if (put.rc == PK_OK) {
        pk_bind_blob(put.stmt, ++put.next, pk_buffer_slice(&packed));
    }
    n = pk_put_run(&put);
    pk_buffer_finish(&packed);
    return n < 0 ? (int)n : PK_OK;
}

static int decode(struct pk_slice packed, struct pk_arena *arena, struct pk_app_report *out,
        struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(PK_APP_REPORT_TEXT_MAX);
    struct pk_zpack *z = pk_zpack_create((struct pk_slice){ 0 }, PACK_LEVEL);
    json_t *json = NULL;
    int rc = z != NULL ? pk_zpack_unpack(z, packed, &text) : PK_ENOMEM;

    pk_zpack_destroy(z);
    if (rc < 0) {
        (void)pk_error_set(err, rc, "a report of the store cannot be unpacked");
    } else {
        rc = pk_json_parse(text.ptr, text.len, &json, err);
    }
    if (rc == PK_OK) {
        rc = pk_schema_decode(&pk_app_report_schema, json, arena, out, err);
    }
    json_decref(json);
    pk_buffer_finish(&text);
    return rc;
}

int pk_app_report_get(struct pk_store *store, const char *sha256, struct pk_arena *arena,
        struct pk_app_report *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT report FROM app_reports WHERE sha256 = ?1", err);
    int rc;

    pk_put_text(&put, sha256);
    rc = pk_put_step(&put);
    if (rc <= 0) {
        return rc < 0 ? rc : pk_error_set(err, PK_ENOENT, "no report of this file");
    }
    rc = decode(pk_column_blob(put.stmt, 0), arena, out, err);
    pk_stmt_reset(put.stmt);
    return rc;
}
