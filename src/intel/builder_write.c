/* From what was collected to the bytes of a set. */
#include <stdlib.h>
#include <string.h>

#include "intel/builder_internal.h"
#include "intel/set_internal.h"

#define SEEDS_MAX 4 /* tries until no entry of the directory is overfull: the first one does */

static int by_text(const struct pk_intel_builder *b, uint32_t x, uint32_t y)
{
    return x == y ? 0 : strcmp(pk_build_text(b, x), pk_build_text(b, y));
}

static bool same_key(const struct pk_intel_builder *b, const struct pk_build_row *x,
        const struct pk_build_row *y)
{
    return x->hash == y->hash && x->kind == y->kind &&
            (x->value == y->value ||
                    strcmp(pk_intel_key(x->kind, pk_build_text(b, x->value)),
                            pk_intel_key(y->kind, pk_build_text(b, y->value))) == 0);
}

/* What a source tells more than another: family, reference, date. */
static int told(const struct pk_build_row *row)
{
    return (row->family != 0 ? 4 : 0) + (row->reference != 0 ? 2 : 0) + (row->date != 0 ? 1 : 0);
}

/* By hash and key; of one key indicators first, the gravest and best documented in front, the earliest
 * date of those that are equal. */
static int by_key(const void *left, const void *right, void *builder)
{
    const struct pk_intel_builder *b = builder;
    const struct pk_build_row *x = left;
    const struct pk_build_row *y = right;
    int order;

    if (x->hash != y->hash) {
        return x->hash < y->hash ? -1 : 1;
    }
    if (x->kind != y->kind) {
        return x->kind < y->kind ? -1 : 1;
    }
    order = x->value == y->value ? 0
                                 : strcmp(pk_intel_key(x->kind, pk_build_text(b, x->value)),
                                           pk_intel_key(y->kind, pk_build_text(b, y->value)));
    if (order != 0) {
        return order;
    }
    if ((x->flags & PK_ROW_WARN) != (y->flags & PK_ROW_WARN)) {
        return (x->flags & PK_ROW_WARN) < (y->flags & PK_ROW_WARN) ? -1 : 1;
    }
    if (x->weight != y->weight) {
        return x->weight > y->weight ? -1 : 1;
    }
    if (told(x) != told(y)) {
        return told(x) > told(y) ? -1 : 1;
    }
    order = by_text(b, x->date, y->date);
    if (order == 0) {
        order = by_text(b, x->value, y->value); /* two schemes of one URL */
    }
    if (order == 0) {
        order = (int)x->source - (int)y->source;
    }
    return order;
}

/* One row for each source of a key, PK_INTEL_SAME_MAX at most; a row that goes leaves what the one that
 * stays does not have. */
static void merge_rows(struct pk_intel_builder *b)
{
    size_t kept = 0;
    size_t group = 0; /* where the rows of this key begin */

    for (size_t i = 0; i < b->row_count; i++) {
        struct pk_build_row row = b->rows[i];
        struct pk_build_row *have = NULL;

        if (kept == 0 || !same_key(b, &b->rows[group], &row) ||
                (b->rows[group].flags & PK_ROW_WARN) != (row.flags & PK_ROW_WARN)) {
            group = kept;
        }
        for (size_t k = group; k < kept && have == NULL; k++) {
            have = b->rows[k].source == row.source ? &b->rows[k] : NULL;
        }
        if (have == NULL && kept - group < PK_INTEL_SAME_MAX) {
            b->rows[kept++] = row;
        } else if (have != NULL) {
            have->family = have->family != 0 ? have->family : row.family;
            have->reference = have->reference != 0 ? have->reference : row.reference;
            have->date = have->date != 0 ? have->date : row.date;
            have->category = have->category != 0 ? have->category : row.category;
            have->flags |= row.flags & PK_ROW_BELOW;
        }
    }
    b->row_count = kept;
}

static unsigned bits_for(size_t rows)
{
    unsigned bits = 0;

    while (bits < 24 && ((size_t)4 << bits) < rows) {
        bits++;
    }
    return bits;
}

