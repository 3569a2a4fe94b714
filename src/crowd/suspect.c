/* What all devices together say of one suspect thing: LO = -3.2 - ln(1 + past) + against + in favour, and the
 * rule by which it becomes, and ceases to be, bad for everybody. */
#include "crowd/internal.h"

#define PRIOR       (-3.2F)
#define SOFT_MAX    2.0F
#define FAVOUR_MIN  (-4.0F)
#define SINCE_MIN   (-14.0F)
#define AGAINST_MAX 14.0F /* however many speak: it must be possible to make it good again */
#define SINCE_TIMES \
    3.0F /* a clean visit after the last claim says so much more than one before it */
#define HALF_NEW       (2.5F * PK_DAY_S) /* of a thing without a clean past */
#define HALF_KNOWN     (.25F * PK_DAY_S)
#define HALF_APP       (30.0F * PK_DAY_S)
#define PAST_WITNESSES 1.0F /* clean visits from which on one witness is not enough */
#define PAST_OWN       3.0F
#define CLEAN_KNOWN    3.0F /* clean visits since the first claim show the same */
#define PAST_KNOWN     .4F
#define CLEAR_LO       (-1.0F)
#define CLEAR_S        (12L * PK_HOUR_S)
#define FORGET_S       (45 * PK_DAY_S)
#define FORGET_NET_S   (14 * PK_DAY_S)
#define FAMILIAR_MIN   .45F /* a voice that may speak alone of a place that it knows */
#define VOICE_MIN      .25F /* of groups that count in the nightly check */

uint64_t pk_suspect_key(const struct pk_crowd_key *thing)
{
    return pk_crowd_mix(pk_crowd_mix(thing->a, thing->b), (uint64_t)thing->kind + 1);
}

struct pk_suspect *pk_suspect_of(struct pk_crowd *crowd, const struct pk_crowd_key *thing)
{
    return pk_table_find(&crowd->rooms[PK_ROOM_SUSPECTS], pk_suspect_key(thing));
}

struct pk_suspect *pk_suspect_make(
        struct pk_crowd *crowd, const struct pk_crowd_key *thing, float past, int64_t now_s)
{
    struct pk_suspect *e = pk_table_put(&crowd->rooms[PK_ROOM_SUSPECTS], pk_suspect_key(thing));

    if (e != NULL && e->since == 0) {
        /* One by one: what a compiler leaves between them must not come along into what is saved. */
        e->thing.a = thing->a;
        e->thing.b = thing->b;
        e->thing.kind = thing->kind;
        e->since = (uint32_t)now_s;
        e->past = past;
        e->cause = 0xff;
    }
    return e;
}

static bool is_network(const struct pk_suspect *e)
{
    return e->thing.kind == PK_CROWD_POINT || e->thing.kind == PK_CROWD_SITE;
}

static float half_of(const struct pk_suspect *e)
{
    if (e->thing.kind == PK_CROWD_APP || e->thing.kind == PK_CROWD_SIGNER) {
        return HALF_APP;
    }
    return e->past >= PAST_KNOWN || e->clean_n >= CLEAN_KNOWN ? HALF_KNOWN : HALF_NEW;
}

static float faded(float half, uint32_t at, int64_t now_s)
{
    float dt = (float)(now_s - (int64_t)at);

    return dt <= 0 ? 1 : exp2f(-dt / half);
}

/* The device's own item, or the weakest. */
static struct pk_item *place_for(
        struct pk_item *items, size_t n, uint64_t device, float half, int64_t now_s)
{
    size_t least = 0;
    float weakest = INFINITY;

    for (size_t i = 0; i < n; i++) {
        float strength;

        if (items[i].device == device || items[i].device == 0) {
            return &items[i];
        }
        strength = items[i].l * items[i].w * faded(half, items[i].at, now_s);
        if (strength < weakest) {
            weakest = strength;
            least = i;
        }
    }
    return &items[least];
}

static void put(struct pk_item *item, const struct pk_claim *claim, int64_t now_s)
{
    bool same = item->device == claim->device;

    item->l = same && item->l > claim->l ? item->l : claim->l;
    item->own = (same && item->own) || claim->own;
    item->count = (uint16_t)(same && item->count < 60000 ? item->count + 1 : 1);
    item->device = claim->device;
    item->w = claim->w;
    item->at = (uint32_t)now_s;
    item->tenant = claim->tenant;
    item->cohort = claim->cohort;
    item->hard = claim->hard;
    item->familiar = claim->familiar;
}

void pk_suspect_against(struct pk_suspect *e, const struct pk_claim *claim, int64_t now_s)
{
    float half = half_of(e);
    struct pk_item *item = place_for(e->against, PK_ITEMS_BAD, claim->device, half, now_s);

    if (item->device != claim->device && item->device != 0 &&
            item->l * item->w * faded(half, item->at, now_s) > claim->l * claim->w) {
        return; /* all that are there say more */
    }
    put(item, claim, now_s);
    e->last = (uint32_t)now_s;
}

