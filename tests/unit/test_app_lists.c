/* The organisation's lists: the document, what is wrong with one, rules against facts. */
#include <stdio.h>

#include "base/clock.h"
#include "check.h"
#include "defense/reputation/lists.h"
#include "defense/reputation/reputation.h"

#define ARENA_MAX (4UL << 20)
#define A64       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64       "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C64       "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static const char good[] = "version: 1\n"
                           "name: Example\n"
                           "allow:\n"
                           "  - match: {signer: " A64 ", package: com.example.*}\n"
                           "    reason: our own apps\n"
                           "deny:\n"
                           "  - match: {package: com.bad.app}\n"
                           "    reason: sells data\n"
                           "    until: 2027-01-01T00:00:00Z\n"
                           "exceptions:\n"
                           "  - match: {package: com.example.tool, signer: " B64 "}\n"
                           "    threat: malware.riskware\n"
                           "    reason: our help desk\n"
                           "    by: ada\n"
                           "    scope: group support\n"
                           "    expires: 2027-06-01T00:00:00Z\n"
                           "unwanted:\n"
                           "  - id: ads\n"
                           "    title: Full of advertising\n"
                           "    level: medium\n"
                           "    all: [{trackers_over: 0}, {sdk_kind: advertising}]\n"
                           "    not: [{package: com.example.*}]\n"
                           "stores: [com.example.store]\n";

static int decode(
        const char *text, struct pk_arena *arena, struct pk_app_lists *out, struct pk_error *err)
{
    uint8_t *heap = pk_test_dup(text, strlen(text));
    int rc = pk_app_lists_decode("lists.yaml", (const char *)heap, strlen(text), arena, out, err);

    free(heap);
    return rc;
}

static void a_document(void **state)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_app_lists lists = { 0 };
    struct pk_app_lists again = { 0 };
    struct pk_error err = { 0 };
    json_t *json;
    char *text;

    (void)state;
    assert_int_equal(decode(good, arena, &lists, &err), PK_OK);
    assert_int_equal(lists.allow.count, 1);
    assert_int_equal(lists.deny.count, 1);
    const struct pk_app_listed *deny = lists.deny.items;
    assert_int_equal(deny[0].until, INT64_C(1798761600000));
    const struct pk_app_exception *exceptions = lists.exceptions.items;
    assert_string_equal(exceptions[0].scope, "group support");
    const struct pk_app_unwanted *rules = lists.unwanted.items;
    const struct pk_app_condition *conditions = rules[0].all.items;
    assert_int_equal(rules[0].level, PK_APP_RULE_MEDIUM);
    assert_int_equal(conditions[0].trackers_over, 0);
    assert_int_equal(conditions[0].hosts_over, -1);

    /* As JSON, with the zero that means something and without what nobody asked. */
    json = pk_schema_encode(&pk_app_lists_schema, &lists, false);
    text = pk_json_text(json);
    assert_non_null(strstr(text, "{\"trackers_over\":0}"));
    assert_null(strstr(text, "hosts_over"));
    assert_int_equal(decode(text, arena, &again, &err), PK_OK);
    assert_int_equal(again.unwanted.count, 1);
    free(text);
    json_decref(json);
    pk_arena_destroy(arena);
}

