/* Binary XML as the platform reads it, tricks included: the facts stay the same, the trick is said. */
#include "axml_builder.h"
#include "formats/android/axml.h"
#include "formats/android/manifest.h"

struct scan {
    struct pk_arena *arena;
    struct pk_anomalies anomalies;
    struct pk_manifest m;
    struct pk_error err;
    int rc;
};

static void scan_bytes(struct scan *s, struct pk_slice xml)
{
    uint8_t *heap = pk_test_dup(xml.ptr, xml.len);

    *s = (struct scan){ .arena = pk_arena_create(8UL * 1024 * 1024) };
    assert_int_equal(pk_anomalies_init(&s->anomalies, s->arena), PK_OK);
    s->rc = pk_manifest_parse(
            pk_slice_of(heap, xml.len), NULL, s->arena, &s->anomalies, &s->m, &s->err);
    free(heap); /* facts live in the arena */
}

static void scan_end(struct scan *s)
{
    pk_arena_destroy(s->arena);
}

/* A manifest with a bit of everything; a test may put something in at three places. */
typedef void (*spoil)(struct axb *b);

static void nothing(struct axb *b)
{
    (void)b;
}

static void build(struct axb *b, spoil before, spoil inside, spoil after)
{
    before(b);
    axb_namespace(b, false, "android", PK_AXML_ANDROID_URI);
    axb_start(b, "manifest");
    axb_int(b, AXB_VERSION_CODE, 7);
    axb_str(b, AXB_VERSION_NAME, "1.2");
    axb_plain(b, "package", "org.example.app");
    axb_start(b, "uses-sdk");
    axb_int(b, AXB_MIN_SDK, 21);
    axb_int(b, AXB_TARGET_SDK, 34);
    axb_end(b, "uses-sdk");
    inside(b);
    axb_named(b, "uses-permission", "android.permission.INTERNET");
    axb_start(b, "application");
    axb_str(b, AXB_LABEL, "Example");
    axb_bool(b, AXB_DEBUGGABLE, true);
    axb_start(b, "activity");
    axb_str(b, AXB_NAME, ".Main");
    axb_bool(b, AXB_EXPORTED, true);
    axb_start(b, "intent-filter");
    axb_named(b, "action", "android.intent.action.MAIN");
    axb_named(b, "category", "android.intent.category.LAUNCHER");
    axb_end(b, "intent-filter");
    axb_end(b, "activity");
    axb_end(b, "application");
    axb_end(b, "manifest");
    axb_namespace(b, true, "android", PK_AXML_ANDROID_URI);
    after(b);
}

static void check_facts(const struct scan *s)
{
    assert_int_equal(s->rc, PK_OK);
    assert_string_equal(s->m.package, "org.example.app");
    assert_int_equal(s->m.version_code, 7);
    assert_string_equal(s->m.version_name, "1.2");
    assert_int_equal(s->m.min_sdk, 21);
    assert_int_equal(s->m.target_sdk, 34);
    assert_string_equal(s->m.label, "Example");
    assert_true(s->m.debuggable);
    assert_int_equal(s->m.permissions.count, 1);
    assert_string_equal(s->m.permissions.items[0], "android.permission.INTERNET");
    assert_string_equal(s->m.launchable, "org.example.app.Main");
    assert_int_equal(s->m.components.count, 1);
}

static void a_plain_document_says_nothing(void **state)
{
    for (int utf8 = 0; utf8 < 2; utf8++) {
        struct axb b = { .utf8 = utf8 != 0 };
        struct scan s;

        build(&b, nothing, nothing, nothing);
        scan_bytes(&s, axb_finish(&b));
        check_facts(&s);
        assert_int_equal(s.anomalies.count, 0);
        scan_end(&s);
    }
}

/* --- tricks that are built in */

static void unterminated(struct axb *b)
{
    b->no_nul = true;
}

static void empty_names(struct axb *b)
{
    b->empty_names = true;
}

static void without_map(struct axb *b)
{
    b->no_map = true;
}

