/* zip_internal.h - what the files behind zip.h share. Only zip*.c files include this. */
#pragma once

#include "formats/inflate.h"
#include "formats/limits.h"
#include "formats/zip.h"

#define PK_ZIP_LOCAL_SIZE  30U /* local header without name and extra field */
#define PK_ZIP_RECORD_SIZE 46U /* directory record without name, extra field and comment */
#define PK_ZIP_END_SIZE    22U /* end record without comment */

#define PK_ZIP_LOCAL_SIG  0x04034b50U
#define PK_ZIP_RECORD_SIG 0x02014b50U
#define PK_ZIP_END_SIG    0x06054b50U

#define PK_ZIP_FLAG_ENCRYPTED  0x0001U
#define PK_ZIP_FLAG_DESCRIPTOR 0x0008U

#define PK_ZIP_STORED   0U
#define PK_ZIP_DEFLATED 8U

/* One name in the table: open addressing, linear probing. */
struct pk_zip_slot {
    uint32_t tag;   /* upper half of the name's hash */
    uint32_t index; /* of the entry, plus 1; 0: empty */
};

/* Inflated entries that are kept; few, since each is looked for one by one. */
#define PK_ZIP_KEPT_MAX 64U
struct pk_zip_kept {
    const struct pk_zip_entry *entry;
    uint8_t *plain; /* malloc'ed, entry->plain_size bytes */
};

/* Behind pk_zip.index. */
struct pk_zip_index {
    struct pk_zip_slot *slots;
    size_t mask;      /* slots - 1; a power of two, at least twice the entries */
    uint64_t key[2];  /* of the hash: names are chosen by who made the file */
    uint8_t *charged; /* one byte an entry: counted against plain_left */
    uint8_t *scratch; /* pk_zip_stream()'s, malloc'ed */
    size_t scratch_len;
    size_t keep_left; /* bytes of inflated entries that may still be kept */
    size_t kept_count;
    struct pk_zip_kept kept[PK_ZIP_KEPT_MAX];
};

static inline uint16_t pk_zip_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t pk_zip_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* DEFLATE cannot keep every claim. */
static inline bool pk_zip_can_inflate(const struct pk_zip_entry *entry)
{
    return entry->plain_size <= PK_DEFLATE_RATIO_MAX * (uint64_t)entry->packed_size;
}

/* The name for the evidence of id: printable, cut. "" when memory is short or nobody will read it
 * because id was met before. */
const char *pk_zip_say(const struct pk_zip *zip, enum pk_anomaly_id id, struct pk_slice name);

/* zip_index.c: makes zip->index; says zip.duplicate_entry and zip.path_collision. */
PK_MUST_USE int pk_zip_index_names(
        struct pk_zip *zip, struct pk_arena *arena, struct pk_error *err);

/* zip_check.c: what is odd about one entry, its name and its headers. local is the local header with at
 * least PK_ZIP_LOCAL_SIZE bytes up to the directory; empty when there is none. */
void pk_zip_check_entry(
        struct pk_zip *zip, const struct pk_zip_entry *entry, struct pk_slice local);
/* The same for the archive as a whole, once all entries are known. */
PK_MUST_USE int pk_zip_check_archive(
        struct pk_zip *zip, struct pk_arena *arena, struct pk_error *err);
