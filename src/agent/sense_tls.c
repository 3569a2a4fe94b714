/* Whether check hosts still prove who they are: one job a host. What looks bad for a passing moment is
 * looked at once more before it is told. */
#include "agent/sense_tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"

#define TURN_MS       (25 * PK_SECOND_MS) /* after the join; then after twice the time, and so on */
#define FIRST_MS      (8 * PK_SECOND_MS)  /* while there are hosts of which nothing is known, */
#define FIRST_MAX     8                   /* so many times */
#define RECHECK_MS    1500                /* what is in doubt */
#define RECHECKS_MAX  20
#define ROOT_SURE_MS  3000 /* an administrator's tools install and allow within moments */
#define CHAIN_SURE_MS 2000
#define FALLBACK_SURE 3 /* times in a row */
#define STORE_NEW_MS  (5 * PK_SECOND_MS)
#define PORTAL_NEW_MS (10 * PK_SECOND_MS)

/* --- asking ------------------------------------------------------------------------------- */

static size_t count_hosts(const struct pk_sense *sense)
{
    struct pk_sense_tls *tls = sense->tls;

    pk_tls_hosts_update(tls);
    pk_tls_hosts_choose(tls, pk_clock_monotonic_ms());
    return tls->chosen_count;
}

/* Until one host is asked again, when the network has been there for so long. */
static int64_t next_turn(struct pk_sense_tls *tls, int64_t age_ms)
{
    if (tls->first_turns < FIRST_MAX && !pk_tls_hosts_learnt(tls)) {
        tls->first_turns++;
        return FIRST_MS;
    }
    return age_ms > TURN_MS ? age_ms : TURN_MS;
}

static bool prepare(struct pk_sense *sense, struct pk_sense_job *job)
{
    struct pk_sense_tls *tls = sense->tls;
    struct pk_tls_host *host = &tls->hosts[tls->chosen[job->which]];
    struct pk_tls_target *target = pk_arena_alloc(job->env.arena, 1, sizeof(*target));
    const char *before = pk_tls_version_before(sense, host); /* a constant */

    if (target == NULL) {
        return false;
    }
    *target = (struct pk_tls_target){
        .host = pk_arena_strdup(job->env.arena, host->name),
        .own_ca = host->own_ca,
        .version_before = before,
        .port = host->port,
        .own = host->own,
    };
    host->asked_ms = pk_clock_monotonic_ms();
    if (!tls->joined) {
        pk_loop_arm(sense->loop, &tls->turn_timer, next_turn(tls, 0));
    }
    tls->joined = true;
    if (!tls->turn && !tls->doubts) {
        tls->asked_ms = host->asked_ms;
    }
    job->in = target;
    return target->host != NULL;
}

static void *run(struct pk_sense_job *job)
{
    return pk_probe_tls(&job->env, job->in);
}

/* A few hosts only: it does not stand in for the rounds that ask all. */
static void ask_few(struct pk_sense *sense, unsigned probes, bool loud)
{
    int64_t checked_ms = sense->checked_ms;

    pk_sense_round(sense, probes, loud);
    sense->checked_ms = checked_ms;
}

void pk_sense_tls_turn(struct pk_sense *sense, bool loud)
{
    sense->tls->turn = true;
    ask_few(sense, PK_PROBE_TLS, loud);
    sense->tls->turn = false;
}

/* Somebody may begin to intercept without any sign on the link: one host is asked, in turn, 25 s after
 * the join and then in steps that double, eight times in the first hour and a half. */
static void on_turn_timer(void *ctx)
{
    struct pk_sense_tls *tls = ctx;
    struct pk_sense *sense = tls->sense;
    int64_t gap;

    if (!sense->announced) {
        return;
    }
    gap = next_turn(tls, pk_clock_monotonic_ms() - sense->announced_ms);
    if (sense->portal_state != PK_PORTAL_CAPTIVE) {
        pk_sense_tls_turn(sense, false);
    }
    if (gap < sense->set.tls_every_ms) { /* from then on there is the ordinary timer */
        pk_loop_arm(sense->loop, &tls->turn_timer, gap);
    }
}

