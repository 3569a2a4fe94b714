/* The judges of content, one after the other, over one app. */
#include "scan/inspect_bytes.h"
#include "scan/inspect_code.h"

typedef int (*judge)(struct pk_app_subject *app, struct pk_app_opinion *opinion);

static const struct {
    const char *name;
    judge ask;
} judges[] = {
    /* in the order of app.h, which later ones rely on */
    { "the facts", pk_app_facts },
    { "the behaviour rules", pk_app_rules },
    { "the search for leaks", pk_app_leaks },
    { "the classifier", pk_app_classify },
    { NULL, NULL },
};

void pk_inspect_judge(struct pk_inspect_context *ctx, struct pk_inspect_code *code,
        struct pk_zip *zip, const struct pk_manifest *manifest)
{
    struct pk_app_subject app = {
        .file = ctx->file,
        .thorough = ctx->options->thorough,
        .kind = ctx->out->kind,
        .manifest = manifest,
        .zip = zip,
        .dex = code->dex,
        .dex_count = code->dex_count,
        .calls = code->calls,
        .code_cut = code->cut,
        .libraries = code->libraries,
        .library_count = code->library_count,
        .resources = code->resources,
        .table = code->table,
        .notes = code->notes,
        .native_methods = code->native_methods,
        .reflection = code->reflection,
        .report = ctx->out,
        .work = ctx->work,
        .arena = ctx->arena,
    };

    for (size_t i = 0; judges[i].ask != NULL && !ctx->options->structure_only; i++) {
        if (judges[i].ask(&app, &ctx->opinion) < 0) {
            (void)pk_inspect_full(ctx, PK_ENOMEM, judges[i].name);
        }
    }
    pk_inspect_byte_rules(ctx, &app);
}

void pk_inspect_judge_names(struct pk_inspect_context *ctx, const char *file,
        const struct pk_strings *imports, const struct pk_strings *exports)
{
    struct pk_app_code_library library = { .file = file };
    struct pk_inspect_code code = { .libraries = &library, .library_count = 1 };

    library.imports = imports != NULL ? *imports : (struct pk_strings){ 0 };
    library.exports = exports != NULL ? *exports : (struct pk_strings){ 0 };
    pk_inspect_judge(ctx, &code, NULL, NULL);
}
