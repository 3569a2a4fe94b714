/* What a hub keeps. */
#include <stdlib.h>

#include "store/exchange.h"
#include "store/exchange_word.h"

#define CHANGED "exchange_changed" /* of the meta table: the newest change */

#define MEMBER_ALONE \
    "m.id, m.key, m.name, m.vouched, m.a, m.b, m.seq, m.joined_ms, m.seen_ms, 0, 0, 0"
#define MEMBER                                                                              \
    "m.id, m.key, m.name, m.vouched, m.a, m.b, m.seq, m.joined_ms, m.seen_ms,"              \
    " (SELECT COUNT(*) FROM exchange_statements s WHERE s.member = m.id),"                  \
    " (SELECT COUNT(*) FROM exchange_statements s WHERE s.member = m.id AND s.ruling = 1)," \
    " (SELECT COUNT(*) FROM exchange_statements s WHERE s.member = m.id AND s.ruling > 1)"

static int run(struct pk_put *put)
{
    int64_t n = pk_put_run(put);

    return n < 0 ? (int)n : PK_OK;
}

/* ---- members ---------------------------------------------------------------------------------------- */

static int read_member(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_exchange_member *m = out;

    (void)err;
    m->id = pk_get_word(get);
    m->key = pk_get_word(get);
    m->name = pk_get_word(get);
    m->vouched = pk_get_int(get) != 0;
    m->a = pk_get_real(get);
    m->b = pk_get_real(get);
    m->seq = pk_get_int(get);
    m->joined_ms = pk_get_int(get);
    m->seen_ms = pk_get_int(get);
    m->words = pk_get_int(get);
    m->confirmed = pk_get_int(get);
    m->contradicted = pk_get_int(get);
    return PK_OK;
}

int pk_exchange_member_add(
        struct pk_store *store, const struct pk_exchange_member *member, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO exchange_members (id, key, name, vouched, a, b, seq, joined_ms, seen_ms)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            err);

    pk_put_text(&put, member->id);
    pk_put_text(&put, member->key);
    pk_put_word(&put, member->name);
    pk_put_int(&put, member->vouched);
    pk_put_real(&put, member->a);
    pk_put_real(&put, member->b);
    pk_put_int(&put, member->seq);
    pk_put_int(&put, member->joined_ms);
    pk_put_int(&put, member->seen_ms);
    return run(&put);
}

int pk_exchange_member_get(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_exchange_member *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT " MEMBER_ALONE " FROM exchange_members m WHERE m.id = ?1", err);

    pk_put_text(&put, id);
    return pk_put_get(&put, arena, read_member, out, "member", err);
}

int pk_exchange_members(struct pk_store *store, bool counted, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            counted ? "SELECT " MEMBER " FROM exchange_members m ORDER BY m.joined_ms, m.id"
                    : "SELECT " MEMBER_ALONE " FROM exchange_members m ORDER BY m.joined_ms, m.id",
            err);

    return pk_put_get_all(&put, arena, read_member, sizeof(struct pk_exchange_member), out, err);
}

int pk_exchange_member_seq(
        struct pk_store *store, const char *id, int64_t seq, int64_t at_ms, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE exchange_members SET seq = ?1, seen_ms = ?2 WHERE id = ?3 AND seq < ?1", err);
    int64_t n;

    pk_put_int(&put, seq);
    pk_put_int(&put, at_ms);
    pk_put_text(&put, id);
    n = pk_put_run(&put);
    if (n == 0) {
        return pk_error_set(
                err, PK_EEXIST, "a message with this number, or a later one, was taken");
    }
    return n < 0 ? (int)n : PK_OK;
}

int pk_exchange_member_record(
        struct pk_store *store, const char *id, double a, double b, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "UPDATE exchange_members SET a = ?1, b = ?2 WHERE id = ?3", err);

    pk_put_real(&put, a);
    pk_put_real(&put, b);
    pk_put_text(&put, id);
    return pk_put_run_one(&put, "member");
}

int pk_exchange_member_renew(struct pk_store *store, const char *id, const char *name, bool vouched,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "UPDATE exchange_members SET name = ?1, vouched = ?2 WHERE id = ?3", err);

    pk_put_word(&put, name);
    pk_put_int(&put, vouched);
    pk_put_text(&put, id);
    return pk_put_run_one(&put, "member");
}

int pk_exchange_member_vouch(
        struct pk_store *store, const char *id, bool vouched, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "UPDATE exchange_members SET vouched = ?1 WHERE id = ?2", err);

    pk_put_int(&put, vouched);
    pk_put_text(&put, id);
    return pk_put_run_one(&put, "member");
}

