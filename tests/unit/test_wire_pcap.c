/* Recorded packets: both formats, both byte orders, what is cut off, and what lies about its length; and the layers of
 * one packet. */
#include <netinet/in.h>

#include "check.h"
#include "wire/frame.h"
#include "wire/pcap.h"

#define HEAD_LE \
    0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0
#define HEAD_BE_NS \
    0xa1, 0xb2, 0x3c, 0x4d, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 101

static int open_all(const uint8_t *bytes, size_t len, struct pk_pcap *pcap, uint8_t **heap)
{
    struct pk_error err;

    *heap = pk_test_dup(bytes, len);
    return pk_pcap_open(pk_slice_of(*heap, len), pcap, &err);
}

static void test_classic(void **state)
{
    static const uint8_t file[] = { HEAD_LE, 1, 0, 0, 0, 5, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0, 'a',
        'b', 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
    struct pk_pcap_packet packet;
    struct pk_error err;
    struct pk_pcap pcap;
    uint8_t *heap;

    (void)state;
    assert_int_equal(open_all(file, sizeof(file), &pcap, &heap), PK_OK);
    assert_int_equal(pk_pcap_next(&pcap, &packet, &err), PK_OK);
    assert_int_equal(packet.at_us, 1000005);
    assert_int_equal(packet.wire_len, 9);
    assert_int_equal(packet.link, PK_LINK_ETHERNET);
    assert_true(pk_slice_eq(packet.bytes, pk_slice_str("ab")));
    assert_int_equal(pk_pcap_next(&pcap, &packet, &err), PK_OK);
    assert_int_equal(packet.bytes.len, 0);
    assert_int_equal(pk_pcap_next(&pcap, &packet, &err), PK_ENOENT);
    free(heap);
}

static void test_big_endian_nanoseconds(void **state)
{
    static const uint8_t file[] = { HEAD_BE_NS, 0, 0, 0, 1, 0, 0, 0x13, 0x88, 0, 0, 0, 1, 0, 0, 0,
        1, 'x' };
    struct pk_pcap_packet packet;
    struct pk_error err;
    struct pk_pcap pcap;
    uint8_t *heap;

    (void)state;
    assert_int_equal(open_all(file, sizeof(file), &pcap, &heap), PK_OK);
    assert_int_equal(pk_pcap_next(&pcap, &packet, &err), PK_OK);
    assert_int_equal(packet.at_us, 1000005); /* 5000 ns */
    assert_int_equal(packet.link, PK_LINK_RAW);
    free(heap);
}

/* Every prefix of a file ends in order. */
static void test_cut_off(void **state)
{
    static const uint8_t file[] = { HEAD_LE, 1, 0, 0, 0, 5, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0, 'a',
        'b' };

    (void)state;
    for (size_t len = 0; len < sizeof(file); len++) {
        struct pk_pcap_packet packet;
        struct pk_error err;
        struct pk_pcap pcap;
        uint8_t *heap;
        int rc = open_all(file, len, &pcap, &heap);

        if (rc == PK_OK) {
            rc = pk_pcap_next(&pcap, &packet, &err);
            assert_int_equal(rc, len == 24 ? PK_ENOENT : PK_ETRUNC);
        } else {
            assert_true(len < 24);
        }
        free(heap);
    }
}

static void test_lies(void **state)
{
    static const uint8_t huge[] = { HEAD_LE, 1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0x40, 9, 0, 0, 0 };
    static const uint8_t block[] = { 0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1,
        0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 28, 0, 0, 0, 6, 0, 0, 0, 8, 0, 0,
        0, 0, 0, 0, 0 };
    static const uint8_t unknown[] = { 0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a,
        1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 28, 0, 0, 0, 6, 0, 0, 0, 32, 0,
        0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0 };
    static const struct {
        const uint8_t *bytes;
        size_t len;
        int rc;
    } rows[] = { { huge, sizeof(huge), PK_ELIMIT }, { block, sizeof(block), PK_EMALF },
        { unknown, sizeof(unknown), PK_EMALF } };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_pcap_packet packet;
        struct pk_error err;
        struct pk_pcap pcap;
        uint8_t *heap;

        assert_int_equal(open_all(rows[i].bytes, rows[i].len, &pcap, &heap), PK_OK);
        assert_int_equal(pk_pcap_next(&pcap, &packet, &err), rows[i].rc);
        assert_non_null(strstr(err.text, "at byte"));
        free(heap);
    }
}

static void test_layers(void **state)
{
    /* Ethernet, one tag, IPv4 (64 hops), UDP 53 -> 4000, "hi", and trailing bytes of the link. */
    static const uint8_t udp[] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0, 5, 8, 0, 0x45, 0,
        0, 30, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 0, 53, 0x0f, 0xa0, 0, 10, 0, 0,
        'h', 'i', 0, 0, 0 };
    static const uint8_t fragment[] = { 0x45, 0, 0, 28, 0, 0, 0, 1, 64, 17, 0, 0, 192, 0, 2, 1, 192,
        0, 2, 2, 0, 53, 0x0f, 0xa0, 0, 8, 0, 0 };
    struct pk_frame f;

    (void)state;
    assert_int_equal(pk_frame_parse(PK_LINK_ETHERNET, pk_slice_of(udp, sizeof(udp)), 7, &f), PK_OK);
    assert_true(f.has_mac && f.mac_from[5] == 2 && f.mac_to[5] == 1);
    assert_int_equal(f.hops, 64);
    assert_int_equal(f.protocol, IPPROTO_UDP);
    assert_int_equal(f.from.port, 53);
    assert_int_equal(f.to.port, 4000);
    assert_true(pk_slice_eq(f.data, pk_slice_str("hi")));
    assert_int_equal(
            pk_frame_parse(PK_LINK_RAW, pk_slice_of(fragment, sizeof(fragment)), 7, &f), PK_OK);
    assert_true(f.fragment && f.protocol == -1 && f.transport.len == 0);
    assert_int_equal(pk_frame_parse(9999, pk_slice_of(udp, sizeof(udp)), 7, &f), PK_EMALF);
    for (size_t len = 0; len < sizeof(udp); len++) { /* nothing is read beyond */
        uint8_t *heap = pk_test_dup(udp, len);

        (void)!pk_frame_parse(PK_LINK_ETHERNET, pk_slice_of(heap, len), 7, &f);
        assert_true(f.data.len <= 2);
        free(heap);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classic),
        cmocka_unit_test(test_big_endian_nanoseconds),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_lies),
        cmocka_unit_test(test_layers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
