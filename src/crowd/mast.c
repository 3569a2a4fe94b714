/* A serving cell beside the crowd's own map of masts: no external database is needed. */
#include "crowd/internal.h"

#define ITEM_MAX 9.0F
#define ITEM_ADD 4.0F
#define YOUNG_S  (2L * PK_DAY_S)

struct view {
    struct pk_mast_place *place;
    struct pk_mast_known *mast;
    uint64_t place_key, mast_key;
    uint16_t area, arfcn;
    float n;
};

static void look(struct pk_crowd *crowd, const struct pk_sighting *s, struct view *v)
{
    uint64_t at = pk_crowd_mix(s->mast.plmn, s->place);
    uint32_t today = (uint32_t)(s->at_s / PK_DAY_S) & 0xffff;

    v->place_key = pk_crowd_mix(at, 0xce);
    v->mast_key = pk_crowd_mix(at, (s->mast.cell << 8) | 0xc1);
    v->place = pk_table_find(&crowd->rooms[PK_ROOM_MAST_PLACES], v->place_key);
    v->mast = pk_table_find(&crowd->rooms[PK_ROOM_MASTS], v->mast_key);
    v->area = pk_slot_value(s->mast.area);
    v->arfcn = pk_slot_value(s->mast.arfcn);
    v->n = v->place == NULL         ? 0
            : today > v->place->day ? v->place->n * pk_fade(today - v->place->day)
                                    : v->place->n;
}

static void terms(const struct pk_sighting *s, const struct view *v, float *phi)
{
    const struct pk_sight_mast *m = &s->mast;
    bool new = v->mast == NULL || v->mast->n < .05F;
    bool young = !new && s->at_s - (int64_t)v->mast->first < YOUNG_S && v->n >= 6;
    float strong = pk_maxf(0, ((float)m->dbm + 70) / 10);
    bool lac_off = v->n >= 4 && pk_slot_count(v->place->area, 6, v->area) <= 0;
    bool arf_off = v->n >= 4 && pk_slot_count(v->place->arfcn, 8, v->arfcn) <= 0;
    float two = v->place != NULL ? v->place->radio[0] : 0;

    memset(phi, 0, PK_C_COUNT * sizeof(*phi));
    phi[PK_C_b] = 1;
    phi[PK_C_newci] = new && v->n >= 6 ? 1 : 0;
    phi[PK_C_newci_dense] = new ? pk_minf(3, logf(1 + v->n) / 1.5F) : 0;
    phi[PK_C_lac_off] = lac_off ? 1 : 0;
    phi[PK_C_rat2g] = m->radio == 2 ? pk_minf(3, -logf((two + .3F) / (v->n + 3))) : 0;
    phi[PK_C_nn_low] = m->neighbours <= 1 ? 1 : 0;
    phi[PK_C_nn_zero] = m->neighbours == 0 ? 1 : 0;
    phi[PK_C_null] = m->cipher == 0 ? 1 : 0;
    phi[PK_C_strong] = m->dbm != 0 ? strong : 0;
    phi[PK_C_f1] = (m->flags & PK_SIGHT_IDENTITY_ASKED) != 0 ? 1 : 0;
    phi[PK_C_f2] = (m->flags & PK_SIGHT_IDENTITY_UNPROVEN) != 0 ? 1 : 0;
    if (new && v->n >= 4) {
        phi[PK_C_newci_strong] = phi[PK_C_strong];
        phi[PK_C_newci_lacoff] = phi[PK_C_lac_off];
        phi[PK_C_newci_2g] = m->radio == 2 ? 1 : 0;
        phi[PK_C_newci_nn] = m->neighbours <= 2 ? 1 : 0;
        phi[PK_C_newci_arf] = arf_off ? 1 : 0;
        phi[PK_C_newci_f2] = phi[PK_C_f2];
    }
    phi[PK_C_arf_off] = arf_off ? 1 : 0;
    if (!new) {
        phi[PK_C_ci_age] = pk_minf(3, (float)(s->at_s - (int64_t)v->mast->first) / PK_DAY_S / 2);
        phi[PK_C_ci_n] = pk_minf(3, logf(1 + v->mast->n));
    }
    if (young) {
        phi[PK_C_young_lacoff] = lac_off || pk_slot_count(v->place->area, 6, v->area) < 3 ? 1 : 0;
        phi[PK_C_young_nn] = m->neighbours <= 1 ? 1 : 0;
        phi[PK_C_young_strong] = phi[PK_C_strong];
    }
    if (v->place != NULL && v->n > 1) {
        phi[PK_C_lac_age] = v->n >= 4
                ? pk_minf(3, logf(1 + pk_slot_count(v->place->area, 6, v->area))) / 3
                : 0;
        phi[PK_C_nncells] = new && m->neighbours < .5F * v->place->neighbours / v->n ? 1 : 0;
    }
}

