#include "agent/tls_client.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>

#include "agent/tls_certificate.h"
#include "base/arena.h"

#define GROUP_BITS_MIN 1024 /* a smaller one for Diffie-Hellman is broken: Logjam, RFC 9325 4.4 */
#define KEY_BITS_MIN   112  /* of the cipher: less is DES, RC2 and the export suites */

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
    /* Somebody who may not sign others has signed: no honest host shows this. */
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
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

/* Suites that no host should choose. Most cannot even be offered with today's OpenSSL. */
static bool is_weak(SSL *ssl, const SSL_CIPHER *cipher)
{
    int kind = SSL_CIPHER_get_cipher_nid(cipher);
    EVP_PKEY *group = NULL;
    bool small = false;

    if (SSL_get_peer_tmp_key(ssl, &group)) {
        small = EVP_PKEY_get_base_id(group) == EVP_PKEY_DH &&
                EVP_PKEY_get_bits(group) < GROUP_BITS_MIN;
        EVP_PKEY_free(group);
    }
    /* Before TLS 1.1 every suite but RC4 is CBC with a vector that is known beforehand (BEAST). */
    return small || kind == NID_undef || kind == NID_rc4 || kind == NID_des_ede3_cbc ||
            SSL_CIPHER_get_bits(cipher, NULL) < KEY_BITS_MIN ||
            SSL_CIPHER_get_auth_nid(cipher) == NID_auth_null || SSL_version(ssl) < TLS1_1_VERSION;
}

static bool names(X509 *leaf, const char *host)
{
    struct pk_address address;

    return pk_address_parse(host, 0, &address) == PK_OK
            ? X509_check_ip_asc(leaf, host, 0) == 1
            : X509_check_host(leaf, host, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

/* What was agreed on. A good chain is told up to its root, a bad one as it was shown. */
static void describe_session(
        SSL *ssl, const char *host, struct pk_arena *arena, struct pk_tls_seen *seen)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    int kx = cipher != NULL ? SSL_CIPHER_get_kx_nid(cipher) : NID_undef;
    X509 *leaf = SSL_get0_peer_certificate(ssl);

    seen->version = SSL_get_version(ssl);
    seen->cipher = cipher != NULL ? SSL_CIPHER_get_name(cipher) : NULL;
    seen->weak = cipher != NULL && is_weak(ssl, cipher);
    seen->lasting_key = kx == NID_kx_rsa || kx == NID_kx_rsa_psk || kx == NID_kx_psk;
    if (leaf != NULL) {
        seen->name_fits = names(leaf, host) ? PK_TRI_YES : PK_TRI_NO;
    }
    pk_tls_describe_chain(seen->outcome == PK_TLS_OK ? SSL_get0_verified_chain(ssl)
                                                     : SSL_get_peer_cert_chain(ssl),
            arena, &seen->chain);
}

void pk_tls_shake_max(SSL_CTX *context, const char *host, int fd,
        const struct pk_deadline *deadline, struct pk_arena *arena, int version_max,
        struct pk_tls_seen *seen, SSL **out)
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
        SSL_set_max_proto_version(ssl, version_max);
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
    seen->outcome = judge_defects(&defects, &error);
    seen->error = seen->outcome == PK_TLS_OK ? NULL : X509_verify_cert_error_string(error);
    describe_session(ssl, host, arena, seen);
    *out = ssl;
}

void pk_tls_shake(SSL_CTX *context, const char *host, int fd, const struct pk_deadline *deadline,
        struct pk_arena *arena, struct pk_tls_seen *seen, SSL **out)
{
    pk_tls_shake_max(context, host, fd, deadline, arena, 0, seen, out);
}

/* --- the chain once more, by other roots --------------------------------------------------- */

static bool verify_again(SSL *ssl, X509_STORE *store, const char *host, unsigned long flags,
        struct pk_arena *arena, struct pk_array *verified)
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    bool ok = false;

    if (check != NULL && X509_STORE_CTX_init(check, store, sk_X509_value(chain, 0), chain)) {
        X509_STORE_CTX_set_default(check, "ssl_server");
        X509_STORE_CTX_set_flags(check, flags);
        ok = X509_verify_cert(check) == 1 && names(sk_X509_value(chain, 0), host);
    }
    if (ok && verified != NULL) {
        pk_tls_describe_chain(X509_STORE_CTX_get0_chain(check), arena, verified);
    }
    X509_STORE_CTX_free(check);
    ERR_clear_error();
    return ok;
}

bool pk_tls_verifies(SSL *ssl, const struct pk_tls_roots *roots, const char *host,
        struct pk_arena *arena, struct pk_array *verified)
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    X509_STORE *store = X509_STORE_new();
    bool ok = chain != NULL && sk_X509_num(chain) > 0 && store != NULL &&
            load_roots(store, roots) && verify_again(ssl, store, host, 0, arena, verified);

    X509_STORE_free(store);
    ERR_clear_error();
    return ok;
}

bool pk_tls_holds_together(SSL *ssl, const char *host)
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    int count = chain != NULL ? sk_X509_num(chain) : 0;
    X509_STORE *store = X509_STORE_new();
    bool ok = count > 1 && store != NULL &&
            X509_STORE_add_cert(store, sk_X509_value(chain, count - 1)) &&
            verify_again(ssl, store, host, X509_V_FLAG_PARTIAL_CHAIN, NULL, NULL);

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
