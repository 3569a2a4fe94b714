#include "server/push_http.h"

#include "base/event.h"
#include "server/peer.h"
#include "store/push.h"

struct wish {
    int service;       /* enum pk_push_service, and "none" behind them */
    const char *token; /* NULL with "none" */
};

static const char *const service_names[] = { "apns", "fcm", "none", NULL };
#define NONE 2

static const struct pk_field fields[] = {
    { "service", PK_TYPE_ENUM, PK_REQUIRED, offsetof(struct wish, service), .names = service_names,
            .help = "that wakes the device; none: it wants no push" },
    { "token", PK_TYPE_STRING, 0, offsetof(struct wish, token), .min = 1, .max = PK_PUSH_TOKEN_MAX,
            .help = "that the service gave out to the app" },
};
static const struct pk_schema schema = PK_SCHEMA(struct wish, fields, "push");

/* APNs tokens are hex digits and stand in a path; those of FCM have a few more characters. */
static bool fits(const struct wish *wish)
{
    static const char hex[] = "0123456789abcdefABCDEF";
    static const char word[] =
            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_:.%";

    return wish->token != NULL &&
            strspn(wish->token, wish->service == PK_PUSH_APNS ? hex : word) == strlen(wish->token);
}

void pk_push_handler(struct pk_request *request, void *server)
{
    struct pk_server *s = server;
    struct pk_error err = { 0 };
    struct pk_store *store;
    struct pk_peer peer;
    struct wish wish;
    int rc;

    if (!pk_peer_of(request, s, &peer) || pk_request_decode(request, &schema, &wish) < 0) {
        return;
    }
    if (wish.service != NONE && !fits(&wish)) {
        pk_reply_problem(request, 400, "malformed", "this is no token of the service", "token");
        return;
    }
    store = pk_server_store_for(s, request);
    if (store == NULL) {
        return;
    }
    if (wish.service == NONE) {
        rc = pk_push_forget(store, peer.device, &err);
    } else {
        struct pk_push_token token = {
            .service = wish.service, .token = wish.token, .at_ms = pk_server_now(s)
        };

        rc = pk_push_put(store, peer.device, &token, &err);
    }
    if (rc < 0) {
        pk_reply_error(request, &err);
        return;
    }
    pk_reply_json(request, 204, NULL);
}
