/* replay_crowd.h - the crowd of a scene: the observations of all its devices, as visits, into the crowd's
 * memory, and what it thinks of them. */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "model/observation.h"

struct pk_replay_crowd;

/* Says a line: event is "opinion" or "crowd"; body is handed over. */
typedef void (*pk_replay_crowd_say)(void *ctx, const char *event, json_t *body, bool bad);

/* every: also opinions in which nothing is out of the ordinary. */
PK_MUST_USE int pk_replay_crowd_create(bool every, pk_replay_crowd_say say, void *ctx,
        struct pk_replay_crowd **out, struct pk_error *err);
void pk_replay_crowd_destroy(struct pk_replay_crowd *crowd);

/* A device as the crowd is to know it: {"at", "group", "attestation" (hardware, software, none), "asn",
 * "platform"}, all but "at" optional. A device without it is enrolled by its first observation, attested
 * by hardware, and stands for itself. */
PK_MUST_USE int pk_replay_crowd_enrol(struct pk_replay_crowd *crowd, const char *device,
        const json_t *facts, struct pk_error *err);

/* The next observation. Those of one device within 30 s that follow each other are one report. */
PK_MUST_USE int pk_replay_crowd_take(struct pk_replay_crowd *crowd, const char *device,
        const struct pk_observation *o, struct pk_error *err);
/* The last report has ended. */
PK_MUST_USE int pk_replay_crowd_end(struct pk_replay_crowd *crowd, struct pk_error *err);
