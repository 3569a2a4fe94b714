#include "server/view_crowd.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "crowd/key.h"
#include "server/crowd.h"

#define VALUES       4   /* of an attribute in a profile */
#define USUAL_SHARE  0.5 /* of the visits: then a network has a usual value */
#define USUAL_VISITS 2.0
#define ODD_SHARE    0.1 /* fewer visits than this had it */
#define CELL_BITS    36
#define CELL_MASK    ((UINT64_C(1) << CELL_BITS) - 1)
#define FULL         0.95 /* of a factor: nothing is taken away */

static json_t *number_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *time_or_null(int64_t at_s)
{
    return pk_view_time(at_s * PK_SECOND_MS);
}

/* ---- things ---- */

static void put_text(json_t *out, const char *name, bool has, const char *text)
{
    (void)json_object_set_new(out, name, has && text[0] != '\0' ? json_string(text) : json_null());
}

void pk_view_crowd_thing(json_t *out, const struct pk_crowd_key *key, const char *name)
{
    bool point = key->kind == PK_CROWD_POINT;
    bool site = key->kind == PK_CROWD_SITE;
    bool mast = key->kind == PK_CROWD_MAST;
    char text[PK_CROWD_TEXT];
    char cell[PK_CROWD_TEXT];
    char hash[PK_CROWD_TEXT];

    (void)snprintf(cell, sizeof(cell), "%05llu:%llu", (unsigned long long)(key->a >> CELL_BITS),
            (unsigned long long)(key->a & CELL_MASK));
    (void)snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)key->a);
    put_text(out, "kind", true,
            (point || site) && key->b == 0 ? "network" : pk_crowd_kind_names[key->kind]);
    put_text(out, "name", name != NULL, name);
    put_text(out, "network", point || site, pk_crowd_network_text(key->a, text));
    put_text(out, "bssid", point && key->b != 0, pk_crowd_hardware_text(key->b, text));
    put_text(out, "place", site || mast, pk_crowd_place_text((uint32_t)key->b, text));
    put_text(out, "mast", mast, cell);
    put_text(out, "app", key->kind == PK_CROWD_APP, hash);
    put_text(out, "signer", key->kind == PK_CROWD_SIGNER, hash);
}

/* ---- opinions ---- */

/* Sentences about the crowd itself count devices and visits: they are told in steps, too. */
static const char *reason_text(
        const struct pk_crowd_door *door, const struct pk_crowd_reason *reason)
{
    struct pk_arena *arena = door->call->arena;
    const char *name = pk_crowd_term_name(reason->term);
    uint32_t a = pk_crowd_door_sum(door, reason->a);
    uint32_t b = pk_crowd_door_sum(door, reason->b);

    if (strcmp(name, "crowd.witnesses") == 0) {
        return a == 0    ? "A few devices confirmed it"
                : b == 0 ? pk_arena_printf(arena, "At least %u devices confirmed it", a)
                         : pk_arena_printf(arena,
                                   "At least %u devices confirmed it, at least %u of them "
                                   "independently of each other",
                                   a, b);
    }
    if (strcmp(name, "crowd.clean") == 0) {
        return a == 0 ? "All was well on a few visits since then"
                      : pk_arena_printf(arena, "All was well on at least %u visits since then", a);
    }
    if (strcmp(name, "crowd.history") == 0) {
        return a == 0 ? "All was well on a few visits before"
                      : pk_arena_printf(arena, "All was well on at least %u visits before", a);
    }
    return pk_crowd_reason_text(reason, arena);
}

static json_t *view_reasons(
        const struct pk_crowd_door *door, const struct pk_crowd_opinion *opinion)
{
    json_t *out = json_array();

    for (size_t i = 0; i < opinion->reason_count && i < PK_CROWD_REASONS; i++) {
        const struct pk_crowd_reason *r = &opinion->reasons[i];

        (void)json_array_append_new(out,
                json_pack("{s:s, s:o, s:o}", "term", pk_crowd_term_name(r->term), "text",
                        pk_view_text(reason_text(door, r)), "weight",
                        number_or_null((double)r->weight)));
    }
    return out;
}

