#include "base/clock.h"
#include "database.h"
#include "model/observation.h"
#include "model/risk.h"
#include "server/score.h"
#include "server/trends.h"
#include "store/scope.h"
#include "store/store.h"

/* The state of the fleet, now and as it was; its score; the days that are written down. */

#define TODAY INT64_C(20780)
#define NOW   (TODAY * PK_DAY_MS + 10 * PK_HOUR_MS)

static struct pk_error err;
static struct test_database database;
static struct pk_store *store;
static struct pk_arena *arena;

static void add_device(const char *id, const char *group, int64_t enrolled_ms, int64_t seen_ms,
        int level, const char *patch)
{
    struct pk_device d = { .id = id,
        .name = id,
        .group = group,
        .platform = PK_PLATFORM_ANDROID,
        .enrolled_ms = enrolled_ms,
        .seen_ms = seen_ms,
        .risk_level = level,
        .risk_score = level * 25 + 10,
        .patch = patch };

    assert_ok(pk_device_add(store, &d, &err));
}

static void add_incident(const char *id, const char *device, enum pk_severity severity,
        int64_t opened_ms, int64_t ended_ms)
{
    struct pk_incident in = { .threat = pk_threat_find("network.arp_spoof"),
        .subject = id,
        .severity = severity,
        .state = ended_ms != 0 ? PK_INCIDENT_RESOLVED : PK_INCIDENT_OPEN,
        .opened_ms = opened_ms,
        .updated_ms = opened_ms,
        .ended_ms = ended_ms };

    (void)snprintf(in.id, sizeof(in.id), "%s", id);
    (void)snprintf(in.device, sizeof(in.device), "%s", device);
    assert_ok(pk_incident_put(store, &in, &err));
}

