/* fuse.h - incidents, exposure and the outlook of one device as one number from 0 to 100 with its reasons.
 *
 *     P = 1 - prod over the vectors network, app, cell, device of (1 - rho_v P_v)        evidence of attack
 *     E = sigmoid(-2.2 + sum of what is open)                                            exposure
 *     R = 100 (P + (1 - P) (.35 E + .25 p7 / (p7 + .10)))
 *
 * Attack evidence and exposure are different things: evidence (an interception, malware) can reach 100; exposure (no
 * encryption, old patches) and a prediction alone stay below "high". P_v is that of the vector's strongest incident: its
 * log-odds halve (12 h network, 6 h mast, 30 days app, 14 days device), and after the first half-life its weight does, too, so that
 * old evidence ends at nothing, not at one half. Two incidents of one known chain within a day (a portal, then a profile)
 * make the later one surer. Every part's points are what the score loses without it. Pure. docs/hazard.md */
#pragma once

#include "model/incident.h"
#include "model/risk.h"

struct pk_exposure {
    int64_t patch_days; /* age of the newest security update; -1 unknown */
    enum pk_tri no_encryption;
    enum pk_tri no_screen_lock;
    enum pk_tri developer_mode;
    bool root_signs;
    bool hook_signs;             /* something changes programs while they run */
    enum pk_tri unknown_sources; /* apps from anywhere may be installed */
    double epss;   /* of the worst unpatched vulnerability, 0..1; 0 and less: none is known */
    int64_t at_ms; /* when all this was seen; 0: not known */
};

struct pk_risk_input {
    const struct pk_incident *incidents; /* open and mitigated ones */
    size_t count;
    struct pk_exposure exposure;
    double p7;     /* chance of an attack within 7 days; 0 and less: unknown */
    int64_t p7_ms; /* when it was computed */
    int64_t now_ms;
};

/* Reasons and lists live in the arena. PK_ENOMEM. */
PK_MUST_USE int pk_risk_fuse(
        const struct pk_risk_input *input, struct pk_arena *arena, struct pk_risk *out);

/* Upward at once; downward only by 5 points or after an hour, so that a device on the border does
 * not flicker. before NULL: take fresh as it is. True: fresh is to be stored. */
bool pk_risk_settles(const struct pk_risk *before, const struct pk_risk *fresh);
