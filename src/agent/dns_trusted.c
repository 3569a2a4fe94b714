#include "agent/dns_trusted.h"

#include <unistd.h>

#include "agent/dns_https.h"
#include "agent/dns_stream.h"

#define DOT_PORT 853
#define DOH_PORT 443
/* A way that is blocked silently must leave time for the next one. */
#define WAY_MS 1200

struct
try {
    struct pk_dns_trusted *trusted;
    struct pk_dns_question *questions;
    size_t count;
    struct pk_deadline deadline;
    struct pk_arena *arena;
};

static bool any_answer(const struct try *t)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->questions[i].rc == PK_OK) {
            return true;
        }
    }
    return false;
}

static void fail_all(const struct try *t, int rc)
{
    for (size_t i = 0; i < t->count; i++) {
        t->questions[i].rc = rc;
    }
}

/* Nothing is asked of a peer that is not the one that we trust. */
static int shake(struct try *t, SSL_CTX *context, const char *host, int fd, SSL **out)
{
    struct pk_tls_seen seen;

    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    pk_tls_shake(context, host, fd, &t->deadline, t->arena, &seen, out);
    return seen.outcome == PK_TLS_OK ? PK_OK : PK_ECRYPTO;
}

static void ask_secure(struct try *t, bool https)
{
    const struct pk_dns_trusted *trusted = t->trusted;
    struct pk_address address = trusted->address;
    struct pk_dns_stream stream = { .fd = -1 };
    char text[PK_ADDRESS_TEXT];
    const char *host = trusted->name != NULL ? trusted->name : pk_address_text(&address, text);
    SSL_CTX *context = NULL;
    int rc;

    address.port = https ? trusted->doh_port : trusted->dot_port;
    if (address.port == 0) {
        address.port = https ? DOH_PORT : DOT_PORT;
    }
    rc = pk_net_connect(&address, &t->deadline, &stream.fd, NULL);
    if (rc == PK_OK) {
        rc = pk_tls_context(&trusted->roots, &context, NULL);
    }
    if (rc == PK_OK && https) {
        rc = pk_dns_https_prepare(context);
    }
    if (rc == PK_OK) {
        rc = shake(t, context, host, stream.fd, &stream.ssl);
    }
    fail_all(t, rc);
    if (rc == PK_OK && https) {
        pk_dns_https_ask(&stream, host, t->questions, t->count, &t->deadline);
    } else if (rc == PK_OK) {
        pk_dns_stream_ask(&stream, t->questions, t->count, true, &t->deadline);
    }
    if (stream.ssl != NULL) {
        (void)SSL_shutdown(stream.ssl);
    }
    SSL_free(stream.ssl);
    SSL_CTX_free(context);
    if (stream.fd >= 0) {
        (void)close(stream.fd);
    }
}

static bool try_way(struct try *t, enum pk_dns_via way, const struct pk_deadline *deadline)
{
    int64_t left = pk_deadline_left_ms(deadline);

    t->deadline = *deadline;
    t->deadline.at_ms -= left > WAY_MS ? left - WAY_MS : 0;
    switch (way) {
    case PK_DNS_VIA_DOT:
    case PK_DNS_VIA_DOH:
        ask_secure(t, way == PK_DNS_VIA_DOH);
        break;
    case PK_DNS_VIA_TCP:
        pk_dns_ask_tcp(t->questions, t->count, &t->deadline);
        break;
    case PK_DNS_VIA_UDP:
        pk_dns_ask(t->questions, t->count, &t->deadline);
        break;
    case PK_DNS_VIA_NONE:
        return false;
    }
    return any_answer(t);
}

enum pk_dns_via pk_dns_trusted_ask(struct pk_dns_trusted *trusted,
        struct pk_dns_question *questions, size_t count, const struct pk_deadline *deadline,
        struct pk_arena *arena)
{
    static const enum pk_dns_via ways[] = { PK_DNS_VIA_DOT, PK_DNS_VIA_DOH, PK_DNS_VIA_TCP,
        PK_DNS_VIA_UDP };
    struct try t = { .trusted = trusted, .questions = questions, .count = count, .arena = arena };
    /* A way that proves nothing is never the first: what blocked the others may be gone. */
    enum pk_dns_via first = trusted->last == PK_DNS_VIA_DOH ? PK_DNS_VIA_DOH : PK_DNS_VIA_DOT;

    for (size_t i = 0; i < count; i++) {
        questions[i].server = trusted->address;
        questions[i].linger_ms = 0;
    }
    if (trusted->address.family == 0 || count == 0) {
        fail_all(&t, PK_ENOENT);
        return PK_DNS_VIA_NONE;
    }
    if (try_way(&t, first, deadline)) {
        return trusted->last = first;
    }
    for (size_t i = 0; i < PK_COUNT(ways); i++) {
        if (ways[i] != first && try_way(&t, ways[i], deadline)) {
            trusted->last = ways[i];
            return ways[i];
        }
    }
    return PK_DNS_VIA_NONE;
}
