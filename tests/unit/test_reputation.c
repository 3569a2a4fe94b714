/* Who made it and is it the real one: indicators, publishers, copies, lists, exceptions; a table of small worlds. */
#include <stdio.h>

#include "check.h"
#include "defense/reputation/lists.h"
#include "defense/reputation/reputation.h"
#include "intel/builder.h"
#include "model/app_verdict.h"

#define ARENA_MAX (4UL << 20)
#define SET_MAX   (1UL << 20)

#define MAKER  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define FORMER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define OTHER  "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define BAD    "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define THIS   "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
#define ELSE   "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define SHA1   "1111111111111111111111111111111111111111"
#define TEST   "a40da80a59d170caa950cf15c18c454d47a39b26989d8b640ecd745ba71bf5dc"

#define NOW INT64_C(1800000000000)

/* --- what is known */

struct world {
    struct pk_buffer bytes;
    struct pk_intel_set *set;
    const struct pk_intel_set *sets[2];
    struct pk_arena *arena;
    struct pk_app_lists lists;
    struct pk_app_knowledge knowledge;
};

static void add(struct pk_intel_builder *b, enum pk_intel_kind kind, const char *value,
        const char *family, enum pk_intel_category category, enum pk_app_weight weight)
{
    struct pk_intel_entry entry = { .kind = kind,
        .value = value,
        .family = family,
        .date = "2024-05-01",
        .category = category,
        .weight = weight };

    assert_int_equal(pk_intel_builder_source(
                             b, "feed", "https://example.org/feed", "CC0-1.0", NULL, &entry.source),
            PK_OK);
    assert_int_equal(pk_intel_builder_add(b, &entry), PK_OK);
}

static void warn(struct pk_intel_builder *b, const char *domain)
{
    struct pk_intel_entry entry = {
        .kind = PK_INTEL_DOMAIN, .class_ = PK_INTEL_WARN_BELOW, .value = domain
    };

    assert_int_equal(
            pk_intel_builder_source(b, "top sites", NULL, NULL, NULL, &entry.source), PK_OK);
    assert_int_equal(pk_intel_builder_add(b, &entry), PK_OK);
}

static void add_signer(
        struct pk_intel_builder *b, const char *package, const char *cert, const char *list)
{
    unsigned source = 0;

    assert_int_equal(pk_intel_builder_source(b, list, NULL, NULL, NULL, &source), PK_OK);
    assert_int_equal(pk_intel_builder_add_signer(b, package, cert, source), PK_OK);
}

static void fill_set(struct pk_intel_builder *b)
{
    static const struct pk_intel_app reference = { .package = "com.real.app",
        .label = "Realapp",
        .cert = MAKER,
        .source = "local",
        .phash = 0x0f0f0f0f0f0f0f0f,
        .dhash = 0x00ff00ff00ff00ff };
    static const struct pk_intel_app plain = { .package = "com.real.calc",
        .label = "Calculator",
        .cert = MAKER,
        .source = "local",
        .phash = 0x0f0f0f0f0f0f0f0f,
        .dhash = 0x00ff00ff00ff00ff };

    add(b, PK_INTEL_SHA256, BAD, "Anubis", PK_INTEL_CAT_BANKER, PK_APP_WEIGHT_MALICIOUS);
    add(b, PK_INTEL_SHA256, ELSE, "Watcher", PK_INTEL_CAT_WATCHWARE, PK_APP_WEIGHT_UNWANTED);
    add(b, PK_INTEL_SIGNER, BAD, NULL, PK_INTEL_CAT_MALWARE, PK_APP_WEIGHT_MALICIOUS);
    add(b, PK_INTEL_SIGNER, TEST, "Many", PK_INTEL_CAT_MALWARE, PK_APP_WEIGHT_MALICIOUS);
    add(b, PK_INTEL_SIGNER, SHA1, "Cerberus", PK_INTEL_CAT_STALKERWARE, PK_APP_WEIGHT_MALICIOUS);
    add(b, PK_INTEL_PACKAGE, "com.bad.app", "Cerberus", PK_INTEL_CAT_STALKERWARE,
            PK_APP_WEIGHT_MALICIOUS);
    add(b, PK_INTEL_PACKAGE, "com.borrowed.app", "X", PK_INTEL_CAT_TROJAN, PK_APP_WEIGHT_MALICIOUS);
    add(b, PK_INTEL_DOMAIN, "evil.example", "Pegasus", PK_INTEL_CAT_SPYWARE,
            PK_APP_WEIGHT_SUSPICIOUS);
    add(b, PK_INTEL_DOMAIN, "vague.example", NULL, PK_INTEL_CAT_NONE, PK_APP_WEIGHT_SUSPICIOUS);
    add(b, PK_INTEL_DOMAIN, "popular.example", "Pegasus", PK_INTEL_CAT_SPYWARE,
            PK_APP_WEIGHT_SUSPICIOUS);
    warn(b, "popular.example");
    add_signer(b, "com.real.app", MAKER, "local");
    add_signer(b, "com.borrowed.app", MAKER, "local");
    add_signer(b, "com.free.app", MAKER, "fdroiddata");
    add_signer(b, "com.other.app", OTHER, "fdroiddata");
    add_signer(b, "com.test.app", TEST, "local");
    assert_int_equal(pk_intel_builder_add_app(b, &reference), PK_OK);
    assert_int_equal(pk_intel_builder_add_app(b, &plain), PK_OK);
}

