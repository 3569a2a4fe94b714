#include "scan/inspect.h"

#include <stdio.h>

#include "base/crypt.h"
#include "formats/android/dex.h"
#include "formats/apple/ipa.h"
#include "formats/apple/macho.h"
#include "formats/elf.h"
#include "formats/limits.h"
#include "formats/zip.h"
#include "scan/inspect_bytes.h"
#include "scan/inspect_context.h"
#include "scan/inspect_kind.h"

static void inspect_unknown(struct pk_inspect_context *ctx, const char *why)
{
    ctx->out->kind = PK_APP_UNKNOWN;
    pk_inspect_refuse(ctx, "%s", why);
}

/* An archive that cannot be opened is still what its bytes mention. */
static void inspect_broken_zip(struct pk_inspect_context *ctx, const struct pk_error *err)
{
    static const char *const what[] = {
        [PK_APP_UNKNOWN] = "archive", [PK_APP_APK] = "app", [PK_APP_IPA] = "app"
    };
    int kind = pk_inspect_kind_of_broken_zip(ctx->file);

    ctx->out->kind = kind;
    if (pk_anomaly_find(&ctx->anomalies, PK_ANOMALY_ZIP_MALFORMED) == NULL) {
        pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_ZIP_MALFORMED, "%s", err->text);
    }
    pk_inspect_refuse(ctx, "No device can open this %s: %s", what[kind], err->text);
}

static bool inspect_zip(struct pk_inspect_context *ctx, bool sure)
{
    struct pk_error err = { 0 };
    struct pk_zip zip;
    int rc = pk_zip_open(ctx->file, ctx->work, &ctx->anomalies, &zip, &err);

    /* A directory right before its end record is proof enough, whatever was put in front. */
    sure = sure || pk_anomaly_find(&ctx->anomalies, PK_ANOMALY_ZIP_DIRECTORY_OFFSET) != NULL;
    if (rc < 0 && !sure) {
        ctx->anomalies.count = 0; /* another kind, whose bytes happen to hold an end record */
        return false;
    }
    if (pk_inspect_full(ctx, rc, "the archive's directory")) {
        ctx->out->kind = PK_APP_UNKNOWN;
        pk_inspect_refuse(ctx, "The archive's directory needs more memory than a scan may have");
        return true;
    }
    if (rc < 0) {
        inspect_broken_zip(ctx, &err);
        return true;
    }
    switch (pk_inspect_kind_of_zip(&zip)) {
    case PK_APP_APK:
        ctx->out->kind = PK_APP_APK;
        pk_inspect_apk(ctx, &zip);
        return true;
    case PK_APP_IPA:
        ctx->out->kind = PK_APP_IPA;
        pk_inspect_ipa(ctx, &zip);
        return true;
    case PK_APP_BUNDLE:
        ctx->out->kind = PK_APP_BUNDLE;
        pk_inspect_bundle(ctx, &zip);
        return true;
    default:
        break;
    }
    if (!sure) {
        ctx->anomalies.count = 0;
        return false;
    }
    ctx->out->entries = (int64_t)zip.count;
    inspect_unknown(ctx, pk_inspect_zip_word(&zip));
    return true;
}

static void inspect_bytes(struct pk_inspect_context *ctx)
{
    bool sure = false;

    if (ctx->file.len == 0) {
        inspect_unknown(ctx, "The file is empty");
        return;
    }
    if (pk_inspect_looks_like_zip(ctx->file, &sure) && inspect_zip(ctx, sure)) {
        return;
    }
    ctx->out->kind = pk_inspect_kind_of_bytes(ctx->file);
    switch (ctx->out->kind) {
    case PK_APP_DEX:
        pk_inspect_dex_file(ctx);
        return;
    case PK_APP_ELF:
        pk_inspect_elf_file(ctx);
        return;
    case PK_APP_MACHO:
        pk_inspect_macho(ctx);
        return;
    case PK_APP_PROVISION:
        pk_inspect_profile(ctx);
        return;
    case PK_APP_PLIST:
        pk_inspect_plist(ctx);
        return;
    case PK_APP_AXML:
        pk_inspect_axml(ctx);
        return;
    default:
        inspect_unknown(ctx, pk_inspect_unknown_word(ctx->file));
        return;
    }
}

int pk_inspect(struct pk_slice file, const struct pk_inspect_options *options,
        struct pk_arena *arena, struct pk_app_report *out, struct pk_error *err)
{
    struct pk_inspect_context ctx = {
        .file = file,
        .options = options,
        .arena = arena,
        .work = pk_arena_create(PK_SCAN_ARENA_MAX),
        .out = out,
    };
    char sha256[PK_SHA256_HEX];

    *out = (struct pk_app_report){ .size = (int64_t)file.len };
    if (ctx.work == NULL || pk_anomalies_init(&ctx.anomalies, ctx.work) < 0) {
        ctx.rc = PK_ENOMEM;
        goto out;
    }
    pk_sha256_hex(file, sha256);
    out->sha256 = pk_inspect_keep(&ctx, sha256);
    inspect_bytes(&ctx);
    pk_inspect_byte_rules(&ctx, &(struct pk_app_subject){ .report = out, .arena = arena });
    pk_inspect_conclude(&ctx);
out:
    pk_arena_destroy(ctx.work);
    return ctx.rc < 0 ? pk_error_set(err, ctx.rc, "out of memory for the report") : PK_OK;
}
