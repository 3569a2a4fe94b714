/* A join: judged by itself and by what the crowd knows, then learnt from. */
#include "crowd/network.h"

#define ITEM_MAX       9.0F
#define ITEM_ADD       4.0F
#define STRANGER       .4F
#define OWN_SCORE      4.0F
#define FAMILIAR_ADD   6.0F
#define NEW_LEARNT     .2F
#define NOVEL_AT_KNOWN 3.0F
#define CLEAN_SCORE    (-2.0F)
#define FIRST_DAYS     3 /* no verdicts from novelty alone */
#define CAMPAIGN_S     (45 * PK_DAY_S)

static struct pk_claim claim_of(const struct pk_crowd *crowd, const struct pk_judging *j, float l)
{
    (void)crowd;
    return (struct pk_claim){ .device = j->voice->key,
        .l = l,
        .w = j->w,
        .tenant = j->voice->tenant,
        .cohort = j->voice->cohort,
        .hard = j->voice->attestation == PK_ATTESTED_HARDWARE };
}

static float past_of_site(const struct pk_network_view *v)
{
    float clean = 0;

    for (unsigned h = 0; v->site != NULL && h < PK_SIGHT_HOSTS; h++) {
        clean = pk_maxf(clean, (float)v->site->clean[h] / PK_COUNT_ONE);
    }
    return clean;
}

/* Clean visits that stand behind an access point: its own, and half of its site's. */
static float past_of(const struct pk_network_view *v)
{
    float clean = past_of_site(v);

    if (v->point == NULL || v->n_point < .05F) {
        return 0;
    }
    return (float)v->point->clean / PK_COUNT_ONE + .5F * clean;
}

static void learn_bad_profile(struct pk_crowd *crowd, const struct pk_network_view *v, float weight)
{
    for (int a = PK_ATTR_GATEWAY_MAKER; a < PK_ATTR_COUNT; a++) {
        size_t least = 0;
        size_t i;

        if ((v->have >> a & 1) == 0) {
            continue;
        }
        crowd->bad.n[a] += weight;
        for (i = 0; i < PK_BAD_SLOTS; i++) {
            if (crowd->bad.slots[a][i].value == v->values[a]) {
                crowd->bad.slots[a][i].count += weight;
                break;
            }
            least = crowd->bad.slots[a][i].count < crowd->bad.slots[a][least].count ? i : least;
        }
        if (i == PK_BAD_SLOTS) {
            crowd->bad.slots[a][least].value = v->values[a];
            crowd->bad.slots[a][least].count = crowd->bad.slots[a][least].count * .5F + weight;
        }
    }
}

static void note_campaign(struct pk_crowd *crowd, uint64_t value, unsigned kind,
        const struct pk_judging *j, const struct pk_network_view *v)
{
    struct pk_campaign *c;

    if (value == 0) {
        return;
    }
    c = pk_table_put(&crowd->rooms[PK_ROOM_CAMPAIGNS], pk_crowd_mix(value, 0x100U + kind));
    if (c != NULL) {
        c->thing = c->at == 0 ? (uint32_t)v->network_key : c->thing;
        c->at = (uint32_t)j->s->at_s;
    }
}

/* Traits of a confirmed attack are looked for elsewhere. A name server only when hardly anybody uses it, a
 * router only when the place's own is another. */
static void learn_campaign(
        struct pk_crowd *crowd, const struct pk_judging *j, const struct pk_network_view *v)
{
    const struct pk_sight_network *net = v->net;

    if (v->proves) {
        for (unsigned i = 0; i < net->check_count; i++) {
            if (net->checks[i].valid == PK_SIGHT_FORGED) {
                note_campaign(crowd, net->checks[i].key, 0, j, v);
            }
        }
    }
    if (v->world[PK_ATTR_RESOLVER] < 1e-4F) {
        note_campaign(crowd, net->resolver, 2, j, v);
    }
    if (v->point_new || v->n_point < .5F) {
        note_campaign(crowd, net->point, 3, j, v);
        note_campaign(crowd, net->gateway, 1, j, v);
    }
}

