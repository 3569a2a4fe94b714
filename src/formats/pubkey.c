#include "formats/pubkey.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/der.h"

static const struct {
    const char *name; /* Java's */
    const char *openssl;
    const char *oid;
    size_t size;
} hashes[PK_HASH_COUNT] = {
    [PK_HASH_NONE] = { "", NULL, "", 0 },
    [PK_HASH_MD5] = { "MD5", "MD5", "1.2.840.113549.2.5", 16 },
    [PK_HASH_SHA1] = { "SHA-1", "SHA1", "1.3.14.3.2.26", 20 },
    [PK_HASH_SHA224] = { "SHA-224", "SHA224", "2.16.840.1.101.3.4.2.4", 28 },
    [PK_HASH_SHA256] = { "SHA-256", "SHA256", "2.16.840.1.101.3.4.2.1", 32 },
    [PK_HASH_SHA384] = { "SHA-384", "SHA384", "2.16.840.1.101.3.4.2.2", 48 },
    [PK_HASH_SHA512] = { "SHA-512", "SHA512", "2.16.840.1.101.3.4.2.3", 64 },
};

static const struct {
    const char *oid;
    enum pk_signing signing;
    enum pk_hash hash;
} signings[] = {
    { "1.2.840.113549.1.1.1", PK_SIGNING_RSA, PK_HASH_NONE },
    { "1.2.840.113549.1.1.4", PK_SIGNING_RSA, PK_HASH_MD5 },
    { "1.2.840.113549.1.1.5", PK_SIGNING_RSA, PK_HASH_SHA1 },
    { "1.2.840.113549.1.1.14", PK_SIGNING_RSA, PK_HASH_SHA224 },
    { "1.2.840.113549.1.1.11", PK_SIGNING_RSA, PK_HASH_SHA256 },
    { "1.2.840.113549.1.1.12", PK_SIGNING_RSA, PK_HASH_SHA384 },
    { "1.2.840.113549.1.1.13", PK_SIGNING_RSA, PK_HASH_SHA512 },
    { "1.2.840.10040.4.1", PK_SIGNING_DSA, PK_HASH_NONE },
    { "1.2.840.10040.4.3", PK_SIGNING_DSA, PK_HASH_SHA1 },
    { "2.16.840.1.101.3.4.3.1", PK_SIGNING_DSA, PK_HASH_SHA224 },
    { "2.16.840.1.101.3.4.3.2", PK_SIGNING_DSA, PK_HASH_SHA256 },
    { "2.16.840.1.101.3.4.3.3", PK_SIGNING_DSA, PK_HASH_SHA384 },
    { "2.16.840.1.101.3.4.3.4", PK_SIGNING_DSA, PK_HASH_SHA512 },
    { "1.2.840.10045.2.1", PK_SIGNING_ECDSA, PK_HASH_NONE },
    { "1.2.840.10045.4.1", PK_SIGNING_ECDSA, PK_HASH_SHA1 },
    { "1.2.840.10045.4.3.1", PK_SIGNING_ECDSA, PK_HASH_SHA224 },
    { "1.2.840.10045.4.3.2", PK_SIGNING_ECDSA, PK_HASH_SHA256 },
    { "1.2.840.10045.4.3.3", PK_SIGNING_ECDSA, PK_HASH_SHA384 },
    { "1.2.840.10045.4.3.4", PK_SIGNING_ECDSA, PK_HASH_SHA512 },
};

static EVP_MD *fetched[PK_HASH_COUNT];
static pthread_once_t fetch_once = PTHREAD_ONCE_INIT;

static void fetch_all(void)
{
    for (size_t i = PK_HASH_NONE + 1; i < PK_HASH_COUNT; i++) {
        fetched[i] = EVP_MD_fetch(NULL, hashes[i].openssl, NULL);
    }
    ERR_clear_error();
}

const char *pk_hash_name(enum pk_hash hash)
{
    return hashes[hash].name;
}

