/* Property lists: what is well-formed is read alike in every spelling, what is not is refused at its
 * place, and nothing small becomes large. */
#include <math.h>

#include "base/buffer.h"
#include "base/schema.h"
#include "check.h"
#include "data.h"
#include "formats/apple/plist.h"
#include "formats/limits.h"

struct reading {
    struct pk_arena *arena;
    struct pk_anomalies anomalies;
    const struct pk_plist *root;
    enum pk_plist_spelling spelling;
    struct pk_error err;
    uint8_t *bytes; /* an exact block, so that reading beyond is seen */
    int rc;
};

static struct reading read_bytes(const void *bytes, size_t len)
{
    struct reading r = { .arena = pk_arena_create(PK_SCAN_ARENA_MAX) };

    assert_non_null(r.arena);
    assert_int_equal(pk_anomalies_init(&r.anomalies, r.arena), PK_OK);
    r.bytes = pk_test_dup(bytes, len);
    r.rc = pk_plist_parse(
            pk_slice_of(r.bytes, len), r.arena, &r.anomalies, &r.root, &r.spelling, &r.err);
    return r;
}

static struct reading read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static void finish(struct reading *r)
{
    pk_arena_destroy(r->arena);
    free(r->bytes);
}

/* The tree as compact JSON, or "refused". */
static void expect(const struct reading *r, const char *json)
{
    json_t *value = r->rc < 0 ? NULL : pk_plist_to_json(r->root);
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

    assert_string_equal(text != NULL ? text : r->err.text, json);
    free(text);
    json_decref(value);
}

#define XML(body) "<?xml version=\"1.0\"?><plist version=\"1.0\">" body "</plist>"

static void xml_is_read(void **state)
{
    static const struct {
        const char *text;
        const char *json;
    } rows[] = {
        { XML("<string>a</string>"), "\"a\"" },
        { "<string>a</string>", "\"a\"" },
        { "\xef\xbb\xbf \n" XML("<true/>"), "true" },
        { XML("<dict/>"), "{}" },
        { XML("<array></array>"), "[]" },
        { XML("<dict><key>k</key><true/></dict>"), "{\"k\":true}" },
        { XML("<dict><key/><false></false></dict>"), "{\"\":false}" },
        { XML("<string>a&lt;b&gt;&amp;&apos;&quot;</string>"), "\"a<b>&'\\\"\"" },
        { XML("<string>&#65;&#x42;&#x1F600;</string>"), "\"AB\xf0\x9f\x98\x80\"" },
        { XML("<string>a<![CDATA[<b>&amp;]]>c</string>"), "\"a<b>&amp;c\"" },
        { XML("<string>a<!-- x -->c</string>"), "\"ac\"" },
        { XML("<string> a </string>"), "\" a \"" },
        { XML("<!-- <true/> --><integer> 42 </integer>"), "42" },
        { XML("<?pi <true/> ?><integer>-0x1F</integer>"), "-31" },
        { XML("<integer>+7</integer>"), "7" },
        { XML("<integer>010</integer>"), "10" },
        { XML("<integer>9223372036854775807</integer>"), "9223372036854775807" },
        { XML("<integer>-9223372036854775808</integer>"), "-9223372036854775808" },
        { XML("<integer>18446744073709551615</integer>"), "\"18446744073709551615\"" },
        { XML("<real>0.25</real>"), "0.25" },
        { XML("<real>-1E3</real>"), "-1000.0" },
        { XML("<real>NaN</real>"), "\"nan\"" },
        { XML("<real>-infinity</real>"), "\"-inf\"" },
        { XML("<date>2001-01-01T00:00:00Z</date>"), "\"2001-01-01T00:00:00.000Z\"" },
        { XML("<date>1869-01-03T08:16:32Z</date>"), "\"1869-01-03T08:16:32.000Z\"" },
        { XML("<date>2024-02-29T23:59:59Z</date>"), "\"2024-02-29T23:59:59.000Z\"" },
        { XML("<data>AAEC\n\t Aw==</data>"), "\"AAECAw==\"" },
        { XML("<data>AAECA</data>"), "\"AAEC\"" }, /* an incomplete group */
        { XML("<data/>"), "\"\"" },
        { XML("<dict><key>CF$UID</key><integer>7</integer></dict>"), "{\"UID\":7}" },
        { XML("<dict version=\"1\"><key >k</key ><array\n><true />"
              "</array></dict>"),
                "{\"k\":[true]}" },
        { "<!DOCTYPE plist PUBLIC \"-//Apple//DTD\" \"http://x\"><plist><true/></plist>", "true" },
        { "<!DOCTYPE plist [ <!ENTITY x SYSTEM 'file:///etc/passwd' ]><plist><true/></plist>",
                "true" },
        { "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><plist><string>\xe9</string></plist>",
                "\"\xc3\xa9\"" },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct reading r = read_text(rows[i].text);

        expect(&r, rows[i].json);
        assert_int_equal(r.spelling, PK_PLIST_XML);
        finish(&r);
    }
}

