/* What the policy wants done about it, written down in the transaction of the report. */
#include <stdio.h>

#include "base/clock.h"
#include "model/text_overrides.h"
#include "model/words.h"
#include "pipeline/channels.h"
#include "pipeline/circle.h"
#include "store/alerts.h"

#define LINK_SIZE 360 /* a host name has at most 253 characters, an incident's id 36 */

/* ---- the SOC -------------------------------------------------------------------------------------------- */

static json_t *siem_payload(const struct pk_circle *c, const struct pk_incident *incident,
        enum pk_incident_change change, int64_t at_ms)
{
    static const char *const types[] = { "", "incident.opened", "incident.updated",
        "incident.resolved", "incident.reopened", "incident.dismissed" };
    const struct pk_threat *t = incident->threat;
    const char *seen = t->careful
            ? NULL /* who reads the SOC's screens need not know whose app it is */
            : json_string_value(json_object_get(incident->evidence, "seen"));
    json_t *attack = json_array();
    json_t *payload;
    char at[PK_TIME_TEXT];

    for (size_t i = 0; i < t->attack_count; i++) {
        (void)json_array_append_new(attack, json_string(t->attack[i]));
    }
    payload = json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s}, s:s, s:f, s:s*, s:o, s:s, s:s, "
                        "s:{s:I, s:s}, s:s*}",
            "at", pk_time_format(at_ms, at), "type", types[change], "severity",
            pk_severity_name(incident->severity), "threat", t->id, "title", t->title, "device",
            "id", c->device.id, "name", c->device.name, "subject",
            t->careful ? "" : incident->subject, "confidence", incident->confidence, "rule",
            incident->rule, "attack", attack, "incident", incident->id, "state",
            pk_incident_state_names[incident->state], "risk", "score",
            (json_int_t)c->device.risk_score, "level", pk_risk_level_names[c->device.risk_level],
            "seen", seen);
    if (payload != NULL && incident->simulated) {
        (void)json_object_set_new(payload, "simulated", json_true());
    }
    return payload;
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

int pk_circle_tell(struct pk_circle *c, const struct pk_situation *situation,
        const struct pk_circle_change *change, int64_t at_ms)
{
    const struct pk_incident *incident = &change->incident;
    struct pk_decision d;
    int rc = PK_OK;

    pk_policy_decide(c->pipeline->policy, situation, incident, change->change, &d);
    if (d.siem) {
        rc = tell_soc(c, incident, change->change, at_ms);
    }
    if (rc == PK_OK && d.admins) {
        rc = pk_circle_tell_admins(c, incident, d.admins_rule, incident->threat->title,
                incident->threat->admin, at_ms);
    }
    return rc;
}

/* ---- the person ------------------------------------------------------------------------------------------ */

/* The incident of an act as it stands, else as much of it as the act says. */
static struct pk_incident incident_of(const struct pk_circle *c, const struct pk_act *act)
{
    struct pk_incident some = { .threat = act->threat, .subject = act->subject, .rule = act->rule };

    for (size_t i = 0; i < c->live_count; i++) {
        if (strcmp(c->live[i].id, act->incident) == 0) {
            return c->live[i];
        }
    }
    (void)snprintf(some.id, sizeof(some.id), "%s", act->incident);
    (void)snprintf(some.device, sizeof(some.device), "%s", c->device.id);
    return some;
}

static json_t *measures_of(const struct pk_circle *c)
{
    json_t *list = json_array();

    for (unsigned m = 0; m < PK_MEASURE_COUNT; m++) {
        if ((c->device.measures & 1 << m) != 0) {
            (void)json_array_append_new(list, json_string(pk_measure_names[m]));
        }
    }
    return list;
}

/* Nothing of it says what it is about: the person may not be alone, and others may read along. */
static void tell_carefully(json_t *payload, const char *language)
{
    (void)json_object_set_new(payload, "careful", json_true());
    (void)json_object_set_new(payload, "level", json_string("info"));
    (void)json_object_set_new(payload, "title", json_string(pk_word(language, "careful.title")));
    (void)json_object_set_new(payload, "why", json_string(pk_word(language, "careful.why")));
    (void)json_object_set_new(payload, "next", json_pack("[s]", pk_word(language, "careful.step")));
}

static void mark_test(json_t *payload, const char *language)
{
    static const char *const keys[][2] = { { "title", "alert.test" }, { "why", "alert.test_why" } };

    for (size_t i = 0; i < PK_COUNT(keys); i++) {
        const char *plain = json_string_value(json_object_get(payload, keys[i][0]));
        const struct pk_word_part part = { "text", plain };
        char text[512];

        pk_word_fill(pk_word(language, keys[i][1]), &part, 1, text, sizeof(text));
        (void)json_object_set_new(payload, keys[i][0], json_string(text));
    }
    (void)json_object_set_new(payload, "simulated", json_true());
}

