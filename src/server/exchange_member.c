/* One joined hub: a thread that tells and hears, again and again. What it tells and hears is in the store before
 * and after, so nothing depends on this process staying alive. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/event.h"
#include "crowd/key.h"
#include "server/crowd.h"
#include "server/exchange_internal.h"

#define PATH           "/v1/exchange/say"
#define ENTRIES_MAX    1000000                     /* of the book, 96 bytes each */
#define TOLD_MAX       (PK_EXCHANGE_WORDS_MAX / 2) /* of a message: each may take back an older one */
#define WAIT_S         1U /* the hub holds its answer so long: as often we look what there is to say */
#define TIMEOUT_S      30L
#define BACKOFF_MS     1000
#define BACKOFF_MAX_MS PK_MINUTE_MS
#define KEYS_TEXT      512 /* bytes of the epochs' keys as text */

/* ---- epochs' keys, as the store keeps them ------------------------------------------------------------------- */

static void read_keys(struct pk_exchange_guest *g, const char *text)
{
    g->epoch_count = 0;
    while (text != NULL && *text != '\0' && g->epoch_count < PK_EXCHANGE_KEYS_MAX) {
        struct pk_exchange_epoch *e = &g->epochs[g->epoch_count];
        char *end = NULL;
        unsigned long number = strtoul(text, &end, 10);
        char hex[2 * PK_EXCHANGE_KEY_SIZE + 1];

        if (number > UINT16_MAX || *end != ':' || strlen(end + 1) < sizeof(hex) - 1) {
            break;
        }
        memcpy(hex, end + 1, sizeof(hex) - 1);
        hex[sizeof(hex) - 1] = '\0';
        if (pk_unhex(hex, e->key, sizeof(e->key)) < 0) {
            break;
        }
        e->epoch = (uint16_t)number;
        g->epoch_count++;
        text = strchr(text, ' ');
        text = text != NULL ? text + 1 : NULL;
    }
}

static void write_keys(const struct pk_exchange_message *news, char out[KEYS_TEXT])
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < news->key_count; i++) {
        char hex[2 * PK_EXCHANGE_KEY_SIZE + 1];

        pk_hex(pk_slice_of(news->keys[i].key, PK_EXCHANGE_KEY_SIZE), hex);
        len += (size_t)snprintf(
                out + len, KEYS_TEXT - len, "%s%u:%s", i > 0 ? " " : "", news->keys[i].epoch, hex);
    }
}

bool pk_exchange_guest_epoch(
        const struct pk_exchange_guest *g, int64_t now_s, const struct pk_exchange_epoch **out)
{
    uint16_t now = pk_exchange_epoch_at(now_s, (uint32_t)g->hub.epoch_s);

    for (size_t i = 0; g->hub.epoch_s > 0 && i < g->epoch_count; i++) {
        if (g->epochs[i].epoch == now) {
            *out = &g->epochs[i];
            return true;
        }
    }
    return false;
}

/* ---- what there is to tell ---------------------------------------------------------------------------------------- */

struct round {
    struct pk_exchange_guest *guest;
    struct pk_store *store;
    struct pk_arena *arena;
    struct pk_exchange_message say;
    struct pk_exchange_message news;
    struct pk_array waiting; /* struct pk_exchange_saying: what say tells, in its order */
    uint16_t epoch;          /* it is told with; meaningless without words */
    struct pk_buffer bytes;
    struct pk_buffer answer;
};

/* What was told under an older epoch's name is taken back there: or it would stay when the new word goes. */
static void take_back(struct round *r, const struct pk_crowd_key *key, uint16_t told,
        const struct pk_exchange_word *now)
{
    const struct pk_exchange_guest *g = r->guest;

    for (size_t i = 0; told != now->epoch && i < g->epoch_count; i++) {
        if (g->epochs[i].epoch == told) {
            r->say.words[r->say.word_count++] = (struct pk_exchange_word){
                .id = pk_exchange_blind(g->epochs[i].key, key),
                .first_h = now->last_h,
                .last_h = now->last_h,
                .epoch = told,
                .half_h = 1,
                .kind = now->kind,
                .verdict = PK_EXCHANGE_GONE,
                .cause = 0xff,
            };
        }
    }
}

