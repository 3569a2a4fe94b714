/* fuzz_apksig.c - an APK: whatever arrives, the verification ends, its answer is consistent and a file that
 * it calls verified has a signer. The last byte chooses the range of platforms. */
#include <stdint.h>
#include <stdlib.h>

#include "formats/android/apksig.h"
#include "formats/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_result(const struct pk_apksig_result *result)
{
    const struct pk_apksig_issue_met *met = result->met.items;
    const struct pk_apksig_signer *signers = result->signers.items;
    bool error = false;

    for (size_t i = 0; i < result->met.count; i++) {
        require(met[i].details != NULL && pk_apksig_issue_name(met[i].issue)[0] != '\0');
        error = error || (met[i].error && met[i].scheme != PK_APKSIG_V4);
    }
    require(!result->verified || (!error && !result->format_error));
    require(!result->verified || (result->schemes != 0 && result->signers.count > 0));
    require((result->schemes & ~(result->found | PK_APKSIG_V1)) == 0);
    for (size_t i = 0; i < result->signers.count; i++) {
        require(signers[i].cert.sha256 != NULL && strlen(signers[i].cert.sha256) == 64);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int ranges[][2] = { { 0, 0 }, { 24, 0 }, { 28, 0 }, { 24, 27 }, { 33, 0 },
        { 1, 23 }, { 30, 32 }, { 34, 34 } };
    const int *range = ranges[size > 0 ? data[size - 1] % PK_COUNT(ranges) : 0];
    struct pk_arena *arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    struct pk_anomalies anomalies;
    struct pk_apksig_result result;
    struct pk_zip_bytes manifest = { 0 };
    const struct pk_zip_entry *entry;
    struct pk_zip zip;

    require(arena != NULL && pk_anomalies_init(&anomalies, arena) == PK_OK);
    if (pk_zip_open(pk_slice_of(data, size), arena, &anomalies, &zip, NULL) == PK_OK) {
        entry = pk_zip_find(&zip, "AndroidManifest.xml");
        if (entry == NULL || pk_zip_read(&zip, entry, &manifest, NULL) < 0) {
            manifest = (struct pk_zip_bytes){ 0 };
        }
        const struct pk_apksig_input in = {
            .zip = &zip,
            .manifest = manifest.bytes,
            .min_sdk = range[0],
            .max_sdk = range[1],
            .idsig = pk_slice_of(data, size > 4096 ? 4096 : size),
        };
        if (pk_apksig_verify(&in, arena, &anomalies, &result, NULL) == PK_OK) {
            check_result(&result);
        }
        pk_zip_release(&manifest);
    }
    pk_arena_destroy(arena);
    return 0;
}
