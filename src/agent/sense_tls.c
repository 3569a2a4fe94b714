/* Whether check hosts still prove who they are: one job a host. */
#include <stdio.h>
#include <string.h>

#include "agent/probe_tls.h"
#include "agent/sense_round.h"

static size_t count_targets(const struct pk_sense *sense)
{
    return sense->target_count;
}

static void *run(struct pk_sense_job *job)
{
    const struct pk_sense_target *target = &job->sense->targets[job->which];

    return pk_probe_tls(
            &job->env, &(struct pk_tls_target){ target->host, target->port, target->own_ca });
}

static void tell_tls(struct pk_sense *sense, struct pk_sense_job *job)
{
    struct pk_obs_tls *tls = job->result;
    const struct pk_certificate *leaf = tls->chain.count > 0 ? tls->chain.items : NULL;
    bool good = tls->outcome == PK_TLS_OK;
    char text[96];

    /* Somebody diverts the traffic, but this connection took the honest way (the table flaps): it
     * says nothing about the other way. */
    if (!job->loud && good && pk_gateway_odd(sense->gateway) &&
            !pk_gateway_diverted(sense->gateway)) {
        return;
    }
    tls->captive = pk_sense_captive(sense);
    /* A site may change its leaf at every visit; the issuer is what matters while it verifies. */
    snprintf(text, sizeof(text), "%d %d %s %.64s", tls->outcome, (int)tls->captive,
            tls->version != NULL ? tls->version : "-",
            leaf == NULL                           ? "-"
                    : good && leaf->issuer != NULL ? leaf->issuer
                                                   : leaf->sha256);
    if (pk_sense_is_news(&sense->told_tls[job->which], text, good, job->loud)) {
        pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_TLS, .tls = tls });
    }
}

static void forget(struct pk_sense *sense)
{
    memset(sense->told_tls, 0, sizeof(sense->told_tls));
}

const struct pk_probe_kind pk_sense_tls_probe = {
    .probe = PK_PROBE_TLS,
    .after_portal = true,
    .count = count_targets,
    .run = run,
    .tell = tell_tls,
    .forget = forget,
};
