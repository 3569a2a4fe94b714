#include "store/alerts.h"

#include "base/clock.h"
#include "store/query.h"
#include "store/scope.h"

const char *const pk_answer_names[] = { "none", "shown", "closed", "acted", "ignored", "mistake",
    NULL };

#define OWN                                                                                  \
    "a.id, a.device, a.incident, a.rule, a.threat, a.subject, a.level, a.action, a.told_ms," \
    " a.shown_ms, a.answer, a.answered_ms, a.closed_ms, a.reminders, a.merged, a.simulated"
#define COLUMNS      OWN ", d.name"
#define COLUMN_COUNT 17
#define TABLES       "alerts a JOIN devices d ON d.id = a.device"

static int read_row(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_alert_row *a = out;

    (void)err;
    a->id = pk_get_int(get);
    a->device = pk_get_word(get);
    a->incident = pk_get_word(get);
    a->rule = pk_get_word(get);
    a->threat = pk_get_word(get);
    a->subject = pk_get_word(get);
    a->level = (int)pk_get_int(get);
    a->action = pk_get_int(get);
    a->told_ms = pk_get_int(get);
    a->shown_ms = pk_get_int(get);
    a->answer = (int)pk_get_int(get);
    a->answered_ms = pk_get_int(get);
    a->closed_ms = pk_get_int(get);
    a->reminders = pk_get_int(get);
    a->merged = pk_get_int(get);
    a->simulated = pk_get_int(get);
    a->device_name = pk_get_word(get);
    return PK_OK;
}

int pk_alert_add(struct pk_store *store, struct pk_alert_row *row, struct pk_error *err)
{
    struct pk_put put;
    bool mine;
    int64_t id = 0;
    int rc = pk_store_enter(store, &mine, err);

    if (rc < 0) {
        return rc;
    }
    put = pk_put_start(store,
            "INSERT INTO alerts (device, incident, rule, threat, subject, level, action, told_ms,"
            " shown_ms, answer, answered_ms, closed_ms, reminders, merged, simulated) VALUES (?1,"
            " ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 0, 0, 0, 0, 0, ?9) RETURNING id",
            err);
    pk_put_text(&put, row->device);
    pk_put_text(&put, row->incident);
    pk_put_word(&put, row->rule);
    pk_put_text(&put, row->threat);
    pk_put_word(&put, row->subject);
    pk_put_int(&put, row->level);
    pk_put_int(&put, row->action);
    pk_put_int(&put, row->told_ms);
    pk_put_int(&put, row->simulated);
    rc = pk_put_step(&put);
    if (rc > 0) {
        id = pk_column_int(put.stmt, 0);
        rc = pk_put_step(&put);
    }
    rc = pk_store_leave(store, mine, rc, err);
    if (rc == PK_OK) {
        row->id = id;
    }
    return rc;
}

int pk_alert_put(struct pk_store *store, const struct pk_alert_row *row, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE alerts SET action = ?1, shown_ms = ?2, answer = ?3, answered_ms = ?4,"
            " closed_ms = ?5, reminders = ?6, merged = ?7 WHERE id = ?8",
            err);

    pk_put_int(&put, row->action);
    pk_put_int(&put, row->shown_ms);
    pk_put_int(&put, row->answer);
    pk_put_int(&put, row->answered_ms);
    pk_put_int(&put, row->closed_ms);
    pk_put_int(&put, row->reminders);
    pk_put_int(&put, row->merged);
    pk_put_int(&put, row->id);
    return pk_put_run_one(&put, "alert");
}

int pk_alert_of_incident(struct pk_store *store, const char *incident, struct pk_arena *arena,
        struct pk_alert_row *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM " TABLES
            " WHERE a.incident = ?1 AND a.closed_ms = 0 ORDER BY a.id DESC LIMIT 1",
            err);

    pk_put_text(&put, incident);
    return pk_put_get(&put, arena, read_row, out, "open alert", err);
}

int pk_alert_of_action(struct pk_store *store, int64_t action, struct pk_arena *arena,
        struct pk_alert_row *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT " COLUMNS " FROM " TABLES " WHERE a.action = ?1 LIMIT 1", err);

    pk_put_int(&put, action);
    return pk_put_get(&put, arena, read_row, out, "alert", err);
}

