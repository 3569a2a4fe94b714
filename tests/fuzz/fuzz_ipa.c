/* fuzz_ipa.c - apps in archives. */
#include <stdlib.h>
#include <string.h>

#include "formats/apple/ipa.h"
#include "formats/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_parts(const struct pk_array *list)
{
    const struct pk_ipa_part *parts = list->items;

    for (size_t i = 0; i < list->count; i++) {
        if (strlen(parts[i].path) == 0 ||
                strlen(parts[i].bundle_id) + strlen(parts[i].executable) + strlen(parts[i].cdhash) +
                                strlen(parts[i].problem) ==
                        SIZE_MAX) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arena *arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    struct pk_anomalies anomalies;
    struct pk_ipa ipa = { 0 };
    struct pk_zip zip;
    struct pk_error err = { 0 };
    int rc;

    if (arena == NULL || pk_anomalies_init(&anomalies, arena) < 0) {
        abort();
    }
    rc = pk_zip_open(pk_slice_of(data, size), arena, &anomalies, &zip, &err);
    if (rc == PK_OK) {
        rc = pk_ipa_parse(&zip, arena, &anomalies, &ipa, &err);
        if ((rc == PK_ENOENT) == pk_ipa_is(&zip) || (rc < 0 && ipa.bundle_id != NULL)) {
            abort();
        }
    }
    if (rc == PK_OK) {
        if (ipa.verified != (ipa.has_signature && ipa.problem[0] == '\0') ||
                (ipa.apple && !ipa.verified) || strlen(ipa.folder) == 0) {
            abort();
        }
        check_parts(&ipa.frameworks);
        check_parts(&ipa.plugins);
    }
    pk_arena_destroy(arena);
    return 0;
}
