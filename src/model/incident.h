/* incident.h - findings about one thing on one device, merged over time. */
#pragma once

#include "model/finding.h"

enum pk_incident_state {
    PK_INCIDENT_OPEN,
    PK_INCIDENT_MITIGATED, /* the cause is there, the data are protected */
    PK_INCIDENT_RESOLVED,
    PK_INCIDENT_DISMISSED, /* a person said it is none, with a reason; it does not reopen */
};

extern const char *const pk_incident_state_names[]; /* NULL-terminated */

#define PK_ID_TEXT 40 /* bytes of an id with its NUL */

struct pk_incident {
    char id[PK_ID_TEXT];
    char device[PK_ID_TEXT];
    const struct pk_threat *threat;
    const char *subject;
    enum pk_incident_state state;
    enum pk_severity severity;
    double confidence; /* the highest so far of this opening */
    int64_t count;     /* findings merged */
    int64_t opened_ms;
    int64_t updated_ms;
    int64_t ended_ms; /* 0 while open */
    const char *rule;
    json_t *evidence;   /* of the most confident finding */
    const char *reason; /* why a person dismissed it; NULL */
    /* A drill: it walks the whole way to the person and the SOC, and counts nowhere - not for risk, crowd,
     * predictions, trends or statistics. Shown as "Test". */
    bool simulated;
};

enum pk_incident_change {
    PK_CHANGE_NONE,
    PK_CHANGE_OPENED,
    PK_CHANGE_UPDATED,
    PK_CHANGE_RESOLVED,
    PK_CHANGE_REOPENED,
    PK_CHANGE_DISMISSED, /* by a person */
};
