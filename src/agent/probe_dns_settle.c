/* Is what the name server said true? The cheapest word first: what was proved before, then the trusted
 * resolver, then the certificate of the host at the address. */
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/probe_dns_round.h"
#include "base/arena.h"
#include "base/clock.h"

#define TRUSTED_MS   (10 * PK_MINUTE_MS) /* a trusted answer counts so long */
#define DOUBT_MS     PK_MINUTE_MS        /* what is wrong is looked at again so often */
#define PROOFS_MAX   4                   /* handshakes of one round, some 5 kB each */
#define PROOF_MS     1000
#define CONTROLS_MAX 2
#define LONE_PROOFS  2 /* of a round when there is no trusted resolver */

/* --- what stands on the link -------------------------------------------------------------- */

static bool read_address(const struct sockaddr *from, struct pk_address *out)
{
    *out = (struct pk_address){ 0 };
    if (from == NULL) {
        return false;
    }
    if (from->sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, from, sizeof(in));
        out->family = AF_INET;
        memcpy(out->bytes, &in.sin_addr, 4);
    } else if (from->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, from, sizeof(in6));
        out->family = AF_INET6;
        memcpy(out->bytes, &in6.sin6_addr, 16);
    }
    return out->family != 0;
}

static unsigned count_bits(const struct pk_address *mask)
{
    unsigned bits = 0;

    while (bits < 128 && (mask->bytes[bits / 8] & (0x80U >> bits % 8)) != 0) {
        bits++;
    }
    return bits;
}

void pk_dns_read_links(struct pk_dns_round *r)
{
    struct ifaddrs *all = NULL;

    if (r->probe->link == 0 || getifaddrs(&all) < 0) {
        return;
    }
    for (const struct ifaddrs *a = all; a != NULL && r->link_count < PK_DNS_LINKS_MAX;
            a = a->ifa_next) {
        struct pk_dns_link *to = &r->links[r->link_count];
        struct pk_address mask;

        if (if_nametoindex(a->ifa_name) == (unsigned)r->probe->link &&
                read_address(a->ifa_addr, &to->prefix) && read_address(a->ifa_netmask, &mask)) {
            to->bits = count_bits(&mask);
            r->link_count++;
        }
    }
    freeifaddrs(all);
}

bool pk_dns_on_link(const struct pk_dns_round *r, const struct pk_address *address)
{
    for (size_t i = 0; i < r->link_count; i++) {
        if (pk_address_in(address, &r->links[i].prefix, r->links[i].bits)) {
            return true;
        }
    }
    return false;
}

/* --- memory ------------------------------------------------------------------------------- */

bool pk_dns_list_has(const struct pk_address *items, size_t count, const struct pk_address *address)
{
    for (size_t i = 0; i < count; i++) {
        if (pk_address_same(&items[i], address)) {
            return true;
        }
    }
    return false;
}

static bool holds(int64_t at_ms, int64_t now_ms, int64_t so_long)
{
    return at_ms > 0 && now_ms - at_ms < so_long;
}

bool pk_dns_trusted_holds(const struct pk_dns_memory *memory, int64_t now_ms)
{
    return memory->trusted_via != PK_DNS_VIA_NONE && holds(memory->trusted_ms, now_ms, TRUSTED_MS);
}

static bool is_proven(const struct pk_dns_memory *m, const struct pk_address *address)
{
    return pk_dns_list_has(m->proven, m->proven_count, address);
}

static void learn_proven(struct pk_dns_memory *m, const struct pk_address *address)
{
    if (is_proven(m, address)) {
        return;
    }
    m->proven[m->proven_next] = *address;
    m->proven[m->proven_next].port = 0;
    m->proven_next = (m->proven_next + 1) % PK_DNS_PROVEN_MAX;
    m->proven_count += m->proven_count < PK_DNS_PROVEN_MAX;
}

