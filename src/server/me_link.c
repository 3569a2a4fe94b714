#include <string.h>

#include "base/event.h"
#include "server/auth.h"
#include "server/call.h"
#include "server/headers.h"
#include "server/issue.h"
#include "server/me_call.h"
#include "server/peer.h"
#include "server/view.h"

#define ITEM_CHARACTERS "0123456789abcdefghijklmnopqrstuvwxyz-"

/* ---- links ----------------------------------------------------------------------------------------- */

int pk_me_link_make(struct pk_server *server, struct pk_store *store, struct pk_me_link *link,
        struct pk_arena *arena, struct pk_error *err)
{
    int64_t now_ms = pk_server_now(server);
    struct pk_token token = { .kind = PK_TOKEN_PAGE_LINK,
        .name = link->by != NULL ? link->by : "device",
        .role = link->by != NULL ? PK_ROLE_VIEWER : PK_ROLE_NONE,
        .created_ms = now_ms,
        .expires_ms = now_ms + PK_ME_LINK_MS,
        .device = link->device };
    struct pk_device device;
    const char *secret = NULL;
    int rc = pk_device_get(store, link->device, arena, &device, err);

    if (rc == PK_OK && device.revoked_ms != 0) {
        rc = pk_error_set(err, PK_EEXIST, "this device is revoked: it has no page any more");
    }
    if (rc == PK_OK) {
        rc = pk_issue_token(store, &token, arena, &secret, err);
    }
    if (rc < 0) {
        return rc;
    }
    link->expires_ms = token.expires_ms;
    link->url = link->item != NULL
            ? pk_arena_printf(arena, "%s/me#%s&item=%s", server->url, secret, link->item)
            : pk_arena_printf(arena, "%s/me#%s", server->url, secret);
    return link->url != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");
}

/* Whether it is there and whose it is, the page finds out. */
static bool is_item(const char *id)
{
    size_t len = strlen(id);

    return len > 0 && len < PK_ME_ITEM_MAX && strspn(id, ITEM_CHARACTERS) == len;
}

void pk_me_link_handler(struct pk_request *request, void *server)
{
    struct pk_server *s = server;
    struct pk_error err = { 0 };
    struct pk_me_link link = { .item = pk_request_query(request, "item") };
    struct pk_store *store;
    struct pk_peer peer;

    pk_headers_of_api(request);
    if (!pk_peer_of(request, s, &peer) || !pk_server_admit(s, request)) {
        return;
    }
    if (link.item != NULL && !is_item(link.item)) {
        pk_reply_problem(request, 400, "bad_request", "item must be the id of an incident", "item");
        return;
    }
    store = pk_server_store_for(s, request);
    if (store == NULL) {
        return;
    }
    link.device = peer.device;
    if (pk_me_link_make(s, store, &link, pk_request_arena(request), &err) < 0) {
        pk_reply_error(request, &err);
        return;
    }
    pk_reply_json(request, 201,
            json_pack("{s:s, s:o}", "url", link.url, "expires_at", pk_view_time(link.expires_ms)));
}

/* ---- sessions -------------------------------------------------------------------------------------- */

struct body {
    const char *token;
};

/* clang-format off */
static const struct pk_field fields[] = {
    { "token", PK_TYPE_STRING, PK_REQUIRED | PK_SECRET, offsetof(struct body, token), .min = 1,
      .max = 128, .help = "of the link" },
};
/* clang-format on */
static const struct pk_schema schema = PK_SCHEMA(struct body, fields, "session");

/* A one-time link taken and the session that it opens: both or none. */
struct opening {
    const char *secret; /* of the link */
    struct pk_token session;
    const char *cookie;
};

static int open_session(struct pk_me_call *call, void *ctx, struct pk_error *err)
{
    struct opening *o = ctx;
    char hash[PK_SHA256_HEX];
    struct pk_token link;
    int rc;

    pk_auth_hash(o->secret, hash);
    rc = pk_token_take(
            call->store, PK_TOKEN_PAGE_LINK, hash, call->now_ms, call->arena, &link, err);
    if (rc == PK_OK && link.device == NULL) {
        rc = pk_error_set(err, PK_ENOENT, "this link is of no device");
    }
    if (rc == PK_OK) {
        rc = pk_device_get(call->store, link.device, call->arena, &call->device, err);
    }
    if (rc == PK_OK && call->device.revoked_ms != 0) {
        rc = pk_error_set(err, PK_ENOENT, "the device of this link is revoked");
    }
    if (rc < 0) {
        return rc;
    }
    o->session = (struct pk_token){ .kind = PK_TOKEN_PAGE,
        .name = link.name,
        .role = link.role,
        .created_ms = call->now_ms,
        .expires_ms = call->now_ms + PK_ME_SESSION_MS,
        .device = link.device };
    call->by = link.name;
    call->own = link.role == PK_ROLE_NONE;
    rc = pk_issue_token(call->store, &o->session, call->arena, &o->cookie, err);
    /* The person's own look is nobody's business; one by a link that somebody made is the person's. */
    if (rc == PK_OK && !call->own) {
        rc = pk_me_audit(call, "device.page", NULL, err);
    }
    return rc;
}

int pk_me_session_open(struct pk_me_call *call, struct pk_error *err)
{
    struct pk_attempts *attempts = call->server->api->attempts;
    const char *address = pk_request_address(call->request);
    struct opening opening = { 0 };
    struct body body;
    int rc;

    if (!pk_attempts_allowed(attempts, PK_TOKEN_PAGE_LINK, address, call->now_ms)) {
        pk_reply_header(call->request, "Retry-After", "60");
        pk_reply_problem(call->request, 429, "rate_limited",
                "too many wrong links from this address; wait a minute", NULL);
        return PK_OK;
    }
    if (pk_request_decode(call->request, &schema, &body) < 0) {
        return PK_OK;
    }
    opening.secret = body.token;
    rc = pk_me_transaction(call, open_session, &opening, err);
    if (rc == PK_ENOENT) {
        pk_attempts_note(attempts, PK_TOKEN_PAGE_LINK, address, call->now_ms);
        pk_event(PK_WARN, "me.refused", { "address", address });
        pk_reply_problem(call->request, 401, "unauthorized",
                "this link is unknown, used or has expired", NULL);
        return PK_OK;
    }
    if (rc < 0) {
        return rc;
    }
    pk_reply_header(call->request, "Set-Cookie", pk_me_cookie(call->arena, opening.cookie));
    return pk_me_reply(
            call, 201, json_pack("{s:o}", "expires_at", pk_view_time(opening.session.expires_ms)));
}

int pk_me_session_close(struct pk_me_call *call, struct pk_error *err)
{
    int rc = pk_token_remove(call->store, PK_TOKEN_PAGE, call->session, err);

    if (rc < 0 && rc != PK_ENOENT) { /* two tabs may close it at once: gone is gone */
        return rc;
    }
    pk_reply_header(call->request, "Set-Cookie", pk_me_cookie(call->arena, NULL));
    return pk_me_reply(call, 204, NULL);
}
