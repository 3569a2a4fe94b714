#include "crowd/visit.h"

#include <stdlib.h>

#include "base/arena.h"
#include "crowd/visit_internal.h"

#define JUDGE_MEMORY (1024UL * 1024) /* findings of one observation, with their evidence */
#define FLAGS_LAST_S 3600            /* a flag that was not seen again for so long is over */
#define FRESH        0xff            /* in visit_told.further: nothing was told yet */
#define MAST_NULL    4               /* in visit_mast.flags, beside enum pk_sight_identity */

enum {
    LINK_CELLULAR = 3, /* pk_link_names; behind it only "vpn" */
};

/* A report on its way through. */
struct passage {
    struct pk_visits *visits;
    struct visit_seat *seat;
    const struct pk_visit_device *device;
    pk_visit_tell tell;
    void *ctx;
    int64_t received_s;
};

/* --- telling ------------------------------------------------------------------------------ */

static bool has_budget(struct visit_seat *seat, uint32_t at_s)
{
    if (at_s - seat->budget_s >= PK_VISIT_REPEAT_S || at_s < seat->budget_s) {
        seat->budget_s = at_s;
        seat->budget = 0;
    }
    if (seat->budget >= PK_VISIT_BUDGET) {
        return false;
    }
    seat->budget++;
    return true;
}

static void say(const struct passage *p, struct pk_sighting *s, uint32_t at_s)
{
    if (!has_budget(p->seat, at_s)) {
        return;
    }
    s->at_s = at_s;
    s->device = p->seat->device;
    s->tenant = p->device->tenant;
    p->tell(p->ctx, s);
}

static void tell_network(const struct passage *p)
{
    const struct visit_now *now = &p->seat->now;
    struct pk_sighting s = { .kind = PK_SIGHTING_NETWORK,
        .place = now->place,
        .city = now->city,
        .network = { .network = now->network,
                .point = now->point,
                .gateway = now->gateway,
                .resolver = now->resolver,
                .lease = now->lease,
                .portal = now->portal,
                .dbm = now->dbm,
                .security = now->security,
                .flags = now->flags,
                .check_count = now->check_count } };

    for (size_t i = 0; i < now->check_count; i++) {
        s.network.checks[i] = (struct pk_sight_check){ .key = now->checks[i].key,
            .host = (uint8_t)(now->checks[i].host % PK_SIGHT_HOSTS),
            .valid = now->checks[i].valid };
    }
    say(p, &s, now->at_s);
}

static void tell_incidents(const struct passage *p, uint8_t which)
{
    const struct visit_now *now = &p->seat->now;

    for (unsigned attack = PK_SIGHT_INTERCEPTION; attack <= PK_SIGHT_STRIPPING; attack++) {
        struct pk_sighting s = { .kind = PK_SIGHTING_INCIDENT,
            .place = now->place,
            .city = now->city,
            .incident = { .network = now->network,
                    .point = now->point,
                    .attack = (uint8_t)attack,
                    .confidence = now->sure[attack] } };

        if ((which & 1U << attack) != 0) {
            say(p, &s, now->at_s);
        }
    }
}

/* --- what is new? ------------------------------------------------------------------------- */

static uint8_t evidence_of(const struct visit_now *now, uint8_t *forged)
{
    unsigned out = now->portal != 0 ? EV_PORTAL : 0;

    *forged = 0;
    out |= (now->flags & PK_SIGHT_GATEWAY_CHANGED) != 0 ? EV_GATEWAY : 0;
    out |= (now->flags & PK_SIGHT_STRIPPED) != 0 ? EV_STRIPPED : 0;
    out |= (now->flags & PK_SIGHT_DNS_DIFFERS) != 0 ? EV_DNS : 0;
    for (size_t i = 0; i < now->check_count; i++) {
        const struct visit_check *c = &now->checks[i];

        if (c->valid == PK_SIGHT_FORGED) {
            out |= EV_FORGED;
            *forged |= (uint8_t)(1U << c->host % PK_SIGHT_HOSTS);
        } else {
            out |= c->valid == PK_SIGHT_INTACT ? EV_PROVEN : EV_INSPECTED;
        }
    }
    return (uint8_t)out;
}

