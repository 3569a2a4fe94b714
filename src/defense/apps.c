#include "defense/apps.h"

#include <string.h>

#define REASONS_MAX      8  /* in evidence; the report has them all */
#define TECHNIQUES_MAX   16 /* the same */
#define CONFIDENCE_LEAST 0.5

/* Findings are worst first. A finding without weight says something of the app, not against it, but
 * for one: that nobody's store brought it. */
static bool speaks(const struct pk_app_finding *f, const struct pk_threat **threat)
{
    *threat = pk_threat_find(f->id);
    return *threat != NULL && (*threat)->vector == PK_VECTOR_MALWARE &&
            (f->weight > PK_APP_WEIGHT_NONE || strcmp(f->id, "malware.sideloaded") == 0);
}

/* The verdict was drawn from findings that are in no catalogue: structure, single behaviours. */
static const char *threat_of_verdict(int verdict)
{
    switch ((enum pk_app_verdict)verdict) {
    case PK_VERDICT_CLEAN:
        return NULL;
    case PK_VERDICT_UNWANTED:
        return "malware.unwanted";
    case PK_VERDICT_SUSPICIOUS:
        return "malware.riskware";
    case PK_VERDICT_MALICIOUS:
        return "malware.trojan";
    case PK_VERDICT_MALFORMED:
        return "malware.malformed_app";
    }
    return NULL;
}

static void take(struct pk_app_meaning *m, const struct pk_threat *threat,
        const struct pk_app_finding *f, double confidence)
{
    m->threat = threat;
    m->rule = f != NULL ? f->rule : threat->id;
    m->confidence = f != NULL && f->confidence > 0 ? f->confidence : confidence;
    if (m->confidence < CONFIDENCE_LEAST) {
        m->confidence = CONFIDENCE_LEAST; /* it has decided a verdict */
    }
}

struct pk_app_meaning pk_app_meaning_of(const struct pk_app_report *report)
{
    const struct pk_app_finding *items = report->findings.items;
    const char *by_verdict = threat_of_verdict(report->verdict);
    struct pk_app_meaning m = { 0 };

    for (size_t i = 0; i < report->findings.count && m.threat == NULL; i++) {
        const struct pk_threat *threat;

        if (items[i].excepted != NULL && items[i].weight > PK_APP_WEIGHT_NONE) {
            m.held_back = pk_threat_find(items[i].id);
            m.excepted = m.excepted != NULL ? m.excepted : items[i].excepted;
        } else if (items[i].excepted == NULL && speaks(&items[i], &threat)) {
            take(&m, threat, &items[i], report->score);
        }
    }
    /* Structure or behaviour without a name of its own outweighs the mere way it came here. */
    if (by_verdict != NULL &&
            (m.threat == NULL || strcmp(m.threat->id, "malware.sideloaded") == 0)) {
        take(&m, pk_threat_find(by_verdict),
                report->findings.count > 0 && items[0].excepted == NULL ? &items[0] : NULL,
                report->score);
    }
    return m;
}

const char *pk_app_subject_of(const struct pk_app_report *report, const struct pk_app_item *item)
{
    const char *const names[] = { item->label, report->label, item->package, report->package,
        report->file };

    for (size_t i = 0; i < PK_COUNT(names); i++) {
        if (names[i] != NULL && names[i][0] != '\0') {
            return names[i];
        }
    }
    return "an app";
}

static json_t *some_strings(const struct pk_strings *from, size_t max)
{
    json_t *list = json_array();

    for (size_t i = 0; i < from->count && i < max; i++) {
        (void)json_array_append_new(list, json_string(from->items[i]));
    }
    return list;
}

static const char *signer_of(const struct pk_app_report *report, const struct pk_app_item *item)
{
    const struct pk_app_signature *s = report->signature;

    return s != NULL && s->signers.count > 0
            ? ((const struct pk_app_signer *)s->signers.items)->sha256
            : item->signer;
}

static const char *shown_installer(const char *installer)
{
    return installer != NULL && installer[0] == '\0' ? "by hand" : installer;
}

/* The first reason is what decided; "seen" is what the time line quotes. */
json_t *pk_app_evidence(
        const struct pk_app_report *report, const struct pk_app_item *item, struct pk_arena *arena)
{
    const char *seen = report->reasons.count > 0 ? report->reasons.items[0] : "";
    json_t *evidence = json_pack("{s:s, s:s*, s:s*, s:s*, s:s*, s:s*, s:s, s:f, s:o, s:o}", "seen",
            seen, "package", item->package, "version",
            report->version_name != NULL ? report->version_name : item->version, "sha256",
            report->sha256 != NULL ? report->sha256 : item->sha256, "signer",
            signer_of(report, item), "installed_by", shown_installer(item->installer), "verdict",
            pk_app_verdict_name(report->verdict), "score", report->score, "reasons",
            some_strings(&report->reasons, REASONS_MAX), "techniques",
            some_strings(&report->techniques, TECHNIQUES_MAX));

    if (evidence == NULL || pk_arena_defer(arena, pk_json_release, evidence) < 0) {
        return NULL;
    }
    return evidence;
}

int pk_app_report_of_item(
        const struct pk_app_item *item, struct pk_arena *arena, struct pk_app_report *out)
{
    struct pk_app_signature *signature = NULL;
    struct pk_app_signer *signer;

    if (item->signer != NULL && item->signer[0] != '\0') {
        signature = pk_arena_alloc(arena, 1, sizeof(*signature));
        signer = pk_arena_alloc(arena, 1, sizeof(*signer));
        if (signature == NULL || signer == NULL) {
            return PK_ENOMEM;
        }
        *signer = (struct pk_app_signer){ .sha256 = item->signer, .subject = "", .key = "" };
        /* The device's system let it be installed: it has checked the signature. */
        *signature = (struct pk_app_signature){ .verified = true, .signers = { signer, 1 } };
    }
    *out = (struct pk_app_report){
        .file = item->package,
        .sha256 = item->sha256,
        .size = item->size,
        .kind = PK_APP_APK,
        .package = item->package,
        .version_name = item->version,
        .version_code = item->version_code,
        .label = item->label,
        .signature = signature,
    };
    return PK_OK;
}
