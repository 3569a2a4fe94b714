/* dns.h - DNS questions and answers as bytes (RFC 1035 section 4, AAAA: RFC 3596). Only
 * what a probe needs: one question, addresses back. Hostile input: every count is limited. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"
#include "wire/address.h"

#define PK_DNS_NAME_MAX      254 /* text of a name, NUL included (RFC 1035 section 2.3.4) */
#define PK_DNS_QUERY_MAX     300
#define PK_DNS_ADDRESSES_MAX 8  /* kept of an answer; more are counted */
#define PK_DNS_RECORDS_MAX   64 /* read of an answer; more make it malformed */
#define PK_DNS_POINTERS_MAX  16 /* compression pointers followed in one name */

enum pk_dns_type {
    PK_DNS_A = 1,
    PK_DNS_CNAME = 5,
    PK_DNS_AAAA = 28,
};

enum pk_dns_rcode {
    PK_DNS_NOERROR = 0,
    PK_DNS_SERVFAIL = 2,
    PK_DNS_NXDOMAIN = 3,
    PK_DNS_REFUSED = 5,
};

struct pk_dns_answer {
    int rcode;
    bool truncated;
    bool authentic;                                    /* AD bit */
    size_t total;                                      /* addresses in the answer */
    size_t count;                                      /* of which kept */
    struct pk_address addresses[PK_DNS_ADDRESSES_MAX]; /* port 0 */
};

/* Writes the question for name (dots separate labels, no trailing dot needed) with "recursion
 * desired"; *len gets its length. PK_EMALF: not a name that can be asked for. */
PK_MUST_USE int pk_dns_build(uint16_t id, const char *name, enum pk_dns_type type,
        uint8_t out[PK_DNS_QUERY_MAX], size_t *len);

/* Asks, in a question that was built, whether the answer is signed and was verified (RFC 6840 section
 * 5.7): the signatures themselves are not sent along, as they would be for "DNSSEC OK". */
static inline void pk_dns_want_authentic(uint8_t question[PK_DNS_QUERY_MAX])
{
    question[3] |= 0x20;
}

/* The same code and the same addresses, in any order. */
bool pk_dns_same_answer(const struct pk_dns_answer *a, const struct pk_dns_answer *b);

/* Reads the answer to that question; anything that does not echo id, name and type is PK_EMALF or
 * PK_ETRUNC (it may be a forgery that guessed: wait for the next one). Addresses of the asked type
 * that stand in the answer section count, whatever name of a CNAME chain they hang on. */
PK_MUST_USE int pk_dns_parse(struct pk_slice message, uint16_t id, const char *name,
        enum pk_dns_type type, struct pk_dns_answer *out);
