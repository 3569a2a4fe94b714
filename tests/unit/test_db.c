#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "database.h"
#include "store/schema.h"
#include "store/store.h"

static struct pk_error err;

struct bench {
    struct test_database database;
    struct pk_db *db;
};

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    test_database_start(&b->database);
    assert_ok(pk_db_open(b->database.url, &b->db, &err));
    assert_ok(pk_db_exec(b->db,
            b->database.postgres
                    ? "CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT, r DOUBLE PRECISION,"
                      " s TEXT, b BYTEA)"
                    : "CREATE TABLE t (id INTEGER PRIMARY KEY, n BIGINT, r REAL, s TEXT, b BLOB)",
            &err));
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    pk_db_close(b->db);
    test_database_end(&b->database);
    free(b);
    return 0;
}

static int insert(struct pk_db *db, int64_t id, const char *text)
{
    struct pk_stmt *stmt;
    int64_t n = pk_db_prepare(db, "INSERT INTO t (id, s) VALUES (?1, ?2)", &stmt, &err);

    if (n == PK_OK) {
        pk_bind_int(stmt, 1, id);
        pk_bind_text(stmt, 2, text);
        n = pk_stmt_run(stmt, &err);
    }
    return (int)n;
}

static int64_t count(struct pk_db *db)
{
    struct pk_stmt *stmt;
    int64_t n;

    assert_ok(pk_db_prepare(db, "SELECT count(*) FROM t", &stmt, &err));
    assert_int_equal(pk_stmt_step(stmt, &err), 1);
    n = pk_column_int(stmt, 0);
    pk_stmt_reset(stmt);
    return n;
}

static void test_values(void **state)
{
    struct bench *b = *state;
    static const uint8_t bytes[] = { 0, 1, 0xff, '\'', '\\', 0 };
    struct pk_slice blob;
    struct pk_stmt *stmt;

    assert_ok(pk_db_prepare(
            b->db, "INSERT INTO t (id, n, r, s, b) VALUES (?1, ?2, ?3, ?4, ?5)", &stmt, &err));
    pk_bind_int(stmt, 1, 1);
    pk_bind_int(stmt, 2, INT64_MIN);
    pk_bind_real(stmt, 3, 0.1);
    pk_bind_text(stmt, 4, "it's ?1 $1 \"ünïcode\"; DROP TABLE t;--");
    pk_bind_blob(stmt, 5, pk_slice_of(bytes, sizeof(bytes)));
    assert_int_equal(pk_stmt_run(stmt, &err), 1);
    assert_ok(pk_db_prepare(
            b->db, "INSERT INTO t (id, n, r, s, b) VALUES (?1, ?2, ?3, ?4, ?5)", &stmt, &err));
    pk_bind_int(stmt, 1, 2); /* the others were forgotten: NULL */
    pk_bind_blob(stmt, 5, (struct pk_slice){ 0 });
    assert_int_equal(pk_stmt_run(stmt, &err), 1);

    assert_ok(pk_db_prepare(b->db, "SELECT n, r, s, b FROM t ORDER BY id", &stmt, &err));
    assert_int_equal(pk_stmt_step(stmt, &err), 1);
    assert_true(pk_column_int(stmt, 0) == INT64_MIN);
    assert_true(pk_column_real(stmt, 1) == 0.1);
    assert_string_equal(pk_column_text(stmt, 2), "it's ?1 $1 \"ünïcode\"; DROP TABLE t;--");
    blob = pk_column_blob(stmt, 3);
    assert_int_equal(blob.len, sizeof(bytes));
    assert_memory_equal(blob.ptr, bytes, sizeof(bytes));
    assert_false(pk_column_is_null(stmt, 0));
    assert_int_equal(pk_stmt_step(stmt, &err), 1);
    assert_true(pk_column_is_null(stmt, 0));
    assert_int_equal(pk_column_int(stmt, 0), 0);
    assert_true(pk_column_real(stmt, 1) == 0);
    assert_null(pk_column_text(stmt, 2));
    assert_false(pk_column_is_null(stmt, 3));
    assert_int_equal(pk_column_blob(stmt, 3).len, 0);
    assert_int_equal(pk_stmt_step(stmt, &err), 0);
}

