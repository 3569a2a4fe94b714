/* jar_build.h - archives with JAR signatures made for a test: right in everything unless the test changes
 * a text before it is signed. */
#pragma once

#include <openssl/cms.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "base/crypt.h"
#include "formats/pubkey.h"
#include "zip_build.h"

struct jar_key {
    EVP_PKEY *key;
    X509 *cert;
};

static inline struct jar_key jar_key_create(const char *name)
{
    struct jar_key k = { .key = EVP_RSA_gen(1024), .cert = X509_new() };
    X509_NAME *subject = X509_get_subject_name(k.cert);

    assert_non_null(k.key);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(k.cert), 4711);
    (void)X509_gmtime_adj(X509_getm_notBefore(k.cert), 0);
    (void)X509_gmtime_adj(X509_getm_notAfter(k.cert), 3600);
    (void)X509_NAME_add_entry_by_txt(
            subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    (void)X509_set_issuer_name(k.cert, subject);
    (void)X509_set_pubkey(k.cert, k.key);
    assert_true(X509_sign(k.cert, k.key, EVP_sha256()) > 0);
    return k;
}

static inline void jar_key_destroy(struct jar_key *k)
{
    EVP_PKEY_free(k->key);
    X509_free(k->cert);
}

/* "SHA-256-Digest" + suffix + ": ...\r\n" of the bytes. */
static inline void jar_put_digest(
        struct pk_buffer *b, enum pk_hash hash, const char *suffix, const void *bytes, size_t len)
{
    uint8_t digest[PK_HASH_SIZE_MAX];
    char text[PK_BASE64_SIZE(PK_HASH_SIZE_MAX)];

    assert_int_equal(pk_hash_digest(hash, pk_slice_of(bytes, len), digest), PK_OK);
    pk_base64(pk_slice_of(digest, pk_hash_size(hash)), text);
    (void)pk_buffer_printf(b, "%s-Digest%s: %s\r\n",
            hash == PK_HASH_SHA1 ? "SHA1" : pk_hash_name(hash), suffix, text);
}

/* One line, wrapped as the specification wants it. */
static inline void jar_put_name(struct pk_buffer *b, const char *name, size_t len)
{
    size_t room = 64; /* "Name: " and 64 bytes; further lines begin with a space */

    (void)pk_buffer_puts(b, "Name: ");
    while (len > room) {
        (void)pk_buffer_put(b, name, room);
        (void)pk_buffer_puts(b, "\r\n ");
        name += room;
        len -= room;
        room = 69;
    }
    (void)pk_buffer_put(b, name, len);
    (void)pk_buffer_puts(b, "\r\n");
}

/* The manifest of the items that are not of META-INF. */
static inline void jar_manifest(
        struct pk_buffer *b, const struct zip_item *items, size_t count, enum pk_hash hash)
{
    (void)pk_buffer_puts(b, "Manifest-Version: 1.0\r\n\r\n");
    for (size_t i = 0; i < count; i++) {
        if (strncmp(items[i].name, "META-INF/", 9) != 0) {
            jar_put_name(b, items[i].name, zip_len(items[i].name, items[i].name_len));
            jar_put_digest(b, hash, "", items[i].text, zip_len(items[i].text, items[i].text_len));
            (void)pk_buffer_puts(b, "\r\n");
        }
    }
}

/* Like strstr() in a text whose end is known: a sanitizer's strstr() measures the text each time. */
static inline const char *jar_find(const char *from, const char *to, const char *words)
{
    return memmem(from, (size_t)(to - from), words, strlen(words));
}

/* The signature file of a manifest: main is added to its main section; whole: with the digest of the whole
 * manifest. Each section of the manifest gets one. */
static inline void jar_file(struct pk_buffer *b, const struct pk_buffer *manifest, const char *main,
        bool whole, enum pk_hash hash)
{
    const char *all_end = manifest->ptr + manifest->len;
    const char *section = jar_find(manifest->ptr, all_end, "\r\n\r\n") + 4;

    (void)pk_buffer_puts(b, "Signature-Version: 1.0\r\n");
    (void)pk_buffer_puts(b, main);
    if (whole) {
        jar_put_digest(b, hash, "-Manifest", manifest->ptr, manifest->len);
    }
    (void)pk_buffer_puts(b, "\r\n");
    while (*section != '\0') {
        const char *end = jar_find(section, all_end, "\r\n\r\n") + 4;
        const char *attr = jar_find(section, all_end, "-Digest: ");

        while (attr[-1] != '\n') {
            attr--;
        }
        (void)pk_buffer_put(b, section, (size_t)(attr - section)); /* the name's lines */
        jar_put_digest(b, hash, "", section, (size_t)(end - section));
        (void)pk_buffer_puts(b, "\r\n");
        section = end;
    }
}

/* The signature block over a signature file. */
static inline void jar_block(struct pk_buffer *b, const struct jar_key *k,
        const struct pk_buffer *file, const EVP_MD *md)
{
    BIO *in = BIO_new_mem_buf(file->ptr, (int)file->len);
    unsigned flags = CMS_BINARY | CMS_DETACHED | CMS_NOATTR | CMS_NOSMIMECAP;
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags | CMS_PARTIAL);
    unsigned char *der = NULL;
    int len;

    assert_non_null(CMS_add1_signer(cms, k->cert, k->key, md, flags));
    assert_int_equal(CMS_final(cms, in, NULL, flags), 1);
    len = i2d_CMS_ContentInfo(cms, &der);
    assert_true(len > 0);
    (void)pk_buffer_put(b, der, (size_t)len);
    OPENSSL_free(der);
    CMS_ContentInfo_free(cms);
    BIO_free(in);
}