static void xml_is_refused(void **state)
{
    static const struct {
        const char *text;
        size_t offset;
        int rc;
    } rows[] = {
        { "<plist>", 7, PK_ETRUNC },
        { "<plist></plist>", 7, PK_EMALF },
        { "<plist/>", 0, PK_EMALF },
        { "<plist><true/>", 14, PK_ETRUNC },
        { "<plist><true/><true/></plist>", 14, PK_EMALF },
        { "<plist><tru/></plist>", 7, PK_EMALF },
        { "<plist><dict><true/></dict></plist>", 13, PK_EMALF },
        { "<plist><dict><key>k</key></dict></plist>", 25, PK_EMALF },
        { "<plist><dict><key>k</key><key>l</key></dict></plist>", 25, PK_EMALF },
        { "<plist><array></dict></plist>", 16, PK_EMALF },
        { "<plist><array>x</array></plist>", 14, PK_EMALF },
        { "<plist><array><key>k</key></array></plist>", 14, PK_EMALF },
        { "<plist><true>x</true></plist>", 7, PK_EMALF },
        { "<plist><string>&x;</string></plist>", 15, PK_EMALF },
        { "<plist><string>&#0;</string></plist>", 15, PK_EMALF },
        { "<plist><string>&#xD800;</string></plist>", 15, PK_EMALF },
        { "<plist><string>&#x110000;</string></plist>", 15, PK_EMALF },
        { "<plist><string>&#;</string></plist>", 15, PK_EMALF },
        { "<plist><string>&#99999999999999999999;</string></plist>", 15, PK_EMALF },
        { "<plist><string>a", 15, PK_ETRUNC },
        { "<plist><string>a<![CDATA[b</string></plist>", 25, PK_ETRUNC },
        { "<plist><string><b/></string></plist>", 15, PK_EMALF },
        { "<plist><!-- ", 11, PK_ETRUNC },
        { "<plist><integer></integer></plist>", 7, PK_EMALF },
        { "<plist><integer>1 2</integer></plist>", 7, PK_EMALF },
        { "<plist><integer>18446744073709551616</integer></plist>", 7, PK_EMALF },
        { "<plist><integer>-9223372036854775809</integer></plist>", 7, PK_EMALF },
        { "<plist><real>1.2.3</real></plist>", 7, PK_EMALF },
        { "<plist><real>0x10</real></plist>", 7, PK_EMALF },
        { "<plist><date>2001-13-01T00:00:00Z</date></plist>", 7, PK_EMALF },
        { "<plist><date>yesterday</date></plist>", 7, PK_EMALF },
        { "<plist><data>\xc3\xa9</data></plist>", 22, PK_EMALF },
        { "<!DOCTYPE plist [ <!ENTITY y ']'> ]><plist><string>&y;</string></plist>", 31, PK_EMALF },
        { "<?xml version=\"1.0\" encoding=\"EBCDIC\"?><plist><true/></plist>", 0, PK_EMALF },
        { "<plist><string>\xff</string></plist>", 0, PK_EMALF },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct reading r = read_text(rows[i].text);

        assert_null(r.root);
        assert_int_equal(r.rc, rows[i].rc);
        assert_int_equal(r.err.offset, rows[i].offset);
        assert_non_null(pk_anomaly_find(&r.anomalies, PK_ANOMALY_PLIST_MALFORMED));
        finish(&r);
    }
}

