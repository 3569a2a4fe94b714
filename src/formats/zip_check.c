/* What is odd about an archive that can be read. What benign build tools do is no oddity: alignment in
 * extra fields, data descriptors with empty local headers, folders as entries. */
#include <stdlib.h>

#include "formats/zip_internal.h"

#define COMMENT_LONG 1024U

#define PK_ZIP64_LOCATOR_SIG  0x07064b50U
#define PK_ZIP64_LOCATOR_SIZE 20U

const char *pk_zip_say(const struct pk_zip *zip, enum pk_anomaly_id id, struct pk_slice name)
{
    const char *text = NULL;

    if (zip->anomalies != NULL && pk_anomaly_find(zip->anomalies, id) == NULL) {
        text = pk_printable(zip->anomalies->arena, name.ptr, name.len, PK_EVIDENCE_MAX / 2);
    }
    return text != NULL ? text : "";
}

static bool method_exists(uint16_t method)
{
    return method == PK_ZIP_STORED || method == PK_ZIP_DEFLATED;
}

/* Absolute, with a ".." between slashes, or with a byte that ends or splits a name somewhere. */
static bool leads_out(struct pk_slice name)
{
    size_t part = 0; /* where the current part begins */

    if (name.len > 0 && name.ptr[0] == '/') {
        return true;
    }
    for (size_t i = 0; i <= name.len; i++) {
        uint8_t c = i < name.len ? name.ptr[i] : '/';

        if (c < 0x20 || c == 0x7f || c == '\\') {
            return true;
        }
        if (c == '/') {
            if (i - part == 2 && name.ptr[part] == '.' && name.ptr[part + 1] == '.') {
                return true;
            }
            part = i + 1;
        }
    }
    return false;
}

/* As libziparchive's IsValidEntryName(): lead bytes and continuations, no more. */
static bool is_utf8(struct pk_slice name)
{
    size_t follow = 0; /* continuation bytes that must come */

    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];

        if (follow > 0) {
            if ((c & 0xc0) != 0x80) {
                return false;
            }
            follow--;
        } else if (c >= 0x80) {
            if ((c & 0x40) == 0 || c >= 0xfe) {
                return false;
            }
            for (uint8_t lead = (uint8_t)(c << 1); (lead & 0x80) != 0;
                    lead = (uint8_t)(lead << 1)) {
                follow++;
            }
        }
    }
    return follow == 0;
}

static void check_name(struct pk_zip *zip, const struct pk_zip_entry *entry)
{
    if (entry->name.len == 0) {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_EMPTY_NAME, "entry %zu of the directory",
                (size_t)(entry - zip->entries) + 1);
    } else if (leads_out(entry->name)) {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_PATH_TRAVERSAL, "'%s'",
                pk_zip_say(zip, PK_ANOMALY_ZIP_PATH_TRAVERSAL, entry->name));
    }
    if (!is_utf8(entry->name)) {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_NAME_ENCODING, "'%s'",
                pk_zip_say(zip, PK_ANOMALY_ZIP_NAME_ENCODING, entry->name));
    }
}

static void check_method(struct pk_zip *zip, const struct pk_zip_entry *entry)
{
    if (!method_exists(entry->method) ||
            (!(entry->odd & PK_ZIP_ODD_HEADER) && !method_exists(entry->local_method))) {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_METHOD_BOGUS,
                "'%s': method %u in the directory, %u in its local header",
                pk_zip_say(zip, PK_ANOMALY_ZIP_METHOD_BOGUS, entry->name), entry->method,
                entry->local_method);
    }
    if ((entry->flags | entry->local_flags) & PK_ZIP_FLAG_ENCRYPTED) {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_ENCRYPTED_FLAG, "'%s'",
                pk_zip_say(zip, PK_ANOMALY_ZIP_ENCRYPTED_FLAG, entry->name));
    }
}

static void check_claim(struct pk_zip *zip, const struct pk_zip_entry *entry)
{
    if (entry->packed_size == UINT32_MAX || entry->plain_size == UINT32_MAX ||
            entry->local_offset == UINT32_MAX) {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_ZIP64, "'%s': a size or offset is elsewhere",
                pk_zip_say(zip, PK_ANOMALY_ZIP_ZIP64, entry->name));
    }
    if (entry->method == PK_ZIP_DEFLATED && !pk_zip_can_inflate(entry)) {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_LIMIT_ZIP_CLAIM,
                "'%s': %lu packed bytes are said to be %lu",
                pk_zip_say(zip, PK_ANOMALY_LIMIT_ZIP_CLAIM, entry->name),
                (unsigned long)entry->packed_size, (unsigned long)entry->plain_size);
    }
}

/* With a descriptor behind the data, local sizes are 0 or already right. */
static bool sizes_contradict(const struct pk_zip_entry *entry, const uint8_t *local)
{
    uint32_t packed = pk_zip_le32(local + 18);
    uint32_t plain = pk_zip_le32(local + 22);

    if (entry->odd & PK_ZIP_ODD_SIZES) {
        return true;
    }
    return (packed != 0 && packed != entry->packed_size) ||
            (plain != 0 && plain != entry->plain_size);
}

