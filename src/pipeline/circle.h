/* circle.h - what the pipeline's files share while one report is worked in. */
#pragma once

#include "pipeline/pipeline.h"

#define PK_LIVE_MAX 64 /* open incidents of one device that are kept in mind at once */

struct pk_circle {
    const struct pk_pipeline *pipeline;
    struct pk_store *store;
    const struct pk_pipeline_watch *watch; /* never NULL: an empty one */
    struct pk_pipeline_news *news;
    struct pk_arena *arena;
    struct pk_device device;
    struct pk_incident live[PK_LIVE_MAX]; /* open and mitigated ones */
    size_t live_count;
    bool risk_stale;   /* something that the risk is made of changed */
    bool row_stale;    /* the device's row holds more news than when it was seen */
    int64_t alerts_7d; /* -1: not counted yet */
    struct pk_error *err;
};

/* device_state.c: the newest posture, network and agent into the device's row. */
int pk_circle_note(struct pk_circle *c, const struct pk_observation *o);
int pk_circle_risk(struct pk_circle *c, int64_t now_ms);
/* keep.c: a finding into its incident. */
int pk_circle_finding(struct pk_circle *c, const struct pk_finding *finding);
/* protect.c: what the policy wants done about it, written down. */
int pk_circle_protect(
        struct pk_circle *c, const struct pk_incident *incident, enum pk_incident_change change);
/* The SOC alone: nobody needs to be alerted of what a person did at the console. */
int pk_circle_announce(
        struct pk_circle *c, const struct pk_incident *incident, enum pk_incident_change change);
/* keep.c */
int pk_circle_event(
        struct pk_circle *c, const char *type, const char *incident, int64_t at_ms, json_t *detail);
int pk_circle_timeline(struct pk_circle *c, const struct pk_incident *incident, int64_t at_ms,
        const char *what, const char *by, const char *detail);
