#include "server/ca.h"

#include <limits.h>
#include <openssl/ec.h>
#include <openssl/pkcs7.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/event.h"
#include "base/file.h"

#define CA_DAYS      3650
#define BACK_DATE_MS (10 * PK_MINUTE_MS) /* clocks of phones are wrong */
#define URI_PREFIX   "urn:uuid:"

struct pk_ca {
    X509 *certificate;
    EVP_PKEY *key;
    char *pem;
    char pin[PK_SHA256_HEX];
};

static int write_pem(const char *path, char *pem, mode_t mode, struct pk_error *err)
{
    int rc;

    if (pem == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = pk_file_write(path, pk_slice_str(pem), mode, err);
    OPENSSL_cleanse(pem, strlen(pem));
    free(pem);
    return rc;
}

static int make_ca(struct pk_ca *ca, const char *cert_path, const char *key_path, int64_t now_ms,
        struct pk_error *err)
{
    char name[32];
    char tag[9];
    struct pk_x509_profile profile = {
        .common_name = name,
        .not_before_ms = now_ms - PK_DAY_MS,
        .not_after_ms = now_ms + CA_DAYS * PK_DAY_MS,
        .basic = "critical,CA:TRUE,pathlen:0",
        .key_usage = "critical,keyCertSign,cRLSign",
    };
    int rc;

    pk_random_hex(4, tag);
    (void)snprintf(name, sizeof(name), "Picket CA %s", tag);
    ca->key = pk_x509_new_key();
    ca->certificate = ca->key != NULL ? pk_x509_make(&profile, ca->key, NULL, ca->key) : NULL;
    if (ca->certificate == NULL) {
        return pk_error_set(err, PK_ECRYPTO, "cannot make the CA: %s", pk_x509_why());
    }
    /* The key first: a certificate without a key would look like a lost key at the next start. */
    rc = write_pem(key_path, pk_x509_key_pem(ca->key), 0600, err);
    if (rc == PK_OK) {
        rc = write_pem(cert_path, pk_x509_pem(ca->certificate), 0644, err);
    }
    if (rc == PK_OK) {
        pk_event(PK_INFO, "ca.made", { "file", cert_path });
    }
    return rc;
}

static int load_ca(
        struct pk_ca *ca, const char *cert_path, const char *key_path, struct pk_error *err)
{
    int rc = pk_x509_load(cert_path, &ca->certificate, err);

    if (rc == PK_OK) {
        rc = pk_x509_load_key(key_path, &ca->key, err);
    }
    if (rc == PK_OK && X509_check_private_key(ca->certificate, ca->key) != 1) {
        rc = pk_error_set(err, PK_ECRYPTO, "'%s' does not belong to '%s'", key_path, cert_path);
    }
    return rc;
}

static int describe(struct pk_ca *ca, struct pk_error *err)
{
    unsigned char *der = NULL;
    int len = i2d_X509(ca->certificate, &der);

    ca->pem = pk_x509_pem(ca->certificate);
    if (len <= 0 || ca->pem == NULL) {
        OPENSSL_free(der);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    pk_sha256_hex(pk_slice_of(der, (size_t)len), ca->pin);
    OPENSSL_free(der);
    return PK_OK;
}

int pk_ca_open(const char *state_dir, int64_t now_ms, struct pk_ca **out, struct pk_error *err)
{
    char cert_path[PATH_MAX];
    char key_path[PATH_MAX];
    struct pk_ca *ca = calloc(1, sizeof(*ca));
    int rc;

    if (ca == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    (void)snprintf(cert_path, sizeof(cert_path), "%s/ca.pem", state_dir);
    (void)snprintf(key_path, sizeof(key_path), "%s/ca.key", state_dir);
    if (access(cert_path, F_OK) != 0 && errno == ENOENT) {
        /* A key alone is what a start leaves that ended between the two files. */
        rc = make_ca(ca, cert_path, key_path, now_ms, err);
    } else {
        rc = load_ca(ca, cert_path, key_path, err);
    }
    if (rc == PK_OK) {
        rc = describe(ca, err);
    }
    if (rc < 0) {
        pk_ca_close(ca);
        return rc;
    }
    *out = ca;
    return PK_OK;
}

void pk_ca_close(struct pk_ca *ca)
{
    if (ca == NULL) {
        return;
    }
    X509_free(ca->certificate);
    EVP_PKEY_free(ca->key);
    free(ca->pem);
    free(ca);
}

X509 *pk_ca_certificate(const struct pk_ca *ca)
{
    return ca->certificate;
}

EVP_PKEY *pk_ca_key(const struct pk_ca *ca)
{
    return ca->key;
}

const char *pk_ca_pem(const struct pk_ca *ca)
{
    return ca->pem;
}

const char *pk_ca_pin(const struct pk_ca *ca)
{
    return ca->pin;
}

static int check_key(EVP_PKEY *key, struct pk_error *err)
{
    char group[32] = "";
    size_t len = 0;
    int bits = EVP_PKEY_get_bits(key);

    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC:
        if (EVP_PKEY_get_group_name(key, group, sizeof(group), &len) == 1 &&
                (strcmp(group, "prime256v1") == 0 || strcmp(group, "secp384r1") == 0)) {
            return PK_OK;
        }
        return pk_error_set(err, PK_ECRYPTO, "the curve must be P-256 or P-384");
    case EVP_PKEY_RSA:
        if (bits >= PK_CA_RSA_MIN && bits <= PK_CA_RSA_MAX) {
            return PK_OK;
        }
        return pk_error_set(err, PK_ECRYPTO, "an RSA key must have %d to %d bits, not %d",
                PK_CA_RSA_MIN, PK_CA_RSA_MAX, bits);
    default:
        return pk_error_set(err, PK_ECRYPTO, "the key must be P-256, P-384 or RSA");
    }
}

int pk_ca_check_request(struct pk_slice der, EVP_PKEY **out, struct pk_error *err)
{
    const unsigned char *at = der.ptr;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der.len);
    EVP_PKEY *key = request != NULL ? X509_REQ_get0_pubkey(request) : NULL;
    int rc;

    if (request == NULL || at != der.ptr + der.len) {
        rc = pk_error_set(err, PK_EMALF, "this is not a certificate request (PKCS#10, DER)");
    } else if (key == NULL) {
        rc = pk_error_set(err, PK_ECRYPTO, "the key of the request cannot be read");
    } else {
        rc = check_key(key, err);
        if (rc == PK_OK && X509_REQ_verify(request, key) != 1) {
            rc = pk_error_set(err, PK_ECRYPTO, "the signature of the request does not hold");
        }
    }
    if (rc == PK_OK) {
        EVP_PKEY_up_ref(key);
        *out = key;
    }
    (void)pk_x509_why(); /* leaves no old errors behind */
    X509_REQ_free(request);
    return rc;
}

int pk_ca_issue(const struct pk_ca *ca, EVP_PKEY *key, const char *device, int64_t now_ms,
        struct pk_issued *out, struct pk_error *err)
{
    char san[80];
    struct pk_x509_profile profile = {
        .common_name = device,
        .not_before_ms = now_ms - BACK_DATE_MS,
        .not_after_ms = now_ms + PK_CA_DEVICE_DAYS * PK_DAY_MS,
        .basic = "critical,CA:FALSE",
        .key_usage = "critical,digitalSignature",
        .extended = "clientAuth",
        .alt_names = san,
    };
    struct pk_issued issued = { 0 };

    (void)snprintf(san, sizeof(san), "URI:" URI_PREFIX "%s", device);
    issued.certificate = pk_x509_make(&profile, key, ca->certificate, ca->key);
    if (issued.certificate == NULL || pk_x509_serial(issued.certificate, issued.serial) < 0) {
        X509_free(issued.certificate);
        return pk_error_set(err, PK_ECRYPTO, "cannot sign: %s", pk_x509_why());
    }
    issued.not_after_ms = pk_x509_not_after_ms(issued.certificate);
    *out = issued;
    return PK_OK;
}

char *pk_ca_pkcs7(X509 *certificate)
{
    PKCS7 *p7 = PKCS7_new();
    unsigned char *der = NULL;
    char *text = NULL;
    int len = 0;

    if (p7 != NULL && PKCS7_set_type(p7, NID_pkcs7_signed) == 1 &&
            PKCS7_content_new(p7, NID_pkcs7_data) == 1) {
        PKCS7_set_detached(p7, 1);
        if (PKCS7_add_certificate(p7, certificate) == 1) {
            len = i2d_PKCS7(p7, &der);
        }
    }
    if (len > 0) {
        text = malloc(PK_BASE64_SIZE((size_t)len));
    }
    if (text != NULL) {
        pk_base64(pk_slice_of(der, (size_t)len), text);
    }
    OPENSSL_free(der);
    PKCS7_free(p7);
    return text;
}

static bool is_uuid(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? text[i] != '-' : strchr("0123456789abcdef", text[i]) == NULL) {
            return false;
        }
    }
    return len == PK_UUID_TEXT - 1;
}