static bool is_right_plain(const struct pk_dns_round *r, const struct pk_dns_memory *m,
        const struct pk_address *address)
{
    if (is_proven(m, address)) {
        return true;
    }
    if (!pk_dns_trusted_holds(m, r->now_ms) ||
            !pk_dns_list_has(m->trusted.addresses, m->trusted.count, address)) {
        return false;
    }
    /* Whoever forges the one answer could forge the other, too. */
    return m->trusted_via >= PK_DNS_VIA_DOT ||
            (pk_address_kind(address) == PK_ADDRESS_PUBLIC && !pk_dns_on_link(r, address));
}

static bool is_right(const struct pk_dns_round *r, const struct pk_dns_memory *m,
        const struct pk_address *address)
{
    struct pk_address inner;

    if (is_right_plain(r, m, address)) {
        return true;
    }
    if (pk_nat64_inner(&pk_nat64_well_known, address, &inner) == PK_OK &&
            is_right_plain(r, m, &inner)) {
        return true;
    }
    for (size_t i = 0; i < r->prefix_count; i++) {
        if (pk_nat64_inner(&r->prefixes[i], address, &inner) == PK_OK &&
                is_right_plain(r, m, &inner)) {
            return true;
        }
    }
    return false;
}

/* The addresses of a list that nothing speaks for yet. */
static struct pk_dns_list doubtful(
        const struct pk_dns_round *r, const struct pk_dns_row *row, const struct pk_dns_list *list)
{
    struct pk_dns_list out = { .count = 0 };

    for (size_t i = 0; i < list->count; i++) {
        if (pk_address_kind(&list->items[i]) != PK_ADDRESS_NOWHERE &&
                !is_right(r, &row->name->memory, &list->items[i])) {
            out.items[out.count++] = list->items[i];
        }
    }
    return out;
}

/* --- the trusted resolver ----------------------------------------------------------------- */

struct asking {
    struct pk_dns_question questions[PK_DNS_QUESTIONS_MAX];
    struct pk_dns_memory *of[PK_DNS_QUESTIONS_MAX]; /* NULL: a made-up name */
    size_t count;
};

static void want(
        struct asking *a, const char *name, enum pk_dns_type type, struct pk_dns_memory *memory)
{
    if (a->count < PK_DNS_QUESTIONS_MAX) {
        a->questions[a->count] = (struct pk_dns_question){ .name = name, .type = type };
        a->of[a->count++] = memory;
    }
}

static bool needs_trusted(const struct pk_dns_round *r, const struct pk_dns_row *row)
{
    const struct pk_dns_memory *m = &row->name->memory;

    return (doubtful(r, row, &row->first).count > 0 || doubtful(r, row, &row->second).count > 0) &&
            !(m->trusted_via != PK_DNS_VIA_NONE && holds(m->trusted_ms, r->now_ms, DOUBT_MS));
}

static void take_trusted(struct pk_dns_round *r, struct asking *a)
{
    for (size_t i = 0; i < a->count; i++) {
        const struct pk_dns_question *q = &a->questions[i];
        struct pk_dns_memory *m = a->of[i];

        if (m == NULL || q->rc != PK_OK ||
                (q->answer.rcode != PK_DNS_NOERROR && q->answer.rcode != PK_DNS_NXDOMAIN)) {
            continue;
        }
        if (q->type == PK_DNS_A) {
            m->trusted = q->answer;
            m->trusted_ms = r->now_ms;
            m->trusted_via = r->asked_via;
        }
        for (size_t k = 0; k < q->answer.count; k++) {
            if (q->type == PK_DNS_AAAA && m->trusted.count < PK_DNS_ADDRESSES_MAX &&
                    m->trusted_ms == r->now_ms) {
                m->trusted.addresses[m->trusted.count++] = q->answer.addresses[k];
            }
        }
    }
}

static bool is_no_such_name(const struct pk_dns_question *q)
{
    return q->rc == PK_OK && q->answer.total == 0 &&
            (q->answer.rcode == PK_DNS_NXDOMAIN || q->answer.rcode == PK_DNS_NOERROR);
}

/* What it says to the names that the other one invented. */
static enum pk_tri word_on_made_up(const struct pk_dns_round *r, const struct asking *a)
{
    enum pk_tri word = PK_TRI_UNKNOWN;