int pk_exchange_member_remove(struct pk_store *store, const char *id, struct pk_error *err)
{
    int rc = pk_exchange_touch_of(store, id, err);
    struct pk_put put;

    if (rc == PK_OK) {
        put = pk_put_start(store, "DELETE FROM exchange_statements WHERE member = ?1", err);
        pk_put_text(&put, id);
        rc = run(&put);
    }
    if (rc < 0) {
        return rc;
    }
    put = pk_put_start(store, "DELETE FROM exchange_members WHERE id = ?1", err);
    pk_put_text(&put, id);
    return pk_put_run_one(&put, "member");
}

/* ---- invitations -------------------------------------------------------------------------------------- */

int pk_exchange_invite_add(
        struct pk_store *store, const struct pk_exchange_invite *invite, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO exchange_invites (secret, name, vouched, created_ms, expires_ms,"
            " created_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            err);

    pk_put_text(&put, invite->secret_sha256);
    pk_put_word(&put, invite->name);
    pk_put_int(&put, invite->vouched);
    pk_put_int(&put, invite->created_ms);
    pk_put_int(&put, invite->expires_ms);
    pk_put_word(&put, invite->created_by);
    return run(&put);
}

static int read_invite(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_exchange_invite *i = out;

    (void)err;
    i->secret_sha256 = ""; /* nobody needs to read it back */
    i->name = pk_get_word(get);
    i->vouched = pk_get_int(get) != 0;
    i->created_ms = pk_get_int(get);
    i->expires_ms = pk_get_int(get);
    i->created_by = pk_get_word(get);
    return PK_OK;
}

int pk_exchange_invite_take(struct pk_store *store, const char *secret_sha256, int64_t now_ms,
        struct pk_arena *arena, struct pk_exchange_invite *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "DELETE FROM exchange_invites WHERE secret = ?1 AND expires_ms > ?2"
            " RETURNING name, vouched, created_ms, expires_ms, created_by",
            err);

    pk_put_text(&put, secret_sha256);
    pk_put_int(&put, now_ms);
    return pk_put_get_changed(&put, arena, read_invite, out, "invitation", err);
}

/* ---- what members say ------------------------------------------------------------------------------------ */

/* The next number of a change. Inside a transaction: writers wait for each other. */
static int next_change(struct pk_store *store, int64_t *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO meta (key, value) VALUES ('" CHANGED "', '1') ON CONFLICT (key)"
            " DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT) RETURNING value",
            err);
    int rc = pk_put_step(&put);

    if (rc > 0) {
        *out = strtoll(pk_column_text(put.stmt, 0), NULL, 10);
        rc = pk_put_step(&put); /* to its end */
    }
    return rc < 0 ? rc : PK_OK;
}

static int touch(
        struct pk_store *store, const struct pk_exchange_thing *thing, struct pk_error *err)
{
    int64_t changed = 0;
    int rc = next_change(store, &changed, err);
    struct pk_put put;

    if (rc < 0) {
        return rc;
    }
    put = pk_put_start(store,
            "INSERT INTO exchange_things (kind, epoch, id, changed) VALUES (?1, ?2, ?3, ?4)"
            " ON CONFLICT (kind, epoch, id) DO UPDATE SET changed = excluded.changed",
            err);
    pk_put_int(&put, thing->kind);
    pk_put_int(&put, thing->epoch);
    pk_put_int(&put, thing->id);
    pk_put_int(&put, changed);
    return run(&put);
}

int pk_exchange_state(
        struct pk_store *store, const struct pk_exchange_statement *statement, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO exchange_statements (kind, epoch, id, member, at_ms, ruling, word)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (kind, epoch, id, member)"
            " DO UPDATE SET at_ms = excluded.at_ms, word = excluded.word,"
            " ruling = excluded.ruling",
            err);
    int rc;

    pk_put_int(&put, statement->thing.kind);
    pk_put_int(&put, statement->thing.epoch);
    pk_put_int(&put, statement->thing.id);
    pk_put_text(&put, statement->member);
    pk_put_int(&put, statement->at_ms);
    pk_put_int(&put, statement->ruling);
    pk_put_exchange_word(&put, statement->word);
    rc = run(&put);
    return rc < 0 ? rc : touch(store, &statement->thing, err);
}

