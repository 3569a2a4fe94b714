#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/db_driver.h"

#define WAL_KEEP_BYTES "16777216" /* the log shrinks back to this after a burst */
#define NAP_FIRST_US   200
#define NAP_MAX_US     5000

struct sqlite_db {
    struct pk_db common;
    sqlite3 *handle;
    int64_t wait_since_ms;
};

struct sqlite_stmt {
    struct pk_stmt common;
    sqlite3_stmt *handle;
    int bind_rc; /* the first failed binding: out of memory */
};

static sqlite3 *handle_of(struct pk_db *db)
{
    return ((struct sqlite_db *)db)->handle;
}

static struct sqlite_stmt *own(struct pk_stmt *stmt)
{
    return (struct sqlite_stmt *)stmt;
}

static int code_of(int sqlite_rc, int os)
{
    switch (sqlite_rc & 0xff) {
    case SQLITE_FULL:
        return PK_ENOSPC;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return PK_EBUSY;
    case SQLITE_NOMEM:
        return PK_ENOMEM;
    case SQLITE_CONSTRAINT:
        return sqlite_rc == SQLITE_CONSTRAINT_UNIQUE || sqlite_rc == SQLITE_CONSTRAINT_PRIMARYKEY
                ? PK_EEXIST
                : PK_EINVAL;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        /* A full disk, quota or file size limit also shows as a failed write. */
        return os == ENOSPC || os == EDQUOT || os == EFBIG ? PK_ENOSPC : PK_EIO;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
        return PK_EACCES;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return PK_EMALF;
    default:
        return PK_EINVAL;
    }
}

/* A commit that fails leaves the cause in errno alone: callers clear it before they try. */
static int fail(sqlite3 *handle, struct pk_error *err)
{
    int os = sqlite3_system_errno(handle) != 0 ? sqlite3_system_errno(handle) : errno;
    int rc = sqlite3_extended_errcode(handle);
    int code = code_of(rc, os);

    return pk_error_set(
            err, code, "database: %s (%d): %s", sqlite3_errmsg(handle), rc, pk_code_text(code));
}

/* SQLite's own waiting sleeps up to 100 ms at a time; our transactions last less than one. */
static int on_busy(void *arg, int count)
{
    struct sqlite_db *db = arg;
    int64_t now_ms = pk_clock_monotonic_ms();
    long nap_us = NAP_FIRST_US * (count + 1L);

    if (count == 0) {
        db->wait_since_ms = now_ms;
    }
    if (now_ms - db->wait_since_ms > PK_DB_BUSY_MS) {
        return 0;
    }
    nap_us = nap_us > NAP_MAX_US ? NAP_MAX_US : nap_us;
    (void)nanosleep(&(struct timespec){ .tv_nsec = nap_us * 1000 }, NULL);
    return 1;
}

static int sqlite_exec(struct pk_db *db, const char *sql, struct pk_error *err)
{
    errno = 0;
    return sqlite3_exec(handle_of(db), sql, NULL, NULL, NULL) == SQLITE_OK
            ? PK_OK
            : fail(handle_of(db), err);
}

static int run_cached(struct pk_db *db, const char *sql, struct pk_error *err)
{
    struct pk_stmt *stmt;
    int rc = pk_db_prepare(db, sql, &stmt, err);

    if (rc == PK_OK) {
        rc = pk_stmt_step(stmt, err);
    }
    return rc;
}

static int sqlite_begin(struct pk_db *db, struct pk_error *err)
{
    return run_cached(db, "BEGIN IMMEDIATE", err);
}

static int sqlite_commit(struct pk_db *db, struct pk_error *err)
{
    return run_cached(db, "COMMIT", err);
}

static void sqlite_rollback(struct pk_db *db)
{
    /* After some errors SQLite has rolled back by itself. */
    if (!sqlite3_get_autocommit(handle_of(db))) {
        (void)sqlite3_exec(handle_of(db), "ROLLBACK", NULL, NULL, NULL);
    }
}

