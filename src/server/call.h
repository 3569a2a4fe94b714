/* call.h - one call of the administrators' API, from the route to the answer. Internal to api_*.c.
 *
 * The table of routes (api_routes.c) says who may call and which parameters there are; the
 * dispatcher checks both before a call's own function runs, so that no call can forget to. */
#pragma once

#include "server/api.h"
#include "server/auth.h"
#include "server/events_wait.h"
#include "server/query_args.h"
#include "server/server.h"

struct pk_api_route;
struct pk_console;
struct pk_lockout;
struct pk_looks;

/* What struct pk_api is made of; constant after pk_api_create() but for what locks itself. */
struct pk_api {
    struct pk_server *server;
    struct pk_attempts *attempts;
    struct pk_lockout *lockout;
    uint8_t seal_key[32]; /* of one-time codes, see secret.h */
    struct pk_looks *looks;
    struct pk_events_wait *events;
    struct pk_console *console;
};

struct pk_call {
    struct pk_request *request;
    struct pk_server *server;
    struct pk_api *api;
    struct pk_store *store; /* of this thread */
    struct pk_arena *arena; /* of the call; what is put into answers is copied or counted */
    const struct pk_api_route *route;
    struct pk_actor actor;
    int64_t now_ms;
};

/* Replies and returns 0 (also for refusals that it words itself), or returns a code < 0 with *err
 * set and leaves the problem document to the dispatcher. */
typedef int (*pk_call_fn)(struct pk_call *call, struct pk_error *err);

/* What a route means for those who see some groups only. */
enum pk_route_scope {
    PK_SCOPE_FLEET,  /* it is about everything: not for them. What forgets to say so is this */
    PK_SCOPE_SAME,   /* it says nothing of devices: as for everyone else */
    PK_SCOPE_LIST,   /* it shows what the store shows: the store has their scope */
    PK_SCOPE_DEVICE, /* {id} is a device: 404 when it is not theirs, settled before the call runs */
    PK_SCOPE_INCIDENT, /* {id} is an incident, likewise */
};

struct pk_api_route {
    enum pk_method method;
    enum pk_right right; /* PK_RIGHT_NONE: everyone */
    const char *path;
    pk_call_fn run;
    enum pk_route_scope scope;
    bool idle;       /* pages ask for it by themselves: no use of a session */
    bool has_body;   /* a JSON object of at most PK_API_BODY_MAX, or body_max */
    bool has_file;   /* a body of any type, up to scan.upload_max_mb, in a file */
    bool has_query;  /* the call reads its parameters itself; else there are none */
    size_t body_max; /* of a JSON body that may be larger */
};

#define PK_API_BODY_MAX    (16 * 1024)
#define PK_API_POLICY_MAX  (600UL * 1024) /* a policy as a JSON string */
#define PK_API_TEXTS_MAX   (1024UL * 1024)
#define PK_API_RULES_MAX   (256UL * 1024)
#define PK_API_PARTNER_MAX (4UL * 1024 * 1024) /* indicators of a partner */

extern const struct pk_api_route pk_api_route_table[];
extern const size_t pk_api_route_count;

/* Lets nobody upload a file who may not call: asked before the body comes. */
void pk_call_gate(struct pk_request *request, void *context);
/* Every HTTP route of the API leads here. */
void pk_call_dispatch(struct pk_request *request, void *context);

/* Takes the list parameters of the request. */
PK_MUST_USE int pk_call_list_args(struct pk_call *call, const struct pk_list_rules *rules,
        struct pk_query *out, struct pk_error *err);
/* {"items":items,"next_cursor","total"}; items is taken over. */
int pk_call_reply_page(struct pk_call *call, const struct pk_page *page, json_t *items);
int pk_call_reply(struct pk_call *call, int status, json_t *body); /* body is taken over; 0 */

/* Inside the caller's transaction: who did what to whom. detail (NULL: {}) is taken over and never
 * holds a secret. */
PK_MUST_USE int pk_call_audit(struct pk_call *call, const char *act, const char *target,
        json_t *detail, struct pk_error *err);
/* Runs work inside one transaction and wakes the readers of the event stream after its COMMIT; when
 * work returns < 0 nothing of it stays. Where the route has settled that the device or incident may
 * be touched, the store shows everything meanwhile: what follows from a change knows no scope. */
PK_MUST_USE int pk_call_transaction(struct pk_call *call,
        int (*work)(struct pk_call *call, void *ctx, struct pk_error *err), void *ctx,
        struct pk_error *err);

