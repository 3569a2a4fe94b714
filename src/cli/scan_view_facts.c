/* The groups of facts, one function each. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/print.h"
#include "cli/scan_view_parts.h"

#define DEX_SHOWN         6
#define HITS_SHOWN        20
#define NATIVE_SHOWN      8
#define NAMES_SHOWN       40
#define PERMISSIONS_SHOWN 160
#define TEXT_SIZE         512
#define RULES             "rules/" /* what the rule of a behaviour rule begins with */

static const char *const severity_colors[] = {
    [PK_SEVERITY_INFO] = PK_COLOR_DIM,
    [PK_SEVERITY_LOW] = "",
    [PK_SEVERITY_MEDIUM] = PK_COLOR_YELLOW,
    [PK_SEVERITY_HIGH] = PK_COLOR_RED,
    [PK_SEVERITY_CRITICAL] = PK_COLOR_RED,
};

/* Joined by ", "; the caller frees. Of more than max names the rest is counted. */
static char *join(const struct pk_strings *list, size_t max, const char *strip)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    for (size_t i = 0; to != NULL && i < list->count && i < max; i++) {
        const char *name = list->items[i];
        size_t n = strlen(strip);

        (void)fprintf(
                to, "%s%s", i > 0 ? ", " : "", strncmp(name, strip, n) == 0 ? name + n : name);
    }
    if (to != NULL && list->count > max) {
        (void)fprintf(to, " and %zu more", list->count - max);
    }
    if (to != NULL) {
        (void)fclose(to);
    }
    return text;
}

static void put_list(FILE *to, const struct pk_scan_style *style, const char *label,
        const struct pk_strings *list)
{
    char *text = list->count > 0 ? join(list, NAMES_SHOWN, "") : NULL;

    pk_view_fact(to, style, label, text);
    free(text);
}

/* "24" -> "24 (7.0)": the release that people know. */
static const char *release_of(int64_t sdk)
{
    static const char *const releases[] = { [1] = "1.0",
        [2] = "1.1",
        [3] = "1.5",
        [4] = "1.6",
        [5] = "2.0",
        [6] = "2.0.1",
        [7] = "2.1",
        [8] = "2.2",
        [9] = "2.3",
        [10] = "2.3.3",
        [11] = "3.0",
        [12] = "3.1",
        [13] = "3.2",
        [14] = "4.0",
        [15] = "4.0.3",
        [16] = "4.1",
        [17] = "4.2",
        [18] = "4.3",
        [19] = "4.4",
        [20] = "4.4W",
        [21] = "5.0",
        [22] = "5.1",
        [23] = "6",
        [24] = "7.0",
        [25] = "7.1",
        [26] = "8.0",
        [27] = "8.1",
        [28] = "9",
        [29] = "10",
        [30] = "11",
        [31] = "12",
        [32] = "12L",
        [33] = "13",
        [34] = "14",
        [35] = "15",
        [36] = "16" };

    return sdk > 0 && sdk < (int64_t)PK_COUNT(releases) ? releases[sdk] : NULL;
}

static void put_level(char *out, size_t size, int64_t sdk, const char *codename)
{
    const char *release = release_of(sdk);

    if (codename != NULL) {
        (void)snprintf(out, size, "%s", codename);
    } else if (release != NULL) {
        (void)snprintf(out, size, "%s (level %" PRId64 ")", release, sdk);
    } else {
        (void)snprintf(out, size, "level %" PRId64, sdk);
    }
}

static void put_android(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report)
{
    char min[96];
    char target[96];
    char text[TEXT_SIZE];

    if (report->components == NULL) {
        return;
    }
    put_level(
            min, sizeof(min), report->min_sdk > 0 ? report->min_sdk : 1, report->min_sdk_codename);
    put_level(target, sizeof(target), report->target_sdk, report->target_sdk_codename);
    (void)snprintf(text, sizeof(text), "%s and later%s%s", min,
            report->target_sdk != 0 || report->target_sdk_codename != NULL ? ", made for " : "",
            report->target_sdk != 0 || report->target_sdk_codename != NULL ? target : "");
    pk_view_fact(to, style, "Android", text);
}

