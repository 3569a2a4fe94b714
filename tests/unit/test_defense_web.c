/* What the judges say of check pages, proxy scripts and portals. A row: one observation as it comes off the
 * wire, and what must be said; "-" before a threat: cleared; "": nothing. */
#include <stdio.h>

#include "check.h"
#include "defense/defense.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define REDIRECT(more) \
    "\"kind\":\"http\",\"http\":{\"url\":\"http://bank.test/\",\"role\":\"redirect\"," more "}"
#define STRIPPED(more) \
    REDIRECT("\"https_before\":true,\"status\":200,\"length\":90,\"captive\":false," more)
#define CONTENT(more)                                                                             \
    "\"kind\":\"http\",\"http\":{\"url\":\"http://p.test/x\",\"role\":\"content\","               \
    "\"status\":200,\"sha256\":\"" B64 "\",\"sha256_before\":\"" A64 "\",\"captive\":false," more \
    "}"
#define PROXY(more) "\"kind\":\"proxy\",\"proxy\":{" more "}"
#define SCRIPT                                                      \
    "\"url\":\"http://192.0.2.9/wpad.dat\",\"sha256\":\"" A64 "\"," \
    "\"proxies\":[\"192.0.2.9:8080\"],\"direct\":false,\"status\":200,"

#define STRIP  "network.ssl_strip"
#define TAMPER "network.content_tamper"
#define INJECT "network.wpad_inject"
#define PORTAL "network.captive_portal"

