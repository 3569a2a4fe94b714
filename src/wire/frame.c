#include "wire/frame.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>

#define VLANS_MAX      3
#define EXTENSIONS_MAX 8
#define PPPOE_SESSION  0x8864
#define PPP_IPV4       0x0021
#define PPP_IPV6       0x0057

static uint16_t be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)be16(p) << 16 | be16(p + 2);
}

static struct pk_slice from_byte(struct pk_slice s, size_t at)
{
    return at <= s.len ? pk_slice_of(s.ptr + at, s.len - at) : pk_slice_of(s.ptr, 0);
}

static struct pk_slice first_bytes(struct pk_slice s, size_t len)
{
    return pk_slice_of(s.ptr, len < s.len ? len : s.len);
}

/* --- transport ---------------------------------------------------------------------------- */

static void read_transport(struct pk_frame *f)
{
    struct pk_slice t = f->transport;

    if (f->protocol == IPPROTO_UDP && t.len >= 8) {
        size_t len = be16(t.ptr + 4);

        f->from.port = be16(t.ptr);
        f->to.port = be16(t.ptr + 2);
        f->data = from_byte(len >= 8 ? first_bytes(t, len) : t, 8);
    } else if (f->protocol == IPPROTO_TCP && t.len >= 20) {
        size_t header = (size_t)(t.ptr[12] >> 4) * 4;

        f->from.port = be16(t.ptr);
        f->to.port = be16(t.ptr + 2);
        f->tcp_seq = be32(t.ptr + 4);
        f->tcp_flags = t.ptr[13];
        f->data = header >= 20 ? from_byte(t, header) : pk_slice_of(t.ptr, 0);
    }
}

/* --- network ------------------------------------------------------------------------------ */

static void read_ipv4(struct pk_frame *f, struct pk_slice s)
{
    size_t header;
    size_t total;

    if (s.len < 20 || s.ptr[0] >> 4 != 4) {
        return;
    }
    header = (size_t)(s.ptr[0] & 15) * 4;
    total = be16(s.ptr + 2);
    if (header < 20 || header > s.len || total < header) {
        return;
    }
    f->from.family = f->to.family = AF_INET;
    memcpy(f->from.bytes, s.ptr + 12, 4);
    memcpy(f->to.bytes, s.ptr + 16, 4);
    f->hops = s.ptr[8];
    f->fragment = (be16(s.ptr + 6) & 0x1fff) != 0;
    if (f->fragment) {
        return;
    }
    f->protocol = s.ptr[9];
    f->transport = from_byte(first_bytes(s, total), header);
    read_transport(f);
}

static bool is_extension(int protocol)
{
    return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
            protocol == IPPROTO_DSTOPTS || protocol == IPPROTO_FRAGMENT;
}

static void read_ipv6(struct pk_frame *f, struct pk_slice s)
{
    struct pk_slice rest;
    int next;

    if (s.len < 40 || s.ptr[0] >> 4 != 6) {
        return;
    }
    f->from.family = f->to.family = AF_INET6;
    memcpy(f->from.bytes, s.ptr + 8, 16);
    memcpy(f->to.bytes, s.ptr + 24, 16);
    f->hops = s.ptr[7];
    next = s.ptr[6];
    rest = first_bytes(from_byte(s, 40), be16(s.ptr + 4));
    for (int i = 0; i < EXTENSIONS_MAX && is_extension(next) && rest.len >= 8; i++) {
        size_t len = next == IPPROTO_FRAGMENT ? 8 : 8 + (size_t)rest.ptr[1] * 8;

        f->fragment |= next == IPPROTO_FRAGMENT && (be16(rest.ptr + 2) & 0xfff8) != 0;
        next = rest.ptr[0];
        rest = from_byte(rest, len);
    }
    if (f->fragment || is_extension(next)) {
        return;
    }
    f->protocol = next;
    f->transport = rest;
    read_transport(f);
}

static void read_network(struct pk_frame *f)
{
    if (f->ethertype == ETHERTYPE_IP) {
        read_ipv4(f, f->payload);
    } else if (f->ethertype == ETHERTYPE_IPV6) {
        read_ipv6(f, f->payload);
    }
}

