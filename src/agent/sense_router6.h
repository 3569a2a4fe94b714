/* sense_router6.h - inside of the sense of IPv6 routers (sense_router6.c, sense_holder6.c): one packet
 * socket for Neighbour Discovery, a tracker of advertisements, and for each address that matters one of
 * who holds it. Loop thread only. */
#pragma once

#include "agent/sense_round.h"
#include "agent/watch_packets.h"
#include "track/routers.h"
#include "wire/icmp6_filter.h"

/* Who holds one address: a router's, or that of a name server on this link. */
struct pk_holder6 {
    struct pk_sense_router6 *owner;
    uint8_t address[16];
    struct pk_gateway *gateway; /* the order of questions is that of IPv4 */
    struct pk_timer timer;
    bool told_rival;
    bool loud;
    struct pk_nd_watched watched; /* what the filter lets through */
};

struct pk_sense_router6 {
    struct pk_sense *sense;
    struct pk_packet_watch *packets; /* NULL: no permission; the neighbour table alone is watched */
    bool here;
    uint8_t own[16]; /* link-local */
    bool has_own;
    struct pk_routers *routers;
    struct pk_timer routers_timer, redirect_timer;
    struct pk_holder6 holders[PK_ND_FILTER_ADDRESSES];
    size_t holder_count;
    int64_t visits;     /* when we came */
    bool had_ipv6;      /* on earlier visits */
    bool began_without; /* nobody was here when we came */
    bool reported;
    bool loud;
    struct pk_sense_told told;
    /* Redirects of the last minute: */
    int64_t redirects;
    int64_t redirect_ms; /* of the first of them */
    char redirect_from[PK_ADDRESS_TEXT];
};

/* Reads the own link-local address when it is not known yet. False: there is none to ask with. */
bool pk_router6_can_ask(struct pk_sense_router6 *part);
void pk_router6_ask(struct pk_sense_router6 *part, const uint8_t address[16], const uint8_t *to);
/* The socket's filter is made anew. */
void pk_router6_listen(struct pk_sense_router6 *part);

/* --- sense_holder6.c --- */

/* Watches this address from now on, unless it does already or there are too many. */
void pk_holder6_add(struct pk_sense_router6 *part, const uint8_t address[16]);
/* The same for all that the neighbour table has for this equipment: a router's global addresses. */
void pk_holder6_add_all(struct pk_sense_router6 *part, const uint8_t mac[6]);
/* The neighbour table has this equipment for the address. */
bool pk_holder6_is_on(
        struct pk_sense_router6 *part, const uint8_t address[16], const uint8_t mac[6]);
void pk_holder6_leave(struct pk_sense_router6 *part);
void pk_holder6_frame(struct pk_sense_router6 *part, const struct pk_nd *nd);
void pk_holder6_neighbour(
        struct pk_sense_router6 *part, const uint8_t address[16], const uint8_t mac[6]);
void pk_holder6_check(struct pk_sense_router6 *part, bool loud);
/* Somebody else claims one of the addresses. */
bool pk_holder6_odd(const struct pk_sense_router6 *part);