static int sqlite_prepare(
        struct pk_db *db, const char *sql, struct pk_stmt **out, struct pk_error *err)
{
    struct sqlite_stmt *stmt = calloc(1, sizeof(*stmt));

    if (stmt == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (sqlite3_prepare_v3(handle_of(db), sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt->handle,
                NULL) != SQLITE_OK) {
        free(stmt);
        return fail(handle_of(db), err);
    }
    *out = &stmt->common;
    return PK_OK;
}

static int sqlite_ready(struct pk_stmt *stmt, struct pk_error *err)
{
    return PK_OK;
}

static void sqlite_finish(struct pk_stmt *stmt)
{
    (void)sqlite3_finalize(own(stmt)->handle);
    free(stmt);
}

static void sqlite_close(struct pk_db *db)
{
    (void)sqlite3_close_v2(handle_of(db));
    free(db);
}

static void bound(struct pk_stmt *stmt, int rc)
{
    if (rc != SQLITE_OK && own(stmt)->bind_rc == SQLITE_OK) {
        own(stmt)->bind_rc = rc;
    }
}

static void sqlite_bind_int(struct pk_stmt *stmt, int index, int64_t value)
{
    bound(stmt, sqlite3_bind_int64(own(stmt)->handle, index, value));
}

static void sqlite_bind_real(struct pk_stmt *stmt, int index, double value)
{
    bound(stmt, sqlite3_bind_double(own(stmt)->handle, index, value));
}

static void sqlite_bind_text(struct pk_stmt *stmt, int index, const char *value)
{
    bound(stmt,
            value == NULL
                    ? sqlite3_bind_null(own(stmt)->handle, index)
                    : sqlite3_bind_text(own(stmt)->handle, index, value, -1, SQLITE_TRANSIENT));
}

static void sqlite_bind_blob(struct pk_stmt *stmt, int index, struct pk_slice value)
{
    bound(stmt,
            sqlite3_bind_blob64(own(stmt)->handle, index,
                    value.len > 0 ? value.ptr : (const void *)"", value.len, SQLITE_TRANSIENT));
}

static int sqlite_step(struct pk_stmt *stmt, struct pk_error *err)
{
    struct sqlite_stmt *s = own(stmt);
    int rc;

    if (s->bind_rc != SQLITE_OK) {
        rc = s->bind_rc == SQLITE_NOMEM ? PK_ENOMEM : PK_EINVAL;
        return pk_error_set(err, rc, "database: cannot bind: %s", sqlite3_errstr(s->bind_rc));
    }
    errno = 0;
    rc = sqlite3_step(s->handle);
    if (rc == SQLITE_ROW) {
        return 1;
    }
    if (rc != SQLITE_DONE) {
        rc = fail(handle_of(stmt->db), err);
        (void)sqlite3_reset(s->handle);
        return rc;
    }
    (void)sqlite3_reset(s->handle);
    return PK_OK;
}

static int64_t sqlite_changes(struct pk_stmt *stmt)
{
    return sqlite3_changes64(handle_of(stmt->db));
}

static void sqlite_reset(struct pk_stmt *stmt)
{
    (void)sqlite3_reset(own(stmt)->handle);
    (void)sqlite3_clear_bindings(own(stmt)->handle);
    own(stmt)->bind_rc = SQLITE_OK;
}

static int64_t sqlite_column_int(struct pk_stmt *stmt, int index)
{
    return sqlite3_column_int64(own(stmt)->handle, index);
}

static double sqlite_column_real(struct pk_stmt *stmt, int index)
{
    return sqlite3_column_double(own(stmt)->handle, index);
}

static const char *sqlite_column_text(struct pk_stmt *stmt, int index)
{
    return (const char *)sqlite3_column_text(own(stmt)->handle, index);
}

static struct pk_slice sqlite_column_blob(struct pk_stmt *stmt, int index)
{
    const void *ptr = sqlite3_column_blob(own(stmt)->handle, index);