static void open_world(struct world *w, const char *lists)
{
    struct pk_intel_builder *b = pk_intel_builder_create();
    struct pk_error err = { 0 };

    *w = (struct world){ .bytes = pk_buffer_of(SET_MAX), .arena = pk_arena_create(ARENA_MAX) };
    fill_set(b);
    assert_int_equal(pk_intel_builder_finish(b, NOW, &w->bytes, &err), PK_OK);
    pk_intel_builder_destroy(b);
    assert_int_equal(pk_intel_set_open(pk_buffer_slice(&w->bytes), &w->set, &err), PK_OK);
    w->sets[0] = w->set;
    w->knowledge.sets = w->sets;
    if (lists != NULL) {
        if (pk_app_lists_decode("lists", lists, strlen(lists), w->arena, &w->lists, &err) !=
                PK_OK) {
            fail_msg("%s", err.text);
        }
        w->knowledge.lists = &w->lists;
    }
}

static void close_world(struct world *w)
{
    pk_intel_set_destroy(w->set);
    pk_buffer_finish(&w->bytes);
    pk_arena_destroy(w->arena);
}

/* --- an app */

struct app {
    const char *package, *label, *sha256;
    const char *signer, *sha1, *lineage, *subject;
    bool broken; /* its signature does not hold */
    const char *host;
    const char *permission;
    const char *phash, *dhash;
    const char *installer;
    int system;
    int weight; /* of a finding of its behaviour; NONE: no finding */
    const char *rule;
};

struct made {
    struct pk_app_report report;
    struct pk_app_signature signature;
    struct pk_app_signer signer;
    struct pk_app_components components;
    struct pk_app_icon icon;
    struct pk_app_host host;
    struct pk_app_finding finding;
    const char *permissions[1];
    const char *lineage[1];
};

static void make(const struct app *a, struct made *m)
{
    *m = (struct made){
        .report = { .kind = PK_APP_APK,
                .sha256 = a->sha256 != NULL ? a->sha256 : THIS,
                .package = a->package,
                .label = a->label },
        .signer = { .sha256 = a->signer,
                .sha1 = a->sha1,
                .subject = a->subject != NULL ? a->subject : "CN=x",
                .key = "" },
        .signature = { .verified = !a->broken },
        .icon = { .file = "i", .sha256 = THIS, .phash = a->phash, .dhash = a->dhash },
        .host = { .name = a->host },
        .finding = { .id = "malware.riskware",
                .severity = PK_SEVERITY_HIGH,
                .title = "Behaves",
                .evidence = "",
                .rule = a->rule != NULL ? a->rule : "rules/x",
                .count = 1,
                .weight = a->weight },
        .permissions = { a->permission },
        .lineage = { a->lineage },
    };
    m->report.components = &m->components;
    if (a->lineage != NULL) {
        m->signer.lineage = (struct pk_strings){ m->lineage, 1 };
    }
    if (a->signer != NULL) {
        m->signature.signers = (struct pk_array){ &m->signer, 1 };
    }
    m->report.signature = &m->signature;
    if (a->phash != NULL) {
        m->report.icon = &m->icon;
    }
    if (a->host != NULL) {
        m->report.hosts = (struct pk_array){ &m->host, 1 };
    }
    if (a->permission != NULL) {
        m->report.permissions = (struct pk_strings){ m->permissions, 1 };
    }
    if (a->weight != PK_APP_WEIGHT_NONE) {
        m->report.findings = (struct pk_array){ &m->finding, 1 };
    }
}

static const struct pk_app_finding *find(const struct pk_app_report *report, const char *rule)
{
    const struct pk_app_finding *items = report->findings.items;

    for (size_t i = 0; i < report->findings.count; i++) {
        if (strcmp(items[i].rule, rule) == 0) {
            return &items[i];
        }
    }
    return NULL;
}

