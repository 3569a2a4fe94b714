/* What the server's crowd keeps in the store, on both engines. */
#include "database.h"
#include "store/crowd_rows.h"

struct bench {
    struct test_database database;
    struct pk_store *store;
    struct pk_arena *arena;
};

static struct pk_error err;

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    test_database_start(&b->database);
    assert_ok(pk_store_open(b->database.url, &b->store, &err));
    b->arena = pk_arena_create(64UL * 1024 * 1024);
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

static void test_log(void **state)
{
    struct bench *b = *state;
    struct pk_crowd_log_row row = { 0 };
    int64_t offsets[4] = { 9, 9, 9, 9 };
    const int64_t reached[4] = { 10, 0, INT64_MAX, 3 };
    int64_t seq = 7;

    assert_ok(pk_crowd_base_get(b->store, &seq, offsets, 4, &err));
    assert_int_equal(seq, 0);
    assert_int_equal(offsets[2], 0);
    assert_int_equal(pk_crowd_log_next(b->store, 0, b->arena, &row, &err), PK_ENOENT);
    for (int64_t i = 1; i <= 5; i++) {
        row = (struct pk_crowd_log_row){ .seq = i, .text = i == 3 ? "" : "e 1 2\n" };
        assert_ok(pk_crowd_log_add(b->store, &row, &err));
    }
    assert_int_equal(pk_crowd_log_add(b->store, &row, &err), PK_EEXIST);
    assert_ok(pk_crowd_log_newest(b->store, &seq, &err));
    assert_int_equal(seq, 5);
    assert_ok(pk_crowd_base_put(b->store, 2, reached, 4, &err));
    assert_ok(pk_crowd_log_next(b->store, 0, b->arena, &row, &err));
    assert_int_equal(row.seq, 3);
    assert_string_equal(row.text, "");
    assert_ok(pk_crowd_base_get(b->store, &seq, offsets, 4, &err));
    assert_int_equal(seq, 2);
    assert_memory_equal(offsets, reached, sizeof(reached));
}

static void test_words(void **state)
{
    struct bench *b = *state;
    const struct pk_crowd_word *words;
    struct pk_array list;

    for (int i = 0; i < 5; i++) {
        assert_ok(pk_crowd_word_add(b->store, i == 0 ? "t 1\n" : "t 2\n", &err));
    }
    assert_ok(pk_crowd_words_after(b->store, 0, 3, b->arena, &list, &err));
    assert_int_equal(list.count, 3);
    words = list.items;
    assert_string_equal(words[0].text, "t 1\n");
    assert_true(words[0].id < words[1].id && words[1].id < words[2].id);
    assert_ok(pk_crowd_words_drop(b->store, words[2].id, &err));
    assert_ok(pk_crowd_words_after(b->store, 0, 10, b->arena, &list, &err));
    assert_int_equal(list.count, 2);
}

static void test_findings(void **state)
{
    struct bench *b = *state;
    struct pk_crowd_thing thing = { .a = -1, .b = INT64_MIN, .kind = 2 };
    struct pk_crowd_thing other = { .a = -1, .b = 5, .kind = 2 };
    struct pk_crowd_finding_row row = {
        .thing = thing, .threat = "network.known_bad", .subject = "net-1", .part = "p", .at_ms = 5
    };
    struct pk_array list;
    const struct pk_crowd_finding_row *rows;

    for (int i = 0; i < 5; i++) {
        row.device = pk_arena_printf(b->arena, "device-%d", i);
        assert_ok(pk_crowd_finding_put(b->store, &row, &err));
        row.at_ms = 9;
        assert_ok(pk_crowd_finding_put(b->store, &row, &err)); /* the same one, newer */
    }
    row.thing = other;
    assert_ok(pk_crowd_finding_put(b->store, &row, &err));
    assert_ok(pk_crowd_findings_of(b->store, &thing, 3, b->arena, &list, &err));
    assert_int_equal(list.count, 3);
    rows = list.items;
    assert_true(rows[0].thing.b == INT64_MIN && rows[0].at_ms == 9);
    assert_string_equal(rows[0].device, "device-0");
    assert_ok(pk_crowd_finding_drop(b->store, &rows[0], &err));
    assert_ok(pk_crowd_findings_forget(b->store, "device-4", &err));
    assert_ok(pk_crowd_findings_of(b->store, &thing, 9, b->arena, &list, &err));
    assert_int_equal(list.count, 3);
    assert_ok(pk_crowd_findings_of(b->store, &other, 9, b->arena, &list, &err));
    assert_int_equal(list.count, 0);
}

static int64_t change(struct bench *b, int64_t a, bool bad, int64_t at_ms)
{
    struct pk_crowd_change_row row = { .thing = { .a = a, .b = 1, .kind = 0 },
        .bad = bad,
        .log_odds = 2.5,
        .at_ms = at_ms,
        .devices = 3,
        .groups = 2,
        .cause = 255 };

    assert_ok(pk_crowd_change_add(b->store, &row, &err));
    return row.seq;
}

static void test_changes(void **state)
{
    struct bench *b = *state;
    const struct pk_crowd_change_row *rows;
    struct pk_array list;
    int64_t oldest = -1;
    int64_t newest = -1;
    int64_t seq[5];
    bool has;

    assert_ok(pk_crowd_changes_span(b->store, &oldest, &newest, &err));
    assert_true(oldest == 0 && newest == 0);
    seq[0] = change(b, 10, true, 100);
    seq[1] = change(b, 20, true, 200);
    seq[2] = change(b, 10, false, 300);
    seq[3] = change(b, -30, true, 400);
    assert_true(seq[0] < seq[1] && seq[1] < seq[2] && seq[2] < seq[3]);
    assert_ok(pk_crowd_changes_after(b->store, seq[0], 2, b->arena, &list, &err));
    rows = list.items;
    assert_int_equal(list.count, 2);
    assert_true(rows[0].seq == seq[1] && rows[0].bad && rows[0].cause == 255);
    assert_true(rows[1].seq == seq[2] && !rows[1].bad && rows[1].log_odds == 2.5);
    assert_ok(pk_crowd_bad_has(b->store, &rows[1].thing, &has, &err));
    assert_false(has);
    assert_ok(pk_crowd_bad_has(b->store, &rows[0].thing, &has, &err));
    assert_true(has);
    assert_ok(pk_crowd_bad_after(b->store, NULL, 1, b->arena, &list, &err));
    rows = list.items;
    assert_true(list.count == 1 && rows[0].thing.a == -30);
    assert_ok(pk_crowd_bad_after(b->store, &rows[0].thing, 9, b->arena, &list, &err));
    rows = list.items;
    assert_true(list.count == 1 && rows[0].thing.a == 20);
    assert_ok(pk_crowd_bad_of(b->store, 0, 20, 9, b->arena, &list, &err));
    assert_int_equal(list.count, 1);
    /* What says what is bad now stays, and the newest one, so that no number is given twice. */
    seq[4] = change(b, 20, false, 500);
    assert_ok(pk_crowd_changes_trim(b->store, 10000, &err));
    assert_ok(pk_crowd_changes_after(b->store, 0, 9, b->arena, &list, &err));
    rows = list.items;
    assert_int_equal(list.count, 2);
    assert_true(rows[0].seq == seq[3] && rows[1].seq == seq[4]);
    assert_ok(pk_crowd_changes_span(b->store, &oldest, &newest, &err));
    assert_true(oldest == seq[3] && newest == seq[4]);
    assert_true(change(b, 40, true, 600) > seq[4]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_log, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_findings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_changes, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
