/* Notices that wait: gathered by hour, day and week, and those that are told when they last; on both engines. */
#include "base/clock.h"
#include "database.h"
#include "respond/communication.h"
#include "respond/digest.h"
#include "store/apps.h"

#define MONDAY INT64_C(1795392000000) /* 2026-11-23T00:00Z */
#define DEVICE "00000000-0000-4000-8000-000000000001"

static struct pk_error err;

struct bench {
    struct test_database database;
    struct pk_store *store;
    struct pk_arena *arena;
};

static const char *names[] = { "ops" };
static const struct pk_strings hooks = { names, 1 };

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    struct pk_device device = { .id = DEVICE,
        .name = "Anna",
        .group = "sales",
        .model = "",
        .os_name = "",
        .os_version = "",
        .kernel = "",
        .agent = "",
        .cert_serial = "01",
        .enrolled_ms = MONDAY };
    struct pk_document document = { .at_ms = MONDAY,
        .who = "test",
        .text = "{\"rules\":["
                "{\"name\":\"h\",\"mail\":[\"h@x\"],\"webhooks\":[\"ops\",\"gone\"],\"when\":"
                "\"hourly\"},"
                "{\"name\":\"d\",\"mail\":[\"d@x\",\"e@x\"],\"when\":\"daily\"},"
                "{\"name\":\"w\",\"mail\":[\"w@x\"],\"when\":\"weekly\"},"
                "{\"name\":\"l\",\"mail\":[\"l@x\"],\"when\":\"lasting\"}]}" };
    int64_t version;

    assert_non_null(b);
    test_database_start(&b->database);
    assert_ok(pk_store_open(b->database.url, &b->store, &err));
    b->arena = pk_arena_create(64UL * 1024 * 1024);
    assert_non_null(b->arena);
    assert_ok(pk_device_add(b->store, &device, &err));
    assert_ok(pk_document_put(b->store, PK_COMMUNICATION_DOCUMENT, &document, &version, &err));
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

static void notice(struct bench *b, const char *rule, const char *incident, int64_t at_ms)
{
    struct pk_action action = { .kind = PK_ACTION_DIGEST,
        .target = rule,
        .device = DEVICE,
        .incident = incident,
        .created_ms = at_ms,
        .payload = json_pack("{s:s, s:s}", "letter", "notice", "title", "Something") };

    assert_ok(pk_action_add(b->store, &action, &err));
    json_decref(action.payload);
}

static int64_t step(struct bench *b, int64_t now_ms)
{
    int64_t added = -1;

    assert_ok(pk_digest_step(b->store, true, &hooks, now_ms, &added, &err));
    return added;
}

static size_t pending(struct bench *b, int kind, const char *target, const struct pk_action **out)
{
    struct pk_array rows = { 0 };

    assert_ok(pk_action_pending(b->store, kind, target, 0, 500, b->arena, &rows, &err));
    if (out != NULL) {
        *out = rows.items;
    }
    return rows.count;
}

static void test_hourly(void **state)
{
    struct bench *b = *state;
    const struct pk_action *row;

    notice(b, "h", NULL, MONDAY + 10 * PK_MINUTE_MS);
    notice(b, "h", NULL, MONDAY + 50 * PK_MINUTE_MS);
    assert_int_equal(step(b, MONDAY + 59 * PK_MINUTE_MS), 0);
    assert_int_equal(step(b, MONDAY + 60 * PK_MINUTE_MS), 2); /* one letter, one call */
    assert_int_equal(step(b, MONDAY + 61 * PK_MINUTE_MS), 0); /* each notice once */
    assert_int_equal(pending(b, PK_ACTION_MAIL, "h@x", &row), 1);
    assert_int_equal(json_integer_value(json_object_get(row->payload, "total")), 2);
    assert_int_equal(json_array_size(json_object_get(row->payload, "items")), 2);
    assert_int_equal(pending(b, PK_ACTION_HOOK, "ops", NULL), 1);
    assert_int_equal(pending(b, PK_ACTION_HOOK, "gone", NULL), 0);
    assert_int_equal(pending(b, PK_ACTION_DIGEST, "h", NULL), 0);
}

static void test_daily_and_weekly(void **state)
{
    struct bench *b = *state;

    notice(b, "d", NULL, MONDAY + 7 * PK_HOUR_MS);
    notice(b, "w", NULL, MONDAY + 7 * PK_HOUR_MS);
    assert_int_equal(step(b, MONDAY + 29 * PK_HOUR_MS), 0); /* before six in the morning */
    assert_int_equal(step(b, MONDAY + 30 * PK_HOUR_MS), 2); /* two addresses */
    assert_int_equal(step(b, MONDAY + 7 * PK_DAY_MS + 5 * PK_HOUR_MS), 0);
    assert_int_equal(step(b, MONDAY + 7 * PK_DAY_MS + 6 * PK_HOUR_MS), 1); /* the next Monday */
    assert_int_equal(pending(b, PK_ACTION_MAIL, "w@x", NULL), 1);
}

static void test_lasting(void **state)
{
    struct bench *b = *state;
    struct pk_incident open = { .id = "inc-open",
        .device = DEVICE,
        .threat = pk_threat_find("network.arp_spoof"),
        .subject = "net-1",
        .rule = "r",
        .opened_ms = MONDAY,
        .updated_ms = MONDAY };
    struct pk_incident over = open;
    const struct pk_action *row;

    memcpy(over.id, "inc-over", sizeof("inc-over"));
    over.subject = "net-2";
    over.state = PK_INCIDENT_RESOLVED;
    assert_ok(pk_incident_put(b->store, &open, &err));
    assert_ok(pk_incident_put(b->store, &over, &err));
    notice(b, "l", "inc-open", MONDAY);
    notice(b, "l", "inc-over", MONDAY);
    notice(b, "l", "inc-gone", MONDAY);
    assert_int_equal(step(b, MONDAY + 24 * PK_HOUR_MS - 1), 0);
    assert_int_equal(step(b, MONDAY + 24 * PK_HOUR_MS), 1);
    assert_int_equal(step(b, MONDAY + 25 * PK_HOUR_MS), 0);
    assert_int_equal(pending(b, PK_ACTION_MAIL, "l@x", &row), 1);
    assert_string_equal(row->incident, "inc-open");
    assert_int_equal(pending(b, PK_ACTION_DIGEST, "l", NULL), 0);
}

static void test_gone(void **state)
{
    struct bench *b = *state;
    struct pk_array rows = { 0 };
    const struct pk_action *row;

    notice(b, "nobody", NULL, MONDAY);
    assert_int_equal(pending(b, PK_ACTION_DIGEST, "nobody", &row), 1);
    assert_int_equal(step(b, MONDAY), 0);
    assert_int_equal(pending(b, PK_ACTION_DIGEST, "nobody", NULL), 0);
    assert_ok(pk_action_pending_of(b->store, PK_ACTION_DIGEST, 0, 10, b->arena, &rows, &err));
    assert_int_equal(rows.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hourly, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_daily_and_weekly, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lasting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_gone, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
