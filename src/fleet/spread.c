/* How fast the crowd's words reach everybody: thousands of devices hold a GET /v1/wait that says how far they have
 * heard; each word is timed when it is there, its signature checked, and after a rest the wait begun again. Who makes the crowd
 * say something is the caller's business: a line of JSON tells of each batch that all devices have, with times of
 * CLOCK_MONOTONIC, which all processes of a machine share. */
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/sign.h"
#include "crowd/delta.h"
#include "crowd/filter16.h"
#include "fleet/fleet.h"
#include "fleet/latency.h"
#include "fleet/options.h"

#define WAIT_S     1500
#define TIMEOUT_MS ((WAIT_S + 60) * PK_SECOND_MS)
#define FETCH_MS   (60 * PK_SECOND_MS)
#define OPENING    64 /* handshakes under way at the same time */
#define ROUNDS_MAX 256
#define BATCH_MAX  4096
#define REST_MS \
    1000          /* as agents do: the next wait begins within this, so that all are told first */
#define LOOK_MS 5 /* who has rested */

struct hall;

struct listener {
    struct hall *hall;
    struct pk_fleet_device *device;
    uint64_t seq;
    double again_at;  /* its next wait begins; 0: it waits */
    size_t batch_len; /* of the newest word, to be checked */
    uint8_t batch[512];
};

/* One batch on its way to all. */
struct pass {
    uint64_t last;
    size_t have;
    size_t bytes; /* of an answer's body */
    size_t batch_bytes;
    unsigned deltas;
    struct pk_latency at; /* absolute */
};

struct hall {
    const struct pk_fleet_options *options;
    struct pk_fleet fleet;
    struct listener *listeners;
    uint8_t key[PK_SIGN_KEY_SIZE];
    bool has_key;
    uint32_t epoch;
    uint64_t base;
    size_t filter_bytes;
    uint32_t filter_count;
    struct pass passes[ROUNDS_MAX];
    size_t pass_count;
    size_t said; /* passes that were told */
    size_t failures;
    struct pk_latency verify;
    double looked_at;
    uint32_t random;
    bool fetched;
    int rc;
};

/* ---- a word ---------------------------------------------------------------------------------------- */

static struct pass *pass_of(struct hall *hall, uint64_t last)
{
    for (size_t i = 0; i < hall->pass_count; i++) {
        if (hall->passes[i].last == last) {
            return &hall->passes[i];
        }
    }
    if (hall->pass_count == ROUNDS_MAX) {
        return NULL;
    }
    hall->passes[hall->pass_count] = (struct pass){ .last = last };
    return &hall->passes[hall->pass_count++];
}

/* The checks of all devices would stand in the way of the next one's arrival: one thread is all of them here. They are
 * made, and timed, when everybody has been told. */
static void check_later(struct listener *l, struct pk_slice batch)
{
    l->batch_len = batch.len < sizeof(l->batch) ? batch.len : 0;
    memcpy(l->batch, batch.ptr, l->batch_len);
}

static bool check_batch(struct hall *hall, const struct listener *l)
{
    struct pk_slice batch = pk_slice_of(l->batch, l->batch_len);
    double began = pk_latency_now();
    struct pk_delta_head head;
    bool good = pk_sign_ends(hall->key, batch) && pk_delta_read(batch, &head, NULL, NULL) == PK_OK;

    pk_latency_add(&hall->verify, pk_latency_now() - began);
    return good && head.last == l->seq && head.epoch == hall->epoch;
}

static void check_all(struct hall *hall)
{
    for (size_t i = 0; i < hall->fleet.count; i++) {
        hall->failures += !check_batch(hall, &hall->listeners[i]);
    }
}

/* What a device needs to listen on: up to which number it has heard. */
static bool take_batch(struct listener *l, struct pk_slice text, size_t body_len, double at_ms)
{
    struct hall *hall = l->hall;
    struct pk_delta_head head = { 0 };
    uint8_t bytes[BATCH_MAX];
    struct pass *pass;
    size_t len = 0;

    if (pk_unbase64(text, bytes, sizeof(bytes), &len) < 0 ||
            pk_delta_read(pk_slice_of(bytes, len), &head, NULL, NULL) < 0 || head.base > l->seq ||
            head.last <= l->seq) {
        return false;
    }
    pass = pass_of(hall, head.last);
    if (pass == NULL) {
        return false;
    }
    pass->have++;
    pass->bytes = body_len;
    pass->batch_bytes = len;
    pass->deltas = head.count;
    pk_latency_add(&pass->at, at_ms);
    l->seq = head.last;
    check_later(l, pk_slice_of(bytes, len));
    return true;
}

/* The text after "batch":" in a body; len 0: it is not there. */
static struct pk_slice batch_in(struct pk_slice body)
{
    static const char mark[] = "\"batch\":\"";
    const uint8_t *at = body.len > 0 ? memmem(body.ptr, body.len, mark, sizeof(mark) - 1) : NULL;
    const uint8_t *end;