/* clang-format off */
static const struct {
    const char *what;
    const char *body;
    const char *said;
    double confidence;
} rows[] = {
    /* redirects */
    { "as it must be", REDIRECT("\"https_before\":true,\"status\":301,\"location\":\"https://bank.test\""),
      "-" STRIP "/http://bank.test/", 0 },
    { "stripped", STRIPPED("\"set\":true,\"https_works\":true,\"repeats\":true"), STRIP "/http://bank.test/", 0.96 },
    { "stripped, as far as was learnt", STRIPPED("\"https_works\":true,\"repeats\":true"),
      STRIP "/http://bank.test/", 0.85 },
    { "leads to http only", REDIRECT("\"https_before\":true,\"set\":true,\"https_works\":true,\"repeats\":true,"
      "\"status\":302,\"location\":\"http://bank.test\",\"captive\":false"), STRIP "/http://bank.test/", 0.96 },
    { "a blocked or forged name: its secure form does not work either", STRIPPED("\"set\":true,\"https_works\":false"),
      "", 0 },
    { "no secure form, but this very address had it a moment ago",
      STRIPPED("\"set\":true,\"https_works\":false,\"this_visit\":true"), STRIP "/http://bank.test/", 0.82 },
    { "leads away, and https does not work: a portal that lets the test through",
      REDIRECT("\"https_before\":true,\"set\":true,\"https_works\":false,\"status\":302,"
      "\"location\":\"http://portal.test\",\"captive\":false"), "", 0 },
    { "no address at all", "\"kind\":\"http\",\"http\":{\"url\":\"x\",\"role\":\"redirect\",\"https_before\":true,"
      "\"status\":302,\"location\":\"y\",\"this_visit\":true,\"captive\":false}", STRIP "/x", 0.82 },
    { "where the test page leads, too", STRIPPED("\"set\":true,\"https_works\":true,\"elsewhere\":true"),
      STRIP "/http://bank.test/", 0.6 },
    { "once so, once so", STRIPPED("\"set\":true,\"https_works\":true,\"repeats\":false"),
      STRIP "/http://bank.test/", 0.75 },
    { "a portal", REDIRECT("\"https_before\":true,\"status\":200,\"length\":9,\"captive\":true"), "", 0 },
    { "a page that never led to https", REDIRECT("\"status\":200,\"length\":90,\"captive\":false"), "", 0 },
    { "an error", REDIRECT("\"https_before\":true,\"status\":502,\"length\":90"), "", 0 },
    { "a refusal", REDIRECT("\"https_before\":true,\"status\":403,\"length\":90"), "", 0 },
    { "an empty page", REDIRECT("\"https_before\":true,\"status\":200"), "", 0 },
    { "silence", REDIRECT("\"https_before\":true,\"status\":0"), "", 0 },
    /* pages */
    { "as it was", "\"kind\":\"http\",\"http\":{\"url\":\"http://p.test/x\",\"role\":\"content\",\"status\":200,"
      "\"sha256\":\"" A64 "\",\"sha256_before\":\"" A64 "\"}",
      "-" TAMPER "/http://p.test/x -" STRIP "/http://p.test/x", 0 },
    { "its owner changed it: the secure form is the same", CONTENT("\"set\":true,\"sha256_secure\":\"" B64 "\""),
      "-" TAMPER "/http://p.test/x -" STRIP "/http://p.test/x", 0 },
    { "the secure form is as it was", CONTENT("\"changes\":[\"text\"],\"sha256_secure\":\"" A64 "\""),
      TAMPER "/http://p.test/x", 0.97 },
    { "one byte, and the page says to be unchanged",
      CONTENT("\"changes\":[\"text\"],\"unchanged\":true,\"this_visit\":true"), TAMPER "/http://p.test/x", 0.93 },
    { "one byte, and the page says to be new",
      CONTENT("\"changes\":[\"text\"],\"unchanged\":false,\"this_visit\":true"), "", 0 },
    { "words alone, and the page says nothing", CONTENT("\"changes\":[\"text\"],\"this_visit\":true"), "", 0 },
    { "a script, and the page says nothing",
      CONTENT("\"changes\":[\"script\",\"link\"],\"this_visit\":true,\"repeats\":true"), TAMPER "/http://p.test/x", 0.85 },
    { "a script, and the page says to be new: the site's own work, likely",
      CONTENT("\"changes\":[\"script\"],\"unchanged\":false,\"this_visit\":true"), TAMPER "/http://p.test/x", 0.6 },
    { "a page that changes all the time", CONTENT("\"changes\":[\"script\"],\"variants\":5,\"this_visit\":true"), "", 0 },
    { "pages of two hosts alike", CONTENT("\"changes\":[\"text\"],\"unchanged\":false,\"this_visit\":true,\"also\":1"),
      TAMPER "/http://p.test/x", 0.85 },
    { "scripts in pages of two hosts", CONTENT("\"changes\":[\"script\"],\"unchanged\":false,\"this_visit\":true,\"also\":1"),
      TAMPER "/http://p.test/x", 0.95 },
    { "against the organisation's word", CONTENT("\"set\":true"), TAMPER "/http://p.test/x", 0.9 },
    { "another page, against the organisation's word", CONTENT("\"set\":true,\"changes\":[\"replaced\"]"),
      TAMPER "/http://p.test/x", 0.7 },
    { "all pages are another one, while hosts prove their names",
      CONTENT("\"changes\":[\"replaced\"],\"this_visit\":true,\"also\":1,\"https_works\":true"), TAMPER "/http://p.test/x", 0.85 },
    { "all pages are another one, and no host can prove its name",
      CONTENT("\"changes\":[\"replaced\"],\"this_visit\":true,\"also\":1,\"https_works\":false"), "", 0 },
    { "a filter's page", CONTENT("\"changes\":[\"form\",\"replaced\"],\"this_visit\":true"), "", 0 },
    { "learnt while somebody added to it: now it is whole again",
      CONTENT("\"changes\":[\"removed\"],\"learnt_on\":1"), "", 0 },
    { "links lost their s, redirects are missing",
      CONTENT("\"changes\":[\"insecure\"],\"unchanged\":true,\"stripped\":true"), STRIP "/http://p.test/x", 0.93 },
    { "links lost their s, redirects are there",
      CONTENT("\"changes\":[\"insecure\"],\"unchanged\":true,\"stripped\":false"), TAMPER "/http://p.test/x", 0.93 },
    { "a sign-in page", "\"kind\":\"http\",\"http\":{\"url\":\"http://p.test/x\",\"role\":\"content\",\"status\":200,"
      "\"sha256\":\"" B64 "\",\"sha256_before\":\"" A64 "\",\"set\":true,\"captive\":true}", "", 0 },
    { "a sign-in page that nobody is sure of",
      "\"kind\":\"http\",\"http\":{\"url\":\"http://p.test/x\",\"role\":\"content\",\"status\":200,\"sha256\":\"" B64 "\","
      "\"sha256_before\":\"" A64 "\",\"changes\":[\"replaced\",\"form\"],\"set\":true}", "", 0 },
    { "a first look", "\"kind\":\"http\",\"http\":{\"url\":\"http://p.test/x\",\"role\":\"content\",\"status\":200,"
      "\"sha256\":\"" B64 "\"}", "", 0 },
    { "the server's trouble", "\"kind\":\"http\",\"http\":{\"url\":\"http://p.test/x\",\"role\":\"content\",\"status\":503,"
      "\"sha256_before\":\"" A64 "\"}", "", 0 },
    /* proxy scripts */
    { "none", PROXY("\"source\":\"none\""), "-" INJECT, 0 },
    { "not any more", PROXY("\"source\":\"dhcp\""), "-" INJECT "/dhcp", 0 },
    { "by a server that is not this network's",
      PROXY(SCRIPT "\"source\":\"dhcp\",\"server\":\"192.0.2.9\",\"server_known\":false"), INJECT "/dhcp", 0.95 },
    { "the same, on the organisation's list",
      PROXY(SCRIPT "\"source\":\"dhcp\",\"server_known\":false,\"allowed\":true"), "-" INJECT "/dhcp", 0 },
    { "as always here", PROXY(SCRIPT "\"source\":\"dhcp\",\"server_known\":false,\"known\":true"), "-" INJECT "/dhcp", 0 },
    { "a first visit, by the router, elsewhere",
      PROXY(SCRIPT "\"source\":\"dhcp\",\"server_router\":true,\"on_link\":false"), "-" INJECT "/dhcp", 0 },
    { "a first visit, by the router, on this link",
      PROXY(SCRIPT "\"source\":\"dhcp\",\"server_router\":true,\"on_link\":true"), "-" INJECT "/dhcp", 0 },
    { "a first visit, by a neighbour",
      PROXY(SCRIPT "\"source\":\"dhcp\",\"server_router\":false,\"on_link\":true"), INJECT "/dhcp", 0.85 },
    { "a network that never had one", PROXY(SCRIPT "\"source\":\"dhcp\",\"known\":false,\"server_known\":true"),
      INJECT "/dhcp", 0.82 },
    { "by a name, a neighbour, never before", PROXY(SCRIPT "\"source\":\"dns\",\"known\":false,\"on_link\":true"),
      INJECT "/dns", 0.93 },
    { "says DIRECT only", PROXY("\"source\":\"dns\",\"url\":\"http://wpad.lan/wpad.dat\",\"sha256\":\"" A64 "\","
      "\"direct\":true,\"known\":false,\"on_link\":true"), "-" INJECT "/dns", 0 },
    { "a resolver that knows every name, and no script",
      PROXY("\"source\":\"dns\",\"url\":\"http://wpad.lan/wpad.dat\",\"answers_all\":true,\"known\":false"),
      "-" INJECT "/dns", 0 },
    { "a stranger's script that cannot be read",
      PROXY("\"source\":\"dhcp\",\"url\":\"http://192.0.2.9/w\",\"server_known\":false,\"known\":false"), INJECT "/dhcp", 0.7 },
    { "a poisoner", PROXY("\"source\":\"llmnr\",\"url\":\"http://192.0.2.9/wpad.dat\",\"answers_all\":true"),
      INJECT "/llmnr", 0.95 },
    { "a host of that name", PROXY("\"source\":\"llmnr\",\"url\":\"http://192.0.2.9/wpad.dat\",\"answers_all\":false"),
      "-" INJECT "/llmnr", 0 },
    { "before a sign-in", PROXY(SCRIPT "\"source\":\"dhcp\",\"server_known\":false,\"captive\":true"), "", 0 },
    /* portals */
    { "a network that lets nothing through", "\"kind\":\"portal\",\"portal\":{\"state\":\"captive\",\"via\":\"http\",\"held_s\":600}",
      PORTAL, 1.0 },
};
/* clang-format on */

