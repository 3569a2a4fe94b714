/* openapi.h - data/openapi.json, built in: the REST interface for machines (OpenAPI 3.1). */
#pragma once

#include "base/slice.h"

struct pk_slice pk_openapi_json(void);
