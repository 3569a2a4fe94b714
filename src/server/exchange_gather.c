/* What there is to say: things that our crowd finds bad, things that others accuse and many of our devices use,
 * apps that many have. Each goes through pk_exchange_tell(), the one place that says what may leave. */
#include <stdlib.h>

#include "base/clock.h"
#include "crowd/key.h"
#include "server/crowd.h"
#include "server/exchange_internal.h"

#define BAD_MAX    20000 /* things */
#define SAID_MAX   20000
#define SPARE      64 /* that may turn bad between counting and looking */
#define KNOWN_MS   PK_HOUR_MS
#define ACCUSED_MS PK_MINUTE_MS
#define LO_STEPS   2 /* a change of one of log-odds is worth a message */

struct gathering {
    struct pk_exchange_guest *guest;
    struct pk_store *store;
    struct pk_arena *arena;
    const struct pk_exchange_epoch *epoch;
    int64_t now_ms;
    uint32_t k;
    struct pk_crowd_opinion *bad; /* what our crowd finds bad now */
    size_t bad_count;
    size_t bad_max;
    int rc;
};

static struct pk_exchange_facts facts_of(
        const struct gathering *g, const struct pk_crowd_opinion *opinion)
{
    return pk_exchange_facts(g->guest->exchange, g->store, g->arena, opinion, g->now_ms);
}

/* ---- saying ----------------------------------------------------------------------------------------------------- */

/* Is it the same as what was said last, and was that not too long ago? */
static bool is_said(const struct gathering *g, const struct pk_exchange_saying *said,
        const struct pk_exchange_word *word)
{
    struct pk_exchange_word old;
    uint8_t bytes[PK_EXCHANGE_BLOB];
    struct pk_reader in = pk_reader_of(pk_slice_of(bytes, sizeof(bytes)));

    memcpy(bytes, said->word, sizeof(bytes));
    bytes[PK_EXCHANGE_BLOB - 1] |= 1; /* the id stands in only when it is told */
    if (pk_exchange_word_read(&in, false, &old) < 0 || old.verdict != word->verdict ||
            old.devices != word->devices || old.city != word->city ||
            abs(old.lo - word->lo) >= LO_STEPS) {
        return false;
    }
    /* Said again when half of its weight has faded, or when things got new names. */
    return !said->told ||
            (said->epoch == g->epoch->epoch &&
                    g->now_ms - said->told_ms < word->half_h * PK_HOUR_MS / 2);
}

static int say(struct gathering *g, const struct pk_crowd_key *key,
        const struct pk_exchange_word *word, struct pk_error *err)
{
    struct pk_exchange_saying saying = { .hub = g->guest->id,
        .kind = (int)key->kind,
        .a = (int64_t)key->a,
        .b = (int64_t)key->b,
        .verdict = word->verdict,
        .changed_ms = g->now_ms };
    struct pk_exchange_saying said;
    struct pk_buffer bytes = pk_buffer_of(PK_EXCHANGE_BLOB);
    int rc = pk_exchange_saying_get(
            g->store, g->guest->id, saying.kind, saying.a, saying.b, &said, NULL);

    if (rc == PK_OK && is_said(g, &said, word)) {
        return PK_OK;
    }
    rc = rc == PK_ENOENT ? PK_OK : rc;
    if (rc == PK_OK) {
        rc = pk_exchange_word_write(&bytes, word);
    }
    if (rc == PK_OK) {
        memcpy(saying.word, bytes.ptr, PK_EXCHANGE_BLOB);
        rc = pk_exchange_say(g->store, &saying, err);
    }
    pk_buffer_finish(&bytes);
    return rc;
}

/* Says what may be said of the thing. *why: what it was. */
static int consider(struct gathering *g, const struct pk_exchange_facts *facts,
        enum pk_exchange_why *why, struct pk_error *err)
{
    struct pk_exchange_word word;

    *why = pk_exchange_tell(facts, g->k, g->now_ms / PK_SECOND_MS, &word);
    return *why == PK_EXCHANGE_MAY ? say(g, &facts->opinion.key, &word, err) : PK_OK;
}

/* ---- bad -------------------------------------------------------------------------------------------------------- */

