#include <inttypes.h>

#include "formats/android/dex.h"
#include "formats/android/dex_bytes.h"

#define HANDLE_FIELD_KINDS 4U /* static-put, static-get, instance-put, instance-get */

static void bad(const struct pk_dex *dex, const char *what, uint32_t index)
{
    pk_anomaly_add(dex->anomalies, PK_ANOMALY_DEX_RANGE, "'%s': %s %" PRIu32 " refers to nothing",
            dex->name, what, index);
}

/* Where the table begins when it is this DEX's to check, else NULL. Logical DEX files of a container may
 * share tables: each is checked by the one it lies in, so that many headers over one table cost nothing. */
static const uint8_t *own_table(const struct pk_dex *dex, uint32_t offset, uint64_t size)
{
    uint64_t end = (uint64_t)dex->header_offset + dex->file_size;

    if (dex->container_count > 0 && (offset < dex->header_offset || offset + size > end)) {
        return NULL;
    }
    return dex->file.ptr + offset;
}

/* The highest offset decides whether one is out of range; only then it is looked for. */
static void check_offsets(
        const struct pk_dex *dex, uint32_t offset, uint32_t count, const char *what)
{
    const uint8_t *table = own_table(dex, offset, 4ULL * count);
    uint32_t highest = 0;

    for (uint32_t i = 0; table != NULL && i < count; i++) {
        uint32_t place = pk_dex_le32(table + 4 * (size_t)i);

        highest = place > highest ? place : highest;
    }
    for (uint32_t i = 0; table != NULL && highest >= dex->file.len && i < count; i++) {
        if (pk_dex_le32(table + 4 * (size_t)i) >= dex->file.len) {
            bad(dex, what, i);
        }
    }
}

static void check_types(const struct pk_dex *dex)
{
    const uint8_t *p = own_table(dex, dex->type_ids, 4ULL * dex->type_count);

    for (uint32_t i = 0; p != NULL && i < dex->type_count; i++, p += 4) {
        if (pk_dex_le32(p) >= dex->string_count) {
            bad(dex, "type", i);
        }
    }
}

static void check_protos(const struct pk_dex *dex)
{
    const uint8_t *p = own_table(dex, dex->proto_ids, 12ULL * dex->proto_count);

    for (uint32_t i = 0; p != NULL && i < dex->proto_count; i++, p += 12) {
        uint32_t list = pk_dex_le32(p + 8);
        bool list_ok = list == 0 ||
                (pk_dex_has(dex, list, 4) &&
                        pk_dex_has(dex, list + 4ULL, 2ULL * pk_dex_le32(dex->file.ptr + list)));

        if (pk_dex_le32(p) >= dex->string_count || pk_dex_le32(p + 4) >= dex->type_count ||
                !list_ok) {
            bad(dex, "prototype", i);
        }
    }
}

/* Fields and methods look alike: class, type or prototype, name. */
static void check_members(const struct pk_dex *dex, uint32_t offset, uint32_t count,
        uint32_t second_count, const char *what)
{
    const uint8_t *p = own_table(dex, offset, 8ULL * count);

    for (uint32_t i = 0; p != NULL && i < count; i++, p += 8) {
        if (pk_dex_le16(p) >= dex->type_count || pk_dex_le16(p + 2) >= second_count ||
                pk_dex_le32(p + 4) >= dex->string_count) {
            bad(dex, what, i);
        }
    }
}

static void check_handles(const struct pk_dex *dex)
{
    const uint8_t *p = own_table(dex, dex->method_handles, 8ULL * dex->method_handle_count);

    for (uint32_t i = 0; p != NULL && i < dex->method_handle_count; i++, p += 8) {
        bool field = pk_dex_le16(p) < HANDLE_FIELD_KINDS;

        if (pk_dex_le16(p + 4) >= (field ? dex->field_count : dex->method_count)) {
            bad(dex, "method handle", i);
        }
    }
}

void pk_dex_check_ids(const struct pk_dex *dex)
{
    check_offsets(dex, dex->string_ids, dex->string_count, "string");
    check_types(dex);
    check_protos(dex);
    check_members(dex, dex->field_ids, dex->field_count, dex->type_count, "field");
    check_members(dex, dex->method_ids, dex->method_count, dex->proto_count, "method");
    check_offsets(dex, dex->call_sites, dex->call_site_count, "call site");
    check_handles(dex);
}
