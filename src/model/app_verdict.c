#include "model/app_verdict.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define REASONS_SEVERE 8
#define TECHNIQUES_MAX 256UL

#define CLEAN_MOST      0.39
#define DOUBTFUL_LEAST  0.40
#define DOUBTFUL_MOST   0.79
#define MALICIOUS_LEAST 0.80

static const int verdict_of_weight[] = {
    [PK_APP_WEIGHT_NONE] = PK_VERDICT_CLEAN,
    [PK_APP_WEIGHT_UNWANTED] = PK_VERDICT_UNWANTED,
    [PK_APP_WEIGHT_SUSPICIOUS] = PK_VERDICT_SUSPICIOUS,
    [PK_APP_WEIGHT_MALICIOUS] = PK_VERDICT_MALICIOUS,
};

/* How sure a finding is that does not say so itself. */
static const double usual_confidence[] = {
    [PK_APP_WEIGHT_NONE] = 0,
    [PK_APP_WEIGHT_UNWANTED] = 0.5,
    [PK_APP_WEIGHT_SUSPICIOUS] = 0.6,
    [PK_APP_WEIGHT_MALICIOUS] = 0.95,
};

static int weight_of(const struct pk_app_finding *f)
{
    return f->excepted != NULL ? PK_APP_WEIGHT_NONE : f->weight;
}

/* What decides first, then the severe; otherwise by id, so that reports can be compared. */
static int by_weight(const void *a, const void *b)
{
    const struct pk_app_finding *x = a;
    const struct pk_app_finding *y = b;

    if (weight_of(x) != weight_of(y)) {
        return weight_of(x) > weight_of(y) ? -1 : 1;
    }
    if (x->severity != y->severity) {
        return x->severity > y->severity ? -1 : 1;
    }
    return strcmp(x->id, y->id) != 0 ? strcmp(x->id, y->id) : strcmp(x->rule, y->rule);
}

int pk_app_report_add(
        struct pk_app_report *report, struct pk_arena *arena, const struct pk_app_finding *finding)
{
    size_t count = report->findings.count;
    struct pk_app_finding *items = pk_arena_alloc(arena, count + 1, sizeof(*items));

    if (items == NULL) {
        return PK_ENOMEM;
    }
    if (count > 0) {
        memcpy(items, report->findings.items, count * sizeof(*items));
    }
    items[count] = *finding;
    qsort(items, count + 1, sizeof(*items), by_weight);
    report->findings = (struct pk_array){ .items = items, .count = count + 1 };
    return PK_OK;
}

struct reasons {
    struct pk_arena *arena;
    struct pk_strings out;
    int rc;
};

static void PK_PRINTF(2, 3) say(struct reasons *reasons, const char *format, ...)
{
    char text[1024];
    va_list args;

    if (reasons->out.count == PK_APP_REASONS_MAX) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    reasons->out.items[reasons->out.count] = pk_arena_printf(reasons->arena, "%s", text);
    if (reasons->out.items[reasons->out.count++] == NULL) {
        reasons->rc = PK_ENOMEM;
        reasons->out.count--;
    }
}

/* What the first reason has said already, when the platform cannot read the file. */
static bool is_said(const struct pk_app_report *report, const char *id)
{
    return report->problem != NULL &&
            (strcmp(id, "zip.malformed") == 0 || strcmp(id, "apk.missing_manifest") == 0);
}

/* The sentences of findings that decide; returns how many they are. */
static size_t deciding(struct reasons *reasons, const struct pk_app_report *report)
{
    const struct pk_app_finding *items = report->findings.items;
    size_t count = 0;

    for (size_t i = 0; i < report->findings.count && weight_of(&items[i]) > PK_APP_WEIGHT_NONE;
            i++) {
        if (count++ < REASONS_SEVERE && !is_said(report, items[i].id)) {
            say(reasons, "%s%s%s", items[i].title, items[i].evidence[0] != '\0' ? ": " : "",
                    items[i].evidence);
        }
    }
    if (count > REASONS_SEVERE) {
        say(reasons, "and %zu more findings of this weight", count - REASONS_SEVERE);
    }
    return count;
}

static bool of_structure(const struct pk_app_finding *f)
{
    return strncmp(f->rule, "structure/", strlen("structure/")) == 0;
}

static void excepted(struct reasons *reasons, const struct pk_app_report *report)
{
    const struct pk_app_finding *items = report->findings.items;

    for (size_t i = 0; i < report->findings.count; i++) {
        if (items[i].excepted != NULL && items[i].weight > PK_APP_WEIGHT_NONE) {
            say(reasons, "Excepted here (%s): %s", items[i].excepted, items[i].title);
        }
    }
}

static void oddities(struct reasons *reasons, const struct pk_app_report *report)
{
    const struct pk_app_finding *items = report->findings.items;
    const char *first = NULL;
    size_t count = 0;

    for (size_t i = 0; i < report->findings.count; i++) {
        bool odd = items[i].severity == PK_SEVERITY_LOW || items[i].severity == PK_SEVERITY_MEDIUM;

        if (of_structure(&items[i]) && odd && weight_of(&items[i]) == PK_APP_WEIGHT_NONE) {
            first = count++ == 0 ? items[i].title : first;
        }
    }
    if (count == 0) {
        say(reasons, "Nothing about its structure is odd");
    } else if (count == 1) {
        say(reasons, "Its structure has one oddity that harmless files have, too: %s", first);
    } else {
        say(reasons, "Its structure has %zu oddities that harmless files have, too; the first: %s",
                count, first);
    }
}

