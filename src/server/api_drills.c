/* Simulated threats: asked for here, carried out by the device; and how far one has come. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/call.h"
#include "server/view.h"
#include "store/alerts.h"

#define MINUTES_MAX 60
#define WAITING_MAX 4 /* a device runs no more at once */
#define STATIONS    64

struct body {
    const char *threat;
    int64_t minutes;
};

/* clang-format off */
static const struct pk_field fields[] = {
    { "threat", PK_TYPE_STRING, 0, offsetof(struct body, threat), .min = 1, .max = 64,
      .def = "network.arp_spoof", .help = "which threat is simulated" },
    { "minutes", PK_TYPE_INT, 0, offsetof(struct body, minutes), .min = 1, .max = MINUTES_MAX,
      .def = "5", .help = "how long it lasts" },
};
/* clang-format on */
static const struct pk_schema schema = PK_SCHEMA(struct body, fields, "drill");

static int fail(struct pk_error *err, const char *path, const char *text)
{
    (void)pk_error_set(err, PK_EBOUNDS, "%s", text);
    return pk_query_path(err, path);
}

/* What nobody is told of cannot be rehearsed, and what frightens is not. */
static int check_threat(const char *id, struct pk_error *err)
{
    const struct pk_threat *threat = pk_threat_find(id);

    if (threat == NULL) {
        return fail(err, "threat", "there is no such threat in the catalogue");
    }
    if (threat->careful) {
        return fail(err, "threat", "this threat is told with care and never rehearsed");
    }
    return threat->severity == PK_SEVERITY_INFO
            ? fail(err, "threat", "a state of severity info alerts nobody")
            : PK_OK;
}

struct start {
    const char *device;
    const struct body *body;
    int64_t id; /* out */
};

static int add(struct pk_call *call, void *ctx, struct pk_error *err)
{
    struct start *start = ctx;
    struct pk_array waiting = { 0 };
    struct pk_action ask = { .kind = PK_ACTION_ASK,
        .target = start->device,
        .device = start->device,
        .created_ms = call->now_ms };
    int rc = pk_action_pending(
            call->store, PK_ACTION_ASK, start->device, 0, WAITING_MAX, call->arena, &waiting, err);

    if (rc < 0) {
        return rc;
    }
    if (waiting.count >= WAITING_MAX) {
        return pk_error_set(err, PK_EEXIST, "the device has not fetched the last questions yet");
    }
    ask.payload = json_pack("{s:s, s:s, s:s, s:I}", "type", "simulate", "threat",
            start->body->threat, "subject", PK_DRILL_SUBJECT, "minutes",
            (json_int_t)start->body->minutes);
    rc = ask.payload != NULL ? pk_action_add(call->store, &ask, err)
                             : pk_error_set(err, PK_ENOMEM, "out of memory");
    json_decref(ask.payload);
    start->id = ask.id;
    return rc < 0 ? rc
                  : pk_call_audit(call, "device.simulate", start->device,
                            json_pack("{s:s, s:I}", "threat", start->body->threat, "minutes",
                                    (json_int_t)start->body->minutes),
                            err);
}

int pk_api_device_simulate(struct pk_call *call, struct pk_error *err)
{
    struct start start = { .device = pk_request_param(call->request, "id") };
    struct pk_device device;
    struct body body;
    char id[24];
    int rc;

    if (pk_request_decode(call->request, &schema, &body) < 0) {
        return PK_OK;
    }
    start.body = &body;
    rc = check_threat(body.threat, err);
    if (rc == PK_OK) {
        rc = pk_device_get(call->store, start.device, call->arena, &device, err);
    }
    if (rc == PK_OK && device.revoked_ms != 0) {
        return pk_error_set(err, PK_EEXIST, "the device is revoked");
    }
    if (rc == PK_OK) {
        rc = pk_call_transaction(call, add, &start, err);
    }
    if (rc < 0) {
        return rc;
    }
    pk_server_notify_device(call->server, start.device);
    (void)snprintf(id, sizeof(id), "%lld", (long long)start.id);
    return pk_call_reply(call, 202,
            json_pack("{s:s, s:s, s:s, s:I}", "id", id, "device", start.device, "threat",
                    body.threat, "minutes", (json_int_t)body.minutes));
}

/* ---- how far it has come ------------------------------------------------------------------------- */

struct station {
    const char *name;
    int64_t at_ms;
    const char *detail;
};

struct stations {
    struct station items[STATIONS];
    size_t count;
};

static void put(struct stations *list, const char *name, int64_t at_ms, const char *detail)
{
    size_t at = list->count;

    if (at_ms <= 0 || list->count == STATIONS) {
        return;
    }
    for (; at > 0 && list->items[at - 1].at_ms > at_ms; at--) {
        list->items[at] = list->items[at - 1];
    }
    list->items[at] = (struct station){ .name = name, .at_ms = at_ms, .detail = detail };
    list->count++;
}

/* Words of the time line that are stations. */
static const char *station_of(const char *what)
{
    static const char *const words[][2] = {
        { "detected", "found" },
        { "reopened", "found" },
        { "told", "decided" },
        { "held", "held" },
        { "seen", "seen" },
        { "resolved", "ended" },
        { "dismissed", "ended" },
    };

    for (size_t i = 0; i < PK_COUNT(words); i++) {
        if (strcmp(words[i][0], what) == 0) {
            return words[i][1];
        }
    }
    return NULL;
}

