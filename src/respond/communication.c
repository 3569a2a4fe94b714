#include "respond/communication.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

const char *const pk_notice_when_names[] = { "now", "hourly", "daily", "weekly", "lasting", NULL };

static const char *const severity_names[] = { "info", "low", "medium", "high", "critical", NULL };

/* clang-format off */
static const struct pk_field rule_fields[] = {
    { "name", PK_TYPE_STRING, PK_REQUIRED, offsetof(struct pk_notice_rule, name), .min = 1, .max = 64,
      .help = "of the rule" },
    { "threats", PK_TYPE_STRINGS, 0, offsetof(struct pk_notice_rule, threats), .min = 1, .max = 64,
      .count_max = 32, .help = "ids or patterns like \"network.*\"; none: any threat" },
    { "severity", PK_TYPE_ENUM, 0, offsetof(struct pk_notice_rule, severity), .names = severity_names,
      .def = "info", .help = "this or worse" },
    { "groups", PK_TYPE_STRINGS, 0, offsetof(struct pk_notice_rule, groups), .min = 1, .max = 64,
      .count_max = 64, .help = "of the device; none: any" },
    { "mail", PK_TYPE_STRINGS, 0, offsetof(struct pk_notice_rule, mail), .min = 3,
      .max = PK_MAIL_ADDRESS_MAX, .count_max = 32, .help = "addresses that get a letter" },
    { "webhooks", PK_TYPE_STRINGS, 0, offsetof(struct pk_notice_rule, hooks), .min = 1, .max = 64,
      .count_max = 32, .help = "names of webhooks of the settings that are called" },
    { "when", PK_TYPE_ENUM, 0, offsetof(struct pk_notice_rule, when), .names = pk_notice_when_names,
      .def = "now", .help = "at once, gathered, or only when it lasts more than 24 hours" },
};
static const struct pk_schema rule_schema =
    PK_SCHEMA(struct pk_notice_rule, rule_fields, "alert rule");

static const struct pk_field fields[] = {
    { "user_mail", PK_TYPE_BOOL, 0, offsetof(struct pk_communication, user_mail),
      .help = "people get a copy of their alerts by mail" },
    { "rules", PK_TYPE_OBJECTS, 0, offsetof(struct pk_communication, rules),
      .count_max = PK_COMMUNICATION_RULES, .sub = &rule_schema,
      .help = "which administrators are told of what" },
};
/* clang-format on */
const struct pk_schema pk_communication_schema = PK_SCHEMA(
        struct pk_communication, fields, "communication");

int pk_communication_parse(const char *text, size_t len, struct pk_arena *arena,
        struct pk_communication *out, struct pk_error *err)
{
    json_t *json = NULL;
    int rc = pk_json_parse(text, len, &json, err);

    if (rc == PK_OK) {
        rc = pk_schema_decode(&pk_communication_schema, json, arena, out, err);
    }
    json_decref(json);
    return rc;
}

static int fault(struct pk_error *err, size_t rule, const char *key, const char *why)
{
    int rc = pk_error_set(err, PK_EINVAL, "%s", why);

    if (err != NULL) {
        (void)snprintf(err->path, sizeof(err->path), "rules[%zu].%s", rule, key);
    }
    return rc;
}

/* A pattern that fits nothing is a typing mistake: its rule would never speak. */
static bool fits_any(const char *pattern)
{
    for (size_t i = 0; i < pk_threat_count(); i++) {
        if (fnmatch(pattern, pk_threat_at(i)->id, 0) == 0) {
            return true;
        }
    }
    return false;
}

static int check_rule(
        const struct pk_notice_rule *rules, const struct pk_notice_rule *rule, struct pk_error *err)
{
    size_t at = (size_t)(rule - rules);

    for (size_t i = 0; i < at; i++) {
        if (strcmp(rules[i].name, rule->name) == 0) {
            return fault(err, at, "name", "another rule has this name");
        }
    }
    for (size_t i = 0; i < rule->threats.count; i++) {
        if (!fits_any(rule->threats.items[i])) {
            return fault(err, at, "threats", "fits no threat of the catalogue");
        }
    }
    for (size_t i = 0; i < rule->mail.count; i++) {
        if (!pk_mail_address_ok(rule->mail.items[i])) {
            return fault(err, at, "mail", "a mail address is wanted here");
        }
    }
    if (rule->mail.count == 0 && rule->hooks.count == 0) {
        return fault(err, at, "mail", "somebody has to be told: an address or a webhook");
    }
    return PK_OK;
}

int pk_communication_check(const struct pk_communication *communication, struct pk_error *err)
{
    const struct pk_notice_rule *rules = communication->rules.items;
    int rc = PK_OK;

    for (size_t i = 0; i < communication->rules.count && rc == PK_OK; i++) {
        rc = check_rule(rules, &rules[i], err);
    }
    return rc;
}

bool pk_notice_fits(const struct pk_notice_rule *rule, const char *threat,
        enum pk_severity severity, const char *group)
{
    bool fits = rule->groups.count == 0;

    for (size_t i = 0; i < rule->groups.count && !fits; i++) {
        fits = strcmp(rule->groups.items[i], group) == 0;
    }
    if (!fits || (int)severity < rule->severity) {
        return false;
    }
    fits = rule->threats.count == 0;
    for (size_t i = 0; i < rule->threats.count && !fits; i++) {
        fits = threat != NULL && fnmatch(rule->threats.items[i], threat, 0) == 0;
    }
    return fits;
}

/* atext of RFC 5322 3.2.3; a dot may stand between them. */
static bool is_atom(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool is_host(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

/* Parts with single dots between them, up to end. */
static bool is_dotted(const char *text, const char *end, bool (*fits)(char c))
{
    bool dot = true;

    for (; text < end; text++) {
        if (*text == '.' && !dot) {
            dot = true;
        } else if (fits(*text)) {
            dot = false;
        } else {
            return false;
        }
    }
    return !dot;
}

bool pk_mail_address_ok(const char *address)
{
    size_t len = strlen(address);
    const char *at = strchr(address, '@');

    return at != NULL && len <= PK_MAIL_ADDRESS_MAX && at - address <= 64 &&
            address[0] != '-' && /* looks like an option to programs behind the relay */
            is_dotted(address, at, is_atom) && is_dotted(at + 1, address + len, is_host);
}
