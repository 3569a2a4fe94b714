#include "base/json_memory.h"

#include <stdint.h>
#include <jansson.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

/* glibc's usable sizes: 24, 40, 56 ... A block is a plain one of malloc(), so that free() takes it,
 * too: what json_dumps() returns is the caller's. */
#define FIRST   24
#define STEP    16
#define CLASSES 24   /* blocks of up to 392 bytes are kept */
#define KEEP    1024 /* blocks of a class in each thread */

union head {
    union head *next; /* while it is kept */
};

struct cache {
    union head *blocks[CLASSES];
    unsigned count[CLASSES];
};

static _Thread_local struct cache *mine;
static pthread_key_t key;

static void end_thread(void *ptr)
{
    struct cache *cache = ptr;

    for (size_t i = 0; i < CLASSES; i++) {
        while (cache->blocks[i] != NULL) {
            union head *block = cache->blocks[i];

            cache->blocks[i] = block->next;
            free(block);
        }
    }
    free(cache);
    mine = NULL;
}

static struct cache *cache_of_thread(void)
{
    if (mine == NULL) {
        mine = calloc(1, sizeof(*mine));
        if (mine != NULL && pthread_setspecific(key, mine) != 0) {
            free(mine);
            mine = NULL;
        }
    }
    return mine;
}

static void *take(size_t size)
{
    size_t size_class = size <= FIRST ? 0 : (size - FIRST + STEP - 1) / STEP;
    struct cache *cache = size_class < CLASSES ? cache_of_thread() : NULL;
    union head *block;

    if (size_class >= CLASSES) {
        return malloc(size);
    }
    if (cache == NULL || cache->blocks[size_class] == NULL) {
        return malloc(FIRST + size_class * STEP);
    }
    block = cache->blocks[size_class];
    cache->blocks[size_class] = block->next;
    cache->count[size_class]--;
    return block;
}

static void give(void *ptr)
{
    size_t usable = malloc_usable_size(ptr); /* 0 for NULL */
    size_t size_class = usable < FIRST ? CLASSES : (usable - FIRST) / STEP;
    struct cache *cache = size_class < CLASSES ? cache_of_thread() : NULL;
    union head *block = ptr;

    if (cache == NULL || cache->count[size_class] >= KEEP) {
        free(ptr);
        return;
    }
    block->next = cache->blocks[size_class];
    cache->blocks[size_class] = block;
    cache->count[size_class]++;
}

void pk_json_memory_setup(void)
{
    if (pthread_key_create(&key, end_thread) == 0) {
        json_set_alloc_funcs(take, give);
    }
}
