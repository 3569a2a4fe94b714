#include "model/observation.h"
#include "server/call.h"
#include "server/looks.h"
#include "server/reason.h"
#include "server/view.h"
#include "store/guard.h"

#define INCIDENTS_MAX 50
#define ALERTS_MAX    20

static const char *const statuses[] = { "active", "silent", "never", "revoked", NULL };
static const char *const sorts[] = { "name", "last_seen_at", "risk", "outlook", "p7", "enrolled_at",
    NULL };
static const char *const accesses[] = { "blocked", "free", NULL };

int pk_api_device_list(struct pk_call *call, struct pk_error *err)
{
    const struct pk_filter_rule filters[] = {
        { "zone", pk_zone_standing_names },
        { "status", statuses },
        { "platform", pk_platform_names },
        { "level", pk_risk_level_names },
        { "outlook", pk_outlook_names },
        { "access", accesses },
        { "group", NULL },
        { "q", NULL },
        { NULL, NULL },
    };
    const struct pk_list_rules rules = { filters, sorts };
    const struct pk_device *devices;
    struct pk_query query;
    struct pk_page page = { 0 };
    json_t *items;
    int rc = pk_call_list_args(call, &rules, &query, err);

    if (rc == PK_OK) {
        rc = pk_device_list(call->store, &query, call->arena, &page, err);
    }
    if (rc < 0) {
        return rc;
    }
    items = json_array();
    devices = page.items;
    for (size_t i = 0; i < page.count; i++) {
        (void)json_array_append_new(items, pk_view_device(&devices[i], call->now_ms));
    }
    return pk_call_reply_page(call, &page, items);
}

/* Its incidents, newest first, whatever their state. */
static int incidents_of(
        struct pk_call *call, const char *device, struct pk_array *out, struct pk_error *err)
{
    struct pk_filter filter = { .field = "device", .values = { &device, 1 } };
    struct pk_query query = {
        .limit = INCIDENTS_MAX,
        .filters = &filter,
        .filter_count = 1,
        .now_ms = call->now_ms,
    };
    struct pk_page page = { 0 };
    int rc = pk_incident_list(call->store, &query, call->arena, &page, err);

    if (rc == PK_OK) {
        *out = (struct pk_array){ .items = page.items, .count = page.count };
    }
    return rc;
}

/* The rule behind a measure: the one whose cause is the oldest, out of where its policy stands. */
static const json_t *cause_of(const json_t *guard, int measure)
{
    const json_t *found = NULL;
    const json_t *track;
    size_t i;

    json_array_foreach (json_object_get(guard, "tracks"), i, track) {
        json_int_t from = json_integer_value(json_object_get(track, "from"));
        bool reached = (json_integer_value(json_object_get(track, "m")) >> measure & 1) != 0;

        if (reached && !json_is_true(json_object_get(track, "d")) &&
                (found == NULL || from < json_integer_value(json_object_get(found, "from")))) {
            found = track;
        }
    }
    return found;
}

/* [{"measure","rule","incident","cause_at"}] of what is kept from it now. */
static int access_of(
        struct pk_call *call, const struct pk_device *device, json_t **out, struct pk_error *err)
{
    json_t *list = json_array();
    json_t *guard = NULL;
    int rc = PK_OK;

    if (device->measures != 0) {
        rc = pk_guard_row_get(call->store, device->id, call->arena, &guard, err);
    }
    for (int m = 0; m < PK_MEASURE_COUNT && (rc == PK_OK || rc == PK_ENOENT); m++) {
        if ((device->measures >> m & 1) != 0) {
            const json_t *cause = rc == PK_OK ? cause_of(guard, m) : NULL;
            const char *rule = json_string_value(json_object_get(cause, "r"));
            const char *incident = json_string_value(json_object_get(cause, "i"));

            (void)json_array_append_new(list,
                    json_pack("{s:s, s:o, s:o, s:o}", "measure", pk_measure_names[m], "rule",
                            pk_view_text(rule), "incident", pk_view_text(incident), "cause_at",
                            pk_view_time(json_integer_value(json_object_get(cause, "from")))));
        }
    }
    if (rc < 0 && rc != PK_ENOENT) {
        json_decref(list);
        return rc;
    }
    *out = list;
    return PK_OK;
}

static int reply_device(struct pk_call *call, const char *id, struct pk_error *err)
{
    struct pk_array incidents = { 0 };
    struct pk_array alerts = { 0 };
    struct pk_device device;
    json_t *access = NULL;
    json_t *view;
    int rc = pk_device_get(call->store, id, call->arena, &device, err);

    if (rc == PK_OK) {
        rc = incidents_of(call, id, &incidents, err);
    }
    if (rc == PK_OK) {
        rc = pk_action_of_device(call->store, id, ALERTS_MAX, call->arena, &alerts, err);
    }
    if (rc == PK_OK) {
        rc = access_of(call, &device, &access, err);
    }
    if (rc < 0) {
        return rc;
    }
    view = pk_view_device_full(&device, &incidents, &alerts, call->now_ms);
    (void)json_object_set_new(view, "access", access);
    return pk_call_reply(call, 200, view);
}

int pk_api_device_get(struct pk_call *call, struct pk_error *err)
{
    const char *id = pk_request_param(call->request, "id");
    int rc = reply_device(call, id, err);

    if (rc == PK_OK) {
        pk_call_look(call, "device.look", id);
    }
    return rc;
}

static int revoke(struct pk_call *call, void *ctx, struct pk_error *err)
{
    const struct pk_reason_body *body = ctx;
    const char *id = pk_request_param(call->request, "id");
    const char *by = pk_actor_text(&call->actor, call->arena);
    json_t *detail = json_pack("{s:s, s:s}", "by", by, "reason", body->reason);
    struct pk_event_row event = {
        .at_ms = call->now_ms,
        .type = "device.revoked",
        .device = id,
        .detail = detail,
    };
    struct pk_device device;
    int rc = pk_device_get(call->store, id, call->arena, &device, err);

    if (rc == PK_OK && device.revoked_ms != 0) {
        rc = pk_error_set(err, PK_EEXIST, "this device is revoked already");
    }
    if (rc == PK_OK) {
        rc = pk_device_revoke(call->store, id, call->now_ms, by, body->reason, err);
    }
    if (rc == PK_OK) {
        rc = pk_event_add(call->store, &event, err);
    }
    json_decref(detail);
    if (rc == PK_OK) {
        rc = pk_call_audit(call, "device.revoke", id,
                json_pack("{s:s, s:s}", "name", device.name, "reason", body->reason), err);
    }
    return rc;
}

int pk_api_device_revoke(struct pk_call *call, struct pk_error *err)
{
    const char *id = pk_request_param(call->request, "id");
    struct pk_reason_body body;
    int rc;

    if (pk_request_decode(call->request, &pk_reason_schema, &body) < 0) {
        return PK_OK;
    }
    rc = pk_call_transaction(call, revoke, &body, err);
    if (rc < 0) {
        return rc;
    }
    pk_server_device_revoked(call->server, id);
    return reply_device(call, id, err);
}
