/* APKS, XAPK, APKM: several APKs in one archive. Each is inspected like an APK of its own, one level
 * deep; what all of them say together is the bundle's report. */
#include "base/crypt.h"
#include "formats/limits.h"
#include "formats/zip.h"
#include "scan/inspect_context.h"
#include "scan/inspect_kind.h"

struct bundle {
    struct pk_inspect_context *ctx;
    struct pk_app_part *parts;
    size_t count;
    size_t unverified;
    size_t refused; /* parts that are malformed */
    bool has_base;
    struct pk_app_report base; /* shallow: its texts live in the report's arena */
    struct pk_app_report all;  /* hosts, SDKs, libraries and packers of all parts */
};

/* Parts whose facts are put together; a bundle of one app has some 40. */
#define PARTS_MERGED_MAX 64U

static bool is_apk(struct pk_slice name)
{
    return name.len > 4 && memcmp(name.ptr + name.len - 4, ".apk", 4) == 0;
}

/* Findings of a part become the bundle's, with the part's name before the evidence. */
static void take_anomalies(
        struct pk_inspect_context *ctx, const char *name, const struct pk_anomalies *from)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct pk_anomaly *a = &from->items[i];

        pk_anomaly_add(&ctx->anomalies, a->id, "%.80s: %s", name, a->evidence);
    }
}

/* What the judges said of a part. */
static void take_opinion(
        struct pk_inspect_context *ctx, const char *name, const struct pk_app_opinion *from)
{
    struct pk_app_subject bundle = { .arena = ctx->arena };

    for (size_t i = 0; i < from->count && ctx->rc == PK_OK; i++) {
        const struct pk_app_finding *f = &from->items[i];
        const char *evidence = pk_arena_printf(ctx->arena, "%.80s: %s", name, f->evidence);
        const char **attack = pk_inspect_alloc(ctx, f->attack.count + 1, sizeof(*attack));

        if (evidence == NULL || attack == NULL) {
            ctx->rc = PK_ENOMEM;
            return;
        }
        if (f->attack.count > 0) {
            memcpy(attack, f->attack.items, f->attack.count * sizeof(*attack));
        }
        ctx->rc = pk_app_say(&bundle, &ctx->opinion,
                &(struct pk_app_says){ .id = f->id,
                        .severity = (enum pk_severity)f->severity,
                        .title = f->title,
                        .evidence = evidence,
                        .attack = attack,
                        .rule = f->rule,
                        .weight = (enum pk_app_weight)f->weight,
                        .confidence = f->confidence });
    }
}

static struct pk_strings signers_of(
        struct pk_inspect_context *ctx, const struct pk_app_signature *signature)
{
    const struct pk_app_signer *items = signature != NULL ? signature->signers.items : NULL;
    size_t count = signature != NULL ? signature->signers.count : 0;
    struct pk_strings out = { 0 };

    out.items = count > 0 ? pk_inspect_alloc(ctx, count, sizeof(*out.items)) : NULL;
    for (size_t i = 0; out.items != NULL && i < count; i++) {
        pk_inspect_push(&out, items[i].sha256);
    }
    return out;
}

static void add_part(struct bundle *b, const char *name, const char *sha256,
        const struct pk_app_report *report, bool refused)
{
    const struct pk_app_signature *signature = report->signature;

    b->parts[b->count++] = (struct pk_app_part){
        .file = name,
        .sha256 = sha256,
        .package = report->package,
        .split = report->split,
        .version_code = (int64_t)((uint64_t)report->version_code_major << 32 |
                (uint32_t)report->version_code),
        .verified = signature != NULL && signature->verified,
        .signers = signers_of(b->ctx, signature),
    };
    if (b->count <= PARTS_MERGED_MAX && pk_app_facts_merge(&b->all, report, b->ctx->arena) < 0) {
        b->ctx->rc = PK_ENOMEM;
    }
    b->unverified += signature == NULL || !signature->verified;
    b->refused += refused;
    /* The base is the part without a split name; a bundle for stores holds standalone APKs, which all
     * say the same about the app, so the first one counts. */
    if (!b->has_base && !refused && (report->split == NULL || report->split[0] == '\0')) {
        b->base = *report;
        b->has_base = true;
    }
}

