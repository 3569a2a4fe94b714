/* One copy of an app on one device: its finding becomes an incident, ends it, or is held back. */
#include <stdio.h>

#include "defense/apps.h"
#include "incident/keeper.h"
#include "pipeline/apps_circle.h"
#include "pipeline/apps_proof.h"

#define SIDELOADED_CONFIDENCE 0.6
#define PART_HASH \
    12 /* digits of the file's hash that name the copy among others of the same name */

struct pk_app_item pk_app_item_of(const struct pk_device_app *row)
{
    return (struct pk_app_item){
        .package = row->package,
        .version = row->version,
        .version_code = row->version_code,
        .sha256 = row->sha256[0] != '\0' ? row->sha256 : NULL,
        .signer = row->signer[0] != '\0' ? row->signer : NULL,
        .installer = row->installer,
        .system = (enum pk_tri)row->system,
        .profile = row->profile,
        .label = row->label,
    };
}

int pk_app_report_share(
        const struct pk_app_report *base, struct pk_arena *arena, struct pk_app_report *out)
{
    struct pk_app_finding *copy = NULL;

    *out = *base;
    if (base->findings.count > 0) {
        copy = pk_arena_alloc(arena, base->findings.count, sizeof(*copy));
        if (copy == NULL) {
            return PK_ENOMEM;
        }
        memcpy(copy, base->findings.items, base->findings.count * sizeof(*copy));
    }
    out->findings.items = copy;
    return PK_OK;
}

/* Judges the copy where it stands: by its file's report, else by its package, signer and hash alone. */
static int judge(struct pk_circle *c, const struct pk_knowledge *knowledge,
        const struct pk_app_report *base, const struct pk_app_item *item, int64_t at_ms,
        struct pk_arena *scratch, struct pk_app_report *out)
{
    struct pk_app_proof proof;
    struct pk_app_situation situation = {
        .now_ms = at_ms,
        .installer = item->installer,
        .system = item->system,
        .device = c->device.id,
        .group = c->device.group,
        .proof = &proof,
    };
    int rc = base != NULL ? pk_app_report_share(base, scratch, out)
                          : pk_app_report_of_item(item, scratch, out);

    if (rc == PK_OK) {
        rc = pk_apps_proof(
                c->store, pk_knowledge_kanon(knowledge), out, at_ms, scratch, &proof, c->err);
    }
    if (rc == PK_OK) {
        rc = pk_reputation_judge(out, pk_knowledge_apps(knowledge), &situation, scratch);
    }
    return rc < 0 ? pk_error_set(c->err, rc, "an app cannot be judged: %s", pk_code_text(rc))
                  : PK_OK;
}

/* One of several copies that people know by the same name. */
static const char *part_of(struct pk_circle *c, const struct pk_device_app *row)
{
    const char *part = pk_arena_printf(c->arena, "%s%s%.*s", row->package,
            row->sha256[0] != '\0' ? "@" : "", PART_HASH, row->sha256);

    return part != NULL ? part : row->package;
}

static int say(struct pk_circle *c, const struct pk_threat *threat, const struct pk_device_app *row,
        const char *subject, bool cleared, const struct pk_app_meaning *meaning, json_t *evidence,
        int64_t at_ms)
{
    struct pk_finding finding = {
        .threat = threat,
        .cleared = cleared,
        .subject = subject,
        .part = part_of(c, row),
        .confidence = meaning != NULL ? meaning->confidence : 0,
        .rule = meaning != NULL ? meaning->rule : NULL,
        .evidence = evidence,
        .at_ms = at_ms,
    };

    if (c->watch->finding != NULL) {
        c->watch->finding(c->device.id, &finding, c->watch->ctx);
    }
    return pk_circle_finding(c, &finding);
}

/* What stood for the copy before does not hold any more. */
static int clear_before(struct pk_circle *c, const struct pk_device_app *row, int64_t at_ms)
{
    const struct pk_threat *threat = row->threat != NULL ? pk_threat_find(row->threat) : NULL;

    if (threat == NULL || row->subject == NULL) {
        return PK_OK;
    }
    return say(c, threat, row, row->subject, true, NULL, NULL, at_ms);
}

/* An exception says that it is no threat here: its incident is dismissed for that reason. */
static int hold_back(struct pk_circle *c, const struct pk_threat *threat,
        const struct pk_device_app *row, const char *reason, int64_t at_ms)
{
    /* Another copy that people know by the same name still stands for it. */
    if (pk_circle_has_other_parts(c, threat, row->subject, part_of(c, row))) {
        return say(c, threat, row, row->subject, true, NULL, NULL, at_ms);
    }
    return pk_circle_except(c, threat, row->subject, reason, at_ms);
}

static bool same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL ? strcmp(a, b) == 0 : a == b;
}

