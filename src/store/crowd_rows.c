#include "store/crowd_rows.h"

#include "store/room.h"

#define BASE_SEQ (-1) /* beside the partitions, which count from 0 */

static int done(int64_t n)
{
    return n < 0 ? (int)n : PK_OK;
}

static int run_int(struct pk_store *store, const char *sql, int64_t value, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, sql, err);

    pk_put_int(&put, value);
    return done(pk_put_run(&put));
}

static int read_int(struct pk_store *store, const char *sql, int64_t *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, sql, err);
    int rc = pk_put_step(&put);

    if (rc < 0) {
        return rc;
    }
    *out = rc > 0 ? pk_column_int(put.stmt, 0) : 0;
    pk_stmt_reset(put.stmt);
    return PK_OK;
}

static void put_thing(struct pk_put *put, const struct pk_crowd_thing *thing)
{
    pk_put_int(put, thing->kind);
    pk_put_int(put, thing->a);
    pk_put_int(put, thing->b);
}

static void get_thing(struct pk_get *get, struct pk_crowd_thing *out)
{
    out->kind = (int)pk_get_int(get);
    out->a = pk_get_int(get);
    out->b = pk_get_int(get);
}

/* ---- the order ---- */

int pk_crowd_log_add(
        struct pk_store *store, const struct pk_crowd_log_row *row, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "INSERT INTO crowd_log (seq, text) VALUES (?1, ?2)", err);

    pk_put_int(&put, row->seq);
    pk_put_text(&put, row->text);
    return done(pk_put_run(&put));
}

static int read_log(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_crowd_log_row *row = out;

    (void)err;
    row->seq = pk_get_int(get);
    row->text = pk_get_word(get);
    return PK_OK;
}

int pk_crowd_log_next(struct pk_store *store, int64_t after, struct pk_arena *arena,
        struct pk_crowd_log_row *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT seq, text FROM crowd_log WHERE seq > ?1 ORDER BY seq LIMIT 1", err);

    pk_put_int(&put, after);
    return pk_put_get(&put, arena, read_log, out, "row of the crowd's log", err);
}

int pk_crowd_log_newest(struct pk_store *store, int64_t *out, struct pk_error *err)
{
    return read_int(store, "SELECT seq FROM crowd_log ORDER BY seq DESC LIMIT 1", out, err);
}

int pk_crowd_base_get(
        struct pk_store *store, int64_t *seq, int64_t *offsets, size_t count, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "SELECT part, done FROM crowd_base", err);
    int rc;

    *seq = 0;
    memset(offsets, 0, count * sizeof(*offsets));
    while ((rc = pk_put_step(&put)) > 0) {
        int64_t part = pk_column_int(put.stmt, 0);

        if (part == BASE_SEQ) {
            *seq = pk_column_int(put.stmt, 1);
        } else if (part >= 0 && (uint64_t)part < count) {
            offsets[part] = pk_column_int(put.stmt, 1);
        }
    }
    return rc;
}

static int put_base(struct pk_store *store, int64_t part, int64_t value, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO crowd_base (part, done) VALUES (?1, ?2)"
            " ON CONFLICT (part) DO UPDATE SET done = excluded.done",
            err);

    pk_put_int(&put, part);
    pk_put_int(&put, value);
    return done(pk_put_run(&put));
}

int pk_crowd_base_put(struct pk_store *store, int64_t seq, const int64_t *offsets, size_t count,
        struct pk_error *err)
{
    bool mine;
    int rc = pk_store_enter(store, &mine, err);

    if (rc < 0) {
        return rc;
    }
    rc = run_int(store, "DELETE FROM crowd_log WHERE seq <= ?1", seq, err);
    if (rc == PK_OK) {
        rc = put_base(store, BASE_SEQ, seq, err);
    }
    for (size_t i = 0; i < count && rc == PK_OK; i++) {
        rc = put_base(store, (int64_t)i, offsets[i], err);
    }
    return pk_store_leave(store, mine, rc, err);
}

/* ---- what waits to be told ---- */

int pk_crowd_word_add(struct pk_store *store, const char *text, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "INSERT INTO crowd_words (text) VALUES (?1)", err);

    pk_put_text(&put, text);
    return done(pk_put_run(&put));
}

