/* drill.h - simulated threats that the server asks for: each begins as an observation, is judged, told and
 * reported like a real one, and ends by itself. Drills outlive the agent in a small file of the state folder, so
 * that none stays open because the agent was restarted. Loop thread. */
#pragma once

#include <jansson.h>

#include "base/error.h"

struct pk_agent_drill;
struct pk_loop;
struct pk_observation;

#define PK_DRILLS_MAX        4
#define PK_DRILL_MINUTES_MAX 60

/* NULL when memory is short. observe(ctx, ...) is called for each begin and end. */
struct pk_agent_drill *pk_agent_drill_create(struct pk_loop *loop, const char *state_dir,
        void (*observe)(void *ctx, const struct pk_observation *obs), void *ctx);
void pk_agent_drill_destroy(struct pk_agent_drill *drill); /* NULL is fine */

/* Those of the file: what is over by now ends, the others go on as long as they have. */
void pk_agent_drill_resume(struct pk_agent_drill *drill);

/* {"type":"simulate","id","threat","minutes"}: PK_EMALF or PK_ENOENT (no such threat, or one that is not
 * rehearsed), PK_ELIMIT: PK_DRILLS_MAX run already. */
PK_MUST_USE int pk_agent_drill_start(
        struct pk_agent_drill *drill, const json_t *command, struct pk_error *err);

/* The one that began with this id is over now, as if its time had come; none: nothing happens. */
void pk_agent_drill_end(struct pk_agent_drill *drill, const char *ask);
