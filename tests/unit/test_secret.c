#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "server/lockout.h"
#include "server/secret.h"

#define NOW INT64_C(1800000000000)

/* RFC 6238, appendix B: the last six digits of its eight. */
static void test_codes(void **state)
{
    static const struct {
        int64_t seconds;
        const char *code;
    } rows[] = {
        { 59, "287082" },
        { 1111111109, "081804" },
        { 1111111111, "050471" },
        { 1234567890, "005924" },
        { 2000000000, "279037" },
        { 20000000000, "353130" },
    };
    const uint8_t *secret = (const uint8_t *)"12345678901234567890";

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        int64_t step = rows[i].seconds / 30;
        char code[PK_TOTP_DIGITS + 1];

        pk_totp_code(secret, 20, step, code);
        assert_string_equal(code, rows[i].code);
        for (int away = step < 2 ? 0 : -2; away <= 2; away++) {
            assert_int_equal(pk_totp_step(secret, 20, (step + away) * 30000 + 12345, rows[i].code),
                    away >= -1 && away <= 1 ? step : -1);
        }
    }
    assert_int_equal(pk_totp_step(secret, 20, 59000, ""), -1);
    assert_int_equal(pk_totp_step(secret, 20, 59000, "2870820"), -1);
    assert_int_equal(pk_totp_step(secret, 20, 59000, "28708"), -1);
}

static void test_password(void **state)
{
    char one[PK_PASSWORD_HASH];
    char two[PK_PASSWORD_HASH];
    struct pk_error err;

    (void)state;
    assert_int_equal(pk_password_hash("eleven char", one, &err), PK_ELIMIT);
    assert_int_equal(pk_password_hash("a long password", one, &err), PK_OK);
    assert_int_equal(pk_password_hash("a long password", two, &err), PK_OK);
    assert_string_not_equal(one, two);
    assert_memory_equal(one, "$argon2id$v=19$m=65536,t=3,p=1$", 31);
    assert_true(pk_password_fits(one, "a long password"));
    assert_true(pk_password_fits(two, "a long password"));
    assert_false(pk_password_fits(one, "a long passwore"));
    assert_false(pk_password_fits(one, ""));
    assert_false(pk_password_fits(NULL, "a long password"));
    assert_false(pk_password_fits("", "a long password"));
    assert_false(pk_password_fits("$argon2id$v=19$m=65536", "a long password"));
}

static void test_seal(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 16);
    char folder[] = "/tmp/picket-secret-XXXXXX";
    char path[64];
    uint8_t key[PK_SEAL_KEY];
    uint8_t again[PK_SEAL_KEY];
    const char *sealed;
    const char *text;
    char *broken;

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/key", folder);
    assert_int_equal(pk_seal_key(path, key, NULL), PK_OK);
    assert_int_equal(pk_seal_key(path, again, NULL), PK_OK);
    assert_memory_equal(key, again, sizeof(key));
    assert_int_equal(pk_seal(key, "anna", "a secret", arena, &sealed, NULL), PK_OK);
    assert_null(strstr(sealed, "secret"));
    assert_int_equal(pk_unseal(key, "anna", sealed, arena, &text, NULL), PK_OK);
    assert_string_equal(text, "a secret");
    assert_int_equal(pk_unseal(key, "bert", sealed, arena, &text, NULL), PK_ECRYPTO);
    again[7] ^= 1;
    assert_int_equal(pk_unseal(again, "anna", sealed, arena, &text, NULL), PK_ECRYPTO);
    for (size_t i = 0; i < strlen(sealed); i++) {
        broken = pk_arena_strdup(arena, sealed);
        broken[i] = broken[i] == '0' ? '1' : '0';
        assert_int_equal(pk_unseal(key, "anna", broken, arena, &text, NULL), PK_ECRYPTO);
    }
    assert_int_equal(pk_unseal(key, "anna", "", arena, &text, NULL), PK_ECRYPTO);
    assert_int_equal(pk_unseal(key, "anna", "00", arena, &text, NULL), PK_ECRYPTO);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    pk_arena_destroy(arena);
}

