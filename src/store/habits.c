#include "store/habits.h"

#include "store/alerts.h"
#include "store/room.h"

static int read_id(struct pk_get *get, void *out, struct pk_error *err)
{
    (void)err;
    *(const char **)out = pk_get_word(get);
    return PK_OK;
}

int pk_habit_open(struct pk_store *store, const char *threat, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT DISTINCT device FROM incidents WHERE threat = ?1 AND state < 2 ORDER BY device",
            err);

    pk_put_text(&put, threat);
    return pk_put_get_all(&put, arena, read_id, sizeof(const char *), out, err);
}

static int read_row(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_habit_row *row = out;

    (void)err;
    row->device = pk_get_word(get);
    row->ignored = pk_get_int(get);
    row->overdue = pk_get_int(get);
    row->told = pk_get_int(get);
    return PK_OK;
}

int pk_habit_warned(struct pk_store *store, const struct pk_habit_times *times,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT device, ignored, overdue, told FROM (SELECT device,"
            " sum(CASE WHEN answer = ?1 AND told_ms >= ?2 THEN 1 ELSE 0 END) AS ignored,"
            " sum(CASE WHEN closed_ms = 0 AND told_ms < ?3 THEN 1 ELSE 0 END) AS overdue,"
            " count(*) AS told FROM alerts WHERE simulated = 0 AND told_ms >= ?4 GROUP BY device"
            ") each_device WHERE ignored + overdue > 0 ORDER BY device",
            err);

    pk_put_int(&put, PK_ANSWER_IGNORED);
    pk_put_int(&put, times->ignored_ms);
    pk_put_int(&put, times->overdue_ms);
    pk_put_int(&put, times->all_ms);
    return pk_put_get_all(&put, arena, read_row, sizeof(struct pk_habit_row), out, err);
}