void pk_suspect_for(struct pk_suspect *e, const struct pk_claim *claim, int64_t now_s)
{
    put(place_for(e->for_it, PK_ITEMS_CLEAN, claim->device, half_of(e), now_s), claim, now_s);
    e->clean_n += claim->w;
}

struct strength {
    float c;
    const struct pk_item *item;
};

/* Strengths, the largest first. */
static size_t sort_items(
        const struct pk_item *items, size_t n, float half, int64_t now_s, struct strength *out)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        float c;
        size_t at;

        if (items[i].device == 0 || items[i].w <= 0) {
            continue; /* free, or a voice that took its word back */
        }
        c = items[i].l * items[i].w * faded(half, items[i].at, now_s);
        for (at = count; at > 0 && out[at - 1].c < c; at--) {
            out[at] = out[at - 1];
        }
        out[at] = (struct strength){ c, &items[i] };
        count++;
    }
    return count;
}

/* 1/r for the r-th of its tenant, and again for the r'-th of its cohort. 0 stands for itself. */
static float share_of(const struct strength *list, size_t at, bool trusting)
{
    const struct pk_item *x = list[at].item;
    float tenant = 1;
    float cohort = 1;

    if (!trusting) {
        return 1;
    }
    for (size_t i = 0; i < at; i++) {
        tenant += x->tenant != 0 && list[i].item->tenant == x->tenant ? 1 : 0;
        cohort += x->cohort != 0 && list[i].item->cohort == x->cohort ? 1 : 0;
    }
    return 1 / (tenant * cohort);
}

void pk_suspect_weigh(const struct pk_crowd *crowd, const struct pk_suspect *e, int64_t now_s,
        struct pk_standing *out)
{
    struct strength list[PK_ITEMS_BAD];
    float half = half_of(e);
    bool trusting = crowd->settings.trusting;
    size_t n = sort_items(e->against, PK_ITEMS_BAD, half, now_s, list);
    float hard = 0;
    float soft = 0;
    float clean = 0;
    float since = 0;

    memset(out, 0, sizeof(*out));
    out->since = e->since;
    for (size_t i = 0; i < n; i++) {
        float share = share_of(list, i, trusting);
        float c = list[i].c * share;

        if (list[i].item->hard || !trusting) {
            hard += c;
        } else {
            soft += c;
        }
        out->devices++;
        out->groups += share == 1 ? 1 : 0;
        if (share == 1 && list[i].item->hard && list[i].item->w >= VOICE_MIN) {
            out->hard_groups++;
            out->own_groups += list[i].item->own;
            out->familiar += list[i].item->own && list[i].item->familiar &&
                    list[i].item->w >= FAMILIAR_MIN;
        }
    }
    n = sort_items(e->for_it, PK_ITEMS_CLEAN, half, now_s, list);
    for (size_t i = 0; i < n; i++) {
        float c = list[i].c * share_of(list, i, trusting);

        /* While an attack lasts about every second visit is caught: many clean ones in a row since the
         * last claim say that it is over, those before it say little. */
        if (list[i].item->at > e->last) {
            since += c * SINCE_TIMES;
        } else {
            clean += c;
        }
    }
    out->against = trusting ? pk_minf(AGAINST_MAX, hard + pk_minf(SOFT_MAX, soft)) : hard + soft;
    out->in_favour = trusting ? pk_maxf(FAVOUR_MIN, -clean) + pk_maxf(SINCE_MIN, -since)
                              : -clean - since;
    if (is_network(e)) {
        /* A good past speaks against doubts, hardly against forged certificates. */
        out->log_odds = PRIOR -
                logf(1 + (out->own_groups > 0 ? pk_minf(PAST_OWN, e->past) : e->past)) +
                out->against + out->in_favour;
    } else if (e->thing.kind == PK_CROWD_MAST) {
        out->log_odds = PRIOR + out->against + out->in_favour;
    } else {
        out->log_odds = PRIOR - e->past + out->against + out->in_favour;
    }
}

bool pk_suspect_bad(
        const struct pk_crowd *crowd, const struct pk_suspect *e, const struct pk_standing *st)
{
    const float *t = crowd->weights->t;

    switch (e->thing.kind) {
    case PK_CROWD_POINT:
        /* A place with a clean past needs two independent attested witnesses, a new one one. */
        return st->log_odds > t[PK_T_PRE_POINT] &&
                (!crowd->settings.trusting || st->familiar > 0 ||
                        st->hard_groups >= (e->past >= PAST_WITNESSES ? 2U : 1U));
    case PK_CROWD_SITE:
        return st->log_odds > t[PK_T_PRE_SITE] &&
                (!crowd->settings.trusting || st->hard_groups >= 2U);
    case PK_CROWD_MAST:
        return st->log_odds > t[PK_T_PRE_MAST];
    case PK_CROWD_APP:
        return st->log_odds > t[PK_T_PRE_APP];
    case PK_CROWD_SIGNER:
    default:
        return st->log_odds > t[PK_T_PRE_SIGNER];
    }
}

