#include <stdio.h>

#include "server/call.h"
#include "server/issue.h"
#include "server/lockout.h"
#include "server/oidc.h"
#include "server/sessions.h"
#include "server/signin.h"
#include "server/view.h"

/* Either a link's token, or a name with a password and a code. */
struct body {
    const char *token;
    const char *name;
    const char *password;
    const char *code;
};

#define AT(m) offsetof(struct body, m)

/* clang-format off */
static const struct pk_field fields[] = {
    { "token", PK_TYPE_STRING, PK_SECRET, AT(token), .min = 1, .max = 128,
      .help = "of a sign-in link" },
    { "name", PK_TYPE_STRING, 0, AT(name), .min = 1, .max = 64, .help = "of the person" },
    { "password", PK_TYPE_STRING, PK_SECRET, AT(password), .min = 1, .max = PK_PASSWORD_MAX,
      .help = "of the person" },
    { "code", PK_TYPE_STRING, PK_SECRET, AT(code), .min = 1, .max = 32,
      .help = "one-time code of the app, or a recovery code" },
};
/* clang-format on */
static const struct pk_schema schema = PK_SCHEMA(struct body, fields, "session");

static json_t *view_user(const struct pk_actor *actor)
{
    return json_pack("{s:s, s:s, s:o}", "name", actor->name, "role", pk_role_names[actor->role],
            "groups", pk_view_strings(actor->groups.items, actor->groups.count));
}

/* What was shown taken, and the session that it opens: both or none. */
struct opening {
    const char *secret; /* of the link; NULL: */
    const char *person;
    struct pk_signin_try shown;
    struct pk_token session;
    const char *cookie;
};

static int open_by_link(struct pk_call *call, struct opening *o, struct pk_error *err)
{
    char hash[PK_SHA256_HEX];
    struct pk_token link;
    int rc;

    pk_auth_hash(o->secret, hash);
    rc = pk_token_take(call->store, PK_TOKEN_SIGNIN, hash, call->now_ms, call->arena, &link, err);
    if (rc < 0) {
        return rc;
    }
    o->session = (struct pk_token){
        .name = link.name,
        .role = link.role,
        .groups = link.groups,
        .person = link.person,
        .address = pk_request_address(call->request),
        .created_ms = call->now_ms,
    };
    return pk_session_begin(call->store, &o->session, "link", call->arena, &o->cookie, err);
}

static int open_session(struct pk_call *call, void *ctx, struct pk_error *err)
{
    struct opening *o = ctx;
    int rc = o->secret != NULL ? open_by_link(call, o, err)
                               : pk_signin_finish(call->store, call->api->seal_key, o->person,
                                         &o->shown, call->arena, &o->session, &o->cookie, err);

    if (rc == PK_OK && pk_request_cookie(call->request, PK_SESSION_COOKIE) != NULL) {
        rc = pk_session_drop(call->store, pk_request_cookie(call->request, PK_SESSION_COOKIE),
                call->now_ms, call->arena, err);
    }
    if (rc == PK_OK) {
        call->actor = (struct pk_actor){
            .name = o->session.name,
            .role = (enum pk_role)o->session.role,
            .groups = o->session.groups,
            .how = PK_HOW_SESSION,
        };
    }
    return rc;
}

static int reply_opened(struct pk_call *call, const struct opening *o)
{
    pk_reply_header(call->request, "Set-Cookie", pk_auth_cookie(call->arena, o->cookie));
    return pk_call_reply(call, 201,
            json_pack("{s:o, s:o}", "user", view_user(&call->actor), "expires_at",
                    pk_view_time(o->session.expires_ms)));
}

static int by_link(struct pk_call *call, const char *token, struct pk_error *err)
{
    const char *address = pk_request_address(call->request);
    struct opening opening = { .secret = token };
    int rc;

    if (!pk_attempts_allowed(call->api->attempts, PK_TOKEN_SIGNIN, address, call->now_ms)) {
        pk_reply_header(call->request, "Retry-After", "60");
        pk_reply_problem(call->request, 429, "rate_limited",
                "too many wrong tokens from this address; wait a minute", NULL);
        return PK_OK;
    }
    rc = pk_call_transaction(call, open_session, &opening, err);
    if (rc == PK_ENOENT) {
        pk_attempts_note(call->api->attempts, PK_TOKEN_SIGNIN, address, call->now_ms);
        pk_session_refused(call->store, "nobody", "link", address, call->now_ms, "unknown link");
        pk_reply_problem(call->request, 401, "unauthorized",
                "this sign-in link is unknown, used or has expired", NULL);
        return PK_OK;
    }
    return rc < 0 ? rc : reply_opened(call, &opening);
}

