/* APK Signature Scheme v4: a file beside the APK (.idsig) with a Merkle tree of it, for installing while
 * it is still being copied. Source: source.android.com/docs/security/features/apksigning/v4. */
#include "formats/android/apksig_run.h"
#include "formats/limits.h"

#define VERSION         2U
#define SIGNED_HEAD_MAX 17U /* u32 size, u64 size of the APK, u32 hash, u8 size of a page */

struct hashing {
    uint32_t algorithm;
    uint8_t log2_page;
    struct pk_slice salt;
    struct pk_slice root;
};

struct signing {
    struct pk_slice apk_digest;
    struct pk_slice cert;
    struct pk_slice extra;
    struct pk_slice spki;
    struct pk_apksig_entry signature;
};

static void read_signing(struct pk_reader *r, struct signing *out)
{
    out->apk_digest = pk_apksig_prefixed(r);
    out->cert = pk_apksig_prefixed(r);
    out->extra = pk_apksig_prefixed(r);
    out->spki = pk_apksig_prefixed(r);
    out->signature.id = pk_read_le32(r);
    out->signature.bytes = pk_apksig_prefixed(r);
    out->signature.algorithm = pk_apksig_algorithm_find(out->signature.id);
}

static uint8_t *put_le(uint8_t *out, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        *out++ = (uint8_t)(value >> (8 * i));
    }
    return out;
}

static uint8_t *put_prefixed(uint8_t *out, struct pk_slice in)
{
    out = put_le(out, in.len, 4);
    if (in.len > 0) {
        memcpy(out, in.ptr, in.len);
    }
    return out + in.len;
}

/* What a signer signs: the sizes, the tree's root and its own facts. ptr NULL: no memory. */
static struct pk_slice signed_data(
        struct pk_apksig_run *run, const struct hashing *hashing, const struct signing *signing)
{
    const struct pk_slice parts[] = { hashing->salt, hashing->root, signing->apk_digest,
        signing->cert, signing->extra };
    size_t size = SIGNED_HEAD_MAX;
    uint8_t *bytes;
    uint8_t *p;

    for (size_t i = 0; i < PK_COUNT(parts); i++) {
        size += 4 + parts[i].len;
    }
    bytes = pk_arena_alloc(run->ctx.arena, 1, size);
    if (bytes == NULL) {
        run->ctx.rc = PK_ENOMEM;
        return (struct pk_slice){ 0 };
    }
    p = put_le(bytes, size, 4);
    p = put_le(p, run->ctx.in->zip->file.len, 8);
    p = put_le(p, hashing->algorithm, 4);
    p = put_le(p, hashing->log2_page, 1);
    for (size_t i = 0; i < PK_COUNT(parts); i++) {
        p = put_prefixed(p, parts[i]);
    }
    return pk_slice_of(bytes, size);
}

/* An error of one signer: apksig says it, but goes by v2 and v3 alone then. */
static bool signer_error(struct pk_apksig_run *run, enum pk_apksig_issue issue, const char *what)
{
    run->v4_signer_errors++;
    pk_apksig_error(&run->ctx, PK_APKSIG_V4, issue, "%s", what);
    return false;
}

static bool verify_signer(
        struct pk_apksig_run *run, const struct hashing *hashing, const struct signing *signing)
{
    const struct pk_apksig_algorithm *algorithm = signing->signature.algorithm;
    struct pk_slice message;
    struct pk_cert cert;
    struct pk_apksig_v4_signer *signer;
    EVP_PKEY *key = NULL;

