/* APK Signature Scheme v3 and v3.1: signers for ranges of platforms, and proofs that one certificate
 * took the place of another. Source: source.android.com/docs/security/features/apksigning/v3, v3-1. */
#include "formats/android/apksig_signer.h"
#include "formats/limits.h"

#define ATTRIBUTE_LINEAGE      0x3ba06f8cU
#define ATTRIBUTE_ROTATION_MIN 0x559f8b02U /* in v3: from this level on v3.1 must be there */
#define ATTRIBUTE_DEV_RELEASE  0xc2a6b3baU /* in v3.1: for a platform without a number */

static const struct pk_apksig_issues issues = {
    .malformed_signers = PK_ISSUE_V3_SIG_MALFORMED_SIGNERS,
    .no_signers = PK_ISSUE_V3_SIG_NO_SIGNERS,
    .too_many_signers = PK_ISSUE_V3_SIG_MULTIPLE_SIGNERS,
    .malformed_signer = PK_ISSUE_V3_SIG_MALFORMED_SIGNER,
    .malformed_signature = PK_ISSUE_V3_SIG_MALFORMED_SIGNATURE,
    .unknown_algorithm = PK_ISSUE_V3_SIG_UNKNOWN_SIG_ALGORITHM,
    .no_signatures = PK_ISSUE_V3_SIG_NO_SIGNATURES,
    .no_supported_signatures = PK_ISSUE_V3_SIG_NO_SUPPORTED_SIGNATURES,
    .malformed_public_key = PK_ISSUE_V3_SIG_MALFORMED_PUBLIC_KEY,
    .did_not_verify = PK_ISSUE_V3_SIG_DID_NOT_VERIFY,
    .verify_exception = PK_ISSUE_V3_SIG_VERIFY_EXCEPTION,
    .malformed_certificate = PK_ISSUE_V3_SIG_MALFORMED_CERTIFICATE,
    .no_certificates = PK_ISSUE_V3_SIG_NO_CERTIFICATES,
    .key_mismatch = PK_ISSUE_V3_SIG_PUBLIC_KEY_MISMATCH_BETWEEN_CERTIFICATE_AND_SIGNATURES_RECORD,
    .malformed_digest = PK_ISSUE_V3_SIG_MALFORMED_DIGEST,
    .algorithm_mismatch = PK_ISSUE_V3_SIG_SIG_ALG_MISMATCH_BETWEEN_SIGNATURES_AND_DIGESTS_RECORDS,
    .malformed_attribute = PK_ISSUE_V3_SIG_MALFORMED_ADDITIONAL_ATTRIBUTE,
    .digest_did_not_verify = PK_ISSUE_V3_SIG_APK_DIGEST_DID_NOT_VERIFY,
};

static void error(struct pk_apksig_run *run, unsigned scheme, struct pk_apksig_party *party,
        enum pk_apksig_issue issue)
{
    party->errors++;
    pk_apksig_error(&run->ctx, scheme, issue, "signer %u", party->index + 1);
}

static void read_lineage(struct pk_apksig_run *run, unsigned scheme, struct pk_apksig_party *party,
        struct pk_slice value)
{
    switch (pk_apksig_lineage_read(run, value, &party->lineage)) {
    case PK_LINEAGE_HOLDS:
        party->has_lineage = true;
        /* It must end with the signer. */
        if (party->lineage.count == 0 ||
                pk_apksig_lineage_find(&party->lineage, party->cert) != party->lineage.count - 1) {
            error(run, scheme, party, PK_ISSUE_V3_SIG_POR_CERT_MISMATCH);
        }
        break;
    case PK_LINEAGE_MISMATCH:
        error(run, scheme, party, PK_ISSUE_V3_SIG_POR_CERT_MISMATCH);
        break;
    case PK_LINEAGE_UNVERIFIED:
        error(run, scheme, party, PK_ISSUE_V3_SIG_POR_DID_NOT_VERIFY);
        break;
    case PK_LINEAGE_MALFORMED:
        error(run, scheme, party, PK_ISSUE_V3_SIG_MALFORMED_LINEAGE);
        break;
    }
}

