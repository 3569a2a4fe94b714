#include "agent/probe_posture.h"
#include "agent/sense_round.h"

static void *run(struct pk_sense_job *job)
{
    return pk_probe_posture("", job->env.arena);
}

static void tell(struct pk_sense *sense, struct pk_sense_job *job)
{
    pk_sense_tell(
            sense, &(struct pk_observation){ .kind = PK_OBS_POSTURE, .posture = job->result });
}

const struct pk_probe_kind pk_sense_posture_probe = {
    .probe = PK_PROBE_POSTURE,
    .run = run,
    .tell = tell,
};