    if (at == NULL) {
        return pk_slice_of(NULL, 0);
    }
    at += sizeof(mark) - 1;
    end = memchr(at, '"', body.len - (size_t)(at - body.ptr));
    return pk_slice_of(at, end != NULL ? (size_t)(end - at) : 0);
}

/* Its next wait, some time later (xorshift32: they only have to differ). */
static void rest(struct listener *l, double now)
{
    uint32_t *r = &l->hall->random;

    *r ^= *r << 13;
    *r ^= *r >> 17;
    *r ^= *r << 5;
    l->again_at = now + (double)(*r % (REST_MS + 1));
}

static void heard(struct pk_line *line, const struct pk_answer *answer, void *ctx)
{
    struct pk_fleet_device *device = ctx;
    struct listener *l = device->owner;
    double at_ms = pk_latency_now();
    struct pk_slice batch = batch_in(answer->body);

    (void)line;
    if ((answer->status != 200 || batch.len == 0 ||
                !take_batch(l, batch, answer->body.len, at_ms)) &&
            l->hall->failures++ < 3) {
        (void)fprintf(stderr, "picket-fleet: a wait ended with %d %s %.*s\n", answer->status,
                answer->error != NULL ? answer->error : "", (int)answer->body.len,
                (const char *)answer->body.ptr);
    }
    if (l->hall->failures < 1000) {
        rest(l, at_ms);
    }
}

static void listen_on(struct listener *l)
{
    struct pk_buffer request = pk_buffer_of(4096);
    char path[64];
    char more[80];

    (void)snprintf(path, sizeof(path), "/v1/wait?timeout=%d", WAIT_S);
    (void)snprintf(more, sizeof(more), "Picket-Crowd: %u.%llu\r\n", l->hall->epoch,
            (unsigned long long)l->seq);
    pk_http_request(&request, "GET", path, pk_net_host(l->hall->fleet.net), NULL, NULL, more,
            pk_slice_of(NULL, 0));
    pk_line_send(l->device->line, pk_buffer_slice(&request), TIMEOUT_MS, heard);
    pk_buffer_finish(&request);
}

static void listen_again(struct hall *hall)
{
    double now = pk_latency_now();

    if (now < hall->looked_at + LOOK_MS) {
        return;
    }
    hall->looked_at = now;
    for (size_t i = 0; i < hall->fleet.count; i++) {
        struct listener *l = &hall->listeners[i];

        if (l->again_at > 0 && l->again_at <= now) {
            l->again_at = 0;
            listen_on(l);
        }
    }
}

/* ---- what a device begins with --------------------------------------------------------------------- */

static void take_key(struct hall *hall, struct pk_slice der)
{
    const unsigned char *at = der.ptr;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    EVP_PKEY *ca = X509_get0_pubkey(hall->fleet.ca);
    size_t len = sizeof(hall->key);

    hall->has_key = certificate != NULL && ca != NULL && X509_verify(certificate, ca) == 1 &&
            EVP_PKEY_get_raw_public_key(X509_get0_pubkey(certificate), hall->key, &len) == 1 &&
            len == sizeof(hall->key);
    X509_free(certificate);
}

static void take_filter(struct hall *hall, struct pk_slice bytes)
{
    struct pk_filter16 filter;

    if (pk_sign_ends(hall->key, bytes) && pk_filter16_read(bytes, &filter) == PK_OK) {
        hall->epoch = filter.epoch;
        hall->base = filter.base;
        hall->filter_bytes = bytes.len;
        hall->filter_count = filter.fuse.count;
    }
}

static void fetched(struct pk_line *line, const struct pk_answer *answer, void *ctx)
{
    struct pk_fleet_device *device = ctx;
    struct listener *l = device->owner;

    (void)line;
    l->hall->fetched = true;
    if (answer->status != 200) {
        (void)fprintf(stderr, "picket-fleet: fetching answered %d %s\n", answer->status,
                answer->error != NULL ? answer->error : "");
    } else if (l->hall->has_key) {
        take_filter(l->hall, answer->body);
    } else {
        take_key(l->hall, answer->body);
    }
}

static int fetch(struct hall *hall, const char *path, struct pk_error *err)
{
    struct pk_buffer request = pk_buffer_of(4096);
    int rc = PK_OK;

    hall->fetched = false;
    pk_http_request(&request, "GET", path, pk_net_host(hall->fleet.net), NULL, NULL, NULL,
            pk_slice_of(NULL, 0));
    pk_line_send(hall->fleet.devices[0].line, pk_buffer_slice(&request), FETCH_MS, fetched);
    pk_buffer_finish(&request);
    while (rc == PK_OK && !hall->fetched && !*hall->options->stop) {
        rc = pk_net_poll(hall->fleet.net, 10, err);
    }
    return rc;
}

