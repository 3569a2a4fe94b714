/* arp.h - ARP over Ethernet (RFC 826) as bytes, and the socket filter that lets a program
 * sleep through honest frames. Pure. */
#pragma once

#include <stddef.h>
#include <linux/filter.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/slice.h"

#define PK_ARP_FRAME_BYTES 42

enum pk_arp_op {
    PK_ARP_REQUEST = 1,
    PK_ARP_REPLY = 2,
};

struct pk_arp_frame {
    uint8_t to[6]; /* Ethernet destination */
    int op;
    uint8_t sender_mac[6];
    uint8_t sender_ip[4];
    uint8_t target_mac[6];
    uint8_t target_ip[4];
};

/* PK_ETRUNC; PK_EMALF: not ARP of IPv4 over Ethernet. */
PK_MUST_USE int pk_arp_parse(struct pk_slice bytes, struct pk_arp_frame *out);
void pk_arp_build(const struct pk_arp_frame *frame, uint8_t out[PK_ARP_FRAME_BYTES]);

#define PK_ARP_FILTER_MAX 10
/* Passes frames whose sender says that it holds address. known: only when the hardware address is
 * another one; NULL: all. Returns the number of instructions. */
size_t pk_arp_filter(
        const uint8_t address[4], const uint8_t *known, struct sock_filter out[PK_ARP_FILTER_MAX]);
