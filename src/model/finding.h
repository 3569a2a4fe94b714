/* finding.h - "this fact is (probably) this threat", or "the cause of this threat is gone". */
#pragma once

#include "base/schema.h"
#include "model/threat.h"

struct pk_finding {
    const struct pk_threat *threat;
    bool cleared;        /* the cause is gone; confidence and evidence are unused */
    bool simulated;      /* a drill: nothing happened */
    const char *subject; /* network id, host, app, or "device" */
    /* One of several causes of the same thing, such as one intercepted host of a network: the
     * incident ends when the last part is cleared. NULL: the whole. */
    const char *part;
    double confidence; /* 0..1 */
    const char *rule;  /* "network.arp_spoof/two-holders": leads to docs and test */
    json_t *evidence;  /* object; owned by the arena the finding was made in */
    int64_t at_ms;     /* of the observation */
};

/* Findings of one observation: few. */
#define PK_FINDINGS_MAX 32
struct pk_findings {
    size_t count;
    struct pk_finding items[PK_FINDINGS_MAX];
};

/* Adds a finding; evidence (may be NULL) is taken over and released with the arena, also on
 * failure. PK_ELIMIT when the list is full, PK_ENOENT when the threat is not in the catalogue. */
int pk_findings_add(struct pk_findings *list, struct pk_arena *arena, const char *threat,
        const char *subject, double confidence, const char *rule, json_t *evidence, int64_t at_ms);
int pk_findings_clear(
        struct pk_findings *list, const char *threat, const char *subject, int64_t at_ms);

/* Names the part of the finding that was added last. */
void pk_findings_part(struct pk_findings *list, const char *part);

/* As the agent's events and replay print it (without "at" and "event"). The caller owns it. */
json_t *pk_finding_encode(const struct pk_finding *finding);
