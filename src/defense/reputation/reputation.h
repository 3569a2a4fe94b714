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
    int64_t store_devices; /* of these, where a public store or the system brought it */
    int64_t mdm_devices;   /* of these, where device management did */
    int64_t packages; /* that stores, the system or device management brought by this signer; 0: not asked */
    int64_t installs; /* of those packages, on all devices */
};

/* What all devices together think of a file or a signer. */
struct pk_app_word {
    bool bad;
    double log_odds;
    int64_t devices; /* that speak against it; 0: too few to be told */
    int64_t groups;  /* independent ones of them */
    int64_t since_ms;
};

/* What the numbers say of an app: its social proof. Counted in the organisation's own fleet, but for the words, which
 * are the crowd's. */
struct pk_app_proof {
    int64_t fleet;         /* devices that tell their apps */
    int64_t file_devices;  /* that have this very file */
    int64_t file_settled;  /* of these, in good standing and for PK_PROOF_SETTLED_MS or longer */
    int64_t file_first_ms; /* 0: not known */
    const struct pk_app_prevalence *signers; /* of its package, its own among them */
    size_t signer_count;
    const struct pk_strings
            *usual; /* permissions of the package by its most common signer; NULL: not known */
    struct pk_app_word file;
    struct pk_app_word signer;
};
#define PK_PROOF_SETTLED_MS (INT64_C(5) * 86400000)
#define PK_PROOF_SETTLED    20 /* so many such devices speak for a file */

/* Where the app stands; all unknown for a file that somebody scans. */
struct pk_app_situation {
    int64_t now_ms;        /* for the expiry of exceptions; 0: nothing has expired */
    const char *installer; /* package of the store that installed it; "" by hand; NULL: not known */
    enum pk_tri system;    /* it came with the system */
    const char *
            device; /* NULL: no device in particular; then only exceptions with scope "all" count */
    const char *group;
    const struct pk_app_proof *proof; /* NULL: nothing is known */
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
 *       signer/rare: nearly all other devices have the package by another signer
 *   malware.crowd
 *       crowd/file, crowd/signer: independent devices had trouble with it
 *   signer.rotated, signer.other, signer.missing: facts without weight
 *   proof.common (proof/common): many have had this very file for days; holds weak opinions back
 *   malware.sideloaded (origin/sideloaded): without weight
 *   malware.unwanted
 *       lists/deny; unwanted/ID: a rule of the organisation */
PK_MUST_USE int pk_reputation_judge(struct pk_app_report *report,
        const struct pk_app_knowledge *knowledge, const struct pk_app_situation *situation,
        struct pk_arena *arena);
