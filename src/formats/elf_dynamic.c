#include <inttypes.h>

#include "formats/elf_image.h"
#include "formats/limits.h"

#define DT_NULL     0U
#define DT_NEEDED   1U
#define DT_HASH     4U
#define DT_STRTAB   5U
#define DT_SYMTAB   6U
#define DT_STRSZ    10U
#define DT_SONAME   14U
#define DT_RPATH    15U
#define DT_TEXTREL  22U
#define DT_BIND_NOW 24U
#define DT_RUNPATH  29U
#define DT_FLAGS    30U
#define DT_GNU_HASH 0x6ffffef5U
#define DT_FLAGS_1  0x6ffffffbU
#define DF_TEXTREL  4U
#define DF_BIND_NOW 8U
#define DF_1_NOW    1U

#define STB_LOCAL  0U
#define STB_GLOBAL 1U
#define STB_WEAK   2U

/* What the dynamic segment says, before anything is looked up. */
struct dynamic {
    uint64_t hash, gnu_hash, strings, strings_size, symbols; /* addresses and a size */
    uint64_t soname, runpath, rpath;                         /* offsets into the strings */
    bool has_soname, has_runpath, has_rpath;
    uint64_t needed[PK_ELF_NEEDED_MAX];
    size_t needed_count;
};

/* The symbol table as far as it is in the file. */
struct symbols {
    const struct pk_elf_image *image;
    struct pk_slice strings;
    const uint8_t *entries;
    size_t count, size;
};

struct symbol {
    struct pk_slice name;
    bool imported, exported, jni;
};

/* Names to keep: first counted and measured, then copied into one block. */
struct names {
    struct pk_strings *list;
    char *block;
    size_t used;
};

static void read_entry(struct dynamic *dynamic, struct pk_elf *out, uint64_t tag, uint64_t value)
{
    switch (tag) {
    case DT_NEEDED:
        if (dynamic->needed_count < PK_ELF_NEEDED_MAX) {
            dynamic->needed[dynamic->needed_count++] = value;
        }
        break;
    case DT_HASH:
        dynamic->hash = value;
        break;
    case DT_GNU_HASH:
        dynamic->gnu_hash = value;
        break;
    case DT_STRTAB:
        dynamic->strings = value;
        break;
    case DT_STRSZ:
        dynamic->strings_size = value;
        break;
    case DT_SYMTAB:
        dynamic->symbols = value;
        break;
    case DT_SONAME:
        dynamic->soname = value;
        dynamic->has_soname = true;
        break;
    case DT_RUNPATH:
        dynamic->runpath = value;
        dynamic->has_runpath = true;
        break;
    case DT_RPATH:
        dynamic->rpath = value;
        dynamic->has_rpath = true;
        break;
    case DT_TEXTREL:
        out->text_relocations = true;
        break;
    case DT_BIND_NOW:
        out->bind_now = true;
        break;
    case DT_FLAGS:
        out->text_relocations |= (value & DF_TEXTREL) != 0;
        out->bind_now |= (value & DF_BIND_NOW) != 0;
        break;
    case DT_FLAGS_1:
        out->bind_now |= (value & DF_1_NOW) != 0;
        break;
    default:
        break;
    }
}

static void read_entries(
        const struct pk_elf_image *image, struct dynamic *dynamic, struct pk_elf *out)
{
    size_t word = image->is64 ? 8 : 4;
    const uint8_t *p = image->file.ptr + image->dynamic_offset;

    for (uint64_t left = image->dynamic_size; left >= 2 * word; left -= 2 * word) {
        uint64_t tag = pk_elf_number(image, p, word);

        if (tag == DT_NULL) {
            break;
        }
        read_entry(dynamic, out, tag, pk_elf_number(image, p + word, word));
        p += 2 * word;
    }
}

/* The string at an offset of the table, at most PK_ELF_NAME_MAX bytes of it. */
static struct pk_slice string_at(struct pk_slice strings, uint64_t offset)
{
    const uint8_t *text;
    const uint8_t *end;
    size_t max;

    if (offset >= strings.len) {
        return (struct pk_slice){ 0 };
    }
    text = strings.ptr + offset;
    max = strings.len - offset < PK_ELF_NAME_MAX ? strings.len - offset : PK_ELF_NAME_MAX;
    end = memchr(text, '\0', max);
    return pk_slice_of(text, end != NULL ? (size_t)(end - text) : max);
}

static bool is_plain(struct pk_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20 || text.ptr[i] >= 0x7f) {
            return false;
        }
    }
    return true;
}

/* A clean copy; NULL when the arena is full. */
static const char *clean(const struct pk_elf_image *image, struct pk_slice text)
{
    return is_plain(text)
            ? pk_arena_strndup(image->arena, text.len > 0 ? (const char *)text.ptr : "", text.len)
            : pk_printable(image->arena, text.ptr, text.len, PK_ELF_NAME_MAX);
}

