/* GET /devices/{id}/risk, /zones. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "crowd/key.h"
#include "server/call.h"
#include "server/crowd.h"
#include "server/geohash.h"
#include "server/looks.h"
#include "server/view.h"
#include "server/view_foresight.h"

#define HISTORY_MS  (30 * PK_DAY_MS)
#define HISTORY_MAX 500

/* ---- one device ---- */

static int history_of(struct pk_call *call, const char *id, json_t **out, struct pk_error *err)
{
    struct pk_array rows = { 0 };
    const struct pk_risk_then *items;
    json_t *list = json_array();
    int rc = pk_device_risks(
            call->store, id, call->now_ms - HISTORY_MS, HISTORY_MAX, call->arena, &rows, err);

    items = rc == PK_OK ? rows.items : NULL;
    for (size_t i = 0; items != NULL && i < rows.count; i++) {
        (void)json_array_append_new(list,
                json_pack("{s:o, s:s}", "at", pk_view_time(items[i].at_ms), "level",
                        pk_risk_level_names[items[i].level]));
    }
    *out = list;
    return rc;
}

/* What stands in the store may be minutes old: this is of now, but for where the device is. */
static json_t *foresight_of(struct pk_call *call, const struct pk_device *device)
{
    json_t *stored = pk_view_foresight(device->foresight);
    struct pk_foresight now;
    json_t *view;
    json_t *zone;

    if (device->revoked_ms != 0 ||
            !pk_crowd_server_foresight(
                    call->server->crowd, device->id, device->outlook, call->arena, &now)) {
        return stored;
    }
    view = pk_view_foresight_now(&now);
    zone = json_object_get(stored, "zone");
    (void)json_object_set(view, "zone", zone != NULL ? zone : json_null());
    json_decref(stored);
    return view;
}

int pk_api_device_risk(struct pk_call *call, struct pk_error *err)
{
    const char *id = pk_request_param(call->request, "id");
    struct pk_device device;
    json_t *history = NULL;
    int rc = pk_device_get(call->store, id, call->arena, &device, err);

    rc = rc < 0 ? rc : history_of(call, id, &history, err);
    if (rc < 0) {
        json_decref(history);
        return rc;
    }
    rc = pk_call_reply(call, 200,
            json_pack("{s:o, s:o, s:o, s:o}", "device", pk_view_device_ref(id, device.name), "risk",
                    pk_view_risk(&device), "foresight", foresight_of(call, &device), "history",
                    history));
    if (rc == PK_OK) {
        pk_call_look(call, "device.look", id);
    }
    return rc;
}

/* ---- zones ---- */

struct cells {
    uint32_t *items;
    size_t count, room;
    size_t hidden;
    bool short_of_memory;
};

/* Under the crowd's lock: only copied. */
static void take_place(void *ctx, uint32_t place, const struct pk_zone_risk *risk)
{
    struct cells *c = ctx;

    if (!risk->own) {
        c->hidden++;
        return;
    }
    if (c->count == c->room) {
        size_t room = c->room == 0 ? 256 : 2 * c->room;
        uint32_t *grown = reallocarray(c->items, room, sizeof(*grown));

        if (grown == NULL) {
            c->short_of_memory = true;
            return;
        }
        c->items = grown;
        c->room = room;
    }
    c->items[c->count++] = place;
}

static int by_place(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void view_cell(struct pk_call *call, json_t *out, uint32_t place, size_t *hidden)
{
    char text[PK_CROWD_TEXT];
    struct pk_square at;
    struct pk_foresight_zone zone;

    if (!pk_geohash_square(pk_crowd_place_text(place, text), &at) ||
            !pk_crowd_server_place(call->server->crowd, place, call->arena, &zone)) {
        ++*hidden;
        return;
    }
    (void)json_array_append_new(out,
            json_pack("{s:s, s:f, s:f, s:f, s:f, s:s, s:f, s:I, s:I, s:s?}", "place", text, "south",
                    at.south, "west", at.west, "north", at.north, "east", at.east, "light",
                    pk_zone_standing_names[zone.standing], "p", round(zone.p * 1e5) / 1e5,
                    "attacks", (json_int_t)zone.attacks, "joins", (json_int_t)zone.joins, "why",
                    zone.why));
}

int pk_api_zone_list(struct pk_call *call, struct pk_error *err)
{
    struct cells cells = { 0 };
    json_t *list;

    pk_crowd_server_each_place(call->server->crowd, take_place, &cells);
    if (cells.short_of_memory) {
        free(cells.items);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (cells.count > 1) { /* qsort takes no NULL, not even of nothing */
        qsort(cells.items, cells.count, sizeof(*cells.items), by_place);
    }
    list = json_array();
    for (size_t i = 0; i < cells.count; i++) {
        view_cell(call, list, cells.items[i], &cells.hidden);
    }
    free(cells.items);
    return pk_call_reply(call, 200,
            json_pack("{s:o, s:I, s:i}", "cells", list, "hidden", (json_int_t)cells.hidden,
                    "min_devices", PK_ZONE_DEVICES_MIN));
}
