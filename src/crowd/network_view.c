/* The back-off of one join's traits: access point, site, name, world. */
#include "crowd/network.h"

#define WORLD_MIN   .05F
#define WORLD_ROOM  50.0F
#define ADMIN_LOCAL (UINT64_C(1) << 41) /* of a hardware address: made up */
#define MAKER_NONE  UINT64_C(0x1000000)
#define L_MIN       (-3.0F)
#define L_MAX       5.0F

uint64_t pk_maker_of(uint64_t mac)
{
    return (mac & ADMIN_LOCAL) != 0 ? MAKER_NONE : mac >> 24;
}

static void values_of(
        const struct pk_sight_network *net, uint64_t raw[PK_ATTR_COUNT], uint32_t *have)
{
    raw[PK_ATTR_GATEWAY] = net->gateway;
    raw[PK_ATTR_GATEWAY_MAKER] = pk_maker_of(net->gateway);
    raw[PK_ATTR_RESOLVER] = net->resolver;
    raw[PK_ATTR_LEASE] = net->lease;
    raw[PK_ATTR_EGRESS] = net->egress;
    raw[PK_ATTR_PORTAL] = net->portal;
    raw[PK_ATTR_SECURITY] = net->security;
    raw[PK_ATTR_POINT_MAKER] = pk_maker_of(net->point);
    *have = (net->gateway != 0 ? 3U : 0U) | (net->resolver != 0 ? 1U << PK_ATTR_RESOLVER : 0U) |
            (net->lease != 0 ? 1U << PK_ATTR_LEASE : 0U) |
            (net->egress != 0 ? 1U << PK_ATTR_EGRESS : 0U) | 1U << PK_ATTR_PORTAL |
            1U << PK_ATTR_SECURITY | (net->point != 0 ? 1U << PK_ATTR_POINT_MAKER : 0U);
}

static float faded_n(float n, uint16_t day, int64_t now_s)
{
    uint32_t today = (uint32_t)(now_s / PK_DAY_S) & 0xffff;

    return today > day ? n * pk_fade(today - day) : n;
}

/* Slots of sites do not hold all values of busy names; what they lack was seen, too. */
static float visits_of(float sum, float n, int attribute)
{
    float least = attribute <= PK_ATTR_GATEWAY_MAKER ? .5F * n : n;

    return pk_maxf(sum, least);
}

static float count_in(const struct pk_slot *slots, const uint8_t *layout, int attribute,
        uint16_t value, float *sum)
{
    const struct pk_slot *first = slots + layout[attribute];
    size_t n = (size_t)(layout[attribute + 1] - layout[attribute]);

    (void)pk_slot_top(first, n, sum);
    return pk_slot_count(first, n, value);
}

static float bad_count(const struct pk_bad_profile *bad, int attribute, uint16_t value)
{
    for (size_t i = 0; i < PK_BAD_SLOTS; i++) {
        if (bad->slots[attribute][i].value == value) {
            return bad->slots[attribute][i].count;
        }
    }
    return 0;
}

static float surprise_of(struct pk_crowd *crowd, struct pk_network_view *v, int a)
{
    float p = v->world[a];
    float sum;
    float c;
    float q;

    if (v->network != NULL) {
        c = count_in(v->network->slots, pk_profile_layout, a, v->values[a], &sum);
        p = (c + 2 * p) / (visits_of(sum, v->n_network, a) + 2);
    }
    if (v->site != NULL) {
        c = count_in(v->site->slots, pk_profile_layout, a, v->values[a], &sum);
        p = (c + p) / (visits_of(sum, v->n_site, a) + 1);
    }
    if (v->point != NULL && a != PK_ATTR_POINT_MAKER) {
        c = count_in(v->point->slots, pk_point_layout, a, v->values[a], &sum);
        p = (c + .6F * p) / (visits_of(sum, v->n_point, a) + .6F);
    }
    q = .35F * v->world[a] +
            .65F * (bad_count(&crowd->bad, a, v->values[a]) + 2 * v->world[a]) /
                    (crowd->bad.n[a] + 2);
    return pk_clipf(logf(q / p), L_MIN, L_MAX);
}

