/* pubkey.h - public keys, digests and signatures, for those who read signatures.
 *
 * Old files must verify as the platform verifies them: MD5, SHA-1, RSA keys from 512 to 16,384 bits
 * and moduli written as negative numbers are all read. OpenSSL's algorithms are fetched once. Any thread;
 * a key by one at a time. */
#pragma once

#include <openssl/evp.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

enum pk_hash {
    PK_HASH_NONE,
    PK_HASH_MD5,
    PK_HASH_SHA1,
    PK_HASH_SHA224,
    PK_HASH_SHA256,
    PK_HASH_SHA384,
    PK_HASH_SHA512,
    PK_HASH_COUNT
};

#define PK_HASH_SIZE_MAX 64

enum pk_signing {
    PK_SIGNING_NONE,
    PK_SIGNING_RSA,     /* PKCS #1 v1.5 */
    PK_SIGNING_RSA_PSS, /* MGF1 with the same hash, salt as long as the hash */
    PK_SIGNING_DSA,
    PK_SIGNING_ECDSA,
};

const char *pk_hash_name(enum pk_hash hash); /* "SHA-256", as Java and JAR manifests spell it */
size_t pk_hash_size(enum pk_hash hash);      /* bytes; 0 for PK_HASH_NONE */
/* Fetched once and kept. NULL for PK_HASH_NONE and when OpenSSL does not offer it. */
const EVP_MD *pk_hash_md(enum pk_hash hash);
/* The digest of in; out has room for PK_HASH_SIZE_MAX. PK_ECRYPTO when the hash is not offered. */
PK_MUST_USE int pk_hash_digest(enum pk_hash hash, struct pk_slice in, uint8_t *out);

/* By object identifier as text. NONE when it is none of ours. */
enum pk_hash pk_hash_by_oid(const char *oid);
/* "1.2.840.113549.1.1.11" -> RSA and SHA-256; "1.2.840.113549.1.1.1" -> RSA and NONE: the hash is said
 * elsewhere. */
enum pk_signing pk_signing_by_oid(const char *oid, enum pk_hash *hash);

/* The key of a SubjectPublicKeyInfo; ends with the arena. PK_EMALF: OpenSSL does not know or want it. */
PK_MUST_USE int pk_key_parse(struct pk_slice spki, struct pk_arena *arena, EVP_PKEY **out);
/* "RSA 2048", "EC P-256", "DSA 1024", "Ed25519" in the arena; "" for NULL. */
const char *pk_key_text(const EVP_PKEY *key, struct pk_arena *arena);

/* A signature by DSA or ECDSA is a SEQUENCE of two numbers and nothing else. */
bool pk_signature_is_pair(struct pk_slice signature);

/* Does the signature over a message with this digest hold? PK_OK; PK_ECRYPTO: no; PK_ETYPE: the key is
 * not one for this way of signing (Java's InvalidKeyException); PK_EMALF: no, and it is none at all: of
 * another size than the key, not two numbers, or with another hash inside (Java's SignatureException). */
PK_MUST_USE int pk_key_verify_digest(EVP_PKEY *key, enum pk_signing signing, enum pk_hash hash,
        struct pk_slice digest, struct pk_slice signature);
PK_MUST_USE int pk_key_verify(EVP_PKEY *key, enum pk_signing signing, enum pk_hash hash,
        struct pk_slice message, struct pk_slice signature);
