#include "server/attempts.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define SLOTS        4096 /* 256 KiB in all; a power of two */
#define ADDRESS_TEXT 46   /* INET6_ADDRSTRLEN */

struct slot {
    char address[ADDRESS_TEXT];
    int kind;
    int count;
    int64_t until_ms; /* when the minute of the first wrong one ends */
};

struct pk_attempts {
    pthread_mutex_t lock;
    struct slot slots[SLOTS];
};

struct pk_attempts *pk_attempts_create(void)
{
    struct pk_attempts *attempts = calloc(1, sizeof(*attempts));

    if (attempts != NULL && pthread_mutex_init(&attempts->lock, NULL) != 0) {
        free(attempts);
        return NULL;
    }
    return attempts;
}

void pk_attempts_destroy(struct pk_attempts *attempts)
{
    if (attempts != NULL) {
        (void)pthread_mutex_destroy(&attempts->lock);
        free(attempts);
    }
}

static struct slot *slot_of(struct pk_attempts *attempts, int kind, const char *address)
{
    uint32_t hash = 2166136261u ^ (uint32_t)kind; /* FNV-1a */

    for (const unsigned char *c = (const unsigned char *)address; *c != '\0'; c++) {
        hash = (hash ^ *c) * 16777619u;
    }
    return &attempts->slots[hash % SLOTS];
}

static bool is_of(const struct slot *slot, int kind, const char *address, int64_t now_ms)
{
    return slot->until_ms > now_ms && slot->until_ms <= now_ms + PK_MINUTE_MS &&
            slot->kind == kind && strncmp(slot->address, address, sizeof(slot->address) - 1) == 0;
}

bool pk_attempts_allowed(
        struct pk_attempts *attempts, int kind, const char *address, int64_t now_ms)
{
    const struct slot *slot = slot_of(attempts, kind, address);
    bool allowed;

    (void)pthread_mutex_lock(&attempts->lock);
    allowed = !is_of(slot, kind, address, now_ms) || slot->count < PK_ATTEMPTS_MAX;
    (void)pthread_mutex_unlock(&attempts->lock);
    return allowed;
}

void pk_attempts_note(struct pk_attempts *attempts, int kind, const char *address, int64_t now_ms)
{
    struct slot *slot = slot_of(attempts, kind, address);

    (void)pthread_mutex_lock(&attempts->lock);
    if (is_of(slot, kind, address, now_ms)) {
        slot->count++;
    } else {
        *slot = (struct slot){ .kind = kind, .count = 1, .until_ms = now_ms + PK_MINUTE_MS };
        (void)snprintf(slot->address, sizeof(slot->address), "%s", address);
    }
    (void)pthread_mutex_unlock(&attempts->lock);
}
