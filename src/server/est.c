#include "server/est.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/event.h"
#include "model/observation.h"
#include "server/ca.h"
#include "server/devices.h"
#include "server/limits.h"
#include "server/peer.h"

#define USER          "picket"
#define TOKEN_HEX     32
#define NAME_MAX_LEN  64
#define PKCS7_TYPE    "application/pkcs7-mime; smime-type=certs-only"
#define CSR_BYTES_MAX 8192

static void reply_pkcs7(struct pk_request *request, X509 *certificate)
{
    char *text = pk_ca_pkcs7(certificate);

    if (text == NULL) {
        struct pk_error err = { .code = PK_ENOMEM, .text = "out of memory" };

        pk_reply_error(request, &err);
        return;
    }
    pk_reply_header(request, "Content-Transfer-Encoding", "base64");
    pk_reply_bytes(request, 200, PKCS7_TYPE, text, strlen(text));
}

void pk_est_cacerts(struct pk_request *request, void *server)
{
    struct pk_server *s = server;

    reply_pkcs7(request, pk_ca_certificate(s->ca));
}

void pk_est_csrattrs(struct pk_request *request, void *server)
{
    (void)server;
    pk_reply_json(request, 204, NULL); /* what is asked for is ignored anyway */
}

/* The public key of the request in the body; NULL: answered. */
static EVP_PKEY *request_key(struct pk_request *request)
{
    uint8_t der[CSR_BYTES_MAX];
    struct pk_error err = { 0 };
    EVP_PKEY *key = NULL;
    size_t len = 0;

    if (pk_unbase64(pk_request_body(request), der, sizeof(der), &len) < 0) {
        pk_reply_problem(request, 400, "bad_request", "the body is not base64", NULL);
        return NULL;
    }
    if (pk_ca_check_request(pk_slice_of(der, len), &key, &err) < 0) {
        pk_reply_problem(request, 400, "bad_request", err.text, NULL);
        return NULL;
    }
    return key;
}

/* "Basic base64(picket:TOKEN)" -> the token's SHA-256. */
static int token_of(struct pk_request *request, char digest[PK_SHA256_HEX])
{
    const char *header = pk_request_header(request, "Authorization");
    uint8_t plain[sizeof(USER) + TOKEN_HEX];
    size_t len = 0;

    if (header == NULL || strncasecmp(header, "Basic ", 6) != 0 ||
            pk_unbase64(pk_slice_str(header + 6), plain, sizeof(plain), &len) < 0 ||
            len != sizeof(USER) + TOKEN_HEX || memcmp(plain, USER ":", sizeof(USER)) != 0) {
        return PK_EMALF;
    }
    pk_sha256_hex(pk_slice_of(plain + sizeof(USER), TOKEN_HEX), digest);
    return PK_OK;
}

static void refuse_token(struct pk_request *request, struct pk_server *server, const char *address)
{
    int retry_s;

    (void)pk_limits_take(server->enrolment_limits, address, pk_server_now(server), &retry_s);
    pk_event(PK_WARN, "est.refused", { "address", address }, { "why", "token" });
    pk_reply_header(request, "WWW-Authenticate", "Basic realm=\"picket\"");
    pk_reply_problem(
            request, 401, "unauthorized", "the enrolment token is unknown, spent or expired", NULL);
}

static bool admit(struct pk_request *request, struct pk_server *server, const char *address)
{
    char seconds[16];
    int retry_s = 1;

    if (pk_limits_has(server->enrolment_limits, address, pk_server_now(server), &retry_s)) {
        return true;
    }
    (void)snprintf(seconds, sizeof(seconds), "%d", retry_s);
    pk_reply_header(request, "Retry-After", seconds);
    pk_reply_problem(request, 429, "rate_limited", "too many wrong enrolment tokens", NULL);
    return false;
}

/* Name and platform as the device tells them. false: answered. */
static bool read_headers(struct pk_request *request, struct pk_device *device)
{
    const char *name = pk_request_header(request, "X-Picket-Name");
    const char *platform = pk_request_header(request, "X-Picket-Platform");
    json_t *text = name != NULL ? json_string(name) : NULL; /* NULL when it is not UTF-8 */
    bool good = name == NULL || (text != NULL && name[0] != '\0' && strlen(name) <= NAME_MAX_LEN);

    json_decref(text);
    for (const unsigned char *p = (const unsigned char *)name; good && p != NULL && *p != '\0';
            p++) {
        good = *p >= 0x20 && *p != 0x7f;
    }
    if (!good) {
        pk_reply_problem(
                request, 400, "bad_request", "X-Picket-Name must be 1 to 64 bytes of text", NULL);
        return false;
    }
    device->name = name;
    device->platform = PK_PLATFORM_LINUX;
    for (int i = 0; platform != NULL; i++) {
        if (pk_platform_names[i] == NULL) {
            pk_reply_problem(request, 400, "bad_request",
                    "X-Picket-Platform must be linux, android or ios", NULL);
            return false;
        }
        if (strcmp(pk_platform_names[i], platform) == 0) {
            device->platform = i;
            break;
        }
    }
    return true;
}

static int write_device(
        struct pk_store *store, const struct pk_device *device, struct pk_error *err)
{
    struct pk_event_row row = {
        .at_ms = device->enrolled_ms,
        .type = "device.enrolled",
        .device = device->id,
    };
    int rc = pk_device_add(store, device, err);

    if (rc < 0) {
        return rc;
    }
    row.detail = json_pack("{s:s, s:s, s:s}", "name", device->name, "group", device->group,
            "platform", pk_platform_names[device->platform]);
    rc = pk_event_add(store, &row, err);
    json_decref(row.detail);
    return rc;
}

