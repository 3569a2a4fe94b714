#include "base/clock.h"
#include "server/advice.h"
#include "server/call.h"
#include "server/score.h"
#include "server/todo.h"
#include "server/trends.h"
#include "server/view.h"
#include "store/scope.h"

#define TOP 5

static json_t *view_devices(const struct pk_overview *o)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "total", (json_int_t)o->devices, "active",
            (json_int_t)o->active, "silent", (json_int_t)o->silent, "never", (json_int_t)o->never,
            "revoked", (json_int_t)o->revoked);
}

static json_t *view_levels(const struct pk_overview *o)
{
    json_t *levels = json_object();

    for (size_t i = 0; i < PK_COUNT(o->levels); i++) {
        (void)json_object_set_new(levels, pk_risk_level_names[i], json_integer(o->levels[i]));
    }
    return levels;
}

static json_t *view_outlooks(const struct pk_overview *o)
{
    json_t *outlooks = json_object();

    for (size_t i = 0; i < PK_COUNT(o->outlooks); i++) {
        (void)json_object_set_new(outlooks, pk_outlook_names[i], json_integer(o->outlooks[i]));
    }
    return outlooks;
}

/* The score that a day had; null when none is written down. */
static json_t *score_then(const struct pk_array *days, int64_t day)
{
    const struct pk_trend_day *row = days->items;

    for (size_t i = 0; i < days->count; i++) {
        if (row[i].day == day) {
            json_t *score = json_object_get(row[i].body, "score");

            return score != NULL ? json_incref(score) : json_null();
        }
    }
    return json_null();
}

static json_t *view_score(
        const struct pk_fleet_state *state, const struct pk_array *days, int64_t now_ms)
{
    int64_t today = now_ms / PK_DAY_MS;
    struct pk_score score;

    pk_score_of(state, &score);
    if (score.total < 0) {
        return json_null();
    }
    return json_pack("{s:i, s:o, s:o, s:o, s:[{s:s, s:f, s:i}, {s:s, s:f, s:i}, {s:s, s:f, s:i}]}",
            "now", score.total, "day_ago", score_then(days, today - 1), "week_ago",
            score_then(days, today - 7), "month_ago", score_then(days, today - 30), "parts", "part",
            "activation", "score", score.activation, "of", PK_SCORE_ACTIVATION, "part", "risk",
            "score", score.risk, "of", PK_SCORE_RISK, "part", "patches", "score", score.patches,
            "of", PK_SCORE_PATCHES);
}

/* Everything that comes from the state of the fleet: score and advice. */
static int fleet_of(struct pk_call *call, const struct pk_overview *o, json_t **score,
        json_t **actions, struct pk_error *err)
{
    struct pk_array states = { 0 };
    struct pk_array days = { 0 };
    int rc = pk_fleet_states(call->store, call->now_ms, false, call->arena, &states, err);

    if (rc == PK_OK && pk_store_scope_text(call->store)[0] == '\0') {
        rc = pk_trend_list(call->store, "", call->now_ms / PK_DAY_MS - 30, call->arena, &days, err);
    }
    if (rc == PK_OK) {
        rc = pk_advice(call->store, states.items, o, call->arena, actions, err);
    }
    if (rc == PK_OK) {
        *score = view_score(states.items, &days, call->now_ms);
    }
    return rc;
}

static json_t *view_incidents(const struct pk_overview *o)
{
    json_t *severities = json_object();

    for (int i = 0; i < PK_SEVERITY_COUNT; i++) {
        (void)json_object_set_new(
                severities, pk_severity_name((enum pk_severity)i), json_integer(o->by_severity[i]));
    }
    return json_pack("{s:I, s:I, s:I, s:o}", "open", (json_int_t)o->open, "opened_24h",
            (json_int_t)o->opened_24h, "resolved_24h", (json_int_t)o->resolved_24h, "by_severity",
            severities);
}

static json_t *view_days(const struct pk_overview *o)
{
    json_t *days = json_array();

    for (size_t i = 0; i < PK_COUNT(o->days); i++) {
        (void)json_array_append_new(days,
                json_pack("{s:s, s:I, s:I, s:I}", "day", o->days[i].day, "opened",
                        (json_int_t)o->days[i].opened, "resolved", (json_int_t)o->days[i].resolved,
                        "devices", (json_int_t)o->days[i].devices));
    }
    return days;
}

