#include "policy/policy.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/file.h"
#include "base/yaml.h"

#define ARENA_MAX (8UL * 1024 * 1024) /* of a file of at most 1 MiB */
#define RULES_MAX 200

static const char *const severity_names[] = { "info", "low", "medium", "high", "critical", NULL };

struct when {
    struct pk_strings threats; /* patterns like "network.*"; none: any */
    int severity;              /* at least */
    double confidence;         /* at least */
};

struct rule {
    const char *name;
    struct when *when;
    struct pk_strings acts; /* "alert", "siem" */
};

struct alerts {
    int64_t per_week;
    int urgent; /* severity from which the budget does not count */
};

struct file {
    int64_t version;
    const char *name;
    struct alerts *alerts;
    struct pk_trust *trust; /* NULL: no such section */
    struct pk_array rules;
};

struct pk_policy {
    struct pk_arena *arena;
    struct file file;
    struct pk_trust nothing; /* stands for a section that is not there */
    const char *trust_text;
    char trust_version[PK_TRUST_VERSION];
};

/* clang-format off */
static const struct pk_field when_fields[] = {
    { "threats", PK_TYPE_STRINGS, 0, offsetof(struct when, threats), .min = 1, .max = 64,
      .count_max = 64, .help = "threat ids; * stands for any run of characters" },
    { "severity", PK_TYPE_ENUM, 0, offsetof(struct when, severity), .names = severity_names,
      .def = "low", .help = "at least this severe" },
    { "confidence", PK_TYPE_REAL, 0, offsetof(struct when, confidence), .min = 0, .max = 1,
      .def = "0.5", .help = "at least this sure" },
};
static const struct pk_schema when_schema = PK_SCHEMA(struct when, when_fields, "when");

static const struct pk_field rule_fields[] = {
    { "name", PK_TYPE_STRING, PK_REQUIRED, offsetof(struct rule, name), .min = 1, .max = 80,
      .help = "named in the time line of every incident it touches" },
    { "when", PK_TYPE_OBJECT, PK_REQUIRED, offsetof(struct rule, when), .sub = &when_schema,
      .help = "all that is given must hold" },
    { "do", PK_TYPE_STRINGS, PK_REQUIRED, offsetof(struct rule, acts), .min = 1, .max = 16,
      .count_max = 8, .help = "alert (the user), siem (the SOC)" },
};
static const struct pk_schema rule_schema = PK_SCHEMA(struct rule, rule_fields, "rule");

static const struct pk_field alerts_fields[] = {
    { "per_week", PK_TYPE_INT, 0, offsetof(struct alerts, per_week), .min = 0, .max = 1000,
      .def = "5", .help = "alerts that one user gets in seven days at most" },
    { "urgent", PK_TYPE_ENUM, 0, offsetof(struct alerts, urgent), .names = severity_names,
      .def = "high", .help = "from this severity on the budget does not count" },
};
static const struct pk_schema alerts_schema = PK_SCHEMA(struct alerts, alerts_fields, "alerts");

static const struct pk_field file_fields[] = {
    { "version", PK_TYPE_INT, PK_REQUIRED, offsetof(struct file, version), .min = 1, .max = 1,
      .help = "of this format" },
    { "name", PK_TYPE_STRING, PK_REQUIRED, offsetof(struct file, name), .min = 1, .max = 80,
      .help = "of the policy" },
    { "alerts", PK_TYPE_OBJECT, 0, offsetof(struct file, alerts), .sub = &alerts_schema,
      .def = "{}", .help = "how much a user is told" },
    { "trust", PK_TYPE_OBJECT, 0, offsetof(struct file, trust), .sub = &pk_trust_schema,
      .help = "what the organisation trusts on networks; pushed to all devices" },
    { "rules", PK_TYPE_OBJECTS, PK_REQUIRED, offsetof(struct file, rules), .sub = &rule_schema,
      .count_max = RULES_MAX, .help = "all are tried; what any of them wants is done" },
};
static const struct pk_schema file_schema = PK_SCHEMA(struct file, file_fields, "policy");
/* clang-format on */

