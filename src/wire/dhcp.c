#include "wire/dhcp.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/crypt.h"
#include "base/reader.h"

#define COOKIE        0x63825363U /* RFC 2131 section 3 */
#define SNAME_BYTES   64
#define FILE_BYTES    128
#define BOOTP_BYTES   236
#define BOOTP_MIN     300 /* what old relays insist on (RFC 1542 section 2.1) */
#define UDP_HEAD      8
#define BOOTREQUEST   1
#define BOOTREPLY     2
#define OVERLOAD_FILE 1 /* option 52: more options stand in these fields */
#define OVERLOAD_NAME 2
#define FLAGS_AT      10 /* "broadcast": RFC 2131 section 2 */
#define NEXT_AT       20 /* siaddr */
#define TRAITS        2

enum option {
    OPTION_PAD = 0,
    OPTION_MASK = 1,
    OPTION_ROUTER = 3,
    OPTION_DNS = 6,
    OPTION_LEASE = 51,
    OPTION_OVERLOAD = 52,
    OPTION_TYPE = 53,
    OPTION_SERVER = 54,
    OPTION_WANTED = 55,
    OPTION_SIZE_MAX = 57,
    OPTION_PORTAL = 114,
    OPTION_ROUTES = 121,
    OPTION_ROUTES_OLD = 249,
    OPTION_WPAD = 252,
    OPTION_END = 255,
};

/* One option, put together from its parts. */
struct value {
    size_t len;
    uint8_t bytes[PK_DHCP_VALUE_MAX];
};

enum long_option {
    LONG_ROUTER,
    LONG_DNS,
    LONG_ROUTES,
    LONG_ROUTES_OLD,
    LONG_PORTAL,
    LONG_WPAD,
    LONG_COUNT
};

struct options {
    struct pk_dhcp *out;
    struct value values[LONG_COUNT];
    size_t seen;
    uint8_t codes[PK_DHCP_OPTIONS_MAX + TRAITS]; /* in order; room for what traits_of() adds */
    unsigned overload;
    bool has_type;
};

static void take(struct pk_reader *r, uint8_t *out, size_t len)
{
    struct pk_slice bytes = pk_read_slice(r, len);

    if (r->rc == PK_OK) {
        memcpy(out, bytes.ptr, len);
    }
}

static int long_option_of(unsigned code)
{
    switch (code) {
    case OPTION_ROUTER:
        return LONG_ROUTER;
    case OPTION_DNS:
        return LONG_DNS;
    case OPTION_ROUTES:
        return LONG_ROUTES;
    case OPTION_ROUTES_OLD:
        return LONG_ROUTES_OLD;
    case OPTION_PORTAL:
        return LONG_PORTAL;
    case OPTION_WPAD:
        return LONG_WPAD;
    default:
        return -1;
    }
}

/* PK_EMALF: an option that is too short for its kind; PK_ELIMIT. */
static int take_option(struct options *o, unsigned code, struct pk_slice value)
{
    struct pk_reader r = pk_reader_of(value);
    int kept = long_option_of(code);

    if (kept >= 0) {
        struct value *v = &o->values[kept];

        if (value.len > sizeof(v->bytes) - v->len) {
            return PK_ELIMIT;
        }
        memcpy(v->bytes + v->len, value.ptr, value.len);
        v->len += value.len;
        return PK_OK;
    }
    switch (code) {
    case OPTION_TYPE:
        o->out->type = (enum pk_dhcp_type)pk_read_u8(&r);
        o->has_type = true;
        break;
    case OPTION_SERVER:
        take(&r, o->out->server, 4);
        break;
    case OPTION_MASK:
        take(&r, o->out->mask, 4);
        break;
    case OPTION_LEASE:
        o->out->lease_s = pk_read_be32(&r);
        break;
    case OPTION_OVERLOAD:
        o->overload = pk_read_u8(&r);
        break;
    default:
        break;
    }
    return r.rc < 0 ? PK_EMALF : PK_OK;
}