/* A question mark in a literal is text on both engines. */
static void test_quotes(void **state)
{
    struct bench *b = *state;
    struct pk_stmt *stmt;

    assert_ok(insert(b->db, 1, "?1") < 0 ? PK_EIO : PK_OK);
    assert_ok(pk_db_prepare(b->db,
            "SELECT s AS \"a?1\" FROM t WHERE s = '?1' AND id = ?1 AND s <> 'it''s ?2'", &stmt,
            &err));
    pk_bind_int(stmt, 1, 1);
    assert_int_equal(pk_stmt_step(stmt, &err), 1);
    assert_string_equal(pk_column_text(stmt, 0), "?1");
    pk_stmt_reset(stmt);
}

static void test_bad_sql(void **state)
{
    struct bench *b = *state;
    struct pk_stmt *stmt = NULL;

    assert_int_equal(pk_db_exec(b->db, "NO SUCH WORD", &err), PK_EINVAL);
    assert_int_equal(pk_db_prepare(b->db, "SELECT x FROM nowhere", &stmt, &err), PK_EINVAL);
    assert_null(stmt);
    assert_null(strchr(err.text, '\n'));
    assert_int_equal(insert(b->db, 1, "a"), 1); /* and the connection goes on */
}

static void test_unique(void **state)
{
    struct bench *b = *state;

    assert_int_equal(insert(b->db, 1, "a"), 1);
    assert_int_equal(insert(b->db, 1, "b"), PK_EEXIST);
    assert_int_equal(count(b->db), 1);
}

static void test_rollback(void **state)
{
    struct bench *b = *state;

    assert_ok(pk_db_begin(b->db, &err));
    assert_int_equal(pk_db_begin(b->db, &err), PK_EINVAL);
    assert_int_equal(insert(b->db, 1, "a"), 1);
    pk_db_rollback(b->db);
    assert_int_equal(count(b->db), 0);
    pk_db_rollback(b->db); /* harmless */
    assert_int_equal(pk_db_commit(b->db, &err), PK_EINVAL);
}

/* One failed statement and nothing of the transaction stays, on both engines. */
static void test_doomed(void **state)
{
    struct bench *b = *state;

    assert_int_equal(insert(b->db, 1, "a"), 1);
    assert_ok(pk_db_begin(b->db, &err));
    assert_int_equal(insert(b->db, 2, "b"), 1);
    assert_int_equal(insert(b->db, 1, "c"), PK_EEXIST);
    assert_int_equal(pk_db_commit(b->db, &err), PK_EEXIST);
    assert_int_equal(count(b->db), 1);
    assert_ok(pk_db_begin(b->db, &err));
    assert_int_equal(insert(b->db, 2, "b"), 1);
    assert_ok(pk_db_commit(b->db, &err));
    assert_int_equal(count(b->db), 2);
}

static void test_once(void **state)
{
    struct bench *b = *state;
    struct pk_stmt *stmt;

    for (int i = 0; i < 3; i++) {
        assert_ok(pk_db_prepare_once(b->db, "SELECT ?1 + 1 FROM t", &stmt, &err));
        pk_stmt_finish(stmt);
    }
    assert_ok(pk_db_prepare(b->db, "SELECT 1", &stmt, &err));
    pk_stmt_finish(stmt); /* a cached one lives on */
    assert_int_equal(pk_stmt_step(stmt, &err), 1);
    pk_stmt_reset(stmt);
    pk_stmt_finish(NULL);
}

