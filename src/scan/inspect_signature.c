#include <stdio.h>

#include "formats/android/apksig.h"
#include "scan/inspect_apk.h"

#define SIGNERS_MAX 64 /* the schema's limits: a report says the first ones */
#define ISSUES_MAX  256
#define LINEAGE_MAX 256
#define SUBJECT_MAX 120 /* bytes of a name in a sentence */

static const struct {
    unsigned bit;
    const char *name;
} schemes[] = {
    { PK_APKSIG_V1, "v1" },
    { PK_APKSIG_V2, "v2" },
    { PK_APKSIG_V3, "v3" },
    { PK_APKSIG_V31, "v3.1" },
    { PK_APKSIG_V4, "v4" },
};

static struct pk_strings scheme_names(struct pk_inspect_context *ctx, unsigned bits)
{
    struct pk_strings out = { .items = pk_inspect_alloc(ctx, PK_COUNT(schemes), sizeof(char *)) };

    for (size_t i = 0; out.items != NULL && i < PK_COUNT(schemes); i++) {
        if ((bits & schemes[i].bit) != 0) {
            pk_inspect_push(&out, schemes[i].name);
        }
    }
    return out;
}

/* All schemes in which this certificate signs. */
static unsigned schemes_of(const struct pk_apksig_result *result, const char *sha256)
{
    const struct pk_apksig_signer *all = result->all_signers.items;
    unsigned bits = 0;

    for (size_t i = 0; i < result->all_signers.count; i++) {
        if (strcmp(all[i].cert.sha256, sha256) == 0) {
            bits |= all[i].scheme;
        }
    }
    return bits;
}

/* What it rotated from; the list of the reader ends with the signer itself. */
static struct pk_strings lineage(
        struct pk_inspect_context *ctx, const struct pk_apksig_signer *signer)
{
    const struct pk_cert *certs = signer->lineage.items;
    size_t count = signer->lineage.count;
    struct pk_strings out = { 0 };

    count = count < LINEAGE_MAX ? count : LINEAGE_MAX;
    out.items = count > 0 ? pk_inspect_alloc(ctx, count, sizeof(*out.items)) : NULL;
    for (size_t i = 0; out.items != NULL && i < count; i++) {
        if (strcmp(certs[i].sha256, signer->cert.sha256) != 0) {
            pk_inspect_push(&out, pk_inspect_keep(ctx, certs[i].sha256));
        }
    }
    return out;
}

static struct pk_app_signer signer_row(struct pk_inspect_context *ctx,
        const struct pk_apksig_result *result, const struct pk_apksig_signer *signer)
{
    const struct pk_cert *cert = &signer->cert;

    return (struct pk_app_signer){
        .sha256 = pk_inspect_keep(ctx, cert->sha256),
        .sha1 = pk_inspect_keep_cut(ctx, cert->sha1, 40),
        .subject = pk_inspect_keep(ctx, cert->subject),
        .issuer = pk_inspect_keep(ctx, cert->issuer),
        .key = pk_inspect_keep_cut(ctx, cert->key_text, 60),
        .not_before = pk_inspect_keep_cut(ctx, cert->not_before, 32),
        .not_after = pk_inspect_keep_cut(ctx, cert->not_after, 32),
        .schemes = scheme_names(ctx, schemes_of(result, cert->sha256)),
        .lineage = lineage(ctx, signer),
        .min_sdk = signer->min_sdk > 0 ? signer->min_sdk : 0,
        .max_sdk = signer->max_sdk > 0 ? signer->max_sdk : 0,
    };
}

static void fill_signers(struct pk_inspect_context *ctx, const struct pk_apksig_result *result)
{
    const struct pk_apksig_signer *from = result->signers.items;
    size_t count = result->signers.count < SIGNERS_MAX ? result->signers.count : SIGNERS_MAX;
    struct pk_app_signer *rows = pk_inspect_alloc(ctx, count + 1, sizeof(*rows));
    struct pk_array *out = &ctx->out->signature->signers;

    for (size_t i = 0; rows != NULL && i < count; i++) {
        if (from[i].cert.sha256 != NULL) {
            rows[out->count++] = signer_row(ctx, result, &from[i]);
        }
    }
    out->items = rows;
}

/* Without its dot, so that it can go on. */
static const char *sentence(const struct pk_inspect_context *ctx, enum pk_apksig_issue issue)
{
    const char *text = pk_apksig_issue_text(issue);
    size_t len = strlen(text);
    const char *copy = len > 0 && text[len - 1] == '.' ? pk_arena_strndup(ctx->work, text, len - 1)
                                                       : text;

    return copy != NULL ? copy : text;
}

