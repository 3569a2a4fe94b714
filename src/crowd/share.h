/* share.h - what the server has to say to its devices: all things that are bad now, by fingerprint, and what
 * changed lately. Pure: changes in, unsigned bytes of deltas, filters and second-stage answers out.
 * One caller at a time.
 *
 * Numbers of changes come from outside (the store's) and grow; they never begin again. */
#pragma once

#include "crowd/crowd.h"
#include "crowd/delta.h"
#include "crowd/filter16.h"
#include "crowd/prefix.h"

#define PK_SHARE_KEEP_S  (INT64_C(7) * 86400)  /* that deltas are kept */
#define PK_SHARE_KEEP    200000                /* deltas at most */
#define PK_SHARE_GOOD_S  (INT64_C(14) * 86400) /* that a filter is good without a newer one */
#define PK_SHARE_EPOCH_S (INT64_C(7) * 86400)  /* after which the fingerprints should change */
#define PK_SHARE_QUIET_H (14 * 24) /* that a device remembers what is not bad after all */

struct pk_share;

/* secret: of the fingerprints' keys (print.h). least: devices from which on sums are told. PK_ENOMEM. */
PK_MUST_USE int pk_share_create(
        struct pk_slice secret, uint32_t epoch, uint32_t least, struct pk_share **out);
void pk_share_destroy(struct pk_share *share); /* NULL is fine */

/* A change with its number. Sums are kept as they may be shown (kanon.h). One that is not greater than the newest is passed over. PK_ENOMEM: nothing
 * was taken. */
PK_MUST_USE int pk_share_take(
        struct pk_share *share, uint64_t seq, const struct pk_crowd_change *change);
/* What happened up to this number is not known one by one: who has not heard of it needs the filters. */
void pk_share_reach(struct pk_share *share, uint64_t seq);

/* Another epoch: all fingerprints are made anew, no delta of the old one is left. PK_ENOMEM: as before. */
PK_MUST_USE int pk_share_turn(struct pk_share *share, uint32_t epoch);
/* Drops deltas that are too old. */
void pk_share_age(struct pk_share *share, int64_t now_s);

uint32_t pk_share_epoch(const struct pk_share *share);
uint64_t pk_share_seq(const struct pk_share *share); /* newest number; 0: none yet */
size_t pk_share_count(const struct pk_share *share, enum pk_share_class class);

/* A batch of what changed after since, at most max deltas. PK_ENOENT: that is too long ago (or a number that was never
 * given out): the device needs the filters. */
PK_MUST_USE int pk_share_batch(const struct pk_share *share, uint64_t since, size_t max,
        int64_t now_s, struct pk_buffer *out, struct pk_delta_head *head);
PK_MUST_USE int pk_share_filter(const struct pk_share *share, enum pk_share_class class,
        int64_t now_s, struct pk_buffer *out, struct pk_error *err);
/* The things whose fingerprints begin with the prefix's bits, or with fewer of them when too few do: never more
 * bits than pk_prefix_bits() of the class's count. PK_EBOUNDS: more bits than there can be. */
PK_MUST_USE int pk_share_prefix(const struct pk_share *share, enum pk_share_class class,
        uint32_t prefix, unsigned bits, int64_t now_s, struct pk_buffer *out);
