/* The memory for false positives: what fits an entry is dismissed when it opens; and what an entry means for the
 * incidents that are there already, one device after the other. */
#include "store/mistakes.h"

#include "base/clock.h"
#include "incident/keeper.h"
#include "incident/mistake.h"
#include "pipeline/circle.h"

int pk_circle_mistake_of(
        struct pk_circle *c, const struct pk_incident *incident, const struct pk_mistake **out)
{
    struct pk_array found = { 0 };
    int rc = pk_mistake_of_threat(
            c->store, incident->threat->id, incident->updated_ms, c->arena, &found, c->err);

    *out = rc == PK_OK ? pk_mistake_find(found.items, found.count, incident, c->device.group,
                                 incident->updated_ms)
                       : NULL;
    return rc;
}

int pk_circle_dismiss_mistake(struct pk_circle *c, struct pk_incident *incident,
        const struct pk_mistake *mistake, int64_t at_ms)
{
    const char *reason = pk_mistake_reason(mistake, c->arena);
    int rc = reason != NULL ? pk_incident_dismiss(incident, reason, at_ms, c->err)
                            : pk_error_set(c->err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        rc = pk_mistake_used(c->store, mistake->id, at_ms, c->err);
    }
    if (rc == PK_OK) {
        rc = pk_incident_put(c->store, incident, c->err);
    }
    if (rc == PK_OK) {
        rc = pk_circle_timeline(c, incident, at_ms, "dismissed", mistake->id, reason);
    }
    return rc < 0 ? rc
                  : pk_circle_event(c, "incident.dismissed", incident->id, at_ms,
                            json_pack("{s:s, s:s}", "by", mistake->id, "reason", reason));
}

/* ---- what an entry means for what is there already -------------------------------------------------- */

static struct pk_incident *live_of(struct pk_circle *c, const char *id)
{
    for (size_t i = 0; i < c->live_count; i++) {
        if (strcmp(c->live[i].id, id) == 0) {
            return &c->live[i];
        }
    }
    return NULL;
}

static int dismiss_live(
        struct pk_circle *c, const struct pk_mistake *mistake, const char *id, int64_t now_ms)
{
    struct pk_incident *slot = live_of(c, id);
    struct pk_incident incident;
    int rc;

    if (slot == NULL || !pk_mistake_fits(mistake, slot, c->device.group, now_ms)) {
        return PK_OK;
    }
    incident = *slot;
    rc = pk_circle_dismiss_mistake(c, &incident, mistake, now_ms);
    if (rc == PK_OK) {
        *slot = c->live[--c->live_count];
        c->risk_stale = true;
        rc = pk_circle_network_incident(c, &incident);
    }
    return rc < 0 ? rc : pk_circle_protect(c, &incident, PK_CHANGE_DISMISSED);
}

/* It stays dismissed by another entry that says the same, so that the end of that one finds it. */
static int hand_over(struct pk_circle *c, struct pk_incident *incident,
        const struct pk_mistake *mistake, int64_t at_ms)
{
    int rc;

    incident->reason = pk_mistake_reason(mistake, c->arena);
    rc = incident->reason != NULL ? pk_incident_put(c->store, incident, c->err)
                                  : pk_error_set(c->err, PK_ENOMEM, "out of memory");
    if (rc == PK_OK) {
        rc = pk_mistake_used(c->store, mistake->id, at_ms, c->err);
    }
    return rc < 0
            ? rc
            : pk_circle_timeline(c, incident, at_ms, "dismissed", mistake->id, incident->reason);
}

/* It comes back, unless another entry says the same. */
static int readmit(
        struct pk_circle *c, const struct pk_mistake *mistake, const char *id, int64_t now_ms)
{
    const struct pk_mistake *other = NULL;
    struct pk_incident_row row;
    struct pk_incident *incident = &row.incident;
    int rc = pk_incident_get(c->store, id, c->arena, &row, c->err);

    if (rc < 0 || !pk_mistake_dismissed(incident, mistake->id)) {
        return rc == PK_ENOENT ? PK_OK : rc;
    }
    incident->updated_ms = now_ms;
    rc = pk_circle_mistake_of(c, incident, &other);
    if (rc == PK_OK && other != NULL) {
        return hand_over(c, incident, other, now_ms);
    }
    if (rc < 0) {
        return rc;
    }
    rc = pk_incident_reopen(incident, now_ms, c->err);
    if (rc == PK_OK) {
        rc = pk_incident_put(c->store, incident, c->err);
    }
    if (rc == PK_OK) {
        rc = pk_circle_timeline(
                c, incident, now_ms, "reopened", mistake->id, "nobody calls it a mistake any more");
    }
    if (rc == PK_OK) {
        rc = pk_circle_event(c, "incident.reopened", incident->id, now_ms,
                json_pack("{s:s}", "by", mistake->id));
    }
    if (rc < 0) {
        return rc;
    }
    if (c->live_count < PK_LIVE_MAX) {
        c->live[c->live_count++] = *incident;
    }
    c->risk_stale = true;
    rc = pk_circle_network_incident(c, incident);
    return rc < 0 ? rc : pk_circle_protect(c, incident, PK_CHANGE_REOPENED);
}

int pk_pipeline_mistake(const struct pk_pipeline *pipeline, struct pk_store *store,
        const struct pk_mistake *mistake, bool ended, const char *device, const char *incident,
        int64_t now_ms, struct pk_pipeline_news *news, struct pk_error *err)
{
    struct pk_circle *c = pk_circle_open(
            &(struct pk_circle){ .pipeline = pipeline, .store = store, .news = news, .err = err });
    int rc;

    if (c == NULL) {
        return PK_ENOMEM;
    }
    rc = pk_circle_load(c, device);
    if (rc == PK_OK) {
        rc = ended ? readmit(c, mistake, incident, now_ms)
                   : dismiss_live(c, mistake, incident, now_ms);
    }
    if (rc == PK_OK) {
        rc = pk_circle_settle(c, now_ms);
    }
    pk_circle_close(c);
    return rc == PK_ENOENT ? PK_OK : rc;
}
