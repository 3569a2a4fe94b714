#include "formats/zip.h"

#include <stdlib.h>

#include "formats/zip_internal.h"

#define COMMENT_MAX 65535UL

/* The end record as it stands. */
struct end {
    uint64_t offset;
    uint16_t disk_count;
    uint16_t count;
    uint32_t directory_size;
    uint32_t directory_offset;
};

/* Notes that the platform refuses the archive, and fills *err. */
static int refuse(
        struct pk_zip *zip, int rc, uint64_t offset, const char *why, struct pk_error *err)
{
    pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_MALFORMED, "%s (offset %llu)", why,
            (unsigned long long)offset);
    (void)pk_error_set(err, rc, "no archive that the platform reads: %s", why);
    if (err != NULL) {
        err->offset = (size_t)offset;
    }
    return rc;
}

/* The last record whose comment reaches exactly the end of the file. */
static bool find_end(struct pk_slice file, struct end *out)
{
    const uint8_t *p;
    size_t comment_max;

    if (file.len < PK_ZIP_END_SIZE) {
        return false;
    }
    comment_max = file.len - PK_ZIP_END_SIZE;
    if (comment_max > COMMENT_MAX) {
        comment_max = COMMENT_MAX;
    }
    p = file.ptr + file.len - PK_ZIP_END_SIZE;
    for (size_t comment = 0; comment <= comment_max; comment++, p--) {
        if (p[0] == 'P' && pk_zip_le32(p) == PK_ZIP_END_SIG && pk_zip_le16(p + 20) == comment) {
            *out = (struct end){
                .offset = (uint64_t)(p - file.ptr),
                .disk_count = pk_zip_le16(p + 8),
                .count = pk_zip_le16(p + 10),
                .directory_size = pk_zip_le32(p + 12),
                .directory_offset = pk_zip_le32(p + 16),
            };
            return true;
        }
    }
    return false;
}

/* A directory that ends at its end record but does not begin where that says: bytes were put in front,
 * or the offset was changed, and tools that correct for it read what the device refuses. */
static void check_shifted(struct pk_zip *zip, const struct end *end)
{
    uint64_t real = end->offset - end->directory_size;

    if (end->directory_size < PK_ZIP_RECORD_SIZE || end->directory_size > end->offset ||
            real == end->directory_offset ||
            pk_zip_le32(zip->file.ptr + real) != PK_ZIP_RECORD_SIG) {
        return;
    }
    pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_DIRECTORY_OFFSET,
            "directory at %llu, its end record says %lu", (unsigned long long)real,
            (unsigned long)end->directory_offset);
}

static int read_end(struct pk_zip *zip, struct end *end, struct pk_error *err)
{
    struct pk_slice file = zip->file;

    if (!find_end(file, end)) {
        return refuse(zip, PK_ETRUNC, file.len, "no end record whose comment ends the file", err);
    }
    if ((uint64_t)end->directory_offset + end->directory_size > end->offset) {
        check_shifted(zip, end);
        return refuse(zip, PK_EMALF, end->offset, "the directory reaches into its end record", err);
    }
    if ((uint64_t)end->count * PK_ZIP_RECORD_SIZE > end->directory_size) {
        return refuse(
                zip, PK_EMALF, end->offset, "more entries than the directory has room for", err);
    }
    zip->directory_offset = end->directory_offset;
    zip->directory_size = end->directory_size;
    zip->end_offset = end->offset;
    zip->comment = pk_slice_of(file.ptr + end->offset + PK_ZIP_END_SIZE,
            file.len - (size_t)end->offset - PK_ZIP_END_SIZE);
    zip->count = end->count;
    return PK_OK;
}

/* One directory record; p has at least left bytes. The bytes that it takes, or 0: broken. */
static size_t read_record(const uint8_t *p, size_t left, struct pk_zip_entry *out)
{
    size_t name_len;
    size_t size;

    if (left < PK_ZIP_RECORD_SIZE || pk_zip_le32(p) != PK_ZIP_RECORD_SIG) {
        return 0;
    }
    name_len = pk_zip_le16(p + 28);
    size = PK_ZIP_RECORD_SIZE + name_len + pk_zip_le16(p + 30) + pk_zip_le16(p + 32);
    if (size > left) {
        return 0;
    }
    out->flags = pk_zip_le16(p + 8);
    out->method = pk_zip_le16(p + 10);
    out->crc = pk_zip_le32(p + 16);
    out->packed_size = pk_zip_le32(p + 20);
    out->plain_size = pk_zip_le32(p + 24);
    out->local_offset = pk_zip_le32(p + 42);
    out->name = pk_slice_of(p + PK_ZIP_RECORD_SIZE, name_len);
    return size;
}

static unsigned compare_local(const struct pk_zip_entry *entry, struct pk_slice local)
{
    const uint8_t *p = local.ptr;
    size_t name_len = pk_zip_le16(p + 26);
    unsigned odd = 0;

    if ((entry->flags ^ entry->local_flags) & PK_ZIP_FLAG_DESCRIPTOR) {
        odd |= PK_ZIP_ODD_DESCRIPTOR;
    }
    if (!(entry->local_flags & PK_ZIP_FLAG_DESCRIPTOR) &&
            (pk_zip_le32(p + 14) != entry->crc || pk_zip_le32(p + 18) != entry->packed_size ||
                    pk_zip_le32(p + 22) != entry->plain_size)) {
        odd |= PK_ZIP_ODD_SIZES;
    }
    if (entry->method != entry->local_method) {
        odd |= PK_ZIP_ODD_METHOD;
    }
    if (name_len > local.len - PK_ZIP_LOCAL_SIZE ||
            !pk_slice_eq(pk_slice_of(p + PK_ZIP_LOCAL_SIZE, name_len), entry->name)) {
        odd |= PK_ZIP_ODD_NAME;
    }
    return odd;
}