    if (algorithm == NULL) {
        return signer_error(run, PK_ISSUE_V4_SIG_UNKNOWN_SIG_ALGORITHM, "");
    }
    if (!pk_apksig_spend(run, PK_APKSIG_WORK_KEY) ||
            pk_key_parse(signing->spki, run->ctx.arena, &key) < 0 ||
            !pk_apksig_key_fits(key, algorithm)) {
        return signer_error(run, PK_ISSUE_V4_SIG_MALFORMED_PUBLIC_KEY, algorithm->name);
    }
    message = signed_data(run, hashing, signing);
    switch (pk_apksig_run_check(run, key, algorithm, message, signing->signature.bytes)) {
    case PK_CHECK_HOLDS:
        break;
    case PK_CHECK_WRONG:
        return signer_error(run, PK_ISSUE_V4_SIG_DID_NOT_VERIFY, algorithm->name);
    case PK_CHECK_IMPOSSIBLE:
        return signer_error(run, PK_ISSUE_V4_SIG_VERIFY_EXCEPTION, algorithm->name);
    }
    if (!pk_apksig_read_cert(run, signing->cert, &cert)) {
        return signer_error(run, PK_ISSUE_V4_SIG_MALFORMED_CERTIFICATE, "");
    }
    if (!pk_apksig_same_key(&cert, signing->spki)) {
        return signer_error(run,
                PK_ISSUE_V4_SIG_PUBLIC_KEY_MISMATCH_BETWEEN_CERTIFICATE_AND_SIGNATURES_RECORD, "");
    }
    signer = pk_apksig_list_add(
            &run->ctx, &run->v4, &run->v4_cap, PK_APKSIG_PARTIES_MAX, sizeof(*signer));
    if (signer == NULL) {
        return signer_error(run, PK_ISSUE_V4_SIG_MALFORMED_SIGNERS, "too many signers");
    }
    *signer = (struct pk_apksig_v4_signer){ .cert = cert, .apk_digest = signing->apk_digest };
    return true;
}

/* The root of the tree over the whole file, and the tree itself where the file brings it along. */
static void verify_tree(
        struct pk_apksig_run *run, const struct hashing *hashing, const struct pk_slice *tree)
{
    uint8_t root[32];
    bool same;

    if (pk_apksig_tree(run->ctx.in->zip->file, tree, root, &same) < 0) {
        run->ctx.rc = PK_ENOMEM;
    } else if (!pk_slice_eq(hashing->root, pk_slice_of(root, sizeof(root)))) {
        (void)signer_error(run, PK_ISSUE_V4_SIG_APK_ROOT_DID_NOT_VERIFY, "");
    } else if (!same) {
        (void)signer_error(run, PK_ISSUE_V4_SIG_APK_TREE_DID_NOT_VERIFY, "");
    }
}

static bool malformed(struct pk_apksig_run *run, enum pk_apksig_issue issue, const char *what)
{
    pk_apksig_error(&run->ctx, PK_APKSIG_V4, issue, "%s", what);
    return false;
}

/* The signer of v3 or v2 first, then a block for each further one (v3.1). */
static bool verify_signers(
        struct pk_apksig_run *run, const struct hashing *hashing, struct pk_slice infos)
{
    struct pk_reader r = pk_reader_of(infos);
    struct signing signing;

    read_signing(&r, &signing);
    for (;;) {
        if (r.rc < 0) {
            return malformed(run, PK_ISSUE_V4_SIG_MALFORMED_SIGNERS, "signing info");
        }
        if (!verify_signer(run, hashing, &signing) || pk_reader_left(&r) == 0) {
            return true;
        }
        (void)pk_read_le32(&r); /* the scheme's number of the block */
        struct pk_reader block = pk_reader_of(pk_apksig_prefixed(&r));

        read_signing(&block, &signing);
        r.rc = r.rc < 0 ? r.rc : block.rc;
    }
}

