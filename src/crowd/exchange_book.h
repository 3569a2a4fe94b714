/* exchange_book.h - what a member knows of blinded ids: what its hub says of them, and which of its own things
 * they are. Found in a moment when a device asks. One thread at a time. Pure. */
#pragma once

#include "crowd/exchange_word.h"

struct pk_exchange_book;

struct pk_exchange_entry {
    uint64_t id;
    struct pk_crowd_key key;      /* when is_ours */
    struct pk_exchange_word word; /* when has_word */
    int64_t told_s;               /* of the word */
    bool is_ours;
    bool has_word;
};

/* max: entries; more are refused. NULL: memory is short. */
struct pk_exchange_book *pk_exchange_book_create(size_t max);
void pk_exchange_book_destroy(struct pk_exchange_book *book); /* NULL is fine */

/* What the hub says of an id; a word GONE takes it out. PK_ELIMIT: the book is full; PK_ENOMEM. */
PK_MUST_USE int pk_exchange_book_hear(
        struct pk_exchange_book *book, const struct pk_exchange_word *word, int64_t told_s);
/* The id is this thing of ours. The same. */
PK_MUST_USE int pk_exchange_book_own(
        struct pk_exchange_book *book, uint64_t id, const struct pk_crowd_key *key);

/* NULL: nothing is known of it. The entry is good until the book changes. */
const struct pk_exchange_entry *pk_exchange_book_find(
        const struct pk_exchange_book *book, uint64_t id);
/* Those that are ours and spoken of, in no order; fn must not change the book. */
void pk_exchange_book_each_match(const struct pk_exchange_book *book,
        void (*fn)(void *ctx, const struct pk_exchange_entry *entry), void *ctx);
size_t pk_exchange_book_words(const struct pk_exchange_book *book);
/* Forgets all. */
void pk_exchange_book_clear(struct pk_exchange_book *book);
