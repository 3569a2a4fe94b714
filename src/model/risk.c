#include "model/risk.h"

#include "model/incident.h" /* PK_ID_TEXT */

const char *const pk_risk_level_names[] = { "low", "guarded", "high", "critical", NULL };
static const char *const vector_names[] = { "network", "malware", "physical", "vulnerability",
    "behavior", NULL };

#define AT(s, m) offsetof(struct s, m)

/* clang-format off */
static const struct pk_field part_fields[] = {
    { "vector", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_risk_part, vector), .names = vector_names },
    { "points", PK_TYPE_REAL, PK_REQUIRED, AT(pk_risk_part, points), .min = 0, .max = 100 },
    { "reason", PK_TYPE_STRING, PK_REQUIRED, AT(pk_risk_part, reason), .max = 400 },
    { "incident", PK_TYPE_STRING, 0, AT(pk_risk_part, incident), .max = PK_ID_TEXT },
    { "lowers", PK_TYPE_STRING, 0, AT(pk_risk_part, lowers), .max = 400 },
    { "gain", PK_TYPE_REAL, 0, AT(pk_risk_part, gain), .min = 0, .max = 100 },
    { "at", PK_TYPE_TIME, 0, AT(pk_risk_part, at_ms) },
};
static const struct pk_schema part_schema =
    PK_SCHEMA(struct pk_risk_part, part_fields, "risk part");

static const struct pk_field risk_fields[] = {
    { "score", PK_TYPE_INT, PK_REQUIRED, AT(pk_risk, score), .min = 0, .max = 100 },
    { "level", PK_TYPE_ENUM, PK_REQUIRED, AT(pk_risk, level), .names = pk_risk_level_names },
    { "at", PK_TYPE_TIME, PK_REQUIRED, AT(pk_risk, at_ms) },
    { "parts", PK_TYPE_OBJECTS, PK_REQUIRED, AT(pk_risk, parts), .count_max = PK_RISK_PARTS_MAX,
      .sub = &part_schema },
};
const struct pk_schema pk_risk_schema = PK_SCHEMA(struct pk_risk, risk_fields, "risk");
/* clang-format on */
