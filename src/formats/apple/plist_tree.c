#include "formats/apple/plist_tree.h"

#include <stdarg.h>
#include <stdlib.h>

/* Up to here comparing each with each is faster than sorting. */
#define FEW_KEYS 8

int(pk_plist_fail)(struct pk_error *err, int code, size_t at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)pk_error_setv(err, code, format, args);
    va_end(args);
    if (err != NULL) {
        err->offset = at;
    }
    return code;
}

void pk_plist_builder_finish(struct pk_plist_builder *b)
{
    free(b->slots);
    b->slots = NULL;
    b->slot_count = 0;
    b->slot_cap = 0;
}

struct pk_plist_frame *pk_plist_builder_top(struct pk_plist_builder *b)
{
    return b->depth > 0 ? &b->frames[b->depth - 1] : NULL;
}

int pk_plist_builder_key(struct pk_plist_builder *b, struct pk_slice key, size_t at)
{
    struct pk_plist_frame *top = pk_plist_builder_top(b);

    if (top == NULL || top->type != PK_PLIST_DICT) {
        return pk_plist_fail(b->err, PK_EMALF, at, "a key outside of a dictionary");
    }
    if (top->has_key) {
        return pk_plist_fail(b->err, PK_EMALF, at, "a key where a value is expected");
    }
    top->has_key = true;
    top->key = key;
    return PK_OK;
}

static int slot_add(struct pk_plist_builder *b, const struct pk_plist_slot *slot)
{
    if (b->slot_count == b->slot_cap) {
        size_t cap = b->slot_cap == 0 ? 64 : b->slot_cap * 2;
        struct pk_plist_slot *slots = reallocarray(b->slots, cap, sizeof(*slots));

        if (slots == NULL) {
            return pk_error_set(b->err, PK_ENOMEM, "out of memory");
        }
        b->slots = slots;
        b->slot_cap = cap;
    }
    b->slots[b->slot_count++] = *slot;
    return PK_OK;
}

int pk_plist_builder_value(struct pk_plist_builder *b, const struct pk_plist *value, size_t at)
{
    struct pk_plist_frame *top = pk_plist_builder_top(b);
    struct pk_plist_slot slot = { .value = *value };

    if (++b->nodes > PK_PLIST_NODES_MAX) {
        pk_anomaly_add(
                b->anomalies, PK_ANOMALY_LIMIT_PLIST, "more than %lu values", PK_PLIST_NODES_MAX);
        return pk_plist_fail(b->err, PK_ELIMIT, at, "more than %lu values", PK_PLIST_NODES_MAX);
    }
    if (top == NULL) {
        struct pk_plist *root = NULL;

        if (b->root != NULL) {
            return pk_plist_fail(b->err, PK_EMALF, at, "more than one value at the top");
        }
        root = pk_arena_alloc(b->arena, 1, sizeof(*root));
        if (root == NULL) {
            return pk_error_set(b->err, PK_ENOMEM, "out of memory");
        }
        *root = *value;
        b->root = root;
        return PK_OK;
    }
    if (top->type == PK_PLIST_DICT) {
        if (!top->has_key) {
            return pk_plist_fail(b->err, PK_EMALF, at, "a value where a key is expected");
        }
        slot.key = top->key;
        top->has_key = false;
    }
    return slot_add(b, &slot);
}

int pk_plist_builder_open(struct pk_plist_builder *b, enum pk_plist_type type, size_t at)
{
    struct pk_plist_frame *top = pk_plist_builder_top(b);

    if (top != NULL && top->type == PK_PLIST_DICT && !top->has_key) {
        return pk_plist_fail(b->err, PK_EMALF, at, "a value where a key is expected");
    }
    if (b->depth == PK_PLIST_DEPTH_MAX) {
        pk_anomaly_add(b->anomalies, PK_ANOMALY_LIMIT_NESTING,
                "property list: more than %lu levels", PK_PLIST_DEPTH_MAX);
        return pk_plist_fail(b->err, PK_ELIMIT, at, "more than %lu levels", PK_PLIST_DEPTH_MAX);
    }
    b->frames[b->depth++] = (struct pk_plist_frame){ .type = type, .first = b->slot_count };
    return PK_OK;
}

static bool is_uid(const struct pk_plist *dict)
{
    return dict->type == PK_PLIST_DICT && dict->count == 1 && dict->items[0].type == PK_PLIST_INT &&
            pk_slice_eq(dict->keys[0], pk_slice_str("CF$UID"));
}

