/* ARP as bytes, and the socket filter in a small interpreter of classic BPF (the kernel runs the
 * same program). */
#include "check.h"
#include "wire/arp.h"

static const uint8_t gateway[4] = { 192, 168, 77, 1 };
static const uint8_t known[6] = { 2, 0x77, 0, 0, 0, 1 };

static uint32_t load(const uint8_t *bytes, size_t len, size_t at, size_t size)
{
    uint32_t value = 0;

    assert_true(at + size <= len);
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | bytes[at + i];
    }
    return value;
}

/* The few instructions that the filter uses; any other one fails the test. */
static uint32_t run(const struct sock_filter *code, size_t count, const uint8_t *bytes, size_t len)
{
    uint32_t a = 0;

    for (size_t pc = 0; pc < count; pc++) {
        const struct sock_filter *i = &code[pc];

        switch (i->code) {
        case BPF_LD | BPF_H | BPF_ABS:
            a = load(bytes, len, i->k, 2);
            break;
        case BPF_LD | BPF_W | BPF_ABS:
            a = load(bytes, len, i->k, 4);
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            pc += a == i->k ? i->jt : i->jf;
            break;
        case BPF_RET | BPF_K:
            return i->k;
        default:
            fail_msg("instruction %#x", i->code);
        }
    }
    fail_msg("the program runs out");
    return 0;
}

static struct pk_arp_frame reply(const uint8_t ip[4], const uint8_t mac[6])
{
    struct pk_arp_frame frame = { .op = PK_ARP_REPLY, .target_ip = { 192, 168, 77, 100 } };

    memcpy(frame.sender_ip, ip, 4);
    memcpy(frame.sender_mac, mac, 6);
    return frame;
}

static bool passes(const uint8_t *known_mac, const struct pk_arp_frame *frame)
{
    struct sock_filter code[PK_ARP_FILTER_MAX];
    uint8_t bytes[PK_ARP_FRAME_BYTES];
    size_t count = pk_arp_filter(gateway, known_mac, code);

    assert_true(count <= PK_ARP_FILTER_MAX);
    pk_arp_build(frame, bytes);
    return run(code, count, bytes, sizeof(bytes)) > 0;
}

static void test_filter(void **state)
{
    static const uint8_t neighbour[4] = { 192, 168, 77, 66 };
    static const uint8_t other_tail[6] = { 2, 0x77, 0, 0, 0, 2 };
    static const uint8_t other_head[6] = { 6, 0x77, 0, 0, 0, 1 };
    struct pk_arp_frame honest = reply(gateway, known);
    struct pk_arp_frame forged_tail = reply(gateway, other_tail);
    struct pk_arp_frame forged_head = reply(gateway, other_head);
    struct pk_arp_frame stranger = reply(neighbour, other_tail);

    (void)state;
    assert_false(passes(known, &honest));
    assert_true(passes(known, &forged_tail));
    assert_true(passes(known, &forged_head));
    assert_false(passes(known, &stranger));
    assert_true(passes(NULL, &honest));
    assert_true(passes(NULL, &forged_tail));
    assert_false(passes(NULL, &stranger));
}

static void test_filter_type(void **state)
{
    struct sock_filter code[PK_ARP_FILTER_MAX];
    struct pk_arp_frame forged = reply(gateway, (const uint8_t[6]){ 9 });
    uint8_t bytes[PK_ARP_FRAME_BYTES];
    size_t count = pk_arp_filter(gateway, known, code);

    (void)state;
    pk_arp_build(&forged, bytes);
    bytes[12] = 0x86; /* IPv6 */
    bytes[13] = 0xdd;
    assert_int_equal(run(code, count, bytes, sizeof(bytes)), 0);
}

static void test_round_trip(void **state)
{
    struct pk_arp_frame in = reply(gateway, known);
    struct pk_arp_frame out;
    uint8_t bytes[PK_ARP_FRAME_BYTES];

    (void)state;
    memset(in.to, 0xff, 6);
    memset(in.target_mac, 0x11, 6);
    pk_arp_build(&in, bytes);
    assert_int_equal(pk_arp_parse(pk_slice_of(bytes, sizeof(bytes)), &out), PK_OK);
    assert_memory_equal(&in, &out, sizeof(in));
}

static void test_bad(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } defects[] = { { 12, 9 }, { 15, 6 }, { 16, 1 }, { 18, 8 }, { 19, 16 } };
    struct pk_arp_frame in = reply(gateway, known);
    struct pk_arp_frame out = { .op = 77 };
    uint8_t bytes[PK_ARP_FRAME_BYTES];

    (void)state;
    for (size_t i = 0; i < PK_COUNT(defects); i++) {
        pk_arp_build(&in, bytes);
        bytes[defects[i].at] = defects[i].value;
        assert_int_equal(pk_arp_parse(pk_slice_of(bytes, sizeof(bytes)), &out), PK_EMALF);
    }
    pk_arp_build(&in, bytes);
    for (size_t len = 0; len < sizeof(bytes); len++) {
        uint8_t *heap = pk_test_dup(bytes, len);

        assert_int_equal(pk_arp_parse(pk_slice_of(heap, len), &out), PK_ETRUNC);
        free(heap);
    }
    assert_int_equal(out.op, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_filter_type),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_bad),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
