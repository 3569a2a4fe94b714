#include "cli/model_score.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "cli/model_input.h"
#include "cli/model_metrics.h"
#include "cli/model_rows.h"
#include "cli/print.h"

#define ROWS_MAX 20000000UL

/* What of a row is kept: enough of its vector's digest to tell copies. */
struct key {
    uint8_t bytes[16];
};

struct keys {
    struct key *items;
    size_t count, cap;
};

struct scored {
    struct key key;
    double score;
    bool malware;
    bool familiar;
};

struct run {
    const struct pk_model_score *ask;
    FILE *out;
    struct pk_model_columns columns;
    struct keys trained;
    struct scored *rows;
    size_t count, cap;
    size_t unfamiliar, unknown, suspicious, malicious; /* verdicts */
};

static struct key key_of(const struct pk_model *model, const struct pk_model_vector *v)
{
    uint8_t digest[PK_SHA256_SIZE];
    struct key key;

    pk_sha256(pk_slice_of(v->values, pk_model_feature_count(model)), digest);
    memcpy(key.bytes, digest, sizeof(key.bytes));
    return key;
}

/* Room for one more item of size bytes; NULL when memory or the limit is reached. */
static void *room(void *items, size_t count, size_t *cap, size_t size)
{
    size_t more = *cap == 0 ? 4096 : *cap * 2;
    void *grown;

    if (count < *cap) {
        return items;
    }
    grown = count < ROWS_MAX ? realloc(items, more * size) : NULL;
    if (grown != NULL) {
        *cap = more;
    }
    return grown;
}

static int remember(struct keys *keys, struct key key, struct pk_error *err)
{
    struct key *items = room(keys->items, keys->count, &keys->cap, sizeof(*items));

    if (items == NULL) {
        return pk_error_set(err, PK_ELIMIT, "more rows than can be compared");
    }
    keys->items = items;
    keys->items[keys->count++] = key;
    return PK_OK;
}

static const char *verdict_word(const struct pk_model *model, const struct pk_model_opinion *o)
{
    static const char *const words[] = { [PK_MODEL_HARMLESS] = "none",
        [PK_MODEL_SUSPICIOUS] = "suspicious",
        [PK_MODEL_MALICIOUS] = "malicious" };

    if (o->familiar) {
        return words[o->verdict];
    }
    return o->unknown > pk_model_thresholds(model).unknown_max ? "unknown" : "unfamiliar";
}

static void count_verdict(struct run *run, const struct pk_model_opinion *o)
{
    if (!o->familiar) {
        if (o->unknown > pk_model_thresholds(run->ask->model).unknown_max) {
            run->unknown++;
        } else {
            run->unfamiliar++;
        }
        return;
    }
    run->suspicious += o->verdict == PK_MODEL_SUSPICIOUS ? 1 : 0;
    run->malicious += o->verdict == PK_MODEL_MALICIOUS ? 1 : 0;
}

static int keep(struct run *run, const struct pk_model_vector *v, const struct pk_model_opinion *o,
        bool malware, struct pk_error *err)
{
    struct scored *rows = room(run->rows, run->count, &run->cap, sizeof(*rows));

    if (rows == NULL) {
        return pk_error_set(err, PK_ELIMIT, "more rows than can be measured");
    }
    run->rows = rows;
    run->rows[run->count++] = (struct scored){ .key = key_of(run->ask->model, v),
        .score = o->probability,
        .malware = malware,
        .familiar = o->familiar };
    return PK_OK;
}

static bool is_part(const struct run *run, const struct pk_slice *fields, const char *part)
{
    return run->columns.part != PK_MODEL_NO_COLUMN &&
            pk_slice_eq(fields[run->columns.part], pk_slice_str(part));
}

static int take_row(struct run *run, size_t number, const struct pk_slice *fields, size_t count,
        struct pk_error *err)
{
    const struct pk_model_score *ask = run->ask;
    struct pk_model_opinion opinion;
    struct pk_model_vector vector;
    int malware = 0;
    int rc = pk_model_row(ask->model, &run->columns, fields, count, &vector, err);

