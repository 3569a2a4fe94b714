#include "server/exchange.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/event.h"
#include "server/exchange_internal.h"
#include "server/limits.h"

#define KEY_FILE     "exchange.key"
#define SECRET       "exchange_secret" /* of the store's meta table */
#define MESSAGES_MIN 240               /* of one member a minute; it asks about once a second */
#define MEMBER_SLOTS 4096
#define HOUR_S       3600
#define CROWD_PRIOR  3.2F /* of the crowd's log-odds, and the least that a voice adds */
#define CROWD_LEAST  0.6F

const struct pk_signer *pk_exchange_signer(const struct pk_exchange *exchange)
{
    return &exchange->signer;
}

const char *pk_exchange_name(const struct pk_server *server)
{
    const char *name = server->settings.exchange->name;

    return name != NULL ? name : server->settings.name;
}

uint32_t pk_exchange_epoch_s(const struct pk_exchange *exchange)
{
    return (uint32_t)exchange->settings->epoch_hours * HOUR_S;
}

/* ---- start and end ------------------------------------------------------------------------------------- */

/* The secret that epochs' keys are made of; like the network key made once, in one transaction. */
static int read_secret(struct pk_exchange *x, struct pk_store *store, struct pk_error *err)
{
    char made[2 * PK_EXCHANGE_KEY_SIZE + 1];
    struct pk_arena *arena = pk_arena_create(4096);
    const char *text = NULL;
    int rc = arena == NULL ? PK_ENOMEM : pk_store_begin(store, err);

    if (rc < 0) {
        pk_arena_destroy(arena);
        return rc;
    }
    rc = pk_meta_get(store, SECRET, arena, &text, err);
    if (rc == PK_ENOENT || (rc == PK_OK && text == NULL)) {
        pk_random_hex(PK_EXCHANGE_KEY_SIZE, made);
        rc = pk_meta_put(store, SECRET, made, err);
        text = made;
    }
    if (rc == PK_OK && pk_unhex(text, x->secret, sizeof(x->secret)) < 0) {
        rc = pk_error_set(err, PK_EMALF, "the store's %s is damaged", SECRET);
    }
    pk_arena_destroy(arena);
    if (rc < 0) {
        pk_store_rollback(store);
        return rc;
    }
    return pk_store_commit(store, err);
}

/* The guests of all hubs that were joined. */
static int start_guests(struct pk_exchange *x, struct pk_store *store, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(PK_EXCHANGE_ARENA_MAX);
    struct pk_array hubs = { 0 };
    const struct pk_exchange_hub *h;
    int rc = arena == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                           : pk_exchange_hubs(store, arena, &hubs, err);

    h = hubs.items;
    for (size_t i = 0; rc == PK_OK && i < hubs.count; i++) {
        struct pk_exchange_guest *guest = NULL;

        rc = pk_exchange_guest_start(x, h[i].id, &guest, err);
        if (rc == PK_OK) {
            guest->next = x->guests;
            x->guests = guest;
        }
    }
    pk_arena_destroy(arena);
    return rc;
}

static void crowd_changed(void *ctx)
{
    pk_exchange_wake(ctx);
}

static int start(struct pk_exchange *x, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(x->server, err);
    char path[PATH_MAX];
    int rc;

    if (store == NULL) {
        return err->code;
    }
    (void)snprintf(path, sizeof(path), "%s/" KEY_FILE, x->server->settings.state_dir);
    rc = pk_signer_open(path, &x->signer, err);
    if (rc == PK_OK) {
        rc = read_secret(x, store, err);
    }
    if (rc == PK_OK && x->settings->hub) {
        rc = pk_exchange_desk_start(x, &x->desk, err);
    }
    if (rc == PK_OK) {
        rc = pk_server_on_crowd(x->server, crowd_changed, x, err);
    }
    return rc < 0 ? rc : start_guests(x, store, err);
}

