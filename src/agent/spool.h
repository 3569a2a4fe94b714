/* spool.h - observations on disk until the server has acknowledged them.
 *
 * One append-only file of framed records (length, CRC-32, kind, sequence number, JSON). It survives
 * kill -9 and power loss: a torn tail is cut off at opening. What is essential (it led to a finding
 * or ended one) is synced at once, the rest before it is sent, so that a number which the server
 * has seen is never given to another observation. Memory use does not grow with the spool.
 *
 * One process owns a spool (locked); one thread at a time. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

struct pk_spool;

#define PK_SPOOL_MAX_DEFAULT (4UL * 1024 * 1024)
#define PK_SPOOL_MAX_LEAST   (64UL * 1024)
#define PK_SPOOL_RECORD_MAX  (128UL * 1024)

/* PK_EBUSY: another process has it. max_bytes bounds the file. */
PK_MUST_USE int pk_spool_open(
        const char *state_dir, size_t max_bytes, struct pk_spool **out, struct pk_error *err);
void pk_spool_close(struct pk_spool *spool); /* NULL is fine */

/* The number the next observation gets. From 1, never the same twice in the folder's life. */
int64_t pk_spool_next(const struct pk_spool *spool);

/* Goes on from a higher number: the server knows more than this folder, which was restored from an
 * old copy. Lower ones are fine and change nothing. */
PK_MUST_USE int pk_spool_skip(struct pk_spool *spool, int64_t next, struct pk_error *err);

/* Appends the observation with number pk_spool_next() and moves that on. When the file is full the
 * oldest ordinary records go first, then the oldest essential ones; see pk_spool_dropped(). */
PK_MUST_USE int pk_spool_append(
        struct pk_spool *spool, struct pk_slice json, bool essential, struct pk_error *err);

/* Makes everything durable that was appended. Before anything is sent. */
PK_MUST_USE int pk_spool_sync(struct pk_spool *spool, struct pk_error *err);

/* Calls fn for records that are not acknowledged, oldest first, until it returns false. */
PK_MUST_USE int pk_spool_each(struct pk_spool *spool,
        bool (*fn)(void *ctx, int64_t seq, bool essential, struct pk_slice json), void *ctx,
        struct pk_error *err);

/* Everything up to seq is safe with the server and may be forgotten. */
PK_MUST_USE int pk_spool_ack(struct pk_spool *spool, int64_t seq, struct pk_error *err);

struct pk_spool_state {
    size_t pending;           /* observations that wait */
    size_t pending_essential; /* of which are essential */
    size_t bytes;             /* of the file */
    int64_t acked;            /* the highest number acknowledged */
    int64_t dropped;          /* given up for want of room, since the folder began */
    bool damaged;             /* a part could not be read at opening and was cut off */
};
struct pk_spool_state pk_spool_state(const struct pk_spool *spool);
