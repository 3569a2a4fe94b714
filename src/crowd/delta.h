/* delta.h - news of the crowd on the wire: 12 bytes for a thing that turned bad, or good again.
 *
 *   batch   head (16), deltas (12 each), Ed25519 signature of all before it (64)
 *   head    "KD" 1, flags u8, epoch u32, base u48, count u16
 *   delta   kind and operation u8, fingerprint u40, score u8, ttl u16 (hours), number u24
 *
 * Little-endian. base is the number after which the batch begins: it holds all that was said after base up
 * to its last number, so that who has heard everything up to base (or later) has no gap. Numbers grow;
 * of each only the low 24 bits travel. docs/protocol.md has it to the byte. */
#pragma once

#include <stdbool.h>

#include "base/buffer.h"
#include "crowd/opinion.h"

#define PK_DELTA_SIZE  12
#define PK_DELTA_HEAD  16
#define PK_DELTA_MAX   4096 /* deltas of a batch: 49 kB */
#define PK_DELTA_BYTES (PK_DELTA_HEAD + PK_DELTA_MAX * PK_DELTA_SIZE + 64)

struct pk_delta {
    uint64_t seq;     /* of the change, below 2^48 */
    uint64_t print40; /* pk_print_40() */
    enum pk_crowd_kind kind;
    bool bad;           /* false: withdrawn */
    uint8_t score;      /* pk_share_score() */
    uint16_t ttl_hours; /* how much longer it holds when nobody says more */
};

struct pk_delta_head {
    uint64_t base;
    uint64_t last; /* number of the last delta; base when there is none */
    uint32_t epoch;
    uint16_t count;
    bool more; /* it is not all: ask again after last */
};

/* Appends head and deltas, without the signature. PK_EBOUNDS: too many, a number that does not grow or is 2^24
 * or more after the one before, or a kind that does not exist. */
PK_MUST_USE int pk_delta_write(
        const struct pk_delta_head *head, const struct pk_delta *deltas, struct pk_buffer *out);

/* bytes: a whole batch whose signature the caller has checked. Calls each in order when the whole of it
 * is well-formed. PK_ETRUNC, PK_EMALF, PK_ELIMIT. */
PK_MUST_USE int pk_delta_read(struct pk_slice bytes, struct pk_delta_head *head,
        void (*each)(void *ctx, const struct pk_delta *delta), void *ctx);
