/* cert.h - X.509 facts, for those who read signatures.
 *
 * Certificates are kept as the bytes that stood in the file: identity is the SHA-256 of exactly those
 * (a re-encoded certificate has another one). The structure is walked here, as BER, because Android
 * installed apps whose certificates are not DER; keys go through OpenSSL (pubkey.h). */
#pragma once

#include <stdint.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "formats/der.h"
#include "formats/pubkey.h"

/* Facts of one certificate. Strings are clean UTF-8 and live in the arena; slices borrow from der. */
struct pk_cert {
    struct pk_slice der;  /* as found, without what may follow the certificate; borrowed */
    EVP_PKEY *key;        /* its public key, ends with the arena; NULL when unknown to OpenSSL */
    struct pk_slice spki; /* SubjectPublicKeyInfo as encoded in the certificate; borrowed */
    const char *sha256;   /* of der, lower-case hex */
    const char *sha1;     /* of der, lower-case hex */
    const char *subject;  /* as apksigner prints it: "CN=..., O=..." the most special part first */
    const char *issuer;
    const char *serial;     /* hex */
    const char *key_text;   /* "RSA 2048", "EC P-256", "DSA 1024", "Ed25519" */
    const char *not_before; /* RFC 3339, "" when it cannot be read */
    const char *not_after;

    struct pk_slice tbs;           /* what the issuer signed */
    struct pk_slice serial_number; /* contents as pk_der_integer() gives them */
    struct pk_slice issuer_name;   /* Name, whole */
    struct pk_slice subject_name;
    struct pk_slice signature_algorithm; /* AlgorithmIdentifier, whole */
    struct pk_slice signature;           /* of the issuer */
    struct pk_slice extensions;          /* elements of Extensions; ptr NULL when there are none */
    bool has_key_usage;
    bool may_sign;         /* no key usage, or digitalSignature or nonRepudiation in it */
    bool unknown_critical; /* a critical extension that Java does not know */
};

/* PK_EMALF when it is no certificate at all, PK_ENOMEM. What follows the certificate is not looked at. */
PK_MUST_USE int pk_cert_parse(
        struct pk_slice der, struct pk_arena *arena, struct pk_cert *out, struct pk_error *err);

/* The contents of the extension's OCTET STRING. PK_ENOENT. oid is text: "1.2.840.113635.100.6.1.2". */
PK_MUST_USE int pk_cert_extension(
        const struct pk_cert *cert, const char *oid, struct pk_slice *out);

/* The same Name: the same bytes, or the same text in other string types, case or spacing (RFC 5280 7.1). */
bool pk_cert_name_eq(struct pk_slice a, struct pk_slice b);

/* True when issuer's key signed cert and the names fit. Says nothing about dates, use or trust. */
bool pk_cert_signed_by(const struct pk_cert *cert, const struct pk_cert *issuer);

/* The certificate for OpenSSL's own functions; ends with the arena. NULL when OpenSSL refuses it. Costs
 * a tenth of a millisecond, so it is made only when asked for. */
X509 *pk_cert_x509(const struct pk_cert *cert, struct pk_arena *arena);
