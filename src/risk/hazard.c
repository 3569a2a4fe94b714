#include "risk/hazard.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "risk/hazard_state.h"

#define DEVICES_MAX     (4U << 20)
#define CATCH_UP_DAYS   62 /* nothing that is open would close later than that */
#define RECORD_MIN      0.6F
#define TEACHES_AFTER_S (14 * DAY_S)
#define SEVEN_HALF      45.0 /* days */
#define THIRTY_HALF     20.0
#define SLOW_DAYS       30.0
#define SHIFT_STEP      (0.5 / 7) /* at most .5 a week */
#define HOMELIKE        0.3F /* what a join of a network behind a password adds to the sums of zones */
#define MEAN_ROWS       500 /* rows of its own that the training worlds' averages are worth */
#define MEAN_WEEKS      8
#define KNOWN_VISITS    5
#define PLACE_FOLD      0x9e3779b1U

static const float half_lives[] = { 7, 21, 60 };
static const uint8_t half_of[COUNTERS] = {
    [PUB7] = 0,
    [PUB30] = 1,
    [HIT30] = 1,
    [INC30] = 1,
    [RATE30] = 1,
    [SITE_APP30] = 1,
    [BAD_APP30] = 1,
    [CELLS30] = 1,
    [PUB90] = 2,
    [AWAY90] = 2,
    [HIT90] = 2,
    [BAD_APP90] = 2,
};

int pk_hazard_create(
        const struct pk_hazard_settings *settings, struct pk_hazard **out, struct pk_error *err)
{
    struct pk_hazard *h = calloc(1, sizeof(*h));
    int rc = PK_ENOMEM;

    if (h != NULL) {
        h->seven = calloc(1, sizeof(*h->seven));
        h->thirty = calloc(1, sizeof(*h->thirty));
    }
    if (h != NULL && h->seven != NULL && h->thirty != NULL) {
        rc = pk_zones_create(&h->zones, NULL);
    }
    if (rc < 0) {
        pk_hazard_destroy(h);
        return pk_error_set(err, rc, "out of memory");
    }
    h->weights = settings != NULL && settings->weights != NULL ? settings->weights
                                                               : &pk_hazard_shipped;
    memcpy(h->mean, h->weights->mean, sizeof(h->mean));
    h->mean_rows = MEAN_ROWS;
    h->no_online = settings != NULL && settings->no_online;
    h->devices = (struct pk_rows){ .size = sizeof(struct state),
        .max = settings != NULL && settings->devices_max != 0 ? settings->devices_max
                                                              : DEVICES_MAX };
    *out = h;
    return PK_OK;
}

void pk_hazard_destroy(struct pk_hazard *hazard)
{
    if (hazard != NULL) {
        pk_rows_finish(&hazard->devices);
        pk_zones_destroy(hazard->zones);
        free(hazard->seven);
        free(hazard->thirty);
        free(hazard);
    }
}

const struct pk_zones *pk_hazard_zones(const struct pk_hazard *hazard)
{
    return hazard->zones;
}

/* ---- one device's counters ------------------------------------------------------------------------ */

void pk_hazard_state_fade(float c[COUNTERS], int64_t seconds)
{
    float by[PK_COUNT(half_lives)];

    if (seconds <= 0) {
        return;
    }
    for (size_t i = 0; i < PK_COUNT(half_lives); i++) {
        by[i] = exp2f(-(float)seconds / (half_lives[i] * (float)DAY_S));
    }
    for (size_t i = 0; i < COUNTERS; i++) {
        c[i] *= by[half_of[i]];
    }
}

static void bring_up(struct state *s, int64_t now_s)
{
    int64_t days = now_s / DAY_S - s->usual_day;

    pk_hazard_state_fade(s->c, now_s - s->last_s);
    s->last_s = now_s > s->last_s ? (uint32_t)now_s : s->last_s;
    if (days > 0) {
        for (size_t i = 0; i < USUAL; i++) {
            int64_t left = (int64_t)s->usual_weight[i] - USUAL_FADE * days;

            s->usual_weight[i] = left > 0 ? (uint16_t)left : 0;
        }
        s->usual_day = (uint16_t)(now_s / DAY_S);
    }
}

