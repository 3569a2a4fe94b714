/* What an app's proof says of the crowd's word counts devices aloud only above the organisation's own number; on both
 * engines. */
#include "base/clock.h"
#include "crowd/key.h"
#include "database.h"
#include "pipeline/apps_proof.h"
#include "pipeline/knowledge.h"
#include "store/crowd_rows.h"

#define NOW INT64_C(1795000000000)

struct bench {
    struct test_database database;
    struct pk_store *store;
    struct pk_arena *arena;
};

static struct pk_error err;
static const char hash[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    test_database_start(&b->database);
    assert_ok(pk_store_open(b->database.url, &b->store, &err));
    b->arena = pk_arena_create(16UL * 1024 * 1024);
    assert_non_null(b->arena);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    pk_store_close(b->store);
    pk_arena_destroy(b->arena);
    test_database_end(&b->database);
    free(b);
    return 0;
}

/* Seven devices speak against the file; the organisation tells numbers from `least` on (0: no shelf, the default). */
static int64_t told(struct bench *b, uint32_t least)
{
    struct pk_app_report report = { .sha256 = hash };
    struct pk_kanon kanon = pk_kanon_default;
    struct pk_knowledge *knowledge = NULL;
    struct pk_shelf *shelf = NULL;
    struct pk_app_proof proof;

    kanon.least[PK_KANON_VIEW] = least;
    if (least > 0) {
        assert_ok(pk_shelf_create(NULL, &kanon, &shelf));
        assert_ok(pk_knowledge_load(b->store, NULL, NULL, NOW, &knowledge, &err));
        pk_shelf_put(shelf, knowledge);
        knowledge = pk_shelf_take(shelf);
    }
    assert_ok(pk_apps_proof(
            b->store, pk_knowledge_kanon(knowledge), &report, NOW, b->arena, &proof, &err));
    assert_true(proof.file.bad);
    pk_knowledge_unref(knowledge);
    pk_shelf_destroy(shelf);
    return proof.file.devices;
}

static void test_counted_by_the_setting(void **state)
{
    struct bench *b = *state;
    struct pk_crowd_key key = pk_crowd_key_of_app(hash);
    struct pk_crowd_change_row row = {
        .thing = { .a = (int64_t)key.a, .b = (int64_t)key.b, .kind = (int)key.kind },
        .bad = true,
        .log_odds = 4,
        .at_ms = NOW,
        .devices = 7,
        .groups = 3,
    };

    assert_ok(pk_crowd_change_add(b->store, &row, &err));
    assert_int_equal(told(b, 0), 5); /* the default tells from 5 on, in steps */
    assert_int_equal(told(b, 2), 5);
    assert_int_equal(told(b, 7), 7);
    assert_int_equal(told(b, 8), 0);
    assert_int_equal(told(b, 20), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counted_by_the_setting, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("apps_words", tests, NULL, NULL);
}
