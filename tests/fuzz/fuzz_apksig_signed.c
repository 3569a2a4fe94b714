/* fuzz_apksig_signed.c - what stands behind a signature that holds. A mutated APK never gets that far, so
 * the target signs the input itself, with a key of its own, and puts it into an APK without files.
 *
 * The first byte chooses what the input is: 0 v2's signed data, 1 v3's, 2 attributes of v2, 3 attributes
 * of v3, 4 attributes of v3.1 beside v3, 5 a lineage, 6 attributes of a SourceStamp, 7 the signing info of
 * an .idsig, 8 a whole .idsig. The second one chooses the range of platforms. */
#include <stdint.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/crypt.h"
#include "formats/android/apksig.h"
#include "formats/limits.h"

#define ECDSA_SHA256 0x0201U
#define STAMP_NAME   "stamp-cert-sha256"

enum mode {
    V2_DATA,
    V3_DATA,
    V2_ATTRIBUTES,
    V3_ATTRIBUTES,
    V31_ATTRIBUTES,
    LINEAGE,
    STAMP,
    IDSIG_INFO,
    IDSIG,
    MODES
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static EVP_PKEY *key;
static struct pk_slice cert;
static struct pk_slice spki;

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void make_key(void)
{
    X509 *x509 = X509_new();
    unsigned char *der = NULL;
    int len;

    key = EVP_EC_gen("P-256");
    require(x509 != NULL && key != NULL && X509_set_pubkey(x509, key) == 1);
    require(X509_gmtime_adj(X509_getm_notBefore(x509), 0) != NULL);
    require(X509_gmtime_adj(X509_getm_notAfter(x509), 86400) != NULL);
    require(X509_sign(x509, key, EVP_sha256()) > 0);
    len = i2d_X509(x509, &der);
    require(len > 0);
    cert = pk_slice_of(der, (size_t)len);
    der = NULL;
    len = i2d_PUBKEY(key, &der);
    require(len > 0);
    spki = pk_slice_of(der, (size_t)len);
    X509_free(x509);
}

/* --- little pieces; every function appends to out */

static void put(struct pk_buffer *out, struct pk_slice in)
{
    require(in.len == 0 || pk_buffer_put(out, in.ptr, in.len) == PK_OK);
}

static void put_le(struct pk_buffer *out, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        require(pk_buffer_putc(out, (char)(value >> (8 * i))) == PK_OK);
    }
}

static void put_prefixed(struct pk_buffer *out, struct pk_slice in)
{
    put_le(out, in.len, 4);
    put(out, in);
}

/* A list of one element. */
static void put_list(struct pk_buffer *out, struct pk_slice in)
{
    put_le(out, in.len + 4, 4);
    put_prefixed(out, in);
}

static struct pk_buffer buffer(void)
{
    return pk_buffer_of(4UL * 1024 * 1024);
}

static void put_signature(struct pk_buffer *out, struct pk_slice message)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char signature[128];
    size_t len = sizeof(signature);

    require(ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1);
    require(EVP_DigestSign(ctx, signature, &len, message.ptr, message.len) == 1);
    EVP_MD_CTX_free(ctx);
    put_le(out, ECDSA_SHA256, 4);
    put_prefixed(out, pk_slice_of(signature, len));
}

/* A list of one signature over the message. */
static void put_signatures(struct pk_buffer *out, struct pk_slice message)
{
    struct pk_buffer one = buffer();

    put_signature(&one, message);
    put_list(out, pk_buffer_slice(&one));
    pk_buffer_finish(&one);
}

/* --- signers */

static void put_signer(
        struct pk_buffer *out, struct pk_slice signed_data, bool v3, int min, int max)
{
    struct pk_buffer signer = buffer();

    put_prefixed(&signer, signed_data);
    if (v3) {
        put_le(&signer, (uint32_t)min, 4);
        put_le(&signer, (uint32_t)max, 4);
    }
    put_signatures(&signer, signed_data);
    put_prefixed(&signer, spki);
    put_list(out, pk_buffer_slice(&signer));
    pk_buffer_finish(&signer);
}