static int put_timeline(struct pk_call *call, const char *incident, int64_t since_ms,
        struct stations *list, struct pk_error *err)
{
    struct pk_array timeline = { 0 };
    const struct pk_timeline_row *rows;
    int rc = pk_timeline_of(call->store, incident, call->arena, &timeline, err);

    rows = timeline.items;
    for (size_t i = 0; rc == PK_OK && i < timeline.count; i++) {
        const char *name = station_of(rows[i].what);

        if (name != NULL && rows[i].at_ms >= since_ms) {
            put(list, name, rows[i].at_ms, rows[i].detail);
        }
    }
    return rc;
}

/* What went out because of it: to the person, to the SOC, and taken back. */
static int put_actions(struct pk_call *call, const char *incident, int64_t since_ms,
        struct stations *list, struct pk_error *err)
{
    struct pk_array found = { 0 };
    const struct pk_action *rows;
    int rc = pk_action_of_incident(call->store, incident, STATIONS, call->arena, &found, err);

    rows = found.items;
    for (size_t i = 0; rc == PK_OK && i < found.count; i++) {
        const struct pk_action *a = &rows[i];
        bool out = a->state == PK_ACTION_DELIVERED || a->state == PK_ACTION_SHOWN;

        if (a->created_ms < since_ms || !out) {
            continue;
        }
        if (a->kind == PK_ACTION_SIEM) {
            const char *type = json_string_value(json_object_get(a->payload, "type"));

            put(list, "soc", a->done_ms,
                    pk_arena_printf(call->arena, "%s: %s", a->target, type != NULL ? type : ""));
        } else if (a->kind == PK_ACTION_ALERT) {
            put(list, "alerted", a->done_ms, NULL);
        } else if (a->kind == PK_ACTION_CLOSE) {
            put(list, "closed", a->done_ms, NULL);
        }
    }
    return rc;
}

static bool is_of(const struct pk_incident *incident, const char *ask)
{
    const char *of = json_string_value(json_object_get(incident->evidence, "ask"));

    return incident->simulated && of != NULL && strcmp(of, ask) == 0;
}

/* The incident of this drill, when it has begun. A later drill of the same kind may have taken it over. */
static int put_incident(struct pk_call *call, const struct pk_action *ask, const char *id,
        struct stations *list, json_t **view, struct pk_error *err)
{
    const char *threat = json_string_value(json_object_get(ask->payload, "threat"));
    struct pk_incident incident;
    int rc = pk_incident_find(call->store, ask->target, threat != NULL ? threat : "",
            PK_DRILL_SUBJECT, call->arena, &incident, err);

    if (rc == PK_ENOENT || (rc == PK_OK && !is_of(&incident, id))) {
        return PK_OK;
    }
    if (rc == PK_OK) {
        rc = put_timeline(call, incident.id, ask->created_ms, list, err);
    }
    if (rc == PK_OK) {
        rc = put_actions(call, incident.id, ask->created_ms, list, err);
    }
    if (rc == PK_OK) {
        *view = json_pack(
                "{s:s, s:s}", "id", incident.id, "state", pk_incident_state_names[incident.state]);
    }
    return rc;
}

static json_t *view_of(const struct stations *list)
{
    json_t *out = json_array();

    for (size_t i = 0; i < list->count; i++) {
        const struct station *s = &list->items[i];

        (void)json_array_append_new(out,
                json_pack("{s:s, s:o, s:o}", "station", s->name, "at", pk_view_time(s->at_ms),
                        "detail", pk_view_text(s->detail)));
    }
    return out;
}

int pk_api_drill_get(struct pk_call *call, struct pk_error *err)
{
    const char *id = pk_request_param(call->request, "id");
    struct stations list = { 0 };
    struct pk_action ask;
    struct pk_device device;
    json_t *incident = NULL;
    const char *type;
    char *end = NULL;
    long long number = id[0] >= '1' && id[0] <= '9' ? strtoll(id, &end, 10) : 0;
    int rc = number > 0 && *end == '\0' && strlen(id) < 19
            ? pk_action_get(call->store, number, call->arena, &ask, err)
            : pk_error_set(err, PK_ENOENT, "there is no such drill");

    if (rc < 0) {
        return rc;
    }
    type = json_string_value(json_object_get(ask.payload, "type"));
    if (ask.kind != PK_ACTION_ASK || type == NULL || strcmp(type, "simulate") != 0) {
        return pk_error_set(err, PK_ENOENT, "there is no such drill");
    }
    rc = pk_device_get(call->store, ask.target, call->arena, &device, err); /* of their groups */
    if (rc < 0) {
        return rc;
    }
    put(&list, "asked", ask.created_ms, NULL);
    put(&list, "fetched", ask.state == PK_ACTION_PENDING ? 0 : ask.done_ms, NULL);
    rc = put_incident(call, &ask, id, &list, &incident, err);
    if (rc < 0) {
        json_decref(incident);
        return rc;
    }
    return pk_call_reply(call, 200,
            json_pack("{s:s, s:s, s:o?, s:o?, s:o, s:o}", "id", id, "device", ask.target, "threat",
                    json_incref(json_object_get(ask.payload, "threat")), "minutes",
                    json_incref(json_object_get(ask.payload, "minutes")), "incident",
                    incident != NULL ? incident : json_null(), "stations", view_of(&list)));
}
