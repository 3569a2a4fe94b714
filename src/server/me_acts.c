/* What the person does on the page: check again, say "mistake" or "later", choose a language. */
#include <string.h>

#include "server/me_call.h"
#include "server/view.h"
#include "store/alerts.h"

/* ---- check again ----------------------------------------------------------------------------------- */

static bool is_check(const struct pk_action *a)
{
    const char *type = json_string_value(json_object_get(a->payload, "type"));

    return type != NULL && strcmp(type, "check") == 0;
}

/* One that waits, or was asked for a moment ago, stands for this one, too. */
static int ask_check(struct pk_me_call *call, void *ctx, struct pk_error *err)
{
    struct pk_ledger_counts sent = { 0 };
    struct pk_array rows = { 0 };
    const struct pk_action *a;
    int64_t *at_ms = ctx;
    int rc = pk_action_newest(
            call->store, PK_ACTION_ASK, call->device.id, 1, call->arena, &rows, err);

    if (rc < 0) {
        return rc;
    }
    a = rows.items;
    if (rows.count > 0 && is_check(a) && call->now_ms >= a->created_ms &&
            (call->now_ms - a->created_ms < PK_ME_CHECK_REST_MS || a->state == PK_ACTION_PENDING)) {
        *at_ms = a->created_ms;
        return PK_OK;
    }
    rc = pk_ledger_counts_get(call->store, call->device.id, &sent, err);
    if (rc < 0) {
        return rc;
    }
    struct pk_action ask = { .kind = PK_ACTION_ASK,
        .target = call->device.id,
        .device = call->device.id,
        .created_ms = call->now_ms,
        .payload = json_pack("{s:s, s:I}", "type", "check", PK_ME_CHECK_AFTER,
                (json_int_t)sent.by_kind[PK_OBS_AGENT]) };

    *at_ms = call->now_ms;
    rc = ask.payload != NULL ? pk_action_add(call->store, &ask, err)
                             : pk_error_set(err, PK_ENOMEM, "out of memory");
    json_decref(ask.payload);
    return rc;
}

int pk_me_check(struct pk_me_call *call, struct pk_error *err)
{
    int64_t at_ms = 0;
    int rc = pk_me_transaction(call, ask_check, &at_ms, err);

    if (rc < 0) {
        return rc;
    }
    pk_server_notify_device(call->server, call->device.id);
    return pk_me_reply(call, 202, json_pack("{s:o}", "at", pk_view_time(at_ms)));
}

/* ---- answers to one thing -------------------------------------------------------------------------- */

struct note {
    const char *text;
};

/* clang-format off */
static const struct pk_field note_fields[] = {
    { "note", PK_TYPE_STRING, 0, offsetof(struct note, text), .max = 500,
      .help = "what the person says about it" },
};
/* clang-format on */
static const struct pk_schema note_schema = PK_SCHEMA(struct note, note_fields, "note");

struct answer {
    const char *what;  /* of the time line */
    const char *event; /* of the stream */
    const char *note;
    bool is_later;
};

/* Of this device, and not over yet. What is another's is as if it were not there. */
static int find_item(struct pk_me_call *call, struct pk_incident *out, struct pk_error *err)
{
    const char *id = pk_request_param(call->request, "id");
    struct pk_incident_row row;
    int rc = pk_incident_get(call->store, id, call->arena, &row, err);

    if (rc == PK_ENOENT || (rc == PK_OK && strcmp(row.incident.device, call->device.id) != 0)) {
        return pk_error_set(err, PK_ENOENT, "no such thing to fix");
    }
    if (rc == PK_OK && row.incident.state != PK_INCIDENT_OPEN &&
            row.incident.state != PK_INCIDENT_MITIGATED) {
        return pk_error_set(err, PK_EEXIST, "this is over already");
    }
    if (rc == PK_OK) {
        *out = row.incident;
    }
    return rc;
}

/* The device's user was told of it: the alert of that comes again, unless it is over by then (pipeline/protect.c takes it
 * back like any other). */
