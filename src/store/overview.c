#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/room.h"

#define DAYS 14

static int count_devices(
        struct pk_store *store, int64_t now_ms, struct pk_overview *o, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT CASE WHEN revoked_ms > 0 THEN 3 WHEN seen_ms = 0 THEN 2"
            "  WHEN seen_ms < ?1 THEN 1 ELSE 0 END AS status, risk_level, count(*)"
            " FROM devices WHERE " PK_SCOPE_SQL("?2", "grp") " GROUP BY 1, 2",
            err);
    int64_t *const status[] = { &o->active, &o->silent, &o->never, &o->revoked };
    int rc;

    pk_put_int(&put, now_ms - PK_DEVICE_SILENT_MS);
    pk_put_text(&put, store->scope);
    for (rc = pk_put_step(&put); rc > 0; rc = pk_put_step(&put)) {
        int64_t which = pk_column_int(put.stmt, 0);
        int64_t level = pk_column_int(put.stmt, 1);
        int64_t n = pk_column_int(put.stmt, 2);

        o->devices += n;
        *status[which] += n;
        if (which != 3 && level >= 0 && level < (int64_t)PK_COUNT(o->levels)) {
            o->levels[level] += n;
        }
    }
    return rc;
}

static int count_outlooks(struct pk_store *store, struct pk_overview *o, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT outlook, count(*), sum(CASE WHEN measures > 0 THEN 1 ELSE 0 END)"
            " FROM devices WHERE revoked_ms = 0 AND " PK_SCOPE_SQL("?1", "grp") " GROUP BY outlook",
            err);
    int rc;

    pk_put_text(&put, store->scope);
    for (rc = pk_put_step(&put); rc > 0; rc = pk_put_step(&put)) {
        int64_t outlook = pk_column_int(put.stmt, 0);

        if (outlook >= 0 && outlook < (int64_t)PK_COUNT(o->outlooks)) {
            o->outlooks[outlook] += pk_column_int(put.stmt, 1);
        }
        o->blocked += pk_column_int(put.stmt, 2);
    }
    return rc;
}

static int count_open(struct pk_store *store, struct pk_overview *o, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT severity, count(*) FROM incidents WHERE state < 2 AND state = 0 AND simulated "
            "= 0"
            " AND " PK_SCOPE_DEVICE_SQL("?1", "device") " GROUP BY severity",
            err);
    int rc;

    pk_put_text(&put, store->scope);
    for (rc = pk_put_step(&put); rc > 0; rc = pk_put_step(&put)) {
        int64_t severity = pk_column_int(put.stmt, 0);
        int64_t n = pk_column_int(put.stmt, 1);

        o->open += n;
        if (severity >= 0 && severity < PK_SEVERITY_COUNT) {
            o->by_severity[severity] += n;
        }
    }
    return rc;
}

static int count_since(struct pk_store *store, const char *sql, int64_t since_ms, int64_t *out,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, sql, err);
    int rc;

    pk_put_int(&put, since_ms);
    pk_put_text(&put, store->scope);
    rc = pk_put_step(&put);
    if (rc > 0) {
        *out = pk_column_int(put.stmt, 0);
        pk_stmt_reset(put.stmt);
        rc = PK_OK;
    }
    return rc;
}

static int count_days(struct pk_store *store, const char *sql, int64_t first_day,
        struct pk_overview *o, bool opened, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, sql, err);
    int rc;

    pk_put_int(&put, first_day * PK_DAY_MS);
    pk_put_text(&put, store->scope);
    for (rc = pk_put_step(&put); rc > 0; rc = pk_put_step(&put)) {
        int64_t day = pk_column_int(put.stmt, 0) - first_day;

        if (day < 0 || day >= DAYS) {
            continue; /* a clock that ran ahead */
        }
        if (opened) {
            o->days[day].opened = pk_column_int(put.stmt, 1);
            o->days[day].devices = pk_column_int(put.stmt, 2);
        } else {
            o->days[day].resolved = pk_column_int(put.stmt, 1);
        }
    }
    return rc;
}

static int fill_days(
        struct pk_store *store, int64_t now_ms, struct pk_overview *o, struct pk_error *err)
{
    int64_t first_day = now_ms / PK_DAY_MS - (DAYS - 1);
    char text[PK_TIME_TEXT];
    int rc;

    first_day = first_day < 0 ? 0 : first_day;
    for (int i = 0; i < DAYS; i++) {
        (void)pk_time_format((first_day + i) * PK_DAY_MS, text);
        (void)snprintf(o->days[i].day, sizeof(o->days[i].day), "%.10s", text);
    }
    rc = count_days(store,
            "SELECT opened_ms / 86400000, count(*), count(DISTINCT device) FROM incidents"
            " WHERE opened_ms >= ?1 AND severity > 0 AND simulated = 0 AND " PK_SCOPE_DEVICE_SQL(
                    "?2", "device") " GROUP BY 1",
            first_day, o, true, err);
    if (rc == PK_OK) {
        rc = count_days(store,
                "SELECT ended_ms / 86400000, count(*) FROM incidents"
                " WHERE ended_ms >= ?1 AND ended_ms > 0 AND state = 2 AND severity > 0 AND "
                "simulated = 0"
                " AND " PK_SCOPE_DEVICE_SQL("?2", "device") " GROUP BY 1",
                first_day, o, false, err);
    }
    return rc;
}

static int read_threat(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_count *c = out;

    c->key = pk_get_word(get);
    c->count = pk_get_int(get);
    c->devices = pk_get_int(get);
    return PK_OK;
}

static int fill(struct pk_store *store, int64_t now_ms, struct pk_arena *arena,
        struct pk_overview *o, struct pk_error *err)
{
    struct pk_put put;
    int rc = count_devices(store, now_ms, o, err);

    if (rc == PK_OK) {
        rc = count_outlooks(store, o, err);
    }
    if (rc == PK_OK) {
        rc = count_open(store, o, err);
    }
    if (rc == PK_OK) {
        rc = count_since(store,
                "SELECT count(*) FROM incidents WHERE opened_ms > ?1 AND severity > 0 AND "
                "simulated = 0"
                " AND " PK_SCOPE_DEVICE_SQL("?2", "device"),
                now_ms - PK_DAY_MS, &o->opened_24h, err);
    }
    if (rc == PK_OK) {
        rc = count_since(store,
                "SELECT count(*) FROM incidents WHERE ended_ms > ?1 AND state = 2"
                " AND severity > 0 AND simulated = 0 AND " PK_SCOPE_DEVICE_SQL("?2", "device"),
                now_ms - PK_DAY_MS, &o->resolved_24h, err);
    }
    if (rc == PK_OK) {
        rc = fill_days(store, now_ms, o, err);
    }
    if (rc < 0) {
        return rc;
    }
    put = pk_put_start(store,
            "SELECT threat, count(*), count(DISTINCT device) FROM incidents"
            " WHERE state < 2 AND state = 0 AND simulated = 0 AND " PK_SCOPE_DEVICE_SQL(
                    "?1", "device") " GROUP BY threat ORDER BY 2 DESC, 1",
            err);
    pk_put_text(&put, store->scope);
    return pk_put_get_all(&put, arena, read_threat, sizeof(struct pk_count), &o->threats, err);
}

int pk_store_overview(struct pk_store *store, int64_t now_ms, struct pk_arena *arena,
        struct pk_overview *out, struct pk_error *err)
{
    struct pk_overview o = { 0 };
    int rc = fill(store, now_ms, arena, &o, err);

    if (rc == PK_OK) {
        *out = o;
    }
    return rc;
}
