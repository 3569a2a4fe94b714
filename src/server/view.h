/* view.h - the objects of docs/api.md as JSON: what the console and programs see. Pure: values in,
 * JSON out. The caller owns what comes back; NULL when memory is short. */
#pragma once

#include "store/store.h"

json_t *pk_view_time(int64_t at_ms);    /* 0: null */
json_t *pk_view_text(const char *text); /* NULL or "": null */
json_t *pk_view_id(int64_t id);         /* ids are opaque text, also those that count */
json_t *pk_view_strings(const char *const *items, size_t count);

const char *pk_view_device_status(const struct pk_device *device, int64_t now_ms);
/* {"id","name"} */
json_t *pk_view_device_ref(const char *id, const char *name);
json_t *pk_view_device(const struct pk_device *device, int64_t now_ms);
/* alerts: struct pk_action, incidents: struct pk_incident_row. */
json_t *pk_view_device_full(const struct pk_device *device, const struct pk_array *incidents,
        const struct pk_array *alerts, int64_t now_ms);

json_t *pk_view_incident(const struct pk_incident_row *row);
/* timeline: struct pk_timeline_row; elsewhere: struct pk_incident_row. */
json_t *pk_view_incident_full(const struct pk_incident_row *row, const struct pk_array *timeline,
        const struct pk_array *elsewhere);
/* A catalogue text with its {subject}, as an administrator sees it. */
json_t *pk_view_threat_text(const char *text, const char *subject);

/* device_name and incident may be NULL. */
json_t *pk_view_event(const struct pk_event_row *row, const char *device_name,
        const struct pk_incident_row *incident);

json_t *pk_view_target(const struct pk_target_state *target);
json_t *pk_view_targets(const struct pk_array *targets);
json_t *pk_view_enrollment(const struct pk_enrollment *enrollment);
json_t *pk_view_token(const struct pk_token *token);
json_t *pk_view_audit(const struct pk_audit_row *row);
/* With what employees read in this language, as pk_threat_words() takes it; the rest is English. */
json_t *pk_view_threat(const struct pk_threat *threat, const char *language);
