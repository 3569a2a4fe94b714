#include "elf_builder.h"

#define FILE_SIZE 2048

/* Offsets into the string table below. */
enum {
    AT_LIBC = 1,
    AT_LIBLOG = 9,
    AT_SONAME = 19,
    AT_PUTS = 27,
    AT_CANARY = 32,
    AT_CHK = 49,
    AT_RUN = 62,
    AT_ONLOAD = 66,
    AT_JAVA = 77,
    AT_LOCAL = 88,
    AT_RUNPATH = 94,
};
static const char strings[] =
        "\0libc.so\0liblog.so\0libt.so\0puts\0__stack_chk_fail\0__strcpy_chk\0"
        "run\0JNI_OnLoad\0Java_a_B_c\0local\0/x";

static const struct {
    uint32_t name;
    uint8_t info; /* binding << 4 */
    uint16_t section;
} symbols[] = {
    { 0, 0, 0 },
    { AT_LOCAL, 0x02, 1 },
    { AT_PUTS, 0x12, 0 },
    { AT_CANARY, 0x12, 0 },
    { AT_CHK, 0x12, 0 },
    { AT_RUN, 0x12, 1 },
    { AT_ONLOAD, 0x22, 1 },
    { AT_JAVA, 0x12, 1 },
};
#define SYMBOLS      (sizeof(symbols) / sizeof(symbols[0]))
#define FIRST_HASHED 5

void elf_put(const struct elf_spec *spec, uint8_t *p, size_t size, uint64_t value)
{
    for (size_t i = 0; i < size; i++) {
        p[spec->big_endian ? size - 1 - i : i] = (uint8_t)(value >> 8 * i);
    }
}

struct cursor {
    const struct elf_spec *spec;
    uint8_t *file;
    size_t at, word;
};

static void put(struct cursor *c, size_t size, uint64_t value)
{
    assert_true(c->at + size <= FILE_SIZE);
    elf_put(c->spec, c->file + c->at, size, value);
    c->at += size;
}

static void put_segment(struct cursor *c, uint32_t type, uint32_t flags, size_t offset, size_t size)
{
    put(c, 4, type);
    if (c->spec->is64) {
        put(c, 4, flags);
    }
    put(c, c->word, offset);
    put(c, c->word, offset > 0 || type == 1 ? offset + 0x10000 : 0); /* address */
    put(c, c->word, 0);
    put(c, c->word, size);
    put(c, c->word, size);
    if (!c->spec->is64) {
        put(c, 4, flags);
    }
    put(c, c->word, type == 1 ? 0x4000 : 4);
}

static void put_symbols(struct cursor *c)
{
    for (size_t i = 0; i < SYMBOLS; i++) {
        put(c, 4, symbols[i].name);
        if (c->spec->is64) {
            put(c, 1, symbols[i].info);
            put(c, 1, 0);
            put(c, 2, symbols[i].section);
            put(c, 8, 0);
            put(c, 8, 0);
        } else {
            put(c, 4, 0);
            put(c, 4, 0);
            put(c, 1, symbols[i].info);
            put(c, 1, 0);
            put(c, 2, symbols[i].section);
        }
    }
}

static void put_hash(struct cursor *c)
{
    if (!c->spec->gnu_hash) {
        put(c, 4, 1);
        put(c, 4, SYMBOLS);
        for (size_t i = 0; i < 1 + SYMBOLS; i++) {
            put(c, 4, 0);
        }
        return;
    }
    put(c, 4, 2); /* buckets: an empty one and one for all */
    put(c, 4, FIRST_HASHED);
    put(c, 4, 1);
    put(c, 4, 0);
    put(c, c->word, 0);
    put(c, 4, 0);
    put(c, 4, FIRST_HASHED);
    for (size_t i = FIRST_HASHED; i < SYMBOLS; i++) {
        put(c, 4, i == SYMBOLS - 1); /* the last of the chain */
    }
}

