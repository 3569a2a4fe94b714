/* report.h - a scan as one document for others: an HTML page that a manager can read, SARIF for build
 * systems. Reports go in one by one, in the order of the list; the document ends with the tally. */
#pragma once

#include <stdio.h>

#include "cli/scan_view.h"

struct pk_report_form {
    const char *name; /* "html" */
    /* The part of one report, as text that can be held until its turn; NULL to: nothing. */
    void (*part)(FILE *to, const struct pk_app_report *report, bool only);
    /* What stands before and behind the parts. parts: their texts, NULL for a file that could not be read. */
    void (*document)(FILE *to, char *const *parts, size_t count, const struct pk_scan_tally *tally);
};

/* "html", "sarif", "json" (one array); NULL: no such form. */
const struct pk_report_form *pk_report_form(const char *name);

extern const struct pk_report_form pk_report_html;
extern const struct pk_report_form pk_report_sarif;
