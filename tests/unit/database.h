/* database.h - an empty database for one test, on the engine that PICKET_TEST_DB names: "sqlite"
 * (default; a file in a folder of its own) or "postgres" (a database of its own on the server that
 * tests/tools/with-postgres has started). */
#pragma once

#include <stdio.h>
#include <unistd.h>

#include "check.h"
#include "store/db.h"

struct test_database {
    char dir[64];
    char url[256];
    bool postgres;
};

static inline bool test_on_postgres(void)
{
    const char *engine = getenv("PICKET_TEST_DB");

    return engine != NULL && strcmp(engine, "postgres") == 0;
}

static inline void test_admin(const char *before, const char *name, const char *behind)
{
    struct pk_error err = { 0 };
    struct pk_db *db;
    char text[256];

    (void)snprintf(text, sizeof(text), "postgresql:///postgres?host=%s&user=picket",
            getenv("PICKET_TEST_PG_SOCKET"));
    if (pk_db_open(text, &db, &err) < 0) {
        fail_msg("%s", err.text);
    }
    (void)snprintf(text, sizeof(text), "%s %s %s", before, name, behind);
    if (pk_db_exec(db, text, &err) < 0) {
        fail_msg("%s", err.text);
    }
    pk_db_close(db);
}

static inline void test_database_start(struct test_database *t)
{
    static int count;

    memset(t, 0, sizeof(*t));
    (void)snprintf(t->dir, sizeof(t->dir), "/tmp/picket-test-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    t->postgres = test_on_postgres();
    if (t->postgres) {
        char name[48];

        (void)snprintf(name, sizeof(name), "t%d_%d", (int)getpid(), ++count);
        assert_non_null(getenv("PICKET_TEST_PG_SOCKET"));
        test_admin("CREATE DATABASE", name, "");
        (void)snprintf(t->url, sizeof(t->url), "postgresql:///%s?host=%s&user=picket", name,
                getenv("PICKET_TEST_PG_SOCKET"));
    } else {
        (void)snprintf(t->url, sizeof(t->url), "sqlite:%s/test.db", t->dir);
    }
}

static inline void test_database_end(struct test_database *t)
{
    static const char *const suffixes[] = { "", "-wal", "-shm" };
    char text[256];

    if (t->postgres) {
        char name[48];

        (void)sscanf(t->url, "postgresql:///%47[^?]", name); /* NOLINT: we wrote it */
        test_admin("DROP DATABASE", name, "WITH (FORCE)");
    }
    for (size_t i = 0; i < PK_COUNT(suffixes); i++) {
        (void)snprintf(text, sizeof(text), "%s/test.db%s", t->dir, suffixes[i]);
        (void)unlink(text);
    }
    (void)rmdir(t->dir);
}

/* Fails the test with the sentence of the error. */
#define assert_ok(call)                                       \
    do {                                                      \
        int rc_ = (call);                                     \
        if (rc_ < 0) {                                        \
            fail_msg("%s: %s (%s)", #call, pk_code_text(rc_), \
                    err.text[0] != '\0' ? err.text : "-");    \
        }                                                     \
    } while (0)
