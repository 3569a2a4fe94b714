/* watch_arp.h - a packet socket (packet(7)) on one interface that wakes the loop only for ARP
 * frames about one address, and sends questions about it. Needs CAP_NET_RAW. Loop thread only. */
#pragma once

#include "wire/arp.h"

struct pk_loop;
struct pk_arp_watch;

/* Nothing is received before pk_arp_watch_filter(). -EPERM without the permission. */
PK_MUST_USE int pk_arp_watch_create(struct pk_loop *loop, int interface_index,
        void (*fn)(void *ctx, const struct pk_arp_frame *frame), void *ctx,
        struct pk_arp_watch **out, struct pk_error *err);
void pk_arp_watch_destroy(struct pk_arp_watch *watch);

/* Frames of those who claim address; known as in pk_arp_filter(). */
PK_MUST_USE int pk_arp_watch_filter(struct pk_arp_watch *watch, const uint8_t address[4],
        const uint8_t *known, struct pk_error *err);

/* Asks who has address, as own_mac/own_ip. to: only this hardware address; NULL: everybody. */
PK_MUST_USE int pk_arp_ask(struct pk_arp_watch *watch, const uint8_t own_mac[6],
        const uint8_t own_ip[4], const uint8_t address[4], const uint8_t *to, struct pk_error *err);
