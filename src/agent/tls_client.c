#include "agent/tls_client.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypt.h"

#define PEM_MAX     8192
#define SUBJECT_MAX 512

/* What the verifier found, by kind: one bad chain often has several defects. */
struct defects {
    int untrusted; /* X509_V_ERR_*, the first of its kind; 0: none */
    int name;
    int time;
    int other;
};

static void note_defect(struct defects *defects, int error)
{
    int *slot = &defects->other;

    switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        slot = &defects->untrusted;
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        slot = &defects->name;
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        slot = &defects->time;
        break;
    default:
        break;
    }
    if (*slot == 0) {
        *slot = error;
    }
}

static int judge_defects(const struct defects *d, int *error)
{
    static const int outcomes[] = { PK_TLS_UNTRUSTED, PK_TLS_INVALID, PK_TLS_WRONG_NAME,
        PK_TLS_EXPIRED };
    const int errors[] = { d->untrusted, d->other, d->name, d->time };

    for (size_t i = 0; i < PK_COUNT(errors); i++) {
        if (errors[i] != 0) {
            *error = errors[i];
            return outcomes[i];
        }
    }
    return PK_TLS_OK;
}

static int on_verify(int ok, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct defects *defects = SSL_get_app_data(ssl);

    if (!ok && defects != NULL) {
        note_defect(defects, X509_STORE_CTX_get_error(store));
    }
    return 1; /* go on: the certificate is the evidence */
}

static int load_roots(X509_STORE *store, const struct pk_tls_roots *roots)
{
    if (roots->file == NULL && roots->dir == NULL) {
        return X509_STORE_set_default_paths(store);
    }
    return (roots->dir == NULL || X509_STORE_load_path(store, roots->dir)) &&
            (roots->file == NULL || X509_STORE_load_file(store, roots->file));
}

int pk_tls_context(const struct pk_tls_roots *roots, SSL_CTX **out, struct pk_error *err)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (context == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (!load_roots(SSL_CTX_get_cert_store(context), roots)) {
        SSL_CTX_free(context);
        ERR_clear_error();
        return pk_error_set(err, PK_ENOENT, "no trusted roots can be read from '%s'",
                roots->file != NULL ? roots->file : "the system");
    }
    /* Old versions and weak ciphers must be possible, or a downgrade would look like an outage.
     * The chain itself is held to today's strength: see auth_level below. */
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_cipher_list(context, "DEFAULT:@SECLEVEL=0");
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, on_verify);
    *out = context;
    return PK_OK;
}

/* --- certificates as facts ---------------------------------------------------------------- */

static const char *name_text(X509_NAME *name, struct pk_arena *arena)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *text = NULL;
    char *bytes;
    long len;

    if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
        len = BIO_get_mem_data(bio, &bytes);
        /* RFC 2253 escapes what is not printable ASCII: cutting cannot split a character. */
        text = pk_arena_strndup(arena, bytes, len < SUBJECT_MAX ? (size_t)len : SUBJECT_MAX);
    }
    BIO_free(bio);
    return text;
}

static int64_t time_ms(const ASN1_TIME *time)
{
    struct tm tm;
    int64_t seconds;

    if (!ASN1_TIME_to_tm(time, &tm)) {
        return 0;
    }
    seconds = timegm(&tm);
    return seconds > 0 ? seconds * PK_SECOND_MS : 0;
}

static const char *digest_text(struct pk_slice der, struct pk_arena *arena)
{
    char *text = pk_arena_alloc(arena, 1, PK_SHA256_HEX);

    if (text != NULL) {
        pk_sha256_hex(der, text);
    }
    return text;
}

static const char *pem_text(X509 *cert, struct pk_arena *arena)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *text = NULL;
    char *bytes;
    long len;

    if (bio != NULL && PEM_write_bio_X509(bio, cert)) {
        len = BIO_get_mem_data(bio, &bytes);
        text = len <= PEM_MAX ? pk_arena_strndup(arena, bytes, (size_t)len) : NULL;
    }
    BIO_free(bio);
    return text;
}

static bool describe(X509 *cert, bool with_pem, struct pk_arena *arena, struct pk_certificate *out)
{
    unsigned char *der = NULL;
    unsigned char *spki = NULL;
    int der_len = i2d_X509(cert, &der);
    int spki_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);

    *out = (struct pk_certificate){
        .subject = name_text(X509_get_subject_name(cert), arena),
        .issuer = name_text(X509_get_issuer_name(cert), arena),
        .not_before_ms = time_ms(X509_get0_notBefore(cert)),
        .not_after_ms = time_ms(X509_get0_notAfter(cert)),
        .pem = with_pem ? pem_text(cert, arena) : NULL,
    };
    if (der_len > 0) {
        out->sha256 = digest_text(pk_slice_of(der, (size_t)der_len), arena);
    }
    if (spki_len > 0) {
        out->spki_sha256 = digest_text(pk_slice_of(spki, (size_t)spki_len), arena);
    }
    OPENSSL_free(der);
    OPENSSL_free(spki);
    return out->sha256 != NULL;
}

