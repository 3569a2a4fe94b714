/* Resource tables: every encoding of an entry, the choice between configurations, and tables that
 * lie. */
#include <stdio.h>

#include "axml_builder.h"
#include "formats/android/arsc.h"
#include "formats/android/axml.h"
#include "formats/android/manifest.h"

#define STRING_TYPE 1U
#define LABEL_ID    0x7f010000U
#define ENTRIES_MAX 8U

enum encoding {
    PLAIN,
    SPARSE,
    OFFSET16,
    COMPACT, /* entries, offsets plain */
    SMALL,   /* compact entries, 16 bit offsets */
};

struct table {
    uint8_t out[16384];
    size_t len;
    size_t package; /* where its chunk begins; 0: none yet */
    size_t type;    /* the last type chunk */
    enum encoding encoding;
};

struct value {
    uint32_t key; /* index of the entry */
    uint8_t type;
    uint32_t data;
};

static void put(struct table *t, const void *bytes, size_t len)
{
    assert_true(t->len + len <= sizeof(t->out));
    if (bytes != NULL) {
        memcpy(t->out + t->len, bytes, len);
    } else {
        memset(t->out + t->len, 0, len);
    }
    t->len += len;
}

static void put32(struct table *t, uint32_t v)
{
    uint8_t bytes[4];

    axb_put32(bytes, v);
    put(t, bytes, 4);
}

static void put16(struct table *t, uint32_t v)
{
    uint8_t bytes[2];

    axb_put16(bytes, v);
    put(t, bytes, 2);
}

static void put_pool(struct table *t, const char *const *strings, size_t count)
{
    struct axb b = { .utf8 = true, .count = count };

    memcpy(b.strings, strings, count * sizeof(*strings));
    assert_true(t->len + 4096 <= sizeof(t->out));
    t->len += axb_put_pool(&b, t->out + t->len);
}

static void begin(struct table *t)
{
    static const char *const values[] = { "Hello", "Bonjour", "Hallo", "res/icon.png", "G'day" };
    static const char *const types[] = { "string", "drawable" };
    static const char *const keys[] = { "app_name", "other", "third" };
    size_t names;

    put32(t, 0x0002 | 12U << 16);
    put32(t, 0); /* size: at the end */
    put32(t, 1);
    put_pool(t, values, PK_COUNT(values));
    t->package = t->len;
    put32(t, 0x0200 | 288U << 16);
    put32(t, 0);
    put32(t, 0x7f);
    for (const char *p = "org.example"; *p != '\0'; p++) {
        put16(t, (uint8_t)*p);
    }
    put(t, NULL, 256 - 2 * strlen("org.example"));
    put32(t, 288); /* type names */
    put32(t, 2);
    names = t->len;
    put32(t, 0); /* keys */
    put32(t, 3);
    put32(t, 0);
    put_pool(t, types, PK_COUNT(types));
    axb_put32(t->out + names, (uint32_t)(t->len - t->package));
    put_pool(t, keys, PK_COUNT(keys));
}

static struct pk_slice finish(struct table *t)
{
    axb_put32(t->out + t->package + 4, (uint32_t)(t->len - t->package));
    axb_put32(t->out + 4, (uint32_t)t->len);
    return pk_slice_of(t->out, t->len);
}

static void put_config(struct table *t, const char *locale, uint16_t density, uint16_t sdk)
{
    size_t at = t->len;

    put32(t, 64);
    put(t, NULL, 60);
    memcpy(t->out + at + 8, locale, strlen(locale));
    axb_put16(t->out + at + 14, density);
    axb_put16(t->out + at + 24, sdk);
}

static void put_offsets(struct table *t, const struct value *values, size_t count)
{
    bool small = t->encoding == OFFSET16 || t->encoding == SMALL;
    uint32_t step = t->encoding == COMPACT || t->encoding == SMALL ? 8 : 16;
    uint32_t offsets[ENTRIES_MAX];

    if (t->encoding == SPARSE) {
        for (size_t i = 0; i < count; i++) {
            put16(t, values[i].key);
            put16(t, (uint32_t)i * step / 4);
        }
        return;
    }
    memset(offsets, 0xff, sizeof(offsets));
    for (size_t i = 0; i < count; i++) {
        offsets[values[i].key] = (uint32_t)i * (small ? step / 4 : step);
    }
    for (size_t i = 0; i < ENTRIES_MAX; i++) {
        if (small) {
            put16(t, offsets[i]);
        } else {
            put32(t, offsets[i]);
        }
    }
}

