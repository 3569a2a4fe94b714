#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"
#include "model/observation.h"
#include "policy/rules.h"

#define PATH_SIZE 160 /* as in struct pk_error */

/* Where in the file we are, for messages. */
struct place {
    const struct pk_yaml *yaml;
    const char *name;
    struct pk_error *err;
    char path[PATH_SIZE];
};

int pk_policy_reject(const struct pk_yaml *yaml, const char *name, struct pk_error *err, int code,
        const char *path, const char *sentence)
{
    int line = pk_yaml_line(yaml, path);

    (void)pk_error_set(err, code, "%s:%d: %s: %s", name, line, path, sentence);
    if (err != NULL) {
        err->line = line;
        (void)snprintf(err->path, sizeof(err->path), "%s", path);
    }
    return code;
}

static int reject(const struct place *at, int code, const char *key, const char *sentence)
{
    char path[PATH_SIZE];

    (void)snprintf(path, sizeof(path), "%s%s", at->path, key);
    return pk_policy_reject(at->yaml, at->name, at->err, code, path, sentence);
}

static int reject_item(
        const struct place *at, int code, const char *list, size_t item, const char *sentence)
{
    char key[64];

    (void)snprintf(key, sizeof(key), "%s[%zu]", list, item);
    return reject(at, code, key, sentence);
}

int pk_duration_parse(const char *text, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = { { "s", PK_SECOND_MS }, { "m", PK_MINUTE_MS }, { "h", PK_HOUR_MS },
        { "d", PK_DAY_MS } };
    char *end;
    long n;

    if (text[0] < '0' || text[0] > '9' || strlen(text) > 8) {
        return PK_EMALF;
    }
    n = strtol(text, &end, 10);
    if (n == 0 && *end == '\0') {
        *ms = 0;
        return PK_OK;
    }
    for (size_t i = 0; i < PK_COUNT(units); i++) {
        if (strcmp(end, units[i].unit) == 0) {
            *ms = n * units[i].ms;
            return PK_OK;
        }
    }
    return PK_EMALF;
}

static int take_duration(const struct place *at, const char *key, const char *text, int64_t *ms)
{
    if (pk_duration_parse(text, ms) < 0 || *ms > PK_AFTER_MAX_MS) {
        return reject(at, PK_EBOUNDS, key, "must be like 30m, 2h or 3d, at most 60d");
    }
    return PK_OK;
}

static unsigned act_of(const char *word)
{
    static const char *const words[] = { "alert", "siem", "tell_admins" };

    for (size_t i = 0; i < PK_COUNT(words); i++) {
        if (strcmp(word, words[i]) == 0) {
            return 1U << i;
        }
    }
    for (size_t i = 0; i < PK_MEASURE_COUNT; i++) {
        if (strcmp(word, pk_measure_names[i]) == 0) {
            return (unsigned)PK_DOES_MEASURES << i;
        }
    }
    return 0;
}

static int take_acts(
        const struct place *at, const char *list, const struct pk_strings *acts, unsigned *does)
{
    for (size_t i = 0; i < acts->count; i++) {
        unsigned act = act_of(acts->items[i]);

        if (act == 0) {
            return reject_item(at, PK_EBOUNDS, list, i,
                    "must be one of: alert, siem, tell_admins, block_mail, block_vpn, "
                    "block_access");
        }
        *does |= act;
    }
    return PK_OK;
}

static bool pattern_fits_any(const char *pattern)
{
    for (size_t i = 0; i < pk_threat_count(); i++) {
        if (fnmatch(pattern, pk_threat_at(i)->id, 0) == 0) {
            return true;
        }
    }
    return false;
}

