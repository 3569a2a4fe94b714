#include "formats/cert.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/crypt.h"
#include "formats/cert_name.h"

#define KEY_USAGE "2.5.29.15"
/* The bits of a key usage that let a key sign data: digitalSignature, nonRepudiation (X.509 8.2.2.3). */
#define KEY_USAGE_SIGNS 0xc0U

/* The extensions that Java knows (sun.security.x509.OIDMap): a critical one that is not here makes
 * apksig refuse the signer. */
static const char *const java_knows[] = {
    "2.5.29.14",             /* subject key identifier */
    "2.5.29.15",             /* key usage */
    "2.5.29.16",             /* private key usage period */
    "2.5.29.17",             /* subject alternative name */
    "2.5.29.18",             /* issuer alternative name */
    "2.5.29.19",             /* basic constraints */
    "2.5.29.20",             /* CRL number */
    "2.5.29.21",             /* CRL reason */
    "2.5.29.27",             /* delta CRL indicator */
    "2.5.29.28",             /* issuing distribution point */
    "2.5.29.29",             /* certificate issuer */
    "2.5.29.30",             /* name constraints */
    "2.5.29.31",             /* CRL distribution points */
    "2.5.29.32",             /* certificate policies */
    "2.5.29.33",             /* policy mappings */
    "2.5.29.35",             /* authority key identifier */
    "2.5.29.36",             /* policy constraints */
    "2.5.29.37",             /* extended key usage */
    "2.5.29.46",             /* freshest CRL */
    "2.5.29.54",             /* inhibit any policy */
    "2.16.840.1.113730.1.1", /* Netscape certificate type */
    "1.3.6.1.5.5.7.1.1",     /* authority information access */
    "1.3.6.1.5.5.7.1.11",    /* subject information access */
    "1.3.6.1.5.5.7.48.1.5",  /* OCSP no check */
};

struct extension {
    char oid[PK_OID_TEXT];
    bool critical;
    struct pk_slice value;
};

/* The next extension of *in. PK_ENOENT at the end. */
static int next_extension(struct pk_slice *in, struct extension *out)
{
    struct pk_der sequence;
    struct pk_der element;
    int rc = pk_der_expect(in, PK_DER_SEQUENCE, &sequence);

    if (rc == PK_ENOENT) {
        return rc;
    }
    if (rc < 0 || pk_der_expect(&sequence.value, PK_DER_OID, &element) < 0) {
        return PK_EMALF;
    }
    (void)pk_der_oid(element.value, out->oid);
    out->critical = pk_der_expect(&sequence.value, PK_DER_BOOLEAN, &element) == PK_OK &&
            element.value.len > 0 && element.value.ptr[0] != 0;
    if (pk_der_expect(&sequence.value, PK_DER_OCTET_STRING, &element) < 0) {
        return PK_EMALF;
    }
    out->value = element.value;
    return PK_OK;
}

static bool is_known_to_java(const char *oid)
{
    for (size_t i = 0; i < PK_COUNT(java_knows); i++) {
        if (strcmp(java_knows[i], oid) == 0) {
            return true;
        }
    }
    return false;
}

static int read_extensions(struct pk_cert *out)
{
    struct pk_slice in = out->extensions;
    struct extension extension;
    struct pk_der bits;
    int rc;

    out->may_sign = true;
    for (;;) {
        rc = next_extension(&in, &extension);
        if (rc < 0) {
            return rc == PK_ENOENT ? PK_OK : rc;
        }
        out->unknown_critical |= extension.critical && !is_known_to_java(extension.oid);
        if (strcmp(extension.oid, KEY_USAGE) == 0 &&
                pk_der_expect(&extension.value, PK_DER_BIT_STRING, &bits) == PK_OK) {
            out->has_key_usage = true;
            out->may_sign = bits.value.len > 1 && (bits.value.ptr[1] & KEY_USAGE_SIGNS) != 0;
        }
    }
}