/* Whoever is wrong is told the same, whatever was wrong. */
static int refuse_password(struct pk_call *call, const struct pk_signin_try *shown,
        const char *account, const char *why)
{
    pk_lockout_wrong(call->api->lockout, account, shown->address, call->now_ms);
    pk_session_refused(call->store, shown->name, "password", shown->address, call->now_ms, why);
    pk_reply_problem(call->request, 401, "unauthorized",
            "the name, the password or the code is wrong", NULL);
    return PK_OK;
}

static int by_password(struct pk_call *call, const struct body *body, struct pk_error *err)
{
    struct opening opening = { .shown = { .name = body->name,
                                       .password = body->password,
                                       .code = body->code,
                                       .address = pk_request_address(call->request),
                                       .now_ms = call->now_ms } };
    const char *account = pk_signin_subject(body->name, call->arena);
    struct pk_person person = { 0 };
    char seconds[24];
    int64_t wait;
    int rc;

    if (account == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    wait = pk_lockout_wait(call->api->lockout, account, opening.shown.address, call->now_ms);
    if (wait > 0) {
        (void)snprintf(seconds, sizeof(seconds), "%lld", (long long)(wait + 999) / 1000);
        pk_reply_header(call->request, "Retry-After", seconds);
        pk_reply_problem(call->request, 429, "rate_limited",
                "too many wrong passwords; wait as long as Retry-After says", NULL);
        return PK_OK;
    }
    rc = pk_person_find(call->store, "", account, call->arena, &person, err);
    if (rc < 0 && rc != PK_ENOENT) {
        return rc;
    }
    if (!pk_password_fits(rc == PK_OK ? person.password : NULL, body->password)) {
        return refuse_password(call, &opening.shown, account, "name or password");
    }
    opening.person = person.id;
    rc = pk_call_transaction(call, open_session, &opening, err);
    if (rc == PK_ECRYPTO || rc == PK_ENOENT) {
        return refuse_password(
                call, &opening.shown, account, rc == PK_ENOENT ? "disabled" : "code");
    }
    if (rc < 0) {
        return rc;
    }
    pk_lockout_right(call->api->lockout, account, opening.shown.address);
    return reply_opened(call, &opening);
}

int pk_api_session_open(struct pk_call *call, struct pk_error *err)
{
    struct body body;
    bool all;

    if (pk_request_decode(call->request, &schema, &body) < 0) {
        return PK_OK;
    }
    all = body.name != NULL && body.password != NULL && body.code != NULL;
    if (body.token == NULL ? !all
                           : body.name != NULL || body.password != NULL || body.code != NULL) {
        (void)pk_error_set(
                err, PK_EMISSING, "either a token, or a name, a password and a code is wanted");
        return pk_query_path(err, "token");
    }
    return body.token != NULL ? by_link(call, body.token, err) : by_password(call, &body, err);
}

/* What the door offers. */
int pk_api_door_get(struct pk_call *call, struct pk_error *err)
{
    const struct pk_settings *settings = &call->server->settings;

    (void)err;
    return pk_call_reply(call, 200,
            json_pack("{s:s, s:o, s:b}", "name", settings->name, "sso",
                    settings->sso != NULL ? json_pack("{s:s, s:s}", "name", settings->sso->name,
                                                    "url", "/auth/oidc/start")
                                          : json_null(),
                    "demo", settings->demo));
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
    const char *on;
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
    on = call->actor.external != NULL ? pk_oidc_logout_url(call->server, call->arena) : NULL;
    return on != NULL ? pk_call_reply(call, 200, json_pack("{s:s}", "continue", on))
                      : pk_call_reply(call, 204, NULL);
}
