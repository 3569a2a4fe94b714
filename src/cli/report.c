#include "cli/report.h"

#include <stdlib.h>
#include <string.h>

static void json_part(FILE *to, const struct pk_app_report *report, bool only)
{
    json_t *json = pk_app_report_json(report);
    char *text = json != NULL ? pk_json_text(json) : NULL;

    (void)only;
    if (text != NULL) {
        (void)fputs(text, to);
    }
    free(text);
    json_decref(json);
}

static void json_document(
        FILE *to, char *const *parts, size_t count, const struct pk_scan_tally *tally)
{
    const char *gap = "[\n";

    (void)tally;
    for (size_t i = 0; i < count; i++) {
        if (parts[i] != NULL) {
            (void)fprintf(to, "%s%s", gap, parts[i]);
            gap = ",\n";
        }
    }
    (void)fputs(gap[0] == '[' ? "[]\n" : "\n]\n", to);
}

static const struct pk_report_form json_form = { "json", json_part, json_document };

const struct pk_report_form *pk_report_form(const char *name)
{
    static const struct pk_report_form *const forms[] = { &pk_report_html, &pk_report_sarif,
        &json_form };

    for (size_t i = 0; i < PK_COUNT(forms); i++) {
        if (strcmp(forms[i]->name, name) == 0) {
            return forms[i];
        }
    }
    return NULL;
}
