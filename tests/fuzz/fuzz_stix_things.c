/* fuzz_stix_things.c - a partner's bundle: whatever it holds, what comes out has a kind and a text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/schema.h"
#include "intel/stix_things.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(void *ctx, const struct pk_stix_thing *thing)
{
    (void)ctx;
    if (thing->kind < PK_STIX_POINT || thing->kind > PK_STIX_SIGNER || thing->confidence < 0 ||
            thing->confidence > 100 || memchr(thing->value, 0, sizeof(thing->value)) == NULL) {
        abort();
    }
    return PK_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_stix_counts counts;
    json_t *bundle = NULL;

    if (pk_json_parse((const char *)data, size, &bundle, NULL) == PK_OK &&
            pk_stix_things(bundle, INT64_C(1795000000000), take, NULL, &counts, NULL) > 0) {
        abort();
    }
    json_decref(bundle);
    return 0;
}
