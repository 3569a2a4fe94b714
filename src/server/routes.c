#include "server/routes.h"

#include "crowd/exchange_message.h"
#include "server/app_upload.h"
#include "server/crowd_share.h"
#include "server/erase.h"
#include "server/est.h"
#include "server/exchange.h"
#include "server/export.h"
#include "server/health.h"
#include "server/ingest.h"
#include "server/ledger.h"
#include "server/me.h"
#include "server/oidc.h"
#include "server/peer.h"
#include "server/push_http.h"
#include "server/verdict.h"
#include "server/wait.h"
#include "server/zones_http.h"

#define EST "/.well-known/est/"
#define CSR PK_EST_BODY_MAX, "application/pkcs10"
/* The setting scan.upload_max_mb takes its place. */
#define FILE_MAX 1
#define ME       pk_me_dispatch, PK_ME_BODY_MAX, "application/json"
#define SENT     PK_INGEST_SENT_MAX, "application/json"

static const struct pk_route routes[] = {
    { PK_GET, EST "cacerts", pk_est_cacerts, 0, NULL, NULL },
    { PK_GET, EST "csrattrs", pk_est_csrattrs, 0, NULL, NULL },
    { PK_POST, EST "simpleenroll", pk_est_enroll, CSR, NULL },
    { PK_POST, EST "simplereenroll", pk_est_reenroll, CSR, pk_peer_gate },
    { PK_POST, "/v1/report", pk_ingest_handler, SENT, pk_peer_gate },
    { PK_POST, "/v1/app/{sha256}", pk_app_upload_handler, FILE_MAX, NULL, pk_app_upload_gate,
            true },
    { PK_GET, "/v1/wait", pk_wait_handler, 0, NULL, NULL },
    { PK_GET, "/v1/network/verdict", pk_verdict_handler, 0, NULL, NULL },
    { PK_POST, "/v1/zones", pk_zones_handler, PK_ZONES_BODY_MAX, "application/json", pk_peer_gate },
    { PK_GET, "/v1/crowd/key", pk_crowd_key_handler, 0, NULL, NULL },
    { PK_GET, "/v1/crowd/filter", pk_crowd_filter_handler, 0, NULL, NULL },
    { PK_GET, "/v1/crowd/deltas", pk_crowd_deltas_handler, 0, NULL, NULL },
    { PK_GET, "/v1/crowd/keys", pk_crowd_keys_handler, 0, NULL, NULL },
    { PK_GET, "/v1/ledger", pk_ledger_handler, 0, NULL, NULL },
    { PK_POST, "/v1/push", pk_push_handler, PK_PUSH_BODY_MAX, "application/json", pk_peer_gate },
    { PK_GET, "/v1/me/export", pk_export_handler, 0, NULL, NULL },
    { PK_POST, "/v1/me/erase", pk_erase_handler, 0, NULL, NULL },
    { PK_POST, "/v1/me/leave", pk_me_leave_handler, 0, NULL, NULL },
    { PK_POST, "/v1/page", pk_me_link_handler, 0, NULL, NULL },
    { PK_POST, "/me/api/session", ME, NULL },
    { PK_DELETE, "/me/api/session", pk_me_dispatch, 0, NULL, NULL },
    { PK_GET, "/me/api/state", pk_me_dispatch, 0, NULL, NULL },
    { PK_POST, "/me/api/check", pk_me_dispatch, 0, NULL, NULL },
    { PK_POST, "/me/api/items/{id}/mistake", ME, NULL },
    { PK_POST, "/me/api/items/{id}/later", ME, NULL },
    { PK_PUT, "/me/api/language", ME, NULL },
    { PK_GET, "/me/api/privacy", pk_me_dispatch, 0, NULL, NULL },
    { PK_GET, "/me/api/export", pk_me_dispatch, 0, NULL, NULL },
    { PK_POST, "/me/api/erase", ME, NULL },
    { PK_POST, "/me/api/leave", ME, NULL },
    { PK_POST, "/v1/exchange/join", pk_exchange_join_handler, PK_EXCHANGE_JOIN_MAX,
            "application/json", NULL },
    { PK_POST, "/v1/exchange/say", pk_exchange_say_handler, PK_EXCHANGE_SIZE_MAX, PK_EXCHANGE_TYPE,
            NULL },
    { PK_GET, "/auth/oidc/start", pk_oidc_start_handler, 0, NULL, NULL },
    { PK_GET, "/auth/oidc/callback", pk_oidc_callback_handler, 0, NULL, NULL },
    { PK_POST, "/auth/oidc/backchannel", pk_oidc_backchannel_handler, 24UL * 1024,
            "application/x-www-form-urlencoded", NULL },
    { PK_GET, "/healthz", pk_healthz_handler, 0, NULL, NULL },
    { PK_GET, "/readyz", pk_readyz_handler, 0, NULL, NULL },
    { PK_GET, "/metrics", pk_metrics_handler, 0, NULL, NULL },
    { PK_GET, "/ca.pem", pk_ca_pem_handler, 0, NULL, NULL },
};

const struct pk_route *pk_device_routes(size_t *count)
{
    *count = PK_COUNT(routes);
    return routes;
}
