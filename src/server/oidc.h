/* oidc.h - signing in by an OpenID provider: authorization code with PKCE, and nothing else (OpenID Connect Core 1.0,
 * RFC 6749, RFC 7636, RFC 9207, RFC 9700).
 *
 * A sign-in that has begun is a row of the store (state, nonce, verifier), bound to the browser by a cookie, good for
 * ten minutes and once. People are known by issuer and subject, never by mail. */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "server/settings.h"
#include "store/store.h"

#define PK_OIDC_COOKIE     "__Host-picket-signin"
#define PK_OIDC_BEGIN_MS   (INT64_C(10) * 60000)
#define PK_OIDC_KEEP_MS    (INT64_C(3600) * 1000) /* discovery */
#define PK_OIDC_REFETCH_MS INT64_C(60000)         /* keys, for a kid that is not known */

struct pk_oidc;
struct pk_request;
struct pk_server;

/* Reads the client's secret and the roots; fetches nothing. settings NULL: *out is NULL. */
PK_MUST_USE int pk_oidc_create(
        const struct pk_sso_settings *settings, struct pk_oidc **out, struct pk_error *err);
void pk_oidc_destroy(struct pk_oidc *oidc);

void pk_oidc_start_handler(struct pk_request *request, void *context);
void pk_oidc_callback_handler(struct pk_request *request, void *context);
void pk_oidc_backchannel_handler(struct pk_request *request, void *context);

/* Where a browser goes on to sign out at the provider, too; NULL: there is no such place, or it cannot be asked. */
const char *pk_oidc_logout_url(struct pk_server *server, struct pk_arena *arena);

/* ---- parts, for this room's files and for tests -------------------------------------------------------- */

/* What a person may do, by the claims of an ID token. role PK_ROLE_NONE: is not let in. */
struct pk_oidc_grant {
    enum pk_role role;
    struct pk_strings groups;
};
struct pk_oidc_grant pk_oidc_grant_of(const struct pk_sso_settings *settings, const json_t *claims);

/* The provider as it says it is. Strings live as long as the struct's owner says. */
struct pk_oidc_place {
    const char *authorization;
    const char *token;
    const char *jwks;
    const char *end_session; /* NULL: none */
    bool tells_issuer;       /* RFC 9207: the answer must name the issuer */
};
/* Reads a discovery document; PK_EPEER: it is of another issuer, or a place is none that we go to. */
PK_MUST_USE int pk_oidc_place_of(const json_t *document, const char *issuer, struct pk_arena *arena,
        struct pk_oidc_place *out, struct pk_error *err);
