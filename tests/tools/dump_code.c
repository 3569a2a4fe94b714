/* dump_code - what the readers of DEX and ELF files see, line by line, for comparison with other tools.
 * Reads the files in this very process: give it none that you do not trust.
 *
 *     dump_code FILE...
 *
 * DEX:  "dex VERSION CODE_UNITS INVOKES" for each logical DEX, and before it one line a reference, in the
 *       order of the code: "OFFSET KIND INDEX", in hex; kinds m(ethod), s(tring), f(ield), c(all site);
 *       and "method TEXT" for each method reference, in the order of the table
 * ELF:  "elf KEY VALUE"
 * Both: "odd ID COUNT EVIDENCE", and "refused CODE" */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/android/dex.h"
#include "formats/elf.h"
#include "formats/limits.h"

#define CODE_HEADER 16U

static void line(const struct pk_dex_code *code, uint32_t pc, char kind, uint32_t index)
{
    printf("%06" PRIx32 " %c %04" PRIx32 "\n", code->offset + CODE_HEADER + 2 * pc, kind, index);
}

static void on_invoke(void *ctx, const struct pk_dex *dex, const struct pk_dex_code *code,
        uint32_t pc, uint32_t method)
{
    line(code, pc, 'm', method);
}

static void on_call_site(void *ctx, const struct pk_dex *dex, const struct pk_dex_code *code,
        uint32_t pc, uint32_t call_site)
{
    line(code, pc, 'c', call_site);
}

static void on_string(void *ctx, const struct pk_dex *dex, const struct pk_dex_code *code,
        uint32_t pc, uint32_t string)
{
    line(code, pc, 's', string);
}

static void on_field(void *ctx, const struct pk_dex *dex, const struct pk_dex_code *code,
        uint32_t pc, uint8_t opcode, uint32_t field)
{
    line(code, pc, 'f', field);
}

/* Each text is gone before the next one: a large app's would fill any arena. */
static void print_methods(const struct pk_dex *dex)
{
    for (uint32_t i = 0; i < dex->method_count; i++) {
        struct pk_arena *arena = pk_arena_create(2 * PK_DEX_TEXT_MAX);
        const char *text = pk_dex_method_text(dex, i, arena);

        printf("method %s\n", text != NULL ? text : "");
        pk_arena_destroy(arena);
    }
}

static int dump_dex(struct pk_slice file, const char *path, struct pk_anomalies *odd)
{
    static const struct pk_dex_visitor visitor = {
        .on_invoke = on_invoke,
        .on_call_site = on_call_site,
        .on_string = on_string,
        .on_field = on_field,
    };
    size_t offset = 0;
    struct pk_dex dex;
    int rc;

    while ((rc = pk_dex_open(file, &offset, path, odd, &dex, NULL)) == PK_OK) {
        struct pk_dex_totals totals;

        pk_dex_check_sums(&dex);
        pk_dex_check_ids(&dex);
        pk_dex_walk(&dex, &visitor, &totals);
        print_methods(&dex);
        printf("dex %" PRIu32 " %" PRIu64 " %" PRIu64 "\n", dex.version, totals.code_units,
                totals.invokes);
    }
    return rc == PK_ENOENT ? PK_OK : rc;
}

static void list(const char *key, const struct pk_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++) {
        printf("elf %s %s\n", key, strings->items[i]);
    }
}

static int dump_elf(
        struct pk_slice file, const char *path, struct pk_arena *arena, struct pk_anomalies *odd)
{
    struct pk_elf elf;
    int rc = pk_elf_parse(file, path, arena, odd, &elf, NULL);

    if (rc < 0) {
        return rc;
    }
    printf("elf bits %d\nelf machine %u\nelf abi %s\nelf soname %s\nelf runpath %s\n", elf.bits,
            elf.machine, elf.abi, elf.soname, elf.runpath);
    printf("elf build_id %s\nelf align %" PRIu64 "\n", elf.build_id, elf.page_alignment);
    printf("elf symbols %d\nelf nx %d\nelf relro %d\nelf bind_now %d\nelf textrel %d\n",
            elf.has_symbols, elf.nx, elf.relro, elf.bind_now, elf.text_relocations);
    printf("elf canary %d\nelf fortify %d\n", elf.stack_protector, elf.fortify);
    printf("elf imports %zu\nelf exports %zu\n", elf.import_count, elf.export_count);
    list("needed", &elf.needed);
    list("import", &elf.imports);
    list("export", &elf.exports);
    return PK_OK;
}

static void dump(const char *path)
{
    struct pk_arena *arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct pk_anomalies odd;
    struct pk_slice file = { 0 };
    struct stat st;
    int rc;

    if (fd < 0 || fstat(fd, &st) < 0 || pk_anomalies_init(&odd, arena) < 0) {
        perror(path);
        exit(3);
    }
    if (st.st_size > 0) {
        void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

        if (map == MAP_FAILED) {
            perror(path);
            exit(3);
        }
        file = pk_slice_of(map, (size_t)st.st_size);
    }
    rc = pk_elf_magic(file) ? dump_elf(file, path, arena, &odd) : dump_dex(file, path, &odd);
    for (size_t i = 0; i < odd.count; i++) {
        printf("odd %s %zu %s\n", pk_anomaly_kind(odd.items[i].id)->id, odd.items[i].count,
                odd.items[i].evidence);
    }
    if (rc < 0) {
        printf("refused %d\n", rc);
    }
    if (file.len > 0) {
        (void)munmap((void *)file.ptr, file.len);
    }
    (void)close(fd);
    pk_arena_destroy(arena);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        dump(argv[i]);
    }
    return 0;
}
