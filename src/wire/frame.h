/* frame.h - the layers of one packet as it was on the wire: link, network, transport. Slices point into
 * the packet. Hostile input: lengths that do not add up end the layering there, nothing is read beyond.
 * Fragments other than the first have no transport. Pure. */
#pragma once

#include "base/slice.h"
#include "wire/address.h"

/* LINKTYPE_ numbers of the pcap format (tcpdump.org/linktypes.html) that are understood. */
enum pk_link_type {
    PK_LINK_NULL = 0, /* BSD loopback */
    PK_LINK_ETHERNET = 1,
    PK_LINK_RAW = 101, /* IPv4 or IPv6 without a link layer */
    PK_LINK_80211 = 105,
    PK_LINK_LOOP = 108, /* OpenBSD loopback */
    PK_LINK_SLL = 113,  /* Linux "any" device */
    PK_LINK_80211_PRISM = 119,
    PK_LINK_80211_RADIOTAP = 127,
    PK_LINK_IPV4 = 228,
    PK_LINK_IPV6 = 229,
    PK_LINK_SLL2 = 276,
};

struct pk_frame {
    int64_t at_us;         /* since 1970 */
    int link;              /* enum pk_link_type */
    bool cut;              /* the capture holds less than was on the wire */
    struct pk_slice bytes; /* the whole packet */
    bool has_mac;
    uint8_t mac_from[6];
    uint8_t mac_to[6];
    uint16_t ethertype;      /* behind VLAN tags; 0: none */
    struct pk_slice payload; /* of the link layer */
    struct pk_address from;  /* family 0: no IP; port: of the transport */
    struct pk_address to;
    int hops;     /* TTL, hop limit */
    int protocol; /* of the transport: IPPROTO_UDP ...; -1: none */
    bool fragment;
    struct pk_slice transport; /* header and all behind it: ICMP, UDP, TCP */
    struct pk_slice data;      /* behind the UDP or TCP header */
    uint8_t tcp_flags;
    uint32_t tcp_seq;
};

/* PK_OK; PK_EMALF: not even its link layer makes sense (the packet is to be passed over). */
PK_MUST_USE int pk_frame_parse(
        int link, struct pk_slice bytes, int64_t at_us, struct pk_frame *out);
