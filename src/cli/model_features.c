#include "cli/model_features.h"

#include <string.h>
#include <unistd.h>

#include "cli/print.h"
#include "cli/scan_open.h"
#include "defense/malware/model_bits.h"
#include "scan/pool.h"

#define REPORT_ARENA_MAX (64UL * 1024 * 1024)

static void put_text(FILE *out, const char *text)
{
    (void)fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            (void)fputc('"', out);
        }
        (void)fputc(*text < ' ' && *text >= 0 ? '?' : *text, out);
    }
    (void)fputc('"', out);
}

static void header(const struct pk_model *model, FILE *out)
{
    (void)fputs("sample,sha256,familiar", out);
    for (size_t i = 0; i < pk_model_feature_count(model); i++) {
        (void)fprintf(out, ",%s", pk_model_feature(model, i)->name);
    }
    (void)fputc('\n', out);
}

static int row(const struct pk_model *model, const char *file, const struct pk_app_report *report,
        FILE *out, struct pk_error *err)
{
    struct pk_model_vector vector;

    if (report->model == NULL || report->model->vector == NULL) {
        return pk_error_set(err, PK_EINVAL, "'%s': nothing that the classifier judges", file);
    }
    if (strcmp(report->model->version, pk_model_version(model)) != 0 ||
            pk_model_bits_read(report->model->vector, pk_model_feature_count(model), &vector) < 0) {
        return pk_error_set(err, PK_EPEER, "'%s': picket-scan is of another version", file);
    }
    put_text(out, file);
    (void)fprintf(out, ",%s,%d", report->sha256, report->model->familiar ? 1 : 0);
    for (size_t i = 0; i < pk_model_feature_count(model); i++) {
        (void)fprintf(out, ",%d", vector.values[i]);
    }
    (void)fputc('\n', out);
    return PK_OK;
}

/* < 0: *err says why there is no row; *broken: and no other file will fare better. */
static int one(const struct pk_model *model, struct pk_scan_pool *pool, const char *file, FILE *out,
        bool *broken, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(REPORT_ARENA_MAX);
    struct pk_scan_job job = { .fd = -1, .idsig_fd = -1, .name = file };
    struct pk_app_report report;
    struct pk_scan_cost cost;
    int rc = arena == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                           : pk_scan_open(file, &job.fd, err);
    int fd = job.fd;

    if (rc == PK_OK) {
        rc = pk_scan_pool_submit(pool, &job, err);
        if (rc == PK_OK) {
            rc = pk_scan_pool_wait(pool, -1, arena, &job, &report, &cost, err);
        }
        *broken = rc < 0 && rc != PK_EINVAL;
    }
    if (rc == PK_OK) {
        rc = row(model, file, &report, out, err);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    pk_arena_destroy(arena);
    return rc;
}

int pk_model_features(const struct pk_model *model, char *const *files, size_t count, FILE *out,
        FILE *tell, size_t *failed, struct pk_error *err)
{
    const struct pk_scan_pool_options options = { .slots = 1 };
    struct pk_scan_pool *pool = NULL;
    bool broken = false;
    int rc = pk_scan_pool_create(&options, &pool, err);

    if (rc < 0) {
        return rc;
    }
    header(model, out);
    for (size_t i = 0; i < count && !broken; i++) {
        struct pk_error why = { 0 };

        rc = one(model, pool, files[i], out, &broken, &why);
        if (rc < 0) {
            (void)fputs("picket model: ", tell);
            (void)pk_print_text(tell, why.text, SIZE_MAX);
            (void)fputc('\n', tell);
            ++*failed;
        }
    }
    pk_scan_pool_destroy(pool);
    if (fflush(out) != 0) {
        return pk_error_set(err, -errno, "cannot write: %s", pk_code_text(-errno));
    }
    return PK_OK;
}
