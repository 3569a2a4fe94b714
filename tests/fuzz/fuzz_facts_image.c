/* A launcher icon: PNG or WebP. Decoded within limits, or refused; the hashes do not depend on where it lies. */
#include <stdint.h>
#include <stdlib.h>

#include "defense/malware/facts_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arena *arena = pk_arena_create(8UL * 1024 * 1024);
    uint8_t *copy = malloc(size > 0 ? size : 1); /* one byte too many is seen */
    struct pk_facts_image image;
    struct pk_facts_image again;

    if (arena == NULL || copy == NULL) {
        abort();
    }
    if (size > 0) {
        memcpy(copy, data, size);
    }
    if (pk_facts_image_hash(pk_slice_of(copy, size), arena, &image)) {
        if (image.width > PK_FACTS_IMAGE_SIDE_MAX || image.height > PK_FACTS_IMAGE_SIDE_MAX ||
                !pk_facts_image_hash(pk_slice_of(data, size), arena, &again) ||
                again.phash != image.phash || again.dhash != image.dhash) {
            abort();
        }
    }
    pk_arena_destroy(arena);
    free(copy);
    return 0;
}
