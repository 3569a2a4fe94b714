/* fuse.h - incidents and exposure of one device as one number from 0 to 100 with its reasons.
 *
 * Attack evidence and exposure are different things: evidence (an interception, malware) is fused
 * by noisy-OR over vectors and can reach 100; exposure (no encryption, old patches) alone stays
 * below "high". Every part's points are what the score loses without it. Pure. */
#pragma once

#include "model/incident.h"
#include "model/risk.h"

struct pk_exposure {
    int64_t patch_days; /* age of the newest security update; -1 unknown */
    enum pk_tri no_encryption;
    enum pk_tri no_screen_lock;
    enum pk_tri developer_mode;
    bool root_signs;
};

struct pk_risk_input {
    const struct pk_incident *incidents; /* open and mitigated ones */
    size_t count;
    struct pk_exposure exposure;
    int64_t now_ms;
};

/* Reasons and lists live in the arena. PK_ENOMEM. */
PK_MUST_USE int pk_risk_fuse(
        const struct pk_risk_input *input, struct pk_arena *arena, struct pk_risk *out);

/* Upward at once; downward only by 5 points or after an hour, so that a device on the border does
 * not flicker. before NULL: take fresh as it is. True: fresh is to be stored. */
bool pk_risk_settles(const struct pk_risk *before, const struct pk_risk *fresh);
