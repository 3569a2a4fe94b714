/* me_call.h - one call of the employee's page, from the cookie to the answer. Internal to me*.c. */
#pragma once

#include "server/me.h"

struct pk_me_call {
    struct pk_request *request;
    struct pk_server *server;
    struct pk_store *store;  /* of this thread */
    struct pk_arena *arena;  /* of the call */
    struct pk_device device; /* whose page it is; without a session: empty */
    const char *session;     /* id of its token */
    const char *by;          /* who made the link that opened it; "": the device */
    bool own;                /* the device itself asked for the link */
    int64_t now_ms;
    int64_t expires_ms;
};

/* Replies and returns 0, or returns a code < 0 with *err set and leaves the problem document to the dispatcher. */
typedef int (*pk_me_fn)(struct pk_me_call *call, struct pk_error *err);

int pk_me_session_open(struct pk_me_call *call, struct pk_error *err);
int pk_me_session_close(struct pk_me_call *call, struct pk_error *err);
int pk_me_state_get(struct pk_me_call *call, struct pk_error *err);
int pk_me_check(struct pk_me_call *call, struct pk_error *err);
int pk_me_mistake(struct pk_me_call *call, struct pk_error *err);
int pk_me_later(struct pk_me_call *call, struct pk_error *err);
int pk_me_language_put(struct pk_me_call *call, struct pk_error *err);
int pk_me_privacy_get(struct pk_me_call *call, struct pk_error *err);
int pk_me_export_get(struct pk_me_call *call, struct pk_error *err);
int pk_me_erase(struct pk_me_call *call, struct pk_error *err);
int pk_me_leave(struct pk_me_call *call, struct pk_error *err);

/* body is taken over; NULL with a status other than 204: memory is short. */
int pk_me_reply(struct pk_me_call *call, int status, json_t *body);
/* work in a transaction; readers of the event stream are woken after COMMIT. */
PK_MUST_USE int pk_me_transaction(struct pk_me_call *call,
        int (*work)(struct pk_me_call *call, void *ctx, struct pk_error *err), void *ctx,
        struct pk_error *err);
/* A line in the audit, and so in the device's own ledger. detail is taken over. */
PK_MUST_USE int pk_me_audit(
        struct pk_me_call *call, const char *act, json_t *detail, struct pk_error *err);
/* As audit and time lines name who acted: "device", or "link of anna". In the arena, never NULL. */
const char *pk_me_actor(struct pk_me_call *call);

/* The device leaves: revoked, links and sessions ended. Inside a transaction; after COMMIT
 * pk_server_device_revoked(). */
PK_MUST_USE int pk_me_leave_now(
        struct pk_server *server, struct pk_store *store, const char *device, struct pk_error *err);

/* ---- parts of the state ---- */

#define PK_ME_LATER_MS (INT64_C(24) * 3600000) /* "remind me tomorrow" */
#define PK_ME_CHECK_MS \
    (INT64_C(10) * 60000) /* a check that was asked for longer ago is not shown */
#define PK_ME_CHECK_END_MS \
    (INT64_C(30) * 1000) /* an agent that does not say when it is done is by then */
/* Of the command: how many observations `agent` there were before; the next one says that the check ended. */
#define PK_ME_CHECK_AFTER "after"
#define PK_ME_CHECK_REST_MS \
    (INT64_C(5) * 1000) /* one that was asked for just now stands for another */

/* What is open on the device, as the page shows it. */
struct pk_me_items {
    const struct pk_incident *rows;
    size_t count;
    const char *language;
};
json_t *pk_me_network_view(struct pk_me_call *call, const struct pk_me_items *items);
json_t *pk_me_outlook_view(const struct pk_me_call *call);
