#include <stdlib.h>

#include "base/clock.h"
#include "incident/keeper.h"
#include "incident/mistake.h"
#include "pipeline/circle.h"

static const char *const change_types[] = {
    [PK_CHANGE_OPENED] = "incident.opened",
    [PK_CHANGE_UPDATED] = "incident.updated",
    [PK_CHANGE_RESOLVED] = "incident.resolved",
    [PK_CHANGE_REOPENED] = "incident.reopened",
    [PK_CHANGE_DISMISSED] = "incident.dismissed",
};

int pk_circle_event(
        struct pk_circle *c, const char *type, const char *incident, int64_t at_ms, json_t *detail)
{
    struct pk_event_row row = {
        .at_ms = at_ms,
        .type = type,
        .device = c->device.id,
        .incident = incident,
        .detail = detail,
    };
    int rc = pk_event_add(c->store, &row, c->err);

    json_decref(detail);
    c->news->events = true;
    return rc;
}

int pk_circle_timeline(struct pk_circle *c, const struct pk_incident *incident, int64_t at_ms,
        const char *what, const char *by, const char *detail)
{
    struct pk_timeline_row row = { .at_ms = at_ms, .what = what, .by = by, .detail = detail };

    return pk_timeline_add(c->store, incident->id, &row, c->err);
}

static struct pk_incident *find_live(
        struct pk_circle *c, const struct pk_threat *threat, const char *subject, bool simulated)
{
    for (size_t i = 0; i < c->live_count; i++) {
        if (c->live[i].threat == threat && c->live[i].simulated == simulated &&
                strcmp(c->live[i].subject, subject) == 0) {
            return &c->live[i];
        }
    }
    return NULL;
}

static void remember(struct pk_circle *c, struct pk_incident *slot, const struct pk_incident *now)
{
    bool live = now->state == PK_INCIDENT_OPEN || now->state == PK_INCIDENT_MITIGATED;

    if (slot != NULL && live) {
        *slot = *now;
    } else if (slot != NULL) {
        *slot = c->live[--c->live_count];
    } else if (live && c->live_count < PK_LIVE_MAX) {
        c->live[c->live_count++] = *now;
    }
}

static const char *seen(const struct pk_incident *incident)
{
    const char *text = json_string_value(json_object_get(incident->evidence, "seen"));

    return text != NULL ? text : incident->threat->title;
}

static int write_change(struct pk_circle *c, const struct pk_incident *incident,
        enum pk_incident_change change, int64_t at_ms, int64_t minute_before)
{
    int rc = PK_OK;

    switch (change) {
    case PK_CHANGE_OPENED:
        rc = pk_circle_timeline(c, incident, at_ms, "detected", "agent", seen(incident));
        break;
    case PK_CHANGE_REOPENED:
        rc = pk_circle_timeline(c, incident, at_ms, "reopened", "agent", seen(incident));
        break;
    case PK_CHANGE_RESOLVED:
        rc = pk_circle_timeline(
                c, incident, at_ms, "resolved", "agent", incident->threat->ends_when);
        break;
    case PK_CHANGE_UPDATED:
        if (at_ms / PK_MINUTE_MS == minute_before) {
            return PK_OK; /* a repetition is news at most once a minute */
        }
        break;
    case PK_CHANGE_NONE:
    case PK_CHANGE_DISMISSED: /* a person's act: the caller writes it down with the name */
        return PK_OK;
    }
    return rc < 0 ? rc : pk_circle_event(c, change_types[change], incident->id, at_ms, NULL);
}