/* A signer of v3 says from which level on v3.1 is there: is it? */
static bool read_rotation_min(struct pk_apksig_run *run, const struct pk_apksig_v3_want *want,
        struct pk_apksig_party *party, struct pk_slice value)
{
    struct pk_reader r = pk_reader_of(value);
    int level = (int)pk_read_le32(&r);

    party->says_rotation = true;
    if (want->max_sdk < PK_APKSIG_SDK_T || !want->full) {
        return true; /* no platform of the range knows v3.1 */
    }
    if (r.rc < 0) {
        return false;
    }
    if (want->rotation_min_sdk == 0) {
        party->errors++;
        pk_apksig_error(&run->ctx, want->scheme, PK_ISSUE_V31_BLOCK_MISSING, "signer %u, level %d",
                party->index + 1, level);
    } else if (want->rotation_min_sdk != level) {
        party->errors++;
        pk_apksig_error(&run->ctx, want->scheme, PK_ISSUE_V31_ROTATION_MIN_SDK_MISMATCH,
                "signer %u, level %d, v3.1 has %d", party->index + 1, level,
                want->rotation_min_sdk);
    }
    return true;
}

static bool read_attribute(struct pk_apksig_run *run, const struct pk_apksig_dialect *dialect,
        struct pk_apksig_party *party, uint32_t id, struct pk_slice value)
{
    const struct pk_apksig_v3_want *want = dialect->want;

    switch (id) {
    case ATTRIBUTE_LINEAGE:
        read_lineage(run, dialect->scheme, party, value);
        return true;
    case ATTRIBUTE_ROTATION_MIN:
        return read_rotation_min(run, want, party, value);
    case ATTRIBUTE_DEV_RELEASE:
        party->dev_release = true;
        if (dialect->scheme != PK_APKSIG_V31) {
            pk_apksig_warning(&run->ctx, dialect->scheme,
                    PK_ISSUE_V31_ROTATION_TARGETS_DEV_RELEASE_ATTR_ON_V3_SIGNER, "signer %u",
                    party->index + 1);
        }
        return true;
    default:
        pk_apksig_warning(&run->ctx, dialect->scheme, PK_ISSUE_V3_SIG_UNKNOWN_ADDITIONAL_ATTRIBUTE,
                "signer %u, 0x%x", party->index + 1, id);
        return true;
    }
}

static void check_rotation(struct pk_apksig_run *run, const struct pk_apksig_dialect *dialect,
        struct pk_apksig_party *party)
{
    const struct pk_apksig_v3_want *want = dialect->want;

    if (want->full && want->rotation_min_sdk > 0 && !party->says_rotation) {
        pk_apksig_warning(&run->ctx, dialect->scheme, PK_ISSUE_V31_ROTATION_MIN_SDK_ATTR_MISSING,
                "signer %u, level %d", party->index + 1, want->rotation_min_sdk);
    }
}

static struct pk_apksig_dialect dialect_of(const struct pk_apksig_v3_want *want)
{
    return (struct pk_apksig_dialect){
        .scheme = want->scheme,
        .issues = &issues,
        .ranges = true,
        .want = want,
        .attribute = read_attribute,
        .end = check_rotation,
    };
}

void pk_apksig_v3_parse(struct pk_apksig_run *run, struct pk_slice block,
        const struct pk_apksig_v3_want *want, struct pk_apksig_scheme_result *out)
{
    const struct pk_apksig_dialect dialect = dialect_of(want);

    pk_apksig_read_signers(run, &dialect, block, out);
}

/* The signers by the last level that they are for; of two for the same one the later counts. Returns how
 * many are in sorted[]. */
