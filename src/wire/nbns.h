/* nbns.h - NetBIOS name service (RFC 1002 section 4.2): one broadcast question for a name, and the answer.
 * Pure; hostile input. */
#pragma once

#include "base/slice.h"
#include "wire/address.h"

#define PK_NBNS_QUERY 50 /* bytes of a question */
#define PK_NBNS_PORT  137

/* Asks for the workstation of that name (suffix 0x00). PK_EMALF: longer than 15 characters, or empty. */
PK_MUST_USE int pk_nbns_build(uint16_t id, const char *name, uint8_t out[PK_NBNS_QUERY]);
/* A positive answer to that question: *out gets its first address. PK_EMALF, PK_ETRUNC. */
PK_MUST_USE int pk_nbns_parse(
        struct pk_slice message, uint16_t id, const char *name, struct pk_address *out);