static json_t *view_threats(const struct pk_overview *o)
{
    const struct pk_count *counts = o->threats.items;
    json_t *list = json_array();

    for (size_t i = 0; i < o->threats.count; i++) {
        const struct pk_threat *threat = pk_threat_find(counts[i].key);

        if (threat != NULL) {
            (void)json_array_append_new(list,
                    json_pack("{s:s, s:s, s:I, s:I}", "threat", threat->id, "title", threat->title,
                            "open", (json_int_t)counts[i].count, "devices",
                            (json_int_t)counts[i].devices));
        }
    }
    return list;
}

/* The worst open incidents, newest first among equals. */
static int top_incidents(struct pk_call *call, json_t **out, struct pk_error *err)
{
    struct pk_filter filter = {
        .field = "state",
        .values = { (const char *[]){ "open", "mitigated" }, 2 },
    };
    struct pk_query query = {
        .limit = TOP,
        .sort = "-severity",
        .filters = &filter,
        .filter_count = 1,
        .now_ms = call->now_ms,
    };
    const struct pk_incident_row *rows;
    struct pk_page page;
    int rc = pk_incident_list(call->store, &query, call->arena, &page, err);

    if (rc < 0) {
        return rc;
    }
    rows = page.items;
    *out = json_array();
    for (size_t i = 0; i < page.count; i++) {
        (void)json_array_append_new(*out, pk_view_incident(&rows[i]));
    }
    return PK_OK;
}

/* The devices at most risk, without those that are at none or gone. */
static int top_devices(struct pk_call *call, json_t **out, struct pk_error *err)
{
    struct pk_filter filter = {
        .field = "status",
        .values = { (const char *[]){ "active", "silent" }, 2 },
    };
    struct pk_query query = {
        .limit = TOP,
        .sort = "-risk",
        .filters = &filter,
        .filter_count = 1,
        .now_ms = call->now_ms,
    };
    const struct pk_device *devices;
    struct pk_page page;
    int rc = pk_device_list(call->store, &query, call->arena, &page, err);

    if (rc < 0) {
        return rc;
    }
    devices = page.items;
    *out = json_array();
    for (size_t i = 0; i < page.count; i++) {
        if (devices[i].risk_score > 0) {
            json_t *device = pk_view_device(&devices[i], call->now_ms);
            const json_t *part = json_array_get(json_object_get(devices[i].risk, "parts"), 0);
            json_t *reason = json_object_get(part, "reason");

            (void)json_object_set_new(
                    device, "reason", reason != NULL ? json_incref(reason) : json_null());
            (void)json_array_append_new(*out, device);
        }
    }
    return PK_OK;
}

int pk_api_overview_get(struct pk_call *call, struct pk_error *err)
{
    struct pk_overview o;
    struct pk_array targets = { 0 };
    json_t *incidents = NULL;
    json_t *devices = NULL;
    json_t *actions = NULL;
    json_t *score = NULL;
    int rc = pk_store_overview(call->store, call->now_ms, call->arena, &o, err);

    if (rc == PK_OK) {
        rc = pk_target_states(call->store, call->arena, &targets, err);
    }
    if (rc == PK_OK) {
        rc = top_incidents(call, &incidents, err);
    }
    if (rc == PK_OK) {
        rc = top_devices(call, &devices, err);
    }
    if (rc == PK_OK) {
        rc = fleet_of(call, &o, &score, &actions, err);
    }
    if (rc < 0) {
        json_decref(incidents);
        json_decref(devices);
        json_decref(actions);
        return rc;
    }
    return pk_call_reply(call, 200,
            json_pack("{s:o, s:o, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}",
                    "devices", view_devices(&o), "levels", view_levels(&o), "outlooks",
                    view_outlooks(&o), "blocked", (int)o.blocked, "score", score, "actions",
                    actions, "incidents", view_incidents(&o), "days", view_days(&o),
                    "top_incidents", incidents, "top_devices", devices, "threats", view_threats(&o),
                    "outbox", pk_view_targets(&targets), "to_do",
                    pk_todo(&o, &targets, call->server->settings.siem.count), "demo",
                    call->server->settings.demo));
}