    for (size_t i = 0; i < a->count; i++) {
        const struct pk_dns_question *q = &a->questions[i];

        if (a->of[i] != NULL || q->name == r->perhaps) {
            continue;
        }
        if (q->rc == PK_OK && q->answer.total > 0) {
            return PK_TRI_NO; /* it exists after all */
        }
        word = is_no_such_name(q) ? PK_TRI_YES : word;
    }
    return word;
}

/* A name below the zone of a check host counts as invented only when the trusted resolver says so. */
static void settle_perhaps(struct pk_dns_round *r, const struct asking *a)
{
    size_t last = r->invented_count - 1;

    if (r->perhaps == NULL || r->invented_count == 0 || r->invented[last] != r->perhaps) {
        return;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (a->questions[i].name == r->perhaps && is_no_such_name(&a->questions[i])) {
            r->probe->made_up.trusted_nx = r->probe->made_up.trusted_nx == PK_TRI_UNKNOWN
                    ? PK_TRI_YES
                    : r->probe->made_up.trusted_nx;
            return;
        }
    }
    r->invented_count--;
    if (r->invented_count == 0) {
        r->inventions.count = 0;
    }
}

static void ask_trusted(struct pk_dns_round *r)
{
    struct pk_dns_probe *p = r->probe;
    struct asking *a = pk_arena_alloc(r->env->arena, 1, sizeof(*a));

    if (a == NULL || p->trusted.address.family == 0) {
        return;
    }
    for (size_t i = 0; i < p->count; i++) {
        if (needs_trusted(r, &r->rows[i])) {
            want(a, p->names[i].name, PK_DNS_A, &p->names[i].memory);
            if (r->rows[i].aaaa != NULL) {
                want(a, p->names[i].name, PK_DNS_AAAA, &p->names[i].memory);
            }
        }
    }
    for (size_t i = 0; i < r->invented_count && r->ask_made_up; i++) {
        want(a, r->invented[i], PK_DNS_A, NULL);
    }
    if (a->count == 0) {
        return;
    }
    r->asked_via = pk_dns_trusted_ask(
            &p->trusted, a->questions, a->count, &r->env->deadline, r->env->arena);
    r->now_ms = pk_clock_monotonic_ms();
    take_trusted(r, a);
    if (r->ask_made_up) {
        p->made_up = (struct pk_dns_made_up){ r->inventions.items[0], word_on_made_up(r, a),
            r->now_ms };
        settle_perhaps(r, a);
    }
}

/* What a resolver that nobody can forge gives is right for good. */
static void learn_trusted(struct pk_dns_round *r)
{
    for (size_t i = 0; i < r->probe->count; i++) {
        struct pk_dns_memory *m = &r->probe->names[i].memory;

        if (m->trusted_via < PK_DNS_VIA_DOT || !pk_dns_trusted_holds(m, r->now_ms)) {
            continue;
        }
        for (size_t k = 0; k < r->rows[i].first.count; k++) {
            const struct pk_address *address = &r->rows[i].first.items[k];

            if (pk_dns_list_has(m->trusted.addresses, m->trusted.count, address)) {
                learn_proven(m, address);
            }
        }
    }
}

/* --- certificates ------------------------------------------------------------------------- */

struct proof {
    enum pk_tri
            is; /* YES: it is the host. NO: another one stands there. UNKNOWN: it cannot be asked */
    bool refused;
    char shown[PK_DNS_SHOWN];
};

static struct proof prove(
        struct pk_dns_round *r, const struct pk_dns_name *name, const struct pk_address *address)
{
    struct proof proof = { .is = PK_TRI_UNKNOWN };
    struct pk_tls_roots own = { .file = name->own_ca };
    struct pk_deadline deadline = r->env->deadline;
    struct pk_address to = *address;
    struct pk_tls_seen seen = { .outcome = PK_TLS_UNREACHABLE };
    SSL_CTX *context = NULL;
    SSL *ssl = NULL;
    int64_t left = pk_deadline_left_ms(&deadline);
    int fd;
    int rc;