static void openstep_is_read(void **state)
{
    static const struct {
        const char *text;
        const char *json;
    } rows[] = {
        { "word", "\"word\"" },
        { "", "{}" },
        { " \n/* nothing */ // at all", "{}" },
        { "\"a\\\"b\\n\\t\\\\\"", "\"a\\\"b\\n\\t\\\\\"" },
        { "'it \"is\"'", "\"it \\\"is\\\"\"" },
        { "\"\\U00e9\\101\\302\\7\"",
                "\"\xc3\xa9"
                "A\xc2\xb4\\u0007\"" },
        { "\"\\Ud83d\\Ude00\\Ud83d\"", "\"\xf0\x9f\x98\x80\xef\xbf\xbd\"" },
        { "\"\\U1x\"", "\"\\u0001x\"" },
        { "{}", "{}" },
        { "()", "[]" },
        { "{a=b;}", "{\"a\":\"b\"}" },
        { "{ a = b; c; }", "{\"a\":\"b\",\"c\":\"c\"}" },
        { "(a, \"b\", (c,), {d = e;})", "[\"a\",\"b\",[\"c\"],{\"d\":\"e\"}]" },
        { "<0fbd77 1c 2735AE>", "\"D713HCc1rg==\"" },
        { "<>", "\"\"" },
        { "a = b;\n\"c d\" = (1);\n", "{\"a\":\"b\",\"c d\":[\"1\"]}" },
        { "/* x */ key;", "{\"key\":\"key\"}" },
        { "a/b:c.d-e_f$g", "\"a/b:c.d-e_f$g\"" },
        { "{a /* = x */ = // y\n b;}", "{\"a\":\"b\"}" },
        { "{\xe2\x80\xa8"
          "a = b;}",
                "{\"a\":\"b\"}" },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct reading r = read_text(rows[i].text);

        expect(&r, rows[i].json);
        assert_int_equal(r.spelling,
                rows[i].text[0] == '<' || r.spelling == PK_PLIST_OPENSTEP ? PK_PLIST_OPENSTEP : -1);
        finish(&r);
    }
}

static void openstep_is_refused(void **state)
{
    static const char *const rows[] = { "{", "(", "{a=b}", "{a b}", "{a=;}", "{a=b;", "(a b)", "(a",
        "\"a", "'a\\", "<0f", "<0>", "<0g>", "a b", "{} x", "() ()", "{(a)=b;}", "=", ";", ")" };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct reading r = read_text(rows[i]);

        assert_null(r.root);
        assert_true(r.rc == PK_EMALF || r.rc == PK_ETRUNC);
        finish(&r);
    }
}

/* The writer of the tests: objects with their offsets, references of two bytes. */
struct writer {
    uint8_t bytes[8192];
    size_t len;
    size_t offsets[1200];
    size_t count;
};

static void put(struct writer *w, const void *bytes, size_t len)
{
    assert_true(w->len + len <= sizeof(w->bytes));
    memcpy(w->bytes + w->len, bytes, len);
    w->len += len;
}

static void object(struct writer *w, const void *bytes, size_t len)
{
    if (w->len == 0) {
        put(w, "bplist00", 8);
    }
    w->offsets[w->count++] = w->len;
    put(w, bytes, len);
}

static struct reading read_objects(struct writer *w, size_t root)
{
    uint8_t trailer[32] = { [6] = 2, [7] = 2 };
    size_t table = w->len;

