/* What an interceptor shows: its own CA and a leaf for a host that is not its own. */
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "fleet/facts.h"

static X509 *make(const char *subject, const char *issuer, EVP_PKEY *key, EVP_PKEY *signer,
        int64_t from_ms, long days)
{
    X509 *x = X509_new();
    X509_NAME *name;
    uint8_t serial[8];
    BIGNUM *number;

    if (x == NULL) {
        return NULL;
    }
    pk_random(serial, sizeof(serial));
    serial[0] &= 0x7F;
    number = BN_bin2bn(serial, sizeof(serial), NULL);
    (void)BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
    BN_free(number);
    (void)X509_set_version(x, X509_VERSION_3);
    (void)ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(from_ms / 1000));
    (void)ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(from_ms / 1000 + days * 86400));
    name = X509_get_subject_name(x);
    (void)X509_NAME_add_entry_by_txt(
            name, "CN", MBSTRING_UTF8, (const unsigned char *)subject, -1, -1, 0);
    name = X509_NAME_new();
    (void)X509_NAME_add_entry_by_txt(
            name, "CN", MBSTRING_UTF8, (const unsigned char *)issuer, -1, -1, 0);
    (void)X509_set_issuer_name(x, name);
    X509_NAME_free(name);
    if (X509_set_pubkey(x, key) != 1 || X509_sign(x, signer, EVP_sha256()) <= 0) {
        X509_free(x);
        return NULL;
    }
    return x;
}

static const char *hex_of(struct pk_arena *arena, const uint8_t *bytes, size_t len)
{
    char *out = pk_arena_alloc(arena, 1, 2 * len + 1);

    if (out != NULL) {
        pk_hex(pk_slice_of(bytes, len), out);
    }
    return out;
}

/* The facts of a certificate, as the agent would tell them. */
static int describe(X509 *x, const char *subject, const char *issuer, int64_t from_ms, long days,
        struct pk_arena *arena, struct pk_certificate *out)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    unsigned char *spki = NULL;
    int spki_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL;
    long pem_len;

    if (spki_len <= 0 || bio == NULL || X509_digest(x, EVP_sha256(), digest, &len) != 1 ||
            PEM_write_bio_X509(bio, x) != 1) {
        OPENSSL_free(spki);
        BIO_free(bio);
        return PK_ECRYPTO;
    }
    *out = (struct pk_certificate){
        .subject = pk_arena_printf(arena, "CN=%s", subject),
        .issuer = pk_arena_printf(arena, "CN=%s", issuer),
        .sha256 = hex_of(arena, digest, len),
        .not_before_ms = from_ms / 1000 * 1000,
        .not_after_ms = (from_ms / 1000 + days * 86400) * 1000,
    };
    pk_sha256(pk_slice_of(spki, (size_t)spki_len), digest);
    out->spki_sha256 = hex_of(arena, digest, PK_SHA256_SIZE);
    pem_len = BIO_get_mem_data(bio, &pem);
    out->pem = pk_arena_strndup(arena, pem, (size_t)pem_len);
    OPENSSL_free(spki);
    BIO_free(bio);
    return out->pem != NULL && out->spki_sha256 != NULL ? PK_OK : PK_ENOMEM;
}

int pk_fact_forged_chain(const char *host, const char *ca_name, int64_t at_ms,
        struct pk_arena *arena, struct pk_array *out)
{
    struct pk_certificate *chain = pk_arena_alloc(arena, 2, sizeof(*chain));
    EVP_PKEY *ca_key = EVP_EC_gen("P-256");
    EVP_PKEY *leaf_key = EVP_EC_gen("P-256");
    int64_t ca_from_ms = at_ms - 30 * PK_DAY_MS;
    X509 *ca = NULL;
    X509 *leaf = NULL;
    int rc = PK_ECRYPTO;

    if (chain != NULL && ca_key != NULL && leaf_key != NULL) {
        ca = make(ca_name, ca_name, ca_key, ca_key, ca_from_ms, 3650);
        leaf = make(host, ca_name, leaf_key, ca_key, at_ms - PK_DAY_MS, 365);
    }
    if (ca != NULL && leaf != NULL) {
        rc = describe(leaf, host, ca_name, at_ms - PK_DAY_MS, 365, arena, &chain[0]);
        if (rc == PK_OK) {
            rc = describe(ca, ca_name, ca_name, ca_from_ms, 3650, arena, &chain[1]);
        }
    }
    if (rc == PK_OK) {
        *out = (struct pk_array){ .items = chain, .count = 2 };
    }
    X509_free(ca);
    X509_free(leaf);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(leaf_key);
    return rc;
}
