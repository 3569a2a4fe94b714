/* DER and BER: every element is inside its input, indefinite lengths end where apksig ends them. */
#include "check.h"
#include "formats/der.h"
#include "formats/limits.h"

static void elements_are_taken_one_by_one(void **state)
{
    static const struct {
        uint8_t in[16];
        size_t len;
        uint8_t tag;
        size_t contents; /* where the value begins */
        size_t value;
        size_t whole;
    } rows[] = {
        { { 0x05, 0x00 }, 2, 0x05, 2, 0, 2 }, { { 0x04, 0x02, 'a', 'b', 0xff }, 5, 0x04, 2, 2, 4 },
        { { 0x30, 0x81, 0x02, 1, 2 }, 5, 0x30, 3, 2, 5 },             /* longer than needed: BER */
        { { 0x30, 0x84, 0, 0, 0, 1, 9 }, 7, 0x30, 6, 1, 7 },          /* with leading zeros */
        { { 0x30, 0x80, 0x05, 0x00, 0x00, 0x00 }, 6, 0x30, 2, 2, 6 }, /* indefinite */
        { { 0x30, 0x80, 0x30, 0x80, 0, 0, 0, 0, 7 }, 9, 0x30, 2, 4, 8 },
        { { 0x30, 0x80, 0x04, 0x02, 0, 0, 0, 0 }, 8, 0x30, 2, 4, 8 }, /* zeros inside an element */
        { { 0x30, 0x80, 0x04, 0x80, 1, 0, 0, 0, 0 }, 9, 0x30, 2, 5, 9 },
        { { 0x04, 0x80, 0, 1, 0, 0, 9 }, 7, 0x04, 2, 2, 6 }, /* primitive: apksig takes it */
        { { 0x9f, 0x81, 0x01, 0x01, 7 }, 5, 0x9f, 4, 1, 5 }, /* number above 30 */
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t *heap = pk_test_dup(rows[i].in, rows[i].len);
        struct pk_slice in = pk_slice_of(heap, rows[i].len);
        struct pk_der out;

        assert_int_equal(pk_der_next(&in, &out), PK_OK);
        assert_int_equal(out.tag, rows[i].tag);
        assert_ptr_equal(out.whole.ptr, heap);
        assert_int_equal(out.whole.len, rows[i].whole);
        assert_ptr_equal(out.value.ptr, heap + rows[i].contents);
        assert_int_equal(out.value.len, rows[i].value);
        assert_ptr_equal(in.ptr, heap + rows[i].whole);
        assert_int_equal(in.len, rows[i].len - rows[i].whole);
        free(heap);
    }
}

static void what_is_broken_is_refused(void **state)
{
    static const struct {
        uint8_t in[12];
        size_t len;
        int rc;
    } rows[] = {
        { { 0 }, 0, PK_ENOENT },
        { { 0x30 }, 1, PK_ETRUNC },
        { { 0x30, 0x01 }, 2, PK_ETRUNC },
        { { 0x30, 0x82, 0x01 }, 3, PK_ETRUNC },
        { { 0x30, 0x84, 0x7f, 0xff, 0xff, 0xff }, 6, PK_ETRUNC },
        { { 0x30, 0x84, 0xff, 0xff, 0xff, 0xff }, 6, PK_EMALF },
        { { 0x30, 0x85, 0, 0, 0, 0, 0 }, 7, PK_EMALF },
        { { 0x30, 0x80 }, 2, PK_ETRUNC },
        { { 0x30, 0x80, 0x05, 0x00, 0x00 }, 5, PK_ETRUNC },
        { { 0x30, 0x80, 0x30, 0x80, 0, 0 }, 6, PK_ETRUNC },
        { { 0x04, 0x80, 1, 0 }, 4, PK_ETRUNC },
        { { 0x04, 0x80 }, 2, PK_ETRUNC },
        { { 0x1f, 0xff, 0xff }, 3, PK_ETRUNC },
        { { 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0 }, 8, PK_EMALF },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t *heap = pk_test_dup(rows[i].in, rows[i].len);
        struct pk_slice in = pk_slice_of(heap, rows[i].len);
        struct pk_der out = { .tag = 0x77 };

        assert_int_equal(pk_der_next(&in, &out), rows[i].rc);
        assert_int_equal(out.tag, 0x77);
        assert_ptr_equal(in.ptr, heap);
        assert_int_equal(in.len, rows[i].len);
        free(heap);
    }
}

static void nesting_has_a_limit_and_no_recursion(void **state)
{
    size_t len = 2UL * 1024 * 1024;
    uint8_t *heap = malloc(len);
    struct pk_slice in;
    struct pk_der out;

    assert_non_null(heap);
    for (size_t i = 0; i < len; i += 2) {
        heap[i] = 0x30;
        heap[i + 1] = 0x80;
    }
    in = pk_slice_of(heap, len);
    assert_int_equal(pk_der_next(&in, &out), PK_ELIMIT);
    memset(heap + 2 * PK_DER_DEPTH_MAX, 0, 2 * PK_DER_DEPTH_MAX);
    assert_int_equal(pk_der_next(&in, &out), PK_OK);
    assert_int_equal(out.whole.len, 4 * PK_DER_DEPTH_MAX);
    free(heap);
}

