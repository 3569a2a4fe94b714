#include "base/crypt.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void pk_sha256(struct pk_slice in, uint8_t out[PK_SHA256_SIZE])
{
    static const uint8_t nothing[1];

    (void)SHA256(in.len > 0 ? in.ptr : nothing, in.len, out);
}

void pk_sha256_hex(struct pk_slice in, char out[PK_SHA256_HEX])
{
    uint8_t digest[PK_SHA256_SIZE];

    pk_sha256(in, digest);
    pk_hex(pk_slice_of(digest, sizeof(digest)), out);
}

#define FILE_STEP (16UL * 1024)

static int digest_file(EVP_MD_CTX *ctx, int fd, int64_t *size, struct pk_error *err)
{
    uint8_t step[FILE_STEP];

    *size = 0;
    for (;;) {
        ssize_t n = pread(fd, step, sizeof(step), (off_t)*size);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return pk_error_set(err, -errno, "the file cannot be read: %s", pk_code_text(-errno));
        }
        if (n == 0) {
            return PK_OK;
        }
        if (EVP_DigestUpdate(ctx, step, (size_t)n) != 1) {
            return pk_error_set(err, PK_ECRYPTO, "the digest of the file cannot be made");
        }
        *size += n;
    }
}

int pk_sha256_file(int fd, char out[PK_SHA256_HEX], int64_t *size, struct pk_error *err)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t digest[PK_SHA256_SIZE];
    int rc = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1
            ? digest_file(ctx, fd, size, err)
            : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK && EVP_DigestFinal_ex(ctx, digest, NULL) != 1) {
        rc = pk_error_set(err, PK_ECRYPTO, "the digest of the file cannot be made");
    }
    if (rc == PK_OK) {
        pk_hex(pk_slice_of(digest, sizeof(digest)), out);
    }
    EVP_MD_CTX_free(ctx);
    return rc;
}

void pk_hmac_sha256(struct pk_slice key, struct pk_slice in, uint8_t out[PK_SHA256_SIZE])
{
    unsigned len = PK_SHA256_SIZE;

    if (HMAC(EVP_sha256(), key.ptr, (int)key.len, in.ptr, in.len, out, &len) == NULL) {
        abort(); /* memory for one digest is not there: nothing sensible can follow */
    }
}

void pk_random(void *out, size_t len)
{
    if (RAND_bytes(out, (int)len) != 1) {
        (void)fputs("picket: the system gives no random numbers\n", stderr);
        abort();
    }
}

void pk_hex(struct pk_slice in, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < in.len; i++) {
        out[2 * i] = digits[in.ptr[i] >> 4];
        out[2 * i + 1] = digits[in.ptr[i] & 15];
    }
    out[2 * in.len] = '\0';
}

void pk_random_hex(size_t bytes, char *out)
{
    uint8_t raw[64];

    bytes = bytes > sizeof(raw) ? sizeof(raw) : bytes;
    pk_random(raw, bytes);
    pk_hex(pk_slice_of(raw, bytes), out);
}

void pk_uuid4(char out[PK_UUID_TEXT])
{
    uint8_t raw[16];
    char hex[33];

    pk_random(raw, sizeof(raw));
    raw[6] = (uint8_t)((raw[6] & 0x0f) | 0x40); /* RFC 9562, section 5.4 */
    raw[8] = (uint8_t)((raw[8] & 0x3f) | 0x80);
    pk_hex(pk_slice_of(raw, sizeof(raw)), hex);
    (void)snprintf(out, PK_UUID_TEXT, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
            hex + 20);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int pk_unhex(const char *text, uint8_t *out, size_t size)
{
    if (strlen(text) != 2 * size) {
        return PK_EMALF;
    }
    for (size_t i = 0; i < size; i++) {
        int high = hex_value(text[2 * i]);
        int low = hex_value(text[2 * i + 1]);

        if (high < 0 || low < 0) {
            return PK_EMALF;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return PK_OK;
}

void pk_base64(struct pk_slice in, char *out)
{
    (void)EVP_EncodeBlock((unsigned char *)out, in.ptr, (int)in.len);
}

int pk_base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int pk_unbase64(struct pk_slice text, uint8_t *out, size_t out_max, size_t *out_len)
{
    uint32_t bits = 0;
    size_t digits = 0;
    size_t padding = 0;
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        int value;

        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            continue;
        }
        if (c == '=') {
            padding++;
            continue;
        }
        value = pk_base64_value(c);
        if (value < 0 || padding > 0) {
            return PK_EMALF;
        }
        bits = bits << 6 | (uint32_t)value;
        digits++;
        if (digits % 4 == 1) {
            continue;
        }
        if (n == out_max) {
            return PK_ELIMIT;
        }
        /* 2, 3 or 4 digits of the group give 12, 18 or 24 bits: the next byte is above 4, 2, 0 */
        out[n++] = (uint8_t)(bits >> (8 - 2 * ((digits - 1) % 4 + 1)));
    }
    if (padding > 2 || (digits + padding) % 4 != 0) {
        return PK_EMALF;
    }
    *out_len = n;
    return PK_OK;
}

bool pk_secret_eq(const char *a, const char *b)
{
    size_t len = strlen(a);

    return len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}
