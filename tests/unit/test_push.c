/* Pushes: tokens that we sign, and what the services' answers mean. */
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/crypt.h"
#include "check.h"
#include "respond/push/answer.h"
#include "respond/push/jwt.h"
#include "respond/push/settings.h"

static struct pk_buffer pem_of(EVP_PKEY *key)
{
    struct pk_buffer out = pk_buffer_of(16384);
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    long len;

    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    len = BIO_get_mem_data(bio, &text);
    assert_int_equal(pk_buffer_put(&out, text, (size_t)len), PK_OK);
    BIO_free(bio);
    return out;
}

/* Base64url back to bytes, by the other decoder. */
static size_t decode(const char *text, size_t len, uint8_t *out, size_t max)
{
    char plain[4096];
    size_t out_len = 0;
    size_t at = 0;

    assert_true(len + 4 < sizeof(plain));
    for (; at < len; at++) {
        plain[at] = (char)(text[at] == '-' ? '+' : text[at] == '_' ? '/' : text[at]);
    }
    while (at % 4 != 0) {
        plain[at++] = '=';
    }
    assert_int_equal(pk_unbase64(pk_slice_of(plain, at), out, max, &out_len), PK_OK);
    return out_len;
}

static void verify(const char *jwt, EVP_PKEY *key, bool es256)
{
    const char *dot = strrchr(jwt, '.');
    uint8_t raw[1024];
    size_t len = decode(dot + 1, strlen(dot + 1), raw, sizeof(raw));
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t *der = NULL;
    int der_len = 0;

    if (es256) {
        ECDSA_SIG *sig = ECDSA_SIG_new();

        assert_int_equal(len, 64);
        assert_int_equal(
                ECDSA_SIG_set0(sig, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL)), 1);
        der_len = i2d_ECDSA_SIG(sig, &der);
        ECDSA_SIG_free(sig);
    }
    assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestVerify(ctx, es256 ? der : raw, es256 ? (size_t)der_len : len,
                             (const uint8_t *)jwt, (size_t)(dot - jwt)),
            1);
    EVP_MD_CTX_free(ctx);
    OPENSSL_free(der);
}

static void test_jwt(void **state)
{
    EVP_PKEY *ec = EVP_EC_gen("P-256");
    EVP_PKEY *ec384 = EVP_EC_gen("P-384");
    EVP_PKEY *rsa = EVP_RSA_gen(2048);
    struct pk_buffer ec_pem = pem_of(ec);
    struct pk_buffer ec384_pem = pem_of(ec384);
    struct pk_buffer rsa_pem = pem_of(rsa);
    json_t *claims = json_pack("{s:s, s:i}", "iss", "T1", "iat", 1);
    struct pk_error err = { 0 };
    struct pk_buffer out = pk_buffer_of(4096);
    uint8_t header[256];
    size_t len;

    (void)state;
    for (int i = 0; i < 40; i++) { /* r or s has a leading zero now and then */
        pk_buffer_clear(&out);
        assert_int_equal(
                pk_jwt_sign(PK_JWT_ES256, "K1", claims, pk_buffer_slice(&ec_pem), &out, &err),
                PK_OK);
        verify(out.ptr, ec, true);
    }
    len = decode(out.ptr, strcspn(out.ptr, "."), header, sizeof(header) - 1);
    header[len] = '\0';
    assert_string_equal((char *)header, "{\"alg\":\"ES256\",\"kid\":\"K1\",\"typ\":\"JWT\"}");
    pk_buffer_clear(&out);
    assert_int_equal(
            pk_jwt_sign(PK_JWT_RS256, NULL, claims, pk_buffer_slice(&rsa_pem), &out, &err), PK_OK);
    verify(out.ptr, rsa, false);
    assert_int_equal(pk_jwt_sign(PK_JWT_ES256, "K", claims, pk_buffer_slice(&rsa_pem), &out, &err),
            PK_ECRYPTO);
    assert_int_equal(
            pk_jwt_sign(PK_JWT_ES256, "K", claims, pk_buffer_slice(&ec384_pem), &out, &err),
            PK_ECRYPTO);
    assert_int_equal(
            pk_jwt_sign(PK_JWT_RS256, "K", claims, pk_slice_str("no key"), &out, &err), PK_ECRYPTO);
    json_decref(claims);
    pk_buffer_finish(&out);
    pk_buffer_finish(&ec_pem);
    pk_buffer_finish(&ec384_pem);
    pk_buffer_finish(&rsa_pem);
    EVP_PKEY_free(ec);
    EVP_PKEY_free(ec384);
    EVP_PKEY_free(rsa);
}

