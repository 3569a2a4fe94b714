/* Zones: trust-weighted joins and attacks of a place, halved every 14 days (prediction.md's first-order form of
 * self-exciting attacks). */
#include "crowd/internal.h"

#define ZONE_HALF_DAYS 14.0F

static float faded(uint32_t from, int64_t now_s)
{
    uint32_t today = (uint32_t)(now_s / PK_DAY_S);

    return today > from ? exp2f(-(float)(today - from) / ZONE_HALF_DAYS) : 1;
}

void pk_zone_take(struct pk_crowd *crowd, const struct pk_sighting *s, float weight, bool bad)
{
    struct pk_zone_count *z;
    float f;

    if (s->place == 0) {
        return;
    }
    z = pk_table_put(&crowd->rooms[PK_ROOM_ZONES], pk_crowd_mix(s->place, 0x5a));
    if (z == NULL) {
        return;
    }
    f = z->day != 0 ? faded(z->day, s->at_s) : 1;
    z->place = s->place;
    z->day = (uint32_t)(s->at_s / PK_DAY_S);
    z->joins = z->joins * f + weight;
    z->bad = z->bad * f + (bad ? weight : 0);
    z->devices |= UINT64_C(1) << (pk_crowd_mix(s->device, 3) & 63);
}

/* Linear counting (Whang 1990) over 64 bits. */
static uint32_t counted(uint64_t bits)
{
    int zero = 64 - __builtin_popcountll(bits);

    return zero == 0 ? 266 : (uint32_t)(-64.0 * log((double)zero / 64.0) + .5);
}

void pk_crowd_each_zone(const struct pk_crowd *crowd, int64_t now_s,
        void (*fn)(void *ctx, const struct pk_crowd_zone *zone), void *ctx)
{
    const struct pk_table *room = &crowd->rooms[PK_ROOM_ZONES];

    for (uint32_t i = 0; i < room->made; i++) {
        const struct pk_zone_count *z = pk_table_at(room, i);

        if (z != NULL) {
            float f = faded(z->day, now_s);
            struct pk_crowd_zone out = { .place = z->place,
                .joins = z->joins * f,
                .bad = z->bad * f,
                .devices = counted(z->devices) };

            fn(ctx, &out);
        }
    }
}
