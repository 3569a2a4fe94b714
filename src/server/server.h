/* server.h - what all handlers of picketd share: the context argument of every route.
 *
 * Made before the first thread and constant from then on; what the members do about threads stands
 * in their own headers. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "server/http.h"
#include "server/settings.h"
#include "store/store.h"

struct pk_api;
struct pk_apps;
struct pk_ca;
struct pk_crowd_server;
struct pk_crowd_share;
struct pk_devices;
struct pk_exchange;
struct pk_journal;
struct pk_limits;
struct pk_oidc;
struct pk_retention;
struct pk_due;
struct pk_scans;
struct pk_shelf;
struct pk_tell;
struct pk_waits;
struct pk_workers;

struct pk_pipeline;
struct pk_policy;

struct pk_news_listener {
    struct pk_news_listener *next;
    void (*fn)(void *ctx);
    void *ctx;
};

struct pk_server {
    struct pk_arena *arena; /* of the settings and the texts below */
    struct pk_settings settings;
    const char *url; /* "https://HOST:PORT", as links for people name this server */
    struct pk_ca *ca;
    struct pk_devices *devices;
    struct pk_waits *waits;
    struct pk_limits *report_limits;    /* by device */
    struct pk_limits *enrolment_limits; /* by address: wrong tokens */
    struct pk_limits *api_limits;       /* by address */
    struct pk_journal *journal;
    struct pk_workers *workers;
    struct pk_scans *scans;
    struct pk_shelf *shelf; /* by what apps are judged */
    struct pk_apps *apps;
    struct pk_crowd_server *crowd; /* NULL: the settings say so */
    struct pk_crowd_share *share;  /* what it says to devices; NULL: nothing */
    struct pk_retention *retention;
    struct pk_due *due;
    struct pk_exchange *exchange;
    struct pk_tell *tell;
    struct pk_oidc *oidc; /* NULL: no single sign-on */
    const struct pk_pipeline *pipeline;
    struct pk_api *api;
    struct pk_http *http;    /* NULL until it listens */
    const char *network_key; /* 64 hex digits: the key of network ids, the same on every device */
    int64_t started_ms;
    atomic_int storage_rc; /* of the newest append to the journal: 0, PK_ENOSPC ... */
    /* Below: use the functions. */
    pthread_key_t store_key;
    bool store_key_made;
    struct pk_news_listener *news;
    struct pk_news_listener *crowd_news;
};

/* Wall clock, ms. */
int64_t pk_server_now(const struct pk_server *server);

/* This thread's connection to the store, opened at first use and closed when the thread ends. NULL:
 * it cannot be opened, *err says why. Never close it; leave no transaction open. */
struct pk_store *pk_server_store(struct pk_server *server, struct pk_error *err);
/* The same; when it cannot be opened the request has been answered with 503 and NULL comes back. */
struct pk_store *pk_server_store_for(struct pk_server *server, struct pk_request *request);

/* The event stream has new rows: long polls may look. Any thread, after COMMIT. */
void pk_server_events_changed(struct pk_server *server);
/* Calls fn(ctx) at each change, from any thread; it must be quick and not block. Before the first
 * thread only. PK_ENOMEM. */
PK_MUST_USE int pk_server_on_events(
        struct pk_server *server, void (*fn)(void *ctx), void *ctx, struct pk_error *err);

/* Verdicts of the crowd changed: crowd_changes (store/crowd_rows.h) has new rows. Any thread, after COMMIT. */
void pk_server_crowd_changed(struct pk_server *server);
/* As pk_server_on_events(), for these; called by the crowd's thread. */
PK_MUST_USE int pk_server_on_crowd(
        struct pk_server *server, void (*fn)(void *ctx), void *ctx, struct pk_error *err);

/* The outbox has new rows for the SOC: its dispatchers may look. Any thread, after COMMIT. */
void pk_server_outbox_grew(struct pk_server *server);

/* The policy in force: valid for as long as one call or one report takes. Any thread. */
const struct pk_policy *pk_server_policy(const struct pk_server *server);

/* A device has new commands: its wait is answered now. Any thread, after COMMIT. */
void pk_server_notify_device(struct pk_server *server, const char *device);
/* A device was revoked (the row is committed): its certificate is refused from now on, its wait
 * ends. Any thread. */
void pk_server_device_revoked(struct pk_server *server, const char *device);

/* Takes one of the calls that this address may make a minute. false: too many, the request has been
 * answered with 429 and Retry-After. For the handlers of the REST interface. */
bool pk_server_admit(struct pk_server *server, struct pk_request *request);

/* "https://HOST:PORT/enroll#TOKEN.PIN" in the arena; the PIN is the SHA-256 of the CA certificate.
 * NULL when memory is short. */
char *pk_server_enrolment_url(
        const struct pk_server *server, const char *token, struct pk_arena *arena);
/* "https://HOST:PORT/#/signin/TOKEN". */
char *pk_server_signin_url(
        const struct pk_server *server, const char *token, struct pk_arena *arena);

/* Sentences about what does not work right now; none: all well. In the arena. */
void pk_server_problems(struct pk_server *server, struct pk_arena *arena, struct pk_strings *out);
/* Entries in the journal that the pipeline has not worked in yet, over all partitions. */
int64_t pk_server_lag(struct pk_server *server);
unsigned pk_server_connections(struct pk_server *server);
/* Suspended GET /v1/wait. */
unsigned pk_server_waiting(struct pk_server *server);