static void put_dynamic(struct cursor *c, const struct elf_made *made)
{
    const uint64_t entries[][2] = {
        { 1, AT_LIBC },
        { 1, AT_LIBLOG },
        { 14, AT_SONAME },
        { 29, AT_RUNPATH },
        { 5, made->strings + 0x10000 },
        { 10, sizeof(strings) },
        { 6, made->symbols + 0x10000 },
        { c->spec->no_hash                  ? 0x6ffffff0
                        : c->spec->gnu_hash ? 0x6ffffef5
                                            : 4,
                made->hash + 0x10000 },
        { 30, c->spec->flags },
        { 0, 0 },
    };

    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        put(c, c->word, entries[i][0]);
        put(c, c->word, entries[i][1]);
    }
}

/* One section header; only what tells sections and segments apart. */
static void put_section(struct cursor *c, uint32_t type, size_t offset, size_t size)
{
    size_t begin = c->at;

    put(c, 4, 0);
    put(c, 4, type);
    put(c, c->word, 0);
    put(c, c->word, offset > 0 ? offset + 0x10000 : 0);
    put(c, c->word, offset);
    put(c, c->word, size);
    c->at = begin + (c->spec->is64 ? 64 : 40);
}

static void put_header(struct cursor *c, const struct elf_made *made)
{
    static const uint8_t magic[4] = { 0x7f, 'E', 'L', 'F' };
    bool sections = !c->spec->no_sections;

    memcpy(c->file, magic, sizeof(magic));
    c->file[4] = c->spec->is64 ? 2 : 1;
    c->file[5] = c->spec->big_endian ? 2 : 1;
    c->file[6] = 1;
    c->at = 16;
    put(c, 2, 3);
    put(c, 2, c->spec->machine);
    put(c, 4, 1);
    put(c, c->word, 0);
    put(c, c->word, made->segments);
    put(c, c->word, sections ? made->sections : 0);
    put(c, 4, 0);
    put(c, 2, c->spec->is64 ? 64 : 52);
    put(c, 2, c->spec->is64 ? 56 : 32);
    put(c, 2, 5);
    put(c, 2, c->spec->is64 ? 64 : 40);
    put(c, 2, sections ? 4 : 0);
    put(c, 2, sections ? 1 : 0);
}

struct elf_made elf_build(const struct elf_spec *spec)
{
    struct cursor c = { .spec = spec, .word = spec->is64 ? 8 : 4 };
    struct elf_made made = { .segments = 64, .symbols = 512 };
    size_t dynamic_size;
    size_t note = 448;

    c.file = calloc(1, FILE_SIZE);
    assert_non_null(c.file);
    c.at = made.symbols;
    put_symbols(&c);
    made.strings = c.at;
    memcpy(c.file + c.at, strings, sizeof(strings));
    made.hash = c.at = (c.at + sizeof(strings) + 7) & ~7UL;
    put_hash(&c);
    made.dynamic = c.at = (c.at + 7) & ~7UL;
    put_dynamic(&c, &made);
    dynamic_size = c.at - made.dynamic;
    made.sections = c.at;
    put_section(&c, 0, 0, 0);
    put_section(&c, 11, made.symbols, made.strings - made.symbols);
    put_section(&c, 6, made.dynamic, dynamic_size);
    put_section(&c, 2, made.symbols, 0); /* .symtab */
    made.len = c.at;
    c.at = note;
    put(&c, 4, 4);
    put(&c, 4, 4);
    put(&c, 4, 3);
    memcpy(c.file + c.at, "GNU\0\x0b\xad\xca\xfe", 8);
    c.at = made.segments;
    put_segment(&c, 1, 5, 0, made.len);
    put_segment(&c, 2, 6, made.dynamic, dynamic_size);
    put_segment(&c, 4, 4, note, 20);
    put_segment(&c, 0x6474e551, spec->exec_stack ? 7 : 6, 0, 0);
    put_segment(&c, 0x6474e552, 4, made.dynamic, dynamic_size);
    put_header(&c, &made);
    made.bytes = pk_test_dup(c.file, made.len);
    free(c.file);
    return made;
}
