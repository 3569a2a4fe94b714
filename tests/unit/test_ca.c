/* The CA, the server's certificate and devices' certificates, judged by OpenSSL's own verifier. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "check.h"
#include "server/ca.h"
#include "server/tls.h"

#define DEVICE "00112233-4455-4677-8899-aabbccddeeff"

struct fixture {
    char dir[64];
    struct pk_ca *ca;
    int64_t now_ms;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    (void)snprintf(f->dir, sizeof(f->dir), "/tmp/picket-ca-XXXXXX");
    f->now_ms = pk_clock_ms();
    if (mkdtemp(f->dir) == NULL || pk_ca_open(f->dir, f->now_ms, &f->ca, NULL) < 0) {
        return -1;
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = { "ca.pem", "ca.key", "server.pem", "server.key" };
    struct fixture *f = *state;
    char path[128];

    pk_ca_close(f->ca);
    for (size_t i = 0; i < PK_COUNT(names); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(f->dir);
    free(f);
    return 0;
}

/* A request for this key, in DER; the caller frees. */
static unsigned char *make_request(EVP_PKEY *key, const char *digest, size_t *len)
{
    X509_REQ *request = X509_REQ_new();
    unsigned char *der = NULL;

    assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN",
                             MBSTRING_UTF8, (const unsigned char *)"I am root", -1, -1, 0),
            1);
    assert_true(X509_REQ_sign(request, key, EVP_get_digestbyname(digest)) > 0);
    *len = (size_t)i2d_X509_REQ(request, &der);
    X509_REQ_free(request);
    return der;
}

/* 0 or the X509_V_ERR of OpenSSL's verifier. */
static int verify(const struct pk_ca *ca, X509 *certificate, int purpose, int64_t at_ms)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    int why;

    X509_STORE_add_cert(store, pk_ca_certificate(ca));
    X509_STORE_CTX_init(ctx, store, certificate, NULL);
    X509_STORE_CTX_set_purpose(ctx, purpose);
    X509_STORE_CTX_set_time(ctx, 0, (time_t)(at_ms / 1000));
    (void)X509_verify_cert(ctx);
    why = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return why;
}

