/* prefix.h - the second stage: a device whose filter says "maybe" asks for all bad things whose fingerprint
 * begins with a few bits, and compares by itself. The server learns that one of many things was
 * meant, never which.
 *
 * The prefix has 20 bits at most, and only so many that PK_PREFIX_CROWD bad things are expected in each
 * range; with fewer bad things than that in all, no bit is told at all. The server widens a range that
 * happens to hold fewer than PK_PREFIX_LEAST.
 *
 *   answer   head (32), things (20 each), Ed25519 signature of all before it (64)
 *   head     "KP" 1, class u8, epoch u32, number u64, made u64 (s), bits u8, 0 u8, count u16, prefix u32
 *   thing    fingerprint u64, since u32 (hours since 1970), devices u16, groups u16, ttl u16 (hours),
 *            score u8, kind and cause u8 */
#pragma once

#include <stdbool.h>

#include "base/buffer.h"
#include "crowd/print.h"

#define PK_PREFIX_BITS_MAX 20
#define PK_PREFIX_CROWD    100
#define PK_PREFIX_LEAST    50
#define PK_PREFIX_HEAD     32
#define PK_PREFIX_THING    20
#define PK_PREFIX_MAX      8192 /* things of an answer: 164 kB */
#define PK_PREFIX_BYTES    (PK_PREFIX_HEAD + PK_PREFIX_MAX * PK_PREFIX_THING + 64)
#define PK_PREFIX_NO_CAUSE 15

struct pk_prefix_thing {
    uint64_t print;
    uint32_t since_h; /* hours since 1970 */
    uint16_t devices; /* that speak against it; 0: not told */
    uint16_t groups;
    uint16_t ttl_hours;
    uint8_t score;
    uint8_t cause; /* enum pk_sight_attack, or PK_PREFIX_NO_CAUSE */
    enum pk_crowd_kind kind;
};

struct pk_prefix_head {
    uint64_t seq; /* number of the newest change that it knows */
    int64_t made_s;
    uint32_t epoch;
    uint32_t prefix; /* of the fingerprints, in the highest bits */
    uint16_t count;
    uint8_t class; /* enum pk_share_class */
    uint8_t bits;
};

/* How many bits may be told when there are so many bad things (kanon.h). */
unsigned pk_prefix_bits(size_t bad);
/* The highest bits of a fingerprint, the others 0. bits <= 32. */
uint32_t pk_prefix_of(uint64_t print, unsigned bits);

/* Appends head and things, without the signature. PK_EBOUNDS: too many, or one outside the range. */
PK_MUST_USE int pk_prefix_write(const struct pk_prefix_head *head,
        const struct pk_prefix_thing *things, struct pk_buffer *out);
/* bytes: a whole answer whose signature the caller has checked. Calls each in order when all of it is
 * well-formed. PK_ETRUNC, PK_EMALF, PK_ELIMIT. */
PK_MUST_USE int pk_prefix_read(struct pk_slice bytes, struct pk_prefix_head *head,
        void (*each)(void *ctx, const struct pk_prefix_thing *thing), void *ctx);
