#include "server/api.h"

#include <stdio.h>
#include <stdlib.h>

#include "server/call.h"
#include "server/console.h"
#include "server/lockout.h"
#include "server/looks.h"
#include "server/signin.h"

static void on_events(void *ctx)
{
    struct pk_api *api = ctx;

    pk_events_wait_changed(api->events);
}

int pk_api_create(struct pk_server *server, struct pk_api **out, struct pk_error *err)
{
    struct pk_api *api = calloc(1, sizeof(*api));
    char key[4200];
    int rc;

    if (api == NULL || (api->attempts = pk_attempts_create()) == NULL ||
            (api->looks = pk_looks_create()) == NULL ||
            (api->lockout = pk_lockout_create()) == NULL) {
        pk_api_destroy(api);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    api->server = server;
    (void)snprintf(key, sizeof(key), "%s/%s", server->settings.state_dir, PK_SEAL_FILE);
    rc = pk_seal_key(key, api->seal_key, err);
    if (rc == PK_OK) {
        rc = pk_console_create(server->settings.console_dir, &api->console, err);
    }
    if (rc == PK_OK) {
        rc = pk_events_wait_create(server, &api->events, err);
    }
    if (rc == PK_OK) {
        rc = pk_server_on_events(server, on_events, api, err);
    }
    if (rc < 0) {
        pk_api_destroy(api);
        return rc;
    }
    *out = api;
    return PK_OK;
}

void pk_api_stop(struct pk_api *api)
{
    if (api != NULL) {
        pk_events_wait_stop(api->events);
    }
}

void pk_api_destroy(struct pk_api *api)
{
    if (api == NULL) {
        return;
    }
    pk_events_wait_destroy(api->events);
    pk_console_destroy(api->console);
    pk_looks_destroy(api->looks);
    pk_lockout_destroy(api->lockout);
    pk_attempts_destroy(api->attempts);
    free(api);
}

unsigned pk_api_waiting(struct pk_api *api)
{
    return pk_events_wait_count(api->events);
}
