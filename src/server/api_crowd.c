/* GET /crowd, /crowd/map, /crowd/voice. */
#include <math.h>
#include <stdlib.h>

#include "crowd/key.h"
#include "server/crowd.h"
#include "server/crowd_bad.h"
#include "server/geohash.h"
#include "server/looks.h"
#include "server/view_crowd.h"

#define MIB INT64_C(1048576)

int pk_api_crowd_get(struct pk_call *call, struct pk_error *err)
{
    struct pk_server *server = call->server;
    struct pk_crowd_server_status status = { 0 };
    struct pk_crowd_counts counts = { 0 };
    struct pk_crowd_bad_list bad = { 0 };
    json_t *by_kind = json_object();
    struct pk_crowd_door door;
    json_t *body;
    int rc;

    pk_crowd_door_init(&door, call);
    rc = pk_crowd_bad_gather(&door, NULL, &bad, err);
    if (rc < 0) {
        json_decref(by_kind);
        return rc;
    }
    pk_crowd_server_status(server->crowd, &status);
    pk_crowd_server_count(server->crowd, &counts);
    for (int i = 0; i < PK_CROWD_KINDS; i++) {
        (void)json_object_set_new(
                by_kind, pk_crowd_kind_names[i], json_integer((json_int_t)bad.by_kind[i]));
    }
    body = pk_view_crowd_status(&status, &counts, server->settings.crowd->memory_max_mb * MIB,
            call->now_ms - server->started_ms);
    (void)json_object_update_new(body,
            json_pack("{s:o, s:I, s:I}", "bad", by_kind, "hidden", (json_int_t)bad.hidden,
                    "min_devices", (json_int_t)server->settings.crowd->min_devices));
    pk_crowd_bad_finish(&bad);
    return pk_call_reply(call, 200, body);
}

/* ---- the map ---- */

struct cells {
    struct pk_crowd_zone *items;
    size_t count, room;
    bool short_of_memory;
};

/* Under the crowd's lock: only copied. */
static void take_zone(void *ctx, const struct pk_crowd_zone *zone)
{
    struct cells *c = ctx;

    if (c->count == c->room) {
        size_t room = c->room == 0 ? 256 : 2 * c->room;
        struct pk_crowd_zone *grown = reallocarray(c->items, room, sizeof(*grown));

        if (grown == NULL) {
            c->short_of_memory = true;
            return;
        }
        c->items = grown;
        c->room = room;
    }
    c->items[c->count++] = *zone;
}

static int by_place(const void *a, const void *b)
{
    const struct pk_crowd_zone *x = a;
    const struct pk_crowd_zone *y = b;

    return x->place < y->place ? -1 : x->place > y->place;
}

static bool view_cell(json_t *out, const struct pk_crowd_door *door, const struct pk_crowd_zone *z)
{
    char place[PK_CROWD_TEXT];
    struct pk_square at;

    if (!pk_geohash_square(pk_crowd_place_text(z->place, place), &at)) {
        return false; /* of a recording that was replayed: its places are no squares */
    }
    (void)json_array_append_new(out,
            json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:o}", "place", place, "south", at.south,
                    "west", at.west, "north", at.north, "east", at.east, "joins",
                    round((double)z->joins * 10) / 10, "bad", round((double)z->bad * 10) / 10,
                    "devices", pk_crowd_door_number(door, z->devices)));
    return true;
}

/* Cells of about 5 km where enough devices were; the others together as the one of 40 km that they lie in; or
 * only counted. */
static int64_t view_cells(json_t *out, const struct pk_crowd_door *door, struct cells *cells)
{
    int64_t hidden = 0;
    size_t end;

    if (cells->count > 1) { /* qsort takes no NULL, not even of nothing */
        qsort(cells->items, cells->count, sizeof(*cells->items), by_place);
    }
    for (size_t from = 0; from < cells->count; from = end) {
        struct pk_crowd_zone parent = { .place = cells->items[from].place >> 5 };
        int64_t in_parent = 0;

        for (end = from; end < cells->count && cells->items[end].place >> 5 == parent.place;
                end++) {
            const struct pk_crowd_zone *z = &cells->items[end];

            if (pk_kanon_place(&door->kanon, PK_KANON_VIEW, z->devices, 0) != 0) {
                (void)view_cell(out, door, z);
                continue;
            }
            in_parent++;
            parent.joins += z->joins;
            parent.bad += z->bad;
            parent.devices = z->devices > parent.devices ? z->devices : parent.devices;
        }
        if (in_parent > 0 &&
                (pk_kanon_place(&door->kanon, PK_KANON_VIEW, 0, parent.devices) == 0 ||
                        !view_cell(out, door, &parent))) {
            hidden += in_parent;
        }
    }
    return hidden;
}

int pk_api_crowd_map(struct pk_call *call, struct pk_error *err)
{
    struct cells cells = { 0 };
    json_t *list = json_array();
    struct pk_crowd_door door;
    int64_t hidden;

    pk_crowd_door_init(&door, call);
    pk_crowd_server_each_zone(call->server->crowd, take_zone, &cells);
    if (cells.short_of_memory) {
        free(cells.items);
        json_decref(list);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    hidden = view_cells(list, &door, &cells);
    free(cells.items);
    return pk_call_reply(call, 200,
            json_pack("{s:o, s:I, s:I}", "cells", list, "hidden", (json_int_t)hidden, "min_devices",
                    (json_int_t)call->server->settings.crowd->min_devices));
}

/* ---- a voice ---- */

static const char *summary_of(bool known, double weight)
{
    return !known          ? "it has said nothing yet"
            : weight < 0.1 ? "its word hardly counts for others"
            : weight < 0.5 ? "its word counts in part"
                           : "its word counts";
}

static int take_device(const char *name, const char *value, void *ctx)
{
    const char **out = ctx;

    out[strcmp(name, "device") != 0] = strcmp(name, "device") == 0 ? value : name;
    return PK_OK;
}

int pk_api_crowd_voice(struct pk_call *call, struct pk_error *err)
{
    struct pk_crowd_voice voice = { 0 };
    const char *args[2] = { NULL, NULL }; /* the device; a parameter that there is not */
    const char *name;
    bool known;

    (void)pk_request_query_each(call->request, take_device, args);
    if (args[1] != NULL) {
        (void)pk_error_set(err, PK_EUNKNOWN, "this call has no such parameter");
        return pk_query_path(err, args[1]);
    }
    if (args[0] == NULL) {
        (void)pk_error_set(err, PK_EMALF, "whose voice?");
        return pk_query_path(err, "device");
    }
    name = pk_call_device_name(call, args[0]);
    if (name[0] == '\0') {
        return pk_error_set(err, PK_ENOENT, "there is no such device");
    }
    known = pk_crowd_server_voice(call->server->crowd, args[0], &voice);
    pk_call_look(call, "device.look", args[0]);
    return pk_call_reply(call, 200,
            json_pack("{s:o, s:b, s:f, s:s, s:o}", "device", pk_view_device_ref(args[0], name),
                    "known", (int)known, "weight", round((double)voice.weight * 1000) / 1000,
                    "summary", summary_of(known, (double)voice.weight), "factors",
                    known ? pk_view_crowd_voice(&voice) : json_array()));
}
