/* Keys and certificates of signing blocks, within a budget of work. */
#include <openssl/crypto.h>
#include <openssl/x509.h>

#include "base/crypt.h"
#include "formats/android/apksig_run.h"
#include "formats/limits.h"

bool pk_apksig_spend(struct pk_apksig_run *run, size_t work)
{
    if (work > run->work_left) {
        run->work_left = 0;
        pk_anomaly_add(run->ctx.anomalies, PK_ANOMALY_LIMIT_SIGNATURES,
                "more work than %lu checks of RSA 2048", PK_APKSIG_WORK_MAX);
        return false;
    }
    run->work_left -= work;
    return true;
}

enum pk_apksig_check pk_apksig_run_check(struct pk_apksig_run *run, EVP_PKEY *key,
        const struct pk_apksig_algorithm *algorithm, struct pk_slice message,
        struct pk_slice signature)
{
    if (key == NULL || !pk_apksig_spend(run, pk_apksig_key_work(key))) {
        return PK_CHECK_IMPOSSIBLE;
    }
    return pk_apksig_check(key, algorithm, message, signature);
}

/* The certificate is these bytes: with what follows it. */
static bool rename_cert(struct pk_apksig_run *run, struct pk_slice bytes, struct pk_cert *cert)
{
    uint8_t sha1[PK_HASH_SIZE_MAX];
    char sha1_hex[2 * PK_HASH_SIZE_MAX + 1];
    char sha256_hex[PK_SHA256_HEX];

    if (pk_hash_digest(PK_HASH_SHA1, bytes, sha1) < 0) {
        return false;
    }
    pk_hex(pk_slice_of(sha1, pk_hash_size(PK_HASH_SHA1)), sha1_hex);
    pk_sha256_hex(bytes, sha256_hex);
    cert->der = bytes;
    cert->sha1 = pk_arena_strdup(run->ctx.arena, sha1_hex);
    cert->sha256 = pk_arena_strdup(run->ctx.arena, sha256_hex);
    if (cert->sha1 == NULL || cert->sha256 == NULL) {
        run->ctx.rc = PK_ENOMEM;
        return false;
    }
    return true;
}

bool pk_apksig_read_cert(struct pk_apksig_run *run, struct pk_slice bytes, struct pk_cert *out)
{
    int rc;

    if (!pk_apksig_spend(run, PK_APKSIG_WORK_KEY)) {
        return false;
    }
    rc = pk_cert_parse(bytes, run->ctx.arena, out, NULL);
    if (rc < 0) {
        run->ctx.rc = rc == PK_ENOMEM ? PK_ENOMEM : run->ctx.rc;
        return false;
    }
    /* The platform hashes what stands there, to the last byte. */
    return out->der.len == bytes.len || rename_cert(run, bytes, out);
}

/* Takes the next element, which must have this tag and a length as short as DER wants it. */
static bool next_der(struct pk_slice *in, uint8_t tag, struct pk_der *out)
{
    size_t header = 2;

    if (pk_der_next(in, out) < 0 || out->tag != tag) {
        return false;
    }
    for (size_t len = out->value.len; out->value.len >= 0x80 && len > 0; len >>= 8) {
        header++;
    }
    return out->whole.len == header + out->value.len;
}

/* A number that is positive and as short as DER wants it. */
static bool next_positive(struct pk_slice *in)
{
    struct pk_der number;

    return next_der(in, PK_DER_INTEGER, &number) && number.value.len > 0 &&
            number.value.ptr[0] < 0x80 &&
            (number.value.len == 1 || number.value.ptr[0] != 0 || number.value.ptr[1] >= 0x80);
}

/* An RSA key in the only form that writing it anew gives. */
static bool is_plain_rsa(struct pk_slice spki)
{
    static const uint8_t algorithm[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
        0x01, 0x01, 0x01, 0x05, 0x00 };
    struct pk_der outer;
    struct pk_der id;
    struct pk_der key;
    struct pk_slice bits;

    if (!next_der(&spki, PK_DER_SEQUENCE, &outer) || spki.len > 0 ||
            !next_der(&outer.value, PK_DER_SEQUENCE, &id) ||
            !pk_slice_eq(id.whole, pk_slice_of(algorithm, sizeof(algorithm))) ||
            !next_der(&outer.value, PK_DER_BIT_STRING, &key) || outer.value.len > 0 ||
            key.value.len < 1 || key.value.ptr[0] != 0) {
        return false;
    }
    bits = pk_slice_of(key.value.ptr + 1, key.value.len - 1);
    return next_der(&bits, PK_DER_SEQUENCE, &key) && bits.len == 0 && next_positive(&key.value) &&
            next_positive(&key.value) && key.value.len == 0;
}

/* Signers write the key anew, so a certificate whose modulus looks negative differs from it. OpenSSL
 * takes as long to write a key as to check three signatures, so it is asked only when that matters. */
bool pk_apksig_same_key(const struct pk_cert *cert, struct pk_slice spki)
{
    unsigned char *der = NULL;
    bool same = pk_slice_eq(cert->spki, spki);
    int len;

    if (cert->key == NULL || (same && is_plain_rsa(spki))) {
        return same;
    }
    len = i2d_PUBKEY(cert->key, &der);
    same = len < 0 ? same : pk_slice_eq(pk_slice_of(der, (size_t)len), spki);
    OPENSSL_free(der);
    return same;
}