/* The name of a device, "" when there is none of this id (or id is NULL or ""). */
const char *pk_call_device_name(struct pk_call *call, const char *id);
/* A copy in lower case; NULL stays NULL. */
const char *pk_call_lower(struct pk_call *call, const char *text);
/* Inside the caller's transaction: what apps are judged by has changed. detail is taken over. */
PK_MUST_USE int pk_call_app_change(struct pk_call *call, const char *event, const char *target,
        json_t *detail, struct pk_error *err);

/* ---- the calls, one file a resource --------------------------------------------------------- */

int pk_api_session_open(struct pk_call *call, struct pk_error *err);
int pk_api_session_get(struct pk_call *call, struct pk_error *err);
int pk_api_session_close(struct pk_call *call, struct pk_error *err);
int pk_api_privacy_get(struct pk_call *call, struct pk_error *err);
int pk_api_trends_get(struct pk_call *call, struct pk_error *err);
int pk_api_door_get(struct pk_call *call, struct pk_error *err);
int pk_api_session_list(struct pk_call *call, struct pk_error *err);
int pk_api_session_end(struct pk_call *call, struct pk_error *err);
int pk_api_session_end_own(struct pk_call *call, struct pk_error *err);
int pk_api_person_list(struct pk_call *call, struct pk_error *err);
int pk_api_person_get(struct pk_call *call, struct pk_error *err);
int pk_api_person_add(struct pk_call *call, struct pk_error *err);
int pk_api_person_put(struct pk_call *call, struct pk_error *err);
int pk_api_person_disable(struct pk_call *call, struct pk_error *err);
int pk_api_person_enable(struct pk_call *call, struct pk_error *err);
int pk_api_person_remove(struct pk_call *call, struct pk_error *err);
int pk_api_person_sign_out(struct pk_call *call, struct pk_error *err);
int pk_api_person_codes(struct pk_call *call, struct pk_error *err);
int pk_api_communication_get(struct pk_call *call, struct pk_error *err);
int pk_api_communication_put(struct pk_call *call, struct pk_error *err);
int pk_api_channel_list(struct pk_call *call, struct pk_error *err);
int pk_api_channel_test(struct pk_call *call, struct pk_error *err);
int pk_api_report_get(struct pk_call *call, struct pk_error *err);
int pk_api_report_plan_list(struct pk_call *call, struct pk_error *err);
int pk_api_report_plan_add(struct pk_call *call, struct pk_error *err);
int pk_api_report_plan_remove(struct pk_call *call, struct pk_error *err);
int pk_api_overview_get(struct pk_call *call, struct pk_error *err);
int pk_api_device_list(struct pk_call *call, struct pk_error *err);
int pk_api_device_get(struct pk_call *call, struct pk_error *err);
int pk_api_device_risk(struct pk_call *call, struct pk_error *err);
int pk_api_zone_list(struct pk_call *call, struct pk_error *err);
int pk_api_device_revoke(struct pk_call *call, struct pk_error *err);
struct pk_mistake;
/* api_mistakes.c: gives it its id, time and author when it may be kept; inside a transaction, writes it (ctx:
 * the entry). */
int pk_call_mistake_make(struct pk_call *call, struct pk_mistake *mistake, struct pk_error *err);
int pk_call_mistake_put(struct pk_call *call, void *ctx, struct pk_error *err);
int pk_api_mistake_list(struct pk_call *call, struct pk_error *err);
int pk_api_mistake_add(struct pk_call *call, struct pk_error *err);
int pk_api_mistake_remove(struct pk_call *call, struct pk_error *err);
int pk_api_text_list(struct pk_call *call, struct pk_error *err);
int pk_api_text_put(struct pk_call *call, struct pk_error *err);
int pk_api_device_simulate(struct pk_call *call, struct pk_error *err);
int pk_api_drill_get(struct pk_call *call, struct pk_error *err);
int pk_api_device_page_link(struct pk_call *call, struct pk_error *err);
int pk_api_device_export(struct pk_call *call, struct pk_error *err);
int pk_api_device_erase(struct pk_call *call, struct pk_error *err);
int pk_api_erasure_list(struct pk_call *call, struct pk_error *err);
int pk_api_erasure_remove(struct pk_call *call, struct pk_error *err);
int pk_api_incident_list(struct pk_call *call, struct pk_error *err);
int pk_api_incident_get(struct pk_call *call, struct pk_error *err);
int pk_api_incident_dismiss(struct pk_call *call, struct pk_error *err);
int pk_api_incident_reopen(struct pk_call *call, struct pk_error *err);
int pk_api_events_get(struct pk_call *call, struct pk_error *err);
int pk_api_enrollment_list(struct pk_call *call, struct pk_error *err);
int pk_api_enrollment_create(struct pk_call *call, struct pk_error *err);
int pk_api_enrollment_remove(struct pk_call *call, struct pk_error *err);
int pk_api_token_list(struct pk_call *call, struct pk_error *err);
int pk_api_token_create(struct pk_call *call, struct pk_error *err);
int pk_api_token_remove(struct pk_call *call, struct pk_error *err);
int pk_api_signin_link(struct pk_call *call, struct pk_error *err);
int pk_api_threat_list(struct pk_call *call, struct pk_error *err);
int pk_api_audit_list(struct pk_call *call, struct pk_error *err);
int pk_api_scan(struct pk_call *call, struct pk_error *err);
/* Copies that are there now, newest first: of field "app" or "sha256". */
int pk_api_app_copies(struct pk_call *call, const char *field, const char *value, json_t **out,
        struct pk_error *err);
