#include "store/db.h"

#include <stdlib.h>
#include <string.h>

#include "store/db_driver.h"

int pk_db_open(const char *url, struct pk_db **out, struct pk_error *err)
{
    if (strncmp(url, "sqlite:", 7) == 0 && url[7] != '\0') {
        return pk_sqlite_open(url + 7, out, err);
    }
    if (strncmp(url, "postgresql://", 13) == 0 || strncmp(url, "postgres://", 11) == 0) {
        return pk_postgres_open(url, out, err);
    }
    /* The address may carry a password: it is not repeated. */
    return pk_error_set(err, PK_EINVAL,
            "a database is 'sqlite:/path/file.db' or 'postgresql://user@host/name'");
}

void pk_db_close(struct pk_db *db)
{
    if (db == NULL) {
        return;
    }
    if (db->open) {
        pk_db_rollback(db);
    }
    for (size_t i = 0; i < PK_DB_BUCKETS; i++) {
        while (db->buckets[i] != NULL) {
            struct pk_stmt *stmt = db->buckets[i];

            db->buckets[i] = stmt->next;
            free(stmt->sql);
            db->driver->finish(stmt);
        }
    }
    db->driver->close(db);
}

enum pk_engine pk_db_engine(const struct pk_db *db)
{
    return db->driver->engine;
}

void pk_db_set_writers(struct pk_db *db, int64_t group)
{
    db->writers = group;
}

bool pk_db_in_transaction(const struct pk_db *db)
{
    return db->open;
}

/* PostgreSQL gives up a transaction after its first error, SQLite does not: we always do, so that
 * a program that runs on one runs on the other. */
static int note(struct pk_db *db, int rc)
{
    if (rc < 0 && db->open && db->doomed == 0) {
        db->doomed = rc;
    }
    return rc;
}

int pk_db_exec(struct pk_db *db, const char *sql, struct pk_error *err)
{
    return note(db, db->driver->exec(db, sql, err));
}

int pk_db_begin(struct pk_db *db, struct pk_error *err)
{
    int rc;

    if (db->open) {
        return pk_error_set(err, PK_EINVAL, "a transaction is already open");
    }
    rc = db->driver->begin(db, err);
    db->open = rc == PK_OK;
    db->doomed = 0;
    return rc;
}

int pk_db_commit(struct pk_db *db, struct pk_error *err)
{
    int rc;

    if (!db->open) {
        return pk_error_set(err, PK_EINVAL, "no transaction is open");
    }
    if (db->doomed < 0) {
        rc = pk_error_set(err, db->doomed, "a statement of the transaction had failed: %s",
                pk_code_text(db->doomed));
    } else {
        rc = db->driver->commit(db, err);
    }
    if (rc < 0) {
        db->driver->rollback(db);
    }
    db->open = false;
    return rc;
}

void pk_db_rollback(struct pk_db *db)
{
    if (db->open) {
        db->driver->rollback(db);
        db->open = false;
    }
}

static int read_number(struct pk_db *db, const char *sql, int64_t *out, struct pk_error *err)
{
    struct pk_stmt *stmt = NULL;
    int rc = pk_db_prepare_once(db, sql, &stmt, err);

    if (rc == PK_OK) {
        rc = pk_stmt_step(stmt, err);
    }
    if (rc > 0) {
        *out = pk_column_int(stmt, 0);
    }
    pk_stmt_finish(stmt);
    return rc < 0 ? rc : PK_OK;
}

int pk_db_scrub(struct pk_db *db, struct pk_error *err)
{
    int64_t pages = 0;
    int64_t size = 0;
    int64_t busy = 0;
    int rc;

    if (db->driver->engine != PK_ENGINE_SQLITE) {
        return pk_db_exec(db, "VACUUM", err);
    }
    rc = read_number(db, "PRAGMA page_count", &pages, err);
    if (rc == PK_OK) {
        rc = read_number(db, "PRAGMA page_size", &size, err);
    }
    if (rc == PK_OK && pages * size <= PK_DB_SCRUB_BYTES) {
        rc = pk_db_exec(db, "VACUUM", err);
    }
    if (rc == PK_OK) {
        rc = read_number(db, "PRAGMA wal_checkpoint(TRUNCATE)", &busy, err);
    }
    if (rc == PK_OK && busy != 0) {
        rc = pk_error_set(err, PK_EBUSY, "the database is being read");
    }
    return rc;
}

