/* The format of a policy file: docs/policy.md is the page for people. */
#include "policy/rules.h"

static const char *const severity_names[] = { "info", "low", "medium", "high", "critical", NULL };
static const char *const about_names[] = { "incident", "device", NULL };
static const char *const mode_names[] = { "act", "detect", NULL };
static const char *const remind_names[] = { "once", "daily", "3-daily", "weekly", NULL };

#define AT(type, member) offsetof(struct type, member)

/* clang-format off */
static const struct pk_field when_fields[] = {
    { "about", PK_TYPE_ENUM, 0, AT(pk_when, about), .names = about_names, .def = "incident",
      .help = "tried for each open incident, or once for the device as a whole" },
    { "threats", PK_TYPE_STRINGS, 0, AT(pk_when, threats), .min = 1, .max = 64, .count_max = 64,
      .help = "threat ids; * stands for any run of characters" },
    { "severity", PK_TYPE_ENUM, 0, AT(pk_when, severity), .names = severity_names, .def = "low",
      .help = "at least this severe" },
    { "confidence", PK_TYPE_REAL, 0, AT(pk_when, confidence), .min = 0, .max = 1, .def = "0.5",
      .help = "at least this sure" },
    { "risk", PK_TYPE_ENUM, 0, AT(pk_when, risk), .names = pk_risk_level_names, .def = "low",
      .help = "the device's risk now is at least this" },
    { "outlook", PK_TYPE_ENUM, 0, AT(pk_when, outlook), .names = pk_outlook_names,
      .def = "unknown", .help = "its chance of an attack within 7 days is at least this" },
    { "zone", PK_TYPE_ENUM, 0, AT(pk_when, zone), .names = pk_zone_standing_names,
      .def = "unknown", .help = "where it is now is at least this dangerous" },
    { "groups", PK_TYPE_STRINGS, 0, AT(pk_when, groups), .min = 1, .max = 64, .count_max = 100,
      .help = "of one of these groups" },
    { "ownership", PK_TYPE_STRINGS, 0, AT(pk_when, ownership), .min = 1, .max = 16, .count_max = 3,
      .help = "company, personal, unknown" },
    { "platforms", PK_TYPE_STRINGS, 0, AT(pk_when, platforms), .min = 1, .max = 16, .count_max = 8,
      .help = "android, ios, linux ..." },
};
static const struct pk_schema when_schema = PK_SCHEMA(struct pk_when, when_fields, "when");

static const struct pk_field escalation_fields[] = {
    { "after", PK_TYPE_STRING, PK_REQUIRED, AT(pk_escalation, after), .min = 1, .max = 16,
      .help = "so long behind the rule's first act: 30m, 2h, 3d" },
    { "do", PK_TYPE_STRINGS, PK_REQUIRED, AT(pk_escalation, acts), .min = 1, .max = 16,
      .count_max = 8, .help = "what is done then, besides" },
};
static const struct pk_schema escalation_schema =
    PK_SCHEMA(struct pk_escalation, escalation_fields, "escalation");

static const struct pk_field rule_fields[] = {
    { "name", PK_TYPE_STRING, PK_REQUIRED, AT(pk_rule, name), .min = 1, .max = 80,
      .help = "named in the time line of every incident it touches" },
    { "mode", PK_TYPE_ENUM, 0, AT(pk_rule, mode), .names = mode_names, .def = "act",
      .help = "detect: only note what it would have done" },
    { "when", PK_TYPE_OBJECT, PK_REQUIRED, AT(pk_rule, when), .sub = &when_schema,
      .help = "all that is given must hold" },
    { "do", PK_TYPE_STRINGS, PK_REQUIRED, AT(pk_rule, acts), .min = 1, .max = 16, .count_max = 8,
      .help = "alert (the user), siem (the SOC), tell_admins, block_mail, block_vpn, block_access" },
    { "after", PK_TYPE_STRING, 0, AT(pk_rule, after), .min = 1, .max = 16, .def = "0",
      .help = "grace: it must hold for so long first (30m, 2h, 3d)" },
    { "hold", PK_TYPE_STRING, 0, AT(pk_rule, hold), .min = 1, .max = 16, .def = "0",
      .help = "measures stay for so long after the cause is gone, so that they do not flicker" },
    { "remind", PK_TYPE_ENUM, 0, AT(pk_rule, remind), .names = remind_names, .def = "once",
      .help = "the user, until it is resolved" },
    { "escalate", PK_TYPE_OBJECTS, 0, AT(pk_rule, escalate), .sub = &escalation_schema,
      .count_max = PK_ESCALATIONS_MAX, .help = "what follows when nobody does anything" },
};
static const struct pk_schema rule_schema = PK_SCHEMA(struct pk_rule, rule_fields, "rule");

