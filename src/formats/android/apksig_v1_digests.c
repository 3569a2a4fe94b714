/* Which digests of a section count: the platforms picked them by rules that changed with level 18. */
#include "base/crypt.h"
#include "formats/android/apksig_v1_internal.h"
#include "formats/android/jar_manifest.h"

#define SPELLING_COUNT 7

/* Spellings of digest algorithms in attribute names. */
static const struct {
    const char *text;
    enum pk_hash hash;
    int min_sdk;
} spellings[SPELLING_COUNT] = {
    /* From level 18 on the first of these four that is there counts. */
    { "SHA-512", PK_HASH_SHA512, PK_SDK_GINGERBREAD },
    { "SHA-384", PK_HASH_SHA384, PK_SDK_GINGERBREAD },
    { "SHA-256", PK_HASH_SHA256, 0 },
    { "SHA1", PK_HASH_SHA1, 0 },
    /* Read by older platforms only. */
    { "SHA", PK_HASH_SHA1, 0 },
    { "SHA-1", PK_HASH_SHA1, 0 },
    { "MD5", PK_HASH_MD5, 0 },
};
#define MODERN_COUNT 4

/* What a section says about digests, with one walk through its attributes. */
struct said {
    struct pk_v1_expected digests[SPELLING_COUNT]; /* hash NONE: not said */
    bool has_list;
    /* "Digest-Algorithms" in its order, as indexes of spellings; each once. */
    uint8_t list[SPELLING_COUNT];
    size_t list_count;
};

/* Java's basic decoder: no white space, the padding may be left out. Longer than any digest, or not
 * base64: no length, so it is equal to nothing. */
static void decode(struct pk_slice text, struct pk_v1_expected *out)
{
    uint32_t bits = 0;
    unsigned count = 0;
    size_t used = 0;
    size_t padded = text.len;

    out->len = 0;
    while (text.len > 0 && padded - text.len < 2 && text.ptr[text.len - 1] == '=') {
        text.len--;
    }
    if ((padded != text.len && padded % 4 != 0) || text.len % 4 == 1) {
        return;
    }
    for (size_t i = 0; i < text.len; i++) {
        int digit = pk_base64_value(text.ptr[i]);

        if (digit < 0 || used == sizeof(out->value)) {
            return;
        }
        bits = bits << 6 | (uint32_t)digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out->value[used++] = (uint8_t)(bits >> count);
        }
    }
    out->len = used;
}

/* Java's StringTokenizer: separated by white space. Unknown and repeated algorithms change nothing. */
static void read_list(struct pk_slice text, struct said *said)
{
    static const char blank[] = " \t\n\r\f";
    bool seen[SPELLING_COUNT] = { false };

    said->has_list = true;
    for (size_t i = 0; i < text.len;) {
        size_t start = i;

        while (i < text.len && memchr(blank, text.ptr[i], sizeof(blank) - 1) == NULL) {
            i++;
        }
        for (uint8_t k = 0; i > start && k < SPELLING_COUNT; k++) {
            if (!seen[k] &&
                    pk_jar_same_name(pk_slice_of(text.ptr + start, i - start), spellings[k].text)) {
                seen[k] = true;
                said->list[said->list_count++] = k;
            }
        }
        i += i == start;
    }
}

/* The index of the spelling that the attribute's name begins with, when suffix is the rest; or -1. */
static int spelling_of(struct pk_slice name, const char *suffix, size_t suffix_len)
{
    if (name.len <= suffix_len ||
            !pk_jar_same_name(pk_slice_of(name.ptr + name.len - suffix_len, suffix_len), suffix)) {
        return -1;
    }
    for (int k = 0; k < SPELLING_COUNT; k++) {
        if (pk_jar_same_name(pk_slice_of(name.ptr, name.len - suffix_len), spellings[k].text)) {
            return k;
        }
    }
    return -1;
}

static void read_section(
        struct pk_v1 *v, struct pk_slice section, const char *suffix, struct said *out)
{
    struct pk_jar_attrs attrs = pk_jar_attrs_of(section, &v->joined);
    size_t suffix_len = strlen(suffix);
    struct pk_jar_attr attr;
    int rc;

    for (rc = pk_jar_next_attr(&attrs, &attr); rc == PK_OK; rc = pk_jar_next_attr(&attrs, &attr)) {
        int k = spelling_of(attr.name, suffix, suffix_len);

        if (k >= 0 && out->digests[k].hash == PK_HASH_NONE) { /* the first one counts */
            out->digests[k].hash = spellings[k].hash;
            decode(attr.value, &out->digests[k]);
        } else if (!out->has_list && pk_jar_same_name(attr.name, "Digest-Algorithms")) {
            read_list(attr.value, out);
        }
    }
    if (rc == PK_ENOMEM) {
        v->ctx->rc = PK_ENOMEM;
    }
}

/* Before level 18: the first supported one of the list, which is "SHA SHA1" when it is not said. */
static const struct pk_v1_expected *pick_old(const struct said *said, int min_sdk)
{
    static const uint8_t by_default[] = { 4, 3 };
    const uint8_t *list = said->has_list ? said->list : by_default;
    size_t count = said->has_list ? said->list_count : sizeof(by_default);

    for (size_t i = 0; i < count; i++) {
        if (said->digests[list[i]].hash != PK_HASH_NONE && spellings[list[i]].min_sdk <= min_sdk) {
            return &said->digests[list[i]];
        }
    }
    return NULL;
}

/* From level 18 on: the strongest. */
static const struct pk_v1_expected *pick_new(const struct said *said)
{
    for (size_t k = 0; k < MODERN_COUNT; k++) {
        if (said->digests[k].hash != PK_HASH_NONE) {
            return &said->digests[k];
        }
    }
    return NULL;
}

static bool same(const struct pk_v1_expected *a, const struct pk_v1_expected *b)
{
    return a->hash == b->hash && a->len > 0 &&
            pk_slice_eq(pk_slice_of(a->value, a->len), pk_slice_of(b->value, b->len));
}

size_t pk_v1_expected_digests(
        struct pk_v1 *v, struct pk_slice section, const char *suffix, struct pk_v1_expected out[2])
{
    struct said said = { .has_list = false };
    const struct pk_v1_expected *one;
    size_t count = 0;

    read_section(v, section, suffix, &said);
    if (v->ctx->min_sdk < PK_SDK_JELLY_BEAN_MR2) {
        one = pick_old(&said, v->ctx->min_sdk);
        if (one == NULL) {
            return 0;
        }
        out[count++] = *one;
    }
    if (v->ctx->max_sdk >= PK_SDK_JELLY_BEAN_MR2) {
        one = pick_new(&said);
        if (one != NULL && (count == 0 || !same(one, &out[0]))) {
            out[count++] = *one;
        }
    }
    return count;
}

bool pk_v1_is_expected(const struct pk_v1_expected *expected, const uint8_t *actual)
{
    return expected->len > 0 && expected->len == pk_hash_size(expected->hash) &&
            memcmp(expected->value, actual, expected->len) == 0;
}

const uint8_t *pk_v1_digest(struct pk_v1_digests *d, enum pk_hash hash)
{
    if (!d->known[hash]) {
        /* All these hashes were fetched, so nothing can fail but memory: then nothing is equal. */
        d->known[hash] = pk_hash_digest(hash, d->of, d->value[hash]) == PK_OK;
    }
    return d->value[hash];
}
