#include "formats/cms.h"
#include "formats/limits.h"

static int check_attributes(const struct pk_cms *cms, const struct pk_cms_signer *signer,
        struct pk_slice content, enum pk_hash hash, struct pk_error *err)
{
    uint8_t digest[PK_HASH_SIZE_MAX];
    char oid[PK_OID_TEXT];
    struct pk_der value;

    if (pk_cms_attribute_one(signer->signed_attrs, PK_CMS_OID_CONTENT_TYPE, &value) < 0 ||
            !pk_der_is(&value, PK_DER_OID) ||
            strcmp(pk_der_oid(value.value, oid), cms->content_type) != 0) {
        return pk_error_set(err, PK_ECRYPTO, "the signed attributes are of another content type");
    }
    if (pk_cms_attribute_one(signer->signed_attrs, PK_CMS_OID_MESSAGE_DIGEST, &value) < 0 ||
            !pk_der_is(&value, PK_DER_OCTET_STRING)) {
        return pk_error_set(err, PK_ECRYPTO, "the signed attributes name no digest");
    }
    if (pk_hash_digest(hash, content, digest) < 0 ||
            !pk_slice_eq(value.value, pk_slice_of(digest, pk_hash_size(hash)))) {
        return pk_error_set(err, PK_ECRYPTO, "the content has another digest than the signed one");
    }
    return PK_OK;
}

/* The digest of the signed attributes, whose tag [0] counts as that of a SET. */
static int digest_attributes(struct pk_slice attrs, enum pk_hash hash, uint8_t *out)
{
    static const uint8_t set = PK_DER_SET;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool done = ctx != NULL && EVP_DigestInit_ex(ctx, pk_hash_md(hash), NULL) == 1 &&
            EVP_DigestUpdate(ctx, &set, 1) == 1 &&
            EVP_DigestUpdate(ctx, attrs.ptr + 1, attrs.len - 1) == 1 &&
            EVP_DigestFinal_ex(ctx, out, NULL) == 1;

    EVP_MD_CTX_free(ctx);
    return done ? PK_OK : PK_ECRYPTO;
}

int pk_cms_signed_digest(const struct pk_cms_signer *signer, struct pk_slice content,
        enum pk_hash hash, uint8_t *out)
{
    return signer->signed_attrs.ptr != NULL ? digest_attributes(signer->signed_attrs, hash, out)
                                            : pk_hash_digest(hash, content, out);
}

/* --- one signer */

/* The hash may be said by the signature's algorithm, or beside it. */
static enum pk_signing signing_of(const struct pk_cms_signer *signer, enum pk_hash *hash)
{
    enum pk_signing signing = pk_signing_by_oid(signer->signature_oid, hash);

    if (*hash == PK_HASH_NONE) {
        *hash = pk_hash_by_oid(signer->digest_oid);
    }
    return signing;
}

static int check_signer(const struct pk_cms *cms, const struct pk_cms_signer *signer,
        const struct pk_cert *cert, struct pk_slice content, struct pk_error *err)
{
    enum pk_hash digest_hash = pk_hash_by_oid(signer->digest_oid);
    enum pk_hash hash;
    enum pk_signing signing = signing_of(signer, &hash);
    uint8_t digest[PK_HASH_SIZE_MAX];
    int rc;

    if (cert == NULL) {
        return pk_error_set(err, PK_ECRYPTO, "the signer's certificate is not there");
    }
    if (digest_hash == PK_HASH_NONE || hash == PK_HASH_NONE || signing == PK_SIGNING_NONE) {
        return pk_error_set(err, PK_ECRYPTO, "unknown algorithms %s and %s", signer->digest_oid,
                signer->signature_oid);
    }
    if (signer->signed_attrs.ptr != NULL) {
        rc = check_attributes(cms, signer, content, digest_hash, err);
        if (rc < 0) {
            return rc;
        }
    }
    rc = pk_cms_signed_digest(signer, content, hash, digest);
    if (rc == PK_OK) {
        rc = pk_key_verify_digest(cert->key, signing, hash, pk_slice_of(digest, pk_hash_size(hash)),
                signer->signature);
    }
    if (rc < 0) {
        return pk_error_set(err, PK_ECRYPTO,
                rc == PK_ETYPE ? "the certificate's key is not one for this signature"
                               : "the signature does not hold");
    }
    return PK_OK;
}