/* Is an entry of the directory overfull? Only a feed that aims at it brings that about, and it cannot know
 * the seed, which depends on every text. */
static bool is_overfull(const struct pk_intel_builder *b, unsigned bits)
{
    for (size_t i = PK_INTEL_BUCKET_MAX; i < b->row_count; i++) {
        uint32_t first = b->rows[i - PK_INTEL_BUCKET_MAX].hash;

        if (bits == 0 || first >> (32 - bits) == b->rows[i].hash >> (32 - bits)) {
            return true;
        }
    }
    return false;
}

static int sort_rows(struct pk_intel_builder *b, uint64_t *seed, unsigned *bits)
{
    uint8_t digest[PK_SHA256_SIZE];

    pk_sha256(pk_buffer_slice(&b->pool), digest);
    *seed = pk_get64(digest);
    for (int tries = 0; tries < SEEDS_MAX; tries++, (*seed)++) {
        for (size_t i = 0; i < b->row_count; i++) {
            struct pk_build_row *row = &b->rows[i];

            row->hash = pk_intel_hash_value(*seed, row->kind, pk_build_text(b, row->value));
        }
        if (b->row_count > 0) {
            qsort_r(b->rows, b->row_count, sizeof(*b->rows), by_key, b);
        }
        merge_rows(b);
        *bits = bits_for(b->row_count);
        if (!is_overfull(b, *bits)) {
            return PK_OK;
        }
    }
    return PK_ELIMIT;
}

static int by_package(const void *left, const void *right, void *builder)
{
    const struct pk_build_signer *x = left;
    const struct pk_build_signer *y = right;
    int order = by_text(builder, x->package, y->package);

    return order != 0 ? order : by_text(builder, x->cert, y->cert);
}

static void sort_signers(struct pk_intel_builder *b)
{
    size_t kept = 0;

    if (b->signer_count == 0) {
        return;
    }
    qsort_r(b->signers, b->signer_count, sizeof(*b->signers), by_package, b);
    for (size_t i = 0; i < b->signer_count; i++) {
        if (kept == 0 || by_package(&b->signers[kept - 1], &b->signers[i], b) != 0) {
            b->signers[kept++] = b->signers[i];
        }
    }
    b->signer_count = kept;
}

/* Little-endian numbers behind what is there. */
static void put16(struct pk_buffer *out, uint16_t value)
{
    uint8_t p[2] = { (uint8_t)value, (uint8_t)(value >> 8) };

    (void)pk_buffer_put(out, p, sizeof(p));
}

static void put32(struct pk_buffer *out, uint32_t value)
{
    put16(out, (uint16_t)value);
    put16(out, (uint16_t)(value >> 16));
}

static void put64(struct pk_buffer *out, uint64_t value)
{
    put32(out, (uint32_t)value);
    put32(out, (uint32_t)(value >> 32));
}

static void poke(struct pk_buffer *out, size_t at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size && out->rc == PK_OK; i++) {
        out->ptr[at + i] = (char)(value >> (8 * i));
    }
}

static void begin(struct pk_buffer *out, enum pk_intel_section section)
{
    while (out->rc == PK_OK && out->len % 8 != 0) {
        (void)pk_buffer_putc(out, '\0');
    }
    poke(out, PK_AT_SECTIONS + 16 * (size_t)section, out->len, 8);
}

static void end(struct pk_buffer *out, enum pk_intel_section section)
{
    size_t at = PK_AT_SECTIONS + 16 * (size_t)section;

    if (out->rc == PK_OK) {
        poke(out, at + 8, out->len - pk_get64((const uint8_t *)out->ptr + at), 8);
    }
}

