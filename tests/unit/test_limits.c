/* Token buckets on a fake clock, and what a crowd of hostile names can and cannot do. */
#include <stdio.h>

#include "base/error.h"
#include "check.h"
#include "server/limits.h"

#define START INT64_C(1000000)

static int take_many(struct pk_limits *limits, const char *who, int64_t now_ms, int tries)
{
    int taken = 0;
    int retry;

    for (int i = 0; i < tries; i++) {
        taken += pk_limits_take(limits, who, now_ms, &retry);
    }
    return taken;
}

static void test_bucket(void **state)
{
    struct pk_limits *limits = pk_limits_create(60, 10, 64);
    int retry = 0;

    (void)state;
    assert_int_equal(take_many(limits, "a", START, 20), 10);
    assert_false(pk_limits_take(limits, "a", START, &retry));
    assert_int_equal(retry, 2); /* one a second: within two it is there for sure */
    assert_false(pk_limits_has(limits, "a", START + 999, &retry));
    assert_true(pk_limits_has(limits, "a", START + 1000, &retry));
    assert_true(pk_limits_has(limits, "a", START + 1000, &retry)); /* looking takes nothing */
    assert_true(pk_limits_take(limits, "a", START + 1000, &retry));
    assert_false(pk_limits_take(limits, "a", START + 1000, &retry));
    assert_int_equal(take_many(limits, "b", START, 20), 10); /* others have their own */
    assert_int_equal(
            take_many(limits, "a", START + 3600000, 20), 10); /* never more than the burst */
    assert_false(pk_limits_take(limits, "a", START, &retry)); /* the clock went back */
    pk_limits_destroy(limits);
}

static void test_crowd(void **state)
{
    struct pk_limits *limits = pk_limits_create(6, 6, 256);
    char name[32];
    int retry;

    (void)state;
    assert_int_equal(take_many(limits, "attacker", START, 10), 6);
    /* Ten thousand names that each ask once push each other out, not the one who is held back. */
    for (int i = 0; i < 10000; i++) {
        (void)snprintf(name, sizeof(name), "name-%d", i);
        assert_true(pk_limits_take(limits, name, START, &retry));
    }
    assert_false(pk_limits_take(limits, "attacker", START, &retry));
    pk_limits_destroy(limits);
}

static void test_address(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        { "192.0.2.1", "192.0.2.1" },
        { "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64" },
        { "2001:db8:1:2::9", "2001:db8:1:2::/64" },
        { "::1", "::/64" },
        { "?", "?" },
    };
    char out[PK_LIMITS_ADDRESS];

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        pk_limits_address(rows[i].in, out);
        assert_string_equal(out, rows[i].out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bucket),
        cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