static void fill_issues(struct pk_inspect_context *ctx, const struct pk_apksig_result *result)
{
    struct pk_app_signature *out = ctx->out->signature;
    const struct pk_apksig_issue_met *met = result->met.items;
    size_t count = result->met.count < ISSUES_MAX ? result->met.count : ISSUES_MAX;

    out->errors.items = pk_inspect_alloc(ctx, count + 1, sizeof(char *));
    out->warnings.items = pk_inspect_alloc(ctx, count + 1, sizeof(char *));
    out->details.items = pk_inspect_alloc(ctx, count + 1, sizeof(char *));
    for (size_t i = 0; ctx->rc == PK_OK && i < count; i++) {
        const char *name = pk_apksig_issue_name(met[i].issue);
        const char *details = met[i].details != NULL ? met[i].details : "";
        const char *text = pk_arena_printf(ctx->work, "%s: %s%s%s", name,
                sentence(ctx, met[i].issue), details[0] != '\0' ? ": " : "", details);

        pk_inspect_push(met[i].error ? &out->errors : &out->warnings, name);
        pk_inspect_push(&out->details, pk_inspect_keep(ctx, text != NULL ? text : name));
    }
}

static void fill_stamp(struct pk_inspect_context *ctx, const struct pk_apksig_result *result)
{
    static const struct {
        int word;
        const char *status;
    } rows[] = {
        [PK_STAMP_ABSENT] = { PK_STAMP_WORD_ABSENT, "STAMP_MISSING" },
        [PK_STAMP_NOT_VERIFIED] = { PK_STAMP_WORD_FAILED, "STAMP_NOT_VERIFIED" },
        [PK_STAMP_FAILED] = { PK_STAMP_WORD_FAILED, "STAMP_VERIFICATION_FAILED" },
        [PK_STAMP_CERT_MISMATCH] = { PK_STAMP_WORD_FAILED, "CERT_DIGEST_MISMATCH" },
        [PK_STAMP_VERIFIED] = { PK_STAMP_WORD_VERIFIED, "STAMP_VERIFIED" },
        [PK_STAMP_ERROR] = { PK_STAMP_WORD_FAILED, "VERIFICATION_ERROR" },
    };
    struct pk_app_signature *out = ctx->out->signature;

    out->stamp = rows[result->stamp].word;
    out->stamp_status = rows[result->stamp].status;
    out->stamp_time = result->stamp_time > 0 ? result->stamp_time : 0;
    if (result->stamp_cert != NULL && result->stamp_cert->sha256 != NULL) {
        out->stamp_cert = pk_inspect_keep(ctx, result->stamp_cert->sha256);
    }
    if (out->stamp == PK_STAMP_WORD_FAILED &&
            pk_anomaly_find(&ctx->anomalies, PK_ANOMALY_APK_STAMP_INVALID) == NULL) {
        pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_APK_STAMP_INVALID, "%s", out->stamp_status);
    }
}

/* The issue that decides: the first error. */
static const struct pk_apksig_issue_met *first_error(const struct pk_apksig_result *result)
{
    const struct pk_apksig_issue_met *met = result->met.items;

    for (size_t i = 0; i < result->met.count; i++) {
        if (met[i].error && met[i].scheme != ~0U) {
            return &met[i];
        }
    }
    return NULL;
}

/* "level 21 and later", "levels 21 to 28" */
static void say_range(const struct pk_app_signature *signature, char *out, size_t size)
{
    if (signature->max_sdk == 0) {
        (void)snprintf(out, size, "level %d and later", (int)signature->min_sdk);
    } else {
        (void)snprintf(
                out, size, "levels %d to %d", (int)signature->min_sdk, (int)signature->max_sdk);
    }
}

/* What Android's own verifier would say, for people. */
static void say_why(struct pk_inspect_context *ctx, const struct pk_apksig_issue_met *why)
{
    const char *details = why->details != NULL ? why->details : "";
    char range[64];

    say_range(ctx->out->signature, range, sizeof(range));
    ctx->out->signed_by = pk_arena_printf(ctx->arena, "Checked for Android %s: %s%s%s%s", range,
            sentence(ctx, why->issue), details[0] != '\0' ? " (" : "", details,
            details[0] != '\0' ? ")" : "");
}

