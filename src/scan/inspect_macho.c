#include "scan/inspect_apple.h"
#include "scan/inspect_code.h"

void pk_inspect_macho(struct pk_inspect_context *ctx)
{
    struct pk_app_apple *apple = pk_inspect_alloc(ctx, 1, sizeof(*apple));
    const struct pk_slice none = { 0 };
    struct pk_error err = { 0 };
    struct pk_macho macho;
    int rc = apple == NULL
            ? PK_ENOMEM
            : pk_macho_parse(ctx->file, none, none, ctx->work, &ctx->anomalies, &macho, &err);

    if (rc < 0) {
        (void)pk_inspect_full(ctx, rc, "the Mach-O");
        pk_inspect_refuse(ctx, "No system can load this Mach-O: %s", err.text);
        return;
    }
    ctx->out->apple = apple;
    pk_inspect_macho_facts(ctx, apple, &macho);
    if (macho.slices.count > 0) {
        const struct pk_macho_slice *slices = macho.slices.items;

        apple->bundle_id = pk_inspect_keep_some(
                ctx, slices[0].sign.identifier, PK_INSPECT_TEXT_MAX);
        ctx->out->package = apple->bundle_id;
        pk_inspect_macho_sentence(ctx, &macho, slices[0].sign.chain_to_apple);
        pk_inspect_judge_names(ctx, "the file", &slices[0].imports, NULL);
    }
}
