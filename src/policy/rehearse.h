/* rehearse.h - what a policy would have done with what really happened: numbers before it touches anybody. Pure: the
 * caller reads the facts of one device after the other and adds them up. */
#pragma once

#include "policy/facts.h"

struct pk_rehearsal_rule {
    const char *name;
    bool detect;
    int64_t alerts, reminders, merged, held;
    int64_t devices;      /* that it touched at all */
    int64_t measures;     /* begun */
    int64_t admins, siem; /* told */
};

struct pk_rehearsal {
    int64_t from_ms, to_ms;
    int64_t devices; /* with any fact up to to_ms */
    int64_t touched; /* that the policy did anything for */
    int64_t alerts, reminders, merged, held, closed;
    int64_t silent;      /* that only stand in a list: not among alerts */
    int64_t alerts_most; /* in any seven days, of one user */
    int64_t users_alerted;
    double alerts_per_user_week;               /* alerts and reminders, over all devices */
    int64_t measure_ms[PK_MEASURE_COUNT];      /* in force, all devices together */
    int64_t measure_devices[PK_MEASURE_COUNT]; /* that had it for a moment or more */
    int64_t measure_begun[PK_MEASURE_COUNT];
    int64_t measure_now[PK_MEASURE_COUNT]; /* in force at the end */
    int64_t admins, siem;
    struct pk_array rules; /* struct pk_rehearsal_rule, as in the policy; groups' own behind them */
};
/* As REST and CLI show it: hours instead of ms. The caller owns the result. */
json_t *pk_rehearsal_view(const struct pk_rehearsal *rehearsal);

struct pk_rehearse;

/* Acts before from_ms happen, but are not counted. The policy is borrowed. */
PK_MUST_USE int pk_rehearse_create(const struct pk_policy *policy, int64_t from_ms, int64_t to_ms,
        struct pk_rehearse **out, struct pk_error *err);
void pk_rehearse_destroy(struct pk_rehearse *rehearse); /* NULL is fine */

/* All facts of one device, in order. until_ms: how far its own clock has come (now less its lag). */
PK_MUST_USE int pk_rehearse_device(struct pk_rehearse *rehearse, const struct pk_fact *facts,
        size_t count, int64_t until_ms, struct pk_error *err);

/* Strings live in the rehearsal, the list in the arena. */
PK_MUST_USE int pk_rehearse_result(
        const struct pk_rehearse *rehearse, struct pk_arena *arena, struct pk_rehearsal *out);
