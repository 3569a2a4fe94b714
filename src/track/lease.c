#include "track/lease.h"

#include <stdlib.h>
#include <string.h>

#define STEPS 3
/* A question may get lost, most of all on a link that is only just up. */
static const int64_t step_ms[STEPS + 1] = { 0, 200, 450, PK_LEASE_ROUND_MS };
#define OFFER_KEPT_MS 2500 /* before a round: the exchange by which the lease came belongs to it */
#define LATE_MS       250  /* answers about one late offer */
/* After a change of links the lease that we know of belongs to the network before until the system has put a new
 * one in force, for which a busy device takes its time. */
#define APPLIED_MS 3000

struct pk_lease_track {
    const struct pk_lease_ops *ops;
    void *ctx;
    struct pk_address own;
    unsigned prefix;
    bool joined;
    bool asking;
    bool must_report;
    bool brief; /* a round about a late offer: only stations are asked */
    int64_t round_ms;
    size_t step;
    struct pk_address granted_by; /* the server that granted us a lease last */
    int64_t granted_ms;
    bool doubted; /* the server of our lease was not heard on this link, since then */
    int64_t doubted_ms;
    struct pk_lease_facts facts;
};

struct pk_lease_track *pk_lease_track_create(const struct pk_lease_ops *ops, void *ctx)
{
    struct pk_lease_track *t = calloc(1, sizeof(*t));

    if (t != NULL) {
        t->ops = ops;
        t->ctx = ctx;
    }
    return t;
}

void pk_lease_track_destroy(struct pk_lease_track *track)
{
    free(track);
}

/* --- terms -------------------------------------------------------------------------------- */

