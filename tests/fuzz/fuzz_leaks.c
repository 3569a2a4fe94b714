/* A DEX file searched for leaks, as the sandboxed reader does it: nothing but the bytes is known. The corpus
 * holds small files of tests/data/leaks (ours). */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "defense/malware/app.h"
#include "defense/malware/leak_insn.h"
#include "formats/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILES_MAX 8U

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

/* Every unit may be an instruction's begin. */
static void decode_all(const uint8_t *data, size_t size)
{
    size_t count = size / 2 < 4096 ? size / 2 : 4096;

    for (size_t pc = 0; pc < count; pc++) {
        struct pk_leak_insn insn;
        size_t width = pk_leak_width(data + 2 * pc, count - pc);

        must(width >= 1 && width <= count - pc);
        if (pk_leak_decode(data, count, pc, &insn) && insn.op == PK_LEAK_OP_SWITCH) {
            for (size_t i = 0; i < pk_leak_switch_count(data, count, pc, &insn); i++) {
                must(pk_leak_switch_target(data, count, pc, &insn, i) <= count);
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arena *arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    struct pk_app_report report = { .size = (int64_t)size, .kind = PK_APP_DEX };
    struct pk_app_opinion opinion = { .items = NULL };
    struct pk_dex dex[FILES_MAX];
    struct pk_app_subject app = {
        .file = { data, size },
        .kind = PK_APP_DEX,
        .dex = dex,
        .report = &report,
        .work = arena,
        .arena = arena,
    };
    struct pk_anomalies odd;
    size_t offset = 0;

    must(arena != NULL && pk_anomalies_init(&odd, arena) == PK_OK);
    while (app.dex_count < FILES_MAX &&
            pk_dex_open(app.file, &offset, "fuzz", &odd, &dex[app.dex_count], NULL) == PK_OK) {
        app.dex_count++;
    }
    if (app.dex_count > 0 && pk_app_leaks(&app, &opinion) == PK_OK) {
        const struct pk_app_leak *leaks = report.leaks.items;

        for (size_t i = 0; i < report.leaks.count; i++) {
            must(leaks[i].data != NULL && leaks[i].to != NULL && leaks[i].source_in != NULL &&
                    leaks[i].sink_in != NULL && leaks[i].path.count <= 8);
        }
        must(opinion.count <= report.leaks.count);
    }
    decode_all(data, size);
    pk_arena_destroy(arena);
    return 0;
}
