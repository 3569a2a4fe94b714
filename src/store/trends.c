#include "store/trends.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "model/risk.h"
#include "store/room.h"
#include "store/scope.h"

#define GROUPS_MAX 256 /* more are counted under "" alone */
#define RISKS      4

/* ?1: the moment. A device was there from when it enrolled or told of its first incident on: a fleet that reports
 * late has incidents older than its enrolment. */
#define WAS_THERE                                                                          \
    "(d.revoked_ms = 0 OR d.revoked_ms > ?1) AND (d.enrolled_ms <= ?1 OR EXISTS (SELECT 1" \
    " FROM incidents b WHERE b.device = d.id AND b.opened_ms <= ?1))"
#define WAS_OPEN "i.opened_ms <= ?1 AND (i.ended_ms = 0 OR i.ended_ms > ?1) AND i.simulated = 0"

struct patches {
    int64_t group; /* index */
    int64_t age;   /* days */
    int64_t count;
};

struct gather {
    struct pk_store *store;
    struct pk_arena *arena;
    struct pk_error *err;
    struct pk_fleet_state *states; /* [0] is all */
    size_t count;
    int64_t at_ms;
};

static struct pk_fleet_state *group_of(struct gather *g, const char *name)
{
    for (size_t i = 1; i < g->count; i++) {
        if (strcmp(g->states[i].group, name) == 0) {
            return &g->states[i];
        }
    }
    if (g->count == GROUPS_MAX + 1) {
        return NULL;
    }
    char *copy = pk_arena_strdup(g->arena, name);
    if (copy == NULL) {
        return NULL;
    }
    g->states[g->count] = (struct pk_fleet_state){ .group = copy, .patch_days = -1 };
    return &g->states[g->count++];
}

/* Runs a statement whose rows are a group and numbers; add() puts them into a state. */
static int each_group(struct gather *g, struct pk_put *put,
        void (*add)(struct pk_fleet_state *state, struct pk_stmt *row))
{
    int rc;

    for (rc = pk_put_step(put); rc > 0; rc = pk_put_step(put)) {
        const char *name = pk_column_text(put->stmt, 0);
        struct pk_fleet_state *state;

        if (!pk_scope_has(pk_store_scope_text(g->store), name)) {
            continue;
        }
        state = group_of(g, name);
        add(&g->states[0], put->stmt);
        if (state != NULL) {
            add(state, put->stmt);
        }
    }
    return rc;
}

/* ---- devices and their risk ---------------------------------------------------------------------- */

static void add_devices(struct pk_fleet_state *state, struct pk_stmt *row)
{
    state->devices += pk_column_int(row, 1);
    state->active += pk_column_int(row, 2);
}

static void add_level(struct pk_fleet_state *state, struct pk_stmt *row)
{
    int64_t level = pk_column_int(row, 1);

    if (level >= 0 && level < RISKS) {
        state->levels[level] += pk_column_int(row, 2);
    }
}

static void add_severity(struct pk_fleet_state *state, struct pk_stmt *row)
{
    static const int levels[PK_SEVERITY_COUNT] = { PK_RISK_LOW, PK_RISK_LOW, PK_RISK_GUARDED,
        PK_RISK_HIGH, PK_RISK_CRITICAL };
    int64_t severity = pk_column_int(row, 1);

    if (severity >= 0 && severity < PK_SEVERITY_COUNT) {
        state->levels[levels[severity]] += pk_column_int(row, 2);
    }
}

static int count_devices(struct gather *g, bool past)
{
    struct pk_put put = pk_put_start(g->store,
            past ? "SELECT d.grp, count(*), sum(CASE WHEN d.seen_ms >= ?2 THEN 1 ELSE 0 END)"
                   " FROM devices d WHERE " WAS_THERE " GROUP BY d.grp ORDER BY d.grp"
                 : "SELECT d.grp, count(*), sum(CASE WHEN d.seen_ms >= ?2 THEN 1 ELSE 0 END)"
                   " FROM devices d WHERE d.revoked_ms = 0 AND CAST(?1 AS BIGINT) > 0"
                   " GROUP BY d.grp ORDER BY d.grp",
            g->err);

    pk_put_int(&put, g->at_ms);
    pk_put_int(&put, g->at_ms - PK_DEVICE_SILENT_MS);
    return each_group(g, &put, add_devices);
}

