#include "agent/sense_round.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/probe_dns.h"
#include "agent/probe_portal.h"
#include "agent/probe_posture.h"
#include "agent/probe_tls.h"
#include "base/arena.h"
#include "base/clock.h"

#define JOB_BYTES        (512UL * 1024)
#define TELL_GOOD_MS     (30 * PK_MINUTE_MS) /* the same good news again */
#define TELL_BAD_MS      PK_MINUTE_MS        /* the same bad news again */
#define CAPTIVE_EVERY_MS (10 * PK_SECOND_MS)

enum {
    PORTAL_UNKNOWN,
    PORTAL_NONE,
    PORTAL_CAPTIVE
};

struct pk_sense_job {
    struct pk_sense *sense;
    unsigned probe; /* enum pk_probe */
    size_t which;   /* server or target */
    unsigned generation;
    bool loud;
    struct pk_probe_env env;
    char portal_api[sizeof(((struct pk_lease *)0)->portal_api)];
    struct pk_obs_dns *dns;
    struct pk_obs_tls *tls;
    struct pk_obs_posture *posture;
    struct pk_portal_result *portal;
    struct pk_sense_job *next;
};

static unsigned number_of(unsigned probe)
{
    return (unsigned)__builtin_ctz(probe);
}

static enum pk_tri captive_now(const struct pk_sense *sense)
{
    return sense->portal_state == PORTAL_CAPTIVE ? PK_TRI_YES
            : sense->portal_state == PORTAL_NONE ? PK_TRI_NO
                                                 : PK_TRI_UNKNOWN;
}

void pk_sense_tell(struct pk_sense *sense, struct pk_observation *obs)
{
    obs->at_ms = pk_clock_ms();
    obs->network = sense->network[0] != '\0' ? sense->network : NULL;
    sense->sink(obs, sense->ctx);
}

/* In a quiet round: is this worth telling? Remembers it when it is. */
static bool is_news(struct pk_sense_told *told, const char *text, bool good, bool loud)
{
    int64_t now = pk_clock_monotonic_ms();
    bool same = strncmp(told->text, text, sizeof(told->text) - 1) == 0;

    if (!loud && same && now - told->at_ms < (good ? TELL_GOOD_MS : TELL_BAD_MS)) {
        return false;
    }
    snprintf(told->text, sizeof(told->text), "%s", text);
    told->at_ms = now;
    return true;
}

static void tell_dns(struct pk_sense *sense, struct pk_sense_job *job)
{
    char text[96];

    job->dns->captive = captive_now(sense);
    snprintf(text, sizeof(text), "%s %d %d %d", job->dns->resolver, job->dns->nx_answered > 0,
            job->dns->timeouts == job->dns->nx_probes, (int)job->dns->captive);
    if (is_news(&sense->told_dns[job->which], text, job->dns->nx_answered == 0, job->loud)) {
        pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_DNS, .dns = job->dns });
    }
}

static void tell_tls(struct pk_sense *sense, struct pk_sense_job *job)
{
    const struct pk_certificate *leaf = job->tls->chain.count > 0 ? job->tls->chain.items : NULL;
    bool good = job->tls->outcome == PK_TLS_OK;
    char text[96];

    /* Somebody diverts the traffic, but this connection took the honest way (the table flaps): it
     * says nothing about the other way. */
    if (!job->loud && good && pk_gateway_odd(sense->gateway) &&
            !pk_gateway_diverted(sense->gateway)) {
        return;
    }
    job->tls->captive = captive_now(sense);
    /* A site may change its leaf at every visit; the issuer is what matters while it verifies. */
    snprintf(text, sizeof(text), "%d %d %s %.64s", job->tls->outcome, (int)job->tls->captive,
            job->tls->version != NULL ? job->tls->version : "-",
            leaf == NULL                           ? "-"
                    : good && leaf->issuer != NULL ? leaf->issuer
                                                   : leaf->sha256);
    if (is_news(&sense->told_tls[job->which], text, good, job->loud)) {
        pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_TLS, .tls = job->tls });
    }
}

