/* The behaviour rules (those of tests/rules, an atom each) over a binary manifest and, behind it, DEX files: whatever
 * they are, each finding has its words, and the time is bounded. */
#include <stdint.h>
#include <stdlib.h>

#include "defense/malware/app.h"
#include "formats/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILES_MAX 16

struct fuzz {
    struct pk_arena *arena;
    struct pk_anomalies anomalies;
    struct pk_app_report report;
    struct pk_app_opinion opinion;
    struct pk_manifest manifest;
    struct pk_dex dex[FILES_MAX];
    struct pk_app_subject app;
};

/* All logical DEX files, each as often as it begins: a container, or one file behind the other. */
static void open_all(struct fuzz *f, struct pk_slice bytes)
{
    while (f->app.dex_count < FILES_MAX) {
        size_t offset = 0;

        while (f->app.dex_count < FILES_MAX &&
                pk_dex_open(bytes, &offset, "f", &f->anomalies, &f->dex[f->app.dex_count], NULL) ==
                        PK_OK) {
            f->app.dex_count++;
        }
        if (f->app.dex_count == 0 || f->dex[f->app.dex_count - 1].file_size == 0) {
            return;
        }
        size_t skip = f->dex[f->app.dex_count - 1].file_size;
        if (skip >= bytes.len) {
            return;
        }
        bytes = pk_slice_of(bytes.ptr + skip, bytes.len - skip);
        if (!pk_dex_magic(bytes)) {
            return;
        }
    }
}

static void check(const struct fuzz *f)
{
    for (size_t i = 0; i < f->opinion.count; i++) {
        const struct pk_app_finding *found = &f->opinion.items[i];

        if (found->id == NULL || found->evidence == NULL || found->title == NULL ||
                found->evidence[0] == '\0' || strncmp(found->rule, "rules/t.", 8) != 0) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char magic[] = { 'd', 'e', 'x', '\n', '0' };
    struct fuzz f = { .arena = pk_arena_create(PK_SCAN_ARENA_MAX) };
    uint8_t *copy = malloc(size > 0 ? size : 1); /* one byte too many is seen */
    const uint8_t *code;

    if (f.arena == NULL || copy == NULL || pk_anomalies_init(&f.anomalies, f.arena) < 0) {
        abort();
    }
    memcpy(copy, data, size);
    code = memmem(copy, size, magic, sizeof(magic));
    f.app = (struct pk_app_subject){
        .kind = PK_APP_APK,
        .dex = f.dex,
        .report = &f.report,
        .work = f.arena,
        .arena = f.arena,
    };
    if (pk_manifest_parse(pk_slice_of(copy, code != NULL ? (size_t)(code - copy) : size), NULL,
                f.arena, &f.anomalies, &f.manifest, NULL) == PK_OK) {
        f.app.manifest = &f.manifest;
    }
    if (code != NULL) {
        open_all(&f, pk_slice_of(code, size - (size_t)(code - copy)));
    }
    if (pk_app_rules(&f.app, &f.opinion) == PK_OK) {
        check(&f);
    }
    pk_arena_destroy(f.arena);
    free(copy);
    return 0;
}