static void collect(void *ctx, const struct pk_crowd_opinion *opinion)
{
    struct gathering *g = ctx;

    if (g->bad_count < g->bad_max) {
        g->bad[g->bad_count++] = *opinion;
    }
}

static int say_bad(struct gathering *g, struct pk_error *err)
{
    int rc = PK_OK;

    for (size_t i = 0; rc == PK_OK && i < g->bad_count; i++) {
        struct pk_exchange_facts facts = facts_of(g, &g->bad[i]);
        enum pk_exchange_why why;

        facts.opinion.before = true;
        pthread_mutex_lock(&g->guest->lock);
        pk_exchange_own(g->guest, &facts.opinion.key);
        pthread_mutex_unlock(&g->guest->lock);
        rc = consider(g, &facts, &why, err);
    }
    return rc;
}

static int by_key(const void *a, const void *b)
{
    const struct pk_crowd_opinion *x = a;
    const struct pk_crowd_opinion *y = b;

    if (x->key.kind != y->key.kind) {
        return x->key.kind < y->key.kind ? -1 : 1;
    }
    if (x->key.a != y->key.a) {
        return x->key.a < y->key.a ? -1 : 1;
    }
    return x->key.b < y->key.b ? -1 : x->key.b > y->key.b;
}

static bool is_bad(const struct gathering *g, const struct pk_crowd_key *key)
{
    struct pk_crowd_opinion wanted = { .key = *key };

    return g->bad_count > 0 &&
            bsearch(&wanted, g->bad, g->bad_count, sizeof(*g->bad), by_key) != NULL;
}

/* What we called bad and do not any more. */
static int take_back(struct gathering *g, struct pk_error *err)
{
    struct pk_array said = { 0 };
    const struct pk_exchange_saying *s;
    int rc = pk_exchange_sayings(
            g->store, g->guest->id, PK_EXCHANGE_BAD, SAID_MAX, g->arena, &said, err);

    s = said.items;
    for (size_t i = 0; rc == PK_OK && i < said.count; i++) {
        struct pk_crowd_opinion opinion = { .key = { .a = (uint64_t)s[i].a,
                                                    .b = (uint64_t)s[i].b,
                                                    .kind = (enum pk_crowd_kind)s[i].kind } };
        struct pk_exchange_word gone = {
            .kind = (uint8_t)s[i].kind, .verdict = PK_EXCHANGE_GONE, .half_h = 1, .cause = 0xff
        };
        struct pk_exchange_facts facts;
        enum pk_exchange_why why = PK_EXCHANGE_NOTHING;
        struct pk_crowd_key key = opinion.key;

        if (is_bad(g, &key)) {
            continue;
        }
        (void)pk_crowd_server_ask(g->guest->exchange->server->crowd, &key, &opinion);
        opinion.key = key;
        if (opinion.before) {
            continue; /* changed just now */
        }
        facts = facts_of(g, &opinion);
        rc = consider(g, &facts, &why, err);
        if (rc == PK_OK && why != PK_EXCHANGE_MAY) {
            gone.first_h = gone.last_h = (uint32_t)(g->now_ms / PK_HOUR_MS);
            rc = say(g, &key, &gone, err);
        }
    }
    return rc;
}

/* ---- accused by others ------------------------------------------------------------------------------------------ */

struct accused {
    struct pk_crowd_key *keys;
    size_t count;
    size_t max;
};

static void note_accused(void *ctx, const struct pk_exchange_entry *entry)
{
    struct accused *a = ctx;

    if (a->count < a->max && entry->word.voices[0].weight > 0 && entry->word.voices[0].lo > 0) {
        a->keys[a->count++] = entry->key;
    }
}

/* Many of our devices were there and nothing was wrong: the others should know. */
static int defend(struct gathering *g, struct pk_error *err)
{
    struct accused a = { .max = BAD_MAX,
        .keys = pk_arena_alloc(g->arena, BAD_MAX, sizeof(struct pk_crowd_key)) };
    int rc = a.keys == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory") : PK_OK;

    if (rc == PK_OK) {
        pthread_mutex_lock(&g->guest->lock);
        pk_exchange_book_each_match(g->guest->book, note_accused, &a);
        pthread_mutex_unlock(&g->guest->lock);
    }
    for (size_t i = 0; rc == PK_OK && i < a.count; i++) {
        struct pk_crowd_opinion opinion = { 0 };
        struct pk_exchange_facts facts;
        enum pk_exchange_why why;

        (void)pk_crowd_server_ask(g->guest->exchange->server->crowd, &a.keys[i], &opinion);
        opinion.key = a.keys[i];
        facts = facts_of(g, &opinion);
        /* Bad by what we heard alone is no reason to keep what we know to ourselves. */
        facts.opinion.before = opinion.before && opinion.groups > facts.heard;
        rc = facts.opinion.before ? PK_OK : consider(g, &facts, &why, err);
    }
    return rc;
}

