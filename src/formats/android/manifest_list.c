#include "formats/android/manifest_list.h"

#include "formats/limits.h"

/* A list is full whenever its count is a power of two from 4 on, so that no room need be kept. */
static void *grow(struct pk_manifest_lists *lists, void **items, size_t *count, size_t size)
{
    size_t n = *count;

    if (lists->items >= PK_MANIFEST_ITEMS_MAX) {
        pk_anomaly_add(lists->anomalies, PK_ANOMALY_LIMIT_MANIFEST, "more than %lu items",
                PK_MANIFEST_ITEMS_MAX);
        return NULL;
    }
    if (n == 0 || (n >= 4 && (n & (n - 1)) == 0)) {
        void *more = pk_arena_alloc(lists->arena, n == 0 ? 4 : 2 * n, size);

        if (more == NULL) {
            lists->rc = PK_ENOMEM;
            return NULL;
        }
        if (n > 0) {
            memcpy(more, *items, n * size);
        }
        *items = more;
    }
    lists->items++;
    (*count)++;
    return (char *)*items + n * size;
}

void *pk_manifest_add(struct pk_manifest_lists *lists, struct pk_array *to, size_t size)
{
    return grow(lists, &to->items, &to->count, size);
}

void pk_manifest_add_text(struct pk_manifest_lists *lists, struct pk_strings *to, const char *text)
{
    void *items = (void *)to->items;
    const char **slot;

    if (text == NULL) {
        return;
    }
    slot = grow(lists, &items, &to->count, sizeof(*slot));
    to->items = items;
    if (slot != NULL) {
        *slot = text;
    }
}
