#include <stdio.h>
#include <string.h>

#include "server/events_wait.h"
#include "server/view.h"

/* One event with what it speaks of, as that is now. */
static int view_event(struct pk_store *store, const struct pk_event_row *row,
        struct pk_arena *arena, json_t **out, struct pk_error *err)
{
    struct pk_incident_row incident;
    struct pk_device device;
    const char *name = NULL;
    bool has_incident = false;
    int rc = PK_ENOENT;

    if (row->incident != NULL) {
        rc = pk_incident_get(store, row->incident, arena, &incident, err);
        has_incident = rc == PK_OK;
        name = has_incident ? incident.device_name : NULL;
    }
    if (row->device != NULL && name == NULL && (rc == PK_OK || rc == PK_ENOENT)) {
        rc = pk_device_get(store, row->device, arena, &device, err);
        name = rc == PK_OK ? device.name : NULL;
    }
    if (rc < 0 && rc != PK_ENOENT) {
        return rc;
    }
    *out = pk_view_event(row, name, has_incident ? &incident : NULL);
    return *out == NULL ? PK_ENOMEM : PK_OK;
}

/* Of a device that the store shows. What is of no device may name several. */
static bool is_inside(
        struct pk_store *store, const struct pk_event_row *row, struct pk_arena *arena)
{
    struct pk_device device;

    return row->device != NULL && pk_device_get(store, row->device, arena, &device, NULL) == PK_OK;
}

static int read_some(struct pk_store *store, const struct pk_events_wish *wish,
        struct pk_arena *arena, json_t **items, int64_t *next, struct pk_error *err)
{
    json_t *list = json_array();
    int64_t after = wish->after;
    struct pk_array rows = { 0 };
    int rc;

    /* What may not be seen is stepped over, so that a page is empty only when nothing is left. */
    do {
        const struct pk_event_row *row;

        rc = pk_event_after(store, after, wish->limit, arena, &rows, err);
        row = rows.items;
        for (size_t i = 0; rc == PK_OK && i < rows.count; i++) {
            json_t *event = NULL;

            after = row[i].id;
            if (!wish->audit && strcmp(row[i].type, "audit") == 0) {
                continue;
            }
            if (wish->scope[0] != '\0' && !is_inside(store, &row[i], arena)) {
                continue;
            }
            rc = view_event(store, &row[i], arena, &event, err);
            if (rc == PK_OK) {
                (void)json_array_append_new(list, event);
            }
        }
    } while (rc == PK_OK && json_array_size(list) == 0 && (int64_t)rows.count == wish->limit);
    if (rc < 0) {
        json_decref(list);
        return rc;
    }
    *items = list;
    *next = after;
    return PK_OK;
}

int pk_events_read(struct pk_store *store, const struct pk_events_wish *wish,
        struct pk_arena *arena, json_t **items, int64_t *next, struct pk_error *err)
{
    char before[PK_SCOPE_TEXT];
    int rc;

    (void)snprintf(before, sizeof(before), "%s", pk_store_scope_text(store));
    pk_store_scope(store, wish->scope);
    rc = read_some(store, wish, arena, items, next, err);
    pk_store_scope(store, before);
    return rc;
}

json_t *pk_events_body(json_t *items, int64_t next)
{
    return json_pack("{s:o, s:o}", "items", items, "next", pk_view_id(next));
}
