#include "formats/android/apksig.h"

static const char *const names[PK_ISSUE_COUNT] = {
#define PK_APKSIG_ISSUE_NAME(name) [PK_ISSUE_##name] = #name,
    PK_APKSIG_ISSUES(PK_APKSIG_ISSUE_NAME)
#undef PK_APKSIG_ISSUE_NAME
};

/* clang-format off */
static const char *const texts[PK_ISSUE_COUNT] = {
    [PK_ISSUE_JAR_SIG_NO_SIGNATURES] = "There is no JAR signature.",
    [PK_ISSUE_JAR_SIG_MAX_SIGNATURES_EXCEEDED] = "The JAR is signed by more signers than platforms accept.",
    [PK_ISSUE_JAR_SIG_NO_SIGNED_ZIP_ENTRIES] = "The JAR signature covers not a single file.",
    [PK_ISSUE_JAR_SIG_DUPLICATE_ZIP_ENTRY] = "Two files in the archive have the same name.",
    [PK_ISSUE_JAR_SIG_DUPLICATE_MANIFEST_SECTION] = "META-INF/MANIFEST.MF speaks of the same file twice.",
    [PK_ISSUE_JAR_SIG_UNNNAMED_MANIFEST_SECTION] = "META-INF/MANIFEST.MF has a section that names no file.",
    [PK_ISSUE_JAR_SIG_UNNNAMED_SIG_FILE_SECTION] = "A signature file has a section that names no file.",
    [PK_ISSUE_JAR_SIG_NO_MANIFEST] = "META-INF/MANIFEST.MF is missing.",
    [PK_ISSUE_JAR_SIG_MISSING_ZIP_ENTRY_REFERENCED_IN_MANIFEST] =
        "META-INF/MANIFEST.MF names a file that is not in the archive.",
    [PK_ISSUE_JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_MANIFEST] =
        "META-INF/MANIFEST.MF has no usable digest for a file.",
    [PK_ISSUE_JAR_SIG_NO_ZIP_ENTRY_DIGEST_IN_SIG_FILE] = "A signature file has no usable digest for a file.",
    [PK_ISSUE_JAR_SIG_ZIP_ENTRY_NOT_SIGNED] = "A file in the archive is signed by nobody.",
    [PK_ISSUE_JAR_SIG_ZIP_ENTRY_SIGNERS_MISMATCH] = "Not all files are signed by the same signers.",
    [PK_ISSUE_JAR_SIG_ZIP_ENTRY_DIGEST_DID_NOT_VERIFY] = "A file was changed after it was signed.",
    [PK_ISSUE_JAR_SIG_MANIFEST_MAIN_SECTION_DIGEST_DID_NOT_VERIFY] =
        "The main section of META-INF/MANIFEST.MF was changed after it was signed.",
    [PK_ISSUE_JAR_SIG_MANIFEST_SECTION_DIGEST_DID_NOT_VERIFY] =
        "A section of META-INF/MANIFEST.MF was changed after it was signed.",
    [PK_ISSUE_JAR_SIG_NO_MANIFEST_DIGEST_IN_SIG_FILE] =
        "A signature file has no digest of META-INF/MANIFEST.MF as a whole.",
    [PK_ISSUE_JAR_SIG_NO_APK_SIG_STRIP_PROTECTION] =
        "The JAR signature does not say that newer schemes were used, so they could be taken away unnoticed.",
    [PK_ISSUE_JAR_SIG_MISSING_FILE] = "One half of a JAR signature is missing.",
    [PK_ISSUE_JAR_SIG_VERIFY_EXCEPTION] = "A JAR signature cannot be checked at all.",
    [PK_ISSUE_JAR_SIG_UNSUPPORTED_SIG_ALG] =
        "A JAR signature uses algorithms that some platform in question does not know.",
    [PK_ISSUE_JAR_SIG_PARSE_EXCEPTION] = "A JAR signature cannot be read.",
    [PK_ISSUE_JAR_SIG_MALFORMED_CERTIFICATE] = "A certificate in a JAR signature cannot be read.",
    [PK_ISSUE_JAR_SIG_DID_NOT_VERIFY] = "A JAR signature does not fit its signature file.",
    [PK_ISSUE_JAR_SIG_NO_SIGNERS] = "A JAR signature names no signer.",
    [PK_ISSUE_JAR_SIG_DUPLICATE_SIG_FILE_SECTION] = "A signature file speaks of the same file twice.",
    [PK_ISSUE_JAR_SIG_MISSING_VERSION_ATTR_IN_SIG_FILE] = "A signature file does not begin with its version.",
    [PK_ISSUE_JAR_SIG_UNKNOWN_APK_SIG_SCHEME_ID] = "A JAR signature names a newer scheme that nobody knows.",
    [PK_ISSUE_JAR_SIG_MISSING_APK_SIG_REFERENCED] =
        "A JAR signature says that a newer scheme was used, but its signature is gone.",
    [PK_ISSUE_JAR_SIG_UNPROTECTED_ZIP_ENTRY] =
        "A file in META-INF is not signed and could be changed unnoticed.",
    [PK_ISSUE_JAR_SIG_MISSING] = "A signer of scheme v2 has no JAR signature.",
    [PK_ISSUE_NO_SIG_FOR_TARGET_SANDBOX_VERSION] =
        "The app's sandbox version needs a signature of scheme v2 or newer.",
    [PK_ISSUE_MIN_SIG_SCHEME_FOR_TARGET_SDK_NOT_MET] =
        "The app's target level needs a newer signature scheme.",
    [PK_ISSUE_V2_SIG_MISSING] = "A signer of the JAR has no signature of scheme v2.",
    [PK_ISSUE_V2_SIG_MALFORMED_SIGNERS] = "The list of signers of scheme v2 cannot be read.",
    [PK_ISSUE_V2_SIG_MALFORMED_SIGNER] = "A signer of scheme v2 cannot be read.",
    [PK_ISSUE_V2_SIG_MALFORMED_PUBLIC_KEY] =
        "The public key of a signer of scheme v2 cannot be read or is of another kind than its signature.",
    [PK_ISSUE_V2_SIG_MALFORMED_CERTIFICATE] = "A certificate of a signer of scheme v2 cannot be read.",
    [PK_ISSUE_V2_SIG_MALFORMED_SIGNATURE] = "A signature of scheme v2 cannot be read.",
    [PK_ISSUE_V2_SIG_MALFORMED_DIGEST] = "A digest of scheme v2 cannot be read.",
    [PK_ISSUE_V2_SIG_MALFORMED_ADDITIONAL_ATTRIBUTE] =
        "An attribute of a signer of scheme v2 cannot be read.",
    [PK_ISSUE_V2_SIG_UNKNOWN_APK_SIG_SCHEME_ID] =
        "A signer of scheme v2 names another scheme that nobody knows.",
    [PK_ISSUE_V2_SIG_MISSING_APK_SIG_REFERENCED] =
        "A signer of scheme v2 says that a newer scheme was used, but its signature is gone.",
    [PK_ISSUE_V2_SIG_MAX_SIGNATURES_EXCEEDED] = "Scheme v2 has more signers than platforms accept.",
    [PK_ISSUE_V2_SIG_NO_SIGNERS] = "The signature of scheme v2 has no signers.",
    [PK_ISSUE_V2_SIG_UNKNOWN_SIG_ALGORITHM] = "A signer of scheme v2 also signed in a way that nobody knows.",
    [PK_ISSUE_V2_SIG_UNKNOWN_ADDITIONAL_ATTRIBUTE] =
        "A signer of scheme v2 has an attribute that nobody knows.",
    [PK_ISSUE_V2_SIG_VERIFY_EXCEPTION] = "A signature of scheme v2 cannot be checked at all.",
    [PK_ISSUE_V2_SIG_DID_NOT_VERIFY] = "A signature of scheme v2 does not fit what it signs.",
    [PK_ISSUE_V2_SIG_NO_SIGNATURES] = "A signer of scheme v2 signed nothing.",
    [PK_ISSUE_V2_SIG_NO_SUPPORTED_SIGNATURES] =
        "A signer of scheme v2 has no signature that every platform in question can check.",
    [PK_ISSUE_V2_SIG_NO_CERTIFICATES] = "A signer of scheme v2 has no certificate.",
    [PK_ISSUE_V2_SIG_PUBLIC_KEY_MISMATCH_BETWEEN_CERTIFICATE_AND_SIGNATURES_RECORD] =
        "A signer's certificate has another key than the one that signed (scheme v2).",
    [PK_ISSUE_V2_SIG_SIG_ALG_MISMATCH_BETWEEN_SIGNATURES_AND_DIGESTS_RECORDS] =
        "A signer's digests and signatures are not of the same kinds (scheme v2).",
    [PK_ISSUE_V2_SIG_APK_DIGEST_DID_NOT_VERIFY] = "The file was changed after it was signed (scheme v2).",
    [PK_ISSUE_V3_SIG_MALFORMED_SIGNERS] = "The list of signers of scheme v3 cannot be read.",
    [PK_ISSUE_V3_SIG_MALFORMED_SIGNER] = "A signer of scheme v3 cannot be read.",
    [PK_ISSUE_V3_SIG_MALFORMED_PUBLIC_KEY] =
        "The public key of a signer of scheme v3 cannot be read or is of another kind than its signature.",
    [PK_ISSUE_V3_SIG_MALFORMED_CERTIFICATE] = "A certificate of a signer of scheme v3 cannot be read.",
    [PK_ISSUE_V3_SIG_MALFORMED_SIGNATURE] = "A signature of scheme v3 cannot be read.",
    [PK_ISSUE_V3_SIG_MALFORMED_DIGEST] = "A digest of scheme v3 cannot be read.",
    [PK_ISSUE_V3_SIG_MALFORMED_ADDITIONAL_ATTRIBUTE] =
        "An attribute of a signer of scheme v3 cannot be read.",
    [PK_ISSUE_V3_SIG_NO_SIGNERS] = "The signature of scheme v3 has no signers.",
    [PK_ISSUE_V3_SIG_MULTIPLE_SIGNERS] = "Scheme v3 has several signers for the same platforms.",
    [PK_ISSUE_V3_SIG_MULTIPLE_PAST_SIGNERS] =
        "Older schemes have several signers; beside scheme v3 there may be only one.",
    [PK_ISSUE_V3_SIG_PAST_SIGNERS_MISMATCH] =
        "The older schemes' signer is neither scheme v3's nor the first of its lineage.",
    [PK_ISSUE_V3_SIG_UNKNOWN_SIG_ALGORITHM] = "A signer of scheme v3 also signed in a way that nobody knows.",
    [PK_ISSUE_V3_SIG_UNKNOWN_ADDITIONAL_ATTRIBUTE] =
        "A signer of scheme v3 has an attribute that nobody knows.",
    [PK_ISSUE_V3_SIG_VERIFY_EXCEPTION] = "A signature of scheme v3 cannot be checked at all.",
    [PK_ISSUE_V3_SIG_INVALID_SDK_VERSIONS] = "A signer of scheme v3 is for an impossible range of platforms.",
    [PK_ISSUE_V3_SIG_DID_NOT_VERIFY] = "A signature of scheme v3 does not fit what it signs.",
    [PK_ISSUE_V3_SIG_NO_SIGNATURES] = "A signer of scheme v3 signed nothing.",
    [PK_ISSUE_V3_SIG_NO_SUPPORTED_SIGNATURES] =
        "A signer of scheme v3 has no signature that every platform in question can check.",
    [PK_ISSUE_V3_SIG_NO_CERTIFICATES] = "A signer of scheme v3 has no certificate.",
    [PK_ISSUE_V3_MIN_SDK_VERSION_MISMATCH_BETWEEN_SIGNER_AND_SIGNED_DATA_RECORD] =
        "The first platform that a signer is for is not the one that it signed.",
    [PK_ISSUE_V3_MAX_SDK_VERSION_MISMATCH_BETWEEN_SIGNER_AND_SIGNED_DATA_RECORD] =
        "The last platform that a signer is for is not the one that it signed.",
    [PK_ISSUE_V3_SIG_PUBLIC_KEY_MISMATCH_BETWEEN_CERTIFICATE_AND_SIGNATURES_RECORD] =
        "A signer's certificate has another key than the one that signed (scheme v3).",
    [PK_ISSUE_V3_SIG_SIG_ALG_MISMATCH_BETWEEN_SIGNATURES_AND_DIGESTS_RECORDS] =
        "A signer's digests and signatures are not of the same kinds (scheme v3).",
    [PK_ISSUE_V3_SIG_APK_DIGEST_DID_NOT_VERIFY] = "The file was changed after it was signed (scheme v3).",
    [PK_ISSUE_V3_SIG_POR_DID_NOT_VERIFY] = "A certificate in the lineage is not signed by the one before it.",
    [PK_ISSUE_V3_SIG_MALFORMED_LINEAGE] = "The lineage of certificates cannot be read.",
    [PK_ISSUE_V3_SIG_POR_CERT_MISMATCH] = "The lineage of certificates does not end with the signer's.",
    [PK_ISSUE_V3_INCONSISTENT_SDK_VERSIONS] =
        "The ranges of platforms that the signers are for leave a gap or overlap.",
    [PK_ISSUE_V3_MISSING_SDK_VERSIONS] = "No signer of scheme v3 is for some of the platforms in question.",
    [PK_ISSUE_V3_INCONSISTENT_LINEAGES] = "The signers' lineages of certificates do not belong together.",
    [PK_ISSUE_V31_BLOCK_MISSING] =
        "The signer of scheme v3 says that v3.1 was used, too, but its signature is gone.",
    [PK_ISSUE_V31_ROTATION_MIN_SDK_MISMATCH] =
        "Schemes v3 and v3.1 disagree from which platform on the new key counts.",
    [PK_ISSUE_V31_ROTATION_MIN_SDK_ATTR_MISSING] =
        "Scheme v3 does not say that v3.1 was used, so that it could be taken away unnoticed.",
    [PK_ISSUE_V31_BLOCK_FOUND_WITHOUT_V3_BLOCK] = "There is a signature of scheme v3.1, but none of v3.",
    [PK_ISSUE_V31_ROTATION_TARGETS_DEV_RELEASE_ATTR_ON_V3_SIGNER] =
        "A signer of scheme v3 is marked for a platform under development, which only v3.1 may be.",
    [PK_ISSUE_APK_SIG_BLOCK_UNKNOWN_ENTRY_ID] = "The signing block has a part that nobody knows.",
    [PK_ISSUE_V4_SIG_MALFORMED_SIGNERS] = "The signature file of scheme v4 cannot be read.",
    [PK_ISSUE_V4_SIG_UNKNOWN_SIG_ALGORITHM] = "The signature of scheme v4 is of a kind that nobody knows.",
    [PK_ISSUE_V4_SIG_NO_SIGNATURES] = "The file of scheme v4 has no signature.",
    [PK_ISSUE_V4_SIG_NO_SUPPORTED_SIGNATURES] = "The file of scheme v4 has no signature that can be checked.",
    [PK_ISSUE_V4_SIG_DID_NOT_VERIFY] = "The signature of scheme v4 does not fit what it signs.",
    [PK_ISSUE_V4_SIG_VERIFY_EXCEPTION] = "The signature of scheme v4 cannot be checked at all.",
    [PK_ISSUE_V4_SIG_MALFORMED_PUBLIC_KEY] =
        "The public key of scheme v4 cannot be read or is of another kind than its signature.",
    [PK_ISSUE_V4_SIG_MALFORMED_CERTIFICATE] = "The certificate of scheme v4 cannot be read.",
    [PK_ISSUE_V4_SIG_NO_CERTIFICATE] = "The signature of scheme v4 has no certificate.",
    [PK_ISSUE_V4_SIG_PUBLIC_KEY_MISMATCH_BETWEEN_CERTIFICATE_AND_SIGNATURES_RECORD] =
        "The certificate of scheme v4 has another key than the one that signed.",
    [PK_ISSUE_V4_SIG_APK_ROOT_DID_NOT_VERIFY] =
        "The file was changed after it was signed (scheme v4), or the signature is of another file.",
    [PK_ISSUE_V4_SIG_APK_TREE_DID_NOT_VERIFY] = "The signature file's hash tree is not that of the app.",
    [PK_ISSUE_V4_SIG_MULTIPLE_SIGNERS] =
        "Scheme v4 and the other schemes do not have the same number of signers.",
    [PK_ISSUE_V4_SIG_V2_V3_SIGNERS_MISMATCH] =
        "Scheme v4 is signed by another certificate than the other schemes.",
    [PK_ISSUE_V4_SIG_V2_V3_DIGESTS_MISMATCH] =
        "Scheme v4 carries another digest of the app than the other schemes.",
    [PK_ISSUE_V4_SIG_VERSION_NOT_CURRENT] = "The signature file of scheme v4 is of an unknown version.",
    [PK_ISSUE_SOURCE_STAMP_CERT_DIGEST_AND_SIG_BLOCK_MISSING] = "There is no source stamp.",
    [PK_ISSUE_SOURCE_STAMP_SIG_MISSING] =
        "The app names a source stamp's certificate, but the stamp is missing.",
    [PK_ISSUE_SOURCE_STAMP_MALFORMED_CERTIFICATE] = "The source stamp's certificate cannot be read.",
    [PK_ISSUE_SOURCE_STAMP_MALFORMED_SIGNATURE] = "The source stamp cannot be read.",
    [PK_ISSUE_SOURCE_STAMP_UNKNOWN_SIG_ALGORITHM] =
        "The source stamp is also signed in a way that nobody knows.",
    [PK_ISSUE_SOURCE_STAMP_VERIFY_EXCEPTION] = "The source stamp's signature cannot be checked at all.",
    [PK_ISSUE_SOURCE_STAMP_DID_NOT_VERIFY] = "The source stamp's signature does not fit the app.",
    [PK_ISSUE_SOURCE_STAMP_NO_SIGNATURE] = "The source stamp does not cover all of the app's signatures.",
    [PK_ISSUE_SOURCE_STAMP_NO_SUPPORTED_SIGNATURE] =
        "The source stamp has no signature that every platform in question can check.",
    [PK_ISSUE_SOURCE_STAMP_CERTIFICATE_MISMATCH_BETWEEN_SIGNATURE_BLOCK_AND_APK] =
        "The source stamp is of another certificate than the one that the app names.",
    [PK_ISSUE_SOURCE_STAMP_SIGNATURE_BLOCK_WITHOUT_CERT_DIGEST] =
        "There is a source stamp, but the app does not name its certificate.",
    [PK_ISSUE_SOURCE_STAMP_EXPECTED_DIGEST_MISMATCH] =
        "The source stamp is of another certificate than the expected one.",
    [PK_ISSUE_SOURCE_STAMP_MALFORMED_ATTRIBUTE] = "An attribute of the source stamp cannot be read.",
    [PK_ISSUE_SOURCE_STAMP_UNKNOWN_ATTRIBUTE] = "The source stamp has an attribute that nobody knows.",
    [PK_ISSUE_SOURCE_STAMP_MALFORMED_LINEAGE] = "The source stamp's lineage of certificates cannot be read.",
    [PK_ISSUE_SOURCE_STAMP_POR_CERT_MISMATCH] =
        "The source stamp's lineage does not end with its certificate.",
    [PK_ISSUE_SOURCE_STAMP_POR_DID_NOT_VERIFY] =
        "A certificate in the source stamp's lineage is not signed by the one before it.",
    [PK_ISSUE_SOURCE_STAMP_INVALID_TIMESTAMP] = "The source stamp has an impossible time.",
    [PK_ISSUE_MALFORMED_APK] = "The file is not an app that Android could read.",
    [PK_ISSUE_UNEXPECTED_EXCEPTION] = "The signatures cannot be checked for the platforms in question.",
};
/* clang-format on */

const char *pk_apksig_issue_name(enum pk_apksig_issue issue)
{
    return (unsigned)issue < PK_ISSUE_COUNT ? names[issue] : "";
}

const char *pk_apksig_issue_text(enum pk_apksig_issue issue)
{
    return (unsigned)issue < PK_ISSUE_COUNT ? texts[issue] : "";
}
