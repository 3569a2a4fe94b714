/* codesign_directory.c - a code directory: its header, its hashes, and whether the code is theirs. */
#include "formats/apple/codesign_parts.h"

#define MAGIC_DIRECTORY 0xfade0c02U
#define HEADER_MIN      44 /* of version 2.0 */

#define VERSION_SCATTER  0x20100U
#define VERSION_TEAM     0x20200U
#define VERSION_LIMIT_64 0x20300U

/* Pages of less make no sense; the kernel takes 4096 and 16384. */
#define PAGE_SHIFT_MIN 10
#define PAGE_SHIFT_MAX 24

static const struct {
    uint8_t type;
    uint8_t size;
    int rank;
    const char *name;
    enum pk_hash hash;
} hashes[] = {
    { 1, 20, 1, "sha1", PK_HASH_SHA1 },
    { 3, 20, 2, "sha256-truncated", PK_HASH_SHA256 },
    { 2, 32, 3, "sha256", PK_HASH_SHA256 },
    { 4, 48, 4, "sha384", PK_HASH_SHA384 },
};

static size_t hash_index(uint8_t type)
{
    size_t i = 0;

    while (i < PK_COUNT(hashes) && hashes[i].type != type) {
        i++;
    }
    return i;
}

int pk_cs_directory_rank(const struct pk_cs_directory *directory)
{
    return hashes[hash_index(directory->hash_type)].rank;
}

/* The text at an offset of the blob; NULL when it does not end there. */
static const char *blob_text(struct pk_slice blob, uint32_t at, struct pk_arena *arena, int *rc)
{
    const uint8_t *end = at < blob.len ? memchr(blob.ptr + at, 0, blob.len - at) : NULL;
    const char *text;

    if (end == NULL) {
        *rc = PK_EMALF;
        return "";
    }
    text = pk_printable(arena, blob.ptr + at, (size_t)(end - blob.ptr) - at, 512);
    *rc = text == NULL ? PK_ENOMEM : *rc;
    return text;
}

static enum pk_hash hash_of(const struct pk_cs_directory *directory)
{
    return hashes[hash_index(directory->hash_type)].hash;
}

static int read_tables(struct pk_cs_directory *d, uint32_t hash_offset, struct pk_error *err)
{
    uint64_t before = (uint64_t)d->special_slots * d->hash_size;

    if (before > hash_offset) {
        return pk_error_set(err, PK_EMALF, "the special hashes begin before the code directory");
    }
    d->special = pk_macho_part(d->blob, hash_offset - before, before);
    d->code = pk_macho_part(d->blob, hash_offset, (uint64_t)d->code_slots * d->hash_size);
    if (d->special.ptr == NULL || d->code.ptr == NULL) {
        return pk_error_set(err, PK_EMALF, "the hashes reach beyond the code directory");
    }
    return PK_OK;
}

int pk_cs_directory_parse(struct pk_slice blob, struct pk_arena *arena, struct pk_cs_directory *out,
        struct pk_error *err)
{
    struct pk_macho_view v = { .bytes = blob, .big_endian = true };
    struct pk_cs_directory d = { .blob = blob, .team_id = "" };
    uint8_t hash[PK_HASH_SIZE_MAX];
    size_t kind;
    int rc = PK_OK;

    if (blob.len < HEADER_MIN || pk_macho_u32(&v, 0) != MAGIC_DIRECTORY) {
        return pk_error_set(err, PK_EMALF, "no code directory where one should be");
    }
    d.version = pk_macho_u32(&v, 8);
    d.flags = pk_macho_u32(&v, 12);
    d.identifier = blob_text(blob, pk_macho_u32(&v, 20), arena, &rc);
    d.special_slots = pk_macho_u32(&v, 24);
    d.code_slots = pk_macho_u32(&v, 28);
    d.code_limit = pk_macho_u32(&v, 32);
    d.hash_size = blob.ptr[36];
    d.hash_type = blob.ptr[37];
    d.page_shift = blob.ptr[39];
    d.scattered = d.version >= VERSION_SCATTER && pk_macho_u32(&v, 44) != 0;
    if (d.version >= VERSION_TEAM && pk_macho_u32(&v, 48) != 0) {
        d.team_id = blob_text(blob, pk_macho_u32(&v, 48), arena, &rc);
    }
    if (d.version >= VERSION_LIMIT_64 && pk_macho_u64(&v, 56) != 0) {
        d.code_limit = pk_macho_u64(&v, 56);
    }
    if (rc < 0) {
        return pk_error_set(err, rc,
                rc == PK_ENOMEM ? "out of memory" : "a name does not end in the code directory");
    }
    kind = hash_index(d.hash_type);
    if (kind == PK_COUNT(hashes) || hashes[kind].size != d.hash_size) {
        return pk_error_set(
                err, PK_EMALF, "hash type %u of %u bytes is not known", d.hash_type, d.hash_size);
    }
    d.hash_name = hashes[kind].name;
    rc = read_tables(&d, pk_macho_u32(&v, 16), err);
    if (rc < 0) {
        return rc;
    }
    rc = pk_hash_digest(hash_of(&d), blob, hash);
    if (rc < 0) {
        return pk_error_set(err, rc, "%s is not offered", d.hash_name);
    }
    memcpy(d.cdhash, hash, d.hash_size);
    *out = d;
    return PK_OK;
}