    r->proofs++;
    to.port = name->port;
    deadline.at_ms -= left > PROOF_MS ? left - PROOF_MS : 0;
    rc = pk_net_connect(&to, &deadline, &fd, NULL);
    if (rc < 0) {
        proof.refused = rc == -ECONNREFUSED;
        proof.is = proof.refused ? PK_TRI_NO : PK_TRI_UNKNOWN;
        (void)snprintf(proof.shown, sizeof(proof.shown), "nobody listens there");
        return proof;
    }
    if (pk_tls_context(name->own_ca != NULL ? &own : &r->env->roots, &context, NULL) == PK_OK) {
        pk_tls_shake(context, name->name, fd, &deadline, r->env->arena, &seen, &ssl);
    }
    if (ssl != NULL) {
        (void)SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    SSL_CTX_free(context);
    (void)close(fd);
    (void)snprintf(proof.shown, sizeof(proof.shown), "%s", seen.error != NULL ? seen.error : "");
    if (seen.outcome == PK_TLS_OK) {
        proof.is = PK_TRI_YES;
    } else if (seen.outcome == PK_TLS_UNTRUSTED || seen.outcome == PK_TLS_WRONG_NAME ||
            seen.outcome == PK_TLS_INVALID) {
        proof.is = PK_TRI_NO;
    } /* one whose certificate is out of date may be the right one, only untidy */
    return proof;
}

/* Addresses of which it is known that they are right, proved before or by the trusted resolver; those
 * of the suspect's own kind first: there may be no way out for the other. */
static struct pk_dns_list right_addresses(const struct pk_dns_round *r,
        const struct pk_dns_memory *m, const struct pk_address *suspect)
{
    struct pk_dns_list out = { .count = 0 };

    for (int same = 1; same >= 0; same--) {
        for (size_t i = 0; i < m->proven_count + m->trusted.count; i++) {
            bool proven = i < m->proven_count;
            const struct pk_address *one = proven ? &m->proven[i]
                                                  : &m->trusted.addresses[i - m->proven_count];

            if ((one->family == suspect->family) == (same == 1) &&
                    (proven || pk_dns_trusted_holds(m, r->now_ms)) &&
                    !pk_address_same(one, suspect) && out.count < PK_DNS_LIST_MAX &&
                    !pk_dns_list_has(out.items, out.count, one)) {
                out.items[out.count++] = *one;
            }
        }
    }
    return out;
}

/* Does the host at a right address prove itself at all, from here and now? Where nobody's certificate
 * is right (inspection, interception, no TLS there, no way out) a wrong one says nothing of names. */
static bool control(struct pk_dns_round *r, const struct pk_dns_name *name, struct pk_dns_memory *m,
        const struct pk_address *suspect)
{
    struct pk_dns_list right = right_addresses(r, m, suspect);

    if (right.count == 0) {
        return false;
    }
    if (!holds(m->control_ms, r->now_ms, DOUBT_MS)) {
        m->control_ok = false;
        for (size_t i = 0; i < right.count && i < CONTROLS_MAX && !m->control_ok; i++) {
            m->control_ok = prove(r, name, &right.items[i]).is == PK_TRI_YES;
        }
        m->control_ms = r->now_ms;
    }
    return m->control_ok;
}

static enum pk_tri prove_once(
        struct pk_dns_round *r, struct pk_dns_row *row, const struct pk_address *address)
{
    struct pk_dns_memory *m = &row->name->memory;
    size_t most = r->probe->trusted.address.family != 0 ? PROOFS_MAX : LONE_PROOFS;
    bool same = pk_address_same(&m->doubted, address);
    struct proof proof;