static uint16_t fold(uint64_t value)
{
    uint32_t digest = visit_digest(&value, 1);
    uint16_t out = (uint16_t)(digest ^ digest >> 16);

    return value == 0 ? 0 : out != 0 ? out : 1;
}

static void facts_of(const struct visit_now *now, uint16_t out[VISIT_FACTS])
{
    out[0] = fold(now->gateway);
    out[1] = fold(now->resolver);
    out[2] = fold(now->lease);
    out[3] = fold(now->portal);
    out[4] = fold(now->security + 1U);
}

/* Something is another one than was told; what only becomes known, or is not known this time, is not.
 * Keeps the newest. */
static bool facts_differ(struct visit_told *told, const uint16_t facts[VISIT_FACTS])
{
    bool differ = false;

    for (size_t i = 0; i < VISIT_FACTS; i++) {
        differ |= facts[i] != 0 && told->facts[i] != 0 && facts[i] != told->facts[i];
        told->facts[i] = facts[i] != 0 ? facts[i] : told->facts[i];
    }
    return differ;
}

/* The place of this access point; else a free one, else the oldest one's, emptied. */
static struct visit_told *told_of(struct visit_seat *seat)
{
    const struct visit_now *now = &seat->now;
    struct visit_told *oldest = &seat->told[0];

    for (size_t i = 0; i < VISIT_POINTS; i++) {
        struct visit_told *t = &seat->told[i];

        if (t->since_s != 0 && t->network == now->network && t->point == now->point) {
            return t;
        }
        oldest = t->since_s < oldest->since_s ? t : oldest;
    }
    *oldest = (struct visit_told){ .network = now->network, .point = now->point };
    return oldest;
}

static bool is_over(uint32_t since_s, uint32_t at_s)
{
    return since_s == 0 || at_s < since_s || at_s - since_s >= PK_VISIT_REPEAT_S;
}

/* Tells the visit when there is something to tell. */
static void tell_visit(const struct passage *p)
{
    struct visit_seat *seat = p->seat;
    struct visit_now *now = &seat->now;
    struct visit_told *told;
    uint16_t facts[VISIT_FACTS];
    uint8_t incidents = now->incidents;
    uint8_t evidence;
    uint8_t forged;
    bool differ;

    if (!now->open || !now->news) {
        return;
    }
    now->news = false;
    now->incidents = 0; /* told now, or already */
    if (now->flags != 0 && now->at_s - now->flags_s >= FLAGS_LAST_S) {
        now->flags = 0;
    }
    told = told_of(seat);
    if (is_over(told->since_s, now->at_s)) {
        *told = (struct visit_told){
            .network = now->network, .point = now->point, .since_s = now->at_s, .further = FRESH
        };
    }
    facts_of(now, facts);
    differ = facts_differ(told, facts);
    evidence = evidence_of(now, &forged);
    incidents &= (uint8_t)~told->incidents;
    if (told->further != FRESH) {
        if (!differ && (evidence & ~told->evidence) == 0 && (forged & ~told->forged) == 0 &&
                incidents == 0) {
            return;
        }
        if (told->further >= PK_VISIT_FURTHER_MAX) {
            return;
        }
    }
    told->further = told->further == FRESH ? 0 : (uint8_t)(told->further + 1);
    told->evidence |= evidence;
    told->forged |= forged;
    told->incidents |= incidents;
    for (size_t i = 0; i < now->check_count; i++) {
        now->checks[i].told = true;
    }
    tell_network(p);
    tell_incidents(p, incidents);
}

/* --- observations ------------------------------------------------------------------------- */

static void take_network(const struct passage *p, const struct pk_observation *o)
{
    struct visit_now *now = &p->seat->now;
    const struct pk_obs_network *n = o->net;
    uint64_t network = pk_crowd_network_of(o->network);
    uint64_t point = pk_crowd_hardware_of(n->bssid);

    if (n->event == PK_NETWORK_LEFT || n->link >= LINK_CELLULAR || network == 0) {
        tell_visit(p);
        now->open = false;
    } else if (n->event == PK_NETWORK_JOINED || !now->open || now->network != network ||
            now->point != point) {
        tell_visit(p);
        visit_note_joined(now, o);
    } else {
        visit_note_network(now, o);
    }
}

