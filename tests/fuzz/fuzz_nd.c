/* Neighbour Discovery: frames (each behind two bytes: its length, and 100 ms that pass before it) through
 * parser and tracker. Checksums are put right, so that what lies behind them is reached. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "track/routers.h"

#define AT_LENGTH  18
#define AT_NEXT    20
#define AT_FROM    22
#define AT_MESSAGE 54
#define FRAMES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct pk_routers *routers;
    int64_t wake_ms;
    int64_t now;
};

static void on_solicit(void *ctx)
{
    (void)ctx;
}

static void on_ask(void *ctx, const uint8_t address[16], const uint8_t mac[6])
{
    (void)ctx;
    (void)address;
    (void)mac;
}

static enum pk_tri on_known(void *ctx, const uint8_t mac[6])
{
    (void)ctx;
    return mac[5] % 3 == 0 ? PK_TRI_YES : mac[5] % 3 == 1 ? PK_TRI_NO : PK_TRI_UNKNOWN;
}

static bool on_attacked(void *ctx)
{
    (void)ctx;
    return false;
}

static void on_report(void *ctx)
{
    struct world *w = ctx;

    for (size_t i = 0; i < pk_routers_count(w->routers); i++) {
        if (pk_routers_at(w->routers, i)->frames < 0) {
            abort();
        }
    }
}

static void on_listen(void *ctx)
{
    struct world *w = ctx;

    for (size_t i = 0; i < PK_ROUTERS_MAX; i++) {
        struct pk_slice quiet = pk_routers_quiet(w->routers, i);

        if (quiet.len > 0 && quiet.ptr[quiet.len - 1] == 0xff && quiet.ptr[0] == 0xff) {
            continue; /* only that it can be read */
        }
    }
}

static void on_wake(void *ctx, int64_t in_ms)
{
    struct world *w = ctx;

    if (in_ms <= 0) {
        abort();
    }
    w->wake_ms = w->now + in_ms;
}

static void pass(struct world *w, int64_t ms)
{
    int64_t end = w->now + ms;
    int turns = 0;

    while (w->wake_ms != 0 && w->wake_ms <= end) {
        w->now = w->wake_ms;
        w->wake_ms = 0;
        pk_routers_tick(w->routers, w->now);
        if (++turns > 10000) {
            abort(); /* a tracker that never rests */
        }
    }
    w->now = end;
}

static void put_right(uint8_t *frame, size_t len)
{
    size_t message = len > AT_MESSAGE ? len - AT_MESSAGE : 0;
    uint32_t sum = (uint32_t)message + 58;

    if (message < 8 || frame[AT_NEXT] != 58) {
        return;
    }
    frame[AT_LENGTH] = (uint8_t)(message >> 8);
    frame[AT_LENGTH + 1] = (uint8_t)message;
    frame[AT_MESSAGE + 2] = frame[AT_MESSAGE + 3] = 0;
    for (size_t i = AT_FROM; i < len; i++) {
        sum += i % 2 == 0 ? (uint32_t)frame[i] << 8 : frame[i];
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    frame[AT_MESSAGE + 2] = (uint8_t)(~sum >> 8);
    frame[AT_MESSAGE + 3] = (uint8_t)~sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct pk_routers_ops ops = { .solicit = on_solicit,
        .ask = on_ask,
        .known = on_known,
        .attacked = on_attacked,
        .report = on_report,
        .listen = on_listen,
        .wake = on_wake };
    struct world w = { .now = 1000 };
    struct pk_nd nd;

    w.routers = pk_routers_create(&ops, &w);
    if (w.routers == NULL) {
        return 0;
    }
    pk_routers_join(w.routers, w.now);
    for (size_t at = 0, frames = 0; at + 2 <= size && frames < FRAMES_MAX; frames++) {
        size_t len = data[at] < size - at - 2 ? data[at] : size - at - 2;
        uint8_t *frame = malloc(len > 0 ? len : 1); /* exact: one byte too many is seen */

        if (frame == NULL) {
            break;
        }
        memcpy(frame, data + at + 2, len);
        pass(&w, (int64_t)data[at + 1] * 100);
        put_right(frame, len);
        if (pk_nd_parse_frame(pk_slice_of(frame, len), &nd) == PK_OK) {
            pk_routers_frame(w.routers, &nd, pk_slice_of(frame, len), w.now);
        }
        free(frame);
        at += 2 + len;
    }
    pass(&w, 60000);
    pk_routers_destroy(w.routers);
    return 0;
}
