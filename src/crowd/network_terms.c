/* The terms of a join (docs/crowd.md, "Networks"). */
#include "crowd/network.h"

#define ADMIN_LOCAL (UINT64_C(1) << 41)
#define PLACES      4

static float point_count(const struct pk_network_view *v, int a)
{
    const struct pk_slot *slots = v->point->slots + pk_point_layout[a];

    return pk_slot_count(
            slots, (size_t)(pk_point_layout[a + 1] - pk_point_layout[a]), v->values[a]);
}

static float point_top(const struct pk_network_view *v, int a)
{
    const struct pk_slot *slots = v->point->slots + pk_point_layout[a];

    return pk_slot_top(slots, (size_t)(pk_point_layout[a + 1] - pk_point_layout[a]), NULL);
}

static float profile_count(const struct pk_profile *p, int a, uint16_t value)
{
    const struct pk_slot *slots = p->slots + pk_profile_layout[a];

    return pk_slot_count(slots, (size_t)(pk_profile_layout[a + 1] - pk_profile_layout[a]), value);
}

static float profile_top(const struct pk_profile *p, int a)
{
    const struct pk_slot *slots = p->slots + pk_profile_layout[a];

    return pk_slot_top(slots, (size_t)(pk_profile_layout[a + 1] - pk_profile_layout[a]), NULL);
}

static bool has(const struct pk_network_view *v, int a)
{
    return (v->have >> a & 1) != 0;
}

/* L of each attribute, and how many are surprising at once. */
static void terms_of_traits(const struct pk_network_view *v, float *phi)
{
    static const uint8_t term[PK_ATTR_COUNT] = { PK_N_b, PK_N_L_oui, PK_N_L_dn, PK_N_L_dh,
        PK_N_L_as, PK_N_L_cp, PK_N_L_se, PK_N_L_bo };
    float sum = 0;
    float many = 0;

    for (int a = PK_ATTR_GATEWAY_MAKER; a < PK_ATTR_COUNT; a++) {
        if (!has(v, a)) {
            continue;
        }
        phi[term[a]] = v->surprise[a];
        sum += pk_maxf(0, v->surprise[a]);
        many += v->surprise[a] > 1.5F ? 1 : 0;
    }
    phi[PK_N_sumpos] = sum / 5;
    phi[PK_N_many] = many / 3;
}

static void terms_of_known_point(
        const struct pk_crowd *crowd, struct pk_network_view *v, float *phi)
{
    float n = v->n_point;
    bool fit = true;

    if (v->point == NULL || n < 2) {
        return;
    }
    if (has(v, PK_ATTR_GATEWAY)) {
        float top = point_top(v, PK_ATTR_GATEWAY);
        bool seen = point_count(v, PK_ATTR_GATEWAY) > 0;

        if (top >= 1.5F && !seen) {
            bool other = has(v, PK_ATTR_LEASE) && point_count(v, PK_ATTR_LEASE) <= 0;

            phi[PK_N_knownB_newgm] = pk_minf(3, logf(1 + top));
            /* Another program leases, and the check hosts prove themselves: another box, not somebody
             * in its place. */
            phi[PK_N_knownB_newgm] *= other && v->n1 >= 2 && v->n0 == 0 ? .4F : 1;
        }
        fit = fit && seen;
    }
    if (has(v, PK_ATTR_RESOLVER) && point_count(v, PK_ATTR_RESOLVER) <= 0) {
        float elsewhere = v->world[PK_ATTR_RESOLVER] * (crowd->world_n[PK_ATTR_RESOLVER] + 50) -
                .05F;

        v->rare_resolver = elsewhere < 1;
        phi[PK_N_knownB_newdn] = pk_minf(3, logf(1 + n)) / (1 + pk_maxf(0, elsewhere) / 4);
        fit = false;
    }
    if (has(v, PK_ATTR_EGRESS) && point_count(v, PK_ATTR_EGRESS) <= 0) {
        phi[PK_N_knownB_newas] = pk_minf(3, logf(1 + n));
        fit = false;
    }
    phi[PK_N_knownB_fit] = fit && !v->point_new ? pk_minf(3, logf(1 + n)) / 3 : 0;
}

/* How much of it is as usual at the site. */
static float fit_of(const struct pk_network_view *v, unsigned *same, unsigned *all)
{
    *same = 0;
    *all = 0;
    for (int a = PK_ATTR_GATEWAY_MAKER; a <= PK_ATTR_SECURITY; a++) {
        if (has(v, a)) {
            (*all)++;
            *same += profile_count(v->site, a, v->values[a]) >= .3F ? 1 : 0;
        }
    }
    return *all != 0 ? (float)*same / (float)*all : 0;
}

