/* jwt.h - judging tokens of an identity provider: a JSON Web Signature in compact form (RFC 7515) over the claims of
 * an ID token (OpenID Connect Core 1.0, section 3.1.3.7) or of a logout token (Back-Channel Logout 1.0, section 2.4),
 * with the provider's keys (RFC 7517). Pure: nothing is fetched, the time is given. Any thread.
 *
 * RSA and ECDSA signatures are checked by libcjose, Ed25519, which it does not know, by OpenSSL. Which algorithms
 * are taken is the caller's list; `none` and those with a shared secret are on no list. */
#pragma once

#include "base/arena.h"
#include "base/schema.h"
#include "base/slice.h"

#define PK_JWT_MAX       (16UL * 1024)
#define PK_JWKS_MAX      (1024UL * 1024)
#define PK_JWKS_KEYS_MAX 64
#define PK_JWT_KID_MAX   256
#define PK_JWT_SKEW_S    60

/* "RS256" "PS256" "ES256" "EdDSA", NULL-terminated: all that can be on a list. */
extern const char *const pk_jwt_algorithms[];

struct pk_jwks;

/* Keys that cannot sign for us (another use, type, curve, or too short) are left out. PK_ELIMIT: too large or too
 * many; PK_EMALF. */
PK_MUST_USE int pk_jwks_parse(struct pk_slice text, struct pk_jwks **out, struct pk_error *err);
void pk_jwks_destroy(struct pk_jwks *jwks);
size_t pk_jwks_count(const struct pk_jwks *jwks);

struct pk_jwt_rules {
    const char *issuer;
    const char *client;
    struct pk_strings algorithms;
    const char *nonce;        /* of an ID token; NULL: a logout token, which must have none */
    const char *access_token; /* that came with it, for at_hash; NULL: none came */
    int64_t now_ms;
};

/* PK_ENOENT: no key of this kid: fetch the keys anew. Everything else that does not hold is PK_ECRYPTO, or PK_ELIMIT
 * for what is too large; *err says what, never with the token's own words. *claims lives in the arena. */
PK_MUST_USE int pk_jwt_check(const struct pk_jwks *jwks, const char *token,
        const struct pk_jwt_rules *rules, struct pk_arena *arena, json_t **claims,
        struct pk_error *err);

/* base64url without padding, of RFC 7515; out has room for PK_BASE64_SIZE(in.len). */
void pk_base64url(struct pk_slice in, char *out);
