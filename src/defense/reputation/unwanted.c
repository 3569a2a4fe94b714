/* Rules for unwanted apps: one condition after the other against the facts of a report. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "defense/reputation/confusable.h"
#include "defense/reputation/glob.h"
#include "defense/reputation/lists.h"
#include "defense/reputation/origin.h"
#include "defense/reputation/signers.h"

/* One condition that is being asked. */
struct question {
    const struct pk_app_asked *app;
    enum pk_tri answer; /* of what was asked so far */
    char *why;          /* of what holds; NULL: nobody wants to know */
    size_t size, len;
};

/* A text that was cut may end inside a letter. */
static void trim(char *text)
{
    size_t len = strlen(text);
    size_t i = len;

    while (i > 0 && ((unsigned char)text[i - 1] & 0xc0) == 0x80) {
        i--;
    }
    if (i > 0 &&
            pk_utf8_next((const uint8_t *)text + i - 1, len - (i - 1), NULL) != len - (i - 1)) {
        text[i - 1] = '\0';
    }
}

static void PK_PRINTF(2, 3) because(struct question *q, const char *format, ...)
{
    va_list args;
    int n;

    if (q->len + 1 >= q->size) {
        return;
    }
    if (q->len > 0) {
        n = snprintf(q->why + q->len, q->size - q->len, "; ");
        q->len += n > 0 ? (size_t)n : 0;
    }
    if (q->len + 1 >= q->size) {
        return;
    }
    va_start(args, format);
    n = vsnprintf(q->why + q->len, q->size - q->len, format, args);
    va_end(args);
    q->len += n > 0 ? (size_t)n : 0;
    if (q->len >= q->size) {
        trim(q->why);
    }
}

/* One more fact that must hold; true: it does. */
static bool hold(struct question *q, enum pk_tri fact)
{
    if (q->answer != PK_TRI_NO && fact != PK_TRI_YES) {
        q->answer = fact; /* a "no" decides, whatever else is not known */
    }
    return fact == PK_TRI_YES;
}

static bool hold_if(struct question *q, bool fact)
{
    return hold(q, fact ? PK_TRI_YES : PK_TRI_NO);
}

/* A text of the app against a pattern. */
static void hold_text(struct question *q, const char *what, const char *pattern, const char *text)
{
    if (pattern != NULL && hold_if(q, text != NULL && pk_glob(pattern, text))) {
        because(q, "%s %s", what, text);
    }
}

static void hold_over(struct question *q, const char *what, int64_t limit, int64_t count)
{
    if (limit >= 0 && hold_if(q, count > limit)) {
        because(q, "%" PRId64 " %s", count, what);
    }
}

/* "it is" or "it is not", as the rule wants it. */
static void hold_state(
        struct question *q, const char *is, const char *is_not, enum pk_tri want, enum pk_tri have)
{
    if (want == PK_TRI_UNKNOWN) {
        return;
    }
    if (hold(q, have == PK_TRI_UNKNOWN ? PK_TRI_UNKNOWN : have == want ? PK_TRI_YES : PK_TRI_NO)) {
        because(q, "%s", want == PK_TRI_YES ? is : is_not);
    }
}

static enum pk_tri tri_of(bool fact)
{
    return fact ? PK_TRI_YES : PK_TRI_NO;
}

/* The first of a list that fits. */
static const char *find_text(const struct pk_strings *list, const char *pattern)
{
    for (size_t i = 0; i < list->count; i++) {
        if (pk_glob(pattern, list->items[i])) {
            return list->items[i];
        }
    }
    return NULL;
}

static void hold_any(
        struct question *q, const char *what, const char *pattern, const struct pk_strings *list)
{
    const char *found = pattern != NULL ? find_text(list, pattern) : NULL;

    if (pattern != NULL && hold_if(q, found != NULL)) {
        because(q, "%s %s", what, found);
    }
}

/* --- identity */

