/* secret.h - passwords and one-time codes of people who sign in without an identity provider.
 *
 * A password is kept as Argon2id (RFC 9106, 64 MiB, 3 passes). The secret of one-time codes has to be read back:
 * it is sealed with AES-256-GCM under a key that lies in the state folder, so that a copy of the database alone
 * gives no codes. Codes: RFC 6238 with SHA-1, 6 digits, 30 s. Any thread. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/crypt.h"
#include "base/error.h"
#include "base/schema.h"

#define PK_PASSWORD_MIN  12 /* bytes; a password that is long enough needs no other rule */
#define PK_PASSWORD_MAX  512
#define PK_PASSWORD_HASH 160 /* of the encoded text, with its NUL */

/* *out: "$argon2id$...". PK_ELIMIT: too short or too long. */
PK_MUST_USE int pk_password_hash(
        const char *password, char out[PK_PASSWORD_HASH], struct pk_error *err);
/* hash NULL: nobody's; takes the same time. */
bool pk_password_fits(const char *hash, const char *password);

#define PK_SEAL_KEY 32

/* Reads the key, or makes it (0600). */
PK_MUST_USE int pk_seal_key(const char *path, uint8_t out[PK_SEAL_KEY], struct pk_error *err);
/* Hex text in the arena; about: whose it is, cannot be opened for another. */
PK_MUST_USE int pk_seal(const uint8_t key[PK_SEAL_KEY], const char *about, const char *text,
        struct pk_arena *arena, const char **out, struct pk_error *err);
/* PK_ECRYPTO: another key, another person, or changed. */
PK_MUST_USE int pk_unseal(const uint8_t key[PK_SEAL_KEY], const char *about, const char *sealed,
        struct pk_arena *arena, const char **out, struct pk_error *err);

#define PK_TOTP_SECRET   20 /* bytes, RFC 4226 section 4 */
#define PK_TOTP_STEP_S   30
#define PK_TOTP_DIGITS   6
#define PK_RECOVERY_MAX  10
#define PK_RECOVERY_TEXT 20 /* "xxxx-xxxx-xxxx-xxxx" and the NUL */

/* The code of a step (seconds since 1970 / 30). */
void pk_totp_code(const uint8_t *secret, size_t len, int64_t step, char out[PK_TOTP_DIGITS + 1]);
/* The step that the code is of, now or one before or after; -1: none. */
int64_t pk_totp_step(const uint8_t *secret, size_t len, int64_t now_ms, const char *code);

/* What one person needs for codes: the secret, and codes for the day when the phone is gone. */
struct pk_totp {
    uint8_t secret[PK_TOTP_SECRET];
    char recovery[PK_RECOVERY_MAX][PK_SHA256_HEX]; /* SHA-256; "": used */
};
/* Makes a new one; codes are shown once. */
void pk_totp_make(struct pk_totp *out, char codes[PK_RECOVERY_MAX][PK_RECOVERY_TEXT]);
/* As text to be sealed, and back. */
PK_MUST_USE int pk_totp_encode(
        const struct pk_totp *totp, struct pk_arena *arena, const char **out);
PK_MUST_USE int pk_totp_decode(const char *text, struct pk_totp *out, struct pk_error *err);
/* Takes a recovery code, which then works no more. */
bool pk_totp_recover(struct pk_totp *totp, const char *code);
/* "otpauth://totp/..." for apps that make codes; NULL when memory is short. */
const char *pk_totp_url(
        const struct pk_totp *totp, const char *server, const char *name, struct pk_arena *arena);
