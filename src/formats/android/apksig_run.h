/* apksig_run.h - one verification of the schemes v2, v3, v3.1, v4 and of the SourceStamp. Only apksig*.c
 * files include this. */
#pragma once

#include "base/reader.h"
#include "formats/android/apksig_algorithm.h"

/* One signer of a signing block. */
struct pk_apksig_party {
    unsigned index; /* from 0 */
    size_t errors;
    struct pk_slice signed_data;
    struct pk_array signatures; /* struct pk_apksig_entry */
    struct pk_array digests;    /* struct pk_apksig_entry; what the signer says of the content */
    struct pk_cert *cert;       /* its own, the first one; NULL: none was read */
    struct pk_array lineage;    /* struct pk_cert, oldest first */
    bool has_lineage;
    int min_sdk; /* v3, v3.1 */
    int max_sdk;
    bool dev_release;    /* v3.1: for a platform that has no number yet */
    bool says_rotation;  /* v3: says from which level on v3.1 must be there */
    unsigned referenced; /* v2: enum pk_apksig_scheme bits that it says were used, too */
};

/* What a scheme's block says. */
struct pk_apksig_scheme_result {
    bool parsed;
    bool complete; /* all signers could be read, whatever they say */
    bool verified;
    size_t errors;           /* while the signers were read */
    struct pk_array parties; /* struct pk_apksig_party */
    unsigned contents;       /* 1 << enum pk_apksig_content: digests with a signature that holds */
    struct pk_array lineage; /* struct pk_cert: that of all signers together */
    bool has_lineage;
    bool digest_mismatch;
};

struct pk_apksig_run {
    struct pk_apksig_context ctx; /* first */
    struct pk_apksig_block block;
    struct pk_apksig_digests *digests;
    size_t work_left; /* see PK_APKSIG_WORK_MAX */
    struct pk_apksig_scheme_result v31;
    struct pk_apksig_scheme_result v3;
    struct pk_apksig_scheme_result v2;
    struct pk_array v4; /* struct pk_apksig_v4_signer */
    size_t v4_cap;
    size_t v4_signer_errors; /* which apksig says, but does not count */
    bool has_stamp_block;
    struct pk_slice stamp_block;
};

struct pk_apksig_v4_signer {
    struct pk_cert cert;
    struct pk_slice apk_digest; /* of the scheme v3 or v2, as it claims */
};

/* A value with its u32 length in front. The reader's error is PK_EBOUNDS when the length is negative. */
struct pk_slice pk_apksig_prefixed(struct pk_reader *r);
/* Two numbers, the second one a length: u32 size, u32 id, u32 length, bytes. False: malformed. */
bool pk_apksig_read_entry(struct pk_reader *list, struct pk_apksig_entry *out);

#define PK_APKSIG_WORK_KEY 8UL /* for taking apart a key or a certificate */

/* Takes work from the budget. False: spent, and the caller gives up on what it wanted to do. */
bool pk_apksig_spend(struct pk_apksig_run *run, size_t work);

/* pk_apksig_check() within the budget: IMPOSSIBLE when it is spent. */
enum pk_apksig_check pk_apksig_run_check(struct pk_apksig_run *run, EVP_PKEY *key,
        const struct pk_apksig_algorithm *algorithm, struct pk_slice message,
        struct pk_slice signature);

/* A certificate whose identity is all of these bytes. False: it is none. */
bool pk_apksig_read_cert(struct pk_apksig_run *run, struct pk_slice bytes, struct pk_cert *out);

/* The SubjectPublicKeyInfo that the schemes write for this certificate is exactly these bytes. */
bool pk_apksig_same_key(const struct pk_cert *cert, struct pk_slice spki);

/* --- lineages (apksig_lineage.c) */

enum pk_apksig_lineage {
    PK_LINEAGE_HOLDS,
    PK_LINEAGE_MISMATCH,   /* of an unknown version, or empty */
    PK_LINEAGE_UNVERIFIED, /* a certificate is not signed by the one before, or comes twice */
    PK_LINEAGE_MALFORMED,
};

/* Reads a proof of rotation; *out are struct pk_cert, oldest first. Written only when it holds. */
enum pk_apksig_lineage pk_apksig_lineage_read(
        struct pk_apksig_run *run, struct pk_slice in, struct pk_array *out);
/* The place of the certificate, or list->count. */
size_t pk_apksig_lineage_find(const struct pk_array *list, const struct pk_cert *cert);
/* Joins b to *a when one continues the other. False when they do not belong together. */
bool pk_apksig_lineage_merge(
        struct pk_apksig_run *run, struct pk_array *a, const struct pk_array *b);

/* --- schemes */

/* v2. found: enum pk_apksig_scheme bits of newer schemes that are there. */
void pk_apksig_v2_parse(struct pk_apksig_run *run, struct pk_slice block, unsigned found,
        int min_sdk, int max_sdk, struct pk_apksig_scheme_result *out);
void pk_apksig_v2_verify(struct pk_apksig_run *run, struct pk_slice block, unsigned found);

/* v3 and v3.1. full: judge what a signer of v3 says of v3.1, too. */
struct pk_apksig_v3_want {
    unsigned scheme; /* PK_APKSIG_V3 or PK_APKSIG_V31 */
    int min_sdk;
    int max_sdk;
    int rotation_min_sdk; /* of v3.1's signers; 0: there is no v3.1 */
    bool full;
};
void pk_apksig_v3_parse(struct pk_apksig_run *run, struct pk_slice block,
        const struct pk_apksig_v3_want *want, struct pk_apksig_scheme_result *out);
void pk_apksig_v3_verify(struct pk_apksig_run *run, struct pk_slice block,
        const struct pk_apksig_v3_want *want, struct pk_apksig_scheme_result *out);

/* v4: the .idsig file beside the APK. False: it cannot be read at all. */
bool pk_apksig_v4_verify(struct pk_apksig_run *run);
/* Compares v4's signers with those of v3.1 and v3, or of v2. */
void pk_apksig_v4_compare(struct pk_apksig_run *run);

/* The SourceStamp as part of the APK's verification: warnings only. False: format error, said. */
bool pk_apksig_stamp_verify(struct pk_apksig_run *run, unsigned found);
/* The SourceStamp for itself: sets out->stamp, stamp_cert and stamp_time. */
void pk_apksig_stamp_judge(struct pk_apksig_run *run);
/* The APK cannot be read as apksig wants it: says so once. Returns false. */
bool pk_apksig_format_error(struct pk_apksig_run *run, const char *text);
