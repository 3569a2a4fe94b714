/* replay_explain.h - why devices of a replayed world have the chance that they have, for people to read. */
#pragma once

#include <stdio.h>

#include "risk/hazard.h"

/* Writes count devices, most of them risky, the last one calm: number, chance and reasons. PK_ENOMEM. */
PK_MUST_USE int pk_replay_explain(
        const struct pk_hazard *hazard, int64_t now_s, int count, FILE *out);
