/* What a hub says finds our own things, and becomes voices in our crowd. */
#include <math.h>

#include "base/clock.h"
#include "base/event.h"
#include "crowd/key.h"
#include "server/crowd.h"
#include "server/exchange_internal.h"
#include "store/networks.h"

#define HEARD_MAX  1000000
#define POINTS_MAX 5000 /* looked at in one step */
#define FILES_MAX  100000
#define RESCAN_MS  PK_MINUTE_MS
#define VOICE_MIN  0.1F /* quieter ones are not heard */

/* ---- our own things ------------------------------------------------------------------------------------------ */

void pk_exchange_own(struct pk_exchange_guest *guest, const struct pk_crowd_key *key)
{
    for (size_t i = 0; i < guest->epoch_count; i++) {
        uint64_t id = pk_exchange_blind(guest->epochs[i].key, key);

        if (id != 0 && pk_exchange_book_own(guest->book, id, key) < 0) {
            return; /* the book is full: what is asked for is still found by its name */
        }
    }
}

/* ---- telling the crowd ----------------------------------------------------------------------------------------- */

/* The voices of a word on one of our things. The crowd keeps the strongest of what a voice said; one that fell
 * silent is heard again with no weight, which takes it out. */
static int tell_crowd(struct pk_exchange_guest *g, struct pk_store *store,
        const struct pk_crowd_key *key, const struct pk_exchange_word *word,
        const struct pk_exchange_word *before, int64_t told_s, struct pk_error *err)
{
    int64_t now_s = pk_server_now(g->exchange->server) / PK_SECOND_MS;
    float trust = (float)g->exchange->settings->trust;
    int rc = PK_OK;

    for (size_t i = 0; rc == PK_OK && trust > 0 && i < PK_EXCHANGE_VOICES; i++) {
        const struct pk_exchange_voice *v = &word->voices[i];
        float lo = pk_exchange_lo_at(v->lo, word->half_h, told_s, now_s);

        if (v->weight > 0 && fabsf(lo) >= VOICE_MIN) {
            rc = pk_crowd_server_hear(
                    store, key, g->tenants[i], lo, trust * (float)v->weight / 255, now_s, err);
        } else if (before != NULL && before->voices[i].weight > 0 && before->voices[i].lo > 0) {
            rc = pk_crowd_server_hear(store, key, g->tenants[i], VOICE_MIN, 0, now_s, err);
        }
    }
    return rc;
}

struct matches {
    struct pk_exchange_guest *guest;
    struct pk_store *store;
    struct pk_error *err;
    int rc;
};

static void tell_match(void *ctx, const struct pk_exchange_entry *e)
{
    struct matches *m = ctx;

    if (m->rc == PK_OK) {
        m->rc = tell_crowd(m->guest, m->store, &e->key, &e->word, NULL, e->told_s, m->err);
    }
}

/* ---- loading ---------------------------------------------------------------------------------------------------- */

int pk_exchange_load(struct pk_exchange_guest *guest, struct pk_store *store, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(8 * PK_EXCHANGE_ARENA_MAX);
    struct pk_array heard = { 0 };
    const struct pk_exchange_hearing *h;
    int rc = arena == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                           : pk_exchange_heard(store, guest->id, HEARD_MAX, arena, &heard, err);

    pthread_mutex_lock(&guest->lock);
    pk_exchange_book_clear(guest->book);
    h = heard.items;
    for (size_t i = 0; rc == PK_OK && i < heard.count; i++) {
        struct pk_reader in = pk_reader_of(pk_slice_of(h[i].word, PK_EXCHANGE_BLOB));
        struct pk_exchange_word word;

        if (pk_exchange_word_read(&in, true, &word) == PK_OK &&
                pk_exchange_book_hear(guest->book, &word, h[i].at_ms / PK_SECOND_MS) < 0) {
            break;
        }
    }
    pthread_mutex_unlock(&guest->lock);
    guest->points_ms = 0;
    guest->rescan_ms = 0;
    pk_arena_destroy(arena);
    return rc;
}

/* A thing of ours; it joins the matches when it is spoken of and was not known to be ours. */
static void find_new(struct pk_exchange_guest *g, const struct pk_crowd_key *key,
        struct pk_exchange_entry *fresh, size_t max, size_t *count)
{
    for (size_t i = 0; i < g->epoch_count; i++) {
        uint64_t id = pk_exchange_blind(g->epochs[i].key, key);
        const struct pk_exchange_entry *e = pk_exchange_book_find(g->book, id);

        if (e != NULL && e->has_word && !e->is_ours && *count < max) {
            fresh[*count] = *e;
            fresh[*count].key = *key;
            *count += 1;
        }
    }
    pk_exchange_own(g, key);
}

struct indexing {
    struct pk_exchange_guest *guest;
    struct pk_store *store;
    struct pk_arena *arena;
    struct pk_exchange_entry *fresh;
    size_t fresh_max;
    size_t fresh_count;
};

static int index_points(struct indexing *ix, bool *more, struct pk_error *err)
{
    struct pk_exchange_guest *g = ix->guest;
    const struct pk_exchange_point *p;
    struct pk_array points = { 0 };
    int rc = pk_exchange_points(ix->store, g->points_ms, POINTS_MAX, ix->arena, &points, err);

    if (rc < 0) {
        return rc;
    }
    p = points.items;
    pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i < points.count; i++) {
        struct pk_crowd_key key = pk_crowd_key_of_point(p[i].network, p[i].bssid);

        if (key.b != 0) {
            find_new(g, &key, ix->fresh, ix->fresh_max, &ix->fresh_count);
        }
    }
    pthread_mutex_unlock(&g->lock);
    *more = points.count == POINTS_MAX && p[points.count - 1].first_ms > g->points_ms;
    if (points.count > 0) {
        g->points_ms = p[points.count - 1].first_ms;
    }
    return PK_OK;
}

