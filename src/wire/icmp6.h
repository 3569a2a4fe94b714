/* icmp6.h - Neighbour Discovery as bytes: solicitations, advertisements and redirects (RFC 4861) with the
 * options that matter (RFC 4191 routes, RFC 8106 name servers, RFC 8910 portal). What RFC 4861 tells a
 * receiver to discard is refused here too: it changes nothing on any device. Hostile input: every list has
 * a limit. Pure. */
#pragma once

#include "base/error.h"
#include "base/slice.h"

enum pk_nd_type {
    PK_ND_ROUTER_SOLICIT = 133,
    PK_ND_ROUTER = 134,
    PK_ND_SOLICIT = 135,
    PK_ND_NEIGHBOUR = 136,
    PK_ND_REDIRECT = 137,
};

#define PK_ND_LIST_MAX    8   /* prefixes, name servers, routes kept; more are counted */
#define PK_ND_OPTIONS_MAX 64  /* read of a message; more make it malformed */
#define PK_ND_HEADERS_MAX 8   /* extension headers before it (RFC 8200 section 4.1 has fewer) */
#define PK_ND_PORTAL_MAX  256 /* bytes of the portal's URL with NUL */
#define PK_ND_QUESTION    86  /* bytes of a neighbour solicitation with its option */
#define PK_ND_RS          70  /* bytes of a router solicitation with its option */

struct pk_nd_prefix {
    uint8_t address[16];
    uint8_t bits;
    bool on_link;
    bool autonomous;
    uint32_t valid_s;
};

struct pk_nd_server {
    uint8_t address[16];
    uint32_t lifetime_s; /* 0: no longer */
};

struct pk_nd_route {
    uint8_t address[16];
    uint8_t bits;
    int preference; /* -1, 0, 1 */
    uint32_t lifetime_s;
};

/* What a router advertisement says. */
struct pk_nd_router {
    int preference; /* RFC 4191: -1 low, 0 medium, 1 high */
    uint16_t lifetime_s;
    bool managed, other; /* DHCPv6 gives addresses; other settings */
    size_t prefix_count; /* all there were; kept are at most PK_ND_LIST_MAX, as below */
    struct pk_nd_prefix prefixes[PK_ND_LIST_MAX];
    size_t server_count;
    struct pk_nd_server servers[PK_ND_LIST_MAX];
    size_t route_count;
    struct pk_nd_route routes[PK_ND_LIST_MAX];
    char portal[PK_ND_PORTAL_MAX]; /* printable part of option 37; "": none */
};

struct pk_nd {
    int type;     /* enum pk_nd_type */
    bool has_mac; /* eth_from and eth_to are there */
    uint8_t eth_from[6], eth_to[6];
    uint8_t from[16], to[16];
    uint8_t target[16];                  /* of solicitation, neighbour's advertisement, redirect */
    uint8_t destination[16];             /* of a redirect */
    bool router, solicited, override;    /* of a neighbour's advertisement */
    bool has_source_mac, has_target_mac; /* link-layer address options */
    uint8_t source_mac[6], target_mac[6];
    bool has_quote; /* of a redirect: the packet that it answers */
    uint8_t quoted_from[16];
    struct pk_nd_router ra; /* of a router's advertisement */
};

/* message: ICMPv6 from its type on. Fills all but the Ethernet addresses. PK_ETRUNC; PK_EMALF: another
 * kind of message, or one that receivers discard. */
PK_MUST_USE int pk_nd_parse(const uint8_t from[16], const uint8_t to[16], int hops,
        struct pk_slice message, struct pk_nd *out);
/* The same from a whole Ethernet frame; looks behind extension headers. Fragments are PK_EMALF:
 * receivers discard them (RFC 6980). */
PK_MUST_USE int pk_nd_parse_frame(struct pk_slice frame, struct pk_nd *out);

/* Which hardware address the message puts into a receiver's neighbour table, and for whom. False: none. */
bool pk_nd_claim(const struct pk_nd *nd, const uint8_t **address, const uint8_t **mac);

/* Asks who has target. to: only the station with this hardware address; NULL: everybody
 * (solicited-node multicast). */
void pk_nd_build_question(const uint8_t own_mac[6], const uint8_t own[16], const uint8_t target[16],
        const uint8_t *to, uint8_t out[PK_ND_QUESTION]);
/* Asks all routers to announce themselves. */
void pk_nd_build_solicit(const uint8_t own_mac[6], const uint8_t own[16], uint8_t out[PK_ND_RS]);

bool pk_nd_is_link_local(const uint8_t address[16]);
/* Do the first bits agree? */
bool pk_nd_in_prefix(const uint8_t address[16], const uint8_t prefix[16], unsigned bits);