static size_t sort_parties(
        const struct pk_array *parties, const struct pk_apksig_party *sorted[PK_APKSIG_PARTIES_MAX])
{
    const struct pk_apksig_party *all = parties->items;
    size_t count = 0;

    for (size_t i = 0; i < parties->count; i++) {
        size_t at = 0;

        while (at < count && sorted[at]->max_sdk < all[i].max_sdk) {
            at++;
        }
        if (at == count || sorted[at]->max_sdk != all[i].max_sdk) {
            for (size_t k = count++; k > at; k--) {
                sorted[k] = sorted[k - 1];
            }
        }
        sorted[at] = &all[i];
    }
    return count;
}

struct coverage {
    int first; /* level; 0: none yet */
    int last;
};

/* The signers' ranges must touch, and their lineages may only grow. Stops at the first break. */
static struct coverage check_ranges(struct pk_apksig_run *run, unsigned scheme,
        const struct pk_apksig_party *const sorted[], size_t count, bool *broken,
        struct pk_array *lineage)
{
    struct coverage cover = { 0 };
    size_t longest = 0;

    for (size_t i = 0; i < count; i++) {
        const struct pk_apksig_party *party = sorted[i];

        if (cover.first == 0) {
            cover.first = party->min_sdk;
        } else if (party->min_sdk != (int)((unsigned)cover.last + 1U) &&
                !(party->min_sdk == cover.last && party->dev_release)) {
            pk_apksig_error(&run->ctx, scheme, PK_ISSUE_V3_INCONSISTENT_SDK_VERSIONS,
                    "signer %u, levels %d to %d", party->index + 1, party->min_sdk, party->max_sdk);
            break;
        }
        cover.last = party->max_sdk;
        if (!party->has_lineage) {
            continue;
        }
        if (party->lineage.count < longest) {
            pk_apksig_error(&run->ctx, scheme, PK_ISSUE_V3_INCONSISTENT_LINEAGES, "signer %u",
                    party->index + 1);
            break;
        }
        longest = party->lineage.count;
        if (lineage->count == 0) {
            *lineage = party->lineage;
        } else if (!*broken && !pk_apksig_lineage_merge(run, lineage, &party->lineage)) {
            *broken = true;
        }
    }
    return cover;
}

void pk_apksig_v3_verify(struct pk_apksig_run *run, struct pk_slice block,
        const struct pk_apksig_v3_want *want, struct pk_apksig_scheme_result *out)
{
    const struct pk_apksig_dialect dialect = dialect_of(want);
    const struct pk_apksig_party *sorted[PK_APKSIG_PARTIES_MAX];
    size_t before = run->ctx.errors;
    bool broken = false;
    struct coverage cover;
    int last;

    pk_apksig_v3_parse(run, block, want, out);
    if (out->errors > 0) {
        pk_apksig_publish(run, want->scheme, out);
        return;
    }
    pk_apksig_check_content(run, &dialect, out);
    cover = check_ranges(
            run, want->scheme, sorted, sort_parties(&out->parties, sorted), &broken, &out->lineage);
    /* Where v3.1 takes over, v3 need not reach. v3.1 may begin at any level, v3 covers the rest. */
    last = want->rotation_min_sdk > 0 ? want->rotation_min_sdk - 1 : want->max_sdk;
    if (cover.first > (want->scheme == PK_APKSIG_V31 ? want->max_sdk : want->min_sdk) ||
            cover.last < last) {
        pk_apksig_error(&run->ctx, want->scheme, PK_ISSUE_V3_MISSING_SDK_VERSIONS,
                "levels %d to %d", cover.first, cover.last);
    }
    if (broken) {
        out->lineage = (struct pk_array){ 0 };
        pk_apksig_error(&run->ctx, want->scheme, PK_ISSUE_V3_INCONSISTENT_LINEAGES, "%s", "");
    }
    out->has_lineage = out->lineage.count > 0;
    out->verified = run->ctx.errors == before;
    pk_apksig_publish(run, want->scheme, out);
}