size_t pk_hash_size(enum pk_hash hash)
{
    return hashes[hash].size;
}

const EVP_MD *pk_hash_md(enum pk_hash hash)
{
    (void)pthread_once(&fetch_once, fetch_all);
    return fetched[hash];
}

int pk_hash_digest(enum pk_hash hash, struct pk_slice in, uint8_t *out)
{
    static const uint8_t nothing[1];
    const EVP_MD *md = pk_hash_md(hash);

    if (md == NULL || EVP_Digest(in.len > 0 ? in.ptr : nothing, in.len, out, NULL, md, NULL) != 1) {
        return PK_ECRYPTO;
    }
    return PK_OK;
}

enum pk_hash pk_hash_by_oid(const char *oid)
{
    for (size_t i = PK_HASH_NONE + 1; i < PK_HASH_COUNT; i++) {
        if (strcmp(hashes[i].oid, oid) == 0) {
            return (enum pk_hash)i;
        }
    }
    return PK_HASH_NONE;
}

enum pk_signing pk_signing_by_oid(const char *oid, enum pk_hash *hash)
{
    for (size_t i = 0; i < PK_COUNT(signings); i++) {
        if (strcmp(signings[i].oid, oid) == 0) {
            *hash = signings[i].hash;
            return signings[i].signing;
        }
    }
    *hash = PK_HASH_NONE;
    return PK_SIGNING_NONE;
}

/* --- keys */

static void key_free(void *key)
{
    EVP_PKEY_free(key);
}

/* Modulus and exponent of an RSA SubjectPublicKeyInfo. */
static bool rsa_numbers(struct pk_slice spki, struct pk_slice *n, struct pk_slice *e)
{
    struct pk_der element;
    struct pk_der oid;
    char text[PK_OID_TEXT];

    if (pk_der_expect(&spki, PK_DER_SEQUENCE, &element) < 0 ||
            pk_der_expect(&element.value, PK_DER_SEQUENCE, &oid) < 0 ||
            pk_der_expect(&oid.value, PK_DER_OID, &oid) < 0 ||
            strcmp(pk_der_oid(oid.value, text), "1.2.840.113549.1.1.1") != 0 ||
            pk_der_expect(&element.value, PK_DER_BIT_STRING, &element) < 0 ||
            element.value.len < 1 || element.value.ptr[0] != 0) {
        return false;
    }
    spki = pk_slice_of(element.value.ptr + 1, element.value.len - 1);
    if (pk_der_expect(&spki, PK_DER_SEQUENCE, &element) < 0 ||
            pk_der_expect(&element.value, PK_DER_INTEGER, &oid) < 0) {
        return false;
    }
    *n = oid.value;
    if (pk_der_expect(&element.value, PK_DER_INTEGER, &oid) < 0) {
        return false;
    }
    *e = oid.value;
    return n->len > 0 && e->len > 0 && n->len <= 8192 && e->len <= 8192;
}

/* A number for OSSL_PARAM, in the processor's byte order. Some signers wrote moduli without the leading
 * zero, which makes them negative: Java and BoringSSL take the bytes as they are, so do we. */
static bool put_number(
        struct pk_arena *arena, struct pk_slice big, const char *key, OSSL_PARAM *out)
{
    BIGNUM *number = BN_bin2bn(big.ptr, (int)big.len, NULL);
    uint8_t *native = pk_arena_alloc(arena, big.len, 1);
    bool done = number != NULL && native != NULL &&
            BN_bn2nativepad(number, native, (int)big.len) == (int)big.len;

    BN_free(number);
    if (done) {
        *out = OSSL_PARAM_construct_BN(key, native, big.len);
    }
    return done;
}

