/* A whole file through the inspection: whatever it is, there is a report, and the one who asked can read it. */
#include <stdint.h>
#include <stdlib.h>

#include "formats/limits.h"
#include "scan/fit.h"
#include "scan/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As the reader sends it and the pool takes it. */
static void send(struct pk_arena *arena, struct pk_app_report *report)
{
    struct pk_fit fit = { .arena = arena, .list_max = SIZE_MAX };
    struct pk_app_report taken;
    struct pk_error err = { 0 };
    json_t *json;

    pk_fit(&fit, &pk_app_report_schema, report);
    json = fit.rc == PK_OK ? pk_app_report_json(report) : NULL;
    if (json == NULL) {
        abort();
    }
    if (pk_schema_decode(&pk_app_report_schema, json, arena, &taken, &err) < 0) {
        abort();
    }
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct pk_inspect_options options = { .max_sdk = 0 };
    struct pk_arena *arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    struct pk_app_report report;
    uint8_t *copy = malloc(size > 0 ? size : 1); /* one byte too many is seen */
    bool severe = false;

    if (arena == NULL || copy == NULL) {
        abort();
    }
    memcpy(copy, data, size);
    if (pk_inspect(pk_slice_of(copy, size), &options, arena, &report, NULL) == PK_OK) {
        const struct pk_app_finding *findings = report.findings.items;

        for (size_t i = 0; i < report.findings.count; i++) {
            severe = severe || findings[i].severity >= PK_SEVERITY_HIGH;
        }
        if (report.reasons.count == 0 || report.sha256 == NULL ||
                (report.verdict == PK_VERDICT_CLEAN && severe)) {
            abort();
        }
        send(arena, &report);
    }
    pk_arena_destroy(arena);
    free(copy);
    return 0;
}
