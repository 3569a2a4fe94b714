/* fuzz_report.c - what a device posts, unpacked: JSON, the tables, the rules between fields. What
 * was accepted must survive its own encoding: the journal keeps that form. */
#include <stdint.h>
#include <stdlib.h>

#include "model/observation.h"

#define ARENA_MAX (8UL << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Encodes one accepted observation as the journal does and reads it back. */
static void again(const struct pk_observation *observation)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    json_t *json = pk_observation_encode(observation, false);
    struct pk_observation out;
    struct pk_error err;

    if (arena == NULL || json == NULL) {
        abort();
    }
    if (pk_observation_decode(json, arena, &out, &err) != PK_OK || out.seq != observation->seq ||
            out.at_ms != observation->at_ms || out.kind != observation->kind) {
        abort();
    }
    json_decref(json);
    pk_arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_report report;
    struct pk_error err;
    json_t *json = NULL;

    if (arena == NULL) {
        abort();
    }
    if (pk_json_parse((const char *)data, size, &json, &err) == PK_OK &&
            pk_report_decode(json, arena, &report, &err) == PK_OK) {
        const struct pk_observation *items = report.observations.items;

        for (size_t i = 0; i < report.observations.count; i++) {
            again(&items[i]);
        }
    }
    json_decref(json);
    pk_arena_destroy(arena);
    return 0;
}