static void take_check(
        struct visit_now *now, const struct pk_obs_tls *tls, struct visit_seat *seat, int valid)
{
    if (tls->trust == PK_TLS_TRUST_INSTALLED && tls->outcome == PK_TLS_OK && !tls->own) {
        seat->extra_ca = true;
    }
    visit_note_check(now, tls, valid);
}

/* Facts about the network that the device is on. */
static int take_fact(const struct passage *p, const struct pk_observation *o)
{
    struct visit_now *now = &p->seat->now;
    pk_visit_judge judge = p->visits->settings.judge;
    struct pk_arena *arena = pk_arena_create(JUDGE_MEMORY);
    struct pk_findings found = { 0 };
    int valid = -1;
    int rc = arena == NULL ? PK_ENOMEM : judge != NULL ? judge(o, arena, &found) : PK_OK;

    if (rc < 0) {
        goto out;
    }
    if (o->kind == PK_OBS_TLS) {
        valid = visit_valid_of(o->tls, &found, judge != NULL);
    }
    if (visit_takes_back(now, o, valid)) {
        tell_visit(p);
    }
    if (o->kind == PK_OBS_TLS) {
        take_check(now, o->tls, p->seat, valid);
    } else if (o->kind == PK_OBS_GATEWAY) {
        visit_note_gateway(now, o, &found);
    } else if (o->kind == PK_OBS_LEASE) {
        visit_note_lease(now, o);
    }
    if (o->kind != PK_OBS_TLS || valid == PK_SIGHT_FORGED) {
        visit_note_findings(now, &found);
    }
out:
    pk_arena_destroy(arena);
    return rc;
}

static void take_mast(const struct passage *p, const struct pk_obs_cell *cell, uint32_t at_s)
{
    struct pk_sighting s = { .kind = PK_SIGHTING_MAST,
        .place = pk_crowd_place_of(cell->place),
        .city = pk_crowd_city_of(cell->place) };
    struct visit_mast *mast = &p->seat->masts[0];
    uint8_t flags;
    uint64_t key;

    if (!visit_mast_of(cell, &s.mast)) {
        return;
    }
    flags = (uint8_t)(s.mast.flags | (s.mast.cipher == 0 ? MAST_NULL : 0));
    key = pk_crowd_key_of_mast(s.mast.plmn, s.mast.cell, s.place).a ^ s.place;
    for (size_t i = 0; i < VISIT_MASTS; i++) {
        struct visit_mast *m = &p->seat->masts[i];

        if (m->since_s != 0 && m->key == key) {
            mast = m;
            break;
        }
        mast = m->since_s < mast->since_s ? m : mast;
    }
    if (mast->since_s != 0 && mast->key == key && !is_over(mast->since_s, at_s)) {
        if ((flags & ~mast->flags) == 0) {
            return;
        }
        mast->flags |= flags;
    } else {
        *mast = (struct visit_mast){ .key = key, .since_s = at_s, .flags = flags };
    }
    say(p, &s, at_s);
}

static void take_posture(const struct passage *p, const struct pk_obs_posture *in, uint32_t at_s)
{
    struct pk_sighting s = { .kind = PK_SIGHTING_POSTURE };
    struct pk_sight_posture *o = &s.posture;
    uint32_t digest;

    visit_posture_of(in, at_s, o);
    o->extra_ca = p->seat->extra_ca;
    digest = visit_digest((const uint64_t[]){ pk_crowd_hash(in->patch), o->os, o->root, o->hook,
                                  o->developer, o->passcode, o->extra_ca },
            7);
    if (digest == p->seat->posture && at_s - p->seat->posture_s < PK_VISIT_POSTURE_S) {
        return;
    }
    p->seat->posture = digest;
    p->seat->posture_s = at_s;
    say(p, &s, at_s);
}

static uint32_t dated(const struct passage *p, const struct pk_observation *o)
{
    int64_t at_s = o->at_ms / 1000;
    int64_t first = p->received_s - PK_VISIT_DELAY_S;

    at_s = at_s < first ? first : at_s > p->received_s ? p->received_s : at_s;
    return at_s < 1 ? 1 : at_s > UINT32_MAX ? UINT32_MAX : (uint32_t)at_s;
}

