#include "agent/probe_dns.h"

#include <stdio.h>
#include <string.h>

#include "agent/probe_dns_round.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypt.h"

#define KEPT_MAX      4
#define LABEL_LETTERS 12
#define LINGER_MS     250  /* a racing answer of the same link or the next one comes well within */
#define ASK_MS        2200 /* what is left of the probe's time is for the proofs */
#define BRIEF_NAMES   4
#define BRIEF_MADE_UP 2
#define ALL_MADE_UP   3
#define MADE_UP_MS    (60 * PK_SECOND_MS)
#define NAT64_NAME    "ipv4only.arpa" /* 192.0.0.170 and .171: RFC 7050 */

static void random_label(char out[LABEL_LETTERS + 1])
{
    uint8_t bytes[LABEL_LETTERS];

    pk_random(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        out[i] = (char)('a' + bytes[i] % 26);
    }
    out[sizeof(bytes)] = '\0';
}

/* The zone of a check host, where no other is known: there may be names for everything below it, so
 * that only the trusted resolver's word makes something of the answer. */
static const char *parent_zone(const struct pk_dns_probe *p)
{
    for (size_t i = 0; i < p->count && p->trusted.address.family != 0; i++) {
        const char *parent = strchr(p->names[i].name, '.');

        if (parent != NULL && strchr(parent + 1, '.') != NULL && !p->names[i].own) {
            return parent + 1;
        }
    }
    return NULL;
}

static int add_below(struct pk_dns_round *r)
{
    const char *zone = r->probe->domain != NULL ? r->probe->domain : parent_zone(r->probe);
    char label[LABEL_LETTERS + 1];

    if (zone == NULL || strlen(zone) + LABEL_LETTERS + 2 >= PK_DNS_NAME_MAX) {
        return PK_OK;
    }
    random_label(label);
    r->made_up[r->made_up_count] = pk_arena_printf(r->env->arena, "%s.%s", label, zone);
    if (r->made_up[r->made_up_count] == NULL) {
        return PK_ENOMEM;
    }
    r->perhaps = r->probe->domain == NULL ? r->made_up[r->made_up_count] : NULL;
    r->made_up_count++;
    return PK_OK;
}

/* No top-level domain of the root zone is 12 random letters, no second-level one either (26^12 against
 * 1,500 and some 10^8); .invalid never exists (RFC 6761 section 6.4). Some hijackers spare one kind or
 * take only what looks like a web site, so several are tried. */
static int make_names(struct pk_dns_round *r)
{
    struct pk_arena *arena = r->env->arena;
    size_t count = r->probe->brief ? BRIEF_MADE_UP : ALL_MADE_UP;

    for (size_t i = 0; i < count; i++) {
        char a[LABEL_LETTERS + 1];
        char b[LABEL_LETTERS + 1];

        random_label(a);
        random_label(b);
        r->made_up[i] = i == 0 ? pk_arena_printf(arena, "%s.%s", a, b)
                : i == 1       ? pk_arena_printf(arena, "www.%s.com", a)
                               : pk_arena_printf(arena, "%s.invalid", a);
        if (r->made_up[i] == NULL) {
            return PK_ENOMEM;
        }
    }
    r->made_up_count = count;
    return r->probe->brief ? PK_OK : add_below(r);
}

/* --- asking ------------------------------------------------------------------------------- */

static struct pk_dns_question *put(struct pk_dns_round *r, const char *name, enum pk_dns_type type)
{
    struct pk_dns_question *q = &r->questions[r->question_count++];

    *q = (struct pk_dns_question){
        .server = r->probe->server, .name = name, .type = type, .linger_ms = LINGER_MS
    };
    return q;
}

static void ask(struct pk_dns_round *r)
{
    const struct pk_dns_probe *p = r->probe;
    struct pk_deadline deadline = r->env->deadline;
    int64_t left = pk_deadline_left_ms(&deadline);

    for (size_t i = 0; i < r->made_up_count; i++) {
        (void)put(r, r->made_up[i], PK_DNS_A);
    }
    for (size_t i = 0; i < p->count && ((!p->brief && !p->few) || i < BRIEF_NAMES); i++) {
        if (p->names[i].split) {
            continue; /* what is right inside only the organisation knows */
        }
        r->rows[i].a = put(r, p->names[i].name, PK_DNS_A);
        if (p->ipv6 && !p->brief && !p->few && i < BRIEF_NAMES) {
            r->rows[i].aaaa = put(r, p->names[i].name, PK_DNS_AAAA);
        }
    }
    if (p->ipv6 && !p->brief && !p->few) {
        r->nat64 = put(r, NAT64_NAME, PK_DNS_AAAA);
    }
    deadline.at_ms -= left > ASK_MS ? left - ASK_MS : 0;
    pk_dns_ask(r->questions, r->question_count, &deadline);
}

