/* Certificates of all the keys that signed APKs: facts, keys, who signed whom; broken ones are refused. */
#include "base/crypt.h"
#include "check.h"
#include "data.h"
#include "formats/cert.h"
#include "formats/cert_name.h"

#define ARENA_MAX (1UL << 20)

/* The certificate of a PEM or DER file in an exact heap block; the caller frees. */
static uint8_t *load(const char *name, size_t *len)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    char path[256];
    struct pk_buffer file;
    const char *pem;
    uint8_t *der;

    (void)snprintf(path, sizeof(path), "apksig/support/%s", name);
    file = pk_test_file(path);
    der = malloc(file.len);
    assert_non_null(der);
    pem = strstr(file.ptr, begin);
    if (pem != NULL) {
        pem += strlen(begin);
        assert_int_equal(pk_unbase64(pk_slice_of(pem, (size_t)(strstr(pem, "-----END") - pem)), der,
                                 file.len, len),
                PK_OK);
    } else {
        memcpy(der, file.ptr, file.len);
        *len = file.len;
    }
    der = realloc(der, *len);
    pk_buffer_finish(&file);
    return der;
}

static void facts_are_those_of_the_file(void **state)
{
    static const struct {
        const char *file;
        const char *subject;
        const char *serial;
        const char *key;
        const char *not_after;
        const char *sha256;
    } rows[] = {
        { "dsa-1024.x509.pem", "CN=dsa-1024", "fe849a4a0117c528", "DSA 1024",
                "2043-08-17T15:27:10Z",
                "fee7c19ff9bfb4197b3727b9fd92d95406b1bd96db99ea642f5faac019a389d7" },
        { "ec-p256.x509.pem", "CN=ec-p256", "ca0fb64dfb66e772", "EC P-256", "2043-08-17T14:58:06Z",
                "6a8b96e278e58f62cfe3584022cec1d0527fcb85a9e5d2e1694eb0405be5b599" },
        { "ec-p521.x509.pem", "CN=ec-p521", "ec57745b2f9b7622", "EC P-521", "2043-08-17T15:31:22Z",
                "69b50381d98bebcd27df6d7df8af8c8b38d0e51e9168a95ab992d1a9da6082da" },
        { "rsa-1024.x509.pem", "CN=rsa-1024", "fd0ab588e116edc8", "RSA 1024",
                "2043-08-17T16:14:43Z",
                "bc5e64eab1c4b5137c0fbc5ed05850b3a148d1c41775cffa4d96eea90bdd0eb8" },
        { "rsa-16384.x509.pem", "CN=rsa-16384", "e7776e98a4b912af", "RSA 16384",
                "2043-08-21T19:34:31Z",
                "f3c6b37909f6df310652fbd7c55ec27d3079dcf695dc6e75e22ba7c4e1c95601" },
        /* A modulus without its leading zero, so a negative number. */
        { "rsa-2048_negmod.x509.der", "CN=rsa-2048", "8e35306cdd0115f7", "RSA 2048",
                "2043-08-17T14:57:49Z",
                "e6914235056815913beee2942bb21be3f3d841713e9220aba26a331cacf1f048" },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(ARENA_MAX);
        struct pk_cert cert;
        size_t len;
        uint8_t *der = load(rows[i].file, &len);

        assert_int_equal(pk_cert_parse(pk_slice_of(der, len), arena, &cert, NULL), PK_OK);
        assert_string_equal(cert.subject, rows[i].subject);
        assert_string_equal(cert.issuer, rows[i].subject);
        assert_string_equal(cert.serial, rows[i].serial);
        assert_string_equal(cert.key_text, rows[i].key);
        assert_string_equal(cert.not_after, rows[i].not_after);
        assert_string_equal(cert.sha256, rows[i].sha256);
        assert_true(cert.may_sign);
        assert_false(cert.unknown_critical);
        assert_non_null(pk_cert_x509(&cert, arena));
        pk_arena_destroy(arena);
        free(der);
    }
}

static void signatures_of_issuers_hold_or_not(void **state)
{
    static const struct {
        const char *cert;
        const char *issuer;
        bool holds;
    } rows[] = {
        { "rsa-2048.x509.pem", "rsa-2048.x509.pem", true },
        { "rsa-2048_2.x509.pem", "rsa-2048.x509.pem", true },
        { "rsa-2048_3.x509.pem", "rsa-2048_2.x509.pem", true },
        { "ec-p256_2.x509.pem", "ec-p256.x509.pem", true },
        { "dsa-3072.x509.pem", "dsa-3072.x509.pem", true },
        { "rsa-2048_3.x509.pem", "rsa-2048.x509.pem", false },
        { "rsa-2048.x509.pem", "rsa-2048_2.x509.pem", false },
        /* The name is the issuer's, the body was changed after it was signed. */
        { "rsa-2048_negmod.x509.der", "rsa-2048.x509.pem", false },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(ARENA_MAX);
        struct pk_cert cert;
        struct pk_cert issuer;
        size_t cert_len;
        size_t issuer_len;
        uint8_t *cert_der = load(rows[i].cert, &cert_len);
        uint8_t *issuer_der = load(rows[i].issuer, &issuer_len);

        assert_int_equal(pk_cert_parse(pk_slice_of(cert_der, cert_len), arena, &cert, NULL), PK_OK);
        assert_int_equal(
                pk_cert_parse(pk_slice_of(issuer_der, issuer_len), arena, &issuer, NULL), PK_OK);
        assert_int_equal(pk_cert_signed_by(&cert, &issuer), rows[i].holds);
        pk_arena_destroy(arena);
        free(cert_der);
        free(issuer_der);
    }
}

