#include "scan/inspect_apple.h"

#define PLATFORMS_MAX 16

void pk_inspect_profile(struct pk_inspect_context *ctx)
{
    struct pk_app_apple *apple = pk_inspect_alloc(ctx, 1, sizeof(*apple));
    struct pk_provision profile;
    struct pk_error err = { 0 };
    int rc = apple == NULL
            ? PK_ENOMEM
            : pk_provision_parse(ctx->file, ctx->work, &ctx->anomalies, &profile, &err);

    if (rc < 0) {
        (void)pk_inspect_full(ctx, rc, "the profile");
        pk_inspect_refuse(ctx, "This provisioning profile cannot be read: %s", err.text);
        return;
    }
    apple->profile = pk_inspect_profile_facts(ctx, &profile);
    apple->team_id = pk_inspect_keep_some(ctx, profile.team_id, PK_INSPECT_TEAM_MAX);
    apple->entitlements = profile.entitlements != NULL
            ? pk_inspect_tree(ctx, profile.entitlements, NULL)
            : NULL;
    apple->platforms = pk_inspect_keep_list(ctx, &profile.platforms, PLATFORMS_MAX);
    ctx->out->apple = apple;
    ctx->out->package = pk_inspect_keep_some(ctx, profile.app_id, PK_INSPECT_TEXT_MAX);
    ctx->out->debuggable = profile.get_task_allow;
    ctx->out->signed_by = !profile.cms_verified ? "Its signature does not hold"
            : profile.chain_to_apple            ? "Its signature holds and leads to Apple"
                                                : "Its signature holds but does not lead to Apple";
}
