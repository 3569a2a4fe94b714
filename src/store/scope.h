/* scope.h - which groups' devices a store shows. A store with a scope answers every question about
 * devices, and about what belongs to them, as if there were no others: what a scoped person calls
 * cannot forget to ask. Lists that do not know how to be scoped refuse (query.h). Not for writing:
 * what changes things sets the scope aside once it has been settled that it may. */
#pragma once

#include "base/schema.h"
#include "store/store.h"

#define PK_SCOPE_GROUPS_MAX 16
#define PK_SCOPE_GROUP_MAX  64 /* bytes of a group's name */
#define PK_SCOPE_TEXT       (PK_SCOPE_GROUPS_MAX * (PK_SCOPE_GROUP_MAX + 1) + 2)

/* A scope as text: LF, then each group with an LF behind it; "": every group. PK_ELIMIT: too many or too long;
 * PK_EINVAL: a name with a control character. */
PK_MUST_USE int pk_scope_text(
        const struct pk_strings *groups, char out[PK_SCOPE_TEXT], struct pk_error *err);
/* Is the group inside? */
bool pk_scope_has(const char *scope, const char *group);
/* Is every group of inner (as text) inside outer? An empty inner is everything. */
bool pk_scope_within(const char *inner, const char *outer);

/* From now on, until it is set again. text is copied; NULL or "": everything. */
void pk_store_scope(struct pk_store *store, const char *text);
/* What is set; "": everything. Good until it is set again. */
const char *pk_store_scope_text(const struct pk_store *store);

/* SQL: the group that expr gives is inside the scope that parameter p holds. */
#define PK_SCOPE_SQL(p, expr) \
    "(" p " = '' OR replace(" p ", '\n' || " expr " || '\n', '') <> " p ")"
/* SQL: the device that expr names is. */
#define PK_SCOPE_DEVICE_SQL(p, expr)                                                             \
    "(" p " = '' OR " expr " IN (SELECT scoped.id FROM devices scoped WHERE replace(" p ", '\n'" \
    " || scoped.grp || '\n', '') <> " p "))"