/* What the report says must also be fit to be sent. */
static void encodes(const struct pk_app_report *report)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    json_t *json = pk_schema_encode(&pk_app_report_schema, report, false);
    struct pk_app_report again;
    struct pk_error err = { 0 };

    if (pk_schema_decode(&pk_app_report_schema, json, arena, &again, &err) != PK_OK) {
        fail_msg("%s: %s", err.path, err.text);
    }
    assert_int_equal(again.findings.count, report->findings.count);
    assert_int_equal(again.hits.count, report->hits.count);
    json_decref(json);
    pk_arena_destroy(arena);
}

struct row {
    struct app app;
    int verdict;
    const char *rule;     /* of the finding that must be there; NULL: none may be added */
    const char *id;       /* its id */
    const char *evidence; /* stands in it */
};

static void judge_row(const struct world *w, const struct row *row, size_t index)
{
    const struct pk_app_situation situation = {
        .now_ms = NOW, .installer = row->app.installer, .system = row->app.system
    };
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    const struct pk_app_finding *found;
    struct made m;

    make(&row->app, &m);
    /* Twice: the second judgement forgets the first. */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pk_reputation_judge(&m.report, &w->knowledge, &situation, arena), PK_OK);
    }
    if (m.report.verdict != row->verdict) {
        fail_msg("row %zu: %s: %s", index, pk_app_verdict_name(m.report.verdict),
                m.report.reasons.items[0]);
    }
    if (row->rule == NULL) {
        assert_int_equal(m.report.findings.count, row->app.weight != PK_APP_WEIGHT_NONE);
    } else {
        found = find(&m.report, row->rule);
        if (found == NULL) {
            fail_msg("row %zu: no finding %s", index, row->rule);
        } else if (strcmp(found->id, row->id) != 0 ||
                (row->evidence != NULL && strstr(found->evidence, row->evidence) == NULL)) {
            fail_msg("row %zu: %s: %s", index, found->id, found->evidence);
        }
    }
    encodes(&m.report);
    pk_arena_destroy(arena);
}

#define RULES(rows)                               \
    for (size_t i = 0; i < PK_COUNT(rows); i++) { \
        judge_row(&w, &(rows)[i], i);             \
    }

static void indicators(void **state)
{
    static const struct row rows[] = {
        { { .package = "com.x", .signer = OTHER }, PK_VERDICT_CLEAN, NULL, NULL, NULL },
        { { .package = "com.x", .signer = OTHER, .sha256 = BAD }, PK_VERDICT_MALICIOUS,
                "known/indicator", "malware.banker", "is in feed as Anubis, 2024-05-01" },
        { { .package = "com.x", .signer = OTHER, .sha256 = ELSE }, PK_VERDICT_UNWANTED,
                "known/indicator", "malware.riskware", "Watcher" },
        { { .package = "com.x", .signer = BAD }, PK_VERDICT_MALICIOUS, "known/indicator",
                "malware.known_bad", BAD },
        { { .package = "com.x", .signer = OTHER, .lineage = BAD }, PK_VERDICT_MALICIOUS,
                "known/indicator", "malware.known_bad", BAD },
        /* A certificate that anybody could have put there. */
        { { .package = "com.x", .signer = BAD, .broken = true }, PK_VERDICT_SUSPICIOUS,
                "known/indicator", "malware.known_bad", BAD },
        { { .package = "com.x", .signer = OTHER, .sha1 = SHA1 }, PK_VERDICT_MALICIOUS,
                "known/indicator", "malware.stalkerware", "Cerberus" },
        /* A key that everybody has. */
        { { .package = "com.x", .signer = TEST }, PK_VERDICT_CLEAN, NULL, NULL, NULL },
        { { .package = "com.bad.app", .signer = OTHER }, PK_VERDICT_SUSPICIOUS, "known/name",
                "malware.stalkerware", "com.bad.app is in feed" },
        /* Names can be borrowed; its signer is known to be good. */
        { { .package = "com.borrowed.app", .signer = MAKER }, PK_VERDICT_CLEAN, "known/name",
                "malware.trojan", NULL },
        { { .package = "com.x", .signer = OTHER, .host = "a.b.evil.example" },
                PK_VERDICT_SUSPICIOUS, "known/host", "malware.spyware",
                "a.b.evil.example (evil.example) is in feed as Pegasus" },
        { { .package = "com.x", .signer = OTHER, .host = "vague.example" }, PK_VERDICT_CLEAN,
                "known/host", "malware.known_bad", "vague.example is in feed" },
        { { .package = "com.x", .signer = OTHER, .host = "www.popular.example" }, PK_VERDICT_CLEAN,
                "known/host", "malware.spyware", "on the warning list top sites" },
        { { .package = "com.x", .signer = OTHER, .host = "example.org" }, PK_VERDICT_CLEAN, NULL,
                NULL, NULL },
    };
    struct world w;

    (void)state;
    open_world(&w, NULL);
    RULES(rows);
    close_world(&w);
}

