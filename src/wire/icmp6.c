#include "wire/icmp6.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/reader.h"

#define HOPS_ND      255 /* RFC 4861: proves that no router forwarded it */
#define ETHER_BYTES  14
#define IP_BYTES     40
#define NA_ROUTER    0x80
#define NA_SOLICITED 0x40
#define NA_OVERRIDE  0x20

enum option {
    OPTION_SOURCE_MAC = 1,
    OPTION_TARGET_MAC = 2,
    OPTION_PREFIX = 3,
    OPTION_REDIRECTED = 4,
    OPTION_ROUTE = 24,   /* RFC 4191 */
    OPTION_SERVERS = 25, /* RFC 8106 */
    OPTION_PORTAL = 37,  /* RFC 8910 */
};

static const uint8_t all_routers[16] = { 0xff, 2, [15] = 2 };

bool pk_nd_is_link_local(const uint8_t address[16])
{
    return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

bool pk_nd_in_prefix(const uint8_t address[16], const uint8_t prefix[16], unsigned bits)
{
    unsigned whole = bits / 8;
    unsigned rest = bits % 8;

    if (bits > 128 || memcmp(address, prefix, whole) != 0) {
        return false;
    }
    return rest == 0 || ((address[whole] ^ prefix[whole]) >> (8 - rest)) == 0;
}

static bool is_multicast(const uint8_t address[16])
{
    return address[0] == 0xff;
}

static bool is_unspecified(const uint8_t address[16])
{
    static const uint8_t none[16] = { 0 };

    return memcmp(address, none, 16) == 0;
}

static void take(struct pk_reader *r, uint8_t *out, size_t len)
{
    struct pk_slice bytes = pk_read_slice(r, len);

    if (r->rc == PK_OK) {
        memcpy(out, bytes.ptr, len);
    }
}

static uint32_t sum(uint32_t total, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i + 1 < len; i += 2) {
        total += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    }
    return len % 2 == 0 ? total : total + ((uint32_t)bytes[len - 1] << 8);
}

/* RFC 4443 section 2.3; over a message with its checksum in place it is 0. */
static uint16_t checksum(const uint8_t from[16], const uint8_t to[16], struct pk_slice message)
{
    uint32_t total = sum(sum((uint32_t)message.len + IPPROTO_ICMPV6, from, 16), to, 16);

    total = sum(total, message.ptr, message.len);
    while (total >> 16 != 0) {
        total = (total & 0xffff) + (total >> 16);
    }
    return (uint16_t)~total;
}

/* --- options ------------------------------------------------------------------------------ */

/* RFC 4191: two bits; 10 is reserved and means medium. */
static int preference_of(unsigned flags)
{
    unsigned bits = flags >> 3 & 3;

    return bits == 1 ? 1 : bits == 3 ? -1 : 0;
}

static void take_prefix(struct pk_reader *r, struct pk_nd_router *ra)
{
    struct pk_nd_prefix prefix = { .bits = pk_read_u8(r) };
    unsigned flags = pk_read_u8(r);

    prefix.on_link = (flags & 0x80) != 0;
    prefix.autonomous = (flags & 0x40) != 0;
    prefix.valid_s = pk_read_be32(r);
    pk_read_skip(r, 8); /* preferred lifetime, reserved */
    take(r, prefix.address, 16);
    if (r->rc == PK_OK && prefix.bits > 128) {
        r->rc = PK_EMALF;
    }
    if (r->rc == PK_OK && ra->prefix_count < PK_ND_LIST_MAX) {
        ra->prefixes[ra->prefix_count] = prefix;
    }
    ra->prefix_count++;
}

static void take_servers(struct pk_reader *r, struct pk_nd_router *ra)
{
    uint32_t lifetime;

    pk_read_skip(r, 2);
    lifetime = pk_read_be32(r);
    while (r->rc == PK_OK && pk_reader_left(r) >= 16) {
        struct pk_nd_server server = { .lifetime_s = lifetime };

        take(r, server.address, 16);
        if (ra->server_count < PK_ND_LIST_MAX) {
            ra->servers[ra->server_count] = server;
        }
        ra->server_count++;
    }
}

