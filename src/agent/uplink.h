/* uplink.h - the way to picketd: reports what the spool holds, keeps one waiting connection open for
 * commands, renews the certificate. Offline is normal: everything is tried again with growing
 * pauses, nothing is lost, nobody is told. Loop thread. */
#pragma once

#include <stdint.h>
#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/slice.h"

struct pk_agent_settings;
struct pk_identity;
struct pk_loop;
struct pk_spool;
struct pk_uplink;

#define PK_UPLINK_PLACE 40

struct pk_uplink_hooks {
    /* A command that did not come before. It is acknowledged when this returns. */
    void (*command)(void *ctx, const json_t *command);
    /* The server's key for naming networks. */
    void (*network_key)(void *ctx, const char *hex);
    /* What the organisation trusts is another version than trust_version() says. */
    void (*trust)(void *ctx, const char *version, const json_t *trust);
    const char *(*trust_version)(void *ctx);
    /* How far the crowd's words were heard ("7.1042"); "": it is not asked for them. */
    void (*crowd_place)(void *ctx, char out[PK_UPLINK_PLACE]);
    /* Words of the crowd. False: they were no use. */
    bool (*crowd)(void *ctx, const json_t *words);
    /* The server has these: the report's JSON and the bytes of body that travelled. */
    void (*reported)(void *ctx, struct pk_slice report, size_t count, size_t bytes);
    /* Something that a person must repair (revoked, wrong certificate, a refused observation). */
    void (*trouble)(void *ctx, const char *what);
    /* The server says that this device left it: its person did so on the page. Nothing is sent any more once the
     * identity is forgotten. */
    void (*left)(void *ctx);
    /* An exchange is over: a good time to tidy up. */
    void (*idle)(void *ctx);
    void *ctx;
};

/* All arguments are borrowed for the uplink's life; hooks are copied. */
PK_MUST_USE int pk_uplink_create(struct pk_loop *loop, const struct pk_agent_settings *settings,
        struct pk_identity *identity, struct pk_spool *spool, const struct pk_uplink_hooks *hooks,
        struct pk_uplink **out, struct pk_error *err);
/* Before the loop. NULL is fine. */
void pk_uplink_destroy(struct pk_uplink *uplink);

void pk_uplink_start(struct pk_uplink *uplink);

/* Something was spooled that shall go within so many ms: 0 at once, -1 with whatever goes next. */
void pk_uplink_news(struct pk_uplink *uplink, int64_t within_ms);

/* Fetches something as soon as it can: GET target with these header lines (each ends in CRLF; "": none). take gets the
 * answer, or status 0 when a few connections broke on the way. One wish at a time: PK_EBUSY. */
typedef void (*pk_uplink_take)(void *ctx, int status, struct pk_slice body);
PK_MUST_USE int pk_uplink_fetch(struct pk_uplink *uplink, const char *target, const char *headers,
        size_t body_max, pk_uplink_take take, void *ctx);
/* Nothing is being fetched. */
bool pk_uplink_is_free(const struct pk_uplink *uplink);
/* The same with a POST of this JSON (copied; at most PK_UPLINK_BODY bytes, else PK_EBOUNDS). */
#define PK_UPLINK_BODY 512
PK_MUST_USE int pk_uplink_ask(struct pk_uplink *uplink, const char *target, const char *json,
        size_t body_max, pk_uplink_take take, void *ctx);

/* The device is on another network: old connections are dead, pauses are over. */
void pk_uplink_moved(struct pk_uplink *uplink);

/* Sends what waits, blocking at most limit_ms; for the last words of a stopping agent. */
void pk_uplink_flush(struct pk_uplink *uplink, int64_t limit_ms);

struct pk_uplink_state {
    bool connected; /* the last exchange worked */
    int64_t last_ok_ms;
    int64_t last_report_ms;
    uint64_t bytes_in; /* TLS bytes since start */
    uint64_t bytes_out;
    uint64_t reports;
    char last_error[200];
};
struct pk_uplink_state pk_uplink_state(const struct pk_uplink *uplink);
