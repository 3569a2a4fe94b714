/* macho_commands.c - header, load commands and symbols of one slice. */
#include <stdlib.h>

#include "base/crypt.h"
#include "formats/apple/macho_view.h"
#include "formats/limits.h"

#define HEADER_32   28
#define HEADER_64   32
#define COMMAND_MIN 8

#define TYPE_DSYM 10 /* a debugging companion: headers of what is elsewhere */

#define FLAG_PIE 0x200000U

#define NLIST_32 12
#define NLIST_64 16
#define N_STAB   0xe0U /* debugging symbols */
#define N_TYPE   0x0eU /* 0: undefined */
#define N_EXT    0x01U

#define LC_REQUIRED 0x80000000U /* a bit of the command: dyld must know it */

enum command {
    LC_SEGMENT = 0x1,
    LC_SYMTAB = 0x2,
    LC_LOAD_DYLIB = 0xc,
    LC_ID_DYLIB = 0xd,
    LC_LOAD_WEAK_DYLIB = 0x18,
    LC_SEGMENT_64 = 0x19,
    LC_UUID = 0x1b,
    LC_RPATH = 0x1c,
    LC_CODE_SIGNATURE = 0x1d,
    LC_REEXPORT_DYLIB = 0x1f,
    LC_LAZY_LOAD_DYLIB = 0x20,
    LC_ENCRYPTION_INFO = 0x21,
    LC_LOAD_UPWARD_DYLIB = 0x23,
    LC_VERSION_MIN_MACOSX = 0x24,
    LC_VERSION_MIN_IPHONEOS = 0x25,
    LC_ENCRYPTION_INFO_64 = 0x2c,
    LC_VERSION_MIN_TVOS = 0x2f,
    LC_VERSION_MIN_WATCHOS = 0x30,
    LC_BUILD_VERSION = 0x32,
};

struct scan {
    struct pk_macho_view view;
    struct pk_macho_slice *out;
    size_t header; /* where the commands begin */
    uint32_t commands;
    uint32_t commands_size;
    bool has_build_version;
    bool has_symbols;
    struct pk_arena *arena;
    struct pk_anomalies *anomalies;
    struct pk_error *err;
};

static void odd(struct scan *s, const char *what, uint64_t at)
{
    pk_anomaly_add(s->anomalies, PK_ANOMALY_MACHO_MALFORMED, "%s: %s at %llu", s->out->arch, what,
            (unsigned long long)at);
}

static int no_memory(struct scan *s)
{
    return pk_error_set(s->err, PK_ENOMEM, "out of memory");
}

static int malformed(struct scan *s, int code, const char *what)
{
    pk_anomaly_add(s->anomalies, PK_ANOMALY_MACHO_MALFORMED, "%s", what);
    return pk_error_set(s->err, code, "%s", what);
}

static int read_header(struct scan *s)
{
    struct pk_macho_view *v = &s->view;
    uint32_t magic;

    v->big_endian = true;
    magic = pk_macho_u32(v, 0);
    v->big_endian = magic == 0xfeedface || magic == 0xfeedfacf;
    s->out->big_endian = v->big_endian;
    s->out->bits = magic == 0xfeedfacf || magic == 0xcffaedfe ? 64 : 32;
    s->header = s->out->bits == 64 ? HEADER_64 : HEADER_32;
    if (v->bytes.len < s->header) {
        return malformed(s, PK_ETRUNC, "the file ends inside the header");
    }
    s->out->cpu_type = pk_macho_u32(v, 4);
    s->out->cpu_subtype = pk_macho_u32(v, 8);
    s->out->file_type = pk_macho_u32(v, 12);
    s->commands = pk_macho_u32(v, 16);
    s->commands_size = pk_macho_u32(v, 20);
    s->out->flags = pk_macho_u32(v, 24);
    s->out->pie = (s->out->flags & FLAG_PIE) != 0;
    s->out->arch = pk_macho_arch_name(s->out->cpu_type, s->out->cpu_subtype, s->arena);
    if (s->out->arch == NULL) {
        return no_memory(s);
    }
    if (s->commands_size > v->bytes.len - s->header) {
        return malformed(s, PK_ETRUNC, "the load commands reach beyond the file");
    }
    return PK_OK;
}

/* Printable, with no more memory than it may need. */
static const char *clean(struct scan *s, struct pk_slice text)
{
    size_t most = text.len < PK_MACHO_TEXT_MAX / 4 ? 4 * text.len + 4 : PK_MACHO_TEXT_MAX;

    return pk_printable(s->arena, text.ptr, text.len, most);
}

