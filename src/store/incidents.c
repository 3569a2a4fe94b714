#include <stdio.h>
#include <string.h>

#include "store/mistakes.h"
#include "store/query.h"

#define COLUMNS                                                                       \
    "i.id, i.device, i.threat, i.subject, i.state, i.severity, i.confidence, i.hits," \
    " i.opened_ms, i.updated_ms, i.ended_ms, i.rule, i.evidence, i.reason,"           \
    " i.simulated"
#define ROW_COLUMNS  COLUMNS ", d.name"
#define COLUMN_COUNT 16
#define TABLES       "incidents i LEFT JOIN devices d ON d.id = i.device"

static int read_incident(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_incident *i = out;
    const char *threat;

    pk_get_id(get, i->id);
    pk_get_id(get, i->device);
    threat = pk_get_word(get);
    i->threat = pk_threat_find(threat);
    i->subject = pk_get_word(get);
    i->state = (enum pk_incident_state)pk_get_int(get);
    i->severity = (enum pk_severity)pk_get_int(get);
    i->confidence = pk_get_real(get);
    i->count = pk_get_int(get);
    i->opened_ms = pk_get_int(get);
    i->updated_ms = pk_get_int(get);
    i->ended_ms = pk_get_int(get);
    i->rule = pk_get_word(get);
    i->evidence = pk_get_json(get);
    i->reason = pk_get_text(get);
    i->simulated = pk_get_int(get) != 0;
    if (i->threat == NULL) {
        return pk_error_set(
                err, PK_EMALF, "incident '%s': no threat '%s' in the catalogue", i->id, threat);
    }
    return PK_OK;
}

static int read_row(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_incident_row *row = out;
    int rc = read_incident(get, &row->incident, err);

    row->device_name = pk_get_word(get);
    return rc;
}

int pk_incident_find(struct pk_store *store, const char *device, const char *threat,
        const char *subject, struct pk_arena *arena, struct pk_incident *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM incidents i WHERE i.device = ?1 AND i.threat = ?2"
            " AND i.subject = ?3 ORDER BY i.opened_ms DESC, i.id DESC LIMIT 1",
            err);

    pk_put_text(&put, device);
    pk_put_text(&put, threat);
    pk_put_word(&put, subject);
    return pk_put_get(&put, arena, read_incident, out, "incident", err);
}

int pk_incident_open_of(struct pk_store *store, const char *device, const char *subject,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            subject == NULL
                    ? "SELECT " COLUMNS " FROM incidents i WHERE i.device = ?1 AND i.state < 2"
                      " ORDER BY i.opened_ms, i.id"
                    : "SELECT " COLUMNS " FROM incidents i WHERE i.device = ?1 AND i.state < 2"
                      " AND i.subject = ?2 ORDER BY i.opened_ms, i.id",
            err);

    pk_put_text(&put, device);
    if (subject != NULL) {
        pk_put_text(&put, subject);
    }
    return pk_put_get_all(&put, arena, read_incident, sizeof(struct pk_incident), out, err);
}

int pk_mistake_candidates(struct pk_store *store, const struct pk_mistake *mistake, bool dismissed,
        const char *after, int64_t limit, struct pk_arena *arena, struct pk_array *out,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM incidents i WHERE i.threat = ?1 AND i.simulated = 0"
            " AND i.id > ?2 AND (CASE WHEN ?3 = 1 THEN i.state = 3 ELSE i.state < 2 END)"
            " ORDER BY i.id LIMIT ?4",
            err);

    pk_put_text(&put, mistake->threat);
    pk_put_word(&put, after);
    pk_put_int(&put, dismissed);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_incident, sizeof(struct pk_incident), out, err);
}

