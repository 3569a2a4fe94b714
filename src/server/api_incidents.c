#include <stdio.h>
#include <string.h>

#include "incident/keeper.h"
#include "incident/mistake.h"
#include "pipeline/pipeline.h"
#include "server/call.h"
#include "server/looks.h"
#include "server/mistakes.h"
#include "server/reason.h"
#include "server/view.h"

#define ELSEWHERE_MAX 20

static const char *const severities[] = { "info", "low", "medium", "high", "critical", NULL };
static const char *const vectors[] = { "network", "malware", "physical", "vulnerability",
    "behavior", NULL };
static const char *const yes_no[] = { "yes", "no", NULL };
static const char *const sorts[] = { "updated_at", "opened_at", "severity", NULL };

int pk_api_incident_list(struct pk_call *call, struct pk_error *err)
{
    const struct pk_filter_rule filters[] = {
        { "state", pk_incident_state_names },
        { "severity", severities },
        { "vector", vectors },
        { "threat", NULL },
        { "device", NULL },
        { "subject", NULL },
        { "simulated", yes_no },
        { "q", NULL },
        { NULL, NULL },
    };
    const struct pk_list_rules rules = { filters, sorts };
    const struct pk_incident_row *rows;
    struct pk_query query;
    struct pk_page page = { 0 };
    json_t *items;
    int rc = pk_call_list_args(call, &rules, &query, err);

    if (rc == PK_OK) {
        rc = pk_incident_list(call->store, &query, call->arena, &page, err);
    }
    if (rc < 0) {
        return rc;
    }
    items = json_array();
    rows = page.items;
    for (size_t i = 0; i < page.count; i++) {
        (void)json_array_append_new(items, pk_view_incident(&rows[i]));
    }
    return pk_call_reply_page(call, &page, items);
}

/* The same threat about the same thing on other devices, newest first. */
static int elsewhere(struct pk_call *call, const struct pk_incident *incident, struct pk_array *out,
        struct pk_error *err)
{
    struct pk_filter filters[] = {
        { .field = "threat", .values = { (const char *[]){ incident->threat->id }, 1 } },
        { .field = "subject", .values = { (const char *[]){ incident->subject }, 1 } },
    };
    struct pk_query query = {
        .limit = ELSEWHERE_MAX + 1,
        .filters = filters,
        .filter_count = PK_COUNT(filters),
        .now_ms = call->now_ms,
    };
    struct pk_incident_row *rows;
    struct pk_page page = { 0 };
    size_t kept = 0;
    int rc = pk_incident_list(call->store, &query, call->arena, &page, err);

    if (rc < 0) {
        return rc;
    }
    rows = page.items;
    for (size_t i = 0; i < page.count && kept < ELSEWHERE_MAX; i++) {
        if (strcmp(rows[i].incident.device, incident->device) != 0) {
            rows[kept++] = rows[i];
        }
    }
    *out = (struct pk_array){ .items = rows, .count = kept };
    return PK_OK;
}

/* look: the caller came to see it, not to judge it. */
static int reply_incident(struct pk_call *call, const char *id, bool look, struct pk_error *err)
{
    struct pk_array timeline = { 0 };
    struct pk_array others = { 0 };
    struct pk_incident_row row;
    int rc = pk_incident_get(call->store, id, call->arena, &row, err);

    if (rc == PK_OK) {
        rc = pk_timeline_of(call->store, id, call->arena, &timeline, err);
    }
    if (rc == PK_OK) {
        rc = elsewhere(call, &row.incident, &others, err);
    }
    if (rc < 0) {
        return rc;
    }
    if (look) {
        pk_call_look(call, "incident.look", row.incident.device);
    }
    return pk_call_reply(call, 200, pk_view_incident_full(&row, &timeline, &others));
}

int pk_api_incident_get(struct pk_call *call, struct pk_error *err)
{
    return reply_incident(call, pk_request_param(call->request, "id"), true, err);
}

/* What a person makes of an incident, and how the time line, the event stream and the audit say
 * it. */
