#include <stdlib.h>

#include "formats/elf.h"
#include "formats/limits.h"
#include "scan/inspect_apk.h"

#define NEEDED_MAX 128 /* libraries that one names */
#define ABI_MAX    30
#define ABIS_MAX   32 /* folders under lib/ in the report; there are seven real ones */

static struct pk_strings hardening(struct pk_inspect_context *ctx, const struct pk_elf *elf)
{
    const struct {
        bool on;
        const char *word;
    } facts[] = {
        { elf->nx, "nx" },
        { elf->relro, "relro" },
        { elf->bind_now, "bind_now" },
        { elf->stack_protector, "canary" },
        { elf->fortify, "fortify" },
        { !elf->has_symbols, "stripped" },
        { elf->text_relocations, "text_relocations" },
        { elf->packed_sections, "no_sections" },
    };
    struct pk_strings out = { .items = pk_inspect_alloc(ctx, PK_COUNT(facts), sizeof(char *)) };

    for (size_t i = 0; out.items != NULL && i < PK_COUNT(facts); i++) {
        if (facts[i].on) {
            pk_inspect_push(&out, facts[i].word);
        }
    }
    return out;
}

static struct pk_app_native row_of(
        struct pk_inspect_context *ctx, const char *name, const struct pk_elf *elf)
{
    return (struct pk_app_native){
        .file = name,
        .abi = pk_inspect_keep_cut(ctx, elf->abi, ABI_MAX),
        .needed = pk_inspect_keep_list(ctx, &elf->needed, NEEDED_MAX),
        .hardening = hardening(ctx, elf),
        .imports = (int64_t)elf->import_count,
        .exports = (int64_t)elf->export_count,
    };
}

/* "lib/arm64-v8a/libx.so" -> "arm64-v8a"; empty when it is no such path. */
static struct pk_slice abi_of(struct pk_slice name)
{
    const uint8_t *slash;

    if (name.len < 5 || memcmp(name.ptr, "lib/", 4) != 0) {
        return (struct pk_slice){ 0 };
    }
    slash = memchr(name.ptr + 4, '/', name.len - 4);
    return slash == NULL ? (struct pk_slice){ 0 }
                         : pk_slice_of(name.ptr + 4, (size_t)(slash - (name.ptr + 4)));
}

static bool is_library(struct pk_slice name)
{
    return abi_of(name).len > 0 && name.len > 3 && memcmp(name.ptr + name.len - 3, ".so", 3) == 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool lists(const struct pk_strings *list, struct pk_slice name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (pk_slice_eq(pk_slice_str(list->items[i]), name)) {
            return true;
        }
    }
    return false;
}

/* The folders under lib/, as aapt's native-code line names them. */
static struct pk_strings abis(struct pk_inspect_context *ctx, const struct pk_zip *zip)
{
    struct pk_strings out = { .items = pk_inspect_alloc(ctx, ABIS_MAX, sizeof(char *)) };

    for (size_t i = 0; out.items != NULL && i < zip->count && out.count < ABIS_MAX; i++) {
        struct pk_slice abi = abi_of(zip->entries[i].name);

        if (abi.len > 0 && abi.len <= 2UL * ABI_MAX && !lists(&out, abi)) {
            pk_inspect_push(&out, pk_inspect_keep_bytes(ctx, abi));
        }
    }
    if (out.items != NULL && out.count > 1) {
        qsort(out.items, out.count, sizeof(*out.items), by_text);
    }
    return out;
}

/* Names of all libraries that are kept until the judges have seen them, of at most PK_ELF_NAME_MAX bytes. */
#define NAMES_HELD_MAX 65536UL

struct native {
    struct pk_array rows; /* struct pk_app_native */
    struct pk_inspect_code *code;
    size_t held; /* names */
};

