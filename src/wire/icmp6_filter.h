/* icmp6_filter.h - the socket filter (classic BPF) that lets a program sleep through honest Neighbour
 * Discovery: it passes claims about addresses that matter, advertisements of routers that differ from what
 * is known, all redirects, and what hides behind extension headers. Pure. */
#pragma once

#include <linux/filter.h>

#include "base/slice.h"

#define PK_ND_FILTER_ADDRESSES 8
#define PK_ND_FILTER_ROUTERS   4
#define PK_ND_FILTER_RA_MAX    254 /* bytes of a known advertisement; longer ones always pass */
#define PK_ND_FILTER_MAX       2048

struct pk_nd_watched {
    uint8_t address[16];
    bool has_mac; /* frames by which this very hardware address claims it are no news */
    uint8_t mac[6];
};

struct pk_nd_filter {
    size_t address_count;
    struct pk_nd_watched addresses[PK_ND_FILTER_ADDRESSES];
    size_t router_count;
    /* Whole frames: another one that says the same is no news, to whomever it is sent. */
    struct pk_slice routers[PK_ND_FILTER_ROUTERS];
};

/* Returns the number of instructions. */
size_t pk_nd_filter_build(
        const struct pk_nd_filter *filter, struct sock_filter out[PK_ND_FILTER_MAX]);
