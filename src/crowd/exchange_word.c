#include "crowd/exchange_word.h"

#include <math.h>

#include "base/crypt.h"

#define STEP_CODES   25U /* 10 .. 10^9 in three steps a decade */
#define CITY_MAX     (1U << 20)
#define ATTACK_LO    3.0F /* section 9 of the design: an attack that proves itself */
#define CLEAN_LO     (-3.0F)
#define HALF_BAD_H   60U  /* an access point that was never good: 2.5 days */
#define HALF_CLEAN_H 168U /* what many used well */
#define HALF_APP_H   720U /* a file does not change */
#define HOUR_S       3600
#define SECONDS_MAX  INT64_C(0xffffffff) /* of hours: the year 491,936 */

const char *const pk_exchange_verdict_names[] = { "gone", "bad", "clean", "known", "claimed",
    NULL };
const char *const pk_exchange_why_names[] = { "may", "nothing", "kind", "home", "few", NULL };

static const char geohash_digits[] = "0123456789bcdefghjkmnpqrstuvwxyz";

/* ---- names ------------------------------------------------------------------------------------------- */

static void put_be64(uint8_t *out, uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)(value >> (56 - 8 * i));
    }
}

uint64_t pk_exchange_blind(
        const uint8_t key[PK_EXCHANGE_KEY_SIZE], const struct pk_crowd_key *thing)
{
    /* The kind, a NUL, then two numbers: of a fixed form, so that no two things read alike. */
    uint8_t text[8 + 16] = { 0 };
    uint8_t digest[PK_SHA256_SIZE];
    uint64_t a = thing->a;
    uint64_t b = thing->b;
    uint64_t id = 0;

    switch (thing->kind) {
    case PK_CROWD_POINT:
        a = 0; /* each organisation has its own name for the network */
        break;
    case PK_CROWD_MAST:
        break;
    case PK_CROWD_APP:
    case PK_CROWD_SIGNER:
        b = 0;
        break;
    case PK_CROWD_SITE:
    case PK_CROWD_KINDS:
        return 0;
    }
    if (a == 0 && b == 0) {
        return 0;
    }
    (void)strncpy((char *)text, pk_crowd_kind_names[thing->kind], 7);
    put_be64(text + 8, a);
    put_be64(text + 16, b);
    pk_hmac_sha256(pk_slice_of(key, PK_EXCHANGE_KEY_SIZE), pk_slice_of(text, sizeof(text)), digest);
    for (int i = 0; i < 8; i++) {
        id = id << 8 | digest[i];
    }
    return id != 0 ? id : 1;
}

/* ---- coarse ------------------------------------------------------------------------------------------ */

/* The value of a step: 1 -> 10, 2 -> 20, 3 -> 50, 4 -> 100 ... */
static uint32_t step_value(uint8_t code)
{
    static const uint32_t series[] = { 10, 20, 50 };
    uint32_t value = series[(code - 1) % 3];

    for (int i = 0; i < (code - 1) / 3; i++) {
        value *= 10;
    }
    return value;
}

static uint8_t step_code(uint64_t count)
{
    uint8_t code = 0;

    while (code < STEP_CODES && step_value((uint8_t)(code + 1)) <= count) {
        code++;
    }
    return code;
}

uint32_t pk_exchange_round_devices(uint64_t count, uint32_t k)
{
    uint8_t code = count < k ? 0 : step_code(count);

    return code > 0 ? step_value(code) : 0;
}

int8_t pk_exchange_round_lo(float log_odds)
{
    float in = isnan(log_odds) ? 0 : log_odds;

    in = fmaxf(-PK_EXCHANGE_LO_MAX, fminf(PK_EXCHANGE_LO_MAX, in));
    return (int8_t)lroundf(in / PK_EXCHANGE_LO_STEP);
}

float pk_exchange_lo(int8_t steps)
{
    return (float)steps * PK_EXCHANGE_LO_STEP;
}

float pk_exchange_lo_at(int8_t steps, uint16_t half_h, int64_t told_s, int64_t now_s)
{
    double hours = now_s > told_s ? (double)(now_s - told_s) / HOUR_S : 0;

    return half_h == 0 ? 0 : (float)((double)pk_exchange_lo(steps) * exp2(-hours / half_h));
}

