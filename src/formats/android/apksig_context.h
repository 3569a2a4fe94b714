/* apksig_context.h - what the files behind apksig.h share: one verification under way. Only apksig*.c
 * files include this. */
#pragma once

#include "formats/android/apksig.h"

/* Levels at which the answer changes. */
enum pk_apksig_sdk {
    PK_APKSIG_SDK_N = 24,              /* v2 */
    PK_APKSIG_SDK_O = 26,              /* sandbox version 2 */
    PK_APKSIG_SDK_P = 28,              /* v3 */
    PK_APKSIG_SDK_R = 30,              /* v4; target level 30 needs v2 */
    PK_APKSIG_SDK_T = 33,              /* v3.1 */
    PK_APKSIG_SDK_DEVELOPMENT = 10000, /* a platform that has no level yet */
};

#define PK_APKSIG_STAMP (~0U) /* as the scheme of an issue: of the SourceStamp */

/* What may be said and named before the rest is cut: apksig has no such limit, reports do. */
#define PK_APKSIG_ISSUES_MAX  256
#define PK_APKSIG_SIGNERS_MAX 64
#define PK_APKSIG_ERRORS_MIN  64 /* of the issues, kept free of warnings */

/* A list in the arena that grows; used for issues and signers. */
struct pk_apksig_context {
    const struct pk_apksig_input *in;
    struct pk_arena *arena;
    struct pk_anomalies *anomalies;
    struct pk_apksig_result *out;
    int min_sdk; /* effective: of the input, else of the manifest */
    int max_sdk;
    size_t issues_cap; /* slots of out->met.items */
    size_t signers_cap;
    size_t errors; /* said so far */
    int rc;        /* PK_ENOMEM once memory ran short; sticky */
};

/* Says an issue; the format speaks details ("signer 1", "entry 'x'"), "" for none. */
void pk_apksig_error(struct pk_apksig_context *ctx, unsigned scheme, enum pk_apksig_issue issue,
        const char *format, ...) PK_PRINTF(4, 5);
void pk_apksig_warning(struct pk_apksig_context *ctx, unsigned scheme, enum pk_apksig_issue issue,
        const char *format, ...) PK_PRINTF(4, 5);

/* Makes room for one more item of the size; the list grows up to max. NULL: it is full, or memory ran
 * short (ctx->rc). The items move, so pointers to them are good until the next call. */
void *pk_apksig_list_add(
        struct pk_apksig_context *ctx, struct pk_array *list, size_t *cap, size_t max, size_t size);

/* Adds to out->all_signers. NULL when the list or memory is full (ctx->rc says which). */
struct pk_apksig_signer *pk_apksig_add_signer(struct pk_apksig_context *ctx, unsigned scheme);

/* JAR signatures (V1SchemeVerifier). found: enum pk_apksig_scheme bits of blocks that were found, for
 * the check of stripping. Says issues, adds signers, and sets PK_APKSIG_V1 in out->schemes when no error
 * was said. Called only when a platform of ctx's range would look at them. */
void pk_apksig_v1_verify(struct pk_apksig_context *ctx, unsigned found);

/* SHA-256 of META-INF/MANIFEST.MF's plain bytes: v1's content digest for the SourceStamp. False when
 * there is none. */
bool pk_apksig_v1_content_digest(struct pk_apksig_context *ctx, uint8_t out[32]);
