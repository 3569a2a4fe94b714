/* crowd_habits.h - once a day: whose habits make attacks likely (behavior.risky_networks, behavior.ignores_warnings).
 * Counts alone; no place, network or hour is looked at or told. The crowd's own thread. */
#pragma once

#include <stdint.h>
#include <stdbool.h>

struct pk_crowd_server;

struct pk_habits {
    int64_t day;      /* of the newest sweep; 0: not read yet */
    int64_t pause_ms; /* monotonic: the store had trouble */
};

/* Sweeps when a day has begun that was not swept yet (by any process: the store knows). */
void pk_habits_step(struct pk_crowd_server *c);
