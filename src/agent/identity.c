#include "agent/identity.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/schema.h"

#define FILE_MAX 65536

struct pk_identity {
    char device_file[PATH_MAX];
    char ca_file[PATH_MAX];
    char server_file[PATH_MAX];
    char *url;
    char device[PK_UUID_TEXT];
    int64_t not_before_ms;
    int64_t not_after_ms;
    bool deployment_key; /* else one that this device made for itself */
    uint8_t network_key[PK_NETWORK_KEY_SIZE];
};

/* server.json */
struct server_record {
    const char *url;
    const char *network_key;
    bool deployment_key;
};

/* clang-format off */
static const struct pk_field server_fields[] = {
    { "url", PK_TYPE_STRING, 0, offsetof(struct server_record, url), .max = 300,
      .help = "the server this device is enrolled with" },
    { "network_key", PK_TYPE_STRING, PK_REQUIRED | PK_SECRET,
      offsetof(struct server_record, network_key), .min = 64, .max = 64,
      .help = "key under which names of networks are hashed" },
    { "deployment_key", PK_TYPE_BOOL, 0, offsetof(struct server_record, deployment_key),
      .help = "whether the key came from the server" },
};
/* clang-format on */
static const struct pk_schema server_schema = PK_SCHEMA(
        struct server_record, server_fields, "server");

static int save_server(const struct pk_identity *id, const char *url, struct pk_error *err)
{
    char hex[2 * PK_NETWORK_KEY_SIZE + 1];
    struct server_record record = {
        .url = url, .network_key = hex, .deployment_key = id->deployment_key
    };
    json_t *out;
    char *text;
    int rc;

    pk_hex(pk_slice_of(id->network_key, sizeof(id->network_key)), hex);
    out = pk_schema_encode(&server_schema, &record, false);
    text = out != NULL ? pk_json_text(out) : NULL;
    json_decref(out);
    if (text == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = pk_file_write(id->server_file, pk_slice_str(text), 0600, err);
    OPENSSL_cleanse(text, strlen(text));
    free(text);
    return rc;
}

static int decode_server(struct pk_identity *id, const char *text, size_t len, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(FILE_MAX);
    struct server_record record;
    json_t *in = NULL;
    int rc = arena != NULL ? pk_json_parse(text, len, &in, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        rc = pk_schema_decode(&server_schema, in, arena, &record, err);
    }
    if (rc == PK_OK) {
        rc = pk_unhex(record.network_key, id->network_key, sizeof(id->network_key));
    }
    if (rc == PK_OK) {
        id->deployment_key = record.deployment_key;
        free(id->url);
        id->url = record.url != NULL ? strdup(record.url) : NULL;
    } else {
        pk_error_prefix(err, "'%s'", id->server_file);
    }
    json_decref(in);
    pk_arena_destroy(arena);
    return rc;
}

static int load_server(struct pk_identity *id, struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(FILE_MAX);
    int rc = pk_file_read(id->server_file, &text, err);

    if (rc == PK_ENOENT) {
        pk_random(id->network_key, sizeof(id->network_key));
        rc = save_server(id, NULL, err);
    } else if (rc == PK_OK) {
        rc = decode_server(id, text.ptr != NULL ? text.ptr : "", text.len, err);
    }
    pk_buffer_finish(&text);
    return rc;
}

static int64_t asn1_ms(const ASN1_TIME *at)
{
    struct tm tm = { 0 };

    return ASN1_TIME_to_tm(at, &tm) == 1 ? (int64_t)timegm(&tm) * 1000 : 0;
}

/* The device id: SAN URI:urn:uuid:ID, which must be a UUID. */
static int device_of(X509 *cert, char out[PK_UUID_TEXT])
{
    static const char prefix[] = "urn:uuid:";
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    int rc = PK_EMISSING;

    for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        const ASN1_IA5STRING *uri = name->type == GEN_URI ? name->d.uniformResourceIdentifier
                                                          : NULL;
        size_t skip = sizeof(prefix) - 1;

        if (uri != NULL && ASN1_STRING_length(uri) == (int)(skip + PK_UUID_TEXT - 1) &&
                memcmp(ASN1_STRING_get0_data(uri), prefix, skip) == 0) {
            memcpy(out, ASN1_STRING_get0_data(uri) + skip, PK_UUID_TEXT - 1);
            out[PK_UUID_TEXT - 1] = '\0';
            rc = PK_OK;
            break;
        }
    }
    GENERAL_NAMES_free(names);
    return rc;
}

int pk_identity_reload(struct pk_identity *id, struct pk_error *err)
{
    FILE *file = fopen(id->device_file, "re");
    X509 *cert;
    int rc = PK_OK;

    if (file == NULL) {
        id->not_after_ms = 0;
        return errno == ENOENT ? PK_OK
                               : pk_error_set(err, -errno, "cannot read '%s': %s", id->device_file,
                                         pk_code_text(-errno));
    }
    cert = PEM_read_X509(file, NULL, NULL, NULL);
    if (cert == NULL || device_of(cert, id->device) < 0) {
        rc = pk_error_set(err, PK_EMALF, "'%s' holds no certificate of a device", id->device_file);
    } else {
        id->not_before_ms = asn1_ms(X509_get0_notBefore(cert));
        id->not_after_ms = asn1_ms(X509_get0_notAfter(cert));
    }
    X509_free(cert);
    (void)fclose(file);
    ERR_clear_error();
    return rc == PK_OK ? load_server(id, err) : rc;
}

