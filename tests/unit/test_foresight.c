/* Predictions and places as people are told of them: bands, lights, habits, warnings that were heeded. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "risk/foresight.h"
#include "risk/habit.h"
#include "server/crowd_warned.h"

#define DAY   86400LL
#define T0    (20000 * DAY)
#define PLACE 0x2345678U
#define CITY  (PLACE >> 5)

static void test_outlook(void **state)
{
    static const double cuts[] = { PK_OUTLOOK_RAISED_P7, PK_OUTLOOK_HIGH_P7 };
    static const struct {
        double p7;
        int before, is;
    } rows[] = {
        { -1, PK_OUTLOOK_HIGH, PK_OUTLOOK_UNKNOWN },
        { (double)NAN, PK_OUTLOOK_LOW, PK_OUTLOOK_UNKNOWN },
        { 0, PK_OUTLOOK_UNKNOWN, PK_OUTLOOK_LOW },
        { 0.0399, PK_OUTLOOK_LOW, PK_OUTLOOK_LOW },
        { 0.04, PK_OUTLOOK_LOW, PK_OUTLOOK_RAISED }, /* upward at once */
        { 0.035, PK_OUTLOOK_RAISED, PK_OUTLOOK_RAISED },
        { 0.033, PK_OUTLOOK_RAISED, PK_OUTLOOK_LOW },
        { 0.12, PK_OUTLOOK_UNKNOWN, PK_OUTLOOK_HIGH },
        { 0.11, PK_OUTLOOK_HIGH, PK_OUTLOOK_HIGH },
        { 0.10, PK_OUTLOOK_HIGH, PK_OUTLOOK_RAISED },
        { 0.035, PK_OUTLOOK_HIGH, PK_OUTLOOK_RAISED },
        { 0.01, PK_OUTLOOK_HIGH, PK_OUTLOOK_LOW },
        { 1, PK_OUTLOOK_LOW, PK_OUTLOOK_HIGH },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        assert_int_equal(pk_outlook_of(rows[i].p7, rows[i].before), rows[i].is);
    }
    /* whatever comes, a small wobble around a cut changes the band once at most */
    for (size_t c = 0; c < PK_COUNT(cuts); c++) {
        double cut = cuts[c];
        int band = pk_outlook_of(cut - 0.001, PK_OUTLOOK_UNKNOWN);
        int changes = 0;

        for (int i = 0; i < 20; i++) {
            int next = pk_outlook_of(cut + (i % 2 == 0 ? 0.001 : -0.001), band);

            changes += next != band;
            band = next;
        }
        assert_int_equal(changes, 1);
    }
}

static void join(struct pk_zones *zones, uint64_t device, bool bad, int64_t at_s)
{
    assert_int_equal(pk_zones_take(zones,
                             &(struct pk_zone_join){ .at_s = at_s,
                                     .device = device,
                                     .network = 7,
                                     .place = PLACE,
                                     .city = CITY,
                                     .weight = 1,
                                     .kind = PK_ZONE_OPEN,
                                     .public = true,
                                     .bad = bad }),
            PK_OK);
}

static void test_zone(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 20);
    struct pk_zone_question q = { .now_s = T0,
        .place = PLACE,
        .city = CITY,
        .kind = PK_ZONE_OPEN,
        .known = true,
        .log_odds = -INFINITY };
    struct pk_foresight_zone z;
    struct pk_zones *zones;

    (void)state;
    assert_int_equal(pk_zones_create(&zones, NULL), PK_OK);
    /* nothing was seen: the first guess alone is no light */
    assert_false(pk_foresight_zone_of(zones, &q, 5, arena, &z));
    assert_int_equal(z.standing, PK_ZONE_STANDING_UNKNOWN);
    /* what the crowd holds against a network is, wherever it stands */
    q.log_odds = 2;
    assert_true(pk_foresight_zone_of(zones, &q, 5, arena, &z));
    assert_int_equal(z.standing, PK_ZONE_STANDING_RED);
    q.log_odds = -INFINITY;
    for (int i = 0; i < 200; i++) {
        join(zones, (uint64_t)(i % 4) * 7919 + 1, false, T0);
    }
    /* four devices are fewer than five: no number of theirs is told */
    assert_true(pk_foresight_zone_of(zones, &q, 5, arena, &z));
    assert_int_equal(z.joins, 0);
    assert_int_equal(z.attacks, 0);
    assert_non_null(strstr(z.why, "in this area"));
    for (int i = 0; i < 200; i++) {
        join(zones, (uint64_t)(i % 40) * 104729 + 5, false, T0);
    }
    assert_true(pk_foresight_zone_of(zones, &q, 5, arena, &z));
    assert_int_equal(z.standing, PK_ZONE_STANDING_GREEN);
    assert_int_equal(z.joins, 400);
    assert_non_null(strstr(z.why, "No attack"));
    for (int i = 0; i < 30; i++) {
        join(zones, (uint64_t)(i % 40) * 104729 + 5, true, T0);
    }
    assert_true(pk_foresight_zone_of(zones, &q, 5, arena, &z));
    assert_int_equal(z.standing, PK_ZONE_STANDING_RED);
    assert_int_equal(z.attacks, 30);
    assert_non_null(strstr(z.why, "About 30 attacks"));
    assert_true(pk_foresight_place_of(zones, PLACE, CITY, T0, 5, arena, &z));
    assert_int_equal(z.standing, PK_ZONE_STANDING_RED);
    /* of no place nothing is said */
    q.place = q.city = 0;
    assert_false(pk_foresight_zone_of(zones, &q, 5, arena, &z));
    assert_false(pk_foresight_place_of(zones, 0, 0, T0, 5, arena, &z));
    pk_zones_destroy(zones);
    pk_arena_destroy(arena);
}