    return pk_slice_of(ptr, (size_t)sqlite3_column_bytes(own(stmt)->handle, index));
}

static bool sqlite_column_is_null(struct pk_stmt *stmt, int index)
{
    return sqlite3_column_type(own(stmt)->handle, index) == SQLITE_NULL;
}

static const struct pk_db_driver sqlite_driver = {
    .engine = PK_ENGINE_SQLITE,
    .exec = sqlite_exec,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .prepare = sqlite_prepare,
    .ready = sqlite_ready,
    .finish = sqlite_finish,
    .close = sqlite_close,
    .bind_int = sqlite_bind_int,
    .bind_real = sqlite_bind_real,
    .bind_text = sqlite_bind_text,
    .bind_blob = sqlite_bind_blob,
    .step = sqlite_step,
    .changes = sqlite_changes,
    .reset = sqlite_reset,
    .column_int = sqlite_column_int,
    .column_real = sqlite_column_real,
    .column_text = sqlite_column_text,
    .column_blob = sqlite_column_blob,
    .column_is_null = sqlite_column_is_null,
};

/* The database holds personal data: nobody else may read it, not even for a moment. SQLite gives
 * its log the same mode. Only a new file is touched: closing any descriptor of a database would
 * drop the locks that other connections of this process hold on it (fcntl(2)). */
static int make_file(const char *path, struct pk_error *err)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    int rc = PK_OK;
    int fd;

    if (strcmp(path, ":memory:") == 0) {
        return PK_OK;
    }
    pthread_mutex_lock(&lock);
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
        (void)close(fd);
    } else if (errno != EEXIST) {
        rc = pk_error_set(err, -errno, "'%s': %s", path, pk_code_text(-errno));
    }
    pthread_mutex_unlock(&lock);
    return rc;
}

/* A change to WAL needs the file alone for a moment and does not always ask the busy handler. */
static int set_up(struct sqlite_db *db, struct pk_error *err)
{
    static const char pragmas[] = "PRAGMA journal_mode=WAL;"
                                  "PRAGMA synchronous=FULL;"
                                  "PRAGMA foreign_keys=ON;"
                                  "PRAGMA trusted_schema=OFF;"
                                  "PRAGMA secure_delete=ON;" /* what is deleted is gone */
                                  "PRAGMA mmap_size=0;"
                                  "PRAGMA temp_store=MEMORY;"
                                  "PRAGMA journal_size_limit=" WAL_KEEP_BYTES ";";
    int64_t until_ms = pk_clock_monotonic_ms() + PK_DB_BUSY_MS;
    int rc;

    do {
        rc = sqlite_exec(&db->common, pragmas, err);
        if (rc == PK_EBUSY) {
            (void)nanosleep(&(struct timespec){ .tv_nsec = NAP_MAX_US * 1000L }, NULL);
        }
    } while (rc == PK_EBUSY && pk_clock_monotonic_ms() < until_ms);
    return rc;
}

int pk_sqlite_open(const char *path, struct pk_db **out, struct pk_error *err)
{
    struct sqlite_db *db;
    int rc = make_file(path, err);

    if (rc < 0) {
        return rc;
    }
    db = calloc(1, sizeof(*db));
    if (db == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    db->common.driver = &sqlite_driver;
    if (sqlite3_open_v2(path, &db->handle,
                SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                        SQLITE_OPEN_EXRESCODE,
                NULL) != SQLITE_OK) {
        rc = fail(db->handle, err);
    } else {
        (void)sqlite3_busy_handler(db->handle, on_busy, db);
        rc = set_up(db, err);
    }
    if (rc < 0) {
        pk_error_prefix(err, "'%s'", path);
        sqlite_close(&db->common);
        return rc;
    }
    *out = &db->common;
    return PK_OK;
}