static void publishers(void **state)
{
    static const struct row rows[] = {
        { { .package = "com.real.app", .signer = MAKER }, PK_VERDICT_CLEAN, NULL, NULL, NULL },
        { { .package = "com.real.app", .signer = OTHER, .installer = NULL }, PK_VERDICT_CLEAN,
                "signer/other", "signer.other", "known for other apps" },
        { { .package = "com.real.app", .signer = ELSE }, PK_VERDICT_SUSPICIOUS, "signer/repackaged",
                "malware.repackaged", "com.real.app is signed by ffffffffffffffff" },
        /* Rotated, provably; and the same claimed by a signature that does not hold. */
        { { .package = "com.real.app", .signer = ELSE, .lineage = MAKER }, PK_VERDICT_CLEAN,
                "signer/rotated", "signer.rotated", "has signed over" },
        { { .package = "com.real.app", .signer = ELSE, .lineage = MAKER, .broken = true },
                PK_VERDICT_CLEAN, "signer/other", "signer.missing", NULL },
        { { .package = "com.real.app", .signer = MAKER, .broken = true }, PK_VERDICT_SUSPICIOUS,
                "signer/broken", "malware.repackaged", "the signature does not hold" },
        { { .package = "com.real.app", .broken = true }, PK_VERDICT_CLEAN, "signer/other",
                "signer.missing", NULL },
        { { .package = "com.real.app", .signer = TEST }, PK_VERDICT_SUSPICIOUS, "signer/repackaged",
                "malware.repackaged", "Android's test key" },
        { { .package = "com.real.app",
                  .signer = ELSE,
                  .subject = "C=US, O=Android, CN=Android Debug" },
                PK_VERDICT_SUSPICIOUS, "signer/repackaged", "malware.repackaged", "a debug key" },
        /* F-Droid's list names F-Droid's key only. */
        { { .package = "com.free.app", .signer = ELSE }, PK_VERDICT_CLEAN, "signer/repackaged",
                "malware.repackaged", "fdroiddata" },
        { { .package = "com.free.app", .signer = TEST }, PK_VERDICT_SUSPICIOUS, "signer/repackaged",
                "malware.repackaged", "Android's test key" },
        { { .package = "com.real.app", .signer = ELSE, .installer = "com.android.vending" },
                PK_VERDICT_CLEAN, "signer/other", "signer.other", "a store installed it" },
        { { .package = "com.real.app", .signer = ELSE, .system = PK_TRI_YES }, PK_VERDICT_CLEAN,
                "signer/other", "signer.other", "came with the system" },
        /* A test key in the list proves nothing, either way. */
        { { .package = "com.test.app", .signer = ELSE }, PK_VERDICT_CLEAN, NULL, NULL, NULL },
        { { .package = "com.test.app", .signer = TEST, .weight = PK_APP_WEIGHT_SUSPICIOUS },
                PK_VERDICT_SUSPICIOUS, NULL, NULL, NULL },
        /* A known publisher takes weight from opinions, not from structure. */
        { { .package = "com.real.app", .signer = MAKER, .weight = PK_APP_WEIGHT_MALICIOUS },
                PK_VERDICT_CLEAN, "rules/x", "malware.riskware", NULL },
        { { .package = "com.real.app",
                  .signer = MAKER,
                  .weight = PK_APP_WEIGHT_SUSPICIOUS,
                  .rule = "structure/zip.x" },
                PK_VERDICT_SUSPICIOUS, "structure/zip.x", "malware.riskware", NULL },
        { { .package = "com.real.app", .signer = MAKER, .sha256 = BAD }, PK_VERDICT_MALICIOUS,
                "known/indicator", "malware.banker", NULL },
        { { .package = "com.x", .signer = OTHER, .installer = "" }, PK_VERDICT_CLEAN,
                "origin/sideloaded", "malware.sideloaded", "by hand" },
        { { .package = "com.x", .signer = OTHER, .installer = "com.some.browser" },
                PK_VERDICT_CLEAN, "origin/sideloaded", "malware.sideloaded", "com.some.browser" },
    };
    struct world w;

    (void)state;
    open_world(&w, NULL);
    RULES(rows);
    close_world(&w);
}

#define ICON       .phash = "0f0f0f0f0f0f0f0e", .dhash = "00ff00ff00ff00fe"
#define OTHER_ICON .phash = "f0f0f0f0ffff0000", .dhash = "ff00ff00ff00ff00"