static const struct pk_field quiet_fields[] = {
    { "from", PK_TYPE_STRING, PK_REQUIRED, AT(pk_quiet, from), .min = 5, .max = 5,
      .help = "22:00" },
    { "to", PK_TYPE_STRING, PK_REQUIRED, AT(pk_quiet, to), .min = 5, .max = 5, .help = "07:00" },
    { "utc_offset", PK_TYPE_STRING, 0, AT(pk_quiet, utc_offset), .min = 6, .max = 6,
      .def = "+00:00", .help = "of the clock that these times are on: +01:00" },
};
static const struct pk_schema quiet_schema = PK_SCHEMA(struct pk_quiet, quiet_fields, "quiet");

static const struct pk_field alerts_fields[] = {
    { "per_week", PK_TYPE_INT, 0, AT(pk_alert_limits, per_week), .min = 0, .max = 1000,
      .def = "5", .help = "alerts that one user gets in seven days at most" },
    { "most", PK_TYPE_INT, 0, AT(pk_alert_limits, most), .min = 0, .max = 1000, .def = "10",
      .help = "the same together with the urgent ones" },
    { "urgent", PK_TYPE_ENUM, 0, AT(pk_alert_limits, urgent), .names = severity_names,
      .def = "high", .help = "from this severity on per_week does not count" },
    { "merge_hours", PK_TYPE_INT, 0, AT(pk_alert_limits, merge_hours), .min = 0, .max = 168,
      .def = "24", .help = "things of one kind on one network in this time are one alert" },
    { "quiet", PK_TYPE_OBJECT, 0, AT(pk_alert_limits, quiet), .sub = &quiet_schema,
      .help = "hours in which only what is happening now is told" },
};
static const struct pk_schema alerts_schema =
    PK_SCHEMA(struct pk_alert_limits, alerts_fields, "alerts");

static const struct pk_field group_fields[] = {
    { "name", PK_TYPE_STRING, PK_REQUIRED, AT(pk_group_rules, name), .min = 1, .max = 64,
      .help = "of the group of devices" },
    { "detect_only", PK_TYPE_BOOL, 0, AT(pk_group_rules, detect_only),
      .help = "no rule acts in this group, all only note" },
    { "alerts", PK_TYPE_OBJECT, 0, AT(pk_group_rules, alerts), .sub = &alerts_schema,
      .help = "instead of everybody's" },
    { "without", PK_TYPE_STRINGS, 0, AT(pk_group_rules, without), .min = 1, .max = 80,
      .count_max = PK_RULES_MAX, .help = "names of everybody's rules that do not hold here" },
    { "rules", PK_TYPE_OBJECTS, 0, AT(pk_group_rules, rules), .sub = &rule_schema,
      .count_max = PK_RULES_MAX, .help = "one of the same name replaces everybody's, others are added" },
};
static const struct pk_schema group_schema = PK_SCHEMA(struct pk_group_rules, group_fields, "group");

static const struct pk_field file_fields[] = {
    { "version", PK_TYPE_INT, PK_REQUIRED, AT(pk_policy_file, version), .min = 1, .max = 1,
      .help = "of this format" },
    { "name", PK_TYPE_STRING, PK_REQUIRED, AT(pk_policy_file, name), .min = 1, .max = 80,
      .help = "of the policy" },
    { "detect_only", PK_TYPE_BOOL, 0, AT(pk_policy_file, detect_only),
      .help = "no rule acts, all only note what they would have done" },
    { "alerts", PK_TYPE_OBJECT, 0, AT(pk_policy_file, alerts), .sub = &alerts_schema, .def = "{}",
      .help = "how much a user is told" },
    { "trust", PK_TYPE_OBJECT, 0, AT(pk_policy_file, trust), .sub = &pk_trust_schema,
      .help = "what the organisation trusts on networks; pushed to all devices" },
    { "rules", PK_TYPE_OBJECTS, PK_REQUIRED, AT(pk_policy_file, rules), .sub = &rule_schema,
      .count_max = PK_RULES_MAX, .help = "all are tried; what any of them wants is done" },
    { "groups", PK_TYPE_OBJECTS, 0, AT(pk_policy_file, groups), .sub = &group_schema,
      .count_max = PK_GROUPS_MAX, .help = "what holds for some devices instead" },
};
/* clang-format on */
const struct pk_schema pk_policy_file_schema = PK_SCHEMA(
        struct pk_policy_file, file_fields, "policy");
