/* What joining a network means, at a place: for the crowd's thread and for readers. */
#include <math.h>

#include "base/clock.h"
#include "crowd/key.h"
#include "risk/foresight.h"
#include "server/crowd_internal.h"

/* false: nothing can be said. */
bool pk_crowd_zone_of(const struct pk_crowd_server *c, const struct pk_visit_where *at,
        int64_t now_s, struct pk_arena *arena, struct pk_foresight_zone *out)
{
    struct pk_crowd_key point = { .kind = PK_CROWD_POINT, .a = at->network, .b = at->point };
    struct pk_crowd_key site = { .kind = PK_CROWD_SITE, .a = at->network, .b = at->place };
    struct pk_crowd_key whole = { .kind = PK_CROWD_POINT, .a = at->network };
    struct pk_crowd_network profile;
    struct pk_crowd_opinion opinion;
    struct pk_zone_question q = { .now_s = now_s,
        .place = at->place,
        .city = at->city,
        .kind = at->portal ? PK_ZONE_OPEN : pk_zone_kind_of(at->security),
        .log_odds = -INFINITY };

    if (at->point != 0 && pk_crowd_ask(c->crowd, &point, now_s, &opinion)) {
        q.log_odds = opinion.log_odds;
    }
    if (at->place != 0 && pk_crowd_ask(c->crowd, &site, now_s, &opinion) &&
            opinion.log_odds > q.log_odds) {
        q.log_odds = opinion.log_odds;
    }
    q.known = pk_crowd_network(c->crowd, &whole, now_s, &profile) &&
            profile.weight >= PK_FORESIGHT_KNOWN_VISITS;
    return pk_foresight_zone_of(
            pk_hazard_zones(c->hazard), &q, (unsigned)c->settings->min_devices, arena, out);
}

static bool enter(struct pk_crowd_server *c)
{
    if (c == NULL) {
        return false;
    }
    (void)pthread_rwlock_rdlock(&c->lock);
    if (c->crowd == NULL || c->hazard == NULL) {
        (void)pthread_rwlock_unlock(&c->lock);
        return false;
    }
    return true;
}

static int64_t now_s(const struct pk_crowd_server *c)
{
    return pk_server_now(c->server) / PK_SECOND_MS;
}

bool pk_crowd_server_before(struct pk_crowd_server *crowd, const struct pk_visit_where *at,
        struct pk_arena *arena, struct pk_foresight_zone *out)
{
    bool known = false;

    if (enter(crowd)) {
        known = pk_crowd_zone_of(crowd, at, now_s(crowd), arena, out);
        (void)pthread_rwlock_unlock(&crowd->lock);
    }
    return known;
}

bool pk_crowd_server_foresight(struct pk_crowd_server *crowd, const char *device, int before,
        struct pk_arena *arena, struct pk_foresight *out)
{
    uint64_t number = pk_crowd_server_device(device);
    int rc = PK_ENOENT;

    if (enter(crowd)) {
        pk_foresight_of(crowd->hazard, number, now_s(crowd), before, out);
        if (out->outlook != PK_OUTLOOK_UNKNOWN) {
            rc = pk_foresight_explain(crowd->hazard, number, arena, out);
        }
        (void)pthread_rwlock_unlock(&crowd->lock);
    }
    return rc == PK_OK;
}

bool pk_crowd_server_place(struct pk_crowd_server *crowd, uint32_t place, struct pk_arena *arena,
        struct pk_foresight_zone *out)
{
    bool known = false;

    if (enter(crowd)) {
        known = pk_foresight_place_of(pk_hazard_zones(crowd->hazard), place,
                pk_crowd_city_of_place(place), now_s(crowd), (unsigned)crowd->settings->min_devices,
                arena, out);
        (void)pthread_rwlock_unlock(&crowd->lock);
    }
    return known;
}

struct walk {
    struct pk_crowd_server *crowd;
    void (*fn)(void *ctx, uint32_t place, const struct pk_zone_risk *risk);
    void *ctx;
    int64_t now_s;
};

static void walk_one(void *ctx, uint32_t place)
{
    const struct walk *walk = ctx;
    struct pk_zone_risk risk;

    pk_zones_risk(pk_hazard_zones(walk->crowd->hazard), place, pk_crowd_city_of_place(place),
            walk->now_s, &risk);
    walk->fn(walk->ctx, place, &risk);
}

void pk_crowd_server_each_place(struct pk_crowd_server *crowd,
        void (*fn)(void *ctx, uint32_t place, const struct pk_zone_risk *risk), void *ctx)
{
    if (enter(crowd)) {
        struct walk walk = { .crowd = crowd, .fn = fn, .ctx = ctx, .now_s = now_s(crowd) };

        pk_zones_each(pk_hazard_zones(crowd->hazard), walk_one, &walk);
        (void)pthread_rwlock_unlock(&crowd->lock);
    }
}

void pk_crowd_server_hazard(struct pk_crowd_server *crowd, struct pk_hazard_count *out)
{
    *out = (struct pk_hazard_count){ 0 };
    if (enter(crowd)) {
        pk_hazard_count(crowd->hazard, out);
        (void)pthread_rwlock_unlock(&crowd->lock);
    }
}
