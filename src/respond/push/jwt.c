#include "respond/push/jwt.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "base/schema.h"

#define HALF          32UL /* bytes of r and of s on P-256 */
#define SIGNATURE_MAX 1024 /* RSA of up to 8192 bits */

/* Base64url without padding (RFC 7515 2). */
static void base64url(struct pk_slice in, struct pk_buffer *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    for (size_t i = 0; i < in.len; i += 3) {
        size_t left = in.len - i;
        uint32_t bits = (uint32_t)in.ptr[i] << 16;

        bits |= left > 1 ? (uint32_t)in.ptr[i + 1] << 8 : 0;
        bits |= left > 2 ? in.ptr[i + 2] : 0;
        (void)pk_buffer_putc(out, digits[bits >> 18]);
        (void)pk_buffer_putc(out, digits[bits >> 12 & 63]);
        if (left > 1) {
            (void)pk_buffer_putc(out, digits[bits >> 6 & 63]);
        }
        if (left > 2) {
            (void)pk_buffer_putc(out, digits[bits & 63]);
        }
    }
}

static void put_json(struct pk_buffer *out, const json_t *object)
{
    char *text = object != NULL ? pk_json_text(object) : NULL;

    if (text == NULL) {
        out->rc = PK_ENOMEM;
        return;
    }
    base64url(pk_slice_str(text), out);
    free(text);
}

/* No question for a password at the terminal. OpenSSL names the type.
 * NOLINTNEXTLINE(readability-non-const-parameter) */
static int no_password(char *out, int size, int writing, void *ctx)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)ctx;
    return 0;
}

static EVP_PKEY *read_key(struct pk_slice pem, enum pk_jwt_alg alg)
{
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
    int bits = key != NULL ? EVP_PKEY_get_bits(key) : 0;
    bool fits = key != NULL &&
            (alg == PK_JWT_ES256 ? EVP_PKEY_is_a(key, "EC") == 1 && bits == 256
                                 : EVP_PKEY_is_a(key, "RSA") == 1 && bits >= 2048 && bits <= 8192);

    if (!fits) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

/* OpenSSL gives DER; JWS wants the bare numbers. */
static bool bare(const uint8_t *der, size_t len, uint8_t out[2 * HALF])
{
    const uint8_t *p = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)len);
    bool good = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, HALF) == HALF &&
            BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + HALF, HALF) == HALF;

    ECDSA_SIG_free(sig);
    return good;
}

static bool sign_bytes(
        enum pk_jwt_alg alg, EVP_PKEY *key, struct pk_slice in, uint8_t *out, size_t *len)
{
    uint8_t der[SIGNATURE_MAX];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good;

    *len = sizeof(der);
    good = ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
            EVP_DigestSign(ctx, der, len, in.ptr, in.len) == 1;
    EVP_MD_CTX_free(ctx);
    if (good && alg == PK_JWT_ES256) {
        good = bare(der, *len, out);
        *len = 2 * HALF;
    } else if (good) {
        memcpy(out, der, *len);
    }
    ERR_clear_error();
    return good;
}

int pk_jwt_sign(enum pk_jwt_alg alg, const char *kid, const json_t *claims, struct pk_slice key_pem,
        struct pk_buffer *out, struct pk_error *err)
{
    EVP_PKEY *key = read_key(key_pem, alg);
    uint8_t signature[SIGNATURE_MAX];
    size_t from = out->len;
    size_t len = 0;
    json_t *header;
    int rc = PK_OK;

    if (key == NULL) {
        return pk_error_set(err, PK_ECRYPTO, "a private key of %s is wanted",
                alg == PK_JWT_ES256 ? "the curve P-256" : "RSA with 2048 bits or more");
    }
    header = json_pack("{s:s, s:s*, s:s}", "alg", alg == PK_JWT_ES256 ? "ES256" : "RS256", "kid",
            kid, "typ", "JWT");
    put_json(out, header);
    (void)pk_buffer_putc(out, '.');
    put_json(out, claims);
    json_decref(header);
    if (out->rc < 0) {
        rc = pk_error_set(err, out->rc, "the token is too long");
    } else if (!sign_bytes(
                       alg, key, pk_slice_of(out->ptr + from, out->len - from), signature, &len)) {
        rc = pk_error_set(err, PK_ECRYPTO, "cannot sign with this key");
    } else {
        (void)pk_buffer_putc(out, '.');
        base64url(pk_slice_of(signature, len), out);
        rc = out->rc;
    }
    EVP_PKEY_free(key);
    return rc;
}
