#include "server/view.h"

json_t *pk_view_event(const struct pk_event_row *row, const char *device_name,
        const struct pk_incident_row *incident)
{
    return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o}", "id", pk_view_id(row->id), "at",
            pk_view_time(row->at_ms), "type", row->type, "device",
            row->device != NULL ? pk_view_device_ref(row->device, device_name) : json_null(),
            "incident", incident != NULL ? pk_view_incident(incident) : json_null(), "detail",
            row->detail != NULL ? json_incref(row->detail) : json_object());
}
