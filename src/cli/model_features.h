/* model_features.h - `picket model features`: what the classifier sees of app files, as rows of a table that
 * `picket model score` and tools/train-model.py read. The files are read in the sandbox. */
#pragma once

#include <stdio.h>

#include "defense/malware/model.h"

/* One row a file. A file that cannot be read, or is nothing that the classifier judges, is said on tell and counted in
 * *failed. PK_EACCES where the sandbox does not come up. */
PK_MUST_USE int pk_model_features(const struct pk_model *model, char *const *files, size_t count,
        FILE *out, FILE *tell, size_t *failed, struct pk_error *err);
