/* How many must stand behind what others are shown: every threshold from both sides. */
#include <math.h>

#include "check.h"
#include "crowd/kanon.h"

static enum pk_kanon_answer ask(
        enum pk_kanon_door door, uint32_t devices, uint8_t security, float log_odds)
{
    struct pk_kanon_thing thing = {
        .devices = devices, .security = security, .log_odds = log_odds
    };

    return pk_kanon_ask(&pk_kanon_default, door, &thing);
}

static void test_least(void **state)
{
    (void)state;
    assert_int_equal(ask(PK_KANON_VIEW, 4, PK_KANON_OPEN, 0), PK_KANON_HIDDEN);
    assert_int_equal(ask(PK_KANON_VIEW, 5, PK_KANON_OPEN, 0), PK_KANON_SHOWN);
    assert_int_equal(ask(PK_KANON_EXCHANGE, 9, PK_KANON_OPEN, 0), PK_KANON_HIDDEN);
    assert_int_equal(ask(PK_KANON_EXCHANGE, 10, PK_KANON_OPEN, 0), PK_KANON_SHOWN);
    assert_int_equal(ask(PK_KANON_VIEW, 0, PK_KANON_NOTHING, 0), PK_KANON_HIDDEN);
}

static void test_none_is_one(void **state)
{
    struct pk_kanon none = { .attack = { INFINITY, INFINITY } };
    struct pk_kanon_thing thing = { .security = PK_KANON_NOTHING };

    (void)state;
    assert_int_equal(pk_kanon_ask(&none, PK_KANON_VIEW, &thing), PK_KANON_HIDDEN);
    thing.devices = 1;
    assert_int_equal(pk_kanon_ask(&none, PK_KANON_VIEW, &thing), PK_KANON_SHOWN);
    assert_int_equal(pk_kanon_sum(&none, PK_KANON_VIEW, 0), 0);
}

static void test_home(void **state)
{
    static const struct {
        uint32_t devices;
        uint8_t security;
        bool own;
        bool home;
    } rows[] = {
        { 1, PK_KANON_PROTECTED, false, true },
        { 5, PK_KANON_PROTECTED, false, true },
        { 6, PK_KANON_PROTECTED, false, false },
        { 5, PK_KANON_UNKNOWN, false, true },
        { 5, 77, false, true }, /* not one of ours */
        { 1, PK_KANON_OPEN, false, false },
        { 1, PK_KANON_PERSONAL, false, false },
        { 1, PK_KANON_NOTHING, false, false },
        { 2, PK_KANON_PROTECTED, true, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pk_kanon_thing thing = { .devices = rows[i].devices,
            .security = rows[i].security,
            .own = rows[i].own,
            .log_odds = 9 };

        assert_int_equal(pk_kanon_is_home(&pk_kanon_default, &thing), rows[i].home);
        if (rows[i].home) {
            struct pk_kanon open = pk_kanon_default;

            open.attack[PK_KANON_EXCHANGE] = 0; /* not even where attacks may pass */
            open.least[PK_KANON_EXCHANGE] = 1;
            assert_int_equal(pk_kanon_ask(&open, PK_KANON_EXCHANGE, &thing), PK_KANON_HIDDEN);
        }
    }
    assert_int_equal(ask(PK_KANON_VIEW, 5, PK_KANON_PROTECTED, 0), PK_KANON_HIDDEN);
    assert_int_equal(ask(PK_KANON_VIEW, 6, PK_KANON_PROTECTED, 0), PK_KANON_SHOWN);
}

static void test_attack(void **state)
{
    (void)state;
    assert_int_equal(ask(PK_KANON_VIEW, 1, PK_KANON_OPEN, 3.0F), PK_KANON_HIDDEN);
    assert_int_equal(ask(PK_KANON_VIEW, 1, PK_KANON_OPEN, 3.1F), PK_KANON_BARE);
    assert_int_equal(ask(PK_KANON_VIEW, 1, PK_KANON_PROTECTED, 3.1F), PK_KANON_BARE);
    assert_int_equal(ask(PK_KANON_VIEW, 7, PK_KANON_OPEN, 3.1F), PK_KANON_SHOWN);
    assert_int_equal(ask(PK_KANON_VIEW, 1, PK_KANON_OPEN, NAN), PK_KANON_HIDDEN);
    /* Nothing below k goes to others, attack or not, unless somebody sets it so. */
    assert_int_equal(ask(PK_KANON_EXCHANGE, 9, PK_KANON_OPEN, 1e9F), PK_KANON_HIDDEN);
    assert_int_equal(ask(PK_KANON_EXCHANGE, 9, PK_KANON_OPEN, INFINITY), PK_KANON_HIDDEN);
}

static void test_sum(void **state)
{
    static const uint32_t rows[][2] = { { 0, 0 }, { 4, 0 }, { 5, 5 }, { 9, 5 }, { 10, 10 },
        { 19, 10 }, { 20, 20 }, { 49, 20 }, { 50, 50 }, { 99, 50 }, { 100, 100 }, { 4999, 2000 },
        { UINT32_MAX, 2000000000 } };
    struct pk_kanon seven = { .least = { 7, 7 } };
    uint32_t before = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(pk_kanon_sum(&pk_kanon_default, PK_KANON_VIEW, rows[i][0]), rows[i][1]);
    }
    assert_int_equal(pk_kanon_sum(&seven, PK_KANON_VIEW, 6), 0);
    assert_int_equal(pk_kanon_sum(&seven, PK_KANON_VIEW, 9), 7);
    /* never more than there are, never falling */
    for (uint32_t n = 0; n < 3000; n++) {
        uint32_t told = pk_kanon_sum(&seven, PK_KANON_EXCHANGE, n);

        assert_true(told <= n && told >= before && (told == 0 || told >= 7));
        before = told;
    }
}

static void test_place(void **state)
{
    const struct pk_kanon *k = &pk_kanon_default;

    (void)state;
    assert_int_equal(pk_kanon_place(k, PK_KANON_VIEW, 20, 20), 5);
    assert_int_equal(pk_kanon_place(k, PK_KANON_VIEW, 19, 40), 4);
    assert_int_equal(pk_kanon_place(k, PK_KANON_VIEW, 4, 5), 4);
    assert_int_equal(pk_kanon_place(k, PK_KANON_VIEW, 4, 4), 0);
    assert_int_equal(pk_kanon_place(k, PK_KANON_EXCHANGE, 9, 9), 0);
    assert_int_equal(pk_kanon_place(k, PK_KANON_EXCHANGE, 9, 10), 4);
}

static void test_prefix(void **state)
{
    (void)state;
    assert_int_equal(pk_kanon_prefix_bits(0, 50, 20), 0);
    assert_int_equal(pk_kanon_prefix_bits(99, 50, 20), 0);
    assert_int_equal(pk_kanon_prefix_bits(100, 50, 20), 1);
    assert_int_equal(pk_kanon_prefix_bits(UINT64_C(50) << 20, 50, 20), 20);
    assert_int_equal(pk_kanon_prefix_bits(UINT64_MAX, 50, 20), 20);
    assert_int_equal(pk_kanon_prefix_bits(8, 0, 20), 3);
    for (uint64_t keys = 50; keys < 100000; keys += 37) {
        assert_true(keys >> pk_kanon_prefix_bits(keys, 50, 20) >= 50);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least),
        cmocka_unit_test(test_none_is_one),
        cmocka_unit_test(test_home),
        cmocka_unit_test(test_attack),
        cmocka_unit_test(test_sum),
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
