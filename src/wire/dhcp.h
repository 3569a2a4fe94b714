/* dhcp.h - DHCP for IPv4 (RFC 2131, options RFC 2132) as far as it says where traffic is led: server,
 * address, routers, name servers, routes (RFC 3442), proxy script (option 252), portal (RFC 8910).
 * Hostile input: every count and length has a limit. Pure. */
#pragma once

#include <linux/filter.h>

#include "wire/ip4.h"

#define PK_DHCP_SERVER_PORT 67
#define PK_DHCP_CLIENT_PORT 68

#define PK_DHCP_OPTIONS_MAX 256 /* read of one message; more make it malformed */
#define PK_DHCP_LIST_MAX    8   /* addresses kept of one option */
#define PK_DHCP_ROUTES_MAX  16  /* classless routes kept */
#define PK_DHCP_TEXT_MAX    256 /* bytes of a URL with its NUL */
#define PK_DHCP_VALUE_MAX   512 /* bytes of an option that comes in parts (RFC 3396) */

enum pk_dhcp_type { /* RFC 2132 section 9.6 */
    PK_DHCP_DISCOVER = 1,
    PK_DHCP_OFFER = 2,
    PK_DHCP_REQUEST = 3,
    PK_DHCP_DECLINE = 4,
    PK_DHCP_ACK = 5,
    PK_DHCP_NAK = 6,
    PK_DHCP_RELEASE = 7,
    PK_DHCP_INFORM = 8,
};

struct pk_dhcp_route {
    uint8_t to[4];
    unsigned prefix;
    uint8_t by[4]; /* 0.0.0.0: on the link */
};

struct pk_dhcp {
    bool reply; /* from a server (BOOTREPLY) */
    enum pk_dhcp_type type;
    uint32_t id; /* of the exchange */
    uint8_t client_mac[6];
    uint8_t client[4]; /* ciaddr: the address that the client has */
    uint8_t yours[4];  /* yiaddr: the one it gets */
    uint8_t relay[4];  /* giaddr */
    uint8_t server[4]; /* option 54; 0.0.0.0: not told */
    uint8_t mask[4];
    uint32_t lease_s; /* 0: not told */
    size_t router_count;
    uint8_t routers[PK_DHCP_LIST_MAX][4];
    size_t dns_count;
    uint8_t dns[PK_DHCP_LIST_MAX][4];
    size_t route_count;
    struct pk_dhcp_route routes[PK_DHCP_ROUTES_MAX]; /* option 121, or Microsoft's 249 */
    char wpad[PK_DHCP_TEXT_MAX]; /* "" when there is none; printable ASCII only */
    char portal[PK_DHCP_TEXT_MAX];
    /* What kind of program wrote it: a hash of the codes of its options in order and of which header fields
     * it fills, of no value in them; never 0. Servers answer in the order in which they are asked, so
     * only answers to one and the same question compare (pk_dhcp_build_discover()). */
    uint32_t traits;
};

/* The payload of a UDP packet. PK_ETRUNC; PK_EMALF: no DHCP of Ethernet; PK_ELIMIT. */
PK_MUST_USE int pk_dhcp_parse(struct pk_slice payload, struct pk_dhcp *out);

/* The default router: a classless default route rules out option 3 (RFC 3442). NULL: none is named. */
const uint8_t *pk_dhcp_router(const struct pk_dhcp *message);

/* A whole Ethernet frame from a DHCP server or relay (port 67 to 68, or to 67): its packet and message.
 * Checksums of UDP are not looked at: virtual links leave them to the hardware. */
PK_MUST_USE int pk_dhcp_parse_frame(
        struct pk_slice frame, struct pk_ip4 *packet, struct pk_dhcp *out);

#define PK_DHCP_FRAME_MAX 400
/* DISCOVER as the client with this hardware address, to everybody. It claims nothing: only a REQUEST
 * takes what was offered (RFC 2131 section 3.1), and a server reserves for a client that has an address the same one. id must
 * be hard to guess. Returns the frame's length. */
size_t pk_dhcp_build_discover(uint32_t id, const uint8_t mac[6], uint8_t out[PK_DHCP_FRAME_MAX]);

#define PK_DHCP_FILTER_MAX 16
/* Passes what servers say to clients. */
size_t pk_dhcp_filter(struct sock_filter out[PK_DHCP_FILTER_MAX]);
