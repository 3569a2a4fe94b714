/* apps.h - apps in the circle: files are judged once for all, copies on devices by their file's report
 * and by where they stand. All functions work inside the caller's transaction; all may be repeated. */
#pragma once

#include "pipeline/knowledge.h"
#include "pipeline/pipeline.h"

/* The bytes of a file have come and are kept: it waits for the reader. */
struct pk_app_arrival {
    const char *sha256;
    const char *name; /* of the file, as the uploader says; NULL */
    int64_t size;
    const char *uploaded_by; /* NULL: a device */
    int64_t at_ms;
};
/* *known: its report is in the store already, nothing is to be done. */
PK_MUST_USE int pk_apps_arrived(struct pk_store *store, const struct pk_app_arrival *arrival,
        struct pk_arena *arena, bool *known, struct pk_error *err);

/* The reader's report of it, as it came: kept, judged, and the apps' rows drawn again. A file that nobody knows is
 * passed by. */
PK_MUST_USE int pk_apps_analysed(struct pk_store *store, const struct pk_knowledge *knowledge,
        const char *sha256, struct pk_app_report *report, int64_t now_ms, struct pk_arena *arena,
        struct pk_pipeline_news *news, struct pk_error *err);
/* It could not be had or read. */
PK_MUST_USE int pk_apps_failed(struct pk_store *store, const char *sha256, const char *why,
        int64_t now_ms, struct pk_arena *arena, struct pk_pipeline_news *news,
        struct pk_error *err);

/* Behind pk_apps_analysed(): tells the crowd of some copies again, now that risk and permissions are known. */
PK_MUST_USE int pk_apps_retell(const struct pk_pipeline *pipeline, struct pk_store *store,
        const char *sha256, int64_t now_ms, struct pk_arena *arena, struct pk_pipeline_news *news,
        struct pk_error *err);

/* Judges the file again from what is stored of it. When that changes anything for its copies, it is to
 * be pushed. */
PK_MUST_USE int pk_apps_judge_again(struct pk_store *store, const struct pk_knowledge *knowledge,
        struct pk_app_file *file, int64_t now_ms, struct pk_arena *arena,
        struct pk_pipeline_news *news, struct pk_error *err);

/* Called for each device that has a new command, after which the caller wakes it (once committed). */
typedef void (*pk_apps_tell)(const char *device, void *ctx);

/* Brings the file's newest judgement to copies that have not heard of it, at most limit of them: their
 * incidents open, end, are dismissed or come back. *left: there are more. */
PK_MUST_USE int pk_apps_push(const struct pk_pipeline *pipeline, struct pk_store *store,
        const struct pk_knowledge *knowledge, struct pk_app_file *file, int64_t limit,
        int64_t now_ms, pk_apps_tell tell, void *ctx, struct pk_pipeline_news *news, bool *left,
        struct pk_error *err);

/* Copies whose file nobody knows by its hash (iPhones tell none) are judged by package and signer alone: some of
 * them, behind this device and package, which move on to the last one that was judged. */
struct pk_apps_place {
    char device[PK_ID_TEXT];
    char package[PK_APP_PACKAGE_MAX + 1];
};
PK_MUST_USE int pk_apps_judge_unhashed(const struct pk_pipeline *pipeline, struct pk_store *store,
        const struct pk_knowledge *knowledge, struct pk_apps_place *place, int64_t limit,
        int64_t now_ms, pk_apps_tell tell, void *ctx, struct pk_pipeline_news *news, bool *left,
        struct pk_error *err);

/* The stored report as it is judged now, for everybody. PK_ENOENT: there is none. */
PK_MUST_USE int pk_apps_report(struct pk_store *store, const struct pk_knowledge *knowledge,
        const char *sha256, int64_t now_ms, struct pk_arena *arena, struct pk_app_report *out,
        struct pk_error *err);
