#include "agent/est.h"

#include <ctype.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/https.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/crypt.h"

#define CALL_MS     (30 * PK_SECOND_MS)
#define ANSWER_MAX  65536
#define CSR_MAX     4096UL
#define HOST_HEADER 64

static bool is_hex(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!isxdigit((unsigned char)text[i])) {
            return false;
        }
    }
    return true;
}

/* Splits "#TOKEN.PIN" off the link. */
static int take_fragment(const char *from, struct pk_enrolment *out, struct pk_error *err)
{
    const char *dot = strchr(from, '.');
    size_t token = dot != NULL ? (size_t)(dot - from) : strlen(from);

    if (token == 0 || token >= sizeof(out->token) || !is_hex(from, token)) {
        return pk_error_set(err, PK_EMALF, "the link's token is not a string of hex digits");
    }
    memcpy(out->token, from, token);
    out->token[token] = '\0';
    if (dot != NULL) {
        if (strlen(dot + 1) != 64 || !is_hex(dot + 1, 64)) {
            return pk_error_set(err, PK_EMALF, "the link's fingerprint is not 64 hex digits");
        }
        memcpy(out->pin, dot + 1, sizeof(out->pin));
    }
    return PK_OK;
}

int pk_enrolment_parse(const char *url, const char *token, const char *pin, const char *ca_file,
        struct pk_enrolment *out, struct pk_error *err)
{
    struct pk_enrolment e = { .ca_file = ca_file };
    char host[PK_HTTPS_HOST];
    const char *hash = strchr(url, '#');
    size_t len = hash != NULL ? (size_t)(hash - url) : strlen(url);
    int port;
    int rc = PK_OK;

    if (len >= 7 && strncmp(url + len - 7, "/enroll", 7) == 0) {
        len -= 7;
    }
    while (len > 0 && url[len - 1] == '/') {
        len--;
    }
    if (len == 0 || len >= sizeof(e.url)) {
        return pk_error_set(err, PK_EMALF, "the link is empty or too long");
    }
    memcpy(e.url, url, len);
    e.url[len] = '\0';
    if (hash != NULL) {
        rc = take_fragment(hash + 1, &e, err);
    }
    if (rc == PK_OK && token != NULL) {
        char pin_before[sizeof(e.pin)];

        memcpy(pin_before, e.pin, sizeof(e.pin));
        e.pin[0] = '\0';
        rc = take_fragment(token, &e, err); /* "TOKEN.PIN" is fine here, too */
        if (rc == PK_OK && e.pin[0] == '\0') {
            memcpy(e.pin, pin_before, sizeof(e.pin));
        }
    }
    if (rc == PK_OK && pin != NULL) {
        if (strlen(pin) != 64 || !is_hex(pin, 64)) {
            return pk_error_set(err, PK_EMALF, "the CA's fingerprint is not 64 hex digits");
        }
        memcpy(e.pin, pin, sizeof(e.pin));
    }
    if (rc == PK_OK) {
        rc = pk_https_url(e.url, host, &port, err);
    }
    if (rc == PK_OK && e.token[0] == '\0') {
        rc = pk_error_set(
                err, PK_EMALF, "a token is needed: the link is https://HOST:PORT/enroll#TOKEN.PIN");
    }
    if (rc == PK_OK && e.pin[0] == '\0' && ca_file == NULL) {
        rc = pk_error_set(err, PK_EMALF,
                "nothing vouches for the server: give the whole link, --ca-pin or --ca");
    }
    if (rc == PK_OK) {
        *out = e;
    }
    return rc;
}

/* One call on a connection of its own. *body (max ANSWER_MAX) gets the answer's. */
static int call(const char *url, SSL_CTX *tls, const struct pk_https_request *request, int *status,
        struct pk_buffer *body, struct pk_error *err)
{
    struct pk_https_addresses to;
    struct pk_https *c = NULL;
    char host[PK_HTTPS_HOST];
    int port;
    int rc = pk_https_url(url, host, &port, err);

