#include "scan/inspect_apk.h"

#include "formats/android/arsc.h"

#define MAPPED_TABLE_SDK 30
/* From this level on signing blocks are looked at before JAR signatures. */
#define BLOCKS_SDK 24
/* File and kept entries together: with the largest DEX on top a scan stays below 48 MiB. */
#define KEEP_MAX (24UL * 1024 * 1024)

/* How much the directory claims that all entries are when unpacked. */
static int64_t claimed_size(const struct pk_zip *zip)
{
    int64_t sum = 0;

    for (size_t i = 0; i < zip->count; i++) {
        sum += zip->entries[i].plain_size;
    }
    return sum;
}

/* From target level 30 on the platform maps the table and so wants it stored, at a multiple of four. */
static void check_table_place(
        struct pk_inspect_context *ctx, const struct pk_zip *zip, const struct pk_zip_entry *entry)
{
    if (pk_zip_is_deflated(entry)) {
        pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_ARSC_COMPRESSED, "it is deflated");
    } else if (entry->data.ptr != NULL && (entry->data.ptr - zip->file.ptr) % 4 != 0) {
        pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_ARSC_COMPRESSED, "it begins at offset %zu",
                (size_t)(entry->data.ptr - zip->file.ptr));
    }
}

/* The resource table, for names, labels and the icon. Apps without one are fine. A table that does not fit
 * beside the code is gone after the manifest: *bytes is then the caller's to release. */
static const struct pk_arsc *open_table(struct pk_inspect_context *ctx, struct pk_zip *zip,
        struct pk_inspect_code *code, struct pk_zip_bytes *bytes)
{
    const struct pk_zip_entry *entry = pk_zip_find(zip, "resources.arsc");
    struct pk_arsc *table = NULL;
    struct pk_error err = { 0 };
    int rc = entry == NULL ? PK_ENOENT : pk_zip_read(zip, entry, bytes, &err);

    if (rc == PK_OK) {
        rc = pk_arsc_open(bytes->bytes, ctx->work, &ctx->anomalies, &table, &err);
    }
    (void)pk_inspect_full(ctx, rc, "the resource table");
    if (rc == PK_OK && pk_inspect_hold(ctx, code, bytes)) {
        code->resources = table;
        code->table = bytes->bytes;
        *bytes = (struct pk_zip_bytes){ 0 };
    }
    return rc == PK_OK ? table : NULL;
}

/* A JAR signature that some level of the range looks at: every entry is inflated for its digest. */
static bool wants_jar_digests(
        const struct pk_inspect_context *ctx, const struct pk_zip *zip, struct pk_slice xml)
{
    int min_sdk = ctx->options->min_sdk;

    if (pk_zip_find(zip, "META-INF/MANIFEST.MF") == NULL) {
        return false;
    }
    if (min_sdk == 0 && pk_manifest_apksig_min_sdk(xml, ctx->work, &min_sdk, NULL) < 0) {
        return false;
    }
    return min_sdk < BLOCKS_SDK;
}

/* Reads AndroidManifest.xml into the report; *xml is the caller's to release. False: it cannot be read. */
static bool read_manifest(struct pk_inspect_context *ctx, struct pk_zip *zip,
        struct pk_inspect_code *code, struct pk_zip_bytes *xml, struct pk_manifest *manifest)
{
    const struct pk_zip_entry *entry = pk_zip_find(zip, "AndroidManifest.xml");
    struct pk_zip_bytes table_bytes = { 0 };
    struct pk_error err = { 0 };
    int rc = entry == NULL ? PK_ENOENT : pk_zip_read(zip, entry, xml, &err);

    if (rc == PK_OK && wants_jar_digests(ctx, zip, xml->bytes)) {
        pk_zip_keep(zip, zip->file.len < KEEP_MAX ? KEEP_MAX - zip->file.len : 0);
    }
    if (rc == PK_OK) {
        const struct pk_arsc *table = open_table(ctx, zip, code, &table_bytes);

        rc = pk_manifest_parse(xml->bytes, table, ctx->work, &ctx->anomalies, manifest, &err);
        if (rc == PK_OK) {
            pk_inspect_manifest(ctx, manifest);
            rc = pk_inspect_document(ctx, xml->bytes);
        }
        if (rc == PK_OK && table != NULL && manifest->target_sdk >= MAPPED_TABLE_SDK) {
            check_table_place(ctx, zip, pk_zip_find(zip, "resources.arsc"));
        }
        pk_zip_release(&table_bytes);
    }
    if (rc == PK_OK) {
        return true;
    }
    if (rc == PK_ENOENT) {
        pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_APK_MISSING_MANIFEST, "no such entry");
        pk_inspect_refuse(ctx, "No device can install this app: it has no AndroidManifest.xml");
        return false;
    }
    (void)pk_inspect_full(ctx, rc, "the manifest");
    pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_APK_MISSING_MANIFEST, "%s", err.text);
    pk_inspect_refuse(
            ctx, "No device can install this app: its manifest cannot be read (%s)", err.text);
    return false;
}

void pk_inspect_apk(struct pk_inspect_context *ctx, struct pk_zip *zip)
{
    struct pk_inspect_seen seen = { 0 };
    struct pk_inspect_code code = { 0 };
    struct pk_zip_bytes xml = { 0 };
    struct pk_manifest manifest;
    bool readable;

    ctx->out->entries = (int64_t)zip->count;
    ctx->out->inflated = claimed_size(zip);
    seen.entries = pk_arena_alloc(ctx->work, zip->count + 1, sizeof(*seen.entries));
    if (seen.entries == NULL) {
        (void)pk_inspect_full(ctx, PK_ENOMEM, "the directory");
        pk_inspect_refuse(ctx, "The archive needs more memory than a scan may have");
        return;
    }
    readable = read_manifest(ctx, zip, &code, &xml, &manifest);
    pk_inspect_dex_entries(ctx, zip, &seen, &code);
    pk_inspect_native_entries(ctx, zip, &seen, &code);
    pk_inspect_signature(ctx, zip, xml.bytes);
    pk_zip_release(&xml);
    pk_inspect_hidden_entries(ctx, zip, &seen);
    pk_inspect_judge(ctx, &code, zip, readable ? &manifest : NULL);
    pk_inspect_code_release(&code);
}
