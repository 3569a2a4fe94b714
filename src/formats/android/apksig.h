/* apksig.h - is this APK signed, by whom, and would every platform of a range of levels agree?
 *
 * The answer is that of AOSP tools/apksig (ApkVerifier), issue names included: JAR signatures (v1),
 * APK Signature Scheme v2, v3, v3.1, v4 (.idsig beside the APK), SourceStamp, lineage and rotation,
 * stripping protection. Sources: source.android.com/docs/security/features/apksigning;
 * tools/apksig as of Android 14. apksig_issue.h lists every issue. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/schema.h" /* struct pk_array */
#include "base/slice.h"
#include "formats/android/apksig_issue.h"
#include "formats/anomaly.h"
#include "formats/cert.h"
#include "formats/zip.h"

#define PK_APKSIG_SDK_MAX 0x7fffffff /* "and every later platform" */

enum pk_apksig_scheme {
    PK_APKSIG_V1 = 1U << 0,
    PK_APKSIG_V2 = 1U << 1,
    PK_APKSIG_V3 = 1U << 2,
    PK_APKSIG_V31 = 1U << 3,
    PK_APKSIG_V4 = 1U << 4,
};

enum pk_apksig_stamp {
    PK_STAMP_ABSENT,        /* apksig: STAMP_MISSING */
    PK_STAMP_NOT_VERIFIED,  /* STAMP_NOT_VERIFIED: a digest in the APK, but no stamp block */
    PK_STAMP_FAILED,        /* STAMP_VERIFICATION_FAILED */
    PK_STAMP_CERT_MISMATCH, /* CERT_DIGEST_MISMATCH: not the expected one */
    PK_STAMP_VERIFIED,      /* STAMP_VERIFIED */
    PK_STAMP_ERROR,         /* VERIFICATION_ERROR: the APK itself cannot be read */
};

struct pk_apksig_input {
    struct pk_zip *zip;       /* with the file */
    struct pk_slice manifest; /* plain bytes of AndroidManifest.xml; ptr NULL when there is none */
    int min_sdk;              /* 0: what the manifest says */
    int max_sdk;              /* 0: PK_APKSIG_SDK_MAX */
    struct pk_slice idsig;    /* the .idsig file; ptr NULL when there is none */
    const char *stamp_cert;   /* expected SHA-256 of the stamp's certificate, hex; NULL: any */
};

struct pk_apksig_issue_met {
    enum pk_apksig_issue issue;
    bool error;          /* else a warning */
    unsigned scheme;     /* enum pk_apksig_scheme; 0: the APK as a whole; SourceStamp: ~0U */
    const char *details; /* clean text: signer, entry, numbers; "" */
};

struct pk_apksig_signer {
    unsigned scheme;
    struct pk_cert cert;     /* of the signer itself */
    struct pk_array lineage; /* struct pk_cert, oldest first, the signer last; empty: no rotation */
    int min_sdk;             /* v3, v3.1: the range that the signer is for; 0: all */
    int max_sdk;
};

struct pk_apksig_result {
    bool verified;
    unsigned schemes;    /* verified with: enum pk_apksig_scheme bits */
    unsigned found;      /* blocks or files of the scheme are there, verified or not */
    struct pk_array met; /* struct pk_apksig_issue_met, in apksig's order */
    /* The signers that count: those of the newest scheme that the platform looks at within the range.
     * A certificate in META-INF that no platform of the range looks at is not here. Of v3 and v3.1, which
     * have one for each range of platforms, it is the last one, as apksigner names it. When verified is
     * false they are what the file claims, no more. */
    struct pk_array signers; /* struct pk_apksig_signer */
    /* All signers that were looked at, with their schemes (v1 beside v2, v3 beside v3.1). */
    struct pk_array all_signers; /* struct pk_apksig_signer */
    enum pk_apksig_stamp stamp;
    struct pk_cert *stamp_cert; /* NULL: none */
    int64_t stamp_time;         /* seconds since 1970; 0: none */
    int rotation_min_sdk;       /* v3.1's targeted level (10000 for a development release); 0 */
    bool format_error;          /* apksig throws ApkFormatException: *format_text says why */
    const char *format_text;
};

/* Verifies. Fails only for PK_ENOMEM: everything else is in *out. */
PK_MUST_USE int pk_apksig_verify(const struct pk_apksig_input *in, struct pk_arena *arena,
        struct pk_anomalies *anomalies, struct pk_apksig_result *out, struct pk_error *err);

/* "V2_SIG_DID_NOT_VERIFY", apksig's name of the issue. */
const char *pk_apksig_issue_name(enum pk_apksig_issue issue);
/* One sentence for people. */
const char *pk_apksig_issue_text(enum pk_apksig_issue issue);
