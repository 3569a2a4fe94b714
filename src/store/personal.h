/* personal.h - everything that the store holds about one device: to hand it out, and to take it out.
 *
 * Both work from one list of tables (personal.c); a test holds it against the schema, so that a table with a
 * device in it cannot be forgotten. The rules of store.h hold. */
#pragma once

#include "store/store.h"

/* {"incidents":[{column: value}],...} by table, newest rows first; numbers as they are kept, columns
 * that end in _ms as times. At most PK_PERSONAL_ROWS of a table: "more" lists the tables that
 * have others. The caller owns *out. */
#define PK_PERSONAL_ROWS 5000
PK_MUST_USE int pk_personal_export(
        struct pk_store *store, const char *device, json_t **out, struct pk_error *err);

/* How many networks the device met, by what others may be told of them. */
struct pk_personal_network {
    int64_t devices; /* that met it, with this one */
    int security;    /* index into pk_security_names */
    bool own;        /* on the organisation's list */
};
/* Calls fn for each; stops when it returns < 0. */
PK_MUST_USE int pk_personal_networks(struct pk_store *store, const char *device,
        int (*fn)(void *ctx, const struct pk_personal_network *network), void *ctx,
        struct pk_error *err);

/* ---- erasure: asked for, begun, done ------------------------------------------------------------- */

enum pk_erasure_state {
    PK_ERASURE_ASKED, /* by the person; somebody has to agree */
    PK_ERASURE_BEGUN, /* the device is refused; its data go as soon as nobody works on them */
    PK_ERASURE_DONE,
};
extern const char *const pk_erasure_state_names[]; /* NULL-terminated */

struct pk_erasure {
    const char *id;
    const char *device; /* NULL when it is done: nobody knows any more who it was */
    int state;          /* enum pk_erasure_state */
    int64_t asked_ms;
    const char *asked_by; /* "device" or an administrator */
    int64_t begun_ms;
    int64_t done_ms;
};
#define PK_ERASURES_MAX 500 /* of a list */

PK_MUST_USE int pk_erasure_add(
        struct pk_store *store, const struct pk_erasure *erasure, struct pk_error *err);
PK_MUST_USE int pk_erasure_get(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_erasure *out, struct pk_error *err);
/* The one of this device that is not done. PK_ENOENT. */
PK_MUST_USE int pk_erasure_of(struct pk_store *store, const char *device, struct pk_arena *arena,
        struct pk_erasure *out, struct pk_error *err);
/* Asked -> begun. PK_ENOENT: it is not in that state. */
PK_MUST_USE int pk_erasure_begin(
        struct pk_store *store, const char *id, int64_t now_ms, struct pk_error *err);
/* Somebody says no to one that is only asked for. PK_ENOENT. */
PK_MUST_USE int pk_erasure_remove(struct pk_store *store, const char *id, struct pk_error *err);
/* Newest first; state < 0: any. items: struct pk_erasure. */
PK_MUST_USE int pk_erasure_list(struct pk_store *store, int state, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err);

/* What is long is swept in short transactions first: PK_PERSONAL_STEP rows of one of the tables events, audit and
 * actions behind *place (0 at first, then the caller keeps it). 1: there is more; 0: all is swept. */
#define PK_PERSONAL_STEP  2000
#define PK_PERSONAL_SWEPT 3
struct pk_personal_place {
    int table;
    int64_t upto[PK_PERSONAL_SWEPT]; /* ids, by table */
};
PK_MUST_USE int pk_personal_sweep(struct pk_store *store, const char *device,
        struct pk_personal_place *place, struct pk_error *err);
/* The rest in one transaction, with what came since the sweep, the device itself last; the erasure is done and
 * names nobody. Networks and apps that nobody else met go, too; those that others met stay with one device less. */
PK_MUST_USE int pk_personal_erase(struct pk_store *store, const struct pk_erasure *erasure,
        const struct pk_personal_place *place, int64_t now_ms, struct pk_error *err);

/* Does the crowd still have it before it, or in its log, that it shall forget this device? 1, 0. */
PK_MUST_USE int pk_personal_is_told(
        struct pk_store *store, const char *device, struct pk_error *err);

/* What the store's files still hold of deleted rows: pk_db_scrub(). Outside of transactions. */
PK_MUST_USE int pk_personal_scrub(struct pk_store *store, struct pk_error *err);

/* The tables that the list knows, for the test. NULL at the end. */
extern const char *const pk_personal_tables[];