static void count_all(struct pk_intel_builder *b)
{
    for (size_t i = 0; i < b->row_count; i++) {
        struct pk_build_source *source = &b->sources[b->rows[i].source];

        if ((b->rows[i].flags & PK_ROW_WARN) != 0) {
            source->warnings++;
        } else {
            source->indicators++;
        }
        if (by_text(b, source->date, b->rows[i].date) < 0) {
            source->date = b->rows[i].date;
        }
    }
    for (size_t i = 0; i < b->signer_count; i++) {
        b->sources[b->signers[i].source].signers++;
    }
    for (size_t i = 0; i < b->app_count; i++) {
        b->sources[b->apps[i].source].apps++;
    }
}

static void put_sources(const struct pk_intel_builder *b, struct pk_buffer *out)
{
    begin(out, PK_SEC_SOURCES);
    for (size_t i = 0; i < b->source_count; i++) {
        const struct pk_build_source *s = &b->sources[i];
        const uint32_t words[] = { s->name, s->reference, s->licence, s->date, s->indicators,
            s->warnings, s->signers, s->apps };

        for (size_t k = 0; k < PK_COUNT(words); k++) {
            put32(out, words[k]);
        }
    }
    end(out, PK_SEC_SOURCES);
}

static void put_rows(const struct pk_intel_builder *b, struct pk_buffer *out)
{
    uint32_t kinds = 0;
    uint32_t warned = 0;
    uint64_t nets[2][3] = { 0 };

    begin(out, PK_SEC_ROWS);
    for (size_t i = 0; i < b->row_count; i++) {
        const struct pk_build_row *row = &b->rows[i];
        struct pk_intel_net net = { 0 };
        const uint32_t words[] = { row->hash, row->value, row->family, row->reference, row->date };

        for (size_t k = 0; k < PK_COUNT(words); k++) {
            put32(out, words[k]);
        }
        put16(out, row->source);
        put16(out, (uint16_t)(row->kind | row->category << 8));
        put32(out, row->weight | (uint32_t)row->flags << 8);
        *((row->flags & PK_ROW_WARN) != 0 ? &warned : &kinds) |= UINT32_C(1) << row->kind;
        if (row->kind == PK_INTEL_IP) {
            const char *text = pk_build_text(b, row->value);

            (void)pk_intel_net_parse(text, strlen(text), &net);
            nets[(row->flags & PK_ROW_WARN) != 0][net.bits / 64] |= UINT64_C(1) << (net.bits % 64);
        }
    }
    end(out, PK_SEC_ROWS);
    poke(out, PK_AT_KINDS, kinds, 4);
    poke(out, PK_AT_WARNED, warned, 4);
    for (size_t i = 0; i < 3; i++) {
        poke(out, PK_AT_NETS + 8 * i, nets[0][i], 8);
        poke(out, PK_AT_WARN_NETS + 8 * i, nets[1][i], 8);
    }
}

static void put_directory(const struct pk_intel_builder *b, unsigned bits, struct pk_buffer *out)
{
    size_t row = 0;

    begin(out, PK_SEC_DIRECTORY);
    for (size_t bucket = 0; bucket < (size_t)1 << bits; bucket++) {
        put32(out, (uint32_t)row);
        while (row < b->row_count && (bits == 0 || b->rows[row].hash >> (32 - bits) == bucket)) {
            row++;
        }
    }
    put32(out, (uint32_t)row);
    end(out, PK_SEC_DIRECTORY);
    poke(out, PK_AT_BITS, bits, 4);
}

struct cert_place {
    uint32_t cert;
    uint32_t signer;
};

static int by_cert(const void *left, const void *right, void *builder)
{
    const struct cert_place *x = left;
    const struct cert_place *y = right;
    int order = by_text(builder, x->cert, y->cert);

    return order != 0 ? order : (x->signer < y->signer ? -1 : 1);
}

