#include "base/fuse.h"

#include <math.h>
#include <stdlib.h>

#include "base/le.h"

#define SEGMENT_MAX  (1U << 18) /* entries of a segment */
#define SEGMENTS_MAX (1U << 12) /* so entries have 30-bit numbers */
#define KEYS_MAX     (UINT32_C(1) << 29)
#define TRIES_MAX    100 /* seeds; the first nearly always does */

uint64_t pk_fuse_mix(uint64_t h)
{
    h ^= h >> 33;
    h *= UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 33;
    h *= UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ h >> 33;
}

/* The three entries of a key, in three neighbouring segments. */
static void places_of(const struct pk_fuse *f, uint64_t hash, uint32_t at[3])
{
    uint64_t range = (uint64_t)f->segments * f->segment;
    uint32_t mask = f->segment - 1;

    at[0] = (uint32_t)((hash >> 32) * range >> 32);
    at[1] = (at[0] + f->segment) ^ (uint32_t)(hash >> 18 & mask);
    at[2] = (at[0] + 2 * f->segment) ^ (uint32_t)(hash & mask);
}

static uint16_t print_of(const struct pk_fuse *f, uint64_t hash)
{
    uint64_t print = hash ^ hash >> 32;

    return (uint16_t)(f->width == 8 ? (uint8_t)print : print);
}

static uint16_t read_print(const struct pk_fuse *f, uint32_t at)
{
    return f->width == 8 ? f->prints[at] : pk_get_le16(f->prints + 2 * (size_t)at);
}

static void write_print(struct pk_fuse *f, uint32_t at, uint16_t print)
{
    if (f->width == 8) {
        f->owned[at] = (uint8_t)print;
    } else {
        pk_put_le16(f->owned + 2 * (size_t)at, print);
    }
}

bool pk_fuse_has(const struct pk_fuse *fuse, uint64_t key)
{
    uint64_t hash = pk_fuse_mix(key + fuse->seed);
    uint32_t at[3];

    if (fuse->count == 0) {
        return false;
    }
    places_of(fuse, hash, at);
    return (read_print(fuse, at[0]) ^ read_print(fuse, at[1]) ^ read_print(fuse, at[2])) ==
            print_of(fuse, hash);
}

static size_t entries_of(const struct pk_fuse *f)
{
    return ((size_t)f->segments + 2) * f->segment;
}

size_t pk_fuse_size(const struct pk_fuse *fuse)
{
    if ((fuse->width != 8 && fuse->width != 16) || fuse->segment == 0 ||
            (fuse->segment & (fuse->segment - 1)) != 0 || fuse->segment > SEGMENT_MAX ||
            fuse->segments == 0 || fuse->segments > SEGMENTS_MAX) {
        return 0;
    }
    return entries_of(fuse) * (fuse->width / 8);
}

/* Size of segments and their number, by the formulas of the paper for three places a key. */
static void measure(size_t count, struct pk_fuse *f)
{
    double n = count > 1 ? (double)count : 2.0;
    double factor = fmax(1.125, 0.875 + 0.25 * log(1e6) / log(n));
    size_t capacity = (size_t)lround(n * factor);
    uint32_t size = 1U << (unsigned)floor(log(n) / log(3.33) + 2.25);
    size_t number;

    size = size > SEGMENT_MAX ? SEGMENT_MAX : size;
    number = (capacity + size - 1) / size;
    f->segment = size;
    f->segments = number > 2 ? (uint32_t)(number - 2) : 1;
}

/* Room for peeling: how many keys lie on each entry, and the xor of them. */
struct peel {
    uint32_t *count;
    uint64_t *sum;
    uint32_t *alone; /* entries with one key */
    uint64_t *order; /* hashes in the order in which they were taken off */
    uint32_t *from;  /* and the entry that each had for itself */
};

static void peel_finish(struct peel *p)
{
    free(p->count);
    free(p->sum);
    free(p->alone);
    free(p->order);
    free(p->from);
}

static bool peel_init(struct peel *p, size_t entries, size_t keys)
{
    p->count = calloc(entries, sizeof(*p->count));
    p->sum = calloc(entries, sizeof(*p->sum));
    p->alone = calloc(entries + 3 * keys, sizeof(*p->alone));
    p->order = calloc(keys + 1, sizeof(*p->order));
    p->from = calloc(keys + 1, sizeof(*p->from));
    return p->count != NULL && p->sum != NULL && p->alone != NULL && p->order != NULL &&
            p->from != NULL;
}