static void copies(void **state)
{
    static const struct row rows[] = {
        { { .package = "com.fake", .label = "Realapp", .signer = ELSE, ICON },
                PK_VERDICT_SUSPICIOUS, "signer/impersonation", "malware.repackaged",
                "with its icon" },
        { { .package = "com.fake", .label = "REAL APP", .signer = ELSE, ICON },
                PK_VERDICT_SUSPICIOUS, "signer/impersonation", "malware.repackaged", NULL },
        { { .package = "com.fake", .label = "Real\u0430pp", .signer = ELSE }, PK_VERDICT_SUSPICIOUS,
                "signer/impersonation", "malware.repackaged", "in disguised letters" },
        { { .package = "com.fake", .label = "Real\u200bapp", .signer = ELSE },
                PK_VERDICT_SUSPICIOUS, "signer/impersonation", "malware.repackaged",
                "in disguised letters" },
        { { .package = "com.fake",
                  .label = "Realapp",
                  .signer = ELSE,
                  .permission = "android.permission.READ_SMS" },
                PK_VERDICT_SUSPICIOUS, "signer/impersonation", "malware.repackaged", "READ_SMS" },
        /* A name alone; another icon; an accent. */
        { { .package = "com.fake", .label = "Realapp", .signer = ELSE }, PK_VERDICT_CLEAN, NULL,
                NULL, NULL },
        { { .package = "com.fake", .label = "Realapp", .signer = ELSE, OTHER_ICON },
                PK_VERDICT_CLEAN, NULL, NULL, NULL },
        { { .package = "com.fake", .label = "R\u00e9alapp", .signer = ELSE }, PK_VERDICT_CLEAN,
                NULL, NULL, NULL },
        /* An icon alone. */
        { { .package = "com.fake", .label = "Another", .signer = ELSE, ICON }, PK_VERDICT_CLEAN,
                NULL, NULL, NULL },
        /* Its own maker's other app, also after a rotation. */
        { { .package = "com.real.beta", .label = "Realapp", .signer = MAKER, ICON },
                PK_VERDICT_CLEAN, NULL, NULL, NULL },
        { { .package = "com.real.beta",
                  .label = "Realapp",
                  .signer = ELSE,
                  .lineage = MAKER,
                  ICON },
                PK_VERDICT_CLEAN, NULL, NULL, NULL },
        /* Many apps are called so. */
        { { .package = "com.fake", .label = "Calculator", .signer = ELSE, ICON }, PK_VERDICT_CLEAN,
                NULL, NULL, NULL },
        { { .package = "com.fake", .label = "Realapp", .signer = ELSE, ICON, .system = PK_TRI_YES },
                PK_VERDICT_CLEAN, NULL, NULL, NULL },
        /* Hashes that are none. */
        { { .package = "com.fake",
                  .label = "Realapp",
                  .signer = ELSE,
                  .phash = "0f0f",
                  .dhash = "x" },
                PK_VERDICT_CLEAN, NULL, NULL, NULL },
    };
    struct world w;

    (void)state;
    open_world(&w, NULL);
    RULES(rows);
    close_world(&w);
}

static void lists(void **state)
{
    static const char text[] =
            "version: 1\n"
            "allow:\n"
            "  - {match: {signer: " MAKER "}, reason: ours}\n"
            "deny:\n"
            "  - {match: {package: com.denied.*}, reason: no, by: ada}\n"
            "  - {match: {package: com.over}, reason: no, until: 2020-01-01T00:00:00Z}\n"
            "  - {match: {signer: " OTHER ", package: com.pair}, reason: no}\n"
            "unwanted:\n"
            "  - {id: low-one, title: Low, level: low, all: [{package: com.low}]}\n"
            "  - {id: mid-one, title: Mid, level: medium, reason: because, all: [{package: "
            "com.mid}]}\n"
            "  - {id: high-one, title: High, level: high, all: [{package: com.real.app}]}\n"
            "  - {id: doubt, title: Doubt, level: low, all: [{verdict: suspicious, package: "
            "com.bad.app}]}\n"
            "stores: [com.our.store]\n";
    static const struct row rows[] = {
        { { .package = "com.denied.x", .signer = ELSE }, PK_VERDICT_UNWANTED, "lists/deny",
                "malware.unwanted", "no (its package name is listed, by ada)" },
        { { .package = "com.over", .signer = ELSE }, PK_VERDICT_CLEAN, NULL, NULL, NULL },
        { { .package = "com.pair", .signer = OTHER }, PK_VERDICT_UNWANTED, "lists/deny",
                "malware.unwanted", "package and signer" },
        { { .package = "com.pair", .signer = ELSE }, PK_VERDICT_CLEAN, NULL, NULL, NULL },
        { { .package = "com.pair", .signer = OTHER, .broken = true }, PK_VERDICT_CLEAN, NULL, NULL,
                NULL },
        { { .package = "com.low", .signer = ELSE }, PK_VERDICT_CLEAN, "unwanted/low-one",
                "malware.unwanted", "package com.low" },
        { { .package = "com.mid", .signer = ELSE }, PK_VERDICT_UNWANTED, "unwanted/mid-one",
                "malware.unwanted", "because: package com.mid" },
        /* Allowed, though a rule names it and its behaviour is odd. Deny wins over allow. */
        { { .package = "com.real.app", .signer = MAKER, .weight = PK_APP_WEIGHT_MALICIOUS },
                PK_VERDICT_CLEAN, "unwanted/high-one", "malware.unwanted", NULL },
        { { .package = "com.denied.x", .signer = MAKER }, PK_VERDICT_UNWANTED, "lists/deny",
                "malware.unwanted", NULL },
        { { .package = "com.x", .signer = MAKER, .sha256 = BAD }, PK_VERDICT_MALICIOUS,
                "known/indicator", "malware.banker", NULL },
        { { .package = "com.x",
                  .signer = MAKER,
                  .weight = PK_APP_WEIGHT_SUSPICIOUS,
                  .rule = "structure/x" },
                PK_VERDICT_SUSPICIOUS, "structure/x", "malware.riskware", NULL },
        { { .package = "com.bad.app", .signer = ELSE }, PK_VERDICT_SUSPICIOUS, "unwanted/doubt",
                "malware.unwanted", "verdict suspicious" },
        { { .package = "com.x", .signer = ELSE, .installer = "com.our.store" }, PK_VERDICT_CLEAN,
                NULL, NULL, NULL },
    };
    struct world w;

    (void)state;
    open_world(&w, text);
    RULES(rows);
    close_world(&w);
}

