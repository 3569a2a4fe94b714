#include "formats/elf.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/crypt.h"
#include "formats/elf_image.h"
#include "formats/limits.h"

#define EI_CLASS   4
#define EI_DATA    5
#define EI_NIDENT  16
#define CLASS_32   1
#define CLASS_64   2
#define DATA_LSB   1
#define DATA_MSB   2
#define ET_DYN     3
#define EV_CURRENT 1

#define PT_LOAD      1U
#define PT_DYNAMIC   2U
#define PT_NOTE      4U
#define PT_GNU_STACK 0x6474e551U
#define PT_GNU_RELRO 0x6474e552U
#define PF_X         1U

#define SHT_SYMTAB  2U
#define SHT_DYNAMIC 6U
#define SHT_DYNSYM  11U

#define NOTE_BUILD_ID     3U
#define BUILD_ID_MAX      64U
#define NOTE_HEADER_SIZE  12U
#define NOTES_MAX         64U /* in one segment; real ones hold up to four */
#define NOTE_ALIGN(bytes) (((bytes) + 3U) & ~(uint64_t)3U)

bool pk_elf_magic(struct pk_slice bytes)
{
    return bytes.len >= EI_NIDENT && memcmp(bytes.ptr, "\177ELF", 4) == 0;
}

/* Where the fields of one width stand. */
struct layout {
    size_t header_size, word;
    size_t phoff, shoff, phentsize; /* in the header; the other counts follow phentsize */
    size_t segment_size, p_flags, p_offset, p_vaddr, p_filesz, p_align;
    size_t section_size, sh_addr, sh_offset, sh_size;
};

static const struct layout layout32 = { .header_size = 52,
    .word = 4,
    .phoff = 28,
    .shoff = 32,
    .phentsize = 42,
    .segment_size = 32,
    .p_flags = 24,
    .p_offset = 4,
    .p_vaddr = 8,
    .p_filesz = 16,
    .p_align = 28,
    .section_size = 40,
    .sh_addr = 12,
    .sh_offset = 16,
    .sh_size = 20 };

static const struct layout layout64 = { .header_size = 64,
    .word = 8,
    .phoff = 32,
    .shoff = 40,
    .phentsize = 54,
    .segment_size = 56,
    .p_flags = 4,
    .p_offset = 8,
    .p_vaddr = 16,
    .p_filesz = 32,
    .p_align = 48,
    .section_size = 64,
    .sh_addr = 16,
    .sh_offset = 24,
    .sh_size = 32 };

struct header {
    const struct layout *at;
    uint32_t version;
    uint64_t segments, sections; /* offsets */
    uint16_t segment_size, segment_count, section_size, section_count, names_section;
};

struct segment {
    uint32_t type, flags;
    uint64_t offset, address, file_size, align;
};

static void mismatch(const struct pk_elf_image *image, const char *what)
{
    pk_anomaly_add(
            image->anomalies, PK_ANOMALY_ELF_SECTION_MISMATCH, "'%s': %s", image->name, what);
}

