#include "intel/filter.h"

#include <stdlib.h>

#include "base/crypt.h"
#include "base/fuse.h"
#include "base/le.h"
#include "intel/layout.h"

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
    struct pk_fuse fuse; /* width 8 */
    uint8_t sets[PK_SHA256_SIZE];
    uint8_t prints[]; /* of a file */
};

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
        h = pk_fuse_mix(h ^ word) + UINT64_C(0x9e3779b97f4a7c15);
        p += n;
        len -= n;
    }
    return h;
}

bool pk_intel_filter_maybe(const struct pk_intel_filter *filter, const char *name)
{
    size_t len = strlen(name);

    while (filter->fuse.count > 0) {
        const char *dot = memchr(name, '.', len);

        if (dot == NULL) {
            return false; /* a top-level domain alone is never listed */
        }
        if (pk_fuse_has(&filter->fuse, key_of(name, len))) {
            return true;
        }
        len -= (size_t)(dot + 1 - name);
        name = dot + 1;
    }
    return false;
}

size_t pk_intel_filter_count(const struct pk_intel_filter *filter)
{
    return filter->fuse.count;
}

size_t pk_intel_filter_size(const struct pk_intel_filter *filter)
{
    return HEADER + pk_fuse_size(&filter->fuse);
}

void pk_intel_filter_destroy(struct pk_intel_filter *filter)
{
    if (filter != NULL) {
        pk_fuse_finish(&filter->fuse);
        free(filter);
    }
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

static int collect(const struct pk_intel_set *const *sets, struct keys *keys)
{
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

int pk_intel_filter_build(
        const struct pk_intel_set *const *sets, struct pk_intel_filter **out, struct pk_error *err)
{
    struct keys keys = { 0 };
    struct pk_intel_filter *f = calloc(1, sizeof(*f));
    int rc = f != NULL ? collect(sets, &keys) : PK_ENOMEM;

    if (rc == PK_OK) {
        digest_sets(sets, f->sets);
        rc = pk_fuse_build(keys.items, &keys.count, 8, &f->fuse, err);
    } else {
        rc = pk_error_set(err, rc, "out of memory");
    }
    free(keys.items);
    if (rc < 0) {
        pk_intel_filter_destroy(f);
        return rc;
    }
    *out = f;
    return PK_OK;
}

/* --- the file ----------------------------------------------------------------------------- */

static void digest_file(const uint8_t header[HEADER], struct pk_slice prints, uint8_t out[32])
{
    uint8_t parts[AT_DIGEST + PK_SHA256_SIZE];

    memcpy(parts, header, AT_DIGEST);
    pk_sha256(prints, parts + AT_DIGEST);
    pk_sha256(pk_slice_of(parts, sizeof(parts)), out);
}

int pk_intel_filter_write(const struct pk_intel_filter *filter, struct pk_buffer *out)
{
    const struct pk_fuse *fuse = &filter->fuse;
    uint8_t header[HEADER] = { 0 };

    memcpy(header + AT_MAGIC, magic, sizeof(magic));
    pk_put_le64(header + AT_SEED, fuse->seed);
    pk_put_le32(header + AT_COUNT, fuse->count);
    pk_put_le32(header + AT_SEGMENT, fuse->segment);
    pk_put_le32(header + AT_SEGMENTS, fuse->segments);
    memcpy(header + AT_SETS, filter->sets, PK_SHA256_SIZE);
    digest_file(header, pk_slice_of(fuse->prints, pk_fuse_size(fuse)), header + AT_DIGEST);
    (void)pk_buffer_put(out, header, sizeof(header));
    return pk_buffer_put(out, fuse->prints, pk_fuse_size(fuse));
}

int pk_intel_filter_open(struct pk_slice bytes, const struct pk_intel_set *const *sets,
        struct pk_intel_filter **out, struct pk_error *err)
{
    uint8_t digest[PK_SHA256_SIZE];
    struct pk_fuse fuse = { .width = 8 };
    struct pk_intel_filter *f;
    size_t size;

    if (bytes.len < HEADER) {
        return pk_error_set(err, PK_ETRUNC, "a filter of names has a longer head");
    }
    fuse.seed = pk_get_le64(bytes.ptr + AT_SEED);
    fuse.count = pk_get_le32(bytes.ptr + AT_COUNT);
    fuse.segment = pk_get_le32(bytes.ptr + AT_SEGMENT);
    fuse.segments = pk_get_le32(bytes.ptr + AT_SEGMENTS);
    size = pk_fuse_size(&fuse);
    if (memcmp(bytes.ptr, magic, sizeof(magic)) != 0 || size == 0 || size != bytes.len - HEADER) {
        return pk_error_set(err, PK_EMALF, "this is no filter of names");
    }
    digest_file(bytes.ptr, pk_slice_of(bytes.ptr + HEADER, size), digest);
    if (memcmp(digest, bytes.ptr + AT_DIGEST, sizeof(digest)) != 0) {
        return pk_error_set(err, PK_EMALF, "the filter of names is damaged");
    }
    digest_sets(sets, digest);
    if (memcmp(digest, bytes.ptr + AT_SETS, sizeof(digest)) != 0) {
        return pk_error_set(err, PK_ENOENT, "the filter of names is of other lists");
    }
    f = calloc(1, sizeof(*f) + size);
    if (f == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    memcpy(f->sets, digest, sizeof(digest));
    memcpy(f->prints, bytes.ptr + HEADER, size);
    f->fuse = fuse;
    f->fuse.prints = f->prints;
    *out = f;
    return PK_OK;
}
