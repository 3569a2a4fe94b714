/* ICMP as bytes: redirects, and the echo that asks who holds an address. */
#include <netinet/in.h>

#include "bpf.h"
#include "wire/icmp.h"

static const uint8_t victim[4] = { 192, 0, 2, 100 };
static const uint8_t target[4] = { 192, 0, 2, 66 };

static void set_checksum(uint8_t *bytes, size_t len)
{
    uint16_t sum;

    bytes[2] = bytes[3] = 0;
    sum = pk_ip4_checksum(pk_slice_of(bytes, len), 0);
    bytes[2] = (uint8_t)(sum >> 8);
    bytes[3] = (uint8_t)sum;
}

/* An error about our echo request; returns its length. */
static size_t error_about_echo(uint8_t type, uint8_t out[128])
{
    uint8_t frame[PK_IP4_HEAD + PK_ICMP_ECHO_BYTES];
    uint8_t echo[PK_ICMP_ECHO_BYTES];
    struct pk_ip4 packet = { .protocol = IPPROTO_ICMP, .ttl = 1 };
    size_t len;

    memcpy(packet.from, victim, 4);
    pk_icmp_build_echo(0x1234, 2, echo);
    packet.payload = pk_slice_of(echo, sizeof(echo));
    len = pk_ip4_build(&packet, frame, sizeof(frame));
    memset(out, 0, 8);
    out[0] = type;
    memcpy(out + 4, target, 4);
    memcpy(out + 8, frame + 14, len - 14);
    set_checksum(out, len - 14 + 8);
    return len - 14 + 8;
}

static void test_echo(void **state)
{
    uint8_t bytes[PK_ICMP_ECHO_BYTES];
    struct pk_icmp m;

    (void)state;
    pk_icmp_build_echo(0xbeef, 2, bytes);
    assert_int_equal(pk_icmp_parse(pk_slice_of(bytes, sizeof(bytes)), &m), PK_OK);
    assert_int_equal(m.type, PK_ICMP_ECHO);
    assert_int_equal(m.id, 0xbeef);
    assert_int_equal(m.sequence, 2);
    bytes[9] ^= 1;
    assert_int_equal(pk_icmp_parse(pk_slice_of(bytes, sizeof(bytes)), &m), PK_EMALF);
}

static void test_errors(void **state)
{
    uint8_t bytes[128];
    struct pk_icmp m;
    size_t len = error_about_echo(PK_ICMP_REDIRECT, bytes);

    (void)state;
    assert_int_equal(pk_icmp_parse(pk_slice_of(bytes, len), &m), PK_OK);
    assert_int_equal(m.type, PK_ICMP_REDIRECT);
    assert_memory_equal(m.gateway, target, 4);
    assert_true(m.quotes);
    assert_memory_equal(m.about.from, victim, 4);
    assert_int_equal(m.about_type, PK_ICMP_ECHO);

    len = error_about_echo(PK_ICMP_EXCEEDED, bytes);
    assert_int_equal(pk_icmp_parse(pk_slice_of(bytes, len), &m), PK_OK);
    assert_int_equal(m.id, 0x1234);
    assert_int_equal(m.sequence, 2);

    len = 8 + 20 + 4; /* the quotation ends inside the echo's header */
    set_checksum(bytes, len);
    assert_int_equal(pk_icmp_parse(pk_slice_of(bytes, len), &m), PK_OK);
    assert_true(m.quotes);
    assert_int_equal(m.about_type, -1);
    assert_int_equal(m.id, 0);

    len = 8 + 12; /* not even a header */
    set_checksum(bytes, len);
    assert_int_equal(pk_icmp_parse(pk_slice_of(bytes, len), &m), PK_OK);
    assert_false(m.quotes);
}

static void test_bad(void **state)
{
    uint8_t bytes[128];
    size_t len = error_about_echo(PK_ICMP_REDIRECT, bytes);
    struct pk_icmp m = { .id = 77 };

    (void)state;
    for (size_t cut = 0; cut < 8; cut++) {
        uint8_t *heap = pk_test_dup(bytes, cut);

        assert_int_equal(pk_icmp_parse(pk_slice_of(heap, cut), &m), PK_ETRUNC);
        free(heap);
    }
    bytes[0] = 13;
    set_checksum(bytes, len);
    assert_int_equal(pk_icmp_parse(pk_slice_of(bytes, len), &m), PK_EMALF);
    assert_int_equal(m.id, 77);
}

static void test_ip4(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        int rc;
    } rows[] = {
        { 13, 6, PK_EMALF },    /* ARP */
        { 14, 0x65, PK_EMALF }, /* version 6 */
        { 14, 0x44, PK_EMALF }, /* a header of 16 bytes */
        { 14, 0x4f, PK_EMALF }, /* a header longer than the packet says it is */
        { 17, 255, PK_ETRUNC }, /* longer than the frame */
        { 17, 19, PK_EMALF },   /* shorter than its header */
        { 20, 0x20, PK_EMALF }, /* more fragments follow */
        { 21, 1, PK_EMALF },    /* a later fragment */
    };
    uint8_t frame[PK_IP4_HEAD + PK_ICMP_ECHO_BYTES + 10] = { 0 };
    uint8_t echo[PK_ICMP_ECHO_BYTES];
    struct pk_ip4 packet = { .protocol = IPPROTO_ICMP };
    struct pk_ip4 out = { .ttl = 77 };
    size_t len;

    (void)state;
    pk_icmp_build_echo(1, 2, echo);
    packet.payload = pk_slice_of(echo, sizeof(echo));
    assert_int_equal(pk_ip4_build(&packet, frame, PK_IP4_HEAD + 8), 0);
    len = pk_ip4_build(&packet, frame, sizeof(frame));
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t *heap = pk_test_dup(frame, len);

        heap[rows[i].at] = rows[i].value;
        assert_int_equal(pk_ip4_parse(pk_slice_of(heap, len), &out), rows[i].rc);
        assert_int_equal(out.ttl, 77);
        free(heap);
    }
    assert_int_equal(pk_ip4_parse(pk_slice_of(frame, sizeof(frame)), &out), PK_OK);
    assert_int_equal(out.payload.len, PK_ICMP_ECHO_BYTES); /* without the padding */
}

static void test_filter(void **state)
{
    static const struct {
        uint8_t type;
        bool quietly, asking;
    } rows[] = {
        { PK_ICMP_REDIRECT, true, true },
        { PK_ICMP_ECHO_REPLY, false, true },
        { PK_ICMP_EXCEEDED, false, true },
        { PK_ICMP_ECHO, false, false },
        { 3, false, false },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t frame[PK_IP4_FRAME_MAX];
        uint8_t body[16] = { rows[i].type };
        struct pk_ip4 packet = { .protocol = IPPROTO_ICMP,
            .payload = pk_slice_of(body, sizeof(body)) };
        size_t len = pk_ip4_build(&packet, frame, sizeof(frame));
        struct sock_filter code[PK_ICMP_FILTER_MAX];
        size_t count = pk_icmp_filter(false, code);

        assert_int_equal(pk_test_bpf(code, count, frame, len) > 0, rows[i].quietly);
        count = pk_icmp_filter(true, code);
        assert_int_equal(pk_test_bpf(code, count, frame, len) > 0, rows[i].asking);
        frame[23] = IPPROTO_UDP;
        assert_int_equal(pk_test_bpf(code, count, frame, len), 0);
        assert_int_equal(pk_test_bpf(code, count, frame, 20), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_ip4),
        cmocka_unit_test(test_filter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