static int read_word(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_crowd_word *word = out;

    (void)err;
    word->id = pk_get_int(get);
    word->text = pk_get_word(get);
    return PK_OK;
}

int pk_crowd_words_after(struct pk_store *store, int64_t after, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT id, text FROM crowd_words WHERE id > ?1 ORDER BY id LIMIT ?2", err);

    pk_put_int(&put, after);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_word, sizeof(struct pk_crowd_word), out, err);
}

int pk_crowd_words_drop(struct pk_store *store, int64_t upto, struct pk_error *err)
{
    return run_int(store, "DELETE FROM crowd_words WHERE id <= ?1", upto, err);
}

/* ---- what was concluded of it for a device ---- */

int pk_crowd_finding_put(
        struct pk_store *store, const struct pk_crowd_finding_row *row, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO crowd_findings (kind, a, b, device, threat, subject, part, at_ms)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
            " ON CONFLICT (kind, a, b, device, threat, subject)"
            " DO UPDATE SET part = excluded.part, at_ms = excluded.at_ms",
            err);

    put_thing(&put, &row->thing);
    pk_put_text(&put, row->device);
    pk_put_text(&put, row->threat);
    pk_put_text(&put, row->subject);
    pk_put_word(&put, row->part);
    pk_put_int(&put, row->at_ms);
    return done(pk_put_run(&put));
}

static int read_finding(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_crowd_finding_row *row = out;

    (void)err;
    get_thing(get, &row->thing);
    row->device = pk_get_word(get);
    row->threat = pk_get_word(get);
    row->subject = pk_get_word(get);
    row->part = pk_get_word(get);
    row->at_ms = pk_get_int(get);
    return PK_OK;
}

int pk_crowd_findings_of(struct pk_store *store, const struct pk_crowd_thing *thing, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT kind, a, b, device, threat, subject, part, at_ms FROM crowd_findings"
            " WHERE kind = ?1 AND a = ?2 AND b = ?3 ORDER BY device, threat, subject LIMIT ?4",
            err);

    put_thing(&put, thing);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_finding, sizeof(struct pk_crowd_finding_row), out, err);
}

int pk_crowd_finding_drop(
        struct pk_store *store, const struct pk_crowd_finding_row *row, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "DELETE FROM crowd_findings WHERE kind = ?1 AND a = ?2 AND b = ?3 AND device = ?4"
            " AND threat = ?5 AND subject = ?6",
            err);

    put_thing(&put, &row->thing);
    pk_put_text(&put, row->device);
    pk_put_text(&put, row->threat);
    pk_put_text(&put, row->subject);
    return done(pk_put_run(&put));
}

int pk_crowd_findings_forget(struct pk_store *store, const char *device, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "DELETE FROM crowd_findings WHERE device = ?1", err);

    pk_put_text(&put, device);
    return done(pk_put_run(&put));
}

/* ---- verdicts and how they changed ---- */

static int put_bad(
        struct pk_store *store, const struct pk_crowd_change_row *row, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            row->bad ? "INSERT INTO crowd_bad (kind, a, b, seq) VALUES (?1, ?2, ?3, ?4)"
                       " ON CONFLICT (kind, a, b) DO UPDATE SET seq = excluded.seq"
                     : "DELETE FROM crowd_bad WHERE kind = ?1 AND a = ?2 AND b = ?3",
            err);

    put_thing(&put, &row->thing);
    if (row->bad) {
        pk_put_int(&put, row->seq);
    }
    return done(pk_put_run(&put));
}

int pk_crowd_change_add(
        struct pk_store *store, struct pk_crowd_change_row *row, struct pk_error *err)
{
    struct pk_put put;
    bool mine;
    int rc = pk_store_enter(store, &mine, err);

    if (rc < 0) {
        return rc;
    }
    put = pk_put_start(store,
            "INSERT INTO crowd_changes"
            " (kind, a, b, bad, log_odds, at_ms, devices, grps, cause)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING seq",
            err);
    put_thing(&put, &row->thing);
    pk_put_int(&put, row->bad);
    pk_put_real(&put, row->log_odds);
    pk_put_int(&put, row->at_ms);
    pk_put_int(&put, row->devices);
    pk_put_int(&put, row->groups);
    pk_put_int(&put, row->cause);
    rc = pk_put_step(&put);
    if (rc > 0) {
        row->seq = pk_column_int(put.stmt, 0);
        rc = pk_put_step(&put); /* to its end: then it counts */
        rc = rc < 0 ? rc : PK_OK;
    }
    if (rc == PK_OK) {
        rc = put_bad(store, row, err);
    }
    return pk_store_leave(store, mine, rc, err);
}

