#include "formats/android/apksig_judge.h"

#include "formats/android/apksig_bait.h"

/* --- the order of issues */

/* Issues that apksig says of the APK or of the scheme as a whole; it lists them before those of signers. */
static bool is_general(enum pk_apksig_issue issue)
{
    switch ((int)issue) {
    case PK_ISSUE_JAR_SIG_NO_SIGNATURES:
    case PK_ISSUE_JAR_SIG_MAX_SIGNATURES_EXCEEDED:
    case PK_ISSUE_JAR_SIG_NO_SIGNED_ZIP_ENTRIES:
    case PK_ISSUE_JAR_SIG_DUPLICATE_ZIP_ENTRY:
    case PK_ISSUE_JAR_SIG_DUPLICATE_MANIFEST_SECTION:
    case PK_ISSUE_JAR_SIG_UNNNAMED_MANIFEST_SECTION:
    case PK_ISSUE_JAR_SIG_NO_MANIFEST:
    case PK_ISSUE_JAR_SIG_MISSING_ZIP_ENTRY_REFERENCED_IN_MANIFEST:
    case PK_ISSUE_JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_MANIFEST:
    case PK_ISSUE_JAR_SIG_ZIP_ENTRY_NOT_SIGNED:
    case PK_ISSUE_JAR_SIG_ZIP_ENTRY_SIGNERS_MISMATCH:
    case PK_ISSUE_JAR_SIG_ZIP_ENTRY_DIGEST_DID_NOT_VERIFY:
    case PK_ISSUE_JAR_SIG_UNPROTECTED_ZIP_ENTRY:
    case PK_ISSUE_JAR_SIG_MISSING_FILE:
    case PK_ISSUE_V2_SIG_MALFORMED_SIGNERS:
    case PK_ISSUE_V2_SIG_NO_SIGNERS:
    case PK_ISSUE_V2_SIG_MAX_SIGNATURES_EXCEEDED:
    case PK_ISSUE_V3_SIG_MALFORMED_SIGNERS:
    case PK_ISSUE_V3_SIG_NO_SIGNERS:
    case PK_ISSUE_V3_SIG_MULTIPLE_SIGNERS:
    case PK_ISSUE_V3_INCONSISTENT_SDK_VERSIONS:
    case PK_ISSUE_V3_MISSING_SDK_VERSIONS:
    case PK_ISSUE_V3_INCONSISTENT_LINEAGES:
    case PK_ISSUE_SOURCE_STAMP_SIG_MISSING:
        return true;
    default:
        return false;
    }
}

/* apksig's list: the general ones, then those of the signers by scheme, then the stamp's. */
static unsigned rank(const struct pk_apksig_issue_met *met)
{
    if (is_general(met->issue)) {
        return 0;
    }
    switch (met->scheme) {
    case 0:
        return 0;
    case PK_APKSIG_V1:
        return 1;
    case PK_APKSIG_V2:
        return 2;
    case PK_APKSIG_V3:
        return 3;
    case PK_APKSIG_V31:
        return 4;
    case PK_APKSIG_V4:
        return 5;
    default:
        return 6;
    }
}

static void sort_issues(struct pk_apksig_run *run)
{
    struct pk_apksig_issue_met *met = run->ctx.out->met.items;

    for (size_t i = 1; i < run->ctx.out->met.count;
            i++) { /* stable; PK_APKSIG_ISSUES_MAX at most */
        struct pk_apksig_issue_met moved = met[i];
        size_t k = i;

        while (k > 0 && rank(&met[k - 1]) > rank(&moved)) {
            met[k] = met[k - 1];
            k--;
        }
        met[k] = moved;
    }
}

/* --- who signed */

/* v3 and v3.1 have a signer for each range of platforms, of which the newest counts. */
static void take_signers(struct pk_apksig_run *run, unsigned scheme)
{
    struct pk_apksig_result *out = run->ctx.out;
    const struct pk_apksig_signer *all = out->all_signers.items;
    bool only_last = scheme == PK_APKSIG_V3 || scheme == PK_APKSIG_V31;
    struct pk_apksig_signer *signers;
    size_t count = 0;

    signers = pk_arena_alloc(run->ctx.arena, out->all_signers.count, sizeof(*signers));
    if (signers == NULL) {
        run->ctx.rc = PK_ENOMEM;
        return;
    }
    for (size_t i = 0; i < out->all_signers.count; i++) {
        if (all[i].scheme == scheme) {
            count = only_last ? 0 : count;
            signers[count++] = all[i];
        }
    }
    out->signers = (struct pk_array){ .items = signers, .count = count };
}

