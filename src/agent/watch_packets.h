/* watch_packets.h - a packet socket (packet(7)) on one interface with a filter of its own (classic BPF), so
 * that the agent sleeps through everything that is no news. Frames come whole, from the Ethernet header
 * on. Needs CAP_NET_RAW. Loop thread only. */
#pragma once

#include <linux/filter.h>

#include "base/error.h"
#include "base/slice.h"

struct pk_loop;
struct pk_packet_watch;

/* ethertype as in <net/ethernet.h>. Nothing is received before pk_packet_watch_filter(). bytes_max: of a
 * frame; more is cut. -EPERM without the permission. */
PK_MUST_USE int pk_packet_watch_create(struct pk_loop *loop, int interface_index,
        uint16_t ethertype, size_t bytes_max, void (*fn)(void *ctx, struct pk_slice frame),
        void *ctx, struct pk_packet_watch **out, struct pk_error *err);
void pk_packet_watch_destroy(struct pk_packet_watch *watch); /* NULL is fine */

/* Replaces the filter; code is copied. Offsets count from the Ethernet header. */
PK_MUST_USE int pk_packet_watch_filter(struct pk_packet_watch *watch,
        const struct sock_filter *code, size_t count, struct pk_error *err);

/* Sends a whole Ethernet frame. */
PK_MUST_USE int pk_packet_send(
        struct pk_packet_watch *watch, struct pk_slice frame, struct pk_error *err);
