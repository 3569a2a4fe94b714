/* share_book.h - bad things by fingerprint, so that those which begin with the same bits lie together.
 * Fingerprints are keyed hashes, evenly spread and nobody's choice: the first bits are the place. For
 * share.c alone. */
#pragma once

#include "crowd/print.h"

struct pk_share_thing {
    struct pk_crowd_key key;
    uint64_t print;
    int64_t since_s;
    uint16_t devices;
    uint16_t groups;
    uint8_t score;
    uint8_t cause;
};

struct pk_share_entry;

struct pk_share_book {
    struct pk_share_entry **chains; /* 1 << bits of them; NULL: empty */
    size_t count;
    unsigned bits;
};

void pk_share_book_finish(struct pk_share_book *book);
/* In the place of one with the same fingerprint; the older since stays. PK_ENOMEM. */
PK_MUST_USE int pk_share_book_put(struct pk_share_book *book, const struct pk_share_thing *thing);
void pk_share_book_remove(struct pk_share_book *book, uint64_t print);
/* Calls fn for all whose fingerprints begin with these bits (prefix: in the highest places). */
void pk_share_book_range(const struct pk_share_book *book, uint32_t prefix, unsigned bits,
        void (*fn)(void *ctx, const struct pk_share_thing *thing), void *ctx);
/* All of them, each changed by fn, in a book of their own. PK_ENOMEM. */
PK_MUST_USE int pk_share_book_copy(const struct pk_share_book *book,
        void (*fn)(void *ctx, struct pk_share_thing *thing), void *ctx, struct pk_share_book *out);
