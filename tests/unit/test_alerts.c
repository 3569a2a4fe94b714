/* What the person is told: in which language, with what around it, with care, and as a drill. */
#include <stdio.h>

#include "agent/alert.h"
#include "agent/block_page.h"
#include "agent/judge.h"
#include "agent/status.h"
#include "check.h"
#include "defense/defense.h"
#include "model/words.h"

static struct pk_alert of_command(const char *text, const char *language)
{
    struct pk_alert alert = { 0 };
    json_t *in = NULL;

    assert_int_equal(pk_json_parse(text, strlen(text), &in, NULL), PK_OK);
    assert_int_equal(pk_alert_of_command(in, "Home", language, &alert, NULL), PK_OK);
    json_decref(in);
    return alert;
}

static char *block_of(const struct pk_alert *alert)
{
    struct pk_buffer out = pk_buffer_of(8192);
    char *text;

    pk_alert_block(alert, false, &out);
    assert_int_equal(out.rc, PK_OK);
    text = strdup(out.ptr);
    pk_buffer_finish(&out);
    assert_non_null(text);
    return text;
}

static void test_languages(void **state)
{
    struct pk_alert alert;
    char *block;

    (void)state;
    for (size_t l = 0; l < pk_language_count(); l++) {
        for (size_t i = 0; i < pk_threat_count(); i++) {
            char body[1024];

            pk_alert_of_threat(pk_threat_at(i), "Cafe", pk_language_code(l), (i & 1) != 0, &alert);
            pk_alert_body(&alert, body, sizeof(body));
            assert_true(alert.title[0] != '\0' && body[0] != '\0');
            assert_null(strstr(alert.title, "{"));
            assert_null(strstr(body, "{"));
        }
    }
    pk_alert_of_threat(pk_threat_find("network.arp_spoof"), "Cafe", "de-AT", false, &alert);
    assert_string_equal(alert.language, "de");
    block = block_of(&alert);
    assert_non_null(strstr(block, "JETZT HANDELN"));
    assert_non_null(strstr(block, "\"Cafe\""));
    assert_non_null(strstr(block, "Sonst ist nichts gesperrt."));
    free(block);
}

#define HEAD "{\"threat\":\"network.x\",\"level\":\"now\",\"title\":\"T\",\"why\":\"W\""

static void test_extras(void **state)
{
    struct pk_alert alert = of_command(HEAD
            ",\"alert\":\"17\",\"link\":\"https://p.example/me#a17\","
            "\"reminder\":2,\"merged\":3,\"replaces\":\"16\","
            "\"paused\":true,\"later\":{\"x\":1}}",
            "fr");
    char *block = block_of(&alert);
    json_t *fields = pk_alert_fields(&alert);

    (void)state;
    assert_string_equal(alert.id, "17");
    assert_string_equal(alert.replaces, "16");
    assert_non_null(strstr(block, "Rappel 2 : "));
    assert_non_null(strstr(block, "3 autres faits"));
    assert_non_null(strstr(block, "https://p.example/me#a17"));
    assert_null(strstr(block, "Rien d'autre"));
    assert_int_equal(json_integer_value(json_object_get(fields, "merged")), 3);
    assert_string_equal(json_string_value(json_object_get(fields, "alert")), "17");
    json_decref(fields);
    free(block);
    alert = of_command(HEAD ",\"alert\":12,\"merged\":1}", NULL);
    assert_string_equal(alert.id, "12");
    block = block_of(&alert);
    assert_non_null(strstr(block, "One more thing"));
    free(block);
}

/* Nothing of these may reach a person's browser, terminal or notification daemon. */
static void test_bad_extras(void **state)
{
    static const char *const rows[] = {
        ",\"link\":\"http://p.example/me\"",
        ",\"link\":\"javascript:alert(1)\"",
        ",\"link\":\"https://p.example/\\u001b[2J\"",
        ",\"link\":\"https://p.example/ x\"",
        ",\"link\":\"https://p.example/\\\"x\"",
        ",\"link\":\"https://p.\\u00e4.example/\"",
        ",\"link\":7",
        ",\"alert\":\"-1\"",
        ",\"alert\":\"1; x\"",
        ",\"alert\":-5",
        ",\"alert\":\"123456789012345678901234567890\"",
        ",\"replaces\":\"x\"",
        ",\"reminder\":-1",
        ",\"reminder\":\"2\"",
        ",\"merged\":-7",
        ",\"paused\":\"yes\"",
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        char text[400];
        struct pk_alert a;

        (void)snprintf(text, sizeof(text), HEAD "%s}", rows[i]);
        a = of_command(text, "en");
        assert_true(a.link[0] == '\0' && a.id[0] == '\0' && a.replaces[0] == '\0');
        assert_true(a.reminder == 0 && a.merged == 0 && !a.paused);
    }
}

