#include "server/oidc.h"

#include <stdio.h>
#include <string.h>

#include "base/event.h"
#include "server/auth.h"
#include "server/headers.h"
#include "server/oidc_internal.h"
#include "server/server.h"
#include "server/sessions.h"

#define ARENA_MAX      (8UL * 1024 * 1024)
#define NAME_MAX_BYTES 64
#define SUBJECT_MAX    255 /* OpenID Connect Core, section 2 */
#define PATH_PARTS_MAX 8

/* One call of a browser or of the provider. */
struct visit {
    struct pk_request *request;
    struct pk_server *server;
    struct pk_oidc *oidc;
    struct pk_store *store;
    struct pk_arena *arena;
    int64_t now_ms;
};

/* ---- what claims are worth --------------------------------------------------------------------------- */

/* "realm_access.roles" -> the value there. */
static const json_t *claim_at(const json_t *claims, const char *path)
{
    char part[129];

    for (int i = 0; i < PATH_PARTS_MAX && json_is_object(claims); i++) {
        size_t len = strcspn(path, ".");

        if (len >= sizeof(part)) {
            return NULL;
        }
        memcpy(part, path, len);
        part[len] = '\0';
        claims = json_object_get(claims, part);
        if (path[len] == '\0') {
            return claims;
        }
        path += len + 1;
    }
    return NULL;
}

static bool is_member(const json_t *groups, const char *name)
{
    if (json_is_string(groups)) {
        return strcmp(json_string_value(groups), name) == 0;
    }
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const char *one = json_string_value(json_array_get(groups, i));

        if (one != NULL && strcmp(one, name) == 0) {
            return true;
        }
    }
    return false;
}

struct pk_oidc_grant pk_oidc_grant_of(const struct pk_sso_settings *settings, const json_t *claims)
{
    const json_t *groups = claim_at(claims, settings->groups_claim);
    const struct pk_sso_map *maps = settings->role_map.items;

    for (size_t i = 0; i < settings->role_map.count; i++) {
        if (is_member(groups, maps[i].group)) {
            return (struct pk_oidc_grant){
                .role = pk_role_of(pk_sso_roles[maps[i].role]),
                .groups = maps[i].groups,
            };
        }
    }
    return (struct pk_oidc_grant){ .role = pk_role_of(pk_sso_roles[settings->default_role]) };
}

static const char *text_of(const json_t *claims, const char *name, size_t max)
{
    const char *text = json_string_value(json_object_get(claims, name));

    return text != NULL && text[0] != '\0' && strlen(text) <= max && strpbrk(text, "\r\n\t") == NULL
            ? text
            : NULL;
}

/* How people call them, for lists and the audit; nothing is decided by it. */
static const char *name_of(const json_t *claims)
{
    static const char *const names[] = { "preferred_username", "name", "email", "sub" };
    const char *name = NULL;

    for (size_t i = 0; i < PK_COUNT(names) && name == NULL; i++) {
        name = text_of(claims, names[i], NAME_MAX_BYTES);
    }
    return name != NULL ? name : "somebody";
}

/* ---- answers ----------------------------------------------------------------------------------------- */

#define PAGE_HEAD                                                              \
    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"          \
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">" \
    "<title>Sign in - Picket</title></head><body><h1>Signing in did not work</h1><p>"
#define PAGE_TAIL "</p><p><a href=\"/\">Back to the sign-in page</a></p></body></html>\n"

/* Says little to the browser, and what it was to the audit. */
static void refuse(struct visit *v, int status, const char *told, const char *why)
{
    char page[1200];

    (void)snprintf(page, sizeof(page), PAGE_HEAD "%s" PAGE_TAIL, told);
    pk_session_refused(v->store, "nobody", "sso", pk_request_address(v->request), v->now_ms, why);
    pk_reply_header(v->request, "Cache-Control", "no-store");
    pk_reply_text(v->request, status, "text/html; charset=utf-8", page);
}

static void redirect(struct visit *v, const char *where)
{
    pk_reply_header(v->request, "Location", where);
    pk_reply_header(v->request, "Cache-Control", "no-store");
    pk_reply_text(v->request, 303, "text/plain; charset=utf-8", "");
}