static void wide_attributes(struct axb *b)
{
    b->stride = 24;
}

static void late_attributes(struct axb *b)
{
    b->start = 32;
}

static void more_strings(struct axb *b)
{
    b->add_count = 1000000;
}

static void dummy_bytes(struct axb *b)
{
    axb_raw(b, "\0\0\0\0\0\0\0\0\1\1\1\1AAAAAAAA", 20);
}

static void unknown_chunk(struct axb *b)
{
    axb_u32(b, 0x0777 | 8U << 16);
    axb_u32(b, 16);
    axb_raw(b, "payload!", 8);
}

static void second_pool(struct axb *b)
{
    axb_u32(b, 0x0001 | 28U << 16);
    axb_u32(b, 28);
    axb_raw(b, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
}

static void some_text(struct axb *b)
{
    axb_text(b, "<uses-permission name=\"fake\"/>");
}

static void many_namespaces(struct axb *b)
{
    for (int i = 0; i < 20; i++) {
        axb_namespace(b, false, "x", "http://example.org/x");
    }
}

static void namespace_in_name(struct axb *b)
{
    axb_start(b, "meta-data");
    axb_plain(b, "android:name", "org.evil");
    axb_end(b, "meta-data");
}

static void double_attribute(struct axb *b)
{
    axb_start(b, "meta-data");
    axb_str(b, AXB_NAME, "first");
    axb_str(b, AXB_NAME, "second");
    axb_end(b, "meta-data");
}

static void zero_size_end(struct axb *b)
{
    axb_put32(b->body + b->node + 4, 0);
}

static void element_behind(struct axb *b)
{
    axb_start(b, "manifest");
    axb_plain(b, "package", "org.evil");
    axb_end(b, "manifest");
}

static void string_outside(struct axb *b)
{
    axb_start(b, "meta-data");
    axb_attribute(b, AXB_NONE, 9999, AXB_NONE, 0x10, 1);
    axb_end(b, "meta-data");
}

static void too_many_attributes(struct axb *b)
{
    axb_start(b, "meta-data");
    axb_str(b, AXB_NAME, "x");
    axb_put16(b->body + b->node + 28, 65535);
    axb_end(b, "meta-data");
}

static void text_for_number(struct axb *b)
{
    axb_start(b, "uses-feature");
    axb_str(b, AXB_REQUIRED, "false");
    axb_str(b, AXB_NAME, "android.hardware.nfc");
    axb_end(b, "uses-feature");
}

/* The value counts for what is found by id. */
static void two_texts(struct axb *b)
{
    axb_start(b, "uses-permission");
    axb_attribute(b, axb_string(b, PK_AXML_ANDROID_URI), AXB_NAME,
            axb_string(b, "android.permission.CAMERA"), 0x03,
            axb_string(b, "android.permission.INTERNET"));
    axb_end(b, "uses-permission");
}

static void deep_nest(struct axb *b)
{
    for (int i = 0; i < 300; i++) {
        axb_start(b, "x");
    }
    for (int i = 0; i < 300; i++) {
        axb_end(b, "x");
    }
}

static void tricks_are_read_and_said(void **state)
{
    static const struct {
        spoil before;
        spoil inside;
        spoil after;
        enum pk_anomaly_id id;
    } rows[] = {
        { unterminated, nothing, nothing, PK_ANOMALY_AXML_BAD_STRING },
        { empty_names, nothing, nothing, PK_ANOMALY_AXML_ATTRIBUTE_NAME_EMPTY },
        { without_map, nothing, nothing, PK_ANOMALY_AXML_RESOURCE_MAP_MISSING },
        { wide_attributes, nothing, nothing, PK_ANOMALY_AXML_ATTRIBUTE_SIZE },
        { late_attributes, nothing, nothing, PK_ANOMALY_AXML_ATTRIBUTE_SIZE },
        { more_strings, nothing, nothing, PK_ANOMALY_AXML_STRING_COUNT },
        { dummy_bytes, nothing, nothing, PK_ANOMALY_AXML_DUMMY_DATA },
        { nothing, dummy_bytes, nothing, PK_ANOMALY_AXML_DUMMY_DATA },
        { nothing, nothing, dummy_bytes, PK_ANOMALY_AXML_DUMMY_DATA },
        { unknown_chunk, nothing, nothing, PK_ANOMALY_AXML_UNKNOWN_CHUNK },
        { nothing, unknown_chunk, nothing, PK_ANOMALY_AXML_UNKNOWN_CHUNK },
        { nothing, second_pool, nothing, PK_ANOMALY_AXML_UNKNOWN_CHUNK },
        { nothing, some_text, nothing, PK_ANOMALY_AXML_TEXT_CHUNK },
        { many_namespaces, nothing, nothing, PK_ANOMALY_AXML_NAMESPACE },
        { nothing, namespace_in_name, nothing, PK_ANOMALY_AXML_NAMESPACE },
        { nothing, double_attribute, nothing, PK_ANOMALY_AXML_DUPLICATE_ATTRIBUTE },
        { nothing, nothing, zero_size_end, PK_ANOMALY_AXML_ZERO_SIZE_CHUNK },
        { nothing, nothing, element_behind, PK_ANOMALY_AXML_DUMMY_DATA },
        { nothing, string_outside, nothing, PK_ANOMALY_AXML_STRING_RANGE },
        { nothing, too_many_attributes, nothing, PK_ANOMALY_AXML_MALFORMED },
        { nothing, text_for_number, nothing, PK_ANOMALY_AXML_ATTRIBUTE_TYPE },
        { nothing, two_texts, nothing, PK_ANOMALY_AXML_RAW_VALUE },
        { nothing, deep_nest, nothing, PK_ANOMALY_LIMIT_NESTING },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        for (int utf8 = 0; utf8 < 2; utf8++) {
            struct axb b = { .utf8 = utf8 != 0 };
            struct scan s;

            build(&b, rows[i].before, rows[i].inside, rows[i].after);
            scan_bytes(&s, axb_finish(&b));
            check_facts(&s);
            if (s.anomalies.count != 1 || pk_anomaly_find(&s.anomalies, rows[i].id) == NULL) {
                fail_msg("row %zu: %zu findings, the first is %s", i, s.anomalies.count,
                        s.anomalies.count > 0 ? pk_anomaly_kind(s.anomalies.items[0].id)->id : "-");
            }
            scan_end(&s);
        }
    }
}

/* --- tricks of the header */

static void headers_that_lie(void **state)
{
    static const struct {
        size_t at;
        uint32_t value;
        enum pk_anomaly_id id;
    } rows[] = {
        { 0, 0x0000 | 8U << 16, PK_ANOMALY_AXML_MAGIC },
        { 0, 0x0080 | 8U << 16, PK_ANOMALY_AXML_MAGIC },
        { 4, 0x42424242, PK_ANOMALY_AXML_WRONG_SIZE }, { 4, 8, PK_ANOMALY_AXML_WRONG_SIZE },
        { 4, 0, PK_ANOMALY_AXML_WRONG_SIZE }, { 4, 1500, PK_ANOMALY_AXML_WRONG_SIZE },
        { 16, 40, PK_ANOMALY_AXML_STRING_COUNT }, /* fewer strings than there are offsets */
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct axb b = { .utf8 = false };
        struct scan s;

        build(&b, nothing, nothing, nothing);
        (void)axb_finish(&b);
        axb_put32(b.out + rows[i].at, rows[i].value);
        scan_bytes(&s, pk_slice_of(b.out, b.out_len));
        assert_int_equal(s.rc, PK_OK);
        assert_int_equal(s.m.components.count, 1);
        assert_non_null(pk_anomaly_find(&s.anomalies, rows[i].id));
        scan_end(&s);
    }
}

static void the_source_form_is_refused(void **state)
{
    static const char *const rows[] = {
        "<?xml version='1.0'?><manifest/>",
        "\xef\xbb\xbf <manifest package='a.b'/>",
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct scan s;

        scan_bytes(&s, pk_slice_str(rows[i]));
        assert_int_equal(s.rc, PK_EMALF);
        assert_int_equal(s.anomalies.count, 1);
        assert_non_null(pk_anomaly_find(&s.anomalies, PK_ANOMALY_AXML_PLAIN_TEXT));
        scan_end(&s);
    }
}

static void what_is_no_manifest(void **state)
{
    static const struct {
        const char *in;
        size_t len;
        int rc;
    } rows[] = {
        { "", 0, PK_ETRUNC },
        { "\3\0\10\0", 4, PK_ETRUNC },
        { "\3\0\10\0\10\0\0\0", 8, PK_EMALF },
        { "\3\0\4\0\10\0\0\0", 8, PK_EMALF },
        { "PK\3\4\0\0\0\0\0\0", 10, PK_EMALF },
        { "\3\0\10\0\377\377\377\377\2\1\20\0", 12, PK_EMALF },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct scan s;

        scan_bytes(&s, pk_slice_of(rows[i].in, rows[i].len));
        assert_int_equal(s.rc, rows[i].rc);
        assert_null(s.m.package);
        assert_true(s.err.text[0] != '\0');
        scan_end(&s);
    }
}

/* Every cut and every changed byte: an answer, whatever it is (the sanitizer looks). */
static void cut_and_changed_anywhere(void **state)
{
    struct axb b = { .utf8 = true };
    struct pk_slice xml;

    build(&b, nothing, nothing, nothing);
    xml = axb_finish(&b);
    for (size_t i = 0; i < xml.len; i++) {
        struct scan s;

        scan_bytes(&s, pk_slice_of(xml.ptr, i));
        scan_end(&s);
        b.out[i] ^= 0xff;
        scan_bytes(&s, xml);
        scan_end(&s);
        b.out[i] ^= 0xff;
    }
}

/* --- facts */

static void facts(struct axb *b)
{
    axb_named(b, "uses-permission", "android.permission.INTERNET"); /* the same again */
    axb_named(b, "permission", "org.example.PERMISSION");
    axb_named(b, "uses-feature", "android.hardware.camera");
}

static void components(struct axb *b)
{
    axb_start(b, "application");
    axb_start(b, "activity");
    axb_str(b, AXB_NAME, "Bare");
    axb_bool(b, AXB_ENABLED, false);
    axb_end(b, "activity");
    axb_start(b, "activity-alias");
    axb_str(b, AXB_NAME, ".Alias");
    axb_str(b, AXB_TARGET_ACTIVITY, ".Bare");
    axb_start(b, "intent-filter");
    axb_int(b, AXB_PRIORITY, 999);
    axb_named(b, "action", "android.intent.action.MAIN");
    axb_named(b, "category", "android.intent.category.LAUNCHER");
    axb_start(b, "data");
    axb_str(b, AXB_SCHEME, "https");
    axb_end(b, "data");
    axb_end(b, "intent-filter");
    axb_end(b, "activity-alias");
    axb_start(b, "provider");
    axb_str(b, AXB_NAME, "org.other.Provider");
    axb_str(b, AXB_AUTHORITIES, "org.example.data");
    axb_str(b, AXB_PERMISSION, "org.example.PERMISSION");
    axb_end(b, "provider");
    axb_start(b, "meta-data");
    axb_str(b, AXB_NAME, "key");
    axb_int(b, AXB_VALUE, (uint32_t)-5);
    axb_end(b, "meta-data");
    axb_start(b, "meta-data");
    axb_str(b, AXB_NAME, "file");
    axb_ref(b, AXB_RESOURCE, 0x7f010002);
    axb_end(b, "meta-data");
    axb_named(b, "uses-library", "org.apache.http.legacy");
    axb_end(b, "application");
}

static void components_and_lists(void **state)
{
    struct axb b = { .utf8 = true };
    const struct pk_component *c;
    const struct pk_intent_filter *f;
    const struct pk_metadata_item *m;
    struct scan s;

    axb_start(&b, "manifest");
    axb_plain(&b, "package", "org.example");
    axb_int(&b, AXB_VERSION_CODE, 25);
    axb_int(&b, AXB_VERSION_CODE_MAJOR, 1);
    axb_int(&b, AXB_TARGET_SANDBOX, 2);
    axb_start(&b, "uses-sdk");
    axb_str(&b, AXB_MIN_SDK, "Tiramisu");
    axb_int(&b, AXB_TARGET_SDK, 30);
    axb_end(&b, "uses-sdk");
    facts(&b);
    components(&b);
    axb_end(&b, "manifest");
    scan_bytes(&s, axb_finish(&b));
    assert_int_equal(s.rc, PK_OK);
    assert_int_equal(s.anomalies.count, 0);
    assert_int_equal(s.m.version_code, 0x100000019);
    assert_int_equal(s.m.target_sandbox_version, 2);
    assert_int_equal(s.m.min_sdk, 0);
    assert_string_equal(s.m.min_sdk_codename, "Tiramisu");
    assert_string_equal(s.m.defined_permissions.items[0], "org.example.PERMISSION");
    assert_string_equal(s.m.features.items[0], "android.hardware.camera");
    assert_string_equal(s.m.libraries.items[0], "org.apache.http.legacy");
    assert_string_equal(s.m.launchable, ""); /* aapt names no alias */
    assert_string_equal(s.m.launchers.items[0], "org.example.Alias");
    c = s.m.components.items;
    assert_int_equal(s.m.components.count, 3);
    assert_string_equal(c[0].name, "org.example.Bare");
    assert_false(c[0].enabled);
    assert_int_equal(c[0].exported, PK_TRI_UNKNOWN);
    assert_string_equal(c[1].target, "org.example.Bare");
    assert_int_equal(c[2].kind, PK_COMPONENT_PROVIDER);
    assert_string_equal(c[2].name, "org.other.Provider");
    assert_string_equal(c[2].authorities, "org.example.data");
    assert_string_equal(c[2].permission, "org.example.PERMISSION");
    f = c[1].filters.items;
    assert_int_equal(f->priority, 999);
    assert_string_equal(f->schemes.items[0], "https");
    m = s.m.metadata.items;
    assert_string_equal(m[0].value, "-5");
    assert_string_equal(m[1].value, "@0x7f010002");
    scan_end(&s);
}

static void implied_permissions(void **state)
{
    static const struct {
        uint32_t target;
        const char *asked;
        size_t count;
        size_t implied;
        const char *last;
    } rows[] = {
        { 3, "android.permission.INTERNET", 4, 3, "android.permission.READ_EXTERNAL_STORAGE" },
        { 4, "android.permission.INTERNET", 1, 0, "android.permission.INTERNET" },
        { 34, "android.permission.WRITE_EXTERNAL_STORAGE", 2, 1,
                "android.permission.READ_EXTERNAL_STORAGE" },
        { 15, "android.permission.READ_CONTACTS", 2, 1, "android.permission.READ_CALL_LOG" },
        { 16, "android.permission.READ_CONTACTS", 1, 0, "android.permission.READ_CONTACTS" },
        { 15, "android.permission.WRITE_CONTACTS", 2, 1, "android.permission.WRITE_CALL_LOG" },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct axb b = { .utf8 = true };
        struct scan s;

        axb_start(&b, "manifest");
        axb_start(&b, "uses-sdk");
        axb_int(&b, AXB_TARGET_SDK, rows[i].target);
        axb_end(&b, "uses-sdk");
        axb_named(&b, "uses-permission", rows[i].asked);
        axb_end(&b, "manifest");
        scan_bytes(&s, axb_finish(&b));
        assert_int_equal(s.rc, PK_OK);
        assert_int_equal(s.m.permissions.count, rows[i].count);
        assert_int_equal(s.m.implied_permissions.count, rows[i].implied);
        assert_string_equal(s.m.permissions.items[rows[i].count - 1], rows[i].last);
        scan_end(&s);
    }
}

/* --- apksig's own reading */

static void apksig_min(struct axb *b, const char *codename, uint32_t level)
{
    axb_start(b, "uses-sdk");
    if (codename != NULL) {
        axb_str(b, AXB_MIN_SDK, codename);
    } else {
        axb_int(b, AXB_MIN_SDK, level);
    }
    axb_end(b, "uses-sdk");
}

static void apksig_levels(void **state)
{
    static const struct {
        const char *codename; /* of the second uses-sdk; NULL: level */
        uint32_t level;
        int rc;
        int min;
    } rows[] = {
        { NULL, 3, PK_OK, 9 }, /* the highest one counts */
        { NULL, 28, PK_OK, 28 },
        { "AAAA", 0, PK_OK, 9 },
        { "C", 0, PK_OK, 9 },
        { "N", 0, PK_OK, 23 },
        { "O", 0, PK_OK, 25 },
        { "Q", 0, PK_OK, 27 },
        { "Z", 0, PK_OK, 36 },
        { "n", 0, PK_EMALF, 0 },
        { "", 0, PK_EMALF, 0 },
        { "1", 0, PK_EMALF, 0 },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct axb b = { .utf8 = i % 2 == 0 };
        struct pk_arena *arena = pk_arena_create(1UL << 20);
        struct pk_error err = { 0 };
        struct pk_slice xml;
        int value = 77;

        axb_start(&b, "manifest");
        apksig_min(&b, NULL, 9);
        apksig_min(&b, rows[i].codename, rows[i].level);
        axb_end(&b, "manifest");
        xml = axb_finish(&b);
        assert_int_equal(pk_manifest_apksig_min_sdk(xml, arena, &value, &err), rows[i].rc);
        assert_int_equal(value, rows[i].rc == PK_OK ? rows[i].min : 77);
        assert_int_equal(pk_manifest_apksig_target_sdk(xml, arena, &value, &err), PK_OK);
        assert_int_equal(value, rows[i].rc == PK_OK ? rows[i].min : 1);
        assert_int_equal(pk_manifest_apksig_sandbox(xml, arena, &value, &err), PK_OK);
        assert_int_equal(value, 1);
        pk_arena_destroy(arena);
    }
}

/* What the platform forgives and apksig does not. */
static void apksig_refuses(void **state)
{
    static const struct {
        size_t at;
        uint32_t value;
        bool no_nul;
    } rows[] = {
        { 0, 0x0000 | 8U << 16, false },
        { 4, 0x42424242, false },
        { 0, 0x0003 | 8U << 16, true },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct axb b = { .utf8 = false, .no_nul = rows[i].no_nul };
        struct pk_arena *arena = pk_arena_create(1UL << 20);
        struct pk_error err = { 0 };
        int value = 77;

        build(&b, nothing, nothing, nothing);
        (void)axb_finish(&b);
        axb_put32(b.out + rows[i].at, rows[i].value);
        assert_int_equal(
                pk_manifest_apksig_min_sdk(pk_slice_of(b.out, b.out_len), arena, &value, &err),
                PK_EMALF);
        assert_int_equal(value, 77);
        assert_true(err.text[0] != '\0');
        pk_arena_destroy(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_document_says_nothing),
        cmocka_unit_test(tricks_are_read_and_said),
        cmocka_unit_test(headers_that_lie),
        cmocka_unit_test(the_source_form_is_refused),
        cmocka_unit_test(what_is_no_manifest),
        cmocka_unit_test(cut_and_changed_anywhere),
        cmocka_unit_test(components_and_lists),
        cmocka_unit_test(implied_permissions),
        cmocka_unit_test(apksig_levels),
        cmocka_unit_test(apksig_refuses),
    };

    return cmocka_run_group_tests_name("axml", tests, NULL, NULL);
}