static int device_of_names(const GENERAL_NAMES *names, char device[37])
{
    const GENERAL_NAME *name = sk_GENERAL_NAME_num(names) == 1 ? sk_GENERAL_NAME_value(names, 0)
                                                               : NULL;
    const char *uri;
    size_t len;
    size_t skip = sizeof(URI_PREFIX) - 1;

    if (name == NULL || name->type != GEN_URI) {
        return PK_EMALF;
    }
    uri = (const char *)ASN1_STRING_get0_data(name->d.uniformResourceIdentifier);
    len = (size_t)ASN1_STRING_length(name->d.uniformResourceIdentifier);
    if (len <= skip || memcmp(uri, URI_PREFIX, skip) != 0 || !is_uuid(uri + skip, len - skip)) {
        return PK_EMALF;
    }
    memcpy(device, uri + skip, len - skip);
    device[len - skip] = '\0';
    return PK_OK;
}

int pk_ca_device_of(struct pk_slice der, char device[37], char serial[PK_SERIAL_TEXT])
{
    const unsigned char *at = der.ptr;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    GENERAL_NAMES *names = NULL;
    int rc = PK_EMALF;

    if (certificate != NULL) {
        names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
        if (names != NULL) {
            rc = device_of_names(names, device);
        }
        if (rc == PK_OK) {
            rc = pk_x509_serial(certificate, serial);
        }
    }
    (void)pk_x509_why();
    GENERAL_NAMES_free(names);
    X509_free(certificate);
    return rc;
}
