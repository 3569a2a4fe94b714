/* What was met becomes findings, worst first; those become the verdict and its reasons. */
#include <stdlib.h>

#include "model/app_verdict.h"
#include "scan/inspect_context.h"

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
    struct pk_app_finding *items = pk_inspect_alloc(
            ctx, met->count + ctx->opinion.count + 1, sizeof(*items));

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
            /* High and critical anomalies are for what benign build tools never do. */
            .weight = (int)kind->weight >= PK_SEVERITY_HIGH ? PK_APP_WEIGHT_SUSPICIOUS
                                                            : PK_APP_WEIGHT_NONE,
        };
    }
}

/* What the judges of content said, behind the structure's findings. */
static void take_opinion(struct pk_inspect_context *ctx)
{
    struct pk_app_finding *items = ctx->out->findings.items;

    for (size_t i = 0; i < ctx->opinion.count; i++) {
        items[ctx->out->findings.count++] = ctx->opinion.items[i];
    }
}

void pk_inspect_conclude(struct pk_inspect_context *ctx)
{
    make_findings(ctx);
    if (ctx->rc < 0) {
        return;
    }
    take_opinion(ctx);
    ctx->rc = pk_app_verdict_draw(ctx->out, ctx->arena);
}