static float usual_visits(uint16_t weight)
{
    return exp2f(((float)weight - USUAL_NOUGHT) / (float)USUAL_UNIT);
}

static uint16_t usual_weight(float visits)
{
    float weight = USUAL_NOUGHT + (float)USUAL_UNIT * log2f(visits);

    return weight < 1 ? 1 : weight > UINT16_MAX ? UINT16_MAX : (uint16_t)weight;
}

/* The most frequent networks in bounded memory (Misra-Gries): a stranger wears the lightest one down. */
static void usual_take(struct state *s, uint32_t site)
{
    size_t lightest = 0;

    for (size_t i = 0; i < USUAL; i++) {
        if (s->usual[i] == site && s->usual_weight[i] > 0) {
            s->usual_weight[i] = usual_weight(usual_visits(s->usual_weight[i]) + 1);
            return;
        }
        lightest = s->usual_weight[i] < s->usual_weight[lightest] ? i : lightest;
    }
    if (s->usual_weight[lightest] < USUAL_NOUGHT) {
        s->usual[lightest] = site;
        s->usual_weight[lightest] = USUAL_NOUGHT;
        return;
    }
    s->usual_weight[lightest] = usual_weight(usual_visits(s->usual_weight[lightest]) - 0.5F);
}

static void note_event(struct state *s, uint32_t *bits, int64_t at_s)
{
    int64_t ahead = at_s / DAY_S - s->event_day;

    if (ahead > 0) {
        s->events = ahead < 32 ? s->events << ahead : 0;
        s->heeded = ahead < 32 ? s->heeded << ahead : 0;
        s->event_day = (uint16_t)(at_s / DAY_S);
        ahead = 0;
    }
    if (ahead > -32) {
        *bits |= 1U << -ahead;
    }
}

/* Whether a bit stands for one of the days first .. first + count - 1. */
static bool any_day(const struct state *s, uint32_t bits, int64_t first, int count)
{
    for (int i = 0; i < count; i++) {
        int64_t back = s->event_day - (first + i);

        if (back >= 0 && back < 32 && (bits >> back & 1) != 0) {
            return true;
        }
    }
    return false;
}

/* ---- what sightings teach ------------------------------------------------------------------------- */

static void hit(struct state *s)
{
    s->c[HIT30]++;
    s->c[HIT90]++;
}

static void moved(struct state *s, const struct pk_sighting *sighting)
{
    uint16_t place = (uint16_t)(sighting->place * PLACE_FOLD >> 16);

    if (sighting->place == 0) {
        return;
    }
    s->c[CELLS30] += place != s->place;
    s->place = place;
    s->city = sighting->city != 0 ? sighting->city : s->city;
}

static enum pk_zone_kind kind_of(uint8_t security)
{
    return security == PK_SIGHT_OPEN || security == PK_SIGHT_OWE ? PK_ZONE_OPEN
            : security == PK_SIGHT_EAP                           ? PK_ZONE_NAMED
                                                                 : PK_ZONE_SECRET;
}

/* Sum of the risk of where it joins, as it was known before this join. */
static void add_rates(struct pk_hazard *h, struct state *s, const struct pk_sighting *sighting,
        uint32_t site, bool public)
{
    float rate = (float)pk_zones_rate(h->zones, sighting->place, sighting->city, sighting->at_s);
    double lately = 0;
    double ever = 0;

    (void)pk_zones_site(h->zones, site, sighting->at_s, &lately, &ever);
    s->c[RATE30] += (public ? 1 : HOMELIKE) * (rate + (float)ever);
}

/* The network that it joins most is taken for its home. */
static bool is_home(const struct state *s, uint32_t site)
{
    size_t most = 0;

    for (size_t i = 1; i < USUAL; i++) {
        most = s->usual_weight[i] > s->usual_weight[most] ? i : most;
    }
    return s->usual_weight[most] == 0 || s->usual[most] == site;
}