    if (same && holds(m->doubted_ms, r->now_ms, DOUBT_MS)) {
        return m->doubted_is;
    }
    if (r->proofs >= most || pk_deadline_left_ms(&r->env->deadline) == 0) {
        return PK_TRI_UNKNOWN;
    }
    proof = prove(r, row->name, address);
    if (proof.is == PK_TRI_YES) {
        learn_proven(m, address);
        return proof.is;
    }
    if (proof.is == PK_TRI_NO && !control(r, row->name, m, address)) {
        proof.is = PK_TRI_UNKNOWN;
    }
    m->doubted = *address;
    m->doubted_is = proof.is;
    m->doubted_refused = proof.refused;
    m->doubted_ms = r->now_ms;
    memcpy(m->doubted_shown, proof.shown, sizeof(m->doubted_shown));
    return proof.is;
}

/* All of them must prove themselves; one that does not is enough. */
static enum pk_tri prove_list(
        struct pk_dns_round *r, struct pk_dns_row *row, const struct pk_dns_list *list)
{
    struct pk_dns_list doubts = doubtful(r, row, list);
    enum pk_tri is = PK_TRI_YES;

    if (list->count == 0) {
        return PK_TRI_UNKNOWN;
    }
    for (size_t i = 0; i < doubts.count && is == PK_TRI_YES; i++) {
        is = prove_once(r, row, &doubts.items[i]);
    }
    return is;
}

/* --- the same name server over TCP --------------------------------------------------------- */

/* A name server whose answers are forged on the way is right when it is asked over a connection,
 * which is harder to forge; one that lies itself lies there, too. */
static enum pk_tri compare_tcp(struct pk_dns_round *r, const struct pk_dns_row *row)
{
    struct pk_dns_question q[2] = {
        { .server = r->probe->server, .name = row->name->name, .type = PK_DNS_A },
        { .server = r->probe->server, .name = row->name->name, .type = PK_DNS_AAAA },
    };
    size_t count = row->aaaa != NULL ? 2 : 1;
    struct pk_deadline deadline = r->env->deadline;
    int64_t left = pk_deadline_left_ms(&deadline);
    struct pk_dns_list list = { .count = 0 };

    deadline.at_ms -= left > PROOF_MS ? left - PROOF_MS : 0;
    pk_dns_ask_tcp(q, count, &deadline);
    for (size_t i = 0; i < count; i++) {
        if (q[i].rc != PK_OK) {
            return PK_TRI_UNKNOWN;
        }
        for (size_t k = 0; k < q[i].answer.count && list.count < PK_DNS_LIST_MAX; k++) {
            list.items[list.count++] = q[i].answer.addresses[k];
        }
    }
    return list.count == 0                       ? PK_TRI_UNKNOWN
            : doubtful(r, row, &list).count == 0 ? PK_TRI_YES
                                                 : PK_TRI_NO;
}

static void ask_over_tcp(struct pk_dns_round *r, struct pk_dns_row *row)
{
    struct pk_dns_memory *m = &row->name->memory;

    if (!pk_dns_trusted_holds(m, r->now_ms) || row->a == NULL) {
        return;
    }
    if (!holds(m->tcp_ms, r->now_ms, DOUBT_MS) ||
            !pk_address_same(&m->tcp_server, &r->probe->server)) {
        m->tcp_right = compare_tcp(r, row);
        m->tcp_server = r->probe->server;
        m->tcp_ms = r->now_ms;
    }
    row->tcp_right = m->tcp_right;
}

/* --- all of it ---------------------------------------------------------------------------- */

static void settle_row(struct pk_dns_round *r, struct pk_dns_row *row)
{
    const struct pk_dns_memory *m = &row->name->memory;
    bool doubts = doubtful(r, row, &row->first).count > 0;

    if (doubts) {
        row->proves = prove_list(r, row, &row->first);
    }
    for (size_t i = 0; i < row->first.count && !doubts; i++) {
        if (is_proven(m, &row->first.items[i])) {
            row->proves = PK_TRI_YES;
        }
    }
    if (row->second.count > 0) {
        row->second_proves = prove_list(r, row, &row->second);
    }
    row->suspect = doubts && row->proves != PK_TRI_YES;
    if (row->suspect && row->second.count == 0) {
        ask_over_tcp(r, row);
    }
}

void pk_dns_settle(struct pk_dns_round *r)
{
    ask_trusted(r);
    learn_trusted(r);
    for (size_t i = 0; i < r->probe->count; i++) {
        settle_row(r, &r->rows[i]);
    }
}
