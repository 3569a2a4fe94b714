/* The exchange at rest: members, what they say, hubs, what was said and heard; on both engines. */
#include "database.h"
#include "store/exchange.h"

#define NOW INT64_C(1795000000000)

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

static void add_member(struct bench *b, const char *id)
{
    struct pk_exchange_member m = {
        .id = id, .key = "k", .name = "Nord", .vouched = true, .a = 8, .b = 1, .joined_ms = NOW
    };

    assert_ok(pk_exchange_member_add(b->store, &m, &err));
}

static void state_of(struct bench *b, const char *member, int64_t id, uint8_t mark)
{
    struct pk_exchange_statement s = {
        .thing = { .kind = 0, .epoch = 9, .id = id }, .member = member, .at_ms = NOW + mark
    };

    s.word[0] = mark;
    s.word[PK_EXCHANGE_BLOB - 1] = 0xfe;
    assert_ok(pk_store_begin(b->store, &err));
    assert_ok(pk_exchange_state(b->store, &s, &err));
    assert_ok(pk_store_commit(b->store, &err));
}

static void test_members(void **state)
{
    struct bench *b = *state;
    struct pk_exchange_member m;
    struct pk_array all;

    add_member(b, "aa");
    add_member(b, "bb");
    assert_ok(pk_exchange_member_seq(b->store, "aa", 7, NOW, &err));
    assert_int_equal(pk_exchange_member_seq(b->store, "aa", 7, NOW, &err), PK_EEXIST);
    assert_int_equal(pk_exchange_member_seq(b->store, "aa", 6, NOW, &err), PK_EEXIST);
    assert_ok(pk_exchange_member_seq(b->store, "aa", 8, NOW + 5, &err));
    assert_ok(pk_exchange_member_record(b->store, "aa", 8.5, 3, &err));
    assert_ok(pk_exchange_member_vouch(b->store, "aa", false, &err));
    assert_ok(pk_exchange_member_get(b->store, "aa", b->arena, &m, &err));
    assert_int_equal(m.seq, 8);
    assert_int_equal(m.seen_ms, NOW + 5);
    assert_true(m.a > 8.4 && m.b > 2.9 && !m.vouched);
    assert_int_equal(pk_exchange_member_get(b->store, "zz", b->arena, &m, &err), PK_ENOENT);
    assert_ok(pk_exchange_members(b->store, true, b->arena, &all, &err));
    assert_int_equal(all.count, 2);
}

static void test_invite(void **state)
{
    struct bench *b = *state;
    struct pk_exchange_invite i = { .secret_sha256 = "s1",
        .name = "Nord",
        .vouched = true,
        .created_ms = NOW,
        .expires_ms = NOW + 1000,
        .created_by = "anna" };
    struct pk_exchange_invite got;

    assert_ok(pk_exchange_invite_add(b->store, &i, &err));
    assert_int_equal(
            pk_exchange_invite_take(b->store, "s1", NOW + 1000, b->arena, &got, &err), PK_ENOENT);
    assert_ok(pk_exchange_invite_take(b->store, "s1", NOW, b->arena, &got, &err));
    assert_string_equal(got.name, "Nord");
    assert_true(got.vouched);
    assert_int_equal(pk_exchange_invite_take(b->store, "s1", NOW, b->arena, &got, &err), PK_ENOENT);
}

static void test_statements(void **state)
{
    struct bench *b = *state;
    const struct pk_exchange_thing thing = { .kind = 0, .epoch = 9, .id = -5 };
    const struct pk_exchange_statement *s;
    const struct pk_exchange_thing *t;
    struct pk_array found;
    int64_t count = 0;

    add_member(b, "aa");
    add_member(b, "bb");
    state_of(b, "aa", -5, 1);
    state_of(b, "bb", -5, 2);
    state_of(b, "aa", 6, 3);
    state_of(b, "aa", -5, 4); /* again: takes the place of the first */
    assert_ok(pk_exchange_statements_of(b->store, &thing, 10, b->arena, &found, &err));
    assert_int_equal(found.count, 2);
    s = found.items;
    assert_string_equal(s[0].member, "aa");
    assert_int_equal(s[0].word[0], 4);
    assert_int_equal(s[0].word[PK_EXCHANGE_BLOB - 1], 0xfe);
    assert_ok(pk_exchange_count_of(b->store, "aa", &count, &err));
    assert_int_equal(count, 2);

    assert_ok(pk_exchange_changed_after(b->store, 0, 10, b->arena, &found, &err));
    t = found.items;
    assert_int_equal(found.count, 2); /* each thing once, by its newest change */
    assert_int_equal(t[0].id, 6);
    assert_int_equal(t[1].id, -5);
    assert_int_equal(t[1].changed, 4);
    assert_ok(pk_exchange_changed_after(b->store, 4, 10, b->arena, &found, &err));
    assert_int_equal(found.count, 0);

    assert_ok(pk_exchange_statement_rule(b->store, "bb", &thing, 2, &err));
    assert_ok(pk_exchange_unstate(b->store, "aa", &thing, &err));
    assert_ok(pk_exchange_unstate(b->store, "aa", &thing, &err)); /* nothing changes any more */
    assert_ok(pk_exchange_changed_after(b->store, 4, 10, b->arena, &found, &err));
    assert_int_equal(found.count, 1);
    t = found.items;
    assert_int_equal(t[0].changed, 5);

    assert_ok(pk_exchange_member_remove(b->store, "bb", &err));
    assert_ok(pk_exchange_statements_of(b->store, &thing, 10, b->arena, &found, &err));
    assert_int_equal(found.count, 0);
    assert_ok(pk_exchange_changed_after(b->store, 5, 10, b->arena, &found, &err));
    assert_int_equal(found.count, 1); /* others must hear that it is gone */
    assert_ok(pk_exchange_trim(b->store, NOW + 100, &count, &err));
    assert_int_equal(count, 1);
    assert_ok(pk_exchange_changed_after(b->store, 0, 10, b->arena, &found, &err));
    assert_int_equal(found.count, 0);
    state_of(b, "aa", 8, 9); /* the numbers of changes never begin anew */
    assert_ok(pk_exchange_changed_after(b->store, 6, 10, b->arena, &found, &err));
    assert_int_equal(found.count, 1);
}