static int put_signers(struct pk_intel_builder *b, struct pk_buffer *out)
{
    struct cert_place *places = calloc(b->signer_count + 1, sizeof(*places));

    if (places == NULL) {
        return PK_ENOMEM;
    }
    begin(out, PK_SEC_SIGNERS);
    for (size_t i = 0; i < b->signer_count; i++) {
        put32(out, b->signers[i].package);
        put32(out, b->signers[i].cert);
        put32(out, b->signers[i].source);
        places[i] = (struct cert_place){ .cert = b->signers[i].cert, .signer = (uint32_t)i };
    }
    end(out, PK_SEC_SIGNERS);
    qsort_r(places, b->signer_count, sizeof(*places), by_cert, b);
    begin(out, PK_SEC_CERTS);
    for (size_t i = 0; i < b->signer_count; i++) {
        put32(out, places[i].signer);
    }
    end(out, PK_SEC_CERTS);
    free(places);
    return PK_OK;
}

static void put_apps(const struct pk_intel_builder *b, struct pk_buffer *out)
{
    begin(out, PK_SEC_APPS);
    for (size_t i = 0; i < b->app_count; i++) {
        put32(out, b->apps[i].package);
        put32(out, b->apps[i].label);
        put32(out, b->apps[i].cert);
        put32(out, b->apps[i].source);
        put64(out, b->apps[i].phash);
        put64(out, b->apps[i].dhash);
    }
    end(out, PK_SEC_APPS);
}

/* Lets the warning lists of the set speak about its own indicators. The set is looked at as it will be read,
 * so that marking and reading cannot disagree. */
static int mark(struct pk_buffer *out, struct pk_error *err)
{
    struct pk_intel_set *set;
    int rc = pk_intel_set_view(pk_buffer_slice(out), &set, err);
    size_t rows_at;

    if (rc < 0) {
        return rc;
    }
    rows_at = (size_t)(set->section[PK_SEC_ROWS].ptr - set->bytes.ptr);
    for (size_t i = 0; i < set->count[PK_SEC_ROWS]; i++) {
        const uint8_t *p = pk_set_row(set, i);
        bool shared = false;

        const char *value = pk_set_string(set, pk_get32(p + PK_ROW_VALUE));
        uint8_t *flags = (uint8_t *)out->ptr + rows_at + i * PK_ROW_SIZE + PK_ROW_FLAGS;

        if ((*flags & PK_ROW_WARN) != 0) {
            continue;
        }
        if (pk_set_is_good(set, p[PK_ROW_KIND], value, NULL)) {
            *flags = PK_ROW_MARKED;
        } else if (pk_set_warning(set, p[PK_ROW_KIND], value, &shared) > 0) {
            *flags = shared ? PK_ROW_SHARED : PK_ROW_MARKED;
        }
    }
    pk_intel_set_destroy(set);
    return PK_OK;
}

int pk_intel_builder_finish(
        struct pk_intel_builder *b, int64_t now_ms, struct pk_buffer *out, struct pk_error *err)
{
    static const uint8_t header[PK_INTEL_HEADER] = PK_INTEL_MAGIC;
    uint8_t digest[PK_SHA256_SIZE];
    uint64_t seed = 0;
    unsigned bits = 0;
    int rc = sort_rows(b, &seed, &bits);

    if (rc < 0) {
        return pk_error_set(err, rc, "too many indicators of the same hash");
    }
    sort_signers(b);
    count_all(b);
    pk_buffer_clear(out);
    (void)pk_buffer_put(out, header, sizeof(header));
    poke(out, PK_AT_CREATED, (uint64_t)now_ms, 8);
    poke(out, PK_AT_SEED, seed, 8);
    begin(out, PK_SEC_STRINGS);
    (void)pk_buffer_put(out, b->pool.ptr, b->pool.len);
    end(out, PK_SEC_STRINGS);
    put_sources(b, out);
    put_rows(b, out);
    put_directory(b, bits, out);
    rc = put_signers(b, out);
    put_apps(b, out);
    rc = rc < 0 ? rc : out->rc;
    if (rc < 0) {
        return pk_error_set(err, rc, "the set is too large: %s", pk_code_text(rc));
    }
    rc = mark(out, err);
    if (rc < 0) {
        return rc;
    }
    pk_intel_set_digest(pk_buffer_slice(out), digest);
    memcpy(out->ptr + PK_AT_DIGEST, digest, sizeof(digest));
    return PK_OK;
}