/* DT_GNU_HASH names no count: the last symbol is the end of the chain that begins last. Without any chain
 * only the symbols before the hashed ones are there. */
static uint64_t gnu_hash_count(const struct pk_elf_image *image, struct pk_slice table)
{
    size_t word = image->is64 ? 8 : 4;
    uint64_t buckets;
    uint64_t first;
    uint64_t chains_at;
    uint64_t last = 0;

    if (table.len < 16) {
        return 0;
    }
    buckets = pk_elf_number(image, table.ptr, 4);
    first = pk_elf_number(image, table.ptr + 4, 4);
    chains_at = 16 + pk_elf_number(image, table.ptr + 8, 4) * word;
    if (chains_at > table.len || buckets > (table.len - chains_at) / 4) {
        return 0;
    }
    for (uint64_t i = 0; i < buckets; i++) {
        uint64_t head = pk_elf_number(image, table.ptr + chains_at + 4 * i, 4);

        last = head > last ? head : last;
    }
    if (last < first) {
        return first;
    }
    for (uint64_t at = chains_at + 4 * buckets + 4 * (last - first); at + 4 <= table.len; at += 4) {
        last++;
        if ((pk_elf_number(image, table.ptr + at, 4) & 1) != 0) {
            return last;
        }
    }
    return 0;
}

/* How many symbols there are. DT_HASH says it, DT_GNU_HASH implies it; an empty one of the GNU linker
 * does not, and then the strings, which all linkers put behind the symbols, tell where those end. */
static uint64_t symbol_count(
        const struct pk_elf_image *image, const struct dynamic *dynamic, size_t entry_size)
{
    struct pk_slice table = pk_elf_mapped(image, dynamic->hash);
    uint64_t count = 0;

    if (dynamic->hash != 0 && table.len >= 8) {
        return pk_elf_number(image, table.ptr + 4, 4);
    }
    table = pk_elf_mapped(image, dynamic->gnu_hash);
    if (dynamic->gnu_hash != 0) {
        count = gnu_hash_count(image, table);
    }
    if (count <= 1 && dynamic->strings > dynamic->symbols) {
        count = (dynamic->strings - dynamic->symbols) / entry_size;
    }
    return count;
}

static void find_symbols(struct symbols *symbols, const struct dynamic *dynamic)
{
    const struct pk_elf_image *image = symbols->image;
    struct pk_slice table = pk_elf_mapped(image, dynamic->symbols);
    uint64_t count;

    symbols->size = image->is64 ? 24 : 16;
    symbols->strings = pk_elf_mapped(image, dynamic->strings);
    if (dynamic->strings_size < symbols->strings.len) {
        symbols->strings.len = dynamic->strings_size;
    }
    if (dynamic->symbols == 0 || table.ptr == NULL) {
        return;
    }
    count = symbol_count(image, dynamic, symbols->size);
    if (count > table.len / symbols->size) {
        pk_anomaly_add(image->anomalies, PK_ANOMALY_ELF_MALFORMED,
                "'%s': %" PRIu64 " symbols in %zu bytes", image->name, count, table.len);
        count = table.len / symbols->size;
    }
    symbols->entries = table.ptr;
    symbols->count = count;
}

static bool begins(struct pk_slice text, const char *with)
{
    size_t len = strlen(with);

    return text.len >= len && memcmp(text.ptr, with, len) == 0;
}

/* Fills *out; false for what is neither imported nor exported: local, unnamed, the null symbol. */
static bool symbol_at(const struct symbols *symbols, size_t index, struct symbol *out)
{
    const struct pk_elf_image *image = symbols->image;
    const uint8_t *p = symbols->entries + index * symbols->size;
    unsigned bind = p[image->is64 ? 4 : 12] >> 4;
    uint64_t section = pk_elf_number(image, p + (image->is64 ? 6 : 14), 2);

    if (bind == STB_LOCAL) {
        return false;
    }
    out->name = string_at(symbols->strings, pk_elf_number(image, p, 4));
    out->imported = section == 0;
    out->exported = section != 0 && (bind == STB_GLOBAL || bind == STB_WEAK);
    out->jni = begins(out->name, "Java_") || begins(out->name, "JNI_On");
    return out->name.len > 0 && (out->imported || out->exported);
}

/* Hardening shows in what is imported: the canary's alarm, and checking variants of C functions. */
static void judge_import(struct pk_elf *out, struct pk_slice name)
{
    static const char suffix[] = "_chk";
    size_t len = sizeof(suffix) - 1;

    if (pk_slice_eq(name, pk_slice_str("__stack_chk_fail"))) {
        out->stack_protector = true;
    } else if (begins(name, "__") && name.len > len + 2 &&
            memcmp(name.ptr + name.len - len, suffix, len) == 0) {
        out->fortify = true;
    }
}

