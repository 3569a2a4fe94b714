#include "server/call.h"

/* Who may call what: the table of docs/api.md. The order does not matter. */
/* clang-format off */
const struct pk_api_route pk_api_route_table[] = {
    /* method   right              path                                call */
    { PK_POST,   PK_RIGHT_NONE,     "/api/v1/session",                  pk_api_session_open,
      .has_body = true },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/session",                  pk_api_session_get },
    { PK_DELETE, PK_RIGHT_VIEW,     "/api/v1/session",                  pk_api_session_close },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/overview",                 pk_api_overview_get },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/devices",                  pk_api_device_list,
      .has_query = true },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/devices/{id}",             pk_api_device_get },
    { PK_POST,   PK_RIGHT_OWN,      "/api/v1/devices/{id}/revoke",      pk_api_device_revoke,
      .has_body = true },
    { PK_GET,    PK_RIGHT_PRIVACY,  "/api/v1/devices/{id}/export",      pk_api_device_export,
      .has_query = true },
    { PK_POST,   PK_RIGHT_PRIVACY,  "/api/v1/devices/{id}/erase",       pk_api_device_erase },
    { PK_GET,    PK_RIGHT_PRIVACY,  "/api/v1/erasures",                 pk_api_erasure_list },
    { PK_DELETE, PK_RIGHT_PRIVACY,  "/api/v1/erasures/{id}",            pk_api_erasure_remove },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/incidents",                pk_api_incident_list,
      .has_query = true },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/incidents/{id}",           pk_api_incident_get },
    { PK_POST,   PK_RIGHT_RESPOND,  "/api/v1/incidents/{id}/dismiss",   pk_api_incident_dismiss,
      .has_body = true },
    { PK_POST,   PK_RIGHT_RESPOND,  "/api/v1/incidents/{id}/reopen",    pk_api_incident_reopen,
      .has_body = true },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/events",                   pk_api_events_get,
      .has_query = true },
    { PK_GET,    PK_RIGHT_OWN,      "/api/v1/enrollments",              pk_api_enrollment_list,
      .has_query = true },
    { PK_POST,   PK_RIGHT_OWN,      "/api/v1/enrollments",              pk_api_enrollment_create,
      .has_body = true },
    { PK_DELETE, PK_RIGHT_OWN,      "/api/v1/enrollments/{id}",         pk_api_enrollment_remove },
    { PK_GET,    PK_RIGHT_OWN,      "/api/v1/tokens",                   pk_api_token_list,
      .has_query = true },
    { PK_POST,   PK_RIGHT_OWN,      "/api/v1/tokens",                   pk_api_token_create,
      .has_body = true },
    { PK_DELETE, PK_RIGHT_OWN,      "/api/v1/tokens/{id}",              pk_api_token_remove },
    { PK_POST,   PK_RIGHT_OWN,      "/api/v1/users/signin-link",        pk_api_signin_link,
      .has_body = true },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/threats",                  pk_api_threat_list },
    { PK_GET,    PK_RIGHT_PRIVACY,  "/api/v1/audit",                    pk_api_audit_list,
      .has_query = true },
    { PK_POST,   PK_RIGHT_RESPOND,  "/api/v1/scan",                     pk_api_scan,
      .has_file = true, .has_query = true },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/apps",                     pk_api_app_list,
      .has_query = true },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/apps/{id}",                pk_api_app_get },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/app-installs",             pk_api_app_install_list,
      .has_query = true },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/app-files",                pk_api_app_file_list,
      .has_query = true },
    { PK_POST,   PK_RIGHT_RESPOND,  "/api/v1/app-files",                pk_api_app_upload,
      .has_file = true, .has_query = true },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/app-files/{id}",           pk_api_app_file_get },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/app-files/{id}/diff",      pk_api_app_file_diff,
      .has_query = true },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/app-exceptions",           pk_api_app_exception_list,
      .has_query = true },
    { PK_POST,   PK_RIGHT_RESPOND,  "/api/v1/app-exceptions",           pk_api_app_exception_add,
      .has_body = true },
    { PK_DELETE, PK_RIGHT_RESPOND,  "/api/v1/app-exceptions/{id}",      pk_api_app_exception_remove },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/app-rules",                pk_api_app_rules_get },
    { PK_PUT,    PK_RIGHT_POLICY,   "/api/v1/app-rules",                pk_api_app_rules_put,
      .has_body = true, .has_query = true, .body_max = PK_API_RULES_MAX },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/networks",                 pk_api_network_list,
      .has_query = true },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/networks/map",             pk_api_network_map },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/networks/{id}",            pk_api_network_get },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/networks/{id}/devices",    pk_api_network_devices,
      .has_query = true },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/crowd",                    pk_api_crowd_get },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/crowd/bad",                pk_api_crowd_bad,
      .has_query = true },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/crowd/explain",            pk_api_crowd_explain,
      .has_query = true },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/crowd/map",                pk_api_crowd_map },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/crowd/voice",              pk_api_crowd_voice,
      .has_query = true },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/crowd/exchange",           pk_api_exchange_get },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/crowd/exchange/words",     pk_api_exchange_words },
    { PK_POST,   PK_RIGHT_OWN,      "/api/v1/crowd/exchange/invitations", pk_api_exchange_invite,
      .has_body = true },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/crowd/exchange/members",   pk_api_exchange_member_list },
    { PK_POST,   PK_RIGHT_OWN,      "/api/v1/crowd/exchange/members/{id}/vouch", pk_api_exchange_member_vouch,
      .has_body = true },
    { PK_DELETE, PK_RIGHT_OWN,      "/api/v1/crowd/exchange/members/{id}", pk_api_exchange_member_remove },
    { PK_POST,   PK_RIGHT_OWN,      "/api/v1/crowd/exchange/hubs",      pk_api_exchange_join,
      .has_body = true },
    { PK_DELETE, PK_RIGHT_OWN,      "/api/v1/crowd/exchange/hubs/{id}", pk_api_exchange_leave },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/crowd/exchange/stix",      pk_api_exchange_stix_get },
    { PK_POST,   PK_RIGHT_OWN,      "/api/v1/crowd/exchange/partners",  pk_api_exchange_partner,
      .has_body = true, .body_max = PK_API_PARTNER_MAX },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/trust",                    pk_api_trust_get },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/intel",                    pk_api_intel_get },
    { PK_PUT,    PK_RIGHT_OWN,      "/api/v1/intel",                    pk_api_intel_put,
      .has_file = true },
    { PK_DELETE, PK_RIGHT_OWN,      "/api/v1/intel",                    pk_api_intel_remove },
    { PK_GET,    PK_RIGHT_VIEW,     "/api/v1/health",                   pk_api_health_get },
    { PK_GET,    PK_RIGHT_NONE,     "/api/v1/openapi.json",             pk_api_openapi_get },
};
/* clang-format on */
const size_t pk_api_route_count = PK_COUNT(pk_api_route_table);

size_t pk_api_routes(const struct pk_settings *settings, struct pk_route *out, size_t max)
{
    size_t file_max = (size_t)settings->scan->upload_max_mb * 1024 * 1024;
    size_t count = 0;

    for (; count < pk_api_route_count && count < max; count++) {
        const struct pk_api_route *route = &pk_api_route_table[count];

        out[count] = (struct pk_route){
            .method = route->method,
            .path = route->path,
            .handler = pk_call_dispatch,
            .body_max = route->has_file ? file_max
                    : route->body_max   ? route->body_max
                    : route->has_body   ? PK_API_BODY_MAX
                                        : 0,
            .type = route->has_body ? "application/json" : NULL,
            .gate = route->has_file ? pk_call_gate : NULL,
            .spool = route->has_file,
        };
    }
    return pk_api_route_count;
}