static void look_at_checks(
        struct pk_crowd *crowd, const struct pk_sighting *s, struct pk_network_view *v)
{
    const struct pk_sight_network *net = v->net;
    uint32_t first = 0;

    v->one_key = true;
    for (unsigned i = 0; i < net->check_count; i++) {
        const struct pk_sight_check *c = &net->checks[i];
        const struct pk_known_key *known;

        v->n1 += c->valid == PK_SIGHT_INTACT;
        v->n2 += c->valid == PK_SIGHT_INSPECTED;
        if (c->valid != PK_SIGHT_FORGED) {
            continue;
        }
        v->one_key = v->one_key && (v->n0 == 0 || c->key == first);
        first = c->key;
        v->n0++;
        known = pk_table_find(&crowd->rooms[PK_ROOM_KEYS], pk_crowd_mix(net->network, c->key));
        v->known0 += known != NULL && known->weight >= 1.5F &&
                s->at_s - (int64_t)known->first > PK_DAY_S;
        if (v->site != NULL) {
            v->was_clean = pk_maxf(v->was_clean, (float)v->site->clean[c->host] / PK_COUNT_ONE);
        }
    }
    v->portal_like = net->portal != 0 && v->n0 > 0 && v->n1 == 0 && v->n2 == 0 && v->one_key;
}

void pk_network_look(struct pk_crowd *crowd, const struct pk_sighting *s, struct pk_network_view *v)
{
    const struct pk_sight_network *net = &s->network;
    uint64_t raw[PK_ATTR_COUNT];
    struct pk_table *rooms = crowd->rooms;

    memset(v, 0, sizeof(*v));
    v->net = net;
    v->network_key = pk_crowd_mix(net->network, 0x4e);
    v->site_key = pk_crowd_mix(net->network, ((uint64_t)s->place << 8) | 0x51);
    v->point_key = pk_crowd_mix(net->network, (net->point << 8) | 0x42);
    pk_table_prefetch(&rooms[PK_ROOM_POINTS], v->point_key);
    pk_table_prefetch(&rooms[PK_ROOM_SITES], v->site_key);
    pk_table_prefetch(&rooms[PK_ROOM_NETWORKS], v->network_key);
    values_of(net, raw, &v->have);
    for (int a = 0; a < PK_ATTR_COUNT; a++) {
        v->values[a] = pk_slot_value(raw[a] ^ ((uint64_t)(unsigned)a << 56));
    }
    pk_table_prefetch_record(&rooms[PK_ROOM_POINTS], v->point_key);
    pk_table_prefetch_record(&rooms[PK_ROOM_SITES], v->site_key);
    pk_table_prefetch_record(&rooms[PK_ROOM_NETWORKS], v->network_key);
    for (int a = PK_ATTR_GATEWAY_MAKER; a < PK_ATTR_COUNT; a++) {
        const struct pk_world_value *w = (v->have >> a & 1) == 0
                ? NULL
                : pk_table_find(&rooms[PK_ROOM_WORLD], pk_crowd_mix(raw[a], (unsigned)a + 0x1000U));
        float c = w != NULL ? faded_n(w->count, w->day, s->at_s) : 0;

        v->world[a] = (c + WORLD_MIN) / (crowd->world_n[a] + WORLD_ROOM);
    }
    v->point = pk_table_find(&rooms[PK_ROOM_POINTS], v->point_key);
    v->site = pk_table_find(&rooms[PK_ROOM_SITES], v->site_key);
    v->network = pk_table_find(&rooms[PK_ROOM_NETWORKS], v->network_key);
    v->n_point = v->point != NULL ? faded_n(v->point->n, v->point->day, s->at_s) : 0;
    v->n_site = v->site != NULL ? faded_n(v->site->n, v->site->day, s->at_s) : 0;
    v->n_network = v->network != NULL ? faded_n(v->network->n, v->network->day, s->at_s) : 0;
    v->point_new = v->n_point < .05F;
    for (int a = PK_ATTR_GATEWAY_MAKER; a < PK_ATTR_COUNT; a++) {
        v->surprise[a] = (v->have >> a & 1) != 0 ? surprise_of(crowd, v, a) : 0;
    }
    look_at_checks(crowd, s, v);
}
