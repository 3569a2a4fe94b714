#include "server/server.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/event.h"
#include "server/ca.h"
#include "server/crowd.h"
#include "server/devices.h"
#include "server/limits.h"
#include "server/wait.h"
#include "server/workers.h"

int64_t pk_server_now(const struct pk_server *server)
{
    (void)server;
    return pk_clock_ms();
}

struct pk_store *pk_server_store(struct pk_server *server, struct pk_error *err)
{
    struct pk_store *store = pthread_getspecific(server->store_key);

    if (store != NULL) {
        return store;
    }
    if (pk_store_open(server->settings.store, &store, err) < 0) {
        return NULL;
    }
    if (pthread_setspecific(server->store_key, store) != 0) {
        pk_store_close(store);
        (void)pk_error_set(err, PK_ENOMEM, "out of memory");
        return NULL;
    }
    return store;
}

struct pk_store *pk_server_store_for(struct pk_server *server, struct pk_request *request)
{
    struct pk_error err = { 0 };
    struct pk_store *store = pk_server_store(server, &err);

    if (store == NULL) {
        pk_reply_error(request, &err);
    }
    return store;
}

static void call_all(const struct pk_news_listener *first)
{
    for (const struct pk_news_listener *l = first; l != NULL; l = l->next) {
        l->fn(l->ctx);
    }
}

static int add_listener(struct pk_server *server, struct pk_news_listener **first,
        void (*fn)(void *ctx), void *ctx, struct pk_error *err)
{
    struct pk_news_listener *listener = pk_arena_alloc(server->arena, 1, sizeof(*listener));

    if (listener == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    *listener = (struct pk_news_listener){ .next = *first, .fn = fn, .ctx = ctx };
    *first = listener;
    return PK_OK;
}

void pk_server_events_changed(struct pk_server *server)
{
    call_all(server->news);
}

int pk_server_on_events(
        struct pk_server *server, void (*fn)(void *ctx), void *ctx, struct pk_error *err)
{
    return add_listener(server, &server->news, fn, ctx, err);
}

void pk_server_crowd_changed(struct pk_server *server)
{
    call_all(server->crowd_news);
}

int pk_server_on_crowd(
        struct pk_server *server, void (*fn)(void *ctx), void *ctx, struct pk_error *err)
{
    return add_listener(server, &server->crowd_news, fn, ctx, err);
}

void pk_server_notify_device(struct pk_server *server, const char *device)
{
    pk_waits_notify(server->waits, device);
}

void pk_server_device_revoked(struct pk_server *server, const char *device)
{
    struct pk_error err = { 0 };
    struct pk_store *store = pk_server_store(server, &err);

    if (store != NULL && pk_crowd_server_silence(store, device, &err) < 0) {
        pk_event(PK_ERROR, "crowd.forget", { "device", device }, { "why", err.text });
    }
    pk_crowd_server_tell(server->crowd);
    if (store == NULL || pk_devices_refresh(server->devices, store, device, &err) < 0) {
        pk_event(PK_ERROR, "devices.refresh", { "device", device }, { "why", err.text });
    }
    pk_waits_notify(server->waits, device); /* it looks who it is, and ends */
}

bool pk_server_admit(struct pk_server *server, struct pk_request *request)
{
    char address[PK_LIMITS_ADDRESS];
    char seconds[16];
    int retry_s = 1;

    pk_limits_address(pk_request_address(request), address);
    if (pk_limits_take(server->api_limits, address, pk_server_now(server), &retry_s)) {
        return true;
    }
    (void)snprintf(seconds, sizeof(seconds), "%d", retry_s);
    pk_reply_header(request, "Retry-After", seconds);
    pk_reply_problem(request, 429, "rate_limited", "too many calls from this address", NULL);
    return false;
}

char *pk_server_enrolment_url(
        const struct pk_server *server, const char *token, struct pk_arena *arena)
{
    return pk_arena_printf(arena, "%s/enroll#%s.%s", server->url, token, pk_ca_pin(server->ca));
}

char *pk_server_signin_url(
        const struct pk_server *server, const char *token, struct pk_arena *arena)
{
    return pk_arena_printf(arena, "%s/#/signin/%s", server->url, token);
}

void pk_server_problems(struct pk_server *server, struct pk_arena *arena, struct pk_strings *out)
{
    int storage = atomic_load(&server->storage_rc);
    const char *stuck = pk_workers_problem(server->workers);
    struct pk_error err = { 0 };

    *out = (struct pk_strings){ .items = pk_arena_alloc(arena, 4, sizeof(*out->items)) };
    if (out->items == NULL) {
        return;
    }
    if (storage == PK_ENOSPC) {
        out->items[out->count++] = "the disk is full: reports are not taken";
    } else if (storage < 0) {
        out->items[out->count++] = "the journal cannot be written: reports are not taken";
    }
    if (stuck != NULL) {
        out->items[out->count++] = stuck;
    }
    if (pk_server_store(server, &err) == NULL) {
        out->items[out->count++] = "the store cannot be opened";
    }
}

int64_t pk_server_lag(struct pk_server *server)
{
    return pk_workers_lag(server->workers);
}

unsigned pk_server_connections(struct pk_server *server)
{
    return server->http != NULL ? pk_http_connections(server->http) : 0;
}

unsigned pk_server_waiting(struct pk_server *server)
{
    return pk_waits_count(server->waits);
}
