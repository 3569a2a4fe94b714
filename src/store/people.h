/* people.h - people who sign in, their sessions, and sign-ins at the identity provider that have begun.
 * The rules of store.h hold: one connection, one thread; what writes joins the caller's transaction. */
#pragma once

#include "store/store.h"

struct pk_person {
    const char *id;
    const char *name;
    const char *mail; /* NULL unknown */
    int role;         /* enum pk_role */
    struct pk_strings groups;
    const char *issuer;   /* of the identity provider; "": known here alone */
    const char *subject;  /* who that is there; here the name */
    const char *password; /* its hash (server/secret.h), NULL: none */
    const char *totp;     /* sealed, NULL: none */
    int64_t totp_step;    /* newest step that was used */
    int64_t created_ms;
    const char *created_by;
    int64_t seen_ms;     /* signed in last; 0: never */
    int64_t disabled_ms; /* 0: not */
};

/* PK_EEXIST: issuer and subject are taken. */
PK_MUST_USE int pk_person_add(
        struct pk_store *store, const struct pk_person *person, struct pk_error *err);
PK_MUST_USE int pk_person_get(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_person *out, struct pk_error *err);
PK_MUST_USE int pk_person_find(struct pk_store *store, const char *issuer, const char *subject,
        struct pk_arena *arena, struct pk_person *out, struct pk_error *err);
/* Writes everything but id, issuer, subject and created_*; role and groups also where they are signed in. */
PK_MUST_USE int pk_person_put(
        struct pk_store *store, const struct pk_person *person, struct pk_error *err);
/* With their sessions and links. */
PK_MUST_USE int pk_person_remove(struct pk_store *store, const char *id, struct pk_error *err);
/* filters: role name issuer q; sorts: name created_at last_seen_at; default name. items: struct
 * pk_person. */
PK_MUST_USE int pk_person_list(struct pk_store *store, const struct pk_query *query,
        struct pk_arena *arena, struct pk_page *out, struct pk_error *err);
/* Owners of everything, not disabled, but this one. */
PK_MUST_USE int pk_person_other_owners(
        struct pk_store *store, const char *id, int64_t *out, struct pk_error *err);
/* Uses a step of the one-time password once, also when two come at the same moment. PK_ENOENT: it or a later
 * one was used. */
PK_MUST_USE int pk_person_use_step(
        struct pk_store *store, const char *id, int64_t step, struct pk_error *err);

/* ---- sessions ---------------------------------------------------------------------------------- */

#define PK_SESSIONS_MAX 500

/* Whose sessions. person: of this one; else of whoever is called name and is not in the table of people;
 * both NULL: everybody's. */
struct pk_session_of {
    const char *person;
    const char *name;
};
/* Live ones, newest first, at most PK_SESSIONS_MAX; items: struct pk_token. */
PK_MUST_USE int pk_session_list(struct pk_store *store, const struct pk_session_of *of,
        int64_t now_ms, struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* Ends them, and links that would open more; *count: how many. */
PK_MUST_USE int pk_session_end(struct pk_store *store, const struct pk_session_of *of,
        int64_t *count, struct pk_error *err);
/* Ends what the provider's session opened: all of the person (sid NULL), or those of sid. */
PK_MUST_USE int pk_session_end_external(struct pk_store *store, const char *person, const char *sid,
        int64_t *count, struct pk_error *err);

/* ---- sign-ins at the provider that have begun ---------------------------------------------------- */

struct pk_signin {
    const char *state; /* SHA-256 of it */
    const char *nonce;
    const char *verifier;
    const char *back; /* SHA-256 of the cookie that it is bound to */
    int64_t created_ms;
};
/* Also forgets those from before. PK_ELIMIT: too many have begun. */
PK_MUST_USE int pk_signin_add(struct pk_store *store, const struct pk_signin *signin,
        int64_t before_ms, struct pk_error *err);
/* Takes it: it works once. PK_ENOENT: unknown, used, or from before. */
PK_MUST_USE int pk_signin_take(struct pk_store *store, const char *state, int64_t before_ms,
        struct pk_arena *arena, struct pk_signin *out, struct pk_error *err);