static int take_names(const struct place *at, const char *list, const struct pk_strings *words,
        const char *const *names, const char *sentence, unsigned *bits)
{
    for (size_t i = 0; i < words->count; i++) {
        unsigned n = 0;

        while (names[n] != NULL && strcmp(names[n], words->items[i]) != 0) {
            n++;
        }
        if (names[n] == NULL) {
            return reject_item(at, PK_EBOUNDS, list, i, sentence);
        }
        *bits |= 1U << n;
    }
    return PK_OK;
}

/* A pattern that matches nothing is a typing mistake: a rule that silently never protects is worse than none. */
static int check_when(const struct place *at, struct pk_rule *rule)
{
    struct pk_when *when = rule->when;
    int rc;

    for (size_t i = 0; i < when->threats.count; i++) {
        if (!pattern_fits_any(when->threats.items[i])) {
            return reject_item(
                    at, PK_EUNKNOWN, ".when.threats", i, "no threat of the catalogue fits this");
        }
    }
    rc = take_names(at, ".when.ownership", &when->ownership, pk_ownership_names,
            "must be one of: company, personal, unknown", &rule->ownerships);
    return rc < 0 ? rc
                  : take_names(at, ".when.platforms", &when->platforms, pk_platform_names,
                            "there is no such platform", &rule->platforms);
}

/* What must not be: a prediction that takes something away, an alert about nothing, a rule for everything. */
static int check_sense(const struct place *at, const struct pk_rule *rule, unsigned does)
{
    const struct pk_when *when = rule->when;
    bool predicts = when->outlook > PK_OUTLOOK_UNKNOWN || when->zone > PK_ZONE_STANDING_UNKNOWN;

    if (when->about == PK_ABOUT_INCIDENT) {
        return PK_OK;
    }
    if (when->threats.count > 0) {
        return reject(at, PK_EINVAL, ".when.threats", "a rule about the device has no threats");
    }
    if (!predicts && when->risk == PK_RISK_LOW) {
        return reject(at, PK_EINVAL, ".when",
                "a rule about the device needs one of: risk, outlook, zone");
    }
    if (pk_does_measures(does) != 0 && when->risk == PK_RISK_LOW) {
        return reject(at, PK_EINVAL, ".do",
                "a prediction alone takes nothing away: a measure needs an incident or a risk");
    }
    return (does & (PK_DOES_ALERT | PK_DOES_SIEM)) == 0
            ? PK_OK
            : reject(at, PK_EINVAL, ".do",
                      "users and the SOC are told of incidents: a rule about the device can "
                      "tell_admins");
}

static int check_escalations(struct place *at, struct pk_rule *rule, unsigned *all)
{
    struct pk_escalation *steps = rule->escalate.items;
    size_t len = strlen(at->path);
    int rc = PK_OK;

    for (size_t i = 0; i < rule->escalate.count && rc == PK_OK; i++) {
        (void)snprintf(at->path + len, sizeof(at->path) - len, ".escalate[%zu]", i);
        rc = take_duration(at, ".after", steps[i].after, &steps[i].after_ms);
        if (rc == PK_OK) {
            rc = take_acts(at, ".do", &steps[i].acts, &steps[i].does);
        }
        if (rc == PK_OK &&
                (steps[i].after_ms == 0 || (i > 0 && steps[i].after_ms <= steps[i - 1].after_ms))) {
            rc = reject(at, PK_EBOUNDS, ".after", "must be later than the step before");
        }
        *all |= steps[i].does;
    }
    at->path[len] = '\0';
    return rc;
}

static int check_rule(struct place *at, struct pk_rule *rule)
{
    unsigned all = 0;
    int rc = check_when(at, rule);

    if (rc == PK_OK) {
        rc = take_acts(at, ".do", &rule->acts, &rule->does);
    }
    if (rc == PK_OK) {
        rc = take_duration(at, ".after", rule->after, &rule->after_ms);
    }
    if (rc == PK_OK) {
        rc = take_duration(at, ".hold", rule->hold, &rule->hold_ms);
    }
    if (rc == PK_OK) {
        rc = check_escalations(at, rule, &all);
    }
    return rc < 0 ? rc : check_sense(at, rule, rule->does | all);
}