/* RSA keys are made of their numbers: a tenth of the time that OpenSSL's decoders take. */
static EVP_PKEY *rsa_key(struct pk_arena *arena, struct pk_slice spki)
{
    struct pk_slice n;
    struct pk_slice e;
    OSSL_PARAM params[3];
    EVP_PKEY_CTX *ctx;
    EVP_PKEY *key = NULL;

    if (!rsa_numbers(spki, &n, &e) || !put_number(arena, n, OSSL_PKEY_PARAM_RSA_N, &params[0]) ||
            !put_number(arena, e, OSSL_PKEY_PARAM_RSA_E, &params[1])) {
        return NULL;
    }
    params[2] = OSSL_PARAM_construct_end();
    ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
            EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    return key;
}

int pk_key_parse(struct pk_slice spki, struct pk_arena *arena, EVP_PKEY **out)
{
    const unsigned char *p = spki.ptr;
    EVP_PKEY *key = rsa_key(arena, spki);

    if (key == NULL && spki.len > 0) {
        key = d2i_PUBKEY(NULL, &p, (long)spki.len);
    }
    ERR_clear_error();
    if (key == NULL) {
        return PK_EMALF;
    }
    if (pk_arena_defer(arena, key_free, key) < 0) {
        return PK_ENOMEM;
    }
    *out = key;
    return PK_OK;
}

/* The curves that Android's BoringSSL knows; on others, and on those that a key describes by itself, no
 * platform verifies anything. OpenSSL would, and would ask the system for random numbers to do so. */
static const char *const curves[][2] = {
    { "secp224r1", "P-224" },
    { "prime256v1", "P-256" },
    { "secp384r1", "P-384" },
    { "secp521r1", "P-521" },
};

/* The usual name of an elliptic key's curve, NULL when it is none of ours; *openssl is then its other
 * name, "?" for none at all. */
static const char *curve_name(const EVP_PKEY *key, char openssl[64])
{
    if (EVP_PKEY_get_group_name(key, openssl, 64, NULL) != 1) {
        ERR_clear_error();
        (void)snprintf(openssl, 64, "?");
    }
    for (size_t i = 0; i < PK_COUNT(curves); i++) {
        if (strcmp(curves[i][0], openssl) == 0) {
            return curves[i][1];
        }
    }
    return NULL;
}

