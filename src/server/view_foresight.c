#include "server/view_foresight.h"

#include "server/view.h"

/* The value of a key as it is stored, or null. */
static json_t *kept(const json_t *from, const char *key)
{
    json_t *value = json_object_get(from, key);

    return value != NULL ? json_incref(value) : json_null();
}

/* A number that is left out when it is nothing. */
static json_t *kept_number(const json_t *from, const char *key)
{
    json_t *value = json_object_get(from, key);

    return value != NULL ? json_incref(value) : json_integer(0);
}

/* A chance; -1 is not known. */
static json_t *kept_chance(const json_t *from, const char *key)
{
    double p = json_number_value(json_object_get(from, key));

    return json_object_get(from, key) == NULL || p < 0 ? json_null() : json_real(p);
}

static json_t *zone_of(const json_t *zone)
{
    if (!json_is_object(zone)) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "standing", kept(zone, "standing"), "p",
            kept_number(zone, "p"), "attacks", kept_number(zone, "attacks"), "joins",
            kept_number(zone, "joins"), "why", kept(zone, "why"));
}

json_t *pk_view_foresight(const json_t *stored)
{
    json_t *reasons = json_array();
    const json_t *reason;
    size_t i;

    if (!json_is_object(stored)) {
        json_decref(reasons);
        return json_null();
    }
    json_array_foreach (json_object_get(stored, "reasons"), i, reason) {
        (void)json_array_append_new(reasons,
                json_pack("{s:o, s:o, s:o}", "reason", kept(reason, "reason"), "share",
                        kept_number(reason, "share"), "lowers", kept(reason, "lowers")));
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "at", kept(stored, "at"), "outlook",
            kept(stored, "outlook"), "p7", kept_chance(stored, "p7"), "p30",
            kept_chance(stored, "p30"), "reasons", reasons, "zone",
            zone_of(json_object_get(stored, "zone")));
}

json_t *pk_view_foresight_now(const struct pk_foresight *foresight)
{
    json_t *stored = pk_schema_encode(&pk_foresight_schema, foresight, false);
    json_t *view = stored != NULL ? pk_view_foresight(stored) : NULL;

    json_decref(stored);
    return view;
}

json_t *pk_view_foresight_zone(const struct pk_foresight_zone *zone)
{
    if (zone == NULL) {
        return json_null();
    }
    return json_pack("{s:s, s:f, s:I, s:I, s:s?}", "standing",
            pk_zone_standing_names[zone->standing], "p", zone->p, "attacks",
            (json_int_t)zone->attacks, "joins", (json_int_t)zone->joins, "why", zone->why);
}

json_t *pk_view_risk(const struct pk_device *device)
{
    json_t *parts = json_array();
    const json_t *part;
    size_t n;

    json_array_foreach (json_object_get(device->risk, "parts"), n, part) {
        (void)json_array_append_new(parts,
                json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "vector", kept(part, "vector"),
                        "points", kept(part, "points"), "reason", kept(part, "reason"), "incident",
                        kept(part, "incident"), "lowers", kept(part, "lowers"), "gain",
                        kept_number(part, "gain"), "at", kept(part, "at")));
    }
    return json_pack("{s:I, s:s, s:o, s:o}", "score", (json_int_t)device->risk_score, "level",
            pk_risk_level_names[device->risk_level], "at", kept(device->risk, "at"), "parts",
            parts);
}