static bool open_visit(struct visit *v, struct pk_request *request, struct pk_server *server)
{
    *v = (struct visit){
        .request = request,
        .server = server,
        .oidc = server->oidc,
        .now_ms = pk_server_now(server),
    };
    pk_headers_of_page(request);
    if (!pk_server_admit(server, request)) {
        return false;
    }
    if (v->oidc == NULL) {
        pk_reply_problem(request, 404, "not_found", "there is no single sign-on here", NULL);
        return false;
    }
    v->store = pk_server_store_for(server, request);
    if (v->store == NULL) {
        return false;
    }
    v->arena = pk_arena_create(ARENA_MAX);
    if (v->arena == NULL) {
        pk_reply_problem(request, 503, "unavailable", "memory is short", NULL);
        return false;
    }
    return true;
}

static const char *callback_url(const struct visit *v)
{
    return pk_arena_printf(v->arena, "%s/auth/oidc/callback", v->server->url);
}

/* RFC 3986: what is not unreserved is escaped. */
static const char *escaped(struct visit *v, const char *text)
{
    char *out = text != NULL ? pk_arena_alloc(v->arena, 3 * strlen(text) + 1, 1) : NULL;
    char *p = out;

    for (; out != NULL && *text != '\0'; text++) {
        bool plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                (*text >= '0' && *text <= '9') || strchr("-._~", *text) != NULL;

        p += snprintf(p, 4, plain ? "%c" : "%%%02X", (unsigned char)*text);
    }
    return out != NULL ? out : "";
}

/* ---- the way there ------------------------------------------------------------------------------------- */

/* The browser's own secret: kept when it has one, so that two tabs do not disturb each other. */
static const char *browser_of(struct visit *v)
{
    const char *have = pk_request_cookie(v->request, PK_OIDC_COOKIE);
    char *made;

    if (have != NULL && strlen(have) == 64 && strspn(have, "0123456789abcdef") == 64) {
        return have;
    }
    made = pk_arena_alloc(v->arena, PK_SECRET_HEX, 1);
    if (made != NULL) {
        pk_random_hex(32, made);
    }
    return made;
}

static const char *scopes_of(struct visit *v)
{
    const struct pk_strings *list = &v->oidc->settings->scopes;
    const char *text = list->count == 0 ? "openid profile email" : "openid";

    for (size_t i = 0; i < list->count && text != NULL; i++) {
        if (strcmp(list->items[i], "openid") != 0) {
            text = pk_arena_printf(v->arena, "%s %s", text, list->items[i]);
        }
    }
    return text;
}

static const char *authorization_url(struct visit *v, const struct pk_oidc_place *place,
        const char *state, const char *nonce, const char *verifier)
{
    uint8_t hash[PK_SHA256_SIZE];
    char challenge[2 * PK_SHA256_SIZE];

    pk_sha256(pk_slice_str(verifier), hash);
    pk_base64url(pk_slice_of(hash, sizeof(hash)), challenge);
    return pk_arena_printf(v->arena,
            "%s%cresponse_type=code&client_id=%s&redirect_uri=%s&scope=%s&state=%s&nonce=%s"
            "&code_challenge=%s&code_challenge_method=S256",
            place->authorization, strchr(place->authorization, '?') != NULL ? '&' : '?',
            escaped(v, v->oidc->settings->client_id), escaped(v, callback_url(v)),
            escaped(v, scopes_of(v)), state, nonce, challenge);
}

static int begin(
        struct visit *v, const struct pk_oidc_place *place, const char **url, struct pk_error *err)
{
    char state[PK_SECRET_HEX];
    char nonce[PK_SECRET_HEX];
    char verifier[PK_SECRET_HEX];
    char state_hash[PK_SHA256_HEX];
    char back[PK_SHA256_HEX];
    struct pk_signin signin = { state_hash, nonce, verifier, back, v->now_ms };
    const char *browser = browser_of(v);
    int rc;