static int take(const struct passage *p, const struct pk_observation *o)
{
    struct visit_now *now = &p->seat->now;
    uint32_t at_s = dated(p, o);
    bool here = now->open && pk_crowd_network_of(o->network) == now->network;

    p->seat->seen_s = at_s;
    if (here) {
        now->at_s = at_s;
    }
    switch ((enum pk_observation_kind)o->kind) {
    case PK_OBS_NETWORK:
        take_network(p, o);
        now->at_s = at_s;
        return PK_OK;
    case PK_OBS_GATEWAY:
    case PK_OBS_DNS:
    case PK_OBS_TLS:
    case PK_OBS_LEASE:
    case PK_OBS_ROUTERS:
    case PK_OBS_REDIRECT:
    case PK_OBS_HTTP:
        return here ? take_fact(p, o) : PK_OK;
    case PK_OBS_PORTAL:
        if (here) {
            visit_note_portal(now, o);
        }
        return PK_OK;
    case PK_OBS_WIFI:
        if (now->open) { /* is about the air, not about one network */
            visit_note_wifi(now, o);
        }
        return PK_OK;
    case PK_OBS_CELL:
        take_mast(p, o->cell, at_s);
        return PK_OK;
    case PK_OBS_POSTURE:
        take_posture(p, o->posture, at_s);
        return PK_OK;
    case PK_OBS_AGENT:
    case PK_OBS_CHOICE:
    case PK_OBS_APPS:
    case PK_OBS_PROXY:
    case PK_OBS_NAME:
    case PK_OBS_DRILL: /* nothing happened */
        return PK_OK;
    }
    return PK_OK;
}

/* --- reports ------------------------------------------------------------------------------ */

static void tell_enrolment(const struct passage *p)
{
    const struct pk_sight_device *e = &p->device->enrolment;
    struct pk_sighting s = { .kind = PK_SIGHTING_DEVICE, .enrolment = *e };
    uint32_t digest = visit_digest((const uint64_t[]){ (uint64_t)e->enrolled_s, e->asn,
                                           e->attestation, e->ios, p->device->tenant },
            5);

    if (digest != p->seat->enrolment) {
        p->seat->enrolment = digest;
        s.at_s = p->received_s;
        s.device = p->seat->device;
        s.tenant = p->device->tenant;
        p->tell(p->ctx, &s); /* outside of the budget: without it nothing else has a weight */
    }
}

/* PK_ENOENT: nobody. */
static int begin(struct passage *p)
{
    uint64_t key = pk_crowd_hash(p->device->id);

    if (key == 0) {
        return PK_ENOENT;
    }
    p->seat = visit_seat_of(p->visits, key);
    return p->seat != NULL ? PK_OK : PK_ENOMEM;
}

int pk_visits_note(struct pk_visits *visits, const struct pk_visit_device *device,
        const struct pk_observation *o, int64_t received_ms, pk_visit_tell tell, void *ctx)
{
    struct passage p = { .visits = visits,
        .device = device,
        .tell = tell,
        .ctx = ctx,
        .received_s = received_ms / 1000 };
    int rc = begin(&p);

    if (rc < 0) {
        return rc == PK_ENOENT ? PK_OK : rc;
    }
    tell_enrolment(&p);
    return take(&p, o);
}

int pk_visits_end(struct pk_visits *visits, const struct pk_visit_device *device,
        pk_visit_tell tell, void *ctx)
{
    struct passage p = { .visits = visits, .device = device, .tell = tell, .ctx = ctx };
    int rc = begin(&p);

    if (rc < 0) {
        return rc == PK_ENOENT ? PK_OK : rc;
    }
    tell_visit(&p);
    return PK_OK;
}

int pk_visits_take(struct pk_visits *visits, const struct pk_visit_device *device,
        const struct pk_observation *observations, size_t count, int64_t received_ms,
        pk_visit_tell tell, void *ctx)
{
    int rc = PK_OK;

    for (size_t i = 0; i < count && rc == PK_OK; i++) {
        rc = pk_visits_note(visits, device, &observations[i], received_ms, tell, ctx);
    }
    return rc < 0 ? rc : pk_visits_end(visits, device, tell, ctx);
}