/* --- what it said ------------------------------------------------------------------------- */

static void add_addresses(const struct pk_dns_answer *answer, struct pk_dns_list *out)
{
    for (size_t i = 0; i < answer->count && out->count < PK_DNS_LIST_MAX; i++) {
        if (!pk_dns_list_has(out->items, out->count, &answer->addresses[i])) {
            out->items[out->count++] = answer->addresses[i];
        }
    }
}

static void sort_answers(struct pk_dns_round *r)
{
    for (size_t i = 0; i < r->probe->count; i++) {
        struct pk_dns_row *row = &r->rows[i];
        const struct pk_dns_question *const both[] = { row->a, row->aaaa };

        row->name = &r->probe->names[i];
        row->second_ms = -1;
        for (size_t k = 0; k < PK_COUNT(both); k++) {
            if (both[k] == NULL || both[k]->rc != PK_OK) {
                continue;
            }
            add_addresses(&both[k]->answer, &row->first);
            if (both[k]->second_ms >= 0) {
                add_addresses(&both[k]->second, &row->second);
                row->second_ms = both[k]->second_ms;
            }
        }
    }
}

/* By which prefixes does it make IPv6 addresses of IPv4 ones? */
static void read_nat64(struct pk_dns_round *r)
{
    static const struct pk_address well_known[] = {
        { .family = AF_INET, .bytes = { 192, 0, 0, 170 } },
        { .family = AF_INET, .bytes = { 192, 0, 0, 171 } },
    };
    const struct pk_dns_answer *answer = &r->nat64->answer;

    for (size_t i = 0; r->nat64->rc == PK_OK && i < answer->count; i++) {
        for (size_t k = 0; k < PK_COUNT(well_known) && r->prefix_count < PK_DNS_PREFIXES_MAX; k++) {
            struct pk_nat64 *to = &r->prefixes[r->prefix_count];

            if (pk_nat64_find(&answer->addresses[i], &well_known[k], to) == PK_OK &&
                    (r->prefix_count == 0 ||
                            !pk_address_same(
                                    &to->prefix, &r->prefixes[r->prefix_count - 1].prefix))) {
                r->prefix_count++;
            }
        }
    }
}

static void read_made_up(struct pk_dns_round *r)
{
    for (size_t i = 0; i < r->made_up_count; i++) {
        const struct pk_dns_question *q = &r->questions[i];
        /* A server that refuses or fails says nothing about names: counted like silence. */
        bool says = q->rc == PK_OK &&
                (q->answer.rcode == PK_DNS_NOERROR || q->answer.rcode == PK_DNS_NXDOMAIN);

        r->timeouts += !says;
        r->raced += q->rc == PK_OK && q->second_ms >= 0;
        if (says && q->answer.total > 0) {
            r->invented[r->invented_count++] = r->made_up[i];
            add_addresses(&q->answer, &r->inventions);
        }
    }
}

/* --- the observation ---------------------------------------------------------------------- */

static struct pk_strings texts(
        const struct pk_address *items, size_t count, size_t max, struct pk_arena *arena)
{
    struct pk_strings out = { .items = pk_arena_alloc(arena, max, sizeof(*out.items)) };
    char text[PK_ADDRESS_TEXT];

    for (size_t i = 0; out.items != NULL && i < count && out.count < max; i++) {
        out.items[out.count] = pk_arena_strdup(arena, pk_address_text(&items[i], text));
        out.count += out.items[out.count] != NULL;
    }
    return out;
}

static int64_t rcode_of(const struct pk_dns_question *q)
{
    return q != NULL && q->rc == PK_OK ? q->answer.rcode : -1;
}