static int remind(struct pk_me_call *call, struct pk_alert_row *alert, struct pk_error *err)
{
    struct pk_action action;
    int rc = pk_action_get(call->store, alert->action, call->arena, &action, err);

    if (rc == PK_ENOENT || (rc == PK_OK && action.created_ms > call->now_ms)) {
        return PK_OK; /* it will come already */
    }
    if (rc < 0) {
        return rc;
    }
    action.state = PK_ACTION_PENDING;
    action.created_ms = call->now_ms + PK_ME_LATER_MS;
    action.done_ms = 0;
    action.attempts = 0;
    rc = pk_action_add(call->store, &action, err);
    alert->action = action.id;
    return rc < 0 ? rc : pk_alert_put(call->store, alert, err);
}

/* What the person said stands in the alert's row, too, by which rules are measured. */
static int answer_alert(struct pk_me_call *call, const char *incident, const struct answer *answer,
        struct pk_error *err)
{
    struct pk_alert_row alert;
    int rc = pk_alert_of_incident(call->store, incident, call->arena, &alert, err);

    if (rc < 0) {
        return rc == PK_ENOENT ? PK_OK : rc;
    }
    if (answer->is_later) {
        return remind(call, &alert, err);
    }
    alert.answer = PK_ANSWER_MISTAKE;
    alert.answered_ms = call->now_ms;
    return pk_alert_put(call->store, &alert, err);
}

static int write_answer(struct pk_me_call *call, void *ctx, struct pk_error *err)
{
    const struct answer *answer = ctx;
    struct pk_incident incident;
    struct pk_timeline_row line = {
        .at_ms = call->now_ms, .what = answer->what, .by = pk_me_actor(call), .detail = answer->note
    };
    struct pk_event_row event = {
        .at_ms = call->now_ms, .type = answer->event, .device = call->device.id
    };
    int rc = find_item(call, &incident, err);

    if (rc == PK_OK) {
        rc = pk_timeline_add(call->store, incident.id, &line, err);
    }
    if (rc == PK_OK) {
        rc = answer_alert(call, incident.id, answer, err);
    }
    if (rc == PK_OK) {
        event.incident = incident.id;
        event.detail = json_pack("{s:s, s:s, s:s}", "by", line.by, "threat", incident.threat->id,
                "note", answer->note != NULL ? answer->note : "");
        rc = pk_event_add(call->store, &event, err);
        json_decref(event.detail);
    }
    return rc;
}

static int answer(
        struct pk_me_call *call, const char *what, const char *event, struct pk_error *err)
{
    struct answer a = { .what = what, .event = event, .is_later = strcmp(what, "later") == 0 };
    struct note note;
    int rc;

    if (pk_request_decode(call->request, &note_schema, &note) < 0) {
        return PK_OK;
    }
    a.note = note.text;
    rc = pk_me_transaction(call, write_answer, &a, err);
    return rc < 0 ? rc
                  : pk_me_reply(call, 200, json_pack("{s:o}", "at", pk_view_time(call->now_ms)));
}

int pk_me_mistake(struct pk_me_call *call, struct pk_error *err)
{
    return answer(call, "mistake", "alert.mistake", err);
}

int pk_me_later(struct pk_me_call *call, struct pk_error *err)
{
    return answer(call, "later", "alert.later", err);
}

/* ---- language -------------------------------------------------------------------------------------- */

struct language {
    int index;
};

/* clang-format off */
static const struct pk_field language_fields[] = {
    { "language", PK_TYPE_ENUM, PK_REQUIRED, offsetof(struct language, index),
      .names = pk_me_languages, .help = "in which the person reads" },
};
/* clang-format on */
static const struct pk_schema language_schema = PK_SCHEMA(
        struct language, language_fields, "language");

int pk_me_language_put(struct pk_me_call *call, struct pk_error *err)
{
    struct language language;
    int rc;

    if (pk_request_decode(call->request, &language_schema, &language) < 0) {
        return PK_OK;
    }
    rc = pk_device_put_language(call->store, call->device.id, pk_me_languages[language.index], err);
    return rc < 0 ? rc : pk_me_reply(call, 204, NULL);
}
