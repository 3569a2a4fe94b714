/* model_score.h - `picket model score`: the rows of a table through the classifier. */
#pragma once

#include <stdio.h>

#include "defense/malware/model.h"

struct pk_model_score {
    const struct pk_model *model;
    const char *csv;   /* file, "-" is standard input */
    const char *label; /* column with the truth; NULL: none */
    const char *part;  /* score only rows whose column `part` says so; NULL: all */
    const char *
            train_part; /* rows with this part are those that the model was trained on; NULL: none are */
    const char *train_csv; /* ... and these; NULL */
    bool metrics_only;
    bool json;
};

/* Writes `row,score,verdict` to out and with a label what the scores are worth: to out when nothing else goes
 * there (metrics_only or json), else to tell. *err begins with the file and the line. */
PK_MUST_USE int pk_model_score(
        const struct pk_model_score *ask, FILE *out, FILE *tell, struct pk_error *err);