static void put_type(struct table *t, uint8_t id, const char *locale, uint16_t density,
        const struct value *values, size_t count)
{
    static const uint8_t flags[] = {
        [PLAIN] = 0, [SPARSE] = 1, [OFFSET16] = 2, [COMPACT] = 0, [SMALL] = 2
    };
    size_t at = t->len;

    t->type = at;
    put32(t, 0x0201 | 84U << 16);
    put32(t, 0);
    put32(t, id | (uint32_t)flags[t->encoding] << 8);
    put32(t, t->encoding == SPARSE ? (uint32_t)count : ENTRIES_MAX);
    put32(t, 0);
    put_config(t, locale, density, 0);
    put_offsets(t, values, count);
    axb_put32(t->out + at + 16, (uint32_t)(t->len - at));
    for (size_t i = 0; i < count; i++) {
        if (t->encoding == COMPACT || t->encoding == SMALL) {
            put16(t, values[i].key);
            put16(t, 0x0008 | (uint32_t)values[i].type << 8);
            put32(t, values[i].data);
        } else {
            put16(t, 8);
            put16(t, 0);
            put32(t, values[i].key);
            put32(t, 8 | (uint32_t)values[i].type << 24);
            put32(t, values[i].data);
        }
    }
    axb_put32(t->out + at + 4, (uint32_t)(t->len - at));
}

struct opened {
    struct pk_arena *arena;
    struct pk_anomalies anomalies;
    struct pk_arsc *arsc;
    uint8_t *heap;
    int rc;
};

static void open_table(struct opened *o, struct pk_slice bytes)
{
    struct pk_error err = { 0 };

    *o = (struct opened){ .arena = pk_arena_create(8UL * 1024 * 1024) };
    o->heap = pk_test_dup(bytes.ptr, bytes.len);
    assert_int_equal(pk_anomalies_init(&o->anomalies, o->arena), PK_OK);
    o->rc = pk_arsc_open(pk_slice_of(o->heap, bytes.len), o->arena, &o->anomalies, &o->arsc, &err);
}

static void close_table(struct opened *o)
{
    free(o->heap);
    pk_arena_destroy(o->arena);
}

static const char *label(const struct opened *o, uint32_t id)
{
    const char *text = NULL;

    return pk_arsc_label(o->arsc, id, &text) == PK_OK ? text : "-";
}

static const char *text(
        const struct opened *o, uint32_t id, const char *language, const char *country)
{
    struct pk_resconfig want = pk_resconfig_aapt(language, country);
    struct pk_arsc_value v = { .text = NULL };

    return pk_arsc_resolve(o->arsc, id, &want, &v) == PK_OK && v.text != NULL ? v.text : "-";
}

static void every_encoding_gives_the_same(void **state)
{
    static const struct value values[] = {
        { 0, PK_RES_STRING, 0 },
        { 2, PK_RES_FIRST_INT, 42 },
        { 5, PK_RES_REFERENCE, LABEL_ID },
    };

    for (enum encoding e = PLAIN; e <= SMALL; e++) {
        struct table t = { .encoding = e };
        struct pk_resconfig want = pk_resconfig_aapt("en", "US");
        struct pk_arsc_value v;
        struct opened o;
        uint32_t id;

        begin(&t);
        put_type(&t, STRING_TYPE, "", 0, values, PK_COUNT(values));
        open_table(&o, finish(&t));
        assert_int_equal(o.rc, PK_OK);
        assert_string_equal(label(&o, LABEL_ID), "Hello");
        assert_string_equal(label(&o, LABEL_ID + 5), "Hello");
        assert_int_equal(pk_arsc_resolve(o.arsc, LABEL_ID + 2, &want, &v), PK_OK);
        assert_int_equal(v.type, PK_RES_FIRST_INT);
        assert_int_equal(v.data, 42);
        assert_null(v.text);
        for (uint32_t missing = 1; missing < 12; missing++) {
            if (missing != 2 && missing != 5) {
                assert_int_equal(pk_arsc_resolve(o.arsc, LABEL_ID + missing, &want, &v), PK_ENOENT);
            }
        }
        assert_int_equal(pk_arsc_resolve(o.arsc, 0x01010000, &want, &v), PK_ENOENT);
        assert_int_equal(pk_arsc_resolve(o.arsc, 0x7f020000, &want, &v), PK_ENOENT);
        assert_string_equal(pk_arsc_name(o.arsc, LABEL_ID), "string/app_name");
        assert_string_equal(pk_arsc_name(o.arsc, LABEL_ID + 2), "string/third");
        assert_null(pk_arsc_name(o.arsc, LABEL_ID + 1));
        assert_string_equal(pk_arsc_package(o.arsc, 0, &id), "org.example");
        assert_int_equal(id, 0x7f);
        assert_null(pk_arsc_package(o.arsc, 1, &id));
        assert_int_equal(o.anomalies.count, 0);
        close_table(&o);
    }
}

