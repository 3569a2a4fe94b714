#include "cli/names_measure.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/schema.h"
#include "defense/network/names.h"
#include "intel/csv.h"
#include "intel/unpack.h"

#define FILE_MAX     (256UL * 1024 * 1024)
#define UNPACKED_MAX (512UL * 1024 * 1024)
#define NAME_MAX_LEN 4096
#define SCORES       101

struct pk_names_measure {
    bool hosts;
    size_t harmful[SCORES]; /* by score */
    size_t harmless[SCORES];
    size_t left_out;
};

struct pk_names_measure *pk_names_measure_create(bool hosts)
{
    struct pk_names_measure *m = calloc(1, sizeof(*m));

    if (m != NULL) {
        m->hosts = hosts;
    }
    return m;
}

void pk_names_measure_destroy(struct pk_names_measure *m)
{
    free(m);
}

/* The host of a URL, or the name itself. */
static void judge_host(const char *text, struct pk_name_looks *looks)
{
    const char *from = strstr(text, "://") != NULL ? strstr(text, "://") + 3 : text;
    size_t len = strcspn(from, "/?#");
    char host[NAME_MAX_LEN];
    const char *at;

    at = memrchr(from, '@', len);
    if (at != NULL) {
        len -= (size_t)(at + 1 - from);
        from = at + 1;
    }
    memcpy(host, from, len < sizeof(host) ? len : sizeof(host) - 1);
    host[len < sizeof(host) ? len : sizeof(host) - 1] = '\0';
    host[strcspn(host, ":")] = '\0';
    pk_name_judge(host, looks);
}

static void take(struct pk_names_measure *m, const char *text, bool harmful)
{
    struct pk_name_looks looks;

    if (strlen(text) >= NAME_MAX_LEN) {
        m->left_out++;
        return;
    }
    if (m->hosts) {
        judge_host(text, &looks);
    } else {
        pk_url_judge(text, &looks);
    }
    if (looks.score < 0) {
        m->left_out++;
    } else if (harmful) {
        m->harmful[looks.score]++;
    } else {
        m->harmless[looks.score]++;
    }
}

/* --- files -------------------------------------------------------------------------------- */

static size_t column(const struct pk_csv *csv, const char *name)
{
    size_t i = 0;

    while (i < csv->count && strcasecmp(csv->cell[i], name) != 0) {
        i++;
    }
    return i;
}

/* False: the first row names no column "url". */
static bool take_csv(
        struct pk_names_measure *m, struct pk_slice text, enum pk_names_label label, int *rc)
{
    struct pk_csv *csv = malloc(sizeof(*csv)); /* a row is large */
    size_t url;
    size_t truth;

    *rc = PK_OK;
    if (csv == NULL) {
        *rc = PK_ENOMEM;
        return true;
    }
    pk_csv_init(csv, text, ',');
    if (pk_csv_next(csv) < 0 || column(csv, "url") == csv->count) {
        free(csv);
        return false;
    }
    url = column(csv, "url");
    truth = column(csv, "label");
    if (label == PK_NAMES_LABELLED && truth == csv->count) {
        *rc = PK_EMISSING;
    }
    while (*rc == PK_OK) {
        int next = pk_csv_next(csv);

        if (next == PK_ENOENT) {
            break;
        }
        if (next < 0 || url >= csv->count || (label == PK_NAMES_LABELLED && truth >= csv->count)) {
            m->left_out++;
            continue;
        }
        take(m, csv->cell[url],
                label == PK_NAMES_LABELLED ? strcmp(csv->cell[truth], "1") == 0
                                           : label == PK_NAMES_HARMFUL);
    }
    free(csv);
    return true;
}

static int take_json(
        struct pk_names_measure *m, struct pk_slice text, bool harmful, struct pk_error *err)
{
    json_t *all = NULL;
    const json_t *list;
    int rc = pk_json_parse((const char *)text.ptr, text.len, &all, err);

    if (rc < 0) {
        return rc;
    }
    list = json_is_array(all) ? all : json_object_get(all, "list");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));

        if (name != NULL) {
            take(m, name, harmful);
        } else {
            m->left_out++;
        }
    }
    json_decref(all);
    return PK_OK;
}

static void take_lines(struct pk_names_measure *m, struct pk_slice text, bool harmful)
{
    char line[NAME_MAX_LEN];

    for (size_t at = 0; at < text.len;) {
        const uint8_t *from = text.ptr + at;
        const uint8_t *end = memchr(from, '\n', text.len - at);
        size_t len = end != NULL ? (size_t)(end - from) : text.len - at;

        at += len + 1;
        while (len > 0 && (from[len - 1] == '\r' || from[len - 1] == ' ')) {
            len--;
        }
        if (len == 0 || from[0] == '#') {
            continue;
        }
        if (len >= sizeof(line)) {
            m->left_out++;
            continue;
        }
        memcpy(line, from, len);
        line[len] = '\0';
        take(m, line, harmful);
    }
}