/* Follows the entry to its data. What lies behind the directory's begin is not the platform's. */
static void read_local(struct pk_zip *zip, struct pk_zip_entry *entry)
{
    uint64_t end = zip->directory_offset;
    struct pk_slice local = { 0 };
    const uint8_t *p = NULL;
    uint64_t size = entry->method == PK_ZIP_STORED ? entry->plain_size : entry->packed_size;
    uint64_t begin;

    if ((uint64_t)entry->local_offset + PK_ZIP_LOCAL_SIZE + entry->name.len <= end) {
        p = zip->file.ptr + entry->local_offset;
    }
    if (p == NULL || pk_zip_le32(p) != PK_ZIP_LOCAL_SIG) {
        entry->odd = PK_ZIP_ODD_HEADER;
        pk_zip_check_entry(zip, entry, local);
        return;
    }
    local = pk_slice_of(p, (size_t)(end - entry->local_offset));
    entry->local_flags = pk_zip_le16(p + 6);
    entry->local_method = pk_zip_le16(p + 8);
    entry->odd = (uint16_t)compare_local(entry, local);
    begin = (uint64_t)entry->local_offset + PK_ZIP_LOCAL_SIZE + pk_zip_le16(p + 26) +
            pk_zip_le16(p + 28);
    if (begin + size > end) {
        entry->odd |= PK_ZIP_ODD_RANGE;
    } else {
        entry->data = pk_slice_of(zip->file.ptr + begin, (size_t)size);
    }
    pk_zip_check_entry(zip, entry, local);
}

static int read_directory(
        struct pk_zip *zip, const struct end *end, struct pk_arena *arena, struct pk_error *err)
{
    struct pk_zip_entry *entries = pk_arena_alloc(arena, zip->count + 1, sizeof(*entries));
    const uint8_t *directory = zip->file.ptr + zip->directory_offset;
    size_t pos = 0;

    if (entries == NULL) {
        return pk_error_set(err, PK_ENOMEM, "no memory for %zu entries", zip->count);
    }
    zip->entries = entries;
    for (size_t i = 0; i < zip->count; i++) {
        size_t size = read_record(directory + pos, zip->directory_size - pos, &entries[i]);

        if (size == 0) {
            check_shifted(zip, end);
            zip->count = 0;
            return refuse(
                    zip, PK_EMALF, zip->directory_offset + pos, "a broken directory record", err);
        }
        entries[i].record_offset = zip->directory_offset + pos;
        pos += size;
    }
    for (size_t i = 0; i < zip->count; i++) {
        read_local(zip, &entries[i]);
    }
    if (pos != zip->directory_size || end->disk_count != end->count) {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_COUNT_MISMATCH,
                "%u entries counted, %u on this disk, %llu bytes of the directory left over",
                end->count, end->disk_count, (unsigned long long)(zip->directory_size - pos));
    }
    return PK_OK;
}

static void finish(void *ptr)
{
    struct pk_zip_index *index = ptr;

    free(index->scratch);
    index->scratch = NULL;
    for (size_t i = 0; i < index->kept_count; i++) {
        free(index->kept[i].plain);
    }
    index->kept_count = 0;
}

static void finish_inflater(void *ptr)
{
    pk_inflater_destroy(ptr);
}

static int prepare(struct pk_zip *zip, struct pk_arena *arena, struct pk_error *err)
{
    zip->index = pk_arena_alloc(arena, 1, sizeof(struct pk_zip_index));
    zip->inflater = pk_inflater_create();
    if (zip->inflater == NULL || pk_arena_defer(arena, finish_inflater, zip->inflater) < 0 ||
            zip->index == NULL || pk_arena_defer(arena, finish, zip->index) < 0) {
        return pk_error_set(err, PK_ENOMEM, "no memory for an archive");
    }
    return PK_OK;
}

/* Real apps inflate to two to four times their size, each entry counted once. */
static uint64_t budget(uint64_t file_size)
{
    uint64_t total = PK_ZIP_TOTAL_BASE + PK_ZIP_TOTAL_RATIO * file_size;
    uint64_t most = PK_ZIP_TOTAL_RATIO_LARGE * file_size;

    if (most < PK_ZIP_TOTAL_LARGE) {
        most = PK_ZIP_TOTAL_LARGE;
    }
    return total < most ? total : most;
}

int pk_zip_open(struct pk_slice file, struct pk_arena *arena, struct pk_anomalies *anomalies,
        struct pk_zip *out, struct pk_error *err)
{
    struct pk_zip zip = {
        .file = file,
        .anomalies = anomalies,
        .plain_left = budget(file.len),
    };
    struct end end = { 0 };
    int rc = read_end(&zip, &end, err);

    if (rc == PK_OK) {
        rc = prepare(&zip, arena, err);
    }
    if (rc == PK_OK) {
        rc = read_directory(&zip, &end, arena, err);
    }
    if (rc == PK_OK) {
        rc = pk_zip_index_names(&zip, arena, err);
    }
    if (rc == PK_OK) {
        rc = pk_zip_check_archive(&zip, arena, err);
    }
    if (rc == PK_OK) {
        *out = zip;
    }
    return rc;
}

bool pk_zip_is_deflated(const struct pk_zip_entry *entry)
{
    return entry->method == PK_ZIP_DEFLATED;
}
