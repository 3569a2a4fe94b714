#include "store/personal.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "store/room.h"

#define SQL_MAX 2048

/* One table as a person gets it: columns with a letter for their kind (t text, i number, r fraction, m time, j
 * JSON, d day), and which rows are the device's. The newest first. */
struct source {
    const char *table;
    const char *columns;
    const char *where;
    const char *order;
};

#define OWN_INCIDENTS "(SELECT id FROM incidents WHERE device = ?1)"

static const struct source sources[] = {
    { "devices",
            "id:t name:t grp:t platform:i model:t os_name:t os_version:t kernel:t patch:t agent:t"
            " enrolled_ms:m seen_ms:m acked_seq:i risk_score:i risk_level:i cert_serial:t"
            " cert_not_after_ms:m revoked_ms:m revoked_by:t revoked_why:t ownership:i mail:t"
            " language:t p7:r p30:r outlook:i zone:i measures:i",
            "id = ?1", "id" },
    { "device_state", "risk:j posture:j network:j foresight:j", "device = ?1", "device" },
    { "incidents",
            "id:t threat:t subject:t state:i severity:i confidence:r hits:i opened_ms:m"
            " updated_ms:m ended_ms:m rule:t evidence:j reason:t",
            "device = ?1", "updated_ms DESC" },
    { "timeline", "incident:t at_ms:m what:t who:t detail:t", "incident IN " OWN_INCIDENTS,
            "id DESC" },
    { "actions",
            "id:i kind:i target:t incident:t state:i created_ms:m done_ms:m attempts:i payload:j",
            "device = ?1", "id DESC" },
    { "events", "id:i at_ms:m type:t incident:t detail:j", "device = ?1", "id DESC" },
    { "audit", "id:i at_ms:m actor:t act:t detail:j",
            "(target = ?1 OR target IN " OWN_INCIDENTS ")", "id DESC" },
    { "ledger",
            "reports:i agent:i posture:i network:i gateway:i dns:i tls:i portal:i choice:i apps:i"
            " lease:i routers:i redirect:i http:i proxy:i wifi:i cell:i name:i",
            "device = ?1", "device" },
    { "ledger_days",
            "day:d reports:i bytes:i agent:i posture:i network:i gateway:i dns:i tls:i portal:i"
            " choice:i apps:i lease:i routers:i redirect:i http:i proxy:i wifi:i cell:i name:i",
            "device = ?1", "day DESC" },
    { "device_apps",
            "package:t sha256:t signer:t label:t version:t version_code:i installer:t system:i"
            " profile:i since_ms:m version_ms:m gone_ms:m standing:i threat:t",
            "device = ?1", "since_ms DESC" },
    { "device_inventory", "at_ms:m", "device = ?1", "device" },
    { "app_asks", "sha256:t at_ms:m done_ms:m", "device = ?1", "at_ms DESC" },
    { "app_exceptions", "id:t reason:t package:t created_ms:m created_by:t expires_ms:m",
            "target = ?1", "created_ms DESC" },
    { "crowd_findings", "kind:i threat:t subject:t part:t at_ms:m", "device = ?1", "at_ms DESC" },
    { "guard", "state:j", "device = ?1", "device" },
    { "policy_facts", "at_ms:m kind:i subject:t body:t", "device = ?1", "id DESC" },
    { "alerts",
            "id:i incident:t rule:t threat:t subject:t level:i told_ms:m shown_ms:m answer:i"
            " answered_ms:m closed_ms:m reminders:i merged:i",
            "device = ?1", "id DESC" },
    { "mistakes", "id:t reason:t threat:t subject:t created_ms:m created_by:t expires_ms:m",
            "target = ?1", "created_ms DESC" },
    { "push_tokens", "service:i at_ms:m", "device = ?1", "device" },
    { "network_devices", "network:t first_ms:m last_ms:m visits:i", "device = ?1", "last_ms DESC" },
    { "erasures", "id:t state:i asked_ms:m asked_by:t begun_ms:m", "device = ?1", "asked_ms DESC" },
};

/* app_files names the device that was asked for the file last; tokens are sessions of its user's page. */
const char *const pk_personal_tables[] = { "devices", "device_state", "incidents", "timeline",
    "actions", "events", "audit", "ledger", "ledger_days", "device_apps", "device_inventory",
    "app_asks", "app_exceptions", "crowd_findings", "guard", "policy_facts", "alerts", "mistakes",
    "push_tokens", "tokens", "network_devices", "erasures", "app_files", NULL };

/* ---- one row -------------------------------------------------------------------------------------- */

static json_t *time_of(int64_t ms)
{
    char text[PK_TIME_TEXT];

    return ms > 0 ? json_string(pk_time_format(ms, text)) : json_null();
}

static json_t *day_of(int64_t day)
{
    char text[PK_TIME_TEXT];

    pk_time_format(day * PK_DAY_MS, text)[10] = '\0';
    return json_string(text);
}

