#include "respond/digest.h"

#include <stdio.h>

#include "base/clock.h"
#include "respond/communication.h"
#include "store/apps.h"

#define ARENA_MAX  (64UL * 1024 * 1024)
#define ROWS_MAX   5000 /* of one rule in one step; the rest comes with the next */
#define MORNING_MS (6 * PK_HOUR_MS)
#define MONDAY_MS  (4 * PK_DAY_MS) /* 1970 began on a Thursday */
#define LASTING_MS PK_DAY_MS

struct step {
    struct pk_store *store;
    struct pk_arena *arena;
    const struct pk_strings *hooks;
    int64_t now_ms;
    int64_t added;
    bool mail;
    struct pk_error *err;
};

/* Number of the hour, day or week that an instant is in. */
static int64_t period_of(int when, int64_t at_ms)
{
    switch ((enum pk_notice_when)when) {
    case PK_NOTICE_DAILY:
        return (at_ms - MORNING_MS) / PK_DAY_MS;
    case PK_NOTICE_WEEKLY:
        return (at_ms - MONDAY_MS - MORNING_MS) / (7 * PK_DAY_MS);
    case PK_NOTICE_NOW: /* what a flood left over */
    case PK_NOTICE_HOURLY:
    case PK_NOTICE_LASTING:
        break;
    }
    return at_ms / PK_HOUR_MS;
}

