/* rules.h - a policy as it was read: rules with what was worked out from their texts. Within src/policy. */
#pragma once

#include "base/clock.h"
#include "policy/policy.h"

#define PK_RULES_MAX       200 /* of everybody, and again of each group */
#define PK_GROUPS_MAX      100
#define PK_ESCALATIONS_MAX 8
#define PK_AFTER_MAX_MS    (60 * PK_DAY_MS)

/* What a rule may do, as bits. Measures stand behind the words. */
enum pk_does {
    PK_DOES_ALERT = 1,
    PK_DOES_SIEM = 2,
    PK_DOES_ADMINS = 4,
    PK_DOES_MEASURES = 8, /* the first of them: 8 << enum pk_measure */
};
static inline unsigned pk_does_measures(unsigned does)
{
    return does / PK_DOES_MEASURES;
}

enum pk_about {
    PK_ABOUT_INCIDENT, /* the rule is tried for each open incident */
    PK_ABOUT_DEVICE,   /* once, for the device as a whole */
};

enum pk_remind {
    PK_REMIND_ONCE,
    PK_REMIND_DAILY,
    PK_REMIND_3DAILY,
    PK_REMIND_WEEKLY,
};

struct pk_when {
    int about;                 /* enum pk_about */
    struct pk_strings threats; /* patterns like "network.*"; none: any */
    int severity;              /* at least */
    double confidence;         /* at least */
    int risk;                  /* of the device, at least: enum pk_risk_level */
    int outlook;               /* at least */
    int zone;                  /* at least */
    struct pk_strings groups;
    struct pk_strings ownership;
    struct pk_strings platforms;
};

struct pk_escalation {
    const char *after; /* the rule's first act */
    struct pk_strings acts;
    int64_t after_ms;
    unsigned does;
};

struct pk_rule {
    const char *name;
    int mode; /* enum pk_mode */
    struct pk_when *when;
    struct pk_strings acts;
    const char *after;        /* grace: it must hold for so long first */
    const char *hold;         /* measures stay for so long behind the end */
    int remind;               /* enum pk_remind */
    struct pk_array escalate; /* struct pk_escalation, times ascending */
    int64_t after_ms, hold_ms;
    unsigned does;
    unsigned ownerships, platforms; /* bits; 0: any */
};

enum pk_mode {
    PK_MODE_ACT,
    PK_MODE_DETECT,
};

struct pk_quiet {
    const char *from, *to;  /* "22:00" */
    const char *utc_offset; /* "+01:00" */
    int64_t from_ms, to_ms, offset_ms;
};

struct pk_alert_limits {
    int64_t per_week; /* that are not urgent */
    int64_t most;     /* with the urgent ones */
    int urgent;       /* severity from which per_week does not count */
    int64_t merge_hours;
    struct pk_quiet *quiet; /* NULL: none */
};

struct pk_group_rules {
    const char *name;
    struct pk_alert_limits *alerts; /* NULL: everybody's */
    struct pk_strings without;      /* names of rules that do not hold here */
    struct pk_array rules;
    bool detect_only;
};

/* A rule as it holds for somebody. */
struct pk_effect {
    const struct pk_rule *rule;
    const char *group; /* that says so; NULL: everybody's */
    bool detect;
};

/* What holds for a group, or (name NULL) for all others. */
struct pk_effects {
    const char *name;
    const struct pk_alert_limits *alerts;
    const struct pk_effect *items;
    size_t count;
};

const struct pk_effects *pk_policy_effects(const struct pk_policy *policy, const char *group);
/* Does the rule hold for this incident (about the device: NULL) in this situation? */
bool pk_rule_holds(const struct pk_rule *rule, const struct pk_situation *situation,
        const struct pk_incident *incident);

/* "30m" "2h" "3d" "45s", "0". PK_EMALF. */
PK_MUST_USE int pk_duration_parse(const char *text, int64_t *ms);

struct pk_yaml;
struct pk_policy_file {
    int64_t version;
    const char *name;
    struct pk_alert_limits *alerts;
    struct pk_trust *trust; /* NULL: no such section */
    struct pk_array rules;
    struct pk_array groups;
    bool detect_only;
};
extern const struct pk_schema pk_policy_file_schema;

/* What a table cannot say, and what is worked out from texts. *err has line and path. */
PK_MUST_USE int pk_policy_check(struct pk_policy_file *file, const struct pk_yaml *yaml,
        const char *name, struct pk_error *err);
int pk_policy_reject(const struct pk_yaml *yaml, const char *name, struct pk_error *err, int code,
        const char *path, const char *sentence);