static void put_version(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report)
{
    const char *name = report->version_name != NULL ? report->version_name : "";
    char text[TEXT_SIZE];

    if (report->components != NULL) {
        (void)snprintf(text, sizeof(text), "%s%s(%" PRId64 ")", name, name[0] != '\0' ? " " : "",
                report->version_code);
        if (report->version_code_major != 0) {
            (void)snprintf(text, sizeof(text), "%s%s(%" PRId64 ", major %" PRId64 ")", name,
                    name[0] != '\0' ? " " : "", report->version_code, report->version_code_major);
        }
        name = text;
    }
    pk_view_fact(to, style, "version", name);
}

static void put_size(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report)
{
    char text[TEXT_SIZE];
    int n = snprintf(text, sizeof(text), "%s, %" PRId64 " bytes", pk_app_kind_name(report->kind),
            report->size);

    if (report->entries > 0 && n > 0) {
        (void)snprintf(
                text + n, sizeof(text) - (size_t)n, ", %" PRId64 " entries", report->entries);
    }
    pk_view_fact(to, style, "file", text);
    pk_view_fact(to, style, "SHA-256", report->sha256);
}

void pk_view_identity(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report)
{
    char *abis = report->native_code.count > 0 ? join(&report->native_code, NAMES_SHOWN, "") : NULL;
    char text[TEXT_SIZE];

    pk_view_heading(to, style, "identity");
    pk_view_fact(to, style, "label", report->label);
    pk_view_fact(to, style, "package", report->package);
    pk_view_fact(to, style, "split", report->split);
    put_version(to, style, report);
    put_android(to, style, report);
    pk_view_fact(to, style, "starts", report->launchable);
    pk_view_fact(to, style, "processors", abis);
    pk_view_fact(to, style, "debuggable", report->debuggable ? "yes" : NULL);
    pk_view_fact(to, style, "test only", report->test_only ? "yes" : NULL);
    if (report->axml != NULL && report->package == NULL) {
        (void)snprintf(text, sizeof(text), "<%s>, %" PRId64 " elements, %" PRId64 " attributes",
                report->axml->root, report->axml->elements, report->axml->attributes);
        pk_view_fact(to, style, "document", text);
    }
    put_size(to, style, report);
    free(abis);
}

static void put_signer(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_signer *signer)
{
    char text[TEXT_SIZE];
    char *lineage = signer->lineage.count > 0 ? join(&signer->lineage, NAMES_SHOWN, "") : NULL;

    pk_view_fact(to, style, "signer", signer->subject[0] != '\0' ? signer->subject : "(no name)");
    pk_view_fact(to, style, "  SHA-256", signer->sha256);
    (void)snprintf(text, sizeof(text), "%s, %.10s to %.10s", signer->key,
            signer->not_before != NULL ? signer->not_before : "?",
            signer->not_after != NULL ? signer->not_after : "?");
    pk_view_fact(to, style, "  key", text);
    pk_view_fact(to, style, "  rotated from", lineage);
    free(lineage);
}

void pk_view_signature(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_signature *signature)
{
    static const char *const stamps[] = { NULL, "does not hold", "holds" };
    const struct pk_app_signer *signers;
    char *schemes;
    char text[TEXT_SIZE];

    if (signature == NULL) {
        return;
    }
    schemes = join(&signature->schemes, NAMES_SHOWN, "");
    signers = signature->signers.items;
    pk_view_heading(to, style, "signature");
    (void)snprintf(text, sizeof(text), "%s%s%s", signature->verified ? "yes" : "NO",
            signature->schemes.count > 0 && signature->verified ? ", by " : "",
            signature->verified && schemes != NULL ? schemes : "");
    pk_view_fact(to, style, "holds", text);
    for (size_t i = 0; i < signature->signers.count; i++) {
        put_signer(to, style, &signers[i]);
    }
    pk_view_fact(to, style, "source stamp", stamps[signature->stamp]);
    for (size_t i = 0; i < signature->details.count && i < NAMES_SHOWN; i++) {
        pk_view_fact(to, style, i == 0 ? "issues" : "", signature->details.items[i]);
    }
    free(schemes);
}

