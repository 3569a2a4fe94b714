/* A signature block (.RSA, .DSA, .EC) against its signature file (.SF): PKCS #7 as Android reads it. */
#include <stdio.h>

#include "formats/android/apksig_v1_internal.h"
#include "formats/limits.h"

/* How one SignerInfo ended. */
enum outcome {
    HOLDS,
    DOES_NOT_HOLD, /* others may */
    BROKEN,        /* an issue was noted; the block as a whole is refused */
};

struct block {
    struct pk_v1 *v;
    struct pk_v1_signer *signer;
    struct pk_slice name; /* of the block's entry */
    struct pk_cms cms;
    struct pk_cert *certs;
};

/* How one SignerInfo is to be verified. */
struct way {
    enum pk_hash digest; /* of the file, in the signed attributes */
    enum pk_hash hash;   /* of the signature */
    enum pk_signing signing;
};

static enum outcome refuse(struct block *b, enum pk_apksig_issue issue, const char *text)
{
    pk_v1_note(b->v, b->signer, true, issue, b->name, text);
    return BROKEN;
}

static enum outcome exception(struct block *b, const char *text)
{
    return refuse(b, PK_ISSUE_JAR_SIG_VERIFY_EXCEPTION, text);
}

/* An attribute's single value. PARSE or VERIFY_EXCEPTION, as apksig's parsers throw. */
static enum outcome take_attribute(struct block *b, const struct pk_cms_signer *info,
        const char *oid, uint8_t tag, struct pk_der *out)
{
    switch (pk_cms_attribute_one(info->signed_attrs, oid, out)) {
    case PK_OK:
        if (pk_der_is(out, tag)) {
            return HOLDS;
        }
        return refuse(b, PK_ISSUE_JAR_SIG_PARSE_EXCEPTION, ": a signed attribute of another type");
    case PK_ENOENT:
        return exception(b, ": a signed attribute is missing");
    case PK_EEXIST:
        return refuse(
                b, PK_ISSUE_JAR_SIG_PARSE_EXCEPTION, ": a signed attribute stands there twice");
    case PK_ETYPE:
        return refuse(
                b, PK_ISSUE_JAR_SIG_PARSE_EXCEPTION, ": a signed attribute has several values");
    default:
        return exception(b, ": the signed attributes cannot be read");
    }
}

/* The signed attributes must name the type of the content and the digest of the signature file. */
static enum outcome check_attributes(
        struct block *b, const struct pk_cms_signer *info, const struct way *way)
{
    enum outcome outcome;
    struct pk_der value;
    char oid[PK_OID_TEXT];

    if (b->v->ctx->min_sdk < PK_SDK_KITKAT) {
        /* Older platforms did not check the digest in them: such an APK is not protected there. */
        return exception(b, ": signed attributes are not safe before level 19");
    }
    if (b->v->ctx->max_sdk >= PK_SDK_N) {
        outcome = take_attribute(b, info, PK_CMS_OID_CONTENT_TYPE, PK_DER_OID, &value);
        if (outcome != HOLDS) {
            return outcome;
        }
        if (pk_der_oid(value.value, oid)[0] == '\0') {
            return refuse(b, PK_ISSUE_JAR_SIG_PARSE_EXCEPTION, ": the content type cannot be read");
        }
        if (strcmp(oid, b->cms.content_type) != 0) {
            return DOES_NOT_HOLD;
        }
    }
    outcome = take_attribute(b, info, PK_CMS_OID_MESSAGE_DIGEST, PK_DER_OCTET_STRING, &value);
    if (outcome != HOLDS) {
        return outcome;
    }
    return pk_slice_eq(value.value,
                   pk_slice_of(pk_v1_digest(&b->signer->file_digests, way->digest),
                           pk_hash_size(way->digest)))
            ? HOLDS
            : DOES_NOT_HOLD;
}

static enum outcome check_signature(struct block *b, const struct pk_cms_signer *info,
        const struct pk_cert *cert, const struct way *way)
{
    uint8_t digest[PK_HASH_SIZE_MAX];
    const uint8_t *signed_digest = digest;

    if (info->signed_attrs.ptr == NULL) {
        signed_digest = pk_v1_digest(&b->signer->file_digests, way->hash);
    } else if (pk_cms_signed_digest(info, b->signer->file.bytes, way->hash, digest) < 0) {
        b->v->ctx->rc = PK_ENOMEM;
        return BROKEN;
    }
    switch (pk_key_verify_digest(cert->key, way->signing, way->hash,
            pk_slice_of(signed_digest, pk_hash_size(way->hash)), info->signature)) {
    case PK_OK:
        return HOLDS;
    case PK_ETYPE:
        return exception(b, ": the certificate's key is not one for this signature");
    case PK_EMALF:
        return exception(b, ": the signature is malformed");
    default:
        return DOES_NOT_HOLD;
    }
}

static enum outcome check_algorithms(
        struct block *b, const struct pk_cms_signer *info, struct way *way)
{
    const char *levels = "";
    char text[320];

