/* What the tables of lists.c cannot say. */
#include <stdio.h>
#include <string.h>

#include "defense/reputation/lists.h"
#include "model/threat.h"

#define PATH_SIZE 160

/* The path of what is looked at: "exceptions[2]" and then the key. */
struct at {
    struct pk_error *err;
    char path[PATH_SIZE];
};

static int PK_PRINTF(4, 5)
        refuse(const struct at *at, int code, const char *key, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)pk_error_setv(at->err, code, format, args);
    va_end(args);
    if (at->err != NULL) {
        (void)snprintf(at->err->path, sizeof(at->err->path), "%s%s%s", at->path,
                at->path[0] != '\0' && key[0] != '\0' ? "." : "", key);
    }
    return code;
}

static bool is_hash(const char *text)
{
    return text == NULL || strspn(text, "0123456789abcdefABCDEF") == strlen(text);
}

static int check_target(const struct at *at, const struct pk_app_target *match, bool vouches)
{
    if (!is_hash(match->sha256)) {
        return refuse(at, PK_EMALF, "match.sha256", "64 hexadecimal digits are wanted here");
    }
    if (!is_hash(match->signer)) {
        return refuse(at, PK_EMALF, "match.signer", "64 hexadecimal digits are wanted here");
    }
    if (match->sha256 == NULL && match->signer == NULL && match->team == NULL) {
        if (match->package == NULL) {
            return refuse(at, PK_EMISSING, "match",
                    "one of sha256, signer, team, package is wanted here");
        }
        if (vouches) {
            return refuse(at, PK_EMISSING, "match",
                    "anybody can give an app this name: its signer, team or sha256 is wanted, too");
        }
        if (strspn(match->package, "*.") == strlen(match->package)) {
            return refuse(at, PK_EBOUNDS, "match.package", "this names every app");
        }
    }
    return PK_OK;
}

/* A threat that is not in the catalogue is a typing mistake; ids of rules are known to the reader only. */
static int check_threat(const struct at *at, const char *key, const char *id)
{
    if (id != NULL && strncmp(id, "malware.", strlen("malware.")) == 0 && strchr(id, '*') == NULL &&
            pk_threat_find(id) == NULL) {
        return refuse(at, PK_EUNKNOWN, key, "there is no threat '%.100s'", id);
    }
    return PK_OK;
}

static int check_scope(const struct at *at, const char *scope)
{
    if (strcmp(scope, "all") == 0 || (strncmp(scope, "group ", 6) == 0 && scope[6] != '\0') ||
            (strncmp(scope, "device ", 7) == 0 && scope[7] != '\0')) {
        return PK_OK;
    }
    return refuse(at, PK_EBOUNDS, "scope", "must be one of: all, group NAME, device ID");
}

static int check_exception(const struct at *at, const struct pk_app_exception *exception)
{
    int rc = check_target(at, exception->match, true);

    rc = rc < 0 ? rc : check_threat(at, "threat", exception->threat);
    return rc < 0 ? rc : check_scope(at, exception->scope);
}

/* --- rules */