/* ---- the list ---- */

static int parse_answer(const char *name, int64_t *out)
{
    *out = pk_name_index(pk_answer_names, name);
    return *out < 0 ? PK_ENOENT : PK_OK;
}

static const struct pk_match_case states[] = {
    { "open", "a.closed_ms = 0" },
    { "closed", "a.closed_ms > 0" },
    { NULL, NULL },
};
static const struct pk_match_case simulated[] = {
    { "yes", "a.simulated > 0" },
    { "no", "a.simulated = 0" },
    { NULL, NULL },
};

static const struct pk_list_filter filters[] = {
    { .name = "device", .match = PK_MATCH_TEXT, .sql = "a.device" },
    { .name = "rule", .match = PK_MATCH_TEXT, .sql = "a.rule" },
    { .name = "threat", .match = PK_MATCH_TEXT, .sql = "a.threat" },
    { .name = "incident", .match = PK_MATCH_TEXT, .sql = "a.incident" },
    { .name = "answer", .match = PK_MATCH_NAMED, .sql = "a.answer", .parse = parse_answer },
    { .name = "state", .match = PK_MATCH_CASE, .cases = states },
    { .name = "simulated", .match = PK_MATCH_CASE, .cases = simulated },
};

static const struct pk_list_sort sorts[] = {
    { "told_at", "a.told_ms" },
};

int pk_alert_list(struct pk_store *store, const struct pk_query *query, struct pk_arena *arena,
        struct pk_page *out, struct pk_error *err)
{
    static const struct pk_list list = {
        .columns = COLUMNS,
        .from = TABLES,
        .id = "a.id",
        .scope = PK_SCOPE_DEVICE_SQL("@", "a.device"),
        .sort = "-told_at",
        .filters = filters,
        .filter_count = PK_COUNT(filters),
        .sorts = sorts,
        .sort_count = PK_COUNT(sorts),
        .read = read_row,
        .width = COLUMN_COUNT,
        .size = sizeof(struct pk_alert_row),
    };

    return pk_list_page(store, &list, query, arena, out, err);
}

/* ---- what becomes of them ---- */

static int read_rate(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_alert_rate *r = out;

    (void)err;
    r->rule = pk_get_word(get);
    r->told = pk_get_int(get);
    r->shown = pk_get_int(get);
    r->acted = pk_get_int(get);
    r->ignored = pk_get_int(get);
    r->mistakes = pk_get_int(get);
    r->closed = pk_get_int(get);
    r->merged = pk_get_int(get);
    r->reminders = pk_get_int(get);
    r->people = pk_get_int(get);
    return PK_OK;
}

int pk_alert_rates(struct pk_store *store, int64_t since_ms, int64_t now_ms, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT rule, count(*) AS n, sum(CASE WHEN shown_ms > 0 THEN 1 ELSE 0 END),"
            " sum(CASE WHEN answer = 3 OR (closed_ms > 0 AND closed_ms - told_ms < ?3)"
            "  THEN 1 ELSE 0 END),"
            " sum(CASE WHEN answer = 4 OR (answer < 3 AND CASE WHEN closed_ms > 0 THEN closed_ms"
            "  ELSE ?2 END - told_ms > ?4) THEN 1 ELSE 0 END),"
            " sum(CASE WHEN answer = 5 THEN 1 ELSE 0 END),"
            " sum(CASE WHEN closed_ms > 0 THEN 1 ELSE 0 END), sum(merged), sum(reminders),"
            " count(DISTINCT device) FROM alerts WHERE told_ms >= ?1 AND level > 0"
            " AND simulated = 0 AND " PK_SCOPE_DEVICE_SQL(
                    "?5", "device") " GROUP BY rule ORDER BY n DESC, rule",
            err);

    pk_put_int(&put, since_ms);
    pk_put_int(&put, now_ms);
    pk_put_int(&put, PK_DAY_MS);
    pk_put_int(&put, 7 * PK_DAY_MS);
    pk_put_word(&put, pk_store_scope_text(store));
    return pk_put_get_all(&put, arena, read_rate, sizeof(struct pk_alert_rate), out, err);
}
