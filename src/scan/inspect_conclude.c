/* What was met becomes findings, worst first; those become the verdict and its reasons. */
#include <inttypes.h>
#include <stdlib.h>

#include "scan/inspect_context.h"

#define REASONS_MAX    12 /* a person reads no more; all findings are listed anyway */
#define REASONS_SEVERE 8

_Static_assert((int)PK_WEIGHT_CRITICAL == (int)PK_SEVERITY_CRITICAL,
        "the catalogue's weights and the report's severities are one scale");

/* Worst first; of the same weight in the order of the catalogue, so that reports can be compared. */
static int by_weight(const void *a, const void *b)
{
    const struct pk_anomaly *x = a;
    const struct pk_anomaly *y = b;
    int wx = (int)pk_anomaly_kind(x->id)->weight;
    int wy = (int)pk_anomaly_kind(y->id)->weight;

    if (wx != wy) {
        return wx > wy ? -1 : 1;
    }
    return (x->id > y->id) - (x->id < y->id);
}

static struct pk_strings attack_of(
        struct pk_inspect_context *ctx, const struct pk_anomaly_kind *kind)
{
    struct pk_strings out = { 0 };
    size_t count = 0;

    while (kind->attack != NULL && kind->attack[count] != NULL) {
        count++;
    }
    out.items = count > 0 ? pk_inspect_alloc(ctx, count, sizeof(*out.items)) : NULL;
    for (size_t i = 0; out.items != NULL && i < count; i++) {
        pk_inspect_push(&out, kind->attack[i]);
    }
    return out;
}

static struct pk_app_finding *find_finding(struct pk_app_report *report, const char *id)
{
    struct pk_app_finding *items = report->findings.items;

    for (size_t i = 0; i < report->findings.count; i++) {
        if (strcmp(items[i].id, id) == 0) {
            return &items[i];
        }
    }
    return NULL;
}

static const char *rule_of(struct pk_inspect_context *ctx, const char *id)
{
    const char *rule = pk_arena_printf(ctx->arena, "structure/%s", id);

    if (rule == NULL) {
        ctx->rc = PK_ENOMEM;
        return "";
    }
    return rule;
}

static void make_findings(struct pk_inspect_context *ctx)
{
    struct pk_anomalies *met = &ctx->anomalies;
    struct pk_app_finding *items = pk_inspect_alloc(ctx, met->count + 1, sizeof(*items));

    if (items == NULL) {
        return;
    }
    qsort(met->items, met->count, sizeof(*met->items), by_weight);
    ctx->out->findings = (struct pk_array){ .items = items };
    for (size_t i = 0; i < met->count; i++) {
        const struct pk_anomaly *a = &met->items[i];
        const struct pk_anomaly_kind *kind = pk_anomaly_kind(a->id);

        if (find_finding(ctx->out, kind->id) != NULL) {
            continue;
        }
        items[ctx->out->findings.count++] = (struct pk_app_finding){
            .id = kind->id,
            .severity = (int)kind->weight,
            .title = kind->title,
            .evidence = pk_inspect_keep(ctx, a->evidence),
            .attack = attack_of(ctx, kind),
            .rule = rule_of(ctx, kind->id),
            .count = (int64_t)a->count,
        };
    }
}

static void PK_PRINTF(2, 3) reason(struct pk_inspect_context *ctx, const char *format, ...)
{
    char text[1024];
    va_list args;

    if (ctx->out->reasons.count == REASONS_MAX) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    pk_inspect_push(&ctx->out->reasons, pk_inspect_keep(ctx, text));
}

/* What the first reason has said already, when the platform cannot read the file. */
static bool is_said(const struct pk_inspect_context *ctx, const char *id)
{
    return ctx->malformed != NULL &&
            (strcmp(id, pk_anomaly_kind(PK_ANOMALY_ZIP_MALFORMED)->id) == 0 ||
                    strcmp(id, pk_anomaly_kind(PK_ANOMALY_APK_MISSING_MANIFEST)->id) == 0);
}

/* The sentences of findings that decide; returns how many findings are high or critical. */
static size_t severe_reasons(struct pk_inspect_context *ctx)
{
    const struct pk_app_finding *items = ctx->out->findings.items;
    size_t severe = 0;

    for (size_t i = 0; i < ctx->out->findings.count; i++) {
        if (items[i].severity < PK_SEVERITY_HIGH) {
            break; /* worst first */
        }
        if (severe++ < REASONS_SEVERE && !is_said(ctx, items[i].id)) {
            reason(ctx, "%s%s%s", items[i].title, items[i].evidence[0] != '\0' ? ": " : "",
                    items[i].evidence);
        }
    }
    if (severe > REASONS_SEVERE) {
        reason(ctx, "and %zu more findings of this weight", severe - REASONS_SEVERE);
    }
    return severe;
}

static void oddities(struct pk_inspect_context *ctx)
{
    const struct pk_app_finding *items = ctx->out->findings.items;
    size_t count = 0;
    size_t first = 0;

    for (size_t i = 0; i < ctx->out->findings.count; i++) {
        if (items[i].severity == PK_SEVERITY_LOW || items[i].severity == PK_SEVERITY_MEDIUM) {
            first = count++ == 0 ? i : first;
        }
    }
    if (count == 0) {
        reason(ctx, "Nothing about its structure is odd");
    } else if (count == 1) {
        reason(ctx, "Its structure has one oddity that harmless files have, too: %s",
                items[first].title);
    } else {
        reason(ctx, "Its structure has %zu oddities that harmless files have, too; the first: %s",
                count, items[first].title);
    }
}

void pk_inspect_conclude(struct pk_inspect_context *ctx)
{
    struct pk_app_report *out = ctx->out;
    size_t severe;

    make_findings(ctx);
    out->reasons = (struct pk_strings){
        .items = pk_inspect_alloc(ctx, REASONS_MAX, sizeof(*out->reasons.items)),
    };
    if (ctx->rc < 0) {
        return;
    }
    if (ctx->malformed != NULL) {
        reason(ctx, "%s", ctx->malformed);
    }
    severe = severe_reasons(ctx);
    if (ctx->malformed == NULL && severe == 0) {
        oddities(ctx);
    }
    if (ctx->signed_by != NULL) {
        reason(ctx, "%s", ctx->signed_by);
    }
    reason(ctx, "%s", PK_INSPECT_SCOPE);
    out->verdict = ctx->malformed != NULL ? PK_VERDICT_MALFORMED
            : severe > 0                  ? PK_VERDICT_SUSPICIOUS
                                          : PK_VERDICT_CLEAN;
}
