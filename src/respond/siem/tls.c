#include "respond/siem/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

static int failed(struct pk_error *err, const char *what, const char *file)
{
    const char *reason = ERR_reason_error_string(ERR_get_error());

    ERR_clear_error();
    return pk_error_set(err, PK_ECRYPTO, "%s '%s': %s", what, file,
            reason != NULL ? reason : "cannot be read or used");
}

static int load(SSL_CTX *ctx, const struct pk_siem_settings *s, struct pk_error *err)
{
    if (s->ca == NULL) {
        if (SSL_CTX_set_default_verify_paths(ctx) != 1) {
            return failed(err, "the system's roots", "");
        }
    } else if (SSL_CTX_load_verify_file(ctx, s->ca) != 1) {
        return failed(err, "ca", s->ca);
    }
    if (s->cert != NULL) {
        if (SSL_CTX_use_certificate_chain_file(ctx, s->cert) != 1) {
            return failed(err, "cert", s->cert);
        }
        if (SSL_CTX_use_PrivateKey_file(ctx, s->key, SSL_FILETYPE_PEM) != 1 ||
                SSL_CTX_check_private_key(ctx) != 1) {
            return failed(err, "key", s->key);
        }
    }
    return PK_OK;
}

static bool is_address(const char *name)
{
    unsigned char bytes[16];

    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

/* The name that the certificate must carry; also sent as SNI (never for an address, RFC 6066). */
static bool expect(SSL *ssl, const char *name)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

    if (is_address(name)) {
        return X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1;
    }
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

int pk_siem_tls_new(
        const struct pk_siem_settings *settings, int fd, SSL **out, struct pk_error *err)
{
    const char *name = settings->server_name != NULL ? settings->server_name : settings->host;
    SSL_CTX *ctx;
    SSL *ssl = NULL;
    int rc;

    ERR_clear_error();
    ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    (void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_AUTO_RETRY);
    rc = load(ctx, settings, err);
    if (rc < 0) {
        goto out;
    }
    ssl = SSL_new(ctx);
    if (ssl == NULL || !expect(ssl, name) || SSL_set_fd(ssl, fd) != 1) {
        rc = pk_error_set(err, PK_ENOMEM, "cannot make a TLS session for '%s'", name);
        goto out;
    }
    *out = ssl;
    ssl = NULL;
out:
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    return rc;
}
