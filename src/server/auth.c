#include "server/auth.h"

#include <string.h>
#include <strings.h>

#include "base/event.h"

/* Longer ones are not ours; they are refused before they are hashed. */
#define TOKEN_MAX 128

/* b64token of RFC 6750, section 2.1. */
#define TOKEN_CHARACTERS                                             \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" \
    "-._~+/="

static bool is_token(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && len <= TOKEN_MAX && strspn(text, TOKEN_CHARACTERS) == len;
}

const char *pk_auth_bearer(const char *authorization)
{
    static const char scheme[] = "Bearer";
    const char *token;

    if (strncasecmp(authorization, scheme, strlen(scheme)) != 0) {
        return NULL;
    }
    token = authorization + strlen(scheme);
    if (*token != ' ') {
        return NULL;
    }
    token += strspn(token, " ");
    return is_token(token) ? token : NULL;
}

void pk_auth_hash(const char *secret, char out[PK_SHA256_HEX])
{
    pk_sha256_hex(pk_slice_str(secret), out);
}

static enum pk_auth_result look_up(struct pk_store *store, int kind, const char *secret, bool note,
        int64_t now_ms, struct pk_arena *arena, struct pk_actor *out, struct pk_error *err)
{
    char hash[PK_SHA256_HEX];
    struct pk_token token;
    int rc;

    pk_auth_hash(secret, hash);
    rc = note ? pk_token_use(store, kind, hash, now_ms, arena, &token, err)
              : pk_token_find(store, kind, hash, now_ms, arena, &token, err);
    if (rc == PK_ENOENT) {
        return PK_AUTH_WRONG;
    }
    if (rc < 0) {
        return PK_AUTH_FAILED;
    }
    *out = (struct pk_actor){
        .name = token.name,
        .person = token.person,
        .external = token.external,
        .groups = token.groups,
        .role = (enum pk_role)token.role,
        .how = kind == PK_TOKEN_API ? PK_HOW_BEARER : PK_HOW_SESSION,
        .token_id = token.id,
        .expires_ms = token.expires_ms,
    };
    return pk_scope_text(&out->groups, out->scope, err) < 0 ? PK_AUTH_FAILED : PK_AUTH_OK;
}

static enum pk_auth_result check_bearer(struct pk_store *store, struct pk_attempts *attempts,
        const struct pk_credentials *credentials, int64_t now_ms, struct pk_arena *arena,
        struct pk_actor *out, struct pk_error *err)
{
    const char *token = pk_auth_bearer(credentials->authorization);
    enum pk_auth_result result = PK_AUTH_WRONG;

    if (!pk_attempts_allowed(attempts, PK_TOKEN_API, credentials->address, now_ms)) {
        return PK_AUTH_LIMITED;
    }
    if (token != NULL) {
        result = look_up(store, PK_TOKEN_API, token, true, now_ms, arena, out, err);
    }
    if (result == PK_AUTH_WRONG) {
        pk_attempts_note(attempts, PK_TOKEN_API, credentials->address, now_ms);
        pk_event(PK_WARN, "auth.refused", { "address", credentials->address }, { "how", "bearer" });
    }
    return result;
}

bool pk_auth_cross_site(const struct pk_credentials *c)
{
    static const char scheme[] = "https://";

    if (c->site != NULL && strcmp(c->site, "same-origin") != 0 && strcmp(c->site, "none") != 0) {
        return true;
    }
    return c->origin != NULL &&
            (c->host == NULL || strncmp(c->origin, scheme, strlen(scheme)) != 0 ||
                    strcasecmp(c->origin + strlen(scheme), c->host) != 0);
}

#define RIGHT(name) (1U << PK_RIGHT_##name)

static unsigned rights_of(enum pk_role role)
{
    static const unsigned rights[] = {
        [PK_ROLE_NONE] = RIGHT(NONE),
        [PK_ROLE_VIEWER] = RIGHT(NONE) | RIGHT(VIEW),
        [PK_ROLE_RESPONDER] = RIGHT(NONE) | RIGHT(VIEW) | RIGHT(RESPOND),
        [PK_ROLE_OWNER] = RIGHT(NONE) | RIGHT(VIEW) | RIGHT(RESPOND) | RIGHT(POLICY) |
                RIGHT(PRIVACY) | RIGHT(OWN),
        [PK_ROLE_POLICY] = RIGHT(NONE) | RIGHT(VIEW) | RIGHT(RESPOND) | RIGHT(POLICY),
        [PK_ROLE_PRIVACY] = RIGHT(NONE) | RIGHT(VIEW) | RIGHT(PRIVACY),
    };

    return (unsigned)role < PK_COUNT(rights) ? rights[role] : 0;
}

bool pk_role_may(enum pk_role role, enum pk_right right)
{
    return (rights_of(role) & 1U << right) != 0;
}

bool pk_role_within(enum pk_role role, enum pk_role other)
{
    return (rights_of(role) & ~rights_of(other)) == 0;
}

enum pk_auth_result pk_auth_check(struct pk_store *store, struct pk_attempts *attempts,
        const struct pk_credentials *credentials, enum pk_right wanted, int64_t now_ms,
        struct pk_arena *arena, struct pk_actor *out, struct pk_error *err)
{
    enum pk_auth_result result;

    if (wanted == PK_RIGHT_NONE) {
        *out = (struct pk_actor){ .name = "nobody" };
        return PK_AUTH_OK;
    }
    /* An explicit header outranks the cookie that a browser adds by itself. */
    if (credentials->authorization != NULL) {
        result = check_bearer(store, attempts, credentials, now_ms, arena, out, err);
    } else if (credentials->session != NULL) {
        result = is_token(credentials->session)
                ? look_up(store, PK_TOKEN_SESSION, credentials->session, !credentials->idle, now_ms,
                          arena, out, err)
                : PK_AUTH_WRONG;
    } else {
        return PK_AUTH_NONE;
    }
    if (result != PK_AUTH_OK) {
        return result;
    }
    if (out->how == PK_HOW_SESSION && credentials->changes &&
            (credentials->marker == NULL || strcmp(credentials->marker, "1") != 0 ||
                    pk_auth_cross_site(credentials))) {
        return PK_AUTH_CSRF;
    }
    return pk_role_may(out->role, wanted) ? PK_AUTH_OK : PK_AUTH_ROLE;
}

const char *pk_actor_text(const struct pk_actor *actor, struct pk_arena *arena)
{
    const char *text = actor->name;

    if (actor->how == PK_HOW_BEARER) {
        text = pk_arena_printf(arena, "token %s", actor->name);
    }
    return text != NULL ? text : "unknown";
}

char *pk_auth_cookie(struct pk_arena *arena, const char *secret)
{
    if (secret == NULL) {
        return pk_arena_strdup(
                arena, PK_SESSION_COOKIE "=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
    }
    return pk_arena_printf(arena,
            PK_SESSION_COOKIE "=%s; Path=/; Max-Age=%d; HttpOnly; Secure; SameSite=Strict", secret,
            (int)(PK_SESSION_MS / 1000));
}
