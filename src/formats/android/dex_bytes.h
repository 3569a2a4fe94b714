/* dex_bytes.h - little-endian numbers of a DEX at places that the caller has checked; for dex*.c. */
#pragma once

#include <stdint.h>
#include <string.h>

#include "formats/android/dex.h"

/* memcpy() and a byte order test are what compilers turn into one load. */
static inline uint16_t pk_dex_le16(const uint8_t *p)
{
    uint16_t value;

    memcpy(&value, p, sizeof(value));
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? value : __builtin_bswap16(value);
}

static inline uint32_t pk_dex_le32(const uint8_t *p)
{
    uint32_t value;

    memcpy(&value, p, sizeof(value));
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? value : __builtin_bswap32(value);
}

/* True when [offset, offset + size) lies in the file. */
static inline bool pk_dex_has(const struct pk_dex *dex, uint64_t offset, uint64_t size)
{
    return offset <= dex->file.len && size <= dex->file.len - offset;
}

/* ULEB128 of at most five bytes, the last one's upper bits ignored as the platform does. NULL when the
 * bytes end inside it, else behind it. */
static inline const uint8_t *pk_dex_uleb(const uint8_t *p, const uint8_t *end, uint32_t *out)
{
    uint32_t value = 0;

    for (unsigned shift = 0; shift < 35; shift += 7) {
        if (p >= end) {
            return NULL;
        }
        value |= (uint32_t)(*p & 0x7f) << shift;
        if (*p++ < 0x80) {
            break;
        }
    }
    *out = value;
    return p;
}

/* What only the map says: call sites, method handles, and whether the file ends where its parts do.
 * whole: bytes that were there before dex->file was cut to what the header claims. */
void pk_dex_read_map(struct pk_dex *dex, size_t whole);
