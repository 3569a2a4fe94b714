#include "formats/android/dex_find.h"

#include "formats/android/dex_bytes.h"

#define CLASS_DEF_SIZE 32U

/* MUTF-8 sorts as UTF-16 does, but for U+0000, which it writes as c0 80. */
static int weight(const uint8_t *p)
{
    return *p == 0xc0 ? 1 : *p + 1;
}

/* The string against text: < 0 when it comes before. A string that is not there comes last. */
static int compare(const struct pk_dex *dex, uint32_t index, struct pk_slice text, bool whole)
{
    const uint8_t *end = dex->file.ptr + dex->file.len;
    const uint8_t *p = NULL;
    uint32_t offset;
    uint32_t units;

    if (index < dex->string_count) {
        offset = pk_dex_le32(dex->file.ptr + dex->string_ids + 4 * (size_t)index);
        p = offset < dex->file.len ? pk_dex_uleb(dex->file.ptr + offset, end, &units) : NULL;
    }
    if (p == NULL) {
        return 1;
    }
    for (size_t i = 0; i < text.len; i++, p++) {
        if (p == end) {
            return 1;
        }
        if (*p == '\0') {
            return -1;
        }
        if (*p != text.ptr[i]) {
            return weight(p) - weight(text.ptr + i);
        }
    }
    return !whole ? 0 : p == end || *p != '\0';
}

uint32_t pk_dex_find_string(const struct pk_dex *dex, struct pk_slice text)
{
    uint32_t low = 0;
    uint32_t high = dex->string_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare(dex, middle, text, true);

        if (order == 0) {
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return PK_DEX_NO_INDEX;
}

static uint32_t string_of_type(const struct pk_dex *dex, uint32_t type)
{
    return pk_dex_le32(dex->file.ptr + dex->type_ids + 4 * (size_t)type);
}

uint32_t pk_dex_find_type(const struct pk_dex *dex, struct pk_slice descriptor)
{
    uint32_t string = pk_dex_find_string(dex, descriptor);
    uint32_t low = 0;
    uint32_t high = string != PK_DEX_NO_INDEX ? dex->type_count : 0;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint32_t found = string_of_type(dex, middle);

        if (found == string) {
            return middle;
        }
        if (found < string) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return PK_DEX_NO_INDEX;
}

uint32_t pk_dex_type_from(const struct pk_dex *dex, struct pk_slice text)
{
    uint32_t low = 0;
    uint32_t high = dex->type_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (compare(dex, string_of_type(dex, middle), text, true) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool pk_dex_type_begins(const struct pk_dex *dex, uint32_t type, struct pk_slice text)
{
    return type < dex->type_count && compare(dex, string_of_type(dex, type), text, false) == 0;
}

/* The first reference whose class and name are not before these. */
static uint32_t method_from(const struct pk_dex *dex, uint32_t type, uint32_t name)
{
    uint32_t low = 0;
    uint32_t high = dex->method_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const uint8_t *p = dex->file.ptr + dex->method_ids + 8 * (size_t)middle;
        uint32_t found = pk_dex_le16(p);

        if (found < type || (found == type && pk_dex_le32(p + 4) < name)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct pk_dex_range pk_dex_find_methods(const struct pk_dex *dex, uint32_t type, uint32_t name)
{
    uint32_t first = method_from(dex, type, name);
    struct pk_dex_range range = { first, first };

    while (range.end < dex->method_count) { /* few: one a prototype */
        const uint8_t *p = dex->file.ptr + dex->method_ids + 8 * (size_t)range.end;

        if (pk_dex_le16(p) != type || pk_dex_le32(p + 4) != name) {
            break;
        }
        range.end++;
    }
    return range;
}

bool pk_dex_class_at(const struct pk_dex *dex, uint32_t index, struct pk_dex_class *out)
{
    const uint8_t *def;
    uint32_t super;
    uint32_t source;

    if (index >= dex->class_count) {
        return false;
    }
    def = dex->file.ptr + dex->class_defs + (size_t)index * CLASS_DEF_SIZE;
    super = pk_dex_le32(def + 8);
    source = pk_dex_le32(def + 16);
    *out = (struct pk_dex_class){
        .index = index,
        .type = pk_dex_le32(def),
        .access = pk_dex_le32(def + 4),
        .super = super < dex->type_count ? super : PK_DEX_NO_INDEX,
        .source_file = source < dex->string_count ? source : PK_DEX_NO_INDEX,
        .class_data = pk_dex_le32(def + 24),
    };
    return out->type < dex->type_count;
}

uint32_t pk_dex_interface(const struct pk_dex *dex, uint32_t class_index, uint32_t n)
{
    uint32_t offset;
    uint16_t type;

    if (class_index >= dex->class_count) {
        return PK_DEX_NO_INDEX;
    }
    offset = pk_dex_le32(
            dex->file.ptr + dex->class_defs + (size_t)class_index * CLASS_DEF_SIZE + 12);
    if (offset == 0 || !pk_dex_has(dex, offset, 4) || n >= pk_dex_le32(dex->file.ptr + offset) ||
            !pk_dex_has(dex, offset + 4ULL + 2ULL * n, 2)) {
        return PK_DEX_NO_INDEX;
    }
    type = pk_dex_le16(dex->file.ptr + offset + 4 + 2 * (size_t)n);
    return type < dex->type_count ? type : PK_DEX_NO_INDEX;
}
