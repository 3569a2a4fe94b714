/* fuzz_places.c - the file of what an agent keeps of where it goes, and the server's answer about squares. The first
 * byte says which. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/places.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1795392000000)

/* What was read can be used, written, and read again as the same. */
static void read_file(struct pk_places *places, struct pk_slice in)
{
    struct pk_places_guess next[PK_PLACES_GUESSES];
    struct pk_buffer one = pk_buffer_of(PK_PLACES_BYTES);
    struct pk_buffer two = pk_buffer_of(PK_PLACES_BYTES);
    struct pk_buffer question = pk_buffer_of(PK_PLACES_BYTES);

    if (pk_places_read(places, in) == PK_OK) {
        (void)pk_places_next(places, next);
        (void)pk_places_warns(places, NOW);
        (void)pk_places_at(places, "u33d1");
        (void)pk_places_at(places, "u33d2");
        (void)pk_places_at(places, "u33d1");
        (void)!pk_places_question(places, NOW, &question);
        if (pk_places_write(places, &one) == PK_OK &&
                (pk_places_read(places, pk_buffer_slice(&one)) < 0 ||
                        pk_places_write(places, &two) < 0 || strcmp(one.ptr, two.ptr) != 0)) {
            abort();
        }
    }
    pk_buffer_finish(&one);
    pk_buffer_finish(&two);
    pk_buffer_finish(&question);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_places *places = pk_places_create();
    uint8_t *copy = size > 0 ? malloc(size) : NULL;

    if (places != NULL && copy != NULL) {
        struct pk_slice in = pk_slice_of(copy + 1, size - 1);

        memcpy(copy, data, size);
        if (copy[0] == 'f') {
            read_file(places, in);
        } else {
            (void)pk_places_at(places, "u33d1");
            (void)!pk_places_answer(places, in, NOW, NULL);
            (void)pk_places_light(places, "u33d1", NOW, NULL);
        }
    }
    free(copy);
    pk_places_destroy(places);
    return 0;
}
