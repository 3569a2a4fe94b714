/* networks.h - what picketd does about networks beside the circle: knows the organisation's own by name. */
#pragma once

#include "server/server.h"

/* Writes the names of the policy's networks down, by the ids that devices call them by. Any thread. */
PK_MUST_USE int pk_networks_learn(struct pk_server *server, struct pk_error *err);

/* When a network that was last seen then is forgotten. */
int64_t pk_networks_until(const struct pk_server *server, int64_t last_ms);
