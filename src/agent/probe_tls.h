/* probe_tls.h - does a host whose certificate everybody can verify still prove itself? The name is
 * resolved by the network's own servers: the way an app would go. */
#pragma once

#include "agent/probe_env.h"

struct pk_tls_target {
    const char *host;
    uint16_t port;
    /* File with the only roots that may vouch for it; NULL: the system's. */
    const char *own_ca;
};

/* NULL when memory is short or the check was cancelled. captive is left unknown. */
struct pk_obs_tls *pk_probe_tls(const struct pk_probe_env *env, const struct pk_tls_target *target);
