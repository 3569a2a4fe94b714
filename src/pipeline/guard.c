/* The policy over time: a device's guard is taken from the store, goes a step, and is put back. */
#include "store/guard.h"

#include "base/clock.h"
#include "pipeline/circle.h"

int pk_circle_protect(
        struct pk_circle *c, const struct pk_incident *incident, enum pk_incident_change change)
{
    c->guard_stale = true;
    if (c->change_count < PK_CHANGES_MAX) {
        c->changes[c->change_count++] = (struct pk_circle_change){ .incident = *incident,
            .change = change };
    }
    return PK_OK;
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

/* Open incidents alone: what is mitigated needs nothing, and a drill goes its own way (drill.c). */
static void situation_of(
        const struct pk_circle *c, struct pk_incident *open, struct pk_situation *out)
{
    *out = (struct pk_situation){ .group = or_empty(c->device.group),
        .ownership = c->device.ownership,
        .platform = c->device.platform,
        .risk_level = c->device.risk_level,
        .outlook = c->device.outlook,
        .zone = c->device.zone,
        .incidents = open };
    for (size_t i = 0; i < c->live_count; i++) {
        if (c->live[i].state == PK_INCIDENT_OPEN && !c->live[i].simulated) {
            open[out->incident_count++] = c->live[i];
        }
    }
}

static int load(struct pk_circle *c, struct pk_guard **out, bool *fresh)
{
    json_t *state = NULL;
    int rc = pk_guard_row_get(c->store, c->device.id, c->arena, &state, NULL);

    *fresh = rc == PK_ENOENT;
    if (rc == PK_OK && pk_guard_load(state, c->arena, out, NULL) == PK_OK) {
        return PK_OK;
    }
    if (rc < 0 && rc != PK_ENOENT) {
        return pk_error_set(c->err, rc, "the state of the policy cannot be read");
    }
    /* A damaged row: what it knew is lost, the device is protected from here on. */
    rc = pk_guard_create(c->arena, out);
    return rc < 0 ? pk_error_set(c->err, rc, "out of memory") : PK_OK;
}

static int put_fact(const struct pk_fact *fact, void *ctx)
{
    struct pk_circle *c = ctx;
    struct pk_fact_row row = {
        .at_ms = fact->at_ms, .kind = fact->kind, .subject = fact->subject, .body = fact->body
    };

    c->facts_put++;
    return pk_fact_add(c->store, c->device.id, &row, c->err);
}

static int save(struct pk_circle *c, const struct pk_guard *guard)
{
    json_t *state = pk_guard_save(guard);
    int rc = state == NULL ? pk_error_set(c->err, PK_ENOMEM, "out of memory")
                           : pk_guard_row_put(c->store, c->device.id,
                                     pk_policy_version(c->pipeline->policy), state, c->err);

    json_decref(state);
    c->device.guard_ms = pk_guard_now(guard);
    c->device.due_ms = pk_guard_due(guard);
    c->row_stale = true;
    return rc;
}

/* Facts of one step have a time of their own, so that a rehearsal steps as we do. */
static int step(struct pk_circle *c, struct pk_guard *guard, bool fresh, int64_t at_ms)
{
    const struct pk_policy *policy = c->pipeline->policy;
    struct pk_incident open[PK_LIVE_MAX];
    struct pk_situation before;
    struct pk_situation now;
    int64_t now_ms = at_ms > pk_guard_now(guard) ? at_ms : pk_guard_now(guard) + 1;
    int rc;

    situation_of(c, open, &now);
    rc = pk_guard_wait(guard, policy, now_ms - 1, pk_circle_on_act, c);
    pk_guard_situation(guard, &before);
    c->facts_put = 0;
    if (rc == PK_OK) {
        rc = pk_facts_diff(fresh ? NULL : &before, &now, now_ms, c->arena, put_fact, c);
    }
    for (size_t i = 0; i < c->change_count && rc == PK_OK; i++) {
        rc = pk_circle_tell(c, &now, &c->changes[i], now_ms);
    }
    c->change_count = 0;
    return rc < 0 ? rc : pk_guard_step(guard, policy, &now, now_ms, pk_circle_on_act, c);
}

int pk_circle_guard(struct pk_circle *c, int64_t at_ms)
{
    struct pk_guard *guard = NULL;
    bool fresh;
    int rc = load(c, &guard, &fresh);

    if (rc == PK_OK) {
        rc = c->guard_stale || fresh
                ? step(c, guard, fresh, at_ms)
                : pk_guard_wait(guard, c->pipeline->policy, at_ms, pk_circle_on_act, c);
    }
    c->guard_stale = false;
    return rc < 0 ? rc : save(c, guard);
}

bool pk_circle_guard_needed(const struct pk_circle *c, int64_t at_ms)
{
    const struct pk_device *d = &c->device;

    return c->guard_stale || d->guard_ms == 0 || (d->due_ms > 0 && d->due_ms <= at_ms);
}

/* ---- from outside of a report ---------------------------------------------------------------------------- */

int pk_pipeline_wait(const struct pk_pipeline *pipeline, struct pk_store *store, const char *device,
        int64_t at_ms, bool again, struct pk_pipeline_news *news, struct pk_error *err)
{
    struct pk_circle *c = pk_circle_open(
            &(struct pk_circle){ .pipeline = pipeline, .store = store, .news = news, .err = err });
    int rc;

    if (c == NULL) {
        return PK_ENOMEM;
    }
    rc = pk_circle_load(c, device);
    if (rc == PK_OK) {
        c->guard_stale = again;
        rc = pk_circle_settle(c, at_ms);
    }
    pk_circle_close(c);
    return rc;
}