static void terms_of_new_point(const struct pk_sighting *s, struct pk_network_view *v, float *phi)
{
    bool at_site = v->n_site >= 2;

    if (v->point_new && at_site) {
        unsigned same;
        unsigned all;
        float fit = fit_of(v, &same, &all);
        float hours = (float)(s->at_s - (int64_t)v->site->last) / PK_HOUR_S;

        phi[PK_N_newB_site] = pk_minf(2.5F, logf(1 + v->n_site) / 2);
        phi[PK_N_newB_dh] = v->surprise[PK_ATTR_LEASE] > 1 ? 1 : 0;
        phi[PK_N_newB_fit] = fit * fit * fit;
        phi[PK_N_newB_alive] = (1 - fit) * exp2f(-hours / 24) * pk_minf(1, logf(1 + v->n_site) / 3);
        phi[PK_N_newB_busy] = (1 - fit) * logf(1 + v->n_site) / 5;
        if (has(v, PK_ATTR_GATEWAY)) {
            float top = profile_top(v->site, PK_ATTR_GATEWAY);
            bool seen = profile_count(v->site, PK_ATTR_GATEWAY, v->values[PK_ATTR_GATEWAY]) > 0;

            phi[PK_N_newB_gwknown] = seen ? 1 : 0;
            phi[PK_N_newB_gwnew] = !seen && top >= 1.5F ? pk_minf(3, logf(1 + top)) / 3 : 0;
        }
    } else if (v->point_new && v->n_network >= 2) {
        phi[PK_N_newB_ssid] = 1;
    }
    if (v->n_network >= 2 &&
            profile_count(v->network, PK_ATTR_POINT_MAKER, v->values[PK_ATTR_POINT_MAKER]) <= 0) {
        phi[PK_N_odd_bo] = 1;
        phi[PK_N_newB_oddbo_as] = v->point_new && v->surprise[PK_ATTR_EGRESS] > 1 ? 1 : 0;
    }
    if (v->n_network < .5F) {
        phi[PK_N_newS] = 1;
        phi[PK_N_newS_open] = v->net->security <= PK_SIGHT_OWE ? 1 : 0;
    }
    v->novel = phi[PK_N_newB_site] > 0 || phi[PK_N_newB_ssid] > 0 || phi[PK_N_odd_bo] > 0 ||
            phi[PK_N_newS] > 0;
    phi[PK_N_novel] = v->novel ? 1 : 0;
    if (!v->point_new && v->point != NULL && v->n_point < 6) {
        phi[PK_N_newB_run] = logf(1 + v->point->run);
    }
    phi[PK_N_random_point] = (v->net->point & ADMIN_LOCAL) != 0 ? 1 : 0;
}

static void terms_of_name(const struct pk_network_view *v, float *phi)
{
    const struct pk_profile *p = v->network;
    unsigned cells = 0;

    if (p == NULL) {
        return;
    }
    for (size_t i = 0; i < PLACES; i++) {
        cells += p->cells[i] != 0;
    }
    if (cells == PLACES) {
        const struct pk_slot *makers = p->slots + pk_profile_layout[PK_ATTR_GATEWAY_MAKER];

        phi[PK_N_generic] = makers[0].count != 0 && makers[1].count != 0 && makers[2].count != 0 &&
                        makers[3].count != 0
                ? 1
                : 0;
        phi[PK_N_moves] = v->n_site < .5F ? 1 : 0;
    }
    if (v->net->security == PK_SIGHT_OPEN && v->site != NULL && v->n_site >= 2 &&
            profile_count(v->site, PK_ATTR_SECURITY, v->values[PK_ATTR_SECURITY]) <= 0) {
        phi[PK_N_open_down] = pk_minf(3, logf(1 + v->n_site)) / 3;
    }
}

/* A flag counts by its surprise at this site: a place that always strips is no news. */
static float flag_term(const struct pk_network_view *v, unsigned flag, float base)
{
    float rate = base;

    if (v->network != NULL) {
        rate = ((float)v->network->flags[flag] / PK_COUNT_ONE + 3 * rate) / (v->n_network + 3);
    }
    if (v->site != NULL) {
        rate = ((float)v->site->flags[flag] / PK_COUNT_ONE + rate) / (v->n_site + 1);
    }
    return pk_minf(1.3F, -logf(rate + 1e-4F) / 5);
}

static bool terms_of_flags(const struct pk_network_view *v, float *phi)
{
    unsigned flags = v->net->flags;
    bool hard = false;

    if ((flags & PK_SIGHT_GATEWAY_CHANGED) != 0) {
        phi[PK_N_gwflip] = flag_term(v, 0, .004F);
        hard = true;
        if (has(v, PK_ATTR_GATEWAY) && v->site != NULL && v->n_site >= 2 &&
                profile_count(v->site, PK_ATTR_GATEWAY, v->values[PK_ATTR_GATEWAY]) <= 0) {
            phi[PK_N_flag_gm] = 1;
        }
    }
    if ((flags & PK_SIGHT_STRIPPED) != 0) {
        phi[PK_N_strip] = flag_term(v, 1, v->net->portal != 0 ? .06F : .004F);
        phi[PK_N_strip_new] = v->novel ? 1 : 0;
        hard = true;
    }
    if ((flags & PK_SIGHT_DNS_DIFFERS) != 0) {
        phi[PK_N_dnsmis] = flag_term(v, 2, .004F);
        hard = true;
    }
    return hard;
}

