/* From the bytes of a file to its report: the kind, the verdict, the order of findings, what is hidden,
 * what memory that is short does. */
#include "data.h"
#include "formats/limits.h"
#include "model/app_verdict.h"
#include "scan/inspect.h"
#include "zip_build.h"

#define ONE   "apksig/apks/v1-only-with-rsa-pkcs1-sha256-1.2.840.113549.1.1.1-2048.apk"
#define OTHER "apksig/apks/v1-only-with-ecdsa-sha256-1.2.840.10045.4.3.2-p256.apk"

/* A file of tests/data in an exact heap block; the caller frees ptr. */
static struct pk_slice test_data(const char *name)
{
    struct pk_buffer bytes = pk_test_file(name);
    struct pk_slice out = pk_slice_of(pk_test_dup(bytes.ptr, bytes.len), bytes.len);

    pk_buffer_finish(&bytes);
    return out;
}

struct bench {
    struct pk_arena *arena;
    struct pk_app_report report;
};

static void inspect(struct bench *b, struct pk_slice file)
{
    static const struct pk_inspect_options options = { 0 };

    memset(b, 0, sizeof(*b));
    b->arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    assert_non_null(b->arena);
    assert_int_equal(pk_inspect(file, &options, b->arena, &b->report, NULL), PK_OK);
    assert_non_null(b->report.sha256);
    assert_int_equal(b->report.size, file.len);
    assert_true(b->report.reasons.count > 0);
    assert_string_equal(b->report.reasons.items[b->report.reasons.count - 1], PK_APP_SCOPE);
}

static void finish(struct bench *b)
{
    pk_arena_destroy(b->arena);
}

static const struct pk_app_finding *finding(const struct bench *b, const char *id)
{
    const struct pk_app_finding *items = b->report.findings.items;

    for (size_t i = 0; i < b->report.findings.count; i++) {
        if (strcmp(items[i].id, id) == 0) {
            return &items[i];
        }
    }
    return NULL;
}

static bool has_reason(const struct bench *b, const char *part)
{
    for (size_t i = 0; i < b->report.reasons.count; i++) {
        if (strstr(b->report.reasons.items[i], part) != NULL) {
            return true;
        }
    }
    return false;
}

