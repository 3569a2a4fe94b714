/* apksig_v1_internal.h - what the files of the JAR signature scheme share. Only apksig_v1*.c include this.
 *
 * Names are compared as bytes. (apksig compares them as decoded text, which differs only for names that
 * are not UTF-8; the platform refuses those.) */
#pragma once

#include "base/buffer.h"
#include "formats/android/apksig_context.h"
#include "formats/cms.h"

#define PK_V1_SIGNERS_MAX 10 /* more are an error: JAR_SIG_MAX_SIGNATURES_EXCEEDED */

/* Platform levels where the rules changed. */
enum pk_v1_sdk {
    PK_SDK_GINGERBREAD = 9,
    PK_SDK_JELLY_BEAN_MR2 = 18,
    PK_SDK_KITKAT = 19,
    PK_SDK_N = 24,
    PK_SDK_P = 28,
};

/* Something said about one signer. It counts only once the signer does: apksig forgets what it said
 * about signers that Android ignores. */
struct pk_v1_note {
    struct pk_v1_note *next;
    enum pk_apksig_issue issue;
    bool error;
    const char *details;
};

/* The digests of a text that several signers may ask for. */
struct pk_v1_digests {
    struct pk_slice of;
    bool known[PK_HASH_COUNT];
    uint8_t value[PK_HASH_COUNT][PK_HASH_SIZE_MAX];
};

struct pk_v1_signer {
    size_t block_entry; /* .RSA, .DSA or .EC; index of the archive's entries */
    size_t file_entry;  /* .SF */
    struct pk_zip_bytes file;
    struct pk_v1_digests file_digests;
    struct pk_cert cert; /* set once the block verified */
    bool ignored;
    size_t errors;
    size_t note_count;
    struct pk_v1_note *notes; /* in order */
    struct pk_v1_note *last_note;
};

/* A manifest section of an entry; size 0: there is none. */
struct pk_v1_section {
    uint32_t start;
    uint32_t size;
};

struct pk_v1 {
    struct pk_apksig_context *ctx;
    struct pk_zip *zip;
    unsigned found; /* enum pk_apksig_scheme bits */
    size_t errors;  /* said, of the archive as a whole and of signers that count */
    bool stopped;   /* apksig throws here: the archive is malformed */

    size_t manifest_entry;
    struct pk_zip_bytes manifest;
    struct pk_v1_digests manifest_digests;
    struct pk_v1_digests main_digests; /* of its main section */
    struct pk_v1_section *sections;    /* one an entry */
    uint16_t *named_by;                /* one an entry: bits of the signers whose .SF names it */
    struct pk_v1_signer signers[PK_V1_SIGNERS_MAX];
    size_t signer_count;
    struct pk_buffer joined; /* scratch for jar_manifest.h */
    EVP_MD_CTX *md[2];       /* scratch of the entries' digests */
};

/* --- apksig_v1.c: saying things. name is an entry's, may be empty; text follows it. */
void pk_v1_error(
        struct pk_v1 *v, enum pk_apksig_issue issue, struct pk_slice name, const char *text);
void pk_v1_warning(
        struct pk_v1 *v, enum pk_apksig_issue issue, struct pk_slice name, const char *text);
void pk_v1_note(struct pk_v1 *v, struct pk_v1_signer *signer, bool error,
        enum pk_apksig_issue issue, struct pk_slice name, const char *text);
/* Reads a file of META-INF. False: the archive is malformed (v->stopped) or memory is short. */
bool pk_v1_read(struct pk_v1 *v, size_t entry, struct pk_zip_bytes *out);
/* The archive is malformed at this entry, as apksig sees it. rc PK_ENOMEM: memory is short. */
void pk_v1_stop(struct pk_v1 *v, size_t entry, int rc, const struct pk_error *err);
/* False: apksig does not read this entry, because its local header disagrees with the directory. */
bool pk_v1_is_readable(struct pk_v1 *v, size_t entry);
static inline bool pk_v1_goes_on(const struct pk_v1 *v)
{
    return !v->stopped && v->ctx->rc == PK_OK;
}

/* --- apksig_v1_algs.c: true when every platform of min..max takes this pair; else *levels (in the arena,
 * "18-20, 24+") says which do not. */
bool pk_v1_algorithms_fit(const struct pk_v1 *v, const char *digest_oid, const char *signature_oid,
        const char **levels);

/* --- apksig_v1_block.c: the signature block against the signature file. Sets signer->cert. */
void pk_v1_verify_block(struct pk_v1 *v, struct pk_v1_signer *signer);

/* --- apksig_v1_digests.c */
struct pk_v1_expected {
    enum pk_hash hash;
    size_t len; /* 0: not base64, so nothing is equal to it */
    uint8_t value[PK_HASH_SIZE_MAX];
};
/* The digests of a section that platforms of min..max look at, at most two; returns how many. suffix:
 * "-Digest", "-Digest-Manifest", ... */
size_t pk_v1_expected_digests(
        struct pk_v1 *v, struct pk_slice section, const char *suffix, struct pk_v1_expected out[2]);
bool pk_v1_is_expected(const struct pk_v1_expected *expected, const uint8_t *actual);
/* The digest of d->of, made once. */
const uint8_t *pk_v1_digest(struct pk_v1_digests *d, enum pk_hash hash);

/* --- apksig_v1_file.c: the signature file against the manifest. */
void pk_v1_verify_file(struct pk_v1 *v, struct pk_v1_signer *signer);

/* --- apksig_v1_manifest.c: the manifest's sections into v->sections. */
void pk_v1_index_manifest(struct pk_v1 *v);

/* --- apksig_v1_entries.c: the entries against the manifest. Returns the bits of the signers that signed
 * them all; 0 with an error said. */
unsigned pk_v1_verify_entries(struct pk_v1 *v);
