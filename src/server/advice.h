/* advice.h - what to do next to make the organisation safer, with what each step would bring. */
#pragma once

#include "server/server.h"
#include "store/trends.h"

#define PK_ADVICE_MAX 8

/* [{"id","text","do","link","devices","gain","severity"}], the most useful first, at most PK_ADVICE_MAX. gain: points of the
 * score (score.h) that it would bring, rounded. state: the whole fleet now. */
PK_MUST_USE int pk_advice(struct pk_store *store, const struct pk_fleet_state *state,
        const struct pk_overview *overview, struct pk_arena *arena, json_t **out,
        struct pk_error *err);
