#include <pthread.h>

#include "base/clock.h"
#include "database.h"
#include "store/store.h"

/* Several threads, each with a store of its own, on one database. */

#define NOW     INT64_C(1795000000000)
#define THREADS 6
#define ROUNDS  40

struct worker {
    pthread_t thread;
    pthread_barrier_t *start;
    const char *url;
    int number;
    int rc;   /* first error */
    int wins; /* what this thread got */
    struct pk_error err;
};

static struct pk_error err;

static int set_up(void **state)
{
    struct test_database *t = calloc(1, sizeof(*t));

    assert_non_null(t);
    test_database_start(t);
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    test_database_end(*state);
    free(*state);
    return 0;
}

/* Runs fn in all threads at the same moment; the sum of their wins. */
static int together(const char *url, void *(*fn)(void *))
{
    struct worker workers[THREADS];
    pthread_barrier_t start;
    int wins = 0;

    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ .start = &start, .url = url, .number = i };
        assert_int_equal(pthread_create(&workers[i].thread, NULL, fn, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    }
    (void)pthread_barrier_destroy(&start);
    for (int i = 0; i < THREADS; i++) {
        if (workers[i].rc < 0) {
            fail_msg("%s: %s", pk_code_text(workers[i].rc), workers[i].err.text);
        }
        wins += workers[i].wins;
    }
    return wins;
}

/* ---- opening: the tables are made once ---- */

static void *open_one(void *arg)
{
    struct worker *w = arg;
    struct pk_store *store;

    (void)pthread_barrier_wait(w->start);
    w->rc = pk_store_open(w->url, &store, &w->err);
    if (w->rc == PK_OK) {
        w->wins = 1;
        pk_store_close(store);
    }
    return NULL;
}

static void test_open_together(void **state)
{
    const struct test_database *t = *state;

    assert_int_equal(together(t->url, open_one), THREADS);
}

/* ---- writing: every transaction is there, events in the order of commits ---- */

static int write_one(struct pk_store *store, struct worker *w, int round)
{
    char id[PK_ID_TEXT];
    struct pk_action action = { .kind = PK_ACTION_SIEM, .target = "soc" };
    int rc = pk_store_begin(store, &w->err);

    if (rc < 0) {
        return rc;
    }
    (void)snprintf(id, sizeof(id), "d-%d-%d", w->number, round);
    rc = pk_device_add(store, &(struct pk_device){ .id = id, .name = id }, &w->err);
    if (rc == PK_OK) {
        rc = pk_action_add(store, &action, &w->err);
    }
    if (rc == PK_OK) {
        rc = pk_event_add(store,
                &(struct pk_event_row){
                        .at_ms = NOW + round, .type = "device.enrolled", .device = id },
                &w->err);
    }
    if (round % 4 == 3) {
        pk_store_rollback(store); /* leaves a hole in the ids that nothing ever fills */
        return rc;
    }
    return rc == PK_OK ? pk_store_commit(store, &w->err) : rc;
}

static void *write_some(void *arg)
{
    struct worker *w = arg;
    struct pk_store *store;

    w->rc = pk_store_open(w->url, &store, &w->err);
    (void)pthread_barrier_wait(w->start);
    for (int i = 0; i < ROUNDS && w->rc == PK_OK; i++) {
        w->rc = write_one(store, w, i);
    }
    if (w->rc == PK_OK) {
        w->wins = ROUNDS;
    }
    pk_store_close(store);
    return NULL;
}

struct follower {
    pthread_t thread;
    const char *url;
    int seen;
    int rc;
};

/* Follows the stream while it grows: must get every event though it never looks back. */
static void *follow(void *arg)
{
    struct follower *f = arg;
    const int all = THREADS * ROUNDS * 3 / 4;
    int64_t until_ms = pk_clock_monotonic_ms() + 60000;
    struct pk_store *store;
    int64_t after = 0;

    f->rc = pk_store_open(f->url, &store, NULL);
    while (f->rc == PK_OK && f->seen < all && pk_clock_monotonic_ms() < until_ms) {
        struct pk_arena *arena = pk_arena_create(1024 * 1024);
        struct pk_array list = { 0 };

        f->rc = pk_event_after(store, after, 5, arena, &list, NULL);
        for (size_t i = 0; i < list.count; i++) {
            after = ((struct pk_event_row *)list.items)[i].id;
        }
        f->seen += (int)list.count;
        pk_arena_destroy(arena);
    }
    pk_store_close(store);
    return NULL;
}