    if (rc == PK_OK && ask->train_part != NULL && is_part(run, fields, ask->train_part)) {
        rc = remember(&run->trained, key_of(ask->model, &vector), err);
    }
    if (rc < 0 || (ask->part != NULL && !is_part(run, fields, ask->part))) {
        return rc;
    }
    if (ask->label != NULL) {
        malware = pk_model_label(fields[run->columns.label], err);
        if (malware < 0) {
            return malware;
        }
    }
    pk_model_judge(ask->model, &vector, &opinion);
    count_verdict(run, &opinion);
    if (!ask->metrics_only && !ask->json) {
        (void)fprintf(run->out, "%zu,%.9f,%s\n", number, opinion.probability,
                verdict_word(ask->model, &opinion));
    }
    return keep(run, &vector, &opinion, malware == 1, err);
}

static int open_table(const char *path, struct pk_model_input **input, struct pk_model_table **csv,
        struct pk_error *err)
{
    int rc = pk_model_input_open(path, input, err);

    *csv = rc == PK_OK ? pk_model_table_create(pk_model_input_read, *input) : NULL;
    if (rc == PK_OK && *csv == NULL) {
        rc = pk_error_set(err, PK_ENOMEM, "out of memory");
        pk_model_input_close(*input);
    }
    return rc;
}

/* Reads a table to its end. trained: its rows are only remembered as those of the training. */
static int read_table(struct run *run, const char *path, bool trained, struct pk_error *err)
{
    const struct pk_model_score *ask = run->ask;
    const char *label = trained ? NULL : ask->label;
    const char *part = !trained && (ask->part != NULL || ask->train_part != NULL) ? "part" : NULL;
    struct pk_model_input *input = NULL;
    struct pk_model_table *csv = NULL;
    const struct pk_slice *fields;
    size_t count;
    size_t number = 0;
    int rc = open_table(path, &input, &csv, err);
    int got;

    if (rc < 0) {
        return rc; /* the sentence names the file */
    }
    got = pk_model_table_next(csv, &fields, &count, err);
    if (got > 0) {
        got = pk_model_columns_map(run->ask->model, fields, count, label, part, &run->columns, err);
        got = got < 0 ? got : 1;
    } else if (got == 0) {
        got = pk_error_set(
                err, PK_EMALF, "it is empty: a header with names of features is missing");
    }
    if (got > 0 && run->columns.features == 0) {
        got = pk_error_set(err, PK_EMALF, "no column is a feature of the model '%s'",
                pk_model_name(ask->model));
    }
    while (got > 0 && (got = pk_model_table_next(csv, &fields, &count, err)) > 0) {
        struct pk_model_vector v;

        number++;
        rc = trained ? pk_model_row(ask->model, &run->columns, fields, count, &v, err)
                     : take_row(run, number, fields, count, err);
        if (rc == PK_OK && trained) {
            rc = remember(&run->trained, key_of(ask->model, &v), err);
        }
        got = rc < 0 ? rc : got;
    }
    if (got < 0) {
        pk_error_prefix(err, "'%s' line %d", path, pk_model_table_line(csv));
    }
    pk_model_table_destroy(csv);
    pk_model_input_close(input);
    return got;
}

static int by_key(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct key));
}

static bool is_seen(const struct run *run, const struct scored *row)
{
    return run->trained.count > 0 &&
            bsearch(&row->key, run->trained.items, run->trained.count, sizeof(struct key),
                    by_key) != NULL;
}

enum which {
    ALL,
    UNSEEN,
    FAMILIAR,
};

static int measure(const struct run *run, enum which which, struct pk_model_metrics *out)
{
    struct pk_model_case *cases = calloc(run->count > 0 ? run->count : 1, sizeof(*cases));

    if (cases == NULL) {
        return PK_ENOMEM;
    }
    for (size_t i = 0; i < run->count; i++) {
        const struct scored *row = &run->rows[i];

        cases[i] = (struct pk_model_case){ .score = row->score,
            .malware = row->malware,
            .in = which == ALL || (which == UNSEEN && !is_seen(run, row)) ||
                    (which == FAMILIAR && row->familiar) };
    }
    pk_model_measure(cases, run->count, out);
    free(cases);
    return PK_OK;
}

static json_t *figure(double value)
{
    return isnan(value) ? json_null() : json_real(round(value * 1e6) / 1e6);
}

static json_t *metrics_json(const struct pk_model_metrics *m)
{
    return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "rows", (json_int_t)m->rows, "malware",
            (json_int_t)m->malware, "auc", figure(m->auc), "f1", figure(m->f1), "tpr_fpr_1pct",
            figure(m->tpr_1pct), "tpr_fpr_0.1pct", figure(m->tpr_01pct), "brier", figure(m->brier));
}