int pk_exchange_unstate(struct pk_store *store, const char *member,
        const struct pk_exchange_thing *thing, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "DELETE FROM exchange_statements WHERE kind = ?1 AND epoch = ?2 AND id = ?3"
            " AND member = ?4",
            err);
    int64_t n;

    pk_put_int(&put, thing->kind);
    pk_put_int(&put, thing->epoch);
    pk_put_int(&put, thing->id);
    pk_put_text(&put, member);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : n == 0 ? PK_OK : touch(store, thing, err);
}

int pk_exchange_count_of(
        struct pk_store *store, const char *member, int64_t *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT COUNT(*) FROM exchange_statements WHERE member = ?1", err);
    int rc;

    pk_put_text(&put, member);
    rc = pk_put_step(&put);
    if (rc > 0) {
        *out = pk_column_int(put.stmt, 0);
        pk_stmt_reset(put.stmt);
    }
    return rc < 0 ? rc : PK_OK;
}

static int read_statement(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_exchange_statement *s = out;

    s->thing.kind = (int)pk_get_int(get);
    s->thing.epoch = (int)pk_get_int(get);
    s->thing.id = pk_get_int(get);
    s->thing.changed = 0;
    s->member = pk_get_word(get);
    s->at_ms = pk_get_int(get);
    s->ruling = (int)pk_get_int(get);
    return pk_get_exchange_word(get, s->word, err);
}

int pk_exchange_statements_of(struct pk_store *store, const struct pk_exchange_thing *thing,
        int64_t limit, struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT kind, epoch, id, member, at_ms, ruling, word FROM exchange_statements"
            " WHERE kind = ?1 AND epoch = ?2 AND id = ?3 ORDER BY at_ms DESC, member LIMIT ?4",
            err);

    pk_put_int(&put, thing->kind);
    pk_put_int(&put, thing->epoch);
    pk_put_int(&put, thing->id);
    pk_put_int(&put, limit);
    return pk_put_get_all(
            &put, arena, read_statement, sizeof(struct pk_exchange_statement), out, err);
}

int pk_exchange_statement_rule(struct pk_store *store, const char *member,
        const struct pk_exchange_thing *thing, int ruling, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE exchange_statements SET ruling = ?1 WHERE kind = ?2 AND epoch = ?3"
            " AND id = ?4 AND member = ?5",
            err);

    pk_put_int(&put, ruling);
    pk_put_int(&put, thing->kind);
    pk_put_int(&put, thing->epoch);
    pk_put_int(&put, thing->id);
    pk_put_text(&put, member);
    return run(&put);
}

static int read_thing(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_exchange_thing *t = out;

    (void)err;
    t->kind = (int)pk_get_int(get);
    t->epoch = (int)pk_get_int(get);
    t->id = pk_get_int(get);
    t->changed = pk_get_int(get);
    return PK_OK;
}

int pk_exchange_changed_after(struct pk_store *store, int64_t after, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT kind, epoch, id, changed FROM exchange_things WHERE changed > ?1"
            " ORDER BY changed LIMIT ?2",
            err);

    pk_put_int(&put, after);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_thing, sizeof(struct pk_exchange_thing), out, err);
}

int pk_exchange_touch_of(struct pk_store *store, const char *member, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(64UL * 1024 * 1024);
    struct pk_array things = { 0 };
    struct pk_put put;
    const struct pk_exchange_thing *t;
    int rc = PK_OK;

    if (arena == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    put = pk_put_start(
            store, "SELECT kind, epoch, id, 0 FROM exchange_statements WHERE member = ?1", err);
    pk_put_text(&put, member);
    rc = pk_put_get_all(&put, arena, read_thing, sizeof(*t), &things, err);
    t = things.items;
    for (size_t i = 0; rc == PK_OK && i < things.count; i++) {
        rc = touch(store, &t[i], err);
    }
    pk_arena_destroy(arena);
    return rc;
}

int pk_exchange_trim(
        struct pk_store *store, int64_t before_ms, int64_t *count, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "DELETE FROM exchange_statements WHERE at_ms < ?1", err);
    int64_t n;

    pk_put_int(&put, before_ms);
    n = pk_put_run(&put);
    if (n < 0) {
        return (int)n;
    }
    *count = n;
    put = pk_put_start(store,
            "DELETE FROM exchange_things WHERE NOT EXISTS (SELECT 1 FROM exchange_statements s"
            " WHERE s.kind = exchange_things.kind AND s.epoch = exchange_things.epoch"
            " AND s.id = exchange_things.id)",
            err);
    return run(&put);
}