static void wrong_documents(void **state)
{
    static const struct {
        const char *text;
        int code;
        const char *says; /* stands in the sentence */
    } rows[] = {
        { "{", PK_EMALF, "lists.yaml:" },
        { "name: x\n", PK_EMISSING, "version: this key is missing" },
        { "version: 2\n", PK_EBOUNDS, "lists.yaml:1: version: " },
        { "version: 1\nalow: []\n", PK_EUNKNOWN, "lists.yaml:2: alow: unknown key" },
        { "version: 1\nallow:\n  - match: {package: com.x}\n    reason: r\n", PK_EMISSING,
                "lists.yaml:3: allow[0].match: anybody can give an app this name" },
        { "version: 1\nallow:\n  - match: {}\n    reason: r\n", PK_EMISSING,
                "allow[0].match: one of" },
        { "version: 1\nallow:\n  - match: {sha256: zz}\n    reason: r\n", PK_EBOUNDS,
                "allow[0].match.sha256" },
        { "version: 1\ndeny:\n  - match: {signer: " A64 "}\n", PK_EMISSING, "deny[0].reason" },
        { "version: 1\ndeny:\n  - match: {package: '*'}\n    reason: r\n", PK_EBOUNDS,
                "this names every app" },
        { "version: 1\ndeny:\n  - match: {sha256: " A64 "}\n    reason: r\n    until: tomorrow\n",
                PK_EMALF, "lists.yaml:5: deny[0].until" },
        { "version: 1\nexceptions:\n  - match: {sha256: " A64 "}\n    reason: r\n", PK_EMISSING,
                "exceptions[0].by" },
        { "version: 1\nexceptions:\n  - match: {sha256: " A64
          "}\n    by: b\n    reason: r\n    scope: "
          "everywhere\n",
                PK_EBOUNDS, "lists.yaml:6: exceptions[0].scope: must be one of" },
        { "version: 1\nexceptions:\n  - match: {sha256: " A64
          "}\n    by: b\n    reason: r\n    threat: "
          "malware.bannker\n",
                PK_EUNKNOWN, "there is no threat 'malware.bannker'" },
        { "version: 1\nunwanted:\n  - id: A\n    title: t\n    level: low\n    all: [{kind: "
          "apk}]\n",
                PK_EMALF, "unwanted[0].id" },
        { "version: 1\nunwanted:\n  - id: a\n    title: t\n    level: low\n", PK_EMISSING,
                "all or any" },
        { "version: 1\nunwanted:\n  - id: a\n    title: t\n    level: low\n    not: [{kind: "
          "apk}]\n",
                PK_EMISSING, "all or any" },
        { "version: 1\nunwanted:\n  - id: a\n    title: t\n    level: worst\n    all: [{kind: "
          "apk}]\n",
                PK_EBOUNDS, "low, medium, high" },
        { "version: 1\nunwanted:\n  - id: a\n    title: t\n    level: low\n    all: [{}]\n",
                PK_EMISSING, "unwanted[0].all[0]: a condition is wanted" },
        { "version: 1\nunwanted:\n  - id: a\n    title: t\n    level: low\n    all: [{permision: "
          "X}]\n",
                PK_EUNKNOWN, "lists.yaml:6: unwanted[0].all[0].permision: unknown key" },
        { "version: 1\nunwanted:\n  - id: a\n    title: t\n    level: low\n    any: [{kind: "
          "exe}]\n",
                PK_EBOUNDS, "unwanted[0].any[0].kind" },
        { "version: 1\nunwanted:\n  - id: a\n    title: t\n    level: low\n    any: [{sdk_kind: "
          "ads}]\n",
                PK_EBOUNDS, "no kind of SDK 'ads'" },
        { "version: 1\nunwanted:\n  - id: a\n    title: t\n    level: low\n    not: [{verdict: "
          "bad}]\n"
          "    all: [{kind: apk}]\n",
                PK_EBOUNDS, "unwanted[0].not[0].verdict" },
        { "version: 1\nunwanted:\n  - id: a\n    title: t\n    level: low\n    any: [{technique: "
          "X1}]\n",
                PK_EMALF, "T1636" },
        { "version: 1\nunwanted:\n  - id: a\n    title: t\n    level: low\n    any: [{leak: {}}]\n",
                PK_EMISSING, "any[0].leak" },
        { "version: 1\nunwanted:\n  - id: a\n    title: t\n    level: low\n    any: [{kind: apk}]\n"
          "  - id: a\n    title: t\n    level: low\n    any: [{kind: ipa}]\n",
                PK_EEXIST, "lists.yaml:7: unwanted[1].id: another rule" },
        { "{\"version\": 1, \"deny\": [{\"match\": {}, \"reason\": \"r\"}]}", PK_EMISSING,
                "lists.yaml: deny[0].match" },
        { "{\"version\": 1,\n \"version\": 1}", PK_EMALF, "lists.yaml:2: " },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(ARENA_MAX);
        struct pk_app_lists lists = { .version = 77 };
        struct pk_error err = { 0 };
        int rc = decode(rows[i].text, arena, &lists, &err);

        if (rc != rows[i].code || strstr(err.text, rows[i].says) == NULL) {
            fail_msg("row %zu: %d '%s'", i, rc, err.text);
        }
        assert_int_equal(lists.version, 77);
        pk_arena_destroy(arena);
    }
}