/* A drill is believed only while an administrator's question for it is on record: PK_ENOENT. */
static int check_drill(struct pk_circle *c, const struct pk_finding *finding)
{
    const char *ask = json_string_value(json_object_get(finding->evidence, "ask"));
    const char *threat;
    struct pk_action action;
    char *end;
    int64_t id = ask != NULL ? strtoll(ask, &end, 10) : 0;
    int rc = id > 0 ? pk_action_get(c->store, id, c->arena, &action, c->err) : PK_ENOENT;

    if (rc < 0) {
        return rc;
    }
    threat = json_string_value(json_object_get(action.payload, "threat"));
    return action.kind == PK_ACTION_ASK && strcmp(action.target, c->device.id) == 0 &&
                    threat != NULL && strcmp(threat, finding->threat->id) == 0
            ? PK_OK
            : PK_ENOENT;
}

/* An entry that dismissed it may have ended meanwhile: then it is an incident again. */
static int admit_again(struct pk_circle *c, struct pk_incident *incident,
        const struct pk_finding *finding, bool *again)
{
    const struct pk_mistake *mistake = NULL;
    struct pk_incident now = *incident;
    int rc;

    *again = false;
    if (finding->cleared || !pk_mistake_dismissed(incident, NULL)) {
        return PK_OK;
    }
    now.updated_ms = finding->at_ms;
    rc = pk_circle_mistake_of(c, &now, &mistake);
    if (rc < 0 || mistake != NULL) {
        return rc;
    }
    *again = true;
    return pk_incident_reopen(incident, finding->at_ms, c->err);
}

/* What a person called a mistake opens dismissed: nobody is alerted, and it is no risk. */
static int open_dismissed(struct pk_circle *c, struct pk_incident *incident,
        enum pk_incident_change change, int64_t at_ms, bool *dismissed)
{
    const struct pk_mistake *mistake = NULL;
    int rc = PK_OK;

    *dismissed = false;
    if (incident->simulated || (change != PK_CHANGE_OPENED && change != PK_CHANGE_REOPENED)) {
        return PK_OK;
    }
    rc = pk_circle_mistake_of(c, incident, &mistake);
    if (rc < 0 || mistake == NULL) {
        return rc;
    }
    *dismissed = true;
    rc = pk_circle_timeline(c, incident, at_ms, "detected", "agent", seen(incident));
    return rc < 0 ? rc : pk_circle_dismiss_mistake(c, incident, mistake, at_ms);
}

int pk_circle_finding(struct pk_circle *c, const struct pk_finding *finding)
{
    struct pk_incident *slot = find_live(c, finding->threat, finding->subject, finding->simulated);
    struct pk_incident incident = { 0 };
    enum pk_incident_change change;
    int64_t minute_before;
    bool known = slot != NULL;
    bool again = false;
    bool dismissed;
    int rc = finding->simulated && !finding->cleared ? check_drill(c, finding) : PK_OK;

    if (rc < 0) {
        return rc == PK_ENOENT ? PK_OK : rc;
    }
    if (known) {
        incident = *slot;
    } else if (finding->cleared) {
        return PK_OK; /* nothing is open that could end */
    } else {
        rc = pk_incident_find(c->store, c->device.id, finding->threat->id, finding->subject,
                c->arena, &incident, c->err);
        if (rc < 0 && rc != PK_ENOENT) {
            return rc;
        }
        known = rc == PK_OK;
        rc = known ? admit_again(c, &incident, finding, &again) : PK_OK;
        if (rc < 0) {
            return rc;
        }
    }
    minute_before = incident.updated_ms / PK_MINUTE_MS;
    change = pk_incident_apply(&incident, known, c->device.id, finding, c->arena);
    if (change == PK_CHANGE_NONE && !known) {
        return PK_OK;
    }
    change = again ? PK_CHANGE_REOPENED : change;
    rc = pk_incident_put(c->store, &incident, c->err);
    if (rc < 0 || change == PK_CHANGE_NONE) {
        return rc;
    }
    rc = open_dismissed(c, &incident, change, finding->at_ms, &dismissed);
    if (rc < 0 || dismissed) {
        return rc;
    }
    rc = incident.simulated ? PK_OK : pk_circle_network_incident(c, &incident);
    if (rc < 0) {
        return rc;
    }
    remember(c, slot, &incident);
    c->risk_stale |= !incident.simulated;
    if (c->watch->incident != NULL && !incident.simulated) {
        c->watch->incident(&incident, change, c->watch->ctx);
    }
    rc = write_change(c, &incident, change, finding->at_ms, minute_before);
    if (rc < 0) {
        return rc;
    }
    return incident.simulated ? pk_circle_drill(c, &incident, change)
                              : pk_circle_protect(c, &incident, change);
}