static void tell_reasons(const struct pk_crowd *crowd, const struct pk_network_view *v,
        const float *phi, struct pk_crowd_opinion *out)
{
    const float *w = crowd->weights->network;

    for (unsigned i = 1; i < PK_N_COUNT; i++) {
        double a = 0;
        double b = 0;

        /* That a trait is as usual is no reason that anybody wants to read. */
        if (phi[i] == 0 || i == PK_N_novel || i == PK_N_sumpos ||
                (phi[i] < 0 && i >= PK_N_L_oui && i <= PK_N_L_bo)) {
            continue;
        }
        switch (i) {
        case PK_N_knownB_newgm:
        case PK_N_knownB_newdn:
        case PK_N_knownB_newas:
        case PK_N_knownB_fit:
            a = v->n_point;
            break;
        case PK_N_newB_site:
        case PK_N_newB_busy:
        case PK_N_open_down:
            a = v->n_site;
            break;
        case PK_N_rs:
        case PK_N_newB_rs:
            a = v->net->dbm;
            break;
        case PK_N_t0:
            a = v->n0;
            b = v->net->check_count;
            break;
        case PK_N_wasclean:
            a = v->was_clean;
            break;
        case PK_N_newB_run:
            a = v->point != NULL ? v->point->run : 0;
            break;
        case PK_N_newB_alive:
            a = 0;
            break;
        default:
            break;
        }
        pk_opinion_reason(out, (uint16_t)(PK_TERM_NETWORK + i), w[i] * phi[i], a, b);
    }
}

static void tell_standing(
        const struct pk_standing *st, const struct pk_suspect *e, struct pk_crowd_opinion *out)
{
    out->log_odds = st->log_odds;
    out->devices = st->devices;
    out->groups = st->groups;
    out->clean = (uint32_t)e->clean_n;
    out->since_s = e->since;
    if (st->devices > 0) {
        pk_opinion_reason(out, PK_TERM_WITNESSES, st->against, st->devices, st->groups);
    }
    if (st->in_favour < 0) {
        pk_opinion_reason(out, PK_TERM_CLEAN, st->in_favour, e->clean_n, 0);
    }
    if (e->past > 1) {
        pk_opinion_reason(out, PK_TERM_HISTORY, -logf(1 + e->past), e->past, 0);
    }
}

/* What is found fine says why: one of the reasons is a calming one. */
static void tell_calm(const struct pk_crowd *crowd, const struct pk_network_view *v,
        const float *phi, struct pk_crowd_opinion *out)
{
    static const uint16_t calming[] = { PK_N_clean3, PK_N_knownB_fit, PK_N_newB_gwknown,
        PK_N_newB_fit, PK_N_same_ok };

    for (size_t c = 0; c < PK_COUNT(calming); c++) {
        for (size_t i = 0; i < out->reason_count; i++) {
            if (out->reasons[i].term == calming[c]) {
                return;
            }
        }
    }
    for (size_t c = 0; c < PK_COUNT(calming) && out->reason_count != 0; c++) {
        uint16_t term = calming[c];

        if (phi[term] > 0) {
            if (out->reason_count == PK_CROWD_REASONS) {
                out->reason_count--;
            }
            out->reasons[out->reason_count++] = (struct pk_crowd_reason){ term,
                crowd->weights->network[term] * phi[term], v->n_point, 0 };
            return;
        }
    }
}

struct both {
    struct pk_suspect *point, *site;
    struct pk_standing at_point, at_site;
};

static void ask_suspects(
        struct pk_crowd *crowd, const struct pk_sighting *s, struct both *b, bool *before)
{
    struct pk_crowd_key point = { s->network.network, s->network.point, PK_CROWD_POINT };
    struct pk_crowd_key site = { s->network.network, s->place, PK_CROWD_SITE };

    memset(b, 0, sizeof(*b));
    b->at_point.log_odds = b->at_site.log_odds = -INFINITY;
    b->point = pk_suspect_of(crowd, &point);
    b->site = pk_suspect_of(crowd, &site);
    if (b->point != NULL) {
        pk_suspect_weigh(crowd, b->point, s->at_s, &b->at_point);
        *before = pk_suspect_bad(crowd, b->point, &b->at_point);
    }
    if (b->site != NULL) {
        pk_suspect_weigh(crowd, b->site, s->at_s, &b->at_site);
        *before = *before || pk_suspect_bad(crowd, b->site, &b->at_site);
    }
}

static void claim_network(struct pk_crowd *crowd, struct pk_judging *j,
        const struct pk_network_view *v, struct both *b, float score)
{
    const struct pk_sighting *s = j->s;
    struct pk_crowd_key point = { s->network.network, s->network.point, PK_CROWD_POINT };
    struct pk_crowd_key site = { s->network.network, s->place, PK_CROWD_SITE };
    struct pk_claim claim = claim_of(crowd, j, pk_minf(ITEM_MAX, score + ITEM_ADD));

    if (past_of(v) >= PK_PAST_SETTLED) {
        claim.w *= pk_voice_budget(crowd, j->voice, s->at_s);
        pk_voice_claims(j->voice, pk_suspect_key(&point), s->at_s);
    }
    claim.own = v->proves || score > OWN_SCORE;
    claim.familiar = pk_voice_perhaps(j->voice->places, v->network_key);
    if (claim.familiar && claim.own) {
        claim.l += FAMILIAR_ADD;
    } else if (!claim.familiar && past_of(v) >= PK_PAST_SETTLED) {
        claim.w *= STRANGER;
    }
    if (b->point == NULL) {
        b->point = pk_suspect_make(crowd, &point, past_of(v), s->at_s);
    }
    if (b->point != NULL) {
        pk_suspect_against(b->point, &claim, s->at_s);
        b->point->cause = v->proves || b->point->cause == PK_SIGHT_INTERCEPTION
                ? PK_SIGHT_INTERCEPTION
                : (s->network.flags & PK_SIGHT_STRIPPED) != 0 ? PK_SIGHT_STRIPPING
                                                              : b->point->cause;
        pk_suspect_settle(crowd, b->point, s->at_s);
    }
    if (v->lan && s->place != 0) {
        if (b->site == NULL) {
            b->site = pk_suspect_make(crowd, &site, past_of_site(v), s->at_s);
        }
        if (b->site != NULL) {
            pk_suspect_against(b->site, &claim, s->at_s);
            pk_suspect_settle(crowd, b->site, s->at_s);
        }
    }
}

