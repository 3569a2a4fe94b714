#include "risk/foresight.h"

#include <math.h>

#include "base/clock.h"
#include "risk/hazard_reasons.h"

#define KNOWN_SAFE 0.5 /* fewer attacks than this round to none */

int pk_outlook_of(double p7, int before)
{
    double high = before == PK_OUTLOOK_HIGH ? PK_OUTLOOK_HIGH_P7 * PK_OUTLOOK_STAY
                                            : PK_OUTLOOK_HIGH_P7;
    double raised = before >= PK_OUTLOOK_RAISED ? PK_OUTLOOK_RAISED_P7 * PK_OUTLOOK_STAY
                                                : PK_OUTLOOK_RAISED_P7;

    if (!(p7 >= 0)) {
        return PK_OUTLOOK_UNKNOWN;
    }
    return p7 >= high ? PK_OUTLOOK_HIGH : p7 >= raised ? PK_OUTLOOK_RAISED : PK_OUTLOOK_LOW;
}

void pk_foresight_of(const struct pk_hazard *hazard, uint64_t device, int64_t now_s, int before,
        struct pk_foresight *out)
{
    struct pk_hazard_prediction p;

    *out = (struct pk_foresight){
        .at_ms = now_s * PK_SECOND_MS, .outlook = PK_OUTLOOK_UNKNOWN, .p7 = -1, .p30 = -1
    };
    if (pk_hazard_predict(hazard, device, now_s, &p)) {
        out->p7 = p.p7;
        out->p30 = p.p30;
        out->outlook = pk_outlook_of(p.p7, before);
    }
}

static double tenth(double x)
{
    return round(x * 10) / 10;
}

int pk_foresight_explain(const struct pk_hazard *hazard, uint64_t device, struct pk_arena *arena,
        struct pk_foresight *out)
{
    struct pk_hazard_reasons why;
    struct pk_foresight_reason *items;
    int rc = pk_hazard_reasons(hazard, device, out->at_ms / PK_SECOND_MS, arena, &why);

    if (rc < 0) {
        return rc == PK_ENOENT ? PK_OK : rc;
    }
    items = pk_arena_alloc(arena, PK_FORESIGHT_REASONS_MAX, sizeof(*items));
    if (items == NULL) {
        return PK_ENOMEM;
    }
    for (size_t i = 0; i < why.count; i++) {
        const struct pk_hazard_reason *r = &why.items[i];

        items[i] = (struct pk_foresight_reason){ .reason = r->text, .share = tenth(r->points) };
        if (r->lower != NULL) {
            items[i].lowers = r->lower_points >= 0.05
                    ? pk_arena_printf(arena, "%s: -%.1f points", r->lower, r->lower_points)
                    : r->lower;
        }
    }
    out->reasons = (struct pk_array){ .items = items, .count = why.count };
    return PK_OK;
}

/* ---- where it is ---------------------------------------------------------------------------------- */

enum pk_zone_kind pk_zone_kind_of(uint8_t security)
{
    return security == PK_SIGHT_OPEN || security == PK_SIGHT_OWE ? PK_ZONE_OPEN
            : security == PK_SIGHT_EAP                           ? PK_ZONE_NAMED
                                                                 : PK_ZONE_SECRET;
}

static const int standings[] = {
    [PK_ZONE_GREEN] = PK_ZONE_STANDING_GREEN,
    [PK_ZONE_AMBER] = PK_ZONE_STANDING_AMBER,
    [PK_ZONE_RED] = PK_ZONE_STANDING_RED,
};

static const char *words_of(const struct pk_foresight_zone *z, bool counted, bool against, bool own,
        struct pk_arena *arena)
{
    if (against) {
        return pk_arena_strdup(arena, "Other devices were attacked on this network");
    }
    if (counted && z->attacks > 0) {
        return pk_arena_printf(arena,
                "About %lld %s confirmed around here in the last weeks, beside %lld safe joins",
                (long long)z->attacks, z->attacks == 1 ? "attack" : "attacks", (long long)z->joins);
    }
    if (counted) {
        return pk_arena_printf(arena,
                "No attack was confirmed around here in the last weeks, in about %lld joins",
                (long long)z->joins);
    }
    return pk_arena_printf(arena, "Of joins like this %s about one in %.0f is attacked",
            own ? "around here" : "in this area", z->p > 0 ? round(1 / z->p) : 1000000);
}

static bool enough(const struct pk_zones *zones, uint32_t place, uint32_t city, int64_t now_s)
{
    double joins;
    double bad;

    pk_zones_world(zones, now_s, &joins, &bad);
    return (place != 0 || city != 0) && joins >= PK_FORESIGHT_WORLD_JOINS;
}

static void tell(const struct pk_zone_risk *risk, float log_odds, unsigned k,
        struct pk_arena *arena, struct pk_foresight_zone *out)
{
    bool counted = risk->devices >= k && k > 0;

    out->standing = standings[pk_zone_light_of(out->p, log_odds)];
    if (counted) {
        double safe = risk->joins - risk->bad;

        out->attacks = risk->bad < KNOWN_SAFE ? 0 : lround(risk->bad);
        out->joins = safe > 0 ? lround(safe) : 0;
    }
    out->why = words_of(out, counted, log_odds > 0, risk->own, arena);
}

bool pk_foresight_zone_of(const struct pk_zones *zones, const struct pk_zone_question *question,
        unsigned k, struct pk_arena *arena, struct pk_foresight_zone *out)
{
    struct pk_zone_risk risk;

    *out = (struct pk_foresight_zone){ .standing = PK_ZONE_STANDING_UNKNOWN };
    if (!(question->log_odds > 0) &&
            !enough(zones, question->place, question->city, question->now_s)) {
        return false;
    }
    pk_zones_risk(zones, question->place, question->city, question->now_s, &risk);
    out->p = pk_zones_ask(zones, question);
    tell(&risk, question->log_odds, k, arena, out);
    return true;
}

bool pk_foresight_place_of(const struct pk_zones *zones, uint32_t place, uint32_t city,
        int64_t now_s, unsigned k, struct pk_arena *arena, struct pk_foresight_zone *out)
{
    struct pk_zone_risk risk;

    *out = (struct pk_foresight_zone){ .standing = PK_ZONE_STANDING_UNKNOWN };
    if (!enough(zones, place, city, now_s)) {
        return false;
    }
    pk_zones_risk(zones, place, city, now_s, &risk);
    out->p = risk.p;
    tell(&risk, -INFINITY, k, arena, out);
    return true;
}