static int count_levels(struct gather *g, bool past)
{
    struct pk_put put = pk_put_start(g->store,
            past ? "SELECT t.grp, t.worst, count(*) FROM (SELECT d.grp AS grp, coalesce((SELECT"
                   " max(i.severity) FROM incidents i WHERE i.device = d.id AND " WAS_OPEN
                   "), 0) AS worst FROM devices d WHERE " WAS_THERE ") t GROUP BY t.grp, t.worst"
                 : "SELECT d.grp, d.risk_level, count(*) FROM devices d WHERE d.revoked_ms = 0"
                   " AND CAST(?1 AS BIGINT) > 0 GROUP BY d.grp, d.risk_level",
            g->err);

    pk_put_int(&put, g->at_ms);
    return each_group(g, &put, past ? add_severity : add_level);
}

/* ---- incidents and alerts ------------------------------------------------------------------------ */

static void add_open(struct pk_fleet_state *state, struct pk_stmt *row)
{
    state->open += pk_column_int(row, 1);
}

static void add_opened(struct pk_fleet_state *state, struct pk_stmt *row)
{
    state->opened += pk_column_int(row, 1);
}

static void add_closed(struct pk_fleet_state *state, struct pk_stmt *row)
{
    state->closed += pk_column_int(row, 1);
}

static void add_alerts(struct pk_fleet_state *state, struct pk_stmt *row)
{
    state->alerts += pk_column_int(row, 1);
}

static int count_of_day(struct gather *g, const char *sql,
        void (*add)(struct pk_fleet_state *state, struct pk_stmt *row))
{
    struct pk_put put = pk_put_start(g->store, sql, g->err);

    pk_put_int(&put, g->at_ms - g->at_ms % PK_DAY_MS);
    pk_put_int(&put, g->at_ms);
    return each_group(g, &put, add);
}

static int count_incidents(struct gather *g, bool past)
{
    struct pk_put put = pk_put_start(g->store,
            past ? "SELECT d.grp, count(*) FROM incidents i JOIN devices d ON d.id = i.device"
                   " WHERE " WAS_OPEN " GROUP BY d.grp"
                 : "SELECT d.grp, count(*) FROM incidents i JOIN devices d ON d.id = i.device"
                   " WHERE i.state < 2 AND i.state = 0 AND i.simulated = 0 AND CAST(?1 AS BIGINT) "
                   "> 0 GROUP BY d.grp",
            g->err);
    int rc;

    pk_put_int(&put, g->at_ms);
    rc = each_group(g, &put, add_open);
    if (rc == PK_OK) {
        rc = count_of_day(g,
                "SELECT d.grp, count(*) FROM incidents i JOIN devices d ON d.id = i.device"
                " WHERE i.opened_ms >= ?1 AND i.opened_ms <= ?2 AND i.severity > 0 AND i.simulated "
                "= 0"
                " GROUP BY d.grp",
                add_opened);
    }
    if (rc == PK_OK) {
        rc = count_of_day(g,
                "SELECT d.grp, count(*) FROM incidents i JOIN devices d ON d.id = i.device"
                " WHERE i.ended_ms >= ?1 AND i.ended_ms <= ?2 AND i.ended_ms > 0"
                " AND i.state = 2 AND i.severity > 0 AND i.simulated = 0 GROUP BY d.grp",
                add_closed);
    }
    if (rc == PK_OK) {
        rc = count_of_day(g,
                "SELECT d.grp, count(*) FROM alerts a JOIN devices d ON d.id = a.device"
                " WHERE a.told_ms >= ?1 AND a.told_ms <= ?2 AND a.simulated = 0 GROUP BY d.grp",
                add_alerts);
    }
    return rc;
}