/* One string in several locales; which string of the pool stands for what aapt would say. */
static void locales_as_aapt_asks(void **state)
{
    static const struct {
        const char *locales[4]; /* value i is string i of the pool */
        const char *label;
        const char *en_us;
        bool others; /* the table has something for every locale */
    } rows[] = {
        { { "", "fr", "de" }, "Hello", "Hello" },
        { { "fr", "", "en" }, "Bonjour", "Hallo" },
        { { "fr", "en", "de" }, "Hallo", "Bonjour" },
        { { "fr", "en", "de" }, "Bonjour", "Bonjour", true },
        { { "fr", "de" }, "Bonjour", "-" }, /* "de" comes first */
        { { "", "enUS", "enGB" }, "Hello", "Bonjour" },
        { { "enGB", "", "en" }, "Bonjour", "Hallo" },
        { { "enGB", "" }, "Bonjour", "Bonjour" },   /* American stands in the one without */
        { { "enAU", "enGB" }, "Hello", "Bonjour" }, /* "en-AU" comes first; nearer is "en-GB" */
        { { "frCA" }, "Hello", "-" },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct table t = { .encoding = PLAIN };
        struct opened o;

        begin(&t);
        for (uint32_t n = 0; n < 4 && rows[i].locales[n] != NULL; n++) {
            struct value v = { 0, PK_RES_STRING, n };

            put_type(&t, STRING_TYPE, rows[i].locales[n], 0, &v, 1);
        }
        if (rows[i].others) {
            put_type(&t, 2, "", 0, &(struct value){ 0, PK_RES_STRING, 3 }, 1);
        }
        open_table(&o, finish(&t));
        assert_string_equal(label(&o, LABEL_ID), rows[i].label);
        assert_string_equal(text(&o, LABEL_ID, "en", "US"), rows[i].en_us);
        close_table(&o);
    }
}

static void densities_as_aapt_asks(void **state)
{
    static const struct {
        uint16_t density[4]; /* value i is string i of the pool */
        const char *icon;
    } rows[] = {
        { { 160, 240, 320 }, "Hello" },
        { { 240, 160, 320 }, "Bonjour" },
        { { 120, 240 }, "Bonjour" },         /* scaling down is better */
        { { 320, 0xfffe, 160 }, "Bonjour" }, /* anydpi is best */
        { { 640, 480 }, "Bonjour" },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct table t = { .encoding = PLAIN };
        struct opened o;

        begin(&t);
        for (uint32_t n = 0; n < 4 && rows[i].density[n] != 0; n++) {
            struct value v = { 0, PK_RES_STRING, n };

            put_type(&t, 2, "", rows[i].density[n], &v, 1);
        }
        open_table(&o, finish(&t));
        assert_string_equal(text(&o, 0x7f020000, "en", "US"), rows[i].icon);
        close_table(&o);
    }
}

