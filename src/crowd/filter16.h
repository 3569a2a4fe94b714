/* filter16.h - the base of what the crowd holds for bad, as a device keeps it: a signed binary fuse filter
 * over 64-bit fingerprints (base/fuse.h), 16 bits an entry, or 8 when there are so many keys that a
 * phone's download counts for more than one false "maybe" in 256.
 *
 *   head (64)   "PKCROWD" 1, epoch u32, class u8, width u8, shard u16, count u32, segment u32,
 *               segments u32, 0 u32, seed u64, base u64, made u64 (s), good until u64 (s)
 *   prints      (segments + 2) * segment * width / 8 bytes
 *   signature   Ed25519 of all before it (64)
 *
 * A "maybe" never alerts: prefix.h confirms. */
#pragma once

#include "base/buffer.h"
#include "base/fuse.h"
#include "crowd/print.h"

#define PK_FILTER16_HEAD 64
/* Keys up to which entries have 16 bits: 1.2 MB. */
#define PK_FILTER16_WIDE 520000U
#define PK_FILTER16_MAX  (16UL * 1024 * 1024) /* bytes of a file that is read: 14 M keys */

struct pk_filter16 {
    struct pk_fuse fuse;
    uint64_t base; /* number of the newest change that is in it */
    int64_t made_s;
    int64_t until_s;
    uint32_t epoch;
    uint16_t shard; /* 0: all places */
    uint8_t class;  /* enum pk_share_class */
};

/* Appends head and prints, without the signature. fuse may be of pk_fuse_build(). */
PK_MUST_USE int pk_filter16_write(const struct pk_filter16 *filter, struct pk_buffer *out);

/* bytes: a whole file, whose signature the caller has checked; borrowed for the filter's life. PK_ETRUNC,
 * PK_EMALF, PK_ELIMIT. */
PK_MUST_USE int pk_filter16_read(struct pk_slice bytes, struct pk_filter16 *out);

static inline bool pk_filter16_maybe(const struct pk_filter16 *filter, uint64_t print)
{
    return pk_fuse_has(&filter->fuse, print);
}
