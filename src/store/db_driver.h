/* db_driver.h - what db.c asks of an engine. A driver embeds the two structs as their first member.
 * For db.c, db_sqlite.c and db_postgres.c alone. */
#pragma once

#include "store/db.h"

#define PK_DB_BUSY_MS 10000 /* how long a writer waits for the others */

struct pk_stmt {
    struct pk_db *db;
    struct pk_stmt *next; /* in its bucket of the cache */
    char *sql;            /* own copy */
    uint32_t hash;
    bool cached;
};

struct pk_db_driver {
    enum pk_engine engine;
    int (*exec)(struct pk_db *db, const char *sql, struct pk_error *err);
    int (*begin)(struct pk_db *db, struct pk_error *err);
    int (*commit)(struct pk_db *db, struct pk_error *err);
    void (*rollback)(struct pk_db *db);
    /* Allocates the driver's statement; db.c fills the common part. */
    int (*prepare)(struct pk_db *db, const char *sql, struct pk_stmt **out, struct pk_error *err);
    /* Makes a cached statement ready again (a lost connection took it). */
    int (*ready)(struct pk_stmt *stmt, struct pk_error *err);
    void (*finish)(struct pk_stmt *stmt);
    void (*close)(struct pk_db *db);

    void (*bind_int)(struct pk_stmt *stmt, int index, int64_t value);
    void (*bind_real)(struct pk_stmt *stmt, int index, double value);
    void (*bind_text)(struct pk_stmt *stmt, int index, const char *value);
    void (*bind_blob)(struct pk_stmt *stmt, int index, struct pk_slice value);
    int (*step)(struct pk_stmt *stmt, struct pk_error *err);
    int64_t (*changes)(struct pk_stmt *stmt);
    void (*reset)(struct pk_stmt *stmt); /* also forgets the bindings */

    int64_t (*column_int)(struct pk_stmt *stmt, int index);
    double (*column_real)(struct pk_stmt *stmt, int index);
    const char *(*column_text)(struct pk_stmt *stmt, int index);
    struct pk_slice (*column_blob)(struct pk_stmt *stmt, int index);
    bool (*column_is_null)(struct pk_stmt *stmt, int index);
};

#define PK_DB_BUCKETS 128

struct pk_db {
    const struct pk_db_driver *driver;
    struct pk_stmt *buckets[PK_DB_BUCKETS];
    int64_t writers; /* which group of writers waits for each other */
    int doomed;      /* first error inside the open transaction; 0: none */
    bool open;       /* a transaction is */
};

PK_MUST_USE int pk_sqlite_open(const char *path, struct pk_db **out, struct pk_error *err);
PK_MUST_USE int pk_postgres_open(const char *url, struct pk_db **out, struct pk_error *err);
