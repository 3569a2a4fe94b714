#include <stdio.h>
#include <string.h>

#include "agent/agent_internal.h"
#include "agent/alert_show.h"
#include "agent/apps.h"
#include "agent/control.h"
#include "agent/drill.h"
#include "agent/events.h"
#include "agent/identity.h"
#include "agent/judge.h"
#include "agent/names.h"
#include "agent/notify.h"
#include "agent/sense.h"
#include "agent/spool.h"
#include "agent/uplink.h"
#include "base/clock.h"
#include "base/event.h"

#define AGENT_SENSORS 2 /* its senses are as they are: the word that a check ended */

static void answer_json(struct pk_agent *a, int asker, json_t *status)
{
    char *text = status != NULL ? pk_json_text(status) : NULL;

    pk_control_answer(a->control, asker, text != NULL ? text : "{}");
    pk_agent_idle(a);
    free(text);
    json_decref(status);
}

static void answer(struct pk_agent *a, int asker)
{
    answer_json(a, asker, pk_agent_status(a));
}

static void on_checked(void *ctx)
{
    struct pk_agent *a = ctx;

    a->checking = false;
    a->checked_ms = pk_clock_ms();
    if (a->check_asked) { /* also when nothing is new, which by itself is not told */
        a->check_asked = false;
        if (a->uplink != NULL) {
            pk_agent_tell(a, AGENT_SENSORS);
            pk_uplink_news(a->uplink, 0);
        }
    }
    for (int i = 0; a->control != NULL && a->askers != 0 && i < 32; i++) {
        if ((a->askers & 1U << i) != 0) {
            a->askers &= ~(1U << i);
            answer(a, i);
        }
    }
    a->askers = 0;
    if (a->options.once) {
        pk_loop_stop(a->loop);
    }
}

void pk_agent_check_now(struct pk_agent *a)
{
    struct pk_error err;

    if (a->checking || a->sense == NULL) {
        return;
    }
    a->checking = true;
    if (a->apps != NULL) {
        pk_agent_apps_look(a->apps, NULL, NULL);
    }
    if (pk_sense_check(a->sense, PK_PROBE_ALL, on_checked, a, &err) < 0) {
        pk_agent_trouble(a, err.text);
        on_checked(a);
    }
}

static void on_alert_command(struct pk_agent *a, const json_t *command)
{
    const char *subject = json_string_value(json_object_get(command, "subject"));
    const char *id = json_string_value(json_object_get(command, "id"));
    const char *threat_id = json_string_value(json_object_get(command, "threat"));
    const struct pk_threat *threat = threat_id != NULL ? pk_threat_find(threat_id) : NULL;
    struct pk_alert alert;
    struct pk_error err;
    bool known;

    subject = subject != NULL ? subject : PK_SUBJECT_DEVICE;
    if (pk_alert_of_command(
                command, pk_agent_judge_name(a->judge, subject), a->language, &alert, &err) < 0) {
        pk_agent_trouble(a, err.text);
        return;
    }
    known = threat != NULL && pk_agent_judge_tell(a->judge, threat, subject, pk_clock_ms());
    if (!known || alert.reminder > 0 || alert.replaces[0] != '\0') {
        pk_agent_show(a, &alert, subject, pk_clock_ms());
        if (threat != NULL && pk_agent_judge_keeps(threat)) {
            pk_agent_save_told(a);
        }
    } else {
        pk_notify_name(a->notify, alert.threat, subject, alert.id);
    }
    pk_agent_say_choice(
            a, alert.threat, id); /* also when the person knew by the device's own judgement */
}

/* The server's alert is over: the notification goes, and the next one of the kind is news again. */
static void on_close_command(struct pk_agent *a, const json_t *command)
{
    const json_t *number = json_object_get(command, "alert");
    const char *threat_id = json_string_value(json_object_get(command, "threat"));
    const char *subject = json_string_value(json_object_get(command, "subject"));
    const struct pk_threat *threat = threat_id != NULL ? pk_threat_find(threat_id) : NULL;
    char digits[PK_ALERT_ID];
    const char *alert = json_string_value(number);

    if (json_is_integer(number)) {
        (void)snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(number));
        alert = digits;
    }
    subject = subject != NULL ? subject : PK_SUBJECT_DEVICE;
    if (threat != NULL) {
        pk_agent_judge_untell(a->judge, threat, subject);
        if (pk_agent_judge_keeps(threat)) {
            pk_agent_save_told(a);
        }
    }
    pk_alert_close(a->notify, a->events, alert, threat_id != NULL ? threat_id : "", subject,
            pk_clock_ms());
}

static void on_simulate_command(struct pk_agent *a, const json_t *command)
{
    struct pk_error err;

    if (pk_agent_drill_start(a->drill, command, &err) < 0) {
        pk_agent_trouble(a, err.text);
    }
}

static void on_simulate_end_command(struct pk_agent *a, const json_t *command)
{
    const char *ask = json_string_value(json_object_get(command, "ask"));

    if (ask != NULL) {
        pk_agent_drill_end(a->drill, ask);
    }
}

void pk_agent_on_command(void *ctx, const json_t *command)
{
    struct pk_agent *a = ctx;
    const char *type = json_string_value(json_object_get(command, "type"));
    const char *id = json_string_value(json_object_get(command, "id"));

    type = type != NULL ? type : "";
    pk_events_emit(a->events, pk_clock_ms(), "command",
            json_pack("{s:s, s:s}", "id", id, "type", type), NULL);
    if (strcmp(type, "alert") == 0) {
        on_alert_command(a, command);
    } else if (strcmp(type, "close") == 0) {
        on_close_command(a, command);
    } else if (strcmp(type, "check") == 0) {
        a->check_asked = true;
        pk_agent_check_now(a);
    } else if (strcmp(type, "simulate") == 0 && a->drill != NULL) {
        on_simulate_command(a, command);
    } else if (strcmp(type, "simulate_end") == 0 && a->drill != NULL) {
        on_simulate_end_command(a, command);
    } else if (strcmp(type, "send_app") == 0 && a->apps != NULL) {
        pk_agent_apps_send(a->apps, json_string_value(json_object_get(command, "sha256")));
    } else {
        pk_event(PK_WARN, "agent.unknown_command", { "type", type });
    }
}

void pk_agent_on_left(void *ctx)
{
    struct pk_agent *a = ctx;
    struct pk_error err;

    /* What was not sent yet is nobody else's, either: the next server must not get it. */
    if (pk_spool_ack(a->spool, pk_spool_next(a->spool) - 1, &err) < 0 ||
            pk_identity_forget(a->identity, &err) < 0) {
        pk_agent_trouble(a, err.text);
    }
    pk_events_emit(a->events, pk_clock_ms(), "left", NULL,
            "This device left its server. It goes on watching, alone.");
    pk_loop_arm(a->loop, &a->rekey, 0);
}

void pk_agent_on_ask(void *ctx, const char *line, int asker)
{
    struct pk_agent *a = ctx;

    if (strcmp(line, "check") == 0) {
        a->askers |= 1U << asker;
        pk_agent_check_now(a);
    } else if (strncmp(line, "names ", strlen("names ")) == 0) {
        answer_json(a, asker, pk_agent_names_ask(a->names, line + strlen("names ")));
    } else {
        answer(a, asker);
    }
}
