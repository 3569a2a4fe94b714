/* Neighbour Discovery as bytes, and the socket filter in a small interpreter of classic BPF (the kernel
 * runs the same program). */
#include "check.h"
#include "wire/icmp6.h"
#include "wire/icmp6_filter.h"

static const uint8_t own_mac[6] = { 2, 0, 0, 0, 0, 0x64 };
static const uint8_t router_mac[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t other_mac[6] = { 2, 0, 0, 0, 0, 0x66 };
static const uint8_t own[16] = { 0xfe, 0x80, [15] = 0x64 };
static const uint8_t router[16] = { 0xfe, 0x80, [15] = 1 };
static const uint8_t other[16] = { 0xfe, 0x80, [15] = 0x66 };
static const uint8_t all_nodes[16] = { 0xff, 2, [15] = 1 };

struct frame {
    uint8_t bytes[400];
    size_t len;
};

static void put_checksum(struct frame *f)
{
    uint32_t sum = (uint32_t)(f->len - 54) + 58;

    f->bytes[18] = (uint8_t)((f->len - 54) >> 8);
    f->bytes[19] = (uint8_t)(f->len - 54);
    f->bytes[56] = f->bytes[57] = 0;
    for (size_t i = 22; i < f->len; i += 2) {
        sum += (uint32_t)f->bytes[i] << 8 | f->bytes[i + 1];
    }
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    f->bytes[56] = (uint8_t)(~sum >> 8);
    f->bytes[57] = (uint8_t)~sum;
}

static struct frame make(const uint8_t mac[6], const uint8_t from[16], const uint8_t to[16],
        const uint8_t *message, size_t len)
{
    struct frame f = { .bytes = { 0x33, 0x33, 0, 0, 0, 1 }, .len = 54 + len };

    memcpy(f.bytes + 6, mac, 6);
    f.bytes[12] = 0x86;
    f.bytes[13] = 0xdd;
    f.bytes[14] = 0x60;
    f.bytes[20] = 58;
    f.bytes[21] = 255;
    memcpy(f.bytes + 22, from, 16);
    memcpy(f.bytes + 38, to, 16);
    memcpy(f.bytes + 54, message, len);
    put_checksum(&f);
    return f;
}

/* Lifetime, preference bits, one prefix 2001:db8:N::/64, one name server fe80::N; its own address. */
static struct frame advertisement(
        const uint8_t mac[6], const uint8_t from[16], uint8_t flags, uint8_t lifetime, uint8_t n)
{
    uint8_t m[80] = { 134, 0, 0, 0, 64, flags, lifetime, 0 };

    m[16] = 1;
    m[17] = 1;
    memcpy(m + 18, mac, 6);
    memcpy(m + 24, (uint8_t[]){ 3, 4, 64, 0xc0, 0, 0, 14, 16 }, 8);
    memcpy(m + 40, (uint8_t[]){ 0x20, 1, 0xd, 0xb8, 0, n }, 6);
    memcpy(m + 56, (uint8_t[]){ 25, 3, 0, 0, 0, 0, 2, 88, 0xfe, 0x80 }, 10);
    m[79] = n;
    return make(mac, from, all_nodes, m, sizeof(m));
}

static struct frame neighbour(const uint8_t eth[6], const uint8_t mac[6], const uint8_t target[16])
{
    uint8_t m[32] = { 136, 0, 0, 0, 0xa0, [24] = 2, [25] = 1 };

    memcpy(m + 8, target, 16);
    memcpy(m + 26, mac, 6);
    return make(eth, target, all_nodes, m, sizeof(m));
}

static int parse(const struct frame *f, struct pk_nd *out)
{
    uint8_t *heap = pk_test_dup(f->bytes, f->len);
    int rc = pk_nd_parse_frame(pk_slice_of(heap, f->len), out);

    free(heap);
    return rc;
}

static void test_router(void **state)
{
    struct frame f = advertisement(router_mac, router, 0x88, 7, 5);
    struct pk_nd nd;

    (void)state;
    assert_int_equal(parse(&f, &nd), PK_OK);
    assert_int_equal(nd.type, PK_ND_ROUTER);
    assert_memory_equal(nd.from, router, 16);
    assert_memory_equal(nd.source_mac, router_mac, 6);
    assert_int_equal(nd.ra.preference, 1);
    assert_true(nd.ra.managed);
    assert_int_equal(nd.ra.lifetime_s, 7 * 256);
    assert_int_equal(nd.ra.prefix_count, 1);
    assert_int_equal(nd.ra.prefixes[0].bits, 64);
    assert_int_equal(nd.ra.prefixes[0].valid_s, 3600);
    assert_true(nd.ra.prefixes[0].on_link);
    assert_int_equal(nd.ra.server_count, 1);
    assert_int_equal(nd.ra.servers[0].lifetime_s, 600);
    f = advertisement(router_mac, router, 0x18, 7, 5);
    assert_int_equal(parse(&f, &nd), PK_OK);
    assert_int_equal(nd.ra.preference, -1);
    f = advertisement(router_mac, router, 0x10, 7, 5); /* reserved: medium */
    assert_int_equal(parse(&f, &nd), PK_OK);
    assert_int_equal(nd.ra.preference, 0);
}

/* What RFC 4861 tells receivers to discard. */
static void test_discarded(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        int rc;
    } rows[] = {
        { 21, 254, PK_EMALF },  /* was forwarded */
        { 55, 1, PK_EMALF },    /* code */
        { 54, 128, PK_EMALF },  /* an echo request */
        { 22, 0x20, PK_EMALF }, /* a router must speak by its link-local address */
        { 71, 0, PK_EMALF },    /* an option of length 0 */
        { 71, 200, PK_ETRUNC }, /* an option beyond the end */
        { 13, 0, PK_EMALF },    /* not IPv6 */
        { 14, 0x40, PK_EMALF }, { 20, 44, PK_EMALF }, /* a fragment */
    };
    struct pk_nd nd = { .type = 99 };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct frame f = advertisement(router_mac, router, 0, 7, 5);

        f.bytes[rows[i].at] = rows[i].value;
        put_checksum(&f);
        assert_int_equal(parse(&f, &nd), rows[i].rc);
        assert_int_equal(nd.type, 99);
    }
    struct frame f = advertisement(router_mac, router, 0, 7, 5);

    f.bytes[60] ^= 1; /* the checksum is not put right */
    assert_int_equal(parse(&f, &nd), PK_EMALF);
    for (size_t len = 0; len < f.len; len++) {
        struct frame cut = f;

        cut.len = len;
        assert_int_equal(parse(&cut, &nd), PK_ETRUNC);
    }
}

