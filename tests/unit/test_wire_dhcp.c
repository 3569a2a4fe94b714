/* DHCP as bytes: what servers say, what we ask, and the filter that passes only the former. */
#include <netinet/in.h>

#include "bpf.h"
#include "wire/dhcp.h"

#define OPTIONS_AT 240
#define SNAME_AT   44
#define FILE_AT    108

static const uint8_t client[6] = { 2, 0, 0, 0, 0, 100 };

struct message {
    uint8_t bytes[1500];
    size_t len;
};

static void put(struct message *m, uint8_t code, const void *value, uint8_t len)
{
    m->bytes[m->len++] = code;
    m->bytes[m->len++] = len;
    memcpy(m->bytes + m->len, value, len);
    m->len += len;
}

/* An answer with type and server; further options follow. */
static struct message answer(uint8_t type)
{
    struct message m = { .len = OPTIONS_AT };

    m.bytes[0] = 2;
    m.bytes[1] = 1;
    m.bytes[2] = 6;
    m.bytes[7] = 9; /* id */
    memcpy(m.bytes + 16, (uint8_t[]){ 192, 0, 2, 100 }, 4);
    memcpy(m.bytes + 28, client, 6);
    memcpy(m.bytes + 236, (uint8_t[]){ 0x63, 0x82, 0x53, 0x63 }, 4);
    put(&m, 53, &type, 1);
    put(&m, 54, (uint8_t[]){ 192, 0, 2, 1 }, 4);
    return m;
}

static int parse(const struct message *m, struct pk_dhcp *out)
{
    uint8_t *heap = pk_test_dup(m->bytes, m->len);
    int rc = pk_dhcp_parse(pk_slice_of(heap, m->len), out);

    free(heap);
    return rc;
}

static void test_answer(void **state)
{
    struct message m = answer(PK_DHCP_ACK);
    struct pk_dhcp out;

    (void)state;
    put(&m, 1, (uint8_t[]){ 255, 255, 255, 0 }, 4);
    put(&m, 3, (uint8_t[]){ 192, 0, 2, 1, 192, 0, 2, 2 }, 8);
    put(&m, 6, (uint8_t[]){ 192, 0, 2, 53 }, 4);
    put(&m, 6, (uint8_t[]){ 192, 0, 2, 54 }, 4); /* a long option comes in parts (RFC 3396) */
    put(&m, 51, (uint8_t[]){ 0, 0, 1, 44 }, 4);
    put(&m, 252, "http://192.0.2.1/wpad.dat\n", 26);
    put(&m, 114, "https://portal.example/api", 26);
    m.bytes[m.len++] = 255;
    put(&m, 6, (uint8_t[]){ 1, 2, 3, 4 }, 4); /* behind the end */
    assert_int_equal(parse(&m, &out), PK_OK);
    assert_true(out.reply);
    assert_int_equal(out.type, PK_DHCP_ACK);
    assert_int_equal(out.id, 9);
    assert_memory_equal(out.client_mac, client, 6);
    assert_memory_equal(out.yours, ((uint8_t[]){ 192, 0, 2, 100 }), 4);
    assert_memory_equal(out.server, ((uint8_t[]){ 192, 0, 2, 1 }), 4);
    assert_int_equal(out.router_count, 2);
    assert_int_equal(out.dns_count, 2);
    assert_memory_equal(out.dns[1], ((uint8_t[]){ 192, 0, 2, 54 }), 4);
    assert_int_equal(out.lease_s, 300);
    assert_string_equal(out.wpad, "http://192.0.2.1/wpad.dat");
    assert_string_equal(out.portal, "https://portal.example/api");
    assert_memory_equal(pk_dhcp_router(&out), ((uint8_t[]){ 192, 0, 2, 1 }), 4);
}

/* What kind of program it is: order and header count, values do not. */
static void test_traits(void **state)
{
    struct message m = answer(PK_DHCP_OFFER);
    struct pk_dhcp first;
    struct pk_dhcp out;

    (void)state;
    put(&m, 1, (uint8_t[]){ 255, 255, 255, 0 }, 4);
    put(&m, 3, (uint8_t[]){ 192, 0, 2, 1 }, 4);
    assert_int_equal(parse(&m, &first), PK_OK);
    assert_true(first.traits != 0);

    m = answer(PK_DHCP_OFFER); /* another network, other numbers */
    m.bytes[7] = 77;
    put(&m, 1, (uint8_t[]){ 255, 255, 0, 0 }, 4);
    put(&m, 3, (uint8_t[]){ 198, 51, 100, 1, 198, 51, 100, 2 }, 8);
    assert_int_equal(parse(&m, &out), PK_OK);
    assert_int_equal(out.traits, first.traits);

    m.bytes[20] = 198; /* names the next server */
    assert_int_equal(parse(&m, &out), PK_OK);
    assert_int_not_equal(out.traits, first.traits);

    m = answer(PK_DHCP_OFFER); /* the other way round */
    put(&m, 3, (uint8_t[]){ 192, 0, 2, 1 }, 4);
    put(&m, 1, (uint8_t[]){ 255, 255, 255, 0 }, 4);
    assert_int_equal(parse(&m, &out), PK_OK);
    assert_int_not_equal(out.traits, first.traits);

    m = answer(PK_DHCP_OFFER); /* filled up to the least that old relays pass */
    put(&m, 1, (uint8_t[]){ 255, 255, 255, 0 }, 4);
    put(&m, 3, (uint8_t[]){ 192, 0, 2, 1 }, 4);
    m.bytes[m.len] = 255;
    m.len = 300;
    assert_int_equal(parse(&m, &out), PK_OK);
    assert_int_not_equal(out.traits, first.traits);
}