static void test_hub(void **state)
{
    struct bench *b = *state;
    struct pk_exchange_hub h = { .id = "h1",
        .key = "k",
        .name = "Hub",
        .url = "https://hub:1",
        .ca = "pem",
        .keys = "",
        .joined_ms = NOW };
    struct pk_exchange_hub got;
    struct pk_array all;

    assert_ok(pk_exchange_hub_put(b->store, &h, &err));
    assert_ok(pk_exchange_hub_failed(b->store, "h1", "no route", &err));
    assert_ok(pk_exchange_hub_get(b->store, "h1", b->arena, &got, &err));
    assert_string_equal(got.error, "no route");
    got.cursor = 77;
    got.keys = "9:00";
    got.ok_ms = NOW + 9;
    assert_ok(pk_exchange_hub_progress(b->store, &got, &err));
    assert_ok(pk_exchange_hubs(b->store, b->arena, &all, &err));
    assert_int_equal(all.count, 1);
    got = *(const struct pk_exchange_hub *)all.items;
    assert_int_equal(got.cursor, 77);
    assert_null(got.error);
}

/* What is told is marked only when it is still what was read. */
static void test_sayings(void **state)
{
    struct bench *b = *state;
    struct pk_exchange_saying s = {
        .hub = "h1", .kind = 0, .a = -1, .b = 2, .verdict = 1, .changed_ms = NOW
    };
    const struct pk_exchange_saying *read;
    struct pk_exchange_saying got;
    struct pk_array waiting;

    assert_ok(pk_exchange_say(b->store, &s, &err));
    assert_ok(pk_exchange_waiting(b->store, "h1", 10, b->arena, &waiting, &err));
    assert_int_equal(waiting.count, 1);
    read = waiting.items;
    s.word[4] = 9;
    s.changed_ms = NOW + 1;
    assert_ok(pk_exchange_say(b->store, &s, &err)); /* changed while the hub was asked */
    assert_ok(pk_exchange_told(b->store, read, 3, NOW, &err));
    assert_ok(pk_exchange_waiting(b->store, "h1", 10, b->arena, &waiting, &err));
    assert_int_equal(waiting.count, 1);
    read = waiting.items;
    assert_int_equal(read->word[4], 9);
    assert_ok(pk_exchange_told(b->store, read, 3, NOW + 2, &err));
    assert_ok(pk_exchange_waiting(b->store, "h1", 10, b->arena, &waiting, &err));
    assert_int_equal(waiting.count, 0);
    assert_ok(pk_exchange_saying_get(b->store, "h1", 0, -1, 2, &got, &err));
    assert_true(got.told && got.epoch == 3 && got.told_ms == NOW + 2);
    assert_int_equal(pk_exchange_saying_get(b->store, "h1", 0, 5, 2, &got, &err), PK_ENOENT);
    assert_ok(pk_exchange_sayings(b->store, "h1", 1, 10, b->arena, &waiting, &err));
    assert_int_equal(waiting.count, 1);
    assert_ok(pk_exchange_unsay(b->store, waiting.items, &err));
    assert_ok(pk_exchange_sayings(b->store, "h1", 1, 10, b->arena, &waiting, &err));
    assert_int_equal(waiting.count, 0);
}

static void test_heard(void **state)
{
    struct bench *b = *state;
    struct pk_exchange_hearing h = { .hub = "h1", .kind = 3, .epoch = 9, .id = -7, .at_ms = NOW };
    struct pk_array all;

    assert_ok(pk_exchange_hear(b->store, &h, &err));
    h.word[1] = 2;
    h.at_ms = NOW + 1;
    assert_ok(pk_exchange_hear(b->store, &h, &err));
    assert_ok(pk_exchange_heard(b->store, "h1", 10, b->arena, &all, &err));
    assert_int_equal(all.count, 1);
    assert_int_equal(((const struct pk_exchange_hearing *)all.items)->word[1], 2);
    assert_ok(pk_exchange_heard(b->store, NULL, 10, b->arena, &all, &err));
    assert_int_equal(all.count, 1);
    assert_ok(pk_exchange_heard(b->store, "h2", 10, b->arena, &all, &err));
    assert_int_equal(all.count, 0);
    assert_ok(pk_exchange_unhear(b->store, &h, &err));
    assert_ok(pk_exchange_heard(b->store, NULL, 10, b->arena, &all, &err));
    assert_int_equal(all.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_members, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_invite, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_statements, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hub, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sayings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_heard, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
