#include "server/crowd_share.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/event.h"
#include "server/crowd.h"
#include "server/crowd_share_internal.h"
#include "server/wait.h"

#define PAGE        1000
#define PAGE_MEMORY (2UL * 1024 * 1024)
#define LOOK_MS     (10 * PK_MINUTE_MS) /* without news: age, epoch */
#define RETRY_MS    1000
#define EPOCH_KEY   "crowd_epoch" /* of the store's meta table: "NUMBER SECONDS", when it began */

int64_t pk_share_now_s(const struct pk_crowd_share *share)
{
    return pk_server_now(share->server) / PK_SECOND_MS;
}

/* ---- the epoch ----------------------------------------------------------------------------------- */

static int write_epoch(struct pk_store *store, uint32_t epoch, int64_t at_s, struct pk_error *err)
{
    char text[48];

    (void)snprintf(text, sizeof(text), "%u %lld", epoch, (long long)at_s);
    return pk_meta_put(store, EPOCH_KEY, text, err);
}

static int read_epoch(struct pk_crowd_share *s, struct pk_store *store, uint32_t *epoch,
        int64_t *began_s, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(4096);
    const char *text = NULL;
    char *end = NULL;
    int rc = arena != NULL ? pk_meta_get(store, EPOCH_KEY, arena, &text, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    *epoch = 0;
    if (rc == PK_OK && text != NULL) {
        *epoch = (uint32_t)strtoul(text, &end, 10);
        *began_s = strtoll(end, NULL, 10);
    }
    pk_arena_destroy(arena);
    if ((rc == PK_OK || rc == PK_ENOENT) && *epoch == 0) {
        *epoch = 1;
        *began_s = pk_share_now_s(s);
        rc = write_epoch(store, 1, *began_s, err);
    }
    return rc;
}

static void show_place(struct pk_crowd_share *s)
{
    atomic_store(&s->place, pk_share_place(pk_share_epoch(s->book), pk_share_seq(s->book)));
}

/* Fingerprints change now and then, so that nobody can follow them for long. */
static int mind_epoch(struct pk_crowd_share *s, struct pk_store *store, struct pk_error *err)
{
    int64_t began_s = 0;
    uint32_t epoch = 0;
    int rc = read_epoch(s, store, &epoch, &began_s, err);

    if (rc < 0 || pk_share_now_s(s) - began_s < PK_SHARE_EPOCH_S) {
        return rc;
    }
    rc = write_epoch(store, epoch + 1, pk_share_now_s(s), err);
    if (rc == PK_OK) {
        pthread_mutex_lock(&s->lock);
        rc = pk_share_turn(s->book, epoch + 1);
        show_place(s);
        pthread_mutex_unlock(&s->lock);
        pk_waits_notify_all(s->server->waits);
        pk_event(PK_INFO, "crowd.epoch", { "epoch", PK_NUM(epoch + 1) });
    }
    return rc;
}

/* ---- changes --------------------------------------------------------------------------------------- */

static struct pk_crowd_change change_of(const struct pk_crowd_change_row *row)
{
    return (struct pk_crowd_change){ .key = pk_crowd_key_of_thing(&row->thing),
        .bad = row->bad,
        .log_odds = (float)row->log_odds,
        .at_s = row->at_ms / PK_SECOND_MS,
        .devices = row->devices > 0 ? (uint32_t)row->devices : 0,
        .groups = row->groups > 0 ? (uint32_t)row->groups : 0,
        .cause = row->cause >= 0 && row->cause < 256 ? (uint8_t)row->cause : 0xff };
}

/* first: the start, where rows are missing that were dropped as old. */
static int take_rows(struct pk_crowd_share *s, const struct pk_array *rows, bool first)
{
    const struct pk_crowd_change_row *row = rows->items;
    int rc = PK_OK;

    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < rows->count && rc == PK_OK; i++) {
        struct pk_crowd_change change = change_of(&row[i]);

        if (first && (uint64_t)row[i].seq > pk_share_seq(s->book) + 1) {
            pk_share_reach(s->book, (uint64_t)row[i].seq - 1);
        }
        rc = pk_share_take(s->book, (uint64_t)row[i].seq, &change);
    }
    pthread_mutex_unlock(&s->lock);
    return rc;
}

