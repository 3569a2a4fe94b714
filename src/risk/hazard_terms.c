#include <math.h>
#include <string.h>

#include "risk/hazard_state.h"

#define USUAL_DAYS (USUAL_UNIT / USUAL_FADE) /* half-life of a usual network's visits */
#define BAD_LATELY 0.25
#define LASTS_MAX  4.0 /* days: what has lasted longer is as good as there to stay */
#define NODES      8

const char *const pk_hazard_term_names[] = {
#define X(name, family) #name,
    PK_HAZARD_TERMS_EACH(X)
#undef X
};

const char *const pk_hazard_family_names[] = {
    [PK_HAZARD_VISITS] = "visits",
    [PK_HAZARD_PLACES] = "places",
    [PK_HAZARD_ATTACKS] = "attacks",
    [PK_HAZARD_APPS] = "apps",
    [PK_HAZARD_STATE] = "state",
    [PK_HAZARD_PLATFORM] = "platform",
};

const char *const pk_hazard_way_names[] = {
    [PK_HAZARD_BY_NETWORK] = "network",
    [PK_HAZARD_BY_APP] = "app",
    [PK_HAZARD_BY_EXPLOIT] = "exploit",
};

static const uint8_t family_of[PK_HAZARD_TERMS] = {
#define X(name, family) PK_HAZARD_##family,
    PK_HAZARD_TERMS_EACH(X)
#undef X
};

double pk_hazard_days_worth(double days, double half)
{
    days = days < 1 ? 1 : days;
    return (1 - exp2(-days / half)) * half / M_LN2;
}

static double least(double x, double most)
{
    return x < most ? x : most;
}

/* What is known now of the networks that it joins again and again. */
static void usual_terms(const struct pk_hazard *h, const struct state *s, int64_t now_s,
        double days, double out[PK_HAZARD_TERMS])
{
    double worth = pk_hazard_days_worth(days, USUAL_DAYS);
    int64_t since = now_s / DAY_S - (int64_t)s->usual_day;
    double fade = exp2(-(double)since / USUAL_DAYS);
    double now = 0;
    double any = 0;
    double lasts = 0;

    for (size_t i = 0; i < USUAL; i++) {
        double lately;
        double ever;
        double rate;

        if (s->usual_weight[i] == 0 ||
                !pk_zones_site(h->zones, s->usual[i], now_s, &lately, &ever)) {
            continue;
        }
        rate = exp2((s->usual_weight[i] - USUAL_NOUGHT) / USUAL_UNIT) * fade / worth;
        now += rate * lately;
        lasts += rate * least(pk_zones_lasts(h->zones, s->usual[i], now_s), LASTS_MAX);
        any += lately > BAD_LATELY ? rate : 0;
    }
    out[PK_HAZARD_usual_now] = log1p(20 * now);
    out[PK_HAZARD_usual_any] = log1p(20 * any);
    out[PK_HAZARD_usual_lasts] = log1p(20 * lasts);
}

/* Counts without an end, so that the hundredth adds less than the first. */
static double grown(float count)
{
    return log1p((double)count);
}

static double flag(const struct state *s, enum state_flag f)
{
    return (s->flags & f) != 0;
}

/* Days with an attack on it among the last three and today. */
static double recent_days(const struct state *s, int64_t now_s)
{
    int64_t behind = now_s / DAY_S - s->event_day;
    double days = 0;

    for (int64_t i = 0; i < 32; i++) {
        days += behind + i >= 0 && behind + i <= 3 && (s->events >> i & 1) != 0;
    }
    return days;
}

void pk_hazard_state_inputs(const struct pk_hazard *h, const struct state *s, int64_t now_s,
        double out[PK_HAZARD_TERMS])
{
    double days = (double)(now_s - s->first_day * DAY_S) / (double)DAY_S;
    double months = pk_hazard_days_worth(days, 60);
    float c[COUNTERS];

    memcpy(c, s->c, sizeof(c));
    pk_hazard_state_fade(c, now_s - (int64_t)s->last_s);
    out[PK_HAZARD_ios] = flag(s, STATE_IOS);
    out[PK_HAZARD_pub_rate] = log((c[PUB90] + 0.5) / (months + 1.2));
    out[PK_HAZARD_away_rate] = log((c[AWAY90] + 0.5) / (months + 1.2));
    out[PK_HAZARD_cells30] = grown(c[CELLS30]);
    out[PK_HAZARD_zone_rate] = log(c[RATE30] / pk_hazard_days_worth(days, 21) + 1e-3);
    out[PK_HAZARD_city] = log(pk_zones_city(h->zones, s->city, now_s) + 1e-4);
    out[PK_HAZARD_wave] = log(pk_zones_wave(h->zones, now_s));
    usual_terms(h, s, now_s, days, out);
    out[PK_HAZARD_days3] = recent_days(s, now_s);
    out[PK_HAZARD_hit90] = grown(c[HIT90]);
    out[PK_HAZARD_inc30] = least(c[INC30], 3);
    out[PK_HAZARD_site_app] = least(c[SITE_APP30], 6);
    out[PK_HAZARD_bad_app30] = least(c[BAD_APP30], 3);
    out[PK_HAZARD_bad_app90] = grown(4 * c[BAD_APP90]);
    out[PK_HAZARD_unknown_src] = flag(s, STATE_UNKNOWN_SOURCES);
    out[PK_HAZARD_patch_age] = least(s->patch_days, 180) / 90.0;
    out[PK_HAZARD_patch_most] = s->patch_most / 90.0;
    out[PK_HAZARD_root] = flag(s, STATE_ROOT);
    out[PK_HAZARD_hook] = flag(s, STATE_HOOK);
    out[PK_HAZARD_dev] = flag(s, STATE_DEVELOPER);
    out[PK_HAZARD_nopass] = flag(s, STATE_OPEN);
}