/* One APK of the bundle, with readers' memory of its own. */
static void inspect_part(struct bundle *b, struct pk_slice bytes, const char *name)
{
    struct pk_inspect_context *ctx = b->ctx;
    struct pk_app_report report = { .size = (int64_t)bytes.len, .kind = PK_APP_APK };
    struct pk_inspect_context part = {
        .file = bytes,
        .options = ctx->options,
        .work = pk_arena_create(PK_SCAN_ARENA_MAX),
        .arena = ctx->arena,
        .out = &report,
        .depth = ctx->depth + 1,
    };
    char sha256[PK_SHA256_HEX];
    struct pk_error err = { 0 };
    struct pk_zip zip;
    int rc;

    if (part.work == NULL || pk_anomalies_init(&part.anomalies, part.work) < 0) {
        ctx->rc = PK_ENOMEM;
        pk_arena_destroy(part.work);
        return;
    }
    pk_sha256_hex(bytes, sha256);
    rc = pk_zip_open(bytes, part.work, &part.anomalies, &zip, &err);
    if (pk_inspect_full(&part, rc, "the directory") || rc < 0) {
        pk_inspect_refuse(&part, "it cannot be opened: %s", err.text);
    } else if (pk_inspect_kind_of_zip(&zip) == PK_APP_BUNDLE) {
        pk_anomaly_add(&part.anomalies, PK_ANOMALY_LIMIT_BUNDLE_DEPTH,
                "it holds further APKs, which were not opened");
        pk_inspect_refuse(&part, "it is no APK but holds some");
    } else {
        pk_inspect_apk(&part, &zip);
    }
    ctx->rc = part.rc < 0 ? part.rc : ctx->rc;
    take_anomalies(ctx, name, &part.anomalies);
    take_opinion(ctx, name, &part.opinion);
    add_part(b, name, pk_inspect_keep(ctx, sha256), &report, report.problem != NULL);
    if (report.problem != NULL) {
        pk_inspect_refuse(ctx, "A part of the bundle is broken: %s: %s", name, report.problem);
    }
    pk_arena_destroy(part.work);
}

static void read_part(struct bundle *b, struct pk_zip *zip, const struct pk_zip_entry *entry)
{
    struct pk_inspect_context *ctx = b->ctx;
    const char *name = pk_inspect_keep_bytes(ctx, entry->name);
    struct pk_zip_bytes bytes = { 0 };
    struct pk_error err = { 0 };
    int rc = pk_zip_read(zip, entry, &bytes, &err);

    if (rc == PK_OK) {
        inspect_part(b, bytes.bytes, name);
    } else if (!pk_inspect_full(ctx, rc, name)) {
        pk_inspect_refuse(ctx, "A part of the bundle cannot be read: %s", err.text);
    }
    pk_zip_release(&bytes);
}

static bool same_signers(const struct pk_app_part *a, const struct pk_app_part *b)
{
    if (a->signers.count != b->signers.count) {
        return false;
    }
    for (size_t i = 0; i < a->signers.count; i++) {
        if (strcmp(a->signers.items[i], b->signers.items[i]) != 0) {
            return false;
        }
    }
    return true;
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* The installer takes parts only when package, version and signers agree. */
static void check_agreement(struct bundle *b)
{
    const struct pk_app_part *first = &b->parts[0];

    for (size_t i = 1; i < b->count; i++) {
        const struct pk_app_part *part = &b->parts[i];
        const char *what = !same_text(part->package, first->package) ? "package"
                : part->version_code != first->version_code          ? "version"
                : !same_signers(part, first)                         ? "signer"
                                                                     : NULL;

        if (what != NULL) {
            pk_anomaly_add(&b->ctx->anomalies, PK_ANOMALY_BUNDLE_FOREIGN_PART,
                    "'%.80s' has another %s than '%.80s'", part->file, what, first->file);
        }
    }
}

static void fill_report(struct bundle *b, const struct pk_zip *zip)
{
    struct pk_app_report *out = b->ctx->out;
    const struct pk_app_report own = *out;

    if (b->has_base) {
        *out = b->base;
    }
    out->hosts = b->all.hosts;
    out->sdks = b->all.sdks;
    out->libraries = b->all.libraries;
    out->packers = b->all.packers;
    out->sha256 = own.sha256;
    out->size = own.size;
    out->kind = PK_APP_BUNDLE;
    out->problem = own.problem;
    out->entries = (int64_t)zip->count;
    out->parts = (struct pk_array){ .items = b->parts, .count = b->count };
    if (out->signature != NULL && b->unverified > 0) {
        out->signature->verified = false; /* the installer wants every part to hold */
    }
    b->ctx->out->signed_by = b->unverified == 0
            ? pk_arena_printf(b->ctx->arena, "The signatures of all its %zu parts hold", b->count)
            : pk_arena_printf(b->ctx->arena, "The signatures of %zu of its %zu parts do not hold",
                      b->unverified, b->count);
}

void pk_inspect_bundle(struct pk_inspect_context *ctx, struct pk_zip *zip)
{
    struct bundle b = { .ctx = ctx };
    size_t room = zip->count < PK_BUNDLE_PARTS_MAX ? zip->count : PK_BUNDLE_PARTS_MAX;

    b.parts = pk_inspect_alloc(ctx, room + 1, sizeof(*b.parts));
    for (size_t i = 0; b.parts != NULL && i < zip->count && ctx->rc == PK_OK; i++) {
        if (!is_apk(zip->entries[i].name)) {
            continue;
        }
        if (b.count == room) {
            pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_LIMIT_NAMES, "more than %zu parts", room);
            break;
        }
        read_part(&b, zip, &zip->entries[i]);
    }
    if (ctx->rc < 0 || b.parts == NULL) {
        return;
    }
    fill_report(&b, zip);
    if (b.count == 0) {
        pk_inspect_refuse(ctx, "No part of the bundle can be read");
        return;
    }
    check_agreement(&b);
}
