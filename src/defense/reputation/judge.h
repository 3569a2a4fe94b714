/* judge.h - one judgement under way. Only the files of this folder include it. */
#pragma once

#include "defense/reputation/lists.h"
#include "defense/reputation/reputation.h"
#include "intel/set.h"

/* Findings that knowledge may add: with the reader's own they stay below what a report may hold. */
#define PK_JUDGE_SAYS_MAX 100UL
#define PK_JUDGE_TEXT_MAX 700UL /* bytes of one text */

/* Rules of findings. What weighs differently has a name of its own. */
#define PK_RULE_INDICATOR     "known/indicator"   /* file or signer */
#define PK_RULE_NAME          "known/name"        /* package */
#define PK_RULE_HOST          "known/host"        /* */
#define PK_RULE_REPACKAGED    "signer/repackaged" /* the package is known, the signer is not */
#define PK_RULE_BROKEN        "signer/broken"     /* changed after its maker signed it */
#define PK_RULE_OTHER         "signer/other"      /* another publisher, in good standing */
#define PK_RULE_RARE          "signer/rare"    /* the fleet knows the package by another signer */
#define PK_RULE_ROTATED       "signer/rotated" /* provably */
#define PK_RULE_CROWD_FILE    "crowd/file"
#define PK_RULE_CROWD_SIGNER  "crowd/signer"
#define PK_RULE_COMMON        "proof/common"
#define PK_RULE_IMPERSONATION "signer/impersonation" /* looks like another app */

struct pk_judge {
    struct pk_app_report *report;
    const struct pk_app_knowledge *knowledge;
    const struct pk_app_situation *situation; /* never NULL */
    struct pk_arena *arena;
    int rc; /* sticky */
    size_t says;
    const char *known_as; /* source that knows its signer for its package; NULL: none */
    const char *common;   /* why its being common speaks for it; NULL: it does not */
    bool foreign;         /* it was said that another than its maker signed it */
};

/* Adds a finding; its texts are copied already. */
void pk_judge_say(struct pk_judge *j, const struct pk_app_finding *finding);
/* Is the signer known for other apps in the reference sets? publisher.c */
bool pk_judge_known_elsewhere(const struct pk_judge *j);
/* A copy that a report may hold: clean UTF-8, at most max bytes; "" when memory is short. */
const char *pk_judge_keep(struct pk_judge *j, const char *text, size_t max);
const char *pk_judge_print(struct pk_judge *j, const char *format, ...) PK_PRINTF(2, 3);
/* Techniques from a list that ends with NULL; constants, not copied. */
struct pk_strings pk_judge_attack(struct pk_judge *j, const char *const *ids);

/* The steps, in this order. */
void pk_judge_known(struct pk_judge *j);     /* known.c: indicators */
void pk_judge_publisher(struct pk_judge *j); /* publisher.c: is it from whom it should be? */
void pk_judge_fleet(struct pk_judge *j);     /* prevalence.c: does the fleet know another signer? */
void pk_judge_crowd(struct pk_judge *j);     /* crowd.c: what all devices together say of it */
void pk_judge_copies(struct pk_judge *j);    /* copies.c: does it pretend to be another app? */
void pk_judge_origin(struct pk_judge *j);    /* judge.c: where did it come from? */
void pk_judge_deny(struct pk_judge *j);      /* listed.c */
void pk_judge_unwanted(struct pk_judge *j);  /* listed.c */
void pk_judge_hold(struct pk_judge *j); /* listed.c: exceptions, allow list, known publishers */
