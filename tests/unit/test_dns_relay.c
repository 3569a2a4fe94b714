/* DNS messages as the forwarder sees them. */
#include "check.h"
#include "wire/dns_relay.h"

/* The question "Www.Example.com A" with EDNS for 1232 bytes. */
static const uint8_t with_edns[] = { 0x12, 0x34, 1, 0x20, 0, 1, 0, 0, 0, 0, 0, 1, 3, 'W', 'w', 'w',
    7, 'E', 'x', 'a', 'm', 'p', 'l', 'e', 3, 'c', 'o', 'm', 0, 0, 1, 0, 1, 0, 0, 41, 4, 0xd0, 0, 0,
    0x80, 0, 0, 0 };
#define PLAIN_LEN (sizeof(with_edns) - 11)

static void plain(uint8_t out[PLAIN_LEN])
{
    memcpy(out, with_edns, PLAIN_LEN);
    out[11] = 0;
}

static enum pk_relay_todo read_exact(const uint8_t *bytes, size_t len, struct pk_relay_query *query)
{
    uint8_t *heap = pk_test_dup(bytes, len);
    enum pk_relay_todo todo = pk_relay_read(pk_slice_of(heap, len), query);

    free(heap);
    return todo;
}

static void test_questions(void **state)
{
    struct pk_relay_query query;
    uint8_t bytes[PLAIN_LEN];

    (void)state;
    assert_int_equal(read_exact(with_edns, sizeof(with_edns), &query), PK_RELAY_FORWARD);
    assert_string_equal(query.name, "www.example.com");
    assert_int_equal(query.id, 0x1234);
    assert_int_equal(query.type, PK_DNS_A);
    assert_true(query.edns);
    assert_int_equal(query.answer_max, 1232);
    assert_int_equal(query.question_end, PLAIN_LEN);
    plain(bytes);
    assert_int_equal(read_exact(bytes, sizeof(bytes), &query), PK_RELAY_FORWARD);
    assert_false(query.edns);
    assert_int_equal(query.answer_max, 512);
    bytes[14] = ' '; /* no host has such a name: forwarded, but never held against a list */
    assert_int_equal(read_exact(bytes, sizeof(bytes), &query), PK_RELAY_FORWARD);
    assert_string_equal(query.name, "");
    plain(bytes);
    bytes[PLAIN_LEN - 1] = 3; /* class CHAOS */
    assert_int_equal(read_exact(bytes, sizeof(bytes), &query), PK_RELAY_FORWARD);
    assert_string_equal(query.name, "");
}

static void test_no_questions(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        int todo;
        int rcode;
    } rows[] = {
        { 2, 0x81, PK_RELAY_DROP, 0 },                   /* an answer */
        { 2, 0x29, PK_RELAY_REFUSE, PK_RELAY_NOTIMP },   /* update */
        { 5, 0, PK_RELAY_REFUSE, PK_RELAY_FORMERR },     /* no question */
        { 5, 2, PK_RELAY_REFUSE, PK_RELAY_FORMERR },     /* two */
        { 12, 0xc0, PK_RELAY_REFUSE, PK_RELAY_FORMERR }, /* a pointer in the question */
        { 12, 64, PK_RELAY_REFUSE, PK_RELAY_FORMERR },   /* a label of a kind that there is not */
        { 12, 63, PK_RELAY_REFUSE, PK_RELAY_FORMERR },   /* a label beyond the end */
        { 11, 9, PK_RELAY_REFUSE, PK_RELAY_FORMERR },    /* records that are not there */
        { 30, 252, PK_RELAY_REFUSE, PK_RELAY_NOTIMP },   /* AXFR */
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t bytes[sizeof(with_edns)];
        struct pk_relay_query query;

        memcpy(bytes, with_edns, sizeof(bytes));
        bytes[rows[i].at] = rows[i].value;
        assert_int_equal(read_exact(bytes, sizeof(bytes), &query), rows[i].todo);
        assert_int_equal(query.rcode, rows[i].rcode);
    }
    for (size_t len = 0; len < sizeof(with_edns); len++) { /* cut anywhere */
        struct pk_relay_query query;

        assert_int_equal(
                read_exact(with_edns, len, &query), len < 12 ? PK_RELAY_DROP : PK_RELAY_REFUSE);
    }
}

