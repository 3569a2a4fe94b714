#include <endian.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "store/db_driver.h"

#define SQL_MAX        (64UL * 1024)
#define PARAMETERS_MAX 128
#define LOCK_SPACE     "7041" /* ours among the advisory locks of the database */

/* Object ids of the built-in types that come back in binary form: pg_type.dat. */
enum oid {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
};

struct pg_db {
    struct pk_db common;
    PGconn *conn;
    uint64_t session; /* counts connections: statements live as long as one */
    uint64_t named;   /* statements named so far */
};

struct pg_stmt {
    struct pk_stmt common;
    char name[24];
    char *sql;        /* with $1 for ?1 */
    uint64_t session; /* in which it is prepared; 0: none */
    int count;        /* parameters */
    char *values[PARAMETERS_MAX];
    int lengths[PARAMETERS_MAX];
    int formats[PARAMETERS_MAX];
    PGresult *result;
    int row;
    int64_t changes;
    int bind_rc;
};

static struct pg_db *own_db(struct pk_db *db)
{
    return (struct pg_db *)db;
}

static struct pg_stmt *own(struct pk_stmt *stmt)
{
    return (struct pg_stmt *)stmt;
}

/* ---- errors ---- */

/* https://www.postgresql.org/docs/15/errcodes-appendix.html */
static int code_of(const char *state)
{
    static const struct {
        const char *prefix;
        int code;
    } rows[] = {
        { "53100", PK_ENOSPC }, /* disk_full */
        { "53200", PK_ENOMEM }, /* out_of_memory */
        { "23505", PK_EEXIST }, /* unique_violation */
        { "55P03", PK_EBUSY },  /* lock_not_available */
        { "40", PK_EBUSY },     /* deadlock, serialization failure */
        { "53", PK_EBUSY },     /* too many connections and the like */
        { "57", PK_EIO },       /* the server shuts down */
        { "58", PK_EIO },       /* its files fail */
        { "08", PK_EIO },       /* the connection fails */
        { "42501", PK_EACCES }, { "28", PK_EACCES }, { "XX", PK_EMALF }, /* damaged data */
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        if (strncmp(state, rows[i].prefix, strlen(rows[i].prefix)) == 0) {
            return rows[i].code;
        }
    }
    return PK_EINVAL;
}

/* One line: the server's words end with a newline and may hold more. */
static int fail_text(struct pk_error *err, int code, const char *text)
{
    return pk_error_set(err, code, "database: %.*s", (int)strcspn(text, "\n"), text);
}

static int fail(struct pk_db *db, const PGresult *result, struct pk_error *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (PQstatus(own_db(db)->conn) != CONNECTION_OK) {
        return fail_text(err, PK_EIO, "the connection to the server is lost");
    }
    if (state == NULL) {
        return fail_text(err, PK_EIO, PQerrorMessage(own_db(db)->conn));
    }
    return fail_text(err, code_of(state), text != NULL ? text : state);
}

/* ---- the connection ---- */

static void no_notice(void *arg, const char *message)
{
}

static int pg_exec(struct pk_db *db, const char *sql, struct pk_error *err)
{
    PGresult *result = PQexec(own_db(db)->conn, sql);
    ExecStatusType status = PQresultStatus(result);
    int rc = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? PK_OK
                                                                     : fail(db, result, err);

    PQclear(result);
    return rc;
}

static int session_start(struct pg_db *db, struct pk_error *err)
{
    char sql[240];

    if (PQstatus(db->conn) != CONNECTION_OK) {
        return fail_text(err, PK_EIO, PQerrorMessage(db->conn));
    }
    db->session++;
    (void)PQsetNoticeProcessor(db->conn, no_notice, NULL);
    (void)snprintf(sql, sizeof(sql),
            "SET lock_timeout = %d; SET client_encoding = 'UTF8'; SET synchronous_commit = on;"
            " SET standard_conforming_strings = on; SET bytea_output = 'hex'",
            PK_DB_BUSY_MS);
    return pg_exec(&db->common, sql, err);
}