/* The prefix may be cut to 0, 8 or 16 bytes. */
static void take_route(struct pk_reader *r, struct pk_nd_router *ra)
{
    struct pk_nd_route route = { .bits = pk_read_u8(r) };
    size_t len;

    route.preference = preference_of(pk_read_u8(r));
    route.lifetime_s = pk_read_be32(r);
    len = pk_reader_left(r) < 16 ? pk_reader_left(r) : 16;
    if (r->rc == PK_OK && (route.bits > 128 || len * 8 < route.bits)) {
        r->rc = PK_EMALF;
    }
    take(r, route.address, len);
    if (r->rc == PK_OK && ra->route_count < PK_ND_LIST_MAX) {
        ra->routes[ra->route_count] = route;
    }
    ra->route_count++;
}

static void take_portal(struct pk_reader *r, struct pk_nd_router *ra)
{
    size_t len = 0;

    while (pk_reader_left(r) > 0 && len < sizeof(ra->portal) - 1) {
        uint8_t byte = pk_read_u8(r);

        if (byte <= ' ' || byte >= 0x7f) {
            break;
        }
        ra->portal[len++] = (char)byte;
    }
    ra->portal[len] = '\0';
}

static void take_quote(struct pk_reader *r, struct pk_nd *nd)
{
    pk_read_skip(r, 6);
    pk_read_skip(r, 8); /* IPv6 header up to the source */
    take(r, nd->quoted_from, 16);
    nd->has_quote = r->rc == PK_OK;
    r->rc = PK_OK; /* a short quote proves nothing, but is allowed */
}

static int take_option(struct pk_nd *nd, unsigned type, struct pk_slice body)
{
    struct pk_reader r = pk_reader_of(body);

    switch (type) {
    case OPTION_SOURCE_MAC:
        take(&r, nd->source_mac, 6);
        nd->has_source_mac = r.rc == PK_OK;
        break;
    case OPTION_TARGET_MAC:
        take(&r, nd->target_mac, 6);
        nd->has_target_mac = r.rc == PK_OK;
        break;
    case OPTION_PREFIX:
        take_prefix(&r, &nd->ra);
        break;
    case OPTION_REDIRECTED:
        take_quote(&r, nd);
        break;
    case OPTION_ROUTE:
        take_route(&r, &nd->ra);
        break;
    case OPTION_SERVERS:
        take_servers(&r, &nd->ra);
        break;
    case OPTION_PORTAL:
        take_portal(&r, &nd->ra);
        break;
    default:
        break;
    }
    /* A known option that contradicts itself is passed over, as kernels do. */
    return r.rc == PK_ETRUNC || r.rc == PK_EMALF ? PK_OK : r.rc;
}

/* Type, length in units of 8 bytes, body. A length of 0 makes the message void (RFC 4861, 4.6). */
static int take_options(struct pk_reader *r, struct pk_nd *nd)
{
    for (size_t i = 0; r->rc == PK_OK && pk_reader_left(r) > 0; i++) {
        unsigned type = pk_read_u8(r);
        size_t len = (size_t)pk_read_u8(r) * 8;

        if (r->rc == PK_OK && (len == 0 || i == PK_ND_OPTIONS_MAX)) {
            r->rc = PK_EMALF;
        }
        if (r->rc < 0) {
            break;
        }
        struct pk_slice body = pk_read_slice(r, len - 2);

        if (r->rc == PK_OK) {
            r->rc = take_option(nd, type, body);
        }
    }
    return r->rc;
}

/* --- messages ----------------------------------------------------------------------------- */