/* --- doubts ------------------------------------------------------------------------------- */

static void note_portal(struct pk_sense_tls *tls, int64_t now_ms)
{
    if (tls->portal_state != tls->sense->portal_state) {
        if (tls->portal_state == PK_PORTAL_CAPTIVE) {
            tls->portal_ms = now_ms;
        }
        tls->portal_state = tls->sense->portal_state;
    }
}

static enum pk_tls_doubt doubt_of(
        const struct pk_sense_tls *tls, const struct pk_obs_tls *obs, int64_t now_ms)
{
    bool moment = (tls->portal_ms != 0 && now_ms - tls->portal_ms < PORTAL_NEW_MS) ||
            pk_roots_changed_ms(tls->roots) < STORE_NEW_MS;

    if (obs->outcome == PK_TLS_UNTRUSTED || obs->outcome == PK_TLS_PIN) {
        return moment && obs->trust != PK_TLS_TRUST_ALLOWED ? PK_TLS_DOUBT_CHAIN : PK_TLS_SURE;
    }
    if (obs->outcome != PK_TLS_OK || obs->trust == PK_TLS_TRUST_ALLOWED) {
        return PK_TLS_SURE;
    }
    if (obs->trust == PK_TLS_TRUST_INSTALLED ||
            (obs->trust == PK_TLS_TRUST_ORIGINAL && obs->root_known == PK_TRI_NO)) {
        return PK_TLS_DOUBT_ROOT;
    }
    return obs->fallback == PK_TRI_YES ? PK_TLS_DOUBT_FALLBACK : PK_TLS_SURE;
}

static bool is_confirmed(const struct pk_tls_host *host, int64_t now_ms)
{
    int64_t age = now_ms - host->doubt_since_ms;

    switch (host->doubt) {
    case PK_TLS_SURE:
        return true;
    case PK_TLS_DOUBT_ROOT:
        return age >= ROOT_SURE_MS;
    case PK_TLS_DOUBT_CHAIN:
        return age >= CHAIN_SURE_MS;
    case PK_TLS_DOUBT_FALLBACK:
        return host->doubt_count >= FALLBACK_SURE;
    }
    return true;
}

/* True: this is not to be told yet. */
static bool must_wait(struct pk_sense_tls *tls, struct pk_tls_host *host,
        const struct pk_obs_tls *obs, int64_t now_ms)
{
    enum pk_tls_doubt doubt = doubt_of(tls, obs, now_ms);

    if (host->doubt != doubt) {
        host->doubt = doubt;
        host->doubt_since_ms = now_ms;
        host->doubt_count = 0;
        host->confirmed = false;
    }
    host->doubt_count++;
    host->confirmed = host->confirmed || is_confirmed(host, now_ms);
    if (!host->confirmed) {
        pk_known_forget_notes(tls->sense->known); /* of a visit that may not be a clean one */
        if (!tls->doubt_timer.armed) {
            tls->rechecks = 0;
            pk_loop_arm(tls->sense->loop, &tls->doubt_timer, RECHECK_MS);
        }
    }
    return !host->confirmed;
}

static bool has_doubts(const struct pk_sense_tls *tls)
{
    for (size_t i = 0; i < tls->count; i++) {
        if (pk_tls_in_doubt(&tls->hosts[i])) {
            return true;
        }
    }
    return false;
}

static void on_doubt_timer(void *ctx)
{
    struct pk_sense_tls *tls = ctx;
    struct pk_sense *sense = tls->sense;

    if (!sense->announced || !has_doubts(tls) || ++tls->rechecks > RECHECKS_MAX) {
        return;
    }
    pk_loop_arm(sense->loop, &tls->doubt_timer, RECHECK_MS);
    if (pk_gateway_odd(sense->gateway) && !pk_gateway_diverted(sense->gateway)) {
        return; /* the honest way says nothing about the other one */
    }
    tls->doubts = true;
    ask_few(sense, PK_PROBE_PORTAL | PK_PROBE_TLS, false);
    tls->doubts = false;
}

/* --- telling ------------------------------------------------------------------------------ */