static void announce(
        struct pk_crowd *crowd, struct pk_suspect *e, const struct pk_standing *st, int64_t now_s)
{
    struct pk_crowd_change change = { .key = e->thing,
        .bad = e->bad != 0,
        .log_odds = st->log_odds,
        .at_s = now_s,
        .devices = st->devices,
        .groups = st->groups,
        .cause = e->cause };

    if (crowd->settings.changed != NULL) {
        crowd->settings.changed(crowd->settings.ctx, &change);
    }
}

void pk_suspect_settle(struct pk_crowd *crowd, struct pk_suspect *e, int64_t now_s)
{
    struct pk_standing st;
    bool bad;

    pk_suspect_weigh(crowd, e, now_s, &st);
    bad = pk_suspect_bad(crowd, e, &st);
    e->checked = (uint32_t)now_s;
    if (bad) {
        e->low_since = 0;
    } else if (e->low_since == 0 && st.log_odds < CLEAR_LO) {
        e->low_since = (uint32_t)now_s;
    }
    if (bad && !e->bad) {
        e->bad = 1;
        announce(crowd, e, &st, now_s);
    } else if (e->bad && e->low_since != 0 && now_s - (int64_t)e->low_since >= CLEAR_S) {
        e->bad = 0;
        announce(crowd, e, &st, now_s);
    }
}

struct tally {
    uint32_t bad, clean; /* groups */
};

/* Does the r-th item stand for a group that was not counted yet? */
static bool is_first_of_group(const struct pk_item *items, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (items[i].device != 0 && items[i].w >= VOICE_MIN &&
                ((items[at].tenant != 0 && items[i].tenant == items[at].tenant) ||
                        (items[at].cohort != 0 && items[i].cohort == items[at].cohort))) {
            return false;
        }
    }
    return true;
}

static bool is_of_day(const struct pk_item *item, int64_t now_s)
{
    return item->device != 0 && now_s - (int64_t)item->at < PK_DAY_S;
}

static uint32_t groups_of(const struct pk_item *items, size_t n, int64_t now_s)
{
    uint32_t count = 0;

    for (size_t i = 0; i < n; i++) {
        count += is_of_day(&items[i], now_s) && items[i].w >= VOICE_MIN &&
                is_first_of_group(items, i);
    }
    return count;
}

/* A two-coin step of Dawid and Skene 1979 with strong priors, once a night. */
static void judge_claimer(
        struct pk_crowd *crowd, const struct pk_item *item, const struct tally *t, bool against)
{
    struct pk_voice *v = pk_table_find(&crowd->rooms[PK_ROOM_VOICES], item->device);
    uint32_t own = item->w >= VOICE_MIN ? 1 : 0;

    if (v == NULL) {
        return;
    }
    if (against && t->bad <= own && t->clean >= 1) {
        v->b += t->clean >= 2 ? 1.2F : .4F;
    } else if (against && t->clean >= 4 && t->clean > 2 * t->bad) {
        v->b += .8F;
    } else if (against && t->bad > own && t->clean <= t->bad) {
        v->a += .5F;
    } else if (!against && t->bad >= 3) {
        v->b += .25F;
    }
}

static void check_peers(struct pk_crowd *crowd, const struct pk_suspect *e, int64_t now_s)
{
    struct tally t = { groups_of(e->against, PK_ITEMS_BAD, now_s),
        groups_of(e->for_it, PK_ITEMS_CLEAN, now_s) };

    for (size_t i = 0; i < PK_ITEMS_BAD; i++) {
        if (is_of_day(&e->against[i], now_s)) {
            judge_claimer(crowd, &e->against[i], &t, true);
        }
    }
    for (size_t i = 0; i < PK_ITEMS_CLEAN; i++) {
        if (is_of_day(&e->for_it[i], now_s)) {
            judge_claimer(crowd, &e->for_it[i], &t, false);
        }
    }
}

void pk_suspects_night(struct pk_crowd *crowd, int64_t now_s)
{
    struct pk_table *room = &crowd->rooms[PK_ROOM_SUSPECTS];

    for (uint32_t i = 0; i < room->made; i++) {
        struct pk_suspect *e = pk_table_at(room, i);
        int64_t quiet;

        if (e == NULL) {
            continue;
        }
        if (is_network(e) && crowd->settings.trusting) {
            check_peers(crowd, e, now_s);
        }
        pk_suspect_settle(crowd, e, now_s);
        quiet = now_s - (int64_t)e->last;
        if (!e->bad && quiet > (is_network(e) ? FORGET_NET_S : FORGET_S)) {
            pk_table_drop(room, e->key);
        }
    }
}
