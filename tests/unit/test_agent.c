/* The parts of the agent's core that decide: settings, alerts, the table of findings, what is said
 * twice, links of an enrolment, commands that come again. */
#include <stdio.h>

#include "agent/alert.h"
#include "agent/est.h"
#include "agent/https.h"
#include "agent/judge.h"
#include "agent/repeat.h"
#include "agent/seen.h"
#include "agent/sense.h"
#include "agent/settings.h"
#include "check.h"

static void test_settings(void **state)
{
    static const struct {
        const char *in;
        int rc;
        const char *text;
    } rows[] = {
        { "", PK_OK, "" },
        { "state_dir: /tmp/x\nreport:\n  min_delay_s: 5\nnotify: {desktop: false}\n", PK_OK, "" },
        { "canaries: [\"a:8443\", b]\nprobe_url: \"http://x/204\"\n", PK_OK, "" },
        { "statedir: x\n", PK_EUNKNOWN, "f:1: statedir: unknown key" },
        { "report:\n  min_delay_s: 5\n  batch: 3\n", PK_EUNKNOWN,
                "f:3: report.batch: unknown key" },
        { "report:\n  max_batch: 0\n", PK_EBOUNDS, "f:2: report.max_batch: " },
        { "\nnotify: {desktop: maybe}\n", PK_ETYPE, "f:2: notify.desktop: " },
        { "server:\n  url: \"http://x:1\"\n", PK_EMALF, "server.url: " },
        { "server:\n  url: \"https://x:0\"\n", PK_EMALF, "server.url: " },
        { "recheck_minutes: 0\n", PK_EBOUNDS, "f:1: recheck_minutes: " },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(1 << 20);
        struct pk_agent_settings s;
        struct pk_error err = { 0 };

        assert_int_equal(
                pk_agent_settings_decode("f", rows[i].in, strlen(rows[i].in), arena, &s, &err),
                rows[i].rc);
        assert_memory_equal(err.text, rows[i].text, strlen(rows[i].text));
        if (rows[i].rc == PK_OK) {
            struct pk_buffer page = pk_buffer_of(1 << 16);
            struct pk_sense_settings sense;

            assert_true(s.report->max_batch > 0 && s.notify->terminal);
            pk_agent_settings_explain(&s, &page);
            assert_int_equal(page.rc, PK_OK);
            assert_non_null(strstr(page.ptr, "min_delay_s: "));
            pk_agent_settings_sense(&s, &sense);
            assert_int_equal(sense.canaries.count, s.canaries.count);
            pk_buffer_finish(&page);
        }
        pk_arena_destroy(arena);
    }
}

