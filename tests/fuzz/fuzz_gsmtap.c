/* Recorded mobile signalling from the first byte of its header to what is said of the masts. The input is
 * datagrams, each behind two octets of length, sent half a second apart. No observation may hold more than
 * its table allows. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "defense/defense.h"
#include "track/cell.h"

#define FRAMES_MAX 512

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
    struct pk_cell_track *track = pk_cell_track_create(&sink, 3);
    struct pk_gsmtap tap;
    int64_t at_ms = 1000;
    int frames = 0;

    if (track == NULL) {
        return 0;
    }
    while (size >= 2 && frames++ < FRAMES_MAX) {
        size_t len = (size_t)data[0] << 8 | data[1];

        len = len < size - 2 ? len : size - 2;
        if (pk_gsmtap_parse(pk_slice_of(data + 2, len), &tap) == PK_OK) {
            pk_cell_track_frame(track, &tap, at_ms);
        }
        data += 2 + len;
        size -= 2 + len;
        at_ms += 500;
    }
    pk_cell_track_tick(track, at_ms + 7200000);
    pk_cell_track_end(track, at_ms + 7200000);
    pk_cell_track_destroy(track);
    return 0;
}