static bool terms_of_checks(struct pk_crowd *crowd, struct pk_network_view *v, float *phi)
{
    unsigned unknown = v->n0 - v->known0;
    bool portal = v->net->portal != 0;

    for (unsigned i = 0; i < v->net->check_count; i++) {
        const struct pk_sight_check *c = &v->net->checks[i];

        if (c->valid == PK_SIGHT_INSPECTED &&
                pk_table_find(&crowd->rooms[PK_ROOM_KEYS], pk_crowd_mix(v->net->network, c->key)) ==
                        NULL) {
            phi[PK_N_v2_new] = 1;
        }
    }
    phi[PK_N_clean3] = v->n1 >= 3 && v->n0 == 0 && v->n2 == 0 ? 1 : 0;
    if (v->n0 == 0) {
        return false;
    }
    phi[PK_N_t0] = pk_minf(1, (float)unknown / 3);
    phi[PK_N_t0_nocp] = unknown >= 1 && !portal ? (unknown >= 2 ? 1 : .7F) : 0;
    phi[PK_N_t0_known] = v->known0 > 0 ? 1 : 0;
    phi[PK_N_t0_one] = v->n0 == 1 ? 1 : 0;
    phi[PK_N_t0_multi_nocp] = v->n0 >= 2 && v->one_key && !portal ? 1 : 0;
    phi[PK_N_t0_cp_new] = unknown > 0 && portal && v->surprise[PK_ATTR_PORTAL] > 1 ? 1 : 0;
    phi[PK_N_mix] = v->n1 > 0 ? 1 : 0;
    phi[PK_N_diffkeys] = v->n0 >= 2 && !v->one_key ? 1 : 0;
    phi[PK_N_same_ok] = v->portal_like && v->known0 > 0 ? 1 : 0;
    phi[PK_N_t0_newB] = !v->portal_like && v->novel ? 1 : 0;
    if (!v->portal_like && v->was_clean >= 1) {
        phi[PK_N_wasclean] = pk_minf(1, .5F + v->was_clean / 8);
    }
    v->proves = unknown > 0 && !v->portal_like;
    return unknown > 0;
}

/* Seen in an attack elsewhere: what was learnt of this very network would only repeat itself. */
static bool campaign(
        struct pk_crowd *crowd, const struct pk_network_view *v, uint64_t value, unsigned kind)
{
    const struct pk_campaign *c = value == 0
            ? NULL
            : pk_table_find(&crowd->rooms[PK_ROOM_CAMPAIGNS], pk_crowd_mix(value, 0x100U + kind));

    return c != NULL && c->thing != (uint32_t)v->network_key;
}

static bool terms_of_campaigns(struct pk_crowd *crowd, const struct pk_network_view *v, float *phi)
{
    const struct pk_sight_network *net = v->net;

    for (unsigned i = 0; i < net->check_count; i++) {
        if (net->checks[i].valid == PK_SIGHT_FORGED && campaign(crowd, v, net->checks[i].key, 0)) {
            phi[PK_N_spki_bad] = 1;
        }
    }
    phi[PK_N_gm_bad] = campaign(crowd, v, net->gateway, 1) ? 1 : 0;
    phi[PK_N_dn_bad] = campaign(crowd, v, net->resolver, 2) ? 1 : 0;
    phi[PK_N_bs_bad] = campaign(crowd, v, net->point, 3) ? 1 : 0;
    return phi[PK_N_spki_bad] > 0 || phi[PK_N_dn_bad] > 0;
}

bool pk_network_terms(
        struct pk_crowd *crowd, const struct pk_sighting *s, struct pk_network_view *v, float *phi)
{
    bool hard;

    memset(phi, 0, PK_N_COUNT * sizeof(*phi));
    phi[PK_N_b] = 1;
    terms_of_traits(v, phi);
    terms_of_known_point(crowd, v, phi);
    terms_of_new_point(s, v, phi);
    terms_of_name(v, phi);
    phi[PK_N_rs] = v->net->dbm != 0 ? pk_maxf(0, ((float)v->net->dbm + 58) / 10) : 0;
    phi[PK_N_newB_rs] = v->point_new || v->n_point < 3 ? phi[PK_N_rs] : 0;
    hard = terms_of_flags(v, phi);
    hard = terms_of_checks(crowd, v, phi) || hard;
    hard = terms_of_campaigns(crowd, v, phi) || hard;
    v->lan = phi[PK_N_knownB_newgm] > 0 || phi[PK_N_knownB_newdn] > 0 || phi[PK_N_gwflip] > 0;
    return hard ||
            ((phi[PK_N_knownB_newgm] > 0 || phi[PK_N_knownB_newdn] > 0) &&
                    (v->n1 < 2 || v->n0 > 0));
}
