#include "server/secret.h"

#include <argon2.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/file.h"

#define PASSES   3
#define KIB      (64U * 1024) /* one at a time: many who guess cannot fill the memory */
#define LANES    1
#define SALT     16
#define HASH     32
#define IV       12
#define TAG      16
#define SEAL_MAX 4096 /* bytes of what is sealed */

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

/* ---- passwords ---- */

int pk_password_hash(const char *password, char out[PK_PASSWORD_HASH], struct pk_error *err)
{
    uint8_t salt[SALT];
    size_t len = strlen(password);
    int rc;

    if (len < PK_PASSWORD_MIN || len > PK_PASSWORD_MAX) {
        return pk_error_set(
                err, PK_ELIMIT, "a password has %d to %d bytes", PK_PASSWORD_MIN, PK_PASSWORD_MAX);
    }
    pk_random(salt, sizeof(salt));
    (void)pthread_mutex_lock(&one_at_a_time);
    rc = argon2id_hash_encoded(
            PASSES, KIB, LANES, password, len, salt, sizeof(salt), HASH, out, PK_PASSWORD_HASH);
    (void)pthread_mutex_unlock(&one_at_a_time);
    return rc == ARGON2_OK ? PK_OK : pk_error_set(err, PK_ENOMEM, "%s", argon2_error_message(rc));
}

bool pk_password_fits(const char *hash, const char *password)
{
    /* Of a random password that was thrown away. */
    static const char nobody[] = "$argon2id$v=19$m=65536,t=3,p=1$cGlja2V0bm9ib2R5c2FsdA$"
                                 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    size_t len = strlen(password);
    bool fits;

    if (len > PK_PASSWORD_MAX) {
        return false;
    }
    (void)pthread_mutex_lock(&one_at_a_time);
    fits = argon2id_verify(hash != NULL ? hash : nobody, password, len) == ARGON2_OK;
    (void)pthread_mutex_unlock(&one_at_a_time);
    return fits && hash != NULL;
}

/* ---- sealing ---- */

int pk_seal_key(const char *path, uint8_t out[PK_SEAL_KEY], struct pk_error *err)
{
    struct pk_buffer bytes = pk_buffer_of(PK_SEAL_KEY + 1);
    int rc = pk_file_read(path, &bytes, err);

    if (rc == -ENOENT) {
        pk_random(out, PK_SEAL_KEY);
        rc = pk_file_write(path, pk_slice_of(out, PK_SEAL_KEY), 0600, err);
    } else if (rc == PK_OK && bytes.len != PK_SEAL_KEY) {
        rc = pk_error_set(err, PK_EMALF, "'%s': this is no key of %d bytes", path, PK_SEAL_KEY);
    } else if (rc == PK_OK) {
        memcpy(out, bytes.ptr, PK_SEAL_KEY);
    }
    pk_buffer_finish(&bytes);
    return rc;
}

/* Encrypts or decrypts; tag is written or checked. */
static bool gcm(bool encrypt, const uint8_t *key, const uint8_t *iv, const char *about,
        const uint8_t *in, size_t len, uint8_t *out, uint8_t *tag)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    bool good = ctx != NULL &&
            EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv, encrypt ? 1 : 0) == 1 &&
            EVP_CipherUpdate(ctx, NULL, &n, (const uint8_t *)about, (int)strlen(about)) == 1 &&
            EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1 && (size_t)n == len;

    if (good && !encrypt) {
        good = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1;
    }
    good = good && EVP_CipherFinal_ex(ctx, out + len, &n) == 1 && n == 0;
    if (good && encrypt) {
        good = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG, tag) == 1;
    }
    EVP_CIPHER_CTX_free(ctx);
    return good;
}

int pk_seal(const uint8_t key[PK_SEAL_KEY], const char *about, const char *text,
        struct pk_arena *arena, const char **out, struct pk_error *err)
{
    size_t len = strlen(text);
    size_t size = IV + len + TAG;
    uint8_t *box = len <= SEAL_MAX ? pk_arena_alloc(arena, size, 1) : NULL;
    char *hex = box != NULL ? pk_arena_alloc(arena, 2 * size + 1, 1) : NULL;

    if (hex == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    pk_random(box, IV);
    if (!gcm(true, key, box, about, (const uint8_t *)text, len, box + IV, box + IV + len)) {
        return pk_error_set(err, PK_ECRYPTO, "cannot be sealed");
    }
    pk_hex(pk_slice_of(box, size), hex);
    *out = hex;
    return PK_OK;
}

int pk_unseal(const uint8_t key[PK_SEAL_KEY], const char *about, const char *sealed,
        struct pk_arena *arena, const char **out, struct pk_error *err)
{
    size_t size = strlen(sealed) / 2;
    uint8_t *box = size >= IV + TAG && size <= SEAL_MAX + IV + TAG ? pk_arena_alloc(arena, size, 1)
                                                                   : NULL;
    uint8_t *text = box != NULL ? pk_arena_alloc(arena, size + 1, 1) : NULL;
    size_t len = size - IV - TAG;

