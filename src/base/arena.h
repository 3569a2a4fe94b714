/* arena.h - memory of one request, one report or one scan: it dies with it. Born with its maximum.
 * One thread at a time. */
#pragma once

#include "base/error.h"
#include "base/slice.h"

struct pk_arena;

/* An arena that gives out at most max bytes in all; NULL when memory is short. */
struct pk_arena *pk_arena_create(size_t max);
/* Runs the deferred calls, last first, and frees everything. NULL is fine. */
void pk_arena_destroy(struct pk_arena *arena);

/* count*size zeroed bytes, aligned for any type, or NULL when the arena's maximum or memory is
 * reached, or the product overflows. */
void *pk_arena_alloc(struct pk_arena *arena, size_t count, size_t size);
char *pk_arena_strdup(struct pk_arena *arena, const char *text);
char *pk_arena_strndup(struct pk_arena *arena, const char *text, size_t len);
char *pk_arena_printf(struct pk_arena *arena, const char *format, ...) PK_PRINTF(2, 3);

/* Calls fn(ptr) when the arena ends. PK_ENOMEM: it was called at once, nothing leaks. */
int pk_arena_defer(struct pk_arena *arena, void (*fn)(void *), void *ptr);
