/* crowd.h - the agent's side of the crowd: keeps filters and what was heard up to date, and judges the network
 * that the device joins by what is here, without asking anybody. Only a filter's "maybe" is confirmed by the server
 * (a range of fingerprints, never the network itself). Loop thread. */
#pragma once

#include <jansson.h>

#include "model/finding.h"
#include "model/observation.h"

struct pk_agent_crowd;
struct pk_agent_settings;
struct pk_identity;
struct pk_loop;
struct pk_uplink;

struct pk_agent_crowd_hooks {
    void (*findings)(void *ctx, const struct pk_findings *findings);
    void (*trouble)(void *ctx, const char *what);
    /* Something was taken or decided: a word for people and programs. fields is taken over. */
    void (*event)(void *ctx, json_t *fields, const char *text);
    void *ctx;
};

PK_MUST_USE int pk_agent_crowd_create(struct pk_loop *loop,
        const struct pk_agent_settings *settings, const struct pk_identity *identity,
        const struct pk_agent_crowd_hooks *hooks, struct pk_agent_crowd **out,
        struct pk_error *err);
/* Before the loop and after the uplink. NULL is fine. */
void pk_agent_crowd_destroy(struct pk_agent_crowd *crowd);

/* Begins to fetch what is missing. Without an uplink it works from what it has. */
void pk_agent_crowd_start(struct pk_agent_crowd *crowd, struct pk_uplink *uplink);
/* The deployment's key changed: nothing that is here fits any more. */
void pk_agent_crowd_rekey(struct pk_agent_crowd *crowd);

/* The device joined, changed or left a network. */
void pk_agent_crowd_network(struct pk_agent_crowd *crowd, const struct pk_observation *obs);

/* For the uplink: how far it has heard ("": it cannot hear now); what came. */
void pk_agent_crowd_place(const struct pk_agent_crowd *crowd, char *out, size_t size);
/* True: it was of use, so the next wait may begin at once. */
bool pk_agent_crowd_words(struct pk_agent_crowd *crowd, const json_t *words);

/* {"epoch", "seq", "networks", "made", "heard"} for status; NULL: nothing is here. The caller owns it. */
json_t *pk_agent_crowd_status(const struct pk_agent_crowd *crowd);

/* `picket-agent network check SSID [BSSID]`, from the state folder alone. Returns the exit status. */
int pk_network_command(const struct pk_agent_settings *settings, const char *verb, const char *ssid,
        const char *bssid, bool json);
