/* oidc_internal.h - what oidc.c and oidc_fetch.c share. */
#pragma once

#include <pthread.h>

#include "server/jwt.h"
#include "server/oidc.h"

struct pk_oidc {
    const struct pk_sso_settings *settings;
    struct pk_strings algorithms;
    char *secret;           /* NULL: a public client */
    char *ca;               /* PEM text, NULL: the system's roots */
    pthread_mutex_t lock;   /* of all below; held while something is fetched */
    struct pk_arena *arena; /* of place; NULL: not known yet */
    struct pk_oidc_place place;
    int64_t place_ms;
    int64_t failed_ms; /* the provider could not be reached: not asked again at once */
    struct pk_jwks *jwks;
    int64_t jwks_ms;
};

/* A copy of the place in the arena. Fetches what is not known or too old. */
PK_MUST_USE int pk_oidc_place_now(struct pk_oidc *oidc, int64_t now_ms, struct pk_arena *arena,
        struct pk_oidc_place *out, struct pk_error *err);
/* Trades the code for tokens; both live in the arena. *access is NULL when none came. */
PK_MUST_USE int pk_oidc_trade(struct pk_oidc *oidc, const struct pk_oidc_place *place,
        const char *code, const char *verifier, const char *redirect, struct pk_arena *arena,
        const char **id_token, const char **access, struct pk_error *err);
/* Judges a token with the provider's keys; fetches them anew for a kid that is not known, once a minute. */
PK_MUST_USE int pk_oidc_judge(struct pk_oidc *oidc, const struct pk_oidc_place *place,
        const char *token, const struct pk_jwt_rules *rules, struct pk_arena *arena,
        json_t **claims, struct pk_error *err);
