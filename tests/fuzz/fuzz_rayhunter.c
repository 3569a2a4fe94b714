/* A report of Rayhunter, line by line, to what is said of it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "defense/defense.h"
#include "track/rayhunter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_observation(void *ctx, struct pk_observation *obs)
{
    struct pk_arena *arena = pk_arena_create(256UL * 1024);
    struct pk_findings found = { .count = 0 };
    struct pk_observation again;
    json_t *encoded;

    (void)ctx;
    obs->seq = 1;
    encoded = pk_observation_encode(obs, true);
    if (encoded == NULL || arena == NULL ||
            pk_observation_decode(encoded, arena, &again, NULL) < 0 ||
            pk_defense_judge(&again, arena, &found) < 0) {
        abort();
    }
    json_decref(encoded);
    pk_arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pk_track_sink sink = { .tell = on_observation };
    struct pk_rayhunter *reader = pk_rayhunter_create(&sink);
    int lines = 0;

    while (reader != NULL && size > 0 && lines++ < 64) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end != NULL ? (size_t)(end - data) : size;

        (void)!pk_rayhunter_line(reader, pk_slice_of(data, len), NULL);
        len += end != NULL;
        data += len;
        size -= len;
    }
    if (reader != NULL) {
        pk_rayhunter_tick(reader, pk_rayhunter_due(reader));
    }
    pk_rayhunter_destroy(reader);
    return 0;
}