static void test_urls(void **state)
{
    struct pk_db *db = NULL;

    (void)state;
    assert_int_equal(pk_db_open("mysql://root:secret@host", &db, &err), PK_EINVAL);
    assert_null(strstr(err.text, "secret"));
    assert_int_equal(pk_db_open("sqlite:", &db, &err), PK_EINVAL);
    assert_int_equal(pk_db_open("sqlite:/no/such/folder/x.db", &db, &err), PK_ENOENT);
    assert_int_equal(pk_db_open("postgresql:///x?host=/no/such/folder&user=u", &db, &err), PK_EIO);
    assert_null(db);
}

/* ---- one engine ---- */

static void test_file_mode(void **state)
{
    struct bench *b = *state;
    static const char *const suffixes[] = { "", "-wal", "-shm" };
    char path[256];
    struct stat st;

    for (size_t i = 0; i < PK_COUNT(suffixes); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", b->database.url + 7, suffixes[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

static void test_not_a_database(void **state)
{
    struct bench *b = *state;
    struct pk_db *db = NULL;
    char url[128];
    FILE *f;

    (void)snprintf(url, sizeof(url), "sqlite:%s/text", b->database.dir);
    f = fopen(url + 7, "w");
    assert_non_null(f);
    for (int i = 0; i < 1000; i++) {
        (void)fputs("this is no database\n", f);
    }
    assert_int_equal(fclose(f), 0);
    assert_int_equal(pk_db_open(url, &db, &err), PK_EMALF);
    assert_null(db);
    assert_int_equal(unlink(url + 7), 0);
}

/* The server ends our connection: what was open is lost with a clear code, the next begin works. */
static void test_reconnect(void **state)
{
    struct bench *b = *state;
    struct pk_db *other;

    assert_int_equal(insert(b->db, 1, "a"), 1);
    assert_ok(pk_db_open(b->database.url, &other, &err));
    assert_ok(pk_db_begin(b->db, &err));
    assert_int_equal(insert(b->db, 2, "b"), 1);
    assert_ok(pk_db_exec(other,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
            &err));
    assert_int_equal(insert(b->db, 3, "c"), PK_EIO);
    assert_int_equal(insert(b->db, 4, "d"), PK_EIO);
    assert_int_equal(pk_db_commit(b->db, &err), PK_EIO);
    assert_ok(pk_db_begin(b->db, &err));
    assert_int_equal(insert(b->db, 5, "e"), 1);
    assert_ok(pk_db_commit(b->db, &err));
    assert_int_equal(count(b->db), 2);

    /* gone between two transactions: nobody notices */
    assert_ok(pk_db_exec(other,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
            &err));
    assert_ok(pk_db_begin(b->db, &err));
    assert_int_equal(insert(b->db, 6, "f"), 1);
    assert_ok(pk_db_commit(b->db, &err));
    assert_int_equal(count(b->db), 3);
    pk_db_close(other);
}

/* No space: the code says so, nothing is half there, and it goes on when space is back. */
static void test_full(void **state)
{
    struct bench *b = *state;
    static char large[100000];
    struct rlimit old;

    memset(large, 'x', sizeof(large) - 1);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 200000, old.rlim_max }), 0);
    assert_ok(pk_db_begin(b->db, &err));
    assert_int_equal(insert(b->db, 1, "small"), 1);
    for (int64_t i = 2; i < 6; i++) {
        (void)insert(b->db, i, large); /* the cache takes them, the log does not */
    }
    assert_int_equal(pk_db_commit(b->db, &err), PK_ENOSPC);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(count(b->db), 0);
    assert_ok(pk_db_begin(b->db, &err));
    assert_int_equal(insert(b->db, 1, large), 1);
    assert_int_equal(insert(b->db, 2, large), 1);
    assert_ok(pk_db_commit(b->db, &err));
    assert_int_equal(count(b->db), 2);
}

