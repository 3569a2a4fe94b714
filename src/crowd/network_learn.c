/* What a join teaches. Weight: voice x (1 - P(bad)), so that neither liars nor lasting attacks become normal. */
#include "crowd/network.h"

static uint32_t day_of(int64_t at_s)
{
    return (uint32_t)(at_s / PK_DAY_S) & 0xffff;
}

static void age_counts(uint16_t *counts, size_t n, float f)
{
    for (size_t i = 0; i < n; i++) {
        counts[i] = (uint16_t)((float)counts[i] * f + .5F);
    }
}

static void age_point(struct pk_point *p, float f)
{
    p->n *= f;
    age_counts(&p->clean, 1, f);
    pk_slots_fade(p->slots, PK_POINT_SLOTS, f);
}

static void age_profile(struct pk_profile *p, float f)
{
    p->n *= f;
    age_counts(p->flags, PK_COUNT(p->flags), f);
    age_counts(p->clean, PK_COUNT(p->clean), f);
    pk_slots_fade(p->slots, PK_PROFILE_SLOTS, f);
}

/* Fades at most every few days, so that rounding does not eat small counts. */
#define FADE_DAYS 4

static bool add_all(struct pk_slot *slots, const uint8_t *layout, const struct pk_network_view *v,
        float weight, float dice)
{
    bool fine = true;

    for (int a = 0; a < PK_ATTR_COUNT; a++) {
        size_t n = (size_t)(layout[a + 1] - layout[a]);

        if (n != 0 && (v->have >> a & 1) != 0) {
            fine = pk_slot_add(slots + layout[a], n, v->values[a], weight, dice) && fine;
        }
    }
    return fine;
}

static int learn_point(
        struct pk_crowd *crowd, const struct pk_judging *j, struct pk_network_view *v, float weight)
{
    struct pk_point *p = v->point != NULL
            ? v->point
            : pk_table_put(&crowd->rooms[PK_ROOM_POINTS], v->point_key);
    uint32_t day = day_of(j->s->at_s);
    uint32_t who = (uint32_t)(j->voice->key >> 32);

    if (p == NULL) {
        return PK_ENOMEM;
    }
    if (p->first == 0) {
        p->first = (uint32_t)j->s->at_s;
        p->day = (uint16_t)day;
    } else if (day - p->day >= FADE_DAYS && day > p->day) {
        age_point(p, pk_fade(day - p->day));
        p->day = (uint16_t)day;
    }
    p->last = (uint32_t)j->s->at_s;
    if (p->run_device != who) {
        p->run_device = who;
        p->run = (uint16_t)(p->run < 1000 ? p->run + 1 : p->run);
    }
    p->n += weight;
    if (!add_all(p->slots, pk_point_layout, v, weight, j->dice)) {
        age_point(p, .5F);
    }
    if (v->n1 > 0 && v->n0 == 0 && v->net->flags == 0) {
        pk_count_add(&p->clean, weight, j->dice);
    }
    v->point = p;
    return PK_OK;
}

static void note_place(struct pk_profile *p, uint32_t place)
{
    uint16_t folded = pk_slot_value(place);

    for (size_t i = 0; i < PK_COUNT(p->cells); i++) {
        if (p->cells[i] == folded) {
            return;
        }
        if (p->cells[i] == 0) {
            p->cells[i] = folded;
            return;
        }
    }
}

static int learn_profile(struct pk_crowd *crowd, const struct pk_judging *j, enum pk_room room,
        uint64_t key, struct pk_network_view *v, float weight, float all, struct pk_profile **at)
{
    struct pk_profile *p = *at != NULL ? *at : pk_table_put(&crowd->rooms[room], key);
    uint32_t day = day_of(j->s->at_s);

    if (p == NULL) {
        return PK_ENOMEM;
    }
    if (p->first == 0) {
        p->first = (uint32_t)j->s->at_s;
        p->day = (uint16_t)day;
    } else if (day - p->day >= FADE_DAYS && day > p->day) {
        age_profile(p, pk_fade(day - p->day));
        p->day = (uint16_t)day;
    }
    if (weight >= .5F * j->w) { /* an attack does not keep a place alive */
        p->last = (uint32_t)j->s->at_s;
    }
    p->n += weight;
    if (!add_all(p->slots, pk_profile_layout, v, weight, j->dice)) {
        age_profile(p, .5F);
    }
    note_place(p, j->s->place);
    for (unsigned f = 0; f < PK_COUNT(p->flags); f++) {
        if ((v->net->flags >> f & 1) != 0) {
            /* A flag makes its own join look bad, yet a place's habit must be learnt. */
            pk_count_add(&p->flags[f], all * .5F > weight ? all * .5F : weight, j->dice);
        }
    }
    for (unsigned i = 0; i < v->net->check_count; i++) {
        if (v->net->checks[i].valid == PK_SIGHT_INTACT) {
            pk_count_add(&p->clean[v->net->checks[i].host], weight, j->dice);
        }
    }
    *at = p;
    return PK_OK;
}

