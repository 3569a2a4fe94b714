#include "model/foresight.h"

/* clang-format off */
static const struct pk_field reason_fields[] = {
    { "reason", PK_TYPE_STRING, PK_REQUIRED, offsetof(struct pk_foresight_reason, reason),
      .max = 300, .help = "a sentence with numbers" },
    { "share", PK_TYPE_REAL, PK_REQUIRED, offsetof(struct pk_foresight_reason, share), .min = -100,
      .max = 100, .help = "percentage points of the chance" },
    { "lowers", PK_TYPE_STRING, 0, offsetof(struct pk_foresight_reason, lowers), .max = 300,
      .help = "what would lower it" },
};
static const struct pk_schema reason_schema =
    PK_SCHEMA(struct pk_foresight_reason, reason_fields, "reason");

static const struct pk_field zone_fields[] = {
    { "standing", PK_TYPE_ENUM, PK_REQUIRED, offsetof(struct pk_foresight_zone, standing),
      .names = pk_zone_standing_names, .help = "colour" },
    { "p", PK_TYPE_REAL, PK_REQUIRED, offsetof(struct pk_foresight_zone, p), .min = 0, .max = 1,
      .help = "chance that joining here means an attack" },
    { "attacks", PK_TYPE_INT, 0, offsetof(struct pk_foresight_zone, attacks), .min = 0,
      .max = 1000000000, .help = "confirmed around here lately" },
    { "joins", PK_TYPE_INT, 0, offsetof(struct pk_foresight_zone, joins), .min = 0,
      .max = 1000000000, .help = "safe joins beside them" },
    { "why", PK_TYPE_STRING, 0, offsetof(struct pk_foresight_zone, why), .max = 300,
      .help = "a sentence" },
};
static const struct pk_schema zone_schema =
    PK_SCHEMA(struct pk_foresight_zone, zone_fields, "zone");

static const struct pk_field fields[] = {
    { "at", PK_TYPE_TIME, PK_REQUIRED, offsetof(struct pk_foresight, at_ms), .help = "when" },
    { "outlook", PK_TYPE_ENUM, PK_REQUIRED, offsetof(struct pk_foresight, outlook),
      .names = pk_outlook_names, .help = "the chance within 7 days as a band" },
    { "p7", PK_TYPE_REAL, 0, offsetof(struct pk_foresight, p7), .min = -1, .max = 1, .def = "-1",
      .help = "chance of an attack within 7 days; -1: unknown" },
    { "p30", PK_TYPE_REAL, 0, offsetof(struct pk_foresight, p30), .min = -1, .max = 1,
      .def = "-1", .help = "the same within 30 days" },
    { "reasons", PK_TYPE_OBJECTS, 0, offsetof(struct pk_foresight, reasons), .sub = &reason_schema,
      .count_max = PK_FORESIGHT_REASONS_MAX, .help = "largest share first" },
    { "zone", PK_TYPE_OBJECT, 0, offsetof(struct pk_foresight, zone), .sub = &zone_schema,
      .help = "where it is now" },
};
/* clang-format on */
const struct pk_schema pk_foresight_schema = PK_SCHEMA(struct pk_foresight, fields, "foresight");
