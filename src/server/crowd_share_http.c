/* What devices ask for by themselves: whose signature it is, filters, missed deltas, the second stage. */
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/event.h"
#include "server/ca.h"
#include "server/crowd_share_internal.h"
#include "server/peer.h"

#define TYPE         "application/octet-stream"
#define KEY_DAYS     90
#define FILTER_S     86400 /* a filter is made anew after so long */
#define FILTER_NEWS  1000  /* or when so many changes came since */
#define FILTER_BYTES (64UL * 1024 * 1024)

/* The share, when the device may ask and there is something to say. NULL: answered. */
static struct pk_crowd_share *admit(struct pk_request *request, struct pk_server *server)
{
    struct pk_peer peer;

    if (!pk_peer_of(request, server, &peer)) {
        return NULL;
    }
    if (server->share == NULL) {
        pk_reply_problem(request, 404, "not_found", "this server shares nothing", NULL);
        return NULL;
    }
    if (!atomic_load(&server->share->live)) {
        pk_reply_header(request, "Retry-After", "5");
        pk_reply_problem(request, 503, "unavailable", "the crowd is being read", NULL);
        return NULL;
    }
    return server->share;
}

/* Copies: the answer owns its bytes. */
static void reply_copy(struct pk_request *request, const char *type, struct pk_slice bytes)
{
    void *copy = malloc(bytes.len > 0 ? bytes.len : 1);

    if (copy != NULL && bytes.len > 0) {
        memcpy(copy, bytes.ptr, bytes.len);
    }
    pk_reply_bytes(request, copy != NULL ? 200 : 503, type, copy, copy != NULL ? bytes.len : 0);
}

static void gone(struct pk_request *request)
{
    pk_reply_problem(request, 410, "gone", "that is too long ago: take the filters", NULL);
}

struct allowed {
    const char *const *names;
    const char *unknown;
};

static int check_name(const char *name, const char *value, void *ctx)
{
    struct allowed *a = ctx;

    (void)value;
    for (size_t i = 0; a->names[i] != NULL; i++) {
        if (strcmp(a->names[i], name) == 0) {
            return PK_OK;
        }
    }
    a->unknown = name;
    return PK_EUNKNOWN;
}

static bool check_query(struct pk_request *request, const char *const *names)
{
    struct allowed a = { .names = names };

    if (pk_request_query_each(request, check_name, &a) < 0) {
        pk_reply_problem(request, 400, "unknown_key", "unknown query parameter", a.unknown);
        return false;
    }
    return true;
}

/* A number of the query; false: it has been answered. */
static bool number(
        struct pk_request *request, const char *name, int base, uint64_t max, uint64_t *out)
{
    const char *text = pk_request_query(request, name);
    const char *digits = base == 16 ? "0123456789abcdef" : "0123456789";
    size_t len = text != NULL ? strlen(text) : 0;

    if (len == 0 || len > 16 || strspn(text, digits) != len) {
        pk_reply_problem(request, 400, "bad_request", "a number is missing or garbled", name);
        return false;
    }
    *out = strtoull(text, NULL, base);
    if (*out > max) {
        pk_reply_problem(request, 400, "bad_request", "a number is too large", name);
        return false;
    }
    return true;
}

static bool class_of(struct pk_request *request, enum pk_share_class *out)
{
    const char *text = pk_request_query(request, "class");

    for (int c = 0; text != NULL && c < PK_SHARE_CLASSES; c++) {
        if (strcmp(text, pk_share_class_names[c]) == 0) {
            *out = (enum pk_share_class)c;
            return true;
        }
    }
    pk_reply_problem(request, 400, "bad_request", "class must be network, mast or app", "class");
    return false;
}

/* ---- GET /v1/crowd/key ------------------------------------------------------------------------------ */

/* For signing alone, so that no device's certificate is one. */
static X509 *vouch(const struct pk_server *server, const struct pk_signer *signer, int64_t now_ms)
{
    const struct pk_x509_profile profile = {
        .common_name = "Picket crowd",
        .not_before_ms = now_ms - PK_DAY_MS,
        .not_after_ms = now_ms + KEY_DAYS * PK_DAY_MS,
        .basic = "critical,CA:FALSE",
        .key_usage = "critical,digitalSignature",
        .extended = "critical,codeSigning",
    };
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(
            EVP_PKEY_ED25519, NULL, signer->key, sizeof(signer->key));
    X509 *made = key != NULL
            ? pk_x509_make(&profile, key, pk_ca_certificate(server->ca), pk_ca_key(server->ca))
            : NULL;

    EVP_PKEY_free(key);
    return made;
}

void pk_crowd_key_handler(struct pk_request *request, void *server)
{
    struct pk_server *s = server;
    struct pk_crowd_share *share = admit(request, s);
    unsigned char *der = NULL;
    X509 *certificate;
    int len;

    if (share == NULL || !check_query(request, (const char *const[]){ NULL })) {
        return;
    }
    certificate = vouch(s, &share->signer, pk_server_now(s));
    len = certificate != NULL ? i2d_X509(certificate, &der) : 0;
    if (len > 0) {
        reply_copy(request, "application/pkix-cert", pk_slice_of(der, (size_t)len));
    } else {
        pk_reply_problem(request, 503, "unavailable", "the certificate cannot be made", NULL);
    }
    OPENSSL_free(der);
    X509_free(certificate);
}

/* ---- GET /v1/crowd/filter --------------------------------------------------------------------------- */

static bool fresh(const struct pk_crowd_share *s, const struct pk_share_filter_kept *kept)
{
    return kept->bytes.len > 0 && kept->epoch == pk_share_epoch(s->book) &&
            pk_share_now_s(s) - kept->made_s < FILTER_S &&
            pk_share_seq(s->book) - kept->base < FILTER_NEWS;
}