static void speak_for(struct pk_crowd *crowd, struct pk_judging *j, struct both *b)
{
    struct pk_claim claim = claim_of(crowd, j, .6F);

    if (b->point != NULL) {
        pk_suspect_for(b->point, &claim, j->s->at_s);
        pk_suspect_settle(crowd, b->point, j->s->at_s);
    }
    if (b->site != NULL) {
        pk_suspect_for(b->site, &claim, j->s->at_s);
        pk_suspect_settle(crowd, b->site, j->s->at_s);
    }
}

int pk_network_take(struct pk_crowd *crowd, struct pk_judging *j)
{
    const struct pk_sighting *s = j->s;
    const struct pk_crowd_weights *w = crowd->weights;
    struct pk_crowd_opinion *out = j->out;
    struct pk_network_view v;
    struct both b;
    float phi[PK_N_COUNT];
    float score = 0;
    float crowds = 0;
    float lo;
    bool hard;
    bool own;
    bool calm; /* a known access point, and what can be checked is intact */

    pk_network_look(crowd, s, &v);
    hard = pk_network_terms(crowd, s, &v, phi);
    /* At a place that is known many who meet the same new thing tell one fact, and no attack. */
    own = hard || v.rare_resolver;
    calm = v.n_point >= 2 && v.n0 == 0 && v.n1 >= 2;
    if (crowd->told != NULL) {
        memcpy(crowd->told, phi, sizeof(phi));
    }
    for (unsigned i = 0; i < PK_N_COUNT; i++) {
        score += w->network[i] * phi[i];
    }
    ask_suspects(crowd, s, &b, &out->before);
    lo = b.at_point.log_odds;
    if (lo > -4) {
        crowds = pk_clipf((lo + 4) / 2, 0, 3);
        hard = hard || crowds > 0;
    }
    out->key = (struct pk_crowd_key){ s->network.network, s->network.point, PK_CROWD_POINT };
    out->score = score;
    out->hard = hard;
    out->imitates = v.point_new && v.n_network >= 2;
    out->after = out->before ||
            score + crowds > (hard ? w->t[PK_T_POST_HARD]
                                   : w->t[PK_T_POST_NOVEL] + (calm ? NOVEL_AT_KNOWN : 0));
    if (!hard && s->at_s - crowd->begun_s < (int64_t)FIRST_DAYS * PK_DAY_S) {
        out->after = out->before;
    }
    if (score < CLEAN_SCORE) {
        pk_voice_visited(j->voice, v.network_key, s->at_s);
    }
    if (score > w->t[PK_T_ITEM_NETWORK] && (own || v.n_point < 2)) {
        claim_network(crowd, j, &v, &b, score);
    } else if ((b.point != NULL || b.site != NULL) && v.n0 == 0 && v.n1 > 0 &&
            score < CLEAN_SCORE) {
        speak_for(crowd, j, &b);
    }
    if (out->after || score > -3 || b.point != NULL || crowd->settings.explaining) {
        tell_reasons(crowd, &v, phi, out);
        if (!out->after) {
            tell_calm(crowd, &v, phi, out);
        }
        if (b.point != NULL) {
            tell_standing(&b.at_point, b.point, out);
        }
    }
    {
        float p = pk_sigmoid(score + crowds);

        if (p > .85F && j->w > .3F && b.point != NULL && lo > w->t[PK_T_CAMPAIGN]) {
            learn_bad_profile(crowd, &v, j->w);
            learn_campaign(crowd, j, &v);
        }
        pk_zone_take(crowd, s, j->w, out->after);
        /* What is only new becomes usual when it stays, or a replaced router would be strange for ever. */
        return pk_network_learn(
                crowd, j, &v, j->w * (own || v.n1 < 2 ? 1 - p : pk_maxf(1 - p, NEW_LEARNT)));
    }
}
