/* crowd_devices.h - whom the crowd has met: what a device was introduced as, by its number. Part of what is
 * replayed, so it changes only by lines of the log. The crowd's own thread. */
#pragma once

#include "base/buffer.h"
#include "crowd/sighting.h"

#define PK_CROWD_DEVICE_TEXT 40 /* a UUID with its NUL, and some more */

struct pk_crowd_device {
    uint64_t number; /* pk_crowd_server_device(id); 0: an empty place */
    struct pk_sight_device enrolment;
    uint32_t tenant;
    char id[PK_CROWD_DEVICE_TEXT];
};

struct pk_crowd_devices {
    struct pk_crowd_device *slots;
    size_t room; /* a power of two */
    size_t count;
};

/* NULL: not met. Until the next change. */
const struct pk_crowd_device *pk_crowd_devices_find(
        const struct pk_crowd_devices *devices, uint64_t number);
/* PK_ENOMEM; PK_EINVAL: the id is none. number is set from it. */
PK_MUST_USE int pk_crowd_devices_put(
        struct pk_crowd_devices *devices, const struct pk_crowd_device *device);
void pk_crowd_devices_drop(struct pk_crowd_devices *devices, uint64_t number);
void pk_crowd_devices_finish(struct pk_crowd_devices *devices);

/* As lines; read adds to what is there. PK_EMALF, PK_ENOMEM. */
void pk_crowd_devices_write(const struct pk_crowd_devices *devices, struct pk_buffer *out);
PK_MUST_USE int pk_crowd_devices_read(
        struct pk_crowd_devices *devices, struct pk_slice bytes, struct pk_error *err);
