#include "risk/zone.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "risk/table.h"

#define DAY_S       86400.0
#define WORLD_DAYS  56
#define CITY_DAYS   28
#define PLACE_DAYS  14
#define SITE_DAYS   28
#define LATELY_DAYS 2
#define CITY_LEAN   200 /* joins that the world's word is worth in a city, */
#define PLACE_LEAN  40  /* the city's in a place, */
#define SITE_LEAN   8   /* and the place's on a network */
#define LATELY_LEAN 1
#define WAVE_DAYS   3   /* one attack raises its neighbourhood: the place's last days */
#define WORLD_LEAN  200 /* joins that the weeks' rate is worth beside the last days' */
#define WAVE_LEAN   30  /* lean on its rate of weeks */
#define KIND_LEAN   10  /* bad joins that the first guess of a kind's factor is worth */
#define PLACES_MAX  (1U << 20)
#define SITES_MAX   (1U << 20)
#define SITE_GONE   0.02 /* an attack so faded is forgotten */
/* What the crowd's log-odds of a suspect mean for the next join: fitted on simulated worlds (docs/hazard.md). Not
 * every join of an attacked network is caught, and most suspects are none. */
#define EVIDENCE_SLOPE 1.4
#define EVIDENCE_SHIFT (-2.75)
#define EVIDENCE_MAX   0.85
#define BITMAP_DAYS    28
#define LASTS_S        (2 * INT64_C(86400))
#define LASTS_WEIGHT   0.3F /* less believed devices do not say how long an attack lasts */
#define SWEEP_S        86400

/* Joins and bad ones, both halved together. */
struct tally {
    float bad, joins;
};

struct place { /* places and cities, told apart by the key's upper half */
    uint64_t key;
    int64_t last_s;
    struct tally tally;
    struct tally wave;
    uint64_t seen[2]; /* linear counting of devices: this period and the one before */
    uint32_t period;
    uint32_t spare;
};

struct site {
    uint64_t key;
    int64_t last_s;
    struct tally lately, ever;
    uint32_t since_s, bad_s; /* first and last bad join of what goes on; 0: nothing does */
};

struct kind {
    float bad, expected;
};

struct pk_zones {
    struct pk_rows places, sites;
    struct tally world;
    struct tally wave; /* of the world, of the last days */
    int64_t world_s;
    int64_t swept_s;
    struct kind kinds[PK_ZONE_KINDS][2]; /* [known] */
    uint64_t cities;
};

/* How much more or less often networks of a kind are bad than their zone says, before anything was learnt. */
static const double first_guess[PK_ZONE_KINDS][2] = {
    /* new, known */
    { 1.8 * 2.5, 1.8 * 0.7 },
    { 0.4 * 2.5, 0.4 * 0.7 },
    { 0.05 * 2.5, 0.05 * 0.7 },
};

static double faded(int64_t from_s, int64_t now_s, double half_days)
{
    return now_s > from_s ? exp2(-(double)(now_s - from_s) / (half_days * DAY_S)) : 1;
}

static void fade(struct tally *t, double by)
{
    t->bad = (float)(t->bad * by);
    t->joins = (float)(t->joins * by);
}

