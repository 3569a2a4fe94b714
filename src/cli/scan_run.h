/* scan_run.h - a list of files through the pool: several at a time, printed in the order of the list. */
#pragma once

#include "cli/report.h"
#include "cli/scan_view.h"
#include "cli/scan_walk.h"
#include "scan/know.h"

struct pk_scan_settings {
    int min_sdk, max_sdk;
    const char *stamp_cert;
    bool json;
    bool structure_only;
    bool thorough;
    const struct pk_report_form *form; /* one document of all files; NULL: none */
    unsigned jobs;
    unsigned timeout_ms;
    const char *const *yara;         /* rule files and folders, ends with NULL */
    const struct pk_scan_know *know; /* NULL: nothing */
    struct pk_scan_style style;
};

/* Scans and prints. What could not be read is said on standard error and counted. < 0: it cannot go on,
 * *err says why; what was done is in *tally all the same. */
PK_MUST_USE int pk_scan_run(const struct pk_scan_settings *settings,
        const struct pk_scan_list *list, struct pk_scan_tally *tally, struct pk_error *err);
/* "picket scan: sentence" on standard error, clean. */
void pk_scan_complain(void *ctx, const char *sentence);
