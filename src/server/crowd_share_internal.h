/* crowd_share_internal.h - what the files of the sharing have in common; for them alone. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/buffer.h"
#include "base/sign.h"
#include "crowd/share.h"
#include "server/crowd_share.h"

#define PK_SHARE_WAIT_DELTAS 512 /* in one answer to a wait: 6 kB; the device asks on at once */

struct pk_share_filter_kept {
    struct pk_buffer bytes; /* signed; empty: not built yet */
    char tag[64];           /* ETag, with its quotes */
    int64_t made_s;
    uint64_t base;
    uint32_t epoch;
};

/* What a device was told that came late. Thousands may, and ask for the same within a second. */
struct pk_share_told {
    char *text; /* a signed batch, base64; NULL: nothing yet */
    uint64_t since;
    uint64_t seq;
    int64_t at_s;
    uint32_t epoch;
};

struct pk_crowd_share {
    struct pk_server *server;
    struct pk_signer signer;
    pthread_t thread;
    bool runs;
    pthread_mutex_t wake_lock;
    pthread_cond_t wake;
    bool news;
    bool ends;
    pthread_mutex_t lock; /* of all below but the atomics */
    struct pk_share *book;
    struct pk_share_filter_kept filters[PK_SHARE_CLASSES];
    struct pk_share_told told;
    atomic_bool live;    /* all that is bad now was read */
    atomic_ullong place; /* epoch << 48 | number: a wait's question without a lock */
    atomic_ullong batches, deltas, filters_built;
    atomic_llong sign_us;
};

int64_t pk_share_now_s(const struct pk_crowd_share *share);

/* Under the lock: the signed batch of what came after since. PK_ENOENT: the device needs the filters. */
PK_MUST_USE int pk_share_signed_batch(struct pk_crowd_share *share, uint64_t since, size_t max,
        struct pk_buffer *out, struct pk_delta_head *head);

static inline uint64_t pk_share_place(uint32_t epoch, uint64_t seq)
{
    return (uint64_t)(epoch & 0xffff) << 48 | seq;
}
