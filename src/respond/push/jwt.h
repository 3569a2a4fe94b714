/* jwt.h - JSON Web Tokens that we sign (RFC 7515, RFC 7519): ES256 for APNs, RS256 for Google. Any thread. */
#pragma once

#include <jansson.h>

#include "base/buffer.h"

enum pk_jwt_alg {
    PK_JWT_ES256, /* P-256; the signature is r and s, 32 bytes each (RFC 7518 3.4) */
    PK_JWT_RS256,
};

/* Appends "header.claims.signature". key_pem: a private key of the algorithm's kind. kid: id of the key; NULL: none.
 * claims is borrowed. PK_ECRYPTO: the key does not fit. */
PK_MUST_USE int pk_jwt_sign(enum pk_jwt_alg alg, const char *kid, const json_t *claims,
        struct pk_slice key_pem, struct pk_buffer *out, struct pk_error *err);