/* The fields after the key; all may be absent. */
static int read_tbs_end(struct pk_slice in, struct pk_cert *out)
{
    struct pk_der element;
    int rc;

    for (rc = pk_der_next(&in, &element); rc == PK_OK; rc = pk_der_next(&in, &element)) {
        if (element.tag != (PK_DER_CONTEXT | PK_DER_CONSTRUCTED | 3U)) {
            continue; /* unique identifiers */
        }
        if (pk_der_expect(&element.value, PK_DER_SEQUENCE, &element) < 0) {
            return PK_EMALF;
        }
        out->extensions = element.value;
        return read_extensions(out);
    }
    out->may_sign = true;
    return rc == PK_ENOENT ? PK_OK : PK_EMALF;
}

/* TBSCertificate, RFC 5280 4.1. */
static int read_tbs(struct pk_slice in, struct pk_cert *out, struct pk_der *not_before,
        struct pk_der *not_after)
{
    struct pk_der version;
    struct pk_der serial;
    struct pk_der algorithm;
    struct pk_der issuer;
    struct pk_der validity;
    struct pk_der subject;
    struct pk_der spki;
    int rc = pk_der_expect(&in, PK_DER_CONTEXT | 0U, &version); /* absent: version 1 */

    if ((rc < 0 && rc != PK_ETYPE) || pk_der_expect(&in, PK_DER_INTEGER, &serial) < 0 ||
            pk_der_expect(&in, PK_DER_SEQUENCE, &algorithm) < 0 ||
            pk_der_expect(&in, PK_DER_SEQUENCE, &issuer) < 0 ||
            pk_der_expect(&in, PK_DER_SEQUENCE, &validity) < 0 ||
            pk_der_expect(&in, PK_DER_SEQUENCE, &subject) < 0 ||
            pk_der_expect(&in, PK_DER_SEQUENCE, &spki) < 0 ||
            pk_der_next(&validity.value, not_before) < 0 ||
            pk_der_next(&validity.value, not_after) < 0 || !pk_cert_name_is(issuer.whole) ||
            !pk_cert_name_is(subject.whole)) {
        return PK_EMALF;
    }
    out->serial_number = pk_der_integer(serial.value);
    out->issuer_name = issuer.whole;
    out->subject_name = subject.whole;
    out->spki = spki.whole;
    return read_tbs_end(in, out);
}

static const char *digest_hex(struct pk_arena *arena, enum pk_hash hash, struct pk_slice in)
{
    uint8_t digest[PK_HASH_SIZE_MAX];
    char *hex = pk_arena_alloc(arena, 2 * pk_hash_size(hash) + 1, 1);

    if (hex != NULL && pk_hash_digest(hash, in, digest) == PK_OK) {
        pk_hex(pk_slice_of(digest, pk_hash_size(hash)), hex);
    }
    return hex;
}

static const char *serial_hex(struct pk_arena *arena, struct pk_slice number)
{
    struct pk_slice in = number;
    char *hex;

    /* Serials have at most 20 octets (RFC 5280 4.1.2.2); nobody reads more than the beginning of others. */
    in.len = in.len > 64 ? 64 : in.len;
    if (in.len > 1 && in.ptr[0] == 0) {
        in = pk_slice_of(in.ptr + 1, in.len - 1);
    }
    hex = pk_arena_alloc(arena, 2 * in.len + 1, 1);
    if (hex != NULL) {
        pk_hex(in, hex);
    }
    return hex;
}

static int fill_text(struct pk_cert *out, struct pk_arena *arena, const struct pk_der *not_before,
        const struct pk_der *not_after)
{
    char from[PK_DER_TIME_TEXT];
    char to[PK_DER_TIME_TEXT];

    out->sha256 = digest_hex(arena, PK_HASH_SHA256, out->der);
    out->sha1 = digest_hex(arena, PK_HASH_SHA1, out->der);
    out->subject = pk_cert_name_text(out->subject_name, arena);
    out->issuer = pk_cert_name_text(out->issuer_name, arena);
    out->serial = serial_hex(arena, out->serial_number);
    out->not_before = pk_arena_strdup(arena, pk_der_time(not_before, from));
    out->not_after = pk_arena_strdup(arena, pk_der_time(not_after, to));
    if (out->sha256 == NULL || out->sha1 == NULL || out->subject == NULL || out->issuer == NULL ||
            out->serial == NULL || out->not_before == NULL || out->not_after == NULL) {
        return PK_ENOMEM;
    }
    if (pk_key_parse(out->spki, arena, &out->key) == PK_ENOMEM) {
        return PK_ENOMEM;
    }
    out->key_text = pk_key_text(out->key, arena);
    return PK_OK;
}

