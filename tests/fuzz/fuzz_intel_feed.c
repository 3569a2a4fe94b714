/* fuzz_intel_feed.c - other people's feeds: the first line is the path, the rest the file. What was taken must make
 * a set that passes its own strict check. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "intel/import.h"

#define SET_MAX (64UL * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void build(struct pk_intel_builder *b)
{
    struct pk_buffer out = pk_buffer_of(SET_MAX);
    struct pk_intel_set *set = NULL;
    struct pk_error err = { 0 };

    if (pk_intel_builder_finish(b, 1, &out, &err) == PK_OK) {
        if (pk_intel_set_open(pk_buffer_slice(&out), &set, &err) != PK_OK) {
            abort();
        }
        for (size_t i = 0; i < pk_intel_row_count(set); i++) {
            struct pk_intel_hit row;
            struct pk_intel_hit hit;

            (void)pk_intel_row_at(set, i, &row);
            if (!row.good && !pk_intel_find(set, row.kind, row.indicator, &hit)) {
                abort(); /* what went in is found */
            }
        }
        pk_intel_set_destroy(set);
    }
    pk_buffer_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    struct pk_intel_import_settings settings = { .kind = -1, .now_ms = 1790000000000 };
    struct pk_intel_file_result result = { 0 };
    struct pk_intel_builder *b;
    struct pk_intel_import *run;
    struct pk_error err = { 0 };
    char path[256];
    size_t len = end != NULL ? (size_t)(end - data) : 0;

    if (end == NULL || len >= sizeof(path)) {
        return 0;
    }
    memcpy(path, data, len);
    path[len] = '\0';
    b = pk_intel_builder_create();
    run = pk_intel_import_create(b, &settings);
    if (b != NULL && run != NULL &&
            pk_intel_import_bytes(run, path, pk_slice_of(end + 1, size - len - 1), &result, &err) ==
                    PK_OK) {
        build(b);
    }
    pk_intel_import_destroy(run);
    pk_intel_builder_destroy(b);
    return 0;
}