const char *pk_key_text(const EVP_PKEY *key, struct pk_arena *arena)
{
    char curve[64];
    const char *text;

    if (key == NULL) {
        return "";
    }
    if (EVP_PKEY_is_a(key, "EC")) {
        const char *name = curve_name(key, curve);

        text = pk_arena_printf(arena, "EC %s", name != NULL ? name : curve);
    } else if (EVP_PKEY_is_a(key, "ED25519")) {
        text = "Ed25519";
    } else if (EVP_PKEY_is_a(key, "ED448")) {
        text = "Ed448";
    } else {
        text = pk_arena_printf(
                arena, "%s %d", EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
    }
    return text != NULL ? text : "";
}

/* --- signatures */

static bool key_fits(EVP_PKEY *key, enum pk_signing signing)
{
    char curve[64];

    switch (signing) {
    case PK_SIGNING_NONE:
        return false;
    case PK_SIGNING_RSA:
        return EVP_PKEY_is_a(key, "RSA");
    case PK_SIGNING_RSA_PSS:
        return EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS");
    case PK_SIGNING_DSA:
        return EVP_PKEY_is_a(key, "DSA");
    case PK_SIGNING_ECDSA:
        return EVP_PKEY_is_a(key, "EC") && curve_name(key, curve) != NULL;
    }
    return false;
}

static bool set_padding(EVP_PKEY_CTX *ctx, enum pk_signing signing, const EVP_MD *md)
{
    if (EVP_PKEY_CTX_set_signature_md(ctx, md) != 1) {
        return false;
    }
    if (signing == PK_SIGNING_RSA) {
        return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
    }
    if (signing == PK_SIGNING_RSA_PSS) {
        return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
    }
    return true;
}

bool pk_signature_is_pair(struct pk_slice signature)
{
    struct pk_der sequence;
    struct pk_der number;

    return pk_der_next(&signature, &sequence) == PK_OK && sequence.tag == PK_DER_SEQUENCE &&
            signature.len == 0 && pk_der_next(&sequence.value, &number) == PK_OK &&
            number.tag == PK_DER_INTEGER && pk_der_next(&sequence.value, &number) == PK_OK &&
            number.tag == PK_DER_INTEGER && sequence.value.len == 0;
}

/* What PKCS #1 pads: a SEQUENCE of the hash's algorithm and the digest. */
static bool is_digest_info(struct pk_slice in, enum pk_hash hash)
{
    struct pk_der info;
    struct pk_der algorithm;
    struct pk_der oid;
    struct pk_der digest;
    char text[PK_OID_TEXT];

    return pk_der_expect(&in, PK_DER_SEQUENCE, &info) == PK_OK && in.len == 0 &&
            pk_der_expect(&info.value, PK_DER_SEQUENCE, &algorithm) == PK_OK &&
            pk_der_expect(&algorithm.value, PK_DER_OID, &oid) == PK_OK &&
            strcmp(pk_der_oid(oid.value, text), hashes[hash].oid) == 0 &&
            pk_der_expect(&info.value, PK_DER_OCTET_STRING, &digest) == PK_OK &&
            info.value.len == 0;
}

/* An RSA signature that does not hold: is it well padded and yet of something else than a digest of this
 * kind? */
static bool holds_something_else(EVP_PKEY *key, enum pk_hash hash, struct pk_slice signature)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    uint8_t *plain = malloc(signature.len);
    size_t len = signature.len;
    bool padded = ctx != NULL && plain != NULL && EVP_PKEY_verify_recover_init(ctx) == 1 &&
            EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
            EVP_PKEY_verify_recover(ctx, plain, &len, signature.ptr, signature.len) == 1;
    bool other = padded && !is_digest_info(pk_slice_of(plain, len), hash);

    free(plain);
    EVP_PKEY_CTX_free(ctx);
    return other;
}

static bool is_signature(
        EVP_PKEY *key, enum pk_signing signing, enum pk_hash hash, struct pk_slice signature)
{
    bool rsa = signing == PK_SIGNING_RSA || signing == PK_SIGNING_RSA_PSS;

    if (rsa ? signature.len != (size_t)EVP_PKEY_get_size(key) : !pk_signature_is_pair(signature)) {
        return false;
    }
    return signing != PK_SIGNING_RSA || !holds_something_else(key, hash, signature);
}

int pk_key_verify_digest(EVP_PKEY *key, enum pk_signing signing, enum pk_hash hash,
        struct pk_slice digest, struct pk_slice signature)
{
    const EVP_MD *md = pk_hash_md(hash);
    EVP_PKEY_CTX *ctx;
    int rc = PK_OK;

    if (key == NULL || md == NULL || !key_fits(key, signing)) {
        return PK_ETYPE;
    }
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (digest.len != pk_hash_size(hash) || ctx == NULL || EVP_PKEY_verify_init(ctx) != 1 ||
            !set_padding(ctx, signing, md) ||
            EVP_PKEY_verify(ctx, signature.ptr, signature.len, digest.ptr, digest.len) != 1) {
        rc = is_signature(key, signing, hash, signature) ? PK_ECRYPTO : PK_EMALF;
    }
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return rc;
}

int pk_key_verify(EVP_PKEY *key, enum pk_signing signing, enum pk_hash hash,
        struct pk_slice message, struct pk_slice signature)
{
    uint8_t digest[PK_HASH_SIZE_MAX];

    if (pk_hash_digest(hash, message, digest) < 0) {
        return PK_ETYPE;
    }
    return pk_key_verify_digest(
            key, signing, hash, pk_slice_of(digest, pk_hash_size(hash)), signature);
}
