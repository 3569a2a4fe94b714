/* auth.h - who calls: bearer tokens of programs and the session cookie of people.
 *
 * Secrets are 256 random bits; the store keeps their SHA-256 alone. Wrong bearer and one-time
 * tokens are counted per address and refused unseen above PK_ATTEMPTS_MAX a minute; each kind by
 * itself, so that a program with an old token does not lock out the people behind the same
 * address, and stale cookies, which browsers send by themselves, are not counted at all. */
#pragma once

#include "base/crypt.h"
#include "server/attempts.h"
#include "store/scope.h"
#include "store/store.h"

#define PK_SESSION_COOKIE "__Host-picket"
#define PK_SESSION_MS     (INT64_C(12) * 3600000)
#define PK_SECRET_HEX     65 /* 64 digits and the NUL */

enum pk_actor_how {
    PK_HOW_NOBODY,
    PK_HOW_BEARER,
    PK_HOW_SESSION,
};

/* What a call asks for. Roles are sets of rights, not steps of a ladder. */
enum pk_right {
    PK_RIGHT_NONE,    /* everyone, also nobody */
    PK_RIGHT_VIEW,    /* devices, incidents, apps, networks, the crowd */
    PK_RIGHT_RESPOND, /* dismiss, reopen, exceptions, scans, simulated threats */
    PK_RIGHT_POLICY,  /* policies, texts, alert rules, lists of apps */
    PK_RIGHT_PRIVACY, /* who looked, export, erasure, audit */
    PK_RIGHT_OWN,     /* people, tokens, enrolment, integrations */
};
/* May this role do that? */
bool pk_role_may(enum pk_role role, enum pk_right right);
/* Has a role no right that another has not? Nobody gives more than they have. */
bool pk_role_within(enum pk_role role, enum pk_role other);

struct pk_actor {
    const char *name; /* of the person or of the token */
    enum pk_role role;
    enum pk_actor_how how;
    const char *token_id;
    const char *external;      /* session of the identity provider; NULL: none */
    const char *person;        /* id in the table of people; NULL: none */
    struct pk_strings groups;  /* whose devices it sees; none: all */
    char scope[PK_SCOPE_TEXT]; /* the same as the store takes it */
    int64_t expires_ms;        /* 0: never */
};

/* What a request brings along. NULL: absent. */
struct pk_credentials {
    const char *authorization;
    const char *session; /* value of the cookie */
    const char *marker;  /* X-Picket-Request */
    const char *origin;  /* Origin */
    const char *host;    /* Host */
    const char *site;    /* Sec-Fetch-Site */
    const char *address;
    bool changes; /* the method is not GET */
    bool idle;    /* what a page asks by itself: no use of a session */
};

enum pk_auth_result {
    PK_AUTH_OK,
    PK_AUTH_NONE,    /* 401: nothing was shown */
    PK_AUTH_WRONG,   /* 401: unknown, expired or malformed */
    PK_AUTH_CSRF,    /* 403: a cookie without the marker, or from another origin */
    PK_AUTH_ROLE,    /* 403: known, but may not */
    PK_AUTH_LIMITED, /* 429 */
    PK_AUTH_FAILED,  /* the store could not say; *err */
};

/* Strings of *out live in the arena. PK_RIGHT_NONE asks nothing and lets everyone in as
 * nobody. *out is written on PK_AUTH_OK and PK_AUTH_ROLE only. */
enum pk_auth_result pk_auth_check(struct pk_store *store, struct pk_attempts *attempts,
        const struct pk_credentials *credentials, enum pk_right wanted, int64_t now_ms,
        struct pk_arena *arena, struct pk_actor *out, struct pk_error *err);

/* As the audit names it: "anna", "token ci". Lives in the arena; never NULL. */
const char *pk_actor_text(const struct pk_actor *actor, struct pk_arena *arena);

/* The token of "Bearer TOKEN" (RFC 6750, scheme in any case), or NULL when the header is of
 * another scheme or its token is empty, too long or has other characters than b64token. */
const char *pk_auth_bearer(const char *authorization);

/* Did a page of another origin, or of none that can be told, ask for this? A browser says so by Sec-Fetch-Site
 * and Origin; programs send neither. */
bool pk_auth_cross_site(const struct pk_credentials *credentials);

void pk_auth_hash(const char *secret, char out[PK_SHA256_HEX]);

/* Set-Cookie value that sets the session, or ends it when secret is NULL. */
char *pk_auth_cookie(struct pk_arena *arena, const char *secret);
