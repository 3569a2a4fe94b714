#include "server/x509.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <time.h>

#include "base/crypt.h"
#include "base/file.h"

#define PEM_MAX      65536
#define SERIAL_BYTES 20

const char *pk_x509_why(void)
{
    const char *why = ERR_reason_error_string(ERR_peek_last_error());

    ERR_clear_error();
    return why != NULL ? why : "no reason given";
}

EVP_PKEY *pk_x509_new_key(void)
{
    return EVP_EC_gen("P-256");
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *extension;
    bool ok;

    if (value == NULL) {
        return true;
    }
    X509V3_set_ctx(&ctx, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    ok = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

/* 159 random bits: unpredictable, positive, never zero, always 20 bytes. */
static bool set_serial(X509 *certificate)
{
    unsigned char bytes[SERIAL_BYTES];
    BIGNUM *number;
    bool ok;

    pk_random(bytes, sizeof(bytes));
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40);
    number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    ok = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return ok;
}

static bool set_name(X509 *certificate, const char *common_name)
{
    X509_NAME *name = X509_get_subject_name(certificate);

    return X509_NAME_add_entry_by_txt(
                   name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0) == 1;
}

X509 *pk_x509_make(const struct pk_x509_profile *profile, EVP_PKEY *subject, X509 *issuer,
        EVP_PKEY *issuer_key)
{
    X509 *made = X509_new();
    X509 *signer = issuer != NULL ? issuer : made;
    time_t from = (time_t)(profile->not_before_ms / 1000);
    time_t to = (time_t)(profile->not_after_ms / 1000);

    if (made != NULL && X509_set_version(made, X509_VERSION_3) == 1 && set_serial(made) &&
            set_name(made, profile->common_name) &&
            X509_set_issuer_name(made, X509_get_subject_name(signer)) == 1 &&
            ASN1_TIME_set(X509_getm_notBefore(made), from) != NULL &&
            ASN1_TIME_set(X509_getm_notAfter(made), to) != NULL &&
            X509_set_pubkey(made, subject) == 1 &&
            add_extension(made, signer, NID_basic_constraints, profile->basic) &&
            add_extension(made, signer, NID_key_usage, profile->key_usage) &&
            add_extension(made, signer, NID_ext_key_usage, profile->extended) &&
            add_extension(made, signer, NID_subject_alt_name, profile->alt_names) &&
            add_extension(made, signer, NID_subject_key_identifier, "hash") &&
            add_extension(made, signer, NID_authority_key_identifier, "keyid") &&
            X509_sign(made, issuer_key, EVP_sha256()) > 0) {
        return made;
    }
    X509_free(made);
    return NULL;
}

int pk_x509_serial(const X509 *certificate, char out[PK_SERIAL_TEXT])
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
    BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
    unsigned char bytes[SERIAL_BYTES];
    int rc = PK_EMALF;

    if (number != NULL && BN_is_negative(number) == 0 &&
            BN_bn2binpad(number, bytes, sizeof(bytes)) == (int)sizeof(bytes)) {
        pk_hex(pk_slice_of(bytes, sizeof(bytes)), out);
        rc = PK_OK;
    }
    BN_free(number);
    return rc;
}

int64_t pk_x509_not_after_ms(const X509 *certificate)
{
    struct tm tm;

    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1) {
        return 0;
    }
    return (int64_t)timegm(&tm) * 1000;
}

static char *take_bio(BIO *bio)
{
    char *bytes = NULL;
    long len = BIO_get_mem_data(bio, &bytes);

    return len > 0 ? strndup(bytes, (size_t)len) : NULL;
}

char *pk_x509_pem(X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = bio != NULL && PEM_write_bio_X509(bio, certificate) == 1 ? take_bio(bio) : NULL;

    BIO_free(bio);
    return text;
}

char *pk_x509_key_pem(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;

    if (bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1) {
        text = take_bio(bio);
    }
    BIO_free(bio);
    return text;
}

static int open_pem(const char *path, struct pk_buffer *text, BIO **out, struct pk_error *err)
{
    int rc;

    *text = pk_buffer_of(PEM_MAX);
    rc = pk_file_read(path, text, err);
    if (rc < 0) {
        return rc;
    }
    *out = BIO_new_mem_buf(text->ptr != NULL ? text->ptr : "", (int)text->len);
    return *out != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");
}

int pk_x509_load(const char *path, X509 **out, struct pk_error *err)
{
    struct pk_buffer text;
    BIO *bio = NULL;
    X509 *read = NULL;
    int rc = open_pem(path, &text, &bio, err);

    if (rc == PK_OK) {
        read = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (read == NULL) {
            rc = pk_error_set(
                    err, PK_ECRYPTO, "'%s' holds no certificate: %s", path, pk_x509_why());
        } else {
            *out = read;
        }
    }
    BIO_free(bio);
    pk_buffer_finish(&text);
    return rc;
}

int pk_x509_load_key(const char *path, EVP_PKEY **out, struct pk_error *err)
{
    struct pk_buffer text;
    BIO *bio = NULL;
    EVP_PKEY *read = NULL;
    int rc = open_pem(path, &text, &bio, err);

    if (rc == PK_OK) {
        read = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
        if (read == NULL) {
            rc = pk_error_set(
                    err, PK_ECRYPTO, "'%s' holds no private key: %s", path, pk_x509_why());
        } else {
            *out = read;
        }
    }
    BIO_free(bio);
    if (text.ptr != NULL) {
        OPENSSL_cleanse(text.ptr, text.len);
    }
    pk_buffer_finish(&text);
    return rc;
}
