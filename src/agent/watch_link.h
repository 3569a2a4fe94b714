/* watch_link.h - which link carries the default route, to which gateway, and when that changes
 * (rtnetlink(7)). Wakes only for the kernel's own messages. Loop thread only. */
#pragma once

#include <net/if.h>
#include <stdbool.h>

#include "agent/net.h"

struct pk_loop;
struct pk_strings;
struct pk_arena;
struct pk_link_watch;

struct pk_link_state {
    bool up;   /* there is a default route over a link with a carrier */
    int index; /* of the interface */
    char name[IF_NAMESIZE];
    int kind;                   /* index into pk_link_names */
    struct pk_address address;  /* own IPv4 address, family 0: none */
    unsigned prefix;            /* its length in bits */
    struct pk_address gateway;  /* IPv4, family 0: none */
    struct pk_address gateway6; /* family 0: none */
    uint8_t mac[6];             /* own */
    unsigned epoch;             /* grows each time that the carrier came back */
};

struct pk_link_handlers {
    /* The settled state differs from the last one that was told. */
    void (*changed)(void *ctx, const struct pk_link_state *state);
    /* At once: the neighbour table now holds this hardware address for the IPv4 gateway. */
    void (*neighbour)(void *ctx, const uint8_t mac[6]);
    /* At once: it holds this one for an IPv6 address. NULL is fine. */
    void (*neighbour6)(void *ctx, const uint8_t address[16], const uint8_t mac[6]);
};

/* interface: look at this one only; NULL: the one with the best default route. changed() is called
 * for the first time when the loop runs. A loss counts after a longer silence than settle_ms, since
 * a roaming or renewing link is gone for moments. */
PK_MUST_USE int pk_link_watch_create(struct pk_loop *loop, const char *interface, int64_t settle_ms,
        const struct pk_link_handlers *handlers, void *ctx, struct pk_link_watch **out,
        struct pk_error *err);
void pk_link_watch_destroy(struct pk_link_watch *watch);

/* Hardware address of the IPv4 gateway in the neighbour table; false: none is known. */
bool pk_link_gateway_mac(const struct pk_link_state *state, uint8_t mac[6]);
/* Other IPv4 neighbours that have this hardware address; at most 8. */
void pk_link_also(const struct pk_link_state *state, const uint8_t mac[6], struct pk_arena *arena,
        struct pk_strings *out);
/* How long the carrier was gone when it was gone within the last minute; 0: it was not. */
int64_t pk_link_lost_ms(const struct pk_link_watch *watch);