int pk_api_app_list(struct pk_call *call, struct pk_error *err);
int pk_api_app_get(struct pk_call *call, struct pk_error *err);
int pk_api_app_install_list(struct pk_call *call, struct pk_error *err);
int pk_api_app_file_list(struct pk_call *call, struct pk_error *err);
int pk_api_app_file_get(struct pk_call *call, struct pk_error *err);
int pk_api_app_file_diff(struct pk_call *call, struct pk_error *err);
int pk_api_app_upload(struct pk_call *call, struct pk_error *err);
int pk_api_app_exception_list(struct pk_call *call, struct pk_error *err);
int pk_api_app_exception_add(struct pk_call *call, struct pk_error *err);
int pk_api_app_exception_remove(struct pk_call *call, struct pk_error *err);
int pk_api_app_rules_get(struct pk_call *call, struct pk_error *err);
int pk_api_app_rules_put(struct pk_call *call, struct pk_error *err);
int pk_api_intel_get(struct pk_call *call, struct pk_error *err);
int pk_api_intel_put(struct pk_call *call, struct pk_error *err);
int pk_api_intel_remove(struct pk_call *call, struct pk_error *err);
int pk_api_network_list(struct pk_call *call, struct pk_error *err);
int pk_api_network_map(struct pk_call *call, struct pk_error *err);
int pk_api_network_get(struct pk_call *call, struct pk_error *err);
int pk_api_network_devices(struct pk_call *call, struct pk_error *err);
int pk_api_crowd_get(struct pk_call *call, struct pk_error *err);
int pk_api_crowd_bad(struct pk_call *call, struct pk_error *err);
int pk_api_crowd_explain(struct pk_call *call, struct pk_error *err);
int pk_api_crowd_map(struct pk_call *call, struct pk_error *err);
int pk_api_crowd_voice(struct pk_call *call, struct pk_error *err);
int pk_api_exchange_get(struct pk_call *call, struct pk_error *err);
int pk_api_exchange_words(struct pk_call *call, struct pk_error *err);
int pk_api_exchange_invite(struct pk_call *call, struct pk_error *err);
int pk_api_exchange_member_list(struct pk_call *call, struct pk_error *err);
int pk_api_exchange_member_vouch(struct pk_call *call, struct pk_error *err);
int pk_api_exchange_member_remove(struct pk_call *call, struct pk_error *err);
int pk_api_exchange_join(struct pk_call *call, struct pk_error *err);
int pk_api_exchange_leave(struct pk_call *call, struct pk_error *err);
int pk_api_exchange_stix_get(struct pk_call *call, struct pk_error *err);
int pk_api_exchange_partner(struct pk_call *call, struct pk_error *err);
int pk_api_policy_get(struct pk_call *call, struct pk_error *err);
int pk_api_policy_put(struct pk_call *call, struct pk_error *err);
int pk_api_policy_check(struct pk_call *call, struct pk_error *err);
int pk_api_policy_rehearse(struct pk_call *call, struct pk_error *err);
int pk_api_policy_versions(struct pk_call *call, struct pk_error *err);
int pk_api_policy_version(struct pk_call *call, struct pk_error *err);
int pk_api_alert_list(struct pk_call *call, struct pk_error *err);
int pk_api_alert_rates(struct pk_call *call, struct pk_error *err);
int pk_api_trust_get(struct pk_call *call, struct pk_error *err);
int pk_api_health_get(struct pk_call *call, struct pk_error *err);
int pk_api_openapi_get(struct pk_call *call, struct pk_error *err);
