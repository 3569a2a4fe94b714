#include "fleet/identity.h"

#include <openssl/pkcs7.h>
#include <stdio.h>
#include <string.h>

#define DER_MAX 16384

void pk_identity_finish(struct pk_identity *identity)
{
    EVP_PKEY_free(identity->key);
    X509_free(identity->certificate);
    *identity = (struct pk_identity){ 0 };
}

int pk_identity_make_key(struct pk_identity *identity, struct pk_error *err)
{
    identity->key = EVP_EC_gen("P-256");
    return identity->key != NULL ? PK_OK : pk_error_set(err, PK_ECRYPTO, "cannot make a key");
}

int pk_identity_request(
        const struct pk_identity *identity, struct pk_buffer *out, struct pk_error *err)
{
    X509_REQ *request = X509_REQ_new();
    unsigned char *der = NULL;
    char text[PK_BASE64_SIZE(DER_MAX)];
    int len = -1;

    if (request != NULL && X509_REQ_set_pubkey(request, identity->key) == 1 &&
            X509_REQ_sign(request, identity->key, EVP_sha256()) > 0) {
        len = i2d_X509_REQ(request, &der);
    }
    X509_REQ_free(request);
    if (len <= 0 || len > DER_MAX) {
        OPENSSL_free(der);
        return pk_error_set(err, PK_ECRYPTO, "cannot make a certificate request");
    }
    pk_base64(pk_slice_of(der, (size_t)len), text);
    OPENSSL_free(der);
    return pk_buffer_puts(out, text);
}

static PKCS7 *parse(struct pk_slice pkcs7, struct pk_error *err)
{
    uint8_t der[DER_MAX];
    const unsigned char *p = der;
    size_t len = 0;
    PKCS7 *out = NULL;

    if (pk_unbase64(pkcs7, der, sizeof(der), &len) == PK_OK) {
        out = d2i_PKCS7(NULL, &p, (long)len);
    }
    if (out == NULL || !PKCS7_type_is_signed(out)) {
        PKCS7_free(out);
        (void)pk_error_set(err, PK_EMALF, "the server sent no certificates");
        return NULL;
    }
    return out;
}

static int take_id(struct pk_identity *identity, struct pk_error *err)
{
    X509_NAME *subject = X509_get_subject_name(identity->certificate);

    if (X509_NAME_get_text_by_NID(subject, NID_commonName, identity->id, sizeof(identity->id)) !=
            PK_UUID_TEXT - 1) {
        return pk_error_set(err, PK_EMALF, "the certificate names no device");
    }
    return PK_OK;
}

int pk_identity_accept(struct pk_identity *identity, struct pk_slice pkcs7, struct pk_error *err)
{
    PKCS7 *p7 = parse(pkcs7, err);
    int rc;

    if (p7 == NULL) {
        return PK_EMALF;
    }
    rc = pk_error_set(err, PK_ECRYPTO, "no certificate in the answer fits the key");
    for (int i = 0; i < sk_X509_num(p7->d.sign->cert); i++) {
        X509 *certificate = sk_X509_value(p7->d.sign->cert, i);

        if (X509_check_private_key(certificate, identity->key) == 1) {
            (void)X509_up_ref(certificate);
            identity->certificate = certificate;
            rc = take_id(identity, err);
            break;
        }
    }
    PKCS7_free(p7);
    return rc;
}

int pk_identity_ca(
        struct pk_slice pkcs7, const uint8_t pin[PK_SHA256_SIZE], X509 **out, struct pk_error *err)
{
    PKCS7 *p7 = parse(pkcs7, err);
    int rc;

    if (p7 == NULL) {
        return PK_EMALF;
    }
    rc = pk_error_set(err, PK_ECRYPTO, "the server's CA is not the one that the link names");
    for (int i = 0; i < sk_X509_num(p7->d.sign->cert); i++) {
        X509 *certificate = sk_X509_value(p7->d.sign->cert, i);
        uint8_t digest[EVP_MAX_MD_SIZE];
        unsigned len = 0;

        if (X509_digest(certificate, EVP_sha256(), digest, &len) == 1 && len == PK_SHA256_SIZE &&
                memcmp(digest, pin, len) == 0) {
            (void)X509_up_ref(certificate);
            *out = certificate;
            rc = PK_OK;
            break;
        }
    }
    PKCS7_free(p7);
    return rc;
}
