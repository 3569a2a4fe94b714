#include "server/call.h"

#include <stdio.h>
#include <string.h>

#include "base/event.h"
#include "pipeline/knowledge.h"
#include "server/headers.h"

/* Above the largest page: 500 incidents with their evidence. */
#define CALL_ARENA_MAX (64UL * 1024 * 1024)

/* Does a route's path, with its {names}, fit? Both without a query. */
static bool path_fits(const char *pattern, const char *path)
{
    while (*pattern != '\0' && *path != '\0') {
        if (*pattern == '{') {
            pattern += strcspn(pattern, "/");
            path += strcspn(path, "/");
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *pattern == '\0' && *path == '\0';
}

/* http.h has matched already; its handler does not learn which route it was. */
static const struct pk_api_route *route_of(const struct pk_request *request)
{
    enum pk_method method = pk_request_method(request);
    const char *path = pk_request_path(request);

    for (size_t i = 0; i < pk_api_route_count; i++) {
        const struct pk_api_route *route = &pk_api_route_table[i];

        if (route->method == method && path_fits(route->path, path)) {
            return route;
        }
    }
    return NULL;
}

static void reply_unauthorized(struct pk_request *request, const char *detail)
{
    pk_reply_header(request, "WWW-Authenticate", "Bearer realm=\"picket\"");
    pk_reply_problem(request, 401, "unauthorized", detail, NULL);
}

static const char *const right_words[] = {
    [PK_RIGHT_NONE] = "do nothing",
    [PK_RIGHT_VIEW] = "see",
    [PK_RIGHT_RESPOND] = "respond",
    [PK_RIGHT_POLICY] = "write policies",
    [PK_RIGHT_PRIVACY] = "answer for personal data",
    [PK_RIGHT_OWN] = "own the server",
};

/* True: the caller may go on. Else it has been answered. */
static bool authenticate(struct pk_call *call, const struct pk_api_route *route)
{
    struct pk_credentials credentials = {
        .authorization = pk_request_header(call->request, "Authorization"),
        .session = pk_request_cookie(call->request, PK_SESSION_COOKIE),
        .marker = pk_request_header(call->request, "X-Picket-Request"),
        .address = pk_request_address(call->request),
        .origin = pk_request_header(call->request, "Origin"),
        .host = pk_request_header(call->request, "Host"),
        .site = pk_request_header(call->request, "Sec-Fetch-Site"),
        .changes = pk_request_method(call->request) != PK_GET,
        .idle = route->idle,
    };
    struct pk_error err = { 0 };

    /* Nobody is signed in, as whomever, by a page of somebody else. */
    if (route->right == PK_RIGHT_NONE && credentials.changes && pk_auth_cross_site(&credentials)) {
        pk_reply_problem(call->request, 403, "forbidden",
                "a page of another origin may not ask for this", NULL);
        return false;
    }
    switch (pk_auth_check(call->store, call->api->attempts, &credentials, route->right,
            call->now_ms, call->arena, &call->actor, &err)) {
    case PK_AUTH_OK:
        return true;
    case PK_AUTH_NONE:
        reply_unauthorized(call->request, "a bearer token or a session is needed");
        return false;
    case PK_AUTH_WRONG:
        reply_unauthorized(call->request, "this token or session is unknown or has expired");
        return false;
    case PK_AUTH_CSRF:
        pk_reply_problem(call->request, 403, "forbidden",
                "a change by cookie needs the header X-Picket-Request: 1 and this server's own "
                "page",
                NULL);
        return false;
    case PK_AUTH_ROLE: {
        char detail[96];

        (void)snprintf(detail, sizeof(detail), "this needs a role that may %s; yours is '%s'",
                right_words[route->right], pk_role_names[call->actor.role]);
        pk_reply_problem(call->request, 403, "forbidden", detail, NULL);
        return false;
    }
    case PK_AUTH_LIMITED:
        pk_reply_header(call->request, "Retry-After", "60");
        pk_reply_problem(call->request, 429, "rate_limited",
                "too many wrong tokens from this address; wait a minute", NULL);
        return false;
    case PK_AUTH_FAILED:
        break;
    }
    pk_reply_error(call->request, &err);
    return false;
}

static int refuse_parameter(const char *name, const char *value, void *ctx)
{
    struct pk_error *err = ctx;

    (void)value;
    (void)pk_error_set(err, PK_EUNKNOWN, "this call has no such parameter");
    return pk_query_path(err, name);
}

/* The one place where a scope begins. Nothing of what is outside can be told from what does not
 * exist. */
static int enter_scope(struct pk_call *call, struct pk_error *err)
{
    const char *id = pk_request_param(call->request, "id");
    struct pk_incident_row incident;
    struct pk_device device;

    if (call->actor.scope[0] == '\0' || call->route->scope == PK_SCOPE_SAME) {
        return PK_OK;
    }
    pk_store_scope(call->store, call->actor.scope);
    switch (call->route->scope) {
    case PK_SCOPE_DEVICE:
        return pk_device_get(call->store, id, call->arena, &device, err);
    case PK_SCOPE_INCIDENT:
        return pk_incident_get(call->store, id, call->arena, &incident, err);
    case PK_SCOPE_LIST:
    case PK_SCOPE_SAME:
        return PK_OK;
    case PK_SCOPE_FLEET:
        break;
    }
    return pk_error_set(err, PK_EACCES, "this is about the whole fleet; you see some groups of it");
}

static void run(struct pk_call *call, const struct pk_api_route *route)
{
    struct pk_error err = { 0 };
    int rc = PK_OK;

    if (!authenticate(call, route)) {
        return;
    }
    if (!route->has_query) {
        rc = pk_request_query_each(call->request, refuse_parameter, &err);
    }
    if (rc == PK_OK) {
        rc = enter_scope(call, &err);
    }
    if (rc == PK_OK) {
        rc = route->run(call, &err);
    }
    pk_store_scope(call->store, NULL);
    if (rc < 0) {
        if (err.code == PK_OK) {
            (void)pk_error_set(&err, rc, "%s", pk_code_text(rc));
        }
        pk_reply_error(call->request, &err);
    }
}

/* Opens what a call needs. False: it has been answered; end *call with pk_arena_destroy(call->arena)
 * all the same. */
static bool call_open(struct pk_call *call, struct pk_request *request,
        const struct pk_api_route *route, struct pk_server *server)
{
    *call = (struct pk_call){
        .request = request,
        .route = route,
        .server = server,
        .api = server->api,
        .now_ms = pk_server_now(server),
    };
    call->store = pk_server_store_for(server, request);
    if (call->store == NULL) {
        return false;
    }
    call->arena = pk_arena_create(CALL_ARENA_MAX);
    if (call->arena == NULL) {
        pk_reply_problem(request, 503, "unavailable", "memory is short", NULL);
        return false;
    }
    return true;
}

void pk_call_gate(struct pk_request *request, void *context)
{
    const struct pk_api_route *route = route_of(request);
    struct pk_call call;

    pk_headers_of_api(request);
    if (!pk_server_admit(context, request)) {
        return;
    }
    if (call_open(&call, request, route, context)) {
        (void)authenticate(&call, route);
    }
    pk_arena_destroy(call.arena);
}

void pk_call_dispatch(struct pk_request *request, void *context)
{
    const struct pk_api_route *route = route_of(request);
    struct pk_server *server = context;
    struct pk_call call;

    pk_headers_of_api(request);
    if ((route == NULL || !route->has_file) && !pk_server_admit(server, request)) {
        return;
    }
    if (route == NULL) {
        pk_reply_problem(request, 404, "not_found", "there is no such call", NULL);
        return;
    }
    if (call_open(&call, request, route, server)) {
        run(&call, route);
    }
    pk_arena_destroy(call.arena);
}

int pk_call_list_args(struct pk_call *call, const struct pk_list_rules *rules, struct pk_query *out,
        struct pk_error *err)
{
    struct pk_query_args args;
    int rc;

    pk_query_args_init(&args, call->arena, rules, call->now_ms, err);
    rc = pk_request_query_each(call->request, pk_query_args_add, &args);
    if (rc == PK_OK) {
        *out = args.query;
    }
    return rc;
}

int pk_call_reply(struct pk_call *call, int status, json_t *body)
{
    if (body == NULL && status != 204) {
        pk_reply_problem(call->request, 503, "unavailable", "memory is short", NULL);
        return PK_OK;
    }
    pk_reply_json(call->request, status, body);
    return PK_OK;
}

int pk_call_reply_page(struct pk_call *call, const struct pk_page *page, json_t *items)
{
    return pk_call_reply(call, 200,
            json_pack("{s:o, s:s?, s:I}", "items", items, "next_cursor", page->next, "total",
                    (json_int_t)page->total));
}

const char *pk_call_device_name(struct pk_call *call, const char *id)
{
    struct pk_device device;

    if (id == NULL || id[0] == '\0' ||
            pk_device_get(call->store, id, call->arena, &device, NULL) < 0) {
        return "";
    }
    return device.name;
}

const char *pk_call_lower(struct pk_call *call, const char *text)
{
    char *copy = text != NULL ? pk_arena_strdup(call->arena, text) : NULL;

    for (char *p = copy; p != NULL && *p != '\0'; p++) {
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + ('a' - 'A') : *p);
    }
    return copy;
}

int pk_call_app_change(struct pk_call *call, const char *event, const char *target, json_t *detail,
        struct pk_error *err)
{
    struct pk_event_row row = { .at_ms = call->now_ms, .type = event, .detail = detail };
    int rc = pk_knowledge_number_grow(call->store, err);

    if (rc == PK_OK) {
        (void)json_object_set_new(detail, "target", json_string(target));
        (void)json_object_set_new(
                detail, "by", json_string(pk_actor_text(&call->actor, call->arena)));
        rc = pk_event_add(call->store, &row, err);
    }
    json_decref(detail);
    return rc;
}

int pk_call_audit(struct pk_call *call, const char *act, const char *target, json_t *detail,
        struct pk_error *err)
{
    struct pk_audit_row row = {
        .at_ms = call->now_ms,
        .actor = pk_actor_text(&call->actor, call->arena),
        .act = act,
        .target = target,
        .detail = detail != NULL ? detail : json_object(),
    };
    int rc = pk_audit_add(call->store, &row, err);

    json_decref(row.detail);
    if (rc == PK_OK) {
        pk_event(PK_INFO, "api.act", { "actor", row.actor }, { "act", act }, { "target", target });
    }
    return rc;
}

int pk_call_transaction(struct pk_call *call,
        int (*work)(struct pk_call *call, void *ctx, struct pk_error *err), void *ctx,
        struct pk_error *err)
{
    bool settled = call->route->scope == PK_SCOPE_DEVICE || call->route->scope == PK_SCOPE_INCIDENT;
    bool scoped = pk_store_scope_text(call->store)[0] != '\0';
    int rc = pk_store_begin(call->store, err);

    if (rc < 0) {
        return rc;
    }
    if (scoped && settled) {
        pk_store_scope(call->store, NULL);
    }
    rc = work(call, ctx, err);
    if (scoped) {
        pk_store_scope(call->store, call->actor.scope);
    }
    if (rc < 0) {
        pk_store_rollback(call->store);
        return rc;
    }
    rc = pk_store_commit(call->store, err);
    if (rc == PK_OK) {
        pk_server_events_changed(call->server);
    }
    return rc;
}
