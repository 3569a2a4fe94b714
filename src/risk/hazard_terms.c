#include <math.h>
#include <string.h>

#include "risk/hazard_state.h"

#define USUAL_DAYS (USUAL_UNIT / USUAL_FADE) /* half-life of a usual network's visits */
#define BAD_LATELY 0.25

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

/* What is known now of the networks that it joins again and again. */
static void usual_terms(const struct pk_hazard *h, const struct state *s, int64_t now_s,
        double days, double out[PK_HAZARD_TERMS])
{
    double worth = pk_hazard_days_worth(days, USUAL_DAYS);
    int64_t since = now_s / DAY_S - (int64_t)s->usual_day;
    double fade = exp2(-(double)since / USUAL_DAYS);
    double now = 0;
    double past = 0;
    double any = 0;

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
        past += rate * ever;
        any += lately > BAD_LATELY ? rate : 0;
    }
    out[PK_HAZARD_usual_now] = log1p(20 * now);
    out[PK_HAZARD_usual_past] = log1p(20 * past);
    out[PK_HAZARD_usual_any] = log1p(20 * any);
}

/* Counts without an end, so that the hundredth adds less than the first. */
static double grown(float count)
{
    return log1p((double)count);
}

static double least(double x, double most)
{
    return x < most ? x : most;
}

static double flag(const struct state *s, enum state_flag f)
{
    return (s->flags & f) != 0;
}

void pk_hazard_state_inputs(const struct pk_hazard *h, const struct state *s, int64_t now_s,
        double out[PK_HAZARD_TERMS])
{
    double days = (double)(now_s - s->first_day * DAY_S) / (double)DAY_S;
    double enrolled = (double)(now_s - (int64_t)s->enrolled_s) / (double)DAY_S;
    float c[COUNTERS];

    memcpy(c, s->c, sizeof(c));
    pk_hazard_state_fade(c, now_s - (int64_t)s->last_s);
    out[PK_HAZARD_ios] = flag(s, STATE_IOS);
    out[PK_HAZARD_pub7] = grown(c[PUB7]);
    out[PK_HAZARD_pub30] = grown(c[PUB30]);
    out[PK_HAZARD_pub_rate] = log((c[PUB90] + 0.5) / (pk_hazard_days_worth(days, 60) + 1.2));
    out[PK_HAZARD_open30] = grown(c[OPEN30]);
    out[PK_HAZARD_newnet30] = grown(c[NEW30]);
    out[PK_HAZARD_cells30] = grown(c[CELLS30]);
    out[PK_HAZARD_travel] = grown(c[TRAVEL30]);
    out[PK_HAZARD_hit2] = grown(c[HIT2]);
    out[PK_HAZARD_hit7] = grown(c[HIT7]);
    out[PK_HAZARD_hit30] = grown(c[HIT30]);
    out[PK_HAZARD_hit90] = grown(c[HIT90]);
    out[PK_HAZARD_inc30] = least(c[INC30], 3);
    out[PK_HAZARD_hit7xpub] = c[HIT7] > 0.3F ? grown(c[PUB7]) : 0;
    out[PK_HAZARD_zone] = grown(20 * c[ZONE30]);
    out[PK_HAZARD_zone_rate] = log(c[RATE30] / pk_hazard_days_worth(days, 21) + 1e-3);
    out[PK_HAZARD_zone_last] = log(s->zone_last + 1e-4);
    out[PK_HAZARD_city] = log(pk_zones_city(h->zones, s->city, now_s) + 1e-4);
    usual_terms(h, s, now_s, days, out);
    out[PK_HAZARD_site_app] = least(c[SITE_APP30], 6);
    out[PK_HAZARD_risk30] = least(c[RISK30], 3);
    out[PK_HAZARD_bad_app30] = least(c[BAD_APP30], 3);
    out[PK_HAZARD_bad_app90] = least(c[BAD_APP90], 3);
    out[PK_HAZARD_unknown_src] = flag(s, STATE_UNKNOWN_SOURCES);
    out[PK_HAZARD_and_ua] = flag(s, STATE_UNKNOWN_SOURCES) * (1 - flag(s, STATE_IOS));
    out[PK_HAZARD_patch_age] = least(s->patch_days, 180) / 90.0;
    out[PK_HAZARD_patch_gt90] = s->patch_days > 90;
    out[PK_HAZARD_root] = flag(s, STATE_ROOT);
    out[PK_HAZARD_hook] = flag(s, STATE_HOOK);
    out[PK_HAZARD_dev] = flag(s, STATE_DEVELOPER);
    out[PK_HAZARD_nopass] = flag(s, STATE_OPEN);
    out[PK_HAZARD_age] = least(enrolled, 60) / 60;
}

double pk_hazard_state_score(const struct pk_hazard_weights *w, const double x[PK_HAZARD_TERMS])
{
    double score = w->bias;

    for (size_t i = 0; i < PK_HAZARD_TERMS; i++) {
        score += w->w[i] * x[i];
    }
    return score;
}

void pk_hazard_state_explain(const struct pk_hazard *h, const double x[PK_HAZARD_TERMS],
        struct pk_hazard_prediction *out)
{
    const struct pk_hazard_weights *w = h->weights;

    *out = (struct pk_hazard_prediction){ .base = pk_hazard_state_score(w, h->mean) };
    for (size_t i = 0; i < PK_HAZARD_TERMS; i++) {
        out->terms[i] = w->w[i] * (x[i] - h->mean[i]);
        out->families[family_of[i]] += out->terms[i];
    }
    out->score = pk_hazard_state_score(w, x);
}