/* The text at an offset of a command, up to its end or NUL. "" when it is not there. */
static const char *command_text(struct scan *s, struct pk_slice cmd, uint64_t field)
{
    struct pk_macho_view v = { .bytes = cmd, .big_endian = s->view.big_endian };
    uint32_t at = pk_macho_u32(&v, field);

    if (at >= cmd.len) {
        odd(s, "a name outside of its command", (uint64_t)(cmd.ptr - s->view.bytes.ptr));
        return "";
    }
    return clean(s, pk_slice_of(cmd.ptr + at, strnlen((const char *)cmd.ptr + at, cmd.len - at)));
}

/* Lists grow by doubling; a NULL text is memory that is short. */
static int list_add(struct scan *s, struct pk_strings *list, size_t max, const char *text)
{
    if (text == NULL) {
        return no_memory(s);
    }
    if (list->count == max) {
        odd(s, "more names than are kept", 0);
        return PK_OK;
    }
    if ((list->count & (list->count - 1)) == 0) { /* full: 0, 1, 2, 4 ... */
        size_t cap = list->count == 0 ? 1 : list->count * 2;
        const char **items = pk_arena_alloc(s->arena, cap, sizeof(*items));

        if (items == NULL) {
            return no_memory(s);
        }
        if (list->count > 0) {
            memcpy(items, list->items, list->count * sizeof(*items));
        }
        list->items = items;
    }
    list->items[list->count++] = text;
    return PK_OK;
}

/* 0xXXXXYYZZ -> "13.4.1", and "13.4" when the last is 0, as tools print it. */
static const char *version_text(struct scan *s, uint32_t version)
{
    unsigned x = version >> 16;
    unsigned y = version >> 8 & 0xff;
    unsigned z = version & 0xff;

    return z == 0 ? pk_arena_printf(s->arena, "%u.%u", x, y)
                  : pk_arena_printf(s->arena, "%u.%u.%u", x, y, z);
}

static int set_versions(struct scan *s, const char *platform, uint32_t min_os, uint32_t sdk)
{
    s->out->platform = platform;
    s->out->min_os = version_text(s, min_os);
    s->out->sdk = version_text(s, sdk);
    return s->out->min_os == NULL || s->out->sdk == NULL ? no_memory(s) : PK_OK;
}

static int build_version(struct scan *s, const struct pk_macho_view *cmd)
{
    static const char *const platforms[] = { "", "macos", "ios", "tvos", "watchos", "bridgeos",
        "maccatalyst", "ios-simulator", "tvos-simulator", "watchos-simulator", "driverkit",
        "visionos", "visionos-simulator" };
    uint32_t platform = pk_macho_u32(cmd, 8);

    if (s->has_build_version) {
        return PK_OK; /* zippered: what it is first of all stands first */
    }
    s->has_build_version = true;
    return set_versions(s, platform < PK_COUNT(platforms) ? platforms[platform] : "",
            pk_macho_u32(cmd, 12), pk_macho_u32(cmd, 16));
}

/* Before LC_BUILD_VERSION a simulator was told by its processor. */
static int version_min(struct scan *s, uint32_t id, const struct pk_macho_view *cmd)
{
    bool intel = (s->out->cpu_type & 0xffffff) == 7;
    const char *platform = "macos";

    if (s->has_build_version) {
        return PK_OK;
    }
    if (id == LC_VERSION_MIN_IPHONEOS) {
        platform = intel ? "ios-simulator" : "ios";
    } else if (id == LC_VERSION_MIN_TVOS) {
        platform = intel ? "tvos-simulator" : "tvos";
    } else if (id == LC_VERSION_MIN_WATCHOS) {
        platform = intel ? "watchos-simulator" : "watchos";
    }
    return set_versions(s, platform, pk_macho_u32(cmd, 8), pk_macho_u32(cmd, 12));
}

/* A segment must lie in the file; debugging files keep only the headers of theirs. */
static void check_segment(struct scan *s, const struct pk_macho_view *cmd, bool wide)
{
    uint64_t at = wide ? pk_macho_u64(cmd, 40) : pk_macho_u32(cmd, 32);
    uint64_t size = wide ? pk_macho_u64(cmd, 48) : pk_macho_u32(cmd, 36);

    if (cmd->bytes.len < (wide ? 72 : 56)) {
        odd(s, "a segment command that is too short",
                (uint64_t)(cmd->bytes.ptr - s->view.bytes.ptr));
        return;
    }
    if (s->out->file_type != TYPE_DSYM && size > 0 &&
            pk_macho_part(s->view.bytes, at, size).ptr == NULL) {
        odd(s, "a segment beyond the file", at);
    }
}