static void tell_portal(struct pk_sense *sense, struct pk_sense_job *job)
{
    struct pk_obs_portal *portal = &job->portal->obs;
    bool was_captive = sense->portal_state == PORTAL_CAPTIVE;
    char text[96];

    snprintf(text, sizeof(text), "%d %d %s", portal->state, portal->via,
            portal->host != NULL ? portal->host : "");
    /* Silence during a portal's hold is no release. */
    if (portal->state != PORTAL_UNKNOWN || !was_captive) {
        sense->portal_state = portal->state;
    }
    if (is_news(&sense->told_portal, text, true, job->loud)) {
        pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_PORTAL, .portal = portal });
    }
    if (sense->portal_state == PORTAL_CAPTIVE) {
        pk_loop_arm(sense->loop, &sense->captive_timer, CAPTIVE_EVERY_MS);
    } else if (was_captive) {
        sense->again |= PK_PROBE_DNS | PK_PROBE_TLS; /* now the answers count */
        sense->loud |= PK_PROBE_DNS | PK_PROBE_TLS;
    } else if (job->portal->again_ms > 0) {
        pk_loop_arm(sense->loop, &sense->captive_timer, job->portal->again_ms);
    }
}

static void tell_job(struct pk_sense_job *job)
{
    struct pk_sense *sense = job->sense;

    if (job->posture != NULL) {
        pk_sense_tell(
                sense, &(struct pk_observation){ .kind = PK_OBS_POSTURE, .posture = job->posture });
    } else if (job->dns != NULL) {
        tell_dns(sense, job);
    } else if (job->tls != NULL) {
        tell_tls(sense, job);
    } else if (job->portal != NULL) {
        tell_portal(sense, job);
    }
}

static void free_job(struct pk_sense_job *job)
{
    pk_arena_destroy(job->env.arena);
    free(job);
}

static void release_held(struct pk_sense *sense, bool tell)
{
    while (sense->held != NULL) {
        struct pk_sense_job *job = sense->held;

        sense->held = job->next;
        if (tell) {
            tell_job(job);
        }
        free_job(job);
    }
}

void pk_sense_checked(struct pk_sense *sense, unsigned probes)
{
    void (*done)(void *ctx) = sense->check_done;

    if (sense->check == 0) {
        return;
    }
    sense->check &= ~probes;
    if (sense->check == 0) {
        sense->check_done = NULL;
        if (done != NULL) {
            done(sense->check_ctx);
        }
    }
}

/* When nothing runs: give back what the probes took, and see to what came up meanwhile. */
static void end_round(struct pk_sense *sense, unsigned probe)
{
    if (sense->pending[number_of(probe)] > 0) {
        return;
    }
    if ((sense->again & probe) != 0) {
        bool loud = (sense->loud & probe) != 0;

        sense->again &= ~probe;
        sense->loud &= ~probe;
        pk_sense_round(sense, probe, loud);
        return;
    }
    if (sense->held == NULL || (probe & (PK_PROBE_DNS | PK_PROBE_TLS)) == 0) {
        pk_sense_checked(sense, probe);
    }
    for (size_t i = 0; i < PK_SENSE_PROBES; i++) {
        if (sense->pending[i] > 0) {
            return;
        }
    }
    malloc_trim(0); /* trusted roots and sessions: the agent sleeps small */
}

static void job_done(void *ctx)
{
    struct pk_sense_job *job = ctx;
    struct pk_sense *sense = job->sense;
    unsigned probe = job->probe;

    sense->jobs--;
    if (sense->dead || pk_loop_stopping(sense->loop)) {
        free_job(job);
        pk_sense_release(sense);
        return;
    }
    if (probe != PK_PROBE_POSTURE && job->generation != sense->generation) {
        free_job(job);
        return; /* forgotten: it was counted out already */
    }
    sense->pending[number_of(probe)]--;
    if ((probe & (PK_PROBE_DNS | PK_PROBE_TLS)) != 0 &&
            sense->pending[number_of(PK_PROBE_PORTAL)] > 0) {
        job->next = sense->held;
        sense->held = job;
        end_round(sense, probe);
        return;
    }
    tell_job(job);
    free_job(job);
    if (probe == PK_PROBE_PORTAL) {
        release_held(sense, true);
        end_round(sense, PK_PROBE_DNS);
        end_round(sense, PK_PROBE_TLS);
    }
    end_round(sense, probe);
}

