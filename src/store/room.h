/* room.h - what the files of this room share: the store's struct, and reading and writing rows
 * column by column. Not for other rooms. */
#pragma once

#include "store/db.h"
#include "store/scope.h"
#include "store/store.h"

struct pk_store {
    struct pk_db *db;
    char scope[PK_SCOPE_TEXT]; /* see scope.h */
};

/* Joins the caller's transaction, or opens one of its own: *mine says which. */
PK_MUST_USE int pk_store_enter(struct pk_store *store, bool *mine, struct pk_error *err);
/* Ends what enter opened: commits when rc is 0, else rolls back. Gives the final code. */
PK_MUST_USE int pk_store_leave(struct pk_store *store, bool mine, int rc, struct pk_error *err);

/* A statement with its parameters put in one after another. Every error waits for put_done(). */
struct pk_put {
    struct pk_stmt *stmt;
    struct pk_error *err;
    int next;
    int rc;
};

struct pk_put pk_put_start(struct pk_store *store, const char *sql, struct pk_error *err);
void pk_put_int(struct pk_put *put, int64_t value);
void pk_put_real(struct pk_put *put, double value);
void pk_put_text(struct pk_put *put, const char *value); /* NULL stays NULL */
void pk_put_word(struct pk_put *put, const char *value); /* NULL becomes "" */
void pk_put_json(struct pk_put *put, const json_t *value);
/* Runs it; the rows it changed, or < 0. */
PK_MUST_USE int64_t pk_put_run(struct pk_put *put);
/* The same where no row means that there is none: PK_ENOENT with "no such WHAT". */
PK_MUST_USE int pk_put_run_one(struct pk_put *put, const char *what);
/* Steps to the first or next row: 1, 0 or < 0. */
PK_MUST_USE int pk_put_step(struct pk_put *put);

/* How many a scope shows: sql counts them and has the id as ?1 and the store's scope as ?2. */
PK_MUST_USE int pk_count_in_scope(struct pk_store *store, const char *sql, const char *id,
        int64_t *out, struct pk_error *err);

/* The columns of a row, one after another; text and JSON go into the arena. */
struct pk_get {
    struct pk_stmt *stmt;
    struct pk_arena *arena;
    int next;
    int rc; /* sticky: PK_ENOMEM, PK_EMALF */
};

static inline struct pk_get pk_get_row(struct pk_stmt *stmt, struct pk_arena *arena)
{
    return (struct pk_get){ .stmt = stmt, .arena = arena };
}

int64_t pk_get_int(struct pk_get *get);
double pk_get_real(struct pk_get *get);
const char *pk_get_text(struct pk_get *get); /* NULL stays NULL */
const char *pk_get_word(struct pk_get *get); /* NULL becomes "" */
json_t *pk_get_json(struct pk_get *get);
void pk_get_id(struct pk_get *get, char out[PK_ID_TEXT]);
/* The sticky code with its sentence. */
PK_MUST_USE int pk_get_end(const struct pk_get *get, struct pk_error *err);

/* Reads one row into *out. PK_ENOENT with "no such WHAT" when there is none. */
typedef int (*pk_read_row)(struct pk_get *get, void *out, struct pk_error *err);
PK_MUST_USE int pk_put_get(struct pk_put *put, struct pk_arena *arena, pk_read_row read, void *out,
        const char *what, struct pk_error *err);
/* The same for a change with RETURNING: runs it to its end. */
PK_MUST_USE int pk_put_get_changed(struct pk_put *put, struct pk_arena *arena, pk_read_row read,
        void *out, const char *what, struct pk_error *err);
/* Reads all rows into an array of elements of this size. */
PK_MUST_USE int pk_put_get_all(struct pk_put *put, struct pk_arena *arena, pk_read_row read,
        size_t size, struct pk_array *out, struct pk_error *err);

/* A JSON list of groups in a column. What cannot be read is an error, never everything. */
PK_MUST_USE int pk_scope_read(struct pk_get *get, struct pk_strings *out, struct pk_error *err);
void pk_scope_put(struct pk_put *put, const struct pk_strings *groups);
