#include "server/score.h"

#include <math.h>

double pk_score_weight(int level)
{
    static const double weights[] = { 1, .8, .3, 0 };

    return level >= 0 && level < (int)PK_COUNT(weights) ? weights[level] : 0;
}

void pk_score_of(const struct pk_fleet_state *state, struct pk_score *out)
{
    double devices = (double)state->devices;
    double safe = 0;

    *out = (struct pk_score){ .total = -1 };
    if (state->devices == 0) {
        return;
    }
    for (int i = 0; i < (int)PK_COUNT(state->levels); i++) {
        safe += (double)state->levels[i] * pk_score_weight(i);
    }
    out->activation = PK_SCORE_ACTIVATION * (double)state->active / devices;
    out->risk = PK_SCORE_RISK * fmin(1, safe / devices);
    out->patches = PK_SCORE_PATCHES *
            fmin(1,
                    (state->fresh + (devices - fmin(devices, (double)state->patched)) / 2) /
                            devices);
    out->total = (int)lround(out->activation + out->risk + out->patches);
}
