/* apksig_digest.h - digests over the whole APK but its signing block, as the schemes v2 and newer sign
 * them. Each is computed once, however many schemes ask. Only apksig*.c files include this. */
#pragma once

#include "formats/android/apksig_block.h"

/* The numbers are those of the SourceStamp. */
enum pk_apksig_content {
    PK_CONTENT_NONE,
    PK_CONTENT_CHUNKED_SHA256, /* SHA-256 over chunks of 1 MiB */
    PK_CONTENT_CHUNKED_SHA512,
    PK_CONTENT_VERITY_SHA256, /* root of a tree over pages of 4 KiB, and the length */
    PK_CONTENT_SHA256,        /* of META-INF/MANIFEST.MF, for the SourceStamp */
    PK_CONTENT_COUNT
};

#define PK_CONTENT_DIGEST_MAX 64

struct pk_apksig_digest {
    uint8_t bytes[PK_CONTENT_DIGEST_MAX];
    size_t len; /* 0: could not be computed, so nothing equals it */
    bool computed;
};

struct pk_apksig_digests {
    const struct pk_zip *zip;
    const struct pk_apksig_block *block;
    struct pk_apksig_digest digests[PK_CONTENT_COUNT];
};

/* The digest of this kind, computed at the first call; borrowed from digests. An empty slice when the
 * file cannot have one (verity: the block is not aligned to pages). PK_ENOMEM, PK_ECRYPTO. */
PK_MUST_USE int pk_apksig_digest_get(
        struct pk_apksig_digests *digests, enum pk_apksig_content kind, struct pk_slice *out);

/* The Merkle tree of fs-verity over all of data, without salt: its root digest, and whether its levels are
 * exactly *expected (NULL: not asked, true). PK_ENOMEM, PK_ECRYPTO. */
PK_MUST_USE int pk_apksig_tree(
        struct pk_slice data, const struct pk_slice *expected, uint8_t root[32], bool *same);
