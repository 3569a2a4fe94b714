#include "cli/model_metrics.h"

#include <math.h>
#include <stdlib.h>

/* Those that count first, highest score first. */
static int by_score(const void *a, const void *b)
{
    const struct pk_model_case *x = a;
    const struct pk_model_case *y = b;

    if (x->in != y->in) {
        return x->in ? -1 : 1;
    }
    return x->score != y->score ? (x->score > y->score ? -1 : 1) : 0;
}

/* Walks down the scores, equal ones in one step; found and false alarms so far are the curve. */
static void walk(const struct pk_model_case *cases, struct pk_model_metrics *out)
{
    double malware = (double)out->malware;
    double harmless = (double)(out->rows - out->malware);
    double found = 0;
    double alarms = 0;
    double area = 0;
    double tpr_1pct = 0;
    double tpr_01pct = 0;

    for (size_t i = 0; i < out->rows;) {
        double found_before = found;
        double alarms_before = alarms;
        double score = cases[i].score;

        for (; i < out->rows && cases[i].score == score; i++) {
            found += cases[i].malware ? 1 : 0;
            alarms += cases[i].malware ? 0 : 1;
        }
        area += (alarms - alarms_before) * (found + found_before) / 2;
        tpr_1pct = alarms <= 0.01 * harmless ? found / malware : tpr_1pct;
        tpr_01pct = alarms <= 0.001 * harmless ? found / malware : tpr_01pct;
    }
    out->auc = area / (malware * harmless);
    out->tpr_1pct = tpr_1pct;
    out->tpr_01pct = tpr_01pct;
}

void pk_model_measure(struct pk_model_case *cases, size_t count, struct pk_model_metrics *out)
{
    double hits = 0;
    double said = 0;
    double square = 0;

    *out = (struct pk_model_metrics){
        .auc = NAN, .f1 = NAN, .tpr_1pct = NAN, .tpr_01pct = NAN, .brier = NAN
    };
    if (count == 0) {
        return;
    }
    qsort(cases, count, sizeof(*cases), by_score);
    for (size_t i = 0; i < count && cases[i].in; i++) {
        double truth = cases[i].malware ? 1 : 0;
        bool says = cases[i].score >= 0.5;

        out->rows++;
        out->malware += cases[i].malware ? 1 : 0;
        said += says ? 1 : 0;
        hits += says && cases[i].malware ? 1 : 0;
        square += (cases[i].score - truth) * (cases[i].score - truth);
    }
    if (out->rows > 0) {
        out->brier = square / (double)out->rows;
    }
    if (out->malware > 0 && out->malware < out->rows) {
        out->f1 = 2 * hits / (said + (double)out->malware);
        walk(cases, out);
    }
}
