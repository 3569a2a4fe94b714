/* A native library as the loader would see it. The corpus holds what tests/unit/elf_builder.c makes, and
 * libraries of androidx.graphics (Apache-2.0). */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "formats/elf.h"
#include "formats/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_names(const struct pk_strings *names, size_t max)
{
    if (names->count > max) {
        abort();
    }
    for (size_t i = 0; i < names->count; i++) {
        if (strlen(names->items[i]) > PK_ELF_NAME_MAX) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arena *arena = pk_arena_create(16UL * 1024 * 1024);
    struct pk_anomalies odd;
    struct pk_elf elf;

    if (pk_anomalies_init(&odd, arena) == PK_OK &&
            pk_elf_parse(pk_slice_of(data, size), "fuzz.so", arena, &odd, &elf, NULL) == PK_OK) {
        check_names(&elf.needed, PK_ELF_NEEDED_MAX);
        check_names(&elf.imports, PK_ELF_NAMES_MAX);
        check_names(&elf.exports, PK_ELF_NAMES_MAX);
        if (elf.imports.count > elf.import_count || elf.exports.count > elf.export_count ||
                strlen(elf.abi) + strlen(elf.soname) + strlen(elf.build_id) + strlen(elf.runpath) >
                        4 * PK_ELF_NAME_MAX) {
            abort();
        }
    }
    pk_arena_destroy(arena);
    return 0;
}
