/* habits.h - what the daily look at habits reads. As in store.h. */
#pragma once

#include "store/store.h"

/* Devices with a live incident of this threat, in the order of their ids. items: const char *. */
PK_MUST_USE int pk_habit_open(struct pk_store *store, const char *threat, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err);

/* Of real alerts, no drills. */
struct pk_habit_row {
    const char *device;
    int64_t ignored; /* told since, and answered so */
    int64_t overdue; /* told before overdue_ms and still open */
    int64_t told;    /* since all_ms */
};
struct pk_habit_times {
    int64_t all_ms, ignored_ms, overdue_ms;
};
/* Devices with any that is ignored or overdue, in the order of their ids. items: struct pk_habit_row. */
PK_MUST_USE int pk_habit_warned(struct pk_store *store, const struct pk_habit_times *times,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
