/* A hostile proxy script. What is read from it is bounded and printable. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/probe_pac.h"
#include "base/arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arena *arena = pk_arena_create(1UL << 18);
    struct pk_pac pac;

    if (size <= 64UL * 1024 && pk_pac_read(pk_slice_of(data, size), arena, &pac) == PK_OK) {
        if (pac.proxies.count > PK_PAC_PROXIES_MAX ||
                (pac.proxies.count > 0 && pac.direct != PK_TRI_NO)) {
            abort();
        }
        for (size_t i = 0; i < pac.proxies.count; i++) {
            if (pac.proxies.items[i][0] == '\0' || strlen(pac.proxies.items[i]) >= 300) {
                abort();
            }
        }
    }
    pk_arena_destroy(arena);
    return 0;
}