/* Between transactions a lost connection is made anew; inside one it must first end. */
static int connected(struct pk_db *db, struct pk_error *err)
{
    struct pg_db *pg = own_db(db);

    if (PQstatus(pg->conn) == CONNECTION_OK) {
        return PK_OK;
    }
    if (db->open) {
        return fail_text(err, PK_EIO, "the connection to the server is lost");
    }
    PQreset(pg->conn);
    return session_start(pg, err);
}

static void pg_close(struct pk_db *db)
{
    PQfinish(own_db(db)->conn);
    free(db);
}

/* ---- transactions ---- */

static int try_begin(struct pk_db *db, struct pk_error *err)
{
    char sql[120];

    (void)snprintf(sql, sizeof(sql), "BEGIN; SELECT pg_advisory_xact_lock(" LOCK_SPACE ", %d)",
            (int)db->writers);
    return pg_exec(db, sql, err);
}

static void pg_rollback(struct pk_db *db)
{
    PQclear(PQexec(own_db(db)->conn, "ROLLBACK"));
}

static int pg_begin(struct pk_db *db, struct pk_error *err)
{
    int rc = connected(db, err);

    if (rc < 0) {
        return rc;
    }
    rc = try_begin(db, err);
    if (rc == PK_EIO && PQstatus(own_db(db)->conn) != CONNECTION_OK) {
        /* The server went away while nothing was asked of it: nothing is lost yet. */
        rc = connected(db, err);
        rc = rc == PK_OK ? try_begin(db, err) : rc;
    }
    if (rc < 0) {
        pg_rollback(db);
    }
    return rc;
}

static int pg_commit(struct pk_db *db, struct pk_error *err)
{
    PGresult *result = PQexec(own_db(db)->conn, "COMMIT");
    int rc = PK_OK;

    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        rc = fail(db, result, err);
    } else if (strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        rc = fail_text(err, PK_EIO, "the server rolled the transaction back");
    }
    PQclear(result);
    return rc;
}

/* ---- statements ---- */

/* "?12" becomes "$12" outside of quotes; counts the parameters. */
static char *translate(const char *sql, int *count)
{
    struct pk_buffer out = pk_buffer_of(SQL_MAX);
    char quote = '\0';

    *count = 0;
    for (const char *p = sql; *p != '\0'; p++) {
        if (quote != '\0') {
            quote = *p == quote ? '\0' : quote;
        } else if (*p == '\'' || *p == '"') {
            quote = *p;
        } else if (*p == '?') {
            long n = strtol(p + 1, NULL, 10);

            *count = n > *count ? (int)n : *count;
            (void)pk_buffer_putc(&out, '$');
            continue;
        }
        (void)pk_buffer_putc(&out, *p);
    }
    if (out.rc < 0 || *count > PARAMETERS_MAX) {
        pk_buffer_finish(&out);
        return NULL;
    }
    return pk_buffer_take(&out);
}

static int server_prepare(struct pg_stmt *stmt, struct pk_db *db, struct pk_error *err)
{
    PGresult *result = PQprepare(own_db(db)->conn, stmt->name, stmt->sql, 0, NULL);
    int rc = PK_OK;

    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        rc = fail(db, result, err);
    } else {
        stmt->session = own_db(db)->session;
    }
    PQclear(result);
    return rc;
}

static int prepare_again(struct pg_stmt *stmt, struct pk_db *db, struct pk_error *err)
{
    int rc = connected(db, err);

    if (rc == PK_OK && stmt->session != own_db(db)->session) {
        rc = server_prepare(stmt, db, err);
    }
    return rc;
}

static int pg_ready(struct pk_stmt *stmt, struct pk_error *err)
{
    return prepare_again(own(stmt), stmt->db, err);
}

