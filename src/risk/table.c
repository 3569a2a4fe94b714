#include "risk/table.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 64U

/* Finaliser of MurmurHash3: keys may be small numbers. */
static uint32_t slot_of(const struct pk_rows *t, uint64_t key)
{
    key ^= key >> 33;
    key *= 0xff51afd7ed558ccdULL;
    key ^= key >> 33;
    key *= 0xc4ceb9fe1a85ec53ULL;
    key ^= key >> 33;
    return (uint32_t)key & (t->slot_count - 1);
}

static uint64_t key_at(const struct pk_rows *t, uint32_t index)
{
    uint64_t key;

    memcpy(&key, pk_rows_at(t, index), sizeof(key));
    return key;
}

void *pk_rows_find(const struct pk_rows *t, uint64_t key)
{
    if (t->slot_count == 0) {
        return NULL;
    }
    for (uint32_t at = slot_of(t, key); t->slots[at] != 0; at = (at + 1) & (t->slot_count - 1)) {
        if (key_at(t, t->slots[at] - 1) == key) {
            return pk_rows_at(t, t->slots[at] - 1);
        }
    }
    return NULL;
}

static void enter(struct pk_rows *t, uint32_t index)
{
    uint32_t at = slot_of(t, key_at(t, index));

    while (t->slots[at] != 0) {
        at = (at + 1) & (t->slot_count - 1);
    }
    t->slots[at] = index + 1;
}

static int more_slots(struct pk_rows *t)
{
    uint32_t count = t->slot_count == 0 ? FIRST_SLOTS : t->slot_count * 2;
    uint32_t *slots = calloc(count, sizeof(*slots));

    if (slots == NULL) {
        return PK_ENOMEM;
    }
    free(t->slots);
    t->slots = slots;
    t->slot_count = count;
    for (uint32_t i = 0; i < t->count; i++) {
        enter(t, i);
    }
    return PK_OK;
}

static int more_rows(struct pk_rows *t)
{
    uint32_t cap = t->cap == 0 ? FIRST_SLOTS : t->cap + t->cap / 2;
    uint8_t *rows;

    cap = cap > t->max ? t->max : cap;
    rows = cap <= t->count ? NULL : realloc(t->rows, (size_t)cap * t->size);
    if (rows == NULL) {
        return PK_ENOMEM;
    }
    t->rows = rows;
    t->cap = cap;
    return PK_OK;
}

void *pk_rows_make(struct pk_rows *t, uint64_t key, int *fresh)
{
    uint8_t *row = pk_rows_find(t, key);

    *fresh = 0;
    if (row != NULL) {
        return row;
    }
    if ((t->count == t->cap && more_rows(t) < 0) ||
            ((t->count + 1) > t->slot_count / 2 && more_slots(t) < 0)) {
        return NULL;
    }
    row = pk_rows_at(t, t->count);
    memset(row, 0, t->size);
    memcpy(row, &key, sizeof(key));
    enter(t, t->count++);
    *fresh = 1;
    return row;
}

void pk_rows_sweep(struct pk_rows *t, int (*keep)(void *ctx, const void *row), void *ctx)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < t->count; i++) {
        if (!keep(ctx, pk_rows_at(t, i))) {
            continue;
        }
        if (kept != i) {
            memcpy(pk_rows_at(t, kept), pk_rows_at(t, i), t->size);
        }
        kept++;
    }
    if (kept == t->count) {
        return;
    }
    t->count = kept;
    memset(t->slots, 0, t->slot_count * sizeof(*t->slots));
    for (uint32_t i = 0; i < kept; i++) {
        enter(t, i);
    }
}

void pk_rows_finish(struct pk_rows *t)
{
    free(t->rows);
    free(t->slots);
    *t = (struct pk_rows){ .size = t->size, .max = t->max };
}

size_t pk_rows_bytes(const struct pk_rows *t)
{
    return (size_t)t->cap * t->size + (size_t)t->slot_count * sizeof(*t->slots);
}

int pk_rows_save(const struct pk_rows *t, struct pk_buffer *out)
{
    (void)pk_buffer_put(out, &t->count, sizeof(t->count));
    return t->count == 0 ? out->rc : pk_buffer_put(out, t->rows, (size_t)t->count * t->size);
}

int pk_rows_load(struct pk_rows *t, struct pk_reader *in)
{
    struct pk_slice head = pk_read_slice(in, sizeof(uint32_t));
    uint32_t count = 0;
    struct pk_slice rows;

    if (in->rc == PK_OK) {
        memcpy(&count, head.ptr, sizeof(count));
    }
    if (count > t->max) {
        return PK_EMALF;
    }
    rows = pk_read_slice(in, (size_t)count * t->size);
    for (uint32_t i = 0; in->rc == PK_OK && i < count; i++) {
        int fresh;
        uint64_t key;
        uint8_t *row;

        memcpy(&key, rows.ptr + (size_t)i * t->size, sizeof(key));
        row = pk_rows_make(t, key, &fresh);
        if (row == NULL || !fresh) {
            return row == NULL ? PK_ENOMEM : PK_EMALF;
        }
        memcpy(row, rows.ptr + (size_t)i * t->size, t->size);
    }
    return in->rc;
}
