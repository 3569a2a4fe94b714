#include "base/clock.h"
#include "pipeline/channels.h"

#define WEEK_MS (7 * PK_DAY_MS)

/* Was the user told of this incident, or was the alert held back, already? */
static int was_told(struct pk_circle *c, const struct pk_incident *incident,
        enum pk_incident_change change, bool *told)
{
    const struct pk_timeline_row *rows;
    struct pk_array timeline;
    int rc;

    *told = false;
    if (change == PK_CHANGE_OPENED) {
        return PK_OK;
    }
    rc = pk_timeline_of(c->store, incident->id, c->arena, &timeline, c->err);
    if (rc < 0) {
        return rc;
    }
    rows = timeline.items;
    for (size_t i = 0; i < timeline.count; i++) {
        *told |= strcmp(rows[i].what, "told") == 0 || strcmp(rows[i].what, "held") == 0;
    }
    return PK_OK;
}

static json_t *alert_payload(const struct pk_incident *incident)
{
    const struct pk_threat *t = incident->threat;
    json_t *next = json_array();

    for (size_t i = 0; i < t->next_count; i++) {
        (void)json_array_append_new(next, json_string(t->next[i]));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s}", "type", "alert", "threat", t->id,
            "subject", incident->subject, "level", pk_urgency_name(t->urgency), "title", t->title,
            "why", t->why, "next", next, "incident", incident->id);
}

static json_t *siem_payload(const struct pk_circle *c, const struct pk_incident *incident,
        enum pk_incident_change change, int64_t at_ms)
{
    static const char *const types[] = { "", "incident.opened", "incident.updated",
        "incident.resolved", "incident.reopened", "incident.dismissed" };
    const struct pk_threat *t = incident->threat;
    const char *seen = json_string_value(json_object_get(incident->evidence, "seen"));
    json_t *attack = json_array();
    char at[PK_TIME_TEXT];

    for (size_t i = 0; i < t->attack_count; i++) {
        (void)json_array_append_new(attack, json_string(t->attack[i]));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s}, s:s, s:f, s:s*, s:o, s:s, s:s, "
                     "s:{s:I, s:s}, s:s*}",
            "at", pk_time_format(at_ms, at), "type", types[change], "severity",
            pk_severity_name(incident->severity), "threat", t->id, "title", t->title, "device",
            "id", c->device.id, "name", c->device.name, "subject", incident->subject, "confidence",
            incident->confidence, "rule", incident->rule, "attack", attack, "incident",
            incident->id, "state", pk_incident_state_names[incident->state], "risk", "score",
            (json_int_t)c->device.risk_score, "level", pk_risk_level_names[c->device.risk_level],
            "seen", seen);
}

static int tell_user(struct pk_circle *c, const struct pk_incident *incident,
        const struct pk_decision *d, int64_t at_ms)
{
    int rc;

    if (d->alert_held) {
        return pk_circle_timeline(
                c, incident, at_ms, "held", d->alert_rule, "the week's alert budget is used up");
    }
    rc = pk_circle_act(c, PK_ACTION_ALERT, c->device.id, incident, at_ms, alert_payload(incident));
    if (rc == PK_OK) {
        rc = pk_circle_timeline(c, incident, at_ms, "told", d->alert_rule, incident->threat->title);
    }
    if (rc == PK_OK) {
        rc = pk_circle_event(c, "alert.sent", incident->id, at_ms, NULL);
    }
    if (rc == PK_OK) {
        rc = pk_circle_wake(c, at_ms);
    }
    c->alerts_7d++;
    c->news->commands = true;
    return rc;
}

static int tell_soc(struct pk_circle *c, const struct pk_incident *incident,
        enum pk_incident_change change, int64_t at_ms)
{
    for (size_t i = 0; i < c->pipeline->siem_count; i++) {
        int rc = pk_circle_act(c, PK_ACTION_SIEM, c->pipeline->siem_targets[i], incident, at_ms,
                siem_payload(c, incident, change, at_ms));

        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

int pk_circle_protect(
        struct pk_circle *c, const struct pk_incident *incident, enum pk_incident_change change)
{
    struct pk_decision_input input = { .incident = incident, .change = change };
    struct pk_decision d;
    int64_t at_ms = incident->updated_ms;
    int rc;

    /* Cheap first: most changes lead to nothing that the user must hear. */
    pk_policy_decide(c->pipeline->policy, &input, &d);
    if (d.alert_rule != NULL) {
        rc = was_told(c, incident, change, &input.told);
        if (rc == PK_OK && !input.told && c->alerts_7d < 0) {
            rc = pk_action_count_since(c->store, PK_ACTION_ALERT, c->device.id, at_ms - WEEK_MS,
                    &c->alerts_7d, c->err);
        }
        if (rc < 0) {
            return rc;
        }
        input.alerts_7d = c->alerts_7d;
        pk_policy_decide(c->pipeline->policy, &input, &d);
    }
    rc = d.alert || d.alert_held ? tell_user(c, incident, &d, at_ms) : PK_OK;
    if (rc < 0 || !d.siem) {
        return rc;
    }
    /* The event carries the risk as it is now that this incident counts. */
    rc = pk_circle_risk(c, at_ms);
    c->risk_stale = false;
    return rc < 0 ? rc : tell_soc(c, incident, change, at_ms);
}

int pk_circle_announce(
        struct pk_circle *c, const struct pk_incident *incident, enum pk_incident_change change)
{
    struct pk_decision_input input = { .incident = incident, .change = change, .told = true };
    struct pk_decision d;

    pk_policy_decide(c->pipeline->policy, &input, &d);
    return d.siem ? tell_soc(c, incident, change, incident->updated_ms) : PK_OK;
}
