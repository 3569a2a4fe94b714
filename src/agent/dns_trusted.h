/* dns_trusted.h - a resolver whose answers nobody on the way can forge: over TLS (RFC 7858) or, where
 * that port is blocked, over HTTPS (RFC 8484; HTTP/2, or HTTP/1.1), its certificate checked. Where
 * neither works it is asked over TCP and UDP, which proves nothing: the answer says how.
 * One connection carries all questions and is closed then. Blocking, any thread. */
#pragma once

#include "agent/dns_client.h"
#include "agent/tls_client.h"

enum pk_dns_via { /* pk_dns_via_names */
    PK_DNS_VIA_NONE,
    PK_DNS_VIA_UDP,
    PK_DNS_VIA_TCP,
    PK_DNS_VIA_DOT,
    PK_DNS_VIA_DOH,
};

struct pk_dns_trusted {
    struct pk_address address; /* with the port of plain DNS; family 0: there is none */
    const char *name;          /* in its certificate; NULL: the address itself must stand there */
    struct pk_tls_roots roots;
    uint16_t dot_port, doh_port; /* 0: 853, 443 */
    enum pk_dns_via last;        /* in, out: what worked the last time is tried first */
};

/* Answers every question or marks it with why not. Says by which way; NONE: no answer at all. */
enum pk_dns_via pk_dns_trusted_ask(struct pk_dns_trusted *trusted,
        struct pk_dns_question *questions, size_t count, const struct pk_deadline *deadline,
        struct pk_arena *arena);