/* --- link --------------------------------------------------------------------------------- */

/* Behind the addresses: tags of virtual networks, PPPoE, or the type itself. */
static void read_ethertype(struct pk_frame *f, struct pk_slice s)
{
    for (int i = 0; i <= VLANS_MAX && s.len >= 2; i++) {
        uint16_t type = be16(s.ptr);

        if ((type == 0x8100 || type == 0x88a8 || type == 0x9100) && s.len >= 6) {
            s = from_byte(s, 4);
            continue;
        }
        if (type == PPPOE_SESSION && s.len >= 10) {
            uint16_t ppp = be16(s.ptr + 8);

            f->ethertype = ppp == PPP_IPV4 ? ETHERTYPE_IP : ppp == PPP_IPV6 ? ETHERTYPE_IPV6 : 0;
            f->payload = from_byte(s, 10);
            return;
        }
        f->ethertype = type >= 0x600 ? type : 0; /* else a length: IEEE 802.3 */
        f->payload = from_byte(s, 2);
        return;
    }
}

static int read_ethernet(struct pk_frame *f)
{
    if (f->bytes.len < 14) {
        return PK_EMALF;
    }
    f->has_mac = true;
    memcpy(f->mac_to, f->bytes.ptr, 6);
    memcpy(f->mac_from, f->bytes.ptr + 6, 6);
    read_ethertype(f, from_byte(f->bytes, 12));
    return PK_OK;
}

/* Linux "cooked" captures: only the sender's address is there. */
static int read_cooked(
        struct pk_frame *f, size_t header, size_t type_at, size_t len_at, size_t mac_at)
{
    size_t len;

    if (f->bytes.len < header) {
        return PK_EMALF;
    }
    len = len_at == 4 ? be16(f->bytes.ptr + len_at) : f->bytes.ptr[len_at];
    f->has_mac = len == 6;
    if (f->has_mac) {
        memcpy(f->mac_from, f->bytes.ptr + mac_at, 6);
    }
    f->ethertype = be16(f->bytes.ptr + type_at);
    f->payload = from_byte(f->bytes, header);
    return PK_OK;
}

static int read_raw(struct pk_frame *f)
{
    int version = f->bytes.len > 0 ? f->bytes.ptr[0] >> 4 : 0;

    f->ethertype = version == 4 ? ETHERTYPE_IP : version == 6 ? ETHERTYPE_IPV6 : 0;
    f->payload = f->bytes;
    return f->ethertype != 0 ? PK_OK : PK_EMALF;
}

/* BSD loopback: the address family, in the byte order of the machine that captured. */
static int read_null(struct pk_frame *f)
{
    if (f->bytes.len < 5) {
        return PK_EMALF;
    }
    f->bytes = from_byte(f->bytes, 4);
    return read_raw(f);
}

static int read_link(struct pk_frame *f)
{
    switch (f->link) {
    case PK_LINK_ETHERNET:
        return read_ethernet(f);
    case PK_LINK_NULL:
    case PK_LINK_LOOP:
        return read_null(f);
    case PK_LINK_RAW:
    case PK_LINK_IPV4:
    case PK_LINK_IPV6:
        return read_raw(f);
    case PK_LINK_SLL:
        return read_cooked(f, 16, 14, 4, 6);
    case PK_LINK_SLL2:
        return read_cooked(f, 20, 0, 11, 12);
    case PK_LINK_80211:
    case PK_LINK_80211_PRISM:
    case PK_LINK_80211_RADIOTAP:
        f->payload = f->bytes;
        return PK_OK;
    default:
        return PK_EMALF;
    }
}

int pk_frame_parse(int link, struct pk_slice bytes, int64_t at_us, struct pk_frame *out)
{
    int rc;

    *out = (struct pk_frame){ .at_us = at_us, .link = link, .bytes = bytes, .protocol = -1 };
    rc = read_link(out);
    if (rc == PK_OK) {
        read_network(out);
    }
    return rc;
}