static int index_files(struct indexing *ix, struct pk_error *err)
{
    struct pk_exchange_guest *g = ix->guest;
    const struct pk_exchange_file *f;
    struct pk_array files = { 0 };
    int rc = pk_exchange_files(ix->store, 1, 0, FILES_MAX, ix->arena, &files, err);

    if (rc < 0) {
        return rc;
    }
    f = files.items;
    pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i < files.count; i++) {
        struct pk_crowd_key app = pk_crowd_key_of_app(f[i].sha256);
        struct pk_crowd_key signer = pk_crowd_key_of_signer(f[i].signer);

        if (app.a != 0) {
            find_new(g, &app, ix->fresh, ix->fresh_max, &ix->fresh_count);
        }
        if (signer.a != 0) {
            find_new(g, &signer, ix->fresh, ix->fresh_max, &ix->fresh_count);
        }
    }
    pthread_mutex_unlock(&g->lock);
    return PK_OK;
}

static int tell_fresh(const struct indexing *ix, struct pk_error *err)
{
    struct matches m = { .guest = ix->guest, .store = ix->store, .err = err };
    int rc;

    if (ix->fresh_count == 0) {
        return PK_OK;
    }
    rc = pk_store_begin(ix->store, err);
    if (rc < 0) {
        return rc;
    }
    for (size_t i = 0; i < ix->fresh_count; i++) {
        tell_match(&m, &ix->fresh[i]);
    }
    if (m.rc < 0) {
        pk_store_rollback(ix->store);
        return m.rc;
    }
    rc = pk_store_commit(ix->store, err);
    if (rc == PK_OK) {
        pk_crowd_server_tell(ix->guest->exchange->server->crowd);
        ix->guest->accused_ms = 0;
    }
    return rc;
}

int pk_exchange_index(struct pk_exchange_guest *guest, struct pk_store *store, struct pk_error *err)
{
    struct indexing ix = { .guest = guest,
        .store = store,
        .arena = pk_arena_create(4 * PK_EXCHANGE_ARENA_MAX),
        .fresh_max = POINTS_MAX };
    int64_t mono_ms = pk_clock_monotonic_ms();
    bool all = guest->rescan_ms == 0 || mono_ms >= guest->rescan_ms;
    bool more = true;
    int rc = PK_OK;

    ix.fresh = ix.arena != NULL ? pk_arena_alloc(ix.arena, ix.fresh_max, sizeof(*ix.fresh)) : NULL;
    if (ix.fresh == NULL) {
        pk_arena_destroy(ix.arena);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (all) { /* a report that came late tells of an access point that was met long ago */
        guest->points_ms = 0;
        guest->rescan_ms = mono_ms + RESCAN_MS;
        rc = index_files(&ix, err);
    }
    while (rc == PK_OK && more && guest->epoch_count > 0) {
        rc = index_points(&ix, &more, err);
    }
    if (rc == PK_OK) {
        rc = tell_fresh(&ix, err);
    }
    pk_arena_destroy(ix.arena);
    return rc;
}

/* ---- news --------------------------------------------------------------------------------------------------------- */

int pk_exchange_take_news(struct pk_exchange_guest *guest, struct pk_store *store,
        const struct pk_exchange_message *news, struct pk_error *err)
{
    int64_t now_ms = pk_server_now(guest->exchange->server);
    struct pk_buffer bytes = pk_buffer_of(PK_EXCHANGE_BLOB);
    int rc = PK_OK;

    for (size_t i = 0; rc == PK_OK && i < news->word_count; i++) {
        const struct pk_exchange_word *w = &news->words[i];
        struct pk_exchange_hearing h = { .hub = guest->id,
            .id = (int64_t)w->id,
            .kind = w->kind,
            .epoch = w->epoch,
            .at_ms = now_ms };
        const struct pk_exchange_entry *e;

        if (w->verdict == PK_EXCHANGE_GONE) {
            rc = pk_exchange_unhear(store, &h, err);
        } else {
            pk_buffer_clear(&bytes);
            rc = pk_exchange_word_write(&bytes, w);
            memcpy(h.word, bytes.ptr, rc == PK_OK ? PK_EXCHANGE_BLOB : 0);
            rc = rc < 0 ? rc : pk_exchange_hear(store, &h, err);
        }
        e = pk_exchange_book_find(guest->book, w->id); /* this thread alone changes the book */
        if (rc == PK_OK && e != NULL && e->is_ours) {
            rc = tell_crowd(guest, store, &e->key, w, e->has_word ? &e->word : NULL,
                    now_ms / PK_SECOND_MS, err);
        }
    }
    pk_buffer_finish(&bytes);
    return rc;
}

void pk_exchange_heard_commit(
        struct pk_exchange_guest *guest, const struct pk_exchange_message *news)
{
    int64_t now_s = pk_server_now(guest->exchange->server) / PK_SECOND_MS;
    size_t lost = 0;

    pthread_mutex_lock(&guest->lock);
    for (size_t i = 0; i < news->word_count; i++) {
        lost += pk_exchange_book_hear(guest->book, &news->words[i], now_s) < 0 ? 1 : 0;
    }
    pthread_mutex_unlock(&guest->lock);
    if (news->word_count > 0) {
        guest->accused_ms = 0; /* perhaps we know better */
    }
    if (lost > 0) {
        pk_event(PK_WARN, "exchange.book_full", { "hub", guest->id }, { "words", PK_NUM(lost) });
    }
}
