/* fuzz_scan_answer.c - what a taken-over picket-scan could send to the one who asked: its message, and
 * behind it the memory file with the report. What is taken must be encoded and taken again. */
#include <stdlib.h>

#include "scan/answer.h"

#define ARENA_MAX (32UL << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct pk_app_report *report, struct pk_arena *arena)
{
    struct pk_app_report back;
    json_t *json = pk_schema_encode(&pk_app_report_schema, report, false);
    char *text = json != NULL ? pk_json_text(json) : NULL;

    if (text == NULL || pk_scan_answer_decode(pk_slice_str(text), arena, &back, NULL) < 0 ||
            back.findings.count != report->findings.count || back.verdict != report->verdict) {
        abort();
    }
    free(text);
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t head = size < PK_SCAN_STATUS_SIZE ? size : PK_SCAN_STATUS_SIZE;
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_scan_status status = { .state = PK_SCAN_ANSWERED };
    struct pk_app_report report;
    struct pk_error err;
    int rc = pk_scan_status_decode(pk_slice_of(data, head), &status);

    if (arena == NULL || rc > 0) {
        abort();
    }
    if (status.state != PK_SCAN_ANSWERED) {
        const struct pk_scan_failure failure = {
            .state = status.state, .code = status.code, .fd = -1
        };

        rc = pk_scan_answer_replace(&failure, arena, &report, &err);
        if (rc < 0 || report.verdict != PK_VERDICT_MALFORMED) {
            abort();
        }
    } else if (pk_scan_answer_decode(pk_slice_of(data + head, size - head), arena, &report, &err) ==
            PK_OK) {
        check_again(&report, arena);
    }
    pk_arena_destroy(arena);
    return 0;
}