/* Each prefix in an exact block: refused without reading on. Each changed byte: no crash, and the
 * identity is that of the bytes. */
static void broken_certificates_are_refused(void **state)
{
    size_t len;
    uint8_t *der = load("rsa-1024.x509.pem", &len);

    for (size_t cut = 0; cut < len; cut++) {
        struct pk_arena *arena = pk_arena_create(ARENA_MAX);
        uint8_t *heap = pk_test_dup(der, cut);
        struct pk_cert cert = { .serial = "untouched" };
        struct pk_error err;

        assert_int_equal(pk_cert_parse(pk_slice_of(heap, cut), arena, &cert, &err), PK_EMALF);
        assert_string_equal(cert.serial, "untouched");
        free(heap);
        pk_arena_destroy(arena);
    }
    for (size_t i = 0; i < len; i++) {
        struct pk_arena *arena = pk_arena_create(ARENA_MAX);
        uint8_t *heap = pk_test_dup(der, len);
        struct pk_cert cert;

        heap[i] ^= 0x15;
        if (pk_cert_parse(pk_slice_of(heap, len), arena, &cert, NULL) == PK_OK) {
            assert_string_not_equal(cert.sha256,
                    "bc5e64eab1c4b5137c0fbc5ed05850b3a148d1c41775cffa4d96eea90bdd0eb8");
            /* Only the algorithm's parameters are not covered: NULL is what it is. */
            assert_true(!pk_cert_signed_by(&cert, &cert) || i + 160 > len);
        }
        free(heap);
        pk_arena_destroy(arena);
    }
    free(der);
}

static void memory_may_be_short(void **state)
{
    size_t len;
    uint8_t *der = load("rsa-2048.x509.pem", &len);
    struct pk_cert cert;
    bool done = false;

    for (size_t max = 0; !done && max < ARENA_MAX; max += 16) {
        struct pk_arena *arena = pk_arena_create(max);
        int rc = pk_cert_parse(pk_slice_of(der, len), arena, &cert, NULL);

        assert_true(rc == PK_OK || rc == PK_ENOMEM);
        done = rc == PK_OK;
        pk_arena_destroy(arena);
    }
    assert_true(done);
    free(der);
}

static void names_are_printed_as_java_does(void **state)
{
    static const struct {
        const char *bytes; /* of SEQUENCE's contents, all lengths below 128 */
        size_t len;
        const char *text;
    } rows[] = {
        { "", 0, "" },
        { "\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02US"
          "\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x0c\x04Some",
                28, "CN=Some, C=US" },
        { "\x31\x0e\x30\x0c\x06\x03\x55\x04\x0a\x0c\x05"
          "a, \"b",
                16, "O=\"a, \\\"b\"" },
        { "\x31\x0f\x30\x0d\x06\x03\x55\x04\x0b\x1e\x06\0A\x04\x16\x20\xac", 17,
                "OU=A\xd0\x96\xe2\x82\xac" },
        { "\x31\x14\x30\x08\x06\x03\x55\x04\x03\x13\x01x\x30\x08\x06\x03\x55\x04\x0b\x13\x01y", 22,
                "CN=x + OU=y" },
        { "\x31\x08\x30\x06\x06\x02\x2a\x03\x04\x00", 10, "OID.1.2.3=" },
        { "\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02\n\xff", 13, "CN=\"\\x0a\\xff\"" },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(ARENA_MAX);
        uint8_t *heap = malloc(rows[i].len + 2);

        assert_non_null(heap);
        heap[0] = 0x30;
        heap[1] = (uint8_t)rows[i].len;
        memcpy(heap + 2, rows[i].bytes, rows[i].len);
        assert_true(pk_cert_name_is(pk_slice_of(heap, rows[i].len + 2)));
        assert_string_equal(
                pk_cert_name_text(pk_slice_of(heap, rows[i].len + 2), arena), rows[i].text);
        free(heap);
        pk_arena_destroy(arena);
    }
}

static void names_agree_beyond_their_bytes(void **state)
{
    static const uint8_t printable[] = "\x30\x0f\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x13\x04Some";
    static const uint8_t utf8[] = "\x30\x0f\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x0c\x04sOME";
    static const uint8_t other[] = "\x30\x0f\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x0c\x04"
                                   "fOME";

    assert_true(pk_cert_name_eq(pk_slice_of(printable, 17), pk_slice_of(utf8, 17)));
    assert_false(pk_cert_name_eq(pk_slice_of(utf8, 17), pk_slice_of(other, 17)));
    assert_false(pk_cert_name_eq(pk_slice_of(utf8, 17), pk_slice_of(utf8, 16)));
    assert_false(pk_cert_name_eq(pk_slice_of(utf8, 17), pk_slice_of(NULL, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_are_those_of_the_file),
        cmocka_unit_test(signatures_of_issuers_hold_or_not),
        cmocka_unit_test(broken_certificates_are_refused),
        cmocka_unit_test(memory_may_be_short),
        cmocka_unit_test(names_are_printed_as_java_does),
        cmocka_unit_test(names_agree_beyond_their_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
