/* alerts.h - what people were told, and what became of it. One row an alert: reminders and what was merged into it are
 * counted there. All functions as in store.h. */
#pragma once

#include "store/store.h"

/* What the person said to it. Order of struct pk_obs_choice.choice, one up. */
enum pk_answer {
    PK_ANSWER_NONE,
    PK_ANSWER_SHOWN,
    PK_ANSWER_CLOSED,
    PK_ANSWER_ACTED,
    PK_ANSWER_IGNORED,
    PK_ANSWER_MISTAKE,
};
extern const char *const pk_answer_names[];

struct pk_alert_row {
    int64_t id;
    const char *device;
    const char *device_name; /* of lists */
    const char *incident;
    const char *rule;
    const char *threat; /* id */
    const char *subject;
    int level;      /* enum pk_urgency */
    int64_t action; /* the newest command to the agent about it */
    int64_t told_ms;
    int64_t shown_ms; /* 0: not yet */
    int answer;       /* enum pk_answer */
    int64_t answered_ms;
    int64_t closed_ms; /* 0: open */
    int64_t reminders;
    int64_t merged; /* other things that it stands for, too */
    int64_t simulated;
};

/* Sets row->id. */
PK_MUST_USE int pk_alert_add(
        struct pk_store *store, struct pk_alert_row *row, struct pk_error *err);
/* Writes action .. merged. */
PK_MUST_USE int pk_alert_put(
        struct pk_store *store, const struct pk_alert_row *row, struct pk_error *err);
/* The open alert of an incident. PK_ENOENT. */
PK_MUST_USE int pk_alert_of_incident(struct pk_store *store, const char *incident,
        struct pk_arena *arena, struct pk_alert_row *out, struct pk_error *err);
/* The alert that this command was about. PK_ENOENT. */
PK_MUST_USE int pk_alert_of_action(struct pk_store *store, int64_t action, struct pk_arena *arena,
        struct pk_alert_row *out, struct pk_error *err);
/* filters: device rule threat answer state(open|closed) simulated(yes|no); sorts: told_at; default -told_at.
 * items: struct pk_alert_row. */
PK_MUST_USE int pk_alert_list(struct pk_store *store, const struct pk_query *query,
        struct pk_arena *arena, struct pk_page *out, struct pk_error *err);

/* What becomes of a rule's alerts: fewer than 30 % acted on means that the rule needs tuning. */
struct pk_alert_rate {
    const char *rule;
    int64_t told; /* simulated ones and those that only stand in a list are left out */
    int64_t shown;
    int64_t acted;   /* the person said so, or the cause was gone within 24 hours */
    int64_t ignored; /* said so, or open for more than 7 days */
    int64_t mistakes;
    int64_t closed; /* by themselves: the cause is gone */
    int64_t merged, reminders;
    int64_t people; /* devices */
};
/* items: struct pk_alert_rate, most told first; of alerts told since then. */
PK_MUST_USE int pk_alert_rates(struct pk_store *store, int64_t since_ms, int64_t now_ms,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