static void put_profile(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_profile *profile)
{
    char text[TEXT_SIZE];

    if (profile == NULL) {
        return;
    }
    pk_view_heading(to, style, "provisioning profile");
    pk_view_fact(to, style, "name", profile->name);
    pk_view_fact(to, style, "app id", profile->app_id);
    (void)snprintf(text, sizeof(text), "%s%s%s",
            profile->team_name != NULL ? profile->team_name : "",
            profile->team_name != NULL ? " " : "",
            profile->team_id != NULL ? profile->team_id : "");
    pk_view_fact(to, style, "team", text);
    pk_view_fact(to, style, "expires", profile->expires);
    if (profile->all_devices) {
        (void)snprintf(text, sizeof(text), "all (enterprise)");
    } else {
        (void)snprintf(text, sizeof(text), "%" PRId64 " named", profile->devices);
    }
    pk_view_fact(to, style, "devices", text);
    pk_view_fact(to, style, "debuggable", profile->debuggable ? "yes" : NULL);
    pk_view_fact(to, style, "signature",
            !profile->verified       ? "does not hold"
                    : profile->apple ? "holds, Apple's"
                                     : "holds, not Apple's");
}

static void put_architecture(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_arch *arch)
{
    char text[TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "%s%s%s%s%s%s%s",
            arch->platform != NULL ? arch->platform : "", arch->min_os != NULL ? " " : "",
            arch->min_os != NULL ? arch->min_os : "", arch->encrypted ? ", encrypted" : "",
            arch->signed_                  ? ", signature holds"
                    : arch->cdhash == NULL ? ", not signed"
                                           : ", signature does not hold",
            arch->problem != NULL ? ": " : "", arch->problem != NULL ? arch->problem : "");
    pk_view_fact(to, style, arch->name, text);
}

static void put_app(FILE *to, const struct pk_scan_style *style, const struct pk_app_apple *apple)
{
    if (apple->minimum_os == NULL && apple->platforms.count == 0 && apple->frameworks.count == 0) {
        return; /* a profile alone: it has a group of its own */
    }
    pk_view_heading(to, style, "app");
    pk_view_fact(to, style, "team", apple->team_id);
    pk_view_fact(to, style, "needs", apple->minimum_os);
    put_list(to, style, "platforms", &apple->platforms);
    put_list(to, style, "frameworks", &apple->frameworks);
    put_list(to, style, "URL schemes", &apple->url_schemes);
}

void pk_view_apple(FILE *to, const struct pk_scan_style *style, const struct pk_app_apple *apple)
{
    const struct pk_app_arch *archs;

    if (apple == NULL) {
        return;
    }
    archs = apple->architectures.items;
    put_app(to, style, apple);
    if (apple->architectures.count > 0) {
        pk_view_heading(to, style, "code");
    }
    for (size_t i = 0; i < apple->architectures.count; i++) {
        put_architecture(to, style, &archs[i]);
    }
    if (apple->entitlements != NULL) {
        pk_view_heading(to, style, "entitlements");
        pk_view_tree(to, apple->entitlements);
    }
    put_profile(to, style, apple->profile);
}

void pk_view_parts(FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report)
{
    const struct pk_app_part *parts = report->parts.items;
    char text[TEXT_SIZE];

    if (report->parts.count == 0) {
        return;
    }
    (void)snprintf(text, sizeof(text), "parts (%zu)", report->parts.count);
    pk_view_heading(to, style, text);
    for (size_t i = 0; i < report->parts.count; i++) {
        (void)snprintf(text, sizeof(text), "%.80s  %.100s%s%.80s, signature %s",
                parts[i].split != NULL ? parts[i].split : "base",
                parts[i].package != NULL ? parts[i].package : "?", "  ", parts[i].file,
                parts[i].verified ? "holds" : "does not hold");
        pk_view_wrapped(to, style, "  ", 4, text);
    }
}

void pk_view_permissions(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report)
{
    char *text;
    char heading[64];

    if (report->permissions.count == 0) {
        return;
    }
    text = join(&report->permissions, PERMISSIONS_SHOWN, "android.permission.");
    (void)snprintf(heading, sizeof(heading), "permissions (%zu)", report->permissions.count);
    pk_view_heading(to, style, heading);
    pk_view_wrapped(to, style, "  ", 2, text != NULL ? text : "");
    free(text);
}