static void take(struct pk_hazard *h, uint64_t device, uint8_t security, int64_t at_s)
{
    struct pk_sighting s = { .at_s = at_s,
        .device = device,
        .place = PLACE,
        .city = CITY,
        .kind = PK_SIGHTING_NETWORK,
        .network = { .network = 9, .security = security } };
    struct pk_crowd_opinion nothing = { .log_odds = -INFINITY };

    assert_int_equal(pk_hazard_take(h, &s, &nothing, &(struct pk_hazard_voice){ 1, 1, 9 }), PK_OK);
}

/* One device joins open networks twice a day, thirty others never. */
static void test_habits(void **state)
{
    struct pk_hazard *h;
    struct pk_habit habit;

    (void)state;
    assert_int_equal(pk_hazard_create(NULL, &h, NULL), PK_OK);
    for (int day = 0; day < 40; day++) {
        for (uint64_t device = 2; device <= 31; device++) {
            take(h, device, PK_SIGHT_WPA2, T0 + day * DAY + 100);
        }
        take(h, 1, PK_SIGHT_OPEN, T0 + day * DAY + 200);
        take(h, 1, PK_SIGHT_OPEN, T0 + day * DAY + 300);
    }
    assert_true(pk_habit_of(h, 1, T0 + 40 * DAY, &habit));
    assert_true(habit.open_week > 12 && habit.open_week < 16);
    assert_true(pk_habit_is_risky(&habit, false));
    assert_true(pk_habit_of(h, 2, T0 + 40 * DAY, &habit));
    assert_true(habit.open_week < 0.01);
    assert_false(pk_habit_is_risky(&habit, true));
    assert_false(pk_habit_of(h, 99, T0 + 40 * DAY, &habit));
    /* it stops; after some weeks the habit is over, by itself, and not before it is clearly less */
    assert_true(pk_habit_of(h, 1, T0 + 70 * DAY, &habit));
    assert_true(pk_habit_is_risky(&habit, true));
    assert_true(pk_habit_of(h, 1, T0 + 140 * DAY, &habit));
    assert_false(pk_habit_is_risky(&habit, true));
    habit = (struct pk_habit){ .open_week = 9, .times = 9, .days = 13 };
    assert_false(pk_habit_is_risky(&habit, false)); /* too young for habits */
    pk_hazard_destroy(h);
}

static void test_ignoring(void **state)
{
    (void)state;
    assert_false(pk_habit_ignores(&(struct pk_habit_warnings){ 2, 0, 30 }, false));
    assert_true(pk_habit_ignores(&(struct pk_habit_warnings){ 2, 1, 30 }, false));
    assert_true(pk_habit_ignores(&(struct pk_habit_warnings){ 0, 1, 30 }, true));
    assert_false(pk_habit_ignores(&(struct pk_habit_warnings){ 0, 0, 30 }, true));
}

static void count_heeded(void *ctx, const struct pk_crowd_warning *warning)
{
    *(uint64_t *)ctx += warning->device;
}

static void test_warned(void **state)
{
    struct pk_crowd_warned w = { 0 };
    struct pk_crowd_warned again = { 0 };
    struct pk_buffer bytes = pk_buffer_of(1 << 20);
    uint64_t heeded = 0;

    (void)state;
    for (uint64_t i = 1; i <= 4; i++) {
        for (int twice = 0; twice < 2; twice++) {
            assert_int_equal(pk_crowd_warned_add(
                                     &w, &(struct pk_crowd_warning){ i, 100 + i, T0 + (int64_t)i }),
                    PK_OK);
        }
    }
    assert_int_equal(w.count, 4);
    pk_crowd_warned_joined(&w, 1, 101); /* nevertheless */
    pk_crowd_warned_joined(&w, 2, 999); /* another one: the warning stands */
    pk_crowd_warned_forget(&w, 3);
    pk_crowd_warned_write(&w, &bytes);
    assert_int_equal(pk_crowd_warned_read(&again, pk_buffer_slice(&bytes)), PK_OK);
    assert_int_equal(again.count, 2);
    pk_crowd_warned_tick(&again, T0 + PK_CROWD_WARNED_S, count_heeded, &heeded);
    assert_int_equal(heeded, 0);
    pk_crowd_warned_tick(&again, T0 + 2 + PK_CROWD_WARNED_S, count_heeded, &heeded);
    assert_int_equal(heeded, 2);
    pk_crowd_warned_tick(&again, T0 + 9 + PK_CROWD_WARNED_S, count_heeded, &heeded);
    assert_int_equal(heeded, 6);
    assert_int_equal(again.count, 0);
    assert_int_equal(pk_crowd_warned_read(&again, pk_slice_of(bytes.ptr, bytes.len - 1)), PK_EMALF);
    for (uint64_t i = 0; i < PK_CROWD_WARNED_MAX + 10; i++) { /* bounded */
        assert_int_equal(
                pk_crowd_warned_add(&w, &(struct pk_crowd_warning){ 1000 + i, 1, T0 }), PK_OK);
    }
    assert_int_equal(w.count, PK_CROWD_WARNED_MAX);
    pk_crowd_warned_finish(&w);
    pk_crowd_warned_finish(&again);
    pk_buffer_finish(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outlook),
        cmocka_unit_test(test_zone),
        cmocka_unit_test(test_habits),
        cmocka_unit_test(test_ignoring),
        cmocka_unit_test(test_warned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