static int take_network(struct pk_hazard *h, struct state *s, const struct pk_sighting *sighting,
        const struct pk_crowd_opinion *opinion, const struct pk_hazard_voice *voice)
{
    const struct pk_sight_network *n = &sighting->network;
    enum pk_zone_kind kind = kind_of(n->security);
    bool public = kind == PK_ZONE_OPEN || n->portal != 0;
    bool bad = opinion->before || opinion->after;
    uint32_t site = n->network != 0 ? pk_zone_site(n->network, sighting->place) : 0;

    add_rates(h, s, sighting, site, public);
    s->c[PUB7] += public;
    s->c[PUB30] += public;
    s->c[PUB90] += public;
    s->c[AWAY90] += public || (kind == PK_ZONE_SECRET && !is_home(s, site));
    moved(s, sighting);
    if (site != 0 && kind != PK_ZONE_NAMED) {
        usual_take(s, site);
    }
    if (bad) {
        hit(s);
    }
    if (opinion->after && opinion->hard) {
        note_event(s, &s->events, sighting->at_s);
    }
    return pk_zones_take(h->zones,
            &(struct pk_zone_join){
                    .at_s = sighting->at_s,
                    .device = sighting->device,
                    .network = n->network,
                    .place = sighting->place,
                    .city = sighting->city,
                    .weight = voice->weight,
                    .kind = kind,
                    .public = public,
                    .known = voice->visits >= KNOWN_VISITS,
                    .bad = bad,
            });
}

static void take_app(
        struct state *s, const struct pk_sighting *sighting, const struct pk_crowd_opinion *opinion)
{
    const struct pk_sight_app *app = &sighting->app;

    s->c[SITE_APP30] += app->source == PK_SIGHT_FROM_THIRD ||
            app->source == PK_SIGHT_FROM_SIDELOAD || app->source == PK_SIGHT_FROM_BROWSER;
    if (opinion->before || opinion->after) {
        s->c[BAD_APP30]++;
        s->c[BAD_APP90]++;
        note_event(s, &s->events, sighting->at_s);
    }
}

static void take_posture(struct state *s, const struct pk_sight_posture *p)
{
    s->flags &= (uint8_t) ~(
            STATE_ROOT | STATE_HOOK | STATE_DEVELOPER | STATE_OPEN | STATE_UNKNOWN_SOURCES);
    s->flags |= (uint8_t)((p->root ? STATE_ROOT : 0) | (p->hook ? STATE_HOOK : 0) |
            (p->developer ? STATE_DEVELOPER : 0) | (p->passcode ? 0 : STATE_OPEN) |
            (p->unknown_sources ? STATE_UNKNOWN_SOURCES : 0));
    s->patch_days = p->patch_days < UINT8_MAX ? (uint8_t)p->patch_days : UINT8_MAX;
    s->patch_most = s->patch_days > s->patch_most ? s->patch_days : s->patch_most;
}

static void take_incident(struct state *s, const struct pk_sighting *sighting)
{
    s->c[INC30]++;
    if (sighting->incident.attack == PK_SIGHT_MALWARE) {
        s->c[BAD_APP30] += 0.5F;
        s->c[BAD_APP90] += 0.5F;
    }
    note_event(s, &s->events, sighting->at_s);
}

static struct state *state_of(struct pk_hazard *h, const struct pk_sighting *sighting)
{
    int fresh;
    struct state *s = pk_rows_make(&h->devices, sighting->device, &fresh);

    if (s != NULL && fresh) {
        s->last_s = (uint32_t)sighting->at_s;
        s->enrolled_s = (uint32_t)sighting->at_s;
        s->first_day = (uint16_t)(sighting->at_s / DAY_S);
        s->usual_day = s->first_day;
        s->event_day = s->first_day;
    }
    if (s != NULL && sighting->kind == PK_SIGHTING_DEVICE) {
        int64_t at_s = sighting->enrolment.enrolled_s;

        s->enrolled_s = at_s > 0 && at_s < sighting->at_s ? (uint32_t)at_s : s->enrolled_s;
        s->flags = (uint8_t)(sighting->enrolment.ios ? s->flags | STATE_IOS
                                                     : s->flags & ~STATE_IOS);
    }
    return s;
}

static uint8_t share(float x)
{
    return !(x > 0) ? 0 : x < 1 ? (uint8_t)(x * 255) : 255;
}