static void say(const struct pk_findings *list, char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < list->count; i++) {
        const struct pk_finding *f = &list->items[i];

        len += (size_t)snprintf(out + len, size - len, "%s%s%s%s%s", i > 0 ? " " : "",
                f->cleared ? "-" : "", f->threat->id, f->part != NULL ? "/" : "",
                f->part != NULL ? f->part : "");
    }
}

static void judge(const char *body, const char *network, struct pk_arena *arena,
        struct pk_findings *findings, const char *what)
{
    struct pk_observation o;
    struct pk_error err = { 0 };
    json_t *in = NULL;
    char text[2048];

    (void)snprintf(
            text, sizeof(text), "{\"seq\":1,\"at\":\"2026-11-23T00:00:00Z\",%s%s}", network, body);
    assert_int_equal(pk_json_parse(text, strlen(text), &in, &err), PK_OK);
    if (pk_observation_decode(in, arena, &o, &err) < 0) {
        fail_msg("%s: %s %s", what, err.path, err.text);
    }
    assert_int_equal(pk_defense_judge(&o, arena, findings), PK_OK);
    json_decref(in);
}

static void test_judges(void **state)
{
    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(1 << 20);
        struct pk_findings findings = { 0 };
        char said[1024];

        judge(rows[i].body, "\"on\":\"net-0123456789abcdef\",", arena, &findings, rows[i].what);
        say(&findings, said, sizeof(said));
        if (strcmp(said, rows[i].said) != 0) {
            fail_msg("%s: '%s' instead of '%s'", rows[i].what, said, rows[i].said);
        }
        if (rows[i].confidence > 0) {
            const struct pk_finding *f = &findings.items[0];

            if (f->confidence < rows[i].confidence - 0.001 ||
                    f->confidence > rows[i].confidence + 0.001) {
                fail_msg("%s: %f", rows[i].what, f->confidence);
            }
            assert_non_null(json_string_value(json_object_get(f->evidence, "seen")));
        }
        pk_arena_destroy(arena);
    }
}

/* Off any network nothing is said. */
static void test_no_network(void **state)
{
    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(1 << 20);
        struct pk_findings findings = { 0 };

        judge(rows[i].body, "", arena, &findings, rows[i].what);
        assert_int_equal(findings.count, 0);
        pk_arena_destroy(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judges),
        cmocka_unit_test(test_no_network),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
