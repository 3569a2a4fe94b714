#include "model/incident.h"

const char *const pk_incident_state_names[] = { "open", "mitigated", "resolved", "dismissed",
    NULL };
