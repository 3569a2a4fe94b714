/* link_read.h - asks the kernel once for links, addresses, routes and neighbours. The kernel
 * answers such dumps at once. Any thread may call. */
#pragma once

#include "agent/watch_link.h"

struct nlmsghdr;

/* Fills all but epoch. interface as in pk_link_watch_create(). */
PK_MUST_USE int pk_link_read(
        const char *interface, struct pk_link_state *out, struct pk_error *err);

struct pk_neighbour {
    int index;
    struct pk_address address;
    uint8_t mac[6];
};

/* A message RTM_NEWNEIGH with a usable hardware address: PK_OK; PK_ENOENT: it has none. */
PK_MUST_USE int pk_neighbour_parse(const struct nlmsghdr *message, struct pk_neighbour *out);
/* Calls fn for each IPv4 neighbour. */
PK_MUST_USE int pk_neighbour_list(void (*fn)(void *ctx, const struct pk_neighbour *neighbour),
        void *ctx, struct pk_error *err);
/* The same for IPv6. */
PK_MUST_USE int pk_neighbour_list6(void (*fn)(void *ctx, const struct pk_neighbour *neighbour),
        void *ctx, struct pk_error *err);
/* The link-local IPv6 address of this interface; PK_ENOENT: it has none. */
PK_MUST_USE int pk_link_local6(int index, uint8_t out[16], struct pk_error *err);
/* Calls fn for each router of an IPv6 default route over this interface. */
PK_MUST_USE int pk_link_routers6(int index, void (*fn)(void *ctx, const struct pk_address *router),
        void *ctx, struct pk_error *err);
