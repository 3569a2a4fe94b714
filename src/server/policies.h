/* policies.h - the policy in force and those before it: who works with one when another is loaded goes
 * on with it. One thread loads; what comes out may be read by all. */
#pragma once

#include "policy/policy.h"
#include "store/store.h"

struct pk_policies;

struct pk_policies *pk_policies_create(void);           /* NULL: memory is short */
void pk_policies_destroy(struct pk_policies *policies); /* NULL is fine */

#define PK_POLICY_TEXT_MAX (256UL * 1024)
#define PK_POLICY_DOCUMENT "policy" /* of the store: the organisation's own, every version kept */

/* Reads the file; NULL: the newest version in the store, else the built-in policy. On success *out is in force until the next call and can be
 * read for an hour beyond that; on failure nothing changes. */
PK_MUST_USE int pk_policies_load(struct pk_policies *policies, const char *file,
        struct pk_store *store, int64_t now_ms, const struct pk_policy **out, struct pk_error *err);