int pk_zones_create(struct pk_zones **out, struct pk_error *err)
{
    struct pk_zones *z = calloc(1, sizeof(*z));

    if (z == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    z->places = (struct pk_rows){ .size = sizeof(struct place), .max = PLACES_MAX };
    z->sites = (struct pk_rows){ .size = sizeof(struct site), .max = SITES_MAX };
    *out = z;
    return PK_OK;
}

void pk_zones_destroy(struct pk_zones *zones)
{
    if (zones != NULL) {
        pk_rows_finish(&zones->places);
        pk_rows_finish(&zones->sites);
        free(zones);
    }
}

static uint64_t place_key(uint32_t place)
{
    return 1ULL << 32 | place;
}

static uint64_t city_key(uint32_t city)
{
    return 2ULL << 32 | city;
}

static uint64_t mix(uint64_t x)
{
    x ^= x >> 31;
    x *= 0x9e3779b97f4a7c15ULL;
    x ^= x >> 29;
    x *= 0xbf58476d1ce4e5b9ULL;
    return x ^ x >> 32;
}

uint32_t pk_zone_site(uint64_t network, uint32_t place)
{
    uint32_t site = (uint32_t)mix(network ^ mix(place + 1ULL));

    return site != 0 ? site : 1;
}

/* ---- rates ---------------------------------------------------------------------------------------- */

static double world_rate(const struct pk_zones *z, int64_t now_s)
{
    double by = faded(z->world_s, now_s, WORLD_DAYS);

    return (z->world.bad * by + 0.1) / (z->world.joins * by + 20);
}

static double leaning(const struct place *row, double by, double above, double lean)
{
    if (row == NULL) {
        return above;
    }
    return (row->tally.bad * by + lean * above) / (row->tally.joins * by + lean);
}

double pk_zones_wave(const struct pk_zones *zones, int64_t now_s)
{
    double weeks = world_rate(zones, now_s);
    double by = faded(zones->world_s, now_s, WAVE_DAYS);

    return (zones->wave.bad * by + WORLD_LEAN * weeks) /
            ((zones->wave.joins * by + WORLD_LEAN) * weeks);
}

double pk_zones_city(const struct pk_zones *zones, uint32_t city, int64_t now_s)
{
    const struct place *row = city != 0 ? pk_rows_find(&zones->places, city_key(city)) : NULL;

    return leaning(row, row != NULL ? faded(row->last_s, now_s, CITY_DAYS) : 1,
            world_rate(zones, now_s), CITY_LEAN);
}

void pk_zones_world(const struct pk_zones *zones, int64_t now_s, double *joins, double *bad)
{
    double by = faded(zones->world_s, now_s, WORLD_DAYS);

    *joins = (double)zones->world.joins * by;
    *bad = (double)zones->world.bad * by;
}

void pk_zones_each(const struct pk_zones *zones, void (*fn)(void *ctx, uint32_t place), void *ctx)
{
    for (uint32_t i = 0; i < zones->places.count; i++) {
        const struct place *row = pk_rows_at(&zones->places, i);

        if (row->key >= place_key(0) && row->key < city_key(0)) {
            fn(ctx, (uint32_t)row->key);
        }
    }
}

/* A place's own rate: weeks lean on the city, the last days on the weeks. */
static double place_rate(const struct place *row, int64_t now_s, double city)
{
    double slow;
    double by;

    if (row == NULL) {
        return city;
    }
    slow = leaning(row, faded(row->last_s, now_s, PLACE_DAYS), city, PLACE_LEAN);
    by = faded(row->last_s, now_s, WAVE_DAYS);
    return (row->wave.bad * by + WAVE_LEAN * slow) / (row->wave.joins * by + WAVE_LEAN);
}

static const struct place *place_row(const struct pk_zones *z, uint32_t place)
{
    return place != 0 ? pk_rows_find(&z->places, place_key(place)) : NULL;
}

double pk_zones_rate(const struct pk_zones *zones, uint32_t place, uint32_t city, int64_t now_s)
{
    return place_rate(place_row(zones, place), now_s, pk_zones_city(zones, city, now_s));
}

static uint32_t period_of(int64_t at_s)
{
    return (uint32_t)(at_s / (int64_t)(BITMAP_DAYS * DAY_S));
}

static unsigned devices_of(const struct place *row, int64_t now_s)
{
    uint32_t behind = period_of(now_s) - row->period;
    uint64_t seen = behind == 0 ? row->seen[0] | row->seen[1] : behind == 1 ? row->seen[0] : 0;
    int clear = 64 - __builtin_popcountll(seen);

    return clear < 2 ? 256 : (unsigned)lround(-64 * log(clear / 64.0));
}

void pk_zones_risk(const struct pk_zones *zones, uint32_t place, uint32_t city, int64_t now_s,
        struct pk_zone_risk *out)
{
    const struct place *row = place_row(zones, place);

    *out = (struct pk_zone_risk){ .p = pk_zones_city(zones, city, now_s) };
    if (row == NULL) {
        return;
    }
    double by = faded(row->last_s, now_s, PLACE_DAYS);

    out->devices = devices_of(row, now_s);
    out->own = out->devices >= PK_ZONE_DEVICES_MIN;
    out->joins = row->tally.joins * by;
    out->bad = row->tally.bad * by;
    if (out->own) {
        out->p = place_rate(row, now_s, out->p);
    }
}

bool pk_zones_site(
        const struct pk_zones *zones, uint32_t site, int64_t now_s, double *lately, double *ever)
{
    const struct site *row = pk_rows_find(&zones->sites, site);
    double by;

    *lately = 0;
    *ever = 0;
    if (row == NULL) {
        return false;
    }
    by = faded(row->last_s, now_s, LATELY_DAYS);
    *lately = row->lately.bad * by / (row->lately.joins * by + LATELY_LEAN);
    by = faded(row->last_s, now_s, SITE_DAYS);
    *ever = row->ever.bad * by / (row->ever.joins * by + SITE_LEAN);
    return true;
}

double pk_zones_lasts(const struct pk_zones *zones, uint32_t site, int64_t now_s)
{
    const struct site *row = pk_rows_find(&zones->sites, site);

    return row == NULL || row->bad_s == 0 || now_s - row->bad_s > LASTS_S
            ? 0
            : (double)(row->bad_s - row->since_s) / DAY_S;
}

/* ---- learning ------------------------------------------------------------------------------------- */

static void count_device(struct place *row, uint64_t device, int64_t at_s)
{
    uint32_t period = period_of(at_s);

    if (period > row->period) {
        row->seen[1] = period == row->period + 1 ? row->seen[0] : 0;
        row->seen[0] = 0;
        row->period = period;
    }
    row->seen[0] |= 1ULL << (mix(device) & 63);
}

static int learn_place(
        struct pk_zones *z, uint64_t key, const struct pk_zone_join *join, double half_days)
{
    int fresh;
    struct place *row = pk_rows_make(&z->places, key, &fresh);

    if (row == NULL) {
        return PK_ENOMEM;
    }
    if (fresh) {
        row->last_s = join->at_s;
        row->period = period_of(join->at_s);
        z->cities += key >= city_key(0);
    }
    fade(&row->tally, faded(row->last_s, join->at_s, half_days));
    fade(&row->wave, faded(row->last_s, join->at_s, WAVE_DAYS));
    row->last_s = join->at_s > row->last_s ? join->at_s : row->last_s;
    row->tally.joins += join->weight;
    row->tally.bad += join->bad ? join->weight : 0;
    row->wave.joins += join->weight;
    row->wave.bad += join->bad ? join->weight : 0;
    count_device(row, join->device, join->at_s);
    return PK_OK;
}

static int learn_site(struct pk_zones *z, const struct pk_zone_join *join)
{
    uint32_t key = pk_zone_site(join->network, join->place);
    struct site *row = pk_rows_find(&z->sites, key);
    int fresh = 0;

    if (row == NULL && !join->bad) {
        return PK_OK; /* nothing bad was ever seen of it */
    }
    row = row == NULL ? pk_rows_make(&z->sites, key, &fresh) : row;
    if (row == NULL) {
        return PK_ENOMEM;
    }
    if (fresh) {
        row->last_s = join->at_s;
    }
    if (join->bad && join->weight >= LASTS_WEIGHT) {
        bool goes_on = row->bad_s != 0 && join->at_s - row->bad_s < LASTS_S;

        row->since_s = goes_on ? row->since_s : (uint32_t)join->at_s;
        row->bad_s = (uint32_t)join->at_s;
    }
    fade(&row->lately, faded(row->last_s, join->at_s, LATELY_DAYS));
    fade(&row->ever, faded(row->last_s, join->at_s, SITE_DAYS));
    row->last_s = join->at_s > row->last_s ? join->at_s : row->last_s;
    row->lately.joins += join->weight;
    row->ever.joins += join->weight;
    row->lately.bad += join->bad ? join->weight : 0;
    row->ever.bad += join->bad ? join->weight : 0;
    return PK_OK;
}

static int site_lives(void *ctx, const void *row)
{
    const struct site *site = row;

    return site->ever.bad * faded(site->last_s, *(const int64_t *)ctx, SITE_DAYS) > SITE_GONE;
}

static void learn_kind(struct pk_zones *z, const struct pk_zone_join *join)
{
    struct kind *kind = &z->kinds[join->kind][join->known];

    kind->expected += (float)(join->weight * pk_zones_rate(z, join->place, join->city, join->at_s));
    kind->bad += join->bad ? join->weight : 0;
    if (kind->expected > 4000 || kind->bad > 4000) { /* floats must go on feeling one more */
        kind->expected /= 2;
        kind->bad /= 2;
    }
}

int pk_zones_take(struct pk_zones *zones, const struct pk_zone_join *join)
{
    int rc = PK_OK;

    if (join->at_s - zones->swept_s >= SWEEP_S) {
        int64_t now_s = join->at_s;

        pk_rows_sweep(&zones->sites, site_lives, &now_s);
        zones->swept_s = now_s;
    }
    learn_kind(zones, join);
    if (join->public) {
        fade(&zones->world, faded(zones->world_s, join->at_s, WORLD_DAYS));
        fade(&zones->wave, faded(zones->world_s, join->at_s, WAVE_DAYS));
        zones->wave.joins += join->weight;
        zones->wave.bad += join->bad ? join->weight : 0;
        zones->world_s = join->at_s > zones->world_s ? join->at_s : zones->world_s;
        zones->world.joins += join->weight;
        zones->world.bad += join->bad ? join->weight : 0;
        if (join->city != 0) {
            rc = learn_place(zones, city_key(join->city), join, CITY_DAYS);
        }
        if (rc == PK_OK && join->place != 0) {
            rc = learn_place(zones, place_key(join->place), join, PLACE_DAYS);
        }
    }
    if (rc == PK_OK && join->network != 0) {
        rc = learn_site(zones, join);
    }
    return rc;
}

/* ---- before joining ------------------------------------------------------------------------------- */

double pk_zones_ask(const struct pk_zones *zones, const struct pk_zone_question *question)
{
    const struct kind *kind = &zones->kinds[question->kind][question->known];
    double guess = first_guess[question->kind][question->known];
    struct pk_zone_risk zone;
    double evidence;
    double p;

    pk_zones_risk(zones, question->place, question->city, question->now_s, &zone);
    p = zone.p * (kind->bad + KIND_LEAN * guess) / (kind->expected + KIND_LEAN);
    evidence = isfinite(question->log_odds) ? EVIDENCE_MAX /
                    (1 + exp(-(EVIDENCE_SLOPE * (double)question->log_odds + EVIDENCE_SHIFT)))
                                            : 0;
    p = evidence > p ? evidence : p;
    return p > 0.99 ? 0.99 : p;
}

enum pk_zone_light pk_zone_light_of(double p, float log_odds)
{
    return p > 0.02 || log_odds > 0 ? PK_ZONE_RED : p >= 0.003 ? PK_ZONE_AMBER : PK_ZONE_GREEN;
}

void pk_zones_count(const struct pk_zones *zones, struct pk_zones_count *out)
{
    *out = (struct pk_zones_count){
        .places = zones->places.count - zones->cities,
        .cities = zones->cities,
        .sites = zones->sites.count,
        .bytes = sizeof(*zones) + pk_rows_bytes(&zones->places) + pk_rows_bytes(&zones->sites),
    };
}

/* ---- at rest: a checkpoint of this machine, in its own byte order ------------------------------------- */

struct rest { /* of the state, beside its tables */
    struct tally world, wave;
    int64_t world_s, swept_s;
    struct kind kinds[PK_ZONE_KINDS][2];
    uint64_t cities;
};

int pk_zones_save(const struct pk_zones *zones, struct pk_buffer *out)
{
    struct rest rest = { .world = zones->world,
        .wave = zones->wave,
        .world_s = zones->world_s,
        .swept_s = zones->swept_s,
        .cities = zones->cities };

    memcpy(rest.kinds, zones->kinds, sizeof(rest.kinds));
    (void)pk_buffer_put(out, &rest, sizeof(rest));
    (void)!pk_rows_save(&zones->places, out);
    return pk_rows_save(&zones->sites, out);
}

int pk_zones_load(struct pk_reader *in, struct pk_zones **out, struct pk_error *err)
{
    struct pk_slice head = pk_read_slice(in, sizeof(struct rest));
    struct pk_zones *z = NULL;
    struct rest rest;
    int rc = in->rc;

    if (rc == PK_OK) {
        rc = pk_zones_create(&z, err);
    }
    if (rc == PK_OK) {
        memcpy(&rest, head.ptr, sizeof(rest));
        z->world = rest.world;
        z->wave = rest.wave;
        z->world_s = rest.world_s;
        z->swept_s = rest.swept_s;
        z->cities = rest.cities;
        memcpy(z->kinds, rest.kinds, sizeof(rest.kinds));
        rc = pk_rows_load(&z->places, in);
    }
    rc = rc == PK_OK ? pk_rows_load(&z->sites, in) : rc;
    rc = rc == PK_OK && z->cities > z->places.count ? PK_EMALF : rc;
    if (rc < 0) {
        pk_zones_destroy(z);
        return pk_error_set(err, rc, "the memory of zones is damaged");
    }
    *out = z;
    return PK_OK;
}
