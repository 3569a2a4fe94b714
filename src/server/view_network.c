#include "server/view_network.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "model/observation.h"
#include "server/geohash.h"

#define TIMELINE_MAX 100

static json_t *severity_of(int64_t standing)
{
    return standing > PK_NETWORK_CLEAN
            ? json_string(pk_severity_name((enum pk_severity)(standing - PK_NETWORK_CLEAN)))
            : json_null();
}

json_t *pk_view_network(const struct pk_network_row *row, int64_t until_ms)
{
    return json_pack("{s:s, s:o, s:b, s:s, s:s, s:s, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o,"
                     " s:I, s:I, s:I, s:I, s:I, s:o}",
            "id", row->id, "name", pk_view_text(row->name), "listed", (int)(row->name != NULL),
            "link", pk_link_names[row->link], "security", pk_security_names[row->security],
            "verdict", pk_network_verdict_names[row->standing], "severity",
            severity_of(row->standing), "threat", pk_view_text(row->threat), "devices",
            (json_int_t)row->devices, "first_seen_at", pk_view_time(row->first_ms), "last_seen_at",
            pk_view_time(row->last_ms), "checked_at", pk_view_time(row->checked_ms), "last_bad_at",
            pk_view_time(row->bad_ms), "last_bad_threat", pk_view_text(row->bad_threat), "place",
            pk_view_text(row->place), "points", (json_int_t)row->points, "makers",
            (json_int_t)row->makers, "gateways", (json_int_t)row->gateways, "resolvers",
            (json_int_t)row->resolvers, "places", (json_int_t)row->places, "forgotten_at",
            row->standing > PK_NETWORK_CLEAN ? json_null() : pk_view_time(until_ms));
}

json_t *pk_view_network_device(const struct pk_network_device *row)
{
    return json_pack("{s:o, s:o, s:o, s:I, s:I}", "device",
            pk_view_device_ref(row->device, row->name), "first_seen_at",
            pk_view_time(row->first_ms), "last_seen_at", pk_view_time(row->last_ms), "visits",
            (json_int_t)row->visits, "open_incidents", (json_int_t)row->open);
}

json_t *pk_view_network_traits(const struct pk_array *traits)
{
    static const char *const keys[PK_TRAIT_COUNT] = {
        [PK_TRAIT_POINT] = "points",
        [PK_TRAIT_MAKER] = "makers",
        [PK_TRAIT_GATEWAY] = "gateways",
        [PK_TRAIT_RESOLVER] = "resolvers",
        [PK_TRAIT_PLACE] = "places",
    };
    const struct pk_network_trait_row *rows = traits->items;
    json_t *out = json_object();

    for (size_t i = 0; i < PK_COUNT(keys); i++) {
        (void)json_object_set_new(out, keys[i], json_array());
    }
    for (size_t i = 0; i < traits->count; i++) {
        if (rows[i].kind >= 0 && rows[i].kind < PK_TRAIT_COUNT) {
            (void)json_array_append_new(json_object_get(out, keys[rows[i].kind]),
                    json_pack("{s:s, s:o, s:o}", "value", rows[i].value, "first_seen_at",
                            pk_view_time(rows[i].first_ms), "last_seen_at",
                            pk_view_time(rows[i].last_ms)));
        }
    }
    return out;
}

json_t *pk_view_network_facts(const struct pk_array *facts)
{
    const struct pk_network_fact *rows = facts->items;
    json_t *out = json_array();

    for (size_t i = 0; i < facts->count; i++) {
        if (rows[i].kind < 0 || rows[i].kind >= PK_OBS_KIND_COUNT || rows[i].body == NULL) {
            continue;
        }
        (void)json_array_append_new(out,
                json_pack("{s:s, s:o, s:o, s:O}", "kind", pk_observation_kind_names[rows[i].kind],
                        "about", pk_view_text(rows[i].part), "at", pk_view_time(rows[i].at_ms),
                        "body", rows[i].body));
    }
    return out;
}

