/* SARIF 2.1.0 (OASIS): what build systems show beside the code. One result a finding, one rule a kind of
 * finding; the file's verdict is a result of its own, so that a gate needs to look at one rule only. */
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"

#define SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"

static const char *level_of(int severity, int weight)
{
    if (weight >= PK_APP_WEIGHT_SUSPICIOUS || severity >= PK_SEVERITY_HIGH) {
        return "error";
    }
    return weight > PK_APP_WEIGHT_NONE || severity >= PK_SEVERITY_MEDIUM ? "warning" : "note";
}

/* A path as a URI reference (RFC 3986): what is not unreserved or a slash is escaped. */
static json_t *uri(const char *path)
{
    size_t len = strlen(path);
    char *text = malloc(3 * len + 1);
    size_t n = 0;
    json_t *out;

    for (size_t i = 0; text != NULL && i < len; i++) {
        unsigned char c = (unsigned char)path[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                strchr("-._~/", c) != NULL) {
            text[n++] = (char)c;
        } else {
            n += (size_t)snprintf(text + n, 4, "%%%02X", c);
        }
    }
    out = text != NULL ? json_stringn(text, n) : NULL;
    free(text);
    return out;
}

static json_t *location(const struct pk_app_report *r)
{
    return json_pack("{s:{s:{s:o}}}", "physicalLocation", "artifactLocation", "uri",
            uri(r->file != NULL ? r->file : "file"));
}

static json_t *result(
        const struct pk_app_report *r, const char *id, const char *level, json_t *text)
{
    return json_pack("{s:s, s:s, s:{s:o}, s:[o], s:{s:s*}}", "ruleId", id, "level", level,
            "message", "text", text, "locations", location(r), "partialFingerprints", "sha256/v1",
            r->sha256);
}

static json_t *texts(const struct pk_strings *list)
{
    json_t *out = json_array();

    for (size_t i = 0; i < list->count; i++) {
        (void)json_array_append_new(out, json_string(list->items[i]));
    }
    return out;
}

static json_t *of_finding(const struct pk_app_report *r, const struct pk_app_finding *f)
{
    const char *colon = f->evidence[0] != '\0' ? ": " : "";
    json_t *out = result(r, f->rule, level_of(f->severity, f->weight),
            json_sprintf("%s%s%s", f->title, colon, f->evidence));

    (void)json_object_set_new(out, "properties",
            json_pack("{s:s, s:s, s:s, s:o, s:s*}", "id", f->id, "severity",
                    pk_severity_name((enum pk_severity)f->severity), "verdict",
                    pk_app_weight_name(f->weight), "attack", texts(&f->attack), "title", f->title));
    if (f->excepted != NULL) {
        (void)json_object_set_new(out, "suppressions",
                json_pack("[{s:s, s:s}]", "kind", "external", "justification", f->excepted));
    }
    return out;
}

static json_t *of_verdict(const struct pk_app_report *r)
{
    const char *level = r->verdict == PK_VERDICT_CLEAN ? "none"
            : r->verdict == PK_VERDICT_UNWANTED        ? "warning"
                                                       : "error";
    json_t *out = result(r, "verdict", level,
            json_sprintf("%s: %s", pk_app_verdict_name(r->verdict),
                    r->reasons.count > 0 ? r->reasons.items[0] : ""));

    (void)json_object_set_new(
            out, "kind", json_string(r->verdict == PK_VERDICT_CLEAN ? "pass" : "fail"));
    (void)json_object_set_new(out, "properties",
            json_pack("{s:s, s:f, s:s*, s:s*, s:o}", "verdict", pk_app_verdict_name(r->verdict),
                    "score", r->score, "package", r->package, "version", r->version_name, "reasons",
                    texts(&r->reasons)));
    return out;
}

/* The results of one file, one a line. */
static void sarif_part(FILE *to, const struct pk_app_report *r, bool only)
{
    const struct pk_app_finding *items = r->findings.items;

    (void)only;
    for (size_t i = 0; i <= r->findings.count; i++) {
        json_t *json = i == 0 ? of_verdict(r) : of_finding(r, &items[i - 1]);
        char *text = json != NULL ? pk_json_text(json) : NULL;

        if (text != NULL) {
            (void)fprintf(to, "%s\n", text);
        }
        free(text);
        json_decref(json);
    }
}

/* Each rule that some result names, once. */
static void take_rule(json_t *known, json_t *rules, const json_t *row)
{
    const char *id = json_string_value(json_object_get(row, "ruleId"));
    const json_t *properties = json_object_get(row, "properties");
    const char *title = json_string_value(json_object_get(properties, "title"));

    if (id == NULL || json_object_get(known, id) != NULL) {
        return;
    }
    (void)json_object_set_new(known, id, json_true());
    (void)json_array_append_new(rules,
            json_pack("{s:s, s:{s:s}}", "id", id, "shortDescription", "text",
                    title != NULL ? title : "What the whole report comes to"));
}

static void sarif_document(
        FILE *to, char *const *parts, size_t count, const struct pk_scan_tally *tally)
{
    json_t *results = json_array();
    json_t *rules = json_array();
    json_t *known = json_object();
    json_t *document;
    char *text;

    (void)tally;
    for (size_t i = 0; i < count; i++) {
        for (char *line = parts[i]; line != NULL && *line != '\0';) {
            char *end = strchr(line, '\n');
            json_t *row = NULL;

            if (end != NULL && pk_json_parse(line, (size_t)(end - line), &row, NULL) == PK_OK) {
                take_rule(known, rules, row);
                (void)json_array_append_new(results, row);
            }
            line = end != NULL ? end + 1 : NULL;
        }
    }
    document = json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:s, s:o}}, s:s, s:[{s:b}], s:o}]}",
            "$schema", SCHEMA, "version", "2.1.0", "runs", "tool", "driver", "name", "Picket",
            "version", PK_VERSION, "semanticVersion", PK_VERSION, "rules", rules, "columnKind",
            "utf16CodeUnits", "invocations", "executionSuccessful", tally->failed == 0, "results",
            results);
    text = document != NULL ? json_dumps(document, JSON_INDENT(1)) : NULL;
    if (text != NULL) {
        (void)fprintf(to, "%s\n", text);
    }
    free(text);
    json_decref(document);
    json_decref(known);
}

const struct pk_report_form pk_report_sarif = { "sarif", sarif_part, sarif_document };
