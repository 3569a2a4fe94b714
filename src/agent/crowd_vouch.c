#include "agent/crowd_vouch.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#define DER_MAX 4096

static X509 *read_ca(const char *path)
{
    BIO *bio = path != NULL ? BIO_new_file(path, "r") : NULL;
    X509 *ca = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

    BIO_free(bio);
    return ca;
}

static bool in_time(const X509 *certificate, int64_t now_ms)
{
    time_t now = (time_t)(now_ms / 1000);

    return now_ms == 0 ||
            (X509_cmp_time(X509_get0_notBefore(certificate), &now) < 0 &&
                    X509_cmp_time(X509_get0_notAfter(certificate), &now) > 0);
}

static const char *judge(X509 *certificate, X509 *ca, int64_t now_ms, uint8_t key[PK_SIGN_KEY_SIZE])
{
    EVP_PKEY *issuer = X509_get0_pubkey(ca);
    EVP_PKEY *own = X509_get0_pubkey(certificate);
    size_t len = PK_SIGN_KEY_SIZE;

    if (issuer == NULL || X509_verify(certificate, issuer) != 1) {
        return "it is not of the deployment's CA";
    }
    if ((X509_get_extension_flags(certificate) & (EXFLAG_CA | EXFLAG_INVALID)) != 0 ||
            (X509_get_extension_flags(certificate) & EXFLAG_XKUSAGE) == 0 ||
            X509_get_extended_key_usage(certificate) != XKU_CODE_SIGN) {
        return "it is not for signing";
    }
    if (!in_time(certificate, now_ms)) {
        return "its time is over, or not yet there";
    }
    if (own == NULL || EVP_PKEY_get_base_id(own) != EVP_PKEY_ED25519 ||
            EVP_PKEY_get_raw_public_key(own, key, &len) != 1 || len != PK_SIGN_KEY_SIZE) {
        return "its key is not of Ed25519";
    }
    return NULL;
}

int pk_crowd_vouch(struct pk_slice der, const char *ca_file, int64_t now_ms,
        uint8_t key[PK_SIGN_KEY_SIZE], struct pk_error *err)
{
    const unsigned char *at = der.ptr;
    X509 *certificate = der.len > 0 && der.len <= DER_MAX ? d2i_X509(NULL, &at, (long)der.len)
                                                          : NULL;
    X509 *ca = read_ca(ca_file);
    uint8_t found[PK_SIGN_KEY_SIZE];
    const char *why = certificate == NULL || at != der.ptr + der.len ? "it is no certificate"
            : ca == NULL                                             ? "the CA cannot be read"
                         : judge(certificate, ca, now_ms, found);

    X509_free(certificate);
    X509_free(ca);
    ERR_clear_error();
    if (why != NULL) {
        return pk_error_set(err, PK_ECRYPTO, "the key of the crowd's words: %s", why);
    }
    memcpy(key, found, sizeof(found));
    return PK_OK;
}
