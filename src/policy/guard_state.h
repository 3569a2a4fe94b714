/* guard_state.h - what the files of the guard share. Within src/policy. */
#pragma once

#include "policy/guard.h"
#include "policy/rules.h"

#define PK_GUARD_LIVE_MAX   64  /* incidents of a situation that count */
#define PK_GUARD_TRACKS_MAX 512 /* rules x things that are followed at once */
#define PK_GUARD_ALERTS_MAX 256
#define PK_GUARD_TOLD_MAX   1024 /* alerts of one week */
#define PK_WEEK_MS          (7 * PK_DAY_MS)

/* A rule that holds for something, since when, and how far it has gone. */
struct pk_track {
    const char *rule;
    char incident[PK_ID_TEXT]; /* "": the device */
    const struct pk_threat *threat;
    const char *subject;
    int64_t since_ms;
    int64_t ended_ms; /* 0: it holds */
    int stage;        /* 0: grace; 1: acted; 1 + n: n steps of the escalation */
    int reached;      /* measures that it began, as bits */
    bool detect;      /* as its rule was when it began */
};

enum pk_held {
    PK_HELD_NOT,
    PK_HELD_QUIET,  /* it is night */
    PK_HELD_BUDGET, /* enough was said this week */
    PK_HELD_AGAIN,  /* the same was told and taken back a moment ago */
};

struct pk_alert_state {
    char incident[PK_ID_TEXT];
    char face
            [PK_ID_TEXT]; /* the incident that the person was told of: itself, or what it was merged into */
    const struct pk_threat *threat;
    const char *subject;
    const char *rule;
    int severity;
    int64_t since_ms;
    int64_t told_ms;   /* 0: not yet; a merged one: when it was merged */
    int64_t last_ms;   /* told or reminded last */
    int64_t closed_ms; /* 0: open */
    int64_t reminders;
    int64_t merged; /* into it */
    int held;       /* enum pk_held: said so already */
};

struct pk_told {
    int64_t at_ms;
    bool urgent;
};

/* What is done, and beside it what detecting rules would have done: the same machine twice. */
struct pk_side {
    struct pk_alert_state *alerts;
    size_t alert_count;
    struct pk_told *told; /* of the last week */
    size_t told_count;
    unsigned measures; /* in force */
};

struct pk_guard {
    struct pk_arena *arena;
    int64_t now_ms;
    int64_t due_ms;
    /* The situation of the last step, our own copy. */
    const char *group;
    int ownership, platform, risk_level, outlook, zone;
    struct pk_incident live[PK_GUARD_LIVE_MAX];
    size_t live_count;
    struct pk_track *tracks;
    size_t track_count;
    struct pk_side sides[2]; /* [1]: would */
};

/* One working out at one moment. */
struct pk_work {
    struct pk_guard *g;
    const struct pk_effects *effects;
    struct pk_situation situation;
    int64_t due_ms; /* the next moment that matters, so far; 0: none */
    int (*fn)(const struct pk_act *act, void *ctx);
    void *ctx;
    int rc;
};

void pk_work_due(struct pk_work *w, int64_t at_ms);     /* something falls due then */
void pk_work_say(struct pk_work *w, struct pk_act act); /* at_ms is filled in */
const struct pk_effect *pk_work_rule(const struct pk_work *w, const char *name);
const struct pk_incident *pk_work_incident(const struct pk_work *w, const char *id);

/* guard_alerts.c: the user is to be told of this incident; and everything that time does to alerts. */
void pk_guard_want_alert(
        struct pk_work *w, const struct pk_effect *effect, const struct pk_incident *incident);
void pk_guard_remind_now(struct pk_work *w, const struct pk_effect *effect, const char *incident);
void pk_guard_alerts(struct pk_work *w, int side);