static void age(struct pk_mast_place *p, float f)
{
    p->n *= f;
    p->neighbours *= f;
    for (size_t i = 0; i < PK_COUNT(p->radio); i++) {
        p->radio[i] *= f;
    }
    pk_slots_fade(p->area, PK_COUNT(p->area), f);
    pk_slots_fade(p->arfcn, PK_COUNT(p->arfcn), f);
}

static int learn(struct pk_crowd *crowd, const struct pk_judging *j, struct view *v, float weight)
{
    const struct pk_sight_mast *m = &j->s->mast;
    struct pk_mast_place *p;
    struct pk_mast_known *k;
    uint32_t day = (uint32_t)(j->s->at_s / PK_DAY_S) & 0xffff;
    bool fine;

    if (weight < .01F) {
        return PK_OK;
    }
    p = pk_table_put(&crowd->rooms[PK_ROOM_MAST_PLACES], v->place_key);
    k = pk_table_put(&crowd->rooms[PK_ROOM_MASTS], v->mast_key);
    if (p == NULL || k == NULL) {
        return PK_ENOMEM;
    }
    if (p->day != 0 && day > p->day + 3U) {
        age(p, pk_fade(day - p->day));
        p->day = (uint16_t)day;
    }
    p->day = p->day == 0 ? (uint16_t)day : p->day;
    p->n += weight;
    p->neighbours += weight * (float)m->neighbours;
    if (m->radio >= 2 && m->radio <= 5) {
        p->radio[m->radio - 2] += weight;
    }
    fine = pk_slot_add(p->area, PK_COUNT(p->area), v->area, weight, j->dice);
    fine = pk_slot_add(p->arfcn, PK_COUNT(p->arfcn), v->arfcn, weight, j->dice) && fine;
    if (!fine) {
        age(p, .5F);
    }
    k->first = k->first != 0 ? k->first : (uint32_t)j->s->at_s;
    k->last = (uint32_t)j->s->at_s;
    k->n += weight;
    return PK_OK;
}

static void tell(const struct pk_crowd *crowd, const struct pk_sighting *s, const struct view *v,
        const float *phi, struct pk_crowd_opinion *out)
{
    for (unsigned i = 1; i < PK_C_COUNT; i++) {
        double a = i == PK_C_newci_dense            ? v->n
                : i == PK_C_nn_low                  ? s->mast.neighbours
                : i == PK_C_ci_n && v->mast != NULL ? v->mast->n
                : i == PK_C_ci_age                  ? phi[i] * 2
                                                    : s->mast.dbm;

        if (phi[i] != 0) {
            pk_opinion_reason(
                    out, (uint16_t)(PK_TERM_MAST + i), crowd->weights->mast[i] * phi[i], a, 0);
        }
    }
}

int pk_mast_take(struct pk_crowd *crowd, struct pk_judging *j)
{
    const struct pk_sighting *s = j->s;
    const struct pk_crowd_weights *w = crowd->weights;
    struct pk_crowd_opinion *out = j->out;
    struct pk_crowd_key thing = { ((uint64_t)s->mast.plmn << 36) ^ s->mast.cell, s->place,
        PK_CROWD_MAST };
    struct pk_suspect *e = pk_suspect_of(crowd, &thing);
    struct pk_standing st = { .log_odds = -INFINITY };
    struct view v;
    float phi[PK_C_COUNT];
    float score = 0;
    float p;

    look(crowd, s, &v);
    terms(s, &v, phi);
    if (crowd->told != NULL) {
        memcpy(crowd->told, phi, sizeof(phi));
    }
    for (unsigned i = 0; i < PK_C_COUNT; i++) {
        score += w->mast[i] * phi[i];
    }
    if (e != NULL) {
        pk_suspect_weigh(crowd, e, s->at_s, &st);
        out->before = pk_suspect_bad(crowd, e, &st);
    }
    out->key = thing;
    out->score = score;
    out->hard = true;
    out->after = out->before || score > w->t[PK_T_POST_MAST];
    if (score > w->t[PK_T_ITEM_MAST]) {
        struct pk_claim claim = { .device = j->voice->key,
            .l = pk_minf(ITEM_MAX, score + ITEM_ADD),
            .w = j->w,
            .tenant = j->voice->tenant,
            .cohort = j->voice->cohort,
            .hard = j->voice->attestation == PK_ATTESTED_HARDWARE };

        e = e != NULL ? e : pk_suspect_make(crowd, &thing, 0, s->at_s);
        if (e != NULL) {
            pk_suspect_against(e, &claim, s->at_s);
            pk_suspect_settle(crowd, e, s->at_s);
        }
    }
    if (out->after || score > -4) {
        tell(crowd, s, &v, phi, out);
    }
    if (e != NULL) {
        out->log_odds = st.log_odds;
        out->devices = st.devices;
        out->groups = st.groups;
        out->since_s = e->since;
    }
    p = pk_sigmoid(score + 1);
    return learn(crowd, j, &v, j->w * (1 - p));
}