static void test_answers(void **state)
{
    uint8_t question[PLAIN_LEN];
    uint8_t answer[PLAIN_LEN];
    struct pk_slice q = { question, sizeof(question) };
    struct pk_slice a = { answer, sizeof(answer) };

    (void)state;
    plain(question);
    memcpy(answer, question, sizeof(answer));
    answer[2] = 0x81;
    assert_true(pk_relay_answers(q, PLAIN_LEN, 0x1234, a));
    assert_false(pk_relay_answers(q, PLAIN_LEN, 0x1235, a));
    answer[13] = 'w'; /* case does not count */
    assert_true(pk_relay_answers(q, PLAIN_LEN, 0x1234, a));
    answer[13] = 'v';
    assert_false(pk_relay_answers(q, PLAIN_LEN, 0x1234, a));
    answer[13] = 'w';
    answer[PLAIN_LEN - 3] = 28; /* another type */
    assert_false(pk_relay_answers(q, PLAIN_LEN, 0x1234, a));
    answer[PLAIN_LEN - 3] = 1;
    answer[2] = 1; /* a question */
    assert_false(pk_relay_answers(q, PLAIN_LEN, 0x1234, a));
    answer[2] = 0x81;
    for (size_t len = 0; len < PLAIN_LEN; len++) {
        a.len = len;
        assert_false(pk_relay_answers(q, PLAIN_LEN, 0x1234, a));
    }
    answer[5] = 0; /* a bare header: only "no" */
    a.len = 12;
    assert_false(pk_relay_answers(q, PLAIN_LEN, 0x1234, a));
    answer[3] = 5;
    assert_true(pk_relay_answers(q, PLAIN_LEN, 0x1234, a));
}

static void test_made(void **state)
{
    static const uint8_t page[4] = { 127, 0, 0, 153 };
    const struct pk_relay_made made = {
        .address4 = page, .ttl = 5, .why = PK_RELAY_WHY_BLOCKED, .text = "why"
    };
    struct pk_slice question = pk_slice_of(with_edns, sizeof(with_edns));
    struct pk_relay_query query;
    struct pk_dns_answer parsed;
    uint8_t out[PK_RELAY_MADE_MAX];
    char long_text[300];
    size_t len;

    (void)state;
    assert_int_equal(pk_relay_read(question, &query), PK_RELAY_FORWARD);
    len = pk_relay_make(question, &query, &made, out);
    assert_int_equal(
            pk_dns_parse(pk_slice_of(out, len), 0x1234, "www.example.com", PK_DNS_A, &parsed),
            PK_OK);
    assert_int_equal(parsed.count, 1);
    assert_memory_equal(parsed.addresses[0].bytes, page, 4);
    assert_memory_equal(out + len - 5,
            "\x00\x0f"
            "why",
            5);               /* RFC 8914: code 15, text */
    query.type = PK_DNS_AAAA; /* no data, but the name is there */
    (void)pk_relay_make(question, &query, &made, out);
    assert_int_equal(out[7], 0);
    assert_int_equal(out[9], 1);
    assert_int_equal(out[3] & 0xf, 0);
    memset(long_text, 'a', sizeof(long_text) - 1);
    memcpy(long_text + PK_RELAY_TEXT_MAX - 1, "\xc3\xa4", 2); /* a letter on the border */
    long_text[sizeof(long_text) - 1] = '\0';
    len = pk_relay_make(question, &query,
            &(struct pk_relay_made){ .ttl = 5, .why = 17, .text = long_text }, out);
    assert_true(len <= PK_RELAY_MADE_MAX);
    assert_int_equal(out[len - 1], 'a'); /* not cut in two */
    query.edns = false;
    len = pk_relay_make(question, &query, &made, out);
    assert_int_equal(out[11], 0); /* nobody who did not ask for it gets EDNS */
    len = pk_relay_cut(question, &query, pk_slice_of(out, len), out);
    assert_true((out[2] & 2) != 0);
    assert_int_equal(len, PLAIN_LEN);
}

/* The longest name with the longest reason. */
static void test_longest(void **state)
{
    uint8_t bytes[12 + 255 + 4] = { 0, 1, 1, 0, 0, 1 };
    struct pk_relay_query query;
    uint8_t out[PK_RELAY_MADE_MAX];
    char text[200];
    size_t at = 12;
    size_t len;

    (void)state;
    for (int i = 0; i < 4; i++) {
        size_t label = i < 3 ? 63 : 61;

        bytes[at] = (uint8_t)label;
        memset(bytes + at + 1, 'x', label);
        at += 1 + label;
    }
    bytes[at + 2] = 28;
    bytes[at + 4] = 1;
    assert_int_equal(at + 5, sizeof(bytes));
    assert_int_equal(read_exact(bytes, sizeof(bytes), &query), PK_RELAY_FORWARD);
    assert_int_equal(strlen(query.name), 253);
    query.edns = true;
    memset(text, 't', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    len = pk_relay_make(pk_slice_of(bytes, sizeof(bytes)), &query,
            &(struct pk_relay_made){ .ttl = 5, .why = 15, .text = text }, out);
    assert_true(len <= PK_RELAY_MADE_MAX);
    bytes[12 + 64 + 64 + 64] = 62; /* one byte more is no name */
    assert_int_equal(read_exact(bytes, sizeof(bytes), &query), PK_RELAY_REFUSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_questions),
        cmocka_unit_test(test_no_questions),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_made),
        cmocka_unit_test(test_longest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