/* --- an app with one of everything */

static const char *permissions[] = { "android.permission.SEND_SMS", "com.example.permission.X" };
static const char *techniques[] = { "T1417.001", "T1582" };
static const char *exported[] = { "com.example.A", "com.example.B" };
static const char *packers[] = { "Example Packer" };
static const char *cves[] = { "CVE-2023-4863", "CVE-2024-1" };
static const char *schemes[] = { "v2" };
static const char *lineage[] = { B64 };
static struct pk_app_sdk sdks[] = {
    { .id = "google.admob", .name = "AdMob", .kind = PK_APP_SDK_ADVERTISING, .tracker = true },
    { .id = "example.share", .name = "Share", .kind = PK_APP_SDK_REMOTE },
};
static struct pk_app_host hosts[] = {
    { .name = "api.example.com" },
    { .name = "c2.example.ru", .cleartext = true },
};
static struct pk_app_leak leaks[] = { { .data = "location", .to = "network" } };
static struct pk_app_library libraries[] = {
    { .name = "libwebp", .version = "1.2", .cves = { cves, 2 } },
};
static struct pk_app_match matches[] = { { .rule = "Example_Rule", .space = "x" } };
static struct pk_app_finding findings[] = {
    { .id = "malware.riskware", .title = "Risky", .evidence = "", .rule = "rules/risk.one" },
};
static struct pk_app_signer signers[] = {
    { .sha256 = A64, .subject = "CN=x", .key = "", .lineage = { lineage, 1 } },
};

static void fill(struct pk_app_report *report, struct pk_app_signature *signature,
        struct pk_app_components *components)
{
    *signature = (struct pk_app_signature){
        .verified = true, .schemes = { schemes, 1 }, .signers = { signers, 1 }
    };
    *components = (struct pk_app_components){ .exported = { exported, 2 } };
    *report = (struct pk_app_report){
        .sha256 = C64,
        .size = 1000,
        .kind = PK_APP_APK,
        .package = "com.example.app",
        .label = "Ex\u0430mple",
        .version_name = "1.2.3",
        .version_code = 12,
        .min_sdk = 21,
        .target_sdk = 28,
        .permissions = { permissions, 2 },
        .techniques = { techniques, 2 },
        .components = components,
        .signature = signature,
        .packers = { packers, 1 },
        .sdks = { sdks, 2 },
        .hosts = { hosts, 2 },
        .leaks = { leaks, 1 },
        .libraries = { libraries, 1 },
        .matches = { matches, 1 },
        .findings = { findings, 1 },
        .cleartext = PK_TRI_YES,
        .score = 0.3,
        .debuggable = true,
    };
}