/* ---- patches ---------------------------------------------------------------------------------------- */

/* Days from "YYYY-MM-DD" to the moment; < 0: no date, or one that is to come. */
static int64_t age_of(const char *patch, int64_t at_ms)
{
    char text[PK_TIME_TEXT];
    int64_t ms;

    if (patch == NULL || strlen(patch) < 10) {
        return -1;
    }
    (void)snprintf(text, sizeof(text), "%.10sT00:00:00Z", patch);
    if (pk_time_parse(text, &ms) < 0) {
        return -1;
    }
    return ms <= at_ms ? (at_ms - ms) / PK_DAY_MS : -1;
}

static int by_age(const void *a, const void *b)
{
    const struct patches *x = a;
    const struct patches *y = b;

    return x->age < y->age ? -1 : x->age > y->age;
}

static void take_median(
        struct pk_fleet_state *state, int64_t group, const struct patches *rows, size_t count)
{
    int64_t half = (state->patched + 1) / 2;
    int64_t seen = 0;

    for (size_t i = 0; i < count && seen < half; i++) {
        if (group == 0 || rows[i].group == group) {
            seen += rows[i].count;
            state->patch_days = rows[i].age;
        }
    }
}

static void add_patch(struct pk_fleet_state *state, int64_t age, int64_t count)
{
    double span = PK_PATCH_STALE_DAYS - PK_PATCH_FRESH_DAYS;
    double share = 1 - (double)(age - PK_PATCH_FRESH_DAYS) / span;

    state->patched += count;
    state->fresh += (double)count * (share > 1 ? 1 : share < 0 ? 0 : share);
}

static int read_patches(struct gather *g, struct pk_put *put, struct patches **rows, size_t *count)
{
    size_t room = 0;
    int rc;

    for (rc = pk_put_step(put); rc > 0; rc = pk_put_step(put)) {
        int64_t age = age_of(pk_column_text(put->stmt, 1), g->at_ms);
        int64_t n = pk_column_int(put->stmt, 2);
        const char *name = pk_column_text(put->stmt, 0);
        struct pk_fleet_state *state;

        if (age < 0 || !pk_scope_has(pk_store_scope_text(g->store), name)) {
            continue;
        }
        state = group_of(g, name);
        if (*count == room) {
            struct patches *more = reallocarray(*rows, room * 2 + 64, sizeof(*more));

            if (more == NULL) {
                pk_stmt_reset(put->stmt);
                return pk_error_set(g->err, PK_ENOMEM, "out of memory");
            }
            *rows = more;
            room = room * 2 + 64;
        }
        (*rows)[(*count)++] = (struct patches){ state != NULL ? state - g->states : 0, age, n };
        add_patch(&g->states[0], age, n);
        if (state != NULL) {
            add_patch(state, age, n);
        }
    }
    return rc;
}

/* The patch of today is all that is known of a device's past. */
static int count_patches(struct gather *g)
{
    struct pk_put put = pk_put_start(g->store,
            "SELECT grp, patch, count(*) FROM devices WHERE revoked_ms = 0"
            " AND patch IS NOT NULL GROUP BY grp, patch",
            g->err);
    struct patches *rows = NULL;
    size_t count = 0;
    int rc = read_patches(g, &put, &rows, &count);

    if (rc == PK_OK && count > 0) {
        qsort(rows, count, sizeof(*rows), by_age);
        for (size_t i = 0; i < g->count; i++) {
            take_median(&g->states[i], (int64_t)i, rows, count);
        }
    }
    free(rows);
    return rc;
}

static int by_group(const void *a, const void *b)
{
    return strcmp(
            ((const struct pk_fleet_state *)a)->group, ((const struct pk_fleet_state *)b)->group);
}

