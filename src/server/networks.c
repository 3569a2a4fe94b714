#include "server/networks.h"

#include "base/clock.h"
#include "base/crypt.h"
#include "model/observation.h"
#include "policy/policy.h"
#include "store/networks.h"

#define NAMES_BYTES (64UL * 1024)

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
