#include "agent/tls_certificate.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "agent/tls_client.h"
#include "base/clock.h"
#include "base/crypt.h"

#define PEM_MAX 8192

static const char *name_text(X509_NAME *name, struct pk_arena *arena)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *text = NULL;
    char *bytes;
    long len;

    if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
        len = BIO_get_mem_data(bio, &bytes);
        /* RFC 2253 escapes what is not printable ASCII: cutting cannot split a character. */
        text = pk_arena_strndup(
                arena, bytes, len < PK_TLS_SUBJECT_MAX ? (size_t)len : PK_TLS_SUBJECT_MAX);
    }
    BIO_free(bio);
    return text;
}

static int64_t time_ms(const ASN1_TIME *time)
{
    struct tm tm;
    int64_t seconds;

    if (!ASN1_TIME_to_tm(time, &tm)) {
        return 0;
    }
    seconds = timegm(&tm);
    return seconds > 0 ? seconds * PK_SECOND_MS : 0;
}

static const char *digest_text(struct pk_slice der, struct pk_arena *arena)
{
    char *text = pk_arena_alloc(arena, 1, PK_SHA256_HEX);

    if (text != NULL) {
        pk_sha256_hex(der, text);
    }
    return text;
}

static const char *pem_text(X509 *cert, struct pk_arena *arena)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *text = NULL;
    char *bytes;
    long len;

    if (bio != NULL && PEM_write_bio_X509(bio, cert)) {
        len = BIO_get_mem_data(bio, &bytes);
        text = len <= PEM_MAX ? pk_arena_strndup(arena, bytes, (size_t)len) : NULL;
    }
    BIO_free(bio);
    return text;
}

bool pk_tls_describe(X509 *cert, bool with_pem, struct pk_arena *arena, struct pk_certificate *out)
{
    unsigned char *der = NULL;
    unsigned char *spki = NULL;
    int der_len = i2d_X509(cert, &der);
    int spki_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);

    *out = (struct pk_certificate){
        .subject = name_text(X509_get_subject_name(cert), arena),
        .issuer = name_text(X509_get_issuer_name(cert), arena),
        .not_before_ms = time_ms(X509_get0_notBefore(cert)),
        .not_after_ms = time_ms(X509_get0_notAfter(cert)),
        .pem = with_pem ? pem_text(cert, arena) : NULL,
    };
    if (der_len > 0) {
        out->sha256 = digest_text(pk_slice_of(der, (size_t)der_len), arena);
    }
    if (spki_len > 0) {
        out->spki_sha256 = digest_text(pk_slice_of(spki, (size_t)spki_len), arena);
    }
    OPENSSL_free(der);
    OPENSSL_free(spki);
    return out->sha256 != NULL;
}

void pk_tls_describe_chain(
        const STACK_OF(X509) * chain, struct pk_arena *arena, struct pk_array *out)
{
    int count = chain != NULL ? sk_X509_num(chain) : 0;
    struct pk_certificate *rows = pk_arena_alloc(arena, PK_TLS_CHAIN_MAX, sizeof(*rows));

    *out = (struct pk_array){ .items = rows };
    for (int i = 0; i < count && i < PK_TLS_CHAIN_MAX && rows != NULL; i++) {
        out->count += pk_tls_describe(sk_X509_value(chain, i), true, arena, &rows[out->count]);
    }
}