/* Every attribute once where it holds and once where it does not. */
static void conditions(void **state)
{
    static const struct {
        const char *condition;
        bool holds;
        const char *why;
    } rows[] = {
        { "package: com.example.*", true, "package com.example.app" },
        { "package: com.example", false, NULL },
        { "label: example", true, "named" },
        { "label: other", false, NULL },
        { "signer: " A64, true, "signed by aaaa" },
        { "signer: " B64, true, "signed by bbbb" }, /* rotated from it */
        { "signer: " C64, false, NULL },
        { "team: ABCDE12345", false, NULL },
        { "kind: apk", true, "kind apk" },
        { "kind: ipa", false, NULL },
        { "version: 1.2*", true, "version 1.2.3" },
        { "version_below: 13", true, "version code 12" },
        { "version_below: 12", false, NULL },
        { "size_over: 999", true, "1000 bytes" },
        { "size_over: 1000", false, NULL },
        { "permission: SEND_SMS", true, "asks for android.permission.SEND_SMS" },
        { "permission: com.example.permission.*", true, NULL },
        { "permission: X", false, NULL },
        { "permissions_over: 1", true, "2 permissions" },
        { "permissions_over: 2", false, NULL },
        { "technique: T1417", true, "technique T1417.001" },
        { "technique: T1417.002", false, NULL },
        { "finding: malware.risk*", true, "Risky" },
        { "finding: malware.banker", false, NULL },
        { "rule: rules/risk.one", true, "Risky" },
        { "{finding: malware.riskware, rule: rules/other}", false, NULL },
        { "verdict: clean", true, "verdict clean" },
        { "score_over: 0.2", true, "score 0.30" },
        { "score_over: 0.3", false, NULL },
        { "entitlement: x", false, NULL },
        { "url_scheme: x", false, NULL },
        { "framework: x", false, NULL },
        { "yara: Example_*", true, "YARA rule Example_Rule" },
        { "yara: Other", false, NULL },
        { "sdk: google.*", true, "holds AdMob" },
        { "sdk: google", false, NULL },
        { "sdk_kind: remote", true, "holds Share" },
        { "{sdk: google.admob, sdk_kind: remote}", false, NULL }, /* of one SDK */
        { "sdks_over: 1", true, "2 SDKs" },
        { "trackers_over: 0", true, "1 trackers: AdMob" },
        { "trackers_over: 1", false, NULL },
        { "host: example.com", true, "names api.example.com" },
        { "host: ru", true, "names c2.example.ru" },
        { "host: ample.com", false, NULL },
        { "{host: ru, cleartext_host: true}", true, "names http://c2.example.ru" },
        { "{host: com, cleartext_host: true}", false, NULL },
        { "cleartext_host: false", false, NULL },
        { "hosts_over: 1", true, "2 hosts" },
        { "cleartext: true", true, "may speak plain HTTP" },
        { "cleartext: false", false, NULL },
        { "leak: {data: location}", true, "location leaves by network" },
        { "leak: {data: location, to: sms}", false, NULL },
        { "library: LibWebP", true, "library libwebp 1.2" },
        { "cve: CVE-2024-*", true, "has CVE-2024-1" },
        { "cve: CVE-2020-*", false, NULL },
        { "cves_over: 1", true, "2 known holes" },
        { "target_sdk_below: 29", true, "made for Android level 28" },
        { "target_sdk_below: 28", false, NULL },
        { "min_sdk_below: 22", true, "runs from Android level 21" },
        { "installer_in: ['']", true, "installed by hand" },
        { "installer_not_in: [com.android.vending]", true, "installed by hand" },
        { "installer_not_in: ['', com.android.vending]", false, NULL },
        { "sideloaded: true", true, "no store installed it" },
        { "sideloaded: false", false, NULL },
        { "system: false", true, "did not come with the system" },
        { "debuggable: true", true, "debuggable" },
        { "test_only: true", false, NULL },
        { "unsigned: true", false, NULL },
        { "unsigned: false", true, NULL },
        { "debug_signed: true", false, NULL },
        { "backup: true", false, NULL },  /* not known */
        { "backup: false", false, NULL }, /* not known */
        { "exported_over: 1", true, "2 components" },
        { "packer: '*'", true, "packed by Example Packer" },
        { "packer: Other", false, NULL },
        { "{permission: SEND_SMS, target_sdk_below: 29}", true,
                "asks for android.permission.SEND_SMS; made" },
        { "{permission: SEND_SMS, target_sdk_below: 20}", false, NULL },
    };
    static const struct pk_app_situation situation = { .installer = "", .system = PK_TRI_NO };
    struct pk_app_components components;
    struct pk_app_signature signature;
    struct pk_app_report report;
    const struct pk_app_asked asked = { .report = &report, .situation = &situation };

    (void)state;
    fill(&report, &signature, &components);
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(ARENA_MAX);
        struct pk_app_lists lists = { 0 };
        struct pk_error err = { 0 };
        char text[400];
        char why[200] = "";
        const char *brace = rows[i].condition[0] == '{' ? "" : "{";

        (void)snprintf(text, sizeof(text),
                "version: 1\nunwanted:\n  - {id: a, title: t, level: low, all: [%s%s%s]}\n", brace,
                rows[i].condition, brace[0] != '\0' ? "}" : "");
        if (decode(text, arena, &lists, &err) != PK_OK) {
            fail_msg("%s: %s", rows[i].condition, err.text);
        }
        if (pk_app_unwanted_fits(lists.unwanted.items, &asked, why, sizeof(why)) != rows[i].holds ||
                (rows[i].why != NULL && strstr(why, rows[i].why) == NULL)) {
            fail_msg("%s: '%s'", rows[i].condition, why);
        }
        pk_arena_destroy(arena);
    }
}