static bool has_hook(const struct step *s, const char *name)
{
    for (size_t i = 0; i < s->hooks->count; i++) {
        if (strcmp(s->hooks->items[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static int add(struct step *s, int kind, const char *target, const struct pk_action *about,
        json_t *payload)
{
    struct pk_action action = {
        .kind = kind,
        .target = target,
        .device = about != NULL ? about->device : NULL,
        .incident = about != NULL ? about->incident : NULL,
        .created_ms = s->now_ms,
        .payload = payload,
    };

    s->added++;
    return pk_action_add(s->store, &action, s->err);
}

/* To everybody whom the rule names. payload is borrowed. */
static int tell_all(struct step *s, const struct pk_notice_rule *rule,
        const struct pk_action *about, json_t *payload)
{
    int rc = payload != NULL ? PK_OK : pk_error_set(s->err, PK_ENOMEM, "out of memory");

    for (size_t i = 0; s->mail && i < rule->mail.count && rc == PK_OK; i++) {
        rc = add(s, PK_ACTION_MAIL, rule->mail.items[i], about, payload);
    }
    for (size_t i = 0; i < rule->hooks.count && rc == PK_OK; i++) {
        if (has_hook(s, rule->hooks.items[i])) {
            rc = add(s, PK_ACTION_HOOK, rule->hooks.items[i], about, payload);
        }
    }
    return rc;
}

/* ---- gathered -------------------------------------------------------------------------------------- */

static json_t *digest_payload(
        const struct step *s, const struct pk_notice_rule *rule, const struct pk_array *rows)
{
    static const char *const names[] = { "more notices", "the last hour", "the last day",
        "the last week", "" };
    const struct pk_action *actions = rows->items;
    json_t *items = json_array();
    char title[96];
    char at[PK_TIME_TEXT];

    for (size_t i = 0; i < rows->count && i < PK_DIGEST_ITEMS; i++) {
        (void)json_array_append(items, actions[i].payload);
    }
    (void)snprintf(title, sizeof(title), "%zu notice%s, %s", rows->count,
            rows->count == 1 ? "" : "s", names[rule->when]);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:s}", "type", "admins.digest", "letter",
            "digest", "at", pk_time_format(s->now_ms, at), "rule", rule->name, "title", title,
            "total", (json_int_t)rows->count, "items", items, "link", "#/incidents");
}

static int settle(struct step *s, const struct pk_action *actions, size_t count)
{
    int rc = PK_OK;

    for (size_t i = 0; i < count && rc == PK_OK; i++) {
        rc = pk_action_mark(s->store, actions[i].id, PK_ACTION_DELIVERED, s->now_ms, NULL, s->err);
    }
    return rc;
}

static int gather(struct step *s, const struct pk_notice_rule *rule, const struct pk_array *rows)
{
    const struct pk_action *actions = rows->items;
    json_t *payload;
    int rc;

    if (rows->count == 0 ||
            period_of(rule->when, actions[0].created_ms) >= period_of(rule->when, s->now_ms)) {
        return PK_OK;
    }
    payload = digest_payload(s, rule, rows);
    rc = tell_all(s, rule, NULL, payload);
    json_decref(payload);
    return rc < 0 ? rc : settle(s, actions, rows->count);
}

/* ---- lasting --------------------------------------------------------------------------------------- */

static int is_over(struct step *s, const struct pk_action *row, bool *over)
{
    struct pk_incident_row incident;
    int rc;

    *over = false;
    if (row->incident == NULL) { /* about the device: nothing says that it is over */
        return PK_OK;
    }
    rc = pk_incident_get(s->store, row->incident, s->arena, &incident, s->err);
    *over = rc == PK_ENOENT ||
            (rc == PK_OK && incident.incident.state != PK_INCIDENT_OPEN &&
                    incident.incident.state != PK_INCIDENT_MITIGATED);
    return rc == PK_ENOENT ? PK_OK : rc;
}

static int last(struct step *s, const struct pk_notice_rule *rule, const struct pk_array *rows)
{
    const struct pk_action *actions = rows->items;
    int rc = PK_OK;

    for (size_t i = 0; i < rows->count && rc == PK_OK; i++) {
        bool over;

        if (actions[i].created_ms + LASTING_MS > s->now_ms) {
            continue;
        }
        rc = is_over(s, &actions[i], &over);
        if (rc == PK_OK && !over) {
            rc = tell_all(s, rule, &actions[i], actions[i].payload);
        }
        if (rc == PK_OK) {
            rc = settle(s, &actions[i], 1);
        }
    }
    return rc;
}

/* ---- all rules ------------------------------------------------------------------------------------- */

static int by_rule(struct step *s, const struct pk_notice_rule *rule)
{
    struct pk_array rows = { 0 };
    int rc = pk_action_pending(
            s->store, PK_ACTION_DIGEST, rule->name, 0, ROWS_MAX, s->arena, &rows, s->err);

    if (rc < 0) {
        return rc;
    }
    return rule->when == PK_NOTICE_LASTING ? last(s, rule, &rows) : gather(s, rule, &rows);
}

static bool is_known(const struct pk_communication *c, const char *name)
{
    const struct pk_notice_rule *rules = c->rules.items;

    for (size_t i = 0; i < c->rules.count; i++) {
        if (strcmp(rules[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Notices of a rule that somebody removed. */
static int drop_orphans(struct step *s, const struct pk_communication *c)
{
    struct pk_array rows = { 0 };
    const struct pk_action *actions;
    int rc = pk_action_pending_of(s->store, PK_ACTION_DIGEST, 0, ROWS_MAX, s->arena, &rows, s->err);

    actions = rows.items;
    for (size_t i = 0; i < rows.count && rc == PK_OK; i++) {
        if (!is_known(c, actions[i].target)) {
            rc = pk_action_mark(s->store, actions[i].id, PK_ACTION_FAILED, s->now_ms,
                    "its alert rule is gone", s->err);
        }
    }
    return rc;
}

static int work(struct step *s)
{
    struct pk_communication c = { 0 };
    struct pk_document document;
    const struct pk_notice_rule *rules;
    int rc = pk_document_get(s->store, PK_COMMUNICATION_DOCUMENT, s->arena, &document, s->err);

    if (rc == PK_OK) {
        rc = pk_communication_parse(document.text, strlen(document.text), s->arena, &c, s->err);
    }
    rc = rc == PK_ENOENT ? PK_OK : rc;
    rules = c.rules.items;
    for (size_t i = 0; i < c.rules.count && rc == PK_OK; i++) {
        rc = by_rule(s, &rules[i]);
    }
    return rc < 0 ? rc : drop_orphans(s, &c);
}

int pk_digest_step(struct pk_store *store, bool mail, const struct pk_strings *hooks,
        int64_t now_ms, int64_t *added, struct pk_error *err)
{
    struct step s = { .store = store,
        .arena = pk_arena_create(ARENA_MAX),
        .hooks = hooks,
        .now_ms = now_ms,
        .mail = mail,
        .err = err };
    int rc = s.arena != NULL ? pk_store_begin(store, err)
                             : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        rc = work(&s);
        if (rc == PK_OK) {
            rc = pk_store_commit(store, err);
        } else {
            pk_store_rollback(store);
        }
    }
    if (added != NULL) {
        *added = rc == PK_OK ? s.added : 0;
    }
    pk_arena_destroy(s.arena);
    return rc;
}