static void test_write_together(void **state)
{
    const struct test_database *t = *state;
    struct follower follower = { .url = t->url };
    struct pk_arena *arena = pk_arena_create(16 * 1024 * 1024);
    struct pk_store *store;
    struct pk_query query = { .limit = 1 };
    struct pk_page page;

    assert_ok(pk_store_open(t->url, &store, &err));
    assert_int_equal(pthread_create(&follower.thread, NULL, follow, &follower), 0);
    assert_int_equal(together(t->url, write_some), THREADS * ROUNDS);
    assert_int_equal(pthread_join(follower.thread, NULL), 0);
    assert_int_equal(follower.rc, PK_OK);
    assert_int_equal(follower.seen, THREADS * ROUNDS * 3 / 4);
    assert_ok(pk_device_list(store, &query, arena, &page, &err));
    assert_int_equal(page.total, THREADS * ROUNDS * 3 / 4);
    pk_store_close(store);
    pk_arena_destroy(arena);
}

/* ---- taking: exactly as many winners as there is to take ---- */

static void *take_token(void *arg)
{
    struct worker *w = arg;
    struct pk_arena *arena = pk_arena_create(1024 * 1024);
    struct pk_store *store;
    struct pk_token token;
    int rc;

    w->rc = pk_store_open(w->url, &store, &w->err);
    (void)pthread_barrier_wait(w->start);
    if (w->rc == PK_OK) {
        rc = pk_token_take(store, PK_TOKEN_SIGNIN, "secret", NOW, arena, &token, &w->err);
        w->wins = rc == PK_OK ? 1 : 0;
        w->rc = rc == PK_ENOENT ? PK_OK : rc;
        pk_store_close(store);
    }
    pk_arena_destroy(arena);
    return NULL;
}

static void test_take_token_together(void **state)
{
    const struct test_database *t = *state;
    struct pk_store *store;

    assert_ok(pk_store_open(t->url, &store, &err));
    for (int i = 0; i < 10; i++) {
        char id[24];

        (void)snprintf(id, sizeof(id), "t-%d", i);
        assert_ok(pk_token_add(store,
                &(struct pk_token){ .id = id,
                        .kind = PK_TOKEN_SIGNIN,
                        .secret_sha256 = "secret",
                        .role = PK_ROLE_OWNER },
                &err));
        assert_int_equal(together(t->url, take_token), 1);
    }
    pk_store_close(store);
}

static void *take_enrollment(void *arg)
{
    struct worker *w = arg;
    struct pk_arena *arena = pk_arena_create(1024 * 1024);
    struct pk_enrollment e;
    struct pk_store *store;

    w->rc = pk_store_open(w->url, &store, &w->err);
    (void)pthread_barrier_wait(w->start);
    for (int i = 0; i < 5 && w->rc == PK_OK; i++) {
        int rc = pk_enrollment_take(store, "secret", NOW, arena, &e, &w->err);

        w->wins += rc == PK_OK ? 1 : 0;
        w->rc = rc == PK_ENOENT ? PK_OK : rc;
    }
    pk_store_close(store);
    pk_arena_destroy(arena);
    return NULL;
}

static void test_take_enrollment_together(void **state)
{
    const struct test_database *t = *state;
    struct pk_store *store;

    assert_ok(pk_store_open(t->url, &store, &err));
    assert_ok(pk_enrollment_add(store,
            &(struct pk_enrollment){ .id = "e-1",
                    .secret_sha256 = "secret",
                    .uses = 13,
                    .uses_left = 13,
                    .expires_ms = NOW + 1 },
            &err));
    assert_int_equal(together(t->url, take_enrollment), 13);
    pk_store_close(store);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_open_together),
        TEST(test_write_together),
        TEST(test_take_token_together),
        TEST(test_take_enrollment_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
