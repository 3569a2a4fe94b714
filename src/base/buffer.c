#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>

#define BUFFER_FIRST 256

void *pk_buffer_reserve(struct pk_buffer *b, size_t len)
{
    size_t need;
    size_t cap;
    char *grown;

    if (b->rc < 0) {
        return NULL;
    }
    if (len > b->max || b->len > b->max - len) {
        b->rc = PK_ELIMIT;
        return NULL;
    }
    need = b->len + len + 1;
    if (need <= b->cap) {
        return b->ptr + b->len;
    }
    cap = b->cap < BUFFER_FIRST ? BUFFER_FIRST : b->cap;
    while (cap < need) {
        cap *= 2;
    }
    grown = realloc(b->ptr, cap);
    if (grown == NULL) {
        b->rc = PK_ENOMEM;
        return NULL;
    }
    b->ptr = grown;
    b->cap = cap;
    b->ptr[b->len] = '\0';
    return b->ptr + b->len;
}

int pk_buffer_put(struct pk_buffer *b, const void *ptr, size_t len)
{
    void *to = pk_buffer_reserve(b, len);

    if (to == NULL) {
        return b->rc;
    }
    if (len > 0) {
        memcpy(to, ptr, len);
    }
    b->len += len;
    b->ptr[b->len] = '\0';
    return PK_OK;
}

int pk_buffer_puts(struct pk_buffer *b, const char *text)
{
    return pk_buffer_put(b, text, strlen(text));
}

int pk_buffer_putc(struct pk_buffer *b, char c)
{
    return pk_buffer_put(b, &c, 1);
}

int pk_buffer_printf(struct pk_buffer *b, const char *format, ...)
{
    va_list args;
    int n;
    void *to;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    to = n < 0 ? NULL : pk_buffer_reserve(b, (size_t)n);
    if (to == NULL) {
        return b->rc < 0 ? b->rc : PK_EINVAL;
    }
    va_start(args, format);
    (void)vsnprintf(to, (size_t)n + 1, format, args);
    va_end(args);
    b->len += (size_t)n;
    return PK_OK;
}

void pk_buffer_clear(struct pk_buffer *b)
{
    b->len = 0;
    b->rc = PK_OK;
    if (b->ptr != NULL) {
        b->ptr[0] = '\0';
    }
}

void pk_buffer_finish(struct pk_buffer *b)
{
    free(b->ptr);
    *b = pk_buffer_of(b->max);
}

char *pk_buffer_take(struct pk_buffer *b)
{
    char *taken;

    if (pk_buffer_reserve(b, 0) == NULL) {
        return NULL;
    }
    taken = b->ptr;
    *b = pk_buffer_of(b->max);
    return taken;
}
