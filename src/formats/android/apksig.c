/* The order of the checks is that of AOSP tools/apksig, ApkVerifier.verify(): the newest scheme first, and
 * the first one with errors ends it. */
#include "formats/android/apksig.h"

#include <stdio.h>

#include "formats/android/apksig_judge.h"
#include "formats/android/apksig_run.h"
#include "formats/android/manifest.h"
#include "formats/limits.h"

static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* Errors that end the verification; those of v4's signers do not. */
static bool failed(const struct pk_apksig_run *run)
{
    return run->ctx.errors > run->v4_signer_errors;
}

bool pk_apksig_format_error(struct pk_apksig_run *run, const char *text)
{
    run->ctx.out->format_error = true;
    run->ctx.out->format_text = text;
    pk_apksig_error(&run->ctx, 0, PK_ISSUE_MALFORMED_APK, "%s", text);
    return false;
}

/* --- the range of platforms */

/* False: said why. */
static bool find_range(struct pk_apksig_run *run)
{
    const struct pk_apksig_input *in = run->ctx.in;

    run->ctx.min_sdk = in->min_sdk;
    run->ctx.max_sdk = in->max_sdk > 0 ? in->max_sdk : PK_APKSIG_SDK_MAX;
    if (in->min_sdk <= 0) {
        int rc;

        if (in->manifest.ptr == NULL) {
            return pk_apksig_format_error(run, "AndroidManifest.xml is missing or cannot be read");
        }
        rc = pk_manifest_apksig_min_sdk(in->manifest, run->ctx.arena, &run->ctx.min_sdk, NULL);
        if (rc == PK_ENOMEM) {
            run->ctx.rc = rc;
        }
        if (rc < 0) {
            return pk_apksig_format_error(
                    run, "AndroidManifest.xml does not say which platforms the app is for");
        }
    }
    if (run->ctx.min_sdk > run->ctx.max_sdk) {
        pk_apksig_error(&run->ctx, 0, PK_ISSUE_UNEXPECTED_EXCEPTION,
                "the app is for level %d and later, asked for was up to %d", run->ctx.min_sdk,
                run->ctx.max_sdk);
        return false;
    }
    return true;
}

/* --- schemes of the signing block */

static bool verify_v31(struct pk_apksig_run *run, unsigned *found, int *rotation_min_sdk)
{
    const struct pk_apksig_v3_want want = {
        .scheme = PK_APKSIG_V31,
        .min_sdk = larger(run->ctx.min_sdk, PK_APKSIG_SDK_T),
        .max_sdk = run->ctx.max_sdk,
        .full = true,
    };
    const struct pk_apksig_party *parties;
    struct pk_slice block;

    if (run->ctx.max_sdk < PK_APKSIG_SDK_T ||
            !pk_apksig_block_get(&run->block, PK_PAIR_V31, &block)) {
        return true;
    }
    *found |= PK_APKSIG_V31;
    pk_apksig_v3_verify(run, block, &want, &run->v31);
    parties = run->v31.parties.items;
    for (size_t i = 0; i < run->v31.parties.count; i++) {
        if (i == 0 || parties[i].min_sdk < *rotation_min_sdk) {
            *rotation_min_sdk = parties[i].min_sdk;
        }
        if (parties[i].dev_release) {
            run->ctx.out->rotation_min_sdk = PK_APKSIG_SDK_DEVELOPMENT;
        }
    }
    if (run->ctx.out->rotation_min_sdk == 0) {
        run->ctx.out->rotation_min_sdk = *rotation_min_sdk;
    }
    return !failed(run);
}

static bool verify_v3(struct pk_apksig_run *run, unsigned *found, int rotation_min_sdk)
{
    const struct pk_apksig_v3_want want = {
        .scheme = PK_APKSIG_V3,
        .min_sdk = larger(run->ctx.min_sdk, PK_APKSIG_SDK_P),
        .max_sdk = run->ctx.max_sdk,
        .rotation_min_sdk = larger(rotation_min_sdk, 0),
        .full = true,
    };
    struct pk_slice block;

    if (run->ctx.max_sdk < PK_APKSIG_SDK_P) {
        return true;
    }
    if (pk_apksig_block_get(&run->block, PK_PAIR_V3, &block)) {
        *found |= PK_APKSIG_V3;
        pk_apksig_v3_verify(run, block, &want, &run->v3);
    } else if ((*found & PK_APKSIG_V31) != 0) {
        pk_apksig_error(&run->ctx, 0, PK_ISSUE_V31_BLOCK_FOUND_WITHOUT_V3_BLOCK, "%s", "");
    }
    /* apksig compares v3.1's digests and says nothing, because v3's, of the same file, say it. A file
     * made so that only v3.1's are wrong would pass there; platforms refuse it, and so do we. */
    if (!failed(run) && run->v31.digest_mismatch) {
        pk_apksig_error(
                &run->ctx, PK_APKSIG_V31, PK_ISSUE_V3_SIG_APK_DIGEST_DID_NOT_VERIFY, "%s", "");
        run->v31.verified = false;
    }
    return !failed(run);
}