static int name_files(struct pk_identity *id, const char *dir, struct pk_error *err)
{
    if (snprintf(id->device_file, PATH_MAX, "%s/device.pem", dir) >= PATH_MAX ||
            snprintf(id->ca_file, PATH_MAX, "%s/ca.pem", dir) >= PATH_MAX ||
            snprintf(id->server_file, PATH_MAX, "%s/server.json", dir) >= PATH_MAX) {
        return pk_error_set(err, -ENAMETOOLONG, "'%s' is too long a path", dir);
    }
    return PK_OK;
}

int pk_identity_load(const char *state_dir, struct pk_identity **out, struct pk_error *err)
{
    struct pk_identity *id = calloc(1, sizeof(*id));
    int rc = id != NULL ? name_files(id, state_dir, err)
                        : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        rc = pk_file_mkdirs(state_dir, 0700, err);
    }
    if (rc == PK_OK) {
        rc = load_server(id, err);
    }
    if (rc == PK_OK) {
        rc = pk_identity_reload(id, err);
    }
    if (rc < 0) {
        pk_identity_destroy(id);
        return rc;
    }
    *out = id;
    return PK_OK;
}

void pk_identity_destroy(struct pk_identity *id)
{
    if (id == NULL) {
        return;
    }
    free(id->url);
    OPENSSL_cleanse(id->network_key, sizeof(id->network_key));
    free(id);
}

bool pk_identity_enrolled(const struct pk_identity *id)
{
    return id->not_after_ms != 0 && id->url != NULL;
}

const char *pk_identity_device(const struct pk_identity *id)
{
    return pk_identity_enrolled(id) ? id->device : NULL;
}

const char *pk_identity_url(const struct pk_identity *id)
{
    return id->url;
}

const char *pk_identity_ca_file(const struct pk_identity *id)
{
    return id->ca_file;
}

int64_t pk_identity_not_after(const struct pk_identity *id)
{
    return id->not_after_ms;
}

int64_t pk_identity_renew_at(const struct pk_identity *id)
{
    return id->not_after_ms == 0
            ? 0
            : id->not_before_ms + (id->not_after_ms - id->not_before_ms) / 3 * 2;
}

struct pk_slice pk_identity_network_key(const struct pk_identity *id)
{
    return pk_slice_of(id->network_key, sizeof(id->network_key));
}

int pk_identity_set_network_key(
        struct pk_identity *id, const char *hex, bool *changed, struct pk_error *err)
{
    uint8_t key[PK_NETWORK_KEY_SIZE];

    if (pk_unhex(hex, key, sizeof(key)) < 0) {
        return pk_error_set(err, PK_EMALF, "the network key is not 64 hex digits");
    }
    *changed = !id->deployment_key || memcmp(key, id->network_key, sizeof(key)) != 0;
    if (!*changed) {
        return PK_OK;
    }
    memcpy(id->network_key, key, sizeof(key));
    id->deployment_key = true;
    return save_server(id, id->url, err);
}

int pk_identity_tls(const struct pk_identity *id, SSL_CTX **out, struct pk_error *err)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    const char *what = NULL;

    if (tls == NULL || SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1) {
        what = "TLS";
    } else if (SSL_CTX_load_verify_file(tls, id->ca_file) != 1) {
        what = id->ca_file;
    } else if (SSL_CTX_use_certificate_file(tls, id->device_file, SSL_FILETYPE_PEM) != 1 ||
            SSL_CTX_use_PrivateKey_file(tls, id->device_file, SSL_FILETYPE_PEM) != 1 ||
            SSL_CTX_check_private_key(tls) != 1) {
        what = id->device_file;
    }
    if (what != NULL) {
        const char *why = ERR_reason_error_string(ERR_peek_last_error());

        ERR_clear_error();
        SSL_CTX_free(tls);
        return pk_error_set(
                err, PK_ECRYPTO, "'%s' cannot be used: %s", what, why != NULL ? why : "unknown");
    }
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(tls,
            SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                    SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    *out = tls;
    return PK_OK;
}

int pk_identity_forget(struct pk_identity *id, struct pk_error *err)
{
    int rc;

    free(id->url);
    id->url = NULL;
    id->not_before_ms = 0;
    id->not_after_ms = 0;
    id->deployment_key = false;
    pk_random(id->network_key, sizeof(id->network_key));
    rc = unlink(id->device_file) == 0 || errno == ENOENT
            ? PK_OK
            : pk_error_set(
                      err, -errno, "cannot remove '%s': %s", id->device_file, pk_code_text(-errno));
    (void)unlink(id->ca_file);
    return rc < 0 ? rc : save_server(id, NULL, err);
}

/* The PEM text of a key and/or certificate into a file that only its owner reads. */
static int write_pem(const char *path, EVP_PKEY *key, X509 *cert, mode_t mode, struct pk_error *err)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    char *text = NULL;
    long len = 0;
    int rc;

    if (bio == NULL || PEM_write_bio_X509(bio, cert) != 1 ||
            (key != NULL && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1)) {
        rc = pk_error_set(err, PK_ENOMEM, "'%s' could not be encoded", path);
    } else {
        len = BIO_get_mem_data(bio, &text);
        rc = pk_file_write(path, pk_slice_of(text, (size_t)len), mode, err);
    }
    BIO_free(bio);
    return rc;
}

int pk_identity_write(const struct pk_identity *id, const char *url, X509 *ca, EVP_PKEY *key,
        X509 *cert, struct pk_error *err)
{
    int rc = PK_OK;

    if (url != NULL) {
        rc = write_pem(id->ca_file, NULL, ca, 0644, err);
    }
    if (rc == PK_OK && url != NULL) {
        rc = save_server(id, url, err);
    }
    return rc == PK_OK ? write_pem(id->device_file, key, cert, 0600, err) : rc;
}