/* ---- apps that many have ------------------------------------------------------------------------------------------ */

static int say_known(struct gathering *g, struct pk_error *err)
{
    struct pk_array files = { 0 };
    const struct pk_exchange_file *f;
    int rc = pk_exchange_files(g->store, g->k, 0, SAID_MAX, g->arena, &files, err);

    f = files.items;
    for (size_t i = 0; rc == PK_OK && i < files.count; i++) {
        struct pk_crowd_opinion opinion = { .key = pk_crowd_key_of_app(f[i].sha256) };
        struct pk_exchange_facts facts;
        struct pk_crowd_key key = opinion.key;
        enum pk_exchange_why why;

        if (key.a == 0) {
            continue;
        }
        (void)pk_crowd_server_ask(g->guest->exchange->server->crowd, &key, &opinion);
        opinion.key = key;
        if (opinion.before) {
            continue; /* said above */
        }
        facts = facts_of(g, &opinion);
        facts.devices = facts.clean_devices = (uint32_t)f[i].devices;
        facts.first_s = f[i].first_ms / PK_SECOND_MS;
        facts.last_s = f[i].last_ms / PK_SECOND_MS;
        rc = consider(g, &facts, &why, err);
    }
    return rc;
}

/* ---- everything ------------------------------------------------------------------------------------------------------ */

static int gather(struct gathering *g, struct pk_error *err)
{
    struct pk_exchange_guest *guest = g->guest;
    int64_t mono_ms = pk_clock_monotonic_ms();
    int rc = say_bad(g, err);

    if (rc == PK_OK) {
        rc = take_back(g, err);
    }
    if (rc == PK_OK && mono_ms >= guest->accused_ms) {
        rc = defend(g, err);
        guest->accused_ms = rc == PK_OK ? mono_ms + ACCUSED_MS : 0;
    }
    if (rc == PK_OK && guest->exchange->settings->prevalence && mono_ms >= guest->known_ms) {
        rc = say_known(g, err);
        guest->known_ms = rc == PK_OK ? mono_ms + KNOWN_MS : 0;
    }
    return rc;
}

int pk_exchange_gather(
        struct pk_exchange_guest *guest, struct pk_store *store, struct pk_error *err)
{
    struct pk_exchange *x = guest->exchange;
    struct gathering g = { .guest = guest,
        .store = store,
        .now_ms = pk_server_now(x->server),
        .k = (uint32_t)x->settings->min_devices };
    struct pk_crowd_counts counts;
    int rc;

    if (!pk_exchange_guest_epoch(guest, g.now_ms / PK_SECOND_MS, &g.epoch)) {
        return PK_OK; /* things have no names yet */
    }
    pk_crowd_server_count(x->server->crowd, &counts);
    g.bad_max = counts.bad < BAD_MAX ? (size_t)counts.bad + SPARE : BAD_MAX;
    g.arena = pk_arena_create(4 * PK_EXCHANGE_ARENA_MAX);
    g.bad = g.arena != NULL ? pk_arena_alloc(g.arena, g.bad_max, sizeof(*g.bad)) : NULL;
    if (g.bad == NULL) {
        pk_arena_destroy(g.arena);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    pk_crowd_server_each_bad(x->server->crowd, collect, &g);
    if (g.bad_count > 0) {
        qsort(g.bad, g.bad_count, sizeof(*g.bad), by_key);
    }
    rc = pk_store_begin(store, err);
    if (rc == PK_OK) {
        rc = gather(&g, err);
        if (rc == PK_OK) {
            rc = pk_store_commit(store, err);
        } else {
            pk_store_rollback(store);
        }
    }
    pk_arena_destroy(g.arena);
    return rc;
}
