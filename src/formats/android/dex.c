#include "formats/android/dex.h"

#include <inttypes.h>
#include <stdio.h>

#include "formats/android/dex_bytes.h"
#include "formats/limits.h"

#define MAGIC_SIZE            8
#define HEADER_SIZE           0x70U
#define HEADER_SIZE_AT        36
#define CONTAINER_HEADER_SIZE 0x78U
#define ENDIAN_CONSTANT       0x12345678U
#define CONTAINER_VERSION     41U

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

bool pk_dex_magic(struct pk_slice bytes)
{
    const uint8_t *p = bytes.ptr;

    return bytes.len >= MAGIC_SIZE && memcmp(p, "dex\n", 4) == 0 && is_digit(p[4]) &&
            is_digit(p[5]) && is_digit(p[6]) && p[7] == 0;
}

/* Says that the DEX cannot be read, as an anomaly and as the error. */
static int PK_PRINTF(4, 5)
        broken(const struct pk_dex *dex, struct pk_error *err, int code, const char *format, ...)
{
    char text[PK_EVIDENCE_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    pk_anomaly_add(dex->anomalies, PK_ANOMALY_DEX_MALFORMED, "'%s': %s", dex->name, text);
    return pk_error_set(err, code, "'%s': %s", dex->name, text);
}

/* The claimed sizes against the bytes: cuts dex->file to what offsets may reach and finds where the next
 * header would be. Before version 041 a file is one DEX, and bytes after it are nobody's business (a
 * DEX glued in front of an archive is read so). Since then offsets count from the container's begin. */
static int check_extent(
        struct pk_dex *dex, const uint8_t *header, size_t header_size, struct pk_error *err)
{
    size_t left = dex->file.len - dex->header_offset;
    uint32_t claimed_header = pk_dex_le32(header + HEADER_SIZE_AT);

    if (dex->file_size < header_size) {
        return broken(dex, err, PK_EMALF, "file size %" PRIu32 " is less than the header",
                dex->file_size);
    }
    if (dex->file_size > left) {
        return broken(dex, err, PK_ETRUNC, "claims %" PRIu32 " bytes of %zu", dex->file_size, left);
    }
    if (claimed_header != header_size) {
        return broken(dex, err, PK_EMALF, "header size %" PRIu32 " instead of %zu", claimed_header,
                header_size);
    }
    if (pk_dex_le32(header + 40) != ENDIAN_CONSTANT) {
        return broken(dex, err, PK_EMALF, "endian tag %08" PRIx32, pk_dex_le32(header + 40));
    }
    if (header_size == HEADER_SIZE) {
        dex->file.len = dex->file_size;
        return PK_OK;
    }
    uint32_t container_size = pk_dex_le32(header + 112);
    uint32_t header_offset = pk_dex_le32(header + 116);
    if (header_offset != dex->header_offset || container_size > dex->file.len ||
            container_size < (uint64_t)header_offset + dex->file_size) {
        return broken(dex, err, PK_EMALF,
                "header at %" PRIu32 " claims offset %" PRIu32 " in a container of %" PRIu32
                " bytes",
                dex->header_offset, header_offset, container_size);
    }
    dex->file.len = container_size;
    return PK_OK;
}

struct table {
    const char *name;
    unsigned size_at; /* place of the count in the header; the offset follows */
    unsigned item_size;
    uint32_t *count;
    uint32_t *offset;
    uint32_t count_max;
};

static int check_table(
        struct pk_dex *dex, const uint8_t *header, const struct table *table, struct pk_error *err)
{
    uint32_t count = pk_dex_le32(header + table->size_at);
    uint32_t offset = pk_dex_le32(header + table->size_at + 4);

    if (count > table->count_max) {
        return broken(dex, err, PK_EMALF, "%" PRIu32 " %s, more than the format can number", count,
                table->name);
    }
    if (count > 0 &&
            (offset % 4 != 0 || !pk_dex_has(dex, offset, (uint64_t)count * table->item_size))) {
        return broken(dex, err, PK_EMALF, "%" PRIu32 " %s at %" PRIu32 " in %zu bytes", count,
                table->name, offset, dex->file.len);
    }
    *table->count = count;
    *table->offset = count > 0 ? offset : 0;
    return PK_OK;
}

static int read_tables(struct pk_dex *dex, const uint8_t *header, struct pk_error *err)
{
    const struct table tables[] = {
        { "strings", 56, 4, &dex->string_count, &dex->string_ids, UINT32_MAX },
        { "types", 64, 4, &dex->type_count, &dex->type_ids, UINT16_MAX },
        { "protos", 72, 12, &dex->proto_count, &dex->proto_ids, UINT16_MAX },
        { "fields", 80, 8, &dex->field_count, &dex->field_ids, UINT32_MAX },
        { "methods", 88, 8, &dex->method_count, &dex->method_ids, UINT32_MAX },
        { "classes", 96, 32, &dex->class_count, &dex->class_defs, UINT32_MAX },
    };

    for (size_t i = 0; i < PK_COUNT(tables); i++) {
        int rc = check_table(dex, header, &tables[i], err);

        if (rc < 0) {
            return rc;
        }
    }
    dex->map_offset = pk_dex_le32(header + 52);
    dex->data_size = pk_dex_le32(header + 104);
    dex->data_offset = pk_dex_le32(header + 108);
    return PK_OK;
}

/* How many logical DEX the container holds, as far as their headers lead to each other. */
static uint32_t container_count(struct pk_slice file)
{
    uint32_t count = 0;
    size_t offset = 0;

    while (count < PK_DEX_FILES_MAX && file.len - offset >= CONTAINER_HEADER_SIZE) {
        uint32_t size = pk_dex_le32(file.ptr + offset + 32);

        count++;
        if (size < CONTAINER_HEADER_SIZE || size > file.len - offset) {
            break;
        }
        offset += size;
    }
    return count > 0 ? count : 1;
}

/* The size of the header that the version has. One that nobody knows is read as its header says. */
static size_t size_of_header(const struct pk_dex *dex, const uint8_t *header, size_t left)
{
    if (dex->version < 35 || dex->version == 36 || dex->version > CONTAINER_VERSION) {
        pk_anomaly_add(dex->anomalies, PK_ANOMALY_DEX_VERSION, "'%s': version %03" PRIu32,
                dex->name, dex->version);
    }
    if (dex->version > CONTAINER_VERSION && left >= HEADER_SIZE &&
            pk_dex_le32(header + HEADER_SIZE_AT) == HEADER_SIZE) {
        return HEADER_SIZE;
    }
    return dex->version < CONTAINER_VERSION ? HEADER_SIZE : CONTAINER_HEADER_SIZE;
}

int pk_dex_open(struct pk_slice file, size_t *offset, const char *name,
        struct pk_anomalies *anomalies, struct pk_dex *out, struct pk_error *err)
{
    struct pk_dex dex = { .file = file, .anomalies = anomalies, .name = name };
    size_t left = *offset < file.len ? file.len - *offset : 0;
    const uint8_t *header = left > 0 ? file.ptr + *offset : NULL;
    size_t header_size;
    int rc;

    if (*offset > 0 && left == 0) {
        return PK_ENOENT;
    }
    if (*offset > UINT32_MAX || !pk_dex_magic(pk_slice_of(header, left))) {
        if (*offset > 0) {
            return broken(&dex, err, PK_EMALF, "no DEX at %zu of the container", *offset);
        }
        return pk_error_set(err, left < MAGIC_SIZE ? PK_ETRUNC : PK_EMALF, "'%s': no DEX", name);
    }
    dex.header_offset = (uint32_t)*offset;
    dex.version = (uint32_t)(header[4] - '0') * 100 + (header[5] - '0') * 10U +
            (header[6] - (uint32_t)'0');
    header_size = size_of_header(&dex, header, left);
    if (left < header_size) {
        return broken(&dex, err, PK_ETRUNC, "ends inside the header");
    }
    if (*offset > 0 && header_size == HEADER_SIZE) {
        return broken(&dex, err, PK_EMALF, "version %03" PRIu32 " inside a container", dex.version);
    }
    dex.checksum = pk_dex_le32(header + 8);
    dex.file_size = pk_dex_le32(header + 32);
    rc = check_extent(&dex, header, header_size, err);
    if (rc == PK_OK) {
        rc = read_tables(&dex, header, err);
    }
    if (rc < 0) {
        return rc;
    }
    if (header_size == CONTAINER_HEADER_SIZE) {
        pk_anomaly_add(anomalies, PK_ANOMALY_DEX_CONTAINER,
                "'%s': header at %" PRIu32 " of %zu bytes", name, dex.header_offset, dex.file.len);
    }
    dex.container_count = header_size == HEADER_SIZE ? 0 : container_count(dex.file);
    pk_dex_read_map(&dex, file.len);
    *offset = (uint64_t)dex.header_offset + dex.file_size < dex.file.len
            ? dex.header_offset + dex.file_size
            : file.len;
    *out = dex;
    return PK_OK;
}