static void test_ca_files(void **state)
{
    struct fixture *f = *state;
    char path[128];
    struct stat st;
    struct pk_ca *again = NULL;
    struct pk_error err = { 0 };

    (void)snprintf(path, sizeof(path), "%s/ca.key", f->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(pk_ca_open(f->dir, f->now_ms, &again, &err), PK_OK);
    assert_string_equal(pk_ca_pin(again), pk_ca_pin(f->ca));
    assert_int_equal(strlen(pk_ca_pin(again)), 64);
    pk_ca_close(again);
    assert_int_equal(X509_check_ca(pk_ca_certificate(f->ca)), 1);
    assert_true(
            pk_x509_not_after_ms(pk_ca_certificate(f->ca)) > f->now_ms + INT64_C(3649) * PK_DAY_MS);

    /* A key that went missing or is another one is an error, never a silent new CA. */
    again = NULL;
    assert_int_equal(truncate(path, 10), 0);
    assert_int_equal(pk_ca_open(f->dir, f->now_ms, &again, &err), PK_ECRYPTO);
    assert_null(again);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(pk_ca_open(f->dir, f->now_ms, &again, &err), PK_ENOENT);
    assert_null(again);
}

static void test_issue(void **state)
{
    struct fixture *f = *state;
    EVP_PKEY *key = pk_x509_new_key();
    EVP_PKEY *checked = NULL;
    struct pk_issued issued = { 0 };
    unsigned char *der;
    char device[37];
    char serial[PK_SERIAL_TEXT];
    size_t len;

    der = make_request(key, "SHA256", &len);
    assert_int_equal(pk_ca_check_request(pk_slice_of(der, len), &checked, NULL), PK_OK);
    OPENSSL_free(der);
    assert_int_equal(EVP_PKEY_eq(key, checked), 1);
    assert_int_equal(pk_ca_issue(f->ca, checked, DEVICE, f->now_ms, &issued, NULL), PK_OK);

    assert_int_equal(
            verify(f->ca, issued.certificate, X509_PURPOSE_SSL_CLIENT, f->now_ms), X509_V_OK);
    assert_int_equal(verify(f->ca, issued.certificate, X509_PURPOSE_SSL_SERVER, f->now_ms),
            X509_V_ERR_INVALID_PURPOSE);
    assert_int_equal(
            verify(f->ca, issued.certificate, X509_PURPOSE_SSL_CLIENT, f->now_ms + 91 * PK_DAY_MS),
            X509_V_ERR_CERT_HAS_EXPIRED);
    assert_int_equal(verify(f->ca, issued.certificate, X509_PURPOSE_SSL_CLIENT,
                             f->now_ms - 9 * PK_MINUTE_MS),
            X509_V_OK);

    len = (size_t)i2d_X509(issued.certificate, NULL);
    der = NULL;
    assert_true(i2d_X509(issued.certificate, &der) > 0);
    assert_int_equal(pk_ca_device_of(pk_slice_of(der, len), device, serial), PK_OK);
    assert_string_equal(device, DEVICE);
    assert_string_equal(serial, issued.serial);
    assert_int_equal(strlen(serial), 40);
    OPENSSL_free(der);

    /* The CA's own certificate names no device. */
    der = NULL;
    len = (size_t)i2d_X509(pk_ca_certificate(f->ca), &der);
    assert_int_equal(pk_ca_device_of(pk_slice_of(der, len), device, serial), PK_EMALF);
    OPENSSL_free(der);
    X509_free(issued.certificate);
    EVP_PKEY_free(checked);
    EVP_PKEY_free(key);
}

static void test_pkcs7(void **state)
{
    struct fixture *f = *state;
    char *text = pk_ca_pkcs7(pk_ca_certificate(f->ca));
    uint8_t der[4096];
    const unsigned char *at = der;
    size_t len;
    PKCS7 *p7;

    assert_null(strchr(text, '\n'));
    assert_int_equal(pk_unbase64(pk_slice_str(text), der, sizeof(der), &len), PK_OK);
    p7 = d2i_PKCS7(NULL, &at, (long)len);
    assert_non_null(p7);
    assert_true(PKCS7_type_is_signed(p7));
    assert_int_equal(sk_X509_num(p7->d.sign->cert), 1);
    assert_int_equal(X509_cmp(sk_X509_value(p7->d.sign->cert, 0), pk_ca_certificate(f->ca)), 0);
    PKCS7_free(p7);
    free(text);
}

static void test_requests_bad(void **state)
{
    EVP_PKEY *good = pk_x509_new_key();
    EVP_PKEY *weak = EVP_RSA_gen(1024);
    EVP_PKEY *rsa = EVP_RSA_gen(2048);
    EVP_PKEY *curve = EVP_EC_gen("P-521");
    EVP_PKEY *p384 = EVP_EC_gen("P-384");
    EVP_PKEY *none = NULL;
    unsigned char *der;
    uint8_t *heap;
    struct pk_error err;
    size_t len;
    const struct {
        EVP_PKEY *key;
        int rc;
        const char *text;
    } rows[] = {
        { good, PK_OK, "" },
        { p384, PK_OK, "" },
        { rsa, PK_OK, "" },
        { weak, PK_ECRYPTO, "an RSA key must have 2048 to 8192 bits, not 1024" },
        { curve, PK_ECRYPTO, "the curve must be P-256 or P-384" },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        none = NULL;
        err = (struct pk_error){ 0 };
        der = make_request(rows[i].key, "SHA256", &len);
        heap = pk_test_dup(der, len);
        assert_int_equal(pk_ca_check_request(pk_slice_of(heap, len), &none, &err), rows[i].rc);
        assert_string_equal(err.text, rows[i].text);
        assert_int_equal(none != NULL, rows[i].rc == PK_OK);
        EVP_PKEY_free(none);
        free(heap);
        OPENSSL_free(der);
    }
    none = NULL;
    der = make_request(good, "SHA256", &len);
    der[len - 3] ^= 1; /* in the signature */
    assert_int_equal(pk_ca_check_request(pk_slice_of(der, len), &none, &err), PK_ECRYPTO);
    der[len - 3] ^= 1;
    for (size_t cut = 0; cut < len; cut++) { /* every cut, in an exact block */
        heap = pk_test_dup(der, cut);
        assert_true(pk_ca_check_request(pk_slice_of(heap, cut), &none, &err) < 0);
        free(heap);
    }
    heap = malloc(len + 1);
    memcpy(heap, der, len);
    heap[len] = 0; /* a byte behind it */
    assert_int_equal(pk_ca_check_request(pk_slice_of(heap, len + 1), &none, &err), PK_EMALF);
    free(heap);
    assert_null(none);
    OPENSSL_free(der);
    EVP_PKEY_free(good);
    EVP_PKEY_free(weak);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(curve);
    EVP_PKEY_free(p384);
}

static X509 *parse(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    return certificate;
}

static void test_server_certificate(void **state)
{
    struct fixture *f = *state;
    const char *names[] = { "picket.example.org", "192.0.2.7" };
    struct pk_strings list = { .items = names, .count = 1 };
    struct pk_tls first = { 0 };
    struct pk_tls next = { 0 };
    X509 *certificate;

    assert_int_equal(pk_tls_open(f->ca, f->dir, &list, f->now_ms, &first, NULL), PK_OK);
    certificate = parse(first.certificate_pem);
    assert_int_equal(verify(f->ca, certificate, X509_PURPOSE_SSL_SERVER, f->now_ms), X509_V_OK);
    assert_int_equal(X509_check_host(certificate, "picket.example.org", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(certificate, "localhost", 0, 0, NULL), 1);
    assert_int_equal(X509_check_ip_asc(certificate, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(certificate, "::1", 0), 1);
    assert_int_equal(X509_check_ip_asc(certificate, "192.0.2.7", 0), 0);
    X509_free(certificate);

    /* The next start takes the same one. */
    assert_int_equal(pk_tls_open(f->ca, f->dir, &list, f->now_ms, &next, NULL), PK_OK);
    assert_string_equal(next.certificate_pem, first.certificate_pem);
    assert_string_equal(next.key_pem, first.key_pem);
    pk_tls_finish(&next);

    /* Another name: a new one. */
    list.count = 2;
    assert_int_equal(pk_tls_open(f->ca, f->dir, &list, f->now_ms, &next, NULL), PK_OK);
    assert_string_not_equal(next.certificate_pem, first.certificate_pem);
    certificate = parse(next.certificate_pem);
    assert_int_equal(X509_check_ip_asc(certificate, "192.0.2.7", 0), 1);
    X509_free(certificate);
    pk_tls_finish(&first);

    /* 366 days on there are 31 left, 367 days on there are 30 minus the back-dating. */
    assert_int_equal(
            pk_tls_open(f->ca, f->dir, &list, f->now_ms + 366 * PK_DAY_MS, &first, NULL), PK_OK);
    assert_string_equal(next.certificate_pem, first.certificate_pem);
    pk_tls_finish(&first);
    assert_int_equal(
            pk_tls_open(f->ca, f->dir, &list, f->now_ms + 368 * PK_DAY_MS, &first, NULL), PK_OK);
    assert_string_not_equal(next.certificate_pem, first.certificate_pem);
    pk_tls_finish(&first);
    pk_tls_finish(&next);
}

static void test_names(void **state)
{
    static const struct {
        const char *name;
        bool good;
    } rows[] = {
        { "picket.example.org", true },
        { "localhost", true },
        { "10.0.0.1", true },
        { "2001:db8::1", true },
        { "", false },
        { "a b", false },
        { "a,DNS:evil.example", false },
        { "-a", false },
        { ".a", false },
        { "a..b", false },
        { "https://a", false },
        { "*.example.org", false },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        assert_int_equal(pk_tls_is_name(rows[i].name), rows[i].good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ca_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_issue, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pkcs7, set_up, tear_down),
        cmocka_unit_test(test_requests_bad),
        cmocka_unit_test_setup_teardown(test_server_certificate, set_up, tear_down),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
