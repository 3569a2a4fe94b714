/* elf_image.h - an ELF file of either width and byte order, and where its addresses stand in it; for
 * elf*.c. */
#pragma once

#include "formats/elf.h"

struct pk_elf_load {
    uint64_t address, offset, size; /* of the bytes in the file */
};

struct pk_elf_image {
    struct pk_slice file;
    bool is64, big_endian;
    const struct pk_elf_load *loads; /* the loadable segments in their order */
    size_t load_count;
    uint64_t dynamic_offset, dynamic_size; /* of the dynamic segment; size 0: there is none */
    uint64_t symbols_address;              /* DT_SYMTAB; 0: none */
    struct pk_arena *arena;
    struct pk_anomalies *anomalies;
    const char *name;
};

/* The unsigned number of size (1, 2, 4, 8) bytes at p, which the caller has checked. */
static inline uint64_t pk_elf_number(
        const struct pk_elf_image *image, const uint8_t *p, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++) {
        value = value << 8 | p[image->big_endian ? i : size - 1 - i];
    }
    return value;
}

/* True when [offset, offset + size) lies in the file. */
static inline bool pk_elf_has(const struct pk_elf_image *image, uint64_t offset, uint64_t size)
{
    return offset <= image->file.len && size <= image->file.len - offset;
}

/* What the loader maps at address, up to the end of its segment in the file; {NULL, 0}: nothing. */
struct pk_slice pk_elf_mapped(const struct pk_elf_image *image, uint64_t address);

/* Reads the dynamic segment into *out: libraries, names, symbols, flags. PK_ENOMEM. */
PK_MUST_USE int pk_elf_read_dynamic(struct pk_elf_image *image, struct pk_elf *out);