static void test_built(void **state)
{
    struct frame f = { .len = PK_ND_QUESTION };
    const uint8_t *address;
    const uint8_t *mac;
    struct pk_nd nd;

    (void)state;
    pk_nd_build_question(own_mac, own, router, NULL, f.bytes);
    assert_int_equal(parse(&f, &nd), PK_OK);
    assert_int_equal(nd.type, PK_ND_SOLICIT);
    assert_memory_equal(nd.target, router, 16);
    assert_memory_equal(nd.eth_to, ((uint8_t[]){ 0x33, 0x33, 0xff, 0, 0, 1 }), 6);
    assert_true(pk_nd_claim(&nd, &address, &mac));
    assert_memory_equal(address, own, 16);
    assert_memory_equal(mac, own_mac, 6);
    pk_nd_build_question(own_mac, own, router, router_mac, f.bytes);
    assert_int_equal(parse(&f, &nd), PK_OK);
    assert_memory_equal(nd.eth_to, router_mac, 6);
    assert_memory_equal(nd.to, router, 16);
    f.len = PK_ND_RS;
    pk_nd_build_solicit(own_mac, own, f.bytes);
    assert_int_equal(parse(&f, &nd), PK_OK);
    assert_int_equal(nd.type, PK_ND_ROUTER_SOLICIT);
    f = neighbour(other_mac, other_mac, router);
    assert_int_equal(parse(&f, &nd), PK_OK);
    assert_true(nd.override && nd.router && !nd.solicited);
    assert_true(pk_nd_claim(&nd, &address, &mac));
    assert_memory_equal(address, router, 16);
    assert_memory_equal(mac, other_mac, 6);
}

/* Behind hop-by-hop options, as those send it who want to slip through a guard (RFC 7113). */
static struct frame hidden(const struct frame *f)
{
    struct frame out = *f;

    memmove(out.bytes + 62, f->bytes + 54, f->len - 54);
    memcpy(out.bytes + 54, (uint8_t[]){ 58, 0, 1, 4, 0, 0, 0, 0 }, 8);
    out.bytes[20] = 0;
    out.bytes[19] = (uint8_t)(f->bytes[19] + 8);
    out.len += 8;
    return out;
}

static void test_hidden(void **state)
{
    struct frame f = advertisement(other_mac, other, 8, 7, 6);
    struct frame h = hidden(&f);
    struct pk_nd nd;

    (void)state;
    assert_int_equal(parse(&h, &nd), PK_OK);
    assert_int_equal(nd.type, PK_ND_ROUTER);
}

/* --- the filter --------------------------------------------------------------------------- */

static uint32_t load(const struct frame *f, uint32_t at, size_t size, bool *beyond)
{
    uint32_t value = 0;

    *beyond = at + size > f->len; /* the kernel ends the program with 0 */
    for (size_t i = 0; i < size && !*beyond; i++) {
        value = value << 8 | f->bytes[at + i];
    }
    return value;
}

