/* batch.h - what waits in the spool as the body of one report. */
#pragma once

#include <stdint.h>

#include "base/buffer.h"

struct pk_spool;

#define PK_BATCH_BYTES (512UL * 1024) /* unpacked; the server takes 1 MiB */

struct pk_batch {
    struct pk_buffer json; /* {"v":1,"observations":[...]} */
    size_t count;
    int64_t last_seq;
    int64_t expired_seq; /* up to it everything is too old for the server; 0: nothing */
    size_t expired;
};

/* The oldest observations, at most max. count 0 and no error: nothing waits. The caller ends it. */
PK_MUST_USE int pk_batch_build(struct pk_spool *spool, size_t max, int64_t now_ms,
        struct pk_batch *out, struct pk_error *err);
void pk_batch_finish(struct pk_batch *batch);

/* The body as it travels: zstd with the shared dictionary. */
PK_MUST_USE int pk_batch_pack(
        const struct pk_batch *batch, struct pk_buffer *out, struct pk_error *err);
