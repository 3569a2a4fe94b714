/* icmp.h - ICMP of IPv4 (RFC 792) as far as the agent needs it: redirects, and the echo that asks a
 * station whether it holds an address itself. ICMPv6 is icmp6.h. Hostile input; pure. */
#pragma once

#include <linux/filter.h>

#include "wire/ip4.h"

enum pk_icmp_type {
    PK_ICMP_ECHO_REPLY = 0,
    PK_ICMP_REDIRECT = 5,
    PK_ICMP_ECHO = 8,
    PK_ICMP_EXCEEDED = 11,
};

struct pk_icmp {
    int type;
    int code;
    uint16_t id; /* of an echo or its reply, or of the echo that an error quotes */
    uint16_t sequence;
    uint8_t gateway[4]; /* of a redirect: the other way */
    bool quotes;        /* an error that holds the head of the packet it is about: */
    struct pk_ip4 about;
    int about_type; /* of the quoted ICMP message; -1: another protocol, or cut off */
};

/* payload of an IPv4 packet of protocol 1. PK_ETRUNC; PK_EMALF: wrong checksum, or a type that is none
 * of the above. An error whose quotation makes no sense has quotes false. */
PK_MUST_USE int pk_icmp_parse(struct pk_slice payload, struct pk_icmp *out);

#define PK_ICMP_ECHO_BYTES 16
/* An echo request (eight bytes header, eight of our own). */
void pk_icmp_build_echo(uint16_t id, uint16_t sequence, uint8_t out[PK_ICMP_ECHO_BYTES]);

#define PK_ICMP_FILTER_MAX 16
/* Passes redirects; with echo also echo replies and "time exceeded". */
size_t pk_icmp_filter(bool echo, struct sock_filter out[PK_ICMP_FILTER_MAX]);