int pk_exchange_start(struct pk_server *server, struct pk_exchange **out, struct pk_error *err)
{
    struct pk_exchange *x = calloc(1, sizeof(*x));
    int rc;

    if (x == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(x);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    x->server = server;
    x->settings = server->settings.exchange;
    x->limits = pk_limits_create(MESSAGES_MIN, MESSAGES_MIN, MEMBER_SLOTS);
    (void)pthread_mutex_init(&x->lock, NULL);
    (void)pthread_cond_init(&x->wake, NULL);
    rc = x->limits != NULL ? start(x, err) : pk_error_set(err, PK_ENOMEM, "out of memory");
    if (rc < 0) {
        pk_exchange_stop(x);
        pk_exchange_destroy(x);
        return rc;
    }
    *out = x;
    return PK_OK;
}

void pk_exchange_stop(struct pk_exchange *exchange)
{
    struct pk_exchange_guest *guest;

    if (exchange == NULL) {
        return;
    }
    pthread_mutex_lock(&exchange->lock);
    guest = exchange->guests;
    exchange->guests = NULL;
    pthread_mutex_unlock(&exchange->lock);
    for (struct pk_exchange_guest *g = guest; g != NULL; g = g->next) {
        pk_exchange_guest_end(g);
    }
    while (guest != NULL) {
        struct pk_exchange_guest *next = guest->next;

        pk_exchange_guest_join(guest);
        guest = next;
    }
    pk_exchange_desk_stop(exchange->desk);
}

void pk_exchange_destroy(struct pk_exchange *exchange)
{
    if (exchange == NULL) {
        return;
    }
    pk_exchange_desk_destroy(exchange->desk);
    pk_limits_destroy(exchange->limits);
    pk_signer_finish(&exchange->signer);
    pthread_mutex_destroy(&exchange->lock);
    pthread_cond_destroy(&exchange->wake);
    free(exchange);
    curl_global_cleanup();
}

/* ---- threads of guests ------------------------------------------------------------------------------------ */

void pk_exchange_wake(struct pk_exchange *exchange)
{
    if (exchange != NULL) {
        pthread_mutex_lock(&exchange->lock);
        exchange->woken++;
        (void)pthread_cond_broadcast(&exchange->wake);
        pthread_mutex_unlock(&exchange->lock);
    }
}

void pk_exchange_sleep(struct pk_exchange_guest *guest, int64_t ms)
{
    struct pk_exchange *x = guest->exchange;
    const struct timespec until = pk_clock_after(ms);
    unsigned long seen;

    pthread_mutex_lock(&x->lock);
    seen = x->woken;
    while (!atomic_load(&guest->ends) && x->woken == seen &&
            pthread_cond_clockwait(&x->wake, &x->lock, CLOCK_MONOTONIC, &until) == 0) {
    }
    pthread_mutex_unlock(&x->lock);
}

void pk_exchange_leave(struct pk_exchange *exchange, const char *hub)
{
    struct pk_exchange_guest **at;
    struct pk_exchange_guest *found = NULL;

    pthread_mutex_lock(&exchange->lock);
    for (at = &exchange->guests; *at != NULL; at = &(*at)->next) {
        if (strcmp((*at)->id, hub) == 0) {
            found = *at;
            *at = found->next;
            break;
        }
    }
    pthread_mutex_unlock(&exchange->lock);
    if (found != NULL) {
        pk_exchange_guest_end(found);
        pk_exchange_guest_join(found);
    }
}

/* ---- asking ------------------------------------------------------------------------------------------------- */

/* The guest's lock is held. The newest word on the thing under any known epoch's name. */
static const struct pk_exchange_entry *find(
        const struct pk_exchange_guest *g, const struct pk_crowd_key *key)
{
    const struct pk_exchange_entry *newest = NULL;

    for (size_t i = 0; i < g->epoch_count; i++) {
        const struct pk_exchange_entry *e = pk_exchange_book_find(
                g->book, pk_exchange_blind(g->epochs[i].key, key));

        if (e != NULL && e->has_word && (newest == NULL || e->told_s > newest->told_s)) {
            newest = e;
        }
    }
    return newest;
}

bool pk_exchange_warns(
        struct pk_exchange *exchange, const struct pk_crowd_key *key, struct pk_exchange_word *out)
{
    int64_t now_s;
    bool bad = false;

    if (exchange == NULL) {
        return false;
    }
    now_s = pk_server_now(exchange->server) / PK_SECOND_MS;
    pthread_mutex_lock(&exchange->lock);
    for (struct pk_exchange_guest *g = exchange->guests; g != NULL && !bad; g = g->next) {
        const struct pk_exchange_entry *e;

        pthread_mutex_lock(&g->lock);
        e = pk_exchange_book_words(g->book) > 0 ? find(g, key) : NULL;
        if (e != NULL && e->word.verdict == PK_EXCHANGE_BAD &&
                exchange->settings->trust *
                                (double)pk_exchange_lo_at(
                                        e->word.lo, e->word.half_h, e->told_s, now_s) >
                        (double)PK_EXCHANGE_WARN_LO) {
            *out = e->word;
            bad = true;
        }
        pthread_mutex_unlock(&g->lock);
    }
    pthread_mutex_unlock(&exchange->lock);
    return bad;
}

/* What pk_crowd_hear() makes of a voice: its log-odds against the crowd's prior. */
static float heard_as(
        const struct pk_exchange_voice *v, const struct pk_exchange_entry *e, int64_t now_s)
{
    float lo = pk_exchange_lo_at(v->lo, e->word.half_h, e->told_s, now_s) + CROWD_PRIOR;

    return fminf(PK_EXCHANGE_LO_MAX, fmaxf(CROWD_LEAST, lo));
}

void pk_exchange_heard_of(struct pk_exchange *exchange, const struct pk_crowd_key *key,
        int64_t now_s, uint32_t *voices, float *log_odds, bool *accused)
{
    *voices = 0;
    *log_odds = 0;
    *accused = false;
    pthread_mutex_lock(&exchange->lock);
    for (struct pk_exchange_guest *g = exchange->guests; g != NULL; g = g->next) {
        const struct pk_exchange_entry *e;

        pthread_mutex_lock(&g->lock);
        e = pk_exchange_book_words(g->book) > 0 ? find(g, key) : NULL;
        for (size_t i = 0; e != NULL && i < 2; i++) {
            const struct pk_exchange_voice *v = &e->word.voices[i];

            if (v->weight > 0 && v->lo > 0) {
                *voices += 1;
                *log_odds += heard_as(v, e, now_s) * (float)v->weight / 255 *
                        (float)exchange->settings->trust;
                *accused = true;
            }
        }
        pthread_mutex_unlock(&g->lock);
    }
    pthread_mutex_unlock(&exchange->lock);
}
