/* settings_privacy.h - the groups "retention" and "privacy" of picketd.yaml: how long what is kept, and how many
 * must stand behind what others are shown. */
#pragma once

#include "base/schema.h"
#include "crowd/kanon.h"

struct pk_retention_settings {
    int64_t reports_days;
    int64_t incidents_days;
    int64_t events_days;
    int64_t actions_days;
    int64_t audit_days;
    int64_t apps_days;
    int64_t ledger_days;
};

enum pk_employee_erase {
    PK_ERASE_ASKS,  /* an administrator has to agree */
    PK_ERASE_ALONE, /* the person decides */
};
extern const char *const pk_employee_erase_names[]; /* NULL-terminated */

struct pk_privacy_settings {
    int64_t place_devices;
    int employee_erase; /* enum pk_employee_erase */
};

extern const struct pk_schema pk_retention_schema;
extern const struct pk_schema pk_privacy_schema;

/* The thresholds as the settings have them; k for other groups and for other organisations' servers
 * stand with what tells them (crowd.min_devices, exchange.min_devices). */
struct pk_kanon pk_privacy_kanon(
        const struct pk_privacy_settings *settings, int64_t view_devices, int64_t exchange_devices);
