/* ip4.h - one IPv4 packet in an Ethernet frame (RFC 791, 894) as bytes: what the agent's own packet
 * sockets hear and send. Hostile input: lengths that do not add up are refused, nothing is read beyond
 * the packet's own end. Pure. */
#pragma once

#include "base/error.h"
#include "base/slice.h"

#define PK_IP4_HEAD      34   /* Ethernet and IPv4 headers as we send them: no tag, no options */
#define PK_IP4_FRAME_MAX 1514 /* of Ethernet */

struct pk_ip4 {
    uint8_t mac_from[6];
    uint8_t mac_to[6];
    uint8_t from[4];
    uint8_t to[4];
    int ttl;
    int protocol;
    struct pk_slice payload; /* points into the frame; padding behind the packet is cut off */
};

/* PK_ETRUNC; PK_EMALF: no IPv4, or a fragment other than the whole (nothing that we wait for comes in
 * fragments). */
PK_MUST_USE int pk_ip4_parse(struct pk_slice frame, struct pk_ip4 *out);

/* The same without the Ethernet header: the quoted packet of an ICMP error, which may end early (RFC 792: eight bytes of the payload). */
PK_MUST_USE int pk_ip4_parse_quoted(struct pk_slice packet, struct pk_ip4 *out);

/* Writes the frame; returns its length, 0 when it has no room in out. */
size_t pk_ip4_build(const struct pk_ip4 *packet, uint8_t *out, size_t max);

/* The internet checksum (RFC 1071) of data, beginning with sum. */
uint16_t pk_ip4_checksum(struct pk_slice data, uint32_t sum);