static bool fits(const char *rule, const struct pk_app_asked *asked, char *why, size_t size)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_app_lists lists = { 0 };
    struct pk_error err = { 0 };
    char text[400];
    bool out;

    (void)snprintf(text, sizeof(text),
            "version: 1\nunwanted:\n  - {id: a, title: t, level: low, %s}\n", rule);
    if (decode(text, arena, &lists, &err) != PK_OK) {
        fail_msg("%s: %s", rule, err.text);
    }
    out = pk_app_unwanted_fits(lists.unwanted.items, asked, why, size);
    pk_arena_destroy(arena);
    return out;
}

/* all, any, not; and what is not known decides nothing. */
static void combinations(void **state)
{
    struct pk_app_components components;
    struct pk_app_signature signature;
    struct pk_app_report report;
    const struct pk_app_asked asked = { .report = &report };
    char why[24];

    (void)state;
    fill(&report, &signature, &components);
    assert_true(fits("any: [{kind: ipa}, {kind: apk}]", &asked, NULL, 0));
    assert_false(fits("any: [{kind: ipa}, {kind: dex}]", &asked, NULL, 0));
    assert_false(fits("all: [{kind: apk}, {kind: dex}]", &asked, NULL, 0));
    assert_true(fits("all: [{kind: apk}], not: [{debug_signed: true}]", &asked, NULL, 0));
    assert_false(fits("all: [{kind: apk}], not: [{debuggable: true}]", &asked, NULL, 0));
    /* Nobody said where it came from. */
    assert_false(fits("all: [{sideloaded: true}]", &asked, NULL, 0));
    assert_false(fits("all: [{sideloaded: false}]", &asked, NULL, 0));
    assert_false(fits("all: [{kind: apk}], not: [{sideloaded: false}]", &asked, NULL, 0));
    assert_false(fits("all: [{installer_not_in: [a]}]", &asked, NULL, 0));
    /* A known "no" beside it decides. */
    assert_true(fits("all: [{kind: apk}], not: [{sideloaded: true, kind: dex}]", &asked, NULL, 0));
    /* The reasons are those of what held, and a cut one is still text. */
    assert_true(
            fits("any: [{kind: ipa, label: example}, {label: example}]", &asked, why, sizeof(why)));
    assert_string_equal(why, "named \"Ex\u0430mple\"");
    assert_true(fits("all: [{label: example}]", &asked, why, 10));
    assert_string_equal(why, "named \"Ex");
}

