/* A line of a simulated world: read or refused, and what is read is a sighting that the crowd takes. */
#include <stdlib.h>
#include <string.h>

#include "cli/sim_line.h"
#include "crowd/crowd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(const struct pk_sim_line *line)
{
    const struct pk_sighting *s = &line->sighting;

    if (s->device == 0 || s->at_s <= 0 || s->at_s > UINT32_MAX ||
            strlen(line->device) >= sizeof(line->device) ||
            (s->kind == PK_SIGHTING_NETWORK && s->network.check_count > PK_SIGHT_HOSTS)) {
        abort();
    }
    for (unsigned i = 0; s->kind == PK_SIGHTING_NETWORK && i < s->network.check_count; i++) {
        if (s->network.checks[i].host >= PK_SIGHT_HOSTS ||
                s->network.checks[i].valid > PK_SIGHT_INSPECTED) {
            abort();
        }
    }
}

/* Several lines, one after the other, to one crowd. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_crowd *crowd = NULL;

    if (pk_crowd_create(NULL, &crowd, NULL) < 0) {
        return 0;
    }
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end != NULL ? (size_t)(end - data) : size;
        struct pk_sim_line line;
        struct pk_crowd_opinion opinion;

        (void)pk_sim_line_fits(pk_slice_of(data, len));
        if (pk_sim_line_read(pk_slice_of(data, len), &line, NULL) == PK_OK) {
            hold(&line);
            if (pk_crowd_take(crowd, &line.sighting, &opinion) < 0) {
                abort();
            }
        }
        data += len + (end != NULL);
        size -= len + (end != NULL);
    }
    pk_crowd_destroy(crowd);
    return 0;
}
