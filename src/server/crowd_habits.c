#include "server/crowd_habits.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/event.h"
#include "pipeline/pipeline.h"
#include "risk/habit.h"
#include "server/crowd_internal.h"
#include "store/habits.h"

#define META         "habits_day"
#define RISKY        "behavior.risky_networks"
#define IGNORES      "behavior.ignores_warnings"
#define MEMORY       (64UL * 1024 * 1024)
#define DEVICES_STEP 500
#define AT_ONCE      32 /* findings in one transaction */
#define PAUSE_MS     60000
#define IGNORED_DAYS 30
#define OVERDUE_DAYS 14
#define ALL_DAYS     90

/* One sweep. */
struct sweep {
    struct pk_crowd_server *c;
    struct pk_store *store;
    struct pk_arena *arena;
    struct pk_pipeline_news news;
    struct pk_array before; /* ids with a live incident, sorted */
    size_t open_count;      /* written in the transaction at hand */
    bool begun;
    int64_t now_ms;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool was(const struct sweep *k, const char *device)
{
    return k->before.count > 0 &&
            bsearch(&device, k->before.items, k->before.count, sizeof(const char *), by_text) !=
            NULL;
}

static int commit(struct sweep *k, struct pk_error *err)
{
    int rc = k->begun ? pk_store_commit(k->store, err) : PK_OK;

    k->begun = false;
    k->open_count = 0;
    return rc;
}

/* Evidence is taken over; NULL: it is over. */
static int say(struct sweep *k, const char *threat, const char *rule, const char *device,
        json_t *evidence, struct pk_error *err)
{
    struct pk_finding finding = { .threat = pk_threat_find(threat),
        .cleared = evidence == NULL,
        .subject = "device",
        .confidence = 0.9,
        .rule = rule,
        .evidence = evidence,
        .at_ms = k->now_ms };
    int rc = PK_OK;

    if (evidence != NULL && pk_arena_defer(k->arena, pk_json_release, evidence) < 0) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (!k->begun) {
        rc = pk_store_begin(k->store, err);
        k->begun = rc == PK_OK;
    }
    if (rc == PK_OK) {
        rc = pk_pipeline_finding(k->c->server->pipeline, k->store, device, &finding, &k->news, err);
    }
    if (rc == PK_ENOENT) {
        rc = PK_OK; /* removed meanwhile */
    }
    return rc == PK_OK && ++k->open_count == AT_ONCE ? commit(k, err) : rc;
}

/* ---- open networks -------------------------------------------------------------------------------- */

static int look_at(struct sweep *k, const char *device, struct pk_error *err)
{
    struct pk_habit habit;
    bool before = was(k, device);
    bool risky = pk_habit_of(k->c->hazard, pk_crowd_server_device(device), k->now_ms / PK_SECOND_MS,
                         &habit) &&
            pk_habit_is_risky(&habit, before);
    json_t *evidence = NULL;

    if (!risky && !before) {
        return PK_OK;
    }
    if (risky) {
        evidence = json_pack("{s:s, s:f, s:f, s:i}", "seen",
                "Joins networks that are open to all far more often than the fleet",
                "open_joins_a_week", round(habit.open_week), "times_the_usual",
                round(habit.times * 10) / 10, "days", (int)habit.days);
        if (evidence == NULL) {
            return pk_error_set(err, PK_ENOMEM, "out of memory");
        }
    }
    return say(k, RISKY, RISKY "/open_joins", device, evidence, err);
}

static int sweep_networks(struct sweep *k, struct pk_error *err)
{
    struct pk_array page = { 0 };
    const char *after = "";
    int rc = pk_habit_open(k->store, RISKY, k->arena, &k->before, err);

    do {
        struct pk_arena *arena = pk_arena_create(MEMORY);
        const struct pk_foresight_told *rows;

        rc = rc < 0 ? rc
                : arena == NULL
                ? pk_error_set(err, PK_ENOMEM, "out of memory")
                : pk_device_foresights(k->store, after, DEVICES_STEP, arena, &page, err);
        rows = rc == PK_OK ? page.items : NULL;
        for (size_t i = 0; rc == PK_OK && i < page.count; i++) {
            rc = look_at(k, rows[i].id, err);
        }
        if (rc == PK_OK && page.count == DEVICES_STEP) {
            after = pk_arena_strdup(k->arena, rows[page.count - 1].id);
            rc = after != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");
        }
        pk_arena_destroy(arena);
    } while (rc == PK_OK && page.count == DEVICES_STEP);
    return rc;
}

/* ---- warnings ------------------------------------------------------------------------------------- */

static int by_device(const void *key, const void *row)
{
    return strcmp(key, ((const struct pk_habit_row *)row)->device);
}

static int sweep_ignoring(struct sweep *k, const struct pk_array *rows, struct pk_error *err)
{
    const struct pk_habit_row *items = rows->items;
    int rc = PK_OK;

    for (size_t i = 0; rc == PK_OK && i < rows->count; i++) {
        const struct pk_habit_row *r = &items[i];
        json_t *evidence;

        if (!pk_habit_ignores(&(struct pk_habit_warnings){ r->ignored, r->overdue, r->told },
                    was(k, r->device))) {
            continue;
        }
        evidence = json_pack("{s:s, s:I, s:I, s:I}", "seen",
                "Several warnings were passed by, or are open for more than two weeks",
                "ignored_30_days", (json_int_t)r->ignored, "open_14_days", (json_int_t)r->overdue,
                "told_90_days", (json_int_t)r->told);
        rc = evidence != NULL ? say(k, IGNORES, IGNORES "/answers", r->device, evidence, err)
                              : pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    return rc;
}

/* Who was and has none any more. */
static int sweep_better(struct sweep *k, const struct pk_array *rows, struct pk_error *err)
{
    const char *const *before = k->before.items;
    int rc = PK_OK;

    for (size_t i = 0; rc == PK_OK && i < k->before.count; i++) {
        if (rows->count == 0 ||
                bsearch(before[i], rows->items, rows->count, sizeof(struct pk_habit_row),
                        by_device) == NULL) {
            rc = say(k, IGNORES, IGNORES "/answers", before[i], NULL, err);
        }
    }
    return rc;
}

static int sweep_warnings(struct sweep *k, struct pk_error *err)
{
    struct pk_habit_times times = { .all_ms = k->now_ms - ALL_DAYS * PK_DAY_MS,
        .ignored_ms = k->now_ms - IGNORED_DAYS * PK_DAY_MS,
        .overdue_ms = k->now_ms - OVERDUE_DAYS * PK_DAY_MS };
    struct pk_array rows = { 0 };
    int rc = pk_habit_open(k->store, IGNORES, k->arena, &k->before, err);

    if (rc == PK_OK) {
        rc = pk_habit_warned(k->store, &times, k->arena, &rows, err);
    }
    if (rc == PK_OK) {
        rc = sweep_ignoring(k, &rows, err);
    }
    return rc == PK_OK ? sweep_better(k, &rows, err) : rc;
}

/* ---- once a day ----------------------------------------------------------------------------------- */

static int sweep(struct sweep *k, int64_t day, struct pk_error *err)
{
    char text[24];
    int rc = sweep_networks(k, err);

    rc = rc == PK_OK ? sweep_warnings(k, err) : rc;
    if (rc < 0) {
        if (k->begun) {
            pk_store_rollback(k->store);
        }
        return rc;
    }
    rc = commit(k, err);
    (void)snprintf(text, sizeof(text), "%lld", (long long)day);
    return rc == PK_OK ? pk_meta_put(k->store, META, text, err) : rc;
}

static int read_day(struct pk_crowd_server *c, struct sweep *k, struct pk_error *err)
{
    const char *text = NULL;
    int rc = pk_meta_get(k->store, META, k->arena, &text, err);

    if (rc == PK_OK) {
        c->habits.day = text != NULL ? strtoll(text, NULL, 10) : -1;
    }
    return rc;
}

void pk_habits_step(struct pk_crowd_server *c)
{
    struct pk_error err = { 0 };
    struct sweep k = { .c = c, .now_ms = pk_server_now(c->server) };
    int64_t day = k.now_ms / PK_DAY_MS;
    int rc;

    if (c->habits.day == day || pk_clock_monotonic_ms() < c->habits.pause_ms) {
        return;
    }
    k.store = pk_server_store(c->server, &err);
    k.arena = pk_arena_create(MEMORY);
    rc = k.store == NULL      ? err.code
            : k.arena == NULL ? pk_error_set(&err, PK_ENOMEM, "out of memory")
                              : PK_OK;
    if (rc == PK_OK && c->habits.day == 0) {
        rc = read_day(c, &k, &err);
    }
    if (rc == PK_OK && c->habits.day != day) {
        rc = sweep(&k, day, &err);
        c->habits.day = rc == PK_OK ? day : c->habits.day;
    }
    if (rc < 0) {
        pk_event(PK_ERROR, "habits.trouble", { "why", err.text });
        c->habits.pause_ms = pk_clock_monotonic_ms() + PAUSE_MS;
    }
    if (k.news.events) {
        pk_server_events_changed(c->server);
    }
    if (k.news.siem) {
        pk_server_outbox_grew(c->server);
    }
    pk_arena_destroy(k.arena);
}
