/* model_rows.h - rows of a table as the classifier's questions: which column is which feature, and what a
 * cell says. Columns that are no feature are passed over; features without a column are unknown. */
#pragma once

#include "cli/model_table.h"
#include "defense/malware/model.h"

#define PK_MODEL_NO_COLUMN SIZE_MAX

struct pk_model_columns {
    size_t feature[PK_MODEL_TABLE_FIELDS_MAX]; /* of each column; PK_MODEL_NO_COLUMN: none */
    size_t count;                              /* columns */
    size_t features;                           /* that have a column */
    size_t label, part;                        /* PK_MODEL_NO_COLUMN: none was asked for */
};

/* Maps a header. A name is a feature's with or without "android.permission." before it; of two columns of one feature,
 * and where a column that was asked for (label, part; NULL: none) is missing, PK_EMALF. */
PK_MUST_USE int pk_model_columns_map(const struct pk_model *model, const struct pk_slice *header,
        size_t count, const char *label, const char *part, struct pk_model_columns *out,
        struct pk_error *err);

/* The features of one row. A cell is a number (0: no, above: yes), true, false, or empty, "?", NA or NaN for what is not
 * known. PK_EMALF: another text, or not as many fields as the header has. */
PK_MUST_USE int pk_model_row(const struct pk_model *model, const struct pk_model_columns *columns,
        const struct pk_slice *fields, size_t count, struct pk_model_vector *out,
        struct pk_error *err);

/* 1: malware (S, 1, malware, malicious ...), 0: harmless (B, 0, benign, goodware ...), PK_EMALF. */
PK_MUST_USE int pk_model_label(struct pk_slice text, struct pk_error *err);