    if (browser == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    pk_random_hex(32, state);
    pk_random_hex(32, nonce);
    pk_random_hex(32, verifier);
    pk_auth_hash(state, state_hash);
    pk_auth_hash(browser, back);
    rc = pk_signin_add(v->store, &signin, v->now_ms - PK_OIDC_BEGIN_MS, err);
    if (rc < 0) {
        return rc;
    }
    *url = authorization_url(v, place, state, nonce, verifier);
    /* Lax: the provider leads the browser back from its own site. */
    pk_reply_header(v->request, "Set-Cookie",
            pk_arena_printf(v->arena,
                    PK_OIDC_COOKIE "=%s; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax",
                    browser));
    return *url != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");
}

void pk_oidc_start_handler(struct pk_request *request, void *context)
{
    struct pk_oidc_place place;
    struct pk_error err = { 0 };
    const char *url = NULL;
    struct visit v;

    if (open_visit(&v, request, context)) {
        int rc = pk_oidc_place_now(v.oidc, v.now_ms, v.arena, &place, &err);

        if (rc == PK_OK) {
            rc = begin(&v, &place, &url, &err);
        }
        if (rc < 0) {
            pk_event(PK_WARN, "signin.provider", { "why", err.text });
            refuse(&v, 503, "The identity provider cannot be reached now.", err.text);
        } else {
            redirect(&v, url);
        }
        pk_arena_destroy(v.arena);
    }
}

/* ---- the way back ---------------------------------------------------------------------------------------- */

/* The sign-in that this browser has begun. It is used up, whatever comes next. */
static int take_signin(struct visit *v, struct pk_signin *out, struct pk_error *err)
{
    const char *state = pk_request_query(v->request, "state");
    const char *browser = pk_request_cookie(v->request, PK_OIDC_COOKIE);
    char hash[PK_SHA256_HEX];
    int rc;

    if (state == NULL || browser == NULL) {
        return pk_error_set(err, PK_ECRYPTO, "no state, or no cookie");
    }
    pk_auth_hash(state, hash);
    rc = pk_signin_take(v->store, hash, v->now_ms - PK_OIDC_BEGIN_MS, v->arena, out, err);
    if (rc == PK_ENOENT) {
        return pk_error_set(err, PK_ECRYPTO, "the state is unknown, used or too old");
    }
    pk_auth_hash(browser, hash);
    if (rc == PK_OK && !pk_secret_eq(hash, out->back)) {
        rc = pk_error_set(err, PK_ECRYPTO, "the state is of another browser");
    }
    return rc;
}

static int check_answer(struct visit *v, const struct pk_oidc_place *place, struct pk_error *err)
{
    const char *issuer = pk_request_query(v->request, "iss");

    if (issuer != NULL ? strcmp(issuer, v->oidc->settings->issuer) != 0 : place->tells_issuer) {
        return pk_error_set(err, PK_ECRYPTO, "the answer is of another issuer (iss)");
    }
    if (pk_request_query(v->request, "error") != NULL) {
        return pk_error_set(err, PK_EPEER, "the provider refused");
    }
    return pk_request_query(v->request, "code") != NULL
            ? PK_OK
            : pk_error_set(err, PK_ECRYPTO, "there is no code");
}

static int claims_of(struct visit *v, json_t **claims, struct pk_error *err)
{
    struct pk_signin signin;
    struct pk_oidc_place place;
    const char *id_token = NULL;
    struct pk_jwt_rules rules = {
        .issuer = v->oidc->settings->issuer,
        .client = v->oidc->settings->client_id,
        .algorithms = v->oidc->algorithms,
        .now_ms = v->now_ms,
    };
    int rc = take_signin(v, &signin, err);

    if (rc == PK_OK) {
        rc = pk_oidc_place_now(v->oidc, v->now_ms, v->arena, &place, err);
    }
    if (rc == PK_OK) {
        rc = check_answer(v, &place, err);
    }
    if (rc == PK_OK) {
        rc = pk_oidc_trade(v->oidc, &place, pk_request_query(v->request, "code"), signin.verifier,
                callback_url(v), v->arena, &id_token, &rules.access_token, err);
    }
    if (rc == PK_OK) {
        rules.nonce = signin.nonce;
        rc = pk_oidc_judge(v->oidc, &place, id_token, &rules, v->arena, claims, err);
    }
    return rc;
}

/* The person of these claims as the role map has it now; made when there is none yet. */
static int person_of(
        struct visit *v, const json_t *claims, struct pk_person *out, struct pk_error *err)
{
    struct pk_oidc_grant grant = pk_oidc_grant_of(v->oidc->settings, claims);
    const char *issuer = v->oidc->settings->issuer;
    const char *subject = text_of(claims, "sub", SUBJECT_MAX);
    char *id = pk_arena_alloc(v->arena, PK_UUID_TEXT, 1);
    int rc;