struct verdict {
    const char *reason;
    const struct dismissal *also; /* NULL: this one alone */
    struct pk_mistake mistake;    /* out: of also */
    bool siem;                    /* out: the outbox grew */
    bool commands;                /* out: there is something to tell the device */
    char device[PK_ID_TEXT];      /* out: whose it is */
    enum pk_incident_change change;
    const char *what;  /* in the time line */
    const char *event; /* type */
    const char *act;   /* in the audit */
};

/* "Not this one alone": the mistake is remembered. */
struct dismissal {
    const char *reason;
    int remember; /* index into remembers */
    bool subject;
    bool rule;
    int64_t expires_ms;
};

enum {
    REMEMBER_NOTHING,
    REMEMBER_DEVICE,
    REMEMBER_GROUP,
    REMEMBER_ALL
};
static const char *const remembers[] = { "nothing", "device", "group", "all", NULL };

/* clang-format off */
static const struct pk_field dismissal_fields[] = {
    { "reason", PK_TYPE_STRING, PK_REQUIRED, offsetof(struct dismissal, reason), .min = 1,
      .max = 500, .help = "why, for those who read it later" },
    { "remember", PK_TYPE_ENUM, 0, offsetof(struct dismissal, remember), .names = remembers,
      .def = "nothing", .help = "for whom the same is a mistake from now on" },
    { "subject", PK_TYPE_BOOL, 0, offsetof(struct dismissal, subject), .def = "true",
      .help = "only about the same network, app or thing" },
    { "rule", PK_TYPE_BOOL, 0, offsetof(struct dismissal, rule), .def = "false",
      .help = "only when the same rule found it" },
    { "expires_at", PK_TYPE_TIME, 0, offsetof(struct dismissal, expires_ms),
      .help = "until when; absent: for good, but critical threats for 90 days at most" },
};
/* clang-format on */
static const struct pk_schema dismissal_schema = PK_SCHEMA(
        struct dismissal, dismissal_fields, "dismissal");

static int remember(struct pk_call *call, struct verdict *v, const struct pk_incident *incident,
        struct pk_error *err)
{
    const struct dismissal *also = v->also;
    struct pk_device device = { 0 };
    int rc;

    if (also == NULL || also->remember == REMEMBER_NOTHING) {
        return PK_OK;
    }
    if (incident->simulated) {
        (void)pk_error_set(err, PK_EBOUNDS, "a drill is no mistake");
        return pk_query_path(err, "remember");
    }
    rc = pk_device_get(call->store, incident->device, call->arena, &device, err);
    if (rc < 0) {
        return rc;
    }
    v->mistake = (struct pk_mistake){
        .reason = also->reason,
        .scope = also->remember == REMEMBER_DEVICE ? PK_MISTAKE_DEVICE
                : also->remember == REMEMBER_GROUP ? PK_MISTAKE_GROUP
                                                   : PK_MISTAKE_ALL,
        .target = also->remember == REMEMBER_DEVICE ? incident->device
                : also->remember == REMEMBER_GROUP  ? device.group
                                                    : "",
        .threat = incident->threat->id,
        .subject = also->subject ? incident->subject : NULL,
        .rule = also->rule ? incident->rule : NULL,
        .expires_ms = also->expires_ms,
    };
    rc = pk_call_mistake_make(call, &v->mistake, err);
    return rc < 0 ? rc : pk_call_mistake_put(call, &v->mistake, err);
}

static int change_state(struct pk_call *call, const struct verdict *v, struct pk_incident *incident,
        struct pk_error *err)
{
    int rc;

    if (incident->simulated && v->change == PK_CHANGE_REOPENED) {
        return pk_error_set(err, PK_EEXIST, "a drill that is over is not reopened: start another");
    }
    rc = v->change == PK_CHANGE_DISMISSED
            ? pk_incident_dismiss(incident, v->reason, call->now_ms, err)
            : pk_incident_reopen(incident, call->now_ms, err);