static void kinds_by_content(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        int kind;
        const char *reason;
    } rows[] = {
        { "", 0, PK_APP_UNKNOWN, "The file is empty" },
        { "x", 1, PK_APP_UNKNOWN, "No kind of app file" },
        { "PK", 2, PK_APP_UNKNOWN, "No kind of app file" },
        { "PK\3\4", 4, PK_APP_UNKNOWN, "No device can open this archive" },
        { "PK\3\4 AndroidManifest.xml", 24, PK_APP_APK, "No device can open this app" },
        { "PK\3\4 Payload/X.app/Info.plist", 29, PK_APP_IPA, "No device can open this app" },
        { "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22, PK_APP_UNKNOWN, "An empty archive" },
        { "dex\n035\0", 8, PK_APP_DEX, "No device can load this DEX" },
        { "dex\nxyz\0", 8, PK_APP_DEX, "No device can load this DEX" },
        { "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16, PK_APP_ELF, "No device can load this library" },
        { "\xca\xfe\xba\xbe\0\0\0\x34", 8, PK_APP_UNKNOWN, "A Java class" },
        { "bplist00", 8, PK_APP_PLIST, "This property list cannot be read" },
        { "<plist", 6, PK_APP_PLIST, "This property list cannot be read" },
        { "\3\0\10\0\10\0\0\0\0\0\0\0\0\0\0\0", 16, PK_APP_AXML,
                "No device can read this binary XML" },
        { "{\"json\": 1}", 11, PK_APP_UNKNOWN, "No kind of app file" },
        { "#!/bin/sh\n", 10, PK_APP_UNKNOWN, "A script" },
        { "\x89PNG\r\n", 6, PK_APP_UNKNOWN, "A picture" },
        { "\x1f\x8b\x08", 3, PK_APP_UNKNOWN, "A gzip file; unpack it first" },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t *heap = pk_test_dup(rows[i].bytes, rows[i].len);
        struct bench b;

        inspect(&b, pk_slice_of(heap, rows[i].len));
        assert_string_equal(pk_app_kind_name(b.report.kind), pk_app_kind_name(rows[i].kind));
        assert_int_equal(b.report.verdict, PK_VERDICT_MALFORMED);
        assert_true(has_reason(&b, rows[i].reason));
        assert_ptr_equal(
                strstr(b.report.reasons.items[0], rows[i].reason), b.report.reasons.items[0]);
        finish(&b);
        free(heap);
    }
}

/* A real, signed app of the apksig suite; every prefix of it has a report, too. */
static void a_signed_app(void **state)
{
    struct pk_slice file = test_data(ONE);
    const struct pk_app_signer *signers;
    struct bench b;

    (void)state;
    inspect(&b, file);
    assert_int_equal(b.report.kind, PK_APP_APK);
    assert_string_equal(b.report.package, "android.appsecurity.cts.tinyapp");
    assert_int_equal(b.report.dex_files, 1);
    assert_int_equal(b.report.dex.count, 1);
    assert_non_null(b.report.signature);
    assert_true(b.report.signature->verified);
    assert_int_equal(b.report.signature->signers.count, 1);
    signers = b.report.signature->signers.items;
    assert_int_equal(strlen(signers[0].sha256), 64);
    assert_int_equal(b.report.verdict, PK_VERDICT_CLEAN);
    assert_true(has_reason(&b, "Its signature (v1) holds"));
    finish(&b);
    for (size_t len = 0; len < file.len; len += 97) {
        uint8_t *heap = pk_test_dup(file.ptr, len);

        inspect(&b, pk_slice_of(heap, len));
        assert_int_equal(b.report.verdict, PK_VERDICT_MALFORMED);
        finish(&b);
        free(heap);
    }
    free((void *)file.ptr);
}

/* A manifest that a device reads; the caller frees. */
static struct pk_slice manifest(void)
{
    return test_data("apps/axml/AndroidManifestExtraNamespace.xml");
}

static void what_the_platform_does_not_load(void **state)
{
    static char dex[200] = "dex\n035";
    struct zip_item items[] = {
        { .name = "AndroidManifest.xml" },
        { .name = "classes.dex", .text = "not a DEX, whatever its name is", .deflate = true },
        { .name = "classes3.dex", .text = dex, .text_len = sizeof(dex), .deflate = true },
        { .name = "assets/picture.png", .text = dex, .text_len = sizeof(dex) },
        { .name = "assets/data",
                .text = "PK\3\4 an archive in the assets; only its first bytes are looked at, "
                        "so that what follows may be anything at all ........" },
    };
    struct pk_slice xml = manifest();
    struct pk_slice file;
    struct bench b;

    (void)state;
    items[0].text = (const char *)xml.ptr;
    items[0].text_len = xml.len;
    file = zip_build(&(struct zip_plan){ .items = items, .count = PK_COUNT(items) });
    inspect(&b, file);
    assert_int_equal(b.report.kind, PK_APP_APK);
    assert_int_equal(b.report.dex_files, 1); /* classes3.dex is behind a gap */
    assert_int_equal(b.report.dex.count, 0);
    assert_non_null(finding(&b, "dex.fake"));
    assert_non_null(finding(&b, "dex.hidden"));
    assert_int_equal(finding(&b, "dex.hidden")->count, 2);
    assert_string_equal(finding(&b, "dex.hidden")->rule, "structure/dex.hidden");
    assert_non_null(finding(&b, "apk.nested"));
    assert_non_null(finding(&b, "apk.unsigned"));
    finish(&b);
    free((void *)file.ptr);
    free((void *)xml.ptr);
}

static void worst_first(void **state)
{
    struct zip_item items[] = {
        { .name = "AndroidManifest.xml" },
        { .name = "classes.dex", .text = "x", .flags = 1, .local_flags = 1 },
        { .name = "classes.dex", .text = "y" },
        { .name = "../x", .text = "z" },
    };
    struct pk_slice xml = manifest();
    struct pk_slice file;
    const struct pk_app_finding *findings;
    struct bench b;

    (void)state;
    items[0].text = (const char *)xml.ptr;
    items[0].text_len = xml.len;
    file = zip_build(
            &(struct zip_plan){ .items = items, .count = PK_COUNT(items), .prefix = "dex\n035" });
    inspect(&b, file);
    findings = b.report.findings.items;
    assert_true(b.report.findings.count > 3);
    for (size_t i = 1; i < b.report.findings.count; i++) {
        assert_true(findings[i - 1].severity >= findings[i].severity);
    }
    assert_int_equal(b.report.verdict, PK_VERDICT_SUSPICIOUS);
    assert_non_null(finding(&b, "zip.duplicate_entry"));
    assert_non_null(finding(&b, "zip.path_traversal"));
    /* the first reason is the worst finding */
    assert_ptr_equal(
            strstr(b.report.reasons.items[0], findings[0].title), b.report.reasons.items[0]);
    finish(&b);
    free((void *)file.ptr);
    free((void *)xml.ptr);
}

static void bundles(void **state)
{
    struct pk_slice one = test_data(ONE);
    struct pk_slice other = test_data(OTHER);
    struct zip_item items[] = {
        { .name = "base.apk", .text = (const char *)one.ptr, .text_len = one.len },
        { .name = "split.apk",
                .text = (const char *)one.ptr,
                .text_len = one.len,
                .deflate = true },
        { .name = "toc.pb", .text = "x" },
    };
    struct pk_slice file = zip_build(&(struct zip_plan){ .items = items, .count = 3 });
    const struct pk_app_part *parts;
    struct bench b;

    (void)state;
    inspect(&b, file);
    parts = b.report.parts.items;
    assert_int_equal(b.report.kind, PK_APP_BUNDLE);
    assert_int_equal(b.report.parts.count, 2);
    assert_string_equal(parts[0].file, "base.apk");
    assert_string_equal(parts[0].sha256, parts[1].sha256);
    assert_true(parts[0].verified && parts[1].verified);
    assert_true(b.report.signature->verified);
    assert_string_equal(b.report.package, "android.appsecurity.cts.tinyapp");
    assert_int_equal(b.report.verdict, PK_VERDICT_CLEAN);
    assert_true(has_reason(&b, "all its 2 parts hold"));
    finish(&b);
    free((void *)file.ptr);

    items[1] = (struct zip_item){
        .name = "split.apk", .text = (const char *)other.ptr, .text_len = other.len
    };
    file = zip_build(&(struct zip_plan){ .items = items, .count = 3 });
    inspect(&b, file);
    assert_non_null(finding(&b, "bundle.foreign_part"));
    assert_non_null(strstr(finding(&b, "bundle.foreign_part")->evidence, "another signer"));
    assert_int_equal(b.report.verdict, PK_VERDICT_SUSPICIOUS);
    finish(&b);
    free((void *)file.ptr);

    items[1] = (struct zip_item){ .name = "split.apk", .text = "no archive" };
    file = zip_build(&(struct zip_plan){ .items = items, .count = 3 });
    inspect(&b, file);
    assert_int_equal(b.report.verdict, PK_VERDICT_MALFORMED);
    assert_false(b.report.signature->verified);
    assert_true(has_reason(&b, "A part of the bundle is broken: split.apk"));
    finish(&b);
    free((void *)file.ptr);
    free((void *)one.ptr);
    free((void *)other.ptr);
}

/* The report's arena may end anywhere: then there is none, and nothing is left behind. */
static void memory_that_is_short(void **state)
{
    static const struct pk_inspect_options options = { 0 };
    struct pk_slice file = test_data(OTHER);
    bool done = false;

    (void)state;
    for (size_t max = 0; !done && max < (1UL << 20); max += 64) {
        struct pk_arena *arena = pk_arena_create(max);
        struct pk_app_report report;
        struct pk_error err = { 0 };
        int rc = pk_inspect(file, &options, arena, &report, &err);

        assert_true(rc == PK_OK || rc == PK_ENOMEM);
        assert_true(rc == PK_OK || err.text[0] != '\0');
        done = rc == PK_OK;
        pk_arena_destroy(arena);
    }
    assert_true(done);
    free((void *)file.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_by_content),
        cmocka_unit_test(a_signed_app),
        cmocka_unit_test(what_the_platform_does_not_load),
        cmocka_unit_test(worst_first),
        cmocka_unit_test(bundles),
        cmocka_unit_test(memory_that_is_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
