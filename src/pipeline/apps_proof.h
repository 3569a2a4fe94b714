/* apps_proof.h - the social proof of an app: from the rows of the store to what the judge of reputation asks for
 * (defense/reputation, struct pk_app_proof). Inside the caller's transaction, or outside of one for reading. */
#pragma once

#include "crowd/kanon.h"
#include "defense/reputation/reputation.h"
#include "store/app_proof.h"

/* What a judgement needs to know of the report's app now. Cheap where nothing is in doubt: one row a signer of
 * the package; more is looked up when another signer is more common than the app's own by far, or when
 * reading the file found something against it. kanon: how few devices are not counted aloud. The result lives in
 * the arena. */
PK_MUST_USE int pk_apps_proof(struct pk_store *store, const struct pk_kanon *kanon,
        const struct pk_app_report *report, int64_t now_ms, struct pk_arena *arena,
        struct pk_app_proof *out, struct pk_error *err);

/* The number of devices that have the app has changed: where that crosses a number that judgements look at, files of
 * the package by other signers are to be judged again. *doubt: some are. */
PK_MUST_USE int pk_apps_proof_counted(struct pk_store *store, const char *package, int64_t devices,
        bool *doubt, struct pk_error *err);

/* Is it a number of devices that makes a difference? */
bool pk_apps_proof_is_step(int64_t devices);

/* How copies of an app came, by class; from the rows of pk_app_proof_sources(). */
struct pk_app_ways {
    int64_t store, mdm, hand, other; /* copies */
};
struct pk_app_ways pk_apps_proof_ways(const struct pk_array *brought);
