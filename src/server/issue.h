/* issue.h - making the secrets that are shown once: enrolment tokens, sign-in links, API tokens.
 * The store keeps their SHA-256 alone. For the REST calls and for picketd's own command line. All
 * write inside the caller's transaction when one is open; everything lives in the arena. */
#pragma once

#include "store/store.h"

#define PK_ENROLLMENT_TTL_S 900
#define PK_SIGNIN_TTL_S     900

/* label, group, uses, created_by and the two times are the caller's; id and secret_sha256 are set
 * here. *secret: 32 hex digits. */
PK_MUST_USE int pk_issue_enrollment(struct pk_store *store, struct pk_enrollment *enrollment,
        struct pk_arena *arena, const char **secret, struct pk_error *err);
/* kind, name, role and the times are the caller's; id and secret_sha256 are set here. *secret: 64
 * hex digits. */
PK_MUST_USE int pk_issue_token(struct pk_store *store, struct pk_token *token,
        struct pk_arena *arena, const char **secret, struct pk_error *err);

/* What the audit says of them: never the secret. The caller owns it. */
json_t *pk_issue_enrollment_detail(const struct pk_enrollment *enrollment);
json_t *pk_issue_token_detail(const struct pk_token *token);

/* The same as above from the server's own command line: in a transaction of their own, together
 * with their line in the audit. */
PK_MUST_USE int pk_issue_enrollment_here(struct pk_store *store, struct pk_enrollment *enrollment,
        struct pk_arena *arena, const char **secret, struct pk_error *err);
PK_MUST_USE int pk_issue_signin_here(struct pk_store *store, struct pk_token *token,
        struct pk_arena *arena, const char **secret, struct pk_error *err);

#define PK_ISSUE_HERE "command line" /* who did it, as the audit says */