/* Readers' memory of one library is gone before the next one, but for the names that judges ask for. */
static void read_library(struct pk_inspect_context *ctx, struct pk_slice bytes,
        const struct pk_zip_entry *entry, const char *name, struct native *native)
{
    struct pk_array *rows = &native->rows;
    struct pk_arena *arena;
    struct pk_elf elf;
    int rc;

    if (!pk_elf_magic(bytes)) {
        pk_anomaly_add(
                &ctx->anomalies, PK_ANOMALY_ELF_FAKE, "'%s' does not begin as an ELF file", name);
        return;
    }
    pk_app_notes_library(native->code->notes, name, bytes);
    arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    /* What the loader would refuse is an anomaly that the reader has noted. */
    rc = arena == NULL ? PK_ENOMEM : pk_elf_parse(bytes, name, arena, &ctx->anomalies, &elf, NULL);
    if (rc == PK_OK && rows->count < PK_INSPECT_ROWS_MAX) {
        const struct pk_app_code_library library = {
            .file = name,
            .imports = elf.imports,
            .exports = elf.exports,
            .entry = entry,
        };
        size_t names = elf.imports.count + elf.exports.count;

        ((struct pk_app_native *)rows->items)[rows->count++] = row_of(ctx, name, &elf);
        if (names <= NAMES_HELD_MAX - native->held &&
                pk_inspect_keep_library(ctx, native->code, &library, arena)) {
            native->held += names;
            return;
        }
    } else if (rc < 0) {
        (void)pk_inspect_full(ctx, rc, name);
    }
    pk_arena_destroy(arena);
}

static void read_entry(struct pk_inspect_context *ctx, struct pk_zip *zip,
        const struct pk_zip_entry *entry, struct native *native)
{
    const char *name = pk_inspect_keep_bytes(ctx, entry->name);
    struct pk_zip_bytes bytes = { 0 };
    struct pk_error err = { 0 };
    int rc = pk_zip_read(zip, entry, &bytes, &err);

    if (rc == PK_OK) {
        read_library(ctx, bytes.bytes, entry, name, native);
    } else if (!pk_inspect_full(ctx, rc, name)) {
        pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_ELF_MALFORMED, "'%s': %s", name, err.text);
    }
    pk_zip_release(&bytes);
}

void pk_inspect_native_entries(struct pk_inspect_context *ctx, struct pk_zip *zip,
        struct pk_inspect_seen *seen, struct pk_inspect_code *code)
{
    struct native native = { .code = code };
    size_t count = 0;

    for (size_t i = 0; i < zip->count; i++) {
        count += is_library(zip->entries[i].name) ? 1 : 0;
    }
    ctx->out->native_code = abis(ctx, zip);
    code->notes = count > 0 && !ctx->options->structure_only ? pk_app_notes_create(ctx->work)
                                                             : NULL;
    native.rows.items = pk_inspect_alloc(ctx,
            1 + (count < PK_INSPECT_ROWS_MAX ? count : PK_INSPECT_ROWS_MAX),
            sizeof(struct pk_app_native));
    count = 0;
    for (size_t i = 0; native.rows.items != NULL && i < zip->count; i++) {
        if (seen->entries[i] || !is_library(zip->entries[i].name)) {
            continue;
        }
        if (count++ == PK_NATIVE_LIBS_MAX) {
            pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_LIMIT_NAMES, "more than %lu libraries",
                    PK_NATIVE_LIBS_MAX);
            break;
        }
        read_entry(ctx, zip, &zip->entries[i], &native);
        seen->entries[i] = true;
    }
    ctx->out->native = native.rows;
}

void pk_inspect_elf_file(struct pk_inspect_context *ctx)
{
    struct pk_array rows = { .items = pk_inspect_alloc(ctx, 1, sizeof(struct pk_app_native)) };
    struct pk_error err = { 0 };
    struct pk_elf elf;
    int rc;

    if (rows.items == NULL) {
        return;
    }
    rc = pk_elf_parse(ctx->file, "the file", ctx->work, &ctx->anomalies, &elf, &err);
    if (rc < 0) {
        (void)pk_inspect_full(ctx, rc, "the library");
        pk_inspect_refuse(ctx, "No device can load this library: %s", err.text);
        return;
    }
    ((struct pk_app_native *)rows.items)[rows.count++] = row_of(
            ctx, pk_inspect_keep(ctx, elf.soname[0] != '\0' ? elf.soname : "the file"), &elf);
    ctx->out->native = rows;
    pk_inspect_judge_names(ctx, "the file", &elf.imports, &elf.exports);
}