static void ask_signer(struct question *q, const struct pk_app_condition *c)
{
    const struct pk_app_report *report = q->app->report;

    if (c->signer != NULL && hold_if(q, pk_signers_find(report, c->signer) >= PK_SIGNER_BEFORE)) {
        because(q, "signed by %.16s...", c->signer);
    }
    hold_text(q, "team", c->team, report->apple != NULL ? report->apple->team_id : NULL);
}

static void ask_identity(struct question *q, const struct pk_app_condition *c)
{
    const struct pk_app_report *report = q->app->report;

    hold_text(q, "package", c->package, report->package);
    if (c->label != NULL &&
            hold_if(q, report->label != NULL && pk_confusable_contains(report->label, c->label))) {
        because(q, "named \"%s\"", report->label);
    }
    ask_signer(q, c);
    if (c->kind != NULL && hold_if(q, strcmp(c->kind, pk_app_kind_name(report->kind)) == 0)) {
        because(q, "kind %s", c->kind);
    }
    hold_text(q, "version", c->version, report->version_name);
    if (c->version_below > 0 &&
            hold(q,
                    report->components == NULL ? PK_TRI_UNKNOWN
                                               : tri_of(report->version_code < c->version_below))) {
        because(q, "version code %" PRId64, report->version_code);
    }
    hold_over(q, "bytes", c->size_over, report->size);
}

/* --- behaviour */

static const char *find_permission(const struct pk_app_report *report, const char *pattern)
{
    static const char prefix[] = "android.permission.";

    for (size_t i = 0; i < report->permissions.count; i++) {
        const char *name = report->permissions.items[i];

        if (pk_glob(pattern, name) ||
                (strncmp(name, prefix, sizeof(prefix) - 1) == 0 &&
                        pk_glob(pattern, name + sizeof(prefix) - 1))) {
            return name;
        }
    }
    return NULL;
}

static const char *find_technique(const struct pk_app_report *report, const char *wanted)
{
    size_t len = strlen(wanted);

    for (size_t i = 0; i < report->techniques.count; i++) {
        const char *name = report->techniques.items[i];

        if (strncmp(name, wanted, len) == 0 && (name[len] == '\0' || name[len] == '.')) {
            return name;
        }
    }
    return NULL;
}

static const struct pk_app_finding *find_finding(
        const struct pk_app_report *report, const char *id, const char *rule)
{
    const struct pk_app_finding *items = report->findings.items;

    for (size_t i = 0; i < report->findings.count; i++) {
        if ((id == NULL || pk_glob(id, items[i].id)) &&
                (rule == NULL || pk_glob(rule, items[i].rule))) {
            return &items[i];
        }
    }
    return NULL;
}

static void ask_findings(struct question *q, const struct pk_app_condition *c)
{
    const struct pk_app_report *report = q->app->report;
    const struct pk_app_finding *found;

    if (c->finding != NULL || c->rule != NULL) {
        found = find_finding(report, c->finding, c->rule);
        if (hold_if(q, found != NULL) && found != NULL) {
            because(q, "%s", found->title);
        }
    }
    if (c->verdict != NULL &&
            hold_if(q, strcmp(c->verdict, pk_app_verdict_name(report->verdict)) == 0)) {
        because(q, "verdict %s", c->verdict);
    }
    if (c->score_over >= 0 && hold_if(q, report->score > c->score_over)) {
        because(q, "score %.2f", report->score);
    }
}

static const char *find_match(const struct pk_app_report *report, const char *pattern)
{
    const struct pk_app_match *items = report->matches.items;

    for (size_t i = 0; i < report->matches.count; i++) {
        if (pk_glob(pattern, items[i].rule)) {
            return items[i].rule;
        }
    }
    return NULL;
}

static void ask_behaviour(struct question *q, const struct pk_app_condition *c)
{
    const struct pk_app_report *report = q->app->report;
    const char *found;

    found = c->permission != NULL ? find_permission(report, c->permission) : NULL;
    if (c->permission != NULL && hold_if(q, found != NULL)) {
        because(q, "asks for %s", found);
    }
    hold_over(q, "permissions", c->permissions_over, (int64_t)report->permissions.count);
    found = c->technique != NULL ? find_technique(report, c->technique) : NULL;
    if (c->technique != NULL && hold_if(q, found != NULL)) {
        because(q, "technique %s", found);
    }
    found = c->yara != NULL ? find_match(report, c->yara) : NULL;
    if (c->yara != NULL && hold_if(q, found != NULL)) {
        because(q, "YARA rule %s", found);
    }
    ask_findings(q, c);
}