int pk_incident_put(
        struct pk_store *store, const struct pk_incident *incident, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO incidents (id, device, threat, vector, subject, state, severity,"
            " confidence, hits, opened_ms, updated_ms, ended_ms, rule, evidence, reason,"
            " simulated)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
            " ON CONFLICT (id) DO UPDATE SET state = excluded.state,"
            " severity = excluded.severity, confidence = excluded.confidence,"
            " hits = excluded.hits, opened_ms = excluded.opened_ms,"
            " updated_ms = excluded.updated_ms, ended_ms = excluded.ended_ms,"
            " rule = excluded.rule, evidence = excluded.evidence, reason = excluded.reason",
            err);
    int64_t n;

    pk_put_text(&put, incident->id);
    pk_put_text(&put, incident->device);
    pk_put_text(&put, incident->threat->id);
    pk_put_int(&put, incident->threat->vector);
    pk_put_word(&put, incident->subject);
    pk_put_int(&put, incident->state);
    pk_put_int(&put, incident->severity);
    pk_put_real(&put, incident->confidence);
    pk_put_int(&put, incident->count);
    pk_put_int(&put, incident->opened_ms);
    pk_put_int(&put, incident->updated_ms);
    pk_put_int(&put, incident->ended_ms);
    pk_put_word(&put, incident->rule);
    pk_put_json(&put, incident->evidence);
    pk_put_text(&put, incident->reason);
    pk_put_int(&put, incident->simulated);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

int pk_incident_get(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_incident_row *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " ROW_COLUMNS " FROM " TABLES
            " WHERE i.id = ?1 AND " PK_SCOPE_SQL("?2", "d.grp"),
            err);

    pk_put_text(&put, id);
    pk_put_text(&put, store->scope);
    return pk_put_get(&put, arena, read_row, out, "incident", err);
}

/* ---- the list ---- */

static int parse_state(const char *name, int64_t *out)
{
    *out = pk_name_index(pk_incident_state_names, name);
    return *out < 0 ? PK_ENOENT : PK_OK;
}

static int parse_severity(const char *name, int64_t *out)
{
    enum pk_severity severity = PK_SEVERITY_INFO;
    int rc = pk_severity_parse(name, &severity);

    *out = severity;
    return rc;
}

static int parse_vector(const char *name, int64_t *out)
{
    enum pk_vector vector = PK_VECTOR_NETWORK;
    int rc = pk_vector_parse(name, &vector);

    *out = vector;
    return rc;
}

static const struct pk_match_case simulated_cases[] = {
    { "yes", "i.simulated <> 0" },
    { "no", "i.simulated = 0" },
    { NULL, NULL },
};

static const struct pk_list_filter filters[] = {
    { .name = "state", .match = PK_MATCH_NAMED, .sql = "i.state", .parse = parse_state },
    { .name = "severity", .match = PK_MATCH_NAMED, .sql = "i.severity", .parse = parse_severity },
    { .name = "vector", .match = PK_MATCH_NAMED, .sql = "i.vector", .parse = parse_vector },
    { .name = "threat", .match = PK_MATCH_TEXT, .sql = "i.threat" },
    { .name = "device", .match = PK_MATCH_TEXT, .sql = "i.device" },
    { .name = "subject", .match = PK_MATCH_TEXT, .sql = "i.subject" },
    { .name = "simulated", .match = PK_MATCH_CASE, .cases = simulated_cases },
    { .name = "q",
            .match = PK_MATCH_SEARCH,
            .sql = "lower(d.name || ' ' || i.threat || ' ' || i.subject || ' ' || i.id)" },
};

/* Of the same severity the newest first. The factor is later than any instant in ms. */
static const struct pk_list_sort sorts[] = {
    { "updated_at", "i.updated_ms" },
    { "opened_at", "i.opened_ms" },
    { "severity", "(i.severity * 100000000000000 + i.updated_ms)" },
};

int pk_incident_list(struct pk_store *store, const struct pk_query *query, struct pk_arena *arena,
        struct pk_page *out, struct pk_error *err)
{
    static const struct pk_list list = {
        .columns = ROW_COLUMNS,
        .from = TABLES,
        .id = "i.id",
        .id_is_text = true,
        .scope = PK_SCOPE_SQL("@", "d.grp"),
        .sort = "-updated_at",
        .filters = filters,
        .filter_count = PK_COUNT(filters),
        .sorts = sorts,
        .sort_count = PK_COUNT(sorts),
        .read = read_row,
        .width = COLUMN_COUNT,
        .size = sizeof(struct pk_incident_row),
    };

    return pk_list_page(store, &list, query, arena, out, err);
}
