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

/* Where the app stands; all unknown for a file that somebody scans. */
struct pk_app_situation {
    int64_t now_ms;        /* for the expiry of exceptions; 0: nothing has expired */
    const char *installer; /* package of the store that installed it; "" by hand; NULL: not known */
    enum pk_tri system;    /* it came with the system */
    const char *device;    /* for exceptions of one device or group; NULL: any */
    const char *group;
};

/* Adds findings: malware.known_bad (with hits), malware.repackaged, malware.sideloaded, malware.unwanted,
 * malware.vulnerable_app ..., marks what exceptions hold back, and draws the verdict. PK_ENOMEM. */
PK_MUST_USE int pk_reputation_judge(struct pk_app_report *report,
        const struct pk_app_knowledge *knowledge, const struct pk_app_situation *situation,
        struct pk_arena *arena);