int pk_hazard_take(struct pk_hazard *hazard, const struct pk_sighting *sighting,
        const struct pk_crowd_opinion *opinion, const struct pk_hazard_voice *voice)
{
    struct state *s;

    if (sighting->device == 0 || sighting->at_s <= 0 || sighting->at_s > UINT32_MAX) {
        return PK_OK; /* nobody's, or of no time that can be */
    }
    pk_hazard_tick(hazard, sighting->at_s);
    s = state_of(hazard, sighting);
    if (s == NULL) {
        return PK_ENOMEM;
    }
    bring_up(s, sighting->at_s);
    s->record = share(voice->record);
    switch (sighting->kind) {
    case PK_SIGHTING_DEVICE:
        break;
    case PK_SIGHTING_NETWORK:
        return take_network(hazard, s, sighting, opinion, voice);
    case PK_SIGHTING_MAST:
        if (opinion->before || opinion->after) {
            hit(s);
        }
        if (opinion->after) {
            note_event(s, &s->events, sighting->at_s);
        }
        break;
    case PK_SIGHTING_APP:
        take_app(s, sighting, opinion);
        break;
    case PK_SIGHTING_POSTURE:
        take_posture(s, &sighting->posture);
        break;
    case PK_SIGHTING_INCIDENT:
        take_incident(s, sighting);
        break;
    }
    return PK_OK;
}

bool pk_hazard_heeded(struct pk_hazard *hazard, uint64_t device, int64_t at_s)
{
    struct state *s = pk_rows_find(&hazard->devices, device);

    if (s == NULL) {
        return false;
    }
    note_event(s, &s->heeded, at_s);
    return true;
}

/* ---- windows -------------------------------------------------------------------------------------- */

static bool old_enough(const struct state *s, int64_t now_s)
{
    return now_s - (int64_t)s->enrolled_s >= PK_HAZARD_ENROLLED_MIN_S &&
            now_s / DAY_S >= s->first_day;
}

static bool teaches(const struct state *s, int64_t index_s)
{
    return s->record > (uint8_t)(RECORD_MIN * 255) &&
            index_s - (int64_t)s->enrolled_s >= TEACHES_AFTER_S &&
            index_s - s->first_day * DAY_S >= TEACHES_AFTER_S; /* its counters were empty before */
}

/* What is typical here: explanations compare with it. Old rows count less and less. */
static void learn_mean(struct pk_hazard *h, const double x[PK_HAZARD_TERMS])
{
    double most = MEAN_ROWS + MEAN_WEEKS * (double)h->devices.count;

    h->mean_rows = h->mean_rows < most ? h->mean_rows + 1 : most;
    for (size_t i = 0; i < PK_HAZARD_TERMS; i++) {
        h->mean[i] += (x[i] - h->mean[i]) / h->mean_rows;
    }
}

static double score30_of(const struct pk_hazard *h, const double x[PK_HAZARD_TERMS])
{
    return pk_hazard_state_score(h->weights, PK_HAZARD_THIRTY, x) + (h->no_online ? 0 : h->slow);
}

/* The window that began count days before day has closed: what became of it is learnt. */
static void close_window(
        struct pk_calibrate *c, const struct state *s, uint16_t index, int64_t day, int count)
{
    int64_t first = day - count;

    if (teaches(s, first * DAY_S)) {
        pk_calibrate_row(c, index,
                any_day(s, s->events, first, count)           ? 1
                        : any_day(s, s->heeded, first, count) ? 0.5
                                                              : 0);
    }
}

/* Each device has its day of the week and of the month, so that one open window of each length is enough. */
static void device_day(struct pk_hazard *h, struct state *s, int64_t day)
{
    uint64_t phase = s->id ^ s->id >> 29;
    bool week = (phase + (uint64_t)day) % 7 == 0;
    bool month = (phase / 7 + (uint64_t)day) % 30 == 0;
    double x[PK_HAZARD_TERMS];

    if (!week && !month) {
        return;
    }
    if (week && (s->flags & STATE_NOTED7) != 0) {
        close_window(h->seven, s, s->index7, day, 7);
    }
    if (month && (s->flags & STATE_NOTED30) != 0) {
        close_window(h->thirty, s, s->index30, day, 30);
    }
    if (!old_enough(s, day * DAY_S)) {
        return;
    }
    pk_hazard_state_inputs(h, s, day * DAY_S, x);
    if (week && teaches(s, day * DAY_S)) {
        learn_mean(h, x);
    }
    if (week) {
        s->index7 = pk_calibrate_bin(pk_hazard_state_score(h->weights, PK_HAZARD_SEVEN, x));
        s->flags |= STATE_NOTED7;
    }
    if (month) {
        s->index30 = pk_calibrate_bin(score30_of(h, x));
        s->flags |= STATE_NOTED30;
    }
}

