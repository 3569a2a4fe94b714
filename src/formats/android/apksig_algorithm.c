#include "formats/android/apksig_algorithm.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

/* clang-format off */
static const struct pk_apksig_algorithm algorithms[] = {
    { "RSA_PSS_WITH_SHA256", 0x0101, PK_CONTENT_CHUNKED_SHA256, PK_SIGNING_RSA_PSS, PK_HASH_SHA256, 24, 23 },
    { "RSA_PSS_WITH_SHA512", 0x0102, PK_CONTENT_CHUNKED_SHA512, PK_SIGNING_RSA_PSS, PK_HASH_SHA512, 24, 23 },
    { "RSA_PKCS1_V1_5_WITH_SHA256", 0x0103, PK_CONTENT_CHUNKED_SHA256, PK_SIGNING_RSA, PK_HASH_SHA256, 24, 1 },
    { "RSA_PKCS1_V1_5_WITH_SHA512", 0x0104, PK_CONTENT_CHUNKED_SHA512, PK_SIGNING_RSA, PK_HASH_SHA512, 24, 1 },
    { "ECDSA_WITH_SHA256", 0x0201, PK_CONTENT_CHUNKED_SHA256, PK_SIGNING_ECDSA, PK_HASH_SHA256, 24, 11 },
    { "ECDSA_WITH_SHA512", 0x0202, PK_CONTENT_CHUNKED_SHA512, PK_SIGNING_ECDSA, PK_HASH_SHA512, 24, 11 },
    { "DSA_WITH_SHA256", 0x0301, PK_CONTENT_CHUNKED_SHA256, PK_SIGNING_DSA, PK_HASH_SHA256, 24, 1 },
    { "VERITY_RSA_PKCS1_V1_5_WITH_SHA256", 0x0421, PK_CONTENT_VERITY_SHA256, PK_SIGNING_RSA, PK_HASH_SHA256, 28, 1 },
    { "VERITY_ECDSA_WITH_SHA256", 0x0423, PK_CONTENT_VERITY_SHA256, PK_SIGNING_ECDSA, PK_HASH_SHA256, 28, 11 },
    { "VERITY_DSA_WITH_SHA256", 0x0425, PK_CONTENT_VERITY_SHA256, PK_SIGNING_DSA, PK_HASH_SHA256, 28, 1 },
};
/* clang-format on */

const struct pk_apksig_algorithm *pk_apksig_algorithm_find(uint32_t id)
{
    for (size_t i = 0; i < PK_COUNT(algorithms); i++) {
        if (algorithms[i].id == id) {
            return &algorithms[i];
        }
    }
    return NULL;
}

/* The platform prefers the longer hash, then verity. */
static int rank(const struct pk_apksig_algorithm *algorithm)
{
    switch (algorithm->content) {
    case PK_CONTENT_CHUNKED_SHA512:
        return 2;
    case PK_CONTENT_VERITY_SHA256:
        return 1;
    case PK_CONTENT_CHUNKED_SHA256:
    case PK_CONTENT_SHA256:
    case PK_CONTENT_NONE:
    case PK_CONTENT_COUNT:
        break;
    }
    return 0;
}

static void sort_by_id(const struct pk_apksig_entry *chosen[], size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t j = i; j > 0 && chosen[j]->id < chosen[j - 1]->id; j--) {
            const struct pk_apksig_entry *swap = chosen[j];

            chosen[j] = chosen[j - 1];
            chosen[j - 1] = swap;
        }
    }
}

size_t pk_apksig_choose(const struct pk_apksig_entry *entries, size_t count, int min_sdk,
        int max_sdk, bool crypto, const struct pk_apksig_entry *chosen[PK_APKSIG_CHOSEN_MAX])
{
    int from[PK_APKSIG_CHOSEN_MAX]; /* the first platform of each one chosen */
    int oldest = INT32_MAX;
    size_t slots = 0;

    for (size_t i = 0; i < count; i++) {
        const struct pk_apksig_algorithm *algorithm = entries[i].algorithm;
        size_t slot = 0;
        int first;

        if (algorithm == NULL) {
            continue;
        }
        first = crypto ? algorithm->crypto_min_sdk : algorithm->min_sdk;
        if (first > max_sdk) {
            continue;
        }
        oldest = first < oldest ? first : oldest;
        while (slot < slots && from[slot] != first) {
            slot++;
        }
        if (slot == slots) { /* the table has at most as many different levels as there are slots */
            from[slots] = first;
            chosen[slots++] = &entries[i];
        } else if (rank(algorithm) > rank(chosen[slot]->algorithm)) {
            chosen[slot] = &entries[i];
        }
    }
    if (min_sdk < oldest) {
        return 0;
    }
    sort_by_id(chosen, slots);
    return slots;
}

bool pk_apksig_key_fits(const EVP_PKEY *key, const struct pk_apksig_algorithm *algorithm)
{
    switch (algorithm->signing) {
    case PK_SIGNING_RSA:
    case PK_SIGNING_RSA_PSS:
        return EVP_PKEY_is_a(key, "RSA");
    case PK_SIGNING_DSA:
        return EVP_PKEY_is_a(key, "DSA");
    case PK_SIGNING_ECDSA:
        return EVP_PKEY_is_a(key, "EC");
    case PK_SIGNING_NONE:
        break;
    }
    return false;
}

enum pk_apksig_check pk_apksig_check(EVP_PKEY *key, const struct pk_apksig_algorithm *algorithm,
        struct pk_slice message, struct pk_slice signature)
{
    bool rsa = algorithm->signing == PK_SIGNING_RSA || algorithm->signing == PK_SIGNING_RSA_PSS;
    int rc;

    if (key == NULL || !pk_apksig_key_fits(key, algorithm) ||
            (rsa ? signature.len != (size_t)EVP_PKEY_get_size(key)
                 : !pk_signature_is_pair(signature))) {
        return PK_CHECK_IMPOSSIBLE;
    }
    rc = pk_key_verify(key, algorithm->signing, algorithm->hash, message, signature);
    if (rc == PK_ETYPE || rc == PK_EMALF) {
        return PK_CHECK_IMPOSSIBLE;
    }
    return rc == PK_OK ? PK_CHECK_HOLDS : PK_CHECK_WRONG;
}

/* Exponents are short (65537); one as long as the modulus makes a check as slow as signing. */
static size_t rsa_work(const EVP_PKEY *key, size_t kbits)
{
    BIGNUM *e = NULL;
    size_t work = kbits * kbits / 4;

    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1) {
        work *= 1 + (size_t)BN_num_bits(e) / 20;
    }
    BN_free(e);
    return work;
}

size_t pk_apksig_key_work(const EVP_PKEY *key)
{
    int bits = EVP_PKEY_get_bits(key);
    size_t kbits = bits > 0 ? ((size_t)bits + 1023) / 1024 : 1;
    size_t work = kbits * kbits * 4; /* DSA */

    if (EVP_PKEY_is_a(key, "RSA")) {
        work = rsa_work(key, kbits);
    } else if (EVP_PKEY_is_a(key, "EC")) {
        work = bits <= 256 ? 4 : 32;
    }
    return work > 0 ? work : 1;
}
