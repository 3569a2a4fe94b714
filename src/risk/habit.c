#include "risk/habit.h"

#include <math.h>
#include <string.h>

#include "risk/hazard_state.h"

#define OPEN_HALF   21 /* days: of the counter of open joins */
#define RISKY_WEEK  5.0
#define RISKY_TIMES 3.0
#define CALM_WEEK   3.0
#define CALM_TIMES  2.0
#define IGNORED_MIN 3

bool pk_habit_of(
        const struct pk_hazard *hazard, uint64_t device, int64_t now_s, struct pk_habit *out)
{
    const struct state *s = pk_rows_find(&hazard->devices, device);
    double x[PK_HAZARD_TERMS];
    float c[COUNTERS];
    double usual;

    if (s == NULL || !pk_hazard_inputs(hazard, device, now_s, x)) {
        return false;
    }
    memcpy(c, s->c, sizeof(c));
    pk_hazard_state_fade(c, now_s - (int64_t)s->last_s);
    /* The term is the logarithm of joins a day, and the fleet's mean of it is what is usual. */
    usual = 7 * exp(hazard->mean[PK_HAZARD_pub_rate]);
    *out = (struct pk_habit){ .days = (double)(now_s - s->first_day * DAY_S) / (double)DAY_S };
    out->open_week = 7 * (double)c[PUB30] / pk_hazard_days_worth(out->days, OPEN_HALF);
    out->times = out->open_week / (usual > 0.1 ? usual : 0.1);
    return true;
}

bool pk_habit_is_risky(const struct pk_habit *habit, bool before)
{
    return habit->days >= PK_HABIT_DAYS_MIN &&
            habit->open_week >= (before ? CALM_WEEK : RISKY_WEEK) &&
            habit->times >= (before ? CALM_TIMES : RISKY_TIMES);
}

bool pk_habit_ignores(const struct pk_habit_warnings *warnings, bool before)
{
    return warnings->ignored + warnings->overdue >= (before ? 1 : IGNORED_MIN);
}
