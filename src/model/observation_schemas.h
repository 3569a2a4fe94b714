/* observation_schemas.h - inside of the observations' codec: the tables of observation_network.c for the one
 * table of observation.c. */
#pragma once

#include "base/schema.h"

extern const struct pk_schema pk_obs_network_schema;
extern const struct pk_schema pk_obs_gateway_schema;
extern const struct pk_schema pk_obs_dns_schema;
extern const struct pk_schema pk_obs_tls_schema;
extern const struct pk_schema pk_obs_portal_schema;
extern const struct pk_schema pk_obs_lease_schema;
extern const struct pk_schema pk_obs_routers_schema;
extern const struct pk_schema pk_obs_redirect_schema;
extern const struct pk_schema pk_obs_http_schema;
extern const struct pk_schema pk_obs_proxy_schema;
extern const struct pk_schema pk_obs_wifi_schema;
extern const struct pk_schema pk_obs_cell_schema;
extern const struct pk_schema pk_obs_name_schema;
