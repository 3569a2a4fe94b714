/* table.h - rows found by a 64-bit key, dense, in the order of their first sight. No row is removed but by
 * rebuilding. Within src/risk. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/reader.h"

struct pk_rows {
    uint8_t *rows;   /* count of size bytes; each begins with its uint64_t key */
    uint32_t *slots; /* 0: free, else index + 1; slot_count is a power of two */
    size_t size;
    uint32_t count, cap, slot_count, max;
};

static inline void *pk_rows_at(const struct pk_rows *t, uint32_t index)
{
    return t->rows + (size_t)index * t->size;
}
void *pk_rows_find(const struct pk_rows *t, uint64_t key); /* NULL: none */
/* Found, or appended with all bytes 0 but the key (*fresh). NULL: out of memory, or max rows are there. */
void *pk_rows_make(struct pk_rows *t, uint64_t key, int *fresh);
/* Keeps the rows that keep() likes; order stays. */
void pk_rows_sweep(struct pk_rows *t, int (*keep)(void *ctx, const void *row), void *ctx);
void pk_rows_finish(struct pk_rows *t);
size_t pk_rows_bytes(const struct pk_rows *t);
/* A checkpoint of this machine, in its own byte order. Load wants an empty table; PK_ETRUNC, PK_EMALF (too many
 * rows, one key twice): it may hold some rows then. */
PK_MUST_USE int pk_rows_save(const struct pk_rows *t, struct pk_buffer *out);
PK_MUST_USE int pk_rows_load(struct pk_rows *t, struct pk_reader *in);
