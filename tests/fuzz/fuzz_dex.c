/* A DEX file: its logical files opened, summed, named and walked. The corpus holds what
 * tests/tools/dex_samples.py makes, and small files of jadx, androguard and appium (Apache-2.0). */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "formats/android/dex_match.h"
#include "formats/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXTS_MAX 64U

static const char *const wanted[] = { "Ljava/lang/Object;-><init>", "LSample;->*", "LSample;->go",
    "Ljava/lang/StringBuilder;->append", "Landroid/app/Activity;->*" };
#define WANTED (sizeof(wanted) / sizeof(wanted[0]))

struct watch {
    struct pk_arena *arena;
    uint64_t units;
    uint32_t texts;
};

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

static void on_class(void *ctx, const struct pk_dex *dex, const struct pk_dex_class *cls)
{
    must(cls->type < dex->type_count);
    (void)pk_dex_type(dex, cls->type);
}

static void on_method(void *ctx, const struct pk_dex *dex, const struct pk_dex_class *cls,
        const struct pk_dex_code *code)
{
    struct watch *watch = ctx;

    must(code->method < dex->method_count);
    must(code->insns.len % 2 == 0 && code->insns.len <= dex->file.len);
    watch->units += code->insns.len / 2;
}

static void on_invoke(void *ctx, const struct pk_dex *dex, const struct pk_dex_code *code,
        uint32_t pc, uint32_t method)
{
    struct watch *watch = ctx;

    must(method < dex->method_count && pc < code->insns.len / 2);
    if (watch->texts < TEXTS_MAX) {
        watch->texts++;
        (void)pk_dex_method_text(dex, method, watch->arena);
    }
}

static void on_call_site(void *ctx, const struct pk_dex *dex, const struct pk_dex_code *code,
        uint32_t pc, uint32_t call_site)
{
    must(call_site < dex->call_site_count && pc < code->insns.len / 2);
}

static void on_string(void *ctx, const struct pk_dex *dex, const struct pk_dex_code *code,
        uint32_t pc, uint32_t string)
{
    must(string < dex->string_count && pc < code->insns.len / 2);
    (void)pk_dex_string(dex, string);
}

static void on_field(void *ctx, const struct pk_dex *dex, const struct pk_dex_code *code,
        uint32_t pc, uint8_t opcode, uint32_t field)
{
    struct pk_dex_field out;

    must(opcode >= 0x52 && opcode <= 0x6d && pk_dex_field(dex, field, &out));
}

/* 1 + the place of the text that names the method, an exact one before "*"; the slow way. */
static size_t look_up(const struct pk_dex *dex, uint32_t index)
{
    struct pk_dex_method method;
    struct pk_slice class;
    struct pk_slice name;
    size_t others = 0;

    must(pk_dex_method(dex, index, &method));
    class = pk_dex_type(dex, method.class_type);
    name = pk_dex_string(dex, method.name);
    for (size_t i = 0; i < WANTED; i++) {
        const char *member = strstr(wanted[i], "->") + 2;

        if (pk_slice_eq(class, pk_slice_of(wanted[i], (size_t)(member - 2 - wanted[i])))) {
            if (name.ptr != NULL && pk_slice_eq(name, pk_slice_str(member))) {
                return i + 1;
            }
            others = strcmp(member, "*") == 0 ? i + 1 : others;
        }
    }
    return others;
}

static void check_match(
        const struct pk_dex_names *names, const struct pk_dex *dex, struct pk_arena *arena)
{
    const uint16_t *numbers;

    if (pk_dex_match(names, dex, arena, &numbers) == PK_OK) {
        for (uint32_t i = 0; i < dex->method_count && i < TEXTS_MAX; i++) {
            must(numbers[i] == look_up(dex, i));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pk_dex_names *names = NULL;
    struct watch watch = { .arena = pk_arena_create(4UL * 1024 * 1024) };
    struct pk_dex_visitor visitor = { &watch, on_class, on_method, on_invoke, on_call_site,
        on_string, on_field };
    struct pk_anomalies odd;
    struct pk_dex dex;
    size_t offset = 0;
    size_t last = 0;
    int rc = pk_anomalies_init(&odd, watch.arena);

    must(rc == PK_OK && pk_dex_names_make(wanted, WANTED, watch.arena, &names, NULL) == PK_OK);

    for (unsigned i = 0; i < PK_DEX_FILES_MAX; i++) {
        struct pk_dex_totals totals;

        rc = pk_dex_open(pk_slice_of(data, size), &offset, "fuzz", &odd, &dex, NULL);
        if (rc < 0) {
            must(offset == last);
            break;
        }
        must(offset > last && offset <= size);
        last = offset;
        watch.units = 0;
        pk_dex_check_sums(&dex);
        pk_dex_check_ids(&dex);
        pk_dex_walk(&dex, &visitor, &totals);
        must(totals.code_units == watch.units && totals.methods_with_code <= totals.methods);
        check_match(names, &dex, watch.arena);
        must(watch.units * 2 <= 2 * PK_DEX_WALK_RATIO * size);
    }
    pk_arena_destroy(watch.arena);
    return 0;
}
