#include "formats/apple/ipa.h"
#include "scan/inspect_apple.h"
#include "scan/inspect_code.h"

#define PLATFORMS_MAX  16
#define FRAMEWORKS_MAX 1000
#define SCHEMES_MAX    250

static struct pk_strings part_paths(struct pk_inspect_context *ctx, const struct pk_array *parts)
{
    const struct pk_ipa_part *items = parts->items;
    size_t count = parts->count < FRAMEWORKS_MAX ? parts->count : FRAMEWORKS_MAX;
    struct pk_strings out = { .items = pk_inspect_alloc(ctx, count + 1, sizeof(char *)) };

    for (size_t i = 0; out.items != NULL && i < count; i++) {
        pk_inspect_push(&out, pk_inspect_keep(ctx, items[i].path));
    }
    return out;
}

static void fill_ipa(
        struct pk_inspect_context *ctx, struct pk_app_apple *apple, const struct pk_ipa *ipa)
{
    struct pk_app_report *out = ctx->out;

    out->package = pk_inspect_keep_some(ctx, ipa->bundle_id, PK_INSPECT_TEXT_MAX);
    out->version_name = pk_inspect_keep_some(ctx, ipa->version, PK_INSPECT_TEXT_MAX);
    out->label = pk_inspect_keep_some(ctx, ipa->name, PK_INSPECT_TEXT_MAX);
    apple->bundle_id = out->package;
    apple->executable = pk_inspect_keep_some(ctx, ipa->executable, PK_INSPECT_TEXT_MAX);
    apple->minimum_os = pk_inspect_keep_some(ctx, ipa->minimum_os, PK_INSPECT_SHORT_MAX);
    apple->build = pk_inspect_keep_some(ctx, ipa->build, PK_INSPECT_TEXT_MAX);
    apple->platforms = pk_inspect_keep_list(ctx, &ipa->platforms, PLATFORMS_MAX);
    apple->url_schemes = pk_inspect_keep_list(ctx, &ipa->url_schemes, SCHEMES_MAX);
    apple->frameworks = part_paths(ctx, &ipa->frameworks);
    if (ipa->profile != NULL) {
        apple->profile = pk_inspect_profile_facts(ctx, ipa->profile);
        out->debuggable = ipa->profile->get_task_allow;
    }
    if (ipa->macho != NULL) {
        pk_inspect_macho_facts(ctx, apple, ipa->macho);
    }
    if (out->signature != NULL) {
        out->signature->verified = ipa->verified;
        out->signature->schemes.count = ipa->verified ? out->signature->schemes.count : 0;
    }
}

/* What the app's program imports is its code. */
static void judge(struct pk_inspect_context *ctx, struct pk_zip *zip, const struct pk_ipa *ipa)
{
    const struct pk_macho_slice *slices = ipa->macho != NULL ? ipa->macho->slices.items : NULL;
    struct pk_app_code_library library = { .file = "the program" };
    struct pk_inspect_code code = { .libraries = &library };

    if (slices != NULL && ipa->macho->slices.count > 0) {
        library.imports = slices[0].imports;
        code.library_count = 1;
    }
    pk_inspect_judge(ctx, &code, zip, NULL);
}

void pk_inspect_ipa(struct pk_inspect_context *ctx, struct pk_zip *zip)
{
    struct pk_app_apple *apple = pk_inspect_alloc(ctx, 1, sizeof(*apple));
    struct pk_error err = { 0 };
    struct pk_ipa ipa;
    int rc = apple == NULL ? PK_ENOMEM : pk_ipa_parse(zip, ctx->work, &ctx->anomalies, &ipa, &err);

    ctx->out->entries = (int64_t)zip->count;
    for (size_t i = 0; i < zip->count; i++) {
        ctx->out->inflated += zip->entries[i].plain_size;
    }
    if (rc < 0) {
        (void)pk_inspect_full(ctx, rc, "the app");
        pk_inspect_refuse(ctx, "No device can install this: it holds no readable app%s%s",
                err.text[0] != '\0' ? ": " : "", err.text);
        return;
    }
    ctx->out->apple = apple;
    fill_ipa(ctx, apple, &ipa);
    if (ipa.info == NULL) {
        pk_inspect_refuse(ctx, "No device can install this app: its Info.plist cannot be read");
    } else if (ipa.macho == NULL) {
        pk_inspect_refuse(ctx, "No device can run this app: its executable cannot be read");
    } else {
        pk_inspect_macho_sentence(ctx, ipa.macho, ipa.apple);
        apple->apple_signed = ipa.verified && ipa.apple;
        if (!ipa.verified && ipa.has_signature && ipa.problem[0] != '\0') {
            ctx->out->signed_by = pk_arena_printf(
                    ctx->arena, "Its code signature does not hold: %.300s", ipa.problem);
        }
    }
    judge(ctx, zip, &ipa);
}
