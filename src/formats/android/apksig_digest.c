#include "formats/android/apksig_digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "formats/limits.h"
#include "formats/pubkey.h"

#define CHUNK_SIZE        (1024UL * 1024)
#define CHUNK_PREFIX      0xa5 /* before each chunk */
#define TOP_PREFIX        0x5a /* before the digests of the chunks */
#define PREFIX_SIZE       5UL  /* that byte and a u32 */
#define END_RECORD_OFFSET 16UL /* of the field that says where the central directory begins */
#define PAGE_BYTES        4096UL
#define SHA256_SIZE       32UL
#define LEVELS_MAX        10UL /* 128 pages a level: enough for any size_t */

/* What is digested: the entries, the central directory and the end record, which is read as if it
 * pointed at the signing block. */
struct parts {
    struct pk_slice part[3];
    uint8_t *end_record;
};

static void put_le32(uint8_t *out, uint64_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

/* The end record is copied and patched; free(parts->end_record) ends it. */
static int parts_init(
        const struct pk_zip *zip, const struct pk_apksig_block *block, struct parts *out)
{
    size_t end_size = zip->file.len - (size_t)zip->end_offset;

    out->end_record = malloc(end_size);
    if (out->end_record == NULL) {
        return PK_ENOMEM;
    }
    memcpy(out->end_record, zip->file.ptr + zip->end_offset, end_size);
    put_le32(out->end_record + END_RECORD_OFFSET, block->offset);
    out->part[0] = pk_slice_of(zip->file.ptr, block->offset);
    out->part[1] = pk_slice_of(zip->file.ptr + zip->directory_offset,
            (size_t)(zip->end_offset - zip->directory_offset));
    out->part[2] = pk_slice_of(out->end_record, end_size);
    return PK_OK;
}

/* --- chunks of 1 MiB */

static bool digest_two(EVP_MD_CTX *md_ctx, const EVP_MD *md, struct pk_slice first,
        struct pk_slice second, uint8_t *out)
{
    return EVP_DigestInit_ex(md_ctx, md, NULL) == 1 &&
            (first.len == 0 || EVP_DigestUpdate(md_ctx, first.ptr, first.len) == 1) &&
            (second.len == 0 || EVP_DigestUpdate(md_ctx, second.ptr, second.len) == 1) &&
            EVP_DigestFinal_ex(md_ctx, out, NULL) == 1;
}

/* The digests of all chunks one after the other; a part's last chunk may be short. */
static bool digest_chunks(
        EVP_MD_CTX *md_ctx, const struct parts *parts, enum pk_hash hash, uint8_t *out)
{
    for (size_t i = 0; i < PK_COUNT(parts->part); i++) {
        struct pk_slice left = parts->part[i];

        while (left.len > 0) {
            size_t len = left.len < CHUNK_SIZE ? left.len : CHUNK_SIZE;
            uint8_t prefix[PREFIX_SIZE] = { CHUNK_PREFIX };

            put_le32(prefix + 1, len);
            if (!digest_two(md_ctx, pk_hash_md(hash), pk_slice_of(prefix, sizeof(prefix)),
                        pk_slice_of(left.ptr, len), out)) {
                return false;
            }
            out += pk_hash_size(hash);
            left = pk_slice_of(left.ptr + len, left.len - len);
        }
    }
    return true;
}

static int digest_chunked(EVP_MD_CTX *md_ctx, const struct parts *parts, enum pk_hash hash,
        struct pk_apksig_digest *out)
{
    size_t count = 0;
    size_t size;
    uint8_t *all;
    int rc = PK_ECRYPTO;

    for (size_t i = 0; i < PK_COUNT(parts->part); i++) {
        count += (parts->part[i].len + CHUNK_SIZE - 1) / CHUNK_SIZE;
    }
    size = PREFIX_SIZE + count * pk_hash_size(hash); /* 64 bytes a MiB */
    all = malloc(size);
    if (all == NULL) {
        return PK_ENOMEM;
    }
    all[0] = TOP_PREFIX;
    put_le32(all + 1, count);
    if (digest_chunks(md_ctx, parts, hash, all + PREFIX_SIZE) &&
            digest_two(md_ctx, pk_hash_md(hash), pk_slice_of(all, size), (struct pk_slice){ 0 },
                    out->bytes)) {
        out->len = pk_hash_size(hash);
        rc = PK_OK;
    }
    free(all);
    return rc;
}

/* --- the tree of fs-verity */

/* Digests what comes in, page by page; a page may be fed in pieces. */
struct pager {
    EVP_MD_CTX *md_ctx;
    struct pk_slice salt;
    uint8_t page[PAGE_BYTES]; /* only for pages that come in pieces */
    size_t filled;
    uint8_t *out; /* the next digest goes here */
    bool failed;
};

static void pager_digest(struct pager *pager, const uint8_t *page)
{
    if (!digest_two(pager->md_ctx, pk_hash_md(PK_HASH_SHA256), pager->salt,
                pk_slice_of(page, PAGE_BYTES), pager->out)) {
        pager->failed = true;
    }
    pager->out += SHA256_SIZE;
}

static void pager_feed(struct pager *pager, struct pk_slice in)
{
    while (in.len > 0) {
        if (pager->filled == 0 && in.len >= PAGE_BYTES) {
            pager_digest(pager, in.ptr);
            in = pk_slice_of(in.ptr + PAGE_BYTES, in.len - PAGE_BYTES);
            continue;
        }
        size_t take = PAGE_BYTES - pager->filled;

        take = in.len < take ? in.len : take;
        memcpy(pager->page + pager->filled, in.ptr, take);
        pager->filled += take;
        in = pk_slice_of(in.ptr + take, in.len - take);
        if (pager->filled == PAGE_BYTES) {
            pager_digest(pager, pager->page);
            pager->filled = 0;
        }
    }
}

/* The last page is filled up with zeros. */
static void pager_end(struct pager *pager)
{
    if (pager->filled > 0) {
        memset(pager->page + pager->filled, 0, PAGE_BYTES - pager->filled);
        pager_digest(pager, pager->page);
        pager->filled = 0;
    }
}

static size_t pages_of(size_t size)
{
    return (size + PAGE_BYTES - 1) / PAGE_BYTES;
}

/* Bytes of the level above size bytes: a digest a page, filled up to whole pages. */
static size_t level_size(size_t size)
{
    return pages_of(pages_of(size) * SHA256_SIZE) * PAGE_BYTES;
}

/* The levels from the bottom up; the last one is a single page, which the root digest is of. Returns how
 * many there are. */
static size_t level_sizes(size_t size, size_t sizes[LEVELS_MAX])
{
    size_t count = 0;

    do {
        size = level_size(size);
        sizes[count++] = size;
    } while (size > PAGE_BYTES && count < LEVELS_MAX);
    return count;
}

struct tree {
    uint8_t *bytes; /* the topmost level first, as files hold it */
    size_t size;
    uint8_t root[SHA256_SIZE];
};

/* free(out->bytes) ends it. */
static int tree_build(EVP_MD_CTX *md_ctx, const struct pk_slice *parts, size_t count,
        struct pk_slice salt, struct tree *out)
{
    struct pager pager = { .md_ctx = md_ctx, .salt = salt };
    size_t sizes[LEVELS_MAX];
    size_t levels;
    size_t pos = 0;

    for (size_t i = 0; i < count; i++) {
        pos += parts[i].len;
    }
    levels = level_sizes(pos, sizes);
    out->size = 0;
    for (size_t i = 0; i < levels; i++) {
        out->size += sizes[i];
    }
    out->bytes = calloc(out->size > 0 ? out->size : PAGE_BYTES, 1);
    if (out->bytes == NULL) {
        return PK_ENOMEM;
    }
    pos = out->size;
    for (size_t i = 0; i < levels; i++) {
        pos -= sizes[i];
        pager.out = out->bytes + pos;
        if (i == 0) {
            for (size_t p = 0; p < count; p++) {
                pager_feed(&pager, parts[p]);
            }
            pager_end(&pager);
        } else {
            pager_feed(&pager, pk_slice_of(out->bytes + pos + sizes[i], sizes[i - 1]));
        }
    }
    pager.out = out->root;
    pager_digest(&pager, out->bytes);
    if (pager.failed) {
        free(out->bytes);
        return PK_ECRYPTO;
    }
    return PK_OK;
}

/* Both ends of the signing block must lie between pages, or the platform refuses this digest. */
static int digest_verity(EVP_MD_CTX *md_ctx, const struct pk_apksig_digests *digests,
        const struct parts *parts, struct pk_apksig_digest *out)
{
    static const uint8_t salt[8];
    const struct pk_apksig_block *block = digests->block;
    uint64_t size = 0;
    struct tree tree;
    int rc;

    if (block->offset % PAGE_BYTES != 0 || block->size % PAGE_BYTES != 0) {
        return PK_OK;
    }
    rc = tree_build(
            md_ctx, parts->part, PK_COUNT(parts->part), pk_slice_of(salt, sizeof(salt)), &tree);
    if (rc < 0) {
        return rc;
    }
    free(tree.bytes);
    for (size_t i = 0; i < PK_COUNT(parts->part); i++) {
        size += parts->part[i].len;
    }
    memcpy(out->bytes, tree.root, SHA256_SIZE);
    put_le32(out->bytes + SHA256_SIZE, size);
    put_le32(out->bytes + SHA256_SIZE + 4, size >> 32);
    out->len = SHA256_SIZE + 8;
    return PK_OK;
}

/* --- what others call */

static int compute(struct pk_apksig_digests *digests, enum pk_apksig_content kind)
{
    struct pk_apksig_digest *out = &digests->digests[kind];
    struct parts parts;
    EVP_MD_CTX *md_ctx;
    int rc = parts_init(digests->zip, digests->block, &parts);

    if (rc < 0) {
        return rc;
    }
    md_ctx = EVP_MD_CTX_new();
    if (md_ctx == NULL) {
        rc = PK_ENOMEM;
    } else if (kind == PK_CONTENT_CHUNKED_SHA256) {
        rc = digest_chunked(md_ctx, &parts, PK_HASH_SHA256, out);
    } else if (kind == PK_CONTENT_CHUNKED_SHA512) {
        rc = digest_chunked(md_ctx, &parts, PK_HASH_SHA512, out);
    } else if (kind == PK_CONTENT_VERITY_SHA256) {
        rc = digest_verity(md_ctx, digests, &parts, out);
    }
    EVP_MD_CTX_free(md_ctx);
    free(parts.end_record);
    out->computed = rc == PK_OK;
    return rc;
}

int pk_apksig_digest_get(
        struct pk_apksig_digests *digests, enum pk_apksig_content kind, struct pk_slice *out)
{
    struct pk_apksig_digest *digest = &digests->digests[kind];

    if (!digest->computed) {
        int rc = compute(digests, kind);

        if (rc < 0) {
            return rc;
        }
    }
    *out = pk_slice_of(digest->bytes, digest->len);
    return PK_OK;
}

int pk_apksig_tree(
        struct pk_slice data, const struct pk_slice *expected, uint8_t root[32], bool *same)
{
    EVP_MD_CTX *md_ctx = EVP_MD_CTX_new();
    struct tree tree;
    int rc;

    if (md_ctx == NULL) {
        return PK_ENOMEM;
    }
    rc = tree_build(md_ctx, &data, 1, (struct pk_slice){ 0 }, &tree);
    EVP_MD_CTX_free(md_ctx);
    if (rc < 0) {
        return rc;
    }
    memcpy(root, tree.root, SHA256_SIZE);
    *same = expected == NULL || pk_slice_eq(*expected, pk_slice_of(tree.bytes, tree.size));
    free(tree.bytes);
    return PK_OK;
}