static void say_invalid(struct pk_inspect_context *ctx, const struct pk_apksig_result *result)
{
    const struct pk_apksig_issue_met *why = first_error(result);

    if (result->found == 0 && !result->format_error) {
        if (pk_anomaly_find(&ctx->anomalies, PK_ANOMALY_APK_UNSIGNED) == NULL) {
            pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_APK_UNSIGNED, "%s", "");
        }
        ctx->out->signed_by = "It is not signed: no device installs it as it stands";
        return;
    }
    if (why != NULL) {
        say_why(ctx, why);
    }
    if (pk_anomaly_find(&ctx->anomalies, PK_ANOMALY_APK_SIGNATURE_INVALID) != NULL) {
        return;
    }
    if (result->format_error) {
        pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_APK_SIGNATURE_INVALID, "%s",
                result->format_text != NULL ? result->format_text : "the archive's format");
    } else if (why != NULL) {
        pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_APK_SIGNATURE_INVALID, "%s: %s",
                pk_apksig_issue_name(why->issue),
                why->details != NULL && why->details[0] != '\0' ? why->details
                                                                : pk_apksig_issue_text(why->issue));
    } else {
        pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_APK_SIGNATURE_INVALID, "%s", "");
    }
}

/* "Its signature holds for Android levels 21 and later (v2, v3): signed by CN=..." */
static void say_verified(struct pk_inspect_context *ctx, const struct pk_apksig_result *result)
{
    const struct pk_app_signature *s = ctx->out->signature;
    const struct pk_app_signer *signers = s->signers.items;
    char names[40] = "";
    char range[64];
    const char *by;
    size_t used = 0;

    for (size_t i = 0; i < PK_COUNT(schemes); i++) {
        if ((result->schemes & schemes[i].bit) != 0) {
            used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
                    used > 0 ? ", " : "", schemes[i].name);
        }
    }
    say_range(s, range, sizeof(range));
    by = s->signers.count == 0 ? "nobody"
                               : pk_inspect_keep_cut(ctx, signers[0].subject, SUBJECT_MAX);
    ctx->out->signed_by = pk_arena_printf(ctx->arena,
            "Its signature (%s) holds for Android %s; signed by %s%s", names, range, by,
            s->signers.count > 1 ? " and others" : "");
}

/* The lowest level that the signature is judged for: what was asked, else what apksig reads in the
 * manifest. Where its reader gives up on a document that the platform reads (a trick: the manifest has a
 * finding that says so), the platform's reading counts, as with apksigner --min-sdk-version: devices
 * verify an APK without asking its manifest. 0: unknown, apksig's refusal stands. */
static int min_sdk_of(const struct pk_inspect_context *ctx, struct pk_slice manifest)
{
    const struct pk_app_report *out = ctx->out;
    int min = ctx->options->min_sdk;

    if (min != 0 || manifest.ptr == NULL) {
        return min;
    }
    if (pk_manifest_apksig_min_sdk(manifest, ctx->work, &min, NULL) == PK_OK) {
        return min;
    }
    if (out->components == NULL || out->min_sdk < 0 || out->min_sdk > INT32_MAX ||
            (out->min_sdk_codename != NULL && out->min_sdk_codename[0] != '\0')) {
        return 0;
    }
    return out->min_sdk > 0 ? (int)out->min_sdk : 1;
}

static void fill_range(struct pk_inspect_context *ctx, int min_sdk)
{
    struct pk_app_signature *out = ctx->out->signature;

    out->min_sdk = min_sdk > 0 ? min_sdk : 1;
    out->max_sdk = ctx->options->max_sdk > 0 && ctx->options->max_sdk != PK_APKSIG_SDK_MAX
            ? ctx->options->max_sdk
            : 0;
}

void pk_inspect_signature(
        struct pk_inspect_context *ctx, struct pk_zip *zip, struct pk_slice manifest)
{
    const struct pk_apksig_input in = {
        .zip = zip,
        .manifest = manifest,
        .min_sdk = min_sdk_of(ctx, manifest),
        .max_sdk = ctx->options->max_sdk,
        .idsig = ctx->depth == 0 ? ctx->options->idsig : (struct pk_slice){ 0 },
        .stamp_cert = ctx->options->stamp_cert,
    };
    struct pk_apksig_result result = { 0 };
    int rc;

    ctx->out->signature = pk_inspect_alloc(ctx, 1, sizeof(*ctx->out->signature));
    if (ctx->out->signature == NULL) {
        return;
    }
    fill_range(ctx, in.min_sdk);
    rc = pk_apksig_verify(&in, ctx->work, &ctx->anomalies, &result, NULL);
    if (pk_inspect_full(ctx, rc, "the signature")) {
        return;
    }
    ctx->out->signature->verified = result.verified;
    ctx->out->signature->schemes = scheme_names(ctx, result.schemes);
    ctx->out->signature->rotation_min_sdk = result.rotation_min_sdk > 0 ? result.rotation_min_sdk
                                                                        : 0;
    fill_signers(ctx, &result);
    fill_issues(ctx, &result);
    fill_stamp(ctx, &result);
    if (result.verified) {
        say_verified(ctx, &result);
    } else {
        say_invalid(ctx, &result);
    }
}
