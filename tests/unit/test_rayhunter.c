/* Rayhunter's reports: files of our own making in the formats of its versions. */
#include <stdio.h>

#include "check.h"
#include "defense/defense.h"
#include "track/rayhunter.h"

#define HEAD                                                                                    \
    "{\"analyzers\":[{\"name\":\"Null Cipher\",\"description\":\"d\",\"version\":1}],"          \
    "\"rayhunter\":{\"rayhunter_version\":\"0.9.0\",\"system_os\":\"Linux\",\"arch\":\"arm\"}," \
    "\"report_version\":2}\n"
#define ROW(time, severity, message)                                                       \
    "{\"packet_timestamp\":\"2026-08-20T" time "+00:00\",\"skipped_message_reason\":null," \
    "\"events\":[null,{\"event_type\":\"" severity "\",\"message\":\"" message "\"}]}\n"
#define OLD_ROW(time, severity, message)                                                         \
    "{\"timestamp\":\"2025-05-01T" time "Z\",\"skipped_message_reasons\":[\"x\"],\"analysis\":[" \
    "{\"timestamp\":\"2025-05-01T" time "Z\",\"events\":[{\"event_type\":{\"type\":"             \
    "\"QualitativeWarning\",\"severity\":\"" severity "\"},\"message\":\"" message               \
    "\"},null]}]}\n"

#define HUGE_ROW ROW("10:00:00", "Huge", "x")

static const char home[] =
        "Disconnected after Identity Request without Auth Accept on home network!";

struct world {
    char said[512];
    char last[4096];
    int observations;
    double worst;
};

static void on_observation(void *ctx, struct pk_observation *obs)
{
    struct world *w = ctx;
    struct pk_arena *arena = pk_arena_create(256UL * 1024);
    struct pk_findings found = { .count = 0 };
    struct pk_observation again;
    json_t *encoded;
    char *text;

    obs->seq = ++w->observations;
    encoded = pk_observation_encode(obs, true);
    text = pk_json_text(encoded);
    assert_null(strstr(text, "262011234567890"));
    (void)snprintf(w->last, sizeof(w->last), "%s", text);
    assert_int_equal(pk_observation_decode(encoded, arena, &again, NULL), PK_OK);
    assert_int_equal(pk_defense_judge(&again, arena, &found), PK_OK);
    for (size_t i = 0; i < found.count; i++) {
        const struct pk_finding *f = &found.items[i];
        size_t len = strlen(w->said);

        if (strstr(w->said, f->threat->id) == NULL || f->cleared) {
            (void)snprintf(w->said + len, sizeof(w->said) - len, "%s%s%s", len > 0 ? " " : "",
                    f->cleared ? "-" : "", f->threat->id + strlen("network.cell_"));
        }
        w->worst = !f->cleared && f->confidence > w->worst ? f->confidence : w->worst;
    }
    free(text);
    json_decref(encoded);
    pk_arena_destroy(arena);
}

static int read_all(struct world *w, const char *report)
{
    const struct pk_track_sink sink = { on_observation, w };
    struct pk_rayhunter *reader = pk_rayhunter_create(&sink);
    int rc = PK_OK;

    assert_non_null(reader);
    for (const char *at = report; *at != '\0' && rc == PK_OK;) {
        size_t len = strcspn(at, "\n");
        uint8_t *heap = pk_test_dup(at, len);
        struct pk_error err;

        rc = pk_rayhunter_line(reader, pk_slice_of(heap, len), &err);
        free(heap);
        at += len + (at[len] == '\n');
    }
    pk_rayhunter_destroy(reader);
    return rc;
}