static int check_rules(struct place *at, const struct pk_array *list)
{
    struct pk_rule *rules = list->items;
    size_t len = strlen(at->path);
    int rc = PK_OK;

    for (size_t i = 0; i < list->count && rc == PK_OK; i++) {
        (void)snprintf(at->path + len, sizeof(at->path) - len, "rules[%zu]", i);
        for (size_t j = 0; j < i && rc == PK_OK; j++) {
            if (strcmp(rules[j].name, rules[i].name) == 0) {
                rc = reject(at, PK_EEXIST, ".name", "there is a rule of this name already");
            }
        }
        if (rc == PK_OK) {
            rc = check_rule(at, &rules[i]);
        }
    }
    at->path[len] = '\0';
    return rc;
}

static int two_digits(const char *text)
{
    return text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9'
            ? 10 * (text[0] - '0') + text[1] - '0'
            : -1;
}

/* "22:00" as ms since midnight. */
static bool clock_of(const char *text, int64_t *ms)
{
    int hours = strlen(text) == 5 && text[2] == ':' ? two_digits(text) : -1;
    int minutes = hours >= 0 ? two_digits(text + 3) : -1;

    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
        return false;
    }
    *ms = hours * PK_HOUR_MS + minutes * PK_MINUTE_MS;
    return true;
}

static int check_alerts(struct place *at, struct pk_alert_limits *alerts)
{
    struct pk_quiet *q = alerts != NULL ? alerts->quiet : NULL;

    if (q == NULL) {
        return PK_OK;
    }
    if (!clock_of(q->from, &q->from_ms)) {
        return reject(at, PK_EBOUNDS, "alerts.quiet.from", "must be like 22:00");
    }
    if (!clock_of(q->to, &q->to_ms) || q->to_ms == q->from_ms) {
        return reject(at, PK_EBOUNDS, "alerts.quiet.to", "must be like 07:00, and not from");
    }
    if ((q->utc_offset[0] != '+' && q->utc_offset[0] != '-') ||
            !clock_of(q->utc_offset + 1, &q->offset_ms)) {
        return reject(at, PK_EBOUNDS, "alerts.quiet.utc_offset", "must be like +01:00");
    }
    q->offset_ms = q->utc_offset[0] == '-' ? -q->offset_ms : q->offset_ms;
    return PK_OK;
}

static bool has_rule(const struct pk_array *list, const char *name)
{
    const struct pk_rule *rules = list->items;

    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(rules[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static int check_group(struct place *at, const struct pk_policy_file *file, size_t index)
{
    struct pk_group_rules *groups = file->groups.items;
    struct pk_group_rules *g = &groups[index];
    int rc;

    (void)snprintf(at->path, sizeof(at->path), "groups[%zu].", index);
    for (size_t i = 0; i < index; i++) {
        if (strcmp(groups[i].name, g->name) == 0) {
            return reject(at, PK_EEXIST, "name", "there is a group of this name already");
        }
    }
    for (size_t i = 0; i < g->without.count; i++) {
        if (!has_rule(&file->rules, g->without.items[i])) {
            return reject_item(at, PK_EUNKNOWN, "without", i, "there is no rule of this name");
        }
    }
    rc = check_alerts(at, g->alerts);
    return rc < 0 ? rc : check_rules(at, &g->rules);
}

int pk_policy_check(struct pk_policy_file *file, const struct pk_yaml *yaml, const char *name,
        struct pk_error *err)
{
    struct place at = { .yaml = yaml, .name = name, .err = err };
    int rc = check_alerts(&at, file->alerts);

    if (rc == PK_OK) {
        rc = check_rules(&at, &file->rules);
    }
    for (size_t i = 0; i < file->groups.count && rc == PK_OK; i++) {
        rc = check_group(&at, file, i);
    }
    return rc;
}