static const char *gist_of(const struct pk_obs_tls *obs, bool good)
{
    const struct pk_certificate *leaf = obs->chain.count > 0 ? obs->chain.items : NULL;

    /* A site may change its leaf at every visit; the issuer is what matters while it verifies. */
    return leaf == NULL ? "-" : good && leaf->issuer != NULL ? leaf->issuer : leaf->sha256;
}

static void tell_tls(struct pk_sense *sense, struct pk_sense_job *job)
{
    struct pk_sense_tls *tls = sense->tls;
    struct pk_tls_result *result = job->result;
    struct pk_obs_tls *obs = &result->obs;
    struct pk_tls_host *host = pk_tls_hosts_find(tls, obs->host, obs->port);
    int64_t now = pk_clock_monotonic_ms();
    bool good = obs->outcome == PK_TLS_OK;
    char text[96];

    note_portal(tls, now);
    if (host == NULL) {
        return; /* taken off the list meanwhile */
    }
    /* Somebody diverts the traffic, but this connection took the honest way (the table flaps): it
     * says nothing about the other way. */
    pk_tls_facts(tls, host, result, job->env.arena);
    good = good && doubt_of(tls, obs, now) == PK_TLS_SURE;
    if (!job->loud && good && pk_gateway_odd(sense->gateway) &&
            !pk_gateway_diverted(sense->gateway)) {
        return;
    }
    if (must_wait(tls, host, obs, now)) {
        return;
    }
    host->bad = !good && obs->outcome != PK_TLS_UNREACHABLE;
    pk_tls_learn(tls, host, obs);
    snprintf(text, sizeof(text), "%d %d %s %d %d %d %.60s", obs->outcome, (int)obs->captive,
            obs->version != NULL ? obs->version : "-", obs->trust, (int)obs->fallback,
            (int)obs->weak, gist_of(obs, good));
    if (pk_sense_is_news(&host->told, text, good, job->loud)) {
        pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_TLS, .tls = obs });
    }
}

/* --- life --------------------------------------------------------------------------------- */

static void forget(struct pk_sense *sense)
{
    struct pk_sense_tls *tls = sense->tls;

    if (tls == NULL) {
        return;
    }
    for (size_t i = 0; i < tls->count; i++) {
        struct pk_tls_host *host = &tls->hosts[i];

        host->told = (struct pk_sense_told){ 0 };
        host->bad = host->confirmed = false;
        host->doubt = PK_TLS_SURE;
        host->doubt_since_ms = host->doubt_count = 0;
    }
    tls->joined = false;
    tls->first_turns = 0;
    tls->asked_ms = tls->portal_ms = 0;
    tls->portal_state = PK_PORTAL_UNKNOWN;
    pk_loop_disarm(sense->loop, &tls->turn_timer);
    pk_loop_disarm(sense->loop, &tls->doubt_timer);
}

int pk_sense_tls_create(struct pk_sense *sense, const char *state_dir, struct pk_error *err)
{
    struct pk_roots_places places = { .store = { sense->set.ca_file, sense->set.ca_dir },
        .state_dir = state_dir };
    struct pk_sense_tls *tls = calloc(1, sizeof(*tls));
    int rc = tls == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                         : pk_roots_open(&places, &tls->roots, err);

    if (rc < 0) {
        free(tls);
        return rc;
    }
    tls->sense = sense;
    pk_timer_init(&tls->turn_timer, on_turn_timer, tls);
    pk_timer_init(&tls->doubt_timer, on_doubt_timer, tls);
    sense->tls = tls;
    return PK_OK;
}

void pk_sense_tls_destroy(struct pk_sense *sense)
{
    if (sense->tls == NULL) {
        return;
    }
    pk_loop_disarm(sense->loop, &sense->tls->turn_timer);
    pk_loop_disarm(sense->loop, &sense->tls->doubt_timer);
    pk_roots_close(sense->tls->roots);
    free(sense->tls);
    sense->tls = NULL;
}

const struct pk_probe_kind pk_sense_tls_probe = {
    .probe = PK_PROBE_TLS,
    .after_portal = true,
    .count = count_hosts,
    .prepare = prepare,
    .run = run,
    .tell = tell_tls,
    .forget = forget,
};