/* An entitlement that is there and not switched off. */
static const char *find_entitlement(const struct pk_app_apple *apple, const char *pattern)
{
    const char *key;
    json_t *value;

    if (apple == NULL || apple->entitlements == NULL) {
        return NULL;
    }
    json_object_foreach (apple->entitlements, key, value) {
        if (pk_glob(pattern, key) && !json_is_false(value)) {
            return key;
        }
    }
    return NULL;
}

static void ask_apple(struct question *q, const struct pk_app_condition *c)
{
    static const struct pk_strings none = { 0 };
    const struct pk_app_apple *apple = q->app->report->apple;
    const char *found = c->entitlement != NULL ? find_entitlement(apple, c->entitlement) : NULL;

    if (c->entitlement != NULL && hold_if(q, found != NULL)) {
        because(q, "entitlement %s", found);
    }
    hold_any(q, "opens links", c->url_scheme, apple != NULL ? &apple->url_schemes : &none);
    hold_any(q, "framework", c->framework, apple != NULL ? &apple->frameworks : &none);
}

/* --- other people's code */

static const struct pk_app_sdk *find_sdk(
        const struct pk_app_report *report, const char *id, const char *kind)
{
    const struct pk_app_sdk *items = report->sdks.items;

    for (size_t i = 0; i < report->sdks.count; i++) {
        if ((id == NULL || pk_glob(id, items[i].id)) &&
                (kind == NULL || strcmp(kind, pk_app_sdk_kind_name(items[i].kind)) == 0)) {
            return &items[i];
        }
    }
    return NULL;
}

/* "7 trackers: AdMob, Firebase Analytics, Adjust ..." */
static void name_trackers(struct question *q, int64_t count)
{
    const struct pk_app_sdk *items = q->app->report->sdks.items;
    char names[120] = "";
    size_t len = 0;

    for (size_t i = 0; i < q->app->report->sdks.count && len < sizeof(names); i++) {
        if (items[i].tracker) {
            int n = snprintf(
                    names + len, sizeof(names) - len, "%s%s", len > 0 ? ", " : "", items[i].name);

            len += n > 0 ? (size_t)n : 0;
        }
    }
    trim(names);
    because(q, "%" PRId64 " trackers: %s%s", count, names, len >= sizeof(names) ? " ..." : "");
}

static void ask_sdks(struct question *q, const struct pk_app_condition *c)
{
    const struct pk_app_report *report = q->app->report;
    const struct pk_app_sdk *items = report->sdks.items;
    const struct pk_app_sdk *found;
    int64_t trackers = 0;

    if (c->sdk != NULL || c->sdk_kind != NULL) {
        found = find_sdk(report, c->sdk, c->sdk_kind);
        if (hold_if(q, found != NULL)) {
            because(q, "holds %s", found->name);
        }
    }
    hold_over(q, "SDKs", c->sdks_over, (int64_t)report->sdks.count);
    for (size_t i = 0; i < report->sdks.count; i++) {
        trackers += items[i].tracker;
    }
    if (c->trackers_over >= 0 && hold_if(q, trackers > c->trackers_over)) {
        name_trackers(q, trackers);
    }
}

/* --- communication and leaks */

static const char *find_host(
        const struct pk_app_report *report, const char *pattern, enum pk_tri cleartext)
{
    const struct pk_app_host *items = report->hosts.items;

    for (size_t i = 0; i < report->hosts.count; i++) {
        if ((pattern == NULL || pk_glob_host(pattern, items[i].name)) &&
                (cleartext == PK_TRI_UNKNOWN || items[i].cleartext)) {
            return items[i].name;
        }
    }
    return NULL;
}

