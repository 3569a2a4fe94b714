#include "crowd/exchange_trust.h"

#include <math.h>

#define DAY_S        86400.0
#define AGE_MIN      0.25
#define PRIOR        (-1.5F) /* against calling anything bad */
#define CLAIM_MAX    3.0F    /* of one member, weighted: two are needed for more */
#define CLAIM_LO_MAX 6.0F    /* no claim is surer than that */
#define CLEAN_MAX    4.0F
#define RECORD_MAX   24.0  /* of a: no store of trust that many lies could be paid from */
#define WORTH        0.25F /* log-odds below which nothing is said */

const char *const pk_exchange_ruling_names[] = { "open", "confirmed", "contradicted", "outvoted",
    NULL };

float pk_exchange_weight(const struct pk_exchange_record *record, int64_t now_s, int newcomer_days)
{
    double r = record->a / fmax(record->a + record->b, 1e-9);
    double days = fmax(0, (double)(now_s - record->joined_s) / DAY_S);
    double age = record->vouched
            ? 1
            : fmin(1, AGE_MIN + days / (newcomer_days > 0 ? newcomer_days : 1));

    return (float)(r * r * r * r * age);
}

/* ---- one word out of all -------------------------------------------------------------------------------- */

struct sums {
    float bad, clean;    /* log-odds, weighted and capped; clean >= 0 */
    unsigned bad_voices; /* members of some weight */
    uint64_t devices;    /* told by those who call it bad, or know it */
    uint64_t clean_devices;
    float weight; /* of those who say anything now */
};

static float now_of(const struct pk_exchange_claim *c, int64_t now_s)
{
    return pk_exchange_lo_at(c->word.lo, c->word.half_h, c->told_s, now_s);
}

static void keep_voice(
        struct pk_exchange_voice *voices, const struct pk_exchange_claim *c, float lo)
{
    struct pk_exchange_voice v = { .lo = pk_exchange_round_lo(lo),
        .weight = (uint8_t)lroundf(fminf(1, c->weight) * 255) };
    float mine = fabsf((float)v.lo) * (float)v.weight;

    if (v.weight == 0 || v.lo == 0) {
        return;
    }
    if (lo < 0) {
        if (mine > fabsf((float)voices[2].lo) * (float)voices[2].weight) {
            voices[2] = v;
        }
    } else if (mine > (float)voices[0].lo * (float)voices[0].weight) {
        voices[1] = voices[0];
        voices[0] = v;
    } else if (mine > (float)voices[1].lo * (float)voices[1].weight) {
        voices[1] = v;
    }
}

static void add_claim(const struct pk_exchange_claim *c, int64_t now_s, struct sums *sums,
        struct pk_exchange_word *out)
{
    float lo = now_of(c, now_s);

    switch ((enum pk_exchange_verdict)c->word.verdict) {
    case PK_EXCHANGE_BAD:
        if (lo < WORTH) {
            return;
        }
        sums->bad += fminf(CLAIM_MAX, c->weight * fminf(CLAIM_LO_MAX, lo));
        sums->bad_voices += c->weight >= PK_EXCHANGE_VOICE_MIN ? 1 : 0;
        sums->devices += c->word.devices;
        out->flags |= c->word.flags & PK_EXCHANGE_GROUPS;
        out->cause = c->word.cause != 0xff ? c->word.cause : out->cause;
        keep_voice(out->voices, c, fminf(CLAIM_LO_MAX, lo));
        break;
    case PK_EXCHANGE_CLEAN:
        if (lo > -WORTH) {
            return;
        }
        sums->clean += c->weight * fminf(CLEAN_MAX, -lo);
        sums->clean_devices += c->word.devices;
        keep_voice(out->voices, c, lo);
        break;
    case PK_EXCHANGE_KNOWN:
        sums->devices += c->word.devices;
        break;
    case PK_EXCHANGE_GONE:
    case PK_EXCHANGE_CLAIMED:
    case PK_EXCHANGE_VERDICTS:
        return;
    }
    sums->weight += c->weight;
    out->kind = c->word.kind;
    out->id = c->word.id;
    out->epoch = c->word.epoch;
    out->first_h = out->first_h == 0 || c->word.first_h < out->first_h ? c->word.first_h
                                                                       : out->first_h;
    out->last_h = c->word.last_h > out->last_h ? c->word.last_h : out->last_h;
    out->half_h = c->word.half_h > out->half_h ? c->word.half_h : out->half_h;
    out->city = out->city == 0 ? c->word.city : out->city;
}