static void peel_load(const struct pk_fuse *f, const uint64_t *keys, struct peel *p)
{
    size_t entries = entries_of(f);
    uint32_t at[3];

    memset(p->count, 0, entries * sizeof(*p->count));
    memset(p->sum, 0, entries * sizeof(*p->sum));
    for (size_t i = 0; i < f->count; i++) {
        uint64_t hash = pk_fuse_mix(keys[i] + f->seed);

        places_of(f, hash, at);
        for (int k = 0; k < 3; k++) {
            p->count[at[k]]++;
            p->sum[at[k]] ^= hash;
        }
    }
}

static size_t peel_all(const struct pk_fuse *f, const uint64_t *keys, struct peel *p)
{
    size_t waiting = 0;
    size_t taken = 0;
    uint32_t at[3];

    peel_load(f, keys, p);
    for (uint32_t i = 0; i < entries_of(f); i++) {
        if (p->count[i] == 1) {
            p->alone[waiting++] = i;
        }
    }
    while (waiting > 0) {
        uint32_t here = p->alone[--waiting];
        uint64_t hash = p->sum[here];

        if (p->count[here] != 1) {
            continue; /* its key went with another entry */
        }
        p->order[taken] = hash;
        p->from[taken++] = here;
        places_of(f, hash, at);
        for (int k = 0; k < 3; k++) {
            p->sum[at[k]] ^= hash;
            if (--p->count[at[k]] == 1) {
                p->alone[waiting++] = at[k];
            }
        }
    }
    return taken;
}

/* Last taken, first written: nobody changes its own entry afterwards. */
static void write_prints(struct pk_fuse *f, const struct peel *p, size_t taken)
{
    while (taken-- > 0) {
        uint64_t hash = p->order[taken];
        uint16_t print = print_of(f, hash);
        uint32_t at[3];

        places_of(f, hash, at);
        for (int k = 0; k < 3; k++) {
            print ^= at[k] != p->from[taken] ? read_print(f, at[k]) : 0;
        }
        write_print(f, p->from[taken], print);
    }
}

static int fill(struct pk_fuse *f, const uint64_t *keys, struct pk_error *err)
{
    struct peel peel = { 0 };
    size_t taken = 0;
    int rc = PK_OK;

    if (!peel_init(&peel, entries_of(f), f->count)) {
        peel_finish(&peel);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    for (uint64_t t = 1; t <= TRIES_MAX; t++) {
        f->seed = pk_fuse_mix(t);
        taken = peel_all(f, keys, &peel);
        if (taken == f->count) {
            break;
        }
    }
    if (taken == f->count) {
        write_prints(f, &peel, taken);
    } else {
        rc = pk_error_set(err, PK_ELIMIT, "no filter can be made of these keys");
    }
    peel_finish(&peel);
    return rc;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* The same key twice cannot be peeled off. */
static size_t sort_once(uint64_t *keys, size_t count)
{
    size_t kept = 0;

    if (count > 0) {
        qsort(keys, count, sizeof(keys[0]), compare);
    }
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || keys[kept - 1] != keys[i]) {
            keys[kept++] = keys[i];
        }
    }
    return kept;
}

int pk_fuse_build(
        uint64_t *keys, size_t *count, unsigned width, struct pk_fuse *out, struct pk_error *err)
{
    struct pk_fuse f = { .width = width };
    size_t kept = sort_once(keys, *count);
    size_t size;
    int rc;

    if (kept > KEYS_MAX) {
        return pk_error_set(err, PK_ELIMIT, "a filter has at most %u keys", KEYS_MAX);
    }
    f.count = (uint32_t)kept;
    measure(kept, &f);
    size = pk_fuse_size(&f);
    if (size == 0) {
        return pk_error_set(err, PK_EINVAL, "a filter's entries have 8 or 16 bits");
    }
    f.owned = calloc(1, size);
    f.prints = f.owned;
    if (f.owned == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = fill(&f, keys, err);
    if (rc < 0) {
        pk_fuse_finish(&f);
        return rc;
    }
    *count = kept;
    *out = f;
    return PK_OK;
}

void pk_fuse_finish(struct pk_fuse *fuse)
{
    free(fuse->owned);
    *fuse = (struct pk_fuse){ 0 };
}
