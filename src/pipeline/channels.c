#include "pipeline/channels.h"

#include <stdio.h>

#include "base/clock.h"
#include "store/apps.h"
#include "store/push.h"

int pk_circle_act(struct pk_circle *c, int kind, const char *target,
        const struct pk_incident *incident, int64_t at_ms, json_t *payload)
{
    struct pk_action action = {
        .kind = kind,
        .target = target,
        .device = c->device.id,
        .incident = incident != NULL ? incident->id : NULL,
        .state = PK_ACTION_PENDING,
        .created_ms = at_ms,
        .payload = payload,
    };
    int rc = payload == NULL ? pk_error_set(c->err, PK_ENOMEM, "out of memory")
                             : pk_action_add(c->store, &action, c->err);

    c->acted = action.id;
    if (rc == PK_OK && c->watch->action != NULL) {
        c->watch->action(&action, c->watch->ctx);
    }
    json_decref(payload);
    if (kind != PK_ACTION_ALERT && kind != PK_ACTION_CLOSE && kind != PK_ACTION_ASK) {
        c->news->siem = true;
    }
    return rc;
}

/* Nobody has said anything: nobody is told. */
static int read_communication(struct pk_circle *c, struct pk_communication *out)
{
    struct pk_document document;
    struct pk_error err = { 0 };
    int rc = pk_document_get(c->store, PK_COMMUNICATION_DOCUMENT, c->arena, &document, &err);

    *out = (struct pk_communication){ 0 };
    if (rc == PK_ENOENT) {
        return PK_OK;
    }
    if (rc == PK_OK) {
        rc = pk_communication_parse(document.text, strlen(document.text), c->arena, out, &err);
    }
    if (rc < 0 && c->err != NULL) {
        *c->err = err;
    }
    return rc;
}

/* ---- administrators ------------------------------------------------------------------------------ */

struct notice {
    struct pk_circle *c;
    const struct pk_incident *incident;
    const char *policy_rule;
    const char *title;
    const char *why;
    int64_t at_ms;
    size_t told;
};

/* The one object from which letters, digests and webhooks are made. */
static json_t *notice_payload(const struct notice *n, const struct pk_notice_rule *rule)
{
    const struct pk_incident *i = n->incident;
    const struct pk_device *d = &n->c->device;
    char at[PK_TIME_TEXT];
    char link[80];

    (void)snprintf(link, sizeof(link), "#/%s/%s", i != NULL ? "incidents" : "devices",
            i != NULL ? i->id : d->id);
    return json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:s?, s:s?, s:s?, s:s}", "type",
            "admins.told", "letter", "notice", "at", pk_time_format(n->at_ms, at), "rule",
            rule->name, "policy_rule", n->policy_rule, "title", n->title, "why", n->why, "device",
            "id", d->id, "name", d->name != NULL ? d->name : "", "group",
            d->group != NULL ? d->group : "", "incident", i != NULL ? i->id : NULL, "threat",
            i != NULL ? i->threat->id : NULL, "severity",
            i != NULL ? pk_severity_name(i->severity) : NULL, "link", link);
}

static int gather(struct notice *n, const struct pk_notice_rule *rule)
{
    n->told++;
    return pk_circle_act(
            n->c, PK_ACTION_DIGEST, rule->name, n->incident, n->at_ms, notice_payload(n, rule));
}

/* A flood of incidents must not become a flood of letters. */
static int letter(struct notice *n, const struct pk_notice_rule *rule, const char *to, bool *full)
{
    int64_t sent = 0;
    int rc = pk_action_count_since(
            n->c->store, PK_ACTION_MAIL, to, n->at_ms - PK_HOUR_MS, &sent, n->c->err);

    if (rc < 0) {
        return rc;
    }
    if (sent >= PK_NOTICES_PER_HOUR) {
        *full = true;
        return PK_OK;
    }
    n->told++;
    return pk_circle_act(n->c, PK_ACTION_MAIL, to, n->incident, n->at_ms, notice_payload(n, rule));
}

static bool has_hook(const struct pk_pipeline *pipeline, const char *name)
{
    for (size_t i = 0; i < pipeline->hooks.count; i++) {
        if (strcmp(pipeline->hooks.items[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static int by_rule(struct notice *n, const struct pk_notice_rule *rule)
{
    bool full = false;
    int rc = PK_OK;

    if (rule->when != PK_NOTICE_NOW) {
        return gather(n, rule);
    }
    for (size_t i = 0; n->c->pipeline->mail && i < rule->mail.count && rc == PK_OK; i++) {
        rc = letter(n, rule, rule->mail.items[i], &full);
    }
    for (size_t i = 0; i < rule->hooks.count && rc == PK_OK; i++) {
        /* A name that the settings do not have any more: nobody would ever take it. */
        if (has_hook(n->c->pipeline, rule->hooks.items[i])) {
            n->told++;
            rc = pk_circle_act(n->c, PK_ACTION_HOOK, rule->hooks.items[i], n->incident, n->at_ms,
                    notice_payload(n, rule));
        }
    }
    return rc == PK_OK && full ? gather(n, rule) : rc;
}

int pk_circle_tell_admins(struct pk_circle *c, const struct pk_incident *incident, const char *rule,
        const char *title, const char *why, int64_t at_ms)
{
    struct notice n = { .c = c,
        .incident = incident,
        .policy_rule = rule,
        .title = title,
        .why = why,
        .at_ms = at_ms };
    enum pk_severity severity = incident != NULL ? incident->severity : PK_SEVERITY_CRITICAL;
    struct pk_communication communication;
    const struct pk_notice_rule *rules;
    int rc = read_communication(c, &communication);

    rules = communication.rules.items;
    for (size_t i = 0; i < communication.rules.count && rc == PK_OK; i++) {
        if (pk_notice_fits(&rules[i], incident != NULL ? incident->threat->id : NULL, severity,
                    c->device.group != NULL ? c->device.group : "")) {
            rc = by_rule(&n, &rules[i]);
        }
    }
    if (rc == PK_OK && n.told > 0 && incident != NULL) {
        rc = pk_circle_timeline(c, incident, at_ms, "admins", rule, title);
    }
    return rc;
}

/* ---- people -------------------------------------------------------------------------------------- */

int pk_circle_mail_user(
        struct pk_circle *c, const struct pk_incident *incident, const json_t *alert, int64_t at_ms)
{
    struct pk_communication communication;
    json_t *payload;
    int rc;

    if (!c->pipeline->mail || c->device.mail == NULL || !pk_mail_address_ok(c->device.mail)) {
        return PK_OK;
    }
    rc = read_communication(c, &communication);
    if (rc < 0 || !communication.user_mail) {
        return rc;
    }
    payload = json_copy((json_t *)alert);
    if (payload != NULL) {
        (void)json_object_set_new(payload, "letter", json_string("alert"));
        if (json_object_get(payload, "language") == NULL && c->device.language != NULL &&
                c->device.language[0] != '\0') {
            (void)json_object_set_new(payload, "language", json_string(c->device.language));
        }
    }
    return pk_circle_act(c, PK_ACTION_MAIL, c->device.mail, incident, at_ms, payload);
}

/* ---- sleeping devices ---------------------------------------------------------------------------- */

int pk_circle_wake(struct pk_circle *c, int64_t at_ms)
{
    const struct pk_pipeline *p = c->pipeline;
    bool added = false;
    int rc;

    if (p->listens != NULL && p->listens(p->listens_ctx, c->device.id)) {
        return PK_OK;
    }
    rc = pk_push_wake(c->store, c->device.id, at_ms, c->arena, &added, c->err);
    c->news->siem |= added;
    return rc;
}
