/* crowd_share.h - what the crowd knows on its way to the devices: every change of a verdict as a signed word that
 * all waiting devices get at once, signed filters as the base, and the second stage.
 *
 * One thread reads the changes (store/crowd_rows.h) in their order, holds back for PK_SHARE_GATHER_MS so that a
 * burst is one batch, signs it once and gives it to all waits. What a device missed it asks for by the
 * number that it knows. The numbers are the store's: after a crash nothing is said twice or left out.
 * docs/protocol.md has the formats. */
#pragma once

#include "server/server.h"

struct pk_crowd_share;

#define PK_SHARE_GATHER_MS 50
/* The header by which a device says how far it has heard: "EPOCH.NUMBER". */
#define PK_SHARE_HEADER "Picket-Crowd"

/* Reads or makes STATE/crowd.key and starts the thread, which first reads all that is bad now; until then
 * devices are told to come again. */
PK_MUST_USE int pk_crowd_share_start(
        struct pk_server *server, struct pk_crowd_share **out, struct pk_error *err);
/* Before the waits: nothing is said any more. NULL is fine. */
void pk_crowd_share_stop(struct pk_crowd_share *share);
/* After the last request. */
void pk_crowd_share_destroy(struct pk_crowd_share *share);

struct pk_share_heard {
    uint64_t seq;
    uint32_t epoch;
    bool asks; /* the device wants to hear */
};
/* What the request's header says; asks false when there is none, or none that can be understood. */
struct pk_share_heard pk_share_heard_of(struct pk_request *request);

/* The value of "crowd" in an answer to a wait: {"batch": base64} or {"base": true}; NULL: nothing to tell. The
 * caller owns it. Any thread; share NULL is fine. */
json_t *pk_crowd_share_news(struct pk_crowd_share *share, const struct pk_share_heard *place);

struct pk_crowd_share_counts {
    uint32_t epoch;
    uint64_t seq;
    size_t bad[3];    /* by class */
    uint64_t batches; /* since start */
    uint64_t deltas;
    uint64_t filters; /* that were built */
    int64_t sign_us;  /* the newest batch */
};
void pk_crowd_share_count(struct pk_crowd_share *share, struct pk_crowd_share_counts *out);

/* Handlers of devices' routes. */
void pk_crowd_key_handler(struct pk_request *request, void *server);
void pk_crowd_filter_handler(struct pk_request *request, void *server);
void pk_crowd_deltas_handler(struct pk_request *request, void *server);
void pk_crowd_keys_handler(struct pk_request *request, void *server);