/* A signer as it should be, but for the attributes and the digest, which is wrong. */
static void put_signer_with(
        struct pk_buffer *out, struct pk_slice attributes, bool v3, int min, int max)
{
    struct pk_buffer data = buffer();
    struct pk_buffer digest = buffer();

    put_le(&digest, ECDSA_SHA256, 4);
    put_prefixed(&digest, pk_slice_str("digest"));
    put_list(&data, pk_buffer_slice(&digest));
    put_list(&data, cert);
    if (v3) {
        put_le(&data, (uint32_t)min, 4);
        put_le(&data, (uint32_t)max, 4);
    }
    put_prefixed(&data, attributes);
    put_signer(out, pk_buffer_slice(&data), v3, min, max);
    pk_buffer_finish(&data);
    pk_buffer_finish(&digest);
}

static void put_pair(struct pk_buffer *out, uint32_t id, struct pk_slice value)
{
    put_le(out, value.len + 4, 8);
    put_le(out, id, 4);
    put(out, value);
}

static void put_signer_pair(
        struct pk_buffer *out, uint32_t id, struct pk_slice attributes, bool v3, int min, int max)
{
    struct pk_buffer value = buffer();

    put_signer_with(&value, attributes, v3, min, max);
    put_pair(out, id, pk_buffer_slice(&value));
    pk_buffer_finish(&value);
}

static void put_stamp(struct pk_buffer *out, struct pk_slice attributes)
{
    struct pk_buffer stamp = buffer();
    struct pk_buffer value = buffer();

    put_prefixed(&stamp, cert);
    put_prefixed(&stamp, (struct pk_slice){ 0 }); /* schemes: none is needed, none is there */
    put_prefixed(&stamp, attributes);
    put_signatures(&stamp, attributes);
    put_prefixed(&value, pk_buffer_slice(&stamp));
    put_pair(out, 0x6dff800d, pk_buffer_slice(&value));
    pk_buffer_finish(&stamp);
    pk_buffer_finish(&value);
}

static void put_pairs(struct pk_buffer *out, enum mode mode, struct pk_slice in)
{
    struct pk_buffer value = buffer();

    switch (mode) {
    case V2_DATA:
    case V3_DATA:
        put_signer(&value, in, mode == V3_DATA, 28, INT32_MAX);
        put_pair(out, mode == V3_DATA ? 0xf05368c0 : 0x7109871a, pk_buffer_slice(&value));
        break;
    case V2_ATTRIBUTES:
        put_signer_pair(out, 0x7109871a, in, false, 0, 0);
        break;
    case V3_ATTRIBUTES:
        put_signer_pair(out, 0xf05368c0, in, true, 24, INT32_MAX);
        break;
    case V31_ATTRIBUTES:
        put_signer_pair(out, 0x1b93ad61, in, true, 33, INT32_MAX);
        put_signer_pair(out, 0xf05368c0, in, true, 28, 32);
        break;
    case LINEAGE:
        put_le(&value, in.len + 4, 4);
        put_le(&value, 0x3ba06f8c, 4);
        put(&value, in);
        put_signer_pair(out, 0xf05368c0, pk_buffer_slice(&value), true, 24, INT32_MAX);
        break;
    case STAMP:
        put_stamp(out, in);
        break;
    case IDSIG_INFO:
    case IDSIG:
    case MODES:
        break;
    }
    pk_buffer_finish(&value);
}

/* --- the APK */

