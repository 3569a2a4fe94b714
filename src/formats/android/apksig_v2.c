/* APK Signature Scheme v2. Source: source.android.com/docs/security/features/apksigning/v2. */
#include "formats/android/apksig_signer.h"

#define ATTRIBUTE_NEWER_SCHEME 0xbeeff00dU /* "was signed with this scheme, too" */
#define SIGNERS_MAX            10U         /* the platform's limit */

static const struct pk_apksig_issues issues = {
    .malformed_signers = PK_ISSUE_V2_SIG_MALFORMED_SIGNERS,
    .no_signers = PK_ISSUE_V2_SIG_NO_SIGNERS,
    .too_many_signers = PK_ISSUE_V2_SIG_MAX_SIGNATURES_EXCEEDED,
    .malformed_signer = PK_ISSUE_V2_SIG_MALFORMED_SIGNER,
    .malformed_signature = PK_ISSUE_V2_SIG_MALFORMED_SIGNATURE,
    .unknown_algorithm = PK_ISSUE_V2_SIG_UNKNOWN_SIG_ALGORITHM,
    .no_signatures = PK_ISSUE_V2_SIG_NO_SIGNATURES,
    .no_supported_signatures = PK_ISSUE_V2_SIG_NO_SUPPORTED_SIGNATURES,
    .malformed_public_key = PK_ISSUE_V2_SIG_MALFORMED_PUBLIC_KEY,
    .did_not_verify = PK_ISSUE_V2_SIG_DID_NOT_VERIFY,
    .verify_exception = PK_ISSUE_V2_SIG_VERIFY_EXCEPTION,
    .malformed_certificate = PK_ISSUE_V2_SIG_MALFORMED_CERTIFICATE,
    .no_certificates = PK_ISSUE_V2_SIG_NO_CERTIFICATES,
    .key_mismatch = PK_ISSUE_V2_SIG_PUBLIC_KEY_MISMATCH_BETWEEN_CERTIFICATE_AND_SIGNATURES_RECORD,
    .malformed_digest = PK_ISSUE_V2_SIG_MALFORMED_DIGEST,
    .algorithm_mismatch = PK_ISSUE_V2_SIG_SIG_ALG_MISMATCH_BETWEEN_SIGNATURES_AND_DIGESTS_RECORDS,
    .malformed_attribute = PK_ISSUE_V2_SIG_MALFORMED_ADDITIONAL_ATTRIBUTE,
    .digest_did_not_verify = PK_ISSUE_V2_SIG_APK_DIGEST_DID_NOT_VERIFY,
};

/* Schemes that the newest platform of the range knows: those that may be missed. */
static unsigned known_schemes(int max_sdk)
{
    if (max_sdk >= PK_APKSIG_SDK_P) {
        return PK_APKSIG_V2 | PK_APKSIG_V3;
    }
    return max_sdk >= PK_APKSIG_SDK_N ? PK_APKSIG_V2 : 0;
}

static bool read_attribute(struct pk_apksig_run *run, const struct pk_apksig_dialect *dialect,
        struct pk_apksig_party *party, uint32_t id, struct pk_slice value)
{
    struct pk_reader r = pk_reader_of(value);
    uint32_t number;
    unsigned scheme;

    if (id != ATTRIBUTE_NEWER_SCHEME) {
        pk_apksig_warning(&run->ctx, PK_APKSIG_V2, PK_ISSUE_V2_SIG_UNKNOWN_ADDITIONAL_ATTRIBUTE,
                "signer %u, 0x%x", party->index + 1, id);
        return true;
    }
    number = pk_read_le32(&r);
    if (r.rc < 0) {
        return false;
    }
    scheme = number == 2 ? PK_APKSIG_V2 : number == 3 ? PK_APKSIG_V3 : 0;
    if ((scheme & known_schemes(run->ctx.max_sdk)) == 0) {
        pk_apksig_warning(&run->ctx, PK_APKSIG_V2, PK_ISSUE_V2_SIG_UNKNOWN_APK_SIG_SCHEME_ID,
                "signer %u, %d", party->index + 1, (int)number);
    } else {
        party->referenced |= scheme;
    }
    return true;
}

/* Were the schemes found that the signer says it used? */
static void check_referenced(struct pk_apksig_run *run, const struct pk_apksig_dialect *dialect,
        struct pk_apksig_party *party)
{
    unsigned found = *(const unsigned *)dialect->want;

    for (unsigned scheme = PK_APKSIG_V2; scheme <= PK_APKSIG_V3; scheme <<= 1) {
        if ((party->referenced & scheme) != 0 && (found & scheme) == 0) {
            party->errors++;
            pk_apksig_error(&run->ctx, PK_APKSIG_V2, PK_ISSUE_V2_SIG_MISSING_APK_SIG_REFERENCED,
                    "signer %u, v%d", party->index + 1, scheme == PK_APKSIG_V2 ? 2 : 3);
        }
    }
}

void pk_apksig_v2_parse(struct pk_apksig_run *run, struct pk_slice block, unsigned found,
        int min_sdk, int max_sdk, struct pk_apksig_scheme_result *out)
{
    const struct pk_apksig_dialect dialect = {
        .scheme = PK_APKSIG_V2,
        .issues = &issues,
        .min_sdk = min_sdk,
        .max_sdk = max_sdk,
        .want = &found,
        .attribute = read_attribute,
        .end = check_referenced,
    };
    size_t before = run->ctx.errors;

    pk_apksig_read_signers(run, &dialect, block, out);
    if (out->complete && out->parties.count > SIGNERS_MAX) {
        pk_apksig_error(&run->ctx, PK_APKSIG_V2, PK_ISSUE_V2_SIG_MAX_SIGNATURES_EXCEEDED,
                "%zu signers, at most %u", out->parties.count, SIGNERS_MAX);
    }
    out->errors = run->ctx.errors - before;
}

void pk_apksig_v2_verify(struct pk_apksig_run *run, struct pk_slice block, unsigned found)
{
    const struct pk_apksig_dialect dialect = { .scheme = PK_APKSIG_V2, .issues = &issues };
    int min_sdk = run->ctx.min_sdk > PK_APKSIG_SDK_N ? run->ctx.min_sdk : PK_APKSIG_SDK_N;
    size_t before = run->ctx.errors;

    pk_apksig_v2_parse(run, block, found, min_sdk, run->ctx.max_sdk, &run->v2);
    if (run->v2.errors == 0) {
        pk_apksig_check_content(run, &dialect, &run->v2);
    }
    run->v2.verified = run->ctx.errors == before;
    pk_apksig_publish(run, PK_APKSIG_V2, &run->v2);
}