    if (rc < 0) {
        return pk_error_set(err, PK_EEXIST, "this incident is %s already",
                pk_incident_state_names[incident->state]);
    }
    return pk_incident_put(call->store, incident, err);
}

static int record(struct pk_call *call, const struct verdict *v, const struct pk_incident *incident,
        struct pk_error *err)
{
    const char *by = pk_actor_text(&call->actor, call->arena);
    struct pk_timeline_row row = {
        .at_ms = call->now_ms,
        .what = v->what,
        .by = by,
        .detail = v->reason,
    };
    json_t *detail = json_pack("{s:s, s:s}", "by", by, "reason", v->reason);
    struct pk_event_row event = {
        .at_ms = call->now_ms,
        .type = v->event,
        .device = incident->device,
        .incident = incident->id,
        .detail = detail,
    };
    int rc = pk_timeline_add(call->store, incident->id, &row, err);

    if (rc == PK_OK) {
        rc = pk_event_add(call->store, &event, err);
    }
    json_decref(detail);
    if (rc == PK_OK) {
        rc = pk_call_audit(call, v->act, incident->id,
                json_pack("{s:s, s:s, s:s}", "threat", incident->threat->id, "device",
                        incident->device, "reason", v->reason),
                err);
    }
    return rc;
}

static int apply(struct pk_call *call, void *ctx, struct pk_error *err)
{
    struct pk_pipeline_news news = { 0 };
    struct verdict *v = ctx;
    struct pk_incident_row row;
    int rc = pk_incident_get(
            call->store, pk_request_param(call->request, "id"), call->arena, &row, err);

    if (rc == PK_OK) {
        rc = remember(call, v, &row.incident, err);
    }
    if (rc == PK_OK) {
        rc = change_state(call, v, &row.incident, err);
    }
    if (rc == PK_OK) {
        rc = record(call, v, &row.incident, err);
    }
    if (rc == PK_OK) {
        rc = pk_pipeline_verdict(call->server->pipeline, call->store, &row.incident, v->change,
                call->now_ms, &news, err);
    }
    (void)snprintf(v->device, sizeof(v->device), "%s", row.incident.device);
    v->siem = news.siem;
    v->commands = news.commands;
    return rc;
}

static int judge(struct pk_call *call, struct verdict *v, struct pk_error *err)
{
    int rc;

    rc = pk_call_transaction(call, apply, v, err);
    if (rc < 0) {
        return rc;
    }
    if (v->siem) {
        pk_server_outbox_grew(call->server);
    }
    if (v->commands) {
        pk_server_notify_device(call->server, v->device);
    }
    if (v->mistake.id != NULL) {
        rc = pk_mistakes_sweep(call->server, call->store, &v->mistake, false, call->now_ms, err);
    }
    if (rc < 0) {
        return rc;
    }
    return reply_incident(call, pk_request_param(call->request, "id"), false, err);
}

int pk_api_incident_dismiss(struct pk_call *call, struct pk_error *err)
{
    struct verdict verdict = {
        .change = PK_CHANGE_DISMISSED,
        .what = "dismissed",
        .event = "incident.dismissed",
        .act = "incident.dismiss",
    };
    struct dismissal body;

    if (pk_request_decode(call->request, &dismissal_schema, &body) < 0) {
        return PK_OK;
    }
    if (body.remember == REMEMBER_ALL && call->actor.scope[0] != '\0') {
        (void)pk_error_set(err, PK_EBOUNDS, "who sees some groups only decides for those");
        return pk_query_path(err, "remember");
    }
    verdict.reason = body.reason;
    verdict.also = &body;
    return judge(call, &verdict, err);
}

int pk_api_incident_reopen(struct pk_call *call, struct pk_error *err)
{
    struct verdict verdict = {
        .change = PK_CHANGE_REOPENED,
        .what = "reopened",
        .event = "incident.reopened",
        .act = "incident.reopen",
    };
    struct pk_reason_body body;

    if (pk_request_decode(call->request, &pk_reason_schema, &body) < 0) {
        return PK_OK;
    }
    verdict.reason = body.reason;
    return judge(call, &verdict, err);
}
