#include <stdlib.h>

#include "base/event.h"
#include "journal/table.h"
#include "journal/unpack.h"

/* What the ingest grants for a decoded report of 1 MiB, and some more. */
#define ENTRY_BYTES_MAX ((size_t)20 * 1024 * 1024)
#define TRIM_STEP       1000 /* rows a transaction: the writer gets its turn in between */
#define ERASE_STEP      4000 /* rows looked at a transaction */

struct pk_journal_reader {
    struct pk_db *db;
    struct pk_unpacker *unpacker;
};

int pk_journal_reader_open(const char *url, struct pk_journal_reader **out, struct pk_error *err)
{
    struct pk_journal_reader *reader = calloc(1, sizeof(*reader));
    int rc;

    if (reader == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = pk_journal_table_open(url, &reader->db, err);
    if (rc == PK_OK) {
        reader->unpacker = pk_unpacker_create(reader->db);
        rc = reader->unpacker == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory") : PK_OK;
    }
    if (rc < 0) {
        pk_journal_reader_close(reader);
        return rc;
    }
    *out = reader;
    return PK_OK;
}

void pk_journal_reader_close(struct pk_journal_reader *reader)
{
    if (reader != NULL) {
        pk_unpacker_destroy(reader->unpacker);
        pk_db_close(reader->db);
        free(reader);
    }
}

/* ---- one entry ---- */

/* What the database could not do may pass; what the bytes are will not. */
static bool may_pass(int rc)
{
    return rc == PK_ENOMEM || rc == PK_EIO || rc == PK_EBUSY || rc == PK_ENOSPC || rc == PK_EACCES;
}

static int decode(struct pk_journal_reader *r, struct pk_entry *entry, struct pk_error *err)
{
    struct pk_slice text;
    json_t *json = NULL;
    int rc = pk_unpacker_run(r->unpacker, entry->packed, &text, err);

    if (rc == PK_OK) {
        rc = pk_json_parse((const char *)text.ptr, text.len, &json, err);
    }
    if (rc == PK_OK) {
        rc = pk_report_decode(json, entry->arena, &entry->report, err);
    }
    json_decref(json);
    return rc;
}

static int decode_or_skip(struct pk_journal_reader *r, struct pk_entry *entry, struct pk_error *err)
{
    struct pk_error why = { 0 };
    int rc = decode(r, entry, &why);

    if (rc < 0 && may_pass(rc)) {
        return pk_error_set(err, rc, "%s", why.text);
    }
    if (rc < 0) {
        pk_event(PK_ERROR, "journal.unreadable", { "partition", PK_NUM(entry->partition) },
                { "offset", PK_NUM(entry->offset) }, { "device", entry->device },
                { "why", why.text });
        entry->report = (struct pk_report){ .v = 1 };
    }
    return PK_OK;
}

static int fill(struct pk_entry *entry, struct pk_stmt *stmt)
{
    struct pk_slice packed = pk_column_blob(stmt, 6);
    uint8_t *bytes = pk_arena_alloc(entry->arena, packed.len, 1);

    entry->offset = pk_column_int(stmt, 0) & PK_JOURNAL_OFFSET_MAX;
    entry->device = pk_arena_strdup(entry->arena, pk_column_text(stmt, 1));
    entry->after_seq = pk_column_int(stmt, 2);
    entry->last_seq = pk_column_int(stmt, 3);
    entry->received_ms = pk_column_int(stmt, 4);
    if (bytes == NULL || entry->device == NULL) {
        return PK_ENOMEM;
    }
    if (packed.len > 0) {
        memcpy(bytes, packed.ptr, packed.len);
    }
    entry->packed = pk_slice_of(bytes, packed.len);
    return PK_OK;
}

static int entry_of(struct pk_journal_reader *r, struct pk_stmt *stmt, int partition,
        struct pk_entry **out, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(ENTRY_BYTES_MAX);
    struct pk_entry *entry = arena == NULL ? NULL : pk_arena_alloc(arena, 1, sizeof(*entry));
    int rc;

    if (entry == NULL) {
        pk_arena_destroy(arena);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    entry->arena = arena;
    entry->partition = partition;
    rc = fill(entry, stmt);
    rc = rc < 0 ? pk_error_set(err, rc, "out of memory") : decode_or_skip(r, entry, err);
    if (rc < 0) {
        pk_error_prefix(err, "journal entry %d/%lld", partition, (long long)entry->offset);
        pk_entry_destroy(entry);
        return rc;
    }
    *out = entry;
    return PK_OK;
}

int pk_journal_read(struct pk_journal_reader *reader, int partition, int64_t after,
        struct pk_entry **out, struct pk_error *err)
{
    struct pk_stmt *stmt;
    int rc = pk_db_prepare(reader->db,
            "SELECT id, device, after_seq, last_seq, received_ms, observations, packed"
            " FROM journal WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT 1",
            &stmt, err);

    if (rc < 0) {
        return rc;
    }
    pk_bind_int(stmt, 1, pk_journal_key(partition, after));
    pk_bind_int(stmt, 2, pk_journal_key(partition, PK_JOURNAL_OFFSET_MAX));
    rc = pk_stmt_step(stmt, err);
    if (rc > 0) {
        rc = entry_of(reader, stmt, partition, out, err);
    } else if (rc == PK_OK) {
        *out = NULL;
    }
    pk_stmt_reset(stmt);
    return rc;
}

int pk_journal_read_of(struct pk_journal_reader *reader, const char *device, int64_t after,
        struct pk_entry **out, struct pk_error *err)
{
    int partition = pk_journal_partition(device);
    struct pk_stmt *stmt;
    int rc = pk_db_prepare(reader->db,
            "SELECT id, device, after_seq, last_seq, received_ms, observations, packed"
            " FROM journal WHERE id > ?1 AND id <= ?2 AND device = ?3 ORDER BY id LIMIT 1",
            &stmt, err);

    if (rc < 0) {
        return rc;
    }
    pk_bind_int(stmt, 1, pk_journal_key(partition, after));
    pk_bind_int(stmt, 2, pk_journal_key(partition, PK_JOURNAL_OFFSET_MAX));
    pk_bind_text(stmt, 3, device);
    rc = pk_stmt_step(stmt, err);
    if (rc > 0) {
        rc = entry_of(reader, stmt, partition, out, err);
    } else if (rc == PK_OK) {
        *out = NULL;
    }
    pk_stmt_reset(stmt);
    return rc;
}

/* ---- trimming ---- */

/* The last of the next rows that are all old enough; 0: none. Rows come in the order of time, so the
 * first one that is too new ends the search. */
static int last_old(struct pk_db *db, int partition, int64_t upto, int64_t before_ms, int64_t *last,
        int *rows, struct pk_error *err)
{
    struct pk_stmt *stmt;
    int rc = pk_db_prepare(db,
            "SELECT id, received_ms FROM journal WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3",
            &stmt, err);

    *last = 0;
    *rows = 0;
    if (rc < 0) {
        return rc;
    }
    pk_bind_int(stmt, 1, pk_journal_key(partition, 0));
    pk_bind_int(stmt, 2, pk_journal_key(partition, upto));
    pk_bind_int(stmt, 3, TRIM_STEP);
    rc = pk_stmt_step(stmt, err);
    while (rc > 0 && pk_column_int(stmt, 1) < before_ms) {
        *last = pk_column_int(stmt, 0) & PK_JOURNAL_OFFSET_MAX;
        ++*rows;
        rc = pk_stmt_step(stmt, err);
    }
    pk_stmt_reset(stmt);
    return rc < 0 ? rc : PK_OK;
}

static int run_two(
        struct pk_db *db, const char *sql, int64_t first, int64_t second, struct pk_error *err)
{
    struct pk_stmt *stmt;
    int64_t n = pk_db_prepare(db, sql, &stmt, err);

    if (n == PK_OK) {
        pk_bind_int(stmt, 1, first);
        pk_bind_int(stmt, 2, second);
        n = pk_stmt_run(stmt, err);
    }
    return n < 0 ? (int)n : PK_OK;
}

/* An offset that was given once is never given again, even when all rows behind it are gone. */
static int keep_offset(struct pk_db *db, int partition, int64_t offset, struct pk_error *err)
{
    return run_two(db,
            "INSERT INTO journal_trimmed (part, upto) VALUES (?1, ?2)"
            " ON CONFLICT (part) DO UPDATE SET upto = excluded.upto"
            " WHERE journal_trimmed.upto < excluded.upto",
            partition, offset, err);
}

static int delete_upto(struct pk_db *db, int partition, int64_t last, struct pk_error *err)
{
    int rc = pk_db_begin(db, err);

    if (rc < 0) {
        return rc;
    }
    rc = run_two(db, "DELETE FROM journal WHERE id > ?1 AND id <= ?2", pk_journal_key(partition, 0),
            pk_journal_key(partition, last), err);
    if (rc == PK_OK) {
        rc = keep_offset(db, partition, last, err);
    }
    if (rc == PK_OK) {
        return pk_db_commit(db, err);
    }
    pk_db_rollback(db);
    return rc;
}

int pk_journal_trim(struct pk_journal_reader *reader, int64_t before_ms,
        const int64_t progress[PK_PARTITIONS], struct pk_error *err)
{
    for (int i = 0; i < PK_PARTITIONS; i++) {
        int64_t last;
        int rows;

        do {
            int rc = last_old(reader->db, i, progress[i], before_ms, &last, &rows, err);

            if (rc == PK_OK && rows > 0) {
                rc = delete_upto(reader->db, i, last, err);
            }
            if (rc < 0) {
                return rc;
            }
        } while (rows == TRIM_STEP);
    }
    return PK_OK;
}

/* ---- erasing ---- */

/* Rows of the device behind an offset, as far as the step reaches. */
static int erase_step(
        struct pk_db *db, const char *device, int64_t after, int64_t upto, struct pk_error *err)
{
    int partition = pk_journal_partition(device);
    struct pk_stmt *stmt = NULL;
    int64_t n = pk_db_begin(db, err);

    if (n < 0) {
        return (int)n;
    }
    n = keep_offset(db, partition, upto, err);
    if (n == PK_OK) {
        n = pk_db_prepare(
                db, "DELETE FROM journal WHERE id > ?1 AND id <= ?2 AND device = ?3", &stmt, err);
    }
    if (n == PK_OK) {
        pk_bind_int(stmt, 1, pk_journal_key(partition, after));
        pk_bind_int(stmt, 2, pk_journal_key(partition, upto));
        pk_bind_text(stmt, 3, device);
        n = pk_stmt_run(stmt, err);
    }
    if (n >= 0) {
        return pk_db_commit(db, err);
    }
    pk_db_rollback(db);
    return (int)n;
}

static int oldest_of(struct pk_db *db, int partition, int64_t *out, struct pk_error *err)
{
    struct pk_stmt *stmt;
    int rc = pk_db_prepare(
            db, "SELECT coalesce(min(id), 0) FROM journal WHERE id > ?1 AND id <= ?2", &stmt, err);

    if (rc < 0) {
        return rc;
    }
    pk_bind_int(stmt, 1, pk_journal_key(partition, 0));
    pk_bind_int(stmt, 2, pk_journal_key(partition, PK_JOURNAL_OFFSET_MAX));
    rc = pk_stmt_step(stmt, err);
    if (rc > 0) {
        *out = pk_column_int(stmt, 0) & PK_JOURNAL_OFFSET_MAX;
    }
    pk_stmt_reset(stmt);
    return rc < 0 ? rc : PK_OK;
}

int pk_journal_erase(
        struct pk_journal_reader *reader, const char *device, int64_t upto, struct pk_error *err)
{
    struct pk_stmt *stmt;
    int64_t from = 0;
    int64_t n = oldest_of(reader->db, pk_journal_partition(device), &from, err);

    for (from -= from > 0 ? 1 : 0; n == PK_OK && from < upto; from += ERASE_STEP) {
        n = erase_step(
                reader->db, device, from, from + ERASE_STEP < upto ? from + ERASE_STEP : upto, err);
    }
    if (n == PK_OK) {
        n = pk_db_prepare(reader->db, "DELETE FROM journal_devices WHERE device = ?1", &stmt, err);
    }
    if (n == PK_OK) {
        pk_bind_text(stmt, 1, device);
        n = pk_stmt_run(stmt, err);
    }
    return n < 0 ? (int)n : PK_OK;
}

int pk_journal_scrub(struct pk_journal_reader *reader, struct pk_error *err)
{
    return pk_db_scrub(reader->db, err);
}

/* ---- counting ---- */

static int read_count(struct pk_stmt *stmt, struct pk_journal_count *out, struct pk_error *err)
{
    int rc = pk_stmt_step(stmt, err);

    if (rc >= 0) {
        *out = (struct pk_journal_count){ 0 };
    }
    if (rc > 0) {
        out->reports = pk_column_int(stmt, 0);
        out->observations = pk_column_int(stmt, 1);
    }
    pk_stmt_reset(stmt);
    return rc < 0 ? rc : PK_OK;
}

int pk_journal_count(struct pk_journal_reader *reader, const char *device,
        struct pk_journal_count *out, struct pk_error *err)
{
    int partition = pk_journal_partition(device);
    struct pk_stmt *stmt;
    int rc = pk_db_prepare(reader->db,
            "SELECT count(*), CAST(coalesce(sum(observations), 0) AS BIGINT) FROM journal"
            " WHERE id > ?1 AND id <= ?2 AND device = ?3",
            &stmt, err);

    if (rc < 0) {
        return rc;
    }
    pk_bind_int(stmt, 1, pk_journal_key(partition, 0));
    pk_bind_int(stmt, 2, pk_journal_key(partition, PK_JOURNAL_OFFSET_MAX));
    pk_bind_text(stmt, 3, device);
    return read_count(stmt, out, err);
}

int pk_journal_totals(struct pk_journal_reader *reader, const char *device,
        struct pk_journal_count *out, struct pk_error *err)
{
    struct pk_stmt *stmt;
    int rc = pk_db_prepare(reader->db,
            "SELECT reports, observations FROM journal_devices WHERE device = ?1", &stmt, err);

    if (rc < 0) {
        return rc;
    }
    pk_bind_text(stmt, 1, device);
    return read_count(stmt, out, err);
}
