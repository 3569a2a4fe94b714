/* agent_internal.h - what the files of the agent itself share; for them alone. */
#pragma once

#include <jansson.h>
#include <limits.h>

#include "agent/agent.h"
#include "agent/alert.h"
#include "agent/loop.h"
#include "agent/repeat.h"

struct pk_agent_drill;
struct pk_findings;
struct pk_notify;

struct pk_agent {
    struct pk_agent_options options;
    struct pk_loop *loop;
    struct pk_events *events;
    struct pk_identity *identity; /* NULL when once */
    struct pk_spool *spool;       /* NULL when offline */
    struct pk_uplink *uplink;     /* NULL when offline */
    struct pk_agent_judge *judge;
    struct pk_sense *sense;
    struct pk_agent_apps *apps; /* NULL: no folder is looked at */
    struct pk_control *control;
    struct pk_trust_sources *trust;
    struct pk_agent_names *names;   /* NULL: no name server of its own */
    struct pk_agent_crowd *crowd;   /* NULL when once */
    struct pk_agent_places *places; /* NULL when once */
    struct pk_notify *notify;
    struct pk_agent_drill *drill; /* NULL when offline */
    const char *language;         /* of what the person reads */
    struct pk_repeat repeat;
    struct pk_timer trim;
    struct pk_timer rekey;
    char told_path[PATH_MAX];
    char own_server[300];
    int64_t started_ms;
    int64_t checked_ms;
    int64_t dropped;  /* by the spool, told last */
    bool device_news; /* findings about the device changed: save them */
    bool checking;
    bool check_asked; /* the server asked for the check that runs: it waits for the end of it */
    unsigned alerts;  /* shown so far */
    unsigned askers;  /* bits: who asked for the check that runs */
};

/* agent.c */
/* event: index into "started", "stopping", "sensors". */
void pk_agent_tell(struct pk_agent *a, int event);
void pk_agent_trouble(void *ctx, const char *what);
void pk_agent_say_choice(struct pk_agent *a, const char *threat, const char *alert_id);
void pk_agent_show(
        struct pk_agent *a, const struct pk_alert *alert, const char *subject, int64_t at_ms);
void pk_agent_save_told(struct pk_agent *a);
void pk_agent_take_findings(void *ctx, const struct pk_findings *findings);
/* Tidies up soon. */
void pk_agent_idle(void *ctx);

/* agent_command.c: what the server and other commands of this device ask for. */
void pk_agent_on_command(void *ctx, const json_t *command);
void pk_agent_on_ask(void *ctx, const char *line, int asker);
void pk_agent_check_now(struct pk_agent *a);
/* The person took the device off the server: it goes on alone. */
void pk_agent_on_left(void *ctx);

/* agent_crowd.c: the crowd's words on their way through the agent. */
PK_MUST_USE int pk_agent_start_crowd(struct pk_agent *a, struct pk_error *err);
/* A likely next square is risky: told quietly. */
void pk_agent_places_hint(void *ctx);
void pk_agent_crowd_place_hook(void *ctx, char out[]);
bool pk_agent_crowd_words_hook(void *ctx, const json_t *words);
