/* Who speaks of a thing, without names; and how profiles name values. */
#include "crowd/internal.h"

/* How long a voice lasts stands in suspect.c; here it is told as it was given. */
static void tell(const struct pk_item *items, size_t n, bool against,
        void (*fn)(void *ctx, const struct pk_crowd_testimony *said), void *ctx)
{
    for (size_t i = 0; i < n; i++) {
        if (items[i].device != 0) {
            struct pk_crowd_testimony said = { .against = against,
                .attested = items[i].hard != 0,
                .log_odds = items[i].l,
                .trust = items[i].w,
                .at_s = items[i].at };

            fn(ctx, &said);
        }
    }
}

void pk_crowd_each_testimony(const struct pk_crowd *crowd, const struct pk_crowd_key *key,
        void (*fn)(void *ctx, const struct pk_crowd_testimony *said), void *ctx)
{
    const struct pk_suspect *e = pk_table_find(
            &crowd->rooms[PK_ROOM_SUSPECTS], pk_suspect_key(key));

    if (e != NULL) {
        tell(e->against, PK_ITEMS_BAD, true, fn, ctx);
        tell(e->for_it, PK_ITEMS_CLEAN, false, fn, ctx);
    }
}

uint64_t pk_crowd_attribute_value(enum pk_crowd_attribute attribute, uint64_t raw)
{
    if (attribute == PK_ATTR_GATEWAY_MAKER || attribute == PK_ATTR_POINT_MAKER) {
        raw = pk_maker_of(raw);
    }
    return pk_slot_value(raw ^ (uint64_t)(unsigned)attribute << 56);
}