static void ask_hosts(struct question *q, const struct pk_app_condition *c)
{
    const struct pk_app_report *report = q->app->report;
    const char *found;

    /* Both of one host: "a host in .ru, with http://". */
    if (c->host != NULL || c->cleartext_host == PK_TRI_YES) {
        found = find_host(
                report, c->host, c->cleartext_host == PK_TRI_YES ? PK_TRI_YES : PK_TRI_UNKNOWN);
        if (hold_if(q, found != NULL)) {
            because(q, "names %s%s", c->cleartext_host == PK_TRI_YES ? "http://" : "", found);
        }
    }
    if (c->cleartext_host == PK_TRI_NO && hold_if(q, find_host(report, NULL, PK_TRI_YES) == NULL)) {
        because(q, "names no host with http://");
    }
    hold_over(q, "hosts", c->hosts_over, (int64_t)report->hosts.count);
    hold_state(q, "may speak plain HTTP", "does not speak plain HTTP", c->cleartext,
            report->cleartext);
}

static void ask_leaks(struct question *q, const struct pk_app_leak_like *like)
{
    const struct pk_app_report *report = q->app->report;
    const struct pk_app_leak *items = report->leaks.items;

    if (like == NULL) {
        return;
    }
    for (size_t i = 0; i < report->leaks.count; i++) {
        if ((like->data == NULL || pk_glob(like->data, items[i].data)) &&
                (like->to == NULL || pk_glob(like->to, items[i].to))) {
            because(q, "%s leaves by %s", items[i].data, items[i].to);
            return;
        }
    }
    (void)hold(q, PK_TRI_NO);
}

/* --- vulnerabilities */

static void ask_cves(struct question *q, const struct pk_app_condition *c)
{
    const struct pk_app_library *items = q->app->report->libraries.items;
    const char *found = NULL;
    int64_t count = 0;

    for (size_t i = 0; i < q->app->report->libraries.count; i++) {
        count += (int64_t)items[i].cves.count;
        if (c->cve != NULL && found == NULL) {
            found = find_text(&items[i].cves, c->cve);
        }
    }
    if (c->cve != NULL && hold_if(q, found != NULL)) {
        because(q, "has %s", found);
    }
    hold_over(q, "known holes in its libraries", c->cves_over, count);
}

static const struct pk_app_library *find_library(
        const struct pk_app_report *report, const char *pattern)
{
    const struct pk_app_library *items = report->libraries.items;

    for (size_t i = 0; i < report->libraries.count; i++) {
        if (pk_glob_case(pattern, items[i].name)) {
            return &items[i];
        }
    }
    return NULL;
}

static void hold_below(
        struct question *q, const char *what, int64_t limit, int64_t level, const char *codename)
{
    if (limit <= 0) {
        return;
    }
    /* A preview is made for what is newer than every level with a number. */
    if (hold(q,
                q->app->report->components == NULL ? PK_TRI_UNKNOWN
                                                   : tri_of(codename == NULL && level < limit))) {
        because(q, "%s Android level %" PRId64, what, level);
    }
}

static void ask_holes(struct question *q, const struct pk_app_condition *c)
{
    const struct pk_app_report *report = q->app->report;
    const struct pk_app_library *found = c->library != NULL ? find_library(report, c->library)
                                                            : NULL;

    if (c->library != NULL && hold_if(q, found != NULL)) {
        because(q, "library %s %s", found->name, found->version != NULL ? found->version : "");
    }
    ask_cves(q, c);
    hold_below(q, "made for", c->target_sdk_below, report->target_sdk, report->target_sdk_codename);
    hold_below(q, "runs from", c->min_sdk_below, report->min_sdk, report->min_sdk_codename);
}

/* --- where it came from */