/* Token, certificate and device in one transaction: a token is spent exactly when a device is
 * there. PK_ENOENT: the token is no good. */
static int enroll(struct pk_server *server, struct pk_store *store, struct pk_arena *arena,
        const char *digest, EVP_PKEY *key, struct pk_device *device, struct pk_issued *issued,
        struct pk_error *err)
{
    struct pk_enrollment enrollment = { 0 };
    char id[PK_UUID_TEXT];
    int rc = pk_store_begin(store, err);

    if (rc < 0) {
        return rc;
    }
    pk_uuid4(id);
    rc = pk_enrollment_take(store, digest, device->enrolled_ms, arena, &enrollment, err);
    if (rc == PK_OK) {
        rc = pk_ca_issue(server->ca, key, id, device->enrolled_ms, issued, err);
    }
    if (rc == PK_OK) {
        device->id = pk_arena_strdup(arena, id);
        device->group = enrollment.group;
        device->ownership = enrollment.ownership;
        device->mail = enrollment.mail;
        device->cert_serial = issued->serial;
        device->cert_not_after_ms = issued->not_after_ms;
        if (device->name == NULL) {
            device->name = pk_arena_printf(arena, "device-%.8s", id);
        }
        rc = device->id != NULL && device->name != NULL ? write_device(store, device, err)
                                                        : PK_ENOMEM;
    }
    if (rc == PK_OK) {
        rc = pk_store_commit(store, err);
    } else {
        pk_store_rollback(store);
    }
    return rc;
}

static void enrolled(struct pk_server *server, struct pk_request *request,
        const struct pk_device *device, const struct pk_issued *issued)
{
    if (pk_devices_put(server->devices, device) < 0) {
        pk_event(PK_ERROR, "est.cache", { "device", device->id }, { "why", "out of memory" });
    }
    pk_server_events_changed(server);
    pk_event(PK_INFO, "est.enrolled", { "device", device->id }, { "name", device->name },
            { "address", pk_request_address(request) });
    reply_pkcs7(request, issued->certificate);
}

void pk_est_enroll(struct pk_request *request, void *server)
{
    struct pk_server *s = server;
    struct pk_device device = { .model = "",
        .os_name = "",
        .os_version = "",
        .kernel = "",
        .agent = "",
        .enrolled_ms = pk_server_now(s) };
    struct pk_issued issued = { 0 };
    struct pk_error err = { 0 };
    struct pk_store *store;
    char address[PK_LIMITS_ADDRESS];
    char digest[PK_SHA256_HEX];
    EVP_PKEY *key;
    int rc;

    pk_limits_address(pk_request_address(request), address);
    if (!admit(request, s, address)) {
        return;
    }
    if (token_of(request, digest) < 0) {
        refuse_token(request, s, address);
        return;
    }
    if (!read_headers(request, &device)) {
        return;
    }
    key = request_key(request);
    if (key == NULL) {
        return;
    }
    store = pk_server_store_for(s, request);
    if (store != NULL) {
        rc = enroll(s, store, pk_request_arena(request), digest, key, &device, &issued, &err);
        if (rc == PK_OK) {
            enrolled(s, request, &device, &issued);
        } else if (rc == PK_ENOENT) {
            refuse_token(request, s, address);
        } else {
            pk_reply_error(request, &err);
        }
    }
    X509_free(issued.certificate);
    EVP_PKEY_free(key);
}

/* The certificate that was shown stays good for the overlap, so that an answer that gets lost on
 * the way leaves the device with one that works. */
static int renew(struct pk_server *server, struct pk_store *store, struct pk_arena *arena,
        const struct pk_peer *peer, EVP_PKEY *key, struct pk_device *device,
        struct pk_issued *issued, struct pk_error *err)
{
    int64_t now_ms = pk_server_now(server);
    int rc = pk_store_begin(store, err);

    if (rc < 0) {
        return rc;
    }
    rc = pk_device_get(store, peer->device, arena, device, err);
    if (rc == PK_OK && device->revoked_ms != 0) {
        rc = pk_error_set(err, PK_EACCES, "the device was revoked");
    }
    if (rc == PK_OK) {
        rc = pk_ca_issue(server->ca, key, peer->device, now_ms, issued, err);
    }
    if (rc == PK_OK) {
        device->cert_serial_old = peer->serial;
        device->cert_serial = issued->serial;
        device->cert_not_after_ms = issued->not_after_ms;
        device->cert_overlap_ms = now_ms + PK_EST_OVERLAP_MS;
        rc = pk_device_put_certificate(store, device, err);
    }
    if (rc == PK_OK) {
        rc = pk_store_commit(store, err);
    } else {
        pk_store_rollback(store);
    }
    return rc;
}

void pk_est_reenroll(struct pk_request *request, void *server)
{
    struct pk_server *s = server;
    struct pk_issued issued = { 0 };
    struct pk_device device = { 0 };
    struct pk_error err = { 0 };
    struct pk_store *store;
    struct pk_peer peer;
    EVP_PKEY *key;

    if (!pk_peer_of(request, s, &peer)) {
        return;
    }
    key = request_key(request);
    if (key == NULL) {
        return;
    }
    store = pk_server_store_for(s, request);
    if (store != NULL) {
        if (renew(s, store, pk_request_arena(request), &peer, key, &device, &issued, &err) < 0) {
            pk_reply_error(request, &err);
        } else {
            if (pk_devices_put(s->devices, &device) < 0) {
                pk_event(PK_ERROR, "est.cache", { "device", peer.device });
            }
            pk_event(PK_INFO, "est.renewed", { "device", peer.device });
            reply_pkcs7(request, issued.certificate);
        }
    }
    X509_free(issued.certificate);
    EVP_PKEY_free(key);
}
