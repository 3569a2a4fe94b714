/* exchange_internal.h - what the files of the server's exchange share. */
#pragma once

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "crowd/exchange_book.h"
#include "crowd/exchange_message.h"
#include "server/exchange.h"
#include "store/exchange.h"

#define PK_EXCHANGE_ARENA_MAX (64UL * 1024 * 1024)
/* A hub's word by itself warns who asks before joining from here on, weighed with the trust in hubs. */
#define PK_EXCHANGE_WARN_LO 0.6F

struct pk_limits;

/* ---- exchange_http.c: one connection to a hub ---------------------------------------------------------- */

struct pk_exchange_http {
    CURL *curl;
    atomic_bool *ends; /* the call is given up when it turns true; NULL: never */
};
PK_MUST_USE int pk_exchange_http_open(
        struct pk_exchange_http *http, atomic_bool *ends, struct pk_error *err);
void pk_exchange_http_close(struct pk_exchange_http *http);
/* The CA certificate that the server at url shows, when its SHA-256 is pin. PEM, appended to out. */
PK_MUST_USE int pk_exchange_http_ca(struct pk_exchange_http *http, const char *url, const char *pin,
        struct pk_buffer *out, struct pk_error *err);
/* POST of the body to url + path, over TLS that chains to ca (PEM) alone and names the host. Another answer than
 * 200: PK_EPEER with the server's words. */
PK_MUST_USE int pk_exchange_http_post(struct pk_exchange_http *http, const char *url,
        const char *path, const char *ca, const char *type, struct pk_slice body, long timeout_s,
        struct pk_buffer *out, struct pk_error *err);

/* ---- exchange_member.c: one joined hub -------------------------------------------------------------------- */

struct pk_exchange_guest { /* we, at a hub */
    struct pk_exchange_guest *next;
    struct pk_exchange *exchange;
    pthread_t thread;
    atomic_bool ends;
    char id[PK_SIGN_FINGER_AS];
    uint32_t tenants[PK_EXCHANGE_VOICES]; /* the hub's voices in our crowd */
    /* Under lock: the thread writes, who asks reads. */
    pthread_mutex_t lock;
    struct pk_exchange_book *book;
    struct pk_exchange_epoch epochs[PK_EXCHANGE_KEYS_MAX];
    size_t epoch_count;
    /* The thread's own: */
    struct pk_exchange_http http;
    struct pk_exchange_hub hub; /* strings in arena */
    struct pk_arena *arena;
    uint8_t key[PK_SIGN_KEY_SIZE];
    uint8_t finger[PK_SIGN_FINGER];
    int64_t points_ms;  /* access points met first before then are in the book */
    int64_t rescan_ms;  /* monotonic: when all are looked at again */
    int64_t known_ms;   /* monotonic: when apps are counted again */
    int64_t accused_ms; /* monotonic: when what others accuse is looked at again */
    bool fresh;         /* nothing was loaded yet */
    bool is_partner;    /* no hub: its words came as a file */
};

/* Starts the thread for the hub of this id. */
PK_MUST_USE int pk_exchange_guest_start(struct pk_exchange *exchange, const char *id,
        struct pk_exchange_guest **out, struct pk_error *err);
/* Asks it to end; join() waits for it and frees all. */
void pk_exchange_guest_end(struct pk_exchange_guest *guest);
void pk_exchange_guest_join(struct pk_exchange_guest *guest);
/* The number of the epoch in force, when its key is known. */
bool pk_exchange_guest_epoch(
        const struct pk_exchange_guest *g, int64_t now_s, const struct pk_exchange_epoch **out);

/* exchange_facts.c: what this server knows of a thing. Strings in the arena. */
struct pk_exchange_facts pk_exchange_facts(struct pk_exchange *exchange, struct pk_store *store,
        struct pk_arena *arena, const struct pk_crowd_opinion *opinion, int64_t now_ms);

/* exchange_gather.c: what is there to say. Writes exchange_said; one transaction a step. */
PK_MUST_USE int pk_exchange_gather(
        struct pk_exchange_guest *guest, struct pk_store *store, struct pk_error *err);

