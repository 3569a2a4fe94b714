/* Rights, code, hosts, leaks, findings: lists of which something is new or gone. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "defense/reputation/diff_internal.h"
#include "defense/reputation/rights.h"

static bool always(const struct pk_diff *d, const char *value)
{
    (void)d;
    (void)value;
    return true;
}

static bool is_right(const struct pk_diff *d, const char *permission)
{
    (void)d;
    return pk_right_is_private(permission) || pk_right_is_strong(permission);
}

/* Room for a list of names that are drawn from rows. */
static const char **room(struct pk_diff *d, size_t count)
{
    const char **out = pk_arena_alloc(d->arena, count + 1, sizeof(*out));

    if (out == NULL) {
        d->rc = PK_ENOMEM;
    }
    return out;
}

/* --- SDKs */

static const struct pk_app_sdk *sdk_of(const struct pk_app_report *report, const char *name)
{
    const struct pk_app_sdk *items = report->sdks.items;

    for (size_t i = 0; i < report->sdks.count; i++) {
        if (strcmp(items[i].name, name) == 0) {
            return &items[i];
        }
    }
    return NULL;
}

/* Code that watches, hides or remote-controls. */
static bool is_doubtful_sdk(const struct pk_diff *d, const char *name)
{
    const struct pk_app_sdk *sdk = sdk_of(d->after, name);

    return sdk != NULL &&
            (sdk->tracker || sdk->kind == PK_APP_SDK_REMOTE || sdk->kind == PK_APP_SDK_PLUGIN ||
                    sdk->kind == PK_APP_SDK_PACKER);
}

static struct pk_strings sdks_of(
        struct pk_diff *d, const struct pk_app_report *report, bool trackers)
{
    const struct pk_app_sdk *items = report->sdks.items;
    struct pk_strings out = { .items = room(d, report->sdks.count) };

    for (size_t i = 0; out.items != NULL && i < report->sdks.count; i++) {
        if (items[i].tracker == trackers) {
            out.items[out.count++] = items[i].name;
        }
    }
    return out;
}

static void compare_sdks(struct pk_diff *d)
{
    static const struct pk_diff_list trackers = { "tracker", "Holds the tracker %s",
        "No longer holds the tracker %s", always };
    static const struct pk_diff_list others = { "sdk", "Holds %s", "No longer holds %s",
        is_doubtful_sdk };

    for (int tracker = 0; tracker < 2; tracker++) {
        struct pk_strings old = sdks_of(d, d->before, tracker != 0);
        struct pk_strings new = sdks_of(d, d->after, tracker != 0);

        if (d->rc == PK_OK) {
            pk_diff_lists(d, tracker != 0 ? &trackers : &others, &old, &new);
        }
    }
}

/* --- hosts */

static struct pk_strings hosts_of(
        struct pk_diff *d, const struct pk_app_report *report, bool cleartext)
{
    const struct pk_app_host *items = report->hosts.items;
    struct pk_strings out = { .items = room(d, report->hosts.count) };

    for (size_t i = 0; out.items != NULL && i < report->hosts.count; i++) {
        if (!cleartext || items[i].cleartext) {
            out.items[out.count++] = items[i].name;
        }
    }
    return out;
}

static void compare_hosts(struct pk_diff *d)
{
    static const struct pk_diff_list all = { "host", "Names the host %s",
        "No longer names the host %s", NULL };
    static const struct pk_diff_list clear = { "cleartext_host",
        "Names http://%s, without encryption", "No longer names http://%s", always };
    struct pk_strings old = hosts_of(d, d->before, false);
    struct pk_strings new = hosts_of(d, d->after, false);
    struct pk_strings old_clear = hosts_of(d, d->before, true);
    struct pk_strings new_clear = hosts_of(d, d->after, true);

    if (d->rc == PK_OK) {
        pk_diff_lists(d, &all, &old, &new);
        pk_diff_lists(d, &clear, &old_clear, &new_clear);
    }
}

/* --- libraries */

static struct pk_strings libraries_of(struct pk_diff *d, const struct pk_app_report *report)
{
    const struct pk_app_library *items = report->libraries.items;
    struct pk_strings out = { .items = room(d, report->libraries.count) };

    for (size_t i = 0; out.items != NULL && i < report->libraries.count; i++) {
        out.items[out.count++] = pk_diff_print(d, "%.300s %.100s", items[i].name,
                items[i].version != NULL ? items[i].version : "");
    }
    return out;
}

static struct pk_strings cves_of(struct pk_diff *d, const struct pk_app_report *report)
{
    const struct pk_app_library *items = report->libraries.items;
    struct pk_strings out = { 0 };
    size_t count = 0;

