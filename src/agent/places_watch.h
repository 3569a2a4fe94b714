/* places_watch.h - the agent's side of places.h: notes where the device is, asks the server a few times a day, says it
 * when a likely next square is risky. Everything stays in one file of the state folder; who removes that file makes
 * the running agent forget, too. Loop thread. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

struct pk_agent_places;
struct pk_agent_settings;
struct pk_loop;
struct pk_uplink;

/* hint: a word for the person, quietly. NULL: memory is short. */
struct pk_agent_places *pk_agent_places_create(struct pk_loop *loop,
        const struct pk_agent_settings *settings, void (*hint)(void *ctx), void *ctx);
/* Before the loop and after the uplink. NULL is fine. */
void pk_agent_places_destroy(struct pk_agent_places *places);
void pk_agent_places_start(struct pk_agent_places *places, struct pk_uplink *uplink);
/* The device joined a network: it may be elsewhere. */
void pk_agent_places_look(struct pk_agent_places *places);
json_t *pk_agent_places_status(const struct pk_agent_places *places); /* of pk_places_status() */

/* `picket-agent places [forget]`. Returns the exit status. */
int pk_places_command(const struct pk_agent_settings *settings, const char *verb, bool json);
/* enum pk_zone_standing of open networks where the device is, from what lies in the state folder; p may be NULL. */
int pk_places_light_here(const struct pk_agent_settings *settings, double *p);