/* RFC 3442: with classless routes, option 3 does not count. */
static void test_routes(void **state)
{
    static const uint8_t routes[] = { 24, 198, 51, 100, 192, 0, 2, 9, 0, 192, 0, 2, 66 };
    struct message m = answer(PK_DHCP_OFFER);
    struct pk_dhcp out;

    (void)state;
    put(&m, 3, (uint8_t[]){ 192, 0, 2, 1 }, 4);
    put(&m, 121, routes, sizeof(routes));
    assert_int_equal(parse(&m, &out), PK_OK);
    assert_int_equal(out.route_count, 2);
    assert_int_equal(out.routes[0].prefix, 24);
    assert_memory_equal(out.routes[0].to, ((uint8_t[]){ 198, 51, 100, 0 }), 4);
    assert_memory_equal(pk_dhcp_router(&out), ((uint8_t[]){ 192, 0, 2, 66 }), 4);

    m = answer(PK_DHCP_OFFER);
    put(&m, 249, routes, sizeof(routes) - 1); /* cut off in the last one */
    assert_int_equal(parse(&m, &out), PK_OK);
    assert_int_equal(out.route_count, 1);
    assert_null(pk_dhcp_router(&out));
    m = answer(PK_DHCP_OFFER);
    put(&m, 121, (uint8_t[]){ 33, 1, 2, 3, 4, 5, 6, 7, 8 }, 9);
    assert_int_equal(parse(&m, &out), PK_OK);
    assert_int_equal(out.route_count, 0);
}

/* RFC 2131 section 4.1: options may go on in the fields for file and server name. */
static void test_overload(void **state)
{
    static const uint8_t router[] = { 3, 4, 192, 0, 2, 1, 255 };
    static const uint8_t names[] = { 6, 4, 192, 0, 2, 53, 52, 1, 3 };
    struct message m = answer(PK_DHCP_ACK);
    struct pk_dhcp out;

    (void)state;
    memcpy(m.bytes + FILE_AT, router, sizeof(router));
    memcpy(m.bytes + SNAME_AT, names, sizeof(names));
    assert_int_equal(parse(&m, &out), PK_OK);
    assert_int_equal(out.router_count + out.dns_count, 0); /* nobody said so */
    put(&m, 52, (uint8_t[]){ 1 }, 1);
    assert_int_equal(parse(&m, &out), PK_OK);
    assert_int_equal(out.router_count, 1);
    assert_int_equal(out.dns_count, 0);
    m.bytes[m.len - 1] = 3;
    assert_int_equal(parse(&m, &out), PK_OK);
    assert_int_equal(out.router_count, 1);
    assert_int_equal(out.dns_count, 1);
}

static void test_limits(void **state)
{
    uint8_t list[4 * (PK_DHCP_LIST_MAX + 3)] = { 0 };
    struct message m = answer(PK_DHCP_ACK);
    struct pk_dhcp out;
    uint8_t text[255];

    (void)state;
    memset(list, 7, sizeof(list));
    put(&m, 6, list, sizeof(list));
    memset(text, 'a', sizeof(text));
    put(&m, 252, text, 255);
    put(&m, 252, text, 255);
    assert_int_equal(parse(&m, &out), PK_OK);
    assert_int_equal(out.dns_count, PK_DHCP_LIST_MAX);
    assert_int_equal(strlen(out.wpad), PK_DHCP_TEXT_MAX - 1);
    put(&m, 252, text, 3);
    assert_int_equal(parse(&m, &out), PK_ELIMIT); /* longer than anything honest */

    m = answer(PK_DHCP_ACK);
    for (int i = 0; i < PK_DHCP_OPTIONS_MAX; i++) {
        put(&m, 12, "", 0);
    }
    assert_int_equal(parse(&m, &out), PK_ELIMIT);
}

