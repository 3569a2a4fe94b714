/* app_proof.h - how common apps are in the organisation's own fleet: exact numbers, drawn from the rows of
 * store/apps.h when they are asked for. What is asked for at every judgement is bounded by `limit`.
 *
 * The rules of store.h hold. */
#pragma once

#include "store/apps.h"

/* Devices that tell their apps. */
PK_MUST_USE int pk_app_proof_fleet(struct pk_store *store, int64_t *out, struct pk_error *err);

/* Who signed the package, most devices first. items: struct pk_app_row. */
PK_MUST_USE int pk_app_proof_signings(struct pk_store *store, const char *package, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);

/* Present copies, by what brought them. */
struct pk_app_brought {
    const char *installer; /* "" by hand, NULL not known */
    int system;            /* enum pk_tri */
    int64_t copies;
    int64_t packages; /* different ones */
    int64_t first_ms; /* since when the longest of them is there */
    int64_t last_ms;  /* and the newest */
};
/* Of an app (package and signer), from at most limit copies. items: struct pk_app_brought. */
PK_MUST_USE int pk_app_proof_sources(struct pk_store *store, const char *app, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* Of everything by a signer. */
PK_MUST_USE int pk_app_proof_signer(struct pk_store *store, const char *signer, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);

/* Copies of an app that came since then. */
PK_MUST_USE int pk_app_proof_since(struct pk_store *store, const char *app, int64_t since_ms,
        int64_t *out, struct pk_error *err);

/* Devices in good standing (in force, without another serious incident that is open) that were
 * enrolled before then and have the file since before then; counts up to limit. */
PK_MUST_USE int pk_app_proof_settled(struct pk_store *store, const char *sha256, int64_t before_ms,
        int64_t limit, int64_t *out, struct pk_error *err);

/* ---- to be judged again ------------------------------------------------------------------------- */

/* Files that devices have of this package, but for those of its most common signer; at most limit.
 * *count: how many. */
PK_MUST_USE int pk_app_proof_doubt_package(struct pk_store *store, const char *package,
        int64_t limit, int64_t *count, struct pk_error *err);
/* Files whose hash, or whose signer's, begins with these hex digits (16 of them). */
PK_MUST_USE int pk_app_proof_doubt_file(
        struct pk_store *store, const char *digits, int64_t *count, struct pk_error *err);
PK_MUST_USE int pk_app_proof_doubt_signer(
        struct pk_store *store, const char *digits, int64_t *count, struct pk_error *err);
/* Files in a bad standing that at least so many devices have, judged before then; at most limit. Time alone speaks
 * for or against them. */
PK_MUST_USE int pk_app_proof_doubt_old(struct pk_store *store, int64_t devices,
        int64_t judged_before_ms, int64_t limit, int64_t *count, struct pk_error *err);

/* Some devices that have the file. items: const char *, at most limit. */
PK_MUST_USE int pk_app_proof_holders(struct pk_store *store, const char *sha256, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
