/* mistakes.h - what people called a mistake. An entry that is taken back stays as one that has expired. All
 * functions as in store.h.
 *
 * With a scope (scope.h) the list and pk_mistake_get() show what concerns its devices: entries for its groups and devices,
 * and those for everybody that are about no single thing or about one that an incident of its devices is about. */
#pragma once

#include "model/mistake.h"
#include "store/store.h"

PK_MUST_USE int pk_mistake_add(
        struct pk_store *store, const struct pk_mistake *mistake, struct pk_error *err);
PK_MUST_USE int pk_mistake_get(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_mistake *out, struct pk_error *err);
/* It ends now. PK_ENOENT: there is none, or it has ended already. */
PK_MUST_USE int pk_mistake_end(
        struct pk_store *store, const char *id, int64_t now_ms, struct pk_error *err);
/* One more incident was dismissed by it. */
PK_MUST_USE int pk_mistake_used(
        struct pk_store *store, const char *id, int64_t at_ms, struct pk_error *err);
/* About a threat, not expired at that time. items: struct pk_mistake. */
PK_MUST_USE int pk_mistake_of_threat(struct pk_store *store, const char *threat, int64_t now_ms,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* That expired within (from, to]. items: struct pk_mistake. */
PK_MUST_USE int pk_mistake_expired(struct pk_store *store, int64_t from_ms, int64_t to_ms,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* filters: scope threat subject rule active(yes|no) q; sorts: created_at expires_at uses; default -created_at. items:
 * struct pk_mistake. */
PK_MUST_USE int pk_mistake_list(struct pk_store *store, const struct pk_query *query,
        struct pk_arena *arena, struct pk_page *out, struct pk_error *err);

/* Incidents that an entry may be about, by id > after: open and mitigated ones, or those that it dismissed. Whether
 * it really fits is for pk_mistake_fits() to say. items: struct pk_incident. */
PK_MUST_USE int pk_mistake_candidates(struct pk_store *store, const struct pk_mistake *mistake,
        bool dismissed, const char *after, int64_t limit, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err);
