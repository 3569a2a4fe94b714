/* Keys and signatures of each kind: what holds, what does not, and which key fits which signature. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "check.h"
#include "formats/pubkey.h"

#define ARENA_MAX (1UL << 20)

/* The public half of a key, read as from a file. */
static EVP_PKEY *reread(EVP_PKEY *key, struct pk_arena *arena)
{
    unsigned char *spki = NULL;
    int len = i2d_PUBKEY(key, &spki);
    EVP_PKEY *out = NULL;

    assert_true(len > 0);
    assert_int_equal(pk_key_parse(pk_slice_of(spki, (size_t)len), arena, &out), PK_OK);
    OPENSSL_free(spki);
    return out;
}

static EVP_PKEY *dsa_key(void)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
    EVP_PKEY *params = NULL;
    EVP_PKEY *key = NULL;
    size_t bits = 1024;
    size_t q_bits = 160;
    OSSL_PARAM sizes[] = { OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_FFC_PBITS, &bits),
        OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_FFC_QBITS, &q_bits),
        OSSL_PARAM_construct_end() };

    assert_int_equal(EVP_PKEY_paramgen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_params(ctx, sizes), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &params), 1);
    EVP_PKEY_CTX_free(ctx);
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, params, NULL);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(params);
    return key;
}

/* Signs the text; the caller frees *out. */
static size_t sign(EVP_PKEY *key, enum pk_hash hash, bool pss, const char *text, uint8_t **out)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how = NULL;
    size_t len = 0;

    assert_int_equal(EVP_DigestSignInit(ctx, &how, pk_hash_md(hash), NULL, key), 1);
    if (pss) {
        assert_true(EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) > 0);
        assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) > 0);
    }
    assert_int_equal(EVP_DigestSign(ctx, NULL, &len, (const uint8_t *)text, strlen(text)), 1);
    *out = malloc(len);
    assert_non_null(*out);
    assert_int_equal(EVP_DigestSign(ctx, *out, &len, (const uint8_t *)text, strlen(text)), 1);
    EVP_MD_CTX_free(ctx);
    return len;
}

static void check_kind(
        EVP_PKEY *key, enum pk_signing signing, enum pk_hash hash, const char *key_text)
{
    static const char text[] = "what is signed";
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    EVP_PKEY *public = reread(key, arena);
    uint8_t *signature;
    size_t len = sign(key, hash, signing == PK_SIGNING_RSA_PSS, text, &signature);
    struct pk_slice sig = pk_slice_of(signature, len);

    assert_string_equal(pk_key_text(public, arena), key_text);
    assert_int_equal(pk_key_verify(public, signing, hash, pk_slice_str(text), sig), PK_OK);
    assert_int_equal(
            pk_key_verify(public, signing, hash, pk_slice_str("another"), sig), PK_ECRYPTO);
    /* PKCS #1 says inside which hash it is of. */
    assert_int_equal(
            pk_key_verify(public, signing, hash == PK_HASH_SHA512 ? PK_HASH_SHA256 : PK_HASH_SHA512,
                    pk_slice_str(text), sig),
            signing == PK_SIGNING_RSA ? PK_EMALF : PK_ECRYPTO);
    signature[len - 1] ^= 1;
    assert_int_equal(pk_key_verify(public, signing, hash, pk_slice_str(text), sig), PK_ECRYPTO);
    assert_int_equal(
            pk_key_verify(public, signing, hash, pk_slice_str(text), pk_slice_of(sig.ptr, 0)),
            PK_EMALF);
    assert_int_equal(
            pk_key_verify(public, PK_SIGNING_NONE, hash, pk_slice_str(text), sig), PK_ETYPE);
    assert_int_equal(
            pk_key_verify(public, signing, PK_HASH_NONE, pk_slice_str(text), sig), PK_ETYPE);
    assert_int_equal(
            pk_key_verify(public, signing == PK_SIGNING_ECDSA ? PK_SIGNING_RSA : PK_SIGNING_ECDSA,
                    hash, pk_slice_str(text), sig),
            PK_ETYPE);
    free(signature);
    pk_arena_destroy(arena);
}