static bool does(const struct rule *r, const char *act)
{
    for (size_t i = 0; i < r->acts.count; i++) {
        if (strcmp(r->acts.items[i], act) == 0) {
            return true;
        }
    }
    return false;
}

static int reject_at(const struct pk_yaml *yaml, const char *name, struct pk_error *err, int code,
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

static int reject(const struct pk_yaml *yaml, const char *name, struct pk_error *err, int code,
        const char *sentence, size_t rule, const char *list, size_t item)
{
    char path[sizeof(err->path)];

    (void)snprintf(path, sizeof(path), "rules[%zu].%s[%zu]", rule, list, item);
    return reject_at(yaml, name, err, code, path, sentence);
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

/* A pattern that matches nothing, or an act that does not exist, is a typing mistake: a rule that
 * silently never protects is worse than none. */
static int check(
        const struct file *file, const struct pk_yaml *yaml, const char *name, struct pk_error *err)
{
    const struct rule *rules = file->rules.items;

    for (size_t r = 0; r < file->rules.count; r++) {
        for (size_t i = 0; i < rules[r].when->threats.count; i++) {
            if (!pattern_fits_any(rules[r].when->threats.items[i])) {
                return reject(yaml, name, err, PK_EUNKNOWN, "no threat of the catalogue fits this",
                        r, "when.threats", i);
            }
        }
        for (size_t i = 0; i < rules[r].acts.count; i++) {
            if (strcmp(rules[r].acts.items[i], "alert") != 0 &&
                    strcmp(rules[r].acts.items[i], "siem") != 0) {
                return reject(
                        yaml, name, err, PK_EBOUNDS, "must be one of: alert, siem", r, "do", i);
            }
        }
    }
    return PK_OK;
}

static int check_trust(const struct pk_trust *trust, const struct pk_yaml *yaml, const char *name,
        struct pk_error *err)
{
    struct pk_error why = { 0 };
    char path[sizeof(why.path) + 8];
    int rc = trust != NULL ? pk_trust_check(trust, &why) : PK_OK;

    if (rc == PK_OK) {
        return PK_OK;
    }
    (void)snprintf(path, sizeof(path), "trust.%s", why.path);
    return reject_at(yaml, name, err, rc, path, why.text);
}

/* The section as devices get it: the keys in order, so that only what it says makes another version. */
static int keep_trust(struct pk_policy *policy, const struct pk_yaml *yaml, const char *name,
        struct pk_error *err)
{
    char digest[PK_SHA256_HEX];
    json_t *names = json_object();
    char *text;
    int rc = pk_schema_decode(&pk_trust_schema, names, policy->arena, &policy->nothing, err);

    json_decref(names);
    (void)snprintf(policy->trust_version, sizeof(policy->trust_version), "%s", PK_TRUST_NONE);
    if (rc < 0 || policy->file.trust == NULL) {
        return rc;
    }
    text = json_dumps(json_object_get(pk_yaml_root(yaml), "trust"), JSON_COMPACT | JSON_SORT_KEYS);
    policy->trust_text = text != NULL ? pk_arena_strdup(policy->arena, text) : NULL;
    free(text);
    if (policy->trust_text == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (strlen(policy->trust_text) > PK_TRUST_TEXT_MAX) {
        return reject_at(yaml, name, err, PK_ELIMIT, "trust", "all of it must fit into 128 KiB");
    }
    pk_sha256_hex(pk_slice_str(policy->trust_text), digest);
    (void)snprintf(policy->trust_version, sizeof(policy->trust_version), "%.12s", digest);
    return PK_OK;
}

static int check_text(struct pk_policy *policy, const char *name, const char *text, size_t len,
        struct pk_error *err)
{
    struct pk_yaml *yaml = NULL;
    int rc = pk_yaml_parse(text, len, &yaml, err);

    if (rc == PK_OK) {
        rc = check(&policy->file, yaml, name, err);
    }
    if (rc == PK_OK) {
        rc = check_trust(policy->file.trust, yaml, name, err);
    }
    if (rc == PK_OK) {
        rc = keep_trust(policy, yaml, name, err);
    }
    pk_yaml_destroy(yaml);
    return rc;
}

int pk_policy_parse(const char *name, const char *text, size_t len, struct pk_policy **out,
        struct pk_error *err)
{
    struct pk_policy *policy = calloc(1, sizeof(*policy));
    int rc = PK_ENOMEM;

    if (policy != NULL) {
        policy->arena = pk_arena_create(ARENA_MAX);
    }
    if (policy == NULL || policy->arena == NULL) {
        (void)pk_error_set(err, PK_ENOMEM, "out of memory");
        goto out;
    }
    rc = pk_yaml_decode(name, text, len, &file_schema, policy->arena, &policy->file, err);
    if (rc == PK_OK) {
        rc = check_text(policy, name, text, len, err);
    }
    if (rc < 0) {
        goto out;
    }
    *out = policy;
    policy = NULL; /* handed over */
out:
    pk_policy_destroy(policy);
    return rc;
}

int pk_policy_load(const char *file, struct pk_policy **out, struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(PK_YAML_FILE_MAX);
    int rc = pk_file_read(file, &text, err);

    if (rc == PK_OK) {
        rc = pk_policy_parse(file, text.ptr != NULL ? text.ptr : "", text.len, out, err);
    }
    pk_buffer_finish(&text);
    return rc;
}

void pk_policy_destroy(struct pk_policy *policy)
{
    if (policy != NULL) {
        pk_arena_destroy(policy->arena);
        free(policy);
    }
}

const char *pk_policy_name(const struct pk_policy *policy)
{
    return policy->file.name;
}

int64_t pk_policy_alerts_per_week(const struct pk_policy *policy)
{
    return policy->file.alerts->per_week;
}

const struct pk_trust *pk_policy_trust(const struct pk_policy *policy)
{
    return policy->file.trust != NULL ? policy->file.trust : &policy->nothing;
}

const char *pk_policy_trust_text(const struct pk_policy *policy)
{
    return policy->trust_text;
}

const char *pk_policy_trust_version(const struct pk_policy *policy)
{
    return policy->trust_version;
}

static bool fits(const struct when *when, const struct pk_incident *incident)
{
    if ((int)incident->severity < when->severity || incident->confidence < when->confidence) {
        return false;
    }
    for (size_t i = 0; i < when->threats.count; i++) {
        if (fnmatch(when->threats.items[i], incident->threat->id, 0) == 0) {
            return true;
        }
    }
    return when->threats.count == 0;
}

void pk_policy_decide(const struct pk_policy *policy, const struct pk_decision_input *input,
        struct pk_decision *out)
{
    const struct rule *rules = policy->file.rules.items;
    const struct alerts *alerts = policy->file.alerts;
    const struct pk_incident *incident = input->incident;
    bool live = incident->state == PK_INCIDENT_OPEN;
    bool urgent = (int)incident->severity >= alerts->urgent;

    *out = (struct pk_decision){ 0 };
    for (size_t i = 0; i < policy->file.rules.count; i++) {
        const struct rule *r = &rules[i];

        if (!fits(r->when, incident)) {
            continue;
        }
        if (does(r, "alert") && live && !input->told && out->alert_rule == NULL) {
            out->alert_rule = r->name;
            out->alert_held = !urgent && input->alerts_7d >= alerts->per_week;
            out->alert = !out->alert_held;
        }
        /* The SOC hears of beginnings and ends, not of every repetition. */
        if (does(r, "siem") && input->change != PK_CHANGE_NONE &&
                input->change != PK_CHANGE_UPDATED && out->siem_rule == NULL) {
            out->siem_rule = r->name;
            out->siem = true;
        }
    }
}
