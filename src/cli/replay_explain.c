#include "cli/replay_explain.h"

#include <stdlib.h>

#include "risk/hazard_reasons.h"

#define TEXTS_MAX (64UL * 1024)

struct ranked {
    uint64_t device;
    double p7;
};

struct ranking {
    const struct pk_hazard *hazard;
    int64_t now_s;
    struct ranked *items;
    size_t count;
};

static void rank_one(void *ctx, uint64_t device, int64_t enrolled_s)
{
    struct ranking *r = ctx;
    struct pk_hazard_prediction is;

    (void)enrolled_s;
    if (pk_hazard_predict(r->hazard, device, r->now_s, &is)) {
        r->items[r->count++] = (struct ranked){ device, is.p7 };
    }
}

static int by_risk(const void *a, const void *b)
{
    const struct ranked *x = a;
    const struct ranked *y = b;

    if (x->p7 > y->p7 || x->p7 < y->p7) {
        return x->p7 > y->p7 ? -1 : 1;
    }
    return (x->device > y->device) - (x->device < y->device);
}

static int explain_one(const struct ranking *r, uint64_t device, size_t rank, FILE *out)
{
    struct pk_arena *arena = pk_arena_create(TEXTS_MAX);
    struct pk_hazard_reasons why = { .count = 0 };
    struct pk_hazard_prediction is;
    const char *headline = NULL;
    int rc = arena == NULL ? PK_ENOMEM
                           : pk_hazard_reasons(r->hazard, device, r->now_s, arena, &why);

    if (rc == PK_OK && pk_hazard_predict(r->hazard, device, r->now_s, &is)) {
        headline = pk_hazard_headline(r->hazard, &is, arena);
    }
    if (headline == NULL) {
        pk_arena_destroy(arena);
        return rc < 0 ? rc : PK_ENOMEM;
    }
    (void)fprintf(
            out, "%zu of %zu: %s, %.1f %% in 30\n", rank + 1, r->count, headline, 100 * is.p30);
    for (size_t i = 0; i < why.count; i++) {
        const struct pk_hazard_reason *reason = &why.items[i];

        (void)fprintf(out, "  %+5.1f  %s", reason->points, reason->text);
        if (reason->lower != NULL) {
            (void)fprintf(out, ". %s: -%.1f", reason->lower, reason->lower_points);
        }
        (void)fputc('\n', out);
    }
    pk_arena_destroy(arena);
    return PK_OK;
}

int pk_replay_explain(const struct pk_hazard *hazard, int64_t now_s, int count, FILE *out)
{
    struct ranking r = { .hazard = hazard, .now_s = now_s };
    struct pk_hazard_count known;
    int rc = PK_OK;

    pk_hazard_count(hazard, &known);
    r.items = calloc(known.devices + 1, sizeof(*r.items));
    if (r.items == NULL) {
        return PK_ENOMEM;
    }
    pk_hazard_each(hazard, rank_one, &r);
    qsort(r.items, r.count, sizeof(*r.items), by_risk);
    for (int i = 0; rc == PK_OK && r.count > 0 && i < count; i++) {
        double share = (i + 0.5) / count;
        size_t rank = (size_t)(share * share * share *
                (double)r.count); /* the risky end is denser */

        rc = explain_one(&r, r.items[rank].device, rank, out);
    }
    free(r.items);
    return rc;
}