/* --- exceptions */

static int verdict_with(const char *exception, const struct app *app,
        const struct pk_app_situation *situation, char *reason, size_t size)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    char text[600];
    struct world w;
    struct made m;
    int verdict;

    (void)snprintf(text, sizeof(text),
            "version: 1\nexceptions:\n  - {reason: known, by: ada, %s}\n", exception);
    open_world(&w, text);
    make(app, &m);
    assert_int_equal(pk_reputation_judge(&m.report, &w.knowledge, situation, arena), PK_OK);
    verdict = m.report.verdict;
    reason[0] = '\0';
    for (size_t i = 0; i < m.report.reasons.count; i++) {
        if (strncmp(m.report.reasons.items[i], "Excepted", 8) == 0) {
            (void)snprintf(reason, size, "%s", m.report.reasons.items[i]);
        }
    }
    close_world(&w);
    pk_arena_destroy(arena);
    return verdict;
}

static void exceptions(void **state)
{
    static const struct app odd = {
        .package = "com.tool", .signer = OTHER, .weight = PK_APP_WEIGHT_MALICIOUS
    };
    static const struct app next = {
        .package = "com.tool", .signer = OTHER, .sha256 = MAKER, .weight = PK_APP_WEIGHT_SUSPICIOUS
    };
    static const struct app stolen = {
        .package = "com.tool", .signer = ELSE, .weight = PK_APP_WEIGHT_MALICIOUS
    };
    static const struct app known = { .package = "com.x", .signer = OTHER, .sha256 = BAD };
    static const struct pk_app_situation any = { .now_ms = NOW };
    static const struct pk_app_situation here = {
        .now_ms = NOW, .device = "d1", .group = "help desk"
    };
#define TOOL "match: {package: com.tool, signer: " OTHER "}"
    static const struct {
        const char *exception;
        const struct app *app;
        const struct pk_app_situation *situation;
        int verdict;
    } rows[] = {
        { TOOL, &odd, &any, PK_VERDICT_CLEAN },
        { TOOL ", threat: malware.riskware", &odd, &any, PK_VERDICT_CLEAN },
        { TOOL ", threat: malware.*, rule: rules/x", &odd, &any, PK_VERDICT_CLEAN },
        { TOOL ", threat: malware.banker", &odd, &any, PK_VERDICT_MALICIOUS },
        { TOOL ", rule: rules/y", &odd, &any, PK_VERDICT_MALICIOUS },
        /* Package and signer go on to the next version, a hash does not; another signer is another app. */
        { "match: {sha256: " THIS "}", &odd, &any, PK_VERDICT_CLEAN },
        { "match: {sha256: " THIS "}", &next, &any, PK_VERDICT_SUSPICIOUS },
        { TOOL ", threat: malware.riskware, rule: rules/x", &next, &any, PK_VERDICT_CLEAN },
        { TOOL, &stolen, &any, PK_VERDICT_MALICIOUS },
        /* Time. */
        { TOOL ", expires: 2020-01-01T00:00:00Z", &odd, &any, PK_VERDICT_MALICIOUS },
        { TOOL ", expires: 2090-01-01T00:00:00Z", &odd, &any, PK_VERDICT_CLEAN },
        /* Place. */
        { TOOL ", scope: device d1", &odd, &any, PK_VERDICT_MALICIOUS },
        { TOOL ", scope: device d1", &odd, &here, PK_VERDICT_CLEAN },
        { TOOL ", scope: device d2", &odd, &here, PK_VERDICT_MALICIOUS },
        { TOOL ", scope: group help desk", &odd, &here, PK_VERDICT_CLEAN },
        { TOOL ", scope: group sales", &odd, &here, PK_VERDICT_MALICIOUS },
        /* Known malware must be named. */
        { "match: {sha256: " BAD "}", &known, &any, PK_VERDICT_MALICIOUS },
        { "match: {sha256: " BAD "}, threat: malware.banker", &known, &any, PK_VERDICT_CLEAN },
        { "match: {sha256: " BAD "}, rule: known/indicator", &known, &any, PK_VERDICT_CLEAN },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        char reason[300];
        int verdict = verdict_with(
                rows[i].exception, rows[i].app, rows[i].situation, reason, sizeof(reason));

        if (verdict != rows[i].verdict) {
            fail_msg("row %zu: %s", i, pk_app_verdict_name(verdict));
        }
        assert_int_equal(strstr(reason, "known, by ada") != NULL, verdict == PK_VERDICT_CLEAN);
    }
}

