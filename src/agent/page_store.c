#include "agent/page_store.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/crypt.h"
#include "base/file.h"

#define BODY_MAX (64UL * 1024)

struct page {
    char *url;
    char *body;
    size_t len;
};

struct pk_page_store {
    char *folder; /* NULL: in memory */
    struct page pages[PK_PAGES_MAX];
    size_t count;
};

struct pk_page_store *pk_page_store_create(const char *state_dir)
{
    struct pk_page_store *store = calloc(1, sizeof(*store));

    if (store != NULL && state_dir != NULL) {
        store->folder = strdup(state_dir);
        if (store->folder == NULL) {
            free(store);
            return NULL;
        }
    }
    return store;
}

void pk_page_store_destroy(struct pk_page_store *store)
{
    if (store == NULL) {
        return;
    }
    for (size_t i = 0; i < store->count; i++) {
        free(store->pages[i].url);
        free(store->pages[i].body);
    }
    free(store->folder);
    free(store);
}

static bool path_of(const struct pk_page_store *store, const char *url, char out[PATH_MAX])
{
    char hex[PK_SHA256_HEX];
    int len;

    pk_sha256_hex(pk_slice_str(url), hex);
    len = snprintf(out, PATH_MAX, "%s/page-%.16s", store->folder, hex);
    return len > 0 && len < PATH_MAX;
}

static struct pk_slice copy(const char *body, size_t len, struct pk_arena *arena)
{
    char *out = len > 0 ? pk_arena_alloc(arena, len, 1) : NULL;

    if (out == NULL) {
        return pk_slice_of(NULL, 0);
    }
    memcpy(out, body, len);
    return pk_slice_of(out, len);
}

struct pk_slice pk_page_store_get(
        const struct pk_page_store *store, const char *url, struct pk_arena *arena)
{
    struct pk_slice body = { 0 };
    char path[PATH_MAX];

    for (size_t i = 0; i < store->count; i++) {
        if (strcmp(store->pages[i].url, url) == 0) {
            return copy(store->pages[i].body, store->pages[i].len, arena);
        }
    }
    if (store->folder != NULL && path_of(store, url, path)) {
        struct pk_buffer text = pk_buffer_of(BODY_MAX);

        if (pk_file_read(path, &text, NULL) == PK_OK) {
            body = copy(text.ptr, text.len, arena);
        }
        pk_buffer_finish(&text);
    }
    return body;
}

static void put_in_memory(struct pk_page_store *store, const char *url, struct pk_slice body)
{
    struct page *page = NULL;
    char *kept = malloc(body.len);

    for (size_t i = 0; i < store->count; i++) {
        page = strcmp(store->pages[i].url, url) == 0 ? &store->pages[i] : page;
    }
    if (page == NULL && store->count < PK_PAGES_MAX) {
        page = &store->pages[store->count];
        page->url = strdup(url);
        store->count += page->url != NULL;
        page = page->url != NULL ? page : NULL;
    }
    if (page == NULL || kept == NULL) {
        free(kept);
        return;
    }
    memcpy(kept, body.ptr, body.len);
    free(page->body);
    page->body = kept;
    page->len = body.len;
}

void pk_page_store_put(struct pk_page_store *store, const char *url, struct pk_slice body)
{
    char path[PATH_MAX];

    if (body.len == 0 || body.len > BODY_MAX) {
        return;
    }
    if (store->folder == NULL) {
        put_in_memory(store, url, body);
    } else if (path_of(store, url, path)) {
        (void)!pk_file_write(path, body, 0600, NULL); /* then a change is counted, not shown */
    }
}