static void job_run(void *ctx)
{
    struct pk_sense_job *job = ctx;
    const struct pk_sense *sense = job->sense; /* settings only: they do not change */
    const struct pk_sense_target *target = &sense->targets[job->which];

    switch (job->probe) {
    case PK_PROBE_DNS:
        job->dns = pk_probe_dns(&job->env, &job->env.servers[job->which], sense->set.probe_domain,
                sense->trusted.family != 0 ? &sense->trusted : NULL);
        break;
    case PK_PROBE_TLS:
        job->tls = pk_probe_tls(
                &job->env, &(struct pk_tls_target){ target->host, target->port, target->own_ca });
        break;
    case PK_PROBE_PORTAL:
        job->portal = pk_probe_portal(&job->env, job->portal_api, sense->set.probe_url);
        break;
    case PK_PROBE_POSTURE:
        job->posture = pk_probe_posture("", job->env.arena);
        break;
    default:
        break;
    }
}

static void start_job(struct pk_sense *sense, unsigned probe, size_t which, bool loud)
{
    struct pk_sense_job *job = calloc(1, sizeof(*job));
    struct pk_arena *arena = pk_arena_create(JOB_BYTES);

    if (job == NULL || arena == NULL) {
        free(job);
        pk_arena_destroy(arena);
        return;
    }
    job->sense = sense;
    job->probe = probe;
    job->which = which;
    job->generation = sense->generation;
    job->loud = loud;
    job->env = (struct pk_probe_env){
        .server_count = sense->resolv.count,
        .roots = { sense->set.ca_file, sense->set.ca_dir },
        .deadline = pk_deadline_in(sense->set.probe_ms, pk_loop_cancel_fd(sense->loop)),
        .arena = arena,
    };
    memcpy(job->env.servers, sense->resolv.servers, sizeof(job->env.servers));
    memcpy(job->portal_api, sense->lease.portal_api, sizeof(job->portal_api));
    if (pk_loop_work(sense->loop, job_run, job_done, job, NULL) < 0) {
        free_job(job);
        return;
    }
    sense->pending[number_of(probe)]++;
    sense->jobs++;
}

static void start_probe(struct pk_sense *sense, unsigned probe, bool loud)
{
    size_t count = 1;

    if (sense->pending[number_of(probe)] > 0) {
        sense->again |= probe;
        sense->loud |= loud ? probe : 0;
        return;
    }
    if (probe == PK_PROBE_DNS) {
        count = sense->resolv.count;
    } else if (probe == PK_PROBE_TLS) {
        count = sense->target_count;
    }
    for (size_t i = 0; i < count; i++) {
        start_job(sense, probe, i, loud);
    }
    if (sense->pending[number_of(probe)] == 0) {
        pk_sense_checked(sense, probe); /* nothing to ask */
    }
}

void pk_sense_round(struct pk_sense *sense, unsigned probes, bool loud)
{
    static const unsigned order[] = { PK_PROBE_PORTAL, PK_PROBE_DNS, PK_PROBE_TLS };

    if ((probes & PK_PROBE_POSTURE) != 0) {
        start_probe(sense, PK_PROBE_POSTURE, true);
    }
    for (size_t i = 0; i < PK_COUNT(order); i++) {
        if ((probes & order[i]) != 0 && sense->announced) {
            start_probe(sense, order[i], loud);
        } else if ((probes & order[i]) != 0) {
            pk_sense_checked(sense, order[i]);
        }
    }
    if ((probes & (PK_PROBE_DNS | PK_PROBE_TLS)) != 0) {
        sense->checked_ms = pk_clock_monotonic_ms();
    }
}

void pk_sense_forget_round(struct pk_sense *sense)
{
    unsigned posture = sense->pending[number_of(PK_PROBE_POSTURE)];

    sense->generation++;
    release_held(sense, false);
    memset(sense->pending, 0, sizeof(sense->pending));
    sense->pending[number_of(PK_PROBE_POSTURE)] = posture;
    sense->again = sense->loud = 0;
    sense->portal_state = PORTAL_UNKNOWN;
    memset(sense->told_dns, 0, sizeof(sense->told_dns));
    memset(sense->told_tls, 0, sizeof(sense->told_tls));
    sense->told_portal = (struct pk_sense_told){ 0 };
    pk_sense_checked(sense, PK_PROBE_PORTAL | PK_PROBE_DNS | PK_PROBE_TLS);
}
