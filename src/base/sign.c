#include "base/sign.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/buffer.h"
#include "base/crypt.h"
#include "base/file.h"

#define HEX (2UL * PK_SIGN_KEY_SIZE)

void pk_sign_finger(const uint8_t key[PK_SIGN_KEY_SIZE], uint8_t out[PK_SIGN_FINGER])
{
    uint8_t digest[PK_SHA256_SIZE];

    pk_sha256(pk_slice_of(key, PK_SIGN_KEY_SIZE), digest);
    memcpy(out, digest, PK_SIGN_FINGER);
}

int pk_signer_of(const uint8_t secret[PK_SIGN_KEY_SIZE], struct pk_signer *out)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, PK_SIGN_KEY_SIZE);
    size_t len = PK_SIGN_KEY_SIZE;
    int rc = PK_ECRYPTO;

    if (key != NULL && EVP_PKEY_get_raw_public_key(key, out->key, &len) == 1 &&
            len == PK_SIGN_KEY_SIZE) {
        memcpy(out->secret, secret, PK_SIGN_KEY_SIZE);
        pk_sign_finger(out->key, out->finger);
        pk_hex(pk_slice_of(out->finger, PK_SIGN_FINGER), out->finger_text);
        rc = PK_OK;
    }
    EVP_PKEY_free(key);
    return rc;
}

static int make_key(const char *path, uint8_t secret[PK_SIGN_KEY_SIZE], struct pk_error *err)
{
    char text[HEX + 2];
    int rc;

    pk_random(secret, PK_SIGN_KEY_SIZE);
    pk_hex(pk_slice_of(secret, PK_SIGN_KEY_SIZE), text);
    text[HEX] = '\n';
    text[HEX + 1] = '\0';
    rc = pk_file_write(path, pk_slice_of(text, HEX + 1), 0600, err);
    OPENSSL_cleanse(text, sizeof(text));
    return rc;
}

int pk_signer_open(const char *path, struct pk_signer *out, struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(HEX + 2);
    uint8_t secret[PK_SIGN_KEY_SIZE];
    int rc = pk_file_read(path, &text, err);

    if (rc == PK_ENOENT) {
        rc = make_key(path, secret, err);
    } else if (rc == PK_OK) {
        if (text.len > 0 && text.ptr[text.len - 1] == '\n') {
            text.ptr[text.len - 1] = '\0';
        }
        rc = text.ptr != NULL ? pk_unhex(text.ptr, secret, sizeof(secret)) : PK_EMALF;
        if (rc < 0) {
            rc = pk_error_set(err, PK_EMALF, "'%s' holds no key of 64 hex digits", path);
        }
    }
    if (rc == PK_OK && pk_signer_of(secret, out) < 0) {
        rc = pk_error_set(err, PK_ECRYPTO, "'%s': the key cannot be used", path);
    }
    OPENSSL_cleanse(secret, sizeof(secret));
    if (text.ptr != NULL) {
        OPENSSL_cleanse(text.ptr, text.len);
    }
    pk_buffer_finish(&text);
    return rc;
}

void pk_signer_finish(struct pk_signer *signer)
{
    OPENSSL_cleanse(signer, sizeof(*signer));
}

int pk_sign(const struct pk_signer *signer, struct pk_slice bytes, uint8_t out[PK_SIGN_SIZE])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(
            EVP_PKEY_ED25519, NULL, signer->secret, PK_SIGN_KEY_SIZE);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t len = PK_SIGN_SIZE;
    bool done = key != NULL && ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
            EVP_DigestSign(ctx, out, &len, bytes.ptr, bytes.len) == 1 && len == PK_SIGN_SIZE;

    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return done ? PK_OK : PK_ECRYPTO;
}

bool pk_sign_holds(const uint8_t key[PK_SIGN_KEY_SIZE], struct pk_slice bytes,
        const uint8_t signature[PK_SIGN_SIZE])
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, PK_SIGN_KEY_SIZE);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool holds = pkey != NULL && ctx != NULL &&
            EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
            EVP_DigestVerify(ctx, signature, PK_SIGN_SIZE, bytes.ptr, bytes.len) == 1;

    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return holds;
}

int pk_sign_buffer(const struct pk_signer *signer, struct pk_buffer *out)
{
    uint8_t signature[PK_SIGN_SIZE];
    int rc = pk_sign(signer, pk_buffer_slice(out), signature);

    return rc < 0 ? rc : pk_buffer_put(out, signature, sizeof(signature));
}

bool pk_sign_ends(const uint8_t key[PK_SIGN_KEY_SIZE], struct pk_slice bytes)
{
    size_t len = bytes.len;

    return len >= PK_SIGN_SIZE &&
            pk_sign_holds(key, pk_slice_of(bytes.ptr, len - PK_SIGN_SIZE),
                    bytes.ptr + len - PK_SIGN_SIZE);
}
