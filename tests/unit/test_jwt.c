#include <openssl/evp.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/crypt.h"
#include "check.h"
#include "server/jwt.h"

#define NOW INT64_C(1800000000)

/* A key of our own: what it signs is right but for what a row changes. */
struct fixture {
    struct pk_arena *arena;
    EVP_PKEY *key;
    struct pk_jwks *jwks;
};

static const char *url64(struct fixture *f, const void *bytes, size_t len)
{
    char *out = pk_arena_alloc(f->arena, PK_BASE64_SIZE(len), 1);

    pk_base64url(pk_slice_of(bytes, len), out);
    return out;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    uint8_t raw[32];
    size_t len = sizeof(raw);
    const char *text;

    f->arena = pk_arena_create(1 << 20);
    f->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    assert_int_equal(EVP_PKEY_get_raw_public_key(f->key, raw, &len), 1);
    text = pk_arena_printf(f->arena,
            "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k\",\"x\":\"%s\"},"
            "{\"kty\":\"oct\",\"kid\":\"shared\",\"k\":\"AAAA\"},{\"kty\":\"RSA\",\"n\":\"AQAB\","
            "\"e\":\"AQAB\",\"kid\":\"short\"},{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"use\":"
            "\"enc\","
            "\"x\":\"%s\"},5,{}]}",
            url64(f, raw, len), url64(f, raw, len));
    assert_int_equal(pk_jwks_parse(pk_slice_str(text), &f->jwks, NULL), PK_OK);
    assert_int_equal(pk_jwks_count(f->jwks), 1);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    pk_jwks_destroy(f->jwks);
    EVP_PKEY_free(f->key);
    pk_arena_destroy(f->arena);
    free(f);
    return 0;
}

static const char *sign(struct fixture *f, const char *header, const char *claims)
{
    const char *data = pk_arena_printf(
            f->arena, "%s.%s", url64(f, header, strlen(header)), url64(f, claims, strlen(claims)));
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t signature[64];
    size_t len = sizeof(signature);

    assert_int_equal(EVP_DigestSignInit(ctx, NULL, NULL, NULL, f->key), 1);
    assert_int_equal(EVP_DigestSign(ctx, signature, &len, (const uint8_t *)data, strlen(data)), 1);
    EVP_MD_CTX_free(ctx);
    return pk_arena_printf(f->arena, "%s.%s", data, url64(f, signature, len));
}

#define HEADER "{\"alg\":\"EdDSA\",\"kid\":\"k\"}"
#define CLAIMS           \
    "\"iss\":\"https://" \
    "op\",\"aud\":\"me\",\"exp\":1800000300,\"iat\":1800000000,\"nonce\":\"n\",\"sub\":\"s\""

static int check(struct fixture *f, const char *token)
{
    static const char *algorithms[] = { "RS256", "PS256", "ES256", "EdDSA", "none", "HS256" };
    struct pk_jwt_rules rules = {
        .issuer = "https://op",
        .client = "me",
        .algorithms = { algorithms, PK_COUNT(algorithms) },
        .nonce = "n",
        .access_token = "access",
        .now_ms = NOW * 1000,
    };
    struct pk_error err;
    json_t *claims = NULL;
    int rc = pk_jwt_check(f->jwks, token, &rules, f->arena, &claims, &err);

    assert_int_equal(rc == PK_OK, claims != NULL);
    return rc;
}

