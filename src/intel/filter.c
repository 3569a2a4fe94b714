#include "intel/filter.h"

#include <math.h>
#include <stdlib.h>

#include "base/crypt.h"
#include "intel/layout.h"

#define SEGMENT_MAX  (1U << 18) /* entries of a segment */
#define SEGMENTS_MAX (1U << 12) /* entries have 30-bit numbers: 64 times as many as rows in a set */
#define TRIES_MAX    100        /* seeds; the first nearly always does */

static const uint8_t magic[8] = { 'P', 'K', 'N', 'A', 'M', 'E', 'S', 1 };

/* Header of the file, little-endian. */
enum {
    AT_MAGIC = 0,
    AT_SEED = 8,
    AT_COUNT = 16,
    AT_SEGMENT = 20,
    AT_SEGMENTS = 24,
    AT_ZERO = 28,
    AT_SETS = 32,   /* SHA-256 over the digests of the sets */
    AT_DIGEST = 64, /* SHA-256 over everything else */
    HEADER = 96,
};

struct pk_intel_filter {
    uint64_t seed;
    uint32_t count;
    uint32_t segment;  /* entries, a power of two */
    uint32_t segments; /* where a name's first entry can lie; two more follow */
    uint8_t sets[PK_SHA256_SIZE];
    size_t size;
    uint8_t prints[]; /* size */
};

static uint64_t finish(uint64_t h)
{
    h ^= h >> 33;
    h *= UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 33;
    h *= UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ h >> 33;
}

static uint64_t key_of(const char *name, size_t len)
{
    const uint8_t *p = (const uint8_t *)name;
    uint64_t h = UINT64_C(0x9e3779b97f4a7c15) ^ len;

    while (len > 0) {
        size_t n = len < 8 ? len : 8;
        uint64_t word = 0;

        for (size_t i = 0; i < n; i++) {
            word |= (uint64_t)p[i] << (8 * i);
        }
        h = finish(h ^ word) + UINT64_C(0x9e3779b97f4a7c15);
        p += n;
        len -= n;
    }
    return h;
}

/* The three entries of a key, in three neighbouring segments. */
static void places_of(const struct pk_intel_filter *f, uint64_t hash, uint32_t at[3])
{
    uint64_t range = (uint64_t)f->segments * f->segment;
    uint32_t mask = f->segment - 1;

    at[0] = (uint32_t)((hash >> 32) * range >> 32);
    at[1] = (at[0] + f->segment) ^ (uint32_t)(hash >> 18 & mask);
    at[2] = (at[0] + 2 * f->segment) ^ (uint32_t)(hash & mask);
}

static uint8_t print_of(uint64_t hash)
{
    return (uint8_t)(hash ^ hash >> 32);
}

static bool has(const struct pk_intel_filter *f, uint64_t key)
{
    uint64_t hash = finish(key + f->seed);
    uint32_t at[3];

    places_of(f, hash, at);
    return (f->prints[at[0]] ^ f->prints[at[1]] ^ f->prints[at[2]]) == print_of(hash);
}

bool pk_intel_filter_maybe(const struct pk_intel_filter *filter, const char *name)
{
    size_t len = strlen(name);

    while (filter->count > 0) {
        const char *dot = memchr(name, '.', len);

        if (dot == NULL) {
            return false; /* a top-level domain alone is never listed */
        }
        if (has(filter, key_of(name, len))) {
            return true;
        }
        len -= (size_t)(dot + 1 - name);
        name = dot + 1;
    }
    return false;
}

size_t pk_intel_filter_count(const struct pk_intel_filter *filter)
{
    return filter->count;
}

size_t pk_intel_filter_size(const struct pk_intel_filter *filter)
{
    return HEADER + filter->size;
}

void pk_intel_filter_destroy(struct pk_intel_filter *filter)
{
    free(filter);
}

/* --- building ----------------------------------------------------------------------------- */

struct keys {
    uint64_t *items;
    size_t count;
    size_t max;
};

static int add_key(struct keys *keys, const char *name, size_t len)
{
    if (keys->count == keys->max) {
        size_t max = keys->max > 0 ? 2 * keys->max : 1024;
        uint64_t *more = reallocarray(keys->items, max, sizeof(*more));

        if (more == NULL) {
            return PK_ENOMEM;
        }
        keys->items = more;
        keys->max = max;
    }
    keys->items[keys->count++] = key_of(name, len);
    return PK_OK;
}

