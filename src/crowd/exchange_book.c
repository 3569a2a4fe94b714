#include "crowd/exchange_book.h"

#include <stdlib.h>

#define SLOTS_FIRST 256U

/* Open addressing with linear probing: ids are uniform hashes already. An entry whose word is gone and that is
 * not ours keeps its slot until the table grows. */
struct pk_exchange_book {
    struct pk_exchange_entry *slots; /* id 0: free */
    size_t slot_count;               /* a power of two, or 0 */
    size_t used;
    size_t words;
    size_t max;
};

struct pk_exchange_book *pk_exchange_book_create(size_t max)
{
    struct pk_exchange_book *book = calloc(1, sizeof(*book));

    if (book != NULL) {
        book->max = max;
    }
    return book;
}

void pk_exchange_book_destroy(struct pk_exchange_book *book)
{
    if (book != NULL) {
        free(book->slots);
        free(book);
    }
}

void pk_exchange_book_clear(struct pk_exchange_book *book)
{
    free(book->slots);
    *book = (struct pk_exchange_book){ .max = book->max };
}

/* The slot of the id, or the free one where it belongs. There is always a free one. */
static struct pk_exchange_entry *slot_of(
        struct pk_exchange_entry *slots, size_t slot_count, uint64_t id)
{
    size_t at = (size_t)id & (slot_count - 1);

    while (slots[at].id != 0 && slots[at].id != id) {
        at = (at + 1) & (slot_count - 1);
    }
    return &slots[at];
}

static bool is_dead(const struct pk_exchange_entry *e)
{
    return e->id == 0 || (!e->is_ours && !e->has_word);
}

static int rebuild(struct pk_exchange_book *book)
{
    size_t live = 0;
    size_t count = SLOTS_FIRST;
    struct pk_exchange_entry *slots;

    for (size_t i = 0; i < book->slot_count; i++) {
        live += is_dead(&book->slots[i]) ? 0 : 1;
    }
    if (live >= book->max) {
        return PK_ELIMIT;
    }
    while (count < 3 * (live + 1)) {
        count *= 2;
    }
    slots = calloc(count, sizeof(*slots));
    if (slots == NULL) {
        return PK_ENOMEM;
    }
    for (size_t i = 0; i < book->slot_count; i++) {
        if (!is_dead(&book->slots[i])) {
            *slot_of(slots, count, book->slots[i].id) = book->slots[i];
        }
    }
    free(book->slots);
    book->slots = slots;
    book->slot_count = count;
    book->used = live;
    return PK_OK;
}

static int take_slot(struct pk_exchange_book *book, uint64_t id, struct pk_exchange_entry **out)
{
    struct pk_exchange_entry *slot = book->slot_count > 0
            ? slot_of(book->slots, book->slot_count, id)
            : NULL;
    int rc = PK_OK;

    if (id == 0) {
        return PK_EINVAL;
    }
    if (slot == NULL || slot->id == 0) {
        if (book->slot_count == 0 || 3 * (book->used + 1) > 2 * book->slot_count ||
                book->used >= book->max) {
            rc = rebuild(book);
        }
        if (rc < 0) {
            return rc;
        }
        slot = slot_of(book->slots, book->slot_count, id);
        slot->id = id;
        book->used++;
    }
    *out = slot;
    return PK_OK;
}

int pk_exchange_book_hear(
        struct pk_exchange_book *book, const struct pk_exchange_word *word, int64_t told_s)
{
    struct pk_exchange_entry *e = NULL;
    int rc = PK_OK;

    if (word->verdict == PK_EXCHANGE_GONE) {
        if (book->slot_count > 0) {
            e = slot_of(book->slots, book->slot_count, word->id);
            book->words -= e->id != 0 && e->has_word ? 1 : 0;
            e->has_word = false;
        }
        return PK_OK;
    }
    rc = take_slot(book, word->id, &e);
    if (rc < 0) {
        return rc;
    }
    book->words += e->has_word ? 0 : 1;
    e->has_word = true;
    e->word = *word;
    e->told_s = told_s;
    return PK_OK;
}

int pk_exchange_book_own(struct pk_exchange_book *book, uint64_t id, const struct pk_crowd_key *key)
{
    struct pk_exchange_entry *e = NULL;
    int rc = take_slot(book, id, &e);

    if (rc == PK_OK) {
        e->is_ours = true;
        e->key = *key;
    }
    return rc;
}

const struct pk_exchange_entry *pk_exchange_book_find(
        const struct pk_exchange_book *book, uint64_t id)
{
    const struct pk_exchange_entry *e = book->slot_count > 0 && id != 0
            ? slot_of(book->slots, book->slot_count, id)
            : NULL;

    return e != NULL && !is_dead(e) ? e : NULL;
}

void pk_exchange_book_each_match(const struct pk_exchange_book *book,
        void (*fn)(void *ctx, const struct pk_exchange_entry *entry), void *ctx)
{
    for (size_t i = 0; i < book->slot_count; i++) {
        const struct pk_exchange_entry *e = &book->slots[i];

        if (e->id != 0 && e->is_ours && e->has_word) {
            fn(ctx, e);
        }
    }
}

size_t pk_exchange_book_words(const struct pk_exchange_book *book)
{
    return book->words;
}
