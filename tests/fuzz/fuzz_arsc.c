/* fuzz_arsc.c - resource tables: opened, and asked for what a hostile manifest could ask. */
#include <stdint.h>
#include <stdlib.h>

#include "formats/android/arsc.h"

#define ARENA_MAX   (32UL * 1024 * 1024)
#define TYPES_ASKED 12U
#define KEYS_ASKED  6U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct pk_arsc *arsc, uint32_t id)
{
    struct pk_resconfig want = pk_resconfig_aapt("en", "US");
    struct pk_arsc_value v = { .text = NULL };
    const char *label = NULL;

    if (pk_arsc_resolve(arsc, id, &want, &v) == PK_OK && (v.type == 3) != (v.text != NULL)) {
        abort();
    }
    if (pk_arsc_label(arsc, id, &label) == PK_OK && label == NULL) {
        abort();
    }
    (void)pk_arsc_name(arsc, id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_anomalies anomalies;
    struct pk_arsc *arsc;
    uint32_t package;

    if (arena != NULL && pk_anomalies_init(&anomalies, arena) == PK_OK &&
            pk_arsc_open(pk_slice_of(data, size), arena, &anomalies, &arsc, NULL) == PK_OK) {
        for (size_t i = 0; i < 3 && pk_arsc_package(arsc, i, &package) != NULL; i++) {
            for (uint32_t type = 0; type < TYPES_ASKED; type++) {
                for (uint32_t key = 0; key < KEYS_ASKED; key++) {
                    ask(arsc, package << 24 | type << 16 | key);
                }
            }
        }
        ask(arsc, 0);
        ask(arsc, UINT32_MAX);
    }
    pk_arena_destroy(arena);
    return 0;
}