    for (size_t i = 0; i < w->count; i++) {
        put(w, (uint8_t[]){ (uint8_t)(w->offsets[i] >> 8), (uint8_t)w->offsets[i] }, 2);
    }
    for (size_t i = 0; i < 2; i++) {
        trailer[14 + i] = (uint8_t)(w->count >> (8 - 8 * i));
        trailer[22 + i] = (uint8_t)(root >> (8 - 8 * i));
        trailer[30 + i] = (uint8_t)(table >> (8 - 8 * i));
    }
    put(w, trailer, sizeof(trailer));
    return read_bytes(w->bytes, w->len);
}

#define OBJECT(w, text) object((w), (text), sizeof(text) - 1)

static void binary_leaves_are_read(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *json;
    } rows[] = {
#define ROW(bytes, json) { (bytes), sizeof(bytes) - 1, json }
        ROW("\x00", "null"),
        ROW("\x08", "false"),
        ROW("\x09", "true"),
        ROW("\x10\xff", "255"),
        ROW("\x11\xff\xff", "65535"),
        ROW("\x12\xff\xff\xff\xff", "4294967295"),
        ROW("\x13\xff\xff\xff\xff\xff\xff\xff\xff", "-1"),
        ROW("\x14\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", "\"18446744073709551615\""),
        ROW("\x14\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", "-2"),
        ROW("\x22\x3f\xc0\0\0", "1.5"),
        ROW("\x23\x3f\xf8\0\0\0\0\0\0", "1.5"),
        ROW("\x33\0\0\0\0\0\0\0\0", "\"2001-01-01T00:00:00.000Z\""),
        ROW("\x33\xff\xf0\0\0\0\0\0\0", "\"-inf\""),
        ROW("\x42\x01\x02", "\"AQI=\""),
        ROW("\x4f\x10\x01\x07", "\"Bw==\""),
        ROW("\x53"
            "abc",
                "\"abc\""),
        ROW("\x52\xc3\xa9", "\"\xc3\xa9\""),
        ROW("\x62\0\xe9\0A",
                "\"\xc3\xa9"
                "A\""),
        ROW("\x62\xd8\x3d\xde\x00", "\"\xf0\x9f\x98\x80\""),
        ROW("\x61\xd8\x3d", "\"\xef\xbf\xbd\""),
        ROW("\x5f\x10\x01"
            "x",
                "\"x\""),
        ROW("\x80\x07", "{\"UID\":7}"),
        ROW("\x83\0\0\x01\0", "{\"UID\":256}"),
        ROW("\xa0", "[]"),
        ROW("\xd0", "{}"),
        ROW("\xc0", "[]"),
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct writer w = { .len = 0 };
        struct reading r;

        object(&w, rows[i].bytes, rows[i].len);
        r = read_objects(&w, 0);
        expect(&r, rows[i].json);
        assert_int_equal(r.spelling, PK_PLIST_BINARY);
        finish(&r);
    }
}