/* ---- scores --------------------------------------------------------------------------------------- */

static void way_scores(const struct pk_hazard_weights *w, enum pk_hazard_horizon horizon,
        const double x[PK_HAZARD_TERMS], double out[PK_HAZARD_WAYS])
{
    for (size_t way = 0; way < PK_HAZARD_WAYS; way++) {
        out[way] = w->bias[horizon][way];
        for (size_t i = 0; i < PK_HAZARD_TERMS; i++) {
            out[way] += w->w[horizon][way][i] * x[i];
        }
    }
}

/* The logit of the chance that one of the ways happens; p of each on the side. */
static double any_way(const double scores[PK_HAZARD_WAYS], double p[PK_HAZARD_WAYS])
{
    double none = 1;

    for (size_t way = 0; way < PK_HAZARD_WAYS; way++) {
        p[way] = pk_sigmoid(scores[way]);
        none *= 1 - p[way];
    }
    return pk_logit(1 - none);
}

double pk_hazard_state_score(const struct pk_hazard_weights *w, enum pk_hazard_horizon horizon,
        const double x[PK_HAZARD_TERMS])
{
    double scores[PK_HAZARD_WAYS];
    double p[PK_HAZARD_WAYS];

    way_scores(w, horizon, x, scores);
    return any_way(scores, p);
}

/* How much the whole moves with each way's score between here and there: the integral of p(way)/p(any) along the
 * straight line (Aumann and Shapley: the only split of a difference that is additive and does not depend on an
 * order). Gauss's eight nodes. */
static void way_slopes(const double from[PK_HAZARD_WAYS], const double to[PK_HAZARD_WAYS],
        double out[PK_HAZARD_WAYS])
{
    static const double nodes[NODES / 2][2] = {
        /* clang-format off */
        { 0.1834346424956498, 0.3626837833783620 },
        { 0.5255324099163290, 0.3137066458778873 },
        { 0.7966664774136267, 0.2223810344533745 },
        { 0.9602898564975363, 0.1012285362903763 },
        /* clang-format on */
    };

    memset(out, 0, PK_HAZARD_WAYS * sizeof(*out));
    for (size_t node = 0; node < NODES; node++) {
        double at = (1 + (node % 2 == 0 ? 1 : -1) * nodes[node / 2][0]) / 2;
        double here[PK_HAZARD_WAYS];
        double p[PK_HAZARD_WAYS];
        double any;

        for (size_t way = 0; way < PK_HAZARD_WAYS; way++) {
            here[way] = from[way] + at * (to[way] - from[way]);
        }
        any = pk_sigmoid(any_way(here, p));
        for (size_t way = 0; way < PK_HAZARD_WAYS; way++) {
            out[way] += nodes[node / 2][1] / 2 * p[way] / any;
        }
    }
}

/* Shares of the ways in the hazard, which adds where chances do not. */
static void share_ways(const double p[PK_HAZARD_WAYS], double out[PK_HAZARD_WAYS])
{
    double sum = 0;

    for (size_t way = 0; way < PK_HAZARD_WAYS; way++) {
        out[way] = -log1p(-least(p[way], 1 - 1e-12));
        sum += out[way];
    }
    for (size_t way = 0; way < PK_HAZARD_WAYS; way++) {
        out[way] = sum > 0 ? out[way] / sum : 1.0 / PK_HAZARD_WAYS;
    }
}

void pk_hazard_state_explain(const struct pk_hazard *h, const double x[PK_HAZARD_TERMS],
        struct pk_hazard_prediction *out)
{
    const struct pk_hazard_weights *w = h->weights;
    double from[PK_HAZARD_WAYS];
    double to[PK_HAZARD_WAYS];
    double p[PK_HAZARD_WAYS];
    double slope[PK_HAZARD_WAYS];
    double left;
    double size = 0;

    way_scores(w, PK_HAZARD_SEVEN, h->mean, from);
    way_scores(w, PK_HAZARD_SEVEN, x, to);
    *out = (struct pk_hazard_prediction){ .base = any_way(from, p) };
    out->score = any_way(to, p);
    share_ways(p, out->ways);
    way_slopes(from, to, slope);
    left = out->score - out->base;
    for (size_t i = 0; i < PK_HAZARD_TERMS; i++) {
        for (size_t way = 0; way < PK_HAZARD_WAYS; way++) {
            out->terms[i] += slope[way] * w->w[PK_HAZARD_SEVEN][way][i] * (x[i] - h->mean[i]);
        }
        left -= out->terms[i];
        size += fabs(out->terms[i]);
    }
    for (size_t i = 0; i < PK_HAZARD_TERMS;
            i++) { /* what eight nodes miss, so that the sum is exact */
        out->terms[i] += size > 0 ? left * fabs(out->terms[i]) / size : 0;
        out->families[family_of[i]] += out->terms[i];
    }
}
