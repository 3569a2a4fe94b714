#include "server/call.h"

/* Who may call what: the table of docs/api.md. The order does not matter. */
/* clang-format off */
const struct pk_api_route pk_api_route_table[] = {
    /* method    path                                    role               call                  */
    { PK_POST,   "/api/v1/session",                      PK_ROLE_NONE,      pk_api_session_open,
      .has_body = true },
    { PK_GET,    "/api/v1/session",                      PK_ROLE_VIEWER,    pk_api_session_get },
    { PK_DELETE, "/api/v1/session",                      PK_ROLE_VIEWER,    pk_api_session_close },
    { PK_GET,    "/api/v1/overview",                     PK_ROLE_VIEWER,    pk_api_overview_get },
    { PK_GET,    "/api/v1/devices",                      PK_ROLE_VIEWER,    pk_api_device_list,
      .has_query = true },
    { PK_GET,    "/api/v1/devices/{id}",                 PK_ROLE_VIEWER,    pk_api_device_get },
    { PK_POST,   "/api/v1/devices/{id}/revoke",          PK_ROLE_ADMIN,     pk_api_device_revoke,
      .has_body = true },
    { PK_GET,    "/api/v1/incidents",                    PK_ROLE_VIEWER,    pk_api_incident_list,
      .has_query = true },
    { PK_GET,    "/api/v1/incidents/{id}",               PK_ROLE_VIEWER,    pk_api_incident_get },
    { PK_POST,   "/api/v1/incidents/{id}/dismiss",       PK_ROLE_RESPONDER, pk_api_incident_dismiss,
      .has_body = true },
    { PK_POST,   "/api/v1/incidents/{id}/reopen",        PK_ROLE_RESPONDER, pk_api_incident_reopen,
      .has_body = true },
    { PK_GET,    "/api/v1/events",                       PK_ROLE_VIEWER,    pk_api_events_get,
      .has_query = true },
    { PK_GET,    "/api/v1/enrollments",                  PK_ROLE_ADMIN,     pk_api_enrollment_list,
      .has_query = true },
    { PK_POST,   "/api/v1/enrollments",                  PK_ROLE_ADMIN,     pk_api_enrollment_create,
      .has_body = true },
    { PK_DELETE, "/api/v1/enrollments/{id}",             PK_ROLE_ADMIN,     pk_api_enrollment_remove },
    { PK_GET,    "/api/v1/tokens",                       PK_ROLE_ADMIN,     pk_api_token_list,
      .has_query = true },
    { PK_POST,   "/api/v1/tokens",                       PK_ROLE_ADMIN,     pk_api_token_create,
      .has_body = true },
    { PK_DELETE, "/api/v1/tokens/{id}",                  PK_ROLE_ADMIN,     pk_api_token_remove },
    { PK_POST,   "/api/v1/users/signin-link",            PK_ROLE_ADMIN,     pk_api_signin_link,
      .has_body = true },
    { PK_GET,    "/api/v1/threats",                      PK_ROLE_VIEWER,    pk_api_threat_list },
    { PK_GET,    "/api/v1/audit",                        PK_ROLE_ADMIN,     pk_api_audit_list,
      .has_query = true },
    { PK_GET,    "/api/v1/health",                       PK_ROLE_VIEWER,    pk_api_health_get },
    { PK_GET,    "/api/v1/openapi.json",                 PK_ROLE_NONE,      pk_api_openapi_get },
};
/* clang-format on */
const size_t pk_api_route_count = PK_COUNT(pk_api_route_table);

size_t pk_api_routes(struct pk_route *out, size_t max)
{
    size_t count = 0;

    for (; count < pk_api_route_count && count < max; count++) {
        const struct pk_api_route *route = &pk_api_route_table[count];

        out[count] = (struct pk_route){
            .method = route->method,
            .path = route->path,
            .handler = pk_call_dispatch,
            .body_max = route->has_body ? PK_API_BODY_MAX : 0,
            .type = route->has_body ? "application/json" : NULL,
        };
    }
    return pk_api_route_count;
}