static bool has_text(const struct pk_strings *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static void hold_installer(struct question *q, const struct pk_strings *list, bool in)
{
    const char *installer = q->app->situation != NULL ? q->app->situation->installer : NULL;

    if (list->count > 0 &&
            hold(q, installer == NULL ? PK_TRI_UNKNOWN : tri_of(has_text(list, installer) == in))) {
        because(q, "installed by %s",
                installer != NULL && installer[0] != '\0' ? installer : "hand");
    }
}

static void ask_origin(struct question *q, const struct pk_app_condition *c)
{
    const struct pk_app_situation *situation = q->app->situation;
    enum pk_app_origin origin = pk_app_origin_of(situation, q->app->stores);

    hold_installer(q, &c->installer_in, true);
    hold_installer(q, &c->installer_not_in, false);
    hold_state(q, "no store installed it", "a store or the system brought it", c->sideloaded,
            origin == PK_ORIGIN_UNKNOWN ? PK_TRI_UNKNOWN : tri_of(origin == PK_ORIGIN_HAND));
    hold_state(q, "came with the system", "did not come with the system", c->system,
            situation != NULL ? situation->system : PK_TRI_UNKNOWN);
}

/* --- standards of building */

static void ask_standards(struct question *q, const struct pk_app_condition *c)
{
    const struct pk_app_report *report = q->app->report;
    enum pk_tri lacks = report->signature == NULL ? PK_TRI_UNKNOWN
                                                  : tri_of(!report->signature->verified);

    hold_state(q, "debuggable", "not debuggable", c->debuggable, tri_of(report->debuggable));
    hold_state(q, "made for tests only", "not made for tests only", c->test_only,
            tri_of(report->test_only));
    hold_state(q, "no signature that holds", "its signature holds", c->unsigned_, lacks);
    hold_state(q, "signed with a key that everybody has", "signed with a key of its maker",
            c->debug_signed,
            report->signature == NULL ? PK_TRI_UNKNOWN
                                      : tri_of(pk_signers_public_key(report) != NULL));
    hold_state(q, "its data may be copied off the device", "its data is not backed up", c->backup,
            report->backup);
    hold_over(q, "components open to other apps", c->exported_over,
            report->components != NULL ? (int64_t)report->components->exported.count : 0);
    hold_any(q, "packed by", c->packer, &report->packers);
}

/* --- the whole */

static enum pk_tri ask(struct question *q, const struct pk_app_condition *c)
{
    size_t len = q->len;

    q->answer = PK_TRI_YES;
    ask_identity(q, c);
    ask_behaviour(q, c);
    ask_apple(q, c);
    ask_sdks(q, c);
    ask_hosts(q, c);
    ask_leaks(q, c->leak);
    ask_holes(q, c);
    ask_origin(q, c);
    ask_standards(q, c);
    if (q->answer != PK_TRI_YES && len < q->size) {
        q->len = len; /* what half of it said is no reason */
        q->why[len] = '\0';
    }
    return q->answer;
}

static bool all_hold(struct question *q, const struct pk_array *list)
{
    const struct pk_app_condition *items = list->items;

    for (size_t i = 0; i < list->count; i++) {
        if (ask(q, &items[i]) != PK_TRI_YES) {
            return false;
        }
    }
    return true;
}

static bool any_holds(struct question *q, const struct pk_array *list)
{
    const struct pk_app_condition *items = list->items;
    bool out = list->count == 0;

    for (size_t i = 0; i < list->count && !out; i++) {
        out = ask(q, &items[i]) == PK_TRI_YES;
    }
    return out;
}

static bool none_holds(const struct pk_app_asked *app, const struct pk_array *list)
{
    const struct pk_app_condition *items = list->items;

    for (size_t i = 0; i < list->count; i++) {
        struct question q = { .app = app };

        if (ask(&q, &items[i]) != PK_TRI_NO) {
            return false;
        }
    }
    return true;
}

bool pk_app_unwanted_fits(
        const struct pk_app_unwanted *rule, const struct pk_app_asked *app, char *why, size_t size)
{
    struct question q = { .app = app, .why = why, .size = size };

    if (size > 0) {
        why[0] = '\0';
    }
    /* The cheap "no" first: most rules name few apps. */
    return all_hold(&q, &rule->all) && any_holds(&q, &rule->any) && none_holds(app, &rule->none);
}