/* Everything after the newest that is known. *count: how many. */
static int read_changes(struct pk_crowd_share *s, struct pk_store *store, bool first, size_t *count,
        struct pk_error *err)
{
    struct pk_array rows = { 0 };
    int rc;

    *count = 0;
    do {
        struct pk_arena *arena = pk_arena_create(PAGE_MEMORY);

        rc = arena != NULL ? pk_crowd_changes_after(
                                     store, (int64_t)pk_share_seq(s->book), PAGE, arena, &rows, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");
        if (rc == PK_OK && take_rows(s, &rows, first) < 0) {
            rc = pk_error_set(err, PK_ENOMEM, "out of memory");
        }
        *count += rc == PK_OK ? rows.count : 0;
        pk_arena_destroy(arena);
    } while (rc == PK_OK && rows.count == PAGE);
    return rc;
}

/* ---- telling ------------------------------------------------------------------------------------------ */

int pk_share_signed_batch(struct pk_crowd_share *share, uint64_t since, size_t max,
        struct pk_buffer *out, struct pk_delta_head *head)
{
    int rc = pk_share_batch(share->book, since, max, pk_share_now_s(share), out, head);

    return rc < 0 ? rc : pk_sign_buffer(&share->signer, out);
}

/* NULL: out of memory. */
static char *batch_text(const struct pk_buffer *batch)
{
    char *text = malloc(PK_BASE64_SIZE(batch->len));

    if (text != NULL) {
        pk_base64(pk_buffer_slice(batch), text);
    }
    return text;
}

static json_t *batch_json(const struct pk_buffer *batch)
{
    char *text = batch_text(batch);
    json_t *out = text != NULL ? json_pack("{s:s}", "batch", text) : NULL;

    free(text);
    return out;
}

/* Made once, given to all who wait: every device that knew what was before gets the same bytes. */
static void push(struct pk_crowd_share *s, uint64_t before)
{
    struct pk_buffer batch = pk_buffer_of(PK_DELTA_BYTES);
    struct pk_delta_head head = { 0 };
    struct timespec from;
    struct timespec to;
    char now[PK_TIME_TEXT];
    json_t *body = NULL;
    int rc;

    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    pthread_mutex_lock(&s->lock);
    rc = pk_share_signed_batch(s, before, PK_SHARE_WAIT_DELTAS, &batch, &head);
    show_place(s);
    pthread_mutex_unlock(&s->lock);
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    if (rc == PK_OK) {
        atomic_store(&s->sign_us,
                (to.tv_sec - from.tv_sec) * 1000000LL + (to.tv_nsec - from.tv_nsec) / 1000);
        atomic_fetch_add(&s->batches, 1);
        atomic_fetch_add(&s->deltas, head.count);
        body = json_pack("{s:[], s:s, s:o}", "commands", "now",
                pk_time_format(pk_server_now(s->server), now), "crowd", batch_json(&batch));
    }
    pk_event(PK_INFO, "crowd.said", { "number", PK_NUM(head.last) },
            { "words", PK_NUM(head.count) },
            { "waiting", PK_NUM(pk_waits_count(s->server->waits)) });
    pk_waits_push(s->server->waits, head.epoch, head.base, head.last, body);
    pk_buffer_finish(&batch);
}

/* Under the lock: what came after since, signed once for all who ask for it in this second. */
static int tell_late(struct pk_crowd_share *s, uint64_t since, json_t **out)
{
    struct pk_share_told now = { .since = since,
        .seq = pk_share_seq(s->book),
        .at_s = pk_share_now_s(s),
        .epoch = pk_share_epoch(s->book) };
    struct pk_buffer batch = pk_buffer_of(PK_DELTA_BYTES);
    struct pk_delta_head head;
    int rc = PK_OK;

    if (s->told.text == NULL || s->told.since != now.since || s->told.seq != now.seq ||
            s->told.at_s != now.at_s || s->told.epoch != now.epoch) {
        rc = pk_share_signed_batch(s, since, PK_SHARE_WAIT_DELTAS, &batch, &head);
        now.text = rc == PK_OK ? batch_text(&batch) : NULL;
        rc = rc == PK_OK && now.text == NULL ? PK_ENOMEM : rc;
        if (rc == PK_OK) {
            free(s->told.text);
            s->told = now;
        }
    }
    if (rc == PK_OK) {
        *out = json_pack("{s:s}", "batch", s->told.text);
    }
    pk_buffer_finish(&batch);
    return rc;
}

json_t *pk_crowd_share_news(struct pk_crowd_share *share, const struct pk_share_heard *place)
{
    json_t *out = NULL;
    int rc = PK_ENOENT;

    if (share == NULL || !place->asks || !atomic_load(&share->live) ||
            atomic_load(&share->place) == pk_share_place(place->epoch, place->seq)) {
        return NULL;
    }
    pthread_mutex_lock(&share->lock);
    if (place->epoch == pk_share_epoch(share->book)) {
        rc = place->seq == pk_share_seq(share->book) ? PK_EEXIST
                                                     : tell_late(share, place->seq, &out);
    }
    pthread_mutex_unlock(&share->lock);
    if (rc == PK_ENOENT) {
        out = json_pack("{s:b}", "base", 1);
    }
    return out;
}

struct pk_share_heard pk_share_heard_of(struct pk_request *request)
{
    const char *said = pk_request_header(request, PK_SHARE_HEADER);
    struct pk_share_heard place = { 0 };
    char *end = NULL;
    unsigned long epoch;

