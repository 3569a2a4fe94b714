#include "server/trends.h"

#include <string.h>

#include "base/clock.h"
#include "model/risk.h"
#include "server/score.h"
#include "store/scope.h"

#define WRITE_MS   PK_HOUR_MS
#define BACK_DAYS  90
#define PATIENT_MS 500        /* how long a reader waits for days that are missing */
#define SETTLE_MS  PK_HOUR_MS /* a fleet that was away tells its past first */
#define MEMORY_MAX (8UL * 1024 * 1024)

json_t *pk_trend_body(const struct pk_fleet_state *s, bool estimated)
{
    json_int_t risky = s->levels[PK_RISK_HIGH] + s->levels[PK_RISK_CRITICAL];
    struct pk_score score;

    pk_score_of(s, &score);
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:b}", "devices",
            (json_int_t)s->devices, "active", (json_int_t)s->active, "open", (json_int_t)s->open,
            "opened", (json_int_t)s->opened, "closed", (json_int_t)s->closed, "risky", risky,
            "alerts", (json_int_t)s->alerts, "patch_days",
            s->patch_days >= 0 ? json_integer(s->patch_days) : json_null(), "score",
            score.total >= 0 ? json_integer(score.total) : json_null(), "estimated", estimated);
}

/* ---- writing ----------------------------------------------------------------------------------------- */

static int put_states(struct pk_store *store, int64_t day, const struct pk_array *states,
        bool estimated, struct pk_error *err)
{
    const struct pk_fleet_state *state = states->items;
    int rc = pk_store_begin(store, err);

    for (size_t i = 0; i < states->count && rc == PK_OK; i++) {
        struct pk_trend_day row = { .day = day, .group = state[i].group };

        row.body = pk_trend_body(&state[i], estimated);
        rc = row.body != NULL ? pk_trend_put(store, &row, err)
                              : pk_error_set(err, PK_ENOMEM, "out of memory");
        json_decref(row.body);
    }
    if (rc == PK_OK) {
        return pk_store_commit(store, err);
    }
    pk_store_rollback(store);
    return rc;
}

static int write_day(
        struct pk_store *store, int64_t day, int64_t at_ms, bool past, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(MEMORY_MAX);
    struct pk_array states = { 0 };
    int rc = arena != NULL ? pk_fleet_states(store, at_ms, past, arena, &states, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        rc = put_states(store, day, &states, past, err);
    }
    pk_arena_destroy(arena);
    return rc;
}

/* The newest day before today that has no row; < 0: there is none. */
static int missing_day(struct pk_store *store, int64_t today, int64_t *out, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(MEMORY_MAX);
    struct pk_array rows = { 0 };
    int64_t begin = INT64_MAX;
    int64_t day = today - 1;
    int rc = arena != NULL ? pk_trend_begin(store, &begin, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        rc = pk_trend_list(store, "", today - BACK_DAYS, arena, &rows, err);
    }
    if (rc == PK_OK) {
        const struct pk_trend_day *row = rows.items;

        for (size_t i = rows.count; i > 0; i--) {
            if (row[i - 1].day == day) {
                day--;
            }
        }
        *out = day >= begin && day > today - BACK_DAYS ? day : -1;
    }
    pk_arena_destroy(arena);
    return rc;
}

int pk_trends_step(struct pk_store *store, int64_t now_ms, int64_t started_ms, int64_t *written_ms,
        struct pk_error *err)
{
    int64_t today = now_ms / PK_DAY_MS;
    int64_t day = -1;
    int rc;

    if (*written_ms == 0 || now_ms - *written_ms >= WRITE_MS || *written_ms / PK_DAY_MS != today) {
        rc = write_day(store, today, now_ms, false, err);
        if (rc == PK_OK) {
            *written_ms = now_ms;
            rc = pk_trend_purge(store, today - PK_TRENDS_KEPT_DAYS, err);
        }
        return rc < 0 ? rc : 1;
    }
    if (now_ms - started_ms < SETTLE_MS) {
        return 0;
    }
    rc = missing_day(store, today, &day, err);
    if (rc < 0 || day < 0) {
        return rc;
    }
    rc = write_day(store, day, (day + 1) * PK_DAY_MS - 1, true, err);
    return rc < 0 ? rc : 1;
}

/* ---- reading ----------------------------------------------------------------------------------------- */

/* A row of the answer, from the body; taken over. */
static int append(json_t *list, int64_t day, json_t *body, struct pk_error *err)
{
    char text[PK_TIME_TEXT];

    (void)pk_time_format(day * PK_DAY_MS, text);
    text[10] = '\0'; /* the date alone */
    if (body == NULL || json_object_set_new(body, "day", json_string(text)) < 0 ||
            json_array_append_new(list, body) < 0) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    return PK_OK;
}

static int compute(struct pk_store *store, const char *group, int64_t at_ms, bool past,
        struct pk_arena *arena, json_t **out, struct pk_error *err)
{
    struct pk_array states = { 0 };
    const struct pk_fleet_state *state;
    int rc = pk_fleet_states(store, at_ms, past, arena, &states, err);

    if (rc < 0) {
        return rc;
    }
    state = states.items;
    for (size_t i = 0; i < states.count; i++) {
        if (strcmp(state[i].group, group) == 0) {
            *out = pk_trend_body(&state[i], past);
            return PK_OK;
        }
    }
    *out = pk_trend_body(&(struct pk_fleet_state){ .group = group, .patch_days = -1 }, past);
    return PK_OK;
}

int pk_trends_read(struct pk_store *store, const char *group, int64_t days, int64_t now_ms,
        struct pk_arena *arena, json_t **out, struct pk_error *err)
{
    int64_t today = now_ms / PK_DAY_MS;
    int64_t until_ms = pk_clock_monotonic_ms() + PATIENT_MS;
    struct pk_array rows = { 0 };
    const char *scope = pk_store_scope_text(store);
    /* what is written down under "" is of everybody */
    bool written = scope[0] == '\0' || (group[0] != '\0' && pk_scope_has(scope, group));
    int64_t begin = INT64_MAX;
    json_t *list = json_array();
    size_t next = 0;
    int rc = pk_trend_begin(store, &begin, err);

    if (rc == PK_OK && written) {
        rc = pk_trend_list(store, group, today - days + 1, arena, &rows, err);
    }
    begin = begin > today - days + 1 ? begin : today - days + 1;
    for (int64_t day = begin; rc == PK_OK && day <= today; day++) {
        const struct pk_trend_day *row = (const struct pk_trend_day *)rows.items + next;
        json_t *body = NULL;

        while (next < rows.count && row->day < day) {
            next++;
            row++;
        }
        if (day == today) {
            rc = compute(store, group, now_ms, false, arena, &body, err);
        } else if (next < rows.count && row->day == day) {
            body = json_copy(row->body);
        } else if (pk_clock_monotonic_ms() < until_ms) {
            rc = compute(store, group, (day + 1) * PK_DAY_MS - 1, true, arena, &body, err);
        } else {
            continue;
        }
        if (rc == PK_OK) {
            rc = append(list, day, body, err);
        }
    }
    if (rc < 0) {
        json_decref(list);
        return rc;
    }
    *out = list;
    return PK_OK;
}