/* ---- statements ---- */

static uint32_t hash_of(const char *sql)
{
    uint32_t hash = 2166136261U; /* FNV-1a */

    for (const unsigned char *p = (const unsigned char *)sql; *p != '\0'; p++) {
        hash = (hash ^ *p) * 16777619U;
    }
    return hash;
}

static int stmt_new(struct pk_db *db, const char *sql, struct pk_stmt **out, struct pk_error *err)
{
    char *copy = strdup(sql);
    struct pk_stmt *stmt;
    int rc;

    if (copy == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = db->driver->prepare(db, copy, &stmt, err);
    if (rc < 0) {
        free(copy);
        return rc;
    }
    stmt->db = db;
    stmt->sql = copy;
    *out = stmt;
    return PK_OK;
}

int pk_db_prepare(struct pk_db *db, const char *sql, struct pk_stmt **out, struct pk_error *err)
{
    uint32_t hash = hash_of(sql);
    struct pk_stmt **bucket = &db->buckets[hash % PK_DB_BUCKETS];
    struct pk_stmt *stmt = *bucket;
    int rc;

    while (stmt != NULL && (stmt->hash != hash || strcmp(stmt->sql, sql) != 0)) {
        stmt = stmt->next;
    }
    if (stmt != NULL) {
        db->driver->reset(stmt);
        rc = db->driver->ready(stmt, err);
    } else {
        rc = stmt_new(db, sql, &stmt, err);
        if (rc == PK_OK) {
            stmt->hash = hash;
            stmt->cached = true;
            stmt->next = *bucket;
            *bucket = stmt;
        }
    }
    if (rc == PK_OK) {
        *out = stmt;
    }
    return note(db, rc);
}

int pk_db_prepare_once(
        struct pk_db *db, const char *sql, struct pk_stmt **out, struct pk_error *err)
{
    return note(db, stmt_new(db, sql, out, err));
}

void pk_stmt_finish(struct pk_stmt *stmt)
{
    if (stmt == NULL) {
        return;
    }
    if (stmt->cached) {
        stmt->db->driver->reset(stmt);
        return;
    }
    free(stmt->sql);
    stmt->db->driver->finish(stmt);
}

void pk_bind_int(struct pk_stmt *stmt, int index, int64_t value)
{
    stmt->db->driver->bind_int(stmt, index, value);
}

void pk_bind_real(struct pk_stmt *stmt, int index, double value)
{
    stmt->db->driver->bind_real(stmt, index, value);
}

void pk_bind_text(struct pk_stmt *stmt, int index, const char *value)
{
    stmt->db->driver->bind_text(stmt, index, value);
}

void pk_bind_blob(struct pk_stmt *stmt, int index, struct pk_slice value)
{
    stmt->db->driver->bind_blob(stmt, index, value);
}

void pk_bind_null(struct pk_stmt *stmt, int index)
{
    stmt->db->driver->bind_text(stmt, index, NULL);
}

int pk_stmt_step(struct pk_stmt *stmt, struct pk_error *err)
{
    return note(stmt->db, stmt->db->driver->step(stmt, err));
}

int64_t pk_stmt_run(struct pk_stmt *stmt, struct pk_error *err)
{
    int rc;

    do {
        rc = pk_stmt_step(stmt, err);
    } while (rc > 0);
    return rc < 0 ? rc : stmt->db->driver->changes(stmt);
}

void pk_stmt_reset(struct pk_stmt *stmt)
{
    stmt->db->driver->reset(stmt);
}

int64_t pk_column_int(struct pk_stmt *stmt, int index)
{
    return stmt->db->driver->column_int(stmt, index);
}

double pk_column_real(struct pk_stmt *stmt, int index)
{
    return stmt->db->driver->column_real(stmt, index);
}

const char *pk_column_text(struct pk_stmt *stmt, int index)
{
    return stmt->db->driver->column_text(stmt, index);
}

struct pk_slice pk_column_blob(struct pk_stmt *stmt, int index)
{
    return stmt->db->driver->column_blob(stmt, index);
}

bool pk_column_is_null(struct pk_stmt *stmt, int index)
{
    return stmt->db->driver->column_is_null(stmt, index);
}
