/* names_measure.h - how well the judge of names tells harmful from harmless: files of names or URLs, scored and counted. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

struct pk_names_measure;

/* hosts: judge host names alone, as a device's resolver does; else whole URLs. NULL: out of memory. */
struct pk_names_measure *pk_names_measure_create(bool hosts);
void pk_names_measure_destroy(struct pk_names_measure *m); /* NULL is fine */

enum pk_names_label {
    PK_NAMES_HARMLESS,
    PK_NAMES_HARMFUL,
    PK_NAMES_LABELLED, /* CSV with the columns url and label (0 or 1) */
};

/* A file, packed (.xz, .zst) or not: CSV with a column "url" (any case), JSON {"list": [...]}, or one name or URL a line. What is no
 * name is counted as left out. */
PK_MUST_USE int pk_names_measure_file(struct pk_names_measure *m, const char *path,
        enum pk_names_label label, struct pk_error *err);

/* {"harmful", "harmless", "left_out", "auc", "roc": [{"harmless_share", "harmful_found"}], "at_threshold": {...}} */
json_t *pk_names_measure_result(struct pk_names_measure *m);