/* exchange_hear.c: loads what was heard, finds it among our own things, and tells the crowd. */
PK_MUST_USE int pk_exchange_load(
        struct pk_exchange_guest *guest, struct pk_store *store, struct pk_error *err);
/* Our things that are new since the last call. */
PK_MUST_USE int pk_exchange_index(
        struct pk_exchange_guest *guest, struct pk_store *store, struct pk_error *err);
/* News of the hub, inside the caller's transaction; the book follows with pk_exchange_heard_commit(). */
PK_MUST_USE int pk_exchange_take_news(struct pk_exchange_guest *guest, struct pk_store *store,
        const struct pk_exchange_message *news, struct pk_error *err);
void pk_exchange_heard_commit(
        struct pk_exchange_guest *guest, const struct pk_exchange_message *news);
/* A thing of ours under all known epochs' names. */
void pk_exchange_own(struct pk_exchange_guest *guest, const struct pk_crowd_key *key);

/* What all hubs say of a thing now: how many voices are in our crowd, and what they add. accused: some call it
 * bad. */
void pk_exchange_heard_of(struct pk_exchange *exchange, const struct pk_crowd_key *key,
        int64_t now_s, uint32_t *voices, float *log_odds, bool *accused);

/* ---- exchange_hub.c --------------------------------------------------------------------------------------- */

struct pk_exchange_desk; /* the hub's: who waits */
PK_MUST_USE int pk_exchange_desk_start(
        struct pk_exchange *exchange, struct pk_exchange_desk **out, struct pk_error *err);
void pk_exchange_desk_stop(struct pk_exchange_desk *desk);
void pk_exchange_desk_destroy(struct pk_exchange_desk *desk);
/* There is news: those who wait are answered. */
void pk_exchange_desk_wake(struct pk_exchange_desk *desk);
/* How often there was news so far. */
unsigned long pk_exchange_desk_turn(struct pk_exchange_desk *desk);
/* Keeps the request until there is news behind the message's cursor, or its time is up. turn: from before the
 * store was asked, so that what came meanwhile does not wait. */
void pk_exchange_desk_keep(struct pk_exchange_desk *desk, struct pk_request *request,
        const struct pk_exchange_message *message, unsigned long turn);

/* exchange_news.c: the answer to a member, signed. *empty: it holds no word. */
PK_MUST_USE int pk_exchange_news(struct pk_exchange *exchange, struct pk_store *store,
        const struct pk_exchange_message *asked, size_t refused, struct pk_buffer *out, bool *empty,
        struct pk_error *err);
/* exchange_take.c: a member's words, in one transaction. PK_EEXIST: the message came before. */
PK_MUST_USE int pk_exchange_take(struct pk_exchange *exchange, struct pk_store *store,
        const struct pk_exchange_message *message, const char *member, size_t *refused,
        struct pk_error *err);
/* What members of some weight now say of a thing, as claims. In the arena. */
PK_MUST_USE int pk_exchange_claims(struct pk_exchange *exchange, struct pk_store *store,
        const struct pk_array *members, const struct pk_exchange_thing *thing,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);

/* ---- everything together ------------------------------------------------------------------------------------ */

struct pk_exchange {
    struct pk_server *server;
    const struct pk_exchange_settings *settings;
    struct pk_signer signer;
    uint8_t secret[PK_EXCHANGE_KEY_SIZE]; /* hub: epochs' keys are made of it */
    struct pk_limits *limits;             /* hub: messages, by member */
    struct pk_exchange_desk *desk;        /* NULL: no hub */
    pthread_mutex_t lock;
    pthread_cond_t wake; /* of the guests' threads: something to say, or the end */
    unsigned long woken; /* counts */
    struct pk_exchange_guest *guests;
};

uint32_t pk_exchange_epoch_s(const struct pk_exchange *exchange);
/* Sleeps up to ms, or until pk_exchange_wake() or the guest's end. */
void pk_exchange_sleep(struct pk_exchange_guest *guest, int64_t ms);
