/* exchange.h - picketd among other organisations' servers: as a hub that others join by invitation, and as a
 * member of hubs. docs/exchange.md has the rules and the bytes.
 *
 * A hub's calls are ordinary routes; one thread answers those who wait for news. For each hub that this server
 * joined there is one thread, which tells what the crowd found out and hears what others did. All that is told
 * and heard goes through the store first. All functions may be called by any thread. */
#pragma once

#include "base/sign.h"
#include "crowd/exchange_word.h"
#include "server/server.h"

struct pk_exchange;

/* Reads (or makes) the server's key, starts the threads. */
PK_MUST_USE int pk_exchange_start(
        struct pk_server *server, struct pk_exchange **out, struct pk_error *err);
/* Ends the threads; who waits is answered with 503. Before pk_http_stop(). NULL is fine. */
void pk_exchange_stop(struct pk_exchange *exchange);
/* After pk_http_stop(). NULL is fine. */
void pk_exchange_destroy(struct pk_exchange *exchange);

const struct pk_signer *pk_exchange_signer(const struct pk_exchange *exchange);
const char *pk_exchange_name(const struct pk_server *server);

/* ---- member ------------------------------------------------------------------------------------------ */

/* An invitation, "https://HOST:PORT/exchange#TOKEN.PIN.KEY". */
struct pk_exchange_link {
    char url[300];
    char token[33];
    char pin[65]; /* SHA-256 of the hub's CA certificate */
    char key[65]; /* the hub's Ed25519 key */
};
PK_MUST_USE int pk_exchange_link_read(
        const char *text, struct pk_exchange_link *out, struct pk_error *err);
/* Joins and starts to take part: some seconds of talking with the hub. *id (in the arena): of the hub. */
PK_MUST_USE int pk_exchange_join(struct pk_exchange *exchange, const struct pk_exchange_link *link,
        struct pk_store *store, struct pk_arena *arena, const char **id, struct pk_error *err);
/* What a partner said in another form (STIX), all of it anew: it takes the place of what it said before. */
struct pk_exchange_told {
    struct pk_crowd_key key; /* of a point: b alone */
    float log_odds;
    int64_t half_h;
};
PK_MUST_USE int pk_exchange_partner_put(struct pk_exchange *exchange, struct pk_store *store,
        const char *name, double trust, const struct pk_exchange_told *told, size_t count,
        struct pk_arena *arena, const char **id, struct pk_error *err);
/* Starts (anew) to take part at the hub or partner whose row is in the store. */
PK_MUST_USE int pk_exchange_follow(
        struct pk_exchange *exchange, const char *id, struct pk_error *err);
/* What may be told of the things that are bad now, as it would be said to a hub. */
struct pk_exchange_finding {
    struct pk_crowd_key key;
    struct pk_exchange_word word;
};
PK_MUST_USE int pk_exchange_findings(struct pk_exchange *exchange, struct pk_store *store,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);

/* Takes part no more; the row in the store is the caller's. */
void pk_exchange_leave(struct pk_exchange *exchange, const char *hub);
/* There may be something to tell. */
void pk_exchange_wake(struct pk_exchange *exchange);

/* What the hubs say of a thing that perhaps none of our devices met before: true when they call it bad.
 * NULL exchange: false. */
bool pk_exchange_warns(
        struct pk_exchange *exchange, const struct pk_crowd_key *key, struct pk_exchange_word *out);

/* ---- hub --------------------------------------------------------------------------------------------- */

/* POST /v1/exchange/join and /v1/exchange/say. */
void pk_exchange_join_handler(struct pk_request *request, void *context);
void pk_exchange_say_handler(struct pk_request *request, void *context);
/* A member was removed or vouched for (the rows are committed): its words weigh otherwise now. */
void pk_exchange_members_changed(struct pk_exchange *exchange);
#define PK_EXCHANGE_JOIN_MAX 2048 /* bytes of a request to join */