bool pk_exchange_combine(const struct pk_exchange_claim *claims, size_t count, int64_t now_s,
        struct pk_exchange_word *out)
{
    struct pk_exchange_word word = { .cause = 0xff };
    struct sums sums = { 0 };
    float lo;

    for (size_t i = 0; i < count; i++) {
        if (!claims[i].skip) {
            add_claim(&claims[i], now_s, &sums, &word);
        }
    }
    if (word.id == 0 || (sums.weight <= 0 && sums.devices == 0)) {
        return false;
    }
    if (sums.bad > 0) {
        bool enough = sums.bad_voices >= 2 || (sums.bad_voices == 1 && sums.clean <= 0);

        lo = PRIOR + sums.bad - sums.clean;
        word.verdict = lo > PK_EXCHANGE_BAD_LO && enough ? PK_EXCHANGE_BAD
                : lo < 0 && sums.clean > sums.bad        ? PK_EXCHANGE_CLEAN
                                                         : PK_EXCHANGE_CLAIMED;
        word.flags |= sums.bad_voices >= 2 ? PK_EXCHANGE_SEVERAL : 0;
        word.devices = pk_exchange_round_devices(
                word.verdict == PK_EXCHANGE_CLEAN ? sums.clean_devices : sums.devices,
                PK_EXCHANGE_K);
    } else if (sums.clean > 0) {
        lo = -sums.clean;
        word.verdict = PK_EXCHANGE_CLEAN;
        word.devices = pk_exchange_round_devices(sums.clean_devices, PK_EXCHANGE_K);
    } else {
        lo = 0;
        word.verdict = PK_EXCHANGE_KNOWN;
        word.devices = pk_exchange_round_devices(sums.devices, PK_EXCHANGE_K);
    }
    if (word.verdict == PK_EXCHANGE_KNOWN && word.devices == 0) {
        return false;
    }
    word.city = word.devices > 0 ? word.city : 0;
    word.lo = pk_exchange_round_lo(lo);
    *out = word;
    return true;
}

/* ---- who was right --------------------------------------------------------------------------------------- */

enum pk_exchange_ruling pk_exchange_rule(
        const struct pk_exchange_claim *claims, size_t count, size_t at, int64_t now_s)
{
    float bad = 0;
    float clean = 0;
    unsigned bad_count = 0;
    uint8_t mine = claims[at].word.verdict;

    for (size_t i = 0; i < count; i++) {
        float lo = now_of(&claims[i], now_s);

        if (i == at) {
            continue;
        }
        if (claims[i].word.verdict == PK_EXCHANGE_BAD && lo >= WORTH) {
            bad += claims[i].weight;
            bad_count += claims[i].weight >= PK_EXCHANGE_VOICE_MIN ? 1 : 0;
        } else if (claims[i].word.verdict == PK_EXCHANGE_CLEAN && lo <= -WORTH) {
            clean += claims[i].weight;
        }
    }
    if (mine == PK_EXCHANGE_BAD) {
        if (bad >= PK_EXCHANGE_VOICE_MIN && bad >= clean) {
            return PK_EXCHANGE_CONFIRMED;
        }
        /* Only from more weight than its own, so that a liar cannot take an honest one's trust by
         * calling the attack that it saw clean. */
        if (clean >= PK_EXCHANGE_VOICE_MIN && clean > bad + claims[at].weight) {
            return PK_EXCHANGE_CONTRADICTED;
        }
    } else if (mine == PK_EXCHANGE_CLEAN) {
        if (clean >= PK_EXCHANGE_VOICE_MIN && clean > bad) {
            return PK_EXCHANGE_CONFIRMED;
        }
        if (bad_count >= 2 && bad > 2 * clean + claims[at].weight) {
            return PK_EXCHANGE_OUTVOTED;
        }
    }
    return PK_EXCHANGE_OPEN;
}

static void effect(enum pk_exchange_ruling ruling, double *a, double *b)
{
    *a = ruling == PK_EXCHANGE_CONFIRMED ? 0.5 : 0;
    *b = ruling == PK_EXCHANGE_CONTRADICTED ? 2.0 : ruling == PK_EXCHANGE_OUTVOTED ? 0.5 : 0;
}

void pk_exchange_learn(struct pk_exchange_record *record, enum pk_exchange_ruling before,
        enum pk_exchange_ruling now)
{
    double a_before;
    double b_before;
    double a_now;
    double b_now;

    effect(before, &a_before, &b_before);
    effect(now, &a_now, &b_now);
    record->a = fmin(RECORD_MAX, fmax(PK_EXCHANGE_RECORD_A / 2, record->a + a_now - a_before));
    record->b = fmax(PK_EXCHANGE_RECORD_B, record->b + b_now - b_before);
}
