/* fuzz_macho.c - Mach-O files with their signatures. The last byte says whether the bundle's files are
 * at hand. */
#include <stdlib.h>
#include <string.h>

#include "formats/apple/macho.h"
#include "formats/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the header promises of a slice: texts are never NULL, bytes lie in the file. */
static void check(const struct pk_macho_slice *slice, struct pk_slice file)
{
    const struct pk_codesign *sign = &slice->sign;

    if (slice->bytes.ptr < file.ptr || slice->bytes.len > file.len ||
            strlen(slice->arch) + strlen(slice->platform) + strlen(slice->min_os) +
                            strlen(slice->sdk) + strlen(slice->uuid) +
                            strlen(slice->install_name) ==
                    SIZE_MAX) {
        abort();
    }
    for (size_t i = 0; i < slice->imports.count; i++) {
        if (strlen(slice->imports.items[i]) > PK_MACHO_TEXT_MAX) {
            abort();
        }
    }
    if ((sign->cms_verified && !sign->cms_present) ||
            (sign->chain_to_apple && !sign->cms_verified) ||
            (sign->present && sign->error[0] == '\0' && !pk_codesign_holds(sign)) ||
            strlen(sign->identifier) + strlen(sign->team_id) + strlen(sign->cdhash) +
                            strlen(sign->requirement) ==
                    SIZE_MAX) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arena *arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    struct pk_slice file = pk_slice_of(data, size);
    struct pk_slice info = size > 0 && (data[size - 1] & 1) != 0 ? pk_slice_of("x", 1)
                                                                 : (struct pk_slice){ 0 };
    struct pk_anomalies anomalies;
    struct pk_macho macho = { 0 };
    struct pk_error err = { 0 };
    int rc;

    if (arena == NULL || pk_anomalies_init(&anomalies, arena) < 0) {
        abort();
    }
    rc = pk_macho_parse(file, info, info, arena, &anomalies, &macho, &err);
    if (rc < 0 && (macho.slices.count > 0 || err.text[0] == '\0')) {
        abort();
    }
    if (rc == PK_OK && (macho.slices.count == 0 || !pk_macho_magic(file))) {
        abort();
    }
    for (size_t i = 0; i < macho.slices.count; i++) {
        check((const struct pk_macho_slice *)macho.slices.items + i, file);
    }
    pk_arena_destroy(arena);
    return 0;
}
