#include "model/observation.h"
#include "server/view.h"
#include "server/view_foresight.h"

const char *pk_view_device_status(const struct pk_device *device, int64_t now_ms)
{
    if (device->revoked_ms != 0) {
        return "revoked";
    }
    if (device->seen_ms == 0) {
        return "never";
    }
    return now_ms - device->seen_ms > PK_DEVICE_SILENT_MS ? "silent" : "active";
}

json_t *pk_view_device_ref(const char *id, const char *name)
{
    return json_pack("{s:s, s:s}", "id", id, "name", name != NULL ? name : "");
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static json_t *measures_of(const struct pk_device *d)
{
    json_t *list = json_array();

    for (int i = 0; i < PK_MEASURE_COUNT; i++) {
        if ((d->measures >> i & 1) != 0) {
            (void)json_array_append_new(list, json_string(pk_measure_names[i]));
        }
    }
    return list;
}

json_t *pk_view_device(const struct pk_device *d, int64_t now_ms)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:{s:s, s:s, s:o, s:o}, s:o, s:s, s:s, s:o, s:o,"
                     " s:{s:I, s:s}, s:I, s:s, s:o, s:s, s:s, s:o}",
            "id", d->id, "name", d->name, "platform", pk_platform_names[d->platform], "model",
            pk_view_text(d->model), "os", "name", or_empty(d->os_name), "version",
            or_empty(d->os_version), "kernel", pk_view_text(d->kernel), "patch",
            pk_view_text(d->patch), "agent", pk_view_text(d->agent), "group", or_empty(d->group),
            "status", pk_view_device_status(d, now_ms), "enrolled_at", pk_view_time(d->enrolled_ms),
            "last_seen_at", pk_view_time(d->seen_ms), "risk", "score", (json_int_t)d->risk_score,
            "level", pk_risk_level_names[d->risk_level], "open_incidents",
            (json_int_t)d->open_incidents, "outlook", pk_outlook_names[d->outlook], "p7",
            d->outlook == PK_OUTLOOK_UNKNOWN ? json_null() : json_real(d->p7), "zone",
            pk_zone_standing_names[d->zone], "ownership", pk_ownership_names[d->ownership],
            "measures", measures_of(d));
}

/* The value of a key as it is stored, or null. */
static json_t *kept(const json_t *from, const char *key)
{
    json_t *value = json_object_get(from, key);

    return value != NULL ? json_incref(value) : json_null();
}

/* The same for a list: absent is empty. */
static json_t *kept_list(const json_t *from, const char *key)
{
    json_t *value = json_object_get(from, key);

    return json_is_array(value) ? json_incref(value) : json_array();
}

static json_t *posture_of(const struct pk_device *d)
{
    if (d->posture == NULL) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "disk_encrypted",
            kept(d->posture, "disk_encrypted"), "screen_lock", kept(d->posture, "screen_lock"),
            "developer_mode", kept(d->posture, "developer_mode"), "root_signs",
            kept_list(d->posture, "root_signs"), "at", kept(d->posture, "at"));
}

static json_t *network_of(const struct pk_device *d)
{
    const char *portal = json_string_value(json_object_get(d->network, "portal"));
    const char *kind = json_string_value(json_object_get(d->network, "link"));

    if (d->network == NULL) {
        return json_null();
    }
    return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:s, s:o}", "id", kept(d->network, "id"),
            "kind", kind != NULL ? kind : "unknown", "security", kept(d->network, "security"),
            "gateway", kept(d->network, "gateway"), "gateway_mac", kept(d->network, "gateway_mac"),
            "dns", kept_list(d->network, "dns"), "portal", portal != NULL ? portal : "unknown",
            "joined_at", kept(d->network, "at"));
}

/* An alert's texts name the subject by a placeholder: only the device knows its network's name. */
static json_t *alert_of(const struct pk_action *action)
{
    const char *title = json_string_value(json_object_get(action->payload, "title"));
    const char *subject = json_string_value(json_object_get(action->payload, "subject"));

    return json_pack("{s:o, s:o, s:o, s:s, s:o, s:s?}", "id", pk_view_id(action->id), "at",
            pk_view_time(action->created_ms), "title",
            pk_view_threat_text(title != NULL ? title : "", subject), "state",
            pk_action_state_names[action->state], "threat", kept(action->payload, "threat"),
            "incident", action->incident);
}

static json_t *certificate_of(const struct pk_device *d)
{
    if (d->cert_serial == NULL || d->cert_serial[0] == '\0') {
        return json_null();
    }
    return json_pack("{s:s, s:o}", "serial", d->cert_serial, "not_after",
            pk_view_time(d->cert_not_after_ms));
}

static json_t *revoked_of(const struct pk_device *d)
{
    if (d->revoked_ms == 0) {
        return json_null();
    }
    return json_pack("{s:o, s:s, s:s}", "at", pk_view_time(d->revoked_ms), "by",
            or_empty(d->revoked_by), "reason", or_empty(d->revoked_why));
}

json_t *pk_view_device_full(const struct pk_device *device, const struct pk_array *incidents,
        const struct pk_array *alerts, int64_t now_ms)
{
    const struct pk_incident_row *incident = incidents->items;
    const struct pk_action *alert = alerts->items;
    json_t *summary = pk_view_device(device, now_ms);
    json_t *incident_list = json_array();
    json_t *alert_list = json_array();
    json_t *full;

    for (size_t n = 0; n < incidents->count; n++) {
        (void)json_array_append_new(incident_list, pk_view_incident(&incident[n]));
    }
    for (size_t n = 0; n < alerts->count; n++) {
        (void)json_array_append_new(alert_list, alert_of(&alert[n]));
    }
    full = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "risk", pk_view_risk(device),
            "foresight", pk_view_foresight(device->foresight), "posture", posture_of(device),
            "network", network_of(device), "incidents", incident_list, "alerts", alert_list,
            "certificate", certificate_of(device), "revoked", revoked_of(device));
    if (json_object_update_new(summary, full) < 0) {
        json_decref(summary);
        return NULL;
    }
    return summary;
}
