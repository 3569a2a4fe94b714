/* identity.h - the key and certificate of a simulated device, made in memory. */
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/buffer.h"
#include "base/crypt.h"

struct pk_identity {
    char id[PK_UUID_TEXT]; /* that the server gave it */
    EVP_PKEY *key;
    X509 *certificate;
};

void pk_identity_finish(struct pk_identity *identity);

/* A new P-256 key. */
PK_MUST_USE int pk_identity_make_key(struct pk_identity *identity, struct pk_error *err);
/* Appends the certificate request as one line of base64. */
PK_MUST_USE int pk_identity_request(
        const struct pk_identity *identity, struct pk_buffer *out, struct pk_error *err);
/* Takes the certificate (and the id in it) from a certs-only PKCS#7 in base64. */
PK_MUST_USE int pk_identity_accept(
        struct pk_identity *identity, struct pk_slice pkcs7, struct pk_error *err);

/* The CA among the certificates of a certs-only PKCS#7 in base64 whose SHA-256 is pin. The caller
 * frees *out. */
PK_MUST_USE int pk_identity_ca(
        struct pk_slice pkcs7, const uint8_t pin[PK_SHA256_SIZE], X509 **out, struct pk_error *err);
