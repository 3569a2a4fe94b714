#include <stdio.h>

#include "formats/android/dex.h"
#include "formats/limits.h"
#include "scan/inspect_apk.h"

/* Rows of the report; a container can hold many logical DEX files. */
struct rows {
    struct pk_inspect_context *ctx;
    struct pk_app_dex *items;
    size_t count;
    size_t cap;
    size_t opened; /* logical DEX files so far, of all entries */
    struct pk_inspect_code *code;
};

static void add_row(struct rows *rows, const struct pk_dex *dex, const char *name,
        const struct pk_dex_totals *totals)
{
    if (rows->count == PK_INSPECT_ROWS_MAX) {
        return;
    }
    if (rows->count == rows->cap) {
        size_t cap = rows->cap == 0 ? 8 : rows->cap * 2;
        struct pk_app_dex *items = pk_inspect_alloc(rows->ctx, cap, sizeof(*items));

        if (items == NULL) {
            return;
        }
        if (rows->count > 0) {
            memcpy(items, rows->items, rows->count * sizeof(*items));
        }
        rows->items = items;
        rows->cap = cap;
    }
    rows->items[rows->count++] = (struct pk_app_dex){
        .file = pk_inspect_keep(rows->ctx, name),
        .version = dex->version,
        .strings = dex->string_count,
        .types = dex->type_count,
        .protos = dex->proto_count,
        .fields = dex->field_count,
        .methods = dex->method_count,
        .classes = dex->class_count,
        .code_units = (int64_t)totals->code_units,
        .invokes = (int64_t)totals->invokes,
    };
}

/* Reads every logical DEX of the bytes. PK_OK when there was at least one and none was refused; a refused
 * one that begins like a DEX is an anomaly already. */
static int read_dex(
        struct rows *rows, struct pk_slice bytes, bool held, const char *name, struct pk_error *err)
{
    size_t offset = 0;
    int rc = PK_OK;

    for (;;) {
        struct pk_app_reflection reflection = { 0 };
        struct pk_dex_visitor visitor = { 0 };
        struct pk_dex_totals totals = { 0 };
        struct pk_dex_calls calls = { .max = held ? pk_inspect_record_max(rows->code) : 0 };
        struct pk_dex dex;
        bool watched;

        if (rows->opened >= PK_DEX_FILES_MAX && offset < bytes.len) {
            pk_anomaly_add(&rows->ctx->anomalies, PK_ANOMALY_LIMIT_DEX_FILES,
                    "'%s': more than %lu in all", name, PK_DEX_FILES_MAX);
            return PK_OK;
        }
        rc = pk_dex_open(bytes, &offset, name, &rows->ctx->anomalies, &dex, err);
        if (rc < 0) {
            return rc == PK_ENOENT ? PK_OK : rc; /* the first one is never absent */
        }
        pk_dex_check_sums(&dex);
        pk_dex_check_ids(&dex);
        watched = !rows->ctx->options->structure_only &&
                pk_app_reflection_watch(&dex, &reflection, &visitor);
        pk_dex_walk_calls(&dex, watched ? &visitor : NULL, &totals, held ? &calls : NULL);
        rows->code->native_methods += (int64_t)totals.native_methods;
        rows->code->reflection += reflection.count;
        add_row(rows, &dex, name, &totals);
        rows->opened++;
        if (held) {
            pk_inspect_keep_dex(rows->ctx, rows->code, &dex, &calls);
        }
    }
}

/* "classes.dex", "classes2.dex" ...: what the platform loads, in its order, up to the first gap. */
static const struct pk_zip_entry *nth_dex(const struct pk_zip *zip, size_t n)
{
    char name[32];

    if (n == 1) {
        return pk_zip_find(zip, "classes.dex");
    }
    (void)snprintf(name, sizeof(name), "classes%zu.dex", n);
    return pk_zip_find(zip, name);
}

static void read_entry(struct rows *rows, struct pk_zip *zip, const struct pk_zip_entry *entry)
{
    struct pk_inspect_context *ctx = rows->ctx;
    const char *name = pk_inspect_keep_bytes(ctx, entry->name);
    struct pk_zip_bytes bytes = { 0 };
    struct pk_error err = { 0 };
    int rc = pk_zip_read(zip, entry, &bytes, &err);

    if (rc < 0) {
        if (!pk_inspect_full(ctx, rc, name)) {
            pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_DEX_MALFORMED, "'%s': %s", name, err.text);
        }
    } else if (!pk_dex_magic(bytes.bytes)) {
        pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_DEX_FAKE, "'%s' does not begin as a DEX", name);
    } else {
        bool held = pk_inspect_hold(ctx, rows->code, &bytes);

        (void)read_dex(rows, bytes.bytes, held, name, &err);
        if (held) {
            return;
        }
    }
    pk_zip_release(&bytes);
}

void pk_inspect_dex_entries(struct pk_inspect_context *ctx, struct pk_zip *zip,
        struct pk_inspect_seen *seen, struct pk_inspect_code *code)
{
    struct rows rows = { .ctx = ctx, .code = code };
    const struct pk_zip_entry *entry;
    size_t n = 1;

    for (entry = nth_dex(zip, n); entry != NULL && n <= PK_DEX_FILES_MAX;
            entry = nth_dex(zip, ++n)) {
        read_entry(&rows, zip, entry);
        seen->entries[entry - zip->entries] = true;
    }
    for (; entry != NULL; entry = nth_dex(zip, ++n)) {
        pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_LIMIT_DEX_FILES, "classes%zu.dex", n);
        seen->entries[entry - zip->entries] = true;
    }
    ctx->out->dex_files = (int64_t)(n - 1);
    ctx->out->dex = (struct pk_array){ .items = rows.items, .count = rows.count };
}

void pk_inspect_dex_file(struct pk_inspect_context *ctx)
{
    struct pk_inspect_code code = { 0 };
    struct rows rows = { .ctx = ctx, .code = &code };
    struct pk_error err = { 0 };
    int rc = read_dex(&rows, ctx->file, true, "the file", &err);

    ctx->out->dex = (struct pk_array){ .items = rows.items, .count = rows.count };
    ctx->out->dex_files = 1;
    if (rc < 0) {
        pk_inspect_refuse(ctx, "No device can load this DEX: %s", err.text);
    }
    pk_inspect_judge(ctx, &code, NULL, NULL);
    pk_inspect_code_release(&code);
}
