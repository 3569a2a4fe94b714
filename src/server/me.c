#include <string.h>

#include "base/event.h"
#include "server/auth.h"
#include "server/call.h"
#include "server/headers.h"
#include "server/me_call.h"

#define CALL_ARENA_MAX (32UL * 1024 * 1024)

const char *const pk_me_languages[] = { "en", "de", "fr", "es", "it", NULL };

/* What the page may ask. Every one but the first needs a session. */
struct me_route {
    const char *path; /* its last part */
    pk_me_fn run;
    enum pk_method method;
    bool open;    /* without a session */
    bool own;     /* the device's own link is needed: not for who was sent by somebody else */
    bool is_item; /* {id} follows */
};

/* clang-format off */
static const struct me_route routes[] = {
    { "/session",  pk_me_session_open,  PK_POST,   true,  false, false },
    { "/session",  pk_me_session_close, PK_DELETE, false, false, false },
    { "/state",    pk_me_state_get,     PK_GET,    false, false, false },
    { "/check",    pk_me_check,         PK_POST,   false, false, false },
    { "/mistake",  pk_me_mistake,       PK_POST,   false, false, true },
    { "/later",    pk_me_later,         PK_POST,   false, false, true },
    { "/language", pk_me_language_put,  PK_PUT,    false, false, false },
    { "/privacy",  pk_me_privacy_get,   PK_GET,    false, false, false },
    { "/export",   pk_me_export_get,    PK_GET,    false, true,  false },
    { "/erase",    pk_me_erase,         PK_POST,   false, true,  false },
    { "/leave",    pk_me_leave,         PK_POST,   false, true,  false },
};
/* clang-format on */

/* http.h has matched already: "/me/api/NAME", or "/me/api/items/ID/NAME". */
static const struct me_route *route_of(const struct pk_request *request)
{
    const char *path = pk_request_path(request);
    const char *name = strrchr(path, '/');
    bool is_item = strncmp(path, "/me/api/items/", strlen("/me/api/items/")) == 0;

    for (size_t i = 0; name != NULL && i < PK_COUNT(routes); i++) {
        if (routes[i].method == pk_request_method(request) && routes[i].is_item == is_item &&
                strcmp(routes[i].path, name) == 0) {
            return &routes[i];
        }
    }
    return NULL;
}

char *pk_me_cookie(struct pk_arena *arena, const char *secret)
{
    if (secret == NULL) {
        return pk_arena_strdup(
                arena, PK_ME_COOKIE "=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
    }
    return pk_arena_printf(arena,
            PK_ME_COOKIE "=%s; Path=/; Max-Age=%d; HttpOnly; Secure; SameSite=Strict", secret,
            (int)(PK_ME_SESSION_MS / 1000));
}

int pk_me_reply(struct pk_me_call *call, int status, json_t *body)
{
    if (body == NULL && status != 204) {
        pk_reply_problem(call->request, 503, "unavailable", "memory is short", NULL);
        return PK_OK;
    }
    pk_reply_json(call->request, status, body);
    return PK_OK;
}

int pk_me_transaction(struct pk_me_call *call,
        int (*work)(struct pk_me_call *call, void *ctx, struct pk_error *err), void *ctx,
        struct pk_error *err)
{
    int rc = pk_store_begin(call->store, err);

    if (rc < 0) {
        return rc;
    }
    rc = work(call, ctx, err);
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

const char *pk_me_actor(struct pk_me_call *call)
{
    const char *text = call->own ? "device" : pk_arena_printf(call->arena, "link of %s", call->by);

    return text != NULL ? text : "link";
}

int pk_me_audit(struct pk_me_call *call, const char *act, json_t *detail, struct pk_error *err)
{
    struct pk_audit_row row = { .at_ms = call->now_ms,
        .actor = pk_me_actor(call),
        .act = act,
        .target = call->device.id,
        .detail = detail != NULL ? detail : json_object() };
    int rc = pk_audit_add(call->store, &row, err);

    json_decref(row.detail);
    return rc;
}

static bool refuse(struct pk_me_call *call, int status, const char *name, const char *detail)
{
    pk_reply_problem(call->request, status, name, detail, NULL);
    return false;
}

/* The cookie names a live session of a device that is still one of ours. */
static int session_of(struct pk_me_call *call, struct pk_error *err)
{
    const char *secret = pk_request_cookie(call->request, PK_ME_COOKIE);
    char hash[PK_SHA256_HEX];
    struct pk_token token;
    int rc;

    if (secret == NULL || strlen(secret) != PK_SECRET_HEX - 1) {
        return PK_ENOENT;
    }
    pk_auth_hash(secret, hash);
    rc = pk_token_use(call->store, PK_TOKEN_PAGE, hash, call->now_ms, call->arena, &token, err);
    if (rc == PK_OK && token.device == NULL) {
        rc = PK_ENOENT;
    }
    if (rc == PK_OK) {
        rc = pk_device_get(call->store, token.device, call->arena, &call->device, err);
    }
    if (rc == PK_OK && call->device.revoked_ms != 0) {
        rc = PK_ENOENT;
    }
    if (rc == PK_OK) {
        call->session = token.id;
        call->by = token.name;
        call->own = token.role == PK_ROLE_NONE;
        call->expires_ms = token.expires_ms;
    }
    return rc;
}

static bool admit(struct pk_me_call *call, const struct me_route *route)
{
    const char *marker = pk_request_header(call->request, "X-Picket-Request");
    struct pk_error err = { 0 };
    int rc = route->open ? PK_OK : session_of(call, &err);

    if (rc == PK_ENOENT) {
        pk_reply_header(call->request, "WWW-Authenticate", "Picket-Page realm=\"picket\"");
        return refuse(call, 401, "unauthorized",
                "this page is not open: ask the agent for a new link (picket-agent page)");
    }
    if (rc < 0) {
        pk_reply_error(call->request, &err);
        return false;
    }
    if (route->method != PK_GET && (marker == NULL || strcmp(marker, "1") != 0)) {
        return refuse(call, 403, "forbidden", "a change needs the header X-Picket-Request: 1");
    }
    if (route->own && !call->own) {
        return refuse(call, 403, "forbidden",
                "somebody else made the link of this page; open it from the device itself for "
                "that");
    }
    return true;
}

static void run(struct pk_me_call *call, const struct me_route *route)
{
    struct pk_error err = { 0 };
    int rc = admit(call, route) ? route->run(call, &err) : PK_OK;

    if (rc < 0) {
        if (err.code == PK_OK) {
            (void)pk_error_set(&err, rc, "%s", pk_code_text(rc));
        }
        pk_reply_error(call->request, &err);
    }
}

void pk_me_dispatch(struct pk_request *request, void *server)
{
    const struct me_route *route = route_of(request);
    struct pk_me_call call = {
        .request = request, .server = server, .now_ms = pk_server_now(server), .by = ""
    };

    pk_headers_of_api(request);
    if (!pk_server_admit(server, request)) {
        return;
    }
    if (route == NULL) {
        pk_reply_problem(request, 404, "not_found", "there is no such call", NULL);
        return;
    }
    call.store = pk_server_store_for(server, request);
    if (call.store == NULL) {
        return;
    }
    call.arena = pk_arena_create(CALL_ARENA_MAX);
    if (call.arena == NULL) {
        pk_reply_problem(request, 503, "unavailable", "memory is short", NULL);
        return;
    }
    run(&call, route);
    pk_arena_destroy(call.arena);
}
