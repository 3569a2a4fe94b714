/* trends.h - the state of the fleet at one moment, by group, and its history by day.
 *
 * A store with a scope (scope.h) gives the states and findings of its groups alone; the days that are written down
 * are of everybody. Times are ms; a day is a number of days since 1970-01-01 UTC. */
#pragma once

#include "store/store.h"

struct pk_fleet_state {
    const char *group;  /* "": all */
    int64_t devices;    /* enrolled and not revoked */
    int64_t active;     /* of them, heard of within PK_DEVICE_SILENT_MS */
    int64_t levels[4];  /* by enum pk_risk_level */
    int64_t open;       /* incidents that are open */
    int64_t opened;     /* on that day, without INFO */
    int64_t closed;     /* the same: ended */
    int64_t alerts;     /* told to people on that day; simulated ones are left out */
    int64_t patched;    /* devices whose patch date is known */
    int64_t patch_days; /* median age of their patches; -1: none is known */
    double fresh;       /* sum over them: 1 for a patch of at most 45 days, 0 from 180 days on */
};

#define PK_PATCH_FRESH_DAYS 45
#define PK_PATCH_STALE_DAYS 180

/* The state at at_ms; opened, closed and alerts are of its day up to then. past: put together from the times of
 * incidents and devices (risk is the gravest incident that was open, a device that spoke later counts as active);
 * else as it is now. items: struct pk_fleet_state, "" first, then the groups by name. */
PK_MUST_USE int pk_fleet_states(struct pk_store *store, int64_t at_ms, bool past,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);

/* The day of the first device or incident; INT64_MAX: there is none. */
PK_MUST_USE int pk_trend_begin(struct pk_store *store, int64_t *day, struct pk_error *err);

struct pk_trend_day {
    int64_t day;
    const char *group;
    json_t *body; /* what the server made of the state */
};

PK_MUST_USE int pk_trend_put(
        struct pk_store *store, const struct pk_trend_day *day, struct pk_error *err);
/* Of one group, from this day on, oldest first. items: struct pk_trend_day. */
PK_MUST_USE int pk_trend_list(struct pk_store *store, const char *group, int64_t from,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* Removes days before this one. */
PK_MUST_USE int pk_trend_purge(struct pk_store *store, int64_t before, struct pk_error *err);

/* ---- what open incidents have in common -------------------------------------------------------- */

struct pk_open_finding {
    const char *device;
    const char *incident;
    const char *threat;
    int64_t risk_score;
    const char *risk; /* pk_risk as JSON text; NULL. */
};

/* Calls each for every open incident of a device that is not revoked, device by device. Stops when it returns < 0. */
PK_MUST_USE int pk_open_each(struct pk_store *store,
        int (*each)(const struct pk_open_finding *finding, void *ctx), void *ctx,
        struct pk_error *err);
