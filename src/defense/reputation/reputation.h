/* reputation.h - what is known about an app beyond its own content: is it in the indicators, is it from
 * the signer that it pretends to be from, where did it come from, what does the organisation say of it?
 *
 * Pure: knowledge, situation and time are arguments. Used by whoever asked the sandboxed reader: the
 * server, `picket scan`, the agent. Findings are added to the report, and the verdict is drawn again
 * (model/app_verdict.h). Holds no parser of attackers' files. */
#pragma once

#include "model/app_report.h"

struct pk_intel_set; /* intel/set.h: indicators, known signers, reference apps */
struct pk_app_lists; /* lists.h: the organisation's allow and deny lists, exceptions, unwanted-app rules */

struct pk_app_knowledge {
    const struct pk_intel_set *const *sets; /* ends with NULL; may be NULL */
    const struct pk_app_lists *lists;       /* NULL: none */
};

/* How a package is signed on the devices of the fleet: one row a signer. */
struct pk_app_prevalence {
    const char *cert;      /* SHA-256 */
    int64_t devices;       /* that have the package by this signer */
    int64_t store_devices; /* of these, where a store installed it */
};

/* Where the app stands; all unknown for a file that somebody scans. */
struct pk_app_situation {
    int64_t now_ms;        /* for the expiry of exceptions; 0: nothing has expired */
    const char *installer; /* package of the store that installed it; "" by hand; NULL: not known */
    enum pk_tri system;    /* it came with the system */
    const char *
            device; /* NULL: no device in particular; then only exceptions with scope "all" count */
    const char *group;
    const struct pk_app_prevalence
            *fleet; /* of its package, its own signer among them; NULL: not known */
    size_t fleet_count;
};

/* Adds findings and hits, marks what exceptions, the allow list and known publishers hold back, and draws the
 * verdict. What an earlier judgement added goes first, so a report may be judged again when the knowledge or the
 * situation has changed. Texts are copied into the arena. knowledge and situation may be NULL. PK_ENOMEM.
 *
 * The findings and their rules:
 *   malware.known_bad, or what the category of the indicator says (malware.stalkerware ...)
 *       known/indicator: the file or its signer; known/name: the package; known/host: a host it names
 *   malware.repackaged
 *       signer/repackaged: the package is known, its signer is not; signer/broken: changed after it was signed
 *       signer/impersonation: name and icon are those of another app
 *       signer/rare: the fleet knows the package by another signer
 *   signer.rotated, signer.other, signer.missing: facts without weight
 *   malware.sideloaded (origin/sideloaded): without weight
 *   malware.unwanted
 *       lists/deny; unwanted/ID: a rule of the organisation */
PK_MUST_USE int pk_reputation_judge(struct pk_app_report *report,
        const struct pk_app_knowledge *knowledge, const struct pk_app_situation *situation,
        struct pk_arena *arena);