static void take_head(struct pk_reader *r, struct pk_nd *nd)
{
    unsigned flags;

    switch (nd->type) {
    case PK_ND_ROUTER:
        pk_read_skip(r, 1); /* hop limit for the receiver's packets */
        flags = pk_read_u8(r);
        nd->ra.managed = (flags & 0x80) != 0;
        nd->ra.other = (flags & 0x40) != 0;
        nd->ra.preference = preference_of(flags);
        nd->ra.lifetime_s = pk_read_be16(r);
        pk_read_skip(r, 8);
        break;
    case PK_ND_NEIGHBOUR:
        flags = pk_read_u8(r);
        nd->router = (flags & NA_ROUTER) != 0;
        nd->solicited = (flags & NA_SOLICITED) != 0;
        nd->override = (flags & NA_OVERRIDE) != 0;
        pk_read_skip(r, 3);
        take(r, nd->target, 16);
        break;
    case PK_ND_REDIRECT:
        pk_read_skip(r, 4);
        take(r, nd->target, 16);
        take(r, nd->destination, 16);
        break;
    case PK_ND_SOLICIT:
        pk_read_skip(r, 4);
        take(r, nd->target, 16);
        break;
    default: /* PK_ND_ROUTER_SOLICIT */
        pk_read_skip(r, 4);
        break;
    }
}

/* RFC 4861 sections 6.1, 7.1 and 8.1: what makes a receiver discard it. */
static bool is_valid(const struct pk_nd *nd)
{
    bool nameless = is_unspecified(nd->from);

    switch (nd->type) {
    case PK_ND_ROUTER_SOLICIT:
        return !nameless || !nd->has_source_mac;
    case PK_ND_ROUTER:
        return pk_nd_is_link_local(nd->from);
    case PK_ND_SOLICIT:
        return !is_multicast(nd->target) && (!nameless || !nd->has_source_mac);
    case PK_ND_NEIGHBOUR:
        return !is_multicast(nd->target) && !(is_multicast(nd->to) && nd->solicited);
    default: /* PK_ND_REDIRECT */
        return pk_nd_is_link_local(nd->from) && !is_multicast(nd->destination) &&
                (pk_nd_is_link_local(nd->target) || memcmp(nd->target, nd->destination, 16) == 0);
    }
}

int pk_nd_parse(const uint8_t from[16], const uint8_t to[16], int hops, struct pk_slice message,
        struct pk_nd *out)
{
    struct pk_reader r = pk_reader_of(message);
    struct pk_nd nd = { .type = pk_read_u8(&r) };
    unsigned code = pk_read_u8(&r);

    pk_read_skip(&r, 2);
    if (r.rc == PK_OK &&
            (nd.type < PK_ND_ROUTER_SOLICIT || nd.type > PK_ND_REDIRECT || code != 0 ||
                    hops != HOPS_ND || checksum(from, to, message) != 0)) {
        r.rc = PK_EMALF;
    }
    if (r.rc < 0) {
        return r.rc;
    }
    memcpy(nd.from, from, 16);
    memcpy(nd.to, to, 16);
    take_head(&r, &nd);
    if (take_options(&r, &nd) < 0) {
        return r.rc;
    }
    if (!is_valid(&nd)) {
        return PK_EMALF;
    }
    *out = nd;
    return PK_OK;
}

/* Moves behind extension headers (RFC 8200 section 4); the protocol that follows, or -1. */
static int skip_headers(struct pk_reader *r, int next)
{
    for (size_t i = 0; i < PK_ND_HEADERS_MAX; i++) {
        if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS) {
            return next;
        }
        next = pk_read_u8(r);
        pk_read_skip(r, (size_t)pk_read_u8(r) * 8 + 6);
        if (r->rc < 0) {
            return -1;
        }
    }
    return -1;
}

int pk_nd_parse_frame(struct pk_slice frame, struct pk_nd *out)
{
    struct pk_reader r = pk_reader_of(frame);
    uint8_t eth_to[6] = { 0 };
    uint8_t eth_from[6] = { 0 };
    uint8_t from[16];
    uint8_t to[16];

    take(&r, eth_to, 6);
    take(&r, eth_from, 6);
    unsigned type = pk_read_be16(&r);
    unsigned version = pk_read_be32(&r) >> 28;
    size_t len = pk_read_be16(&r);
    int next = pk_read_u8(&r);
    int hops = pk_read_u8(&r);

    take(&r, from, 16);
    take(&r, to, 16);
    if (r.rc == PK_OK && (type != ETHERTYPE_IPV6 || version != 6)) {
        r.rc = PK_EMALF;
    }
    struct pk_slice payload = pk_read_slice(&r, len); /* short frames are padded behind it */

    if (r.rc < 0) {
        return r.rc;
    }
    r = pk_reader_of(payload);
    if (skip_headers(&r, next) != IPPROTO_ICMPV6) {
        return r.rc < 0 ? r.rc : PK_EMALF;
    }
    int rc = pk_nd_parse(from, to, hops, pk_read_slice(&r, pk_reader_left(&r)), out);

    if (rc == PK_OK) {
        out->has_mac = true;
        memcpy(out->eth_from, eth_from, 6);
        memcpy(out->eth_to, eth_to, 6);
    }
    return rc;
}

