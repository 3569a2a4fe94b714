#include "pipeline/pipeline.h"

#include "base/clock.h"
#include "defense/defense.h"
#include "pipeline/apps_circle.h"
#include "pipeline/circle.h"

#define ARENA_MAX (16UL * 1024 * 1024)

int pk_circle_load(struct pk_circle *c, const char *device)
{
    struct pk_array open;
    const struct pk_incident *items;
    int rc = pk_device_get(c->store, device, c->arena, &c->device, c->err);

    if (rc < 0) {
        return rc;
    }
    rc = pk_incident_open_of(c->store, device, NULL, c->arena, &open, c->err);
    if (rc < 0) {
        return rc;
    }
    items = open.items;
    c->live_count = open.count < PK_LIVE_MAX ? open.count : PK_LIVE_MAX;
    for (size_t i = 0; i < c->live_count; i++) {
        c->live[i] = items[i];
    }
    c->loaded = (struct pk_situation){ .platform = c->device.platform,
        .risk_level = c->device.risk_level,
        .outlook = c->device.outlook,
        .zone = c->device.zone };
    return PK_OK;
}

static int observe(struct pk_circle *c, const struct pk_observation *o)
{
    struct pk_findings findings = { 0 };
    int rc = pk_circle_note(c, o);

    if (rc == PK_OK) {
        rc = pk_circle_network(c, o);
    }
    if (rc == PK_OK) {
        rc = pk_defense_judge(o, c->arena, &findings);
    }
    if (rc == PK_OK && o->kind == PK_OBS_APPS) {
        rc = pk_circle_apps(c, o);
    }
    for (size_t i = 0; i < findings.count && rc == PK_OK; i++) {
        if (c->watch->finding != NULL && !findings.items[i].simulated) {
            c->watch->finding(c->device.id, &findings.items[i], c->watch->ctx);
        }
        rc = pk_circle_finding(c, &findings.items[i]);
    }
    if (rc == PK_OK && c->guard_stale && c->risk_stale) {
        rc = pk_circle_risk(c, o->at_ms); /* who is told hears the risk with it */
        c->risk_stale = false;
    }
    return rc == PK_OK && c->guard_stale ? pk_circle_guard(c, o->at_ms) : rc;
}

/* A report of long ago (a recorded week, a wrong clock): the device's policy goes by its own time. */
static void note_lag(struct pk_circle *c, int64_t received_ms, int64_t now_ms)
{
    int64_t lag_ms = received_ms - now_ms > PK_HOUR_MS ? received_ms - now_ms : 0;
    int64_t moved = lag_ms - c->device.lag_ms;

    if (moved > PK_MINUTE_MS || moved < -PK_MINUTE_MS) {
        c->device.lag_ms = lag_ms;
        c->row_stale = true;
    }
}

/* A device whose reports are late has a late clock: what others say of it comes from ours. */
static int64_t own_time(const struct pk_circle *c, int64_t at_ms)
{
    int64_t latest = c->device.seen_ms + PK_HOUR_MS;

    return c->device.lag_ms > 0 && at_ms > latest ? latest : at_ms;
}

/* The risk, then the policy: it decides from the risk as it is now. */
static int settle(struct pk_circle *c, int64_t at_ms)
{
    int64_t now_ms = own_time(c, at_ms);
    int rc = c->risk_stale ? pk_circle_risk(c, at_ms) : PK_OK;
    const struct pk_device *d = &c->device;

    c->risk_stale = false;
    c->guard_stale |= d->risk_level != c->loaded.risk_level || d->outlook != c->loaded.outlook ||
            d->zone != c->loaded.zone || d->platform != c->loaded.platform;
    return rc == PK_OK && pk_circle_guard_needed(c, now_ms) ? pk_circle_guard(c, now_ms) : rc;
}

