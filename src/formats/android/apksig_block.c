#include "formats/android/apksig_block.h"

#include "base/reader.h"
#include "formats/limits.h"

#define FOOTER_SIZE 24UL /* u64 size, 16 bytes of magic */
#define HEADER_SIZE 8UL  /* u64 size, without itself */

static const char magic[] = "APK Sig Block 42";

/* Pairs that build tools and stores are known to write. */
static const enum pk_apksig_pair known[] = {
    PK_PAIR_V2,
    PK_PAIR_V3,
    PK_PAIR_V31,
    PK_PAIR_STAMP_V1,
    PK_PAIR_STAMP_V2,
    PK_PAIR_PADDING,
    PK_PAIR_DEPENDENCIES,
    PK_PAIR_FROSTING,
    PK_PAIR_MEITUAN,
    PK_PAIR_VASDOLLY,
};
/* Of these a second one is a trick: tools that take the last one name another signer. */
#define KNOWN_SCHEMES 5UL

void pk_apksig_block_find(const struct pk_zip *zip, struct pk_apksig_block *out)
{
    uint64_t end = zip->directory_offset;
    struct pk_reader footer;
    struct pk_reader header;
    uint64_t size;

    *out = (struct pk_apksig_block){ .found = false };
    if (end + zip->directory_size != zip->end_offset || end < FOOTER_SIZE + HEADER_SIZE ||
            end > zip->file.len) {
        return;
    }
    footer = pk_reader_of(pk_slice_of(zip->file.ptr + end - FOOTER_SIZE, FOOTER_SIZE));
    size = pk_read_le64(&footer);
    if (memcmp(footer.in.ptr + footer.pos, magic, sizeof(magic) - 1) != 0 || size < FOOTER_SIZE ||
            size > INT32_MAX - HEADER_SIZE || size + HEADER_SIZE > end) {
        return;
    }
    out->offset = (size_t)(end - size - HEADER_SIZE);
    header = pk_reader_of(pk_slice_of(zip->file.ptr + out->offset, HEADER_SIZE));
    if (pk_read_le64(&header) != size) {
        return;
    }
    out->found = true;
    out->size = (size_t)(size + HEADER_SIZE);
    out->pairs = pk_slice_of(zip->file.ptr + out->offset + HEADER_SIZE, size - FOOTER_SIZE);
}

/* Takes the next pair. False at the end, or when what is left is no pair. */
static bool next_pair(struct pk_reader *r, uint32_t *id, struct pk_slice *value)
{
    uint64_t size = pk_read_le64(r);

    if (r->rc < 0 || size < sizeof(*id) || size > INT32_MAX || size > pk_reader_left(r)) {
        return false;
    }
    *id = pk_read_le32(r);
    *value = pk_read_slice(r, (size_t)size - sizeof(*id));
    return r->rc == PK_OK;
}

bool pk_apksig_block_get(
        const struct pk_apksig_block *block, enum pk_apksig_pair id, struct pk_slice *out)
{
    struct pk_reader r = pk_reader_of(block->pairs);
    struct pk_slice value;
    uint32_t met;

    while (block->found && pk_reader_left(&r) > 0 && next_pair(&r, &met, &value)) {
        if (met == (uint32_t)id) {
            *out = value;
            return true;
        }
    }
    return false;
}

static size_t known_index(uint32_t id)
{
    size_t i = 0;

    while (i < PK_COUNT(known) && id != (uint32_t)known[i]) {
        i++;
    }
    return i;
}

/* Padding is zeros; anything else in it is hidden there. */
static bool all_zero(struct pk_slice value)
{
    return value.len == 0 ||
            (value.ptr[0] == 0 && memcmp(value.ptr, value.ptr + 1, value.len - 1) == 0);
}

void pk_apksig_block_judge(const struct pk_apksig_block *block, struct pk_anomalies *anomalies)
{
    struct pk_reader r = pk_reader_of(block->pairs);
    size_t times[PK_COUNT(known) + 1] = { 0 };
    struct pk_slice value;
    uint32_t id;

    while (block->found && pk_reader_left(&r) > 0) {
        size_t offset = block->offset + HEADER_SIZE + r.pos;
        size_t index;

        if (!next_pair(&r, &id, &value)) {
            pk_anomaly_add(anomalies, PK_ANOMALY_APK_SIGNING_BLOCK_PAYLOAD,
                    "%zu bytes that are no pair at offset %zu",
                    block->offset + HEADER_SIZE + block->pairs.len - offset, offset);
            return;
        }
        index = known_index(id);
        if (++times[index] > 1 && index < KNOWN_SCHEMES) {
            pk_anomaly_add(anomalies, PK_ANOMALY_APK_DUPLICATE_SIGNING_BLOCK,
                    "pair 0x%08x again at offset %zu, %zu bytes", id, offset, value.len);
        }
        if ((index == PK_COUNT(known) && value.len >= PK_APKSIG_PAYLOAD_MIN) ||
                (id == PK_PAIR_PADDING && !all_zero(value))) {
            pk_anomaly_add(anomalies, PK_ANOMALY_APK_SIGNING_BLOCK_PAYLOAD,
                    "pair 0x%08x at offset %zu: %zu bytes%s", id, offset, value.len,
                    index < PK_COUNT(known) ? " of padding that are not zero" : "");
        }
    }
}
