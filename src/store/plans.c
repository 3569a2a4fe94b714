#include "store/plans.h"

#include <time.h>

#include "base/clock.h"
#include "store/room.h"

#define MORNING_MS (6 * PK_HOUR_MS)

const char *const pk_plan_every_names[] = { "daily", "weekly", "monthly", NULL };

int pk_plan_add(struct pk_store *store, const struct pk_plan *plan, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO report_plans (id, kind, grp, every, recipients, created_ms, created_by,"
            " next_ms, last_ms, error) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, NULL)",
            err);
    int64_t n;

    pk_put_text(&put, plan->id);
    pk_put_text(&put, plan->kind);
    pk_put_word(&put, plan->group);
    pk_put_int(&put, plan->every);
    pk_put_json(&put, plan->recipients);
    pk_put_int(&put, plan->created_ms);
    pk_put_word(&put, plan->created_by);
    pk_put_int(&put, plan->next_ms);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

static int read_plan(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_plan *p = out;

    (void)err;
    p->id = pk_get_word(get);
    p->kind = pk_get_word(get);
    p->group = pk_get_word(get);
    p->every = (int)pk_get_int(get);
    p->recipients = pk_get_json(get);
    p->created_ms = pk_get_int(get);
    p->created_by = pk_get_word(get);
    p->next_ms = pk_get_int(get);
    p->last_ms = pk_get_int(get);
    p->error = pk_get_text(get);
    return PK_OK;
}

int pk_plan_list(struct pk_store *store, int64_t due_ms, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT id, kind, grp, every, recipients, created_ms, created_by, next_ms, last_ms,"
            " error FROM report_plans WHERE next_ms <= ?1 ORDER BY created_ms, id LIMIT ?2",
            err);

    pk_put_int(&put, due_ms > 0 ? due_ms : INT64_MAX);
    pk_put_int(&put, PK_PLANS_MAX);
    return pk_put_get_all(&put, arena, read_plan, sizeof(struct pk_plan), out, err);
}

int pk_plan_remove(struct pk_store *store, const char *id, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "DELETE FROM report_plans WHERE id = ?1", err);

    pk_put_text(&put, id);
    return pk_put_run_one(&put, "report plan");
}

int pk_plan_done(struct pk_store *store, const char *id, int64_t at_ms, int64_t next_ms,
        const char *error, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE report_plans SET next_ms = ?1, error = ?2,"
            " last_ms = CASE WHEN ?3 > 0 THEN ?3 ELSE last_ms END WHERE id = ?4",
            err);

    pk_put_int(&put, next_ms);
    pk_put_text(&put, error);
    pk_put_int(&put, error == NULL ? at_ms : 0);
    pk_put_text(&put, id);
    return pk_put_run_one(&put, "report plan");
}

int64_t pk_plan_next(enum pk_plan_every every, int64_t now_ms)
{
    int64_t day = (now_ms - MORNING_MS) / PK_DAY_MS + 1;

    for (;; day++) { /* 31 times at most */
        time_t at = (time_t)(day * 86400);
        struct tm tm = { 0 };

        (void)gmtime_r(&at, &tm);
        if (every == PK_PLAN_DAILY || (every == PK_PLAN_WEEKLY && tm.tm_wday == 1) ||
                (every == PK_PLAN_MONTHLY && tm.tm_mday == 1)) {
            return day * PK_DAY_MS + MORNING_MS;
        }
    }
}
