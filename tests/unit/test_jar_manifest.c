/* The text of manifests and signature files, as apksig's ManifestParser reads it. */
#include <time.h>

#include "check.h"
#include "formats/android/jar_manifest.h"

#define JOINED_MAX (32UL << 20)

/* Writes what was read as "start+size[name=value|name=value]" for each section. */
static void describe(struct pk_slice text, struct pk_buffer *out)
{
    struct pk_buffer joined = pk_buffer_of(JOINED_MAX);
    struct pk_jar_lines lines = pk_jar_lines_of(text);
    struct pk_slice section;

    while (pk_jar_next_section(&lines, &section)) {
        struct pk_jar_attrs attrs = pk_jar_attrs_of(section, &joined);
        struct pk_jar_attr attr;
        const char *before = "[";

        (void)pk_buffer_printf(out, "%zu+%zu", (size_t)(section.ptr - text.ptr), section.len);
        while (pk_jar_next_attr(&attrs, &attr) == PK_OK) {
            (void)pk_buffer_puts(out, before);
            (void)pk_buffer_put(out, attr.name.ptr, attr.name.len);
            (void)pk_buffer_putc(out, '=');
            (void)pk_buffer_put(out, attr.value.ptr, attr.value.len);
            before = "|";
        }
        (void)pk_buffer_putc(out, ']');
    }
    pk_buffer_finish(&joined);
}

static void sections_and_attributes(void **state)
{
    static const struct {
        const char *text;
        const char *read;
    } rows[] = {
        { "", "" },
        { "\n\r\n\r", "" },
        { "A: b", "0+4[A=b]" },
        { "A: b\n", "0+5[A=b]" },
        { "A: b\r\n\r\nName: x\r\nC: d\r\n\r\n", "0+8[A=b]8+17[Name=x|C=d]" },
        { "A: b\r\rName: x\r", "0+6[A=b]6+8[Name=x]" },
        { "A: b\n\nName: x\nC: d", "0+6[A=b]6+12[Name=x|C=d]" },
        /* Only the first empty line belongs to the section; those before one are skipped. */
        { "\n\nA: b\n\n\n\nC: d\n\n", "2+6[A=b]10+6[C=d]" },
        /* Continuation lines, in names, too, and after the first line of a section. */
        { "Name: ab\r\n cd\r\n ef\r\nX: y\r\n\r\n", "0+28[Name=abcdef|X=y]" },
        { "Na\n me: ab\n\n", "0+12[Name=ab]" },
        { "A: b\n  c\n", "0+9[A=b c]" },
        { " A: b\n", "0+6[ A=b]" },
        { "A: b\n \n\n", "0+8[A=b]" },
        /* Names and values keep their spaces; only ": " divides. */
        { "A : b\nA:b\n:  x\nA: b: c\n", "0+23[A =b|A:b=|= x|A=b: c]" },
        /* CR LF is one end, LF CR are two. */
        { "A: b\n\rC: d\n", "0+6[A=b]6+5[C=d]" },
        { "A: b\r\r\nC: d", "0+7[A=b]7+4[C=d]" },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t *heap = pk_test_dup(rows[i].text, strlen(rows[i].text));
        struct pk_buffer out = pk_buffer_of(1024);

        describe(pk_slice_of(heap, strlen(rows[i].text)), &out);
        assert_string_equal(out.ptr != NULL ? out.ptr : "", rows[i].read);
        pk_buffer_finish(&out);
        free(heap);
    }
}

static void names_and_values_are_found(void **state)
{
    static const char text[] = "nAmE: a/b\n c\nSHA-256-Digest: one\nsha-256-digest: two\n\n";
    struct pk_buffer joined = pk_buffer_of(1024);
    struct pk_slice section = pk_slice_str(text);
    struct pk_slice value;

    assert_int_equal(pk_jar_section_name(section, &joined, &value), PK_OK);
    assert_true(pk_slice_eq(value, pk_slice_str("a/bc")));
    assert_int_equal(pk_jar_value(section, "Sha-256-Digest", &joined, &value), PK_OK);
    assert_true(pk_slice_eq(value, pk_slice_str("one")));
    assert_int_equal(pk_jar_value(section, "SHA1-Digest", &joined, &value), PK_ENOENT);
    assert_int_equal(
            pk_jar_section_name(pk_slice_str("X: y\nName: a\n"), &joined, &value), PK_ENOENT);
    pk_buffer_finish(&joined);
}

static void a_short_buffer_is_said(void **state)
{
    struct pk_buffer joined = pk_buffer_of(4);
    struct pk_slice value;

    assert_int_equal(
            pk_jar_section_name(pk_slice_str("Name: a\n b\n"), &joined, &value), PK_ENOMEM);
    pk_buffer_finish(&joined);
}

/* Texts that would take quadratic time if a line looked for its end more than once. */
static void odd_texts_take_linear_time(void **state)
{
    static const char *const patterns[] = { "\r", "\n", "a\r", "a\n", "a\n b\r", "a\n ", ": ",
        "a\n\n" };
    size_t len = 2UL << 20;
    char *text = malloc(len);

    assert_non_null(text);
    for (size_t i = 0; i < PK_COUNT(patterns); i++) {
        struct pk_buffer joined = pk_buffer_of(JOINED_MAX);
        size_t size = strlen(patterns[i]);
        clock_t begin = clock();

        for (size_t k = 0; k < len; k++) {
            text[k] = patterns[i][k % size];
        }
        struct pk_jar_lines lines = pk_jar_lines_of(pk_slice_of(text, len));
        struct pk_slice section;
        while (pk_jar_next_section(&lines, &section)) {
            struct pk_slice value;

            assert_int_equal(pk_jar_value(section, "none", &joined, &value), PK_ENOENT);
        }
        assert_true(clock() - begin < 5 * CLOCKS_PER_SEC);
        pk_buffer_finish(&joined);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_and_attributes),
        cmocka_unit_test(names_and_values_are_found),
        cmocka_unit_test(a_short_buffer_is_said),
        cmocka_unit_test(odd_texts_take_linear_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