static void targets(void **state)
{
    struct pk_app_components components;
    struct pk_app_signature signature;
    struct pk_app_report report;
    const char *part_signers[] = { C64 };
    struct pk_app_part parts[] = {
        { .file = "a", .sha256 = A64, .verified = true, .signers = { lineage, 1 } },
        { .file = "b", .sha256 = B64, .verified = true, .signers = { part_signers, 1 } },
    };
    const struct pk_app_target by_signer = { .signer = A64 };
    const struct pk_app_target by_former = { .signer = B64, .package = "com.example.app" };
    const struct pk_app_target by_hash = { .sha256 = C64 };
    const struct pk_app_target by_part = { .sha256 = B64 };
    const struct pk_app_target other = { .signer = A64, .package = "com.example.other" };

    (void)state;
    fill(&report, &signature, &components);
    assert_true(pk_app_target_fits(&by_signer, &report));
    assert_true(pk_app_target_vouches(&by_signer, &report));
    assert_true(pk_app_target_vouches(&by_former, &report));
    assert_true(pk_app_target_vouches(&by_hash, &report));
    assert_false(pk_app_target_fits(&other, &report));
    signature.verified = false; /* then certificates prove nothing */
    assert_false(pk_app_target_fits(&by_signer, &report));
    assert_false(pk_app_target_fits(&by_former, &report));
    assert_true(pk_app_target_vouches(&by_hash, &report));
    /* A bundle with a part of somebody else's. */
    signature.verified = true;
    report.parts = (struct pk_array){ parts, 2 };
    assert_true(pk_app_target_fits(&by_signer, &report));
    assert_false(pk_app_target_vouches(&by_signer, &report));
    assert_true(pk_app_target_fits(&by_part, &report));
    assert_false(pk_app_target_vouches(&by_part, &report));
}

/* Apple's team: who vouches for it. */
static void teams(void **state)
{
    static const struct {
        bool verified, apple_signed, profile;
        const char *subject;
        bool vouches;
    } rows[] = {
        { true, true, false, "C=US, O=Maker, OU=TEAM123456, CN=Apple Distribution: Maker", true },
        { true, true, false, "C=US, O=Apple Inc., CN=Apple iPhone OS Application Signing", true },
        /* Another developer's certificate with this team in the code. */
        { true, true, false, "C=US, O=Thief, OU=OTHER12345, CN=Apple Distribution: Thief", false },
        { true, true, false, "C=US, O=x, OU=XTEAM123456, CN=y", false },
        { true, false, false, "C=US, O=Maker, OU=TEAM123456, CN=self-made", false },
        { true, false, true, "C=US, CN=self-made", true },
        { false, true, true, "C=US, O=Maker, OU=TEAM123456, CN=x", false },
    };
    const struct pk_app_target target = { .team = "TEAM123456" };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_app_profile profile = {
            .verified = true, .apple = true, .team_id = "TEAM123456"
        };
        struct pk_app_apple apple = { .team_id = "TEAM123456",
            .apple_signed = rows[i].apple_signed,
            .profile = rows[i].profile ? &profile : NULL };
        struct pk_app_signer signer = { .sha256 = A64, .subject = rows[i].subject, .key = "" };
        struct pk_app_signature signature = { .verified = rows[i].verified,
            .signers = { &signer, 1 } };
        const struct pk_app_report report = {
            .kind = PK_APP_IPA, .apple = &apple, .signature = &signature
        };

        assert_true(pk_app_target_fits(&target, &report));
        assert_int_equal(pk_app_target_vouches(&target, &report), rows[i].vouches);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(teams),
        cmocka_unit_test(a_document),
        cmocka_unit_test(wrong_documents),
        cmocka_unit_test(conditions),
        cmocka_unit_test(combinations),
        cmocka_unit_test(targets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
