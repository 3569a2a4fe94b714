/* uplink_internal.h - what the files of the uplink share; for them alone. */
#pragma once

#include "agent/batch.h"
#include "agent/https.h"
#include "agent/loop.h"
#include "agent/seen.h"
#include "agent/uplink.h"

struct pk_identity;
struct pk_renewal;

/* What a connection is doing. */
enum pk_uplink_job {
    NOTHING,
    REPORTING,
    WAITING,
    FETCHING,
};

struct pk_uplink_channel {
    struct pk_uplink *uplink;
    struct pk_https *https;
    struct pk_timer deadline;
    enum pk_uplink_job job;
    int64_t began_ms;
    int fd; /* in the loop; -1: none */
    uint32_t events;
    bool seen_sent; /* the request carries the ids in seen */
};

struct pk_uplink_lookup {
    struct pk_uplink *uplink; /* NULL: it is gone */
    char host[PK_HTTPS_HOST];
    int port;
    struct pk_https_addresses found;
    int rc;
    struct pk_error err;
};

struct pk_uplink_wish {
    char target[160];
    char headers[96];
    char body[PK_UPLINK_BODY]; /* "": GET */
    size_t body_max;
    unsigned failures;
    pk_uplink_take take;
    void *ctx;
};

struct pk_uplink {
    struct pk_loop *loop;
    const struct pk_agent_settings *settings;
    struct pk_identity *identity;
    struct pk_spool *spool;
    struct pk_uplink_hooks hooks;

    char host[PK_HTTPS_HOST];
    int port;
    SSL_CTX *tls;
    struct pk_https_addresses to; /* count 0: not known */
    struct pk_uplink_lookup *lookup;
    struct pk_renewal *renewal;

    struct pk_uplink_channel wait;
    struct pk_uplink_channel report;
    struct pk_timer delay;   /* ordinary observations wait for company */
    struct pk_timer backoff; /* armed: nothing is begun */
    struct pk_timer rest;    /* armed: only the next wait is not begun */
    int64_t backoff_ms;
    bool due;      /* a report shall go as soon as it can */
    bool handling; /* an answer: nothing may begin or end under it */
    bool moved;    /* while it was handled */
    bool deaf;     /* the wait does not listen to the crowd */

    struct pk_batch batch; /* under way */
    size_t batch_bytes;
    size_t batch_max;

    struct pk_seen seen;
    struct pk_uplink_wish wish; /* what shall be fetched; target "": nothing */

    struct pk_uplink_state state;
    char trouble[200]; /* told last, so that it is told once */
};

/* uplink.c */
void pk_uplink_pump(struct pk_uplink *u);
void pk_uplink_request(struct pk_uplink_channel *ch, enum pk_uplink_job job,
        const struct pk_https_request *request);
void pk_uplink_report(struct pk_uplink *u, struct pk_uplink_channel *ch);
void pk_uplink_acked(struct pk_uplink *u, const struct pk_http_answer *answer);
void pk_uplink_drop(struct pk_uplink_channel *ch);

/* uplink_fetch.c */
void pk_uplink_start_fetch(struct pk_uplink *u);
/* The connection broke; after a few times the wish is given up, so that it holds nothing else up. */
void pk_uplink_fetch_failed(struct pk_uplink *u);
/* The wish is over when this returns, or there is a new one. */
void pk_uplink_fetched(struct pk_uplink *u, int status, struct pk_slice body);
