/* sessions.h - opening a session, however somebody has shown who they are. */
#pragma once

#include "store/people.h"

/* Inside the caller's transaction: writes the session and its line in the audit. who: name, role, groups, person,
 * address, external, created_ms; id, times and secret are set here. how: "link", "password", "sso". *secret: the
 * value of the cookie. */
PK_MUST_USE int pk_session_begin(struct pk_store *store, struct pk_token *who, const char *how,
        struct pk_arena *arena, const char **secret, struct pk_error *err);
/* A line in the audit about a sign-in that was refused, and an event in the log; best effort. */
void pk_session_refused(struct pk_store *store, const char *name, const char *how,
        const char *address, int64_t now_ms, const char *why);
/* Ends the session of a cookie that the browser had before; PK_OK when there is none. */
PK_MUST_USE int pk_session_drop(struct pk_store *store, const char *cookie, int64_t now_ms,
        struct pk_arena *arena, struct pk_error *err);
/* What of a person goes into the session. */
struct pk_token pk_session_of_person(
        const struct pk_person *person, const char *address, int64_t now_ms);
