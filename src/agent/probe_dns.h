/* probe_dns.h - does a name server of the network invent answers? It is asked for random names that
 * cannot exist; the same names go to a resolver that we trust, when there is one. */
#pragma once

#include "agent/probe_env.h"

/* domain: random names below it do not exist, NULL: none is known. trusted: NULL: none. NULL when
 * memory is short or the check was cancelled. captive is left unknown. */
struct pk_obs_dns *pk_probe_dns(const struct pk_probe_env *env, const struct pk_address *server,
        const char *domain, const struct pk_address *trusted);
