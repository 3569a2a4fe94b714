/* model_metrics.h - how well scores tell malware from harmless apps. */
#pragma once

#include <stddef.h>
#include <stdbool.h>

struct pk_model_case {
    double score;
    bool malware;
    bool in; /* counted */
};

struct pk_model_metrics {
    size_t rows, malware;
    double auc;      /* NaN, like all below, where rows of one class are missing */
    double f1;       /* at a probability of 0.5 */
    double tpr_1pct; /* malware found by the lowest threshold that flags at most 1 % of the harmless */
    double tpr_01pct; /* ... 0.1 % */
    double brier;
};

/* Counts cases with `in` set; sorts them. */
void pk_model_measure(struct pk_model_case *cases, size_t count, struct pk_model_metrics *out);
