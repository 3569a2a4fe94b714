/* apksig_algorithm.h - the ways of signing that the schemes v2 and newer know, and which of a signer's
 * signatures a platform looks at. Only apksig*.c files include this. */
#pragma once

#include "formats/android/apksig_digest.h"
#include "formats/pubkey.h"

struct pk_apksig_algorithm {
    const char *name;
    uint32_t id;
    enum pk_apksig_content content; /* the digest that it signs */
    enum pk_signing signing;
    enum pk_hash hash;
    int min_sdk;        /* the first platform that takes it in a signing block */
    int crypto_min_sdk; /* the first platform that can compute it at all */
};

/* NULL: a number that no platform knows, which is ignored. */
const struct pk_apksig_algorithm *pk_apksig_algorithm_find(uint32_t id);

/* One signature, or one digest, with its algorithm. */
struct pk_apksig_entry {
    uint32_t id;
    const struct pk_apksig_algorithm *algorithm; /* NULL: unknown */
    struct pk_slice bytes;
};

#define PK_APKSIG_CHOSEN_MAX 3

/* Every platform of the range checks the best signature that it knows: these, by number. 0: some
 * platform of the range knows none of them. crypto: what can be computed is enough. */
size_t pk_apksig_choose(const struct pk_apksig_entry *entries, size_t count, int min_sdk,
        int max_sdk, bool crypto, const struct pk_apksig_entry *chosen[PK_APKSIG_CHOSEN_MAX]);

enum pk_apksig_check {
    PK_CHECK_HOLDS,
    PK_CHECK_WRONG,
    PK_CHECK_IMPOSSIBLE, /* not a signature of this key's kind or size: Java throws */
};

enum pk_apksig_check pk_apksig_check(EVP_PKEY *key, const struct pk_apksig_algorithm *algorithm,
        struct pk_slice message, struct pk_slice signature);

/* True when the key is of the kind that the algorithm needs. */
bool pk_apksig_key_fits(const EVP_PKEY *key, const struct pk_apksig_algorithm *algorithm);

/* How long a check with this key takes, beside one with an RSA key of 2048 bits. */
size_t pk_apksig_key_work(const EVP_PKEY *key);
