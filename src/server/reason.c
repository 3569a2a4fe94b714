#include "server/reason.h"

/* clang-format off */
static const struct pk_field fields[] = {
    { "reason", PK_TYPE_STRING, PK_REQUIRED, offsetof(struct pk_reason_body, reason), .min = 1,
      .max = 500, .help = "why, for those who read it later" },
};
/* clang-format on */
const struct pk_schema pk_reason_schema = PK_SCHEMA(struct pk_reason_body, fields, "reason");