static void check_local(struct pk_zip *zip, const struct pk_zip_entry *entry, const uint8_t *local)
{
    if ((entry->odd & (PK_ZIP_ODD_METHOD | PK_ZIP_ODD_DESCRIPTOR)) ||
            sizes_contradict(entry, local)) {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_LOCAL_MISMATCH,
                "'%s': directory/local method %u/%u, flags %u/%u, packed %lu/%lu, plain %lu/%lu",
                pk_zip_say(zip, PK_ANOMALY_ZIP_LOCAL_MISMATCH, entry->name), entry->method,
                entry->local_method, entry->flags, entry->local_flags,
                (unsigned long)entry->packed_size, (unsigned long)pk_zip_le32(local + 18),
                (unsigned long)entry->plain_size, (unsigned long)pk_zip_le32(local + 22));
    }
}

static void check_local_name(
        struct pk_zip *zip, const struct pk_zip_entry *entry, struct pk_slice local)
{
    struct pk_slice name = { .ptr = local.ptr + PK_ZIP_LOCAL_SIZE,
        .len = pk_zip_le16(local.ptr + 26) };

    if (!(entry->odd & PK_ZIP_ODD_NAME)) {
        return;
    }
    if (name.len > local.len - PK_ZIP_LOCAL_SIZE) {
        name.len = local.len - PK_ZIP_LOCAL_SIZE;
    }
    pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_NAME_MISMATCH,
            "'%s' in the directory, '%s' in its local header",
            pk_zip_say(zip, PK_ANOMALY_ZIP_NAME_MISMATCH, entry->name),
            pk_zip_say(zip, PK_ANOMALY_ZIP_NAME_MISMATCH, name));
}

static bool all_zero(const uint8_t *p, size_t len)
{
    return len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}

/* A list of id, length, bytes; zeros at the end align the data. */
static bool extra_is_list(const uint8_t *p, size_t len)
{
    while (len >= 4) {
        size_t size = 4U + pk_zip_le16(p + 2);

        if (pk_zip_le16(p) == 0 || size > len) {
            break;
        }
        p += size;
        len -= size;
    }
    return all_zero(p, len);
}

static void check_extra(struct pk_zip *zip, const struct pk_zip_entry *entry, struct pk_slice local)
{
    size_t name_len = pk_zip_le16(local.ptr + 26);
    size_t len = pk_zip_le16(local.ptr + 28);

    if (len == 0 || PK_ZIP_LOCAL_SIZE + name_len + len > local.len) {
        return; /* the data then lie outside, too, and that is said */
    }
    if (!extra_is_list(local.ptr + PK_ZIP_LOCAL_SIZE + name_len, len)) {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_EXTRA_ODD,
                "'%s': %zu bytes that are no list of fields",
                pk_zip_say(zip, PK_ANOMALY_ZIP_EXTRA_ODD, entry->name), len);
    }
}

void pk_zip_check_entry(struct pk_zip *zip, const struct pk_zip_entry *entry, struct pk_slice local)
{
    if (zip->anomalies == NULL) {
        return;
    }
    check_name(zip, entry);
    check_method(zip, entry);
    check_claim(zip, entry);
    if (entry->odd & (PK_ZIP_ODD_HEADER | PK_ZIP_ODD_RANGE)) {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_TRUNCATED_ENTRY,
                entry->odd & PK_ZIP_ODD_HEADER ? "'%s': no local header at %lu"
                                               : "'%s': its data from %lu on reach too far",
                pk_zip_say(zip, PK_ANOMALY_ZIP_TRUNCATED_ENTRY, entry->name),
                (unsigned long)entry->local_offset);
    }
    if (!(entry->odd & PK_ZIP_ODD_HEADER)) {
        check_local(zip, entry, local.ptr);
        check_local_name(zip, entry, local);
        check_extra(zip, entry, local);
    }
}

/* How many end records stand in these bytes. */
static size_t count_ends(struct pk_slice in)
{
    const uint8_t *p = in.ptr;
    const uint8_t *end = in.ptr + in.len;
    size_t count = 0;

    while (end - p >= 4) {
        p = memchr(p, 'P', (size_t)(end - p) - 3);
        if (p == NULL) {
            break;
        }
        count += pk_zip_le32(p) == PK_ZIP_END_SIG;
        p++;
    }
    return count;
}

/* Entries themselves are not searched: archives among them have end records by right. */
static void check_end(struct pk_zip *zip, uint64_t first)
{
    struct pk_slice file = zip->file;
    uint64_t gap = zip->end_offset - zip->directory_offset - zip->directory_size;
    size_t ends = count_ends(pk_slice_of(file.ptr, (size_t)first)) +
            count_ends(pk_slice_of(
                    file.ptr + zip->directory_offset, file.len - (size_t)zip->directory_offset));

    if (ends > 1) {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_EOCD_MULTIPLE,
                "%zu end records, the one at %llu counts", ends,
                (unsigned long long)zip->end_offset);
    }
    if (zip->comment.len > COMMENT_LONG) {
        pk_anomaly_add(
                zip->anomalies, PK_ANOMALY_ZIP_COMMENT, "%zu bytes of comment", zip->comment.len);
    }
    if (gap > 0) {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_DIRECTORY_GAP,
                "%llu bytes between directory and end record", (unsigned long long)gap);
    }
    if (zip->end_offset >= PK_ZIP64_LOCATOR_SIZE &&
            pk_zip_le32(file.ptr + zip->end_offset - PK_ZIP64_LOCATOR_SIZE) ==
                    PK_ZIP64_LOCATOR_SIG) {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_ZIP64, "a locator before the end record");
    }
}

