/* inspect_code.h - the code of an app, held from its reading until the judges of content are done. Only
 * inspect_*.c files include this. */
#pragma once

#include "defense/malware/app.h"
#include "scan/inspect_context.h"

struct pk_inspect_code {
    struct pk_dex *dex; /* every logical DEX that was opened */
    size_t dex_count, dex_cap;
    struct pk_dex_calls *calls; /* of each */
    size_t call_cap;
    size_t recorded;           /* bodies and calls so far */
    struct pk_zip_bytes *held; /* their bytes, where they were inflated */
    size_t held_count, held_cap;
    size_t held_bytes;
    bool cut; /* a DEX did not fit */

    struct pk_app_code_library *libraries; /* room for PK_INSPECT_ROWS_MAX */
    struct pk_arena **arenas;              /* of their names, one each */
    size_t library_count;

    const struct pk_arsc *resources; /* of the APK; its bytes are held */
    struct pk_slice table;
    struct pk_app_notes *notes; /* of native libraries */
    int64_t native_methods;
    int64_t reflection;
};

/* Takes the bytes over, so that DEX files in them can be kept; false: they do not fit, and stay the
 * caller's. */
bool pk_inspect_hold(
        struct pk_inspect_context *ctx, struct pk_inspect_code *code, struct pk_zip_bytes *bytes);
/* What the walk over the next DEX may record; 0 when it is not held. */
size_t pk_inspect_record_max(const struct pk_inspect_code *code);
/* Keeps an open DEX whose bytes are held; its calls are taken over. */
void pk_inspect_keep_dex(struct pk_inspect_context *ctx, struct pk_inspect_code *code,
        const struct pk_dex *dex, struct pk_dex_calls *calls);
/* Keeps a library; the arena, in which its names live, is taken over. False: there is no room. */
bool pk_inspect_keep_library(struct pk_inspect_context *ctx, struct pk_inspect_code *code,
        const struct pk_app_code_library *library, struct pk_arena *arena);
void pk_inspect_code_release(struct pk_inspect_code *code);

/* The same for a file that is one library or program: what it imports and exports is its code. */
void pk_inspect_judge_names(struct pk_inspect_context *ctx, const char *file,
        const struct pk_strings *imports, const struct pk_strings *exports);

/* Asks all judges of content; their findings go to ctx->opinion. zip and manifest may be NULL. */
void pk_inspect_judge(struct pk_inspect_context *ctx, struct pk_inspect_code *code,
        struct pk_zip *zip, const struct pk_manifest *manifest);