bool pk_apksig_v4_verify(struct pk_apksig_run *run)
{
    struct pk_reader r = pk_reader_of(run->ctx.in->idsig);
    uint32_t version = pk_read_le32(&r);
    struct pk_reader hashing_info = pk_reader_of(pk_apksig_prefixed(&r));
    struct pk_slice infos = pk_apksig_prefixed(&r);
    struct hashing hashing;
    struct pk_slice tree;
    bool has_tree;

    if (r.rc == PK_OK && version != VERSION) {
        return malformed(run, PK_ISSUE_V4_SIG_VERSION_NOT_CURRENT, "");
    }
    hashing.algorithm = pk_read_le32(&hashing_info);
    hashing.log2_page = pk_read_u8(&hashing_info);
    hashing.salt = pk_apksig_prefixed(&hashing_info);
    hashing.root = pk_apksig_prefixed(&hashing_info);
    if (r.rc < 0 || hashing_info.rc < 0) {
        return malformed(run, PK_ISSUE_V4_SIG_MALFORMED_SIGNERS, "hashing info");
    }
    tree = pk_apksig_prefixed(&r);
    has_tree = r.rc == PK_OK; /* it may be left out */
    if (!verify_signers(run, &hashing, infos)) {
        return false;
    }
    if (run->v4_signer_errors == 0) {
        verify_tree(run, &hashing, has_tree ? &tree : NULL);
    }
    if (run->v4_signer_errors == 0) {
        run->ctx.out->schemes |= PK_APKSIG_V4;
    }
    return true;
}

/* --- comparison */

static void compare_error(struct pk_apksig_run *run, enum pk_apksig_issue issue)
{
    pk_apksig_error(&run->ctx, 0, issue, "%s", "");
}

/* The digest that v4 carries is the best one of the other scheme. */
static struct pk_slice best_digest(const struct pk_apksig_party *party)
{
    static const enum pk_apksig_content order[] = { PK_CONTENT_CHUNKED_SHA512,
        PK_CONTENT_VERITY_SHA256, PK_CONTENT_CHUNKED_SHA256 };
    const struct pk_apksig_entry *digests = party->digests.items;

    for (size_t i = 0; i < PK_COUNT(order); i++) {
        for (size_t d = party->digests.count; d > 0; d--) {
            if (digests[d - 1].algorithm != NULL && digests[d - 1].algorithm->content == order[i]) {
                return digests[d - 1].bytes;
            }
        }
    }
    return (struct pk_slice){ 0 };
}

static void compare_signer(struct pk_apksig_run *run, const struct pk_apksig_v4_signer *signer,
        struct pk_slice digest, const struct pk_apksig_scheme_result *scheme)
{
    const struct pk_apksig_party *party = scheme->parties.items;

    if (scheme->parties.count != 1) {
        compare_error(run, PK_ISSUE_V4_SIG_MULTIPLE_SIGNERS);
    }
    if (!pk_slice_eq(party->cert->der, signer->cert.der)) {
        compare_error(run, PK_ISSUE_V4_SIG_V2_V3_SIGNERS_MISMATCH);
    }
    if (!pk_slice_eq(best_digest(party), digest)) {
        compare_error(run, PK_ISSUE_V4_SIG_V2_V3_DIGESTS_MISMATCH);
    }
}

void pk_apksig_v4_compare(struct pk_apksig_run *run)
{
    const struct pk_apksig_v4_signer *signers = run->v4.items;
    size_t expected = run->v3.verified && run->v31.verified ? 2 : 1;

    if (!run->v3.verified && !run->v2.verified) {
        /* Only v3.1 or v1 beside it: v4 has nothing to lean on. */
        compare_error(run, PK_ISSUE_V4_SIG_V2_V3_SIGNERS_MISMATCH);
        return;
    }
    if (run->v4.count != expected) {
        compare_error(run, PK_ISSUE_V4_SIG_MULTIPLE_SIGNERS);
    }
    if (!run->v3.verified) {
        compare_signer(run, &signers[0], signers[0].apk_digest, &run->v2);
        return;
    }
    compare_signer(run, &signers[0], signers[0].apk_digest, &run->v3);
    if (run->v31.verified && run->v4.count > 1) {
        compare_signer(run, &signers[1], signers[0].apk_digest, &run->v31);
    }
}