/* Section names are 16 bytes, padded with NUL. */
static bool is_section(struct pk_slice row, const char *segment, const char *section)
{
    return strncmp((const char *)row.ptr, section, 16) == 0 &&
            strncmp((const char *)row.ptr + 16, segment, 16) == 0;
}

/* Looks for the property list that tools without a bundle carry. */
static void sections(struct scan *s, const struct pk_macho_view *cmd, bool wide)
{
    uint32_t count = pk_macho_u32(cmd, wide ? 64 : 48);
    uint64_t size = wide ? 80 : 68;
    uint64_t at = wide ? 72 : 56;

    for (uint32_t i = 0; i < count; i++, at += size) {
        struct pk_slice row = pk_macho_part(cmd->bytes, at, size);

        if (row.ptr == NULL) {
            return;
        }
        if (s->out->info_plist.ptr == NULL && is_section(row, "__TEXT", "__info_plist")) {
            s->out->info_plist = pk_macho_part(s->view.bytes,
                    pk_macho_u32(cmd, at + (wide ? 48 : 40)),
                    wide ? pk_macho_u64(cmd, at + 40) : pk_macho_u32(cmd, at + 36));
        }
    }
}

static int uuid(struct scan *s, struct pk_slice cmd)
{
    struct pk_slice bytes = pk_macho_part(cmd, 8, 16);
    char text[33];

    if (bytes.ptr == NULL) {
        return PK_OK;
    }
    pk_hex(bytes, text);
    s->out->uuid = pk_arena_strdup(s->arena, text);
    return s->out->uuid == NULL ? no_memory(s) : PK_OK;
}

static void code_signature(struct scan *s, const struct pk_macho_view *cmd)
{
    uint32_t at = pk_macho_u32(cmd, 8);
    uint32_t size = pk_macho_u32(cmd, 12);
    struct pk_slice bytes = pk_macho_part(s->view.bytes, at, size);

    if (s->out->signature.ptr != NULL) {
        odd(s, "a second code signature", at);
    } else if (bytes.ptr == NULL) {
        odd(s, "a code signature beyond the file", at);
    } else {
        s->out->signature = bytes;
    }
}

static bool is_name(struct pk_slice name, const char *known)
{
    return pk_slice_eq(name, pk_slice_str(known));
}

/* What tells how the code was compiled. */
static void note_symbol(struct scan *s, struct pk_slice name)
{
    static const char *const arc[] = { "_objc_release", "_objc_storeStrong",
        "_objc_autoreleaseReturnValue", "_objc_retainAutoreleasedReturnValue", "_swift_release" };

    if (is_name(name, "___stack_chk_fail") || is_name(name, "___stack_chk_guard")) {
        s->out->stack_canary = true;
    }
    for (size_t i = 0; i < PK_COUNT(arc); i++) {
        s->out->arc = s->out->arc || is_name(name, arc[i]);
    }
}

/* The name of the i-th symbol when it is an undefined external one; ptr NULL when not. */
static struct pk_slice import_name(
        const struct pk_macho_view *table, uint64_t at, struct pk_slice texts)
{
    uint32_t text = pk_macho_u32(table, at);
    uint8_t type = table->bytes.ptr[at + 4];
    size_t left;

    if ((type & N_STAB) != 0 || (type & N_TYPE) != 0 || (type & N_EXT) == 0 || text == 0 ||
            text >= texts.len) {
        return (struct pk_slice){ 0 };
    }
    left = texts.len - text < PK_MACHO_TEXT_MAX ? texts.len - text : PK_MACHO_TEXT_MAX;
    return pk_slice_of(texts.ptr + text, strnlen((const char *)texts.ptr + text, left));
}

