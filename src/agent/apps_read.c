/* What one app file is: hashed, read by the sandboxed reader, judged with what this device knows. */
#include <stdlib.h>

#include "agent/apps_internal.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "defense/apps.h"
#include "defense/reputation/reputation.h"
#include "intel/places.h"
#include "scan/pool.h"

#define REPORT_MAX (64UL * 1024 * 1024)

struct pk_apps_reader {
    struct pk_scan_pool *pool;
    struct pk_intel_set *sets[PK_INTEL_SETS_MAX];
    struct pk_error err; /* why there is no pool, or no set */
};

struct pk_apps_reader *pk_apps_reader_create(const struct pk_app_settings *settings)
{
    struct pk_scan_pool_options options = { .slots = 1 };
    struct pk_apps_reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL) {
        return NULL;
    }
    (void)!pk_intel_load_all(settings->intel, reader->sets, &reader->err);
    if (pk_scan_pool_create(&options, &reader->pool, &reader->err) < 0) {
        reader->pool = NULL;
    }
    return reader;
}

void pk_apps_reader_destroy(struct pk_apps_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    pk_scan_pool_destroy(reader->pool);
    for (size_t i = 0; i < PK_INTEL_SETS_MAX; i++) {
        pk_intel_set_destroy(reader->sets[i]);
    }
    free(reader);
}

static int read_file(struct pk_apps_reader *reader, int fd, const char *name,
        struct pk_arena *arena, struct pk_app_report *report, struct pk_error *err)
{
    struct pk_scan_job job = { .fd = fd, .idsig_fd = -1, .name = name };
    struct pk_scan_job done;
    struct pk_scan_cost cost;
    struct pk_app_knowledge knowledge = {
        .sets = (const struct pk_intel_set *const *)reader->sets
    };
    struct pk_app_situation situation = { .now_ms = pk_clock_ms() };
    int rc = pk_scan_pool_submit(reader->pool, &job, err);

    if (rc == PK_OK) {
        rc = pk_scan_pool_wait(reader->pool, -1, arena, &done, report, &cost, err);
    }
    return rc < 0 ? rc : pk_reputation_judge(report, &knowledge, &situation, arena);
}

static const char *signer_of(const struct pk_app_report *report)
{
    const struct pk_app_signature *s = report->signature;

    return s != NULL && s->signers.count > 0
            ? ((const struct pk_app_signer *)s->signers.items)->sha256
            : NULL;
}

static json_t *describe(
        const struct pk_app_report *report, const char *sha256, struct pk_arena *arena)
{
    struct pk_app_meaning meaning = pk_app_meaning_of(report);
    struct pk_app_item item = {
        .package = report->package,
        .version = report->version_name,
        .sha256 = sha256,
        .signer = signer_of(report),
    };
    json_t *file = json_pack("{s:s, s:s*, s:s*, s:I, s:s*, s:s*, s:s}", "sha256", sha256, "package",
            report->package, "version", report->version_name, "version_code",
            (json_int_t)report->version_code, "label", report->label, "signer", item.signer,
            "verdict", pk_app_verdict_name(report->verdict));

    if (file != NULL && meaning.threat != NULL) {
        json_t *evidence = pk_app_evidence(report, &item, arena);

        (void)json_object_update_new(file,
                json_pack("{s:s, s:s, s:f, s:s, s:O*}", "threat", meaning.threat->id, "rule",
                        meaning.rule, "confidence", meaning.confidence, "subject",
                        pk_app_subject_of(report, &item), "evidence", evidence));
    }
    return file;
}

json_t *pk_apps_reader_read(
        struct pk_apps_reader *reader, int fd, const char *name, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(REPORT_MAX);
    struct pk_app_report report = { 0 };
    char sha256[PK_SHA256_HEX];
    json_t *file = NULL;
    int64_t size;
    int rc = arena != NULL ? pk_sha256_file(fd, sha256, &size, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK && reader->pool == NULL) {
        *err = reader->err;
        rc = PK_EACCES;
    }
    if (rc == PK_OK) {
        rc = read_file(reader, fd, name, arena, &report, err);
    }
    if (rc == PK_OK) {
        file = describe(&report, sha256, arena);
    }
    pk_arena_destroy(arena);
    return file;
}