static int add_row(struct keys *keys, const struct pk_intel_hit *hit)
{
    const char *value = hit->indicator;

    if (hit->good) {
        return PK_OK;
    }
    if (hit->kind == PK_INTEL_URL) {
        value = pk_intel_key(PK_INTEL_URL, value);
        if (strpbrk(value, "/?:@[") != NULL) {
            return PK_OK; /* a page, a port: the host may be everybody's */
        }
    } else if (hit->kind != PK_INTEL_DOMAIN) {
        return PK_OK;
    }
    return add_key(keys, value, strlen(value));
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static int collect(const struct pk_intel_set *const *sets, struct keys *keys)
{
    size_t kept = 0;
    int rc = PK_OK;

    for (size_t s = 0; sets != NULL && sets[s] != NULL; s++) {
        size_t rows = pk_intel_row_count(sets[s]);

        for (size_t i = 0; i < rows && rc == PK_OK; i++) {
            struct pk_intel_hit hit;

            if (pk_intel_row_at(sets[s], i, &hit)) {
                rc = add_row(keys, &hit);
            }
        }
    }
    if (keys->count > 0) {
        qsort(keys->items, keys->count, sizeof(keys->items[0]), compare);
    }
    for (size_t i = 0; i < keys->count; i++) { /* the same key twice cannot be peeled off */
        if (kept == 0 || keys->items[kept - 1] != keys->items[i]) {
            keys->items[kept++] = keys->items[i];
        }
    }
    keys->count = kept;
    return rc;
}

/* Size of segments and their number, by the formulas of the paper for three places a key. */
static void measure(size_t count, uint32_t *segment, uint32_t *segments)
{
    double n = count > 1 ? (double)count : 2.0;
    double factor = fmax(1.125, 0.875 + 0.25 * log(1e6) / log(n));
    size_t capacity = (size_t)lround(n * factor);
    uint32_t size = 1U << (unsigned)floor(log(n) / log(3.33) + 2.25);
    size_t number;

    size = size > SEGMENT_MAX ? SEGMENT_MAX : size;
    number = (capacity + size - 1) / size;
    *segment = size;
    *segments = number > 2 ? (uint32_t)(number - 2) : 1;
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

static bool peel_init(struct peel *p, size_t size, size_t keys)
{
    p->count = calloc(size, sizeof(*p->count));
    p->sum = calloc(size, sizeof(*p->sum));
    p->alone = calloc(size + 3 * keys, sizeof(*p->alone));
    p->order = calloc(keys + 1, sizeof(*p->order));
    p->from = calloc(keys + 1, sizeof(*p->from));
    return p->count != NULL && p->sum != NULL && p->alone != NULL && p->order != NULL &&
            p->from != NULL;
}

static size_t peel_all(struct pk_intel_filter *f, const struct keys *keys, struct peel *p)
{
    size_t waiting = 0;
    size_t taken = 0;
    uint32_t at[3];

    memset(p->count, 0, f->size * sizeof(*p->count));
    memset(p->sum, 0, f->size * sizeof(*p->sum));
    for (size_t i = 0; i < keys->count; i++) {
        uint64_t hash = finish(keys->items[i] + f->seed);

        places_of(f, hash, at);
        for (int k = 0; k < 3; k++) {
            p->count[at[k]]++;
            p->sum[at[k]] ^= hash;
        }
    }
    for (uint32_t i = 0; i < f->size; i++) {
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
static void write_prints(struct pk_intel_filter *f, const struct peel *p, size_t taken)
{
    memset(f->prints, 0, f->size);
    while (taken-- > 0) {
        uint64_t hash = p->order[taken];
        uint8_t print = print_of(hash);
        uint32_t at[3];

        places_of(f, hash, at);
        for (int k = 0; k < 3; k++) {
            print ^= at[k] != p->from[taken] ? f->prints[at[k]] : 0;
        }
        f->prints[p->from[taken]] = print;
    }
}

static int fill(struct pk_intel_filter *f, const struct keys *keys, struct pk_error *err)
{
    struct peel peel = { 0 };
    size_t taken = 0;
    int rc = PK_OK;

    if (!peel_init(&peel, f->size, keys->count)) {
        peel_finish(&peel);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    for (uint64_t t = 1; t <= TRIES_MAX; t++) {
        f->seed = finish(t);
        taken = peel_all(f, keys, &peel);
        if (taken == keys->count) {
            break;
        }
    }
    if (taken == keys->count) {
        write_prints(f, &peel, taken);
    } else {
        rc = pk_error_set(err, PK_ELIMIT, "no filter can be made of these names");
    }
    peel_finish(&peel);
    return rc;
}

static void digest_sets(const struct pk_intel_set *const *sets, uint8_t out[PK_SHA256_SIZE])
{
    uint8_t all[PK_SHA256_SIZE * 8] = { 0 };
    size_t used = 0;

    for (size_t i = 0; sets != NULL && sets[i] != NULL && used < sizeof(all); i++) {
        struct pk_slice bytes = pk_intel_set_bytes(sets[i]);

        if (bytes.len >= PK_INTEL_HEADER) {
            memcpy(all + used, bytes.ptr + PK_AT_DIGEST, PK_SHA256_SIZE);
        }
        used += PK_SHA256_SIZE;
    }
    pk_sha256(pk_slice_of(all, used), out);
}

static struct pk_intel_filter *alloc_filter(size_t size)
{
    struct pk_intel_filter *f = calloc(1, sizeof(*f) + size);

    if (f != NULL) {
        f->size = size;
    }
    return f;
}

int pk_intel_filter_build(
        const struct pk_intel_set *const *sets, struct pk_intel_filter **out, struct pk_error *err)
{
    struct keys keys = { 0 };
    struct pk_intel_filter *f = NULL;
    uint32_t segment;
    uint32_t segments;
    int rc = collect(sets, &keys);

    if (rc == PK_OK) {
        measure(keys.count, &segment, &segments);
        f = alloc_filter((segments + 2UL) * segment);
    }
    if (f == NULL) {
        free(keys.items);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    f->count = (uint32_t)keys.count;
    f->segment = segment;
    f->segments = segments;
    digest_sets(sets, f->sets);
    rc = fill(f, &keys, err);
    free(keys.items);
    if (rc < 0) {
        pk_intel_filter_destroy(f);
        return rc;
    }
    *out = f;
    return PK_OK;
}

/* --- the file ----------------------------------------------------------------------------- */

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static void digest_file(const uint8_t header[HEADER], struct pk_slice prints, uint8_t out[32])
{
    uint8_t parts[AT_DIGEST + PK_SHA256_SIZE];

    memcpy(parts, header, AT_DIGEST);
    pk_sha256(prints, parts + AT_DIGEST);
    pk_sha256(pk_slice_of(parts, sizeof(parts)), out);
}

int pk_intel_filter_write(const struct pk_intel_filter *filter, struct pk_buffer *out)
{
    uint8_t header[HEADER] = { 0 };

    memcpy(header + AT_MAGIC, magic, sizeof(magic));
    put32(header + AT_SEED, (uint32_t)filter->seed);
    put32(header + AT_SEED + 4, (uint32_t)(filter->seed >> 32));
    put32(header + AT_COUNT, filter->count);
    put32(header + AT_SEGMENT, filter->segment);
    put32(header + AT_SEGMENTS, filter->segments);
    memcpy(header + AT_SETS, filter->sets, PK_SHA256_SIZE);
    digest_file(header, pk_slice_of(filter->prints, filter->size), header + AT_DIGEST);
    (void)pk_buffer_put(out, header, sizeof(header));
    return pk_buffer_put(out, filter->prints, filter->size);
}

int pk_intel_filter_open(struct pk_slice bytes, const struct pk_intel_set *const *sets,
        struct pk_intel_filter **out, struct pk_error *err)
{
    uint8_t digest[PK_SHA256_SIZE];
    struct pk_intel_filter *f;
    uint32_t segment;
    uint32_t segments;
    uint64_t size;

    if (bytes.len < HEADER) {
        return pk_error_set(err, PK_ETRUNC, "a filter of names has a longer head");
    }
    segment = pk_get32(bytes.ptr + AT_SEGMENT);
    segments = pk_get32(bytes.ptr + AT_SEGMENTS);
    size = ((uint64_t)segments + 2) * segment;
    if (memcmp(bytes.ptr, magic, sizeof(magic)) != 0 || segment == 0 ||
            (segment & (segment - 1)) != 0 || segment > SEGMENT_MAX || segments == 0 ||
            segments > SEGMENTS_MAX || size != bytes.len - HEADER) {
        return pk_error_set(err, PK_EMALF, "this is no filter of names");
    }
    digest_file(bytes.ptr, pk_slice_of(bytes.ptr + HEADER, (size_t)size), digest);
    if (memcmp(digest, bytes.ptr + AT_DIGEST, sizeof(digest)) != 0) {
        return pk_error_set(err, PK_EMALF, "the filter of names is damaged");
    }
    digest_sets(sets, digest);
    if (memcmp(digest, bytes.ptr + AT_SETS, sizeof(digest)) != 0) {
        return pk_error_set(err, PK_ENOENT, "the filter of names is of other lists");
    }
    f = alloc_filter((size_t)size);
    if (f == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    f->seed = pk_get64(bytes.ptr + AT_SEED);
    f->count = pk_get32(bytes.ptr + AT_COUNT);
    f->segment = segment;
    f->segments = segments;
    memcpy(f->sets, digest, sizeof(digest));
    memcpy(f->prints, bytes.ptr + HEADER, (size_t)size);
    *out = f;
    return PK_OK;
}