static int PK_PRINTF(4, 5) broken(
        const struct pk_elf_image *image, struct pk_error *err, int code, const char *format, ...)
{
    char text[PK_EVIDENCE_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    pk_anomaly_add(image->anomalies, PK_ANOMALY_ELF_MALFORMED, "'%s': %s", image->name, text);
    return pk_error_set(err, code, "'%s': %s", image->name, text);
}

struct pk_slice pk_elf_mapped(const struct pk_elf_image *image, uint64_t address)
{
    for (size_t i = 0; i < image->load_count; i++) {
        const struct pk_elf_load *load = &image->loads[i];

        if (address >= load->address && address - load->address < load->size) {
            uint64_t skip = address - load->address;

            return pk_slice_of(image->file.ptr + load->offset + skip, load->size - skip);
        }
    }
    return (struct pk_slice){ 0 };
}

static const char *abi_name(uint16_t machine, bool is64)
{
    switch (machine) {
    case 3:
        return "x86";
    case 8:
        return is64 ? "mips64" : "mips";
    case 40:
        return "armeabi-v7a";
    case 62:
        return "x86_64";
    case 183:
        return "arm64-v8a";
    case 243:
        return is64 ? "riscv64" : "";
    default:
        return "";
    }
}

static int read_header(
        struct pk_elf_image *image, struct header *header, struct pk_elf *out, struct pk_error *err)
{
    const uint8_t *p = image->file.ptr;
    const struct layout *at = p[EI_CLASS] == CLASS_64 ? &layout64 : &layout32;

    if (p[EI_CLASS] != CLASS_32 && p[EI_CLASS] != CLASS_64) {
        return broken(image, err, PK_EMALF, "unknown class %u", p[EI_CLASS]);
    }
    if (p[EI_DATA] != DATA_LSB && p[EI_DATA] != DATA_MSB) {
        return broken(image, err, PK_EMALF, "unknown byte order %u", p[EI_DATA]);
    }
    if (image->file.len < at->header_size) {
        return broken(image, err, PK_ETRUNC, "ends inside the header");
    }
    image->is64 = p[EI_CLASS] == CLASS_64;
    image->big_endian = p[EI_DATA] == DATA_MSB;
    out->bits = image->is64 ? 64 : 32;
    out->big_endian = image->big_endian;
    out->type = (uint16_t)pk_elf_number(image, p + 16, 2);
    out->machine = (uint16_t)pk_elf_number(image, p + 18, 2);
    out->abi = abi_name(out->machine, image->is64);
    *header = (struct header){
        .at = at,
        .version = (uint32_t)pk_elf_number(image, p + 20, 4),
        .segments = pk_elf_number(image, p + at->phoff, at->word),
        .sections = pk_elf_number(image, p + at->shoff, at->word),
        .segment_size = (uint16_t)pk_elf_number(image, p + at->phentsize, 2),
        .segment_count = (uint16_t)pk_elf_number(image, p + at->phentsize + 2, 2),
        .section_size = (uint16_t)pk_elf_number(image, p + at->phentsize + 4, 2),
        .section_count = (uint16_t)pk_elf_number(image, p + at->phentsize + 6, 2),
        .names_section = (uint16_t)pk_elf_number(image, p + at->phentsize + 8, 2),
    };
    if (header->version != EV_CURRENT) {
        return broken(image, err, PK_EMALF, "version %" PRIu32, header->version);
    }
    return PK_OK;
}

static struct segment segment_at(
        const struct pk_elf_image *image, const struct header *header, size_t index)
{
    const struct layout *at = header->at;
    const uint8_t *p = image->file.ptr + header->segments + index * at->segment_size;

    return (struct segment){
        .type = (uint32_t)pk_elf_number(image, p, 4),
        .flags = (uint32_t)pk_elf_number(image, p + at->p_flags, 4),
        .offset = pk_elf_number(image, p + at->p_offset, at->word),
        .address = pk_elf_number(image, p + at->p_vaddr, at->word),
        .file_size = pk_elf_number(image, p + at->p_filesz, at->word),
        .align = pk_elf_number(image, p + at->p_align, at->word),
    };
}

/* The GNU build id among the notes, as hex; NULL: none. */
static const char *build_id(const struct pk_elf_image *image, uint64_t offset, uint64_t size)
{
    const uint8_t *p = image->file.ptr + offset;

    for (unsigned i = 0; i < NOTES_MAX && size >= NOTE_HEADER_SIZE; i++) {
        uint64_t name_size = pk_elf_number(image, p, 4);
        uint64_t value_size = pk_elf_number(image, p + 4, 4);
        uint64_t value_at = NOTE_HEADER_SIZE + NOTE_ALIGN(name_size);
        uint64_t end = value_at + NOTE_ALIGN(value_size);

        if (end > size) {
            return NULL;
        }
        if (pk_elf_number(image, p + 8, 4) == NOTE_BUILD_ID && name_size == 4 &&
                memcmp(p + NOTE_HEADER_SIZE, "GNU", 4) == 0 && value_size <= BUILD_ID_MAX) {
            char hex[2 * BUILD_ID_MAX + 1];

            pk_hex(pk_slice_of(p + value_at, value_size), hex);
            return pk_arena_strdup(image->arena, hex);
        }
        p += end;
        size -= end;
    }
    return NULL;
}

/* What one segment says of the file. A later dynamic segment or stack mark replaces an earlier one, as
 * for the linker. */
static void read_segment(struct pk_elf_image *image, struct pk_elf_load *loads,
        const struct segment *segment, struct pk_elf *out)
{
    bool inside = pk_elf_has(image, segment->offset, segment->file_size);
    const char *id;

    if (!inside && (segment->type == PT_LOAD || segment->type == PT_DYNAMIC)) {
        pk_anomaly_add(image->anomalies, PK_ANOMALY_ELF_MALFORMED,
                "'%s': a segment of %" PRIu64 " bytes at %" PRIu64 " lies outside the file",
                image->name, segment->file_size, segment->offset);
    }
    switch (segment->type) {
    case PT_LOAD:
        if (inside) {
            loads[image->load_count++] = (struct pk_elf_load){
                .address = segment->address,
                .offset = segment->offset,
                .size = segment->file_size,
            };
        }
        if (out->page_alignment == 0 || segment->align < out->page_alignment) {
            out->page_alignment = segment->align;
        }
        break;
    case PT_DYNAMIC:
        image->dynamic_offset = inside ? segment->offset : 0;
        image->dynamic_size = inside ? segment->file_size : 0;
        break;
    case PT_NOTE:
        id = inside && out->build_id[0] == '\0'
                ? build_id(image, segment->offset, segment->file_size)
                : NULL;
        out->build_id = id != NULL ? id : out->build_id;
        break;
    case PT_GNU_STACK:
        out->nx = (segment->flags & PF_X) == 0;
        if (!out->nx) {
            pk_anomaly_add(image->anomalies, PK_ANOMALY_ELF_EXECUTABLE_STACK, "'%s'", image->name);
        }
        break;
    case PT_GNU_RELRO:
        out->relro = true;
        break;
    default:
        break;
    }
}

static int read_segments(struct pk_elf_image *image, const struct header *header,
        struct pk_elf *out, struct pk_error *err)
{
    uint64_t size = (uint64_t)header->segment_count * header->at->segment_size;
    struct pk_elf_load *loads;

    if (header->segment_count == 0 && out->type != ET_DYN) {
        return PK_OK; /* an object file */
    }
    if (header->segment_count == 0 || size > PK_ELF_SEGMENT_BYTES_MAX ||
            header->segment_size != header->at->segment_size ||
            !pk_elf_has(image, header->segments, size)) {
        return broken(image, err, PK_EMALF, "%u segments of %u bytes at %" PRIu64,
                header->segment_count, header->segment_size, header->segments);
    }
    loads = pk_arena_alloc(image->arena, header->segment_count, sizeof(*loads));
    if (loads == NULL) {
        return PK_ENOMEM;
    }
    image->loads = loads;
    for (size_t i = 0; i < header->segment_count; i++) {
        struct segment segment = segment_at(image, header, i);

        read_segment(image, loads, &segment, out);
    }
    return PK_OK;
}

/* Sections are asked for two things: is there a symbol table, and do they agree with the segments? */
static void read_section(const struct pk_elf_image *image, const struct layout *at,
        const uint8_t *section, struct pk_elf *out)
{
    uint32_t type = (uint32_t)pk_elf_number(image, section + 4, 4);
    uint64_t address = pk_elf_number(image, section + at->sh_addr, at->word);
    uint64_t offset = pk_elf_number(image, section + at->sh_offset, at->word);
    uint64_t size = pk_elf_number(image, section + at->sh_size, at->word);

    if (type == SHT_SYMTAB) {
        out->has_symbols = true;
    } else if (type == SHT_DYNAMIC && image->dynamic_size > 0 &&
            (offset != image->dynamic_offset || size != image->dynamic_size)) {
        out->packed_sections = true;
        mismatch(image, "the dynamic section is not the dynamic segment");
    } else if (type == SHT_DYNSYM && image->symbols_address != 0 &&
            address != image->symbols_address) {
        out->packed_sections = true;
        mismatch(image, "the symbol section is not the symbol table");
    }
}

static void read_sections(
        const struct pk_elf_image *image, const struct header *header, struct pk_elf *out)
{
    const struct layout *at = header->at;
    uint64_t count = header->section_count;

    if (count == 0 && header->sections != 0 &&
            pk_elf_has(image, header->sections, at->section_size)) {
        /* More than the field can say: the first section's size is the count. */
        count = pk_elf_number(image, image->file.ptr + header->sections + at->sh_size, at->word);
    }
    if (count == 0 || header->sections == 0) {
        out->packed_sections = true;
        mismatch(image, "no section headers");
        return;
    }
    if (header->section_size != at->section_size || count > image->file.len ||
            !pk_elf_has(image, header->sections, count * at->section_size)) {
        out->packed_sections = true;
        mismatch(image, "section headers outside the file");
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        read_section(image, at, image->file.ptr + header->sections + i * at->section_size, out);
    }
}

int pk_elf_parse(struct pk_slice file, const char *name, struct pk_arena *arena,
        struct pk_anomalies *anomalies, struct pk_elf *out, struct pk_error *err)
{
    struct pk_elf elf = { .abi = "", .soname = "", .build_id = "", .runpath = "" };
    struct pk_elf_image image = {
        .file = file, .arena = arena, .anomalies = anomalies, .name = name
    };
    struct header header = { .at = &layout32 };
    int rc;

    if (!pk_elf_magic(file)) {
        return pk_error_set(err, file.len < EI_NIDENT ? PK_ETRUNC : PK_EMALF, "'%s': no ELF", name);
    }
    rc = read_header(&image, &header, &elf, err);
    if (rc == PK_OK) {
        rc = read_segments(&image, &header, &elf, err);
    }
    if (rc == PK_OK) {
        rc = pk_elf_read_dynamic(&image, &elf);
    }
    if (rc < 0) {
        return rc == PK_ENOMEM ? pk_error_set(err, rc, "'%s': out of memory", name) : rc;
    }
    read_sections(&image, &header, &elf);
    *out = elf;
    return PK_OK;
}
