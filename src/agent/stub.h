/* stub.h - a forwarder of DNS questions on a loopback address (RFC 1035, 5452, 7766): each question is
 * shown to a hook first, which may have it answered on the spot; all others go to the network's own
 * resolvers, untouched but for their id, each from a socket and port of its own. An answer counts when it
 * comes from the resolver that was asked, under the id and with the question that were sent.
 *
 * Whatever goes wrong, the name resolves or the asker gets SERVFAIL at once and turns to the next resolver
 * of its list. Nothing is kept of a question once it is answered, nothing is written anywhere. Everything
 * runs in the loop; there are no threads and no timers while nobody asks. */
#pragma once

#include "base/error.h"
#include "wire/dns_relay.h"

struct pk_loop;
struct pk_stub;

#define PK_STUB_SERVERS_MAX 3
#define PK_STUB_QUERIES_MAX 512 /* under way at once; the oldest gives way to a new one */
#define PK_STUB_CLIENTS_MAX 32  /* TCP connections of askers at once */

struct pk_stub_hooks {
    /* name: lower case, no last dot; "" when no host has such a name. True: answer with *made, whose
     * pointers hold until the next call. */
    bool (*ask)(void *ctx, const char *name, struct pk_relay_made *made);
    void *ctx;
};

struct pk_stub_counts {
    uint64_t questions;
    uint64_t made;      /* answered on the spot */
    uint64_t forwarded; /* answered by a resolver */
    uint64_t failed;    /* no resolver answered */
    uint64_t limited;   /* beyond the rate, or pushed out by newer ones */
    uint64_t wrong;     /* answers that fitted no question */
};

/* Listens by UDP and TCP. rate: questions a second, with twice as many at once. */
PK_MUST_USE int pk_stub_create(struct pk_loop *loop, const struct pk_address *listen, int64_t rate,
        const struct pk_stub_hooks *hooks, struct pk_stub **out, struct pk_error *err);
void pk_stub_destroy(struct pk_stub *stub); /* NULL is fine; before the loop */

/* The resolvers to ask from now on, best first; questions under way are asked again there. */
void pk_stub_servers(struct pk_stub *stub, const struct pk_address *servers, size_t count);

struct pk_stub_counts pk_stub_counts(const struct pk_stub *stub);