static int learn_world(struct pk_crowd *crowd, const struct pk_judging *j,
        const struct pk_network_view *v, float weight)
{
    const struct pk_sight_network *net = v->net;
    static const uint64_t local = UINT64_C(1) << 41;
    uint64_t raw[PK_ATTR_COUNT] = { 0,
        (net->gateway & local) != 0 ? UINT64_C(0x1000000) : net->gateway >> 24, net->resolver,
        net->lease, net->egress, net->portal, net->security,
        (net->point & local) != 0 ? UINT64_C(0x1000000) : net->point >> 24 };
    uint32_t day = day_of(j->s->at_s);

    for (int a = PK_ATTR_GATEWAY_MAKER; a < PK_ATTR_COUNT; a++) {
        struct pk_world_value *w;

        if ((v->have >> a & 1) == 0) {
            continue;
        }
        w = pk_table_put(&crowd->rooms[PK_ROOM_WORLD], pk_crowd_mix(raw[a], (unsigned)a + 0x1000U));
        if (w == NULL) {
            return PK_ENOMEM;
        }
        w->count = w->day != 0 && day > w->day ? w->count * pk_fade(day - w->day) : w->count;
        w->day = (uint16_t)day;
        w->count += weight;
        if (crowd->world_day[a] != day) {
            crowd->world_n[a] *= crowd->world_day[a] != 0 && day > crowd->world_day[a]
                    ? pk_fade(day - crowd->world_day[a])
                    : 1;
            crowd->world_day[a] = day;
        }
        crowd->world_n[a] += weight;
    }
    return PK_OK;
}

/* A forging key becomes known for a name as a portal's own, or when the place is young. */
static void learn_keys(
        struct pk_crowd *crowd, const struct pk_judging *j, const struct pk_network_view *v)
{
    for (unsigned i = 0; i < v->net->check_count; i++) {
        const struct pk_sight_check *c = &v->net->checks[i];
        struct pk_known_key *k;

        if (c->valid == PK_SIGHT_INTACT ||
                (c->valid == PK_SIGHT_FORGED && !v->portal_like && v->n_site >= 2)) {
            continue;
        }
        k = pk_table_put(&crowd->rooms[PK_ROOM_KEYS], pk_crowd_mix(v->net->network, c->key));
        if (k == NULL) {
            return;
        }
        k->first = k->first != 0 ? k->first : (uint32_t)j->s->at_s;
        k->weight = pk_minf(1000, k->weight + j->w);
    }
}

int pk_network_learn(
        struct pk_crowd *crowd, const struct pk_judging *j, struct pk_network_view *v, float weight)
{
    int rc = PK_OK;

    learn_keys(crowd, j, v);
    if (weight < .01F) {
        weight = 0;
    }
    if (weight > 0 || v->site != NULL) {
        rc = learn_profile(crowd, j, PK_ROOM_SITES, v->site_key, v, weight, j->w, &v->site);
    }
    if (rc == PK_OK && (weight > 0 || v->network != NULL)) {
        rc = learn_profile(
                crowd, j, PK_ROOM_NETWORKS, v->network_key, v, weight, j->w, &v->network);
    }
    if (rc == PK_OK && (weight > 0 || v->point != NULL)) {
        rc = learn_point(crowd, j, v, weight);
    }
    if (rc == PK_OK && weight > 0) {
        rc = learn_world(crowd, j, v, weight);
    }
    return rc;
}