static void test_bad(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } rows[] = {
        { 0, 3 },          /* neither question nor answer */
        { 1, 6 },          /* no Ethernet */
        { 2, 16 },         /* longer hardware addresses */
        { 236, 0 },        /* no options: plain BOOTP */
        { OPTIONS_AT, 0 }, /* no type; the padding swallows nothing */
        { OPTIONS_AT + 2, 0 },
        { OPTIONS_AT + 2, 9 },
    };
    struct message whole = answer(PK_DHCP_ACK);
    struct pk_dhcp out = { .id = 77 };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct message m = whole;

        m.bytes[rows[i].at] = rows[i].value;
        assert_true(parse(&m, &out) < 0);
        assert_int_equal(out.id, 77);
    }
    for (size_t len = 0; len < whole.len; len++) {
        struct message m = whole;

        m.len = len;
        /* Between two options it is whole. */
        assert_int_equal(parse(&m, &out) == PK_OK, len == whole.len - 6);
    }
}

/* Our question: a frame that any server understands, and that holds no wish for an address. */
static void test_discover(void **state)
{
    uint8_t frame[PK_DHCP_FRAME_MAX];
    uint8_t pseudo[12] = { 0 };
    struct sock_filter filter[PK_DHCP_FILTER_MAX];
    struct pk_ip4 packet;
    struct pk_dhcp out;
    size_t len = pk_dhcp_build_discover(0x12345678, client, frame);

    (void)state;
    assert_int_equal(pk_ip4_parse(pk_slice_of(frame, len), &packet), PK_OK);
    assert_int_equal(packet.protocol, IPPROTO_UDP);
    assert_memory_equal(packet.mac_from, client, 6);
    assert_int_equal(pk_ip4_checksum(pk_slice_of(frame + 14, 20), 0), 0);
    memcpy(pseudo, packet.from, 4);
    memcpy(pseudo + 4, packet.to, 4);
    pseudo[9] = IPPROTO_UDP;
    pseudo[10] = (uint8_t)(packet.payload.len >> 8);
    pseudo[11] = (uint8_t)packet.payload.len;
    assert_int_equal(pk_ip4_checksum(packet.payload,
                             (uint16_t)~pk_ip4_checksum(pk_slice_of(pseudo, sizeof(pseudo)), 0)),
            0);
    assert_int_equal(
            pk_dhcp_parse(pk_slice_of(packet.payload.ptr + 8, packet.payload.len - 8), &out),
            PK_OK);
    assert_int_equal(out.type, PK_DHCP_DISCOVER);
    assert_int_equal(out.id, 0x12345678);
    assert_memory_equal(out.client, ((uint8_t[4]){ 0 }), 4);
    /* It is no server's: neither parser nor filter let it in. */
    assert_int_equal(pk_dhcp_parse_frame(pk_slice_of(frame, len), &packet, &out), PK_EMALF);
    assert_int_equal(pk_test_bpf(filter, pk_dhcp_filter(filter), frame, len), 0);
}

static void test_frame(void **state)
{
    struct message m = answer(PK_DHCP_OFFER);
    uint8_t udp[8 + 600] = { 0, 67, 0, 68 };
    uint8_t frame[PK_IP4_FRAME_MAX];
    struct sock_filter filter[PK_DHCP_FILTER_MAX];
    size_t count = pk_dhcp_filter(filter);
    struct pk_ip4 packet = { .protocol = IPPROTO_UDP, .from = { 192, 0, 2, 1 } };
    struct pk_dhcp out;
    size_t len;

    (void)state;
    udp[4] = (uint8_t)((m.len + 8) >> 8);
    udp[5] = (uint8_t)(m.len + 8);
    memcpy(udp + 8, m.bytes, m.len);
    packet.payload = pk_slice_of(udp, m.len + 8);
    len = pk_ip4_build(&packet, frame, sizeof(frame));
    assert_int_equal(pk_dhcp_parse_frame(pk_slice_of(frame, len), &packet, &out), PK_OK);
    assert_memory_equal(packet.from, ((uint8_t[]){ 192, 0, 2, 1 }), 4);
    assert_true(pk_test_bpf(filter, count, frame, len) >= len);
    assert_int_equal(pk_test_bpf(filter, count, frame, 30), 0);
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *heap = pk_test_dup(frame, cut);

        assert_true(pk_dhcp_parse_frame(pk_slice_of(heap, cut), &packet, &out) < 0);
        free(heap);
    }
    frame[38] = 0xff; /* UDP says it is longer */
    assert_int_equal(pk_dhcp_parse_frame(pk_slice_of(frame, len), &packet, &out), PK_ETRUNC);
    frame[38] = 0;
    frame[21] = 1; /* a later fragment */
    assert_int_equal(pk_test_bpf(filter, count, frame, len), 0);
    frame[21] = 0;
    frame[23] = IPPROTO_TCP;
    assert_int_equal(pk_test_bpf(filter, count, frame, len), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_traits),
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_overload),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_discover),
        cmocka_unit_test(test_frame),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
