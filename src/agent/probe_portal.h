/* probe_portal.h - does a captive portal hold the device? First by the network's own word (RFC 8908
 * API, announced by RFC 8910), then by asking for a page that must be empty. */
#pragma once

#include "agent/probe_env.h"

struct pk_portal_result {
    struct pk_obs_portal obs;
    int64_t again_ms; /* the API says that the state ends by itself in so many ms; 0: unknown */
};

/* api: URL of the DHCP option 114, NULL or "": none. NULL when memory is short or cancelled. */
struct pk_portal_result *pk_probe_portal(
        const struct pk_probe_env *env, const char *api, const char *probe_url);