static void test_reports(void **state)
{
    static const struct {
        const char *what;
        const char *report;
        const char *said;
        int worst; /* percent */
    } rows[] = {
        { "nothing", HEAD, "", 0 },
        { "diagnostics",
                HEAD ROW("10:00:00", "Informational", "Diagnostic: EMM Identity Request (IMSI)."),
                "", 0 },
        { "chain at home",
                HEAD ROW("10:00:00.123456789", "High",
                        "Disconnected after Identity Request without Auth Accept on home network!"),
                "fake_station", 85 },
        { "chain abroad",
                HEAD ROW("10:00:00", "Low",
                        "Disconnected after Identity Request without Auth Accept, but this could "
                        "be a "
                        "false positive roaming issue - Tower PLMN: 262-01, UE PLMN: 208-10"),
                "", 0 },
        { "chain, unknown where",
                HEAD ROW("10:00:00", "Low",
                        "Disconnected after Identity Request without Auth Accept, but this could "
                        "be a "
                        "false positive roaming issue - Tower PLMN: Unknown, UE PLMN: Unknown"),
                "", 0 },
        { "no plan",
                HEAD ROW("10:00:00", "Low",
                        "Identity requested without authentication but its likely a false positive "
                        "unless your SIM card has an active plan"),
                "", 0 },
        { "identity after authentication",
                HEAD ROW("10:00:00", "High", "Identity requested after auth request"),
                "fake_station", 55 },
        { "identity unasked",
                HEAD ROW("10:00:00", "High", "Identity requested without Attach Request"),
                "fake_station", 50 },
        { "to 2G", HEAD ROW("10:00:00", "High", "Detected 2G downgrade"), "2g_downgrade", 70 },
        { "priorities",
                HEAD ROW("10:00:00", "High",
                        "LTE cell advertised a legacy (3G/2G) cell for priority 7 reselection over "
                        "LTE "
                        "neighbors at priority Some(5)"),
                "2g_downgrade", 55 },
        { "null cipher", HEAD ROW("10:00:00", "High", "Cell suggested use of null cipher"),
                "null_cipher", 90 },
        { "null cipher of the core",
                HEAD ROW("10:00:00", "High", "NAS Security mode command requested null cipher"),
                "null_cipher", 80 },
        { "incomplete alone",
                HEAD ROW("10:00:00", "Informational", "SIB1 scheduling info list was malformed"),
                "", 0 },
        { "chain and incomplete",
                HEAD ROW("10:00:00", "Informational",
                        "SIB1 scheduling info list was malformed") ROW("10:00:30", "High",
                        "Disconnected after Identity Request without Auth Accept on home network!"),
                "fake_station", 90 },
        { "an analyzer that is new to us",
                HEAD ROW("10:00:00", "High", "Something odd 262011234567890"), "fake_station", 55 },
        { "the same, of little weight", HEAD ROW("10:00:00", "Medium", "Something odd"), "", 0 },
        { "the test analyzer",
                HEAD ROW("10:00:00", "Low", "SIB1 received CID: 12345678, TAC: 1234, PLMN: 262-01"),
                "", 0 },
        { "over after an hour",
                HEAD ROW("10:00:00", "High", "Detected 2G downgrade")
                        ROW("11:00:01", "Informational", "Diagnostic: EPS Attach Request (IMSI)."),
                "2g_downgrade -fake_station -2g_downgrade -null_cipher", 70 },
        { "version 1", OLD_ROW("10:00:00", "High", "Cell suggested use of null cipher"),
                "null_cipher", 90 },
        { "version 0 called every identity request suspicious",
                OLD_ROW("10:00:00", "High", "NAS identity request detected"), "", 0 },
        { "a whole report in one object",
                "{ \"path\": \"x\", \"metadata\": {\"analyzers\":[]}, \"reports\": [{\"events\":["
                "{\"timestamp\":\"2026-08-20T10:00:00Z\",\"event\":{\"event_type\":\"High\","
                "\"message\":\"Detected 2G downgrade\"}}]}]}",
                "2g_downgrade", 70 },
        { "a message was skipped",
                HEAD "{\"packet_timestamp\":null,\"skipped_message_reason\":\"y\",\"events\":[]}\n",
                "", 0 },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct world w = { .observations = 0 };

        assert_int_equal(read_all(&w, rows[i].report), PK_OK);
        if (strcmp(w.said, rows[i].said) != 0 || (int)(w.worst * 100 + 0.5) != rows[i].worst) {
            fail_msg("%s: said '%s' %.3f; %s", rows[i].what, w.said, w.worst, w.last);
        }
    }
}

static void test_bad(void **state)
{
    static const char *const rows[] = {
        "{\"v\":1}",
        "[",
        "{\"events\":[{\"event_type\":\"High\"}]}",
        "{\"events\":[{\"event_type\":\"High\",\"message\":\"x\"}]}",
        "{\"packet_timestamp\":\"never\",\"events\":[{\"event_type\":\"High\",\"message\":\"x\"}]}",
        HUGE_ROW,
        "{\"events\":{}}",
        "{\"analysis\":1}",
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct world w = { .observations = 0 };

        assert_true(read_all(&w, rows[i]) < 0);
        assert_int_equal(w.observations, 0);
    }
}

static void test_is(void **state)
{
    (void)state;
    assert_true(pk_rayhunter_is(pk_slice_str(HEAD)));
    assert_true(pk_rayhunter_is(pk_slice_str("{ \"path\": \"x\", \"metadata\"")));
    assert_false(pk_rayhunter_is(pk_slice_str("{\"device\":\"phone\"}")));
    assert_false(pk_rayhunter_is(pk_slice_str("")));
}

static void test_quiet(void **state)
{
    struct world w = { .observations = 0 };
    const struct pk_track_sink sink = { on_observation, &w };
    struct pk_rayhunter *reader = pk_rayhunter_create(&sink);
    char line[512];
    int64_t due;

    (void)state;
    (void)snprintf(line, sizeof(line),
            "{\"packet_timestamp\":\"2026-08-20T10:00:00Z\",\"events\":[{\"event_type\":\"High\","
            "\"message\":\"%s\"}]}",
            home);
    assert_true(pk_rayhunter_due(reader) == INT64_MAX);
    assert_int_equal(pk_rayhunter_line(reader, pk_slice_str(line), NULL), PK_OK);
    due = pk_rayhunter_due(reader);
    pk_rayhunter_tick(reader, due - 1);
    assert_string_equal(w.said, "fake_station");
    pk_rayhunter_tick(reader, due);
    assert_string_equal(w.said, "fake_station -fake_station -2g_downgrade -null_cipher");
    assert_true(pk_rayhunter_due(reader) == INT64_MAX);
    pk_rayhunter_destroy(reader);
}

/* Texts of other programs lose what may be an identity. */
static void test_hide(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        { "IMSI 262011234567890 seen", "IMSI # seen" },
        { "TMSI 0xdeadbee1!", "TMSI 0x#!" },
        { "356938035643809", "#" },
        { "cause 15, EEA0, 4G", "cause 15, EEA0, 4G" },
        { "feedface effaced decade", "feedface effaced decade" },
        { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        char text[64];

        (void)snprintf(text, sizeof(text), "%s", rows[i].in);
        pk_cell_hide(text);
        assert_string_equal(text, rows[i].out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reports),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_is),
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_hide),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
