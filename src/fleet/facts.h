/* facts.h - observations of a simulated device, as the JSON that goes over the wire. Made with the
 * structs and the codec of the real ones, so that they follow the schema. The caller owns the
 * results; NULL when memory is short. */
#pragma once

#include "model/observation.h"

struct pk_fact {
    int64_t seq;
    int64_t at_ms;
    const char *network; /* id; NULL: on none */
};

/* A router as devices see it. */
struct pk_fact_router {
    const char *address;
    const char *mac;
    const char *resolver;
};

json_t *pk_fact_started(const struct pk_fact *fact, const char *version);
json_t *pk_fact_posture(const struct pk_fact *fact, const struct pk_obs_posture *posture);
json_t *pk_fact_joined(const struct pk_fact *fact, const struct pk_fact_router *router, int link,
        int security, const char *bssid, const char *geohash);
json_t *pk_fact_left(const struct pk_fact *fact, int link);
/* rival NULL: the router is who it was. spoofed: the old holder still answers. */
json_t *pk_fact_gateway(const struct pk_fact *fact, const struct pk_fact_router *router,
        const char *rival, bool spoofed);
/* address NULL: made-up names do not exist, as they should not. */
json_t *pk_fact_dns(
        const struct pk_fact *fact, const struct pk_fact_router *router, const char *address);
/* chain NULL: the host proved its identity. */
json_t *pk_fact_tls(const struct pk_fact *fact, const char *host, const struct pk_array *chain);
json_t *pk_fact_portal(const struct pk_fact *fact, bool captive, const char *host);
json_t *pk_fact_choice(
        const struct pk_fact *fact, const char *threat, int choice, const char *alert);

/* "net-..." for the name of a network under the deployment's key (hex as the server gave it). */
void pk_fact_network_id(const char *key_hex, const char *name, char out[PK_NETWORK_ID]);

/* A chain that an interceptor would show for host: a leaf signed by a CA of its own, with names and
 * keys made now. The array and its strings live in the arena. */
PK_MUST_USE int pk_fact_forged_chain(const char *host, const char *ca_name, int64_t at_ms,
        struct pk_arena *arena, struct pk_array *out);
