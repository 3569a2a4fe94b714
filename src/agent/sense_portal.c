/* Whether a sign-in page holds the device; when it lets go, everything is asked anew. */
#include <stdio.h>
#include <string.h>

#include "agent/probe_portal.h"
#include "agent/sense_round.h"
#include "base/arena.h"
#include "base/clock.h"

#define CAPTIVE_EVERY_MS (10 * PK_SECOND_MS)

static bool prepare(struct pk_sense *sense, struct pk_sense_job *job)
{
    job->in = pk_arena_strdup(job->env.arena, sense->lease.portal_api);
    return job->in != NULL;
}

static void *run(struct pk_sense_job *job)
{
    return pk_probe_portal(&job->env, job->in, job->sense->set.probe_url);
}

static void tell_portal(struct pk_sense *sense, struct pk_sense_job *job)
{
    struct pk_portal_result *result = job->result;
    struct pk_obs_portal *portal = &result->obs;
    bool was_captive = sense->portal_state == PK_PORTAL_CAPTIVE;
    char text[96];

    snprintf(text, sizeof(text), "%d %d %s", portal->state, portal->via,
            portal->host != NULL ? portal->host : "");
    /* Silence during a portal's hold is no release. */
    if (portal->state != PK_PORTAL_UNKNOWN || !was_captive) {
        sense->portal_state = portal->state;
    }
    if (pk_sense_is_news(&sense->told_portal, text, true, job->loud)) {
        pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_PORTAL, .portal = portal });
    }
    if (sense->portal_state == PK_PORTAL_CAPTIVE) {
        pk_loop_arm(sense->loop, &sense->captive_timer, CAPTIVE_EVERY_MS);
    } else if (was_captive) {
        sense->again |= PK_PROBE_WEB & ~(unsigned)PK_PROBE_PORTAL; /* now the answers count */
        sense->loud |= PK_PROBE_WEB & ~(unsigned)PK_PROBE_PORTAL;
    } else if (result->again_ms > 0) {
        pk_loop_arm(sense->loop, &sense->captive_timer, result->again_ms);
    }
}

static void forget(struct pk_sense *sense)
{
    sense->told_portal = (struct pk_sense_told){ 0 };
}

const struct pk_probe_kind pk_sense_portal_probe = {
    .probe = PK_PROBE_PORTAL,
    .prepare = prepare,
    .run = run,
    .tell = tell_portal,
    .forget = forget,
};