static int begin(struct hall *hall, struct pk_error *err)
{
    int rc = fetch(hall, "/v1/crowd/key", err);

    if (rc == PK_OK && hall->has_key) {
        rc = fetch(hall, "/v1/crowd/filter?class=network", err);
    }
    return rc == PK_OK && hall->epoch == 0
            ? pk_error_set(err, PK_EPEER, "the server's key or filter cannot be used")
            : rc;
}

/* ---- the course of it -------------------------------------------------------------------------------- */

static size_t shaking(const struct hall *hall, size_t upto)
{
    size_t n = 0;

    for (size_t i = 0; i < upto; i++) {
        n += !pk_line_open(hall->fleet.devices[i].line);
    }
    return n;
}

static int all_listen(struct hall *hall, struct pk_error *err)
{
    double quiet = 0;
    size_t next = 0;
    int rc = PK_OK;

    while (rc == PK_OK && !*hall->options->stop &&
            (next < hall->fleet.count || shaking(hall, next) > 0)) {
        size_t under_way = shaking(hall, next);

        for (; under_way < OPENING && next < hall->fleet.count; under_way++) {
            hall->listeners[next].seq = hall->base;
            listen_on(&hall->listeners[next++]);
        }
        rc = pk_net_poll(hall->fleet.net, 10, err);
    }
    /* The requests are out, but the server may still read the last ones. */
    quiet = pk_latency_now() + 1000;
    while (rc == PK_OK && pk_latency_now() < quiet) {
        rc = pk_net_poll(hall->fleet.net, 10, err);
    }
    return rc;
}

static void say(json_t *what)
{
    char *text = what != NULL ? json_dumps(what, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;

    (void)printf("%s\n", text != NULL ? text : "{}");
    (void)fflush(stdout);
    free(text);
    json_decref(what);
}

static void say_passes(struct hall *hall)
{
    while (hall->said < hall->pass_count && hall->passes[hall->said].have == hall->fleet.count) {
        struct pass *p = &hall->passes[hall->said++];

        check_all(hall);
        say(json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:o}", "event", "heard", "seq",
                (json_int_t)p->last, "devices", (json_int_t)p->have, "deltas",
                (json_int_t)p->deltas, "batch_bytes", (json_int_t)p->batch_bytes, "answer_bytes",
                (json_int_t)p->bytes, "at_ms", pk_latency_json(&p->at)));
    }
}

static int run(struct hall *hall, struct pk_error *err)
{
    double end = pk_latency_now() + (double)hall->options->seconds * 1000;
    int rc = begin(hall, err);

    if (rc == PK_OK) {
        rc = all_listen(hall, err);
    }
    if (rc < 0) {
        return rc;
    }
    say(json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "event", "listening", "devices",
            (json_int_t)hall->fleet.count, "epoch", (json_int_t)hall->epoch, "base",
            (json_int_t)hall->base, "filter_bytes", (json_int_t)hall->filter_bytes, "filter_keys",
            (json_int_t)hall->filter_count));
    while (rc == PK_OK && !*hall->options->stop && pk_latency_now() < end) {
        rc = pk_net_poll(hall->fleet.net, LOOK_MS, err);
        listen_again(hall);
        say_passes(hall);
    }
    say(json_pack("{s:s, s:I, s:I, s:o}", "event", "end", "failures", (json_int_t)hall->failures,
            "batches", (json_int_t)hall->pass_count, "verify_ms", pk_latency_json(&hall->verify)));
    return rc;
}

static int prepare(struct hall *hall, struct pk_error *err)
{
    hall->listeners = calloc(hall->fleet.count, sizeof(*hall->listeners));
    if (hall->listeners == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < hall->fleet.count; i++) {
        hall->listeners[i] = (struct listener){ .hall = hall, .device = &hall->fleet.devices[i] };
        hall->fleet.devices[i].owner = &hall->listeners[i];
    }
    return PK_OK;
}

int pk_fleet_spread(const struct pk_fleet_options *options)
{
    struct hall *hall = calloc(1, sizeof(*hall));
    char name[] = "listener";
    struct pk_error err = { 0 };
    int rc;

    if (hall == NULL) {
        return 3;
    }
    pk_fleet_raise_limit();
    hall->options = options;
    hall->random = 0x9e3779b9;
    hall->fleet.stop = options->stop;
    hall->fleet.progress = true;
    rc = pk_fleet_open(&hall->fleet, options->url, options->state, (size_t)options->devices,
            pk_fleet_describe_idle, name, &err);
    if (rc == PK_OK) {
        rc = prepare(hall, &err);
    }
    if (rc == PK_OK) {
        rc = run(hall, &err);
    }
    if (rc < 0) {
        (void)fprintf(stderr, "picket-fleet: %s\n", err.text);
    }
    rc = rc < 0 ? 3 : hall->failures > 0 ? 1 : 0;
    for (size_t i = 0; i < hall->pass_count; i++) {
        pk_latency_finish(&hall->passes[i].at);
    }
    pk_latency_finish(&hall->verify);
    free(hall->listeners);
    pk_fleet_close(&hall->fleet);
    free(hall);
    return rc;
}
