/* Mobile signalling in a capture: GSMTAP in UDP. All of it is taken for one phone. */
#include <netinet/in.h>
#include <stdlib.h>

#include "track/cell.h"
#include "track/trackers.h"

#define SOURCE_CAPTURE 3 /* pk_cell_source_names */

struct tracker {
    const struct pk_track_sink *sink;
    struct pk_cell_track *cells; /* NULL until the first frame of that kind */
};

static void *create(const struct pk_track_sink *sink)
{
    struct tracker *t = calloc(1, sizeof(*t));

    if (t != NULL) {
        t->sink = sink;
    }
    return t;
}

static void destroy(void *state)
{
    struct tracker *t = state;

    pk_cell_track_destroy(t->cells);
    free(t);
}

static void frame(void *state, const struct pk_frame *f)
{
    struct tracker *t = state;
    struct pk_gsmtap tap;

    if (f->protocol != IPPROTO_UDP || f->from.family == 0 ||
            (f->to.port != PK_GSMTAP_PORT && f->from.port != PK_GSMTAP_PORT) ||
            pk_gsmtap_parse(f->data, &tap) < 0) {
        return;
    }
    if (t->cells == NULL) {
        t->cells = pk_cell_track_create(t->sink, SOURCE_CAPTURE);
    }
    if (t->cells != NULL) {
        pk_cell_track_frame(t->cells, &tap, f->at_us / 1000);
    }
}

static void tick(void *state, int64_t now_us)
{
    struct tracker *t = state;

    if (t->cells != NULL) {
        pk_cell_track_tick(t->cells, now_us / 1000);
    }
}

static void end(void *state, int64_t now_us)
{
    struct tracker *t = state;

    if (t->cells != NULL) {
        pk_cell_track_end(t->cells, now_us / 1000);
    }
}

const struct pk_tracker pk_cell_tracker = {
    .name = "cell",
    .create = create,
    .destroy = destroy,
    .frame = frame,
    .tick = tick,
    .end = end,
};
