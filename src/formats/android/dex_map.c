#include <inttypes.h>

#include "formats/android/dex.h"
#include "formats/android/dex_bytes.h"
#include "formats/limits.h"

#define MAP_ITEM_SIZE       12U
#define MAP_ITEMS_MAX       64U /* the format knows 21 kinds, each at most once */
#define MAP_CALL_SITES      0x0007U
#define MAP_METHOD_HANDLES  0x0008U
#define MAP_MAP_LIST        0x1000U
#define MAP_DIRECTORIES     0x2006U /* annotations_directory_item */
#define DIRECTORY_SIZE      16U
#define DIRECTORY_ITEM_SIZE 8U

struct map_item {
    uint16_t type;
    uint32_t count, offset;
};

static void keep_table(struct pk_dex *dex, const struct map_item *item)
{
    uint64_t size = (uint64_t)item->count * (item->type == MAP_CALL_SITES ? 4 : 8);

    if (!pk_dex_has(dex, item->offset, size)) {
        pk_anomaly_add(dex->anomalies, PK_ANOMALY_DEX_RANGE, "'%s': %" PRIu32 " %s at %" PRIu32,
                dex->name, item->count,
                item->type == MAP_CALL_SITES ? "call sites" : "method handles", item->offset);
    } else if (item->type == MAP_CALL_SITES) {
        dex->call_site_count = item->count;
        dex->call_sites = item->offset;
    } else {
        dex->method_handle_count = item->count;
        dex->method_handles = item->offset;
    }
}

/* The end of the annotation directories, which some tools write behind the map; 0: they do not fit. */
static uint64_t directories_end(const struct pk_dex *dex, const struct map_item *item)
{
    uint64_t at = item->offset;

    for (uint32_t i = 0; i < item->count; i++) {
        const uint8_t *p = dex->file.ptr + at;

        if (!pk_dex_has(dex, at, DIRECTORY_SIZE)) {
            return 0;
        }
        /* Fields, methods, parameters. */
        at += DIRECTORY_SIZE +
                DIRECTORY_ITEM_SIZE *
                        ((uint64_t)pk_dex_le32(p + 4) + pk_dex_le32(p + 8) + pk_dex_le32(p + 12));
    }
    return at <= dex->file.len ? at : 0;
}

/* Build tools put the map last, or the annotation directories; behind others nothing is judged. Parts of a
 * container are shared, so that there only what is behind the container counts. */
static void check_end(
        const struct pk_dex *dex, const struct map_item *last, uint64_t map_end, size_t whole)
{
    uint64_t end = 0;

    if (dex->container_count > 0) {
        end = dex->file.len;
    } else if (last->type == MAP_MAP_LIST) {
        end = map_end;
    } else if (last->type == MAP_DIRECTORIES) {
        end = directories_end(dex, last);
    }
    if (end != 0 && whole - end >= PK_DEX_PAYLOAD_ODD) {
        pk_anomaly_add(dex->anomalies, PK_ANOMALY_DEX_PAYLOAD,
                "'%s': %" PRIu64 " bytes behind the last part, which ends at %" PRIu64, dex->name,
                whole - end, end);
    }
}

void pk_dex_read_map(struct pk_dex *dex, size_t whole)
{
    struct map_item last = { 0 };
    uint32_t count = 0;

    if (dex->map_offset != 0 && pk_dex_has(dex, dex->map_offset, 4)) {
        count = pk_dex_le32(dex->file.ptr + dex->map_offset);
    }
    if (count == 0 || count > MAP_ITEMS_MAX ||
            !pk_dex_has(dex, dex->map_offset + 4ULL, (uint64_t)count * MAP_ITEM_SIZE)) {
        pk_anomaly_add(dex->anomalies, PK_ANOMALY_DEX_RANGE,
                "'%s': a map of %" PRIu32 " items at %" PRIu32, dex->name, count, dex->map_offset);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *p = dex->file.ptr + dex->map_offset + 4 + (size_t)i * MAP_ITEM_SIZE;
        struct map_item item = { pk_dex_le16(p), pk_dex_le32(p + 4), pk_dex_le32(p + 8) };

        if (item.type == MAP_CALL_SITES || item.type == MAP_METHOD_HANDLES) {
            keep_table(dex, &item);
        }
        if (item.offset >= last.offset) {
            last = item;
        }
    }
    check_end(dex, &last, dex->map_offset + 4ULL + (uint64_t)count * MAP_ITEM_SIZE, whole);
}
