/* Who is told, by which way: the document "communication", and what the pipeline writes for it; on both engines. */
#include "base/clock.h"
#include "database.h"
#include "pipeline/channels.h"
#include "store/apps.h"
#include "store/push.h"

#define NOW    INT64_C(1795000000000)
#define DEVICE "00000000-0000-4000-8000-000000000001"

static struct pk_error err;

struct bench {
    struct test_database database;
    struct pk_store *store;
    struct pk_arena *arena;
    struct pk_pipeline pipeline;
    struct pk_pipeline_news news;
    struct pk_incident incident;
    struct pk_circle *circle;
    bool listening;
};

static const char *hook_names[] = { "ops" };

static bool listens(void *ctx, const char *device)
{
    const struct bench *b = ctx;

    assert_string_equal(device, DEVICE);
    return b->listening;
}

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
        .enrolled_ms = NOW };

    assert_non_null(b);
    test_database_start(&b->database);
    assert_ok(pk_store_open(b->database.url, &b->store, &err));
    b->arena = pk_arena_create(16UL * 1024 * 1024);
    assert_non_null(b->arena);
    assert_ok(pk_device_add(b->store, &device, &err));
    b->pipeline.mail = true;
    b->pipeline.hooks = (struct pk_strings){ hook_names, 1 };
    b->pipeline.listens = listens;
    b->pipeline.listens_ctx = b;
    b->incident = (struct pk_incident){ .id = "inc-1",
        .device = DEVICE,
        .threat = pk_threat_find("network.arp_spoof"),
        .subject = "net-1",
        .severity = PK_SEVERITY_HIGH,
        .rule = "r",
        .opened_ms = NOW,
        .updated_ms = NOW };
    assert_non_null(b->incident.threat);
    assert_ok(pk_incident_put(b->store, &b->incident, &err));
    b->circle = pk_circle_open(&(struct pk_circle){
            .pipeline = &b->pipeline, .store = b->store, .news = &b->news, .err = &err });
    assert_non_null(b->circle);
    assert_ok(pk_circle_load(b->circle, DEVICE));
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    pk_circle_close(b->circle);
    pk_store_close(b->store);
    pk_arena_destroy(b->arena);
    test_database_end(&b->database);
    free(b);
    return 0;
}