void pk_view_components(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report)
{
    const struct pk_app_components *c = report->components;
    char text[TEXT_SIZE];

    if (c == NULL || c->activities + c->services + c->receivers + c->providers == 0) {
        return;
    }
    pk_view_heading(to, style, "components");
    (void)snprintf(text, sizeof(text),
            "%" PRId64 " activit%s, %" PRId64 " service%s, %" PRId64 " receiver%s, %" PRId64
            " provider%s",
            c->activities, c->activities == 1 ? "y" : "ies", c->services,
            c->services == 1 ? "" : "s", c->receivers, c->receivers == 1 ? "" : "s", c->providers,
            c->providers == 1 ? "" : "s");
    pk_view_fact(to, style, "declared", text);
    if (c->exported.count > 0) {
        (void)snprintf(text, sizeof(text), "%zu of them", c->exported.count);
        pk_view_fact(to, style, "open to all", text);
    }
}

static void put_dex(FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report)
{
    const struct pk_app_dex *dex = report->dex.items;
    int64_t methods = 0;
    int64_t classes = 0;
    char text[TEXT_SIZE];

    for (size_t i = 0; i < report->dex.count; i++) {
        methods += dex[i].methods;
        classes += dex[i].classes;
        if (i < DEX_SHOWN) {
            (void)snprintf(text, sizeof(text),
                    "DEX %03" PRId64 ", %" PRId64 " class%s, %" PRId64 " method%s", dex[i].version,
                    dex[i].classes, dex[i].classes == 1 ? "" : "es", dex[i].methods,
                    dex[i].methods == 1 ? "" : "s");
            pk_view_fact(to, style, dex[i].file, text);
        }
    }
    if (report->dex.count > DEX_SHOWN) {
        (void)snprintf(text, sizeof(text),
                "%zu more; in all %" PRId64 " classes, %" PRId64 " methods",
                report->dex.count - DEX_SHOWN, classes, methods);
        pk_view_fact(to, style, "and", text);
    }
}

static void put_native(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report)
{
    const struct pk_app_native *native = report->native.items;
    char text[TEXT_SIZE];

    for (size_t i = 0; i < report->native.count && i < NATIVE_SHOWN; i++) {
        char *hardening = join(&native[i].hardening, NAMES_SHOWN, "");

        (void)snprintf(text, sizeof(text), "%.200s: %s", native[i].file,
                hardening != NULL && hardening[0] != '\0' ? hardening : "not hardened");
        pk_view_fact(to, style, native[i].abi[0] != '\0' ? native[i].abi : "ELF", text);
        free(hardening);
    }
    if (report->native.count > NATIVE_SHOWN) {
        (void)snprintf(
                text, sizeof(text), "%zu more libraries", report->native.count - NATIVE_SHOWN);
        pk_view_fact(to, style, "and", text);
    }
}

void pk_view_code(FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report)
{
    if (report->dex.count == 0 && report->native.count == 0) {
        return;
    }
    pk_view_heading(to, style, "code");
    put_dex(to, style, report);
    put_native(to, style, report);
}

void pk_view_plist(FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report)
{
    if (report->plist != NULL) {
        pk_view_heading(to, style, "content");
        pk_view_tree(to, report->plist);
    }
}

static void put_finding(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_finding *finding)
{
    char *attack = finding->attack.count > 0 ? join(&finding->attack, NAMES_SHOWN, "") : NULL;
    char text[TEXT_SIZE];

    (void)fputs("  ", to);
    pk_view_color(to, style, severity_colors[finding->severity]);
    (void)fprintf(to, "%-10s", pk_severity_name((enum pk_severity)finding->severity));
    pk_view_color(to, style, PK_COLOR_OFF);
    (void)pk_print_text(to, finding->title, SIZE_MAX);
    (void)fputc('\n', to);
    if (finding->evidence[0] != '\0') {
        pk_view_wrapped(to, style, "            ", 12, finding->evidence);
    }
    (void)snprintf(text, sizeof(text), "%s%s%s", finding->rule, attack != NULL ? ", ATT&CK " : "",
            attack != NULL ? attack : "");
    pk_view_color(to, style, PK_COLOR_DIM);
    pk_view_wrapped(to, style, "            ", 12, text);
    pk_view_color(to, style, PK_COLOR_OFF);
    if (finding->excepted != NULL) {
        (void)snprintf(text, sizeof(text), "does not count: %.400s", finding->excepted);
        pk_view_wrapped(to, style, "            ", 12, text);
    }
    if (finding->count > 1) {
        (void)fprintf(to, "            met %" PRId64 " times\n", finding->count);
    }
    free(attack);
}

