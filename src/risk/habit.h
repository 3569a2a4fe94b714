/* habit.h - how a device behaves, in numbers that name no place, network or hour. Pure. */
#pragma once

#include "risk/hazard.h"

/* Joins of networks that are open to all, beside those of the fleet. */
struct pk_habit {
    double open_week; /* such joins a week, over about three weeks */
    double times;     /* times what is usual in the fleet */
    double days;      /* since it was heard of first */
};
/* false: the device is not known. */
bool pk_habit_of(
        const struct pk_hazard *hazard, uint64_t device, int64_t now_s, struct pk_habit *out);

#define PK_HABIT_DAYS_MIN 14 /* before that nobody has a habit */
/* Far above usual: from 5 joins a week and 3 times the usual on; until it is below 3 a week or 2 times (before: it was). */
bool pk_habit_is_risky(const struct pk_habit *habit, bool before);

/* What became of the warnings on a device. */
struct pk_habit_warnings {
    int64_t ignored; /* passed by in the last 30 days */
    int64_t overdue; /* open for more than 14 days */
    int64_t told;    /* all of the last 90 days */
};
/* From 3 ignored and overdue ones on; until there is none (before: it was). */
bool pk_habit_ignores(const struct pk_habit_warnings *warnings, bool before);