static void say(struct bench *b, const char *text)
{
    struct pk_document document = { .at_ms = NOW, .who = "test", .text = text };
    int64_t version;

    assert_ok(pk_document_put(b->store, PK_COMMUNICATION_DOCUMENT, &document, &version, &err));
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

static void test_addresses(void **state)
{
    static const char *const good[] = { "a@b", "anna.meier+x@mail.example.org", "o'hara@x.y" };
    static const char *const bad[] = { "", "@", "a@", "@b", "a b@c", "a@b c", "a@b\nBcc: x@y",
        "a@b\r\n", "<a@b>", "\"a\"@b", ".a@b", "a..b@c", "a.@b", "a@b..c", "a@.b", "a@b.", "-x@b",
        "a@b@c", "ä@b", "a@[127.0.0.1]", "a,b@c" };
    char longest[PK_MAIL_ADDRESS_MAX + 2];

    (void)state;
    for (size_t i = 0; i < PK_COUNT(good); i++) {
        assert_true(pk_mail_address_ok(good[i]));
    }
    for (size_t i = 0; i < PK_COUNT(bad); i++) {
        if (pk_mail_address_ok(bad[i])) {
            fail_msg("'%s' passes as an address", bad[i]);
        }
    }
    memset(longest, 'x', sizeof(longest));
    longest[1] = '@';
    longest[PK_MAIL_ADDRESS_MAX] = '\0';
    assert_true(pk_mail_address_ok(longest));
    longest[PK_MAIL_ADDRESS_MAX] = 'x';
    longest[PK_MAIL_ADDRESS_MAX + 1] = '\0';
    assert_false(pk_mail_address_ok(longest));
}

static void test_document(void **state)
{
    static const struct {
        const char *text;
        const char *path; /* NULL: it is fine */
    } rows[] = {
        { "{}", NULL },
        { "{\"rules\":[{\"name\":\"a\",\"mail\":[\"x@y\"]}]}", NULL },
        { "{\"rules\":[{\"name\":\"a\",\"webhooks\":[\"ops\"],\"when\":\"weekly\"}]}", NULL },
        { "{\"rules\":[{\"name\":\"a\"}]}", "rules[0].mail" },
        { "{\"rules\":[{\"name\":\"a\",\"mail\":[\"no address\"]}]}", "rules[0].mail" },
        { "{\"rules\":[{\"name\":\"a\",\"mail\":[\"x@y\"],\"threats\":[\"network.arp_spoof\"]},"
          "{\"name\":\"a\",\"mail\":[\"x@y\"]}]}",
                "rules[1].name" },
        { "{\"rules\":[{\"name\":\"a\",\"mail\":[\"x@y\"],\"threats\":[\"nothing.*\"]}]}",
                "rules[0].threats" },
        { "{\"rules\":[{\"name\":\"a\",\"mail\":[\"x@y\"],\"when\":\"never\"}]}", "rules[0].when" },
        { "{\"rule\":[]}", "rule" },
        { "[]", "" },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(1UL << 20);
        struct pk_communication c;
        struct pk_error why = { 0 };
        int rc = pk_communication_parse(rows[i].text, strlen(rows[i].text), arena, &c, &why);

        if (rc == PK_OK) {
            rc = pk_communication_check(&c, &why);
        }
        if ((rc == PK_OK) != (rows[i].path == NULL)) {
            fail_msg("%s: %s %s", rows[i].text, why.path, why.text);
        }
        if (rows[i].path != NULL) {
            assert_string_equal(why.path, rows[i].path);
        }
        pk_arena_destroy(arena);
    }
}

static void test_fits(void **state)
{
    static const char *threats[] = { "network.*" };
    static const char *groups[] = { "sales", "it" };
    struct pk_notice_rule rule = {
        .threats = { threats, 1 }, .groups = { groups, 2 }, .severity = PK_SEVERITY_MEDIUM
    };
    struct pk_notice_rule any = { 0 };

    (void)state;
    assert_true(pk_notice_fits(&rule, "network.arp_spoof", PK_SEVERITY_MEDIUM, "it"));
    assert_false(pk_notice_fits(&rule, "network.arp_spoof", PK_SEVERITY_LOW, "it"));
    assert_false(pk_notice_fits(&rule, "malware.known", PK_SEVERITY_HIGH, "it"));
    assert_false(pk_notice_fits(&rule, "network.arp_spoof", PK_SEVERITY_HIGH, "lab"));
    assert_false(pk_notice_fits(&rule, NULL, PK_SEVERITY_CRITICAL, "it"));
    assert_true(pk_notice_fits(&any, NULL, PK_SEVERITY_CRITICAL, ""));
}

static void tell(struct bench *b)
{
    assert_ok(pk_circle_tell_admins(
            b->circle, &b->incident, "escalate", "Something is on", "because of that", NOW));
}

static void test_nobody(void **state)
{
    struct bench *b = *state;
    struct pk_array timeline = { 0 };

    tell(b);
    assert_false(b->news.siem);
    assert_ok(pk_timeline_of(b->store, "inc-1", b->arena, &timeline, &err));
    assert_int_equal(timeline.count, 0);
}

static void test_notices(void **state)
{
    struct bench *b = *state;
    const struct pk_action *row;
    struct pk_array timeline = { 0 };
    const struct pk_timeline_row *rows;

    say(b,
            "{\"rules\":[{\"name\":\"all\",\"mail\":[\"a@x\",\"b@x\"],"
            "\"webhooks\":[\"ops\",\"gone\"]},"
            "{\"name\":\"day\",\"mail\":[\"c@x\"],\"when\":\"daily\"},"
            "{\"name\":\"other\",\"mail\":[\"d@x\"],\"groups\":[\"it\"]}]}");
    tell(b);
    assert_true(b->news.siem);
    assert_int_equal(pending(b, PK_ACTION_MAIL, "a@x", &row), 1);
    assert_string_equal(json_string_value(json_object_get(row->payload, "letter")), "notice");
    assert_string_equal(
            json_string_value(json_object_get(row->payload, "link")), "#/incidents/inc-1");
    assert_string_equal(row->incident, "inc-1");
    assert_int_equal(pending(b, PK_ACTION_MAIL, "b@x", NULL), 1);
    assert_int_equal(pending(b, PK_ACTION_MAIL, "c@x", NULL), 0);
    assert_int_equal(pending(b, PK_ACTION_MAIL, "d@x", NULL), 0);
    assert_int_equal(pending(b, PK_ACTION_DIGEST, "day", NULL), 1);
    assert_int_equal(pending(b, PK_ACTION_HOOK, "ops", NULL), 1);
    assert_int_equal(pending(b, PK_ACTION_HOOK, "gone", NULL), 0);
    assert_ok(pk_timeline_of(b->store, "inc-1", b->arena, &timeline, &err));
    rows = timeline.items;
    assert_int_equal(timeline.count, 1);
    assert_string_equal(rows[0].what, "admins");
    assert_string_equal(rows[0].by, "escalate");
}

static void test_flood(void **state)
{
    struct bench *b = *state;

    say(b, "{\"rules\":[{\"name\":\"all\",\"mail\":[\"a@x\"]}]}");
    for (int i = 0; i < PK_NOTICES_PER_HOUR + 5; i++) {
        tell(b);
    }
    assert_int_equal(pending(b, PK_ACTION_MAIL, "a@x", NULL), PK_NOTICES_PER_HOUR);
    assert_int_equal(pending(b, PK_ACTION_DIGEST, "all", NULL), 5);
}

static void test_user_mail(void **state)
{
    struct bench *b = *state;
    json_t *alert = json_pack("{s:s, s:s}", "type", "alert", "title", "Leave this Wi-Fi");
    const struct pk_action *row;

    b->circle->device.mail = "anna@x";
    b->circle->device.language = "de";
    assert_ok(pk_circle_mail_user(b->circle, &b->incident, alert, NOW));
    assert_int_equal(pending(b, PK_ACTION_MAIL, "anna@x", NULL), 0); /* nobody wants it */
    say(b, "{\"user_mail\":true}");
    b->pipeline.mail = false;
    assert_ok(pk_circle_mail_user(b->circle, &b->incident, alert, NOW));
    assert_int_equal(pending(b, PK_ACTION_MAIL, "anna@x", NULL), 0); /* there is no relay */
    b->pipeline.mail = true;
    b->circle->device.mail = "anna@x\r\nBcc: eve@x";
    assert_ok(pk_circle_mail_user(b->circle, &b->incident, alert, NOW));
    b->circle->device.mail = "anna@x";
    assert_ok(pk_circle_mail_user(b->circle, &b->incident, alert, NOW));
    assert_int_equal(pending(b, PK_ACTION_MAIL, "anna@x", &row), 1);
    assert_string_equal(json_string_value(json_object_get(row->payload, "letter")), "alert");
    assert_string_equal(json_string_value(json_object_get(row->payload, "language")), "de");
    assert_null(json_object_get(alert, "letter"));
    json_decref(alert);
}

static void test_wake(void **state)
{
    struct bench *b = *state;
    struct pk_push_token token = { .service = PK_PUSH_FCM, .token = "tok", .at_ms = NOW };
    struct pk_push_token got;

    assert_ok(pk_circle_wake(b->circle, NOW));
    assert_false(b->news.siem); /* it has no token */
    assert_ok(pk_push_put(b->store, DEVICE, &token, &err));
    b->listening = true;
    assert_ok(pk_circle_wake(b->circle, NOW));
    assert_int_equal(pending(b, PK_ACTION_PUSH, "fcm", NULL), 0);
    b->listening = false;
    assert_ok(pk_circle_wake(b->circle, NOW));
    assert_ok(pk_circle_wake(b->circle, NOW));
    assert_int_equal(pending(b, PK_ACTION_PUSH, "fcm", NULL), 1); /* many commands, one wake */
    assert_true(b->news.siem);
    assert_ok(pk_push_remove(b->store, DEVICE, "another", 0, &err));
    assert_ok(pk_push_remove(b->store, DEVICE, "tok", NOW - 1, &err)); /* told since then */
    assert_ok(pk_push_get(b->store, DEVICE, b->arena, &got, &err));
    assert_string_equal(got.token, "tok");
    assert_ok(pk_push_remove(b->store, DEVICE, "tok", NOW, &err));
    assert_int_equal(pk_push_get(b->store, DEVICE, b->arena, &got, &err), PK_ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_fits),
        cmocka_unit_test_setup_teardown(test_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_notices, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flood, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_user_mail, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wake, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
