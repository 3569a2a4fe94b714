#include "journal/table.h"

#include <stdlib.h>
#include <string.h>

#include "store/schema.h"

#define WRITERS       1 /* does not wait for the store's transactions */
#define BUCKETS_FIRST 1024

static const char step_1[] =
        "CREATE TABLE journal ("
        " id {key}, device {text} NOT NULL, after_seq BIGINT NOT NULL, last_seq BIGINT NOT NULL,"
        " received_ms BIGINT NOT NULL, observations BIGINT NOT NULL, packed {blob} NOT NULL);"
        /* outlives the rows: what was acknowledged is not taken again after a trim */
        "CREATE TABLE journal_devices ("
        " device {text} PRIMARY KEY, last_seq BIGINT NOT NULL, reports BIGINT NOT NULL,"
        " observations BIGINT NOT NULL);"
        /* nor is an offset given twice when all rows of a partition are gone */
        "CREATE TABLE journal_trimmed (part BIGINT PRIMARY KEY, upto BIGINT NOT NULL);";

static const char step_2[] = "CREATE TABLE journal_dictionaries (id {key}, bytes {blob} NOT NULL);";

static const char *const steps[] = { step_1, step_2 };

int pk_journal_table_open(const char *url, struct pk_db **out, struct pk_error *err)
{
    struct pk_db *db;
    int rc = pk_db_open(url, &db, err);

    if (rc < 0) {
        return rc;
    }
    pk_db_set_writers(db, WRITERS);
    rc = pk_schema_migrate(db, "journal", steps, PK_COUNT(steps), err);
    if (rc < 0) {
        pk_db_close(db);
        return rc;
    }
    *out = db;
    return PK_OK;
}

/* ---- reading ---- */

static int load_partition(struct pk_db *db, int partition, int64_t *newest, struct pk_error *err)
{
    struct pk_stmt *stmt;
    int rc = pk_db_prepare(db,
            "SELECT coalesce((SELECT max(id) FROM journal WHERE id > ?1 AND id <= ?2), 0),"
            " coalesce((SELECT upto FROM journal_trimmed WHERE part = ?3), 0)",
            &stmt, err);

    if (rc < 0) {
        return rc;
    }
    pk_bind_int(stmt, 1, pk_journal_key(partition, 0));
    pk_bind_int(stmt, 2, pk_journal_key(partition, PK_JOURNAL_OFFSET_MAX));
    pk_bind_int(stmt, 3, partition);
    rc = pk_stmt_step(stmt, err);
    if (rc > 0) {
        int64_t row = pk_column_int(stmt, 0) & PK_JOURNAL_OFFSET_MAX;
        int64_t trimmed = pk_column_int(stmt, 1);

        *newest = row > trimmed ? row : trimmed;
    }
    pk_stmt_reset(stmt);
    return rc < 0 ? rc : PK_OK;
}

static int load_devices(struct pk_db *db, struct pk_seqs *seqs, struct pk_error *err)
{
    struct pk_stmt *stmt;
    int rc = pk_db_prepare(db, "SELECT device, last_seq FROM journal_devices", &stmt, err);

    if (rc < 0) {
        return rc;
    }
    for (rc = pk_stmt_step(stmt, err); rc > 0; rc = pk_stmt_step(stmt, err)) {
        struct pk_seq *seq = pk_seqs_at(seqs, pk_column_text(stmt, 0));

        if (seq == NULL) {
            rc = pk_error_set(err, PK_ENOMEM, "out of memory");
            break;
        }
        seq->last = pk_column_int(stmt, 1);
    }
    pk_stmt_reset(stmt);
    return rc;
}

int pk_journal_table_load(
        struct pk_db *db, int64_t newest[PK_PARTITIONS], struct pk_seqs *seqs, struct pk_error *err)
{
    int64_t offsets[PK_PARTITIONS];
    int rc = PK_OK;

    for (int i = 0; i < PK_PARTITIONS && rc == PK_OK; i++) {
        rc = load_partition(db, i, &offsets[i], err);
    }
    if (rc == PK_OK) {
        rc = load_devices(db, seqs, err);
    }
    if (rc == PK_OK) {
        memcpy(newest, offsets, sizeof(offsets));
    }
    return rc;
}

/* ---- writing ---- */