static bool verify_v2(struct pk_apksig_run *run, unsigned *found)
{
    struct pk_slice block;

    if ((run->ctx.min_sdk < PK_APKSIG_SDK_P || *found == 0) &&
            pk_apksig_block_get(&run->block, PK_PAIR_V2, &block)) {
        pk_apksig_v2_verify(run, block, *found);
        *found |= PK_APKSIG_V2;
    }
    return !failed(run);
}

/* Platforms from Android 7 on look at the signing block first. False: an error ends it. */
static bool verify_blocks(struct pk_apksig_run *run, unsigned *found)
{
    int rotation_min_sdk = 0;

    if (run->ctx.max_sdk < PK_APKSIG_SDK_N) {
        return true;
    }
    if (!verify_v31(run, found, &rotation_min_sdk) || !verify_v3(run, found, rotation_min_sdk) ||
            !verify_v2(run, found)) {
        return false;
    }
    if (run->ctx.in->idsig.ptr != NULL) {
        *found |= PK_APKSIG_V4;
        return pk_apksig_v4_verify(run) && !failed(run);
    }
    return true;
}

/* --- comparisons */

/* A certificate that one of the two schemes has and the other lacks. */
static bool lacks(struct pk_apksig_run *run, unsigned has, unsigned other)
{
    const struct pk_apksig_signer *signers = run->ctx.out->all_signers.items;
    size_t count = run->ctx.out->all_signers.count;

    for (size_t i = 0; i < count; i++) {
        bool there = signers[i].scheme != has;

        for (size_t k = 0; k < count && !there; k++) {
            there = signers[k].scheme == other &&
                    pk_slice_eq(signers[k].cert.der, signers[i].cert.der);
        }
        if (!there) {
            return true;
        }
    }
    return false;
}

static void compare_v1_v2(struct pk_apksig_run *run)
{
    if (lacks(run, PK_APKSIG_V1, PK_APKSIG_V2)) {
        pk_apksig_error(&run->ctx, PK_APKSIG_V1, PK_ISSUE_V2_SIG_MISSING, "%s", "");
    }
    if (lacks(run, PK_APKSIG_V2, PK_APKSIG_V1)) {
        pk_apksig_error(&run->ctx, PK_APKSIG_V2, PK_ISSUE_JAR_SIG_MISSING, "%s", "");
    }
}

/* The first signer of the scheme; *count says how many there are. */
static const struct pk_apksig_signer *first_signer(
        const struct pk_apksig_run *run, unsigned scheme, size_t *count)
{
    const struct pk_apksig_signer *signers = run->ctx.out->all_signers.items;
    const struct pk_apksig_signer *first = NULL;

    *count = 0;
    for (size_t i = 0; i < run->ctx.out->all_signers.count; i++) {
        if (signers[i].scheme == scheme) {
            first = first == NULL ? &signers[i] : first;
            (*count)++;
        }
    }
    return first;
}

/* The signer of the older schemes must be v3's, or the root of its lineage. */
static void compare_past(struct pk_apksig_run *run)
{
    const struct pk_array *lineage = run->v31.has_lineage ? &run->v31.lineage : &run->v3.lineage;
    const struct pk_apksig_signer *newer;
    const struct pk_apksig_signer *older;
    size_t count;

    older = first_signer(
            run, (run->ctx.out->schemes & PK_APKSIG_V1) != 0 ? PK_APKSIG_V1 : PK_APKSIG_V2, &count);
    if (count != 1) {
        pk_apksig_error(&run->ctx, 0, PK_ISSUE_V3_SIG_MULTIPLE_PAST_SIGNERS, "%zu signers", count);
    }
    if (older == NULL) {
        return;
    }
    if (lineage->count > 0) {
        if (pk_apksig_lineage_find(lineage, &older->cert) != 0) {
            pk_apksig_error(&run->ctx, 0, PK_ISSUE_V3_SIG_PAST_SIGNERS_MISMATCH, "%s", "");
        }
        return;
    }
    newer = first_signer(run, PK_APKSIG_V3, &count);
    if (count != 1) {
        pk_apksig_error(&run->ctx, 0, PK_ISSUE_V3_SIG_MULTIPLE_SIGNERS, "%zu signers", count);
    }
    if (newer == NULL || !pk_slice_eq(newer->cert.der, older->cert.der)) {
        pk_apksig_error(&run->ctx, 0, PK_ISSUE_V3_SIG_PAST_SIGNERS_MISMATCH, "%s", "");
    }
}

