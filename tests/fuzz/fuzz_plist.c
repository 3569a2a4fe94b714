/* fuzz_plist.c - property lists of every spelling: what was read is a tree within its limits, of clean
 * text, equal to itself, and can be written as JSON. */
#include <stdlib.h>

#include "base/schema.h"
#include "formats/apple/plist.h"
#include "formats/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Values of the tree; aborts where the reader's promises do not hold. */
static size_t walk(const struct pk_plist *value, size_t depth)
{
    size_t nodes = 1;

    if (depth > PK_PLIST_DEPTH_MAX || (value->data.len > 0 && value->data.ptr == NULL)) {
        abort();
    }
    if (value->type != PK_PLIST_ARRAY && value->type != PK_PLIST_DICT) {
        return nodes;
    }
    if (value->count > 0 &&
            (value->items == NULL || (value->type == PK_PLIST_DICT && value->keys == NULL))) {
        abort();
    }
    for (size_t i = 0; i < value->count; i++) {
        nodes += walk(&value->items[i], depth + 1);
    }
    return nodes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arena *arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    const struct pk_plist *root = NULL;
    struct pk_anomalies anomalies;
    struct pk_error err = { 0 };

    if (arena == NULL || pk_anomalies_init(&anomalies, arena) < 0) {
        abort();
    }
    if (pk_plist_parse(pk_slice_of(data, size), arena, &anomalies, &root, NULL, &err) < 0) {
        if (root != NULL || err.text[0] == '\0' || err.code == PK_OK) {
            abort();
        }
    } else {
        json_t *json = pk_plist_to_json(root);

        if (json == NULL || walk(root, 0) > PK_PLIST_NODES_MAX || !pk_plist_eq(root, root)) {
            abort();
        }
        (void)pk_plist_text(root, "key", arena);
        json_decref(json);
    }
    pk_arena_destroy(arena);
    return 0;
}