static uint32_t run(const struct sock_filter *code, size_t count, const struct frame *f)
{
    bool beyond = false;
    uint32_t a = 0;

    for (size_t pc = 0; pc < count && !beyond; pc++) {
        const struct sock_filter *i = &code[pc];

        switch (i->code) {
        case BPF_LD | BPF_B | BPF_ABS:
            a = load(f, i->k, 1, &beyond);
            break;
        case BPF_LD | BPF_H | BPF_ABS:
            a = load(f, i->k, 2, &beyond);
            break;
        case BPF_LD | BPF_W | BPF_ABS:
            a = load(f, i->k, 4, &beyond);
            break;
        case BPF_LD | BPF_W | BPF_LEN:
            a = (uint32_t)f->len;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            pc += a == i->k ? i->jt : i->jf;
            break;
        case BPF_JMP | BPF_JA:
            pc += i->k;
            break;
        case BPF_RET | BPF_K:
            return i->k;
        default:
            fail_msg("instruction %#x", i->code);
        }
    }
    assert_true(beyond);
    return 0;
}

static bool passes(const struct pk_nd_filter *filter, const struct frame *f)
{
    static struct sock_filter code[PK_ND_FILTER_MAX];
    size_t count = pk_nd_filter_build(filter, code);

    assert_true(count <= PK_ND_FILTER_MAX);
    return run(code, count, f) != 0;
}

static void test_filter_claims(void **state)
{
    struct pk_nd_filter filter = { .address_count = 1, .addresses[0].has_mac = true };
    struct frame f = neighbour(router_mac, router_mac, router);

    (void)state;
    memcpy(filter.addresses[0].address, router, 16);
    memcpy(filter.addresses[0].mac, router_mac, 6);
    assert_false(passes(&filter, &f)); /* the router about itself */
    f = neighbour(other_mac, other_mac, other);
    assert_false(passes(&filter, &f)); /* a neighbour about itself */
    f = neighbour(other_mac, other_mac, router);
    assert_true(passes(&filter, &f));
    f = neighbour(router_mac, other_mac, router); /* by the option alone */
    assert_true(passes(&filter, &f));
    f = neighbour(other_mac, router_mac, router);
    assert_true(passes(&filter, &f));
    filter.addresses[0].has_mac = false;
    f = neighbour(router_mac, router_mac, router);
    assert_true(passes(&filter, &f));
    f.len = PK_ND_QUESTION;
    pk_nd_build_question(own_mac, own, router, NULL, f.bytes); /* a question is no claim */
    assert_false(passes(&filter, &f));
    pk_nd_build_question(other_mac, router, own, NULL, f.bytes); /* one in the router's name is */
    assert_true(passes(&filter, &f));
}

static void test_filter_routers(void **state)
{
    struct frame known = advertisement(router_mac, router, 0, 7, 5);
    struct pk_nd_filter filter = { .router_count = 1 };
    struct frame f = known;

    (void)state;
    filter.routers[0] = pk_slice_of(known.bytes, known.len);
    assert_false(passes(&filter, &f));
    memcpy(f.bytes, own_mac, 6); /* the same words to one station */
    memcpy(f.bytes + 38, own, 16);
    put_checksum(&f);
    assert_false(passes(&filter, &f));
    for (size_t at = 58; at < known.len; at++) { /* any other word */
        f = known;
        f.bytes[at] ^= 1;
        assert_true(passes(&filter, &f));
    }
    f = advertisement(other_mac, other, 0, 7, 5);
    assert_true(passes(&filter, &f));
    f = hidden(&known);
    assert_true(passes(&filter, &f));
    f.bytes[62] = 143; /* a multicast listener report */
    assert_false(passes(&filter, &f));
}

/* The largest one fits. */
static void test_filter_size(void **state)
{
    static struct sock_filter code[PK_ND_FILTER_MAX];
    static uint8_t frame[PK_ND_FILTER_RA_MAX];
    struct pk_nd_filter filter = { .address_count = PK_ND_FILTER_ADDRESSES,
        .router_count = PK_ND_FILTER_ROUTERS };

    (void)state;
    for (size_t i = 0; i < PK_ND_FILTER_ADDRESSES; i++) {
        filter.addresses[i].has_mac = true;
    }
    for (size_t i = 0; i < PK_ND_FILTER_ROUTERS; i++) {
        filter.routers[i] = pk_slice_of(frame, sizeof(frame));
    }
    assert_in_range(pk_nd_filter_build(&filter, code), 500, PK_ND_FILTER_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_router),
        cmocka_unit_test(test_discarded),
        cmocka_unit_test(test_built),
        cmocka_unit_test(test_hidden),
        cmocka_unit_test(test_filter_claims),
        cmocka_unit_test(test_filter_routers),
        cmocka_unit_test(test_filter_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
