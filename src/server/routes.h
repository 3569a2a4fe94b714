/* routes.h - the table of everything that is not the REST interface. */
#pragma once

#include "server/http.h"

const struct pk_route *pk_device_routes(size_t *count);
