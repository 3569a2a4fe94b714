/* dns_relay.h - DNS messages as a forwarder sees them (RFC 1035, EDNS: RFC 6891): the one question, the few
 * fields that decide how it is treated, and the short answers that are made on the spot. Everything else of
 * a message passes as it came. Hostile input on both sides; pure. */
#pragma once

#include "base/slice.h"
#include "wire/dns.h"

#define PK_RELAY_QUERY_MAX  4096U  /* bytes of a question: real ones have less than 600 */
#define PK_RELAY_ANSWER_MAX 65535U /* of an answer: the length of a TCP message has 16 bits */
#define PK_RELAY_PLAIN_MAX  512U /* answer by UDP to one who does not speak EDNS (RFC 1035 4.2.1) */
#define PK_RELAY_MADE_MAX   512U /* answers that are made here fit everywhere */
#define PK_RELAY_TEXT_MAX   120U /* of a reason (RFC 8914) */

enum pk_relay_todo {
    PK_RELAY_FORWARD,
    PK_RELAY_DROP,   /* no question at all: nobody gets an answer */
    PK_RELAY_REFUSE, /* answer with the code in `rcode` */
};

enum pk_relay_rcode {
    PK_RELAY_FORMERR = 1,
    PK_RELAY_NOTIMP = 4,
};

enum pk_relay_type {
    PK_RELAY_TYPE_SOA = 6,
    PK_RELAY_TYPE_OPT = 41,
    PK_RELAY_TYPE_IXFR = 251,
    PK_RELAY_TYPE_AXFR = 252,
};

struct pk_relay_query {
    uint16_t id;
    unsigned flags;
    int rcode;           /* for PK_RELAY_REFUSE */
    size_t question_end; /* where the question ends in the message; 0: it has none that can be read */
    unsigned type;
    unsigned class_;
    bool edns;
    size_t answer_max; /* what its sender can take by UDP */
    /* In lower case, without the last dot; "" when no host can have such a name. */
    char name[PK_DNS_NAME_MAX];
};

/* Reads a question. *out is always set. */
enum pk_relay_todo pk_relay_read(struct pk_slice message, struct pk_relay_query *out);

/* Is this the answer to the question that was sent under that id? The question must be echoed to the
 * letter, but for upper and lower case; a bare header is an answer only when it says "no". */
bool pk_relay_answers(
        struct pk_slice question, size_t question_end, uint16_t id, struct pk_slice answer);

static inline uint16_t pk_relay_id(struct pk_slice message)
{
    return (uint16_t)(message.ptr[0] << 8 | message.ptr[1]);
}

/* message has at least 2 bytes. */
static inline void pk_relay_set_id(uint8_t *message, uint16_t id)
{
    message[0] = (uint8_t)(id >> 8);
    message[1] = (uint8_t)id;
}

/* Why the answer is as it is, in words: extended DNS errors (RFC 8914). */
enum pk_relay_why {
    PK_RELAY_WHY_NONE = -1,
    PK_RELAY_WHY_BLOCKED = 15,  /* by who runs the resolver */
    PK_RELAY_WHY_FILTERED = 17, /* by the one who asked, or his organisation */
    PK_RELAY_WHY_UNREACHABLE = 22,
};

/* What is answered instead of the truth. */
struct pk_relay_made {
    int rcode;
    const uint8_t *address4; /* of the page that explains, for questions of type A; NULL: none */
    uint32_t ttl;            /* of that, and of "there is nothing" */
    int why;                 /* enum pk_relay_why */
    const char *text;        /* to `why`; NULL */
};

/* Makes an answer: the address for A, else "no data" (or the rcode) with a made-up SOA, so that it is
 * kept for `ttl` only. The reason goes to those who speak EDNS. Returns its length. */
size_t pk_relay_make(struct pk_slice question, const struct pk_relay_query *query,
        const struct pk_relay_made *made, uint8_t out[PK_RELAY_MADE_MAX]);

/* "Too long, ask by TCP": header and question of the answer with TC set. Returns its length. */
size_t pk_relay_cut(struct pk_slice question, const struct pk_relay_query *query,
        struct pk_slice answer, uint8_t out[PK_RELAY_MADE_MAX]);
