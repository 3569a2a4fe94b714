#include "server/networks.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/event.h"
#include "model/observation.h"
#include "policy/policy.h"
#include "store/networks.h"

#define LOOK_MS     (10 * PK_MINUTE_MS)
#define STEP        100 /* networks in one transaction: reports wait meanwhile */
#define PAUSE_MS    200
#define NAMES_BYTES (64UL * 1024)

struct pk_networks {
    struct pk_server *server;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool ends;
};

int64_t pk_networks_until(const struct pk_server *server, int64_t last_ms)
{
    return last_ms + server->settings.networks->keep_days * PK_DAY_MS;
}

int pk_networks_learn(struct pk_server *server, struct pk_error *err)
{
    const struct pk_trust *trust = pk_policy_trust(pk_server_policy(server));
    const struct pk_trust_network *rows = trust->networks.items;
    struct pk_store *store = pk_server_store(server, err);
    struct pk_arena *arena = pk_arena_create(NAMES_BYTES);
    uint8_t key[PK_SHA256_SIZE];
    struct pk_network_name *names;
    size_t count = 0;
    int rc;

    if (store == NULL || arena == NULL || pk_unhex(server->network_key, key, sizeof(key)) < 0) {
        pk_arena_destroy(arena);
        return store == NULL ? err->code : pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    names = pk_arena_alloc(arena, trust->networks.count + 1, sizeof(*names));
    for (size_t i = 0; names != NULL && i < trust->networks.count; i++) {
        char *id = pk_arena_alloc(arena, PK_NETWORK_ID, 1);

        if (id != NULL) {
            pk_network_id(pk_slice_of(key, sizeof(key)), rows[i].name, id);
            names[count++] = (struct pk_network_name){ .id = id, .name = rows[i].name };
        }
    }
    rc = pk_network_names_put(store, names, count, err);
    pk_arena_destroy(arena);
    return rc;
}

/* ---- forgetting ---- */

/* False: the server stops. */
static bool sleep_ms(struct pk_networks *n, int64_t ms)
{
    struct timespec until;
    bool ends;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&n->lock);
    while (!n->ends && pthread_cond_clockwait(&n->wake, &n->lock, CLOCK_MONOTONIC, &until) == 0) {
        /* only woken */
    }
    ends = n->ends;
    pthread_mutex_unlock(&n->lock);
    return !ends;
}

/* A step of it; how many are gone, or < 0. */
static int64_t forget(struct pk_networks *n, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(n->server, err);
    int64_t count = 0;
    int64_t before_ms = pk_server_now(n->server) -
            n->server->settings.networks->keep_days * PK_DAY_MS;
    int rc = store != NULL ? pk_network_forget(store, before_ms, STEP, &count, err) : err->code;

    if (rc == PK_OK && count > 0) {
        pk_event(PK_INFO, "networks.forgotten", { "count", PK_NUM(count) });
    }
    return rc < 0 ? rc : count;
}

static void *run(void *arg)
{
    struct pk_networks *n = arg;
    int64_t before = 0;
    int64_t count;

    do {
        struct pk_error err = { 0 };

        count = forget(n, &err);
        if (count < 0 && before >= 0) {
            pk_event(PK_ERROR, "networks.stuck", { "why", err.text });
        }
        before = count;
    } while (sleep_ms(n, count == STEP ? PAUSE_MS : LOOK_MS));
    return NULL;
}

int pk_networks_start(struct pk_server *server, struct pk_networks **out, struct pk_error *err)
{
    struct pk_networks *n;
    int rc = pk_networks_learn(server, err);

    if (rc < 0) {
        return rc;
    }
    n = calloc(1, sizeof(*n));
    if (n == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    n->server = server;
    pthread_mutex_init(&n->lock, NULL);
    pthread_cond_init(&n->wake, NULL);
    rc = pthread_create(&n->thread, NULL, run, n);
    if (rc != 0) {
        free(n);
        return pk_error_set(err, -rc, "cannot start a thread: %s", pk_code_text(-rc));
    }
    *out = n;
    return PK_OK;
}

void pk_networks_stop(struct pk_networks *networks)
{
    if (networks == NULL) {
        return;
    }
    pthread_mutex_lock(&networks->lock);
    networks->ends = true;
    pthread_cond_signal(&networks->wake);
    pthread_mutex_unlock(&networks->lock);
    pthread_join(networks->thread, NULL);
    pthread_mutex_destroy(&networks->lock);
    pthread_cond_destroy(&networks->wake);
    free(networks);
}
