#include "scan/inspect_apple.h"

#include <stdio.h>

#define ARCHS_MAX      64
#define SUBJECT_MAX    120
#define JSON_DEPTH_MAX 18U /* what the report's row takes, without the leaves and {"plist": ...} */
/* Text of a tree that goes into the report; a larger one is told by its size. */
#define JSON_TEXT_MAX   (1024UL * 1024)
#define JSON_VALUES_MAX 100000UL

json_t *pk_inspect_tree(
        struct pk_inspect_context *ctx, const struct pk_plist *value, const char *key)
{
    json_t *json;
    json_t *out;

    if (pk_plist_count(value, JSON_VALUES_MAX) == JSON_VALUES_MAX) {
        pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_LIMIT_NAMES,
                "a property list of %lu values and more is not reported", JSON_VALUES_MAX);
        return NULL;
    }
    json = pk_plist_to_json_within(value, JSON_DEPTH_MAX);
    out = json;
    if (json == NULL) {
        return NULL;
    }
    if (json_dumpb(json, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) > JSON_TEXT_MAX) {
        pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_LIMIT_NAMES,
                "a property list larger than %lu bytes is not reported", JSON_TEXT_MAX);
        json_decref(json);
        return NULL;
    }
    if (key != NULL) {
        out = json_object();
        if (json_object_set_new(out, key, json) < 0) {
            json_decref(out);
            return NULL;
        }
    }
    if (!json_is_object(out)) {
        json_decref(out);
        return NULL;
    }
    return pk_arena_defer(ctx->arena, pk_json_release, out) == PK_OK ? out : NULL;
}

struct pk_app_profile *pk_inspect_profile_facts(
        struct pk_inspect_context *ctx, const struct pk_provision *from)
{
    struct pk_app_profile *out = pk_inspect_alloc(ctx, 1, sizeof(*out));

    if (out != NULL) {
        *out = (struct pk_app_profile){
            .name = pk_inspect_keep_some(ctx, from->name, PK_INSPECT_TEXT_MAX),
            .uuid = pk_inspect_keep_some(ctx, from->uuid, PK_INSPECT_TEAM_MAX),
            .team_id = pk_inspect_keep_some(ctx, from->team_id, PK_INSPECT_TEAM_MAX),
            .team_name = pk_inspect_keep_some(ctx, from->team_name, PK_INSPECT_TEXT_MAX),
            .app_id = pk_inspect_keep_some(ctx, from->app_id, PK_INSPECT_TEXT_MAX),
            .created = pk_inspect_keep_some(ctx, from->created, PK_INSPECT_SHORT_MAX),
            .expires = pk_inspect_keep_some(ctx, from->expires, PK_INSPECT_SHORT_MAX),
            .all_devices = from->all_devices,
            .devices = (int64_t)from->device_count,
            .debuggable = from->get_task_allow,
            .verified = from->cms_verified,
            .apple = from->chain_to_apple,
        };
    }
    return out;
}

/* A signature that holds: ad hoc ones have no CMS, so there is less to hold. */
static bool sign_holds(const struct pk_codesign *sign)
{
    return pk_codesign_holds(sign) && sign->entitlements_agree;
}

static struct pk_app_arch arch_of(struct pk_inspect_context *ctx, const struct pk_macho_slice *from)
{
    const struct pk_codesign *sign = &from->sign;

    return (struct pk_app_arch){
        .name = pk_inspect_keep_cut(ctx, from->arch, PK_INSPECT_SHORT_MAX),
        .platform = pk_inspect_keep_some(ctx, from->platform, PK_INSPECT_SHORT_MAX),
        .min_os = pk_inspect_keep_some(ctx, from->min_os, PK_INSPECT_SHORT_MAX),
        .cdhash = pk_inspect_keep_some(ctx, sign->cdhash, 2 * PK_INSPECT_TEAM_MAX),
        .identifier = pk_inspect_keep_some(ctx, sign->identifier, PK_INSPECT_TEXT_MAX),
        .team_id = pk_inspect_keep_some(ctx, sign->team_id, PK_INSPECT_TEAM_MAX),
        .encrypted = from->encrypted,
        .signed_ = sign_holds(sign),
        .problem = pk_inspect_keep_some(ctx, sign->error, PK_INSPECT_TEXT_MAX),
    };
}

static struct pk_app_signer signer_of(
        struct pk_inspect_context *ctx, const struct pk_cert *cert, bool cms)
{
    struct pk_app_signer out = {
        .sha256 = pk_inspect_keep(ctx, cert->sha256),
        .sha1 = pk_inspect_keep_cut(ctx, cert->sha1, 40),
        .subject = pk_inspect_keep(ctx, cert->subject),
        .issuer = pk_inspect_keep(ctx, cert->issuer),
        .key = pk_inspect_keep_cut(ctx, cert->key_text, PK_INSPECT_TEAM_MAX),
        .not_before = pk_inspect_keep_cut(ctx, cert->not_before, PK_INSPECT_SHORT_MAX),
        .not_after = pk_inspect_keep_cut(ctx, cert->not_after, PK_INSPECT_SHORT_MAX),
    };

