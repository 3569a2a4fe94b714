/* fuzz_provision.c - provisioning profiles. */
#include <stdlib.h>
#include <string.h>

#include "formats/apple/provision.h"
#include "formats/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arena *arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    struct pk_provision profile = { 0 };
    struct pk_anomalies anomalies;
    struct pk_error err = { 0 };
    int rc;

    if (arena == NULL || pk_anomalies_init(&anomalies, arena) < 0) {
        abort();
    }
    rc = pk_provision_parse(pk_slice_of(data, size), arena, &anomalies, &profile, &err);
    if (rc < 0 && (profile.name != NULL || err.text[0] == '\0')) {
        abort();
    }
    if (rc == PK_OK &&
            ((profile.chain_to_apple && !profile.cms_verified) ||
                    (profile.cms_verified != (profile.problem[0] == '\0')) ||
                    strlen(profile.uuid) + strlen(profile.team_id) + strlen(profile.expires) ==
                            SIZE_MAX)) {
        abort();
    }
    pk_arena_destroy(arena);
    return 0;
}