#define CHANGE_COLUMNS \
    "c.seq, c.kind, c.a, c.b, c.bad, c.log_odds, c.at_ms, c.devices, c.grps, c.cause"

static int read_change(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_crowd_change_row *row = out;

    (void)err;
    row->seq = pk_get_int(get);
    get_thing(get, &row->thing);
    row->bad = pk_get_int(get) != 0;
    row->log_odds = pk_get_real(get);
    row->at_ms = pk_get_int(get);
    row->devices = pk_get_int(get);
    row->groups = pk_get_int(get);
    row->cause = (int)pk_get_int(get);
    return PK_OK;
}

int pk_crowd_changes_after(struct pk_store *store, int64_t after, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " CHANGE_COLUMNS " FROM crowd_changes c WHERE c.seq > ?1"
            " ORDER BY c.seq LIMIT ?2",
            err);

    pk_put_int(&put, after);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_change, sizeof(struct pk_crowd_change_row), out, err);
}

int pk_crowd_changes_span(
        struct pk_store *store, int64_t *oldest, int64_t *newest, struct pk_error *err)
{
    int rc = read_int(store, "SELECT seq FROM crowd_changes ORDER BY seq LIMIT 1", oldest, err);

    return rc < 0 ? rc
                  : read_int(store, "SELECT seq FROM crowd_changes ORDER BY seq DESC LIMIT 1",
                            newest, err);
}

int pk_crowd_changes_trim(struct pk_store *store, int64_t before_ms, struct pk_error *err)
{
    return run_int(store,
            "DELETE FROM crowd_changes WHERE at_ms < ?1"
            " AND seq < (SELECT max(seq) FROM crowd_changes)"
            " AND NOT EXISTS (SELECT 1 FROM crowd_bad b WHERE b.seq = crowd_changes.seq)",
            before_ms, err);
}

int pk_crowd_bad_after(struct pk_store *store, const struct pk_crowd_thing *after, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    static const struct pk_crowd_thing first = { .kind = -1 };
    struct pk_put put = pk_put_start(store,
            "SELECT " CHANGE_COLUMNS " FROM crowd_bad b JOIN crowd_changes c ON c.seq = b.seq"
            " WHERE (b.kind, b.a, b.b) > (?1, ?2, ?3) ORDER BY b.kind, b.a, b.b LIMIT ?4",
            err);

    put_thing(&put, after != NULL ? after : &first);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_change, sizeof(struct pk_crowd_change_row), out, err);
}

int pk_crowd_bad_of(struct pk_store *store, int kind, int64_t a, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " CHANGE_COLUMNS " FROM crowd_bad b JOIN crowd_changes c ON c.seq = b.seq"
            " WHERE b.kind = ?1 AND b.a = ?2 ORDER BY b.b LIMIT ?3",
            err);

    pk_put_int(&put, kind);
    pk_put_int(&put, a);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_change, sizeof(struct pk_crowd_change_row), out, err);
}

int pk_crowd_bad_get(struct pk_store *store, const struct pk_crowd_thing *thing,
        struct pk_arena *arena, struct pk_crowd_change_row *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " CHANGE_COLUMNS " FROM crowd_bad b JOIN crowd_changes c ON c.seq = b.seq"
            " WHERE b.kind = ?1 AND b.a = ?2 AND b.b = ?3",
            err);

    put_thing(&put, thing);
    return pk_put_get(&put, arena, read_change, out, "verdict of the crowd", err);
}

int pk_crowd_bad_has(
        struct pk_store *store, const struct pk_crowd_thing *thing, bool *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT 1 FROM crowd_bad WHERE kind = ?1 AND a = ?2 AND b = ?3", err);
    int rc;

    put_thing(&put, thing);
    rc = pk_put_step(&put);
    if (rc < 0) {
        return rc;
    }
    *out = rc > 0;
    pk_stmt_reset(put.stmt);
    return PK_OK;
}