uint32_t pk_exchange_city(const char *geohash)
{
    uint32_t bits = 0;

    for (int i = 0; i < 4; i++) {
        const char *at = geohash != NULL && geohash[i] != '\0' ? strchr(geohash_digits, geohash[i])
                                                               : NULL;

        if (at == NULL) {
            return 0;
        }
        bits = bits << 5 | (uint32_t)(at - geohash_digits);
    }
    return bits + 1;
}

void pk_exchange_city_text(uint32_t city, char out[5])
{
    out[0] = '\0';
    if (city == 0 || city > CITY_MAX) {
        return;
    }
    for (int i = 0; i < 4; i++) {
        out[i] = geohash_digits[((city - 1) >> (15 - 5 * i)) & 31U];
    }
    out[4] = '\0';
}

/* ---- what may leave ----------------------------------------------------------------------------------- */

static uint32_t hour_of(int64_t at_s)
{
    int64_t hour = at_s / HOUR_S;

    return hour < 0 ? 0 : hour > SECONDS_MAX ? (uint32_t)SECONDS_MAX : (uint32_t)hour;
}

/* One household: nobody outside is to learn that it exists, not even that it is attacked. What is not on
 * record may be one. */
static bool is_home(const struct pk_exchange_facts *f)
{
    struct pk_kanon_thing network = {
        .devices = f->network_devices, .security = f->security, .own = f->own
    };

    return f->opinion.key.kind == PK_CROWD_POINT && pk_kanon_is_home(&pk_kanon_default, &network);
}

static bool is_app(const struct pk_exchange_facts *f)
{
    return f->opinion.key.kind == PK_CROWD_APP || f->opinion.key.kind == PK_CROWD_SIGNER;
}

static enum pk_exchange_why tell_bad(
        const struct pk_exchange_facts *f, uint32_t k, struct pk_exchange_word *out)
{
    const struct pk_crowd_opinion *o = &f->opinion;
    /* What others' servers told us must not come back to them as our own: a rumour would confirm itself. */
    uint32_t devices = o->devices > f->heard ? o->devices - f->heard : 0;
    uint32_t groups = o->groups > f->heard ? o->groups - f->heard : 0;
    float lo = o->log_odds - f->heard_lo;

    if (devices < k && !(lo > ATTACK_LO && groups >= 2)) {
        return PK_EXCHANGE_FEW;
    }
    if (lo <= 0) {
        return PK_EXCHANGE_NOTHING;
    }
    out->verdict = PK_EXCHANGE_BAD;
    out->lo = pk_exchange_round_lo(lo);
    out->devices = pk_exchange_round_devices(devices, k);
    out->flags = groups >= 2 ? PK_EXCHANGE_GROUPS : 0;
    out->half_h = is_app(f) ? HALF_APP_H : HALF_BAD_H;
    return PK_EXCHANGE_MAY;
}

static enum pk_exchange_why tell_clean(
        const struct pk_exchange_facts *f, uint32_t k, struct pk_exchange_word *out)
{
    if (f->clean_devices < k) {
        return PK_EXCHANGE_FEW;
    }
    out->verdict = PK_EXCHANGE_CLEAN;
    out->lo = pk_exchange_round_lo(CLEAN_LO);
    out->devices = pk_exchange_round_devices(f->clean_devices, k);
    out->half_h = HALF_CLEAN_H;
    return PK_EXCHANGE_MAY;
}

enum pk_exchange_why pk_exchange_tell(const struct pk_exchange_facts *facts, uint32_t k,
        int64_t now_s, struct pk_exchange_word *out)
{
    struct pk_exchange_word word = { .kind = (uint8_t)facts->opinion.key.kind,
        .cause = facts->cause,
        .first_h = hour_of(facts->first_s),
        .last_h = hour_of(facts->last_s > 0 ? facts->last_s : now_s) };
    enum pk_exchange_why why;

    k = k < PK_EXCHANGE_K ? PK_EXCHANGE_K : k;
    if (facts->opinion.key.kind == PK_CROWD_SITE || facts->opinion.key.kind >= PK_CROWD_KINDS) {
        return PK_EXCHANGE_KIND;
    }
    if (is_home(facts)) {
        return PK_EXCHANGE_HOME;
    }
    if (facts->opinion.before) {
        why = tell_bad(facts, k, &word);
    } else if (facts->accused) {
        why = tell_clean(facts, k, &word);
    } else if (is_app(facts)) {
        word.verdict = PK_EXCHANGE_KNOWN;
        word.devices = pk_exchange_round_devices(facts->devices, k);
        word.half_h = HALF_APP_H;
        why = word.devices > 0 ? PK_EXCHANGE_MAY : PK_EXCHANGE_FEW;
    } else {
        why = PK_EXCHANGE_NOTHING;
    }
    if (why != PK_EXCHANGE_MAY) {
        return why;
    }
    if (word.first_h > word.last_h || word.first_h == 0) {
        word.first_h = word.last_h;
    }
    if (word.devices > 0) { /* fewer could be followed from place to place */
        word.city = pk_exchange_city(facts->place);
    }
    *out = word;
    return PK_EXCHANGE_MAY;
}