int pk_fleet_states(struct pk_store *store, int64_t at_ms, bool past, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err)
{
    struct gather g = { .store = store, .arena = arena, .err = err, .at_ms = at_ms };
    int rc;

    g.states = pk_arena_alloc(arena, GROUPS_MAX + 1, sizeof(*g.states));
    if (g.states == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    g.states[0] = (struct pk_fleet_state){ .group = "", .patch_days = -1 };
    g.count = 1;
    rc = count_devices(&g, past);
    if (rc == PK_OK) {
        rc = count_levels(&g, past);
    }
    if (rc == PK_OK) {
        rc = count_incidents(&g, past);
    }
    if (rc == PK_OK) {
        rc = count_patches(&g);
    }
    if (rc < 0) {
        return rc;
    }
    qsort(g.states + 1, g.count - 1, sizeof(*g.states), by_group);
    *out = (struct pk_array){ .items = g.states, .count = g.count };
    return PK_OK;
}

/* ---- days ------------------------------------------------------------------------------------------- */

int pk_trend_begin(struct pk_store *store, int64_t *day, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT coalesce((SELECT min(enrolled_ms) FROM devices), 0),"
            " coalesce((SELECT min(opened_ms) FROM incidents), 0)",
            err);
    int rc = pk_put_step(&put);

    if (rc > 0) {
        int64_t enrolled = pk_column_int(put.stmt, 0);
        int64_t opened = pk_column_int(put.stmt, 1);
        int64_t first = opened > 0 && (enrolled == 0 || opened < enrolled) ? opened : enrolled;

        *day = first > 0 ? first / PK_DAY_MS : INT64_MAX;
        pk_stmt_reset(put.stmt);
        rc = PK_OK;
    }
    return rc;
}

int pk_trend_put(struct pk_store *store, const struct pk_trend_day *day, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO trend_days (day, grp, body) VALUES (?1, ?2, ?3)"
            " ON CONFLICT (day, grp) DO UPDATE SET body = excluded.body",
            err);
    int64_t n;

    pk_put_int(&put, day->day);
    pk_put_word(&put, day->group);
    pk_put_json(&put, day->body);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

static int read_day(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_trend_day *day = out;

    (void)err;
    day->day = pk_get_int(get);
    day->group = pk_get_word(get);
    day->body = pk_get_json(get);
    return PK_OK;
}

int pk_trend_list(struct pk_store *store, const char *group, int64_t from, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT day, grp, body FROM trend_days WHERE grp = ?1 AND day >= ?2 ORDER BY day", err);

    pk_put_word(&put, group);
    pk_put_int(&put, from);
    return pk_put_get_all(&put, arena, read_day, sizeof(struct pk_trend_day), out, err);
}

int pk_trend_purge(struct pk_store *store, int64_t before, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "DELETE FROM trend_days WHERE day < ?1", err);
    int64_t n;

    pk_put_int(&put, before);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

/* ---- open incidents ------------------------------------------------------------------------------ */

int pk_open_each(struct pk_store *store,
        int (*each)(const struct pk_open_finding *finding, void *ctx), void *ctx,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT i.device, i.id, i.threat, d.risk_score, s.risk, d.grp FROM incidents i"
            " JOIN devices d ON d.id = i.device LEFT JOIN device_state s ON s.device = d.id"
            " WHERE i.state < 2 AND i.state = 0 AND i.simulated = 0 AND d.revoked_ms = 0 ORDER BY "
            "i.device",
            err);
    int rc;

    for (rc = pk_put_step(&put); rc > 0; rc = pk_put_step(&put)) {
        struct pk_open_finding finding = {
            .device = pk_column_text(put.stmt, 0),
            .incident = pk_column_text(put.stmt, 1),
            .threat = pk_column_text(put.stmt, 2),
            .risk_score = pk_column_int(put.stmt, 3),
            .risk = pk_column_text(put.stmt, 4),
        };
        int told = pk_scope_has(pk_store_scope_text(store), pk_column_text(put.stmt, 5))
                ? each(&finding, ctx)
                : PK_OK;

        if (told < 0) {
            pk_stmt_reset(put.stmt);
            return told;
        }
    }
    return rc;
}
