/* What the word of a device weighs for others: w = attestation x age x record^4 x footprint x life
 * (against things with a good past also x budget).
 * Its own evidence counts for itself whatever it weighs. */

#include "crowd/internal.h"

#define RECORD_A    8.0F /* Beta prior: a stranger is rather honest */
#define RECORD_B    1.0F
#define AGE_FIRST   .15F
#define AGE_DAYS    14.0F
#define KEEP_DAYS   28.0F
#define JOINS_MIN   6.0F /* fewer say nothing of a footprint */
#define LIFE_DAYS   4    /* after so many a phone has told of itself */
#define LIFE_NONE   .1F
#define CLAIMS_FREE 1.3F

static const float attested[] = { .12F, .30F, 1.0F };

struct pk_voice *pk_voice_of(struct pk_crowd *crowd, const struct pk_sighting *s)
{
    struct pk_voice *v = pk_table_put(&crowd->rooms[PK_ROOM_VOICES], pk_crowd_mix(s->device, 7));

    if (v != NULL && v->seen == 0) {
        v->seen = (uint32_t)s->at_s;
        v->enrolled = (uint32_t)s->at_s;
        v->tenant = s->tenant;
        v->a = RECORD_A;
        v->b = RECORD_B;
        v->counted = (uint32_t)s->at_s;
    }
    return v;
}

static float age_of(const struct pk_voice *v, int64_t now_s)
{
    float days = (float)(now_s - (int64_t)v->enrolled) / PK_DAY_S;

    return pk_clipf(AGE_FIRST + days / AGE_DAYS, .05F, 1);
}

/* A sensor that is everywhere is a sensor nowhere. */
static float footprint_of(const struct pk_voice *v)
{
    float share = v->joins >= JOINS_MIN ? v->moves / v->joins : 0;

    return share < .45F ? 1 : share < .7F ? .3F : .05F;
}

/* A phone that only ever speaks of networks, never of itself, is none. */
static float life_of(const struct pk_voice *v, int64_t now_s)
{
    if (now_s - (int64_t)v->seen < (int64_t)LIFE_DAYS * PK_DAY_S || v->lives != 0) {
        return 1;
    }
    return LIFE_NONE;
}

static float budget_of(const struct pk_voice *v, int64_t now_s)
{
    float days = (float)(now_s - (int64_t)v->counted) / PK_DAY_S;
    float claims = v->claims * exp2f(-days / KEEP_DAYS);
    float over = CLAIMS_FREE / pk_maxf(claims, CLAIMS_FREE);

    return over * over * over;
}

float pk_voice_weight(const struct pk_crowd *crowd, const struct pk_voice *v, int64_t now_s,
        struct pk_crowd_voice *why)
{
    float record = v->a / (v->a + v->b);
    struct pk_crowd_voice parts = {
        .attestation = v->attestation < PK_COUNT(attested) ? attested[v->attestation] : 0,
        .age = age_of(v, now_s),
        .record = record * record * record * record,
        .footprint = footprint_of(v),
        .life = life_of(v, now_s),
        .budget = budget_of(v, now_s),
    };

    parts.weight = parts.attestation * parts.age * parts.record * parts.footprint * parts.life;
    if (!crowd->settings.trusting) {
        parts.weight = 1;
    }
    if (why != NULL) {
        *why = parts;
    }
    return parts.weight;
}

bool pk_voice_perhaps(const uint64_t bits[4], uint64_t key)
{
    uint64_t a = key >> 40;
    uint64_t b = key >> 50;

    return (bits[a >> 6 & 3] >> (a & 63) & 1) != 0 && (bits[b >> 6 & 3] >> (b & 63) & 1) != 0;
}

void pk_voice_note(uint64_t bits[4], uint64_t key)
{
    uint64_t a = key >> 40;
    uint64_t b = key >> 50;

    bits[a >> 6 & 3] |= UINT64_C(1) << (a & 63);
    bits[b >> 6 & 3] |= UINT64_C(1) << (b & 63);
}

void pk_voice_visited(struct pk_voice *v, uint64_t network, int64_t now_s)
{
    uint32_t day = (uint32_t)(now_s / PK_DAY_S);

    if (v->today_day != day) {
        for (size_t i = 0; i < PK_COUNT(v->places); i++) {
            v->places[i] |= v->today[i];
            v->today[i] = 0;
        }
        v->today_day = day;
    }
    pk_voice_note(v->today, network);
}

void pk_voice_joined(struct pk_voice *v, const struct pk_sighting *s)
{
    if (s->city == 0) {
        return;
    }
    if (v->joins > 40) { /* old trips are forgotten */
        v->joins *= .5F;
        v->moves *= .5F;
    }
    v->joins += 1;
    v->moves += v->city != 0 && v->city != s->city ? 1 : 0;
    v->city = s->city;
}

float pk_voice_budget(const struct pk_crowd *crowd, const struct pk_voice *v, int64_t now_s)
{
    return crowd->settings.trusting ? budget_of(v, now_s) : 1;
}

void pk_voice_claims(struct pk_voice *v, uint64_t thing, int64_t now_s)
{
    uint32_t folded = (uint32_t)(thing ^ (thing >> 32));
    float days = (float)(now_s - (int64_t)v->counted) / PK_DAY_S;

    for (size_t i = 0; i < PK_COUNT(v->told); i++) {
        if (v->told[i] == folded) {
            return;
        }
    }
    memmove(&v->told[1], &v->told[0], sizeof(v->told) - sizeof(v->told[0]));
    v->told[0] = folded;
    v->claims = v->claims * exp2f(-days / KEEP_DAYS) + 1;
    v->counted = (uint32_t)now_s;
}