static json_t *value_of(struct pk_stmt *stmt, int column, char kind)
{
    const char *text;
    json_t *value = NULL;

    if (pk_column_is_null(stmt, column)) {
        return json_null();
    }
    switch (kind) {
    case 'i':
        return json_integer(pk_column_int(stmt, column));
    case 'r':
        return json_real(pk_column_real(stmt, column));
    case 'm':
        return time_of(pk_column_int(stmt, column));
    case 'd':
        return day_of(pk_column_int(stmt, column));
    case 'j':
        text = pk_column_text(stmt, column);
        if (pk_json_parse(text, strlen(text), &value, NULL) == PK_OK) {
            return value;
        }
        return json_string(text);
    default:
        return json_string(pk_column_text(stmt, column));
    }
}

static json_t *row_of(struct pk_stmt *stmt, const char *columns)
{
    json_t *row = json_object();
    int column = 0;

    for (const char *at = columns; *at != '\0'; column++) {
        size_t len = strcspn(at, ":");
        char name[32];

        (void)snprintf(name, sizeof(name), "%.*s", (int)len, at);
        (void)json_object_set_new(row, name, value_of(stmt, column, at[len + 1]));
        at += len + 2;
        at += strspn(at, " ");
    }
    return row;
}

/* "id:t name:t" -> "id, name" */
static void put_columns(struct pk_buffer *sql, const char *columns)
{
    for (const char *at = columns; *at != '\0';) {
        size_t len = strcspn(at, ":");

        (void)pk_buffer_printf(sql, "%s%.*s", at != columns ? ", " : "", (int)len, at);
        at += len + 2;
        at += strspn(at, " ");
    }
}

static int prepare(struct pk_store *store, const struct source *s, const char *device,
        struct pk_stmt **out, struct pk_error *err)
{
    struct pk_buffer sql = pk_buffer_of(SQL_MAX);
    int rc;

    (void)pk_buffer_puts(&sql, "SELECT ");
    put_columns(&sql, s->columns);
    (void)pk_buffer_printf(&sql, " FROM %s WHERE %s ORDER BY %s LIMIT %d", s->table, s->where,
            s->order, PK_PERSONAL_ROWS + 1);
    rc = sql.rc < 0 ? pk_error_set(err, PK_ENOMEM, "out of memory")
                    : pk_db_prepare_once(store->db, sql.ptr, out, err);
    pk_buffer_finish(&sql);
    if (rc == PK_OK) {
        pk_bind_text(*out, 1, device);
    }
    return rc;
}

static int export_table(struct pk_store *store, const struct source *s, const char *device,
        json_t *out, struct pk_error *err)
{
    json_t *rows = json_array();
    struct pk_stmt *stmt = NULL;
    int rc = prepare(store, s, device, &stmt, err);

    if (rc == PK_OK) {
        rc = pk_stmt_step(stmt, err);
    }
    while (rc > 0 && json_array_size(rows) < PK_PERSONAL_ROWS) {
        (void)json_array_append_new(rows, row_of(stmt, s->columns));
        rc = pk_stmt_step(stmt, err);
    }
    if (rc > 0) {
        (void)json_array_append_new(json_object_get(out, "more"), json_string(s->table));
        rc = PK_OK;
    }
    pk_stmt_finish(stmt);
    (void)json_object_set_new(out, s->table, rows);
    return rc;
}

int pk_personal_export(
        struct pk_store *store, const char *device, json_t **out, struct pk_error *err)
{
    json_t *all = json_object();
    int rc = PK_OK;

    (void)json_object_set_new(all, "more", json_array());
    for (size_t i = 0; i < PK_COUNT(sources) && rc == PK_OK; i++) {
        rc = export_table(store, &sources[i], device, all, err);
    }
    if (rc < 0) {
        json_decref(all);
        return rc;
    }
    *out = all;
    return PK_OK;
}

int pk_personal_networks(struct pk_store *store, const char *device,
        int (*fn)(void *ctx, const struct pk_personal_network *network), void *ctx,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT w.devices, w.security, CASE WHEN n.id IS NULL THEN 0 ELSE 1 END"
            " FROM network_devices d JOIN networks w ON w.id = d.network"
            " LEFT JOIN network_names n ON n.id = w.id WHERE d.device = ?1",
            err);
    int rc;

    pk_put_text(&put, device);
    for (rc = pk_put_step(&put); rc > 0; rc = pk_stmt_step(put.stmt, err)) {
        struct pk_personal_network network = { .devices = pk_column_int(put.stmt, 0),
            .security = (int)pk_column_int(put.stmt, 1),
            .own = pk_column_int(put.stmt, 2) != 0 };
        int answer = fn(ctx, &network);

        if (answer < 0) {
            pk_stmt_reset(put.stmt);
            return answer;
        }
    }
    return rc;
}
