/* cert.h - what the signature readers share: bounded DER/BER walking and X.509 facts.
 *
 * Certificates are kept as the bytes that stood in the file: identity is the SHA-256 of exactly those
 * (a re-encoded certificate has another one). Keys, names and signatures go through OpenSSL, which
 * accepts what Android accepts only mostly: the exceptions are handled here and named. */
#pragma once

#include <stdint.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

/* One BER/DER element. */
struct pk_der {
    uint8_t tag;           /* identifier octet (class, constructed bit, number < 31) */
    struct pk_slice value; /* the contents */
    struct pk_slice whole; /* with identifier and length */
};

/* Takes the next element off *in. PK_ETRUNC, PK_EMALF (indefinite lengths are resolved for BER; tags above 30 are refused),
 * PK_ENOENT at the end of the input. */
PK_MUST_USE int pk_der_next(struct pk_slice *in, struct pk_der *out);

/* Facts of one certificate, for reports. Strings are clean UTF-8 and live in the arena. */
struct pk_cert {
    struct pk_slice der;  /* as found; borrowed */
    X509 *x509;           /* parsed; ends with the arena; NULL when OpenSSL refuses it */
    EVP_PKEY *key;        /* its public key, ends with the arena; NULL when unknown to OpenSSL */
    struct pk_slice spki; /* SubjectPublicKeyInfo as encoded in the certificate; borrowed */
    const char *sha256;   /* of der, lower-case hex */
    const char *sha1;     /* of der, lower-case hex */
    const char *subject;  /* RFC 2253 like apksigner prints: "CN=..., O=..." */
    const char *issuer;
    const char *serial;     /* hex */
    const char *key_text;   /* "RSA 2048", "EC P-256", "DSA 1024", "Ed25519" */
    const char *not_before; /* RFC 3339, "" when it cannot be read */
    const char *not_after;
};

/* PK_EMALF when it is no certificate at all, PK_ENOMEM. */
PK_MUST_USE int pk_cert_parse(
        struct pk_slice der, struct pk_arena *arena, struct pk_cert *out, struct pk_error *err);