const char *pk_view_crowd_why(
        const struct pk_crowd_door *door, const struct pk_crowd_opinion *opinion)
{
    const struct pk_crowd_reason *best = NULL;

    for (size_t i = 0; i < opinion->reason_count && i < PK_CROWD_REASONS; i++) {
        const struct pk_crowd_reason *r = &opinion->reasons[i];
        bool of_crowd = strncmp(pk_crowd_term_name(r->term), "crowd.", 6) == 0;

        if (r->weight > 0 && !of_crowd) {
            return reason_text(door, r); /* what was seen says more than how many saw it */
        }
        best = best == NULL && r->weight > 0 ? r : best;
    }
    return best != NULL ? reason_text(door, best) : NULL;
}

json_t *pk_view_crowd_opinion(
        const struct pk_crowd_door *door, const struct pk_crowd_opinion *opinion, bool bare)
{
    if (bare) {
        return json_pack("{s:b, s:n, s:n, s:n, s:n, s:n, s:[]}", "bad", (int)opinion->before,
                "score", "devices", "groups", "clean", "since_at", "reasons");
    }
    return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "bad", (int)opinion->before, "score",
            number_or_null((double)opinion->log_odds), "devices",
            pk_crowd_door_number(door, opinion->devices), "groups",
            pk_crowd_door_number(door, opinion->groups), "clean",
            pk_crowd_door_number(door, opinion->clean), "since_at", time_or_null(opinion->since_s),
            "reasons", view_reasons(door, opinion));
}

/* ---- profiles ---- */

static const char *text_of(const struct pk_crowd_names *names, enum pk_crowd_attribute attribute,
        uint64_t value, char out[PK_CROWD_TEXT])
{
    for (size_t i = 0; i < names->count; i++) {
        if (names->items[i].attribute == attribute && names->items[i].value == value) {
            return names->items[i].text;
        }
    }
    (void)snprintf(out, PK_CROWD_TEXT, "#%04llx", (unsigned long long)value);
    return out;
}

static double sum_of(const struct pk_crowd_value values[VALUES])
{
    double sum = 0;

    for (size_t i = 0; i < VALUES; i++) {
        sum += (double)values[i].count;
    }
    return sum;
}

/* Is there a usual value, and was this one hardly ever seen instead? */
static bool is_odd(const struct pk_crowd_value values[VALUES], uint64_t value)
{
    double sum = sum_of(values);
    double count = 0;

    for (size_t i = 0; i < VALUES; i++) {
        count = values[i].value == value ? (double)values[i].count : count;
    }
    return sum >= USUAL_VISITS && (double)values[0].count >= USUAL_SHARE * sum &&
            count < ODD_SHARE * sum;
}

static json_t *view_attribute(enum pk_crowd_attribute attribute,
        const struct pk_crowd_network *profile, const struct pk_crowd_network *whole,
        const struct pk_crowd_names *names)
{
    const struct pk_crowd_value *values = profile->values[attribute];
    double sum = sum_of(values);
    json_t *list = json_array();
    char text[PK_CROWD_TEXT];

    for (size_t i = 0; i < VALUES && values[i].count > 0; i++) {
        bool odd = is_odd(values, values[i].value) ||
                (whole != NULL && is_odd(whole->values[attribute], values[i].value));

        (void)json_array_append_new(list,
                json_pack("{s:s, s:f, s:b}", "text",
                        text_of(names, attribute, values[i].value, text), "share",
                        round(100 * (double)values[i].count / sum) / 100, "odd", (int)odd));
    }
    return json_pack("{s:s, s:o}", "name", pk_crowd_attribute_names[attribute], "values", list);
}

