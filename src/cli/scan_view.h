/* scan_view.h - a scan's report for people: the verdict first, its reasons, then the facts. What comes
 * from the file is an attacker's text and never reaches the terminal as it is. */
#pragma once

#include <stdio.h>

#include "model/app_report.h"
#include "scan/pool.h"

struct pk_scan_style {
    bool color;
    int width; /* columns of the terminal */
};

/* Everything about one file. cost may be NULL. */
void pk_scan_view(FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report,
        const struct pk_scan_cost *cost);
/* One line; of a file that is not clean also the reasons. */
void pk_scan_view_line(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report);

/* What many files came to. */
struct pk_scan_tally {
    size_t verdicts[PK_VERDICT_MALFORMED + 1];
    size_t scanned;
    size_t failed; /* could not be read at all */
    double seconds;
};
void pk_scan_view_tally(
        FILE *to, const struct pk_scan_style *style, const struct pk_scan_tally *tally);
