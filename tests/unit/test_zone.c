/* How often joining ends in an attack: in the world, a city, a place, on one network. */
#include <math.h>

#include "check.h"
#include "risk/zone.h"

#define DAY   INT64_C(86400)
#define FIRST (INT64_C(20000) * DAY)

static struct pk_zones *create(void)
{
    struct pk_zones *z = NULL;

    assert_int_equal(pk_zones_create(&z, NULL), PK_OK);
    return z;
}

static void join(struct pk_zones *z, int64_t at_s, uint64_t device, uint64_t network,
        uint32_t place, bool bad)
{
    struct pk_zone_join j = { .at_s = at_s,
        .device = device,
        .network = network,
        .place = place,
        .city = place / 100,
        .weight = 1,
        .kind = PK_ZONE_OPEN,
        .public = true,
        .known = true,
        .bad = bad };

    assert_int_equal(pk_zones_take(z, &j), PK_OK);
}

static double half(int64_t from, int64_t to, double days)
{
    return exp2(-(double)(to - from) / (days * (double)DAY));
}

/* All sums anew from the joins, by the formula. */
static void test_formula(void **state)
{
    struct pk_zones *z = create();
    struct pk_zone_risk risk;
    double world[2] = { 0 };
    double city[2] = { 0 };
    double place[2] = { 0 };
    double wave[2] = { 0 };
    int64_t end = FIRST + 30 * DAY;
    uint64_t seed = 9;
    double g;
    double c;
    double weeks;

    (void)state;
    for (int64_t i = 0; i < 3000; i++) {
        int64_t at = FIRST + i * 30 * DAY / 3000;
        uint32_t where;
        bool bad;

        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
        where = 100 + (uint32_t)(seed >> 40) % 300;
        bad = (seed >> 20) % 50 == 0;
        join(z, at, seed >> 50, 0, where, bad);
        world[0] += half(at, end, 56);
        world[1] += bad ? half(at, end, 56) : 0;
        if (where / 100 == 2) {
            city[0] += half(at, end, 28);
            city[1] += bad ? half(at, end, 28) : 0;
        }
        if (where == 217) {
            place[0] += half(at, end, 14);
            place[1] += bad ? half(at, end, 14) : 0;
            wave[0] += half(at, end, 3);
            wave[1] += bad ? half(at, end, 3) : 0;
        }
    }
    g = (world[1] + 0.1) / (world[0] + 20);
    c = (city[1] + 200 * g) / (city[0] + 200);
    assert_true(fabs(pk_zones_city(z, 2, end) - c) < 1e-6);
    weeks = (place[1] + 40 * c) / (place[0] + 40);
    assert_true(
            fabs(pk_zones_rate(z, 217, 2, end) - (wave[1] + 30 * weeks) / (wave[0] + 30)) < 1e-6);
    assert_true(fabs(pk_zones_city(z, 9, end) - g) < 1e-6); /* never heard of: the world's */
    pk_zones_risk(z, 217, 2, end, &risk);
    assert_true(fabs(risk.joins - place[0]) < 1e-3);
    assert_false(risk.own); /* some ten devices */
    assert_true(fabs(risk.p - c) < 1e-6);
    pk_zones_destroy(z);
}

static void test_many_devices(void **state)
{
    struct pk_zones *z = create();
    struct pk_zone_risk risk;

    (void)state;
    for (uint64_t device = 1; device <= 12; device++) {
        for (int visit = 0; visit < 20; visit++) {
            join(z, FIRST + visit, device * 7919, 0, 205, true);
        }
    }
    pk_zones_risk(z, 205, 2, FIRST + 60, &risk);
    assert_false(risk.own); /* 240 joins, but of twelve: nobody's steps are shown */
    assert_true(risk.devices >= 9 && risk.devices <= 14);
    for (uint64_t device = 13; device <= 45; device++) {
        join(z, FIRST + 60, device * 7919, 0, 205, true);
    }
    pk_zones_risk(z, 205, 2, FIRST + 60, &risk);
    assert_true(risk.own);
    assert_true(risk.p > pk_zones_city(z, 2, FIRST + 60));
    pk_zones_risk(z, 205, 2, FIRST + 90 * DAY, &risk); /* all of them long gone */
    assert_false(risk.own);
    assert_int_equal(risk.devices, 0);
    pk_zones_destroy(z);
}

static void test_network(void **state)
{
    struct pk_zones *z = create();
    struct pk_zone_question q = { .now_s = FIRST + DAY,
        .place = 301,
        .city = 3,
        .log_odds = -INFINITY,
        .kind = PK_ZONE_OPEN,
        .known = true };
    struct pk_zones_count count;
    double lately;
    double ever;
    double calm;
    double attacked;

    (void)state;
    for (uint64_t i = 0; i < 200; i++) {
        join(z, FIRST + (int64_t)i, i, 5, 301, false);
    }
    assert_false(pk_zones_site(z, pk_zone_site(5, 301), FIRST + DAY, &lately, &ever));
    calm = pk_zones_ask(z, &q);
    assert_true(calm < 0.02);
    join(z, FIRST + DAY - 60, 500, 5, 301, true);
    assert_true(pk_zones_site(z, pk_zone_site(5, 301), FIRST + DAY, &lately, &ever));
    attacked = lately;
    assert_true(lately > 0.4 && ever > 0.1);
    for (uint64_t i = 0; i < 30; i++) { /* clean joins speak for it again */
        join(z, FIRST + DAY + (int64_t)i, i, 5, 301, false);
    }
    q.now_s = FIRST + DAY + 60;
    assert_true(pk_zones_site(z, pk_zone_site(5, 301), q.now_s, &lately, &ever));
    assert_true(lately < attacked / 5);
    assert_true(pk_zones_ask(z, &q) > calm); /* the place has become worse */
    calm = pk_zones_ask(z, &q);
    q.kind = PK_ZONE_NAMED;
    assert_true(pk_zones_ask(z, &q) < calm / 4);
    q.log_odds = -8; /* a faint suspicion does not make it safer than its place */
    assert_true(pk_zones_ask(z, &q) < calm / 4);
    q.log_odds = 2;
    assert_true(pk_zones_ask(z, &q) > 0.3);
    q.log_odds = 6;
    assert_true(pk_zones_ask(z, &q) > 0.8 && pk_zones_ask(z, &q) < 1);
    join(z, FIRST + 400 * DAY, 1, 8, 302, false); /* much later the row is given back */
    pk_zones_count(z, &count);
    assert_int_equal(count.sites, 0);
    assert_int_equal(count.places, 2);
    assert_int_equal(count.cities, 1);
    pk_zones_destroy(z);
}