/* ---- exceptions ---- */

/* Stands before the reason, so that the end of the exception finds what it had dismissed. */
#define EXCEPTED "exception: "

static int store_change(struct pk_circle *c, struct pk_incident *slot, struct pk_incident *incident,
        enum pk_incident_change change, const char *what, const char *detail, int64_t at_ms)
{
    int rc = pk_incident_put(c->store, incident, c->err);

    if (rc < 0) {
        return rc;
    }
    remember(c, slot, incident);
    c->risk_stale = true;
    if (c->watch->incident != NULL) {
        c->watch->incident(incident, change, c->watch->ctx);
    }
    rc = pk_circle_timeline(c, incident, at_ms, what, "exception", detail);
    if (rc == PK_OK) {
        rc = pk_circle_event(c, change_types[change], incident->id, at_ms,
                json_pack("{s:s, s:s}", "by", "exception", "reason", detail));
    }
    return rc;
}

int pk_circle_except(struct pk_circle *c, const struct pk_threat *threat, const char *subject,
        const char *reason, int64_t at_ms)
{
    struct pk_incident *slot = find_live(c, threat, subject, false);
    struct pk_incident incident;
    const char *text = pk_arena_printf(c->arena, EXCEPTED "%s", reason);
    int rc;

    if (slot == NULL) {
        return PK_OK;
    }
    incident = *slot;
    rc = text != NULL ? pk_incident_dismiss(&incident, text, at_ms, c->err)
                      : pk_error_set(c->err, PK_ENOMEM, "out of memory");
    if (rc == PK_OK) {
        rc = store_change(c, slot, &incident, PK_CHANGE_DISMISSED, "dismissed", reason, at_ms);
    }
    return rc < 0 ? rc : pk_circle_protect(c, &incident, PK_CHANGE_DISMISSED);
}

int pk_circle_readmit(
        struct pk_circle *c, const struct pk_threat *threat, const char *subject, int64_t at_ms)
{
    struct pk_incident incident;
    int rc;

    if (find_live(c, threat, subject, false) != NULL) {
        return PK_OK;
    }
    rc = pk_incident_find(c->store, c->device.id, threat->id, subject, c->arena, &incident, c->err);
    if (rc < 0) {
        return rc == PK_ENOENT ? PK_OK : rc;
    }
    if (incident.state != PK_INCIDENT_DISMISSED || incident.reason == NULL ||
            strncmp(incident.reason, EXCEPTED, strlen(EXCEPTED)) != 0) {
        return PK_OK;
    }
    incident.evidence = NULL; /* what was seen before is over: parts begin anew */
    rc = pk_incident_reopen(&incident, at_ms, c->err);
    if (rc == PK_OK) {
        rc = store_change(c, NULL, &incident, PK_CHANGE_REOPENED, "reopened",
                "no exception holds it back any more", at_ms);
    }
    return rc < 0 ? rc : pk_circle_protect(c, &incident, PK_CHANGE_REOPENED);
}

bool pk_circle_has_other_parts(
        struct pk_circle *c, const struct pk_threat *threat, const char *subject, const char *part)
{
    const struct pk_incident *live = find_live(c, threat, subject, false);
    const json_t *parts = live != NULL ? json_object_get(live->evidence, "parts") : NULL;

    for (size_t i = 0; i < json_array_size(parts); i++) {
        if (strcmp(json_string_value(json_array_get(parts, i)), part) != 0) {
            return true;
        }
    }
    return false;
}
