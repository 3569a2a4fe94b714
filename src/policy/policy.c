#include "policy/policy.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/file.h"
#include "base/yaml.h"
#include "policy/rules.h"

#define ARENA_MAX (16UL * 1024 * 1024) /* of a file of at most 1 MiB */

struct pk_policy {
    struct pk_arena *arena;
    struct pk_policy_file file;
    struct pk_effects all;     /* everybody's */
    struct pk_effects *groups; /* in the order of the file */
    struct pk_trust nothing;   /* stands for a section that is not there */
    const char *trust_text;
    int64_t version;
    char trust_version[PK_TRUST_VERSION];
};

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
    return pk_policy_reject(yaml, name, err, rc, path, why.text);
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
        return pk_policy_reject(
                yaml, name, err, PK_ELIMIT, "trust", "all of it must fit into 128 KiB");
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
        rc = pk_policy_check(&policy->file, yaml, name, err);
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

/* ---- what holds for whom ---------------------------------------------------------------------------- */

static bool is_named(const struct pk_strings *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static const struct pk_rule *rule_named(const struct pk_array *list, const char *name)
{
    const struct pk_rule *rules = list->items;

    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(rules[i].name, name) == 0) {
            return &rules[i];
        }
    }
    return NULL;
}

static void add_effect(const struct pk_policy *policy, const struct pk_group_rules *group,
        const struct pk_rule *rule, bool of_group, struct pk_effect *items, size_t *count)
{
    items[(*count)++] = (struct pk_effect){
        .rule = rule,
        .group = of_group ? group->name : NULL,
        .detect = rule->mode == PK_MODE_DETECT || policy->file.detect_only ||
                (group != NULL && group->detect_only),
    };
}

/* group NULL: everybody's. */
static int work_out(
        struct pk_policy *policy, const struct pk_group_rules *group, struct pk_effects *out)
{
    const struct pk_array *base = &policy->file.rules;
    const struct pk_rule *rules = base->items;
    const struct pk_rule *own = group != NULL ? group->rules.items : NULL;
    size_t own_count = group != NULL ? group->rules.count : 0;
    struct pk_effect *items = pk_arena_alloc(
            policy->arena, base->count + own_count + 1, sizeof(*items));
    size_t count = 0;

    if (items == NULL) {
        return PK_ENOMEM;
    }
    for (size_t i = 0; i < base->count; i++) {
        const struct pk_rule *instead = group != NULL ? rule_named(&group->rules, rules[i].name)
                                                      : NULL;

        if (instead != NULL) {
            add_effect(policy, group, instead, true, items, &count);
        } else if (group == NULL || !is_named(&group->without, rules[i].name)) {
            add_effect(policy, group, &rules[i], false, items, &count);
        }
    }
    for (size_t i = 0; i < own_count; i++) {
        if (rule_named(base, own[i].name) == NULL) {
            add_effect(policy, group, &own[i], true, items, &count);
        }
    }
    *out = (struct pk_effects){
        .name = group != NULL ? group->name : NULL,
        .alerts = group != NULL && group->alerts != NULL ? group->alerts : policy->file.alerts,
        .items = items,
        .count = count,
    };
    return PK_OK;
}

static int work_out_all(struct pk_policy *policy, struct pk_error *err)
{
    const struct pk_group_rules *groups = policy->file.groups.items;
    int rc = work_out(policy, NULL, &policy->all);

    policy->groups = pk_arena_alloc(
            policy->arena, policy->file.groups.count + 1, sizeof(*policy->groups));
    if (policy->groups == NULL) {
        rc = PK_ENOMEM;
    }
    for (size_t i = 0; i < policy->file.groups.count && rc == PK_OK; i++) {
        rc = work_out(policy, &groups[i], &policy->groups[i]);
    }
    return rc < 0 ? pk_error_set(err, rc, "out of memory") : PK_OK;
}

const struct pk_effects *pk_policy_effects(const struct pk_policy *policy, const char *group)
{
    for (size_t i = 0; group != NULL && i < policy->file.groups.count; i++) {
        if (strcmp(policy->groups[i].name, group) == 0) {
            return &policy->groups[i];
        }
    }
    return &policy->all;
}

