#include "scan/know.h"

#include <stdlib.h>

#include "base/clock.h"
#include "intel/places.h"

/* The document has at most 8 MiB; its structs are larger than its text. */
#define LISTS_ARENA_MAX (128UL * 1024 * 1024)

struct pk_scan_know {
    struct pk_intel_set *sets[PK_SCAN_SETS_MAX + PK_INTEL_SETS_MAX];
    size_t count;
    struct pk_arena *arena;
    struct pk_app_lists lists;
    struct pk_app_knowledge knowledge;
};

static int open_usual(struct pk_scan_know *know, struct pk_error *err)
{
    int rc = pk_intel_load_all(NULL, know->sets, err);

    while (know->sets[know->count] != NULL) {
        know->count++;
    }
    return rc;
}

static int open_given(struct pk_scan_know *know, const char *const *paths, struct pk_error *err)
{
    for (size_t i = 0; paths != NULL && paths[i] != NULL; i++) {
        int rc;

        if (i == PK_SCAN_SETS_MAX) {
            return pk_error_set(
                    err, PK_ELIMIT, "more than %zu sets of indicators", (size_t)PK_SCAN_SETS_MAX);
        }
        rc = pk_intel_set_load(paths[i], &know->sets[know->count], err);
        if (rc < 0) {
            return rc;
        }
        know->count++;
    }
    return PK_OK;
}

static int open_lists(struct pk_scan_know *know, const char *path, struct pk_error *err)
{
    int rc;

    if (path == NULL) {
        return PK_OK;
    }
    know->arena = pk_arena_create(LISTS_ARENA_MAX);
    rc = know->arena == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                             : pk_app_lists_load(path, know->arena, &know->lists, err);
    if (rc == PK_OK) {
        know->knowledge.lists = &know->lists;
    }
    return rc;
}

int pk_scan_know_create(
        const struct pk_scan_know_options *options, struct pk_scan_know **out, struct pk_error *err)
{
    struct pk_scan_know *know = calloc(1, sizeof(*know));
    int rc;

    if (know == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = options->bare ? PK_OK : open_usual(know, err);
    rc = rc < 0 ? rc : open_given(know, options->intel, err);
    rc = rc < 0 ? rc : open_lists(know, options->lists, err);
    if (rc < 0) {
        pk_scan_know_destroy(know);
        return rc;
    }
    know->knowledge.sets = (const struct pk_intel_set *const *)know->sets;
    *out = know;
    return PK_OK;
}

void pk_scan_know_destroy(struct pk_scan_know *know)
{
    if (know == NULL) {
        return;
    }
    for (size_t i = 0; i < know->count; i++) {
        pk_intel_set_destroy(know->sets[i]);
    }
    pk_arena_destroy(know->arena);
    free(know);
}

int pk_scan_know_judge(
        const struct pk_scan_know *know, struct pk_app_report *report, struct pk_arena *arena)
{
    const struct pk_app_situation situation = { .now_ms = pk_clock_ms() };

    if (know->count == 0 && know->knowledge.lists == NULL) {
        return PK_OK; /* nothing is known: the verdict stands */
    }
    return pk_reputation_judge(report, &know->knowledge, &situation, arena);
}