static void test_recovery(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 16);
    char codes[PK_RECOVERY_MAX][PK_RECOVERY_TEXT];
    struct pk_totp totp;
    struct pk_totp back;
    const char *text;

    (void)state;
    pk_totp_make(&totp, codes);
    assert_true(pk_totp_recover(&totp, codes[4]));
    assert_false(pk_totp_recover(&totp, codes[4]));
    assert_false(pk_totp_recover(&totp, ""));
    assert_int_equal(pk_totp_encode(&totp, arena, &text), PK_OK);
    assert_int_equal(pk_totp_decode(text, &back, NULL), PK_OK);
    assert_memory_equal(&totp, &back, sizeof(totp));
    assert_true(pk_totp_recover(&back, codes[9]));
    assert_int_equal(pk_totp_decode("zz", &back, NULL), PK_EMALF);
    text = pk_totp_url(&totp, "our server", "a:b", arena);
    assert_memory_equal(text, "otpauth://totp/our%20server:a%3Ab?secret=", 41);
    assert_int_equal(strcspn(text + 41, "&"), 32);
    pk_arena_destroy(arena);
}

static int64_t wrong_until_wait(struct pk_lockout *l, const char *who, const char *where, int times)
{
    int64_t wait = 0;

    /* impatient: all at once */
    for (int i = 0; i < times; i++) {
        pk_lockout_wrong(l, who, where, NOW);
        wait = pk_lockout_wait(l, who, where, NOW);
    }
    return wait;
}

/* Doubling up to 15 minutes; strangers cannot keep the owner out of the server's own console. */
static void test_lockout(void **state)
{
    static const int64_t waits[] = { 0, 0, 0, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000,
        512000, PK_LOCKOUT_MAX_MS, PK_LOCKOUT_MAX_MS };
    struct pk_lockout *l = pk_lockout_create();

    (void)state;
    for (size_t i = 0; i < PK_COUNT(waits); i++) {
        struct pk_lockout *fresh = pk_lockout_create();

        assert_int_equal(wrong_until_wait(fresh, "anna", "192.0.2.1", (int)i + 1), waits[i]);
        pk_lockout_destroy(fresh);
    }
    assert_true(wrong_until_wait(l, "anna", "192.0.2.1", 12) > 0);
    assert_true(pk_lockout_wait(l, "anna", "198.51.100.7", NOW) > 0); /* by the account */
    assert_true(pk_lockout_wait(l, "bert", "192.0.2.1", NOW) > 0);    /* by the address */
    assert_int_equal(pk_lockout_wait(l, "bert", "198.51.100.7", NOW), 0);
    assert_int_equal(pk_lockout_wait(l, "anna", "127.0.0.1", NOW), 0);
    assert_int_equal(pk_lockout_wait(l, "anna", "::1", NOW), 0);
    assert_true(wrong_until_wait(l, "anna", "::1", 40) <= PK_LOCKOUT_LOCAL_MS);
    pk_lockout_right(l, "anna", "192.0.2.1");
    assert_int_equal(pk_lockout_wait(l, "anna", "192.0.2.1", NOW), 0);
    assert_int_equal(wrong_until_wait(l, "carl", "192.0.2.9", 5), 4000);
    pk_lockout_wrong(l, "carl", "192.0.2.9", NOW + 2 * PK_LOCKOUT_FORGET_MS);
    assert_int_equal(pk_lockout_wait(l, "carl", "192.0.2.9", NOW + 2 * PK_LOCKOUT_FORGET_MS), 0);
    pk_lockout_destroy(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_password),
        cmocka_unit_test(test_seal),
        cmocka_unit_test(test_recovery),
        cmocka_unit_test(test_lockout),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
