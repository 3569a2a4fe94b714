/* zip.h - a ZIP archive as Android reads it: the central directory decides, method 8 is inflated,
 * everything else is stored, the local header only tells where the data begins.
 *
 * Sources: PKWARE APPNOTE 6.3.10; AOSP libziparchive and tools/apksig (ZipUtils, LocalFileRecord).
 * No ZIP64, no spanning, no decryption: neither does the platform. All slices point into the file,
 * which must outlive the archive. One thread at a time. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "formats/anomaly.h"

/* Where the local header and the directory disagree: apksig refuses to read such an entry. */
enum pk_zip_odd {
    PK_ZIP_ODD_HEADER = 1U << 0, /* outside the file, behind the directory or without signature */
    PK_ZIP_ODD_RANGE = 1U << 1,  /* the data do not end before the directory */
    PK_ZIP_ODD_NAME = 1U << 2,   /* another name */
    PK_ZIP_ODD_SIZES = 1U << 3,  /* no data descriptor, but CRC or sizes differ */
    PK_ZIP_ODD_DESCRIPTOR = 1U << 4, /* only one of both says that there is a data descriptor */
    PK_ZIP_ODD_METHOD = 1U << 5,     /* another method; apksig does not mind */
};

struct pk_zip_entry {
    struct pk_slice name;  /* as the central directory spells it: any bytes */
    uint16_t flags;        /* of the central directory */
    uint16_t method;       /* of the central directory, unjudged */
    uint16_t local_method; /* of the local header */
    uint16_t local_flags;
    uint16_t odd;           /* enum pk_zip_odd bits */
    uint32_t crc;           /* CRC-32 of the plain bytes, claimed */
    uint32_t packed_size;   /* claimed by the central directory */
    uint32_t plain_size;    /* claimed by the central directory */
    uint32_t local_offset;  /* of the local header */
    uint64_t record_offset; /* of the central directory's record */
    /* The bytes in the file: packed_size of them, but plain_size when the method is 0, as the platform
     * takes them. ptr is NULL with PK_ZIP_ODD_HEADER and PK_ZIP_ODD_RANGE: it would not read them. */
    struct pk_slice data;
};

struct pk_zip {
    struct pk_slice file;
    const struct pk_zip_entry *entries; /* in the order of the central directory */
    size_t count;
    uint64_t directory_offset; /* as the end record says, checked to lie before it */
    uint64_t directory_size;
    uint64_t end_offset;     /* of the end of central directory record */
    struct pk_slice comment; /* of the archive */
    struct pk_anomalies *anomalies;
    uint64_t plain_left; /* inflated bytes that may still be asked for; an entry counts once */
    void *index;         /* names to entries; private to zip.c */
    void *inflater;      /* libdeflate's state, made once; private to zip.c */
};

/* Reads the end record, the directory and every local header. Names come out as they are.
 * PK_ETRUNC/PK_EMALF: no archive in the platform's eyes (no end record, directory outside the file or
 * broken); *err says what and where, and zip.malformed was noted. Memory is the arena's and ends with
 * it; what it does not count (the inflater, a buffer) ends with it, too. */
PK_MUST_USE int pk_zip_open(struct pk_slice file, struct pk_arena *arena,
        struct pk_anomalies *anomalies, struct pk_zip *out, struct pk_error *err);

/* The first entry of exactly this name, or NULL. Constant time. */
const struct pk_zip_entry *pk_zip_find(const struct pk_zip *zip, const char *name);
const struct pk_zip_entry *pk_zip_find_name(const struct pk_zip *zip, struct pk_slice name);

/* True when the platform would inflate it (method 8). */
bool pk_zip_is_deflated(const struct pk_zip_entry *entry);

/* The plain bytes of one entry. Stored ones are borrowed from the file; inflated ones are owned. */
struct pk_zip_bytes {
    struct pk_slice bytes;
    void *owned; /* NULL when borrowed */
};

/* The whole entry, as the platform reads it (and, when the method is bogus, as row 3 of the evasion
 * tricks says: stored when both sizes agree, else DEFLATE when it ends exactly, else stored).
 * PK_ETRUNC/PK_EMALF: the data are not there or do not inflate to plain_size; PK_ELIMIT: larger than
 * PK_ZIP_ENTRY_MAX or the archive's budget (an anomaly says which); PK_ENOMEM. A wrong CRC is an anomaly
 * (zip.crc_mismatch), not an error. End *out with pk_zip_release(). */
PK_MUST_USE int pk_zip_read(struct pk_zip *zip, const struct pk_zip_entry *entry,
        struct pk_zip_bytes *out, struct pk_error *err);
void pk_zip_release(struct pk_zip_bytes *bytes);

/* From now on what pk_zip_read() inflates is kept until the archive ends, up to so many bytes in all, so
 * that reading or streaming the same entry again costs nothing. For archives whose entries are wanted
 * twice: as what they are, and for the digests of a JAR signature. */
void pk_zip_keep(struct pk_zip *zip, size_t bytes);

/* The plain bytes piece by piece, for digests of entries of any size: bounded memory, counts against
 * the same budget, no entry limit. A negative result of the sink ends it and is returned. */
typedef int (*pk_zip_sink)(void *ctx, struct pk_slice piece);
PK_MUST_USE int pk_zip_stream(struct pk_zip *zip, const struct pk_zip_entry *entry,
        pk_zip_sink sink, void *ctx, struct pk_error *err);

/* The first plain bytes of an entry, at most size of them; returns how many. Inflates no more than
 * that and counts against no budget: for a look at what an entry is. */
size_t pk_zip_peek(struct pk_zip *zip, const struct pk_zip_entry *entry, uint8_t *out, size_t size);