/* ---- bytes -------------------------------------------------------------------------------------------- */

static void put_be(uint8_t *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    }
}

int pk_exchange_word_write(struct pk_buffer *out, const struct pk_exchange_word *word)
{
    uint8_t b[PK_EXCHANGE_WORD_SIZE];

    b[0] = word->kind;
    b[1] = word->verdict;
    b[2] = word->flags;
    b[3] = word->cause;
    b[4] = (uint8_t)word->lo;
    b[5] = step_code(word->devices);
    put_be(b + 6, word->epoch, 2);
    put_be(b + 8, word->half_h, 2);
    for (size_t i = 0; i < PK_EXCHANGE_VOICES; i++) {
        b[10 + 2 * i] = (uint8_t)word->voices[i].lo;
        b[11 + 2 * i] = word->voices[i].weight;
    }
    put_be(b + 16, word->first_h, 4);
    put_be(b + 20, word->last_h, 4);
    put_be(b + 24, word->city, 4);
    put_be(b + 28, word->id, 8);
    return pk_buffer_put(out, b, sizeof(b));
}

static bool steps_fit(int8_t steps)
{
    int max = (int)(PK_EXCHANGE_LO_MAX / PK_EXCHANGE_LO_STEP);

    return steps >= -max && steps <= max;
}

static bool voices_fit(const struct pk_exchange_word *w, bool from_hub)
{
    for (size_t i = 0; i < PK_EXCHANGE_VOICES; i++) {
        const struct pk_exchange_voice *v = &w->voices[i];

        if (!steps_fit(v->lo) || (v->weight == 0 && v->lo != 0) || (!from_hub && v->weight != 0)) {
            return false;
        }
    }
    return true;
}

/* What the bytes can say and a word cannot mean. */
static bool fits(const struct pk_exchange_word *w, uint8_t devices, bool from_hub)
{
    unsigned flags = PK_EXCHANGE_GROUPS | (from_hub ? PK_EXCHANGE_SEVERAL : 0U);
    uint8_t last = from_hub ? PK_EXCHANGE_CLAIMED : PK_EXCHANGE_KNOWN;

    return w->kind < PK_CROWD_KINDS && w->kind != PK_CROWD_SITE && w->verdict <= last &&
            (w->flags & ~flags) == 0 && devices <= STEP_CODES && steps_fit(w->lo) &&
            w->half_h >= 1 && w->half_h <= PK_EXCHANGE_HALF_MAX_H && w->first_h <= w->last_h &&
            w->city <= CITY_MAX && (w->city == 0 || devices > 0) && w->id != 0 &&
            (w->verdict != PK_EXCHANGE_KNOWN || devices > 0) && voices_fit(w, from_hub);
}

int pk_exchange_word_read(struct pk_reader *in, bool from_hub, struct pk_exchange_word *out)
{
    struct pk_exchange_word w = { 0 };
    uint8_t devices;

    w.kind = pk_read_u8(in);
    w.verdict = pk_read_u8(in);
    w.flags = pk_read_u8(in);
    w.cause = pk_read_u8(in);
    w.lo = (int8_t)pk_read_u8(in);
    devices = pk_read_u8(in);
    w.epoch = pk_read_be16(in);
    w.half_h = pk_read_be16(in);
    for (size_t i = 0; i < PK_EXCHANGE_VOICES; i++) {
        w.voices[i].lo = (int8_t)pk_read_u8(in);
        w.voices[i].weight = pk_read_u8(in);
    }
    w.first_h = pk_read_be32(in);
    w.last_h = pk_read_be32(in);
    w.city = pk_read_be32(in);
    w.id = pk_read_be64(in);
    if (in->rc == PK_OK && !fits(&w, devices, from_hub)) {
        in->rc = PK_EMALF;
    }
    if (in->rc < 0) {
        return in->rc;
    }
    w.devices = devices > 0 ? step_value(devices) : 0;
    *out = w;
    return PK_OK;
}