static void binary_objects_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        int rc;
    } rows[] = {
#define BAD(bytes, rc) { (bytes), sizeof(bytes) - 1, rc }
        BAD("\x01", PK_EMALF),         /* a kind that is none */
        BAD("\x15", PK_EMALF),         /* an integer of 32 bytes */
        BAD("\x13\0\0", PK_ETRUNC),    /* its bytes are not there */
        BAD("\x21\0\0", PK_EMALF),     /* a real of 2 bytes */
        BAD("\x32\0\0\0\0", PK_EMALF), /* a date of 4 bytes */
        BAD("\x44\x01", PK_ETRUNC),    /* data beyond the objects */
        BAD("\x62\0A", PK_ETRUNC),     /* half of a string */
        BAD("\x51\xff", PK_EMALF),     /* neither ASCII nor UTF-8 */
        BAD("\x5f", PK_ETRUNC),        /* no length */
        BAD("\x5f\x51", PK_EMALF),     /* a length that is no integer */
        BAD("\x5f\x13\xff\xff\xff\xff\xff\xff\xff\xff", PK_ETRUNC),
        BAD("\xaf\x13\x80\0\0\0\0\0\0\0", PK_ETRUNC), /* count * size overflows */
        BAD("\xa1\0\x07", PK_EMALF),                  /* object 7 of 1 */
        BAD("\xa1\0\0", PK_EMALF),                    /* contains itself */
        BAD("\xd1\0\0\0\0", PK_EMALF),                /* also as a key */
        BAD("\x84\x01\0\0\0\0", PK_EMALF),            /* a UID of 33 bits */
        BAD("\xe0", PK_EMALF),
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct writer w = { .len = 0 };
        struct reading r;

        object(&w, rows[i].bytes, rows[i].len);
        r = read_objects(&w, 0);
        assert_int_equal(r.rc, rows[i].rc);
        assert_null(r.root);
        finish(&r);
    }
}

static void a_trailer_that_lies_is_refused(void **state)
{
    struct writer w = { .len = 0 };
    struct reading r;
    size_t trailer;

    OBJECT(&w, "\x09");
    r = read_objects(&w, 0);
    assert_int_equal(r.rc, PK_OK);
    finish(&r);
    trailer = w.len - 32;
    for (size_t i = 6; i < 32; i++) {
        uint8_t saved = w.bytes[trailer + i];

        /* Any single byte larger than it is: sizes, counts, the root, the table's place. */
        for (unsigned value = saved + 1U; value < 256; value += 37) {
            w.bytes[trailer + i] = (uint8_t)value;
            r = read_bytes(w.bytes, w.len);
            assert_true(r.rc == PK_EMALF || r.rc == PK_ETRUNC || r.rc == PK_OK);
            assert_true(r.rc < 0 || i == 7); /* nothing refers here, so that size may be any */
            finish(&r);
        }
        w.bytes[trailer + i] = saved;
    }
    for (size_t len = 0; len < w.len; len++) { /* cut short anywhere */
        r = read_bytes(w.bytes, len);
        assert_true(r.rc < 0 || r.spelling != PK_PLIST_BINARY);
        finish(&r);
    }
}

/* Array i holds object i-1 twice: 2^levels values. */
static struct reading doubling(size_t levels)
{
    struct writer w = { .len = 0 };

    OBJECT(&w, "\x09");
    for (size_t i = 0; i < levels; i++) {
        uint8_t hi = (uint8_t)(i >> 8);
        uint8_t lo = (uint8_t)i;

        object(&w, (uint8_t[]){ 0xa2, hi, lo, hi, lo }, 5);
    }
    return read_objects(&w, levels);
}

static void shared_objects_do_not_explode(void **state)
{
    struct reading r = doubling(18);

    assert_int_equal(r.rc, PK_OK); /* 524,287 values, of which 37 are kept */
    finish(&r);
    r = doubling(20);
    assert_int_equal(r.rc, PK_ELIMIT);
    assert_non_null(pk_anomaly_find(&r.anomalies, PK_ANOMALY_LIMIT_PLIST));
    assert_null(r.root);
    finish(&r);
    r = doubling(64);
    assert_int_equal(r.rc, PK_ELIMIT);
    finish(&r);
    r = doubling(1000);
    assert_int_equal(r.rc, PK_ELIMIT);
    assert_non_null(pk_anomaly_find(&r.anomalies, PK_ANOMALY_LIMIT_NESTING));
    finish(&r);
}