    if (rc == PK_OK) {
        rc = pk_https_lookup(host, port, &to, err);
    }
    if (rc == PK_OK) {
        rc = pk_https_create(host, port, tls, &c, err);
    }
    if (rc == PK_OK) {
        rc = pk_https_call(c, &to, request, err);
    }
    if (rc == PK_OK) {
        const struct pk_http_answer *answer = pk_https_answer(c);

        *status = answer->status;
        *body = pk_buffer_of(ANSWER_MAX);
        rc = pk_buffer_put(body, answer->body.ptr, answer->body.len);
    }
    pk_https_destroy(c);
    return rc;
}

/* base64 of a certs-only PKCS#7 -> the object. */
static int parse_pkcs7(const struct pk_buffer *body, PKCS7 **out, struct pk_error *err)
{
    size_t max = body->len; /* base64 shrinks */
    uint8_t *der = malloc(max + 1);
    const uint8_t *p = der;
    size_t len = 0;
    PKCS7 *pkcs7 = NULL;

    if (der != NULL && pk_unbase64(pk_buffer_slice(body), der, max, &len) == PK_OK) {
        pkcs7 = d2i_PKCS7(NULL, &p, (long)len);
    }
    if (pkcs7 == NULL || !PKCS7_type_is_signed(pkcs7) || pkcs7->d.sign == NULL ||
            sk_X509_num(pkcs7->d.sign->cert) < 1) {
        PKCS7_free(pkcs7);
        pkcs7 = NULL;
    }
    free(der);
    ERR_clear_error();
    if (pkcs7 == NULL) {
        return pk_error_set(err, PK_EMALF, "the server's answer holds no certificate");
    }
    *out = pkcs7;
    return PK_OK;
}

static bool has_fingerprint(X509 *cert, const char *pin)
{
    uint8_t *der = NULL;
    char hex[PK_SHA256_HEX];
    int len = i2d_X509(cert, &der);
    bool same;

    if (len <= 0) {
        return false;
    }
    pk_sha256_hex(pk_slice_of(der, (size_t)len), hex);
    OPENSSL_free(der);
    same = strcasecmp(hex, pin) == 0;
    return same;
}

/* Asks an unproven server for its CA and believes the fingerprint alone. */
static int fetch_ca(const struct pk_enrolment *with, X509 **out, struct pk_error *err)
{
    const struct pk_https_request request = { .method = "GET",
        .target = "/.well-known/est/cacerts",
        .timeout_ms = CALL_MS,
        .body_max = ANSWER_MAX };
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    struct pk_buffer body = pk_buffer_of(ANSWER_MAX);
    PKCS7 *pkcs7 = NULL;
    int status = 0;
    int rc;

    if (tls == NULL || SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1) {
        SSL_CTX_free(tls);
        return pk_error_set(err, PK_ENOMEM, "no TLS");
    }
    SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL);
    rc = call(with->url, tls, &request, &status, &body, err);
    if (rc == PK_OK && status != 200) {
        rc = pk_error_set(err, PK_EPEER, "the server does not give its CA (status %d)", status);
    }
    if (rc == PK_OK) {
        rc = parse_pkcs7(&body, &pkcs7, err);
    }
    for (int i = 0; rc == PK_OK && *out == NULL && i < sk_X509_num(pkcs7->d.sign->cert); i++) {
        X509 *cert = sk_X509_value(pkcs7->d.sign->cert, i);

        if (has_fingerprint(cert, with->pin)) {
            (void)X509_up_ref(cert);
            *out = cert;
        }
    }
    if (rc == PK_OK && *out == NULL) {
        rc = pk_error_set(err, PK_ECRYPTO,
                "this is not the server of the link: its CA has another fingerprint");
    }
    PKCS7_free(pkcs7);
    pk_buffer_finish(&body);
    SSL_CTX_free(tls);
    return rc;
}

static int read_ca(const struct pk_enrolment *with, X509 **out, struct pk_error *err)
{
    FILE *file = fopen(with->ca_file, "re");

    if (file == NULL) {
        return pk_error_set(
                err, -errno, "cannot read '%s': %s", with->ca_file, pk_code_text(-errno));
    }
    *out = PEM_read_X509(file, NULL, NULL, NULL);
    (void)fclose(file);
    ERR_clear_error();
    if (*out == NULL) {
        return pk_error_set(err, PK_EMALF, "'%s' holds no certificate", with->ca_file);
    }
    if (with->pin[0] != '\0' && !has_fingerprint(*out, with->pin)) {
        return pk_error_set(
                err, PK_ECRYPTO, "'%s' has another fingerprint than the link", with->ca_file);
    }
    return PK_OK;
}