static int pg_prepare(struct pk_db *db, const char *sql, struct pk_stmt **out, struct pk_error *err)
{
    struct pg_stmt *stmt = calloc(1, sizeof(*stmt));
    int rc;

    if (stmt == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    (void)snprintf(
            stmt->name, sizeof(stmt->name), "s%llu", (unsigned long long)++own_db(db)->named);
    stmt->sql = translate(sql, &stmt->count);
    rc = stmt->sql == NULL ? pk_error_set(err, PK_ELIMIT, "database: the statement is too large")
                           : prepare_again(stmt, db, err);
    if (rc < 0) {
        free(stmt->sql);
        free(stmt);
        return rc;
    }
    *out = &stmt->common;
    return PK_OK;
}

static void drop_result(struct pg_stmt *stmt)
{
    PQclear(stmt->result);
    stmt->result = NULL;
    stmt->row = 0;
}

static void pg_reset(struct pk_stmt *stmt)
{
    struct pg_stmt *s = own(stmt);

    drop_result(s);
    for (int i = 0; i < s->count; i++) {
        free(s->values[i]);
        s->values[i] = NULL;
        s->lengths[i] = 0;
        s->formats[i] = 0;
    }
    s->bind_rc = PK_OK;
}

static void pg_finish(struct pk_stmt *stmt)
{
    struct pg_stmt *s = own(stmt);

    pg_reset(stmt);
    if (!stmt->cached && PQtransactionStatus(own_db(stmt->db)->conn) != PQTRANS_INERROR &&
            s->session == own_db(stmt->db)->session) {
        char sql[48];

        (void)snprintf(sql, sizeof(sql), "DEALLOCATE %s", s->name);
        PQclear(PQexec(own_db(stmt->db)->conn, sql));
    }
    free(s->sql);
    free(s);
}

static void bind(struct pk_stmt *stmt, int index, const void *bytes, size_t len, int format)
{
    struct pg_stmt *s = own(stmt);
    char *copy;

    if (index < 1 || index > s->count || len > INT32_MAX - 1) {
        s->bind_rc = PK_EINVAL;
        return;
    }
    free(s->values[index - 1]);
    s->values[index - 1] = NULL;
    s->formats[index - 1] = format;
    if (bytes == NULL) {
        return;
    }
    copy = malloc(len + 1);
    if (copy == NULL) {
        s->bind_rc = PK_ENOMEM;
        return;
    }
    memcpy(copy, bytes, len);
    copy[len] = '\0';
    s->values[index - 1] = copy;
    s->lengths[index - 1] = (int)len;
}

static void pg_bind_int(struct pk_stmt *stmt, int index, int64_t value)
{
    char text[24];
    int len = snprintf(text, sizeof(text), "%lld", (long long)value);

    bind(stmt, index, text, (size_t)len, 0);
}

static void pg_bind_real(struct pk_stmt *stmt, int index, double value)
{
    char text[40];
    int len = snprintf(text, sizeof(text), "%.17g", value);

    bind(stmt, index, text, (size_t)len, 0);
}

static void pg_bind_text(struct pk_stmt *stmt, int index, const char *value)
{
    bind(stmt, index, value, value != NULL ? strlen(value) : 0, 0);
}

static void pg_bind_blob(struct pk_stmt *stmt, int index, struct pk_slice value)
{
    bind(stmt, index, value.ptr != NULL ? (const void *)value.ptr : "", value.len, 1);
}

static int run(struct pg_stmt *s, struct pk_db *db, struct pk_error *err)
{
    ExecStatusType status;

    if (s->session != own_db(db)->session) {
        return fail_text(err, PK_EIO, "the connection to the server is lost");
    }
    s->result = PQexecPrepared(own_db(db)->conn, s->name, s->count, (const char *const *)s->values,
            s->lengths, s->formats, 1);
    s->row = -1;
    status = PQresultStatus(s->result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        int rc = fail(db, s->result, err);

        drop_result(s);
        return rc;
    }
    s->changes = strtoll(PQcmdTuples(s->result), NULL, 10);
    return PK_OK;
}

static int pg_step(struct pk_stmt *stmt, struct pk_error *err)
{
    struct pg_stmt *s = own(stmt);

    if (s->bind_rc < 0) {
        return pk_error_set(err, s->bind_rc, "database: cannot bind a parameter");
    }
    if (s->result == NULL) {
        int rc = run(s, stmt->db, err);

        if (rc < 0) {
            return rc;
        }
    }
    if (++s->row < PQntuples(s->result)) {
        return 1;
    }
    drop_result(s);
    return 0;
}

static int64_t pg_changes(struct pk_stmt *stmt)
{
    return own(stmt)->changes;
}

/* ---- columns: binary form, big-endian ---- */

static bool pg_column_is_null(struct pk_stmt *stmt, int index)
{
    struct pg_stmt *s = own(stmt);

    return s->result == NULL || PQgetisnull(s->result, s->row, index) != 0;
}

static int64_t pg_column_int(struct pk_stmt *stmt, int index)
{
    struct pg_stmt *s = own(stmt);
    const char *bytes;
    uint64_t u64;
    uint32_t u32;
    uint16_t u16;

    if (pg_column_is_null(stmt, index)) {
        return 0;
    }
    bytes = PQgetvalue(s->result, s->row, index);
    switch (PQftype(s->result, index)) {
    case OID_INT8:
        memcpy(&u64, bytes, sizeof(u64));
        return (int64_t)be64toh(u64);
    case OID_INT4:
        memcpy(&u32, bytes, sizeof(u32));
        return (int32_t)be32toh(u32);
    case OID_INT2:
        memcpy(&u16, bytes, sizeof(u16));
        return (int16_t)be16toh(u16);
    case OID_BOOL:
        return bytes[0];
    default:
        return strtoll(bytes, NULL, 10);
    }
}

static double pg_column_real(struct pk_stmt *stmt, int index)
{
    struct pg_stmt *s = own(stmt);
    const char *bytes;
    uint64_t u64;
    uint32_t u32;
    double real;
    float small;

    if (pg_column_is_null(stmt, index)) {
        return 0;
    }
    bytes = PQgetvalue(s->result, s->row, index);
    switch (PQftype(s->result, index)) {
    case OID_FLOAT8:
        memcpy(&u64, bytes, sizeof(u64));
        u64 = be64toh(u64);
        memcpy(&real, &u64, sizeof(real));
        return real;
    case OID_FLOAT4:
        memcpy(&u32, bytes, sizeof(u32));
        u32 = be32toh(u32);
        memcpy(&small, &u32, sizeof(small));
        return small;
    default:
        return (double)pg_column_int(stmt, index);
    }
}

static const char *pg_column_text(struct pk_stmt *stmt, int index)
{
    struct pg_stmt *s = own(stmt);

    /* libpq puts a NUL behind every value. */
    return pg_column_is_null(stmt, index) ? NULL : PQgetvalue(s->result, s->row, index);
}

static struct pk_slice pg_column_blob(struct pk_stmt *stmt, int index)
{
    struct pg_stmt *s = own(stmt);

    if (pg_column_is_null(stmt, index)) {
        return (struct pk_slice){ 0 };
    }
    return pk_slice_of(
            PQgetvalue(s->result, s->row, index), (size_t)PQgetlength(s->result, s->row, index));
}

static const struct pk_db_driver postgres_driver = {
    .engine = PK_ENGINE_POSTGRES,
    .exec = pg_exec,
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .prepare = pg_prepare,
    .ready = pg_ready,
    .finish = pg_finish,
    .close = pg_close,
    .bind_int = pg_bind_int,
    .bind_real = pg_bind_real,
    .bind_text = pg_bind_text,
    .bind_blob = pg_bind_blob,
    .step = pg_step,
    .changes = pg_changes,
    .reset = pg_reset,
    .column_int = pg_column_int,
    .column_real = pg_column_real,
    .column_text = pg_column_text,
    .column_blob = pg_column_blob,
    .column_is_null = pg_column_is_null,
};

/* A server that has vanished from the network must not hold the writer for ever. What the address
 * itself says stands behind these and wins. */
static PGconn *connect_to(const char *url)
{
    const char *const keys[] = { "connect_timeout", "tcp_user_timeout", "fallback_application_name",
        "dbname", NULL };
    const char *const values[] = { "10", "20000", "picket", url, NULL };

    return PQconnectdbParams(keys, values, 1);
}

int pk_postgres_open(const char *url, struct pk_db **out, struct pk_error *err)
{
    struct pg_db *db = calloc(1, sizeof(*db));
    int rc;

    if (db == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    db->common.driver = &postgres_driver;
    db->conn = connect_to(url);
    rc = session_start(db, err);
    if (rc < 0) {
        pg_close(&db->common);
        return rc;
    }
    *out = &db->common;
    return PK_OK;
}
