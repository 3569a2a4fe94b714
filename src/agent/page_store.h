/* page_store.h - the last good copy of each check page, so that a change can be shown and not only counted.
 * A copy is never trusted by itself: its fingerprint must be among those that were learnt. In files
 * page-* of the state folder, or in memory without one. Loop thread only. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

struct pk_page_store;

/* NULL when memory is short. state_dir NULL: in memory only. */
struct pk_page_store *pk_page_store_create(const char *state_dir);
void pk_page_store_destroy(struct pk_page_store *store); /* NULL is fine */

/* Empty when there is none. */
struct pk_slice pk_page_store_get(
        const struct pk_page_store *store, const char *url, struct pk_arena *arena);
/* At most PK_PAGES_MAX pages in memory; what cannot be kept is left out. */
void pk_page_store_put(struct pk_page_store *store, const char *url, struct pk_slice body);

#define PK_PAGES_MAX 16