static void circles_and_bags(void **state)
{
    static const struct value values[] = {
        { 0, PK_RES_REFERENCE, LABEL_ID + 1 },
        { 1, PK_RES_DYNAMIC_REFERENCE, LABEL_ID },
        { 2, PK_RES_STRING, 0 },
        { 3, PK_RES_REFERENCE, 0 },
        { 4, PK_RES_STRING, 9999 },
        { 5, PK_RES_REFERENCE, 0x01040000 },
    };
    struct pk_resconfig want = pk_resconfig_aapt("en", "US");
    struct pk_arsc_value v = { .data = 77 };
    struct table t = { .encoding = PLAIN };
    struct opened o;
    size_t entries;

    begin(&t);
    put_type(&t, STRING_TYPE, "", 0, values, PK_COUNT(values));
    entries = t.len - PK_COUNT(values) * 16;
    axb_put16(t.out + entries + 2 * 16 + 2, 1); /* complex */
    open_table(&o, finish(&t));
    assert_int_equal(pk_arsc_resolve(o.arsc, LABEL_ID, &want, &v), PK_ELIMIT);
    assert_non_null(pk_anomaly_find(&o.anomalies, PK_ANOMALY_ARSC_REFERENCE_LOOP));
    assert_int_equal(pk_arsc_resolve(o.arsc, LABEL_ID + 2, &want, &v), PK_ETYPE);
    assert_int_equal(pk_arsc_resolve(o.arsc, LABEL_ID + 3, &want, &v), PK_ENOENT);
    assert_int_equal(pk_arsc_resolve(o.arsc, LABEL_ID + 4, &want, &v), PK_ENOENT);
    assert_int_equal(pk_arsc_resolve(o.arsc, LABEL_ID + 5, &want, &v), PK_ENOENT);
    assert_int_equal(v.data, 77);
    close_table(&o);
}

static void chunks_that_lie(void **state)
{
    static const struct {
        size_t at; /* into the type chunk */
        uint32_t value;
        enum pk_anomaly_id id;
        const char *label;
    } rows[] = {
        { 4, 0x7fffffff, PK_ANOMALY_ARSC_CHUNK_OVERSIZED, "Hello" },
        { 4, 0, PK_ANOMALY_ARSC_MALFORMED, "-" },
        { 12, 0x10000000, PK_ANOMALY_ARSC_MALFORMED, "Hello" },
        { 16, 0xfffffff0, PK_ANOMALY_ARSC_MALFORMED, "-" },
        { 84, 0x00001000, PK_ANOMALY_ARSC_MALFORMED, "-" },
        { 0, 0x0201 | 12U << 16, PK_ANOMALY_ARSC_MALFORMED, "-" },
        { 0, 0x0999 | 84U << 16, PK_ANOMALY_ARSC_UNKNOWN_CHUNK, "-" },
        { 8, 0, PK_ANOMALY_ARSC_MALFORMED, "-" }, /* type 0 */
    };
    static const struct value v = { 0, PK_RES_STRING, 0 };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct table t = { .encoding = PLAIN };
        struct opened o;

        begin(&t);
        put_type(&t, STRING_TYPE, "", 0, &v, 1);
        (void)finish(&t);
        axb_put32(t.out + t.type + rows[i].at, rows[i].value);
        open_table(&o, pk_slice_of(t.out, t.len));
        assert_int_equal(o.rc, PK_OK);
        assert_string_equal(label(&o, LABEL_ID), rows[i].label);
        assert_non_null(pk_anomaly_find(&o.anomalies, rows[i].id));
        close_table(&o);
    }
}

static void what_is_no_table(void **state)
{
    static const struct {
        const char *in;
        size_t len;
        int rc;
    } rows[] = {
        { "", 0, PK_ETRUNC }, { "\2\0\14\0\14\0\0\0\0\0\0", 11, PK_ETRUNC },
        { "\3\0\14\0\14\0\0\0\0\0\0\0", 12, PK_EMALF },
        { "\2\0\0\0\14\0\0\0\0\0\0\0", 12, PK_EMALF },
        { "\2\0\14\0\14\0\0\0\0\0\0\0", 12, PK_OK }, /* empty, as of an app without resources */
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct opened o;

        open_table(&o, pk_slice_of(rows[i].in, rows[i].len));
        assert_int_equal(o.rc, rows[i].rc);
        assert_true((o.arsc != NULL) == (o.rc == PK_OK));
        close_table(&o);
    }
}

static void cut_and_changed_anywhere(void **state)
{
    static const struct value v = { 0, PK_RES_STRING, 0 };
    struct table t = { .encoding = SPARSE };
    struct pk_slice bytes;

    begin(&t);
    put_type(&t, STRING_TYPE, "", 0, &v, 1);
    bytes = finish(&t);
    for (size_t i = 0; i < bytes.len; i++) {
        struct opened o;

        open_table(&o, pk_slice_of(bytes.ptr, i));
        if (o.rc == PK_OK) {
            (void)label(&o, LABEL_ID);
        }
        close_table(&o);
        t.out[i] ^= 0xff;
        open_table(&o, bytes);
        if (o.rc == PK_OK) {
            (void)label(&o, LABEL_ID);
            (void)pk_arsc_name(o.arsc, LABEL_ID);
        }
        close_table(&o);
        t.out[i] ^= 0xff;
    }
}