/* Whatever the server's text says: no name, no urgency, no step that takes it away. */
static void test_careful(void **state)
{
    struct pk_alert alert = of_command(
            "{\"threat\":\"malware.stalkerware\",\"level\":\"now\",\"title\":\"Spy in "
            "{subject}\",\"why\":\"W\",\"next\":[\"Uninstall {subject}\"],"
            "\"reminder\":1,\"merged\":2}",
            "de");
    char body[1024];

    (void)state;
    for (int i = 0; i < 2; i++) {
        char *block = block_of(&alert);

        assert_true(alert.careful);
        assert_string_equal(alert.level, "info");
        assert_string_equal(alert.subject, "");
        pk_alert_body(&alert, body, sizeof(body));
        assert_null(strstr(block, "Home"));
        assert_null(strstr(block, "Uninstall"));
        assert_null(strstr(block, "Spy"));
        assert_null(strstr(body, "App "));
        free(block);
        pk_alert_of_threat(pk_threat_find("malware.stalkerware"), "Home", "de", false, &alert);
    }
}

static void test_drill(void **state)
{
    struct pk_agent_judge *judge = pk_agent_judge_create(&(struct pk_judge_hooks){ 0 });
    struct pk_obs_drill body = { .ask = "3",
        .threat = "network.arp_spoof",
        .subject = PK_DRILL_SUBJECT,
        .state = PK_DRILL_STARTED };
    struct pk_observation obs = { .at_ms = 1000, .kind = PK_OBS_DRILL, .drill = &body };
    struct pk_buffer page = pk_buffer_of(8192);
    struct pk_alert alert;
    json_t *status;
    json_t *saved;
    bool news = false;

    (void)state;
    assert_non_null(judge);
    assert_int_equal(pk_agent_judge_take(judge, &obs, &news, NULL), PK_OK);
    assert_true(news);
    assert_int_equal(pk_agent_judge_count(judge), 1);
    assert_true(pk_agent_judge_at(judge, 0)->simulated);
    assert_int_equal(pk_agent_judge_probes(judge), 0);
    assert_false(pk_agent_judge_attacked(judge));
    saved = pk_agent_judge_save(judge);
    assert_int_equal(json_array_size(saved), 0);
    json_decref(saved);
    status = pk_status_json(&(struct pk_status_input){ .judge = judge, .language = "it" });
    assert_int_equal(json_integer_value(json_object_get(status, "to_fix")), 0);
    pk_status_print(status, false, &page);
    assert_non_null(strstr(page.ptr, "Prova: "));
    assert_non_null(strstr(page.ptr, "Il dispositivo è protetto"));
    json_decref(status);
    pk_buffer_finish(&page);
    pk_alert_of_threat(pk_threat_find(body.threat), body.subject, "en", true, &alert);
    assert_int_equal(strncmp(alert.title, "Test: ", 6), 0);
    assert_non_null(strstr(alert.why, "This is a drill"));
    body.state = PK_DRILL_ENDED;
    assert_int_equal(pk_agent_judge_take(judge, &obs, &news, NULL), PK_OK);
    assert_true(news);
    assert_int_equal(pk_agent_judge_count(judge), 0);
    pk_agent_judge_destroy(judge);
}

/* What is not rehearsed: what nobody is told of, what could frighten, and things that are real. */
static void test_no_drill(void **state)
{
    static const struct {
        const char *threat;
        const char *subject;
    } rows[] = {
        { "malware.stalkerware", PK_DRILL_SUBJECT },
        { "network.gateway_change", PK_DRILL_SUBJECT },
        { "network.nothing", PK_DRILL_SUBJECT },
        { "network.arp_spoof", "device" },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_obs_drill body = { .ask = "3",
            .threat = rows[i].threat,
            .subject = rows[i].subject,
            .state = PK_DRILL_STARTED };
        struct pk_observation obs = { .at_ms = 1000, .kind = PK_OBS_DRILL, .drill = &body };
        struct pk_arena *arena = pk_arena_create(4096);
        struct pk_findings found = { 0 };

        assert_int_equal(pk_defense_judge(&obs, arena, &found), PK_OK);
        assert_int_equal(found.count, 0);
        pk_arena_destroy(arena);
    }
}

static void test_block_page(void **state)
{
    struct pk_page_facts facts = { .language = "es",
        .state = PK_PAGE_BLOCKED,
        .decision = { .what = PK_NAME_PHISHING, .hit = { .indicator = "bad.example" } } };

    (void)state;
    for (size_t l = 0; l < pk_language_count(); l++) {
        for (int s = PK_PAGE_NOTHING; s <= PK_PAGE_GONE_ON; s++) {
            struct pk_buffer out = pk_buffer_of(1UL << 20);
            char lang[40];

            facts.language = pk_language_code(l);
            facts.state = (enum pk_page_state)s;
            pk_page_write("www.bad.example", &facts, false, &out);
            assert_int_equal(out.rc, PK_OK);
            (void)snprintf(lang, sizeof(lang), "<html lang=\"%s\">", pk_language_code(l));
            assert_non_null(strstr(out.ptr, lang));
            assert_null(strstr(out.ptr, ">page.")); /* a key without a text */
            pk_buffer_finish(&out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_languages),
        cmocka_unit_test(test_extras),
        cmocka_unit_test(test_bad_extras),
        cmocka_unit_test(test_careful),
        cmocka_unit_test(test_drill),
        cmocka_unit_test(test_no_drill),
        cmocka_unit_test(test_block_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