static int apply(struct pk_circle *c, const struct pk_entry *entry)
{
    const struct pk_observation *items = entry->report.observations.items;
    int64_t known = entry->after_seq > c->device.acked_seq ? entry->after_seq : c->device.acked_seq;
    int64_t now_ms = 0;
    int rc = PK_OK;

    if (entry->last_seq <= known) {
        return PK_OK;
    }
    for (size_t i = 0; i < entry->report.observations.count && rc == PK_OK; i++) {
        if (items[i].seq > known) {
            rc = observe(c, &items[i]);
            now_ms = items[i].at_ms > now_ms ? items[i].at_ms : now_ms;
        }
    }
    if (rc < 0) {
        return rc;
    }
    if (c->device.seen_ms == 0) {
        rc = pk_circle_event(c, "device.seen", NULL, now_ms, NULL);
    }
    if (rc == PK_OK) {
        note_lag(c, entry->received_ms, now_ms);
        rc = settle(c, now_ms);
    }
    if (rc < 0) {
        return rc;
    }
    c->device.seen_ms = now_ms > c->device.seen_ms ? now_ms : c->device.seen_ms;
    c->device.acked_seq = entry->last_seq;
    /* Most reports say that all is well: two numbers of the row change, the rest stays as it is. */
    return c->row_stale ? pk_device_put_state(c->store, &c->device, c->err)
                        : pk_device_put_seen(c->store, c->device.id, c->device.seen_ms,
                                  c->device.acked_seq, c->err);
}

/* The circle lives in its own arena: ending the arena ends it. NULL: memory is short. */
static const struct pk_pipeline_watch nobody;

struct pk_circle *pk_circle_open(const struct pk_circle *with)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_circle *c = arena != NULL ? pk_arena_alloc(arena, 1, sizeof(*c)) : NULL;

    if (c == NULL) {
        pk_arena_destroy(arena);
        (void)pk_error_set(with->err, PK_ENOMEM, "out of memory");
        return NULL;
    }
    *c = *with;
    c->arena = arena;
    c->watch = with->watch != NULL ? with->watch : &nobody;
    return c;
}

void pk_circle_close(struct pk_circle *c)
{
    if (c != NULL) {
        pk_arena_destroy(c->arena);
    }
}

int pk_circle_settle(struct pk_circle *c, int64_t now_ms)
{
    int rc = settle(c, now_ms);

    return rc == PK_OK && c->row_stale ? pk_device_put_state(c->store, &c->device, c->err) : rc;
}

int pk_pipeline_apply(const struct pk_pipeline *pipeline, struct pk_store *store,
        const struct pk_entry *entry, const struct pk_pipeline_watch *watch,
        struct pk_pipeline_news *news, struct pk_error *err)
{
    struct pk_circle *c = pk_circle_open(&(struct pk_circle){
            .pipeline = pipeline,
            .store = store,
            .watch = watch,
            .news = news,
            .err = err,
    });
    int rc;

    if (c == NULL) {
        return PK_ENOMEM;
    }
    rc = pk_circle_load(c, entry->device);
    if (rc == PK_OK) {
        rc = apply(c, entry);
    } else if (rc == PK_ENOENT) {
        rc = PK_OK; /* removed meanwhile: its reports have nowhere to go */
    }
    pk_circle_close(c);
    return rc;
}

static int take_verdict(
        struct pk_circle *c, const struct pk_incident *incident, enum pk_incident_change change)
{
    int rc = pk_circle_network_incident(c, incident);

    c->risk_stale = true;
    return rc < 0 ? rc : pk_circle_protect(c, incident, change);
}

int pk_pipeline_verdict(const struct pk_pipeline *pipeline, struct pk_store *store,
        const struct pk_incident *incident, enum pk_incident_change change, int64_t now_ms,
        struct pk_pipeline_news *news, struct pk_error *err)
{
    struct pk_circle *c = pk_circle_open(
            &(struct pk_circle){ .pipeline = pipeline, .store = store, .news = news, .err = err });
    int rc;

    if (c == NULL) {
        return PK_ENOMEM;
    }
    rc = pk_circle_load(c, incident->device);
    if (rc == PK_OK) {
        rc = incident->simulated ? pk_circle_drill(c, incident, change)
                                 : take_verdict(c, incident, change);
    }
    if (rc == PK_OK) {
        rc = pk_circle_settle(c, now_ms);
    }
    pk_circle_close(c);
    return rc;
}