/* A good chain is told up to its root, a bad one as it was shown. */
static void record_chain(SSL *ssl, struct pk_arena *arena, struct pk_tls_seen *seen)
{
    bool ok = seen->outcome == PK_TLS_OK;
    STACK_OF(X509) *chain = ok ? SSL_get0_verified_chain(ssl) : SSL_get_peer_cert_chain(ssl);
    int count = chain != NULL ? sk_X509_num(chain) : 0;
    struct pk_certificate *rows = pk_arena_alloc(arena, PK_TLS_CHAIN_MAX, sizeof(*rows));

    seen->chain = (struct pk_array){ .items = rows };
    for (int i = 0; i < count && i < PK_TLS_CHAIN_MAX && rows != NULL; i++) {
        seen->chain.count += describe(
                sk_X509_value(chain, i), !ok, arena, &rows[seen->chain.count]);
    }
}

/* --- the handshake ------------------------------------------------------------------------ */

/* Waits for what OpenSSL wants. Negative: the deadline, or the session is broken. */
static int wait_wanted(SSL *ssl, int fd, int result, const struct pk_deadline *deadline)
{
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return pk_net_wait(fd, POLLIN, deadline);
    case SSL_ERROR_WANT_WRITE:
        return pk_net_wait(fd, POLLOUT, deadline);
    default:
        return PK_EPEER;
    }
}

static SSL *session(SSL_CTX *context, const char *host, int fd)
{
    SSL *ssl = SSL_new(context);
    struct pk_address address;
    X509_VERIFY_PARAM *param;

    if (ssl == NULL || !SSL_set_fd(ssl, fd)) {
        SSL_free(ssl);
        return NULL;
    }
    param = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_auth_level(param, 1);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (pk_address_parse(host, 0, &address) == PK_OK) {
        X509_VERIFY_PARAM_set1_ip_asc(param, host);
    } else {
        X509_VERIFY_PARAM_set1_host(param, host, 0);
        SSL_set_tlsext_host_name(ssl, host);
    }
    return ssl;
}

static const char *failure_text(int rc, struct pk_arena *arena)
{
    unsigned long code = ERR_peek_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

    if (rc != PK_EPEER) {
        return pk_code_text(rc);
    }
    return pk_arena_strdup(arena, reason != NULL ? reason : "the other side broke off");
}

void pk_tls_shake(SSL_CTX *context, const char *host, int fd, const struct pk_deadline *deadline,
        struct pk_arena *arena, struct pk_tls_seen *seen, SSL **out)
{
    struct defects defects = { 0 };
    SSL *ssl = session(context, host, fd);
    int result = -1;
    int rc = ssl != NULL ? PK_OK : PK_ENOMEM;
    int error = 0;

    *seen = (struct pk_tls_seen){ .outcome = PK_TLS_FAILED };
    ERR_clear_error();
    if (ssl != NULL) {
        SSL_set_app_data(ssl, &defects);
    }
    while (rc == PK_OK && (result = SSL_connect(ssl)) != 1) {
        rc = wait_wanted(ssl, fd, result, deadline);
    }
    if (rc < 0) {
        seen->error = failure_text(rc, arena);
        SSL_free(ssl);
        ERR_clear_error();
        return;
    }
    SSL_set_app_data(ssl, NULL);
    seen->version = SSL_get_version(ssl);
    seen->outcome = judge_defects(&defects, &error);
    seen->error = seen->outcome == PK_TLS_OK ? NULL : X509_verify_cert_error_string(error);
    record_chain(ssl, arena, seen);
    *out = ssl;
}

bool pk_tls_verifies(SSL *ssl, const struct pk_tls_roots *roots, const char *host)
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    bool ok = false;

    if (chain != NULL && sk_X509_num(chain) > 0 && store != NULL && check != NULL &&
            load_roots(store, roots) &&
            X509_STORE_CTX_init(check, store, sk_X509_value(chain, 0), chain)) {
        X509_VERIFY_PARAM_set1_host(X509_STORE_CTX_get0_param(check), host, 0);
        X509_STORE_CTX_set_default(check, "ssl_server");
        ok = X509_verify_cert(check) == 1;
    }
    X509_STORE_CTX_free(check);
    X509_STORE_free(store);
    ERR_clear_error();
    return ok;
}

int pk_tls_write(
        SSL *ssl, int fd, const void *bytes, size_t len, const struct pk_deadline *deadline)
{
    for (;;) {
        int result = SSL_write(ssl, bytes, len < INT_MAX ? (int)len : INT_MAX);
        int rc;

        if (result > 0) {
            return PK_OK; /* without partial writes enabled it is all or nothing */
        }
        rc = wait_wanted(ssl, fd, result, deadline);
        if (rc < 0) {
            return rc;
        }
    }
}

int pk_tls_read(SSL *ssl, int fd, void *bytes, size_t len, const struct pk_deadline *deadline)
{
    for (;;) {
        int result = SSL_read(ssl, bytes, len < INT_MAX ? (int)len : INT_MAX);
        int rc;

        if (result > 0) {
            return result;
        }
        if (SSL_get_error(ssl, result) == SSL_ERROR_ZERO_RETURN) {
            return 0;
        }
        rc = wait_wanted(ssl, fd, result, deadline);
        if (rc < 0) {
            return rc;
        }
    }
}