    if (said == NULL || *said < '0' || *said > '9') {
        return place;
    }
    epoch = strtoul(said, &end, 10);
    if (*end != '.' || end[1] < '0' || end[1] > '9' || epoch > UINT32_MAX) {
        return place;
    }
    place.epoch = (uint32_t)epoch;
    place.seq = strtoull(end + 1, &end, 10);
    place.asks = *end == '\0' && place.seq >> 48 == 0;
    return place;
}

/* ---- the thread ----------------------------------------------------------------------------------------- */

static void on_news(void *ctx)
{
    struct pk_crowd_share *s = ctx;

    pthread_mutex_lock(&s->wake_lock);
    s->news = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->wake_lock);
}

/* Waits so long, or until the end; with for_news also until there is some. False: the end. */
static bool sleep_ms(struct pk_crowd_share *s, int64_t ms, bool for_news)
{
    struct timespec until = pk_clock_after(ms);
    bool ends;

    pthread_mutex_lock(&s->wake_lock);
    while (!s->ends && !(for_news && s->news) &&
            pthread_cond_clockwait(&s->wake, &s->wake_lock, CLOCK_MONOTONIC, &until) == 0) {
        /* only woken */
    }
    if (!for_news) {
        s->news = false; /* what is read next is all of it */
    }
    ends = s->ends;
    pthread_mutex_unlock(&s->wake_lock);
    return !ends;
}

static int once(struct pk_crowd_share *s, bool first)
{
    struct pk_error err = { 0 };
    struct pk_store *store = pk_server_store(s->server, &err);
    uint64_t before = pk_share_seq(s->book);
    size_t count = 0;
    int rc = store != NULL ? read_changes(s, store, first, &count, &err) : err.code;

    if (rc == PK_OK) {
        rc = mind_epoch(s, store, &err);
    }
    if (rc < 0) {
        pk_event(PK_ERROR, "crowd.share_stuck", { "why", err.text });
    }
    pthread_mutex_lock(&s->lock);
    pk_share_age(s->book, pk_share_now_s(s));
    pthread_mutex_unlock(&s->lock);
    if (first && rc == PK_OK) {
        pthread_mutex_lock(&s->lock);
        show_place(s);
        pthread_mutex_unlock(&s->lock);
        atomic_store(&s->live, true);
        pk_waits_notify_all(s->server->waits);
    } else if (!first && pk_share_seq(s->book) != before) {
        push(s, before);
    }
    return rc;
}