json_t *pk_view_network_cells(const struct pk_array *cells)
{
    const struct pk_network_cell *rows = cells->items;
    json_t *out = json_array();
    struct pk_square at;

    for (size_t i = 0; i < cells->count; i++) {
        if (pk_geohash_square(rows[i].place, &at)) { /* else somebody made it up */
            (void)json_array_append_new(out,
                    json_pack("{s:s, s:f, s:f, s:f, s:f, s:I, s:I, s:o, s:I}", "place",
                            rows[i].place, "south", at.south, "west", at.west, "north", at.north,
                            "east", at.east, "networks", (json_int_t)rows[i].networks, "bad",
                            (json_int_t)rows[i].bad, "severity", severity_of(rows[i].standing),
                            "devices", (json_int_t)rows[i].devices));
        }
    }
    return out;
}

/* ---- the organisation's list ---- */

/* How much each kind of security is worth, by pk_security_names. */
static int worth(int security)
{
    static const int by_index[] = { -1, 0, 2, 1, 2, 3, 4, 5 };

    return security >= 0 && (size_t)security < PK_COUNT(by_index) ? by_index[security] : -1;
}

static bool has_bssid(const struct pk_strings *list, const char *bssid)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcasecmp(list->items[i], bssid) == 0) {
            return true;
        }
    }
    return false;
}

json_t *pk_view_network_trust(const struct pk_trust *trust, const struct pk_network_row *row,
        const struct pk_array *traits)
{
    const struct pk_trust_network *listed = row->name != NULL ? pk_trust_network(trust, row->name)
                                                              : NULL;
    const struct pk_network_trait_row *t = traits->items;
    json_t *why = json_array();
    size_t points = 0;
    char text[160];

    if (listed == NULL) {
        json_decref(why);
        return json_null();
    }
    for (size_t i = 0; i < traits->count; i++) {
        if (t[i].kind != PK_TRAIT_POINT) {
            continue;
        }
        points++;
        if (listed->bssids.count > 0 && !has_bssid(&listed->bssids, t[i].value)) {
            (void)snprintf(
                    text, sizeof(text), "the access point %s is not on the list", t[i].value);
            (void)json_array_append_new(why, json_string(text));
        }
    }
    if (worth(listed->security) >= 0 && worth(row->security) >= 0 &&
            worth(row->security) < worth(listed->security)) {
        (void)snprintf(text, sizeof(text), "seen with %s, the list says at least %s",
                pk_security_names[row->security], pk_security_names[listed->security]);
        (void)json_array_append_new(why, json_string(text));
    }
    return json_pack("{s:s, s:s, s:I, s:b, s:o, s:o}", "name", listed->name, "security",
            pk_security_names[listed->security], "bssids", (json_int_t)listed->bssids.count,
            "certificate", (int)(listed->certificate != NULL), "fits",
            json_array_size(why) > 0                  ? json_false()
                    : points > 0 || row->security > 0 ? json_true()
                                                      : json_null(),
            "why", why);
}

/* ---- time line ---- */

struct moment {
    int64_t at_ms;
    const struct pk_incident_row *row;
    bool end;
};

static void put_in(struct moment *list, size_t *count, struct moment m)
{
    size_t at = *count;

    while (at > 0 && list[at - 1].at_ms < m.at_ms) {
        at--;
    }
    if (at == TIMELINE_MAX) {
        return;
    }
    *count += *count < TIMELINE_MAX ? 1 : 0;
    memmove(&list[at + 1], &list[at], (*count - 1 - at) * sizeof(*list));
    list[at] = m;
}

json_t *pk_view_network_timeline(const struct pk_array *incidents)
{
    const struct pk_incident_row *rows = incidents->items;
    struct moment list[TIMELINE_MAX + 1];
    json_t *out = json_array();
    size_t count = 0;

    for (size_t i = 0; i < incidents->count; i++) {
        const struct pk_incident *one = &rows[i].incident;

        put_in(list, &count, (struct moment){ .at_ms = one->opened_ms, .row = &rows[i] });
        if (one->ended_ms > 0) {
            put_in(list, &count,
                    (struct moment){ .at_ms = one->ended_ms, .row = &rows[i], .end = true });
        }
    }
    for (size_t i = 0; i < count; i++) {
        const struct pk_incident *one = &list[i].row->incident;

        (void)json_array_append_new(out,
                json_pack("{s:o, s:s, s:s, s:s, s:s, s:o}", "at", pk_view_time(list[i].at_ms),
                        "what", !list[i].end ? "detected" : pk_incident_state_names[one->state],
                        "incident", one->id, "threat", one->threat->id, "severity",
                        pk_severity_name(one->severity), "device",
                        pk_view_device_ref(one->device, list[i].row->device_name)));
    }
    return out;
}