bool pk_nd_claim(const struct pk_nd *nd, const uint8_t **address, const uint8_t **mac)
{
    if (nd->type == PK_ND_NEIGHBOUR || nd->type == PK_ND_REDIRECT) {
        if (!nd->has_target_mac && (!nd->has_mac || nd->type == PK_ND_REDIRECT)) {
            return false;
        }
        *address = nd->target;
        *mac = nd->has_target_mac ? nd->target_mac : nd->eth_from;
        return true;
    }
    if (!nd->has_source_mac || is_unspecified(nd->from)) {
        return false;
    }
    *address = nd->from;
    *mac = nd->source_mac;
    return true;
}

/* --- building ----------------------------------------------------------------------------- */

static void put_ether(
        uint8_t *out, const uint8_t *to, const uint8_t address[16], const uint8_t own[6])
{
    if (to != NULL) {
        memcpy(out, to, 6);
    } else { /* RFC 2464 section 7: the multicast address's last four bytes */
        out[0] = out[1] = 0x33;
        memcpy(out + 2, address + 12, 4);
    }
    memcpy(out + 6, own, 6);
    out[12] = ETHERTYPE_IPV6 >> 8;
    out[13] = ETHERTYPE_IPV6 & 0xff;
}

static void put_ip(uint8_t *out, size_t len, const uint8_t from[16], const uint8_t to[16])
{
    memset(out, 0, 8);
    out[0] = 0x60;
    out[4] = (uint8_t)(len >> 8);
    out[5] = (uint8_t)len;
    out[6] = IPPROTO_ICMPV6;
    out[7] = HOPS_ND;
    memcpy(out + 8, from, 16);
    memcpy(out + 24, to, 16);
}

static void put_checksum(uint8_t *message, size_t len, const uint8_t from[16], const uint8_t to[16])
{
    uint16_t value = checksum(from, to, pk_slice_of(message, len));

    message[2] = (uint8_t)(value >> 8);
    message[3] = (uint8_t)value;
}

static void put_source(uint8_t *out, const uint8_t own_mac[6])
{
    out[0] = OPTION_SOURCE_MAC;
    out[1] = 1;
    memcpy(out + 2, own_mac, 6);
}

void pk_nd_build_question(const uint8_t own_mac[6], const uint8_t own[16], const uint8_t target[16],
        const uint8_t *to, uint8_t out[PK_ND_QUESTION])
{
    uint8_t group[16] = { 0xff, 2, [11] = 1, [12] = 0xff };
    uint8_t *message = out + ETHER_BYTES + IP_BYTES;
    const uint8_t *ip_to = to != NULL ? target : group;

    memcpy(group + 13, target + 13, 3);
    put_ether(out, to, ip_to, own_mac);
    put_ip(out + ETHER_BYTES, PK_ND_QUESTION - ETHER_BYTES - IP_BYTES, own, ip_to);
    memset(message, 0, 8);
    message[0] = PK_ND_SOLICIT;
    memcpy(message + 8, target, 16);
    put_source(message + 24, own_mac);
    put_checksum(message, 32, own, ip_to);
}

void pk_nd_build_solicit(const uint8_t own_mac[6], const uint8_t own[16], uint8_t out[PK_ND_RS])
{
    uint8_t *message = out + ETHER_BYTES + IP_BYTES;

    put_ether(out, NULL, all_routers, own_mac);
    put_ip(out + ETHER_BYTES, PK_ND_RS - ETHER_BYTES - IP_BYTES, own, all_routers);
    memset(message, 0, 8);
    message[0] = PK_ND_ROUTER_SOLICIT;
    put_source(message + 8, own_mac);
    put_checksum(message, 16, own, all_routers);
}