/* Apps for level 30 and later must be signed by v2 or newer. */
static void check_target(struct pk_apksig_run *run)
{
    int target = 1;

    if (run->ctx.in->manifest.ptr == NULL) {
        return;
    }
    if (pk_manifest_apksig_target_sdk(run->ctx.in->manifest, run->ctx.arena, &target, NULL) ==
            PK_ENOMEM) {
        run->ctx.rc = PK_ENOMEM;
    }
    if (target >= PK_APKSIG_SDK_R && run->ctx.max_sdk >= target &&
            (run->ctx.out->schemes & (PK_APKSIG_V2 | PK_APKSIG_V3 | PK_APKSIG_V31)) == 0) {
        pk_apksig_error(&run->ctx, 0, PK_ISSUE_MIN_SIG_SCHEME_FOR_TARGET_SDK_NOT_MET,
                "target level %d needs v2", target);
    }
}

/* --- all of it */

/* Apps with sandbox version 2 need v2 or newer. False: format error. */
static bool check_sandbox(struct pk_apksig_run *run, unsigned found)
{
    int sandbox = 1;

    if (run->ctx.max_sdk < PK_APKSIG_SDK_O) {
        return true;
    }
    if (run->ctx.in->manifest.ptr == NULL) {
        return pk_apksig_format_error(run, "AndroidManifest.xml is missing or cannot be read");
    }
    if (pk_manifest_apksig_sandbox(run->ctx.in->manifest, run->ctx.arena, &sandbox, NULL) ==
            PK_ENOMEM) {
        run->ctx.rc = PK_ENOMEM;
    }
    if (sandbox > 1 && found == 0) {
        pk_apksig_error(&run->ctx, 0, PK_ISSUE_NO_SIG_FOR_TARGET_SANDBOX_VERSION,
                "target sandbox version %d", sandbox);
    }
    return true;
}

static void take_verified(struct pk_apksig_run *run)
{
    run->ctx.out->schemes |= (run->v31.verified ? PK_APKSIG_V31 : 0) |
            (run->v3.verified ? PK_APKSIG_V3 : 0) | (run->v2.verified ? PK_APKSIG_V2 : 0);
}

static void verify(struct pk_apksig_run *run, unsigned *found)
{
    struct pk_apksig_result *out = run->ctx.out;
    bool go_on = verify_blocks(run, found);

    take_verified(run);
    if (!go_on || !check_sandbox(run, *found)) {
        return;
    }
    if (run->ctx.min_sdk < PK_APKSIG_SDK_N || *found == 0) {
        pk_apksig_v1_verify(&run->ctx, *found);
    }
    if (failed(run) || out->format_error || !pk_apksig_stamp_verify(run, *found) || failed(run)) {
        return;
    }
    if ((out->schemes & PK_APKSIG_V1) != 0 && run->v2.verified) {
        compare_v1_v2(run);
    }
    if (run->v3.verified && (out->schemes & (PK_APKSIG_V1 | PK_APKSIG_V2)) != 0) {
        compare_past(run);
    }
    if ((out->schemes & PK_APKSIG_V4) != 0) {
        pk_apksig_v4_compare(run);
    }
    check_target(run);
    out->verified = !failed(run) && out->schemes != 0;
}

int pk_apksig_verify(const struct pk_apksig_input *in, struct pk_arena *arena,
        struct pk_anomalies *anomalies, struct pk_apksig_result *out, struct pk_error *err)
{
    struct pk_apksig_run run = {
        .ctx = { .in = in, .arena = arena, .anomalies = anomalies, .out = out },
        .work_left = PK_APKSIG_WORK_MAX,
    };
    struct pk_apksig_digests digests = { .zip = in->zip, .block = &run.block };
    unsigned looked_at = 0;

    *out = (struct pk_apksig_result){ .format_text = "" };
    pk_apksig_block_find(in->zip, &run.block);
    run.digests = &digests;
    run.has_stamp_block = pk_apksig_block_get(&run.block, PK_PAIR_STAMP_V2, &run.stamp_block);
    if (find_range(&run)) {
        verify(&run, &looked_at);
        pk_apksig_stamp_judge(&run);
    }
    pk_apksig_judge(&run, looked_at);
    if (run.ctx.rc < 0) {
        return pk_error_set(err, PK_ENOMEM, "out of memory for the signatures");
    }
    return PK_OK;
}
