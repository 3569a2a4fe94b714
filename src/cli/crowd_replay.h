/* crowd_replay.h - a simulated world (obs.jsonl of many devices) through the crowd's own code, line by line in one
 * pass: verdicts, and predictions, as its score wants them. */
#pragma once

#include <stdio.h>

#include "base/error.h"
#include "cli/replay_preds.h"
#include "crowd/crowd.h"

struct pk_crowd_replay {
    FILE *out; /* {"i","pre","post","s","why":[...]} of what is judged bad */
    const struct pk_replay_preds_files *preds; /* predictions of risk; NULL: none are made */
    const char *terms; /* file for training: binary rows, see crowd_replay.c; NULL: none */
    bool believing;    /* without the defence against poisoners: the ablation */
    bool progress;     /* on standard error */
    /* Told at the end. */
    int64_t lines, bad;
    struct pk_crowd_counts counts;
    struct pk_hazard_count hazard; /* with predictions */
};

/* Does the file hold such a world? Looks at its first line. */
bool pk_crowd_replay_fits(const char *file);
PK_MUST_USE int pk_crowd_replay_run(
        const char *file, struct pk_crowd_replay *replay, struct pk_error *err);