    for (size_t i = 0; i < report->libraries.count; i++) {
        count += items[i].cves.count;
    }
    out.items = room(d, count);
    for (size_t i = 0; out.items != NULL && i < report->libraries.count; i++) {
        for (size_t n = 0; n < items[i].cves.count; n++) {
            out.items[out.count++] = items[i].cves.items[n];
        }
    }
    return out;
}

static void compare_libraries(struct pk_diff *d)
{
    static const struct pk_diff_list libraries = { "library", "Holds the library %s",
        "No longer holds the library %s", NULL };
    static const struct pk_diff_list cves = { "cve", "One of its libraries has %s", "%s is closed",
        always };
    struct pk_strings old = libraries_of(d, d->before);
    struct pk_strings new = libraries_of(d, d->after);
    struct pk_strings old_cves = cves_of(d, d->before);
    struct pk_strings new_cves = cves_of(d, d->after);

    if (d->rc == PK_OK) {
        pk_diff_lists(d, &libraries, &old, &new);
        pk_diff_lists(d, &cves, &old_cves, &new_cves);
    }
}

/* --- leaks */

static struct pk_strings leaks_of(struct pk_diff *d, const struct pk_app_report *report)
{
    const struct pk_app_leak *items = report->leaks.items;
    struct pk_strings out = { .items = room(d, report->leaks.count) };

    for (size_t i = 0; out.items != NULL && i < report->leaks.count; i++) {
        out.items[out.count++] = pk_diff_print(d, "%.100s to %.100s", items[i].data, items[i].to);
    }
    return out;
}

static void compare_leaks(struct pk_diff *d)
{
    static const struct pk_diff_list leaks = { "leak", "Carries out: %s",
        "No longer carries out: %s", always };
    struct pk_strings old = leaks_of(d, d->before);
    struct pk_strings new = leaks_of(d, d->after);

    if (d->rc == PK_OK) {
        pk_diff_lists(d, &leaks, &old, &new);
    }
}

/* --- findings */

/* A finding that counts, or is more than a remark. Sideloading is a matter of the place, not of the version. */
static bool is_finding_worse(const struct pk_diff *d, const char *key)
{
    const struct pk_app_finding *items = d->after->findings.items;

    for (size_t i = 0; i < d->after->findings.count; i++) {
        const struct pk_app_finding *f = &items[i];
        size_t len = strlen(f->id);

        size_t rule = strlen(f->rule);

        if (strncmp(key, f->id, len) == 0 && strncmp(key + len, " (", 2) == 0 &&
                strncmp(key + len + 2, f->rule, rule) == 0 && key[len + 2 + rule] == ')' &&
                f->excepted == NULL &&
                (f->weight > PK_APP_WEIGHT_NONE || f->severity >= PK_SEVERITY_MEDIUM)) {
            return true;
        }
    }
    return false;
}

static struct pk_strings findings_of(struct pk_diff *d, const struct pk_app_report *report)
{
    const struct pk_app_finding *items = report->findings.items;
    struct pk_strings out = { .items = room(d, report->findings.count) };

    for (size_t i = 0; out.items != NULL && i < report->findings.count; i++) {
        if (strcmp(items[i].id, "malware.sideloaded") != 0) {
            out.items[out.count++] = pk_diff_print(
                    d, "%.96s (%.160s): %.200s", items[i].id, items[i].rule, items[i].title);
        }
    }
    return out;
}

static bool is_technique_worse(const struct pk_diff *d, const char *technique)
{
    const struct pk_app_finding *items = d->after->findings.items;

    for (size_t i = 0; i < d->after->findings.count; i++) {
        if (items[i].weight == PK_APP_WEIGHT_NONE || items[i].excepted != NULL) {
            continue;
        }
        for (size_t n = 0; n < items[i].attack.count; n++) {
            if (strcmp(items[i].attack.items[n], technique) == 0) {
                return true;
            }
        }
    }
    return false;
}

static struct pk_strings hits_of(struct pk_diff *d, const struct pk_app_report *report)
{
    const struct pk_app_hit *items = report->hits.items;
    struct pk_strings out = { .items = room(d, report->hits.count) };

    for (size_t i = 0; out.items != NULL && i < report->hits.count; i++) {
        out.items[out.count++] = pk_diff_print(d, "%.32s %.300s (%.100s)", items[i].kind,
                items[i].indicator != NULL ? items[i].indicator : items[i].value, items[i].source);
    }
    return out;
}

