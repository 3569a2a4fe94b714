/* Whether a sign-in page holds the device: joining - probing - captive - released. While it is held it is
 * asked again, often at first and then ever more rarely; when it is let go everything is asked anew. */
#include <stdio.h>
#include <string.h>

#include "agent/probe_portal.h"
#include "agent/sense_round.h"
#include "base/arena.h"
#include "base/clock.h"

#define YOUNG_MS       (2 * PK_MINUTE_MS) /* somebody is typing a room number */
#define YOUNG_EVERY_MS (10 * PK_SECOND_MS)
#define GIVE_UP_MS     (10 * PK_MINUTE_MS) /* then it is a network that cannot be used */
#define OLD_EVERY_MS   (30 * PK_SECOND_MS)
#define LATE_EVERY_MS  (5 * PK_MINUTE_MS)
#define HOSTS_MAX      2
#define OTHERS         (PK_PROBE_WEB & ~(unsigned)PK_PROBE_PORTAL)

static size_t copy_hosts(const struct pk_sense *sense, struct pk_portal_host *out)
{
    size_t count = 0;

    for (size_t i = 0; i < sense->target_count && count < HOSTS_MAX; i++) {
        const struct pk_sense_target *target = &sense->targets[i];

        if (target->own_ca == NULL) { /* our own server may be let through before the sign-in */
            out[count++] = (struct pk_portal_host){ target->host, target->port };
        }
    }
    return count;
}

static bool prepare(struct pk_sense *sense, struct pk_sense_job *job)
{
    struct pk_portal_ask *ask = pk_arena_alloc(job->env.arena, 1, sizeof(*ask));
    struct pk_portal_host *hosts = pk_arena_alloc(job->env.arena, HOSTS_MAX, sizeof(*hosts));

    if (ask == NULL || hosts == NULL) {
        return false;
    }
    *ask = (struct pk_portal_ask){
        .api = pk_arena_strdup(job->env.arena, sense->lease.portal_api),
        .probe_url = sense->set.probe_url,
        .other = sense->set.redirects.count > 0 ? sense->set.redirects.items[0] : NULL,
        .hosts = hosts,
        .host_count = copy_hosts(sense, hosts),
    };
    job->in = ask;
    return ask->api != NULL;
}

static void *run(struct pk_sense_job *job)
{
    return pk_probe_portal(&job->env, job->in);
}

static int64_t captive_gap(int64_t held_ms)
{
    return held_ms < YOUNG_MS      ? YOUNG_EVERY_MS
            : held_ms < GIVE_UP_MS ? OLD_EVERY_MS
                                   : LATE_EVERY_MS;
}

/* Silence during a portal's hold is no release. */
static void take_state(struct pk_sense *sense, const struct pk_obs_portal *portal, int64_t now)
{
    bool was_captive = sense->portal_state == PK_PORTAL_CAPTIVE;

    sense->portal_ms = now;
    snprintf(sense->portal_host, sizeof(sense->portal_host), "%s",
            portal->host != NULL ? portal->host : "");
    if (portal->state == PK_PORTAL_UNKNOWN && was_captive) {
        return;
    }
    sense->portal_state = portal->state;
    if (portal->state == PK_PORTAL_CAPTIVE && !was_captive) {
        sense->captive_since_ms = now;
    }
}

static void tell_portal(struct pk_sense *sense, struct pk_sense_job *job)
{
    struct pk_portal_result *result = job->result;
    struct pk_obs_portal *portal = &result->obs;
    bool was_captive = sense->portal_state == PK_PORTAL_CAPTIVE;
    int64_t now = pk_clock_monotonic_ms();
    int64_t held_ms = 0;
    char text[96];

    take_state(sense, portal, now);
    if (sense->portal_state == PK_PORTAL_CAPTIVE) {
        held_ms = now - sense->captive_since_ms;
        portal->held_s = held_ms / PK_SECOND_MS;
    }
    snprintf(text, sizeof(text), "%d %d %d %.80s", portal->state, portal->via,
            held_ms >= GIVE_UP_MS, portal->host != NULL ? portal->host : "");
    if (pk_sense_is_news(&sense->told_portal, text, true, job->loud)) {
        pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_PORTAL, .portal = portal });
    }
    if (sense->portal_state == PK_PORTAL_CAPTIVE) {
        pk_loop_arm(sense->loop, &sense->captive_timer, captive_gap(held_ms));
    } else if (was_captive) {
        sense->again |= OTHERS; /* now the answers count */
        sense->loud |= OTHERS;
    } else if (result->again_ms > 0) {
        pk_loop_arm(sense->loop, &sense->captive_timer, result->again_ms);
    }
}

static void forget(struct pk_sense *sense)
{
    sense->told_portal = (struct pk_sense_told){ 0 };
    sense->portal_ms = 0;
    sense->portal_host[0] = '\0';
}

const struct pk_probe_kind pk_sense_portal_probe = {
    .probe = PK_PROBE_PORTAL,
    .prepare = prepare,
    .run = run,
    .tell = tell_portal,
    .forget = forget,
};