/* How the fleet knows the package, and what that says about a copy by somebody else. */
static void fleet(void **state)
{
    static const struct app copy = { .package = "com.x", .signer = ELSE };
    static const struct app rotated = { .package = "com.x", .signer = ELSE, .lineage = OTHER };
    static const struct app known = { .package = "com.real.app", .signer = MAKER };
    static const struct {
        const struct app *app;
        struct pk_app_prevalence rows[2];
        const char *installer;
        int verdict;
        bool said;
    } rows[] = {
        { &copy, { { OTHER, 50, 48 }, { ELSE, 1, 0 } }, NULL, PK_VERDICT_SUSPICIOUS, true },
        { &copy, { { OTHER, 50, 48 }, { ELSE, 1, 0 } }, "", PK_VERDICT_SUSPICIOUS, true },
        { &copy, { { OTHER, 50, 48 }, { BAD, 1, 0 } }, NULL, PK_VERDICT_SUSPICIOUS,
                true }, /* an upload */
        /* Nobody has it from a store: two builds of one's own. */
        { &copy, { { OTHER, 50, 0 }, { ELSE, 1, 0 } }, NULL, PK_VERDICT_CLEAN, true },
        /* A store brought it, here or elsewhere. */
        { &copy, { { OTHER, 50, 48 }, { ELSE, 1, 0 } }, "com.android.vending", PK_VERDICT_CLEAN,
                false },
        { &copy, { { OTHER, 50, 48 }, { ELSE, 2, 1 } }, NULL, PK_VERDICT_CLEAN, false },
        /* Too few to say; not rare enough. */
        { &copy, { { OTHER, 4, 4 }, { ELSE, 0, 0 } }, NULL, PK_VERDICT_CLEAN, false },
        { &copy, { { OTHER, 50, 48 }, { ELSE, 6, 0 } }, NULL, PK_VERDICT_CLEAN, false },
        { &rotated, { { OTHER, 50, 48 }, { ELSE, 1, 0 } }, NULL, PK_VERDICT_CLEAN, false },
        { &known, { { OTHER, 50, 48 }, { MAKER, 1, 0 } }, NULL, PK_VERDICT_CLEAN, false },
    };
    struct world w;

    (void)state;
    open_world(&w, NULL);
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        const struct pk_app_proof proof = { .signers = rows[i].rows, .signer_count = 2 };
        const struct pk_app_situation situation = {
            .now_ms = NOW, .installer = rows[i].installer, .proof = &proof
        };
        struct pk_arena *arena = pk_arena_create(ARENA_MAX);
        struct made m;

        make(rows[i].app, &m);
        assert_int_equal(pk_reputation_judge(&m.report, &w.knowledge, &situation, arena), PK_OK);
        if (m.report.verdict != rows[i].verdict ||
                (find(&m.report, "signer/rare") != NULL) != rows[i].said) {
            fail_msg("row %zu: %s", i, pk_app_verdict_name(m.report.verdict));
        }
        encodes(&m.report);
        pk_arena_destroy(arena);
    }
    close_world(&w);
}

