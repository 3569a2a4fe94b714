/* replay_preds.h - what the model of risk predicts along a replayed world.
 *
 * Called around each sighting that the crowd takes. Predictions are lines {"d","t","h","p"} at every midnight
 * (UTC); nothing is read but what the crowd itself made of the lines. Beside them, for training and measuring:
 * the model's inputs, and the risk of each join before it. */
#pragma once

#include "cli/sim_line.h"
#include "crowd/crowd.h"
#include "risk/hazard.h"

#define PK_PREDS_FROM 42 /* days of the world before the first prediction for 7 days */

struct pk_replay_preds;

struct pk_replay_preds_files { /* NULL: not wanted */
    const char *preds;
    const char *inputs; /* tab-separated: d, t and the terms, each third midnight */
    const char *joins;  /* {"i","z","p"}: risk of the zone and of the network, before the join */
    int from_days;      /* 0: PK_PREDS_FROM; predictions for 30 days begin 14 days earlier */
    int explain; /* so many devices, from the most risky to the calmest, are explained at the end */
    bool no_online; /* shipped weights alone */
};

PK_MUST_USE int pk_replay_preds_create(const struct pk_replay_preds_files *files,
        struct pk_replay_preds **out, struct pk_error *err);
/* Before the crowd takes the line: midnights that were passed, and what was known. */
PK_MUST_USE int pk_replay_preds_before(struct pk_replay_preds *preds, const struct pk_crowd *crowd,
        const struct pk_sim_line *line, struct pk_error *err);
/* And after, with what the crowd made of it. */
PK_MUST_USE int pk_replay_preds_after(struct pk_replay_preds *preds, const struct pk_crowd *crowd,
        const struct pk_sim_line *line, const struct pk_crowd_opinion *opinion,
        struct pk_error *err);
/* Closes the files. */
PK_MUST_USE int pk_replay_preds_finish(struct pk_replay_preds *preds, struct pk_error *err);
/* What it learnt, for one line of figures. */
void pk_replay_preds_count(const struct pk_replay_preds *preds, struct pk_hazard_count *out);
void pk_replay_preds_destroy(struct pk_replay_preds *preds); /* NULL is fine */