json_t *pk_view_crowd_profile(const struct pk_crowd_door *door, const char *level,
        const struct pk_crowd_network *profile, const struct pk_crowd_network *whole,
        const struct pk_crowd_names *names)
{
    json_t *attributes = json_array();

    for (int i = 0; i < PK_ATTR_COUNT; i++) {
        if (profile->values[i][0].count > 0) {
            (void)json_array_append_new(
                    attributes, view_attribute((enum pk_crowd_attribute)i, profile, whole, names));
        }
    }
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "level", level, "visits",
            pk_crowd_door_number(door, (double)profile->weight), "first_seen_at",
            time_or_null(profile->first_s), "last_seen_at", time_or_null(profile->last_s),
            "attributes", attributes);
}

json_t *pk_view_crowd_app(const struct pk_crowd_door *door, const struct pk_crowd_app *app)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:b, s:f, s:o, s:o}", "devices",
            pk_crowd_door_number(door, app->devices), "package_devices",
            pk_crowd_door_number(door, app->package_devices), "signer_packages",
            json_integer(app->signer_packages), "signer_devices",
            pk_crowd_door_number(door, app->signer_devices), "signer_main", (int)app->signer_main,
            "signer_share", (double)app->signer_share, "first_seen_at", time_or_null(app->first_s),
            "last_seen_at", time_or_null(app->last_s));
}

/* ---- voices ---- */

json_t *pk_view_crowd_voice(const struct pk_crowd_voice *v)
{
    const struct {
        const char *name;
        float value;
        const char *full, *less;
    } rows[] = {
        { "attestation", v->attestation, "hardware vouches for the device",
                "no hardware vouches for the device" },
        { "age", v->age, "it has been here for weeks",
                "it is new here: its word gains weight with the days" },
        { "record", v->record, "what it said was true so far",
                "its record is short, or others did not find what it said" },
        { "footprint", v->footprint, "it is where one device can be",
                "it is in more places than one device can be" },
        { "life", v->life, "it lives as people's devices do",
                "it speaks of networks only, never of itself" },
        { "budget", v->budget, "it accuses seldom", "it accuses more often than others" },
    };
    json_t *out = json_array();

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        double value = (double)rows[i].value;

        (void)json_array_append_new(out,
                json_pack("{s:s, s:f, s:s}", "name", rows[i].name, "value",
                        round(value * 1000) / 1000, "text",
                        value >= FULL ? rows[i].full : rows[i].less));
    }
    return out;
}

/* ---- status ---- */

json_t *pk_view_crowd_status(const struct pk_crowd_server_status *s,
        const struct pk_crowd_counts *c, int64_t memory_max, int64_t up_ms)
{
    double up_s = up_ms > 0 ? (double)up_ms / 1000 : 1;
    json_t *counts = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "networks",
            (json_int_t)c->networks, "sites", (json_int_t)c->sites, "points", (json_int_t)c->points,
            "masts", (json_int_t)c->masts, "packages", (json_int_t)c->packages, "apps",
            (json_int_t)c->apps, "signers", (json_int_t)c->signers, "devices",
            (json_int_t)c->devices, "suspects", (json_int_t)c->suspects);

    return json_pack("{s:b, s:b, s:b, s:o, s:I, s:f, s:I, s:{s:I, s:I}, s:o, s:I, s:o}", "enabled",
            (int)s->enabled, "live", (int)s->live, "stuck", (int)s->stuck, "newest_at",
            time_or_null(c->newest_s), "sightings", (json_int_t)c->sightings, "per_second",
            (double)s->sightings / up_s, "lag", (json_int_t)s->lag, "memory", "bytes",
            (json_int_t)c->bytes, "max_bytes", (json_int_t)memory_max, "checkpoint_at",
            pk_view_time(s->checkpoint_ms), "checkpoint_bytes", (json_int_t)s->checkpoint_bytes,
            "counts", counts);
}
