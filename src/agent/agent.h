/* agent.h - the whole agent: senses -> judge -> alerts, and the way to the server. Everything runs on
 * one loop in one thread. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

struct pk_agent;
struct pk_agent_settings;

struct pk_agent_options {
    const struct pk_agent_settings *settings; /* borrowed for the agent's life */
    bool offline;                             /* judge alone: no spool, no server */
    bool json;                                /* events as JSON lines on standard output */
    bool once; /* one round of all checks in silence, then pk_agent_run() returns: offline, too */
};

/* PK_EBUSY: another agent works in the same state folder. */
PK_MUST_USE int pk_agent_create(
        const struct pk_agent_options *options, struct pk_agent **out, struct pk_error *err);
void pk_agent_destroy(struct pk_agent *agent); /* NULL is fine */

/* Until SIGTERM or SIGINT (or the round is over). */
PK_MUST_USE int pk_agent_run(struct pk_agent *agent, struct pk_error *err);

/* See status.h; the caller owns the result. */
json_t *pk_agent_status(struct pk_agent *agent);
