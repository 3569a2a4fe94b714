/* respool.h - a ResStringPool: the strings of a binary XML document or of a resource table.
 *
 * Nothing is decoded until somebody asks for it. A pool that contradicts itself is read as far as it
 * goes; what was odd about it is kept in `odd`, for the caller to say under its own name.
 * Source: AOSP frameworks/base libs/androidfw (ResStringPool). */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

#define PK_RESPOOL_NONE UINT32_MAX /* the index that stands for "no string" */

enum pk_respool_odd {
    PK_RESPOOL_COUNT = 1U << 0,  /* the count or the table of offsets does not fit the pool */
    PK_RESPOOL_BOUNDS = 1U << 1, /* the strings begin or end outside the chunk */
    PK_RESPOOL_STRING = 1U << 2, /* a string that was asked for lies (partly) outside the pool */
    PK_RESPOOL_NUL = 1U << 3,    /* one has no NUL behind it, or a NUL inside */
    PK_RESPOOL_TEXT = 1U << 4,   /* one is not valid UTF-8 or UTF-16 */
    PK_RESPOOL_END = 1U << 5,    /* the last string of the pool does not end with NUL */
    PK_RESPOOL_LONG = 1U << 6,   /* one that was asked for was cut to 64 KiB */
};

struct pk_respool {
    struct pk_slice chunk; /* header included */
    size_t count;          /* strings whose offset lies in the chunk */
    size_t claimed;        /* as the header says */
    size_t offsets;        /* where the table of offsets begins */
    size_t begin, end;     /* of the strings, inside chunk */
    bool utf8;
    unsigned odd; /* enum pk_respool_odd */
};

/* chunk begins with the pool's own chunk header; its length is what the caller grants (the claimed
 * size, cut to what is there). The pool borrows it. PK_ETRUNC: there is no whole header. */
PK_MUST_USE int pk_respool_open(struct pk_slice chunk, struct pk_respool *out);

/* The text of one string as clean UTF-8 in the arena: it ends at the first NUL, and what is invalid
 * becomes U+FFFD. PK_ENOENT: no such string (nothing is written); PK_ENOMEM. */
PK_MUST_USE int pk_respool_text(
        struct pk_respool *pool, uint32_t index, struct pk_arena *arena, const char **out);
