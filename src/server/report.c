#include "server/report.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/event.h"
#include "server/advice.h"
#include "server/report_html.h"
#include "server/score.h"
#include "store/plans.h"
#include "store/scope.h"

#define ARENA_MAX (64UL * 1024 * 1024)

/* ---- facts ----------------------------------------------------------------------------------------- */

static json_t *view_threats(const struct pk_overview *o)
{
    const struct pk_count *counts = o->threats.items;
    json_t *list = json_array();

    for (size_t i = 0; i < o->threats.count; i++) {
        const struct pk_threat *threat = pk_threat_find(counts[i].key);
        char title[300];

        if (threat != NULL) {
            pk_threat_text(threat->title, "...", title, sizeof(title));
            (void)json_array_append_new(list,
                    json_pack("{s:s, s:I, s:I}", "title", title, "open",
                            (json_int_t)counts[i].count, "devices", (json_int_t)counts[i].devices));
        }
    }
    return list;
}

static json_t *view_days(const struct pk_overview *o)
{
    json_t *list = json_array();

    for (size_t i = 0; i < PK_COUNT(o->days); i++) {
        (void)json_array_append_new(list,
                json_pack("{s:s, s:I, s:I, s:I}", "day", o->days[i].day, "opened",
                        (json_int_t)o->days[i].opened, "resolved", (json_int_t)o->days[i].resolved,
                        "devices", (json_int_t)o->days[i].devices));
    }
    return list;
}

static json_t *percent(int64_t part, int64_t whole)
{
    return whole > 0 ? json_integer(part * 100 / whole) : json_null();
}

static json_t *score_of(const struct pk_fleet_state *state)
{
    struct pk_score score;

    pk_score_of(state, &score);
    return score.total < 0 ? json_null() : json_integer(score.total);
}

/* The first state is of all. */
static json_t *view_groups(const struct pk_array *states)
{
    const struct pk_fleet_state *s = states->items;
    json_t *list = json_array();

    for (size_t i = 1; i < states->count; i++) {
        (void)json_array_append_new(list,
                json_pack("{s:s, s:I, s:o, s:o, s:I, s:o, s:o}", "name", s[i].group, "devices",
                        (json_int_t)s[i].devices, "active_percent",
                        percent(s[i].active, s[i].devices), "low_percent",
                        percent(s[i].levels[0] + s[i].levels[1], s[i].devices), "open",
                        (json_int_t)s[i].open, "patch_days",
                        s[i].patch_days < 0 ? json_null() : json_integer(s[i].patch_days), "score",
                        score_of(&s[i])));
    }
    return list;
}

static int gather(struct pk_server *server, struct pk_store *store, const char *group,
        int64_t now_ms, struct pk_arena *arena, json_t **out, struct pk_error *err)
{
    struct pk_overview o;
    struct pk_array states = { 0 };
    json_t *actions = NULL;
    json_t *levels = json_object();
    char at[PK_TIME_TEXT];
    int rc = pk_store_overview(store, now_ms, arena, &o, err);

    if (rc == PK_OK) {
        rc = pk_fleet_states(store, now_ms, false, arena, &states, err);
    }
    if (rc == PK_OK) {
        rc = pk_advice(store, states.items, &o, arena, &actions, err);
    }
    if (rc < 0) {
        json_decref(levels);
        return rc;
    }
    for (size_t i = 0; i < PK_COUNT(o.levels); i++) {
        (void)json_object_set_new(levels, pk_risk_level_names[i], json_integer(o.levels[i]));
    }
    *out = json_pack("{s:s, s:s, s:s, s:{s:I, s:I}, s:o, s:{s:I}, s:o, s:o, s:o, s:o, s:o}",
            "server", server->settings.name, "group", group, "at", pk_time_format(now_ms, at),
            "devices", "total", (json_int_t)o.devices, "active", (json_int_t)o.active, "levels",
            levels, "incidents", "open", (json_int_t)o.open, "score", score_of(states.items),
            "threats", view_threats(&o), "actions", actions, "days", view_days(&o), "groups",
            view_groups(&states));
    return *out != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");
}

int pk_report_facts(struct pk_server *server, struct pk_store *store, const char *group,
        int64_t now_ms, struct pk_arena *arena, json_t **out, struct pk_error *err)
{
    char before[PK_SCOPE_TEXT];
    char wanted[PK_SCOPE_TEXT];
    const char *names[1] = { group };
    struct pk_strings groups = { names, group[0] != '\0' ? 1 : 0 };
    int rc = pk_scope_text(&groups, wanted, err);

    if (rc < 0 || groups.count == 0) {
        return rc < 0 ? rc : gather(server, store, group, now_ms, arena, out, err);
    }
    (void)snprintf(before, sizeof(before), "%s", pk_store_scope_text(store));
    if (before[0] != '\0' && !pk_scope_within(wanted, before)) {
        return pk_error_set(err, PK_ENOENT, "there is no such group");
    }
    pk_store_scope(store, wanted);
    rc = gather(server, store, group, now_ms, arena, out, err);
    pk_store_scope(store, before);
    return rc;
}