static void test_lights(void **state)
{
    (void)state;
    assert_int_equal(pk_zone_light_of(0.001, -INFINITY), PK_ZONE_GREEN);
    assert_int_equal(pk_zone_light_of(0.003, -INFINITY), PK_ZONE_AMBER);
    assert_int_equal(pk_zone_light_of(0.02, -1), PK_ZONE_AMBER);
    assert_int_equal(pk_zone_light_of(0.021, -1), PK_ZONE_RED);
    assert_int_equal(pk_zone_light_of(0.001, 0.1F), PK_ZONE_RED);
}

static void test_at_rest(void **state)
{
    struct pk_zones *z = create();
    struct pk_zones *back = NULL;
    struct pk_buffer bytes = pk_buffer_of(1UL << 24);
    struct pk_buffer again = pk_buffer_of(1UL << 24);
    struct pk_reader in;

    (void)state;
    for (uint64_t i = 0; i < 500; i++) {
        join(z, FIRST + (int64_t)i * 1000, i, i % 30, 100 + (uint32_t)(i % 250), i % 7 == 0);
    }
    assert_int_equal(pk_zones_save(z, &bytes), PK_OK);
    in = pk_reader_of(pk_buffer_slice(&bytes));
    assert_int_equal(pk_zones_load(&in, &back, NULL), PK_OK);
    assert_int_equal(pk_reader_left(&in), 0);
    assert_int_equal(pk_zones_save(back, &again), PK_OK);
    assert_int_equal(bytes.len, again.len);
    assert_memory_equal(bytes.ptr, again.ptr, bytes.len);
    pk_zones_destroy(back);
    back = NULL;
    for (size_t len = 0; len < bytes.len; len += 1 + len / 3) {
        uint8_t *heap = pk_test_dup(bytes.ptr, len);

        in = pk_reader_of(pk_slice_of(heap, len));
        assert_true(pk_zones_load(&in, &back, NULL) < 0);
        assert_null(back);
        free(heap);
    }
    pk_buffer_finish(&bytes);
    pk_buffer_finish(&again);
    pk_zones_destroy(z);
}

/* An attack lasts while bad joins follow each other within two days, and only believed devices say so. */
static void test_lasts(void **state)
{
    struct pk_zones *z = create();
    uint32_t site = pk_zone_site(77, 301);
    struct pk_zone_join liar = { .at_s = FIRST + 4 * DAY,
        .device = 9,
        .network = 77,
        .place = 301,
        .city = 3,
        .weight = 0.1F,
        .public = true,
        .bad = true };

    (void)state;
    assert_true(pk_zones_lasts(z, site, FIRST) == 0);
    for (int day = 0; day <= 3; day++) {
        join(z, FIRST + day * DAY, (uint64_t)day + 1, 77, 301, true);
        assert_true(pk_zones_lasts(z, site, FIRST + day * DAY + 60) == day);
    }
    assert_int_equal(pk_zones_take(z, &liar), PK_OK);
    assert_true(pk_zones_lasts(z, site, FIRST + 5 * DAY) == 3);
    assert_true(pk_zones_lasts(z, site, FIRST + 5 * DAY + 1) == 0); /* two days without one: over */
    join(z, FIRST + 9 * DAY, 5, 77, 301, true);
    assert_true(pk_zones_lasts(z, site, FIRST + 9 * DAY) == 0); /* a new one begins */
    pk_zones_destroy(z);
}

/* A burst is felt as a wave, and passes. */
static void test_wave(void **state)
{
    struct pk_zones *z = create();
    int64_t end = FIRST + 30 * DAY;

    (void)state;
    for (int64_t i = 0; i < 6000; i++) {
        int64_t at = FIRST + i * 30 * DAY / 6000;

        join(z, at, (uint64_t)(i % 300) + 1, 5, 301, i % 100 == 0);
    }
    assert_true(fabs(pk_zones_wave(z, end) - 1) < 0.15);
    for (int64_t i = 0; i < 600; i++) {
        join(z, end + i * 3 * DAY / 600, (uint64_t)(i % 300) + 1, 5, 301, i % 20 == 0);
    }
    assert_true(pk_zones_wave(z, end + 3 * DAY) > 1.5);
    for (int64_t i = 0; i < 4000; i++) {
        join(z, end + 3 * DAY + i * 20 * DAY / 4000, (uint64_t)(i % 300) + 1, 5, 301, i % 100 == 0);
    }
    assert_true(pk_zones_wave(z, end + 23 * DAY) < 1.1);
    pk_zones_destroy(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formula),
        cmocka_unit_test(test_many_devices),
        cmocka_unit_test(test_network),
        cmocka_unit_test(test_lights),
        cmocka_unit_test(test_lasts),
        cmocka_unit_test(test_wave),
        cmocka_unit_test(test_at_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
