/* fuzz_reputation.c - a report as a taken-over reader may write it, judged by a small set and lists, twice, and compared
 * with itself and with nothing. What comes out can be sent, and the second judgement says what the first said. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "defense/reputation/diff.h"
#include "defense/reputation/lists.h"
#include "defense/reputation/reputation.h"
#include "intel/builder.h"

#define ARENA_MAX (64UL << 20)
#define SET_MAX   (1UL << 20)
#define A64       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64       "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char rules[] = "version: 1\n"
                            "allow: [{match: {signer: " B64 "}, reason: ours}]\n"
                            "deny: [{match: {package: 'com.x*'}, reason: no}]\n"
                            "exceptions: [{match: {sha256: " A64 "}, reason: r, by: b}]\n"
                            "unwanted:\n"
                            "  - {id: a, title: A, level: high, any: [{label: chat}, "
                            "{trackers_over: 0}, {host: ru}, {packer: '*'}]}\n";

/* What is known; made once and kept. */
struct known {
    const struct pk_intel_set *sets[2];
    struct pk_app_lists lists;
    struct pk_app_knowledge knowledge;
    struct pk_arena *arena; /* kept to the end, so that it is no leak */
    bool made;
};

static void add(
        struct pk_intel_builder *b, enum pk_intel_kind kind, const char *value, unsigned source)
{
    const struct pk_intel_entry entry = { .kind = kind,
        .value = value,
        .family = "F",
        .category = PK_INTEL_CAT_SPYWARE,
        .weight = PK_APP_WEIGHT_MALICIOUS,
        .source = source };

    if (pk_intel_builder_add(b, &entry) < 0) {
        abort();
    }
}

static void make(struct known *k)
{
    static struct pk_buffer bytes;
    static const struct pk_intel_app real = { .package = "com.real",
        .label = "Real Chat",
        .cert = B64,
        .phash = 0x0f0f0f0f0f0f0f0f,
        .dhash = 0x00ff00ff00ff00ff };
    struct pk_intel_builder *b = pk_intel_builder_create();
    struct pk_intel_set *set = NULL;
    unsigned source = 0;

    k->arena = pk_arena_create(ARENA_MAX);
    bytes = pk_buffer_of(SET_MAX);
    if (pk_intel_builder_source(b, "feed", NULL, NULL, NULL, &source) < 0) {
        abort();
    }
    add(b, PK_INTEL_SHA256, A64, source);
    add(b, PK_INTEL_SIGNER, A64, source);
    add(b, PK_INTEL_PACKAGE, "com.bad", source);
    add(b, PK_INTEL_DOMAIN, "example.ru", source);
    if (pk_intel_builder_add_signer(b, "com.real", B64, source) < 0 ||
            pk_intel_builder_add_app(b, &real) < 0 ||
            pk_intel_builder_finish(b, 0, &bytes, NULL) < 0 ||
            pk_intel_set_open(pk_buffer_slice(&bytes), &set, NULL) < 0 ||
            pk_app_lists_decode("rules", rules, strlen(rules), k->arena, &k->lists, NULL) < 0) {
        abort();
    }
    pk_intel_builder_destroy(b);
    k->sets[0] = set;
    k->knowledge = (struct pk_app_knowledge){ .sets = k->sets, .lists = &k->lists };
    k->made = true;
}

static void can_be_sent(const struct pk_schema *schema, const void *value, void *scratch)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    json_t *json = pk_schema_encode(schema, value, false);

    if (json == NULL || pk_schema_decode(schema, json, arena, scratch, NULL) < 0) {
        abort();
    }
    json_decref(json);
    pk_arena_destroy(arena);
}

static void compare(
        const struct pk_app_report *a, const struct pk_app_report *b, struct pk_arena *arena)
{
    struct pk_app_diff diff;
    struct pk_app_diff scratch;

    if (pk_app_diff(a, b, arena, &diff) == PK_OK) {
        can_be_sent(&pk_app_diff_schema, &diff, &scratch);
    }
}

static void judge(const struct known *k, const struct pk_app_report *from, struct pk_arena *arena)
{
    static const struct pk_app_prevalence fleet[] = { { A64, 100, 90, 0, 9, 90 }, { B64, 1 } };
    static const char *usual[] = { "android.permission.CAMERA" };
    static const struct pk_strings rights = { usual, 1 };
    static const struct pk_app_proof proof = {
        .fleet = 120,
        .file_settled = 50,
        .signers = fleet,
        .signer_count = 2,
        .usual = &rights,
        .signer = { .bad = true, .log_odds = 2, .devices = 9, .groups = 3 },
    };
    static const struct pk_app_situation situation = {
        .now_ms = 1, .installer = "x", .proof = &proof
    };
    static const struct pk_app_report nothing = { 0 };
    struct pk_app_report report = *from;
    struct pk_app_report scratch;
    size_t findings;

    if (pk_reputation_judge(&report, &k->knowledge, &situation, arena) < 0) {
        return; /* the arena is full */
    }
    findings = report.findings.count;
    can_be_sent(&pk_app_report_schema, &report, &scratch);
    compare(from, &report, arena);
    compare(&nothing, &report, arena);
    if (pk_reputation_judge(&report, &k->knowledge, &situation, arena) == PK_OK &&
            report.findings.count != findings) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct known known;
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_app_report report;
    json_t *json = NULL;

    if (!known.made) {
        make(&known);
    }
    if (arena == NULL) {
        abort();
    }
    if (pk_json_parse((const char *)data, size, &json, NULL) == PK_OK &&
            pk_schema_decode(&pk_app_report_schema, json, arena, &report, NULL) == PK_OK) {
        judge(&known, &report, arena);
    }
    json_decref(json);
    pk_arena_destroy(arena);
    return 0;
}
