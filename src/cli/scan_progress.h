/* scan_progress.h - a line on a terminal's standard error that says how far many files are. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

struct pk_scan_progress {
    bool on; /* standard error is a terminal and there is enough to do */
    bool shown;
    size_t total;
    int64_t begun_ms;
    int64_t drawn_ms;
};

struct pk_scan_progress pk_scan_progress_begin(size_t total);
/* Redraws at most ten times a second. bad: files with bad news so far. */
void pk_scan_progress_show(struct pk_scan_progress *progress, size_t done, size_t bad);
/* Makes room for lines of output, and at the end. */
void pk_scan_progress_clear(struct pk_scan_progress *progress);