/* Ten thousand references to a resource of thousands of configurations: the work is bounded. */
static void work_is_bounded(void **state)
{
    static uint8_t big[4096 * 96 + 1024];
    static const struct value v = { 0, PK_RES_REFERENCE, LABEL_ID };
    struct pk_resconfig want = pk_resconfig_aapt("en", "US");
    struct pk_arsc_value value;
    struct table t = { .encoding = SPARSE };
    struct opened o;
    size_t len;
    size_t type;
    int rc = PK_OK;

    begin(&t);
    put_type(&t, STRING_TYPE, "", 0, &v, 1);
    type = t.len - t.type;
    memcpy(big, t.out, t.type);
    len = t.type;
    while (len + type <= sizeof(big)) {
        memcpy(big + len, t.out + t.type, type);
        len += type;
    }
    axb_put32(big + 4, (uint32_t)len);
    axb_put32(big + t.package + 4, (uint32_t)(len - t.package));
    open_table(&o, pk_slice_of(big, len));
    assert_int_equal(o.rc, PK_OK);
    assert_true(pk_arsc_type_count(o.arsc) > 3000);
    for (int i = 0; i < 10000; i++) {
        rc = pk_arsc_resolve(o.arsc, LABEL_ID, &want, &value);
        assert_int_equal(rc, PK_ELIMIT);
    }
    assert_non_null(pk_anomaly_find(&o.anomalies, PK_ANOMALY_LIMIT_RESOURCES));
    close_table(&o);
}

static void a_manifest_resolves_its_references(void **state)
{
    static const struct value strings[] = {
        { 0, PK_RES_STRING, 0 },
        { 1, PK_RES_FIRST_INT, 26 },
        { 2, PK_RES_BOOLEAN, 1 },
    };
    static const struct value icon = { 0, PK_RES_STRING, 3 };
    struct axb b = { .utf8 = true };
    struct table t = { .encoding = PLAIN };
    struct pk_manifest m;
    struct pk_error err;
    struct opened o;

    begin(&t);
    put_type(&t, STRING_TYPE, "", 0, strings, PK_COUNT(strings));
    put_type(&t, 2, "", 0, &icon, 1);
    open_table(&o, finish(&t));
    axb_start(&b, "manifest");
    axb_ref(&b, AXB_VERSION_NAME, LABEL_ID);
    axb_start(&b, "uses-sdk");
    axb_ref(&b, AXB_MIN_SDK, LABEL_ID + 1);
    axb_end(&b, "uses-sdk");
    axb_start(&b, "application");
    axb_ref(&b, AXB_LABEL, LABEL_ID);
    axb_ref(&b, AXB_ICON, 0x7f020000);
    axb_ref(&b, AXB_DEBUGGABLE, LABEL_ID + 2);
    axb_end(&b, "application");
    axb_end(&b, "manifest");
    assert_int_equal(
            pk_manifest_parse(axb_finish(&b), o.arsc, o.arena, &o.anomalies, &m, &err), PK_OK);
    assert_string_equal(m.version_name, "Hello");
    assert_int_equal(m.min_sdk, 26);
    assert_string_equal(m.label, "Hello");
    assert_string_equal(m.icon, "res/icon.png");
    assert_true(m.debuggable);
    /* Without the table they stay unknown. */
    assert_int_equal(
            pk_manifest_parse(axb_finish(&b), NULL, o.arena, &o.anomalies, &m, &err), PK_OK);
    assert_string_equal(m.label, "");
    assert_string_equal(m.version_name, "");
    assert_false(m.debuggable);
    assert_int_equal(o.anomalies.count, 0);
    close_table(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_encoding_gives_the_same),
        cmocka_unit_test(locales_as_aapt_asks),
        cmocka_unit_test(densities_as_aapt_asks),
        cmocka_unit_test(circles_and_bags),
        cmocka_unit_test(chunks_that_lie),
        cmocka_unit_test(what_is_no_table),
        cmocka_unit_test(cut_and_changed_anywhere),
        cmocka_unit_test(work_is_bounded),
        cmocka_unit_test(a_manifest_resolves_its_references),
    };

    return cmocka_run_group_tests_name("arsc", tests, NULL, NULL);
}