int pk_cert_parse(
        struct pk_slice der, struct pk_arena *arena, struct pk_cert *out, struct pk_error *err)
{
    struct pk_cert cert = { .key = NULL };
    struct pk_der whole;
    struct pk_der tbs;
    struct pk_der algorithm;
    struct pk_der signature;
    struct pk_der not_before;
    struct pk_der not_after;

    if (pk_der_expect(&der, PK_DER_SEQUENCE, &whole) < 0) {
        return pk_error_set(err, PK_EMALF, "no certificate: not a complete SEQUENCE");
    }
    cert.der = whole.whole;
    if (pk_der_expect(&whole.value, PK_DER_SEQUENCE, &tbs) < 0 ||
            pk_der_expect(&whole.value, PK_DER_SEQUENCE, &algorithm) < 0 ||
            pk_der_expect(&whole.value, PK_DER_BIT_STRING, &signature) < 0 ||
            signature.value.len < 1) {
        return pk_error_set(err, PK_EMALF, "no certificate: not body, algorithm and signature");
    }
    cert.tbs = tbs.whole;
    cert.signature_algorithm = algorithm.whole;
    cert.signature = pk_slice_of(signature.value.ptr + 1, signature.value.len - 1);
    if (read_tbs(tbs.value, &cert, &not_before, &not_after) < 0) {
        return pk_error_set(
                err, PK_EMALF, "no certificate: a field of its body is missing or broken");
    }
    if (fill_text(&cert, arena, &not_before, &not_after) < 0) {
        return pk_error_set(err, PK_ENOMEM, "a certificate does not fit into memory");
    }
    *out = cert;
    return PK_OK;
}

int pk_cert_extension(const struct pk_cert *cert, const char *oid, struct pk_slice *out)
{
    struct pk_slice in = cert->extensions;
    struct extension extension;

    while (next_extension(&in, &extension) == PK_OK) {
        if (strcmp(extension.oid, oid) == 0) {
            *out = extension.value;
            return PK_OK;
        }
    }
    return PK_ENOENT;
}

bool pk_cert_signed_by(const struct pk_cert *cert, const struct pk_cert *issuer)
{
    struct pk_slice in = cert->signature_algorithm;
    struct pk_der algorithm;
    struct pk_der oid;
    char text[PK_OID_TEXT];
    enum pk_hash hash;
    enum pk_signing signing;

    if (issuer->key == NULL || !pk_cert_name_eq(cert->issuer_name, issuer->subject_name) ||
            pk_der_expect(&in, PK_DER_SEQUENCE, &algorithm) < 0 ||
            pk_der_expect(&algorithm.value, PK_DER_OID, &oid) < 0) {
        return false;
    }
    signing = pk_signing_by_oid(pk_der_oid(oid.value, text), &hash);
    return hash != PK_HASH_NONE &&
            pk_key_verify(issuer->key, signing, hash, cert->tbs, cert->signature) == PK_OK;
}

static void x509_free(void *x509)
{
    X509_free(x509);
}

X509 *pk_cert_x509(const struct pk_cert *cert, struct pk_arena *arena)
{
    const unsigned char *p = cert->der.ptr;
    X509 *x509 = d2i_X509(NULL, &p, (long)cert->der.len);

    ERR_clear_error();
    if (x509 != NULL && pk_arena_defer(arena, x509_free, x509) < 0) {
        return NULL;
    }
    return x509;
}