/* To the thing's place on the person's page (docs/employee.md). It holds no secret: the page asks who is there. */
static void add_link(json_t *payload, const struct pk_circle *c, const char *incident)
{
    const char *origin = c->pipeline->origin;
    char link[LINK_SIZE];

    if (origin != NULL &&
            snprintf(link, sizeof(link), "%s/me#item=%s", origin, incident) < (int)sizeof(link)) {
        (void)json_object_set_new(payload, "link", json_string(link));
    }
}

static json_t *alert_payload(const struct pk_circle *c, const struct pk_incident *incident,
        const struct pk_alert_row *row)
{
    const struct pk_threat *t = incident->threat;
    const char *language = pk_language_of(c->device.language);
    const struct pk_threat_words *words = pk_text_overrides_words(c->pipeline->texts, t, language);
    json_t *next = json_array();
    json_t *payload;
    char id[24];

    (void)snprintf(id, sizeof(id), "%lld", (long long)row->id);
    for (size_t i = 0; i < words->next_count; i++) {
        (void)json_array_append_new(next, json_string(words->next[i]));
    }
    payload = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s}", "type", "alert",
            "threat", t->id, "subject", incident->subject, "level", pk_urgency_name(t->urgency),
            "language", language, "title", words->title, "why", words->why, "next", next,
            "incident", incident->id, "alert", id);
    if (payload != NULL && t->careful) {
        tell_carefully(payload, language);
    }
    if (payload != NULL && incident->simulated) {
        mark_test(payload, language);
    }
    if (payload != NULL) {
        add_link(payload, c, incident->id);
    }
    if (payload != NULL && row->reminders > 0) {
        (void)json_object_set_new(payload, "reminder", json_integer(row->reminders));
    }
    if (payload != NULL && row->merged > 0) {
        (void)json_object_set_new(payload, "merged", json_integer(row->merged));
    }
    if (payload != NULL && c->device.measures != 0) {
        (void)json_object_set_new(payload, "measures", measures_of(c));
        (void)json_object_set_new(payload, "paused", json_true());
    }
    return payload;
}

/* Tells the device; row->action is the command. */
static int send_alert(struct pk_circle *c, const struct pk_incident *incident,
        struct pk_alert_row *row, const char *event, int64_t at_ms)
{
    json_t *payload = alert_payload(c, incident, row);
    int rc;

    rc = pk_circle_act(c, PK_ACTION_ALERT, c->device.id, incident, at_ms, json_incref(payload));
    row->action = c->acted;
    if (rc == PK_OK) {
        rc = pk_alert_put(c->store, row, c->err);
    }
    if (rc == PK_OK && row->level > PK_URGENCY_INFO) {
        rc = pk_circle_mail_user(c, incident, payload, at_ms);
    }
    json_decref(payload);
    if (rc == PK_OK) {
        rc = pk_circle_event(c, event, incident->id, at_ms, NULL);
    }
    if (rc == PK_OK) {
        rc = pk_circle_wake(c, at_ms);
    }
    c->news->commands = true;
    return rc;
}

static int tell(struct pk_circle *c, const struct pk_act *act)
{
    struct pk_incident incident = incident_of(c, act);
    struct pk_alert_row row = { .device = c->device.id,
        .incident = incident.id,
        .rule = act->rule,
        .threat = act->threat->id,
        .subject = act->subject,
        .level = (int)(act->threat->careful ? PK_URGENCY_INFO : act->threat->urgency),
        .simulated = incident.simulated,
        .told_ms = act->at_ms };
    int rc = pk_alert_add(c->store, &row, c->err);

    if (rc == PK_OK) {
        rc = pk_circle_timeline(c, &incident, act->at_ms, "told", act->rule, act->threat->title);
    }
    return rc < 0 ? rc : send_alert(c, &incident, &row, "alert.sent", act->at_ms);
}

/* The alert that the person sees for this incident. PK_ENOENT: none, which is fine when it was purged. */
static int alert_of(struct pk_circle *c, const char *incident, struct pk_alert_row *out)
{
    return pk_alert_of_incident(c->store, incident, c->arena, out, NULL);
}

static int remind(struct pk_circle *c, const struct pk_act *act)
{
    struct pk_incident incident = incident_of(c, act);
    struct pk_alert_row row;
    int rc = alert_of(c, act->incident, &row);

    if (rc < 0) {
        return rc == PK_ENOENT ? PK_OK : pk_error_set(c->err, rc, "an alert cannot be read");
    }
    row.reminders = act->count;
    rc = pk_circle_timeline(c, &incident, act->at_ms, "reminded", act->rule, act->why);
    return rc < 0 ? rc : send_alert(c, &incident, &row, "alert.sent", act->at_ms);
}

static int merge(struct pk_circle *c, const struct pk_act *act)
{
    struct pk_incident incident = incident_of(c, act);
    struct pk_alert_row row;
    int rc = alert_of(c, act->into, &row);

    if (rc == PK_OK) {
        row.merged++;
        rc = pk_alert_put(c->store, &row, c->err);
    } else if (rc == PK_ENOENT) {
        rc = PK_OK; /* taken back a moment ago */
    }
    return rc < 0 ? rc
                  : pk_circle_timeline(c, &incident, act->at_ms, "merged", act->rule, act->why);
}