/* Hits say where they come from. */
static void hits(void **state)
{
    static const struct app app = {
        .package = "com.bad.app", .signer = BAD, .sha256 = BAD, .host = "c2.evil.example"
    };
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    const struct pk_app_hit *items;
    struct world w;
    struct made m;

    (void)state;
    open_world(&w, NULL);
    make(&app, &m);
    assert_int_equal(pk_reputation_judge(&m.report, &w.knowledge, NULL, arena), PK_OK);
    close_world(&w); /* what the report says outlives what it was drawn from */
    items = m.report.hits.items;
    assert_int_equal(m.report.hits.count, 4);
    assert_string_equal(items[0].kind, "sha256");
    assert_string_equal(items[0].value, BAD);
    assert_null(items[0].indicator);
    assert_string_equal(items[0].family, "Anubis");
    assert_string_equal(items[0].category, "banker");
    assert_string_equal(items[0].source, "feed");
    assert_string_equal(items[0].reference, "https://example.org/feed");
    assert_string_equal(items[0].date, "2024-05-01");
    assert_string_equal(items[1].kind, "signer");
    assert_string_equal(items[2].kind, "package");
    assert_string_equal(items[3].kind, "domain");
    assert_string_equal(items[3].indicator, "evil.example");
    pk_arena_destroy(arena);
}

/* Two sets that hold the same feed say the same once. */
static void twice(void **state)
{
    static const struct app app = { .package = "com.x", .signer = OTHER, .sha256 = BAD };
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    const struct pk_intel_set *sets[3] = { NULL };
    struct pk_app_knowledge knowledge = { .sets = sets };
    struct world one;
    struct world other;
    struct made m;

    (void)state;
    open_world(&one, NULL);
    open_world(&other, NULL);
    sets[0] = one.set;
    sets[1] = other.set;
    make(&app, &m);
    assert_int_equal(pk_reputation_judge(&m.report, &knowledge, NULL, arena), PK_OK);
    assert_int_equal(m.report.hits.count, 1);
    assert_int_equal(find(&m.report, "known/indicator")->count, 1);
    close_world(&one);
    close_world(&other);
    pk_arena_destroy(arena);
}

/* Nothing is known, or memory ends: no verdict is made up. */
static void nothing(void **state)
{
    static const struct app app = {
        .package = "com.x", .signer = OTHER, .weight = PK_APP_WEIGHT_SUSPICIOUS
    };
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct world w;
    struct made m;

    (void)state;
    make(&app, &m);
    assert_int_equal(pk_reputation_judge(&m.report, NULL, NULL, arena), PK_OK);
    assert_int_equal(m.report.verdict, PK_VERDICT_SUSPICIOUS);
    assert_int_equal(m.report.findings.count, 1);
    pk_arena_destroy(arena);

    open_world(
            &w, "version: 1\nunwanted:\n  - {id: a, title: t, level: low, all: [{kind: apk}]}\n");
    for (size_t max = 64; max < 40000; max += 512) {
        arena = pk_arena_create(max);
        make(&app, &m);
        int rc = pk_reputation_judge(&m.report, &w.knowledge, NULL, arena);

        assert_true(rc == PK_OK || rc == PK_ENOMEM);
        pk_arena_destroy(arena);
    }
    close_world(&w);
}

/* Many hosts of several families are a list that the app carries; of one family they are its own. */
static void many_hosts(void **state)
{
    static const char *const names[] = { "a.c2.evil.example", "b.c2.evil.example",
        "c.c2.evil.example", "d.c2.evil.example", "e.c2.evil.example", "f.c2.evil.example",
        "g.c2.evil.example", "h.c2.evil.example", "a.b.evil.example", "b.b.evil.example",
        "vague.example" };
    const struct pk_app_situation situation = { .now_ms = NOW };
    struct world w;

    (void)state;
    open_world(&w, NULL);
    for (size_t count = 1; count <= PK_COUNT(names); count++) {
        struct pk_arena *arena = pk_arena_create(ARENA_MAX);
        struct pk_app_host hosts[PK_COUNT(names)];
        struct made m;

        make(&(struct app){ .package = "com.x", .signer = OTHER }, &m);
        for (size_t i = 0; i < count; i++) {
            hosts[i] = (struct pk_app_host){ .name = names[i] };
        }
        m.report.hosts = (struct pk_array){ hosts, count };
        assert_int_equal(pk_reputation_judge(&m.report, &w.knowledge, &situation, arena), PK_OK);
        assert_int_equal(m.report.hits.count, count);
        assert_int_equal(m.report.verdict,
                count == PK_COUNT(names) ? PK_VERDICT_CLEAN : PK_VERDICT_SUSPICIOUS);
        pk_arena_destroy(arena);
    }
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(indicators),
        cmocka_unit_test(publishers),
        cmocka_unit_test(copies),
        cmocka_unit_test(lists),
        cmocka_unit_test(exceptions),
        cmocka_unit_test(fleet),
        cmocka_unit_test(hits),
        cmocka_unit_test(twice),
        cmocka_unit_test(nothing),
        cmocka_unit_test(many_hosts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
