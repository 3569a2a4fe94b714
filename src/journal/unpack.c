#include "journal/unpack.h"

#include <stdlib.h>

#include "base/zpack.h"
#include "model/observation.h"

#define LEVEL 1 /* it never packs */

struct pk_unpacker {
    struct pk_db *db;
    struct pk_zpack *plain; /* frames without a dictionary */
    struct pk_zpack *zpack; /* of the dictionary that was needed last */
    uint32_t id;
    struct pk_buffer text;
};

int pk_unpacker_keep(struct pk_db *db, struct pk_error *err)
{
    struct pk_slice ours = pk_zpack_report_dictionary();
    uint32_t id = pk_zpack_dictionary_id(ours);
    struct pk_stmt *stmt;
    int64_t n;

    if (id == 0) {
        return PK_OK;
    }
    n = pk_db_prepare(db,
            "INSERT INTO journal_dictionaries (id, bytes) VALUES (?1, ?2)"
            " ON CONFLICT (id) DO NOTHING",
            &stmt, err);
    if (n == PK_OK) {
        pk_bind_int(stmt, 1, id);
        pk_bind_blob(stmt, 2, ours);
        n = pk_stmt_run(stmt, err);
    }
    return n < 0 ? (int)n : PK_OK;
}

struct pk_unpacker *pk_unpacker_create(struct pk_db *db)
{
    struct pk_unpacker *u = calloc(1, sizeof(*u));

    if (u == NULL) {
        return NULL;
    }
    u->db = db;
    u->text = pk_buffer_of(PK_REPORT_BYTES_MAX);
    u->plain = pk_zpack_create((struct pk_slice){ 0 }, LEVEL);
    u->zpack = pk_zpack_create(pk_zpack_report_dictionary(), LEVEL);
    u->id = pk_zpack_dictionary_id(pk_zpack_report_dictionary());
    if (u->plain == NULL || u->zpack == NULL) {
        pk_unpacker_destroy(u);
        return NULL;
    }
    return u;
}

void pk_unpacker_destroy(struct pk_unpacker *unpacker)
{
    if (unpacker != NULL) {
        pk_zpack_destroy(unpacker->plain);
        pk_zpack_destroy(unpacker->zpack);
        pk_buffer_finish(&unpacker->text);
        free(unpacker);
    }
}

static int use_dictionary(
        struct pk_unpacker *u, uint32_t id, struct pk_slice bytes, struct pk_error *err)
{
    struct pk_zpack *zpack = pk_zpack_create(bytes, LEVEL);

    if (zpack == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    pk_zpack_destroy(u->zpack);
    u->zpack = zpack;
    u->id = id;
    return PK_OK;
}

static int find_dictionary(struct pk_unpacker *u, uint32_t id, struct pk_error *err)
{
    struct pk_stmt *stmt;
    int rc = pk_db_prepare(
            u->db, "SELECT bytes FROM journal_dictionaries WHERE id = ?1", &stmt, err);

    if (rc < 0) {
        return rc;
    }
    pk_bind_int(stmt, 1, id);
    rc = pk_stmt_step(stmt, err);
    if (rc > 0) {
        rc = use_dictionary(u, id, pk_column_blob(stmt, 0), err);
    } else if (rc == PK_OK) {
        rc = pk_error_set(err, PK_EMALF, "packed with the unknown dictionary %u", id);
    }
    pk_stmt_reset(stmt);
    return rc;
}

int pk_unpacker_run(struct pk_unpacker *unpacker, struct pk_slice packed, struct pk_slice *out,
        struct pk_error *err)
{
    uint32_t id = pk_zpack_frame_dictionary(packed);
    int rc = id == 0 || id == unpacker->id ? PK_OK : find_dictionary(unpacker, id, err);

    if (rc < 0) {
        return rc;
    }
    pk_buffer_clear(&unpacker->text);
    rc = pk_zpack_unpack(id == 0 ? unpacker->plain : unpacker->zpack, packed, &unpacker->text);
    if (rc < 0) {
        return pk_error_set(err, rc, "cannot unpack: %s", pk_code_text(rc));
    }
    *out = pk_buffer_slice(&unpacker->text);
    return PK_OK;
}