static void each_kind_holds_or_not(void **state)
{
    static const struct {
        const char *curve;
        const char *text;
    } curves[] = {
        { "P-224", "EC P-224" },
        { "P-256", "EC P-256" },
        { "P-384", "EC P-384" },
        { "P-521", "EC P-521" },
    };
    EVP_PKEY *rsa = EVP_RSA_gen(1024);
    EVP_PKEY *dsa = dsa_key();

    for (size_t hash = PK_HASH_MD5; hash < PK_HASH_COUNT; hash++) {
        check_kind(rsa, PK_SIGNING_RSA, (enum pk_hash)hash, "RSA 1024");
    }
    check_kind(rsa, PK_SIGNING_RSA_PSS, PK_HASH_SHA256, "RSA 1024");
    check_kind(dsa, PK_SIGNING_DSA, PK_HASH_SHA1, "DSA 1024");
    for (size_t i = 0; i < PK_COUNT(curves); i++) {
        EVP_PKEY *key = EVP_EC_gen(curves[i].curve);

        check_kind(key, PK_SIGNING_ECDSA, PK_HASH_SHA1, curves[i].text);
        check_kind(key, PK_SIGNING_ECDSA, PK_HASH_SHA512, curves[i].text);
        EVP_PKEY_free(key);
    }
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(dsa);
}

/* No platform knows these curves. */
static void other_curves_verify_nothing(void **state)
{
    static const char text[] = "what is signed";
    static const char *const curves[] = { "secp256k1", "brainpoolP256r1", "sect571r1" };

    for (size_t i = 0; i < PK_COUNT(curves); i++) {
        struct pk_arena *arena = pk_arena_create(ARENA_MAX);
        EVP_PKEY *key = EVP_EC_gen(curves[i]);
        EVP_PKEY *public = reread(key, arena);
        char expected[64];
        uint8_t *signature;
        size_t len = sign(key, PK_HASH_SHA256, false, text, &signature);

        (void)snprintf(expected, sizeof(expected), "EC %s", curves[i]);
        assert_string_equal(pk_key_text(public, arena), expected);
        assert_int_equal(pk_key_verify(public, PK_SIGNING_ECDSA, PK_HASH_SHA256, pk_slice_str(text),
                                 pk_slice_of(signature, len)),
                PK_ETYPE);
        free(signature);
        EVP_PKEY_free(key);
        pk_arena_destroy(arena);
    }
}

static void what_is_no_key_is_refused(void **state)
{
    static const uint8_t bytes[] = { 0x30, 0x0a, 0x30, 0x03, 0x06, 0x01, 0x2a, 0x03, 0x03, 0x00,
        0x05, 0x00 };
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);

    for (size_t len = 0; len <= sizeof(bytes); len++) {
        uint8_t *heap = pk_test_dup(bytes, len);
        EVP_PKEY *key = NULL;

        assert_int_equal(pk_key_parse(pk_slice_of(heap, len), arena, &key), PK_EMALF);
        assert_null(key);
        free(heap);
    }
    assert_string_equal(pk_key_text(NULL, arena), "");
    pk_arena_destroy(arena);
}

static void algorithms_have_names(void **state)
{
    enum pk_hash hash;

    assert_int_equal(pk_signing_by_oid("1.2.840.113549.1.1.11", &hash), PK_SIGNING_RSA);
    assert_int_equal(hash, PK_HASH_SHA256);
    assert_int_equal(pk_signing_by_oid("1.2.840.10045.2.1", &hash), PK_SIGNING_ECDSA);
    assert_int_equal(hash, PK_HASH_NONE);
    assert_int_equal(pk_signing_by_oid("1.2.3", &hash), PK_SIGNING_NONE);
    assert_int_equal(pk_hash_by_oid("2.16.840.1.101.3.4.2.1"), PK_HASH_SHA256);
    assert_int_equal(pk_hash_by_oid(""), PK_HASH_NONE);
    for (size_t i = PK_HASH_MD5; i < PK_HASH_COUNT; i++) {
        assert_int_equal(
                EVP_MD_get_size(pk_hash_md((enum pk_hash)i)), pk_hash_size((enum pk_hash)i));
    }
    assert_null(pk_hash_md(PK_HASH_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_holds_or_not),
        cmocka_unit_test(other_curves_verify_nothing),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(algorithms_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