/* Base64 of a DER request for the key; the server ignores its subject. */
static int make_csr(EVP_PKEY *key, struct pk_buffer *out, struct pk_error *err)
{
    X509_REQ *req = X509_REQ_new();
    X509_NAME *name = req != NULL ? X509_REQ_get_subject_name(req) : NULL;
    uint8_t *der = NULL;
    int len = 0;

    if (name != NULL &&
            X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                    (const unsigned char *)"picket-agent", -1, -1, 0) == 1 &&
            X509_REQ_set_pubkey(req, key) == 1 && X509_REQ_sign(req, key, EVP_sha256()) > 0) {
        len = i2d_X509_REQ(req, &der);
    }
    X509_REQ_free(req);
    if (len > 0 && (size_t)len <= CSR_MAX) {
        char *to = pk_buffer_reserve(out, PK_BASE64_SIZE((size_t)len));

        if (to != NULL) {
            pk_base64(pk_slice_of(der, (size_t)len), to);
            out->len += strlen(to);
        }
    }
    OPENSSL_free(der);
    ERR_clear_error();
    return out->len > 0 ? PK_OK : pk_error_set(err, PK_ENOMEM, "no certificate request");
}

static int judge_status(int status, const char *body, struct pk_error *err)
{
    switch (status) {
    case 200:
        return PK_OK;
    case 401:
        return pk_error_set(err, PK_EACCES, "the token is wrong, spent or too old");
    case 403:
        return pk_error_set(err, PK_EACCES, "the server refuses this device");
    case 429:
        return pk_error_set(err, PK_EBUSY, "too many attempts; try again in a minute");
    default:
        return pk_error_set(err, PK_EPEER, "the server answered with status %d%s%.120s", status,
                body != NULL && body[0] != '\0' ? ": " : "", body != NULL ? body : "");
    }
}