/* A command that the device has not fetched yet is not worth fetching any more. */
static int take_back(struct pk_circle *c, const struct pk_incident *incident,
        const struct pk_alert_row *row, int64_t at_ms)
{
    struct pk_action action;
    char id[24];
    int rc = row->action > 0 ? pk_action_get(c->store, row->action, c->arena, &action, NULL)
                             : PK_ENOENT;

    if (rc == PK_OK && action.state == PK_ACTION_PENDING) {
        return pk_action_mark(c->store, row->action, PK_ACTION_FAILED, at_ms,
                "it was over before the device heard of it", c->err);
    }
    (void)snprintf(id, sizeof(id), "%lld", (long long)row->id);
    rc = pk_circle_act(c, PK_ACTION_CLOSE, c->device.id, incident, at_ms,
            json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "close", "alert", id, "threat",
                    row->threat, "subject", row->subject, "incident", row->incident));
    c->news->commands = true;
    return rc < 0 ? rc : pk_circle_wake(c, at_ms);
}

static int close_alert(struct pk_circle *c, const struct pk_act *act)
{
    struct pk_incident incident = incident_of(c, act);
    struct pk_alert_row row;
    int rc = alert_of(c, act->incident, &row);

    if (rc < 0) {
        return rc == PK_ENOENT ? PK_OK : pk_error_set(c->err, rc, "an alert cannot be read");
    }
    row.closed_ms = act->at_ms;
    rc = pk_alert_put(c->store, &row, c->err);
    if (rc == PK_OK) {
        rc = take_back(c, &incident, &row, act->at_ms);
    }
    return rc < 0 ? rc : pk_circle_event(c, "alert.closed", act->incident, act->at_ms, NULL);
}

/* ---- measures --------------------------------------------------------------------------------------------- */

static int measure(struct pk_circle *c, const struct pk_act *act)
{
    bool on = act->kind == PK_ACT_ON;
    const char *name = pk_measure_names[act->measure];
    struct pk_incident incident = incident_of(c, act);
    int rc;

    c->device.measures = on ? c->device.measures | 1 << act->measure
                            : c->device.measures & ~(1 << act->measure);
    c->row_stale = true;
    rc = pk_circle_event(c, "device.measure", act->incident[0] != '\0' ? act->incident : NULL,
            act->at_ms,
            json_pack("{s:s, s:b, s:s, s:s}", "measure", name, "on", (int)on, "rule", act->rule,
                    "why", act->why));
    if (rc == PK_OK && act->incident[0] != '\0') {
        rc = pk_circle_timeline(
                c, &incident, act->at_ms, on ? "measure" : "lifted", act->rule, name);
    }
    return rc;
}

/* ---- what a rule that only detects would have done --------------------------------------------------------- */

static int note_would(struct pk_circle *c, const struct pk_act *act)
{
    struct pk_incident incident = incident_of(c, act);
    const char *what = act->kind == PK_ACT_ON ? pk_measure_names[act->measure]
                                              : pk_act_kind_names[act->kind];
    int rc;

    if (act->kind == PK_ACT_OFF || act->kind == PK_ACT_CLOSE || act->kind == PK_ACT_HOLD) {
        return PK_OK;
    }
    rc = pk_circle_event(c, "policy.would", act->incident[0] != '\0' ? act->incident : NULL,
            act->at_ms, json_pack("{s:s, s:s}", "rule", act->rule, "act", what));
    if (rc == PK_OK && act->incident[0] != '\0') {
        rc = pk_circle_timeline(c, &incident, act->at_ms, "would", act->rule, what);
    }
    return rc;
}

int pk_circle_on_act(const struct pk_act *act, void *ctx)
{
    struct pk_circle *c = ctx;
    struct pk_incident incident = incident_of(c, act);
    bool has_incident = act->incident[0] != '\0';

    if (act->would) {
        return note_would(c, act);
    }
    switch (act->kind) {
    case PK_ACT_TELL:
        return tell(c, act);
    case PK_ACT_REMIND:
        return remind(c, act);
    case PK_ACT_MERGE:
        return merge(c, act);
    case PK_ACT_HOLD:
        return pk_circle_timeline(c, &incident, act->at_ms, "held", act->rule, act->why);
    case PK_ACT_CLOSE:
        return close_alert(c, act);
    case PK_ACT_ON:
    case PK_ACT_OFF:
        return measure(c, act);
    case PK_ACT_ADMINS:
        return pk_circle_tell_admins(c, has_incident ? &incident : NULL, act->rule,
                has_incident ? act->threat->title : "A rule about the device holds", act->why,
                act->at_ms);
    case PK_ACT_SIEM:
        return tell_soc(c, &incident, PK_CHANGE_OPENED, act->at_ms);
    }
    return PK_OK;
}
