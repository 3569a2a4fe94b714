#include "formats/android/dex_match.h"

#include <stdlib.h>

#include "formats/android/dex_bytes.h"

#define HASH_BEGIN 2166136261U /* FNV-1a */
#define HASH_PRIME 16777619U

struct name {
    struct pk_slice class, method; /* method "*": all others of the class */
    uint16_t number;               /* 1 + its place in the list */
};

struct class
{
    struct pk_slice name; /* ptr NULL: a free slot */
    const struct name *names;
    size_t count;
    uint16_t others; /* number of "*", 0: none */
};

struct pk_dex_names {
    struct class *classes;        /* hash table, at most half full */
    uint32_t mask;                /* its size is a power of two */
    size_t class_max, method_max; /* the longest ones: longer strings match nothing */
};

static int compare_slices(struct pk_slice a, struct pk_slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = memcmp(a.ptr, b.ptr, len);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_names(const void *a, const void *b)
{
    const struct name *left = a;
    const struct name *right = b;
    int order = compare_slices(left->class, right->class);

    return order != 0 ? order : compare_slices(left->method, right->method);
}

/* The keys of the table are ours, so that hostile strings cannot make it long to probe. */
static struct class *slot_of(const struct pk_dex_names *names, struct pk_slice class)
{
    uint32_t hash = HASH_BEGIN;

    for (size_t i = 0; i < class.len; i++) {
        hash = (hash ^ class.ptr[i]) * HASH_PRIME;
    }
    for (hash ^= hash >> 16;; hash++) {
        struct class *slot = &names->classes[hash & names->mask];

        if (slot->name.ptr == NULL || pk_slice_eq(slot->name, class)) {
            return slot;
        }
    }
}

static bool split(const char *text, struct name *out)
{
    const char *arrow = strstr(text, ";->");

    if (text[0] != 'L' || arrow == NULL || arrow[3] == '\0') {
        return false;
    }
    out->class = pk_slice_of(text, (size_t)(arrow + 1 - text));
    out->method = pk_slice_str(arrow + 3);
    return true;
}

/* Files the sorted names under their classes. */
static void fill_table(struct pk_dex_names *names, const struct name *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct name *item = &items[i];
        struct class *slot = slot_of(names, item->class);

        if (slot->name.ptr == NULL) {
            *slot = (struct class){ .name = item->class, .names = item };
        }
        slot->count++;
        if (pk_slice_eq(item->method, pk_slice_str("*"))) {
            slot->others = item->number;
        }
        names->class_max = item->class.len > names->class_max ? item->class.len : names->class_max;
        names->method_max = item->method.len > names->method_max ? item->method.len
                                                                 : names->method_max;
    }
}

int pk_dex_names_make(const char *const *texts, size_t count, struct pk_arena *arena,
        const struct pk_dex_names **out, struct pk_error *err)
{
    struct pk_dex_names *names = pk_arena_alloc(arena, 1, sizeof(*names));
    struct name *items;
    size_t size = 2;

    if (count > PK_DEX_NAMES_MAX) {
        return pk_error_set(err, PK_ELIMIT, "%zu names of methods", count);
    }
    items = pk_arena_alloc(arena, count > 0 ? count : 1, sizeof(*items));
    while (size < 2 * count) {
        size *= 2;
    }
    if (names == NULL || items == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        if (!split(texts[i], &items[i])) {
            return pk_error_set(err, PK_EMALF, "'%s' is no \"Lclass;->method\"", texts[i]);
        }
        items[i].number = (uint16_t)(i + 1);
    }
    qsort(items, count, sizeof(*items), compare_names);
    for (size_t i = 1; i < count; i++) {
        if (compare_names(&items[i - 1], &items[i]) == 0) {
            return pk_error_set(err, PK_EEXIST, "'%s' stands twice", texts[items[i].number - 1]);
        }
    }
    names->classes = pk_arena_alloc(arena, size, sizeof(*names->classes));
    if (names->classes == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    names->mask = (uint32_t)size - 1;
    fill_table(names, items, count);
    *out = names;
    return PK_OK;
}

static uint16_t number_of(const struct class *class, struct pk_slice method)
{
    size_t low = 0;
    size_t high = class->count;

    while (low < high && method.ptr != NULL) {
        size_t middle = low + (high - low) / 2;
        int order = compare_slices(method, class->names[middle].method);

        if (order == 0) {
            return class->names[middle].number;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return class->others;
}

uint16_t pk_dex_names_find(
        const struct pk_dex_names *names, struct pk_slice class, struct pk_slice method)
{
    const struct class *slot = class.len > 0 ? slot_of(names, class) : NULL;

    return slot != NULL && slot->name.ptr != NULL ? number_of(slot, method) : 0;
}

/* The class of interest of each type, NULL for all others. The caller frees. */
static const struct class **match_types(const struct pk_dex_names *names, const struct pk_dex *dex)
{
    const struct class **types = calloc(dex->type_count + 1UL, sizeof(struct class *));

    for (uint32_t i = 0; types != NULL && i < dex->type_count; i++) {
        uint32_t string = pk_dex_le32(dex->file.ptr + dex->type_ids + 4 * (size_t)i);
        struct pk_slice text = pk_dex_string_within(dex, string, names->class_max + 1);

        if (text.len > 0) {
            const struct class *slot = slot_of(names, text);

            types[i] = slot->name.ptr != NULL ? slot : NULL;
        }
    }
    return types;
}

int pk_dex_match(const struct pk_dex_names *names, const struct pk_dex *dex, struct pk_arena *arena,
        const uint16_t **out)
{
    const struct class **types = match_types(names, dex);
    uint16_t *numbers = pk_arena_alloc(arena, dex->method_count + 1UL, sizeof(*numbers));

    if (types == NULL || numbers == NULL) {
        free(types);
        return PK_ENOMEM;
    }
    for (uint32_t i = 0; i < dex->method_count; i++) {
        const uint8_t *p = dex->file.ptr + dex->method_ids + 8 * (size_t)i;
        uint16_t type = pk_dex_le16(p);

        if (type < dex->type_count && types[type] != NULL) {
            numbers[i] = number_of(types[type],
                    pk_dex_string_within(dex, pk_dex_le32(p + 4), names->method_max + 1));
        }
    }
    free(types);
    *out = numbers;
    return PK_OK;
}
