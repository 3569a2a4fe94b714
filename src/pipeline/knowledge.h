/* knowledge.h - by what apps are judged: the set of indicators, the organisation's lists, and its
 * exceptions. A snapshot, read-only and counted; the shelf holds the newest one and is swapped whole. */
#pragma once

#include "crowd/kanon.h"
#include "defense/reputation/lists.h"
#include "defense/reputation/reputation.h"
#include "store/apps.h"

struct pk_knowledge;
struct pk_shelf;

/* Names of what the store keeps for it. */
#define PK_RULES_DOCUMENT "app-rules"
#define PK_INTEL_DOCUMENT "intel" /* who put the set there, and when */
#define PK_INTEL_BLOB     "intel"

/* Grows with every change of what apps are judged by; inside the transaction of the change. */
PK_MUST_USE int pk_knowledge_number_get(struct pk_store *store, int64_t *out, struct pk_error *err);
PK_MUST_USE int pk_knowledge_number_grow(struct pk_store *store, struct pk_error *err);

/* Reads everything from the store. The set of before is taken over when it is still the same one (NULL is
 * fine); builtin is asked behind it. The caller owns one count of *out. */
PK_MUST_USE int pk_knowledge_load(struct pk_store *store, const struct pk_knowledge *before,
        const struct pk_intel_set *builtin, int64_t now_ms, struct pk_knowledge **out,
        struct pk_error *err);
struct pk_knowledge *pk_knowledge_ref(struct pk_knowledge *knowledge);
void pk_knowledge_unref(struct pk_knowledge *knowledge); /* NULL is fine */

const struct pk_app_knowledge *pk_knowledge_apps(const struct pk_knowledge *knowledge);
int64_t pk_knowledge_number(const struct pk_knowledge *knowledge);
/* The set that the store holds; NULL: none. */
const struct pk_intel_set *pk_knowledge_set(const struct pk_knowledge *knowledge);
/* When the next exception or list entry expires; 0: never. */
int64_t pk_knowledge_expires(const struct pk_knowledge *knowledge);
/* Does anything in it depend on the device or its group, or on where an app came from? */
bool pk_knowledge_is_local(const struct pk_knowledge *knowledge);

/* Rows of the store as the lists know them: for the check of a new one, too. Borrowed from row and arena. */
PK_MUST_USE int pk_knowledge_exception(const struct pk_exception_row *row, struct pk_arena *arena,
        struct pk_app_exception *out, struct pk_error *err);

/* By how many devices a word of the crowd must be borne before it is counted aloud: the shelf's that it stood on, else
 * the default. NULL is fine. */
const struct pk_kanon *pk_knowledge_kanon(const struct pk_knowledge *knowledge);

/* Any thread. builtin: a set that is asked besides the store's (borrowed); NULL: none. kanon is copied. */
PK_MUST_USE int pk_shelf_create(
        const struct pk_intel_set *builtin, const struct pk_kanon *kanon, struct pk_shelf **out);
const struct pk_intel_set *pk_shelf_builtin(const struct pk_shelf *shelf); /* NULL: none */
void pk_shelf_destroy(struct pk_shelf *shelf);                             /* NULL is fine */
struct pk_knowledge *pk_shelf_take(struct pk_shelf *shelf); /* counted; NULL: nothing is known */
void pk_shelf_put(
        struct pk_shelf *shelf, struct pk_knowledge *knowledge); /* takes the count over */