static void a_tag_can_be_asked_for(void **state)
{
    static const uint8_t bytes[] = { 0x24, 0x02, 0x05, 0x00, 0x05, 0x00 };
    struct pk_slice in = pk_slice_of(bytes, sizeof(bytes));
    struct pk_der out;

    assert_int_equal(pk_der_expect(&in, PK_DER_SEQUENCE, &out), PK_ETYPE);
    assert_int_equal(in.len, sizeof(bytes));
    assert_int_equal(pk_der_expect(&in, PK_DER_OCTET_STRING, &out), PK_OK); /* constructed */
    assert_int_equal(out.tag, 0x24);
    assert_int_equal(pk_der_expect(&in, PK_DER_CONTEXT | 5U, &out), PK_ETYPE); /* class counts */
    assert_int_equal(pk_der_expect(&in, PK_DER_NULL, &out), PK_OK);
    assert_int_equal(pk_der_expect(&in, PK_DER_NULL, &out), PK_ENOENT);
}

static void identifiers_are_text(void **state)
{
    static const struct {
        uint8_t in[24];
        size_t len;
        const char *text;
    } rows[] = {
        { { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b }, 9, "1.2.840.113549.1.1.11" },
        { { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01 }, 9, "2.16.840.1.101.3.4.2.1" },
        { { 0x2b, 0x0e, 0x03, 0x02, 0x1a }, 5, "1.3.14.3.2.26" },
        { { 0x88, 0x37 }, 2, "2.999" },
        { { 0x2a, 0x80, 0x03 }, 3, "1.2.3" }, /* padded: apksig reads it so */
        { { 0 }, 0, "" },
        { { 0x2a, 0x86 }, 2, "" }, /* ends inside an arc */
        { { 0x2a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f }, 11, "" },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t *heap = pk_test_dup(rows[i].in, rows[i].len);
        char text[PK_OID_TEXT];

        assert_string_equal(pk_der_oid(pk_slice_of(heap, rows[i].len), text), rows[i].text);
        free(heap);
    }
}

static void a_long_identifier_has_no_text(void **state)
{
    uint8_t many[1000];
    char text[PK_OID_TEXT];

    memset(many, 0x7f, sizeof(many));
    assert_string_equal(pk_der_oid(pk_slice_of(many, sizeof(many)), text), "");
}

static void numbers_are_equal_when_their_slices_are(void **state)
{
    static const uint8_t padded[] = { 0, 0, 0x7f };
    static const uint8_t positive[] = { 0, 0x80 };
    static const uint8_t minus[] = { 0xff, 0xff, 0x80 };
    static const uint8_t wide[] = { 0x01, 0, 0, 0, 0 };
    int32_t number;

    assert_int_equal(pk_der_integer(pk_slice_of(padded, 3)).len, 1);
    assert_int_equal(pk_der_integer(pk_slice_of(positive, 2)).len, 2);
    assert_int_equal(pk_der_integer(pk_slice_of(minus, 3)).len, 1);
    assert_int_equal(pk_der_integer(pk_slice_of(NULL, 0)).len, 1);
    assert_int_equal(pk_der_int(pk_slice_of(padded, 3), &number), PK_OK);
    assert_int_equal(number, 127);
    assert_int_equal(pk_der_int(pk_slice_of(positive, 2), &number), PK_OK);
    assert_int_equal(number, 128);
    assert_int_equal(pk_der_int(pk_slice_of(minus, 3), &number), PK_OK);
    assert_int_equal(number, -128);
    assert_int_equal(pk_der_int(pk_slice_of(wide, 5), &number), PK_EBOUNDS);
}

static void times_are_rfc_3339(void **state)
{
    static const struct {
        uint8_t tag;
        const char *in;
        const char *text;
    } rows[] = {
        { PK_DER_UTC_TIME, "160331145749Z", "2016-03-31T14:57:49Z" },
        { PK_DER_UTC_TIME, "500101000000Z", "1950-01-01T00:00:00Z" },
        { PK_DER_UTC_TIME, "4901010000Z", "2049-01-01T00:00:00Z" },
        { PK_DER_GENERALIZED_TIME, "20500101000000Z", "2050-01-01T00:00:00Z" },
        { PK_DER_GENERALIZED_TIME, "20500101000000.25Z", "2050-01-01T00:00:00Z" },
        { PK_DER_UTC_TIME, "161331145749Z", "" },
        { PK_DER_UTC_TIME, "160331145749+0100", "" },
        { PK_DER_UTC_TIME, "16033114574", "" },
        { PK_DER_UTC_TIME, "", "" },
        { PK_DER_OCTET_STRING, "160331145749Z", "" },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t *heap = pk_test_dup(rows[i].in, strlen(rows[i].in));
        struct pk_der element = { .tag = rows[i].tag,
            .value = pk_slice_of(heap, strlen(rows[i].in)) };
        char text[PK_DER_TIME_TEXT];

        assert_string_equal(pk_der_time(&element, text), rows[i].text);
        free(heap);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_are_taken_one_by_one),
        cmocka_unit_test(what_is_broken_is_refused),
        cmocka_unit_test(nesting_has_a_limit_and_no_recursion),
        cmocka_unit_test(a_tag_can_be_asked_for),
        cmocka_unit_test(identifiers_are_text),
        cmocka_unit_test(a_long_identifier_has_no_text),
        cmocka_unit_test(numbers_are_equal_when_their_slices_are),
        cmocka_unit_test(times_are_rfc_3339),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
