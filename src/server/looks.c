#include "server/looks.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/event.h"
#include "server/call.h"

#define SLOTS 8192 /* 128 KiB; when two looks share a slot one is written down once more */

struct slot {
    uint64_t key;
    int64_t until_ms;
};

struct pk_looks {
    pthread_mutex_t lock;
    struct slot slots[SLOTS];
};

struct pk_looks *pk_looks_create(void)
{
    struct pk_looks *looks = calloc(1, sizeof(*looks));

    if (looks != NULL && pthread_mutex_init(&looks->lock, NULL) != 0) {
        free(looks);
        return NULL;
    }
    return looks;
}

void pk_looks_destroy(struct pk_looks *looks)
{
    if (looks != NULL) {
        (void)pthread_mutex_destroy(&looks->lock);
        free(looks);
    }
}

/* FNV-1a, 64 bits, of the text with its NUL. */
static uint64_t mix(uint64_t hash, const char *text)
{
    do {
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    } while (*text++ != '\0');
    return hash;
}

bool pk_looks_first(struct pk_looks *looks, const char *actor, const char *act, const char *device,
        int64_t now_ms)
{
    uint64_t key = mix(mix(mix(14695981039346656037u, actor), act), device);
    struct slot *slot = &looks->slots[key % SLOTS];
    bool first;

    (void)pthread_mutex_lock(&looks->lock);
    first = slot->key != key || now_ms >= slot->until_ms ||
            slot->until_ms > now_ms + PK_HOUR_MS; /* the clock was set back */
    if (first) {
        *slot = (struct slot){ .key = key, .until_ms = now_ms + PK_HOUR_MS };
    }
    (void)pthread_mutex_unlock(&looks->lock);
    return first;
}

struct look {
    const char *act;
    const char *device;
};

static int write_down(struct pk_call *call, void *ctx, struct pk_error *err)
{
    const struct look *look = ctx;
    struct pk_device device;

    /* Erased a moment ago: nothing is written about it any more. */
    if (strcmp(look->act, "network.look") != 0 &&
            pk_device_get(call->store, look->device, call->arena, &device, NULL) == PK_ENOENT) {
        return PK_OK;
    }
    return pk_call_audit(call, look->act, look->device,
            json_pack("{s:s}", "role", pk_role_names[call->actor.role]), err);
}

void pk_call_look(struct pk_call *call, const char *act, const char *device)
{
    const char *actor = pk_actor_text(&call->actor, call->arena);
    struct look look = { act, device };
    struct pk_error err = { 0 };

    if (pk_looks_first(call->api->looks, actor, act, device, call->now_ms) &&
            pk_call_transaction(call, write_down, &look, &err) < 0) {
        pk_event(PK_ERROR, "api.look_lost", { "actor", actor }, { "device", device },
                { "why", err.text });
    }
}