/* Many arrays that all lie on the same references. */
static void overlapping_arrays_end_in_a_limit(void **state)
{
    struct writer w = { .len = 0 };
    struct reading r;
    uint8_t all[4 + 2 * 1100] = { 0xaf, 0x11, 1100 >> 8, 1100 & 0xff };
    uint8_t inner[4 + 2 * 1000] = { 0xaf, 0x11, 0x03, 0xe8 };

    OBJECT(&w, "\x09");
    object(&w, inner, sizeof(inner)); /* 1000 times the first object */
    for (size_t i = 0; i < 1100; i++) {
        w.offsets[w.count++] = w.offsets[1];
    }
    for (size_t i = 0; i < 1100; i++) {
        all[4 + 2 * i] = (uint8_t)((i + 2) >> 8);
        all[5 + 2 * i] = (uint8_t)(i + 2);
    }
    object(&w, all, sizeof(all));
    r = read_objects(&w, w.count - 1);
    assert_int_equal(r.rc, PK_ELIMIT);
    assert_non_null(pk_anomaly_find(&r.anomalies, PK_ANOMALY_LIMIT_PLIST));
    finish(&r);
}

static void depth_is_bounded_in_every_spelling(void **state)
{
    static const struct {
        const char *before;
        const char *open;
        const char *middle;
        const char *close;
    } rows[] = {
        { "<plist>", "<array>", "<true/>", "</array>" },
        { "<plist>", "<dict><key>k</key>", "<true/>", "</dict>" },
        { "", "(", "x", ")" },
        { "", "{k=", "x", ";}" },
    };
    static const size_t depths[] = { 1, 63, 64, 65, 100000 };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        for (size_t d = 0; d < PK_COUNT(depths); d++) {
            size_t depth = depths[d];
            struct pk_buffer text = pk_buffer_of(10UL * 1024 * 1024);
            struct reading r;

            (void)pk_buffer_puts(&text, rows[i].before);
            for (size_t k = 0; k < depth; k++) {
                (void)pk_buffer_puts(&text, rows[i].open);
            }
            (void)pk_buffer_puts(&text, rows[i].middle);
            for (size_t k = 0; k < depth; k++) {
                (void)pk_buffer_puts(&text, rows[i].close);
            }
            (void)pk_buffer_puts(&text, rows[i].before[0] != '\0' ? "</plist>" : "");
            assert_int_equal(text.rc, PK_OK);
            r = read_bytes(text.ptr, text.len);
            assert_int_equal(r.rc, depth <= PK_PLIST_DEPTH_MAX ? PK_OK : PK_ELIMIT);
            assert_int_equal(pk_anomaly_find(&r.anomalies, PK_ANOMALY_LIMIT_NESTING) != NULL,
                    depth > PK_PLIST_DEPTH_MAX);
            finish(&r);
            pk_buffer_finish(&text);
        }
    }
}

/* The platform takes the first of two in the binary form and the last in the text forms. */
static void of_equal_keys_the_platforms_stays(void **state)
{
    struct writer w = { .len = 0 };
    struct reading r;

    OBJECT(&w, "\xd3\0\x01\0\x02\0\x01\0\x03\0\x03\0\x04");
    OBJECT(&w, "\x51k");
    OBJECT(&w, "\x51l");
    OBJECT(&w, "\x09");
    OBJECT(&w, "\x08");
    r = read_objects(&w, 0);
    expect(&r, "{\"k\":true,\"l\":true}");
    assert_non_null(pk_anomaly_find(&r.anomalies, PK_ANOMALY_PLIST_DUPLICATE_KEY));
    finish(&r);
    r = read_text(XML("<dict><key>k</key><true/><key>l</key><true/><key>k</key><false/></dict>"));
    expect(&r, "{\"l\":true,\"k\":false}");
    assert_non_null(pk_anomaly_find(&r.anomalies, PK_ANOMALY_PLIST_DUPLICATE_KEY));
    finish(&r);
    r = read_text("a=1;b=2;c=3;d=4;e=5;f=6;g=7;h=8;i=9;a=10;");
    assert_int_equal(r.root->count, 9);
    assert_string_equal(pk_plist_text(r.root, "a", r.arena), "10");
    finish(&r);
}