/* A reader is not in the way of a writer, a writer is in the way of another one. */
static void test_busy(void **state)
{
    struct bench *b = *state;
    struct pk_db *other;

    assert_ok(pk_db_open(b->database.url, &other, &err));
    assert_ok(pk_db_exec(other, "PRAGMA busy_timeout = 50", &err)); /* instead of 10 s */
    assert_ok(pk_db_begin(b->db, &err));
    assert_int_equal(insert(b->db, 1, "a"), 1);
    assert_int_equal(count(other), 0);
    assert_int_equal(pk_db_begin(other, &err), PK_EBUSY);
    assert_ok(pk_db_commit(b->db, &err));
    assert_ok(pk_db_begin(other, &err));
    assert_int_equal(count(other), 1);
    pk_db_close(other); /* and what is open is rolled back */
}

/* What a real server answers, though its disk is not full. */
static void test_server_codes(void **state)
{
    static const struct {
        const char *sql;
        int rc;
    } rows[] = {
        { "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '53100'; END $$", PK_ENOSPC },
        { "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '53300'; END $$", PK_EBUSY },
        { "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '55P03'; END $$", PK_EBUSY },
        { "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$", PK_EBUSY },
        { "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '58030'; END $$", PK_EIO },
        { "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '42501'; END $$", PK_EACCES },
        { "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '22012'; END $$", PK_EINVAL },
    };
    struct bench *b = *state;

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        assert_int_equal(pk_db_exec(b->db, rows[i].sql, &err), rows[i].rc);
    }
}

/* ---- migrations ---- */

static void test_migrations(void **state)
{
    struct bench *b = *state;
    static const char *const steps[] = { "CREATE TABLE m (id {serial}, s {text}, b {blob})",
        "INSERT INTO m (s) VALUES ('two')", "NO SUCH WORD" };
    struct pk_stmt *stmt;

    assert_ok(pk_schema_migrate(b->db, "part", steps, 1, &err));
    assert_ok(pk_schema_migrate(b->db, "part", steps, 1, &err));
    assert_ok(pk_schema_migrate(b->db, "part", steps, 2, &err));
    assert_ok(pk_schema_migrate(b->db, "part", steps, 2, &err));
    assert_ok(pk_db_prepare(b->db, "SELECT count(*) FROM m", &stmt, &err));
    assert_int_equal(pk_stmt_step(stmt, &err), 1);
    assert_int_equal(pk_column_int(stmt, 0), 1);
    pk_stmt_reset(stmt);
    /* a step that fails leaves the version before it */
    assert_int_equal(pk_schema_migrate(b->db, "part", steps, 3, &err), PK_EINVAL);
    assert_ok(pk_schema_migrate(b->db, "part", steps, 2, &err));
    /* an older program keeps its hands off */
    assert_int_equal(pk_schema_migrate(b->db, "part", steps, 1, &err), PK_EINVAL);
    assert_non_null(strstr(err.text, "newer"));
}

static void test_store_schema(void **state)
{
    struct bench *b = *state;
    struct pk_store *store = NULL;

    assert_ok(pk_store_open(b->database.url, &store, &err));
    pk_store_close(store);
    store = NULL;
    assert_ok(pk_store_open(b->database.url, &store, &err));
    assert_ok(pk_meta_put(store, "store_schema", "99", &err));
    pk_store_close(store);
    store = NULL;
    assert_int_equal(pk_store_open(b->database.url, &store, &err), PK_EINVAL);
    assert_non_null(strstr(err.text, "newer"));
    assert_null(store);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#define ON_BOTH                                                                       \
    TEST(test_values), TEST(test_quotes), TEST(test_bad_sql), TEST(test_unique),      \
            TEST(test_rollback), TEST(test_doomed), TEST(test_once), TEST(test_urls), \
            TEST(test_migrations), TEST(test_store_schema)

int main(void)
{
    const struct CMUnitTest on_sqlite[] = { ON_BOTH, TEST(test_file_mode),
        TEST(test_not_a_database), TEST(test_full), TEST(test_busy) };
    const struct CMUnitTest on_postgres[] = { ON_BOTH, TEST(test_reconnect),
        TEST(test_server_codes) };

    return test_on_postgres() ? cmocka_run_group_tests(on_postgres, NULL, NULL)
                              : cmocka_run_group_tests(on_sqlite, NULL, NULL);
}
