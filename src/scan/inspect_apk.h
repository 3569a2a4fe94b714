/* inspect_apk.h - the parts of an APK's inspection, one file each. Only inspect_*.c files include this. */
#pragma once

#include "formats/android/manifest.h"
#include "formats/zip.h"
#include "scan/inspect_code.h"
#include "scan/inspect_context.h"

/* The manifest's facts into the report. */
void pk_inspect_manifest(struct pk_inspect_context *ctx, const struct pk_manifest *manifest);

/* How a binary XML document looks, into the report; says no anomaly. PK_EMALF: it has no element. */
PK_MUST_USE int pk_inspect_document(struct pk_inspect_context *ctx, struct pk_slice xml);

/* Verifies the signature; manifest: the plain bytes of AndroidManifest.xml, empty when there is none. */
void pk_inspect_signature(
        struct pk_inspect_context *ctx, struct pk_zip *zip, struct pk_slice manifest);

/* The entries that the inspection read as what they are; what is left is peeked at for hidden code. */
struct pk_inspect_seen {
    bool *entries; /* by index in zip->entries */
};

/* All DEX files that the platform loads (classes.dex, classes2.dex ... without a gap), walked. */
void pk_inspect_dex_entries(struct pk_inspect_context *ctx, struct pk_zip *zip,
        struct pk_inspect_seen *seen, struct pk_inspect_code *code);
/* lib/ABI/NAME.so: headers and dynamic section of each. */
void pk_inspect_native_entries(struct pk_inspect_context *ctx, struct pk_zip *zip,
        struct pk_inspect_seen *seen, struct pk_inspect_code *code);
/* The first bytes of all other entries: archives and DEX files under any name. */
void pk_inspect_hidden_entries(
        struct pk_inspect_context *ctx, struct pk_zip *zip, const struct pk_inspect_seen *seen);
