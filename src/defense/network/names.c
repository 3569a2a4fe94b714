#include "defense/network/names.h"

#include <math.h>
#include <string.h>

#include "defense/network/names_internal.h"

#define HEAD_BYTES 24    /* "PKNM", version, plain numbers, slots, bias, scale, threshold */
#define THRESHOLD  80    /* the score at the threshold of the model */
#define ODD        60    /* below it there is nothing to explain */
#define WORTH      0.25F /* what adds less is no reason */

/* The model's file, as tools/train-names.py packs it; little-endian like all machines that Picket runs on. */
struct model {
    float bias, scale, threshold;
    size_t dense_count;
    const uint8_t *dense;
    const int8_t *hashed;
};

static float load_float(const uint8_t *at)
{
    float value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static struct model open_model(struct pk_slice file)
{
    uint16_t count;
    struct model m;

    memcpy(&count, file.ptr + 6, sizeof(count));
    m = (struct model){
        .bias = load_float(file.ptr + 12),
        .scale = load_float(file.ptr + 16),
        .threshold = load_float(file.ptr + 20),
        .dense_count = count,
        .dense = file.ptr + HEAD_BYTES,
    };
    m.hashed = (const int8_t *)(file.ptr + HEAD_BYTES + 4UL * count);
    return m;
}

static float hashed_part(const struct model *m, const struct pk_name_features *f)
{
    int sum = 0;
    int count = 0;

    for (size_t i = 0; i < PK_COUNT(f->slots); i++) {
        for (uint64_t bits = f->slots[i]; bits != 0; bits &= bits - 1) {
            sum += m->hashed[i * 64 + (size_t)__builtin_ctzll(bits)];
            count++;
        }
    }
    return count > 0 ? m->scale * (float)sum / sqrtf((float)count) : 0;
}

/* --- reasons ------------------------------------------------------------------------------ */

static const struct {
    size_t dense;
    const char *sentence;
} sentences[] = {
    { DENSE_BRAND_BEFORE,
            "It carries a brand's name in front of a domain that is not the brand's" },
    { DENSE_BRAND_WORD, "It carries a brand's name and does not belong to the brand" },
    { DENSE_BRAND_PART, "A brand's name is hidden in it" },
    { DENSE_BRAND_LIKE, "It is written almost like a brand's name" },
    { DENSE_WORDS, "It speaks of signing in, paying or verifying" },
    { DENSE_PUNYCODE, "It uses letters of other scripts that may look like Latin ones" },
    { DENSE_HOSTED, "It lies at a service where anybody can put up pages under any name" },
    { DENSE_HYPHENS, "It is put together with many hyphens" },
    { DENSE_CONSONANTS, "Its letters look made up by a machine" },
    { DENSE_DIGITS, "It holds a long number" },
    { DENSE_ADDRESS, "It is a bare address instead of a name" },
    { DENSE_COUNTRY, "It imitates a country's ending within the name" },
    { DENSE_PHP, "It leads straight to a script" },
    { DENSE_AT, "A user name stands in front of the host and hides it" },
    { DENSE_PORT, "It uses an unusual port" },
};

struct reason {
    float weight;
    const char *sentence;
};

static void put_reason(struct reason list[PK_NAME_REASONS], float weight, const char *sentence)
{
    struct reason one = { weight, sentence };

    for (size_t i = 0; i < PK_NAME_REASONS; i++) {
        if (one.weight > list[i].weight) {
            struct reason moved = list[i];

            list[i] = one;
            one = moved;
        }
    }
}

static void explain(const struct model *m, const struct pk_name_features *f, float hashed,
        struct pk_name_looks *out)
{
    struct reason list[PK_NAME_REASONS] = { { WORTH, NULL }, { WORTH, NULL }, { WORTH, NULL },
        { WORTH, NULL } };
    float suffix = m->scale * (float)m->hashed[f->suffix_slot];

    for (size_t i = 0; i < PK_COUNT(sentences); i++) {
        size_t at = sentences[i].dense;

        if (at < m->dense_count && f->dense[at] > 0) {
            put_reason(list, f->dense[at] * load_float(m->dense + 4 * at), sentences[i].sentence);
        }
    }
    put_reason(list, suffix / 4, "Its ending is used for harm more often than for good");
    put_reason(list, hashed, "Its letters are put together like those of known phishing sites");
    for (size_t i = 0; i < PK_NAME_REASONS && list[i].sentence != NULL; i++) {
        out->reasons[out->reason_count++] = list[i].sentence;
    }
}

/* The threshold is 80; what lies below falls off a little faster than what lies above grows. */
static int score_of(float z, float threshold)
{
    float s = THRESHOLD + (z < threshold ? 6 : 4) * (z - threshold);

    return s < 0 ? 0 : s > 100 ? 100 : (int)s; /* cut, so that 80 is reached only above it */
}

static void judge(struct pk_slice file, const struct pk_name_features *f, struct pk_name_looks *out)
{
    struct model m = open_model(file);
    float hashed = hashed_part(&m, f);
    float z = m.bias + hashed;

    for (size_t i = 0; i < m.dense_count && i < f->dense_count; i++) {
        z += f->dense[i] * load_float(m.dense + 4 * i);
    }
    *out = (struct pk_name_looks){ .score = score_of(z, m.threshold), .brand = f->brand };
    if (out->score >= ODD || out->brand != NULL) {
        explain(&m, f, hashed, out);
    }
}

void pk_name_judge(const char *host, struct pk_name_looks *out)
{
    struct pk_name_features f;

    *out = (struct pk_name_looks){ .score = -1 };
    if (pk_name_features(host, &f)) {
        judge(pk_names_host_file(), &f, out);
    }
}

void pk_url_judge(const char *url, struct pk_name_looks *out)
{
    struct pk_name_features f;

    *out = (struct pk_name_looks){ .score = -1 };
    if (pk_url_features(url, &f)) {
        judge(pk_names_url_file(), &f, out);
    }
}
