/* address_kind.h - what an address can be good for (RFC 6890), and IPv6 addresses that carry an IPv4
 * address (RFC 6052). Any thread may call. */
#pragma once

#include "wire/address.h"

enum pk_address_kind {
    PK_ADDRESS_PUBLIC,  /* also the documentation prefixes: nothing private can stand there */
    PK_ADDRESS_PRIVATE, /* RFC 1918, 6598, 4193, and link-local: hosts near by */
    PK_ADDRESS_NOWHERE, /* 0.0.0.0/8, loopback, multicast, broadcast: no host of a name */
};
enum pk_address_kind pk_address_kind(const struct pk_address *address);

/* Are the first `bits` of both the same? Families must agree. */
bool pk_address_in(
        const struct pk_address *address, const struct pk_address *prefix, unsigned bits);

struct pk_nat64 {
    struct pk_address prefix;
    unsigned bits; /* 32, 40, 48, 56, 64 or 96 */
};
/* The address that stands in v6 behind this prefix. PK_EMALF: v6 is not of the prefix. */
PK_MUST_USE int pk_nat64_inner(
        const struct pk_nat64 *nat64, const struct pk_address *v6, struct pk_address *out);
/* Finds the prefix by which v6 carries v4 (RFC 7050 section 3). PK_ENOENT. */
PK_MUST_USE int pk_nat64_find(
        const struct pk_address *v6, const struct pk_address *v4, struct pk_nat64 *out);
/* "64:ff9b::/96" */
PK_MUST_USE int pk_nat64_parse(const char *text, struct pk_nat64 *out);
extern const struct pk_nat64 pk_nat64_well_known;
