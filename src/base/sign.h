/* sign.h - Ed25519 (RFC 8032): who says a message. OpenSSL does the work. Any thread. */
#pragma once

#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"

#define PK_SIGN_KEY_SIZE  32 /* public and private keys */
#define PK_SIGN_SIZE      64 /* a signature */
#define PK_SIGN_FINGER    16 /* first bytes of the SHA-256 of a public key: its name */
#define PK_SIGN_FINGER_AS (2 * PK_SIGN_FINGER + 1) /* as hex digits, with the NUL */

/* A key of one's own. The private half is wiped by pk_signer_finish(). */
struct pk_signer {
    uint8_t secret[PK_SIGN_KEY_SIZE];
    uint8_t key[PK_SIGN_KEY_SIZE];       /* the public half */
    uint8_t finger[PK_SIGN_FINGER];      /* of key */
    char finger_text[PK_SIGN_FINGER_AS]; /* lower-case hex */
};

/* Reads the private key (64 hex digits) from the file; makes one (mode 0600) when there is none.
 * PK_EMALF: the file holds something else. */
PK_MUST_USE int pk_signer_open(const char *path, struct pk_signer *out, struct pk_error *err);
/* From 32 bytes, for tests with known keys. PK_ECRYPTO: OpenSSL refuses. */
PK_MUST_USE int pk_signer_of(const uint8_t secret[PK_SIGN_KEY_SIZE], struct pk_signer *out);
void pk_signer_finish(struct pk_signer *signer);

/* The signature of the bytes. PK_ECRYPTO: OpenSSL refuses. */
PK_MUST_USE int pk_sign(
        const struct pk_signer *signer, struct pk_slice bytes, uint8_t out[PK_SIGN_SIZE]);
/* Is it this key's signature of the bytes? */
bool pk_sign_holds(const uint8_t key[PK_SIGN_KEY_SIZE], struct pk_slice bytes,
        const uint8_t signature[PK_SIGN_SIZE]);

void pk_sign_finger(const uint8_t key[PK_SIGN_KEY_SIZE], uint8_t out[PK_SIGN_FINGER]);

/* Appends the signature of all that the buffer holds. */
PK_MUST_USE int pk_sign_buffer(const struct pk_signer *signer, struct pk_buffer *out);
/* Do the bytes end with this key's signature of all before it? */
bool pk_sign_ends(const uint8_t key[PK_SIGN_KEY_SIZE], struct pk_slice bytes);
