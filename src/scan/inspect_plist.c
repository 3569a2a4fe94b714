#include "scan/inspect_apple.h"

static const char *text_of(
        struct pk_inspect_context *ctx, const struct pk_plist *plist, const char *key)
{
    return pk_inspect_keep_some(ctx, pk_plist_text(plist, key, ctx->work), PK_INSPECT_TEXT_MAX);
}

void pk_inspect_plist(struct pk_inspect_context *ctx)
{
    const struct pk_plist *plist = NULL;
    struct pk_error err = { 0 };
    int rc = pk_plist_parse(ctx->file, ctx->work, &ctx->anomalies, &plist, NULL, &err);

    if (rc < 0 && !pk_plist_magic(ctx->file)) {
        ctx->anomalies.count = 0; /* OpenStep's lists have no mark: it was only a guess */
        ctx->out->kind = PK_APP_UNKNOWN;
        pk_inspect_refuse(ctx, "No kind of app file that Picket knows");
        return;
    }
    if (rc < 0) {
        (void)pk_inspect_full(ctx, rc, "the property list");
        pk_inspect_refuse(ctx, "This property list cannot be read: %s", err.text);
        return;
    }
    ctx->out->plist = pk_inspect_tree(ctx, plist, "plist");
    ctx->out->package = text_of(ctx, plist, "CFBundleIdentifier");
    ctx->out->version_name = text_of(ctx, plist, "CFBundleShortVersionString");
    ctx->out->label = text_of(ctx, plist, "CFBundleDisplayName");
    if (ctx->out->label == NULL) {
        ctx->out->label = text_of(ctx, plist, "CFBundleName");
    }
}
