/* x509.h - what our CA and our server certificate have in common: keys, names, extensions, PEM.
 * Thin over OpenSSL; everything returned is the caller's. Any thread. */
#pragma once

#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/slice.h"

#define PK_SERIAL_TEXT 42 /* 40 hex digits of a serial number (RFC 5280: at most 20 bytes), NUL */

struct pk_x509_profile {
    const char *common_name;
    int64_t not_before_ms;
    int64_t not_after_ms;
    const char *basic; /* values of the extensions, in the words of openssl's x509v3_config(5) */
    const char *key_usage;
    const char *extended;  /* NULL: none */
    const char *alt_names; /* NULL: none */
};

/* A new P-256 key. NULL: OpenSSL cannot. */
EVP_PKEY *pk_x509_new_key(void);

/* A certificate for subject's public key, signed with the issuer's key (SHA-256), random serial.
 * issuer NULL: self-signed with key. NULL when OpenSSL refuses. */
X509 *pk_x509_make(const struct pk_x509_profile *profile, EVP_PKEY *subject, X509 *issuer,
        EVP_PKEY *issuer_key);

/* Lower-case hex, always 40 digits. PK_EMALF: longer than the RFC allows, or negative. */
PK_MUST_USE int pk_x509_serial(const X509 *certificate, char out[PK_SERIAL_TEXT]);
int64_t pk_x509_not_after_ms(const X509 *certificate);

/* malloc'ed text, NULL when memory is short. */
char *pk_x509_pem(X509 *certificate);
char *pk_x509_key_pem(EVP_PKEY *key);
/* From a file. PK_ENOENT when there is none; PK_ECRYPTO when it does not parse. */
PK_MUST_USE int pk_x509_load(const char *path, X509 **out, struct pk_error *err);
PK_MUST_USE int pk_x509_load_key(const char *path, EVP_PKEY **out, struct pk_error *err);

/* The newest error of OpenSSL's queue in words; empties the queue. Static text per thread. */
const char *pk_x509_why(void);