/* ---- by plan --------------------------------------------------------------------------------------- */

static int kind_of(const char *name)
{
    for (int i = 0; pk_report_kind_names[i] != NULL; i++) {
        if (strcmp(pk_report_kind_names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

/* For those who read text alone. */
static json_t *lines_of(const json_t *facts)
{
    static const struct {
        const char *in;
        const char *key;
        const char *label;
    } rows[] = { { NULL, "score", "Security score" }, { "devices", "total", "Devices" },
        { "devices", "active", "Heard of within 7 days" },
        { "levels", "critical", "At critical risk" }, { "levels", "high", "At high risk" },
        { "incidents", "open", "Open incidents" } };
    json_t *lines = json_array();

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        const json_t *in = rows[i].in != NULL ? json_object_get(facts, rows[i].in) : facts;
        const json_t *value = json_object_get(in, rows[i].key);
        char text[24];

        (void)snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
        (void)json_array_append_new(lines,
                json_pack("[s, s]", rows[i].label, json_is_integer(value) ? text : "not known"));
    }
    return lines;
}

static int make_letter(struct pk_server *server, struct pk_store *store, const struct pk_plan *plan,
        int64_t now_ms, struct pk_arena *arena, json_t **out, struct pk_error *err)
{
    struct pk_buffer html = pk_buffer_of(PK_REPORT_HTML_MAX);
    int kind = kind_of(plan->kind);
    json_t *facts = NULL;
    int rc = kind >= 0 ? pk_report_facts(server, store, plan->group, now_ms, arena, &facts, err)
                       : pk_error_set(err, PK_EUNKNOWN, "there is no such kind of report");

    if (rc == PK_OK) {
        rc = pk_report_html(kind, facts, &html, err);
    }
    if (rc == PK_OK) {
        *out = json_pack("{s:s, s:o, s:s#, s:o, s:s}", "letter", "report", "title",
                plan->group[0] != '\0' ? json_sprintf("%s, %s", pk_report_title(kind), plan->group)
                                       : json_string(pk_report_title(kind)),
                "html", html.ptr, html.len, "lines", lines_of(facts), "link", "#/reports");
        rc = *out != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    json_decref(facts);
    pk_buffer_finish(&html);
    return rc;
}

static int send_letters(struct pk_store *store, const struct pk_plan *plan, json_t *letter,
        int64_t now_ms, int64_t *added, struct pk_error *err)
{
    int rc = PK_OK;

    for (size_t i = 0; i < json_array_size(plan->recipients) && rc == PK_OK; i++) {
        struct pk_action action = {
            .kind = PK_ACTION_MAIL,
            .target = json_string_value(json_array_get(plan->recipients, i)),
            .created_ms = now_ms,
            .payload = letter,
        };

        if (action.target != NULL) {
            rc = pk_action_add(store, &action, err);
            (*added)++;
        }
    }
    return rc;
}

/* A plan that cannot be sent says so in its row, and comes again. */
static int send_plan(struct pk_server *server, struct pk_store *store, const struct pk_plan *plan,
        int64_t now_ms, struct pk_arena *arena, int64_t *added, struct pk_error *err)
{
    struct pk_error why = { 0 };
    json_t *letter = NULL;
    int made = server->settings.mail == NULL
            ? pk_error_set(&why, PK_ENOENT, "the settings name no mail relay")
            : make_letter(server, store, plan, now_ms, arena, &letter, &why);
    int rc = pk_store_begin(store, err);

    if (rc == PK_OK) {
        rc = made == PK_OK ? send_letters(store, plan, letter, now_ms, added, err) : PK_OK;
        if (rc == PK_OK) {
            rc = pk_plan_done(store, plan->id, now_ms,
                    pk_plan_next((enum pk_plan_every)plan->every, now_ms),
                    made < 0 ? why.text : NULL, err);
            rc = rc == PK_ENOENT ? PK_OK : rc; /* removed meanwhile */
        }
        if (rc == PK_OK) {
            rc = pk_store_commit(store, err);
        } else {
            pk_store_rollback(store);
        }
    }
    if (made < 0) {
        pk_event(PK_WARN, "report.not_sent", { "plan", plan->id }, { "why", why.text });
    }
    json_decref(letter);
    return rc;
}

int pk_report_plans_step(struct pk_server *server, struct pk_store *store, int64_t now_ms,
        int64_t *added, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_array due = { 0 };
    const struct pk_plan *plans;
    int rc = arena != NULL ? pk_plan_list(store, now_ms, arena, &due, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    plans = due.items;
    for (size_t i = 0; i < due.count && rc == PK_OK; i++) {
        rc = send_plan(server, store, &plans[i], now_ms, arena, added, err);
    }
    pk_arena_destroy(arena);
    return rc;
}
