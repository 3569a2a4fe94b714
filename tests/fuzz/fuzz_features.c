/* What the classifier looks for in a DEX file: bisections and a search over tables that may be anything. What it
 * finds by bisection a walk over all strings finds, too. The corpus holds small DEX files of the target `dex`. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "defense/malware/features.h"
#include "defense/malware/features_table.h"
#include "formats/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STRINGS_LOOKED_AT 5000U

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

/* Is there such a string at all? */
static bool is_there(const struct pk_dex *dex, const struct pk_features_name *name)
{
    for (uint32_t i = 0; i < dex->string_count; i++) {
        struct pk_slice text = pk_dex_string(dex, i);

        if (text.ptr != NULL && text.len >= name->len &&
                memcmp(text.ptr, name->text, name->len) == 0 &&
                (name->prefix || text.len == name->len)) {
            return true;
        }
    }
    return false;
}

static void check(const struct pk_dex *dex)
{
    struct pk_model_vector vector = { 0 };
    size_t budget = PK_FEATURES_TEXT_MAX;

    pk_features_read_dex(dex, &budget, &vector);
    must(budget <= PK_FEATURES_TEXT_MAX);
    for (size_t i = 0; i < sizeof(vector.values); i++) {
        must(vector.values[i] <= PK_MODEL_YES);
    }
    if (dex->string_count > STRINGS_LOOKED_AT) {
        return;
    }
    for (const struct pk_features_name *n = pk_features_dex_names; n->text != NULL; n++) {
        bool found;
        uint32_t at = pk_features_find(dex, n->text, n->len, n->prefix, &found);

        must(at <= dex->string_count && (!found || at < dex->string_count));
        /* A string without an end is found only by its begin. */
        must(!found || is_there(dex, n) || pk_dex_string(dex, at).ptr == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arena *arena = pk_arena_create(4UL * 1024 * 1024);
    struct pk_anomalies odd;
    struct pk_dex dex;
    size_t offset = 0;

    must(arena != NULL && pk_anomalies_init(&odd, arena) == PK_OK);
    for (unsigned i = 0; i < 4; i++) {
        if (pk_dex_open(pk_slice_of(data, size), &offset, "fuzz", &odd, &dex, NULL) < 0) {
            break;
        }
        check(&dex);
    }
    pk_arena_destroy(arena);
    return 0;
}
