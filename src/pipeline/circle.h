/* circle.h - what the pipeline's files share while one report is worked in. */
#pragma once

#include "pipeline/pipeline.h"

struct pk_mistake;
#include "policy/facts.h"

#define PK_LIVE_MAX 64 /* open incidents of one device that are kept in mind at once */

#define PK_SEEN_AT_ONCE 32
#define PK_CHANGES_MAX  128 /* of incidents in one step */

/* Texts of the observation. */
struct pk_circle_seen {
    const char *network;
    const char *value;
    int what;
};

/* An incident began, changed or ended, and nobody has been told of it yet. */
struct pk_circle_change {
    struct pk_incident incident;
    enum pk_incident_change change;
};

struct pk_circle {
    const struct pk_pipeline *pipeline;
    struct pk_store *store;
    const struct pk_pipeline_watch *watch; /* never NULL: an empty one */
    struct pk_pipeline_news *news;
    struct pk_arena *arena;
    struct pk_device device;
    struct pk_incident live[PK_LIVE_MAX]; /* open and mitigated ones */
    size_t live_count;
    bool risk_stale;          /* something that the risk is made of changed */
    bool row_stale;           /* the device's row holds more news than when it was seen */
    char checked[PK_ID_TEXT]; /* the network whose row says already that it was checked now */
    struct pk_circle_seen seen[PK_SEEN_AT_ONCE]; /* of networks, written in this report already */
    size_t seen_count;
    bool guard_stale; /* what the policy decides from has changed */
    struct pk_circle_change changes[PK_CHANGES_MAX];
    size_t change_count;
    size_t facts_put;
    int64_t acted;              /* id of the newest action */
    struct pk_situation loaded; /* without incidents: to see what changed */
    struct pk_error *err;
};

/* pipeline.c: a circle for one device, in an arena of its own; what with says is copied. NULL: memory. */
struct pk_circle *pk_circle_open(const struct pk_circle *with);
/* The device and its live incidents. PK_ENOENT: no such device. */
int pk_circle_load(struct pk_circle *c, const char *device);
/* Fuses the risk when something changed, and writes the device's row when it has news. */
int pk_circle_settle(struct pk_circle *c, int64_t now_ms);
void pk_circle_close(struct pk_circle *c); /* NULL is fine */

/* device_state.c: the newest posture, network and agent into the device's row. */
int pk_circle_note(struct pk_circle *c, const struct pk_observation *o);
int pk_circle_risk(struct pk_circle *c, int64_t now_ms);
/* networks.c: what the observation says of the network it was made on. */
int pk_circle_network(struct pk_circle *c, const struct pk_observation *o);
/* An incident about a network was written: the network's standing follows. */
int pk_circle_network_incident(struct pk_circle *c, const struct pk_incident *incident);
/* keep.c: a finding into its incident. */
int pk_circle_finding(struct pk_circle *c, const struct pk_finding *finding);
/* keep.c: an exception says that a live incident is no threat: dismissed, with its reason. Nothing when there
 * is none. */
int pk_circle_except(struct pk_circle *c, const struct pk_threat *threat, const char *subject,
        const char *reason, int64_t at_ms);
/* The other way round: what an exception dismissed comes back, what a person dismissed does not. */
int pk_circle_readmit(
        struct pk_circle *c, const struct pk_threat *threat, const char *subject, int64_t at_ms);
/* Are there other parts than this one in the live incident? */
bool pk_circle_has_other_parts(
        struct pk_circle *c, const struct pk_threat *threat, const char *subject, const char *part);
/* guard.c: an incident changed; what the policy wants is worked out by pk_circle_guard(), when the risk is fused. */
int pk_circle_protect(
        struct pk_circle *c, const struct pk_incident *incident, enum pk_incident_change change);
/* The device's policy goes on to at_ms with the situation as it is now: everything that follows is written. */
int pk_circle_guard(struct pk_circle *c, int64_t at_ms);
bool pk_circle_guard_needed(const struct pk_circle *c, int64_t at_ms);
/* protect.c: one act of the policy, written down; and whom a change is told to at once. ctx: the circle. */
int pk_circle_on_act(const struct pk_act *act, void *ctx);
int pk_circle_tell(struct pk_circle *c, const struct pk_situation *situation,
        const struct pk_circle_change *change, int64_t at_ms);
/* mistakes.c: the entry that says that this incident is none; *out NULL: there is none. And what follows. */
int pk_circle_mistake_of(
        struct pk_circle *c, const struct pk_incident *incident, const struct pk_mistake **out);
int pk_circle_dismiss_mistake(struct pk_circle *c, struct pk_incident *incident,
        const struct pk_mistake *mistake, int64_t at_ms);
/* drill.c: what the policy wants of a simulated one, at once and without memory. */
int pk_circle_drill(
        struct pk_circle *c, const struct pk_incident *incident, enum pk_incident_change change);
/* keep.c */
int pk_circle_event(
        struct pk_circle *c, const char *type, const char *incident, int64_t at_ms, json_t *detail);
int pk_circle_timeline(struct pk_circle *c, const struct pk_incident *incident, int64_t at_ms,
        const char *what, const char *by, const char *detail);