    if (text == NULL || pk_unhex(sealed, box, size) < 0 ||
            !gcm(false, key, box, about, box + IV, len, text, box + IV + len)) {
        return pk_error_set(err, PK_ECRYPTO, "what was sealed cannot be opened");
    }
    text[len] = '\0';
    *out = (const char *)text;
    return PK_OK;
}

/* ---- one-time codes ---- */

void pk_totp_code(const uint8_t *secret, size_t len, int64_t step, char out[PK_TOTP_DIGITS + 1])
{
    uint8_t counter[8];
    uint8_t mac[EVP_MAX_MD_SIZE] = { 0 };
    unsigned mac_len = 0;
    unsigned at;
    uint32_t number;

    for (unsigned i = 0; i < sizeof(counter); i++) {
        counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    }
    (void)HMAC(EVP_sha1(), secret, (int)len, counter, sizeof(counter), mac, &mac_len);
    at = mac[19] & 15U; /* RFC 4226, section 5.3 */
    number = ((uint32_t)(mac[at] & 0x7FU) << 24 | (uint32_t)mac[at + 1] << 16 |
                     (uint32_t)mac[at + 2] << 8 | mac[at + 3]) %
            1000000;
    (void)snprintf(out, PK_TOTP_DIGITS + 1, "%06u", (unsigned)number);
}

int64_t pk_totp_step(const uint8_t *secret, size_t len, int64_t now_ms, const char *code)
{
    int64_t now = now_ms / 1000 / PK_TOTP_STEP_S;
    int64_t found = -1;

    for (int64_t step = now - 1; step <= now + 1; step++) {
        char right[PK_TOTP_DIGITS + 1];

        pk_totp_code(secret, len, step, right);
        if (pk_secret_eq(right, code)) {
            found = step;
        }
    }
    return found;
}

void pk_totp_make(struct pk_totp *out, char codes[PK_RECOVERY_MAX][PK_RECOVERY_TEXT])
{
    pk_random(out->secret, sizeof(out->secret));
    for (int i = 0; i < PK_RECOVERY_MAX; i++) {
        char digits[17];

        pk_random_hex(8, digits);
        (void)snprintf(codes[i], PK_RECOVERY_TEXT, "%.4s-%.4s-%.4s-%.4s", digits, digits + 4,
                digits + 8, digits + 12);
        pk_sha256_hex(pk_slice_str(codes[i]), out->recovery[i]);
    }
}

int pk_totp_encode(const struct pk_totp *totp, struct pk_arena *arena, const char **out)
{
    char secret[2 * PK_TOTP_SECRET + 1];
    const char *text;

    pk_hex(pk_slice_of(totp->secret, sizeof(totp->secret)), secret);
    text = pk_arena_printf(arena, "%s", secret);
    for (int i = 0; i < PK_RECOVERY_MAX && text != NULL; i++) {
        text = pk_arena_printf(
                arena, "%s %s", text, totp->recovery[i][0] ? totp->recovery[i] : "-");
    }
    *out = text;
    return text != NULL ? PK_OK : PK_ENOMEM;
}

int pk_totp_decode(const char *text, struct pk_totp *out, struct pk_error *err)
{
    char secret[2 * PK_TOTP_SECRET + 1];
    struct pk_totp made = { 0 };

    (void)snprintf(secret, sizeof(secret), "%.*s", 2 * PK_TOTP_SECRET, text);
    if (pk_unhex(secret, made.secret, sizeof(made.secret)) < 0) {
        return pk_error_set(err, PK_EMALF, "the secret of the codes cannot be read");
    }
    text += strcspn(text, " ");
    for (int i = 0; i < PK_RECOVERY_MAX && *text == ' '; i++) {
        size_t len = strcspn(++text, " ");

        if (len == PK_SHA256_HEX - 1) {
            memcpy(made.recovery[i], text, len);
        }
        text += len;
    }
    *out = made;
    return PK_OK;
}

bool pk_totp_recover(struct pk_totp *totp, const char *code)
{
    char hash[PK_SHA256_HEX];
    bool found = false;

    pk_sha256_hex(pk_slice_str(code), hash);
    for (int i = 0; i < PK_RECOVERY_MAX; i++) {
        if (totp->recovery[i][0] != '\0' && pk_secret_eq(totp->recovery[i], hash)) {
            memset(totp->recovery[i], 0, sizeof(totp->recovery[i]));
            found = true;
        }
    }
    return found;
}

/* Base32 of RFC 4648 without padding; 20 bytes are 32 letters. */
static void base32(const uint8_t *in, size_t len, char *out)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint32_t bits = 0;
    int have = 0;

    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | in[i];
        for (have += 8; have >= 5; have -= 5) {
            *out++ = letters[bits >> (have - 5) & 31U];
        }
    }
    *out = '\0';
}

/* Percent-encoded but for what RFC 3986 leaves alone. */
static const char *escaped(const char *text, struct pk_arena *arena)
{
    char *out = pk_arena_alloc(arena, 3 * strlen(text) + 1, 1);
    char *p = out;

    for (; out != NULL && *text != '\0'; text++) {
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", *text)) {
            *p++ = *text;
        } else {
            (void)snprintf(p, 4, "%%%02X", (unsigned char)*text);
            p += 3;
        }
    }
    if (out != NULL) {
        *p = '\0';
    }
    return out;
}

const char *pk_totp_url(
        const struct pk_totp *totp, const char *server, const char *name, struct pk_arena *arena)
{
    char secret[PK_TOTP_SECRET * 8 / 5 + 1];
    const char *who = escaped(name, arena);
    const char *where = escaped(server, arena);

    base32(totp->secret, sizeof(totp->secret), secret);
    return who == NULL || where == NULL
            ? NULL
            : pk_arena_printf(arena,
                      "otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=SHA1&digits=6&period=30",
                      where, who, secret, where);
}
