#include "server/devices.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/crypt.h"

#define FIRST_SLOTS 1024
#define ROW_MEMORY  (1024UL * 1024)

struct known {
    char id[PK_UUID_TEXT]; /* "" free */
    char serial[PK_SERIAL_TEXT];
    char serial_old[PK_SERIAL_TEXT]; /* "" none */
    int64_t overlap_ms;
    bool revoked;
    bool left;
};

/* Open addressing with linear probing; ids are random, so a simple hash does. A device that is gone
 * stays as a revoked row: nothing is ever taken out. */
struct pk_devices {
    pthread_rwlock_t lock;
    struct known *slots;
    size_t size; /* a power of two */
    size_t count;
};

struct pk_devices *pk_devices_create(void)
{
    struct pk_devices *devices = calloc(1, sizeof(*devices));

    if (devices == NULL) {
        return NULL;
    }
    devices->slots = calloc(FIRST_SLOTS, sizeof(*devices->slots));
    if (devices->slots == NULL) {
        free(devices);
        return NULL;
    }
    devices->size = FIRST_SLOTS;
    pthread_rwlock_init(&devices->lock, NULL);
    return devices;
}

void pk_devices_destroy(struct pk_devices *devices)
{
    if (devices == NULL) {
        return;
    }
    pthread_rwlock_destroy(&devices->lock);
    free(devices->slots);
    free(devices);
}

static size_t hash(const char *id)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (; *id != '\0'; id++) {
        h = (h ^ (unsigned char)*id) * UINT64_C(0x100000001b3);
    }
    return (size_t)(h ^ (h >> 32));
}

static struct known *slot_of(struct known *slots, size_t size, const char *id)
{
    size_t at = hash(id) & (size - 1);

    while (slots[at].id[0] != '\0' && strcmp(slots[at].id, id) != 0) {
        at = (at + 1) & (size - 1);
    }
    return &slots[at];
}

static int grow(struct pk_devices *devices)
{
    size_t size = devices->size * 2;
    struct known *slots;

    if (devices->count < devices->size / 4 * 3) {
        return PK_OK;
    }
    slots = calloc(size, sizeof(*slots));
    if (slots == NULL) {
        return PK_ENOMEM;
    }
    for (size_t i = 0; i < devices->size; i++) {
        if (devices->slots[i].id[0] != '\0') {
            *slot_of(slots, size, devices->slots[i].id) = devices->slots[i];
        }
    }
    free(devices->slots);
    devices->slots = slots;
    devices->size = size;
    return PK_OK;
}

static void copy(char *to, size_t size, const char *from)
{
    (void)snprintf(to, size, "%s", from != NULL ? from : "");
}

int pk_devices_put(struct pk_devices *devices, const struct pk_device *device)
{
    struct known *slot;
    int rc;

    if (strlen(device->id) != PK_UUID_TEXT - 1) {
        return PK_EMALF;
    }
    pthread_rwlock_wrlock(&devices->lock);
    rc = grow(devices);
    if (rc == PK_OK) {
        slot = slot_of(devices->slots, devices->size, device->id);
        devices->count += slot->id[0] == '\0';
        copy(slot->id, sizeof(slot->id), device->id);
        copy(slot->serial, sizeof(slot->serial), device->cert_serial);
        copy(slot->serial_old, sizeof(slot->serial_old), device->cert_serial_old);
        slot->overlap_ms = device->cert_overlap_ms;
        slot->revoked = device->revoked_ms != 0;
        slot->left = slot->revoked && device->revoked_why != NULL && device->revoked_by != NULL &&
                strcmp(device->revoked_by, PK_DEVICE_LEFT_BY) == 0 &&
                strcmp(device->revoked_why, PK_DEVICE_LEFT_WHY) == 0;
    }
    pthread_rwlock_unlock(&devices->lock);
    return rc;
}

static int put_each(const struct pk_device *device, void *ctx)
{
    return pk_devices_put(ctx, device);
}

int pk_devices_load(struct pk_devices *devices, struct pk_store *store, struct pk_error *err)
{
    return pk_device_each(store, put_each, devices, err);
}

static void forget(struct pk_devices *devices, const char *id)
{
    struct known *slot;

    pthread_rwlock_wrlock(&devices->lock);
    slot = slot_of(devices->slots, devices->size, id);
    if (slot->id[0] != '\0') {
        slot->revoked = true;
    }
    pthread_rwlock_unlock(&devices->lock);
}

int pk_devices_refresh(
        struct pk_devices *devices, struct pk_store *store, const char *id, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(ROW_MEMORY);
    struct pk_device device;
    int rc;

    if (arena == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = pk_device_get(store, id, arena, &device, err);
    if (rc == PK_OK) {
        rc = pk_devices_put(devices, &device);
    } else if (rc == PK_ENOENT) {
        forget(devices, id);
    }
    pk_arena_destroy(arena);
    return rc;
}

enum pk_device_answer pk_devices_check(
        struct pk_devices *devices, const char *id, const char *serial, int64_t now_ms)
{
    enum pk_device_answer answer;
    const struct known *slot;

    pthread_rwlock_rdlock(&devices->lock);
    slot = slot_of(devices->slots, devices->size, id);
    if (slot->id[0] == '\0') {
        answer = PK_DEVICE_UNKNOWN;
    } else if (slot->revoked) {
        answer = slot->left ? PK_DEVICE_LEFT : PK_DEVICE_REVOKED;
    } else if (strcmp(slot->serial, serial) == 0 ||
            (strcmp(slot->serial_old, serial) == 0 && now_ms < slot->overlap_ms)) {
        answer = PK_DEVICE_GOOD;
    } else {
        answer = PK_DEVICE_SUPERSEDED;
    }
    pthread_rwlock_unlock(&devices->lock);
    return answer;
}

size_t pk_devices_count(struct pk_devices *devices)
{
    size_t count;

    pthread_rwlock_rdlock(&devices->lock);
    count = devices->count;
    pthread_rwlock_unlock(&devices->lock);
    return count;
}