static bool is_dex(struct pk_slice file)
{
    return file.len >= 8 && memcmp(file.ptr, "dex\n", 4) == 0 && file.ptr[7] == 0;
}

static void check_front(struct pk_zip *zip, uint64_t first)
{
    if (is_dex(zip->file)) {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_APK_JANUS,
                "DEX %.3s at the begin, the archive's first entry at %llu",
                (const char *)zip->file.ptr + 4, (unsigned long long)first);
    } else if (first > 0 && first < zip->directory_offset &&
            pk_zip_le32(zip->file.ptr) != PK_ZIP_LOCAL_SIG) {
        /* As the platform: build tools leave local headers without a record where entries were. */
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_PREFIX, "%llu bytes before the first entry",
                (unsigned long long)first);
    }
}

/* What one entry takes of the file: local header to the end of its data. */
struct range {
    uint64_t begin;
    uint32_t size;
    uint32_t index;
};

static int compare_ranges(const void *a, const void *b)
{
    const struct range *x = a;
    const struct range *y = b;

    if (x->begin != y->begin) {
        return x->begin < y->begin ? -1 : 1;
    }
    return x->index < y->index ? -1 : x->index > y->index;
}

static size_t collect_ranges(const struct pk_zip *zip, struct range *ranges)
{
    size_t count = 0;
    bool sorted = true;

    for (size_t i = 0; i < zip->count; i++) {
        const struct pk_zip_entry *entry = &zip->entries[i];

        if (entry->data.ptr == NULL) {
            continue;
        }
        const uint8_t *begin = zip->file.ptr + entry->local_offset;
        ranges[count] = (struct range){
            .begin = entry->local_offset,
            .size = (uint32_t)((size_t)(entry->data.ptr - begin) + entry->data.len),
            .index = (uint32_t)i,
        };
        sorted = sorted && (count == 0 || ranges[count - 1].begin <= ranges[count].begin);
        count++;
    }
    if (!sorted) {
        qsort(ranges, count, sizeof(*ranges), compare_ranges);
    }
    return count;
}

static int check_overlap(struct pk_zip *zip, struct pk_arena *arena, struct pk_error *err)
{
    struct range *ranges = pk_arena_alloc(arena, zip->count + 1, sizeof(*ranges));
    size_t count;
    size_t last = 0; /* the range that reaches farthest so far */

    if (ranges == NULL) {
        return pk_error_set(err, PK_ENOMEM, "no memory for %zu ranges", zip->count);
    }
    count = collect_ranges(zip, ranges);
    for (size_t i = 1; i < count; i++) {
        uint64_t end = ranges[last].begin + ranges[last].size;

        if (ranges[i].begin < end) {
            pk_anomaly_add(zip->anomalies, PK_ANOMALY_ZIP_OVERLAP,
                    "'%s' begins %llu bytes before the end of '%s'",
                    pk_zip_say(zip, PK_ANOMALY_ZIP_OVERLAP, zip->entries[ranges[i].index].name),
                    (unsigned long long)(end - ranges[i].begin),
                    pk_zip_say(zip, PK_ANOMALY_ZIP_OVERLAP, zip->entries[ranges[last].index].name));
        }
        if (ranges[i].begin + ranges[i].size > end) {
            last = i;
        }
    }
    return PK_OK;
}

int pk_zip_check_archive(struct pk_zip *zip, struct pk_arena *arena, struct pk_error *err)
{
    uint64_t first = zip->directory_offset; /* local header; the directory when there is none */
    uint64_t plain = 0;

    if (zip->anomalies == NULL) {
        return PK_OK;
    }
    for (size_t i = 0; i < zip->count; i++) {
        const struct pk_zip_entry *entry = &zip->entries[i];

        if (!(entry->odd & PK_ZIP_ODD_HEADER) && entry->local_offset < first) {
            first = entry->local_offset;
        }
        if (entry->data.ptr != NULL) {
            plain += entry->method != PK_ZIP_DEFLATED || pk_zip_can_inflate(entry)
                    ? entry->plain_size
                    : 0;
        }
    }
    check_front(zip, first);
    check_end(zip, first);
    if (zip->count >= PK_ZIP_ENTRIES_ODD) {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_LIMIT_ZIP_ENTRIES, "%zu entries", zip->count);
    }
    if (plain > zip->plain_left) {
        pk_anomaly_add(zip->anomalies, PK_ANOMALY_LIMIT_ZIP_RATIO,
                "%llu bytes from an archive of %zu, %llu are granted", (unsigned long long)plain,
                zip->file.len, (unsigned long long)zip->plain_left);
    }
    return check_overlap(zip, arena, err);
}