/* First round: counts, hardening, and how many bytes the names to keep take at most. */
static size_t count_symbols(const struct symbols *symbols, struct pk_elf *out)
{
    size_t jni_count = 0;
    size_t bytes = 0;

    for (size_t i = 0; i < symbols->count; i++) {
        struct symbol symbol;
        size_t kept;

        if (!symbol_at(symbols, i, &symbol)) {
            continue;
        }
        if (symbol.imported) {
            kept = out->import_count++;
            judge_import(out, symbol.name);
        } else {
            kept = symbol.jni ? jni_count : out->export_count - jni_count;
            out->export_count++;
            jni_count += symbol.jni;
        }
        bytes += kept < PK_ELF_NAMES_MAX ? symbol.name.len + 1 : 0;
    }
    return bytes;
}

static int keep(const struct pk_elf_image *image, struct names *names, struct pk_slice name)
{
    const char *text = names->block + names->used;

    if (names->list->count == PK_ELF_NAMES_MAX) {
        return PK_OK;
    }
    if (is_plain(name)) {
        memcpy(names->block + names->used, name.ptr, name.len);
        names->used += name.len + 1; /* the arena's memory is zero */
    } else {
        text = clean(image, name);
    }
    if (text == NULL) {
        return PK_ENOMEM;
    }
    names->list->items[names->list->count++] = text;
    return PK_OK;
}

/* One round over the symbols for one list. */
static int keep_symbols(const struct symbols *symbols, struct names *names, bool imported, bool jni)
{
    int rc = PK_OK;

    for (size_t i = 0; i < symbols->count && rc == PK_OK; i++) {
        struct symbol symbol;

        if (symbol_at(symbols, i, &symbol) && symbol.imported == imported &&
                (imported || symbol.jni == jni)) {
            rc = keep(symbols->image, names, symbol.name);
        }
    }
    return rc;
}

static int make_list(struct pk_arena *arena, struct pk_strings *list, size_t count)
{
    if (count > PK_ELF_NAMES_MAX) {
        count = PK_ELF_NAMES_MAX;
    }
    list->items = count > 0 ? pk_arena_alloc(arena, count, sizeof(*list->items)) : NULL;
    return count > 0 && list->items == NULL ? PK_ENOMEM : PK_OK;
}

static int read_symbols(const struct symbols *symbols, struct pk_elf *out)
{
    struct pk_arena *arena = symbols->image->arena;
    size_t bytes = count_symbols(symbols, out);
    struct names names = { .block = pk_arena_alloc(arena, bytes > 0 ? bytes : 1, 1) };
    int rc = names.block != NULL ? PK_OK : PK_ENOMEM;

    rc = rc == PK_OK ? make_list(arena, &out->imports, out->import_count) : rc;
    rc = rc == PK_OK ? make_list(arena, &out->exports, out->export_count) : rc;
    names.list = &out->imports;
    rc = rc == PK_OK ? keep_symbols(symbols, &names, true, false) : rc;
    names.list = &out->exports;
    rc = rc == PK_OK ? keep_symbols(symbols, &names, false, true) : rc;
    return rc == PK_OK ? keep_symbols(symbols, &names, false, false) : rc;
}

static int read_text(const struct symbols *symbols, bool there, uint64_t offset, const char **out)
{
    if (there) {
        *out = clean(symbols->image, string_at(symbols->strings, offset));
    }
    return *out != NULL ? PK_OK : PK_ENOMEM;
}

static int read_needed(
        const struct symbols *symbols, const struct dynamic *dynamic, struct pk_strings *out)
{
    int rc = make_list(symbols->image->arena, out, dynamic->needed_count);

    for (size_t i = 0; i < dynamic->needed_count && rc == PK_OK; i++) {
        rc = read_text(symbols, true, dynamic->needed[i], &out->items[i]);
        out->count++;
    }
    return rc;
}

int pk_elf_read_dynamic(struct pk_elf_image *image, struct pk_elf *out)
{
    struct dynamic dynamic = { 0 };
    struct symbols symbols = { .image = image };
    int rc;

    if (image->dynamic_size == 0) {
        return PK_OK;
    }
    read_entries(image, &dynamic, out);
    image->symbols_address = dynamic.symbols;
    if (out->text_relocations) {
        pk_anomaly_add(image->anomalies, PK_ANOMALY_ELF_TEXT_RELOCATIONS, "'%s'", image->name);
    }
    find_symbols(&symbols, &dynamic);
    rc = read_text(&symbols, dynamic.has_soname, dynamic.soname, &out->soname);
    rc = rc == PK_OK ? read_text(&symbols, dynamic.has_rpath, dynamic.rpath, &out->runpath) : rc;
    rc = rc == PK_OK ? read_text(&symbols, dynamic.has_runpath, dynamic.runpath, &out->runpath)
                     : rc;
    rc = rc == PK_OK ? read_needed(&symbols, &dynamic, &out->needed) : rc;
    return rc == PK_OK ? read_symbols(&symbols, out) : rc;
}
