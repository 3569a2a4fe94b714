/* devices.h - which certificate of which device is in force, from memory: every request of a device
 * asks. The store is the truth; whoever changes it there calls here after COMMIT. Any thread. */
#pragma once

#include "server/x509.h"
#include "store/store.h"

struct pk_devices;

struct pk_devices *pk_devices_create(void); /* NULL: memory is short */
void pk_devices_destroy(struct pk_devices *devices);

/* Takes over what the store holds. */
PK_MUST_USE int pk_devices_load(
        struct pk_devices *devices, struct pk_store *store, struct pk_error *err);
/* Takes over one device; the strings are copied. PK_ENOMEM. */
PK_MUST_USE int pk_devices_put(struct pk_devices *devices, const struct pk_device *device);
/* Reads one again from the store. PK_ENOENT: it is gone there, and now here. */
PK_MUST_USE int pk_devices_refresh(
        struct pk_devices *devices, struct pk_store *store, const char *id, struct pk_error *err);

/* How a device is revoked whose person left; its agent then forgets the server. */
#define PK_DEVICE_LEFT_BY  "device"
#define PK_DEVICE_LEFT_WHY "the person left"

enum pk_device_answer {
    PK_DEVICE_GOOD,
    PK_DEVICE_UNKNOWN,
    PK_DEVICE_REVOKED,
    PK_DEVICE_LEFT,       /* revoked by its own person */
    PK_DEVICE_SUPERSEDED, /* the certificate was replaced and its overlap is over */
};
enum pk_device_answer pk_devices_check(
        struct pk_devices *devices, const char *id, const char *serial, int64_t now_ms);
size_t pk_devices_count(struct pk_devices *devices);