static void *run(void *arg)
{
    struct pk_crowd_share *s = arg;
    bool first = true;

    do {
        int rc = once(s, first);

        first = first && rc < 0;
        if (rc < 0) {
            (void)sleep_ms(s, RETRY_MS, false);
            continue;
        }
    } while (sleep_ms(s, LOOK_MS, true) && sleep_ms(s, PK_SHARE_GATHER_MS, false));
    return NULL;
}

/* ---- life ------------------------------------------------------------------------------------------------- */

static int open_book(struct pk_crowd_share *s, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(s->server, err);
    uint8_t secret[PK_SHA256_SIZE];
    int64_t began_s = 0;
    uint32_t epoch = 1;
    char path[PATH_MAX];
    int rc = store != NULL ? read_epoch(s, store, &epoch, &began_s, err) : err->code;

    if (rc < 0) {
        return rc;
    }
    (void)snprintf(path, sizeof(path), "%s/crowd.key", s->server->settings.state_dir);
    rc = pk_signer_open(path, &s->signer, err);
    if (rc == PK_OK &&
            (pk_unhex(s->server->network_key, secret, sizeof(secret)) < 0 ||
                    pk_share_create(pk_slice_of(secret, sizeof(secret)), epoch,
                            (uint32_t)s->server->settings.crowd->min_devices, &s->book) < 0)) {
        rc = pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    return rc;
}

int pk_crowd_share_start(
        struct pk_server *server, struct pk_crowd_share **out, struct pk_error *err)
{
    struct pk_crowd_share *s = calloc(1, sizeof(*s));
    int rc;

    if (s == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    s->server = server;
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->wake_lock, NULL);
    pthread_cond_init(&s->wake, NULL);
    rc = open_book(s, err);
    if (rc == PK_OK) {
        rc = pk_server_on_crowd(server, on_news, s, err);
    }
    if (rc == PK_OK) {
        rc = -pthread_create(&s->thread, NULL, run, s);
        rc = rc < 0 ? pk_error_set(err, rc, "cannot start a thread: %s", pk_code_text(rc)) : PK_OK;
    }
    s->runs = rc == PK_OK;
    if (rc < 0) {
        pk_crowd_share_destroy(s);
        return rc;
    }
    *out = s;
    return PK_OK;
}

void pk_crowd_share_stop(struct pk_crowd_share *share)
{
    if (share == NULL || !share->runs) {
        return;
    }
    pthread_mutex_lock(&share->wake_lock);
    share->ends = true;
    pthread_cond_signal(&share->wake);
    pthread_mutex_unlock(&share->wake_lock);
    pthread_join(share->thread, NULL);
    share->runs = false;
}

void pk_crowd_share_destroy(struct pk_crowd_share *share)
{
    if (share == NULL) {
        return;
    }
    for (int c = 0; c < PK_SHARE_CLASSES; c++) {
        pk_buffer_finish(&share->filters[c].bytes);
    }
    free(share->told.text);
    pk_share_destroy(share->book);
    pk_signer_finish(&share->signer);
    pthread_mutex_destroy(&share->lock);
    pthread_mutex_destroy(&share->wake_lock);
    pthread_cond_destroy(&share->wake);
    free(share);
}

void pk_crowd_share_count(struct pk_crowd_share *share, struct pk_crowd_share_counts *out)
{
    *out = (struct pk_crowd_share_counts){ 0 };
    if (share == NULL) {
        return;
    }
    pthread_mutex_lock(&share->lock);
    out->epoch = pk_share_epoch(share->book);
    out->seq = pk_share_seq(share->book);
    for (int c = 0; c < PK_SHARE_CLASSES; c++) {
        out->bad[c] = pk_share_count(share->book, (enum pk_share_class)c);
    }
    pthread_mutex_unlock(&share->lock);
    out->batches = atomic_load(&share->batches);
    out->deltas = atomic_load(&share->deltas);
    out->filters = atomic_load(&share->filters_built);
    out->sign_us = atomic_load(&share->sign_us);
}