static void test_table(void **state)
{
    static const struct {
        const char *header;
        const char *claims;
        int rc;
    } rows[] = {
        { HEADER, "{" CLAIMS "}", PK_OK },
        { "{\"alg\":\"EdDSA\"}", "{" CLAIMS "}", PK_OK },
        { HEADER, "{" CLAIMS ",\"extra\":[1,{}]}", PK_OK },
        { HEADER, "{" CLAIMS ",\"azp\":\"me\"}", PK_OK },
        { HEADER, "{" CLAIMS ",\"azp\":\"you\"}", PK_ECRYPTO },
        { HEADER, "{" CLAIMS ",\"nbf\":1800000060}", PK_OK },
        { HEADER, "{" CLAIMS ",\"nbf\":1800000061}", PK_ECRYPTO },
        { HEADER, "{" CLAIMS ",\"at_hash\":\"AAAA\"}", PK_ECRYPTO },
        { HEADER, "{" CLAIMS ",\"iss\":\"https://op\"}", PK_ECRYPTO }, /* twice */
        { HEADER, "[]", PK_ECRYPTO },
        { HEADER, "{}", PK_ECRYPTO },
        { HEADER, "", PK_ECRYPTO },
        { "[]", "{" CLAIMS "}", PK_ECRYPTO },
        { "{}", "{" CLAIMS "}", PK_ECRYPTO },
        { "{\"alg\":\"EdDSA\",\"kid\":\"other\"}", "{" CLAIMS "}", PK_ENOENT },
        { "{\"alg\":\"RS256\",\"kid\":\"k\"}", "{" CLAIMS "}", PK_ENOENT },
        { "{\"alg\":\"none\",\"kid\":\"k\"}", "{" CLAIMS "}", PK_ECRYPTO },
        { "{\"alg\":\"HS256\",\"kid\":\"shared\"}", "{" CLAIMS "}", PK_ECRYPTO },
        { "{\"alg\":\"EdDSA\",\"kid\":\"k\",\"crit\":[]}", "{" CLAIMS "}", PK_ECRYPTO },
        { "{\"alg\":\"EdDSA\",\"kid\":[]}", "{" CLAIMS "}", PK_ECRYPTO },
        { HEADER,
                "{\"iss\":\"https://op\",\"aud\":\"me\",\"exp\":1799999941,\"iat\":1799999000,"
                "\"nonce\":\"n\",\"sub\":\"s\"}",
                PK_OK },
        { HEADER,
                "{\"iss\":\"https://op\",\"aud\":\"me\",\"exp\":1799999940,\"iat\":1799999000,"
                "\"nonce\":\"n\",\"sub\":\"s\"}",
                PK_ECRYPTO },
        { HEADER,
                "{\"iss\":\"https://op\",\"aud\":[],\"exp\":1800000300,\"iat\":1800000000,"
                "\"nonce\":\"n\",\"sub\":\"s\"}",
                PK_ECRYPTO },
        { HEADER,
                "{\"iss\":\"https://op\",\"aud\":\"me\",\"exp\":-1,\"iat\":1800000000,"
                "\"nonce\":\"n\",\"sub\":\"s\"}",
                PK_ECRYPTO },
        { HEADER,
                "{\"iss\":\"https://op\",\"aud\":\"me\",\"exp\":1e300,\"iat\":1800000000,"
                "\"nonce\":\"n\",\"sub\":\"s\"}",
                PK_ECRYPTO },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        int rc = check(f, sign(f, rows[i].header, rows[i].claims));

        if (rc != rows[i].rc) {
            print_message("row %zu: %d\n", i, rc);
        }
        assert_int_equal(rc, rows[i].rc);
    }
}

/* Every letter counts. */
static void test_turned(void **state)
{
    struct fixture *f = *state;
    const char *token = sign(f, HEADER, "{" CLAIMS "}");
    char *broken = pk_arena_strdup(f->arena, token);
    size_t len = strlen(token);

    assert_int_equal(check(f, token), PK_OK);
    for (size_t i = 0; i + 1 < len; i++) { /* the last letter has bits that nothing is in */
        char kept = broken[i];

        broken[i] = kept == 'A' ? 'B' : 'A';
        assert_int_not_equal(check(f, broken), PK_OK);
        broken[i] = '=';
        assert_int_not_equal(check(f, broken), PK_OK);
        broken[i] = '\n';
        assert_int_not_equal(check(f, broken), PK_OK);
        broken[i] = kept;
    }
    for (size_t i = 0; i < len; i++) {
        assert_int_not_equal(check(f, pk_arena_printf(f->arena, "%.*s", (int)i, token)), PK_OK);
    }
    assert_int_not_equal(check(f, pk_arena_printf(f->arena, "%s.", token)), PK_OK);
    assert_int_not_equal(check(f, pk_arena_printf(f->arena, "%s..", token)), PK_OK);
}

static void test_limits(void **state)
{
    struct fixture *f = *state;
    struct pk_buffer text = pk_buffer_of(2 * PK_JWKS_MAX);
    struct pk_jwks *jwks = NULL;

    for (size_t i = 0; i <= PK_JWT_MAX; i++) {
        assert_int_equal(pk_buffer_putc(&text, 'a'), PK_OK);
    }
    assert_int_equal(pk_buffer_putc(&text, '\0'), PK_OK);
    assert_int_equal(check(f, text.ptr), PK_ELIMIT);
    pk_buffer_clear(&text);
    for (int i = 0; i <= PK_JWKS_KEYS_MAX; i++) {
        assert_int_equal(pk_buffer_puts(&text, i == 0 ? "{\"keys\":[{}" : ",{}"), PK_OK);
    }
    assert_int_equal(pk_buffer_puts(&text, "]}"), PK_OK);
    assert_int_equal(pk_jwks_parse(pk_buffer_slice(&text), &jwks, NULL), PK_EMALF);
    while (text.len <= PK_JWKS_MAX) {
        assert_int_equal(pk_buffer_putc(&text, ' '), PK_OK);
    }
    assert_int_equal(pk_jwks_parse(pk_buffer_slice(&text), &jwks, NULL), PK_ELIMIT);
    assert_null(jwks);
    pk_buffer_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_table, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_turned, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