/* The certificate for our key out of the answer, signed by our CA and in time. */
static int take_certificate(const struct pk_buffer *body, X509_STORE *store, EVP_PKEY *key,
        X509 **out, struct pk_error *err)
{
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    PKCS7 *pkcs7 = NULL;
    X509 *cert = NULL;
    int rc = check != NULL ? parse_pkcs7(body, &pkcs7, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    for (int i = 0; rc == PK_OK && cert == NULL && i < sk_X509_num(pkcs7->d.sign->cert); i++) {
        X509 *one = sk_X509_value(pkcs7->d.sign->cert, i);

        if (EVP_PKEY_eq(X509_get0_pubkey(one), key) == 1) {
            cert = one;
        }
    }
    if (rc == PK_OK && cert == NULL) {
        rc = pk_error_set(err, PK_ECRYPTO, "the server's certificate is not for our key");
    } else if (rc == PK_OK &&
            (X509_STORE_CTX_init(check, store, cert, pkcs7->d.sign->cert) != 1 ||
                    X509_verify_cert(check) != 1)) {
        rc = pk_error_set(err, PK_ECRYPTO, "the new certificate does not hold: %s",
                X509_verify_cert_error_string(X509_STORE_CTX_get_error(check)));
    }
    if (rc == PK_OK) {
        (void)X509_up_ref(cert);
        *out = cert;
    }
    X509_STORE_CTX_free(check);
    PKCS7_free(pkcs7);
    ERR_clear_error();
    return rc;
}

/* Makes a key and has it certified at target. The caller owns *key and *cert, also on failure. */
static int certify(const char *url, const char *target, const char *headers, SSL_CTX *tls,
        EVP_PKEY **key, X509 **cert, struct pk_error *err)
{
    struct pk_buffer csr = pk_buffer_of(2 * CSR_MAX);
    struct pk_buffer body = pk_buffer_of(ANSWER_MAX);
    struct pk_https_request request = { .method = "POST",
        .target = target,
        .headers = headers,
        .timeout_ms = CALL_MS,
        .body_max = ANSWER_MAX };
    int status = 0;
    int rc;

    *key = EVP_EC_gen("P-256");
    rc = *key != NULL ? make_csr(*key, &csr, err)
                      : pk_error_set(err, PK_ECRYPTO, "no key could be made");
    if (rc == PK_OK) {
        request.body = pk_buffer_slice(&csr);
        rc = call(url, tls, &request, &status, &body, err);
    }
    if (rc == PK_OK) {
        rc = judge_status(status, body.ptr, err);
    }
    if (rc == PK_OK) {
        rc = take_certificate(&body, SSL_CTX_get_cert_store(tls), *key, cert, err);
    }
    pk_buffer_finish(&body);
    pk_buffer_finish(&csr);
    return rc;
}

/* What the device is to be called (NULL: as the host), as far as a header may carry it. */
static void device_name(const char *wanted, char out[HOST_HEADER + 1])
{
    if (wanted != NULL) {
        (void)snprintf(out, HOST_HEADER + 1, "%s", wanted);
    } else if (gethostname(out, HOST_HEADER + 1) != 0) {
        out[0] = '\0';
    }
    out[HOST_HEADER] = '\0';
    for (char *p = out; *p != '\0'; p++) {
        if (!isalnum((unsigned char)*p) && strchr("-._", *p) == NULL) {
            *p = '-';
        }
    }
}

static void enroll_headers(const struct pk_enrolment *with, char *out, size_t size)
{
    char secret[sizeof(with->token) + 8];
    char basic[PK_BASE64_SIZE(sizeof(secret))];
    char name[HOST_HEADER + 1];

    (void)snprintf(secret, sizeof(secret), "picket:%s", with->token);
    pk_base64(pk_slice_str(secret), basic);
    device_name(with->name, name);
    (void)snprintf(out, size,
            "Authorization: Basic %s\r\nContent-Type: application/pkcs10\r\n"
            "X-Picket-Platform: linux\r\n%s%s%s",
            basic, name[0] != '\0' ? "X-Picket-Name: " : "", name, name[0] != '\0' ? "\r\n" : "");
    OPENSSL_cleanse(secret, sizeof(secret));
    OPENSSL_cleanse(basic, sizeof(basic));
}

int pk_est_enroll(struct pk_identity *id, const struct pk_enrolment *with, struct pk_error *err)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    char headers[512];
    X509 *ca = NULL;
    X509 *cert = NULL;
    EVP_PKEY *key = NULL;
    int rc;

    if (tls == NULL || SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1) {
        SSL_CTX_free(tls);
        return pk_error_set(err, PK_ENOMEM, "no TLS");
    }
    rc = with->ca_file != NULL ? read_ca(with, &ca, err) : fetch_ca(with, &ca, err);
    if (rc == PK_OK && X509_STORE_add_cert(SSL_CTX_get_cert_store(tls), ca) != 1) {
        rc = pk_error_set(err, PK_ECRYPTO, "the CA's certificate cannot be used");
    }
    if (rc == PK_OK) {
        SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
        enroll_headers(with, headers, sizeof(headers));
        rc = certify(with->url, "/.well-known/est/simpleenroll", headers, tls, &key, &cert, err);
        OPENSSL_cleanse(headers, sizeof(headers));
    }
    if (rc == PK_OK) {
        rc = pk_identity_write(id, with->url, ca, key, cert, err);
    }
    if (rc == PK_OK) {
        rc = pk_identity_reload(id, err);
    }
    X509_free(cert);
    EVP_PKEY_free(key);
    X509_free(ca);
    SSL_CTX_free(tls);
    return rc;
}

int pk_est_renew(const struct pk_identity *id, const char *url, struct pk_error *err)
{
    SSL_CTX *tls = NULL;
    X509 *cert = NULL;
    EVP_PKEY *key = NULL;
    int rc = pk_identity_tls(id, &tls, err);

    if (rc < 0) {
        return rc;
    }
    if (url == NULL) {
        url = pk_identity_url(id);
    }
    rc = certify(url, "/.well-known/est/simplereenroll", "Content-Type: application/pkcs10\r\n",
            tls, &key, &cert, err);
    if (rc == PK_OK) {
        rc = pk_identity_write(id, NULL, NULL, key, cert, err);
    }
    X509_free(cert);
    EVP_PKEY_free(key);
    SSL_CTX_free(tls);
    return rc;
}
