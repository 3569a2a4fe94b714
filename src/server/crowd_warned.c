#include "server/crowd_warned.h"

#include <stdlib.h>
#include <string.h>

#define ROW_SIZE 24UL

static void drop(struct pk_crowd_warned *w, size_t at)
{
    memmove(w->items + at, w->items + at + 1, (w->count - at - 1) * sizeof(*w->items));
    w->count--;
}

int pk_crowd_warned_add(struct pk_crowd_warned *warned, const struct pk_crowd_warning *warning)
{
    for (size_t i = 0; i < warned->count; i++) {
        if (warned->items[i].device == warning->device &&
                warned->items[i].network == warning->network) {
            return PK_OK;
        }
    }
    if (warned->count == PK_CROWD_WARNED_MAX) {
        drop(warned, 0);
    }
    if (warned->count == warned->room) {
        size_t room = warned->room > 0 ? 2 * warned->room : 64;
        struct pk_crowd_warning *more = reallocarray(warned->items, room, sizeof(*more));

        if (more == NULL) {
            return PK_ENOMEM;
        }
        warned->items = more;
        warned->room = room;
    }
    warned->items[warned->count++] = *warning;
    return PK_OK;
}

void pk_crowd_warned_joined(struct pk_crowd_warned *warned, uint64_t device, uint64_t network)
{
    for (size_t i = warned->count; i > 0; i--) {
        if (warned->items[i - 1].device == device && warned->items[i - 1].network == network) {
            drop(warned, i - 1);
        }
    }
}

void pk_crowd_warned_forget(struct pk_crowd_warned *warned, uint64_t device)
{
    for (size_t i = warned->count; i > 0; i--) {
        if (warned->items[i - 1].device == device) {
            drop(warned, i - 1);
        }
    }
}

void pk_crowd_warned_tick(struct pk_crowd_warned *warned, int64_t now_s,
        void (*heeded)(void *ctx, const struct pk_crowd_warning *warning), void *ctx)
{
    size_t kept = 0;

    for (size_t i = 0; i < warned->count; i++) {
        if (now_s - warned->items[i].at_s >= PK_CROWD_WARNED_S) {
            heeded(ctx, &warned->items[i]);
        } else {
            warned->items[kept++] = warned->items[i];
        }
    }
    warned->count = kept;
}

void pk_crowd_warned_finish(struct pk_crowd_warned *warned)
{
    free(warned->items);
    *warned = (struct pk_crowd_warned){ 0 };
}

static void put64(struct pk_buffer *out, uint64_t n)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(n >> (8 * i));
    }
    (void)pk_buffer_put(out, bytes, sizeof(bytes));
}

void pk_crowd_warned_write(const struct pk_crowd_warned *warned, struct pk_buffer *out)
{
    for (size_t i = 0; i < warned->count; i++) {
        put64(out, warned->items[i].device);
        put64(out, warned->items[i].network);
        put64(out, (uint64_t)warned->items[i].at_s);
    }
}

int pk_crowd_warned_read(struct pk_crowd_warned *warned, struct pk_slice bytes)
{
    struct pk_reader r = pk_reader_of(bytes);
    int rc = bytes.len % ROW_SIZE == 0 && bytes.len / ROW_SIZE <= PK_CROWD_WARNED_MAX ? PK_OK
                                                                                      : PK_EMALF;

    while (rc == PK_OK && pk_reader_left(&r) > 0) {
        struct pk_crowd_warning one;

        one.device = pk_read_le64(&r);
        one.network = pk_read_le64(&r);
        one.at_s = (int64_t)pk_read_le64(&r);
        rc = pk_crowd_warned_add(warned, &one);
    }
    return rc;
}