/* --check-config prints what the parser reads back. */
static void test_settings_again(void **state)
{
    static const char text[] = "report:\n  min_delay_s: 7\nnotify:\n  terminal: false\n";
    struct pk_arena *arena = pk_arena_create(1 << 20);
    struct pk_buffer page = pk_buffer_of(1 << 16);
    struct pk_agent_settings s;
    struct pk_agent_settings back;
    struct pk_error err;

    (void)state;
    assert_int_equal(pk_agent_settings_decode("f", text, sizeof(text) - 1, arena, &s, &err), PK_OK);
    pk_agent_settings_explain(&s, &page);
    if (pk_agent_settings_decode("page", page.ptr, page.len, arena, &back, &err) != PK_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(back.report->min_delay_s, 7);
    assert_false(back.notify->terminal);
    assert_true(back.notify->desktop);
    pk_buffer_finish(&page);
    pk_arena_destroy(arena);
}

static void test_urls(void **state)
{
    static const struct {
        const char *url;
        int rc;
        const char *host;
        int port;
    } rows[] = {
        { "https://a.example", PK_OK, "a.example", 443 },
        { "https://a.example:8443/", PK_OK, "a.example", 8443 },
        { "https://[::1]:8443", PK_OK, "::1", 8443 },
        { "https://127.0.0.1:1", PK_OK, "127.0.0.1", 1 },
        { "http://a", PK_EMALF, "", 0 },
        { "https://", PK_EMALF, "", 0 },
        { "https://:80", PK_EMALF, "", 0 },
        { "https://a:", PK_EMALF, "", 0 },
        { "https://a:65536", PK_EMALF, "", 0 },
        { "https://a:80x", PK_EMALF, "", 0 },
        { "https://a/path", PK_EMALF, "", 0 },
        { "https://u@a", PK_EMALF, "", 0 },
        { "https://[::1", PK_EMALF, "", 0 },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        char host[PK_HTTPS_HOST] = "";
        int port = 0;

        assert_int_equal(pk_https_url(rows[i].url, host, &port, NULL), rows[i].rc);
        assert_string_equal(host, rows[i].host);
        assert_int_equal(port, rows[i].port);
    }
}

#define PIN "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void test_enrolment(void **state)
{
    static const struct {
        const char *url, *token, *pin, *ca;
        int rc;
        const char *out_url, *out_token, *out_pin;
    } rows[] = {
        { "https://h:1/enroll#aabb." PIN, NULL, NULL, NULL, PK_OK, "https://h:1", "aabb", PIN },
        { "https://h:1/enroll#aabb", NULL, PIN, NULL, PK_OK, "https://h:1", "aabb", PIN },
        { "https://h:1", "aabb", PIN, NULL, PK_OK, "https://h:1", "aabb", PIN },
        { "https://h:1/", "aabb." PIN, NULL, NULL, PK_OK, "https://h:1", "aabb", PIN },
        { "https://h:1", "aabb", NULL, "ca.pem", PK_OK, "https://h:1", "aabb", "" },
        { "https://h:1/enroll#aabb." PIN, "ccdd", NULL, NULL, PK_OK, "https://h:1", "ccdd", PIN },
        { "https://h:1/enroll#aabb", NULL, NULL, NULL, PK_EMALF, "", "", "" },
        { "https://h:1", NULL, PIN, NULL, PK_EMALF, "", "", "" },
        { "https://h:1/enroll#", NULL, PIN, NULL, PK_EMALF, "", "", "" },
        { "https://h:1/enroll#zz." PIN, NULL, NULL, NULL, PK_EMALF, "", "", "" },
        { "https://h:1/enroll#aabb.12", NULL, NULL, NULL, PK_EMALF, "", "", "" },
        { "https://h:1", "aabb", "12", NULL, PK_EMALF, "", "", "" },
        { "http://h:1", "aabb", PIN, NULL, PK_EMALF, "", "", "" },
        { "https://h:1/x", "aabb", PIN, NULL, PK_EMALF, "", "", "" },
        { "", "aabb", PIN, NULL, PK_EMALF, "", "", "" },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_enrolment e = { 0 };

        assert_int_equal(
                pk_enrolment_parse(rows[i].url, rows[i].token, rows[i].pin, rows[i].ca, &e, NULL),
                rows[i].rc);
        assert_string_equal(e.url, rows[i].out_url);
        assert_string_equal(e.token, rows[i].out_token);
        assert_string_equal(e.pin, rows[i].out_pin);
    }
}

static void test_alert(void **state)
{
    static const char evil[] = "Cafe\033[2J\n\"x\"";
    struct pk_alert alert;
    struct pk_buffer block = pk_buffer_of(8192);
    char body[1024];
    json_t *fields;

    (void)state;
    pk_alert_of_threat(pk_threat_find("network.arp_spoof"), evil, "en", false, &alert);
    assert_null(strchr(alert.title, '\033'));
    assert_null(strchr(alert.title, '\n'));
    assert_non_null(strstr(alert.title, "pretends to be the router"));
    assert_string_equal(alert.level, "now");
    assert_true(alert.next_count >= 1);
    pk_alert_block(&alert, false, &block);
    assert_int_equal(block.rc, PK_OK);
    assert_null(strchr(block.ptr, '\033'));
    assert_non_null(strstr(block.ptr, "ACT NOW"));
    assert_non_null(strstr(block.ptr, "    1. "));
    for (const char *line = block.ptr; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n' ? 1 : 0;
        assert_true(strcspn(line, "\n") <= 78);
    }
    pk_buffer_clear(&block);
    pk_alert_block(&alert, true, &block);
    assert_non_null(strstr(block.ptr, "\033[1;31m"));
    pk_alert_body(&alert, body, sizeof(body));
    assert_true(strlen(body) <= 140);
    fields = pk_alert_fields(&alert);
    assert_int_equal(json_array_size(json_object_get(fields, "next")), alert.next_count);
    assert_string_equal(json_string_value(json_object_get(fields, "threat")), "network.arp_spoof");
    json_decref(fields);
    pk_buffer_finish(&block);
}

static void test_alert_command(void **state)
{
    static const struct {
        const char *in;
        int rc;
        const char *title;
    } rows[] = {
        { "{\"id\":\"1\",\"threat\":\"network.x\",\"level\":\"now\",\"title\":\"On {subject}\","
          "\"why\":\"w\",\"next\":[\"a {subject}\",\"b\",\"c\",\"d\"]}",
                PK_OK, "On Home" },
        { "{\"threat\":\"t\",\"level\":\"today\",\"title\":\"a\\tb\",\"why\":\"w\"}", PK_OK,
                "a b" },
        { "{\"threat\":\"t\",\"level\":\"loud\",\"title\":\"a\",\"why\":\"w\"}", PK_EMALF, "" },
        { "{\"threat\":\"t\",\"level\":\"now\",\"why\":\"w\"}", PK_EMALF, "" },
        { "{\"threat\":\"t\",\"level\":\"now\",\"title\":7,\"why\":\"w\"}", PK_EMALF, "" },
        { "{\"level\":\"now\",\"title\":\"a\",\"why\":\"w\"}", PK_EMALF, "" },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_alert alert = { 0 };
        json_t *in = NULL;

        assert_int_equal(pk_json_parse(rows[i].in, strlen(rows[i].in), &in, NULL), PK_OK);
        assert_int_equal(pk_alert_of_command(in, "Home", "en", &alert, NULL), rows[i].rc);
        assert_string_equal(alert.title, rows[i].title);
        if (i == 0) {
            assert_int_equal(alert.next_count, PK_ALERT_STEPS);
            assert_string_equal(alert.next[0], "a Home");
        }
        json_decref(in);
    }
}

struct log {
    int findings, cleared, alerts;
    char name[128];
};

static void count_finding(void *ctx, const struct pk_finding *f, const struct pk_open *open)
{
    struct log *log = ctx;

    (void)f;
    log->findings++;
    (void)snprintf(log->name, sizeof(log->name), "%s", open->name);
}

static void count_cleared(void *ctx, const struct pk_open *was, int64_t at_ms)
{
    (void)was;
    (void)at_ms;
    ((struct log *)ctx)->cleared++;
}

static void count_alert(void *ctx, const struct pk_open *open, int64_t at_ms)
{
    (void)open;
    (void)at_ms;
    ((struct log *)ctx)->alerts++;
}

#define NET "net-0123456789abcdef"

static bool take(struct pk_agent_judge *judge, const struct pk_observation *o)
{
    bool news = false;

    assert_int_equal(pk_agent_judge_take(judge, o, &news, NULL), PK_OK);
    return news;
}

static struct pk_agent_judge *make_judge(struct log *log)
{
    const struct pk_judge_hooks hooks = {
        .finding = count_finding, .cleared = count_cleared, .alert = count_alert, .ctx = log
    };
    struct pk_agent_judge *judge = pk_agent_judge_create(&hooks);

    assert_non_null(judge);
    return judge;
}

/* An ARP attack: told once, however long it lasts; told again when it comes back. */
static void test_judge_spoof(void **state)
{
    struct pk_obs_network joined = { .event = PK_NETWORK_JOINED, .name = "CafeGuest" };
    struct pk_obs_gateway fine = { .address = "10.0.0.1", .mac = "aa:aa:aa:aa:aa:aa" };
    struct pk_obs_gateway bad = { .address = "10.0.0.1",
        .mac = "bb:bb:bb:bb:bb:bb",
        .mac_before = "aa:aa:aa:aa:aa:aa",
        .probes = 3,
        .old_answers = 3,
        .rival_claims = 5,
        .unasked_claims = 5 };
    struct pk_observation net = {
        .at_ms = 1, .kind = PK_OBS_NETWORK, .network = NET, .net = &joined
    };
    struct pk_observation gateway = {
        .at_ms = 2, .kind = PK_OBS_GATEWAY, .network = NET, .gateway = &fine
    };
    struct log log = { 0 };
    struct pk_agent_judge *judge = make_judge(&log);

    (void)state;
    assert_false(take(judge, &net));
    assert_false(take(judge, &gateway));
    assert_int_equal(log.findings, 0);
    gateway.gateway = &bad;
    assert_true(take(judge, &gateway));
    for (int i = 0; i < 5; i++) {
        assert_false(take(judge, &gateway)); /* nothing new */
    }
    assert_int_equal(log.findings, 1);
    assert_int_equal(log.alerts, 1);
    assert_string_equal(log.name, "CafeGuest");
    assert_int_equal(pk_agent_judge_probes(judge), PK_PROBE_GATEWAY);
    /* The server says the same: known already. */
    assert_true(pk_agent_judge_tell(judge, pk_threat_find("network.arp_spoof"), NET, 3));
    gateway.gateway = &fine;
    assert_true(take(judge, &gateway));
    assert_int_equal(log.cleared, 1);
    assert_int_equal(pk_agent_judge_count(judge), 0);
    assert_int_equal(pk_agent_judge_probes(judge), 0);
    gateway.gateway = &bad;
    assert_true(take(judge, &gateway));
    assert_int_equal(log.alerts, 2);
    joined.event = PK_NETWORK_LEFT;
    assert_true(take(judge, &net));
    assert_int_equal(log.cleared, 2);
    pk_agent_judge_destroy(judge);
}

/* Two forged hosts are one finding that ends with the last of them. */
static void test_judge_parts(void **state)
{
    struct pk_certificate chain[1] = { { .subject = "CN=x", .sha256 = PIN, .spki_sha256 = PIN } };
    struct pk_obs_tls tls = {
        .host = "a", .port = 443, .outcome = PK_TLS_UNTRUSTED, .chain = { chain, 1 }
    };
    struct pk_observation o = { .at_ms = 1, .kind = PK_OBS_TLS, .network = NET, .tls = &tls };
    struct log log = { 0 };
    struct pk_agent_judge *judge = make_judge(&log);

    (void)state;
    assert_true(take(judge, &o));
    tls.host = "b";
    assert_true(take(judge, &o));
    assert_int_equal(log.alerts, 1);
    assert_int_equal(pk_agent_judge_count(judge), 1);
    tls.outcome = PK_TLS_OK;
    assert_true(take(judge, &o)); /* the server counts parts, too */
    assert_int_equal(log.cleared, 0);
    tls.host = "a";
    assert_true(take(judge, &o));
    assert_int_equal(log.cleared, 1);
    pk_agent_judge_destroy(judge);
}

/* What is wrong with the device itself is remembered over a restart and not told again. */
static void test_judge_restart(void **state)
{
    struct pk_obs_posture posture = { .disk_encrypted = PK_TRI_NO };
    struct pk_observation o = { .at_ms = 1000, .kind = PK_OBS_POSTURE, .posture = &posture };
    struct log log = { 0 };
    struct pk_agent_judge *judge = make_judge(&log);
    json_t *saved;
    int alerts;

    (void)state;
    assert_true(take(judge, &o));
    alerts = log.alerts;
    assert_true(log.findings >= 1);
    saved = pk_agent_judge_save(judge);
    assert_int_equal(json_array_size(saved), pk_agent_judge_count(judge));
    pk_agent_judge_destroy(judge);
    judge = make_judge(&log);
    pk_agent_judge_load(judge, saved);
    assert_false(take(judge, &o));
    assert_int_equal(log.alerts, alerts);
    posture.disk_encrypted = PK_TRI_YES;
    assert_true(take(judge, &o));
    assert_int_equal(log.cleared, 1);
    json_decref(saved);
    pk_agent_judge_destroy(judge);
}

/* The server tells first; the device's own finding later does not tell again. */
static void test_judge_told(void **state)
{
    struct pk_obs_posture posture = { .disk_encrypted = PK_TRI_NO };
    struct pk_observation o = { .at_ms = 1000, .kind = PK_OBS_POSTURE, .posture = &posture };
    struct log log = { 0 };
    struct pk_agent_judge *judge = make_judge(&log);

    (void)state;
    assert_false(pk_agent_judge_tell(
            judge, pk_threat_find("physical.no_encryption"), PK_SUBJECT_DEVICE, 1));
    assert_false(pk_agent_judge_at(judge, 0)->open);
    assert_true(take(judge, &o));
    assert_int_equal(log.alerts, 0);
    assert_true(pk_agent_judge_at(judge, 0)->open);
    pk_agent_judge_destroy(judge);
}

static void test_repeat(void **state)
{
    struct pk_repeat table = { 0 };
    struct pk_slice a = pk_slice_str("tls a");
    struct pk_slice b = pk_slice_str("tls b");
    struct pk_slice x = pk_slice_str("fine");
    struct pk_slice y = pk_slice_str("odd");

    (void)state;
    assert_int_equal(pk_repeat_judge(&table, a, x, 0, 1000), PK_REPEAT_NEW);
    assert_int_equal(pk_repeat_judge(&table, b, x, 0, 1000), PK_REPEAT_NEW);
    assert_int_equal(pk_repeat_judge(&table, a, x, 0, 2000), PK_REPEAT_KNOWN);
    assert_int_equal(pk_repeat_judge(&table, a, y, 60000, 3000), PK_REPEAT_KNOWN);
    assert_int_equal(pk_repeat_judge(&table, a, y, 0, 4000), PK_REPEAT_NEW);
    assert_int_equal(pk_repeat_judge(&table, a, y, 0, 4000 + PK_REPEAT_MS), PK_REPEAT_OLD);
    for (int i = 0; i < 2 * PK_REPEAT_PLACES; i++) {
        char place[16];

        (void)snprintf(place, sizeof(place), "p%d", i);
        assert_int_equal(
                pk_repeat_judge(&table, pk_slice_str(place), x, 0, 100000000 + i), PK_REPEAT_NEW);
    }
}

static void test_seen(void **state)
{
    struct pk_seen seen = { 0 };
    struct pk_buffer out = pk_buffer_of(4096);
    char id[16];

    (void)state;
    assert_false(pk_seen_is_id(NULL));
    assert_false(pk_seen_is_id(""));
    assert_false(pk_seen_is_id("a&seen=b"));
    assert_true(pk_seen_is_id("123_a-b.c"));
    assert_false(pk_seen_list(&seen, &out));
    assert_true(pk_seen_note(&seen, "1"));
    assert_true(pk_seen_note(&seen, "2"));
    assert_true(pk_seen_list(&seen, &out));
    assert_string_equal(out.ptr, "1,2");
    pk_seen_said(&seen);
    pk_buffer_clear(&out);
    assert_false(pk_seen_list(&seen, &out));
    assert_false(pk_seen_note(&seen, "1")); /* it came again: say it again, do nothing */
    assert_true(pk_seen_list(&seen, &out));
    assert_string_equal(out.ptr, "1");
    for (int i = 0; i < 100; i++) {
        (void)snprintf(id, sizeof(id), "x%d", i);
        assert_true(pk_seen_note(&seen, id));
    }
    assert_int_equal(seen.count, PK_SEEN_MAX);
    assert_false(pk_seen_note(&seen, "x99"));
    pk_buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_settings_again),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_enrolment),
        cmocka_unit_test(test_alert),
        cmocka_unit_test(test_alert_command),
        cmocka_unit_test(test_judge_spoof),
        cmocka_unit_test(test_judge_parts),
        cmocka_unit_test(test_judge_restart),
        cmocka_unit_test(test_judge_told),
        cmocka_unit_test(test_repeat),
        cmocka_unit_test(test_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
