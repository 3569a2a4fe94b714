#include "server/settings_privacy.h"

#include <stddef.h>

#define AT(type, member) offsetof(struct type, member)

const char *const pk_employee_erase_names[] = { "ask", "alone", NULL };

/* clang-format off */
#define DAYS(member, least, days, text)                                                      \
    { #member, PK_TYPE_INT, 0, AT(pk_retention_settings, member), .min = (least), .max = 3650, \
      .def = (days), .help = (text) }

static const struct pk_field retention_fields[] = {
    DAYS(reports_days, 1, "14",
         "days that reports stay as they came; longer when somebody has not worked them in yet"),
    DAYS(incidents_days, 1, "400",
         "days after the end of an incident until it goes with its time line; open ones stay"),
    DAYS(events_days, 1, "90", "days that the event stream reaches back"),
    DAYS(actions_days, 1, "90",
         "days after an alert or message was delivered or given up; waiting ones stay"),
    DAYS(audit_days, 30, "400", "days that is kept who did what, and who looked at which device"),
    DAYS(apps_days, 1, "180", "days after an app is gone from a device"),
    DAYS(ledger_days, 1, "90",
         "days that is kept how much a device sent on which day; the sums stay"),
};

static const struct pk_field privacy_fields[] = {
    { "place_devices", PK_TYPE_INT, 0, AT(pk_privacy_settings, place_devices), .min = 1,
      .max = 10000, .def = "20",
      .help = "places with fewer devices are told as the larger square of about 40 km" },
    { "employee_erase", PK_TYPE_ENUM, 0, AT(pk_privacy_settings, employee_erase),
      .names = pk_employee_erase_names, .def = "ask",
      .help = "whether `picket-agent erase` erases alone, or asks an administrator" },
};
/* clang-format on */
const struct pk_schema pk_retention_schema = PK_SCHEMA(
        struct pk_retention_settings, retention_fields, "retention");
const struct pk_schema pk_privacy_schema = PK_SCHEMA(
        struct pk_privacy_settings, privacy_fields, "privacy");

struct pk_kanon pk_privacy_kanon(
        const struct pk_privacy_settings *s, int64_t view_devices, int64_t exchange_devices)
{
    struct pk_kanon k = pk_kanon_default;

    k.least[PK_KANON_VIEW] = (uint32_t)view_devices;
    k.least[PK_KANON_EXCHANGE] = (uint32_t)exchange_devices;
    k.place = (uint32_t)s->place_devices;
    return k;
}