/* Under the lock. */
static int build(struct pk_crowd_share *s, enum pk_share_class class, struct pk_error *err)
{
    struct pk_share_filter_kept *kept = &s->filters[class];
    struct pk_buffer bytes = pk_buffer_of(FILTER_BYTES);
    int rc = pk_share_filter(s->book, class, pk_share_now_s(s), &bytes, err);

    if (rc == PK_OK && pk_sign_buffer(&s->signer, &bytes) < 0) {
        rc = pk_error_set(err, PK_ECRYPTO, "the filter cannot be signed");
    }
    if (rc < 0) {
        pk_buffer_finish(&bytes);
        return rc;
    }
    pk_buffer_finish(&kept->bytes);
    kept->bytes = bytes;
    kept->made_s = pk_share_now_s(s);
    kept->base = pk_share_seq(s->book);
    kept->epoch = pk_share_epoch(s->book);
    (void)snprintf(kept->tag, sizeof(kept->tag), "\"%u-%llu-%s\"", kept->epoch,
            (unsigned long long)kept->base, pk_share_class_names[class]);
    atomic_fetch_add(&s->filters_built, 1);
    pk_event(PK_INFO, "crowd.filter", { "class", pk_share_class_names[class] },
            { "things", PK_NUM(pk_share_count(s->book, class)) }, { "bytes", PK_NUM(bytes.len) });
    return PK_OK;
}

void pk_crowd_filter_handler(struct pk_request *request, void *server)
{
    static const char *const names[] = { "class", "shard", NULL };
    struct pk_crowd_share *s = admit(request, server);
    const char *known = pk_request_header(request, "If-None-Match");
    enum pk_share_class class;
    struct pk_error err = { 0 };
    uint64_t shard = 0;
    int rc = PK_OK;

    if (s == NULL || !check_query(request, names) || !class_of(request, &class) ||
            (pk_request_query(request, "shard") != NULL &&
                    !number(request, "shard", 10, 0, &shard))) {
        return;
    }
    pthread_mutex_lock(&s->lock);
    if (!fresh(s, &s->filters[class])) {
        rc = build(s, class, &err);
    }
    if (rc == PK_OK) {
        pk_reply_header(request, "ETag", s->filters[class].tag);
        if (known != NULL && strcmp(known, s->filters[class].tag) == 0) {
            pthread_mutex_unlock(&s->lock);
            pk_reply_bytes(request, 304, NULL, NULL, 0);
            return;
        }
        reply_copy(request, TYPE, pk_buffer_slice(&s->filters[class].bytes));
    }
    pthread_mutex_unlock(&s->lock);
    if (rc < 0) {
        pk_reply_error(request, &err);
    }
}

/* ---- GET /v1/crowd/deltas ----------------------------------------------------------------------------- */

void pk_crowd_deltas_handler(struct pk_request *request, void *server)
{
    static const char *const names[] = { "epoch", "since", NULL };
    struct pk_crowd_share *s = admit(request, server);
    struct pk_buffer out = pk_buffer_of(PK_DELTA_BYTES);
    struct pk_delta_head head;
    uint64_t epoch = 0;
    uint64_t since = 0;
    int rc = PK_ENOENT;

    if (s == NULL || !check_query(request, names) ||
            !number(request, "epoch", 10, UINT32_MAX, &epoch) ||
            !number(request, "since", 10, (UINT64_C(1) << 48) - 1, &since)) {
        return;
    }
    pthread_mutex_lock(&s->lock);
    if (epoch == pk_share_epoch(s->book)) {
        rc = pk_share_signed_batch(s, since, PK_DELTA_MAX, &out, &head);
    }
    pthread_mutex_unlock(&s->lock);
    if (rc == PK_OK) {
        reply_copy(request, TYPE, pk_buffer_slice(&out));
    } else if (rc == PK_ENOENT) {
        gone(request);
    } else {
        pk_reply_problem(request, 503, "unavailable", "the deltas cannot be told now", NULL);
    }
    pk_buffer_finish(&out);
}

/* ---- GET /v1/crowd/keys --------------------------------------------------------------------------------- */

void pk_crowd_keys_handler(struct pk_request *request, void *server)
{
    static const char *const names[] = { "class", "epoch", "bits", "prefix", NULL };
    struct pk_crowd_share *s = admit(request, server);
    struct pk_buffer out = pk_buffer_of(PK_PREFIX_BYTES);
    enum pk_share_class class;
    uint64_t epoch = 0;
    uint64_t bits = 0;
    uint64_t prefix = 0;
    int rc = PK_ENOENT;

    if (s == NULL || !check_query(request, names) || !class_of(request, &class) ||
            !number(request, "epoch", 10, UINT32_MAX, &epoch) ||
            !number(request, "bits", 10, PK_PREFIX_BITS_MAX, &bits) ||
            !number(request, "prefix", 16, UINT32_MAX, &prefix)) {
        return;
    }
    pthread_mutex_lock(&s->lock);
    if (epoch == pk_share_epoch(s->book)) {
        rc = pk_share_prefix(s->book, class, pk_prefix_of(prefix << 32, (unsigned)bits),
                (unsigned)bits, pk_share_now_s(s), &out);
        rc = rc < 0 ? rc : pk_sign_buffer(&s->signer, &out);
    }
    pthread_mutex_unlock(&s->lock);
    if (rc == PK_OK) {
        reply_copy(request, TYPE, pk_buffer_slice(&out));
    } else if (rc == PK_ENOENT) {
        gone(request);
    } else {
        pk_reply_problem(request, 503, "unavailable", "the keys cannot be told now", NULL);
    }
    pk_buffer_finish(&out);
}
