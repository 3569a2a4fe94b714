/* networks.h - what picketd does about networks beside the circle: knows the organisation's own by name, and
 * forgets those that nobody met for long. One thread of its own. */
#pragma once

#include "server/server.h"

struct pk_networks;

PK_MUST_USE int pk_networks_start(
        struct pk_server *server, struct pk_networks **out, struct pk_error *err);
void pk_networks_stop(struct pk_networks *networks); /* ends the thread; NULL is fine */

/* Writes the names of the policy's networks down, by the ids that devices call them by. Any thread. */
PK_MUST_USE int pk_networks_learn(struct pk_server *server, struct pk_error *err);

/* When a network that was last seen then is forgotten. */
int64_t pk_networks_until(const struct pk_server *server, int64_t last_ms);
