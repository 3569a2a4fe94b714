#include "server/tls.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/file.h"

#define NAMES_MAX     8192 /* bytes of all names */
#define BACK_DATE_MS  (10 * PK_MINUTE_MS)
#define HOST_NAME_LEN 253

static bool is_address(const char *name)
{
    unsigned char bytes[16];

    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

bool pk_tls_is_name(const char *name)
{
    size_t len = strlen(name);

    if (is_address(name)) {
        return true;
    }
    if (len == 0 || len > HOST_NAME_LEN || name[0] == '.' || name[0] == '-' ||
            strstr(name, "..") != NULL) {
        return false;
    }
    return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == len;
}

static void add_name(struct pk_buffer *out, const char *name)
{
    bool address = is_address(name);
    char entry[HOST_NAME_LEN + 8];
    const char *found;

    (void)snprintf(entry, sizeof(entry), "%s%s", address ? "IP:" : "DNS:", name);
    found = out->ptr != NULL ? strstr(out->ptr, entry) : NULL;
    for (; found != NULL; found = strstr(found + 1, entry)) {
        char after = found[strlen(entry)];

        if (after == ',' || after == '\0') {
            return; /* stands there already */
        }
    }
    (void)pk_buffer_printf(out, "%s%s", out->len > 0 ? "," : "", entry);
}

/* "DNS:picket.example,DNS:localhost,IP:127.0.0.1,..." */
static void list_names(const struct pk_strings *names, struct pk_buffer *out)
{
    char host[HOST_NAME_LEN + 1] = "";

    for (size_t i = 0; i < names->count; i++) {
        add_name(out, names->items[i]);
    }
    if (gethostname(host, sizeof(host) - 1) == 0 && pk_tls_is_name(host)) {
        add_name(out, host);
    }
    add_name(out, "localhost");
    add_name(out, "127.0.0.1");
    add_name(out, "::1");
}

/* The certificate's names are exactly the wanted ones: compared as the encoded extension. */
static bool has_names(X509 *certificate, const char *wanted)
{
    X509_EXTENSION *make = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, wanted);
    int at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
    X509_EXTENSION *have = at >= 0 ? X509_get_ext(certificate, at) : NULL;
    bool same = make != NULL && have != NULL &&
            ASN1_OCTET_STRING_cmp(X509_EXTENSION_get_data(make), X509_EXTENSION_get_data(have)) ==
                    0;

    X509_EXTENSION_free(make);
    return same;
}

static const char *why_new(const struct pk_ca *ca, const char *cert_path, const char *key_path,
        const char *names, int64_t now_ms)
{
    X509 *certificate = NULL;
    EVP_PKEY *key = NULL;
    const char *why = NULL;

    if (pk_x509_load(cert_path, &certificate, NULL) < 0 ||
            pk_x509_load_key(key_path, &key, NULL) < 0) {
        why = "there is none";
    } else if (X509_check_private_key(certificate, key) != 1) {
        why = "its key is another";
    } else if (X509_verify(certificate, X509_get0_pubkey(pk_ca_certificate(ca))) != 1) {
        why = "another CA signed it";
    } else if (!has_names(certificate, names)) {
        why = "the names changed";
    } else if (pk_x509_not_after_ms(certificate) < now_ms + PK_TLS_RENEW_DAYS * PK_DAY_MS) {
        why = "it ends soon";
    }
    (void)pk_x509_why();
    X509_free(certificate);
    EVP_PKEY_free(key);
    return why;
}

static int write_new(const struct pk_ca *ca, const char *cert_path, const char *key_path,
        const char *names, int64_t now_ms, struct pk_error *err)
{
    struct pk_x509_profile profile = {
        .common_name = "Picket server",
        .not_before_ms = now_ms - BACK_DATE_MS,
        .not_after_ms = now_ms + PK_TLS_DAYS * PK_DAY_MS,
        .basic = "critical,CA:FALSE",
        .key_usage = "critical,digitalSignature",
        .extended = "serverAuth",
        .alt_names = names,
    };
    EVP_PKEY *key = pk_x509_new_key();
    X509 *made = key != NULL ? pk_x509_make(&profile, key, pk_ca_certificate(ca), pk_ca_key(ca))
                             : NULL;
    char *key_pem = key != NULL ? pk_x509_key_pem(key) : NULL;
    char *cert_pem = made != NULL ? pk_x509_pem(made) : NULL;
    int rc;

    if (key_pem == NULL || cert_pem == NULL) {
        rc = pk_error_set(
                err, PK_ECRYPTO, "cannot make the server's certificate: %s", pk_x509_why());
    } else {
        rc = pk_file_write(key_path, pk_slice_str(key_pem), 0600, err);
        if (rc == PK_OK) {
            rc = pk_file_write(cert_path, pk_slice_str(cert_pem), 0644, err);
        }
    }
    if (key_pem != NULL) {
        OPENSSL_cleanse(key_pem, strlen(key_pem));
    }
    free(key_pem);
    free(cert_pem);
    X509_free(made);
    EVP_PKEY_free(key);
    return rc;
}

static int read_texts(const struct pk_ca *ca, const char *cert_path, const char *key_path,
        struct pk_tls *out, struct pk_error *err)
{
    struct pk_buffer certificate = pk_buffer_of(65536);
    struct pk_buffer key = pk_buffer_of(65536);
    int rc = pk_file_read(cert_path, &certificate, err);

    if (rc == PK_OK) {
        rc = pk_file_read(key_path, &key, err);
    }
    if (rc == PK_OK) {
        rc = pk_buffer_puts(&certificate, pk_ca_pem(ca));
    }
    if (rc < 0) {
        pk_buffer_finish(&certificate);
        pk_buffer_finish(&key);
        return rc;
    }
    out->certificate_pem = pk_buffer_take(&certificate);
    out->key_pem = pk_buffer_take(&key);
    return PK_OK;
}

int pk_tls_open(const struct pk_ca *ca, const char *state_dir, const struct pk_strings *names,
        int64_t now_ms, struct pk_tls *out, struct pk_error *err)
{
    char cert_path[PATH_MAX];
    char key_path[PATH_MAX];
    struct pk_buffer list = pk_buffer_of(NAMES_MAX);
    const char *why;
    int rc = PK_OK;

    (void)snprintf(cert_path, sizeof(cert_path), "%s/server.pem", state_dir);
    (void)snprintf(key_path, sizeof(key_path), "%s/server.key", state_dir);
    list_names(names, &list);
    if (list.rc < 0) {
        pk_buffer_finish(&list);
        return pk_error_set(err, PK_ELIMIT, "too many names");
    }
    why = why_new(ca, cert_path, key_path, list.ptr, now_ms);
    if (why != NULL) {
        rc = write_new(ca, cert_path, key_path, list.ptr, now_ms, err);
        if (rc == PK_OK) {
            pk_event(PK_INFO, "tls.certificate_made", { "names", list.ptr }, { "why", why });
        }
    }
    pk_buffer_finish(&list);
    return rc < 0 ? rc : read_texts(ca, cert_path, key_path, out, err);
}

void pk_tls_finish(struct pk_tls *tls)
{
    free(tls->certificate_pem);
    if (tls->key_pem != NULL) {
        OPENSSL_cleanse(tls->key_pem, strlen(tls->key_pem));
    }
    free(tls->key_pem);
    *tls = (struct pk_tls){ 0 };
}
