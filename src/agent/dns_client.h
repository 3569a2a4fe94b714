/* dns_client.h - asks resolvers questions, all at the same time, within one deadline: over UDP, and
 * over TCP what does not fit there (RFC 7766). Blocking: for jobs beside the loop. Random ids and
 * ports; an answer that does not fit its question is ignored and the wait goes on. */
#pragma once

#include "agent/net.h"
#include "wire/dns.h"

#define PK_DNS_QUESTIONS_MAX 48

struct pk_dns_question {
    struct pk_address server;
    const char *name; /* borrowed */
    enum pk_dns_type type;
    /* Listen so long after the answer for a second one that differs, as it comes when somebody
     * races the resolver. */
    int linger_ms;
    int rc; /* out: PK_OK, PK_ETIMEDOUT, PK_EMALF, an errno (refused: -ECONNREFUSED) */
    struct pk_dns_answer answer; /* out, when rc is PK_OK */
    /* Out: came as well, and differs. Never told when the question had to be repeated: then two
     * honest answers may differ. */
    struct pk_dns_answer second;
    int second_ms; /* so long after the first; -1: none came */
};

/* Answers every question or marks it with why not. At most PK_DNS_QUESTIONS_MAX. */
void pk_dns_ask(
        struct pk_dns_question *questions, size_t count, const struct pk_deadline *deadline);

/* The same over one TCP connection to the server of the first question. */
void pk_dns_ask_tcp(
        struct pk_dns_question *questions, size_t count, const struct pk_deadline *deadline);

/* One address of host: IPv4 before IPv6, the first resolver that knows. host may be an address.
 * PK_ENOENT: no resolver knows it; PK_ETIMEDOUT: none answered. */
PK_MUST_USE int pk_dns_resolve(const struct pk_address *servers, size_t count, const char *host,
        uint16_t port, const struct pk_deadline *deadline, struct pk_address *out);
