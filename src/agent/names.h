/* names.h - harmful names on this device: the forwarder (stub.h), the lists (name_lists.h), the page
 * (block_server.h) and the system's list of resolvers (names_system.h) put together. What is blocked leaves
 * as an observation; what is not leaves no trace. Loop thread. */
#pragma once

#include <jansson.h>

#include "agent/name_decide.h"
#include "model/observation.h"

struct pk_agent_names;
struct pk_alert;
struct pk_agent_settings;
struct pk_loop;
struct pk_sense;

struct pk_names_hooks {
    /* news: this name was not told of in the last hour. */
    void (*observation)(void *ctx, const struct pk_observation *obs, bool news);
    void (*trouble)(void *ctx, const char *what);
    struct pk_sense *const *sense; /* whose trust holds; while it is NULL that of the settings */
    void *ctx;
};

/* *out stays NULL when no address to listen on is set: then only what an earlier agent left in the
 * system's list is taken out. What cannot be had (a port, the lists) is told as trouble and in the status: names then resolve without
 * us. PK_EINVAL: a setting makes no sense. settings are borrowed. */
PK_MUST_USE int pk_agent_names_create(struct pk_loop *loop,
        const struct pk_agent_settings *settings, const struct pk_names_hooks *hooks,
        struct pk_agent_names **out, struct pk_error *err);
/* Gives the system its list of resolvers back. NULL is fine. */
void pk_agent_names_destroy(struct pk_agent_names *names);

/* What the person is told of a name when its kind is open already and was told: every new name is, since a
 * browser that gets no page says nothing. False: nothing is to be told. */
bool pk_names_alert(const struct pk_obs_name *name, const char *language, struct pk_alert *out);

/* "on", "off", "status", "allow NAME" -> what `picket-agent names` shows; the caller owns it. names NULL:
 * the setting is absent. */
json_t *pk_agent_names_ask(struct pk_agent_names *names, const char *line);

/* The command, in a process of its own: asks the agent, or does by itself what can be done without one.
 * Returns the exit status. */
int pk_names_command(
        const struct pk_agent_settings *settings, const char *verb, const char *name, bool json);
