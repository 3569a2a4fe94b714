/* probe_servers.h - small servers on the loopback that behave as a test tells them: two resolvers,
 * a TLS host and a plain web host, each on a thread of its own and a port of the system's choice. */
#pragma once

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "agent/net.h"

enum dns_mode {
    DNS_HONEST, /* canary.test and other.test are 127.0.0.1, all else does not exist */
    DNS_LIAR,   /* everything exists */
    DNS_SILENT,
    DNS_GUESSER, /* a forged answer with a wrong id before the honest one */
};

enum tls_mode {
    TLS_GOOD,
    TLS_FOREIGN, /* signed by a CA that nobody trusts */
    TLS_SELF,
    TLS_EXPIRED,
    TLS_FOREIGN_EXPIRED,
    TLS_OTHER,        /* signed by a second root that is trusted, too */
    TLS_LOOKALIKE,    /* signed by a stranger with the trusted root's name, who shows himself */
    TLS_LEAF_AS_CA,   /* signed by a genuine certificate that may not sign */
    TLS_WITH_FOREIGN, /* TLS_FOREIGN with its CA in the chain */
    TLS_OLD,          /* TLS_GOOD, but nothing newer than TLS 1.0 */
    TLS_RSA,          /* TLS_GOOD, but TLS 1.2 without forward secrecy */
    TLS_NONSENSE,     /* speaks something else */
    TLS_CLOSES,
    TLS_STALLS,
    TLS_NO13,     /* TLS_GOOD, but a greeting that offers TLS 1.3 is cut off */
    TLS_STALLS13, /* ... or not answered */
};
#define TLS_CERTIFICATES (TLS_RSA + 1)

struct probe_world {
    struct pk_address dns_address, trusted_address; /* the second one is always honest */
    uint16_t tls_port, http_port, closed_port;
    char folder[40];
    char roots[64], foreign_roots[64],
            other_roots[64]; /* PEM files; roots has the other one, too */
    atomic_int dns_mode, tls_mode;
    _Atomic(const char *) http_answer, tls_answer;
    int dns_fd, trusted_fd, tls_fd, http_fd, closed_fd;
    SSL_CTX *contexts[TLS_CERTIFICATES];
    pthread_t threads[4];
};

int probe_world_start(struct probe_world *w);
void probe_world_stop(struct probe_world *w);
