/* signin.h - the break-glass door: a name, a password and a one-time code, without an identity provider. */
#pragma once

#include "server/secret.h"
#include "store/people.h"

#define PK_SEAL_FILE "people.key" /* in the state folder */

/* What stands in the form, and where it comes from. */
struct pk_signin_try {
    const char *name;
    const char *password;
    const char *code; /* of the app, or a recovery code */
    const char *address;
    int64_t now_ms;
};

/* Inside a transaction, after the password was found right: takes the code, which then works no more, notes that the
 * person signed in and opens the session. PK_ECRYPTO: the code is wrong or was used; PK_ENOENT: the person is gone or
 * disabled. */
PK_MUST_USE int pk_signin_finish(struct pk_store *store, const uint8_t key[PK_SEAL_KEY],
        const char *person, const struct pk_signin_try *t, struct pk_arena *arena,
        struct pk_token *session, const char **secret, struct pk_error *err);

/* Gives a local person a password and new codes, and makes the person when there is none; role PK_ROLE_NONE: as it is, or
 * owner. Sessions end. In a transaction of its own, with its line in the audit. *url and recovery are shown once. */
PK_MUST_USE int pk_signin_set_password(struct pk_store *store, const uint8_t key[PK_SEAL_KEY],
        const char *server, const char *name, const char *password, enum pk_role role,
        int64_t now_ms, struct pk_arena *arena, const char **url,
        char recovery[PK_RECOVERY_MAX][PK_RECOVERY_TEXT], struct pk_error *err);
/* How a name is looked for: in lower case, in the arena. */
const char *pk_signin_subject(const char *name, struct pk_arena *arena);
