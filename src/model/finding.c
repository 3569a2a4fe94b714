#include "model/finding.h"

static int add(struct pk_findings *list, const char *threat, struct pk_finding finding)
{
    finding.threat = pk_threat_find(threat);
    if (finding.threat == NULL) {
        return PK_ENOENT;
    }
    if (list->count == PK_FINDINGS_MAX) {
        return PK_ELIMIT;
    }
    list->items[list->count++] = finding;
    return PK_OK;
}

int pk_findings_add(struct pk_findings *list, struct pk_arena *arena, const char *threat,
        const char *subject, double confidence, const char *rule, json_t *evidence, int64_t at_ms)
{
    if (evidence != NULL && pk_arena_defer(arena, pk_json_release, evidence) < 0) {
        return PK_ENOMEM;
    }
    return add(list, threat,
            (struct pk_finding){
                    .subject = subject,
                    .confidence = confidence,
                    .rule = rule,
                    .evidence = evidence,
                    .at_ms = at_ms,
            });
}

int pk_findings_clear(
        struct pk_findings *list, const char *threat, const char *subject, int64_t at_ms)
{
    return add(list, threat,
            (struct pk_finding){ .cleared = true, .subject = subject, .at_ms = at_ms });
}

void pk_findings_part(struct pk_findings *list, const char *part)
{
    if (list->count > 0) {
        list->items[list->count - 1].part = part;
    }
}

json_t *pk_finding_encode(const struct pk_finding *finding)
{
    json_t *o = json_object();

    (void)json_object_set_new(o, "threat", json_string(finding->threat->id));
    (void)json_object_set_new(o, "subject", json_string(finding->subject));
    if (finding->cleared) {
        return o;
    }
    (void)json_object_set_new(
            o, "severity", json_string(pk_severity_name(finding->threat->severity)));
    (void)json_object_set_new(o, "confidence", json_real(finding->confidence));
    (void)json_object_set_new(o, "evidence",
            finding->evidence != NULL ? json_incref(finding->evidence) : json_object());
    (void)json_object_set_new(o, "rule", json_string(finding->rule));
    return o;
}