/* The words that wait, under the names of the epoch in force. */
static int fill_words(struct round *r, struct pk_error *err)
{
    struct pk_exchange_guest *g = r->guest;
    const struct pk_exchange_epoch *epoch = NULL;
    const struct pk_exchange_saying *s;
    int rc;

    if (!pk_exchange_guest_epoch(g, r->say.at_s, &epoch)) {
        return PK_OK; /* the hub gives the keys with its first answer */
    }
    rc = pk_exchange_waiting(r->store, g->id, TOLD_MAX, r->arena, &r->waiting, err);
    r->say.words = pk_arena_alloc(r->arena, 2 * r->waiting.count + 1, sizeof(*r->say.words));
    if (rc < 0 || r->say.words == NULL) {
        return rc < 0 ? rc : pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    r->epoch = epoch->epoch;
    s = r->waiting.items;
    for (size_t i = 0; i < r->waiting.count; i++) {
        struct pk_exchange_word *w = &r->say.words[r->say.word_count++];
        struct pk_crowd_key key = {
            .a = (uint64_t)s[i].a, .b = (uint64_t)s[i].b, .kind = (enum pk_crowd_kind)s[i].kind
        };
        uint8_t bytes[PK_EXCHANGE_WORD_SIZE];
        struct pk_reader in = pk_reader_of(pk_slice_of(bytes, sizeof(bytes)));

        memcpy(bytes, s[i].word, sizeof(bytes));
        bytes[PK_EXCHANGE_WORD_SIZE - 1] |= 1; /* an id stands in only when it is told */
        if (pk_exchange_word_read(&in, false, w) < 0) {
            return pk_error_set(err, PK_EMALF, "a word of the store cannot be read");
        }
        w->id = pk_exchange_blind(epoch->key, &key);
        w->epoch = epoch->epoch;
        if (s[i].told_ms > 0) {
            take_back(r, &key, (uint16_t)s[i].epoch, w);
        }
    }
    return PK_OK;
}

static int write_message(struct round *r, struct pk_error *err)
{
    struct pk_exchange_guest *g = r->guest;
    int64_t now_ms = pk_server_now(g->exchange->server);
    int rc;

    /* Larger than any before, also when the store was put back from a copy. */
    g->hub.seq = now_ms > g->hub.seq ? now_ms : g->hub.seq + 1;
    r->say = (struct pk_exchange_message){ .kind = PK_EXCHANGE_SAY,
        .seq = (uint64_t)g->hub.seq,
        .at_s = now_ms / PK_SECOND_MS,
        .cursor = (uint64_t)g->hub.cursor,
        .epoch = g->epoch_count > 1 ? g->epochs[1].epoch : 0 };
    memcpy(r->say.from, g->exchange->signer.finger, sizeof(r->say.from));
    memcpy(r->say.to, g->finger, sizeof(r->say.to));
    rc = fill_words(r, err);
    if (rc < 0) {
        return rc;
    }
    r->say.wait_s = r->say.word_count == 0 ? WAIT_S : 0;
    rc = pk_exchange_message_write(&r->say, &g->exchange->signer, &r->bytes);
    return rc < 0 ? pk_error_set(err, rc, "the message cannot be written") : PK_OK;
}

/* ---- what comes back ------------------------------------------------------------------------------------------------ */

static int read_news(struct round *r, struct pk_error *err)
{
    struct pk_slice bytes = pk_buffer_slice(&r->answer);
    struct pk_exchange_guest *g = r->guest;
    int rc = pk_exchange_message_read(bytes, r->arena, &r->news, err);

    if (rc == PK_OK) {
        rc = pk_exchange_message_check(bytes, &r->news, g->key, g->exchange->signer.finger,
                pk_server_now(g->exchange->server) / PK_SECOND_MS, err);
    }
    if (rc == PK_OK && (r->news.kind != PK_EXCHANGE_NEWS || r->news.seq != r->say.seq)) {
        rc = pk_error_set(err, PK_EPEER, "the answer is to another question");
    }
    return rc;
}

static int mark_told(struct round *r, int64_t now_ms, struct pk_error *err)
{
    const struct pk_exchange_saying *s = r->waiting.items;
    int rc = PK_OK;

    for (size_t i = 0; rc == PK_OK && i < r->waiting.count; i++) {
        rc = s[i].verdict == PK_EXCHANGE_GONE
                ? pk_exchange_unsay(r->store, &s[i], err)
                : pk_exchange_told(r->store, &s[i], r->epoch, now_ms, err);
    }
    return rc;
}

/* What was told, what was heard and how far: together or not at all. */
static int keep(struct round *r, struct pk_error *err)
{
    struct pk_exchange_guest *g = r->guest;
    int64_t now_ms = pk_server_now(g->exchange->server);
    char keys[KEYS_TEXT];
    struct pk_exchange_hub next = g->hub;
    int rc = pk_store_begin(r->store, err);

    if (rc < 0) {
        return rc;
    }
    if (r->news.key_count > 0) {
        write_keys(&r->news, keys);
        next.keys = keys;
        pthread_mutex_lock(&g->lock);
        read_keys(g, keys);
        pthread_mutex_unlock(&g->lock);
        g->points_ms = g->rescan_ms = 0; /* our things have new names */
    }
    next.epoch = r->news.epoch;
    next.epoch_s = r->news.epoch_s;
    next.cursor = (int64_t)r->news.cursor;
    next.ok_ms = now_ms;
    rc = mark_told(r, now_ms, err);
    if (rc == PK_OK) {
        rc = pk_exchange_take_news(g, r->store, &r->news, err);
    }
    if (rc == PK_OK) {
        rc = pk_exchange_hub_progress(r->store, &next, err);
    }
    if (rc < 0) {
        pk_store_rollback(r->store);
        return rc;
    }
    rc = pk_store_commit(r->store, err);
    if (rc == PK_OK) {
        const char *kept = r->news.key_count > 0 ? pk_arena_strdup(g->arena, keys) : g->hub.keys;

        g->hub = next;
        g->hub.keys = kept != NULL ? kept : "";
        pk_exchange_heard_commit(g, &r->news);
        pk_crowd_server_tell(g->exchange->server->crowd);
    }
    return rc;
}

/* ---- the thread -------------------------------------------------------------------------------------------------------- */

/* One message and its answer. *more: there is at once something to tell or hear. */
static int talk(
        struct pk_exchange_guest *g, struct pk_store *store, bool *more, struct pk_error *err)
{
    struct round r = { .guest = g,
        .store = store,
        .arena = pk_arena_create(PK_EXCHANGE_ARENA_MAX),
        .bytes = pk_buffer_of(PK_EXCHANGE_SIZE_MAX),
        .answer = pk_buffer_of(PK_EXCHANGE_SIZE_MAX) };
    int rc = r.arena == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                             : write_message(&r, err);

    if (rc == PK_OK) {
        rc = pk_exchange_http_post(&g->http, g->hub.url, PATH, g->hub.ca, PK_EXCHANGE_TYPE,
                pk_buffer_slice(&r.bytes), TIMEOUT_S, &r.answer, err);
    }
    if (rc == PK_OK) {
        rc = read_news(&r, err);
    }
    if (rc == PK_OK) {
        rc = keep(&r, err);
    }
    if (rc == PK_OK) {
        *more = (r.news.flags & PK_EXCHANGE_MORE) != 0 || r.waiting.count == PK_EXCHANGE_WORDS_MAX;
        if (r.say.word_count > 0 || r.news.word_count > 0) {
            pk_event(PK_INFO, "exchange.talked", { "hub", g->id },
                    { "told", PK_NUM(r.say.word_count) }, { "heard", PK_NUM(r.news.word_count) },
                    { "refused", PK_NUM(r.news.refused) });
        }
    }
    pk_arena_destroy(r.arena);
    pk_buffer_finish(&r.bytes);
    pk_buffer_finish(&r.answer);
    return rc;
}

static int load(struct pk_exchange_guest *g, struct pk_store *store, struct pk_error *err)
{
    int rc = pk_exchange_hub_get(store, g->id, g->arena, &g->hub, err);

    if (rc < 0) {
        return rc;
    }
    g->is_partner = g->hub.url[0] == '\0';
    if (!g->is_partner && pk_unhex(g->hub.key, g->key, sizeof(g->key)) < 0) {
        return pk_error_set(err, PK_EMALF, "the key of the hub cannot be read");
    }
    pk_sign_finger(g->key, g->finger);
    pthread_mutex_lock(&g->lock);
    read_keys(g, g->hub.keys);
    pthread_mutex_unlock(&g->lock);
    return pk_exchange_load(g, store, err);
}

static int one_round(struct pk_exchange_guest *g, bool *more, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(g->exchange->server, err);
    int rc = store == NULL ? err->code : PK_OK;

    *more = false;
    if (rc == PK_OK && g->fresh) {
        rc = load(g, store, err);
        g->fresh = rc < 0;
    }
    if (rc == PK_OK) {
        rc = pk_exchange_index(g, store, err);
    }
    if (rc == PK_OK && g->is_partner) { /* it said what it had to say */
        pk_exchange_sleep(g, PK_SECOND_MS);
        return PK_OK;
    }
    if (rc == PK_OK) {
        rc = pk_exchange_gather(g, store, err);
    }
    return rc < 0 ? rc : talk(g, store, more, err);
}

static void failed(struct pk_exchange_guest *g, const char *why)
{
    struct pk_error err = { 0 };
    struct pk_store *store = pk_server_store(g->exchange->server, &err);

    pk_event(PK_WARN, "exchange.failed", { "hub", g->id }, { "why", why });
    if (store != NULL) {
        (void)!pk_exchange_hub_failed(store, g->id, why, &err);
    }
}

static void *run(void *arg)
{
    struct pk_exchange_guest *g = arg;
    int64_t pause_ms = BACKOFF_MS;

    while (!atomic_load(&g->ends)) {
        struct pk_error err = { 0 };
        bool more = false;

        if (one_round(g, &more, &err) == PK_OK) {
            pause_ms = BACKOFF_MS;
            continue; /* the hub held its answer: that was the pause */
        }
        if (atomic_load(&g->ends)) {
            break;
        }
        failed(g, err.text);
        for (int64_t left = pause_ms; left > 0 && !atomic_load(&g->ends); left -= 1000) {
            pk_exchange_sleep(g, left < 1000 ? left : 1000);
        }
        pause_ms = 2 * pause_ms > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : 2 * pause_ms;
    }
    return NULL;
}

static void destroy(struct pk_exchange_guest *g)
{
    pk_exchange_http_close(&g->http);
    pk_exchange_book_destroy(g->book);
    pk_arena_destroy(g->arena);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

int pk_exchange_guest_start(struct pk_exchange *exchange, const char *id,
        struct pk_exchange_guest **out, struct pk_error *err)
{
    struct pk_exchange_guest *g = calloc(1, sizeof(*g));
    char voice[64];
    int rc;

    if (g == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    (void)pthread_mutex_init(&g->lock, NULL);
    g->exchange = exchange;
    g->fresh = true;
    (void)snprintf(g->id, sizeof(g->id), "%s", id);
    for (unsigned i = 0; i < PK_EXCHANGE_VOICES; i++) {
        (void)snprintf(voice, sizeof(voice), "exchange %s %u", id, i);
        g->tenants[i] = pk_crowd_tenant_of(voice);
    }
    g->book = pk_exchange_book_create(ENTRIES_MAX);
    g->arena = pk_arena_create(PK_EXCHANGE_ARENA_MAX);
    rc = g->book != NULL && g->arena != NULL ? pk_exchange_http_open(&g->http, &g->ends, err)
                                             : pk_error_set(err, PK_ENOMEM, "out of memory");
    if (rc == PK_OK) {
        rc = -pthread_create(&g->thread, NULL, run, g);
        rc = rc < 0 ? pk_error_set(err, rc, "cannot start a thread: %s", pk_code_text(rc)) : PK_OK;
    }
    if (rc < 0) {
        destroy(g);
        return rc;
    }
    *out = g;
    return PK_OK;
}

void pk_exchange_guest_end(struct pk_exchange_guest *guest)
{
    atomic_store(&guest->ends, true);
    pk_exchange_wake(guest->exchange);
}

void pk_exchange_guest_join(struct pk_exchange_guest *guest)
{
    (void)pthread_join(guest->thread, NULL);
    destroy(guest);
}