    out.schemes.items = pk_inspect_alloc(ctx, 1, sizeof(char *));
    if (cms && out.schemes.items != NULL) {
        pk_inspect_push(&out.schemes, "cms");
    }
    return out;
}

/* Apple's signature in the words that APKs' have: "verified" when every architecture's holds. */
static void fill_signature(struct pk_inspect_context *ctx, const struct pk_macho *macho)
{
    struct pk_app_signature *out = pk_inspect_alloc(ctx, 1, sizeof(*out));
    const struct pk_macho_slice *slices = macho->slices.items;
    struct pk_app_signer *signer = pk_inspect_alloc(ctx, 1, sizeof(*signer));
    bool all = macho->slices.count > 0;
    bool cms = macho->slices.count > 0;

    if (out == NULL || signer == NULL) {
        return;
    }
    for (size_t i = 0; i < macho->slices.count; i++) {
        all = all && sign_holds(&slices[i].sign);
        cms = cms && slices[i].sign.cms_verified;
        if (out->signers.count == 0 && slices[i].sign.certs.count > 0) {
            const struct pk_cert *certs = slices[i].sign.certs.items;

            *signer = signer_of(ctx, &certs[0], slices[i].sign.cms_verified);
            out->signers = (struct pk_array){ .items = signer, .count = 1 };
        }
    }
    out->verified = all && cms;
    out->stamp = PK_STAMP_WORD_ABSENT;
    out->schemes.items = pk_inspect_alloc(ctx, 1, sizeof(char *));
    if (out->verified && out->schemes.items != NULL) {
        pk_inspect_push(&out->schemes, "cms");
    }
    ctx->out->signature = out;
}

static size_t count_signed(const struct pk_macho *macho)
{
    const struct pk_macho_slice *slices = macho->slices.items;
    size_t count = 0;

    for (size_t i = 0; i < macho->slices.count; i++) {
        count += slices[i].sign.present ? 1 : 0;
    }
    return count;
}

void pk_inspect_macho_sentence(
        struct pk_inspect_context *ctx, const struct pk_macho *macho, bool apple)
{
    const struct pk_macho_slice *slices = macho->slices.items;
    const struct pk_app_signature *s = ctx->out->signature;
    const struct pk_app_signer *signers = s != NULL ? s->signers.items : NULL;

    if (s == NULL || macho->slices.count == 0) {
        return;
    }
    if (s->verified && s->signers.count > 0) {
        ctx->out->signed_by = pk_arena_printf(ctx->arena,
                "Its code signature holds; signed by %s%s",
                pk_inspect_keep_cut(ctx, signers[0].subject, SUBJECT_MAX),
                apple ? "" : ", whose certificate does not lead to Apple");
    } else if (count_signed(macho) == 0) {
        ctx->out->signed_by = "It is not signed: no iPhone runs it as it stands";
    } else if (count_signed(macho) < macho->slices.count) {
        ctx->out->signed_by = "Not all of its architectures are signed";
    } else if (!slices[0].sign.cms_present) {
        ctx->out->signed_by = "It is signed ad hoc, which names nobody";
    } else {
        ctx->out->signed_by = "Its code signature does not hold";
    }
}

/* What lets a debugger in, on iOS and on macOS. */
static bool is_debuggable(const struct pk_codesign *sign)
{
    const struct pk_plist *value = pk_plist_get_as(
            sign->entitlements, "get-task-allow", PK_PLIST_BOOL);

    if (value == NULL) {
        value = pk_plist_get_as(
                sign->entitlements, "com.apple.security.get-task-allow", PK_PLIST_BOOL);
    }
    return value != NULL && value->boolean;
}

void pk_inspect_macho_facts(
        struct pk_inspect_context *ctx, struct pk_app_apple *apple, const struct pk_macho *macho)
{
    const struct pk_macho_slice *slices = macho->slices.items;
    size_t count = macho->slices.count < ARCHS_MAX ? macho->slices.count : ARCHS_MAX;
    struct pk_app_arch *rows = pk_inspect_alloc(ctx, count + 1, sizeof(*rows));

    for (size_t i = 0; rows != NULL && i < count; i++) {
        const struct pk_codesign *sign = &slices[i].sign;

        rows[i] = arch_of(ctx, &slices[i]);
        if (apple->team_id == NULL) {
            apple->team_id = pk_inspect_keep_some(ctx, sign->team_id, PK_INSPECT_TEAM_MAX);
        }
        ctx->out->debuggable = ctx->out->debuggable || is_debuggable(sign);
        if (apple->entitlements == NULL && sign->entitlements != NULL) {
            apple->entitlements = pk_inspect_tree(ctx, sign->entitlements, NULL);
        }
        if (apple->minimum_os == NULL) {
            apple->minimum_os = pk_inspect_keep_some(ctx, slices[i].min_os, PK_INSPECT_SHORT_MAX);
        }
    }
    apple->architectures = (struct pk_array){ .items = rows, .count = rows != NULL ? count : 0 };
    fill_signature(ctx, macho);
}