static bool is_one_of(const char *word, const char *(*name)(int), int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(name(i), word) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_technique(const char *text)
{
    size_t n = strlen(text);

    return text[0] == 'T' && (n == 5 || (n == 9 && text[5] == '.')) &&
            strspn(text + 1, "0123456789") == 4 && (n == 5 || strspn(text + 6, "0123456789") == 3);
}

static int check_words(const struct at *at, const struct pk_app_condition *c)
{
    if (!is_hash(c->signer)) {
        return refuse(at, PK_EMALF, "signer", "64 hexadecimal digits are wanted here");
    }
    if (c->kind != NULL && !is_one_of(c->kind, pk_app_kind_name, PK_APP_AXML + 1)) {
        return refuse(at, PK_EBOUNDS, "kind", "there is no kind '%.40s'", c->kind);
    }
    if (c->sdk_kind != NULL &&
            !is_one_of(c->sdk_kind, pk_app_sdk_kind_name, PK_APP_SDK_SOCIAL + 1)) {
        return refuse(at, PK_EBOUNDS, "sdk_kind", "there is no kind of SDK '%.40s'", c->sdk_kind);
    }
    if (c->verdict != NULL &&
            !is_one_of(c->verdict, pk_app_verdict_name, PK_VERDICT_MALFORMED + 1)) {
        return refuse(at, PK_EBOUNDS, "verdict", "there is no verdict '%.40s'", c->verdict);
    }
    if (c->technique != NULL && !is_technique(c->technique)) {
        return refuse(at, PK_EMALF, "technique", "a technique reads T1636 or T1636.004");
    }
    return check_threat(at, "finding", c->finding);
}

/* A condition that asks nothing would hold for every app. */
static int check_condition(const struct at *at, const struct pk_app_condition *c)
{
    json_t *json = pk_schema_encode(&pk_app_condition_schema, c, false);
    size_t asked = json_object_size(json);

    if (json == NULL) {
        return refuse(at, PK_ENOMEM, "", "out of memory");
    }
    json_decref(json);
    if (asked == 0) {
        return refuse(at, PK_EMISSING, "", "a condition is wanted here");
    }
    if (c->leak != NULL && c->leak->data == NULL && c->leak->to == NULL) {
        return refuse(at, PK_EMISSING, "leak", "data or to is wanted here");
    }
    return check_words(at, c);
}

static int check_conditions(const struct at *at, const char *key, const struct pk_array *list)
{
    const struct pk_app_condition *items = list->items;

    for (size_t i = 0; i < list->count; i++) {
        struct at here = { .err = at->err };
        int rc;

        (void)snprintf(here.path, sizeof(here.path), "%.100s%s%s[%zu]", at->path,
                at->path[0] != '\0' ? "." : "", key, i);
        rc = check_condition(&here, &items[i]);
        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

static int check_rule(const struct at *at, const struct pk_app_unwanted *rule)
{
    int rc;

    if (strspn(rule->id, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != strlen(rule->id)) {
        return refuse(at, PK_EMALF, "id", "small letters, digits and - _ . are wanted here");
    }
    if (rule->all.count + rule->any.count == 0) {
        return refuse(at, PK_EMISSING, "", "all or any is wanted here");
    }
    rc = check_conditions(at, "all", &rule->all);
    rc = rc < 0 ? rc : check_conditions(at, "any", &rule->any);
    return rc < 0 ? rc : check_conditions(at, "not", &rule->none);
}

/* --- the parts alone */

int pk_app_allow_check(const struct pk_app_listed *entry, struct pk_error *err)
{
    return check_target(&(struct at){ .err = err }, entry->match, true);
}

int pk_app_deny_check(const struct pk_app_listed *entry, struct pk_error *err)
{
    return check_target(&(struct at){ .err = err }, entry->match, false);
}

int pk_app_exception_check(const struct pk_app_exception *exception, struct pk_error *err)
{
    return check_exception(&(struct at){ .err = err }, exception);
}

int pk_app_unwanted_check(const struct pk_app_unwanted *rule, struct pk_error *err)
{
    return check_rule(&(struct at){ .err = err }, rule);
}

/* --- the document */

static struct at item_of(struct pk_error *err, const char *list, size_t index)
{
    struct at at = { .err = err };

    (void)snprintf(at.path, sizeof(at.path), "%s[%zu]", list, index);
    return at;
}

static int check_listed(
        struct pk_error *err, const char *key, const struct pk_array *list, bool vouches)
{
    const struct pk_app_listed *items = list->items;

    for (size_t i = 0; i < list->count; i++) {
        struct at at = item_of(err, key, i);
        int rc = check_target(&at, items[i].match, vouches);

        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

static int check_exceptions(struct pk_error *err, const struct pk_array *list)
{
    const struct pk_app_exception *items = list->items;

    for (size_t i = 0; i < list->count; i++) {
        struct at at = item_of(err, "exceptions", i);
        int rc = check_exception(&at, &items[i]);

        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

static int check_rules(struct pk_error *err, const struct pk_array *list)
{
    const struct pk_app_unwanted *items = list->items;

    for (size_t i = 0; i < list->count; i++) {
        struct at at = item_of(err, "unwanted", i);
        int rc = check_rule(&at, &items[i]);

        for (size_t j = 0; j < i && rc == PK_OK; j++) {
            if (strcmp(items[i].id, items[j].id) == 0) {
                rc = refuse(&at, PK_EEXIST, "id", "another rule has this id");
            }
        }
        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

int pk_app_lists_check(const struct pk_app_lists *lists, struct pk_error *err)
{
    int rc = check_listed(err, "allow", &lists->allow, true);

    rc = rc < 0 ? rc : check_listed(err, "deny", &lists->deny, false);
    rc = rc < 0 ? rc : check_exceptions(err, &lists->exceptions);
    return rc < 0 ? rc : check_rules(err, &lists->unwanted);
}
