#include "server/crowd_devices.h"

#include <stdlib.h>

#include "base/reader.h"
#include "crowd/key.h"

#define ROOM_FIRST 256
#define ROW_SIZE   (8 + 4 + 1 + 1 + 4 + PK_CROWD_DEVICE_TEXT)

/* Numbers are hashes: their low bits are as good as any. */
static size_t home_of(const struct pk_crowd_devices *d, uint64_t number)
{
    return (size_t)number & (d->room - 1);
}

static struct pk_crowd_device *place_of(const struct pk_crowd_devices *d, uint64_t number)
{
    size_t at = home_of(d, number);

    while (d->slots[at].number != 0 && d->slots[at].number != number) {
        at = (at + 1) & (d->room - 1);
    }
    return &d->slots[at];
}

const struct pk_crowd_device *pk_crowd_devices_find(
        const struct pk_crowd_devices *devices, uint64_t number)
{
    const struct pk_crowd_device *place;

    if (devices->room == 0 || number == 0) {
        return NULL;
    }
    place = place_of(devices, number);
    return place->number != 0 ? place : NULL;
}

static int grow(struct pk_crowd_devices *d)
{
    struct pk_crowd_devices more = { .room = d->room > 0 ? 2 * d->room : ROOM_FIRST,
        .count = d->count };

    more.slots = calloc(more.room, sizeof(*more.slots));
    if (more.slots == NULL) {
        return PK_ENOMEM;
    }
    for (size_t i = 0; i < d->room; i++) {
        if (d->slots[i].number != 0) {
            *place_of(&more, d->slots[i].number) = d->slots[i];
        }
    }
    free(d->slots);
    *d = more;
    return PK_OK;
}

int pk_crowd_devices_put(struct pk_crowd_devices *devices, const struct pk_crowd_device *device)
{
    struct pk_crowd_device *place;
    uint64_t number = pk_crowd_hash(device->id);

    if (number == 0 || memchr(device->id, '\0', sizeof(device->id)) == NULL) {
        return PK_EINVAL;
    }
    if (4 * (devices->count + 1) > 3 * devices->room && grow(devices) < 0) {
        return PK_ENOMEM;
    }
    place = place_of(devices, number);
    devices->count += place->number == 0;
    *place = *device;
    place->number = number;
    return PK_OK;
}

void pk_crowd_devices_drop(struct pk_crowd_devices *devices, uint64_t number)
{
    struct pk_crowd_device *hole;
    size_t at;

    if (pk_crowd_devices_find(devices, number) == NULL) {
        return;
    }
    hole = place_of(devices, number);
    hole->number = 0;
    devices->count--;
    /* Who was pushed on by it moves up. */
    at = ((size_t)(hole - devices->slots) + 1) & (devices->room - 1);
    while (devices->slots[at].number != 0) {
        struct pk_crowd_device moved = devices->slots[at];

        devices->slots[at].number = 0;
        *place_of(devices, moved.number) = moved;
        at = (at + 1) & (devices->room - 1);
    }
}

void pk_crowd_devices_finish(struct pk_crowd_devices *devices)
{
    free(devices->slots);
    *devices = (struct pk_crowd_devices){ 0 };
}

/* ---- at rest ---- */

static void put(struct pk_buffer *out, uint64_t n, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        (void)pk_buffer_putc(out, (char)(n >> (8 * i)));
    }
}

void pk_crowd_devices_write(const struct pk_crowd_devices *devices, struct pk_buffer *out)
{
    for (size_t i = 0; i < devices->room; i++) {
        const struct pk_crowd_device *d = &devices->slots[i];

        if (d->number != 0) {
            put(out, (uint64_t)d->enrolment.enrolled_s, 8);
            put(out, d->enrolment.asn, 4);
            put(out, d->enrolment.attestation, 1);
            put(out, d->enrolment.ios, 1);
            put(out, d->tenant, 4);
            (void)pk_buffer_put(out, d->id, sizeof(d->id));
        }
    }
}

int pk_crowd_devices_read(
        struct pk_crowd_devices *devices, struct pk_slice bytes, struct pk_error *err)
{
    struct pk_reader r = pk_reader_of(bytes);

    if (bytes.len % ROW_SIZE != 0) {
        return pk_error_set(err, PK_EMALF, "its list of devices is cut");
    }
    while (pk_reader_left(&r) > 0) {
        struct pk_crowd_device d = { 0 };
        int rc;

        d.enrolment.enrolled_s = (int64_t)pk_read_le64(&r);
        d.enrolment.asn = pk_read_le32(&r);
        d.enrolment.attestation = pk_read_u8(&r);
        d.enrolment.ios = pk_read_u8(&r) != 0;
        d.tenant = pk_read_le32(&r);
        memcpy(d.id, pk_read_slice(&r, sizeof(d.id)).ptr, sizeof(d.id));
        rc = pk_crowd_devices_put(devices, &d);
        if (rc < 0) {
            return pk_error_set(err, rc == PK_EINVAL ? PK_EMALF : rc, "its list of devices: %s",
                    pk_code_text(rc));
        }
    }
    return PK_OK;
}