static void oddities_are_said(void **state)
{
    struct reading r = read_text("<plist><!--><true/><!-- --></plist>");

    assert_int_equal(r.rc, PK_EMALF); /* to the platform all of it is a comment */
    assert_non_null(pk_anomaly_find(&r.anomalies, PK_ANOMALY_PLIST_AMBIGUOUS_COMMENT));
    finish(&r);
    r = read_text("<plist><true/></plist> <x>");
    assert_int_equal(r.rc, PK_OK);
    assert_non_null(pk_anomaly_find(&r.anomalies, PK_ANOMALY_PLIST_TRAILING));
    finish(&r);
    r = read_text("a = b; }");
    assert_int_equal(r.rc, PK_OK);
    assert_non_null(pk_anomaly_find(&r.anomalies, PK_ANOMALY_PLIST_TRAILING));
    finish(&r);
    r = read_text(XML("<true/>") "\n<!-- fine -->");
    assert_int_equal(r.rc, PK_OK);
    assert_int_equal(r.anomalies.count, 0);
    finish(&r);
}

static void encodings_are_told(void **state)
{
    static const char text[] = "<plist><string>\xc3\xa9\xf0\x9f\x98\x80</string></plist>";
    static const uint16_t units[] = { 0xe9, 0xd83d, 0xde00 };
    const char *before = "<plist><string>";
    const char *after = "</string></plist>";

    for (unsigned way = 0; way < 4; way++) { /* big, little; without and with a mark */
        bool big = (way & 1) != 0;
        uint8_t bytes[256];
        size_t len = 0;
        struct reading r;

#define UNIT(u)                                              \
    do {                                                     \
        bytes[len++] = (uint8_t)(big ? (u) >> 8 : (u)&0xff); \
        bytes[len++] = (uint8_t)(big ? (u)&0xff : (u) >> 8); \
    } while (0)
        if ((way & 2) != 0) {
            UNIT(0xfeff);
        }
        for (const char *p = before; *p != '\0'; p++) {
            UNIT((unsigned)*p);
        }
        for (size_t i = 0; i < PK_COUNT(units); i++) {
            UNIT((unsigned)units[i]);
        }
        for (const char *p = after; *p != '\0'; p++) {
            UNIT((unsigned)*p);
        }
        r = read_bytes(bytes, len);
        expect(&r, "\"\xc3\xa9\xf0\x9f\x98\x80\"");
        finish(&r);
    }
    {
        struct reading r = read_text(text);

        expect(&r, "\"\xc3\xa9\xf0\x9f\x98\x80\"");
        finish(&r);
    }
}

static void trees_are_compared_and_asked(void **state)
{
    struct reading a = read_text("{a=1;b=(x,<00>);c={d=e;};f=1;g=1;h=1;i=1;j=1;k=1;l=1;}");
    struct reading b = read_text("{l=1;k=1;j=1;i=1;h=1;g=1;f=1;c={d=e;};b=(x,<00>);a=1;}");
    struct reading c = read_text("{l=1;k=1;j=1;i=1;h=1;g=1;f=1;c={d=f;};b=(x,<00>);a=1;}");
    json_t *json;
    char *text;

    assert_true(pk_plist_eq(a.root, b.root));
    assert_false(pk_plist_eq(a.root, c.root));
    assert_false(pk_plist_eq(a.root, NULL));
    assert_true(pk_plist_eq(NULL, NULL));
    assert_null(pk_plist_get(NULL, "a"));
    assert_null(pk_plist_get(pk_plist_get(a.root, "b"), "a"));
    assert_null(pk_plist_get_as(a.root, "b", PK_PLIST_STRING));
    assert_null(pk_plist_text(a.root, "b", a.arena));
    assert_string_equal(pk_plist_text(a.root, "a", a.arena), "1");
    assert_int_equal(pk_plist_count(a.root, 1000), 14);
    assert_int_equal(pk_plist_count(a.root, 5), 5);
    assert_string_equal(pk_plist_date_text(pk_plist_get(a.root, "a"), a.arena), "");
    json = pk_plist_to_json_within(pk_plist_get(a.root, "b"), 1);
    text = json_dumps(json, JSON_COMPACT);
    assert_string_equal(text, "[\"x\",\"AA==\"]");
    free(text);
    json_decref(json);
    json = pk_plist_to_json_within(a.root, 0);
    assert_string_equal(json_string_value(json), "...");
    json_decref(json);
    finish(&a);
    finish(&b);
    finish(&c);
}

