/* fuzz_crowd_share.c - what devices and server read of each other's crowd: deltas, filters, second-stage
 * answers. Signatures are checked before these readers; they must hold without them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/sign.h"
#include "crowd/delta.h"
#include "crowd/filter16.h"
#include "crowd/prefix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pk_delta deltas[PK_DELTA_MAX];
static struct pk_prefix_thing things[PK_PREFIX_MAX];
static size_t count;

static void need(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void take_delta(void *ctx, const struct pk_delta *delta)
{
    (void)ctx;
    deltas[count++] = *delta;
}

static void take_thing(void *ctx, const struct pk_prefix_thing *thing)
{
    (void)ctx;
    things[count++] = *thing;
}

/* What was read can be written, and gives the same bytes. */
static void same(struct pk_buffer *out, struct pk_slice in)
{
    need(out->len == in.len - PK_SIGN_SIZE && memcmp(out->ptr, in.ptr, out->len) == 0);
    pk_buffer_finish(out);
}

static void read_all(struct pk_slice in)
{
    struct pk_buffer out = pk_buffer_of(PK_FILTER16_MAX);
    struct pk_delta_head batch;
    struct pk_prefix_head answer;
    struct pk_filter16 filter;

    count = 0;
    if (pk_delta_read(in, &batch, take_delta, NULL) == PK_OK) {
        need(count == batch.count && pk_delta_write(&batch, deltas, &out) == PK_OK);
        same(&out, in);
    }
    count = 0;
    if (pk_prefix_read(in, &answer, take_thing, NULL) == PK_OK) {
        need(count == answer.count && pk_prefix_write(&answer, things, &out) == PK_OK);
        same(&out, in);
    }
    if (pk_filter16_read(in, &filter) == PK_OK) {
        for (uint64_t i = 0; i < 64; i++) {
            (void)pk_filter16_maybe(&filter, pk_fuse_mix(i));
        }
        need(pk_filter16_write(&filter, &out) == PK_OK);
        same(&out, in);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL) {
        return 0;
    }
    if (size > 0) {
        memcpy(copy, data, size);
    }
    read_all(pk_slice_of(copy, size));
    free(copy);
    return 0;
}
