/* probe_env.h - what every probe needs. A probe is a blocking function for a job beside the loop:
 * settings in, one body of an observation out, in an arena that belongs to the job alone. */
#pragma once

#include "agent/dns_client.h"
#include "agent/tls_client.h"

#define PK_PROBE_SERVERS_MAX 3 /* as the C library: MAXNS */

struct pk_probe_env {
    struct pk_address servers[PK_PROBE_SERVERS_MAX]; /* the network's name servers, port 53 */
    size_t server_count;
    struct pk_tls_roots roots;
    struct pk_deadline deadline;
    struct pk_arena *arena;
};