int pk_plist_builder_close(struct pk_plist_builder *b, bool uids, size_t at)
{
    struct pk_plist_frame frame = *pk_plist_builder_top(b);
    struct pk_plist value = { .type = frame.type, .count = b->slot_count - frame.first };
    struct pk_plist *items = NULL;
    struct pk_slice *keys = NULL;
    int rc = PK_OK;

    if (frame.has_key) {
        return pk_plist_fail(b->err, PK_EMALF, at, "a key without a value");
    }
    if (value.count > 0) {
        bool dict = frame.type == PK_PLIST_DICT;

        items = pk_arena_alloc(b->arena, value.count, sizeof(*items));
        keys = dict ? pk_arena_alloc(b->arena, value.count, sizeof(*keys)) : NULL;
        if (items == NULL || (dict && keys == NULL)) {
            return pk_error_set(b->err, PK_ENOMEM, "out of memory");
        }
        for (size_t i = 0; i < value.count; i++) {
            items[i] = b->slots[frame.first + i].value;
            if (keys != NULL) {
                keys[i] = b->slots[frame.first + i].key;
            }
        }
    }
    if (keys != NULL) {
        rc = pk_plist_unique(keys, items, &value.count, true, b->anomalies);
    }
    if (rc < 0) {
        return pk_error_set(b->err, rc, "out of memory");
    }
    value.items = items;
    value.keys = keys;
    if (uids && is_uid(&value)) {
        value = (struct pk_plist){ .type = PK_PLIST_UID, .integer = items[0].integer };
    }
    b->slot_count = frame.first;
    b->depth--;
    return pk_plist_builder_value(b, &value, at);
}

struct key_place {
    struct pk_slice key;
    size_t index;
};

static int by_key(const void *a, const void *b)
{
    const struct key_place *x = a;
    const struct key_place *y = b;
    size_t n = x->key.len < y->key.len ? x->key.len : y->key.len;
    int order = n == 0 ? 0 : memcmp(x->key.ptr, y->key.ptr, n);

    if (order != 0) {
        return order;
    }
    if (x->key.len != y->key.len) {
        return x->key.len < y->key.len ? -1 : 1;
    }
    return x->index < y->index ? -1 : x->index > y->index;
}

static struct key_place *sort_keys(const struct pk_slice *keys, size_t count)
{
    struct key_place *places = calloc(count, sizeof(*places));

    if (places != NULL) {
        for (size_t i = 0; i < count; i++) {
            places[i] = (struct key_place){ .key = keys[i], .index = i };
        }
        qsort(places, count, sizeof(*places), by_key);
    }
    return places;
}

size_t *pk_plist_sorted(const struct pk_plist *dict)
{
    struct key_place *places = sort_keys(dict->keys, dict->count);
    size_t *order = calloc(dict->count, sizeof(*order));

    if (places == NULL || order == NULL) {
        free(order);
        order = NULL;
    }
    for (size_t i = 0; order != NULL && i < dict->count; i++) {
        order[i] = places[i].index;
    }
    free(places);
    return order;
}

static bool few_are_unique(const struct pk_slice *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (pk_slice_eq(keys[i], keys[k])) {
                return false;
            }
        }
    }
    return true;
}

/* Marks the entries that go: of equal keys, which stand in the file's order, all but the first or the
 * last one. */
static void mark_repeated(const struct key_place *places, size_t count, bool keep_last, bool *drop,
        struct pk_anomalies *anomalies)
{
    for (size_t i = 1; i < count; i++) {
        struct pk_slice key = places[i].key;

        if (pk_slice_eq(key, places[i - 1].key)) {
            drop[keep_last ? places[i - 1].index : places[i].index] = true;
            pk_anomaly_add(anomalies, PK_ANOMALY_PLIST_DUPLICATE_KEY, "key '%.*s'",
                    (int)(key.len < 80 ? key.len : 80), (const char *)key.ptr);
        }
    }
}

int pk_plist_unique(struct pk_slice *keys, struct pk_plist *items, size_t *count, bool keep_last,
        struct pk_anomalies *anomalies)
{
    struct key_place *places;
    bool *drop;
    size_t kept = 0;

    if (*count < 2 || (*count <= FEW_KEYS && few_are_unique(keys, *count))) {
        return PK_OK;
    }
    places = sort_keys(keys, *count);
    drop = calloc(*count, sizeof(*drop));
    if (places == NULL || drop == NULL) {
        free(places);
        free(drop);
        return PK_ENOMEM;
    }
    mark_repeated(places, *count, keep_last, drop, anomalies);
    for (size_t i = 0; i < *count; i++) {
        if (!drop[i]) {
            keys[kept] = keys[i];
            items[kept++] = items[i];
        }
    }
    *count = kept;
    free(places);
    free(drop);
    return PK_OK;
}