void pk_hazard_tick(struct pk_hazard *hazard, int64_t now_s)
{
    int64_t today = now_s / DAY_S;

    if (now_s <= 0 || now_s > UINT32_MAX) {
        return;
    }
    if (hazard->day == 0) {
        hazard->day = today;
    }
    if (today - hazard->day > CATCH_UP_DAYS) {
        hazard->day = today - CATCH_UP_DAYS;
    }
    while (hazard->day < today) {
        hazard->day++;
        for (uint32_t i = 0; i < hazard->devices.count; i++) {
            device_day(hazard, pk_rows_at(&hazard->devices, i), hazard->day);
        }
        pk_calibrate_day(hazard->seven, SEVEN_HALF, SHIFT_STEP);
        pk_calibrate_day(hazard->thirty, THIRTY_HALF, SHIFT_STEP);
        hazard->slow += ((hazard->seven->using == PK_MAP_PLAIN ? 0 : hazard->seven->z) -
                                hazard->slow) /
                SLOW_DAYS;
    }
}

/* ---- answers -------------------------------------------------------------------------------------- */

bool pk_hazard_inputs(
        const struct pk_hazard *hazard, uint64_t device, int64_t now_s, double out[PK_HAZARD_TERMS])
{
    const struct state *s = pk_rows_find(&hazard->devices, device);

    if (s == NULL || !old_enough(s, now_s)) {
        return false;
    }
    pk_hazard_state_inputs(hazard, s, now_s, out);
    return true;
}

double pk_hazard_p7(const struct pk_hazard *h, double score)
{
    return h->no_online ? pk_sigmoid(score) : pk_calibrate_p(h->seven, score);
}

bool pk_hazard_predict(const struct pk_hazard *hazard, uint64_t device, int64_t now_s,
        struct pk_hazard_prediction *out)
{
    double x[PK_HAZARD_TERMS];
    double score30;

    if (!pk_hazard_inputs(hazard, device, now_s, x)) {
        return false;
    }
    pk_hazard_state_explain(hazard, x, out);
    score30 = score30_of(hazard, x);
    out->p7 = pk_hazard_p7(hazard, out->score);
    out->p30 = hazard->no_online ? pk_sigmoid(score30) : pk_calibrate_p(hazard->thirty, score30);
    out->p30 = out->p30 < out->p7 ? out->p7 : out->p30;
    return true;
}

void pk_hazard_each(const struct pk_hazard *hazard,
        void (*fn)(void *ctx, uint64_t device, int64_t enrolled_s), void *ctx)
{
    for (uint32_t i = 0; i < hazard->devices.count; i++) {
        const struct state *s = pk_rows_at(&hazard->devices, i);

        fn(ctx, s->id, s->enrolled_s);
    }
}

static int is_other(void *ctx, const void *row)
{
    return ((const struct state *)row)->id != *(const uint64_t *)ctx;
}

void pk_hazard_forget(struct pk_hazard *hazard, uint64_t device)
{
    pk_rows_sweep(&hazard->devices, is_other, &device);
}

void pk_hazard_count(const struct pk_hazard *hazard, struct pk_hazard_count *out)
{
    const struct pk_calibrate *c = hazard->seven;
    struct pk_zones_count zones;

    pk_zones_count(hazard->zones, &zones);
    *out = (struct pk_hazard_count){
        .devices = hazard->devices.count,
        .device_bytes = sizeof(struct state),
        .bytes = sizeof(*hazard) + sizeof(*hazard->seven) * 2 + zones.bytes +
                pk_rows_bytes(&hazard->devices),
        .rows7 = c->rows,
        .events7 = c->events,
        .shift7 = c->z,
        .shift30 = hazard->thirty->z,
        .using7 = c->using,
    };
    for (size_t i = 0; i < PK_MAPS && c->loss_rows > 0; i++) {
        out->loss7[i] = c->loss[i] / c->loss_rows;
    }
}