static void metrics_line(FILE *to, const char *name, const struct pk_model_metrics *m)
{
    (void)fprintf(to, "%-22s %7zu %7zu  %.4f  %.4f  %.4f      %.4f        %.4f\n", name, m->rows,
            m->malware, m->auc, m->f1, m->tpr_1pct, m->tpr_01pct, m->brier);
}

static int tell_metrics(const struct run *run, json_t *object, FILE *to, struct pk_error *err)
{
    static const struct {
        enum which which;
        const char *key;
        const char *name;
    } kinds[] = {
        { ALL, "all", "all rows" },
        { UNSEEN, "unseen", "unseen in training" },
        { FAMILIAR, "familiar", "familiar to the model" },
    };
    bool header = false;

    for (size_t i = 0; i < PK_COUNT(kinds); i++) {
        struct pk_model_metrics m;

        if (kinds[i].which == UNSEEN && run->trained.count == 0) {
            continue;
        }
        if (measure(run, kinds[i].which, &m) < 0) {
            return pk_error_set(err, PK_ENOMEM, "out of memory");
        }
        if (object != NULL) {
            (void)json_object_set_new(object, kinds[i].key, metrics_json(&m));
            continue;
        }
        if (!header) {
            (void)fputs("                          rows malware  AUC     F1      TPR@FPR 1%  "
                        "TPR@FPR 0.1%  Brier\n",
                    to);
            header = true;
        }
        metrics_line(to, kinds[i].name, &m);
    }
    return PK_OK;
}

static void tell_verdicts(const struct run *run, FILE *to)
{
    size_t known = pk_model_feature_count(run->ask->model);

    if (run->columns.features < known) {
        (void)fprintf(to, "%zu of the model's %zu features have a column; the others are unknown\n",
                run->columns.features, known);
    }
    (void)fprintf(to, "%zu rows: %zu malicious, %zu suspicious, %zu unfamiliar, %zu unknown\n",
            run->count, run->malicious, run->suspicious, run->unfamiliar, run->unknown);
}

static int tell_json(const struct run *run, FILE *out, struct pk_error *err)
{
    const struct pk_model *model = run->ask->model;
    json_t *o = json_pack("{s:s, s:s, s:I, s:I, s:{s:I, s:I, s:I, s:I}}", "model",
            pk_model_name(model), "version", pk_model_version(model), "rows",
            (json_int_t)run->count, "features", (json_int_t)run->columns.features, "verdicts",
            "malicious", (json_int_t)run->malicious, "suspicious", (json_int_t)run->suspicious,
            "unfamiliar", (json_int_t)run->unfamiliar, "unknown", (json_int_t)run->unknown);
    int rc = o == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory") : PK_OK;

    if (rc == PK_OK && run->ask->label != NULL) {
        rc = tell_metrics(run, o, NULL, err);
    }
    if (rc == PK_OK) {
        pk_print_json(out, o);
    }
    json_decref(o);
    return rc;
}

static int score(struct run *run, FILE *tell, struct pk_error *err)
{
    const struct pk_model_score *ask = run->ask;
    FILE *table = ask->metrics_only ? run->out : tell;
    int rc = PK_OK;

    if (!ask->metrics_only && !ask->json) {
        (void)fputs("row,score,verdict\n", run->out);
    }
    if (ask->train_csv != NULL) {
        rc = read_table(run, ask->train_csv, true, err);
    }
    rc = rc < 0 ? rc : read_table(run, ask->csv, false, err);
    if (rc < 0) {
        return rc;
    }
    if (run->trained.count > 1) {
        qsort(run->trained.items, run->trained.count, sizeof(struct key), by_key);
    }
    if (ask->json) {
        return tell_json(run, run->out, err);
    }
    if (ask->label != NULL) {
        rc = tell_metrics(run, NULL, table, err);
    }
    tell_verdicts(run, table);
    if (fflush(run->out) != 0) {
        return pk_error_set(err, -errno, "cannot write: %s", pk_code_text(-errno));
    }
    return rc;
}

int pk_model_score(const struct pk_model_score *ask, FILE *out, FILE *tell, struct pk_error *err)
{
    struct run *run = calloc(1, sizeof(*run));
    int rc;

    if (run == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    run->ask = ask;
    run->out = out;
    rc = score(run, tell, err);
    free(run->trained.items);
    free(run->rows);
    free(run);
    return rc;
}