static int add_row(
        struct pk_db *db, const struct pk_entry *entry, int64_t observations, struct pk_error *err)
{
    struct pk_stmt *stmt;
    int64_t n = pk_db_prepare(db,
            "INSERT INTO journal (id, device, after_seq, last_seq, received_ms, observations,"
            " packed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            &stmt, err);

    if (n == PK_OK) {
        pk_bind_int(stmt, 1, pk_journal_key(entry->partition, entry->offset));
        pk_bind_text(stmt, 2, entry->device);
        pk_bind_int(stmt, 3, entry->after_seq);
        pk_bind_int(stmt, 4, entry->last_seq);
        pk_bind_int(stmt, 5, entry->received_ms);
        pk_bind_int(stmt, 6, observations);
        pk_bind_blob(stmt, 7, entry->packed);
        n = pk_stmt_run(stmt, err);
    }
    return n < 0 ? (int)n : PK_OK;
}

static int add_to_device(
        struct pk_db *db, const struct pk_entry *entry, int64_t observations, struct pk_error *err)
{
    struct pk_stmt *stmt;
    int64_t n = pk_db_prepare(db,
            "INSERT INTO journal_devices (device, last_seq, reports, observations)"
            " VALUES (?1, ?2, 1, ?3) ON CONFLICT (device) DO UPDATE SET"
            " last_seq = excluded.last_seq, reports = journal_devices.reports + 1,"
            " observations = journal_devices.observations + excluded.observations",
            &stmt, err);

    if (n == PK_OK) {
        pk_bind_text(stmt, 1, entry->device);
        pk_bind_int(stmt, 2, entry->last_seq);
        pk_bind_int(stmt, 3, observations);
        n = pk_stmt_run(stmt, err);
    }
    return n < 0 ? (int)n : PK_OK;
}

int pk_journal_table_add(
        struct pk_db *db, const struct pk_entry *entry, int64_t observations, struct pk_error *err)
{
    int rc = add_row(db, entry, observations, err);

    return rc < 0 ? rc : add_to_device(db, entry, observations, err);
}

/* ---- the hash table ---- */

uint32_t pk_journal_hash(const char *device)
{
    uint32_t hash = 2166136261U;

    for (const unsigned char *p = (const unsigned char *)device; *p != '\0'; p++) {
        hash = (hash ^ *p) * 16777619U;
    }
    return hash;
}

static bool grow(struct pk_seqs *seqs)
{
    size_t bigger = seqs->bucket_count == 0 ? BUCKETS_FIRST : seqs->bucket_count * 2;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    struct pk_seq **buckets = calloc(bigger, sizeof(*buckets));

    if (buckets == NULL) {
        return seqs->bucket_count > 0; /* slower, still right */
    }
    for (size_t i = 0; i < seqs->bucket_count; i++) {
        while (seqs->buckets[i] != NULL) {
            struct pk_seq *seq = seqs->buckets[i];
            struct pk_seq **to = &buckets[pk_journal_hash(seq->device) & (bigger - 1)];

            seqs->buckets[i] = seq->next;
            seq->next = *to;
            *to = seq;
        }
    }
    free(seqs->buckets);
    seqs->buckets = buckets;
    seqs->bucket_count = bigger;
    return true;
}

struct pk_seq *pk_seqs_at(struct pk_seqs *seqs, const char *device)
{
    uint32_t hash = pk_journal_hash(device);
    struct pk_seq *seq = NULL;
    size_t size;

    if (seqs->bucket_count > 0) {
        seq = seqs->buckets[hash & (seqs->bucket_count - 1)];
        while (seq != NULL && strcmp(seq->device, device) != 0) {
            seq = seq->next;
        }
    }
    if (seq != NULL) {
        return seq;
    }
    if (seqs->count >= seqs->bucket_count && !grow(seqs)) {
        return NULL;
    }
    size = strlen(device) + 1;
    seq = calloc(1, sizeof(*seq) + size);
    if (seq != NULL) {
        struct pk_seq **to = &seqs->buckets[hash & (seqs->bucket_count - 1)];

        memcpy(seq->device, device, size);
        seq->next = *to;
        *to = seq;
        seqs->count++;
    }
    return seq;
}

void pk_seqs_finish(struct pk_seqs *seqs)
{
    for (size_t i = 0; i < seqs->bucket_count; i++) {
        while (seqs->buckets[i] != NULL) {
            struct pk_seq *seq = seqs->buckets[i];

            seqs->buckets[i] = seq->next;
            free(seq);
        }
    }
    free(seqs->buckets);
    *seqs = (struct pk_seqs){ 0 };
}