static int symbols(struct scan *s, const struct pk_macho_view *cmd)
{
    uint64_t entry = s->out->bits == 64 ? NLIST_64 : NLIST_32;
    uint64_t at = pk_macho_u32(cmd, 8);
    uint64_t count = pk_macho_u32(cmd, 12);
    struct pk_macho_view table = {
        .bytes = pk_macho_part(s->view.bytes, at, count * entry),
        .big_endian = s->view.big_endian,
    };
    struct pk_slice texts = pk_macho_part(
            s->view.bytes, pk_macho_u32(cmd, 16), pk_macho_u32(cmd, 20));

    if (s->has_symbols) {
        odd(s, "a second symbol table", at);
        return PK_OK;
    }
    s->has_symbols = true;
    if (table.bytes.ptr == NULL || texts.ptr == NULL) {
        if (s->out->file_type != TYPE_DSYM) {
            odd(s, "a symbol table beyond the file", at);
        }
        return PK_OK;
    }
    for (uint64_t i = 0; i < count; i++) {
        struct pk_slice name = import_name(&table, i * entry, texts);
        int rc = PK_OK;

        if (name.ptr == NULL) {
            continue;
        }
        note_symbol(s, name);
        if (s->out->imports.count < PK_MACHO_SYMBOLS_MAX) {
            rc = list_add(s, &s->out->imports, PK_MACHO_SYMBOLS_MAX, clean(s, name));
        }
        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

static int command(struct scan *s, struct pk_slice cmd)
{
    struct pk_macho_view v = { .bytes = cmd, .big_endian = s->view.big_endian };
    uint32_t id = pk_macho_u32(&v, 0) & ~LC_REQUIRED;

    switch (id) {
    case LC_SEGMENT:
    case LC_SEGMENT_64:
        check_segment(s, &v, id == LC_SEGMENT_64);
        sections(s, &v, id == LC_SEGMENT_64);
        return PK_OK;
    case LC_SYMTAB:
        return symbols(s, &v);
    case LC_LOAD_DYLIB:
    case LC_LOAD_WEAK_DYLIB:
    case LC_REEXPORT_DYLIB:
    case LC_LAZY_LOAD_DYLIB:
    case LC_LOAD_UPWARD_DYLIB:
        return list_add(s, &s->out->libraries, PK_MACHO_LIBRARIES_MAX, command_text(s, cmd, 8));
    case LC_RPATH:
        return list_add(s, &s->out->rpaths, PK_MACHO_LIBRARIES_MAX, command_text(s, cmd, 8));
    case LC_ID_DYLIB:
        s->out->install_name = command_text(s, cmd, 8);
        return s->out->install_name == NULL ? no_memory(s) : PK_OK;
    case LC_UUID:
        return uuid(s, cmd);
    case LC_CODE_SIGNATURE:
        code_signature(s, &v);
        return PK_OK;
    case LC_ENCRYPTION_INFO:
    case LC_ENCRYPTION_INFO_64:
        s->out->encrypted = s->out->encrypted || pk_macho_u32(&v, 16) != 0;
        return PK_OK;
    case LC_VERSION_MIN_MACOSX:
    case LC_VERSION_MIN_IPHONEOS:
    case LC_VERSION_MIN_TVOS:
    case LC_VERSION_MIN_WATCHOS:
        return version_min(s, id, &v);
    case LC_BUILD_VERSION:
        return build_version(s, &v);
    default:
        return PK_OK;
    }
}

static int commands(struct scan *s)
{
    struct pk_slice area = pk_macho_part(s->view.bytes, s->header, s->commands_size);
    struct pk_macho_view v = { .bytes = area, .big_endian = s->view.big_endian };
    uint64_t at = 0;

    for (uint32_t i = 0; i < s->commands; i++) {
        uint32_t size = pk_macho_u32(&v, at + 4);
        struct pk_slice cmd = pk_macho_part(area, at, size);
        int rc;

        if (size < COMMAND_MIN || cmd.ptr == NULL) {
            /* The kernel refuses it; what came before is still worth telling. */
            odd(s, "a load command of a wrong size", s->header + at);
            return PK_OK;
        }
        rc = command(s, cmd);
        if (rc < 0) {
            return rc;
        }
        at += size;
    }
    return PK_OK;
}

int pk_macho_read_slice(struct pk_macho_slice *slice, struct pk_arena *arena,
        struct pk_anomalies *anomalies, struct pk_error *err)
{
    struct scan s = { .view = { .bytes = slice->bytes },
        .out = slice,
        .arena = arena,
        .anomalies = anomalies,
        .err = err };
    int rc;

    slice->platform = "";
    slice->min_os = "";
    slice->sdk = "";
    slice->uuid = "";
    slice->install_name = "";
    rc = read_header(&s);
    return rc < 0 ? rc : commands(&s);
}
