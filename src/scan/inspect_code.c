#include "scan/inspect_code.h"

#include "formats/limits.h"

/* Doubles a list of the work arena; false: memory is short. */
static bool grow(
        struct pk_inspect_context *ctx, void **items, size_t count, size_t *cap, size_t size)
{
    size_t more = *cap == 0 ? 8 : *cap * 2;
    void *bigger = pk_arena_alloc(ctx->work, more, size);

    if (bigger == NULL) {
        (void)pk_inspect_full(ctx, PK_ENOMEM, "the list of code files");
        return false;
    }
    if (count > 0) {
        memcpy(bigger, *items, count * size);
    }
    *items = bigger;
    *cap = more;
    return true;
}

bool pk_inspect_hold(
        struct pk_inspect_context *ctx, struct pk_inspect_code *code, struct pk_zip_bytes *bytes)
{
    void *items = code->held;

    if (ctx->options->structure_only) {
        return false; /* nobody will look at it again */
    }
    if (bytes->bytes.len > PK_APP_CODE_MAX - code->held_bytes) {
        code->cut = true;
        return false;
    }
    if (code->held_count == code->held_cap &&
            !grow(ctx, &items, code->held_count, &code->held_cap, sizeof(*code->held))) {
        code->cut = true;
        return false;
    }
    code->held = items;
    code->held[code->held_count++] = *bytes;
    code->held_bytes += bytes->bytes.len;
    return true;
}

size_t pk_inspect_record_max(const struct pk_inspect_code *code)
{
    return code->recorded < PK_APP_CALLS_MAX ? PK_APP_CALLS_MAX - code->recorded : 0;
}

void pk_inspect_keep_dex(struct pk_inspect_context *ctx, struct pk_inspect_code *code,
        const struct pk_dex *dex, struct pk_dex_calls *calls)
{
    void *items = code->dex;
    void *lists = code->calls;

    if ((code->dex_count == code->dex_cap &&
                !grow(ctx, &items, code->dex_count, &code->dex_cap, sizeof(*code->dex))) ||
            (code->dex_count == code->call_cap &&
                    !grow(ctx, &lists, code->dex_count, &code->call_cap, sizeof(*code->calls)))) {
        code->cut = true;
        pk_dex_calls_finish(calls);
        return;
    }
    code->dex = items;
    code->calls = lists;
    code->dex[code->dex_count] = *dex;
    code->calls[code->dex_count++] = *calls;
    code->recorded += calls->body_count + calls->callee_count;
}

bool pk_inspect_keep_library(struct pk_inspect_context *ctx, struct pk_inspect_code *code,
        const struct pk_app_code_library *library, struct pk_arena *arena)
{
    if (code->libraries == NULL) {
        code->libraries = pk_arena_alloc(ctx->work, PK_INSPECT_ROWS_MAX, sizeof(*code->libraries));
        code->arenas = pk_arena_alloc(ctx->work, PK_INSPECT_ROWS_MAX, sizeof(struct pk_arena *));
    }
    if (code->libraries == NULL || code->arenas == NULL ||
            code->library_count == PK_INSPECT_ROWS_MAX) {
        return false;
    }
    code->libraries[code->library_count] = *library;
    code->arenas[code->library_count++] = arena;
    return true;
}

void pk_inspect_code_release(struct pk_inspect_code *code)
{
    for (size_t i = 0; i < code->dex_count; i++) {
        pk_dex_calls_finish(&code->calls[i]);
    }
    for (size_t i = 0; i < code->held_count; i++) {
        pk_zip_release(&code->held[i]);
    }
    for (size_t i = 0; i < code->library_count; i++) {
        pk_arena_destroy(code->arenas[i]);
    }
    *code = (struct pk_inspect_code){ 0 };
}
