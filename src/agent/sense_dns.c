/* How the network's name servers answer: one job a server. */
#include <stdio.h>
#include <string.h>

#include "agent/probe_dns.h"
#include "agent/sense_round.h"

static size_t count_servers(const struct pk_sense *sense)
{
    return sense->resolv.count;
}

static void *run(struct pk_sense_job *job)
{
    const struct pk_sense *sense = job->sense; /* settings only: they do not change */

    return pk_probe_dns(&job->env, &job->env.servers[job->which], sense->set.probe_domain,
            sense->trusted.family != 0 ? &sense->trusted : NULL);
}

static void tell_dns(struct pk_sense *sense, struct pk_sense_job *job)
{
    struct pk_obs_dns *dns = job->result;
    char text[96];

    dns->captive = pk_sense_captive(sense);
    snprintf(text, sizeof(text), "%s %d %d %d", dns->resolver, dns->nx_answered > 0,
            dns->timeouts == dns->nx_probes, (int)dns->captive);
    if (pk_sense_is_news(&sense->told_dns[job->which], text, dns->nx_answered == 0, job->loud)) {
        pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_DNS, .dns = dns });
    }
}

static void forget(struct pk_sense *sense)
{
    memset(sense->told_dns, 0, sizeof(sense->told_dns));
}

const struct pk_probe_kind pk_sense_dns_probe = {
    .probe = PK_PROBE_DNS,
    .after_portal = true,
    .count = count_servers,
    .run = run,
    .tell = tell_dns,
    .forget = forget,
};
