/* Who speaks of a thing, without names, and why the worst of them does; and how profiles name values. */
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

static void remember(struct pk_suspect *e, const struct pk_crowd_opinion *o)
{
    size_t n = 0;

    if (e == NULL || o->score < e->why_score) {
        return;
    }
    e->why_score = o->score;
    memset(e->why, 0, sizeof(e->why));
    for (size_t i = 0; i < o->reason_count && n < PK_WHY_TERMS; i++) {
        const struct pk_crowd_reason *r = &o->reasons[i];

        if (r->weight > 0 && r->term < PK_TERM_WITNESSES) {
            e->why[n++] = (struct pk_why){
                .weight = r->weight, .a = (float)r->a, .b = (float)r->b, .term = r->term
            };
        }
    }
}

void pk_why_remember(
        struct pk_crowd *crowd, const struct pk_sighting *s, const struct pk_crowd_opinion *o)
{
    remember(pk_suspect_of(crowd, &o->key), o);
    if (s->kind == PK_SIGHTING_NETWORK && s->place != 0) {
        struct pk_crowd_key site = { s->network.network, s->place, PK_CROWD_SITE };

        remember(pk_suspect_of(crowd, &site), o);
    }
}

void pk_why_tell(const struct pk_suspect *e, struct pk_crowd_opinion *out)
{
    for (size_t i = 0; i < PK_WHY_TERMS; i++) {
        pk_opinion_reason(
                out, e->why[i].term, e->why[i].weight, (double)e->why[i].a, (double)e->why[i].b);
    }
}

uint64_t pk_crowd_attribute_value(enum pk_crowd_attribute attribute, uint64_t raw)
{
    if (attribute == PK_ATTR_GATEWAY_MAKER || attribute == PK_ATTR_POINT_MAKER) {
        raw = pk_maker_of(raw);
    }
    return pk_slot_value(raw ^ (uint64_t)(unsigned)attribute << 56);
}