/* "sha256  1234...: Anubis (banker), feed, 2024-05-01" */
static void put_hit(FILE *to, const struct pk_scan_style *style, const struct pk_app_hit *hit)
{
    char text[TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "%.200s%s%.100s%s: %.80s%s%.40s%s, %.80s%s%.20s", hit->value,
            hit->indicator != NULL ? " (" : "", hit->indicator != NULL ? hit->indicator : "",
            hit->indicator != NULL ? ")" : "", hit->family != NULL ? hit->family : "no family",
            hit->category != NULL ? " (" : "", hit->category != NULL ? hit->category : "",
            hit->category != NULL ? ")" : "", hit->source, hit->date != NULL ? ", " : "",
            hit->date != NULL ? hit->date : "");
    pk_view_fact(to, style, hit->kind, text);
    pk_view_fact(to, style, "", hit->reference);
}

void pk_view_hits(FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report)
{
    const struct pk_app_hit *items = report->hits.items;

    if (report->hits.count == 0) {
        return;
    }
    pk_view_heading(to, style, "known");
    for (size_t i = 0; i < report->hits.count && i < HITS_SHOWN; i++) {
        put_hit(to, style, &items[i]);
    }
    if (report->hits.count > HITS_SHOWN) {
        (void)fprintf(to, "  and %zu more\n", report->hits.count - HITS_SHOWN);
    }
}

/* What a behaviour rule says that many harmless apps do, too. */
static bool is_ability(const struct pk_app_finding *finding)
{
    return finding->weight == PK_APP_WEIGHT_NONE && finding->severity <= PK_SEVERITY_LOW &&
            finding->excepted == NULL && strncmp(finding->rule, RULES, strlen(RULES)) == 0;
}

/* One line each: the evidence is in --json, what they mean in `picket rules show ID`. */
static void put_abilities(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report)
{
    const struct pk_app_finding *items = report->findings.items;
    int severity = -1;

    for (size_t i = 0; i < report->findings.count; i++) {
        if (!is_ability(&items[i])) {
            continue;
        }
        (void)fputs("  ", to);
        pk_view_color(to, style, severity_colors[items[i].severity]);
        (void)fprintf(to, "%-10s",
                items[i].severity != severity
                        ? pk_severity_name((enum pk_severity)items[i].severity)
                        : "");
        pk_view_color(to, style, PK_COLOR_OFF);
        severity = items[i].severity;
        (void)pk_print_text(to, items[i].title, SIZE_MAX);
        pk_view_color(to, style, PK_COLOR_DIM);
        (void)fputs("  ", to);
        (void)pk_print_text(to, items[i].rule + strlen(RULES), SIZE_MAX);
        for (size_t a = 0; a < items[i].attack.count; a++) {
            (void)fputs(a == 0 ? ", " : " ", to);
            (void)pk_print_text(to, items[i].attack.items[a], SIZE_MAX);
        }
        pk_view_color(to, style, PK_COLOR_OFF);
        (void)fputc('\n', to);
    }
}

void pk_view_findings(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report)
{
    const struct pk_app_finding *items = report->findings.items;
    size_t abilities = 0;
    char heading[64];

    for (size_t i = 0; i < report->findings.count; i++) {
        abilities += is_ability(&items[i]) ? 1 : 0;
    }
    if (report->findings.count > abilities) {
        (void)snprintf(
                heading, sizeof(heading), "findings (%zu)", report->findings.count - abilities);
        pk_view_heading(to, style, heading);
    }
    for (size_t i = 0; i < report->findings.count; i++) {
        if (!is_ability(&items[i])) {
            put_finding(to, style, &items[i]);
        }
    }
    if (abilities > 0) {
        (void)snprintf(heading, sizeof(heading), "what it can do (%zu)", abilities);
        pk_view_heading(to, style, heading);
        put_abilities(to, style, report);
    }
}