static void fill_check(struct pk_dns_round *r, struct pk_dns_row *row, struct pk_dns_check *out)
{
    struct pk_arena *arena = r->env->arena;
    const struct pk_dns_memory *m = &row->name->memory;
    bool compared = pk_dns_trusted_holds(m, r->now_ms);

    *out = (struct pk_dns_check){
        .name = row->name->name,
        .rcode = rcode_of(row->a),
        .addresses = texts(row->first.items, row->first.count, PK_DNS_LIST_MAX, arena),
        .trusted_rcode = compared ? m->trusted.rcode : -1,
        .known = texts(m->proven, row->suspect ? m->proven_count : 0, PK_DNS_PROVEN_MAX, arena),
        .proves = row->proves,
        .second = texts(row->second.items, row->second.count, PK_DNS_LIST_MAX, arena),
        .second_ms = row->second_ms > 0 ? row->second_ms : 0,
        .second_proves = row->second_proves,
        .split = row->name->split,
        .own = row->name->own,
        .tcp_right = row->tcp_right,
    };
    if (row->proves == PK_TRI_NO) {
        out->shown = pk_arena_strdup(arena, m->doubted_shown);
        out->refused = m->doubted_refused;
    }
    for (size_t i = 0; i < row->first.count; i++) {
        out->on_link = out->on_link || pk_dns_on_link(r, &row->first.items[i]);
    }
    if (compared) {
        out->trusted_addresses = texts(
                m->trusted.addresses, m->trusted.count, PK_DNS_ADDRESSES_MAX, arena);
        out->secure = m->trusted.authentic ? PK_TRI_YES : PK_TRI_NO;
        if (r->via == PK_DNS_VIA_NONE || m->trusted_via < r->via) {
            r->via = m->trusted_via;
        }
    }
    r->probe->odd = r->probe->odd || row->suspect || row->second_ms >= 0;
}

static struct pk_obs_dns *fill(struct pk_dns_round *r)
{
    struct pk_arena *arena = r->env->arena;
    struct pk_obs_dns *out = pk_arena_alloc(arena, 1, sizeof(*out));
    struct pk_dns_check *checks = pk_arena_alloc(arena, r->probe->count + 1, sizeof(*checks));
    char text[PK_ADDRESS_TEXT];

    if (out == NULL || checks == NULL) {
        return NULL;
    }
    *out = (struct pk_obs_dns){
        .nx_probes = (int64_t)r->made_up_count,
        .nx_answered = (int64_t)r->invented_count,
        .nx_raced = (int64_t)r->raced,
        .nx_addresses = texts(r->inventions.items, r->inventions.count, KEPT_MAX, arena),
        .trusted_nx = r->invented_count > 0 ? r->probe->made_up.trusted_nx : PK_TRI_UNKNOWN,
        .timeouts = (int64_t)r->timeouts,
        .on_link = pk_dns_on_link(r, &r->probe->server) ? PK_TRI_YES : PK_TRI_NO,
        .resolver = pk_arena_strdup(arena, pk_address_text(&r->probe->server, text)),
    };
    out->checks.items = checks;
    for (size_t i = 0; i < r->probe->count; i++) {
        if (r->rows[i].a != NULL || r->rows[i].name->split) {
            fill_check(r, &r->rows[i], &checks[out->checks.count++]);
        }
    }
    out->nat64.items = pk_arena_alloc(arena, PK_DNS_PREFIXES_MAX, sizeof(*out->nat64.items));
    for (size_t i = 0; i < r->prefix_count && out->nat64.items != NULL; i++) {
        out->nat64.items[i] = pk_arena_printf(
                arena, "%s/%u", pk_address_text(&r->prefixes[i].prefix, text), r->prefixes[i].bits);
        out->nat64.count += out->nat64.items[i] != NULL;
    }
    out->trusted_via = (int)(r->via != PK_DNS_VIA_NONE ? r->via : r->asked_via);
    r->probe->odd = r->probe->odd || r->invented_count > 0 || r->raced > 0;
    return out->resolver != NULL ? out : NULL;
}

struct pk_obs_dns *pk_probe_dns(const struct pk_probe_env *env, struct pk_dns_probe *probe)
{
    struct pk_dns_round *r = pk_arena_alloc(env->arena, 1, sizeof(*r));
    const struct pk_dns_made_up *known = &probe->made_up;

    if (r == NULL || probe->count > PK_DNS_NAMES_MAX) {
        return NULL;
    }
    r->env = env;
    r->probe = probe;
    probe->odd = false;
    if (make_names(r) < 0) {
        return NULL;
    }
    ask(r);
    r->now_ms = pk_clock_monotonic_ms();
    pk_dns_read_links(r);
    sort_answers(r);
    if (r->nat64 != NULL) {
        read_nat64(r);
    }
    read_made_up(r);
    r->ask_made_up = r->invented_count > 0 &&
            !(known->at_ms > 0 && r->now_ms - known->at_ms < MADE_UP_MS &&
                    pk_address_same(&known->address, &r->inventions.items[0]));
    pk_dns_settle(r);
    return fill(r);
}