/* A field without an end mark ends with its last byte: many servers fill it up. */
static int read_options(struct options *o, struct pk_slice field)
{
    struct pk_reader r = pk_reader_of(field);

    while (pk_reader_left(&r) > 0) {
        unsigned code = pk_read_u8(&r);
        struct pk_slice value;
        int rc;

        if (code == OPTION_PAD) {
            continue;
        }
        if (code == OPTION_END) {
            return PK_OK;
        }
        if (++o->seen > PK_DHCP_OPTIONS_MAX) {
            return PK_ELIMIT;
        }
        o->codes[o->seen - 1] = (uint8_t)code;
        value = pk_read_slice(&r, pk_read_u8(&r));
        if (r.rc < 0) {
            return r.rc;
        }
        rc = take_option(o, code, value);
        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

static size_t take_list(const struct value *v, uint8_t out[PK_DHCP_LIST_MAX][4])
{
    size_t count = 0;

    for (size_t at = 0; at + 4 <= v->len && count < PK_DHCP_LIST_MAX; at += 4) {
        memcpy(out[count++], v->bytes + at, 4);
    }
    return count;
}

/* Facts go into reports and are fetched: only printable text may pass. */
static void take_text(const struct value *v, char out[PK_DHCP_TEXT_MAX])
{
    size_t len = 0;

    for (size_t i = 0; i < v->len && len < PK_DHCP_TEXT_MAX - 1; i++) {
        if (v->bytes[i] > ' ' && v->bytes[i] < 0x7f) {
            out[len++] = (char)v->bytes[i];
        }
    }
    out[len] = '\0';
}

/* RFC 3442: prefix length, as many bytes of the destination as it needs, router. */
static void take_routes(const struct value *v, struct pk_dhcp *out)
{
    struct pk_reader r = pk_reader_of(pk_slice_of(v->bytes, v->len));

    while (pk_reader_left(&r) > 0 && out->route_count < PK_DHCP_ROUTES_MAX) {
        struct pk_dhcp_route route = { .prefix = pk_read_u8(&r) };

        if (route.prefix > 32) {
            return;
        }
        take(&r, route.to, (route.prefix + 7) / 8);
        take(&r, route.by, 4);
        if (r.rc < 0) {
            return;
        }
        out->routes[out->route_count++] = route;
    }
}

static int read_all_options(
        struct options *o, struct pk_slice options, struct pk_slice file, struct pk_slice name)
{
    int rc = read_options(o, options);
    unsigned overload = o->overload; /* the fields cannot ask for more of themselves */

    if (rc == PK_OK && (overload & OVERLOAD_FILE) != 0) {
        rc = read_options(o, file);
    }
    if (rc == PK_OK && (overload & OVERLOAD_NAME) != 0) {
        rc = read_options(o, name);
    }
    return rc;
}

/* Padding counts roughly: exactly as long as needed, BOOTP's least, or more (RFC 1542 section 2.1). */
static uint32_t traits_of(
        struct options *o, struct pk_slice payload, struct pk_slice file, struct pk_slice name)
{
    uint8_t hash[PK_SHA256_SIZE];
    uint32_t next;
    uint32_t out;

    memcpy(&next, payload.ptr + NEXT_AT, sizeof(next));
    o->codes[o->seen] = payload.len < BOOTP_MIN ? 0 : payload.len == BOOTP_MIN ? 1 : 2;
    o->codes[o->seen + 1] = (uint8_t)((payload.ptr[FLAGS_AT] >> 7) | (next != 0) << 1 |
            (file.ptr[0] != 0) << 2 | (name.ptr[0] != 0) << 3);
    pk_sha256(pk_slice_of(o->codes, o->seen + TRAITS), hash);
    memcpy(&out, hash, sizeof(out));
    out = ntohl(out);
    return out != 0 ? out : 1;
}

int pk_dhcp_parse(struct pk_slice payload, struct pk_dhcp *out)
{
    struct pk_reader r = pk_reader_of(payload);
    struct pk_dhcp m = { 0 };
    struct options o = { .out = &m };
    unsigned op = pk_read_u8(&r);
    unsigned hardware = pk_read_u8(&r);
    unsigned hardware_len = pk_read_u8(&r);
    int rc;

    pk_read_skip(&r, 1);
    m.id = pk_read_be32(&r);
    pk_read_skip(&r, 4);
    take(&r, m.client, 4);
    take(&r, m.yours, 4);
    pk_read_skip(&r, 4);
    take(&r, m.relay, 4);
    take(&r, m.client_mac, 6);
    pk_read_skip(&r, 10);
    struct pk_slice name = pk_read_slice(&r, SNAME_BYTES);
    struct pk_slice file = pk_read_slice(&r, FILE_BYTES);
    uint32_t cookie = pk_read_be32(&r);

    if (r.rc < 0) {
        return r.rc;
    }
    if ((op != BOOTREQUEST && op != BOOTREPLY) || hardware != 1 || hardware_len != 6 ||
            cookie != COOKIE) {
        return PK_EMALF;
    }
    m.reply = op == BOOTREPLY;
    rc = read_all_options(&o, pk_read_slice(&r, pk_reader_left(&r)), file, name);
    if (rc < 0) {
        return rc;
    }
    if (!o.has_type || m.type < PK_DHCP_DISCOVER || m.type > PK_DHCP_INFORM) {
        return PK_EMALF; /* plain BOOTP gives no lease */
    }
    m.router_count = take_list(&o.values[LONG_ROUTER], m.routers);
    m.dns_count = take_list(&o.values[LONG_DNS], m.dns);
    take_routes(&o.values[o.values[LONG_ROUTES].len > 0 ? LONG_ROUTES : LONG_ROUTES_OLD], &m);
    take_text(&o.values[LONG_WPAD], m.wpad);
    take_text(&o.values[LONG_PORTAL], m.portal);
    m.traits = traits_of(&o, payload, file, name);
    *out = m;
    return PK_OK;
}

const uint8_t *pk_dhcp_router(const struct pk_dhcp *message)
{
    for (size_t i = 0; i < message->route_count; i++) {
        if (message->routes[i].prefix == 0) {
            return message->routes[i].by;
        }
    }
    return message->router_count > 0 ? message->routers[0] : NULL;
}

int pk_dhcp_parse_frame(struct pk_slice frame, struct pk_ip4 *packet, struct pk_dhcp *out)
{
    struct pk_reader r;
    size_t len;
    unsigned from;
    unsigned to;
    int rc = pk_ip4_parse(frame, packet);

    if (rc < 0) {
        return rc;
    }
    r = pk_reader_of(packet->payload);
    from = pk_read_be16(&r);
    to = pk_read_be16(&r);
    len = pk_read_be16(&r);
    pk_read_skip(&r, 2);
    if (r.rc < 0) {
        return r.rc;
    }
    if (packet->protocol != IPPROTO_UDP || from != PK_DHCP_SERVER_PORT ||
            (to != PK_DHCP_CLIENT_PORT && to != PK_DHCP_SERVER_PORT) || len < UDP_HEAD) {
        return PK_EMALF;
    }
    len -= UDP_HEAD;
    if (len > pk_reader_left(&r)) {
        return PK_ETRUNC;
    }
    return pk_dhcp_parse(pk_read_slice(&r, len), out);
}

static void put_udp_checksum(const struct pk_ip4 *packet, uint8_t *udp, size_t len)
{
    uint8_t pseudo[12] = { 0 };
    uint16_t sum;

    memcpy(pseudo, packet->from, 4);
    memcpy(pseudo + 4, packet->to, 4);
    pseudo[9] = IPPROTO_UDP;
    pseudo[10] = (uint8_t)(len >> 8);
    pseudo[11] = (uint8_t)len;
    sum = pk_ip4_checksum(pk_slice_of(pseudo, sizeof(pseudo)), 0);
    sum = pk_ip4_checksum(pk_slice_of(udp, len), (uint16_t)~sum);
    sum = sum == 0 ? 0xffff : sum; /* 0 says that there is none (RFC 768) */
    udp[6] = (uint8_t)(sum >> 8);
    udp[7] = (uint8_t)sum;
}

size_t pk_dhcp_build_discover(uint32_t id, const uint8_t mac[6], uint8_t out[PK_DHCP_FRAME_MAX])
{
    static const uint8_t options[] = { 0x63, 0x82, 0x53, 0x63, OPTION_TYPE, 1, PK_DHCP_DISCOVER,
        OPTION_SIZE_MAX, 2, 0x05, 0xdc, OPTION_WANTED, 7, OPTION_MASK, OPTION_ROUTER, OPTION_DNS,
        OPTION_SERVER, OPTION_PORTAL, OPTION_ROUTES, OPTION_WPAD, OPTION_END };
    uint8_t udp[UDP_HEAD + BOOTP_MIN] = { 0, PK_DHCP_CLIENT_PORT, 0, PK_DHCP_SERVER_PORT,
        sizeof(udp) >> 8, sizeof(udp) & 0xff };
    uint8_t *bootp = udp + UDP_HEAD;
    struct pk_ip4 packet = { .mac_to = { 255, 255, 255, 255, 255, 255 },
        .to = { 255, 255, 255, 255 },
        .protocol = IPPROTO_UDP };

    bootp[0] = BOOTREQUEST;
    bootp[1] = 1;
    bootp[2] = 6;
    bootp[4] = (uint8_t)(id >> 24);
    bootp[5] = (uint8_t)(id >> 16);
    bootp[6] = (uint8_t)(id >> 8);
    bootp[7] = (uint8_t)id;
    memcpy(bootp + 28, mac, 6);
    memcpy(bootp + BOOTP_BYTES, options, sizeof(options));
    memcpy(packet.mac_from, mac, 6);
    put_udp_checksum(&packet, udp, sizeof(udp));
    packet.payload = pk_slice_of(udp, sizeof(udp));
    return pk_ip4_build(&packet, out, PK_DHCP_FRAME_MAX);
}

size_t pk_dhcp_filter(struct sock_filter out[PK_DHCP_FILTER_MAX])
{
    static const struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_IP, 0, 10),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 8),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20), /* a later fragment has no ports */
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 6, 0),
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 14),
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 14),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PK_DHCP_SERVER_PORT, 0, 3),
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 16),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PK_DHCP_CLIENT_PORT, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, PK_IP4_FRAME_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };

    memcpy(out, code, sizeof(code));
    return sizeof(code) / sizeof(code[0]);
}