static void test_apns(void **state)
{
    static const struct {
        long status;
        const char *body;
        enum pk_push_verdict verdict;
        int64_t until_ms;
        const char *reason;
    } rows[] = {
        { 200, "", PK_PUSH_DONE, 0, "" },
        { 400, "{\"reason\":\"BadDeviceToken\"}", PK_PUSH_GONE, 0, "BadDeviceToken" },
        { 400, "{\"reason\":\"BadTopic\"}", PK_PUSH_REFUSED, 0, "BadTopic" },
        { 403, "{\"reason\":\"ExpiredProviderToken\"}", PK_PUSH_SIGN_IN, 0,
                "ExpiredProviderToken" },
        { 404, "", PK_PUSH_REFUSED, 0, "" },
        { 410, "{\"reason\":\"Unregistered\",\"timestamp\":1795395723456}", PK_PUSH_GONE,
                1795395723456, "Unregistered" },
        { 410, "{\"reason\":\"Unregistered\",\"timestamp\":-1}", PK_PUSH_GONE, 0, "Unregistered" },
        { 413, "{}", PK_PUSH_REFUSED, 0, "" },
        { 429, "{\"reason\":\"TooManyRequests\"}", PK_PUSH_LATER, 0, "TooManyRequests" },
        { 429, "{\"reason\":\"TooManyProviderTokenUpdates\"}", PK_PUSH_DOWN, 0,
                "TooManyProviderTokenUpdates" },
        { 503, "<html>", PK_PUSH_DOWN, 0, "" },
        { 0, "", PK_PUSH_DOWN, 0, "" },
        { 400, "{\"reason\":\"a line\\nand another\"}", PK_PUSH_REFUSED, 0, "" },
        { 400, "{\"reason\":[1]}", PK_PUSH_REFUSED, 0, "" },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_push_answer a;

        pk_apns_answer(rows[i].status, pk_slice_str(rows[i].body), &a);
        assert_int_equal(a.verdict, rows[i].verdict);
        assert_int_equal(a.until_ms, rows[i].until_ms);
        assert_string_equal(a.reason, rows[i].reason);
    }
}

#define FCM(code) \
    "{\"error\":{\"status\":\"X\",\"details\":[{\"a\":1},{\"errorCode\":\"" code "\"}]}}"

static void test_fcm(void **state)
{
    static const struct {
        long status;
        const char *body;
        enum pk_push_verdict verdict;
    } rows[] = {
        { 200, "{\"name\":\"projects/p/messages/1\"}", PK_PUSH_DONE },
        { 400, FCM("INVALID_ARGUMENT"), PK_PUSH_REFUSED },
        { 401, "{\"error\":{\"status\":\"UNAUTHENTICATED\"}}", PK_PUSH_SIGN_IN },
        { 403, FCM("SENDER_ID_MISMATCH"), PK_PUSH_GONE },
        { 403, "{\"error\":{\"status\":\"PERMISSION_DENIED\"}}", PK_PUSH_DOWN },
        { 404, FCM("UNREGISTERED"), PK_PUSH_GONE },
        { 404, "<html>no such page</html>", PK_PUSH_DOWN },
        { 429, FCM("QUOTA_EXCEEDED"), PK_PUSH_LATER },
        { 500, FCM("INTERNAL"), PK_PUSH_DOWN },
        { 503, "", PK_PUSH_DOWN },
        { 404, "{\"error\":{\"details\":\"UNREGISTERED\"}}", PK_PUSH_DOWN },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_push_answer a;

        pk_fcm_answer(rows[i].status, pk_slice_str(rows[i].body), &a);
        assert_int_equal(a.verdict, rows[i].verdict);
    }
}

static void test_access_token(void **state)
{
    static const struct {
        const char *body;
        int rc;
    } rows[] = {
        { "{\"access_token\":\"ya29.x\",\"expires_in\":3599}", PK_OK },
        { "{\"access_token\":\"\",\"expires_in\":3599}", PK_EMALF },
        { "{\"access_token\":\"a b\",\"expires_in\":3599}", PK_EMALF },
        { "{\"access_token\":\"a\\r\\nX: y\",\"expires_in\":3599}", PK_EMALF },
        { "{\"access_token\":\"a\",\"expires_in\":0}", PK_EMALF },
        { "{\"access_token\":\"a\",\"expires_in\":\"3599\"}", PK_EMALF },
        { "{\"access_token\":\"a\"}", PK_EMALF },
        { "{\"access_token\":\"0123456789abcdef\",\"expires_in\":1}", PK_ELIMIT },
        { "[]", PK_EMALF },
        { "", PK_EMALF },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        char token[16] = "before";
        int64_t lives_ms = 7;
        struct pk_error err = { 0 };

        assert_int_equal(pk_fcm_access_token(
                                 pk_slice_str(rows[i].body), token, sizeof(token), &lives_ms, &err),
                rows[i].rc);
        assert_string_equal(token, rows[i].rc == PK_OK ? "ya29.x" : "before");
        assert_int_equal(lives_ms, rows[i].rc == PK_OK ? 3599000 : 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jwt),
        cmocka_unit_test(test_apns),
        cmocka_unit_test(test_fcm),
        cmocka_unit_test(test_access_token),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