static int set_up(void **state)
{
    (void)state;
    test_database_start(&database);
    assert_ok(pk_store_open(database.url, &store, &err));
    arena = pk_arena_create(16 * 1024 * 1024);
    add_device("a", "sales", NOW - 20 * PK_DAY_MS, NOW, PK_RISK_CRITICAL, "2026-11-01");
    add_device("b", "sales", NOW - 20 * PK_DAY_MS, NOW - 8 * PK_DAY_MS, PK_RISK_LOW, NULL);
    add_device("c", "labs", NOW, NOW, PK_RISK_LOW, "2025-01-01"); /* tells its past first */
    add_device("d", "labs", NOW - 9 * PK_DAY_MS, NOW, PK_RISK_LOW, "2026-11-20");
    assert_ok(pk_device_revoke(store, "d", NOW - PK_DAY_MS, "eve", "lost", &err));
    add_incident("i1", "a", PK_SEVERITY_CRITICAL, NOW - 2 * PK_HOUR_MS, 0);
    add_incident("i2", "a", PK_SEVERITY_HIGH, NOW - 5 * PK_DAY_MS, NOW - 3 * PK_DAY_MS);
    add_incident("i3", "c", PK_SEVERITY_MEDIUM, NOW - 4 * PK_DAY_MS, NOW - PK_HOUR_MS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pk_store_close(store);
    pk_arena_destroy(arena);
    test_database_end(&database);
    return 0;
}

static const struct pk_fleet_state *states_at(int64_t at_ms, bool past, size_t groups)
{
    struct pk_array states;

    assert_ok(pk_fleet_states(store, at_ms, past, arena, &states, &err));
    assert_int_equal(states.count, groups + 1);
    return states.items;
}

static void test_now(void **state)
{
    const struct pk_fleet_state *s = states_at(NOW, false, 2);

    (void)state;
    assert_string_equal(s[0].group, "");
    assert_string_equal(s[1].group, "labs");
    assert_string_equal(s[2].group, "sales");
    assert_int_equal(s[0].devices, 3); /* one is revoked */
    assert_int_equal(s[0].active, 2);
    assert_int_equal(s[0].levels[PK_RISK_CRITICAL], 1);
    assert_int_equal(s[0].levels[PK_RISK_LOW], 2);
    assert_int_equal(s[0].open, 1);
    assert_int_equal(s[0].opened, 1);
    assert_int_equal(s[0].closed, 1);
    assert_int_equal(s[1].devices, 1);
    assert_int_equal(s[2].devices, 2);
    assert_int_equal(s[0].patched, 2);
    assert_true(s[0].fresh == 1); /* one is new, one is far too old */
    assert_int_equal(s[2].patch_days, 22);
}

/* Four days ago: the high one was open, the medium one of a device that enrolled later too; nobody was revoked. */
static void test_past(void **state)
{
    const struct pk_fleet_state *s = states_at((TODAY - 3) * PK_DAY_MS - 1, true, 2);

    (void)state;
    assert_int_equal(s[0].devices, 4);
    assert_int_equal(s[0].levels[PK_RISK_HIGH], 1);
    assert_int_equal(s[0].levels[PK_RISK_GUARDED], 1);
    assert_int_equal(s[0].levels[PK_RISK_LOW], 2);
    assert_int_equal(s[0].open, 2);
    assert_int_equal(s[0].opened, 1);
    assert_int_equal(s[0].closed, 0);
}

static void test_score(void **state)
{
    struct pk_fleet_state s = {
        .devices = 10, .active = 10, .levels = { 10 }, .patched = 10, .fresh = 10
    };
    struct pk_score score;

    (void)state;
    pk_score_of(&s, &score);
    assert_int_equal(score.total, 100);
    s = (struct pk_fleet_state){
        .devices = 10, .active = 5, .levels = { 5, 3, 1, 1 }, .patched = 6, .fresh = 3
    };
    pk_score_of(&s, &score); /* 15 + 45 * (5 + 2.4 + .3) / 10 + 25 * (3 + 2) / 10 */
    assert_int_equal(score.total, 62);
    s.levels[PK_RISK_LOW] = 6; /* mended: it recovers at once */
    s.levels[PK_RISK_CRITICAL] = 0;
    pk_score_of(&s, &score);
    assert_int_equal(score.total, 67);
    pk_score_of(&(struct pk_fleet_state){ 0 }, &score);
    assert_int_equal(score.total, -1);
}

/* Today first, then what is missing, once the past has had time to arrive; what was written stays. */
static void test_days(void **state)
{
    struct pk_array days;
    int64_t written = 0;
    int64_t later = NOW + 2 * PK_HOUR_MS;
    json_t *list = NULL;
    int steps = 0;
    int rc;

    (void)state;
    assert_int_equal(pk_trends_step(store, NOW, NOW, &written, &err), 1);
    assert_int_equal(pk_trends_step(store, NOW, NOW, &written, &err), 0);
    assert_ok(pk_trend_list(store, "", 0, arena, &days, &err));
    assert_int_equal(days.count, 1);
    do {
        rc = pk_trends_step(store, later, NOW, &written, &err);
        steps++;
    } while (rc == 1 && steps < 100);
    assert_int_equal(rc, 0);
    assert_ok(pk_trend_list(store, "", 0, arena, &days, &err));
    assert_int_equal(days.count, 21); /* since the first device */
    assert_ok(pk_trend_list(store, "labs", 0, arena, &days, &err));
    assert_int_equal(days.count, 21);
    assert_ok(pk_trends_read(store, "", 90, later, arena, &list, &err));
    assert_int_equal(json_array_size(list), 21);
    assert_true(json_is_true(json_object_get(json_array_get(list, 19), "estimated")));
    assert_true(json_is_false(json_object_get(json_array_get(list, 20), "estimated")));
    assert_string_equal(
            json_string_value(json_object_get(json_array_get(list, 20), "day")), "2026-11-23");
    json_decref(list);
    assert_ok(pk_trend_purge(store, TODAY - 1, &err));
    assert_ok(pk_trend_list(store, "", 0, arena, &days, &err));
    assert_int_equal(days.count, 2);
    /* a reader does not wait for the job */
    assert_ok(pk_trends_read(store, "", 10, later, arena, &list, &err));
    assert_int_equal(json_array_size(list), 10);
    json_decref(list);
}

/* Who may see sales alone learns nothing of labs, also not from what was written down. */
static void test_scope(void **state)
{
    const char *sales = "sales";
    char scope[PK_SCOPE_TEXT];
    const struct pk_fleet_state *s;
    json_t *list = NULL;

    (void)state;
    assert_ok(pk_scope_text(&(struct pk_strings){ &sales, 1 }, scope, &err));
    pk_store_scope(store, scope);
    s = states_at(NOW, false, 1);
    assert_int_equal(s[0].devices, 2);
    assert_int_equal(s[0].closed, 0);
    assert_int_equal(s[0].patched, 1);
    for (int i = 0; i < 2; i++) {
        assert_ok(pk_trends_read(store, i == 0 ? "" : "labs", 3, NOW, arena, &list, &err));
        for (size_t n = 0; n < json_array_size(list); n++) {
            assert_int_equal(
                    json_integer_value(json_object_get(json_array_get(list, n), "devices")),
                    i == 0 ? 2 : 0);
        }
        assert_int_equal(json_array_size(list), 3);
        json_decref(list);
    }
    pk_store_scope(store, NULL);
}

static void test_begin(void **state)
{
    int64_t day;

    (void)state;
    assert_ok(pk_trend_begin(store, &day, &err));
    assert_int_equal(day, TODAY - 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_now),
        cmocka_unit_test(test_past),
        cmocka_unit_test(test_score),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_scope),
        cmocka_unit_test(test_begin),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