static bool names_subset(const struct pk_lease_terms *a, const struct pk_lease_terms *b)
{
    for (size_t i = 0; i < a->name_count; i++) {
        bool found = false;

        for (size_t k = 0; k < b->name_count && !found; k++) {
            found = pk_address_same(&a->names[i], &b->names[k]);
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

bool pk_lease_terms_same(const struct pk_lease_terms *a, const struct pk_lease_terms *b)
{
    return pk_address_same(&a->server, &b->server) && pk_address_same(&a->router, &b->router) &&
            names_subset(a, b) && names_subset(b, a) && strcmp(a->wpad, b->wpad) == 0;
}

static struct pk_address address_of(const uint8_t bytes[4])
{
    struct pk_address a = { 0 };

    if (memcmp(bytes, a.bytes, 4) != 0) {
        a.family = AF_INET;
        memcpy(a.bytes, bytes, 4);
    }
    return a;
}

void pk_lease_terms_of(const struct pk_dhcp *message, struct pk_lease_terms *out)
{
    const uint8_t *router = pk_dhcp_router(message);

    *out = (struct pk_lease_terms){ .server = address_of(message->server) };
    if (router != NULL) {
        out->router = address_of(router);
    }
    for (size_t i = 0; i < message->dns_count && out->name_count < PK_LEASE_NAMES_MAX; i++) {
        out->names[out->name_count++] = address_of(message->dns[i]);
    }
    memcpy(out->wpad, message->wpad, sizeof(out->wpad));
}

/* --- stations ----------------------------------------------------------------------------- */

static bool on_link(const struct pk_lease_track *t, const struct pk_address *a)
{
    if (a->family != AF_INET || t->own.family != AF_INET || pk_address_same(a, &t->own)) {
        return false;
    }
    for (unsigned i = 0; i < 4; i++) {
        unsigned kept = t->prefix > 8 * i ? t->prefix - 8 * i : 0;
        uint8_t mask = kept >= 8 ? 0xff : (uint8_t)(0xff00 >> kept);

        if (((a->bytes[i] ^ t->own.bytes[i]) & mask) != 0) {
            return false;
        }
    }
    return true;
}

const struct pk_lease_station *pk_lease_station_of(
        const struct pk_lease_facts *facts, const struct pk_address *address)
{
    for (size_t i = 0; i < facts->station_count; i++) {
        if (pk_address_same(&facts->stations[i].address, address)) {
            return &facts->stations[i];
        }
    }
    return NULL;
}

static void want(struct pk_lease_track *t, const struct pk_address *a)
{
    struct pk_lease_facts *f = &t->facts;

    if (on_link(t, a) && pk_lease_station_of(f, a) == NULL &&
            f->station_count < PK_LEASE_STATIONS_MAX) {
        f->stations[f->station_count++] = (struct pk_lease_station){ .address = *a };
    }
}

static void want_terms(struct pk_lease_track *t, const struct pk_lease_terms *terms)
{
    want(t, &terms->server);
    want(t, &terms->router);
    for (size_t i = 0; i < terms->name_count; i++) {
        want(t, &terms->names[i]);
    }
}

static void ask_stations(struct pk_lease_track *t)
{
    for (size_t i = 0; i < t->facts.station_count; i++) {
        struct pk_lease_station *s = &t->facts.stations[i];

        if (!s->answered) {
            s->asked = true;
            t->ops->ask_station(t->ctx, s->address.bytes);
        }
    }
}

/* --- rounds ------------------------------------------------------------------------------- */

static void begin_round(struct pk_lease_track *t, bool brief, int64_t now)
{
    if (t->asking && (brief || !t->brief)) {
        return;
    }
    t->asking = true;
    t->brief = brief;
    t->round_ms = now;
    t->step = 0;
    if (!brief) {
        t->facts.station_count = 0;
        t->facts.asked = 0;
    }
    want_terms(t, &t->facts.now);
    if (t->facts.has_before) {
        want_terms(t, &t->facts.before);
    }
    for (size_t i = 0; i < t->facts.offer_count; i++) {
        want_terms(t, &t->facts.offers[i].terms);
    }
    t->ops->wake(t->ctx, 1);
}

/* Whoever is still there answers the round's own question. */
static void forget_old_offers(struct pk_lease_track *t)
{
    struct pk_lease_facts *f = &t->facts;
    size_t kept = 0;

    for (size_t i = 0; i < f->offer_count; i++) {
        if (f->offers[i].at_ms >= t->round_ms - OFFER_KEPT_MS) {
            f->offers[kept++] = f->offers[i];
        }
    }
    f->offer_count = kept;
}

/* When the lease that we know of is sure to be this network's; 0: now. */
static int64_t settled_ms(const struct pk_lease_track *t, int64_t now)
{
    bool granted = t->granted_by.family != 0 &&
            !pk_address_same(&t->granted_by, &t->facts.now.server);
    int64_t at = granted ? t->granted_ms + APPLIED_MS : 0;

    if (t->doubted && t->doubted_ms + APPLIED_MS > at) {
        at = t->doubted_ms + APPLIED_MS;
    }
    return at > now ? at : 0;
}

/* Where our server is silent, what others offer is no offer beside it. */
static void report(struct pk_lease_track *t)
{
    struct pk_lease_facts facts = t->facts;
    size_t kept = 0;

    for (size_t i = 0; i < facts.offer_count && t->doubted; i++) {
        if (pk_address_same(&facts.offers[i].terms.server, &facts.now.server)) {
            facts.offers[kept++] = facts.offers[i];
        }
    }
    facts.offer_count = t->doubted ? kept : facts.offer_count;
    t->must_report = false;
    t->ops->report(t->ctx, &facts);
}

static void end_round(struct pk_lease_track *t, int64_t now)
{
    int64_t at = t->must_report ? settled_ms(t, now) : 0;

    if (at > 0) {
        t->ops->wake(t->ctx, at - now);
        return; /* a new lease begins a round of its own; without it, this one ends then */
    }
    t->asking = false;
    if (!t->brief) {
        forget_old_offers(t);
    }
    if (t->must_report && t->joined) {
        report(t);
    }
}

void pk_lease_track_tick(struct pk_lease_track *t, int64_t now)
{
    if (!t->joined || !t->asking) {
        return;
    }
    if (t->brief) {
        if (t->step == 0) {
            t->step = 1;
            ask_stations(t);
            t->ops->wake(t->ctx, LATE_MS);
        } else if (now - t->round_ms >= LATE_MS) {
            end_round(t, now);
        } else {
            t->ops->wake(t->ctx, t->round_ms + LATE_MS - now);
        }
        return;
    }
    while (t->step < STEPS && now - t->round_ms >= step_ms[t->step]) {
        ask_stations(t);
        if (t->step != 1) {
            t->facts.asked++;
            t->ops->ask_servers(t->ctx);
        }
        t->step++;
    }
    if (now - t->round_ms >= step_ms[STEPS]) {
        end_round(t, now);
        return;
    }
    t->ops->wake(t->ctx, t->round_ms + step_ms[t->step] - now);
}

void pk_lease_track_station(
        struct pk_lease_track *t, const uint8_t address[4], const uint8_t mac[6])
{
    for (size_t i = 0; i < t->facts.station_count; i++) {
        struct pk_lease_station *s = &t->facts.stations[i];

        /* The first answer counts: a second one is the gateway's tracker's business. */
        if (!s->answered && memcmp(s->address.bytes, address, 4) == 0) {
            s->answered = true;
            memcpy(s->mac, mac, 6);
        }
    }
}

static struct pk_lease_seen_offer *place_of(
        struct pk_lease_track *t, const struct pk_lease_terms *terms, const uint8_t mac[6])
{
    struct pk_lease_facts *f = &t->facts;
    size_t oldest = 0;

    for (size_t i = 0; i < f->offer_count; i++) {
        if (pk_address_same(&f->offers[i].terms.server, &terms->server) &&
                memcmp(f->offers[i].mac, mac, 6) == 0) {
            return &f->offers[i];
        }
        oldest = f->offers[i].at_ms < f->offers[oldest].at_ms ? i : oldest;
    }
    if (f->offer_count < PK_LEASE_OFFERS_MAX) {
        oldest = f->offer_count++;
    }
    f->offers[oldest] = (struct pk_lease_seen_offer){ 0 };
    return &f->offers[oldest];
}

void pk_lease_track_offer(struct pk_lease_track *t, const struct pk_dhcp *message,
        const uint8_t mac[6], bool ours, int64_t now)
{
    struct pk_lease_seen_offer *offer;
    struct pk_lease_terms terms;
    bool news;

    pk_lease_terms_of(message, &terms);
    if (ours && message->type == PK_DHCP_ACK) {
        t->facts.has_sender = true;
        memcpy(t->facts.sender, mac, 6);
        t->granted_by = terms.server;
        t->granted_ms = now;
    }
    if (pk_address_same(&terms.server, &t->facts.now.server)) {
        t->doubted = false;
    }
    offer = place_of(t, &terms, mac);
    news = offer->at_ms == 0 || !pk_lease_terms_same(&offer->terms, &terms);
    offer->terms = terms;
    memcpy(offer->mac, mac, 6);
    offer->at_ms = now;
    if (!news || !t->joined) {
        return;
    }
    want_terms(t, &terms);
    if (!t->asking && !pk_lease_terms_same(&terms, &t->facts.now)) {
        t->must_report = true;
        begin_round(t, true, now);
    }
}

/* --- joining, changing, leaving ----------------------------------------------------------- */

/* Unless its server was heard just now, as when the lease has only come. */
static void doubt(struct pk_lease_track *t, int64_t now)
{
    t->doubted = true;
    t->doubted_ms = now;
    for (size_t i = 0; i < t->facts.offer_count; i++) {
        const struct pk_lease_seen_offer *o = &t->facts.offers[i];

        if (pk_address_same(&o->terms.server, &t->facts.now.server) &&
                o->at_ms >= now - OFFER_KEPT_MS) {
            t->doubted = false;
        }
    }
}

void pk_lease_track_join(struct pk_lease_track *t, const struct pk_lease_terms *terms,
        const struct pk_address *own, unsigned prefix, bool same_network, int64_t now)
{
    struct pk_lease_facts *f = &t->facts;

    if (!same_network) {
        f->has_before = false;
        f->offer_count = 0;
    }
    t->joined = true;
    t->asking = false;
    t->own = *own;
    t->prefix = prefix;
    f->now = *terms;
    doubt(t, now);
    t->must_report = true;
    begin_round(t, false, now);
}

void pk_lease_track_relink(struct pk_lease_track *t, int64_t now)
{
    if (t->joined) {
        t->facts.offer_count = 0;
        doubt(t, now);
        t->asking = false;
        t->must_report = true;
        begin_round(t, false, now);
    }
}

void pk_lease_track_change(
        struct pk_lease_track *t, const struct pk_lease_terms *terms, int64_t now)
{
    bool same = pk_lease_terms_same(&t->facts.now, terms);

    if (!t->joined) {
        return;
    }
    t->facts.now = *terms;
    if (!same) {
        t->doubted = false;
        t->asking = false; /* answers to questions about the old one say nothing */
        t->must_report = true;
        begin_round(t, false, now);
    }
}

void pk_lease_track_leave(struct pk_lease_track *t)
{
    t->joined = t->asking = t->must_report = false;
    t->facts.station_count = 0;
}

static void keep_mac(
        const struct pk_lease_facts *f, const struct pk_address *a, bool is_new, uint8_t out[6])
{
    const struct pk_lease_station *s = pk_lease_station_of(f, a);

    if (is_new) {
        memset(out, 0, 6);
    }
    if (s != NULL && s->answered) {
        memcpy(out, s->mac, 6);
    }
}

void pk_lease_track_accept(struct pk_lease_track *t)
{
    struct pk_lease_facts *f = &t->facts;

    if (!t->joined || f->now.server.family == 0) {
        return;
    }
    keep_mac(f, &f->now.server,
            !f->has_before || !pk_address_same(&f->before.server, &f->now.server),
            f->server_mac_before);
    keep_mac(f, &f->now.router,
            !f->has_before || !pk_address_same(&f->before.router, &f->now.router),
            f->router_mac_before);
    f->before = f->now;
    f->has_before = true;
}

bool pk_lease_track_check(struct pk_lease_track *t, int64_t now)
{
    if (!t->joined) {
        return false;
    }
    t->must_report = true;
    begin_round(t, false, now);
    return true;
}

bool pk_lease_track_asking(const struct pk_lease_track *track)
{
    return track->asking;
}
