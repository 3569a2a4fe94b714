/* score.h - one number for how well the organisation's devices are, today. Pure.
 *
 *   score = 30 activation + 45 risk + 25 patches
 *
 * activation: the share of enrolled devices that were heard of within 7 days. risk: the mean over all devices of
 * 1 (low), .8 (guarded), .3 (high) and 0 (critical). patches: the mean of 1 for a security patch of at most 45 days,
 * falling to 0 at 180 days; a device whose patch is unknown counts as one half. Only what is true now counts: a
 * threat that ended costs nothing any more, so that mending shows at once. */
#pragma once

#include "store/trends.h"

#define PK_SCORE_ACTIVATION 30
#define PK_SCORE_RISK       45
#define PK_SCORE_PATCHES    25

struct pk_score {
    int total;                        /* 0..100; -1: there are no devices */
    double activation, risk, patches; /* of the most above */
};

void pk_score_of(const struct pk_fleet_state *state, struct pk_score *out);

/* What a device of this level (enum pk_risk_level) counts in the mean: 0..1. */
double pk_score_weight(int level);