/* What stood for the copy and does not any more: it is over, or an exception says that it is none. */
static int settle_before(struct pk_circle *c, const struct pk_device_app *row,
        const struct pk_app_meaning *m, int64_t at_ms)
{
    const struct pk_threat *before = row->threat != NULL ? pk_threat_find(row->threat) : NULL;

    return m->excepted != NULL && before != NULL && (m->held_back == before || m->threat == NULL)
            ? hold_back(c, before, row, m->excepted, at_ms)
            : clear_before(c, row, at_ms);
}

/* A finding that counts. An incident that an exception had dismissed comes back first. */
static int count_in(struct pk_circle *c, struct pk_device_app *row, const struct pk_app_meaning *m,
        const struct pk_app_report *report, const char *subject, json_t *evidence, int64_t at_ms)
{
    bool same = row->threat != NULL && strcmp(row->threat, m->threat->id) == 0 &&
            same_text(row->subject, subject);
    int rc = pk_circle_readmit(c, m->threat, subject, at_ms);

    if (rc == PK_OK) {
        rc = say(c, m->threat, row, subject, false, m, evidence, at_ms);
    }
    if (rc == PK_OK && !same) {
        rc = pk_circle_tell_malware(c, row, m, report, at_ms);
    }
    if (rc == PK_OK && !same) {
        rc = settle_before(
                c, row, m, at_ms); /* behind the new one: what goes on does not end in between */
    }
    row->threat = m->threat->id;
    row->subject = subject;
    row->excepted = m->excepted;
    return rc;
}

/* Nothing counts: all is well, or an exception says so; then what it holds back stays with the row. */
static int count_out(struct pk_circle *c, struct pk_device_app *row, const struct pk_app_meaning *m,
        int64_t at_ms)
{
    int rc = settle_before(c, row, m, at_ms);

    if (m->excepted == NULL) {
        row->threat = NULL;
        row->subject = NULL;
    }
    row->excepted = m->excepted;
    return rc;
}

/* That no store brought it is worth a word on the first device that has it; after that it is a fact among
 * others. */
static int first_seen_here(
        struct pk_circle *c, const struct pk_device_app *row, struct pk_app_meaning *m)
{
    struct pk_app_row app;
    int rc;

    if (m->threat == NULL || strcmp(m->threat->id, "malware.sideloaded") != 0) {
        return PK_OK;
    }
    rc = pk_app_get(c->store, row->app, c->arena, &app, c->err);
    if (rc < 0 && rc != PK_ENOENT) {
        return rc;
    }
    if (rc == PK_ENOENT || row->since_ms > app.first_ms) {
        m->threat = NULL;
    }
    m->confidence = SIDELOADED_CONFIDENCE;
    return PK_OK;
}

/* The scratch memory ends before the circle does. */
static bool keep_texts(struct pk_circle *c, struct pk_app_meaning *m, const char **subject)
{
    m->rule = m->rule != NULL ? pk_arena_strdup(c->arena, m->rule) : NULL;
    *subject = pk_arena_strdup(c->arena, *subject);
    return *subject != NULL && (m->threat == NULL || m->rule != NULL);
}

int pk_circle_app_judge(struct pk_circle *c, const struct pk_knowledge *knowledge,
        const struct pk_app_report *base, struct pk_device_app *row, int64_t at_ms,
        struct pk_arena *scratch)
{
    struct pk_app_item item = pk_app_item_of(row);
    struct pk_app_report report;
    struct pk_app_meaning meaning;
    const char *subject;
    json_t *evidence;
    int rc = judge(c, knowledge, base, &item, at_ms, scratch, &report);

    if (rc < 0) {
        return rc;
    }
    meaning = pk_app_meaning_of(&report);
    rc = first_seen_here(c, row, &meaning);
    if (rc < 0) {
        return rc;
    }
    row->standing = (int)pk_app_standing_of(report.verdict);
    if (base == NULL && report.verdict == PK_VERDICT_CLEAN) {
        row->standing = PK_STANDING_UNKNOWN; /* nobody has looked into it */
    }
    if (meaning.excepted != NULL) {
        meaning.excepted = pk_arena_strdup(c->arena, meaning.excepted);
    }
    if (meaning.threat == NULL) {
        return count_out(c, row, &meaning, at_ms);
    }
    subject = pk_app_subject_of(&report, &item);
    evidence = pk_app_evidence(&report, &item, c->arena);
    return evidence == NULL || !keep_texts(c, &meaning, &subject)
            ? pk_error_set(c->err, PK_ENOMEM, "out of memory")
            : count_in(c, row, &meaning, &report, subject, evidence, at_ms);
}

int pk_circle_app_gone(struct pk_circle *c, struct pk_device_app *row, int64_t at_ms)
{
    int rc = clear_before(c, row, at_ms);

    row->threat = NULL;
    row->subject = NULL;
    row->excepted = NULL;
    row->standing = PK_STANDING_UNKNOWN;
    return rc;
}
