/* buffer.h - bytes that grow, born with their maximum. The bytes are always followed by a NUL that
 * does not count, so text in a buffer is a C string. The error is sticky (PK_ENOMEM, PK_ELIMIT). */
#pragma once

#include "base/error.h"
#include "base/slice.h"

struct pk_buffer {
    char *ptr; /* NULL while empty */
    size_t len;
    size_t cap;
    size_t max;
    int rc;
};

static inline struct pk_buffer pk_buffer_of(size_t max)
{
    return (struct pk_buffer){ .max = max };
}

int pk_buffer_put(struct pk_buffer *b, const void *ptr, size_t len);
int pk_buffer_puts(struct pk_buffer *b, const char *text);
int pk_buffer_putc(struct pk_buffer *b, char c);
int pk_buffer_printf(struct pk_buffer *b, const char *format, ...) PK_PRINTF(2, 3);
/* Makes room for len more bytes and returns where they go; the caller adds to b->len what it
 * wrote. NULL when that is not possible. */
void *pk_buffer_reserve(struct pk_buffer *b, size_t len);
void pk_buffer_clear(struct pk_buffer *b); /* keeps the memory */
void pk_buffer_finish(struct pk_buffer *b);
/* Hands the memory (malloc'ed, NUL-terminated, never NULL on success) to the caller. */
char *pk_buffer_take(struct pk_buffer *b);

static inline struct pk_slice pk_buffer_slice(const struct pk_buffer *b)
{
    return pk_slice_of(b->ptr, b->len);
}
