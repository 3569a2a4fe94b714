/* crypt.h - the few cryptographic helpers that every room needs; OpenSSL does the work. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/slice.h"

#define PK_SHA256_SIZE 32
#define PK_SHA256_HEX  65 /* with the NUL */
#define PK_UUID_TEXT   37 /* with the NUL */

void pk_sha256(struct pk_slice in, uint8_t out[PK_SHA256_SIZE]);
void pk_sha256_hex(struct pk_slice in, char out[PK_SHA256_HEX]); /* lower case */
/* Of a whole file, read from its begin; *size is its length. */
PK_MUST_USE int pk_sha256_file(
        int fd, char out[PK_SHA256_HEX], int64_t *size, struct pk_error *err);
void pk_hmac_sha256(struct pk_slice key, struct pk_slice in, uint8_t out[PK_SHA256_SIZE]);

/* Cryptographic random bytes. A system without them cannot be used safely: the process ends. */
void pk_random(void *out, size_t len);
/* A random token: 2*bytes hex digits and the NUL into out. */
void pk_random_hex(size_t bytes, char *out);
void pk_uuid4(char out[PK_UUID_TEXT]);

/* 2*in.len lower-case digits and the NUL. */
void pk_hex(struct pk_slice in, char *out);
/* Exactly 2*size hex digits -> size bytes. PK_EMALF. */
PK_MUST_USE int pk_unhex(const char *text, uint8_t *out, size_t size);

/* Standard base64 with padding; out needs pk_base64_size(in.len) bytes. One line. */
#define PK_BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)
void pk_base64(struct pk_slice in, char *out);
/* The value of a digit of base64, or -1; '=' is none. */
int pk_base64_value(uint8_t c);
/* White space is skipped. Writes at most out_max bytes, *out_len says how many.
 * PK_EMALF, PK_ELIMIT. */
PK_MUST_USE int pk_unbase64(struct pk_slice text, uint8_t *out, size_t out_max, size_t *out_len);

/* Constant time in the length of the shorter one. */
bool pk_secret_eq(const char *a, const char *b);
