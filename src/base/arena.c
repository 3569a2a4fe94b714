#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

#define CHUNK_FIRST 1024
#define CHUNK_MAX   (64UL * 1024)

struct chunk {
    struct chunk *before;
    size_t used;
    size_t cap;
    alignas(max_align_t) unsigned char bytes[];
};

struct deferred {
    struct deferred *before;
    void (*fn)(void *);
    void *ptr;
};

struct pk_arena {
    struct chunk *last;
    struct deferred *deferred;
    size_t granted;
    size_t max;
};

struct pk_arena *pk_arena_create(size_t max)
{
    struct pk_arena *arena = calloc(1, sizeof(*arena));

    if (arena != NULL) {
        arena->max = max;
    }
    return arena;
}

void pk_arena_destroy(struct pk_arena *arena)
{
    if (arena == NULL) {
        return;
    }
    for (struct deferred *d = arena->deferred; d != NULL; d = d->before) {
        d->fn(d->ptr);
    }
    while (arena->last != NULL) {
        struct chunk *before = arena->last->before;

        free(arena->last);
        arena->last = before;
    }
    free(arena);
}

static struct chunk *chunk_add(struct pk_arena *arena, size_t bytes)
{
    size_t cap = arena->last == NULL ? CHUNK_FIRST : arena->last->cap * 2;
    struct chunk *chunk;

    cap = cap > CHUNK_MAX ? CHUNK_MAX : cap;
    cap = cap < bytes ? bytes : cap;
    chunk = calloc(1, sizeof(*chunk) + cap);
    if (chunk != NULL) {
        chunk->cap = cap;
        chunk->before = arena->last;
        arena->last = chunk;
    }
    return chunk;
}

void *pk_arena_alloc(struct pk_arena *arena, size_t count, size_t size)
{
    const size_t align = alignof(max_align_t);
    struct chunk *chunk = arena->last;
    size_t bytes;
    void *ptr;

    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - align) {
        return NULL;
    }
    bytes = bytes == 0 ? align : (bytes + align - 1) / align * align;
    if (bytes > arena->max - arena->granted) {
        return NULL;
    }
    if (chunk == NULL || bytes > chunk->cap - chunk->used) {
        chunk = chunk_add(arena, bytes);
        if (chunk == NULL) {
            return NULL;
        }
    }
    ptr = chunk->bytes + chunk->used;
    chunk->used += bytes;
    arena->granted += bytes;
    return ptr;
}

char *pk_arena_strndup(struct pk_arena *arena, const char *text, size_t len)
{
    char *copy = len == SIZE_MAX ? NULL : pk_arena_alloc(arena, len + 1, 1);

    if (copy != NULL && len > 0) {
        memcpy(copy, text, len);
    }
    return copy;
}

char *pk_arena_strdup(struct pk_arena *arena, const char *text)
{
    return pk_arena_strndup(arena, text, strlen(text));
}

char *pk_arena_printf(struct pk_arena *arena, const char *format, ...)
{
    va_list args;
    char *text;
    int n;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    text = n < 0 ? NULL : pk_arena_alloc(arena, (size_t)n + 1, 1);
    if (text != NULL) {
        va_start(args, format);
        (void)vsnprintf(text, (size_t)n + 1, format, args);
        va_end(args);
    }
    return text;
}

int pk_arena_defer(struct pk_arena *arena, void (*fn)(void *), void *ptr)
{
    struct deferred *d = pk_arena_alloc(arena, 1, sizeof(*d));

    if (d == NULL) {
        fn(ptr);
        return PK_ENOMEM;
    }
    *d = (struct deferred){ .before = arena->deferred, .fn = fn, .ptr = ptr };
    arena->deferred = d;
    return PK_OK;
}