/* A text that has no number in the store still needs one: below 0, the same for the same text. */
static int64_t version_of(const char *text, size_t len)
{
    uint8_t digest[PK_SHA256_SIZE];
    int64_t n = 0;

    pk_sha256((struct pk_slice){ .ptr = (const uint8_t *)text, .len = len }, digest);
    for (size_t i = 0; i < 6; i++) {
        n = n << 8 | digest[i];
    }
    return -n - 1;
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
    rc = pk_yaml_decode(name, text, len, &pk_policy_file_schema, policy->arena, &policy->file, err);
    if (rc == PK_OK) {
        rc = check_text(policy, name, text, len, err);
    }
    if (rc == PK_OK) {
        rc = work_out_all(policy, err);
    }
    if (rc < 0) {
        goto out;
    }
    policy->version = version_of(text, len);
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

void pk_policy_set_version(struct pk_policy *policy, int64_t version)
{
    policy->version = version;
}

int64_t pk_policy_version(const struct pk_policy *policy)
{
    return policy->version;
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

size_t pk_policy_rule_count(const struct pk_policy *policy, const char *group)
{
    return pk_policy_effects(policy, group)->count;
}

void pk_policy_rule_at(
        const struct pk_policy *policy, const char *group, size_t index, struct pk_rule_view *out)
{
    const struct pk_effect *e = &pk_policy_effects(policy, group)->items[index];

    *out = (struct pk_rule_view){
        .name = e->rule->name,
        .detect = e->detect,
        .group = e->group,
        .acts = e->rule->acts,
    };
}

size_t pk_policy_group_count(const struct pk_policy *policy)
{
    return policy->file.groups.count;
}

const char *pk_policy_group_at(const struct pk_policy *policy, size_t index)
{
    return policy->groups[index].name;
}

/* ---- whether a rule holds ----------------------------------------------------------------------------- */

static bool fits_threat(const struct pk_when *when, const struct pk_threat *threat)
{
    for (size_t i = 0; i < when->threats.count; i++) {
        if (fnmatch(when->threats.items[i], threat->id, 0) == 0) {
            return true;
        }
    }
    return when->threats.count == 0;
}

static bool fits_device(const struct pk_rule *rule, const struct pk_situation *s)
{
    const struct pk_when *when = rule->when;

    return s->risk_level >= when->risk && s->outlook >= when->outlook && s->zone >= when->zone &&
            (when->groups.count == 0 || is_named(&when->groups, s->group)) &&
            (rule->ownerships == 0 || (rule->ownerships & 1U << s->ownership) != 0) &&
            (rule->platforms == 0 || (rule->platforms & 1U << s->platform) != 0);
}

bool pk_rule_holds(const struct pk_rule *rule, const struct pk_situation *situation,
        const struct pk_incident *incident)
{
    const struct pk_when *when = rule->when;

    if ((incident == NULL) != (when->about == PK_ABOUT_DEVICE) || !fits_device(rule, situation)) {
        return false;
    }
    return incident == NULL ||
            ((int)incident->severity >= when->severity &&
                    incident->confidence >= when->confidence &&
                    fits_threat(when, incident->threat));
}

void pk_policy_decide(const struct pk_policy *policy, const struct pk_situation *situation,
        const struct pk_incident *incident, enum pk_incident_change change, struct pk_decision *out)
{
    const struct pk_effects *effects = pk_policy_effects(policy, situation->group);

    *out = (struct pk_decision){ 0 };
    if (change == PK_CHANGE_NONE || change == PK_CHANGE_UPDATED) {
        return; /* beginnings and ends, not every repetition */
    }
    for (size_t i = 0; i < effects->count; i++) {
        const struct pk_rule *r = effects->items[i].rule;
        unsigned tells = r->does & (PK_DOES_SIEM | PK_DOES_ADMINS);

        /* With a grace the guard tells them, when its time has come. */
        if (tells == 0 || effects->items[i].detect || r->after_ms > 0 ||
                !pk_rule_holds(r, situation, incident)) {
            continue;
        }
        if ((tells & PK_DOES_SIEM) != 0 && !out->siem) {
            out->siem = true;
            out->siem_rule = r->name;
        }
        if ((tells & PK_DOES_ADMINS) != 0 && !out->admins) {
            out->admins = true;
            out->admins_rule = r->name;
        }
    }
}