    if (!pk_v1_algorithms_fit(b->v, info->digest_oid, info->signature_oid, &levels)) {
        (void)snprintf(text, sizeof(text), ": digest %s with signature %s on levels %s",
                info->digest_oid, info->signature_oid, levels != NULL ? levels : "?");
        return refuse(b, PK_ISSUE_JAR_SIG_UNSUPPORTED_SIG_ALG, text);
    }
    way->digest = pk_hash_by_oid(info->digest_oid);
    way->signing = pk_signing_by_oid(info->signature_oid, &way->hash);
    way->hash = way->hash == PK_HASH_NONE ? way->digest : way->hash;
    return HOLDS;
}

/* One SignerInfo; *cert is whose it is. */
static enum outcome check_info(
        struct block *b, const struct pk_cms_signer *info, const struct pk_cert **cert)
{
    struct way way;
    enum outcome outcome = check_algorithms(b, info, &way);

    if (outcome != HOLDS) {
        return outcome;
    }
    /* Android finds certificates by issuer and serial number only. */
    *cert = info->issuer.ptr != NULL ? pk_cms_signer_cert(info, b->certs, b->cms.cert_count) : NULL;
    if (*cert == NULL) {
        return exception(b, ": the signer's certificate is not there");
    }
    if ((*cert)->unknown_critical) {
        return exception(b, ": the certificate has unknown critical extensions");
    }
    if (!(*cert)->may_sign) {
        return exception(b, ": the certificate's key usage does not let it sign");
    }
    if ((*cert)->key == NULL) {
        return exception(b, ": the certificate's key cannot be read");
    }
    if (info->signed_attrs.ptr != NULL) {
        outcome = check_attributes(b, info, &way);
        if (outcome != HOLDS) {
            return outcome;
        }
    }
    return check_signature(b, info, *cert, &way);
}

static bool parse_certs(struct block *b)
{
    struct pk_apksig_context *ctx = b->v->ctx;

    b->certs = pk_arena_alloc(ctx->arena, b->cms.cert_count, sizeof(*b->certs));
    if (b->certs == NULL) {
        ctx->rc = PK_ENOMEM;
        return false;
    }
    for (size_t i = 0; i < b->cms.cert_count; i++) {
        int rc = pk_cert_parse(b->cms.certs[i], ctx->arena, &b->certs[i], NULL);

        if (rc == PK_ENOMEM) {
            ctx->rc = rc;
            return false;
        }
        if (rc < 0) {
            (void)refuse(
                    b, PK_ISSUE_JAR_SIG_PARSE_EXCEPTION, ": one of its certificates is malformed");
            return false;
        }
    }
    return true;
}

/* The first SignerInfo that holds names the signer. Before level 24 only the first one was looked at. */
static void check_infos(struct block *b)
{
    size_t count = b->v->ctx->min_sdk < PK_SDK_N ? 1 : b->cms.signer_count;
    const struct pk_cert *first = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct pk_cert *cert = NULL;

        switch (check_info(b, &b->cms.signers[i], &cert)) {
        case HOLDS:
            first = first == NULL ? cert : first;
            break;
        case DOES_NOT_HOLD:
            break;
        case BROKEN:
            return;
        }
    }
    if (first == NULL) {
        (void)refuse(b, PK_ISSUE_JAR_SIG_DID_NOT_VERIFY, "");
        return;
    }
    b->signer->cert = *first;
}

/* What OpenSSL and we keep of the block must outlive the scan's report, the block itself may be an
 * inflated entry: so it is copied into the arena. */
static bool read_block(struct block *b, struct pk_slice *out)
{
    struct pk_zip_bytes bytes;
    char *copy;

    if (!pk_v1_read(b->v, b->signer->block_entry, &bytes)) {
        return false;
    }
    if (bytes.owned == NULL) {
        *out = bytes.bytes;
        return true;
    }
    copy = pk_arena_strndup(b->v->ctx->arena, (const char *)bytes.bytes.ptr, bytes.bytes.len);
    *out = pk_slice_of(copy, bytes.bytes.len);
    pk_zip_release(&bytes);
    if (copy == NULL) {
        b->v->ctx->rc = PK_ENOMEM;
    }
    return copy != NULL;
}

void pk_v1_verify_block(struct pk_v1 *v, struct pk_v1_signer *signer)
{
    struct block b = { .v = v, .signer = signer };
    struct pk_slice bytes;
    int rc;

    b.name = v->zip->entries[signer->block_entry].name;
    if (!read_block(&b, &bytes) || !pk_v1_read(v, signer->file_entry, &signer->file)) {
        return;
    }
    signer->file_digests.of = signer->file.bytes;
    rc = pk_cms_parse(bytes, v->ctx->arena, &b.cms, NULL);
    if (rc == PK_ENOMEM) {
        v->ctx->rc = rc;
    } else if (rc < 0) {
        if (rc == PK_ELIMIT) {
            pk_anomaly_add(v->ctx->anomalies, PK_ANOMALY_LIMIT_JAR_FILE,
                    "a signature block with more than %lu signers or %lu certificates",
                    PK_CMS_SIGNERS_MAX, PK_CMS_CERTS_MAX);
        }
        (void)refuse(&b, PK_ISSUE_JAR_SIG_PARSE_EXCEPTION, "");
    } else if (b.cms.signer_count == 0) {
        (void)refuse(&b, PK_ISSUE_JAR_SIG_NO_SIGNERS, "");
    } else if (parse_certs(&b)) {
        check_infos(&b);
    }
}
