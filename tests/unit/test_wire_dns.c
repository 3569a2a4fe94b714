/* DNS questions and answers as bytes: RFC 1035 section 4, and what a liar may send instead. */
#include "check.h"
#include "wire/dns.h"

#define ID 0x1234

/* Header, question "a.test" A: what each answer below begins with. 12 + 8 + 4 bytes. */
#define QUESTION(flags, answers)                                                                 \
    0x12, 0x34, (flags) >> 8, (flags)&0xff, 0, 1, 0, (answers), 0, 0, 0, 0, 1, 'a', 4, 't', 'e', \
            's', 't', 0, 0, 1, 0, 1
#define RECORD_A(a, b, c, d) 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, a, b, c, d

static int parse(const uint8_t *bytes, size_t len, struct pk_dns_answer *out)
{
    uint8_t *heap = pk_test_dup(bytes, len);
    int rc = pk_dns_parse(pk_slice_of(heap, len), ID, "A.test.", PK_DNS_A, out);

    free(heap);
    return rc;
}

static void test_build(void **state)
{
    static const uint8_t expected[] = { QUESTION(0x0100, 0) };
    uint8_t out[PK_DNS_QUERY_MAX];
    size_t len;

    (void)state;
    assert_int_equal(pk_dns_build(ID, "a.test", PK_DNS_A, out, &len), PK_OK);
    assert_int_equal(len, sizeof(expected));
    assert_memory_equal(out, expected, len);
    assert_int_equal(pk_dns_build(ID, "a.test.", PK_DNS_A, out, &len), PK_OK);
    assert_int_equal(len, sizeof(expected));
}

static void test_build_bad(void **state)
{
    char label[80];
    char name[300];
    uint8_t out[PK_DNS_QUERY_MAX];
    size_t len = 77;

    (void)state;
    memset(label, 'x', 64);
    label[64] = '\0';
    memset(name, 'y', 299);
    for (size_t i = 60; i < 299; i += 61) {
        name[i] = '.';
    }
    name[299] = '\0';
    const char *const bad[] = { "", ".", "a..b", ".a", label, name };

    for (size_t i = 0; i < PK_COUNT(bad); i++) {
        assert_int_equal(pk_dns_build(ID, bad[i], PK_DNS_A, out, &len), PK_EMALF);
        assert_int_equal(len, 77);
    }
}

static void test_answer(void **state)
{
    static const uint8_t two[] = { QUESTION(0x8180, 2), RECORD_A(192, 0, 2, 1),
        RECORD_A(192, 0, 2, 2) };
    struct pk_dns_answer answer;
    char text[PK_ADDRESS_TEXT];

    (void)state;
    assert_int_equal(parse(two, sizeof(two), &answer), PK_OK);
    assert_int_equal(answer.rcode, PK_DNS_NOERROR);
    assert_int_equal(answer.total, 2);
    assert_string_equal(pk_address_text(&answer.addresses[1], text), "192.0.2.2");
}

static void test_nxdomain(void **state)
{
    static const uint8_t none[] = { QUESTION(0x8183, 0) };
    struct pk_dns_answer answer;

    (void)state;
    assert_int_equal(parse(none, sizeof(none), &answer), PK_OK);
    assert_int_equal(answer.rcode, PK_DNS_NXDOMAIN);
    assert_int_equal(answer.total, 0);
}

static void test_many(void **state)
{
    uint8_t bytes[24 + 16 * (PK_DNS_RECORDS_MAX + 1)] = { QUESTION(0x8180, PK_DNS_RECORDS_MAX) };
    static const uint8_t record[] = { RECORD_A(10, 0, 0, 1) };
    struct pk_dns_answer answer;

    (void)state;
    for (size_t i = 0; i <= PK_DNS_RECORDS_MAX; i++) {
        memcpy(bytes + 24 + 16 * i, record, 16);
    }
    assert_int_equal(parse(bytes, sizeof(bytes), &answer), PK_OK);
    assert_int_equal(answer.total, PK_DNS_RECORDS_MAX);
    assert_int_equal(answer.count, PK_DNS_ADDRESSES_MAX);
    bytes[7] = PK_DNS_RECORDS_MAX + 1;
    assert_int_equal(parse(bytes, sizeof(bytes), &answer), PK_EMALF);
}

static void test_bad(void **state)
{
    static const struct {
        uint8_t bytes[64];
        size_t len;
        int rc;
    } rows[] = {
        { { 0 }, 0, PK_ETRUNC }, { { QUESTION(0x8180, 0) }, 23, PK_ETRUNC },
        { { QUESTION(0x8180, 1) }, 24, PK_ETRUNC },                       /* no record */
        { { QUESTION(0x0100, 0) }, 24, PK_EMALF },                        /* a question */
        { { QUESTION(0x8180, 1), RECORD_A(1, 2, 3, 4) }, 39, PK_ETRUNC }, /* one byte short */
        { { QUESTION(0x8180, 1), 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 3, 1, 2, 3 }, 39,
                PK_EMALF }, /* an address of three bytes */
        { { QUESTION(0x8180, 1), 0xc0, 24, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 1, 2, 3, 4 }, 40,
                PK_EMALF }, /* a name that points to itself */
        { { QUESTION(0x8180, 1), 0xc0, 60, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 1, 2, 3, 4 }, 40,
                PK_EMALF }, /* forwards */
        { { QUESTION(0x8180, 1), 0x80, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 1, 2, 3, 4 }, 40,
                PK_EMALF }, /* a label of 128 bytes */
        { { 0x12, 0x35, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 4, 't', 'e', 's', 't', 0, 0, 1,
                  0, 1 },
                24, PK_EMALF }, /* another id */
        { { 0x12, 0x34, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'b', 4, 't', 'e', 's', 't', 0, 0, 1,
                  0, 1 },
                24, PK_EMALF }, /* another name */
        { { 0x12, 0x34, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 4, 't', 'e', 's', 't', 0, 0, 28,
                  0, 1 },
                24, PK_EMALF }, /* another type */
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_dns_answer answer = { .rcode = 99 };

        assert_int_equal(parse(rows[i].bytes, rows[i].len, &answer), rows[i].rc);
        assert_int_equal(answer.rcode, 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build),
        cmocka_unit_test(test_build_bad),
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_nxdomain),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_bad),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