    if (subject == NULL || id == NULL) {
        return pk_error_set(err, PK_ECRYPTO, "the provider's subject cannot be used");
    }
    if (grant.role == PK_ROLE_NONE) {
        return pk_error_set(err, PK_EACCES, "no role is meant for this person");
    }
    rc = pk_person_find(v->store, issuer, subject, v->arena, out, err);
    if (rc < 0 && rc != PK_ENOENT) {
        return rc;
    }
    if (rc == PK_OK && out->disabled_ms != 0) {
        return pk_error_set(err, PK_EACCES, "the person is disabled");
    }
    if (rc == PK_ENOENT) {
        pk_uuid4(id);
        *out = (struct pk_person){
            .id = id,
            .issuer = issuer,
            .subject = subject,
            .created_ms = v->now_ms,
            .created_by = "single sign-on",
        };
    }
    out->name = name_of(claims);
    out->mail = text_of(claims, "email", 254);
    out->role = (int)grant.role;
    out->groups = grant.groups;
    out->seen_ms = v->now_ms;
    return rc == PK_ENOENT ? pk_person_add(v->store, out, err) : pk_person_put(v->store, out, err);
}

/* In one transaction: the person, and the session; the one that the browser had before ends. */
static int let_in(struct visit *v, const json_t *claims, const char **cookie, struct pk_error *err)
{
    const char *before = pk_request_cookie(v->request, PK_SESSION_COOKIE);
    const char *sid = text_of(claims, "sid", 255);
    struct pk_person person = { 0 };
    struct pk_token session;
    int rc = pk_store_begin(v->store, err);

    if (rc < 0) {
        return rc;
    }
    rc = person_of(v, claims, &person, err);
    if (rc == PK_OK) {
        session = pk_session_of_person(&person, pk_request_address(v->request), v->now_ms);
        session.external = sid != NULL ? sid : "-";
        rc = pk_session_begin(v->store, &session, "sso", v->arena, cookie, err);
    }
    if (rc == PK_OK && before != NULL) {
        rc = pk_session_drop(v->store, before, v->now_ms, v->arena, err);
    }
    if (rc == PK_OK) {
        return pk_store_commit(v->store, err);
    }
    pk_store_rollback(v->store);
    return rc;
}

void pk_oidc_callback_handler(struct pk_request *request, void *context)
{
    struct pk_error err = { 0 };
    const char *cookie = NULL;
    json_t *claims = NULL;
    struct visit v;
    int rc;

    if (!open_visit(&v, request, context)) {
        return;
    }
    rc = claims_of(&v, &claims, &err);
    if (rc == PK_OK) {
        rc = let_in(&v, claims, &cookie, &err);
    }
    if (rc == PK_OK) {
        pk_server_events_changed(v.server);
        pk_reply_header(request, "Set-Cookie", pk_auth_cookie(v.arena, cookie));
        redirect(&v, "/");
    } else if (rc == PK_EACCES) {
        refuse(&v, 403, "You are known, but nobody has given you a role here.", err.text);
    } else {
        refuse(&v, rc == PK_EIO ? 503 : 403,
                "The identity provider's answer was not accepted. Begin again.", err.text);
    }
    pk_arena_destroy(v.arena);
}

/* ---- the provider says that somebody signed out ------------------------------------------------------------ */

/* The value of logout_token in a form. A token is of letters that a form leaves alone. */
static const char *logout_token(struct visit *v)
{
    static const char key[] = "logout_token=";
    struct pk_slice body = pk_request_body(v->request);
    char *text = pk_arena_alloc(v->arena, body.len + 1, 1);
    char *at;

    if (text == NULL) {
        return NULL;
    }
    if (body.len > 0) {
        memcpy(text, body.ptr, body.len);
    }
    text[body.len] = '\0';
    at = strncmp(text, key, strlen(key)) == 0 ? text : strstr(text, "&logout_token=");
    if (at == NULL) {
        return NULL;
    }
    at += strlen(key) + (*at == '&' ? 1 : 0);
    at[strcspn(at, "&")] = '\0';
    return at;
}

static int sign_out(struct visit *v, const json_t *claims, struct pk_error *err)
{
    const char *sid = text_of(claims, "sid", 255);
    const char *sub = text_of(claims, "sub", SUBJECT_MAX);
    struct pk_person person = { 0 };
    struct pk_audit_row row = {
        .at_ms = v->now_ms, .actor = "single sign-on", .act = "session.end_by_provider"
    };
    int64_t ended = 0;
    int rc = sub == NULL
            ? PK_OK
            : pk_person_find(v->store, v->oidc->settings->issuer, sub, v->arena, &person, err);

    if (rc == PK_ENOENT) {
        return PK_OK; /* nobody of ours */
    }
    if (rc == PK_OK) {
        rc = pk_session_end_external(v->store, person.id, sid, &ended, err);
    }
    if (rc < 0 || ended == 0) {
        return rc;
    }
    row.target = person.id != NULL ? person.id : "";
    row.detail = json_pack("{s:I}", "ended", (json_int_t)ended);
    rc = pk_audit_add(v->store, &row, err);
    json_decref(row.detail);
    return rc;
}

void pk_oidc_backchannel_handler(struct pk_request *request, void *context)
{
    struct pk_error err = { 0 };
    struct pk_oidc_place place;
    json_t *claims = NULL;
    const char *token;
    struct visit v;
    int rc = PK_EMISSING;

    if (!open_visit(&v, request, context)) {
        return;
    }
    token = logout_token(&v);
    if (token != NULL) {
        struct pk_jwt_rules rules = {
            .issuer = v.oidc->settings->issuer,
            .client = v.oidc->settings->client_id,
            .algorithms = v.oidc->algorithms,
            .now_ms = v.now_ms,
        };

        rc = pk_oidc_place_now(v.oidc, v.now_ms, v.arena, &place, &err);
        if (rc == PK_OK) {
            rc = pk_oidc_judge(v.oidc, &place, token, &rules, v.arena, &claims, &err);
        }
    }
    if (rc == PK_OK) {
        rc = sign_out(&v, claims, &err);
    }
    pk_reply_header(request, "Cache-Control", "no-store");
    if (rc < 0) {
        pk_event(PK_WARN, "signin.backchannel",
                { "why", err.text[0] != '\0' ? err.text : "there is no logout token" });
        pk_reply_json(
                request, rc == PK_EIO ? 503 : 400, json_pack("{s:s}", "error", "invalid_request"));
    } else {
        pk_reply_text(request, 200, "text/plain; charset=utf-8", "");
    }
    pk_arena_destroy(v.arena);
}

const char *pk_oidc_logout_url(struct pk_server *server, struct pk_arena *arena)
{
    struct visit v = { .server = server, .oidc = server->oidc, .arena = arena };
    struct pk_oidc_place place;
    const char *home = pk_arena_printf(arena, "%s/", server->url);

    if (v.oidc == NULL || home == NULL ||
            pk_oidc_place_now(v.oidc, pk_server_now(server), arena, &place, NULL) < 0 ||
            place.end_session == NULL) {
        return NULL;
    }
    return pk_arena_printf(arena, "%s%cclient_id=%s&post_logout_redirect_uri=%s", place.end_session,
            strchr(place.end_session, '?') != NULL ? '&' : '?',
            escaped(&v, v.oidc->settings->client_id), escaped(&v, home));
}
