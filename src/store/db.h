/* db.h - one small SQL interface over SQLite and PostgreSQL.
 *
 * The SQL is portable text for both engines: parameters are ?1 ?2 ... (the PostgreSQL driver turns
 * them into $1 $2 ...), types are INTEGER/BIGINT, TEXT, REAL/DOUBLE PRECISION, BLOB/BYTEA written as
 * the macros of schema.c choose. A connection belongs to one thread at a time. */
#pragma once

#include <stdint.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/slice.h"

struct pk_db;
struct pk_stmt;

enum pk_engine {
    PK_ENGINE_SQLITE,
    PK_ENGINE_POSTGRES,
};

/* "sqlite:/path/file.db" (WAL, synchronous=FULL, made when absent, mode 0600), "sqlite::memory:",
 * or "postgresql://..." (libpq). The caller ends *out with pk_db_close(). */
PK_MUST_USE int pk_db_open(const char *url, struct pk_db **out, struct pk_error *err);
void pk_db_close(struct pk_db *db);
enum pk_engine pk_db_engine(const struct pk_db *db);

/* One or more statements without parameters or results. */
PK_MUST_USE int pk_db_exec(struct pk_db *db, const char *sql, struct pk_error *err);

/* Makes sure that deleted rows are not in the files any more either. SQLite zeroes the places of deleted rows
 * as it goes (secure_delete); what remains is in its log, which is emptied here, and in pages that were
 * rearranged: a file of at most PK_DB_SCRUB_BYTES is written anew. PostgreSQL: VACUUM, which gives the
 * places free to be overwritten. Outside of transactions. PK_EBUSY: somebody reads; try again. */
#define PK_DB_SCRUB_BYTES INT64_C(268435456)
PK_MUST_USE int pk_db_scrub(struct pk_db *db, struct pk_error *err);

/* A write transaction (BEGIN IMMEDIATE; waits for other writers). No nesting. A failed commit has
 * rolled back. PK_ENOSPC when the disk is full, PK_EBUSY when the wait took too long, PK_EIO when
 * the server is gone (the next begin reconnects). A failed statement dooms its transaction on both
 * engines: commit then rolls back and gives that statement's code. */
PK_MUST_USE int pk_db_begin(struct pk_db *db, struct pk_error *err);
PK_MUST_USE int pk_db_commit(struct pk_db *db, struct pk_error *err);
void pk_db_rollback(struct pk_db *db);
bool pk_db_in_transaction(const struct pk_db *db);
/* PostgreSQL: transactions of connections with the same group wait for each other, so that ids
 * ascend in the order of commits, as SQLite's single writer has it. Default 0: the store's. */
void pk_db_set_writers(struct pk_db *db, int64_t group);

/* A statement, prepared once per connection and cached by its text (a literal of the program): it
 * comes back reset, without bindings. Borrowed; it lives as long as the connection. */
PK_MUST_USE int pk_db_prepare(
        struct pk_db *db, const char *sql, struct pk_stmt **out, struct pk_error *err);

/* A statement whose text was put together for this one use; the caller ends it. */
PK_MUST_USE int pk_db_prepare_once(
        struct pk_db *db, const char *sql, struct pk_stmt **out, struct pk_error *err);
/* Ends it; a cached one is only reset. NULL is fine. */
void pk_stmt_finish(struct pk_stmt *stmt);

/* Parameters count from 1. Text and bytes are copied. A NULL text binds NULL. */
void pk_bind_int(struct pk_stmt *stmt, int index, int64_t value);
void pk_bind_real(struct pk_stmt *stmt, int index, double value);
void pk_bind_text(struct pk_stmt *stmt, int index, const char *value);
void pk_bind_blob(struct pk_stmt *stmt, int index, struct pk_slice value);
void pk_bind_null(struct pk_stmt *stmt, int index);

/* 1: a row is there; 0: done (and the statement is reset); < 0: error. */
PK_MUST_USE int pk_stmt_step(struct pk_stmt *stmt, struct pk_error *err);
/* Steps to the end and gives the number of rows changed, or < 0. PK_EEXIST on a unique key. */
PK_MUST_USE int64_t pk_stmt_run(struct pk_stmt *stmt, struct pk_error *err);
void pk_stmt_reset(struct pk_stmt *stmt);

/* Columns count from 0. Views live until the next step or reset. NULL is 0, 0.0, NULL, empty. */
int64_t pk_column_int(struct pk_stmt *stmt, int index);
double pk_column_real(struct pk_stmt *stmt, int index);
const char *pk_column_text(struct pk_stmt *stmt, int index);
struct pk_slice pk_column_blob(struct pk_stmt *stmt, int index);
bool pk_column_is_null(struct pk_stmt *stmt, int index);