/* --- whose certificates */

static int parse_certs(const struct pk_cms *cms, struct pk_arena *arena, struct pk_cms_signed *out)
{
    out->certs = pk_arena_alloc(arena, cms->cert_count, sizeof(*out->certs));
    if (out->certs == NULL) {
        return PK_ENOMEM;
    }
    for (size_t i = 0; i < cms->cert_count; i++) {
        int rc = pk_cert_parse(cms->certs[i], arena, &out->certs[out->cert_count], NULL);

        if (rc == PK_ENOMEM) {
            return rc;
        }
        out->cert_count += rc == PK_OK;
    }
    return PK_OK;
}

static void move_to(struct pk_cert *certs, size_t from, size_t to)
{
    struct pk_cert cert = certs[from];

    memmove(&certs[to + 1], &certs[to], (from - to) * sizeof(*certs));
    certs[to] = cert;
}

/* Puts the signer's certificate first and behind each one who signed it, as far as they are there. */
static void order_certs(struct pk_cms_signed *out, size_t leaf)
{
    size_t i;

    move_to(out->certs, leaf, 0);
    out->chain_count = 1;
    while (out->chain_count < out->cert_count && out->chain_count <= PK_CMS_CHAIN_MAX) {
        const struct pk_cert *last = &out->certs[out->chain_count - 1];

        if (pk_cert_name_eq(last->issuer_name, last->subject_name)) {
            return; /* a root */
        }
        for (i = out->chain_count; i < out->cert_count; i++) {
            if (pk_cert_signed_by(last, &out->certs[i])) {
                break;
            }
        }
        if (i == out->cert_count) {
            return;
        }
        move_to(out->certs, i, out->chain_count);
        out->chain_count++;
    }
}

static int read_signing_time(
        const struct pk_cms_signer *signer, struct pk_arena *arena, struct pk_cms_signed *out)
{
    struct pk_der value;
    char text[PK_DER_TIME_TEXT];

    if (signer->signed_attrs.ptr == NULL ||
            pk_cms_attribute_one(signer->signed_attrs, PK_CMS_OID_SIGNING_TIME, &value) < 0) {
        return PK_OK;
    }
    out->signing_time = pk_arena_strdup(arena, pk_der_time(&value, text));
    return out->signing_time != NULL ? PK_OK : PK_ENOMEM;
}

int pk_cms_verify(const struct pk_cms *cms, struct pk_slice content, struct pk_arena *arena,
        struct pk_cms_signed *out, struct pk_error *err)
{
    struct pk_cms_signed result = { .signing_time = "" };
    const struct pk_cert *first_cert = NULL;
    int rc = parse_certs(cms, arena, &result);

    if (rc < 0) {
        return pk_error_set(err, rc, "the certificates do not fit into memory");
    }
    rc = PK_ECRYPTO;
    if (cms->signer_count == 0) {
        (void)pk_error_set(err, rc, "nobody signed");
    }
    for (size_t i = 0; i < cms->signer_count; i++) {
        const struct pk_cms_signer *signer = &cms->signers[i];
        const struct pk_cert *cert = pk_cms_signer_cert(signer, result.certs, result.cert_count);

        first_cert = i == 0 ? cert : first_cert;
        if (check_signer(cms, signer, cert, content, i == 0 ? err : NULL) == PK_OK) {
            result.signer = signer;
            first_cert = cert;
            rc = read_signing_time(signer, arena, &result);
            break;
        }
    }
    if (first_cert != NULL) {
        order_certs(&result, (size_t)(first_cert - result.certs));
    }
    *out = result;
    return rc;
}