struct pk_slice pk_cs_special(const struct pk_cs_directory *directory, uint32_t slot)
{
    size_t size = directory->hash_size;
    struct pk_slice none = { 0 };
    struct pk_slice hash;
    bool zero = true;

    if (slot == 0 || slot > directory->special_slots) {
        return none;
    }
    hash = pk_slice_of(directory->special.ptr + directory->special.len - slot * size, size);
    for (size_t i = 0; i < hash.len; i++) {
        zero = zero && hash.ptr[i] == 0;
    }
    return zero ? none : hash;
}

bool pk_cs_hash_is(
        const struct pk_cs_directory *directory, struct pk_slice bytes, struct pk_slice expected)
{
    uint8_t hash[PK_HASH_SIZE_MAX];

    return pk_hash_digest(hash_of(directory), bytes, hash) == PK_OK &&
            pk_slice_eq(pk_slice_of(hash, directory->hash_size), expected);
}

/* Hashes page by page with one context: asking OpenSSL anew for each costs more than the page. */
static int check_pages(const struct pk_cs_directory *d, struct pk_slice code, EVP_MD_CTX *ctx,
        const EVP_MD *md, struct pk_error *err)
{
    uint64_t page = d->page_shift == 0 ? code.len : UINT64_C(1) << d->page_shift;
    uint8_t hash[PK_HASH_SIZE_MAX];

    for (uint32_t i = 0; i < d->code_slots; i++) {
        uint64_t at = i * page;
        size_t len = (size_t)(code.len - at < page ? code.len - at : page);

        if (EVP_DigestInit_ex(ctx, md, NULL) != 1 ||
                EVP_DigestUpdate(ctx, code.ptr + at, len) != 1 ||
                EVP_DigestFinal_ex(ctx, hash, NULL) != 1) {
            return pk_error_set(err, PK_ENOMEM, "out of memory");
        }
        if (memcmp(hash, d->code.ptr + (size_t)i * d->hash_size, d->hash_size) != 0) {
            return pk_error_set(err, PK_EMALF, "page %u of %u is not as signed", i, d->code_slots);
        }
    }
    return PK_OK;
}

int pk_cs_pages_check(
        const struct pk_cs_directory *directory, struct pk_slice code, struct pk_error *err)
{
    uint64_t limit = directory->code_limit;
    uint64_t page = directory->page_shift == 0 ? limit
                                               : UINT64_C(1) << (directory->page_shift & 63);
    const EVP_MD *md = pk_hash_md(hash_of(directory));
    EVP_MD_CTX *ctx;
    int rc;

    if (directory->scattered) {
        return pk_error_set(err, PK_EMALF, "the page hashes are scattered");
    }
    if (directory->page_shift != 0 &&
            (directory->page_shift < PAGE_SHIFT_MIN || directory->page_shift > PAGE_SHIFT_MAX)) {
        return pk_error_set(err, PK_EMALF, "pages of 2^%u bytes", directory->page_shift);
    }
    if (limit > code.len) {
        return pk_error_set(err, PK_EMALF, "the code directory covers more than there is");
    }
    if (directory->code_slots != (limit == 0 ? 0 : (limit - 1) / page + 1)) {
        return pk_error_set(err, PK_EMALF, "%u page hashes for %llu bytes", directory->code_slots,
                (unsigned long long)limit);
    }
    ctx = EVP_MD_CTX_new();
    rc = ctx == NULL || md == NULL
            ? pk_error_set(err, PK_ENOMEM, "out of memory")
            : check_pages(directory, pk_slice_of(code.ptr, (size_t)limit), ctx, md, err);
    EVP_MD_CTX_free(ctx);
    return rc;
}
