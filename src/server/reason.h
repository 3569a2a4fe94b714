/* reason.h - the body {"reason"} of calls that people must be able to explain later. */
#pragma once

#include "base/schema.h"

struct pk_reason_body {
    const char *reason; /* 1 to 500 bytes */
};

extern const struct pk_schema pk_reason_schema;