static int take_text(struct pk_names_measure *m, const char *path, struct pk_slice text,
        enum pk_names_label label, struct pk_error *err)
{
    int rc;

    if (text.len > 0 && (text.ptr[0] == '{' || text.ptr[0] == '[') && label != PK_NAMES_LABELLED) {
        return take_json(m, text, label == PK_NAMES_HARMFUL, err);
    }
    if (take_csv(m, text, label, &rc)) {
        return rc < 0 ? pk_error_set(err, rc, "'%s': %s", path,
                                rc == PK_EMISSING ? "no column 'label'" : pk_code_text(rc))
                      : PK_OK;
    }
    if (label == PK_NAMES_LABELLED) {
        return pk_error_set(err, PK_EMISSING,
                "'%s': a first row with the columns url and label is wanted", path);
    }
    take_lines(m, text, label == PK_NAMES_HARMFUL);
    return PK_OK;
}

int pk_names_measure_file(struct pk_names_measure *m, const char *path, enum pk_names_label label,
        struct pk_error *err)
{
    struct pk_buffer file = pk_buffer_of(FILE_MAX);
    struct pk_buffer plain = pk_buffer_of(UNPACKED_MAX);
    bool packed = false;
    int rc = pk_file_read(path, &file, err);

    if (rc == PK_OK) {
        rc = pk_intel_unpack(pk_buffer_slice(&file), &plain, &packed, err);
    }
    if (rc == PK_OK) {
        rc = take_text(m, path, pk_buffer_slice(packed ? &plain : &file), label, err);
    }
    pk_buffer_finish(&plain);
    pk_buffer_finish(&file);
    return rc;
}

/* --- result ------------------------------------------------------------------------------- */

static size_t sum(const size_t counts[SCORES], size_t from)
{
    size_t all = 0;

    for (size_t i = from; i < SCORES; i++) {
        all += counts[i];
    }
    return all;
}

/* The chance that a harmful one scores higher than a harmless one; ties count half. Scores are whole numbers: a little coarser
 * than the model itself. */
static double auc(const struct pk_names_measure *m)
{
    double harmful = (double)sum(m->harmful, 0);
    double harmless = (double)sum(m->harmless, 0);
    double below = 0;
    double wins = 0;

    for (size_t i = 0; i < SCORES; i++) {
        wins += (double)m->harmful[i] * (below + (double)m->harmless[i] / 2);
        below += (double)m->harmless[i];
    }
    return harmful > 0 && harmless > 0 ? wins / (harmful * harmless) : 0;
}

static json_t *roc(const struct pk_names_measure *m)
{
    static const double shares[] = { 0.0001, 0.001, 0.01, 0.05, 0.1 };
    size_t harmful = sum(m->harmful, 0);
    size_t harmless = sum(m->harmless, 0);
    json_t *points = json_array();

    for (size_t i = 0; i < PK_COUNT(shares) && harmful > 0 && harmless > 0; i++) {
        size_t from = SCORES;

        while (from > 0 && (double)sum(m->harmless, from - 1) <= shares[i] * (double)harmless) {
            from--;
        }
        (void)json_array_append_new(points,
                json_pack("{s:f, s:i, s:f}", "harmless_share", shares[i], "from_score", (int)from,
                        "harmful_found", (double)sum(m->harmful, from) / (double)harmful));
    }
    return points;
}

json_t *pk_names_measure_result(struct pk_names_measure *m)
{
    size_t harmful = sum(m->harmful, 0);
    size_t harmless = sum(m->harmless, 0);

    return json_pack("{s:I, s:I, s:I, s:f, s:o, s:{s:i, s:I, s:f, s:I, s:f}}", "harmful",
            (json_int_t)harmful, "harmless", (json_int_t)harmless, "left_out",
            (json_int_t)m->left_out, "auc", auc(m), "roc", roc(m), "at_threshold", "score",
            PK_NAME_HARMFUL, "harmful", (json_int_t)sum(m->harmful, PK_NAME_HARMFUL),
            "harmful_share",
            harmful > 0 ? (double)sum(m->harmful, PK_NAME_HARMFUL) / (double)harmful : 0.0,
            "harmless", (json_int_t)sum(m->harmless, PK_NAME_HARMFUL), "harmless_in_10000",
            harmless > 0 ? 10000.0 * (double)sum(m->harmless, PK_NAME_HARMFUL) / (double)harmless
                         : 0.0);
}
