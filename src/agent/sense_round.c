#include "agent/sense_round.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"

#define JOB_BYTES    (512UL * 1024)
#define TELL_GOOD_MS (30 * PK_MINUTE_MS) /* the same good news again */
#define TELL_BAD_MS  PK_MINUTE_MS        /* the same bad news again */

/* In this order they are started: the portal's answer says what the others' are worth. */
static const struct pk_probe_kind *const kinds[] = { &pk_sense_posture_probe,
    &pk_sense_portal_probe, &pk_sense_dns_probe, &pk_sense_tls_probe, &pk_sense_http_probe,
    &pk_sense_proxy_probe };

static const struct pk_probe_kind *find_kind(unsigned probe)
{
    for (size_t i = 0; i < PK_COUNT(kinds); i++) {
        if (kinds[i]->probe == probe) {
            return kinds[i];
        }
    }
    return NULL;
}

static unsigned number_of(unsigned probe)
{
    return (unsigned)__builtin_ctz(probe);
}

enum pk_tri pk_sense_captive(const struct pk_sense *sense)
{
    return sense->portal_state == PK_PORTAL_CAPTIVE ? PK_TRI_YES
            : sense->portal_state == PK_PORTAL_NONE ? PK_TRI_NO
                                                    : PK_TRI_UNKNOWN;
}

void pk_sense_tell(struct pk_sense *sense, struct pk_observation *obs)
{
    obs->at_ms = pk_clock_ms();
    obs->network = sense->network[0] != '\0' ? sense->network : NULL;
    sense->sink(obs, sense->ctx);
}

bool pk_sense_is_news(struct pk_sense_told *told, const char *text, bool good, bool loud)
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

static void tell_job(struct pk_sense_job *job)
{
    if (job->result != NULL) {
        job->kind->tell(job->sense, job);
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

static bool is_pending(const struct pk_sense *sense)
{
    for (size_t i = 0; i < PK_SENSE_PROBES; i++) {
        if (sense->pending[i] > 0) {
            return true;
        }
    }
    return false;
}

void pk_sense_asked(struct pk_sense *sense, unsigned probes)
{
    sense->asking &= ~probes;
    pk_sense_checked(sense, probes);
    if (!is_pending(sense)) {
        pk_sense_rested(sense);
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
    if (sense->held == NULL || !find_kind(probe)->after_portal) {
        pk_sense_checked(sense, probe);
    }
    if (is_pending(sense)) {
        return;
    }
    pk_sense_rested(sense);
    malloc_trim(0); /* trusted roots and sessions: the agent sleeps small */
}

static void job_done(void *ctx)
{
    struct pk_sense_job *job = ctx;
    struct pk_sense *sense = job->sense;
    unsigned probe = job->kind->probe;

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
    if (job->kind->after_portal && sense->pending[number_of(PK_PROBE_PORTAL)] > 0) {
        job->next = sense->held;
        sense->held = job;
        end_round(sense, probe);
        return;
    }
    tell_job(job);
    free_job(job);
    if (probe == PK_PROBE_PORTAL) {
        release_held(sense, true);
        for (size_t i = 0; i < PK_COUNT(kinds); i++) {
            if (kinds[i]->after_portal) {
                end_round(sense, kinds[i]->probe);
            }
        }
    }
    end_round(sense, probe);
}

static void job_run(void *ctx)
{
    struct pk_sense_job *job = ctx;

    job->result = job->kind->run(job);
}

static void start_job(
        struct pk_sense *sense, const struct pk_probe_kind *kind, size_t which, bool loud)
{
    struct pk_sense_job *job = calloc(1, sizeof(*job));
    struct pk_arena *arena = pk_arena_create(JOB_BYTES);

    if (job == NULL || arena == NULL) {
        free(job);
        pk_arena_destroy(arena);
        return;
    }
    job->sense = sense;
    job->kind = kind;
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
    if ((kind->prepare != NULL && !kind->prepare(sense, job)) ||
            pk_loop_work(sense->loop, job_run, job_done, job, NULL) < 0) {
        free_job(job);
        return;
    }
    sense->pending[number_of(kind->probe)]++;
    sense->jobs++;
}

static void start_probe(struct pk_sense *sense, const struct pk_probe_kind *kind, bool loud)
{
    size_t count = kind->count != NULL ? kind->count(sense) : 1;

    if (sense->pending[number_of(kind->probe)] > 0) {
        sense->again |= kind->probe;
        sense->loud |= loud ? kind->probe : 0;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        start_job(sense, kind, i, loud);
    }
    if (sense->pending[number_of(kind->probe)] == 0) {
        pk_sense_checked(sense, kind->probe); /* nothing to ask */
    }
}

void pk_sense_round(struct pk_sense *sense, unsigned probes, bool loud)
{
    for (size_t i = 0; i < PK_COUNT(kinds); i++) {
        if ((probes & kinds[i]->probe) == 0) {
            continue;
        }
        if (kinds[i]->probe == PK_PROBE_POSTURE || sense->announced) {
            start_probe(sense, kinds[i], loud);
        } else {
            pk_sense_checked(sense, kinds[i]->probe);
        }
    }
    for (unsigned probe = 1; probe <= PK_PROBE_ALL; probe <<= 1) {
        if ((probes & probe) != 0 && find_kind(probe) == NULL) {
            pk_sense_checked(sense, probe);
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
    sense->portal_state = PK_PORTAL_UNKNOWN;
    for (size_t i = 0; i < PK_COUNT(kinds); i++) {
        if (kinds[i]->forget != NULL) {
            kinds[i]->forget(sense);
        }
    }
    pk_sense_checked(sense, PK_PROBE_WEB);
}