/* One stored file, so that a stamp has its entry; then the signing block, the directory, the end. */
static void put_apk(struct pk_buffer *out, struct pk_slice pairs)
{
    static const char name[] = STAMP_NAME;
    uint8_t digest[PK_SHA256_SIZE];
    size_t directory;

    pk_sha256(cert, digest);
    put(out, pk_slice_of("PK\3\4\12\0\0\0\0\0\0\0\0\0\0\0\0\0", 18));
    put_le(out, sizeof(digest), 4);
    put_le(out, sizeof(digest), 4);
    put_le(out, sizeof(name) - 1, 4);
    put(out, pk_slice_str(name));
    put(out, pk_slice_of(digest, sizeof(digest)));
    put_le(out, pairs.len + 24, 8);
    put(out, pairs);
    put_le(out, pairs.len + 24, 8);
    put(out, pk_slice_str("APK Sig Block 42"));
    directory = out->len;
    put(out, pk_slice_of("PK\1\2\12\0\12\0\0\0\0\0\0\0\0\0\0\0\0\0", 20));
    put_le(out, sizeof(digest), 4);
    put_le(out, sizeof(digest), 4);
    put_le(out, sizeof(name) - 1, 4);
    put(out, pk_slice_of("\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 14));
    put(out, pk_slice_str(name));
    put(out, pk_slice_of("PK\5\6\0\0\0\0\1\0\1\0", 12));
    put_le(out, 46 + sizeof(name) - 1, 4);
    put_le(out, directory, 4);
    put_le(out, 0, 2);
}

/* --- v4 */

/* in: digest, certificate, extra, each with its length; signed as they should be when they are that. */
static void put_idsig(
        struct pk_buffer *out, enum mode mode, struct pk_slice apk, struct pk_slice in)
{
    struct pk_buffer info = buffer();
    struct pk_buffer message = buffer();

    if (mode == IDSIG) {
        put(out, in);
    } else {
        put_le(&info, 1, 4);
        put_le(&info, 12, 1);
        put_le(&info, 0, 4);
        put_prefixed(&info, pk_slice_str("root"));
        put_le(&message, 4 + 8 + info.len + in.len, 4);
        put_le(&message, apk.len, 8);
        put(&message, pk_buffer_slice(&info));
        put(&message, in);
        put_le(out, 2, 4);
        put_prefixed(out, pk_buffer_slice(&info));
        pk_buffer_clear(&info);
        put(&info, in);
        put_prefixed(&info, spki);
        put_signature(&info, pk_buffer_slice(&message));
        put_prefixed(out, pk_buffer_slice(&info));
    }
    pk_buffer_finish(&info);
    pk_buffer_finish(&message);
}

static void verify(struct pk_slice apk, struct pk_slice idsig, int min_sdk)
{
    struct pk_arena *arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    struct pk_anomalies anomalies;
    struct pk_apksig_result result;
    struct pk_zip zip;

    require(arena != NULL && pk_anomalies_init(&anomalies, arena) == PK_OK);
    require(pk_zip_open(apk, arena, &anomalies, &zip, NULL) == PK_OK);
    const struct pk_apksig_input in = {
        .zip = &zip,
        .manifest = pk_slice_str("none"),
        .min_sdk = min_sdk,
        .idsig = idsig,
    };
    require(pk_apksig_verify(&in, arena, &anomalies, &result, NULL) == PK_OK);
    require(!result.verified); /* the digests are never right */
    pk_arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int min_sdks[] = { 24, 28, 33, 1 };
    struct pk_buffer pairs = buffer();
    struct pk_buffer apk = buffer();
    struct pk_buffer idsig = buffer();
    struct pk_slice in;
    enum mode mode;

    if (size < 2 || size > 64UL * 1024) {
        return 0;
    }
    if (key == NULL) {
        make_key();
    }
    mode = (enum mode)(data[0] % MODES);
    in = pk_slice_of(data + 2, size - 2);
    put_pairs(&pairs, mode, in);
    put_apk(&apk, pk_buffer_slice(&pairs));
    if (mode == IDSIG || mode == IDSIG_INFO) {
        put_idsig(&idsig, mode, pk_buffer_slice(&apk), in);
    }
    verify(pk_buffer_slice(&apk), pk_buffer_slice(&idsig), min_sdks[data[1] % PK_COUNT(min_sdks)]);
    pk_buffer_finish(&pairs);
    pk_buffer_finish(&apk);
    pk_buffer_finish(&idsig);
    return 0;
}