static void choose_signers(struct pk_apksig_run *run)
{
    static const unsigned newest_first[] = { PK_APKSIG_V31, PK_APKSIG_V3, PK_APKSIG_V2,
        PK_APKSIG_V1 };
    struct pk_apksig_result *out = run->ctx.out;

    if (out->all_signers.count == 0) {
        return;
    }
    for (size_t i = 0; i < PK_COUNT(newest_first) && out->signers.count == 0; i++) {
        if (!out->verified || (out->schemes & newest_first[i]) != 0) {
            take_signers(run, newest_first[i]);
        }
    }
}

/* --- anomalies */

static bool has_issue(const struct pk_apksig_result *out, enum pk_apksig_issue issue)
{
    const struct pk_apksig_issue_met *met = out->met.items;

    for (size_t i = 0; i < out->met.count; i++) {
        if (met[i].issue == issue && met[i].error) {
            return true;
        }
    }
    return false;
}

static void judge_stripped(struct pk_apksig_run *run)
{
    static const enum pk_apksig_issue stripped[] = {
        PK_ISSUE_JAR_SIG_MISSING_APK_SIG_REFERENCED,
        PK_ISSUE_V2_SIG_MISSING_APK_SIG_REFERENCED,
        PK_ISSUE_V31_BLOCK_MISSING,
        PK_ISSUE_V31_BLOCK_FOUND_WITHOUT_V3_BLOCK,
    };

    for (size_t i = 0; i < PK_COUNT(stripped); i++) {
        if (has_issue(run->ctx.out, stripped[i])) {
            pk_anomaly_add(run->ctx.anomalies, PK_ANOMALY_APK_SIGNATURE_STRIPPED, "%s",
                    pk_apksig_issue_name(stripped[i]));
            return;
        }
    }
}

/* The first error's name, for evidence. */
static const char *first_error(const struct pk_apksig_result *out)
{
    const struct pk_apksig_issue_met *met = out->met.items;

    for (size_t i = 0; i < out->met.count; i++) {
        if (met[i].error) {
            return pk_apksig_issue_name(met[i].issue);
        }
    }
    return "";
}

static void judge_verdict(struct pk_apksig_run *run)
{
    struct pk_apksig_result *out = run->ctx.out;
    struct pk_anomalies *anomalies = run->ctx.anomalies;

    if (out->verified && out->schemes == PK_APKSIG_V1) {
        pk_anomaly_add(anomalies, PK_ANOMALY_APK_V1_ONLY, "%s", "");
    }
    if (out->verified) {
        return;
    }
    if (out->found == 0) {
        pk_anomaly_add(anomalies, PK_ANOMALY_APK_UNSIGNED, "%s", first_error(out));
    } else if (!out->format_error) {
        pk_anomaly_add(anomalies, PK_ANOMALY_APK_SIGNATURE_INVALID, "%s", first_error(out));
        judge_stripped(run);
    }
}

static unsigned find_schemes(const struct pk_apksig_run *run)
{
    static const struct {
        enum pk_apksig_pair pair;
        unsigned scheme;
    } pairs[] = {
        { PK_PAIR_V2, PK_APKSIG_V2 },
        { PK_PAIR_V3, PK_APKSIG_V3 },
        { PK_PAIR_V31, PK_APKSIG_V31 },
    };
    const struct pk_zip *zip = run->ctx.in->zip;
    unsigned found = run->ctx.in->idsig.ptr != NULL ? PK_APKSIG_V4 : 0;
    struct pk_slice value;

    for (size_t i = 0; i < PK_COUNT(pairs); i++) {
        found |= pk_apksig_block_get(&run->block, pairs[i].pair, &value) ? pairs[i].scheme : 0;
    }
    for (size_t i = 0; i < zip->count; i++) {
        found |= pk_apksig_is_signature_file(zip->entries[i].name) ? PK_APKSIG_V1 : 0;
    }
    return found;
}

void pk_apksig_judge(struct pk_apksig_run *run, unsigned looked_at)
{
    struct pk_apksig_result *out = run->ctx.out;

    out->found = find_schemes(run);
    sort_issues(run);
    choose_signers(run);
    pk_apksig_block_judge(&run->block, run->ctx.anomalies);
    judge_verdict(run);
    pk_apksig_bait_judge(run, looked_at);
}
