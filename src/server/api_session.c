#include "server/call.h"
#include "server/issue.h"
#include "server/view.h"

struct body {
    const char *token;
};

/* clang-format off */
static const struct pk_field fields[] = {
    { "token", PK_TYPE_STRING, PK_REQUIRED | PK_SECRET, offsetof(struct body, token), .min = 1,
      .max = 128, .help = "of a sign-in link" },
};
/* clang-format on */
static const struct pk_schema schema = PK_SCHEMA(struct body, fields, "session");

static json_t *view_user(const struct pk_actor *actor)
{
    return json_pack("{s:s, s:s, s:o}", "name", actor->name, "role", pk_role_names[actor->role],
            "groups", pk_view_strings(actor->groups.items, actor->groups.count));
}

/* A one-time link taken and the session that it opens: both or none. */
struct opening {
    const char *secret; /* of the link */
    struct pk_token session;
    const char *cookie;
};

static int open_session(struct pk_call *call, void *ctx, struct pk_error *err)
{
    struct opening *o = ctx;
    char hash[PK_SHA256_HEX];
    struct pk_token link;
    int rc;

    pk_auth_hash(o->secret, hash);
    rc = pk_token_take(call->store, PK_TOKEN_SIGNIN, hash, call->now_ms, call->arena, &link, err);
    if (rc < 0) {
        return rc;
    }
    o->session = (struct pk_token){
        .kind = PK_TOKEN_SESSION,
        .name = link.name,
        .role = link.role,
        .groups = link.groups,
        .person = link.person,
        .address = pk_request_address(call->request),
        .created_ms = call->now_ms,
        .expires_ms = call->now_ms + PK_SESSION_MS,
    };
    call->actor = (struct pk_actor){
        .name = link.name,
        .role = (enum pk_role)link.role,
        .groups = link.groups,
        .person = link.person,
        .how = PK_HOW_SESSION,
    };
    rc = pk_issue_token(call->store, &o->session, call->arena, &o->cookie, err);
    if (rc == PK_OK) {
        rc = pk_call_audit(call, "session.open", o->session.id,
                json_pack("{s:s, s:s}", "role", pk_role_names[link.role], "address",
                        pk_request_address(call->request)),
                err);
    }
    return rc;
}

int pk_api_session_open(struct pk_call *call, struct pk_error *err)
{
    const char *address = pk_request_address(call->request);
    struct opening opening = { 0 };
    struct body body;
    int rc;

    if (!pk_attempts_allowed(call->api->attempts, PK_TOKEN_SIGNIN, address, call->now_ms)) {
        pk_reply_header(call->request, "Retry-After", "60");
        pk_reply_problem(call->request, 429, "rate_limited",
                "too many wrong tokens from this address; wait a minute", NULL);
        return PK_OK;
    }
    if (pk_request_decode(call->request, &schema, &body) < 0) {
        return PK_OK;
    }
    opening.secret = body.token;
    rc = pk_call_transaction(call, open_session, &opening, err);
    if (rc == PK_ENOENT) {
        pk_attempts_note(call->api->attempts, PK_TOKEN_SIGNIN, address, call->now_ms);
        pk_reply_problem(call->request, 401, "unauthorized",
                "this sign-in link is unknown, used or has expired", NULL);
        return PK_OK;
    }
    if (rc < 0) {
        return rc;
    }
    pk_reply_header(call->request, "Set-Cookie", pk_auth_cookie(call->arena, opening.cookie));
    return pk_call_reply(call, 201,
            json_pack("{s:o, s:o}", "user", view_user(&call->actor), "expires_at",
                    pk_view_time(opening.session.expires_ms)));
}

int pk_api_session_get(struct pk_call *call, struct pk_error *err)
{
    const struct pk_settings *settings = &call->server->settings;

    (void)err;
    return pk_call_reply(call, 200,
            json_pack("{s:o, s:o, s:{s:s, s:s, s:b}}", "user", view_user(&call->actor),
                    "expires_at", pk_view_time(call->actor.expires_ms), "server", "version",
                    PK_VERSION, "name", settings->name, "demo", settings->demo));
}

static int close_session(struct pk_call *call, void *ctx, struct pk_error *err)
{
    int rc = pk_token_remove(call->store, PK_TOKEN_SESSION, call->actor.token_id, err);

    (void)ctx;
    /* Two tabs may sign out at once: gone is gone. */
    if (rc < 0 && rc != PK_ENOENT) {
        return rc;
    }
    return pk_call_audit(call, "session.close", call->actor.token_id, NULL, err);
}

int pk_api_session_close(struct pk_call *call, struct pk_error *err)
{
    int rc;

    if (call->actor.how != PK_HOW_SESSION) {
        return pk_error_set(err, PK_EEXIST,
                "a bearer token has no session to close; remove the token under /api/v1/tokens");
    }
    rc = pk_call_transaction(call, close_session, NULL, err);
    if (rc < 0) {
        return rc;
    }
    pk_reply_header(call->request, "Set-Cookie", pk_auth_cookie(call->arena, NULL));
    return pk_call_reply(call, 204, NULL);
}