static void opinion_of_model(struct reasons *reasons, const struct pk_app_report *report)
{
    const struct pk_app_model *model = report->model;

    if (model == NULL) {
        return;
    }
    if (!model->familiar) {
        say(reasons,
                "The classifier does not know apps of this kind, so its opinion does not count");
    } else if (model->verdict == PK_APP_WEIGHT_NONE) {
        say(reasons, "The classifier finds it %s (%.1f %%)",
                model->probability < 0.05 ? "harmless" : "not suspicious enough",
                model->probability * 100);
    }
}

static int draw_reasons(struct pk_app_report *report, struct pk_arena *arena)
{
    struct reasons reasons = { .arena = arena };

    reasons.out.items = pk_arena_alloc(arena, PK_APP_REASONS_MAX, sizeof(*reasons.out.items));
    if (reasons.out.items == NULL) {
        return PK_ENOMEM;
    }
    if (report->problem != NULL) {
        say(&reasons, "%s", report->problem);
    }
    if (deciding(&reasons, report) == 0 && report->problem == NULL) {
        oddities(&reasons, report);
    }
    excepted(&reasons, report);
    opinion_of_model(&reasons, report);
    if (report->signed_by != NULL) {
        say(&reasons, "%s", report->signed_by);
    }
    say(&reasons, "%s", PK_APP_SCOPE);
    report->reasons = reasons.out;
    return reasons.rc;
}

static int draw_verdict(const struct pk_app_report *report)
{
    const struct pk_app_finding *items = report->findings.items;
    int weight = report->findings.count > 0 ? weight_of(&items[0]) : PK_APP_WEIGHT_NONE;

    if (report->problem != NULL && weight != PK_APP_WEIGHT_MALICIOUS) {
        return PK_VERDICT_MALFORMED;
    }
    return verdict_of_weight[weight];
}

static double draw_score(const struct pk_app_report *report)
{
    const struct pk_app_finding *items = report->findings.items;
    double fine = 1; /* that nothing of it is true */
    double score;

    if (report->model != NULL && report->model->familiar) {
        fine = 1 - report->model->probability;
    }
    for (size_t i = 0; i < report->findings.count; i++) {
        int weight = weight_of(&items[i]);
        double sure = items[i].confidence > 0 ? items[i].confidence : usual_confidence[weight];

        /* The classifier's own finding says again what its probability said. */
        if (weight > PK_APP_WEIGHT_NONE && strncmp(items[i].rule, "model/", 6) != 0) {
            fine *= 1 - sure;
        }
    }
    score = 1 - fine;
    switch (report->verdict) {
    case PK_VERDICT_CLEAN:
        return score < CLEAN_MOST ? score : CLEAN_MOST;
    case PK_VERDICT_MALICIOUS:
        return score > MALICIOUS_LEAST ? score : MALICIOUS_LEAST;
    default:
        return score < DOUBTFUL_LEAST   ? DOUBTFUL_LEAST
                : score < DOUBTFUL_MOST ? score
                                        : DOUBTFUL_MOST;
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Every technique once. */
static int draw_techniques(struct pk_app_report *report, struct pk_arena *arena)
{
    const struct pk_app_finding *items = report->findings.items;
    struct pk_strings all = { 0 };
    size_t count = 0;

    for (size_t i = 0; i < report->findings.count; i++) {
        all.count += items[i].attack.count;
    }
    all.items = all.count > 0 ? pk_arena_alloc(arena, all.count, sizeof(*all.items)) : NULL;
    if (all.count > 0 && all.items == NULL) {
        return PK_ENOMEM;
    }
    all.count = 0;
    for (size_t i = 0; i < report->findings.count; i++) {
        for (size_t j = 0; j < items[i].attack.count; j++) {
            all.items[all.count++] = items[i].attack.items[j];
        }
    }
    if (all.count > 0) {
        qsort(all.items, all.count, sizeof(*all.items), by_text);
    }
    for (size_t i = 0; i < all.count && count < TECHNIQUES_MAX; i++) {
        if (count == 0 || strcmp(all.items[count - 1], all.items[i]) != 0) {
            all.items[count++] = all.items[i];
        }
    }
    report->techniques = (struct pk_strings){ .items = all.items, .count = count };
    return PK_OK;
}

int pk_app_verdict_draw(struct pk_app_report *report, struct pk_arena *arena)
{
    int rc;

    if (report->findings.count > 0) {
        qsort(report->findings.items, report->findings.count, sizeof(struct pk_app_finding),
                by_weight);
    }
    report->verdict = draw_verdict(report);
    report->score = draw_score(report);
    rc = draw_techniques(report, arena);
    return rc < 0 ? rc : draw_reasons(report, arena);
}
