/* The crowd's memory at rest, damaged: it loads or does not; what loads goes on, and is what it saves. The checksum
 * is only against accidents, so it is made right here: what lies behind it must hold by itself. */
#include <stdlib.h>
#include <string.h>

#include "crowd/crowd.h"
#include "crowd/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int put(void *ctx, const void *bytes, size_t len)
{
    return pk_buffer_put(ctx, bytes, len);
}

/* Magic and layout as this build writes them, so that no example grows old. */
static void make_current(uint8_t *bytes)
{
    static struct pk_buffer empty = { .max = 65536 };
    struct pk_crowd *crowd = NULL;

    if (empty.len == 0 &&
            (pk_crowd_create(NULL, &crowd, NULL) < 0 ||
                    pk_crowd_save(crowd, (struct pk_slice){ 0 }, put, &empty, NULL) < 0)) {
        abort();
    }
    pk_crowd_destroy(crowd);
    memcpy(bytes, empty.ptr, 16);
}

/* As crowd_save.c sums, for inputs whose parts are all multiples of eight bytes, and its tag is. */
static void seal(uint8_t *bytes, size_t size)
{
    uint64_t a = 0;
    uint64_t b = 0;
    uint64_t check;

    for (size_t at = 0; at + 16 <= size; at += 8) {
        uint64_t word;

        memcpy(&word, bytes + at, sizeof(word));
        a = (a ^ word) * UINT64_C(0x9e3779b185ebca87);
        a = a << 31 | a >> 33;
        b = (b + word) * UINT64_C(0xc2b2ae3d27d4eb4f) + 1;
    }
    check = pk_crowd_mix(a, b);
    memcpy(bytes + size - sizeof(check), &check, sizeof(check));
}

static void on_bad(void *ctx, const struct pk_crowd_opinion *o)
{
    *(size_t *)ctx += o->devices;
}

static void on_zone(void *ctx, const struct pk_crowd_zone *zone)
{
    *(size_t *)ctx += zone->place;
}

static void on_said(void *ctx, const struct pk_crowd_testimony *said)
{
    *(size_t *)ctx += said->against;
}

static void look_around(struct pk_crowd *crowd, const struct pk_sighting *s, size_t *seen)
{
    struct pk_crowd_key key = { 0xcafe, 0x001122334455, PK_CROWD_POINT };
    struct pk_crowd_network network;
    struct pk_crowd_counts counts;
    struct pk_crowd_opinion o;
    struct pk_crowd_app app;
    struct pk_crowd_voice voice;

    (void)pk_crowd_ask(crowd, &key, s->at_s, &o);
    (void)pk_crowd_network(crowd, &key, s->at_s, &network);
    key.b = 0;
    (void)pk_crowd_network(crowd, &key, s->at_s, &network);
    (void)pk_crowd_app(crowd, 5, 6, 7, &app);
    (void)pk_crowd_voice(crowd, s->device, s->at_s, &voice);
    pk_crowd_each_bad(crowd, s->at_s, on_bad, seen);
    pk_crowd_each_zone(crowd, s->at_s, on_zone, seen);
    pk_crowd_each_testimony(crowd, &key, on_said, seen);
    pk_crowd_count(crowd, &counts);
}

static void go_on(struct pk_crowd *crowd)
{
    struct pk_sighting s = { .place = 9, .city = 1, .kind = PK_SIGHTING_NETWORK };
    struct pk_arena *arena = pk_arena_create(4096);
    struct pk_crowd_opinion o;
    size_t seen = 0;

    for (unsigned i = 0; i < 40 && arena != NULL; i++) {
        s.at_s = 1700000000 + (int64_t)i * 9000;
        s.device = 1 + i % 5;
        s.kind = (enum pk_sighting_kind)(i * 7 % 6);
        memset(&s.network, 0, sizeof(s.network));
        if (s.kind == PK_SIGHTING_NETWORK) {
            s.network = (struct pk_sight_network){ .network = 0xcafe,
                .point = 0x001122334455,
                .gateway = 0x00aabbccdd01,
                .resolver = 77,
                .check_count = 1,
                .checks = { { .key = i, .valid = i % 3 == 0 } } };
        } else if (s.kind == PK_SIGHTING_APP) {
            s.app = (struct pk_sight_app){ .package = 5, .file = 6, .signer = 7, .risk = 90 };
        } else if (s.kind == PK_SIGHTING_MAST) {
            s.mast = (struct pk_sight_mast){ .cell = 3, .plmn = 26201, .radio = 4 };
        }
        if (pk_crowd_take(crowd, &s, &o) == PK_OK && o.reason_count > 0) {
            (void)pk_crowd_reason_text(&o.reasons[0], arena);
        }
        look_around(crowd, &s, &seen);
    }
    pk_crowd_forget(crowd, 2);
    pk_arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pk_crowd_settings settings = { .trusting = true, .explaining = true };
    struct pk_crowd *crowd = NULL;
    struct pk_buffer tag = pk_buffer_of(1UL << 20);
    struct pk_buffer bytes = pk_buffer_of(64UL << 20);
    uint8_t *copy = malloc(size + 1);

    if (copy != NULL && size >= 24) {
        memcpy(copy, data, size);
        make_current(copy);
        seal(copy, size);
        if (pk_crowd_load(pk_slice_of(copy, size), &settings, &crowd, &tag, NULL) == PK_OK) {
            if (pk_crowd_save(crowd, pk_buffer_slice(&tag), put, &bytes, NULL) < 0 ||
                    bytes.len != size || memcmp(bytes.ptr, copy, size) != 0) {
                abort(); /* two forms of one thing */
            }
            go_on(crowd);
            pk_crowd_destroy(crowd);
        }
    }
    free(copy);
    pk_buffer_finish(&tag);
    pk_buffer_finish(&bytes);
    return 0;
}