static void marks_are_known(void **state)
{
    static const struct {
        const char *text;
        bool is;
    } rows[] = {
        { "bplist00", true },
        { "bplis", false },
        { "<?xml version=\"1.0\"?><!DOCTYPE plist", true },
        { "<?xml version=\"1.0\"?><manifest>", false },
        { "\xef\xbb\xbf\n<plist>", true },
        { "<html>", false },
        { "", false },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        size_t len = strlen(rows[i].text);
        uint8_t *heap = pk_test_dup(rows[i].text, len);

        assert_int_equal(pk_plist_magic(pk_slice_of(heap, len)), rows[i].is);
        free(heap);
    }
}

static void openstep_is_guessed(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        bool may;
    } rows[] = {
#define MAY(text, may) { (text), sizeof(text) - 1, (may) }
        MAY("{ a = b; }", true),
        MAY(" /* c */ ( a )", true),
        MAY("\"hello \\\" x\" = \"Hello\";", true),
        MAY("// c\nKEY = v;", true),
        MAY("key;", true),
        MAY("\xef\xbb\xbfkey = v;", true),
        MAY("\xff\xfe\"\0k\0\"\0 \0=\0", true),
        MAY("\xfe\xff\0k\0;", true),
        MAY("", false),
        MAY("word", false),
        MAY("two words", false),
        MAY("#!/bin/sh\na=b", false),
        MAY("/* a comment alone */", false),
        MAY("\"open", false),
        MAY("<html>", false),
        MAY("\x7f\x01", false),
        MAY("PK\x03\x04", false),
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t *heap = pk_test_dup(rows[i].text, rows[i].len);

        assert_int_equal(pk_plist_maybe_openstep(pk_slice_of(heap, rows[i].len)), rows[i].may);
        free(heap);
    }
}

/* Generated lists of tests/data/apple. */
static void samples_end_in_their_limits(void **state)
{
    static const struct {
        const char *file;
        enum pk_anomaly_id id;
    } rows[] = {
        { "apple/shared.bplist", PK_ANOMALY_LIMIT_PLIST },
        { "apple/deep.bplist", PK_ANOMALY_LIMIT_NESTING },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_buffer bytes = pk_test_file(rows[i].file);
        struct reading r = read_bytes(bytes.ptr, bytes.len);

        assert_int_equal(r.rc, PK_ELIMIT);
        assert_non_null(pk_anomaly_find(&r.anomalies, rows[i].id));
        finish(&r);
        pk_buffer_finish(&bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xml_is_read),
        cmocka_unit_test(xml_is_refused),
        cmocka_unit_test(openstep_is_read),
        cmocka_unit_test(openstep_is_refused),
        cmocka_unit_test(binary_leaves_are_read),
        cmocka_unit_test(binary_objects_are_refused),
        cmocka_unit_test(a_trailer_that_lies_is_refused),
        cmocka_unit_test(shared_objects_do_not_explode),
        cmocka_unit_test(overlapping_arrays_end_in_a_limit),
        cmocka_unit_test(depth_is_bounded_in_every_spelling),
        cmocka_unit_test(of_equal_keys_the_platforms_stays),
        cmocka_unit_test(oddities_are_said),
        cmocka_unit_test(encodings_are_told),
        cmocka_unit_test(trees_are_compared_and_asked),
        cmocka_unit_test(marks_are_known),
        cmocka_unit_test(openstep_is_guessed),
        cmocka_unit_test(samples_end_in_their_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