static void compare_findings(struct pk_diff *d)
{
    static const struct pk_diff_list findings = { "finding", "Found: %s", "No longer found: %s",
        is_finding_worse };
    static const struct pk_diff_list techniques = { "technique", "Shows the technique %s",
        "No longer shows the technique %s", is_technique_worse };
    static const struct pk_diff_list hits = { "hit", "In the indicators: %s",
        "No longer in the indicators: %s", always };
    struct pk_strings old = findings_of(d, d->before);
    struct pk_strings new = findings_of(d, d->after);
    struct pk_strings old_hits = hits_of(d, d->before);
    struct pk_strings new_hits = hits_of(d, d->after);

    if (d->rc == PK_OK) {
        pk_diff_lists(d, &findings, &old, &new);
        pk_diff_lists(d, &techniques, &d->before->techniques, &d->after->techniques);
        pk_diff_lists(d, &hits, &old_hits, &new_hits);
    }
}

/* Graver than before. What cannot be read is graver than what is clean. */
static bool is_graver(int old, int new)
{
    static const int rank[] = {
        [PK_VERDICT_CLEAN] = 0,
        [PK_VERDICT_UNWANTED] = 1,
        [PK_VERDICT_MALFORMED] = 2,
        [PK_VERDICT_SUSPICIOUS] = 3,
        [PK_VERDICT_MALICIOUS] = 4,
    };

    return rank[new] > rank[old];
}

static void compare_verdicts(struct pk_diff *d)
{
    double step = d->after->score - d->before->score;

    if (d->before->verdict != d->after->verdict) {
        pk_diff_state(d, "verdict", "Another verdict", pk_app_verdict_name(d->before->verdict),
                pk_app_verdict_name(d->after->verdict),
                is_graver(d->before->verdict, d->after->verdict));
    }
    if (step >= 0.1 || step <= -0.1) {
        pk_diff_state(d, "score", step > 0 ? "A higher score" : "A lower score",
                pk_diff_print(d, "%.2f", d->before->score),
                pk_diff_print(d, "%.2f", d->after->score), false);
    }
}

/* --- Android's and Apple's own lists */

static void compare_components(struct pk_diff *d)
{
    static const struct pk_diff_list exported = { "exported", "Opens %s to other apps",
        "No longer opens %s to other apps", NULL };
    static const struct pk_strings none = { 0 };
    const struct pk_app_components *old = d->before->components;
    const struct pk_app_components *new = d->after->components;

    pk_diff_lists(d, &exported, old != NULL ? &old->exported : &none,
            new != NULL ? &new->exported : &none);
}

static struct pk_strings entitlements_of(struct pk_diff *d, const struct pk_app_apple *apple)
{
    json_t *all = apple != NULL ? apple->entitlements : NULL;
    struct pk_strings out = { .items = room(d, json_object_size(all)) };
    const char *key;
    json_t *value;

    if (out.items != NULL && all != NULL) {
        json_object_foreach (all, key, value) {
            out.items[out.count++] = key;
        }
    }
    return out;
}

static void compare_apple(struct pk_diff *d)
{
    static const struct pk_diff_list entitlements = { "entitlement", "Has the entitlement %s",
        "No longer has the entitlement %s", NULL };
    static const struct pk_diff_list frameworks = { "framework", "Uses the framework %s",
        "No longer uses the framework %s", NULL };
    static const struct pk_diff_list schemes = { "url_scheme", "Opens links of %s",
        "No longer opens links of %s", NULL };
    const struct pk_app_apple *old = d->before->apple;
    const struct pk_app_apple *new = d->after->apple;
    struct pk_strings had = entitlements_of(d, old);
    struct pk_strings has = entitlements_of(d, new);

    if (old == NULL || new == NULL || d->rc < 0) {
        return;
    }
    pk_diff_lists(d, &entitlements, &had, &has);
    pk_diff_lists(d, &frameworks, &old->frameworks, &new->frameworks);
    pk_diff_lists(d, &schemes, &old->url_schemes, &new->url_schemes);
}

void pk_diff_content(struct pk_diff *d)
{
    static const struct pk_diff_list permissions = { "permission", "Asks for %s",
        "No longer asks for %s", is_right };
    static const struct pk_diff_list packers = { "packer", "Its code is hidden by %s",
        "Its code is no longer hidden by %s", always };

    compare_verdicts(d);
    pk_diff_lists(d, &permissions, &d->before->permissions, &d->after->permissions);
    compare_components(d);
    compare_sdks(d);
    pk_diff_lists(d, &packers, &d->before->packers, &d->after->packers);
    compare_hosts(d);
    compare_libraries(d);
    compare_leaks(d);
    compare_findings(d);
    compare_apple(d);
}
