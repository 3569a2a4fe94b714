/* policy.h - rules as data: which situation leads to which protection.
 *
 * A policy is an immutable snapshot of one YAML text; the schema is in policy.c, docs/policy.md explains it,
 * data/policy/default.yaml shows it. Groups of devices inherit from it: a rule of a group replaces the one of
 * the same name, others are added. Reading is pure. What follows from a policy over time is in guard.h. */
#pragma once

#include "base/slice.h"
#include "model/incident.h"
#include "model/situation.h"
#include "model/trust.h"

struct pk_policy;

/* name stands for the file in messages ("policy.yaml:12: rules[1].do[0]: must be one of ..."). The
 * caller ends *out with pk_policy_destroy(). */
PK_MUST_USE int pk_policy_parse(const char *name, const char *text, size_t len,
        struct pk_policy **out, struct pk_error *err);
PK_MUST_USE int pk_policy_load(const char *file, struct pk_policy **out, struct pk_error *err);
void pk_policy_destroy(struct pk_policy *policy);

/* The policy that the programs carry inside (data/policy/default.yaml). */
struct pk_slice pk_policy_default_text(void);

const char *pk_policy_name(const struct pk_policy *policy);
int64_t pk_policy_alerts_per_week(const struct pk_policy *policy);

/* Which version of the organisation's policy it is: its number in the store (set once after parsing), else a number
 * below 0 made from the text. */
void pk_policy_set_version(struct pk_policy *policy, int64_t version);
int64_t pk_policy_version(const struct pk_policy *policy);

/* What the organisation trusts on networks, for all devices. The text is the section as JSON, the
 * version a short hash of it: devices fetch the text when theirs differs. Without such a section the
 * lists are empty, text is NULL and version PK_TRUST_NONE. */
#define PK_TRUST_NONE    "none"
#define PK_TRUST_VERSION 13 /* bytes of a version, NUL included */
const struct pk_trust *pk_policy_trust(const struct pk_policy *policy);
const char *pk_policy_trust_text(const struct pk_policy *policy);
const char *pk_policy_trust_version(const struct pk_policy *policy);

/* Whom a change of an incident is told to besides the user: at once, without memory. */
struct pk_decision {
    bool siem; /* tell the SOC of this change */
    const char *siem_rule;
    bool admins; /* tell the administrators: letters and webhooks, as the settings say */
    const char *admins_rule;
};
/* Beginnings and ends only (opened, reopened, resolved, dismissed). */
void pk_policy_decide(const struct pk_policy *policy, const struct pk_situation *situation,
        const struct pk_incident *incident, enum pk_incident_change change,
        struct pk_decision *out);

/* What people may know of the rules, for lists: effective ones of a group ("" or unknown: everybody's). */
struct pk_rule_view {
    const char *name;
    bool detect;       /* only says what it would have done */
    const char *group; /* that overrides or adds it; NULL: everybody's */
    struct pk_strings acts;
};
size_t pk_policy_rule_count(const struct pk_policy *policy, const char *group);
void pk_policy_rule_at(
        const struct pk_policy *policy, const char *group, size_t index, struct pk_rule_view *out);
/* Groups that the policy names. */
size_t pk_policy_group_count(const struct pk_policy *policy);
const char *pk_policy_group_at(const struct pk_policy *policy, size_t index);
