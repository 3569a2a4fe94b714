/* Forgetting: what has faded to nothing goes every night; when memory is short the lightest go first. */
#include "crowd/internal.h"

#define FADED         .05F
#define BINS          96
#define BIN_SCALE     4.0F /* bins an octave */
#define BIN_ZERO      32   /* bin of weight 1 */
#define SWEEP_NIGHTS  7    /* faded ones are looked for so often */
#define LIGHTEST      .03F /* of a table, when memory is short */
#define PASSES        8
#define CAMPAIGN_DAYS 45U

static float weight_of(enum pk_room room, const void *record, uint32_t today)
{
    switch (room) {
    case PK_ROOM_POINTS: {
        const struct pk_point *p = record;

        return p->n * pk_fade((today - p->day) & 0xffff);
    }
    case PK_ROOM_SITES:
    case PK_ROOM_NETWORKS: {
        const struct pk_profile *p = record;

        return p->n * pk_fade((today - p->day) & 0xffff);
    }
    case PK_ROOM_MASTS: {
        const struct pk_mast_known *m = record;

        return m->n * pk_fade(today - m->last / PK_DAY_S);
    }
    case PK_ROOM_FILES: {
        const struct pk_file_known *f = record;

        return f->n * pk_fade(today - f->last / PK_DAY_S);
    }
    case PK_ROOM_CAMPAIGNS: {
        const struct pk_campaign *c = record;

        return today - c->at / PK_DAY_S > CAMPAIGN_DAYS ? 0 : 1;
    }
    case PK_ROOM_WORLD: {
        const struct pk_world_value *w = record;

        return w->count * pk_fade((today - w->day) & 0xffff);
    }
    default:
        return INFINITY;
    }
}

static const enum pk_room swept[] = { PK_ROOM_POINTS, PK_ROOM_SITES, PK_ROOM_NETWORKS,
    PK_ROOM_MASTS, PK_ROOM_FILES, PK_ROOM_CAMPAIGNS, PK_ROOM_WORLD };

static void drop_below(struct pk_crowd *crowd, enum pk_room room, float least, uint32_t today)
{
    struct pk_table *table = &crowd->rooms[room];

    for (uint32_t i = 0; i < table->made; i++) {
        const uint64_t *record = pk_table_at(table, i);

        if (record != NULL && weight_of(room, record, today) < least) {
            pk_table_drop(table, *record);
        }
    }
}

/* The weight below which about the given share of the table lies. */
static float quantile(const struct pk_crowd *crowd, enum pk_room room, float share, uint32_t today)
{
    const struct pk_table *table = &crowd->rooms[room];
    uint32_t bins[BINS] = { 0 };
    uint32_t sum = 0;

    for (uint32_t i = 0; i < table->made; i++) {
        const void *record = pk_table_at(table, i);

        if (record != NULL) {
            float w = weight_of(room, record, today);
            float at = w > 0 ? BIN_ZERO + BIN_SCALE * log2f(w) : 0;

            bins[(int)pk_clipf(at, 0, BINS - 1)]++;
        }
    }
    for (int b = 0; b < BINS; b++) {
        sum += bins[b];
        if ((float)sum >= share * (float)table->count) {
            return exp2f((float)(b + 1 - BIN_ZERO) / BIN_SCALE);
        }
    }
    return INFINITY;
}

/* Records that live, and their part of the index: freed ones are used again before memory grows. */
static uint64_t used(const struct pk_crowd *crowd)
{
    uint64_t sum = 0;

    for (int i = 0; i < PK_ROOM_COUNT; i++) {
        sum += (uint64_t)crowd->rooms[i].count * (crowd->rooms[i].size + 2 * sizeof(uint32_t));
    }
    return sum;
}

void pk_crowd_sweep_night(struct pk_crowd *crowd, int64_t now_s)
{
    uint32_t today = (uint32_t)(now_s / PK_DAY_S);

    if (today % SWEEP_NIGHTS != 0) {
        return;
    }
    for (size_t i = 0; i < PK_COUNT(swept); i++) {
        drop_below(crowd, swept[i], FADED, today);
    }
}

void pk_crowd_sweep_full(struct pk_crowd *crowd, int64_t now_s)
{
    uint32_t today = (uint32_t)(now_s / PK_DAY_S);

    for (int pass = 0; pass < PASSES && used(crowd) >= crowd->settings.memory_max; pass++) {
        for (size_t i = 0; i < PK_COUNT(swept); i++) {
            drop_below(crowd, swept[i], quantile(crowd, swept[i], LIGHTEST, today), today);
        }
    }
}
