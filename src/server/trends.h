/* trends.h - the fleet's days: one row a day and group, written while the day lasts, so that its last value stays.
 *
 * A day on which the server did not run is put together afterwards from the times of incidents and devices, and is
 * marked as estimated. */
#pragma once

#include "server/server.h"
#include "store/trends.h"

#define PK_TRENDS_KEPT_DAYS 400

/* Writes what is due: the day of now, at most once an hour, and then one missing day a call. 1: call again soon;
 * 0: nothing is due; < 0: *err. `written_ms` is the caller's memory, 0 at first. */
PK_MUST_USE int pk_trends_step(struct pk_store *store, int64_t now_ms, int64_t started_ms,
        int64_t *written_ms, struct pk_error *err);

/* {"devices","active","open","opened","closed","risky","alerts","patch_days","score","estimated"}. */
json_t *pk_trend_body(const struct pk_fleet_state *state, bool estimated);

/* The last `days` days of a group ("": all) up to today, oldest first, without those before the first device.
 * Missing days are put together on the way as long as that takes less than half a second; then they are left out. */
PK_MUST_USE int pk_trends_read(struct pk_store *store, const char *group, int64_t days,
        int64_t now_ms, struct pk_arena *arena, json_t **out, struct pk_error *err);
