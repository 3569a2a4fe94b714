#include "crowd/share_book.h"

#include <stdlib.h>

#include "crowd/prefix.h"

#define BITS_MIN 6
#define BITS_MAX 24

struct pk_share_entry {
    struct pk_share_entry *next;
    struct pk_share_thing thing;
};

static size_t chain_of(const struct pk_share_book *book, uint64_t print)
{
    return (size_t)(print >> (64 - book->bits));
}

static size_t chains(const struct pk_share_book *book)
{
    return book->chains != NULL ? (size_t)1 << book->bits : 0;
}

void pk_share_book_finish(struct pk_share_book *book)
{
    for (size_t i = 0; i < chains(book); i++) {
        while (book->chains[i] != NULL) {
            struct pk_share_entry *entry = book->chains[i];

            book->chains[i] = entry->next;
            free(entry);
        }
    }
    free((void *)book->chains);
    *book = (struct pk_share_book){ 0 };
}

/* About one thing a chain. */
static int make_room(struct pk_share_book *book)
{
    struct pk_share_book grown = { .count = book->count,
        .bits = book->chains != NULL ? book->bits + 1 : BITS_MIN };

    if (book->chains != NULL && (book->count < chains(book) || book->bits == BITS_MAX)) {
        return PK_OK;
    }
    grown.chains = calloc((size_t)1 << grown.bits, sizeof(struct pk_share_entry *));
    if (grown.chains == NULL) {
        return book->chains != NULL ? PK_OK : PK_ENOMEM; /* longer chains do as well */
    }
    for (size_t i = 0; i < chains(book); i++) {
        while (book->chains[i] != NULL) {
            struct pk_share_entry *entry = book->chains[i];
            struct pk_share_entry **at = &grown.chains[chain_of(&grown, entry->thing.print)];

            book->chains[i] = entry->next;
            entry->next = *at;
            *at = entry;
        }
    }
    free((void *)book->chains);
    *book = grown;
    return PK_OK;
}

static struct pk_share_entry **find(const struct pk_share_book *book, uint64_t print)
{
    struct pk_share_entry **at = &book->chains[chain_of(book, print)];

    while (*at != NULL && (*at)->thing.print != print) {
        at = &(*at)->next;
    }
    return at;
}

int pk_share_book_put(struct pk_share_book *book, const struct pk_share_thing *thing)
{
    struct pk_share_entry **at;
    int64_t since_s = thing->since_s;

    if (make_room(book) < 0) {
        return PK_ENOMEM;
    }
    at = find(book, thing->print);
    if (*at == NULL) {
        *at = calloc(1, sizeof(**at));
        if (*at == NULL) {
            return PK_ENOMEM;
        }
        book->count++;
    } else {
        since_s = (*at)->thing.since_s;
    }
    (*at)->thing = *thing;
    (*at)->thing.since_s = since_s;
    return PK_OK;
}

void pk_share_book_remove(struct pk_share_book *book, uint64_t print)
{
    struct pk_share_entry **at = book->chains != NULL ? find(book, print) : NULL;

    if (at != NULL && *at != NULL) {
        struct pk_share_entry *gone = *at;

        *at = gone->next;
        free(gone);
        book->count--;
    }
}

void pk_share_book_range(const struct pk_share_book *book, uint32_t prefix, unsigned bits,
        void (*fn)(void *ctx, const struct pk_share_thing *thing), void *ctx)
{
    uint64_t first = (uint64_t)prefix << 32;
    uint64_t last = bits == 0 ? UINT64_MAX : first | UINT64_MAX >> bits;

    if (book->chains == NULL) {
        return;
    }
    for (size_t i = chain_of(book, first); i <= chain_of(book, last); i++) {
        for (const struct pk_share_entry *e = book->chains[i]; e != NULL; e = e->next) {
            if (e->thing.print >= first && e->thing.print <= last) {
                fn(ctx, &e->thing);
            }
        }
    }
}

int pk_share_book_copy(const struct pk_share_book *book,
        void (*fn)(void *ctx, struct pk_share_thing *thing), void *ctx, struct pk_share_book *out)
{
    struct pk_share_book fresh = { 0 };

    for (size_t i = 0; i < chains(book); i++) {
        for (const struct pk_share_entry *e = book->chains[i]; e != NULL; e = e->next) {
            struct pk_share_thing thing = e->thing;

            fn(ctx, &thing);
            if (pk_share_book_put(&fresh, &thing) < 0) {
                pk_share_book_finish(&fresh);
                return PK_ENOMEM;
            }
        }
    }
    *out = fresh;
    return PK_OK;
}
