#include "store/people.h"

#include <string.h>

#include "store/query.h"

#define COLUMNS                                                                        \
    "p.id, p.name, p.mail, p.role, p.groups, p.issuer, p.subject, p.password, p.totp," \
    " p.totp_step, p.created_ms, p.created_by, p.seen_ms, p.disabled_ms"
#define COLUMN_COUNT 14
#define SIGNINS_MAX  10000 /* begun and not ended: more than people, fewer than hurt */

static int read_person(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_person *p = out;
    int rc;

    p->id = pk_get_word(get);
    p->name = pk_get_word(get);
    p->mail = pk_get_text(get);
    p->role = (int)pk_get_int(get);
    rc = pk_scope_read(get, &p->groups, err);
    p->issuer = pk_get_word(get);
    p->subject = pk_get_word(get);
    p->password = pk_get_text(get);
    p->totp = pk_get_text(get);
    p->totp_step = pk_get_int(get);
    p->created_ms = pk_get_int(get);
    p->created_by = pk_get_word(get);
    p->seen_ms = pk_get_int(get);
    p->disabled_ms = pk_get_int(get);
    return rc;
}

int pk_person_add(struct pk_store *store, const struct pk_person *p, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO people (id, name, mail, role, groups, issuer, subject, password, totp,"
            " totp_step, created_ms, created_by, seen_ms, disabled_ms) VALUES (?1, ?2, ?3, ?4,"
            " ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT (issuer, subject) DO"
            " NOTHING",
            err);
    int64_t n;

    pk_put_text(&put, p->id);
    pk_put_word(&put, p->name);
    pk_put_text(&put, p->mail);
    pk_put_int(&put, p->role);
    pk_scope_put(&put, &p->groups);
    pk_put_word(&put, p->issuer);
    pk_put_word(&put, p->subject);
    pk_put_text(&put, p->password);
    pk_put_text(&put, p->totp);
    pk_put_int(&put, p->totp_step);
    pk_put_int(&put, p->created_ms);
    pk_put_word(&put, p->created_by);
    pk_put_int(&put, p->seen_ms);
    pk_put_int(&put, p->disabled_ms);
    n = pk_put_run(&put);
    if (n == 0) {
        return pk_error_set(err, PK_EEXIST, "there is somebody of this name already");
    }
    return n < 0 ? (int)n : PK_OK;
}

int pk_person_get(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_person *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT " COLUMNS " FROM people p WHERE p.id = ?1", err);

    pk_put_text(&put, id);
    return pk_put_get(&put, arena, read_person, out, "person", err);
}

int pk_person_find(struct pk_store *store, const char *issuer, const char *subject,
        struct pk_arena *arena, struct pk_person *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT " COLUMNS " FROM people p WHERE p.issuer = ?1 AND p.subject = ?2", err);

    pk_put_text(&put, issuer);
    pk_put_text(&put, subject);
    return pk_put_get(&put, arena, read_person, out, "person", err);
}

static int put_person(struct pk_store *store, const struct pk_person *p, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE people SET name = ?1, mail = ?2, role = ?3, groups = ?4, password = ?5,"
            " totp = ?6, totp_step = ?7, seen_ms = ?8, disabled_ms = ?9 WHERE id = ?10",
            err);

    pk_put_word(&put, p->name);
    pk_put_text(&put, p->mail);
    pk_put_int(&put, p->role);
    pk_scope_put(&put, &p->groups);
    pk_put_text(&put, p->password);
    pk_put_text(&put, p->totp);
    pk_put_int(&put, p->totp_step);
    pk_put_int(&put, p->seen_ms);
    pk_put_int(&put, p->disabled_ms);
    pk_put_text(&put, p->id);
    return pk_put_run_one(&put, "person");
}

int pk_person_put(struct pk_store *store, const struct pk_person *p, struct pk_error *err)
{
    struct pk_put put;
    bool mine;
    int64_t n;
    int rc = pk_store_enter(store, &mine, err);

    if (rc < 0) {
        return rc;
    }
    rc = put_person(store, p, err);
    if (rc == PK_OK) {
        put = pk_put_start(
                store, "UPDATE tokens SET role = ?1, groups = ?2 WHERE person = ?3", err);
        pk_put_int(&put, p->role);
        pk_scope_put(&put, &p->groups);
        pk_put_text(&put, p->id);
        n = pk_put_run(&put);
        rc = n < 0 ? (int)n : PK_OK;
    }
    return pk_store_leave(store, mine, rc, err);
}

int pk_person_remove(struct pk_store *store, const char *id, struct pk_error *err)
{
    const struct pk_session_of of = { .person = id };
    struct pk_put put;
    int64_t ended;
    bool mine;
    int rc = pk_store_enter(store, &mine, err);

    if (rc < 0) {
        return rc;
    }
    rc = pk_session_end(store, &of, &ended, err);
    if (rc == PK_OK) {
        put = pk_put_start(store, "DELETE FROM people WHERE id = ?1", err);
        pk_put_text(&put, id);
        rc = pk_put_run_one(&put, "person");
    }
    return pk_store_leave(store, mine, rc, err);
}

static int parse_role(const char *name, int64_t *out)
{
    *out = pk_role_of(name);
    return *out == PK_ROLE_NONE ? PK_ENOENT : PK_OK;
}

static const struct pk_list_filter filters[] = {
    { .name = "name", .match = PK_MATCH_TEXT, .sql = "p.name" },
    { .name = "issuer", .match = PK_MATCH_TEXT, .sql = "p.issuer" },
    { .name = "role", .match = PK_MATCH_NAMED, .sql = "p.role", .parse = parse_role },
    { .name = "q",
            .match = PK_MATCH_SEARCH,
            .sql = "lower(p.name || ' ' || coalesce(p.mail, ''))" },
};

static const struct pk_list_sort sorts[] = {
    { "name", "lower(p.name)", .text = true },
    { "created_at", "p.created_ms" },
    { "last_seen_at", "p.seen_ms" },
};

int pk_person_list(struct pk_store *store, const struct pk_query *query, struct pk_arena *arena,
        struct pk_page *out, struct pk_error *err)
{
    static const struct pk_list list = {
        .columns = COLUMNS,
        .from = "people p",
        .id = "p.id",
        .id_is_text = true,
        .sort = "name",
        .filters = filters,
        .filter_count = PK_COUNT(filters),
        .sorts = sorts,
        .sort_count = PK_COUNT(sorts),
        .read = read_person,
        .width = COLUMN_COUNT,
        .size = sizeof(struct pk_person),
    };

    return pk_list_page(store, &list, query, arena, out, err);
}

int pk_person_other_owners(
        struct pk_store *store, const char *id, int64_t *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT count(*) FROM people WHERE id <> ?1 AND role = ?2 AND disabled_ms = 0"
            " AND groups = '[]'",
            err);
    int rc;

    *out = 0;
    pk_put_text(&put, id);
    pk_put_int(&put, PK_ROLE_OWNER);
    rc = pk_put_step(&put);
    if (rc > 0) {
        *out = pk_column_int(put.stmt, 0);
        pk_stmt_reset(put.stmt);
    }
    return rc < 0 ? rc : PK_OK;
}

int pk_person_use_step(struct pk_store *store, const char *id, int64_t step, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "UPDATE people SET totp_step = ?1 WHERE id = ?2 AND totp_step < ?1", err);

    pk_put_int(&put, step);
    pk_put_text(&put, id);
    return pk_put_run_one(&put, "unused step");
}

/* ---- sign-ins at the provider that have begun ---- */

static int read_signin(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_signin *s = out;

    (void)err;
    s->state = pk_get_word(get);
    s->nonce = pk_get_word(get);
    s->verifier = pk_get_word(get);
    s->back = pk_get_word(get);
    s->created_ms = pk_get_int(get);
    return PK_OK;
}

int pk_signin_add(
        struct pk_store *store, const struct pk_signin *s, int64_t before_ms, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "DELETE FROM signins WHERE created_ms < ?1", err);
    int64_t n;

    pk_put_int(&put, before_ms);
    n = pk_put_run(&put);
    if (n < 0) {
        return (int)n;
    }
    put = pk_put_start(store,
            "INSERT INTO signins (state, nonce, verifier, back, created_ms)"
            " SELECT CAST(?1 AS TEXT), CAST(?2 AS TEXT), CAST(?3 AS TEXT), CAST(?4 AS TEXT),"
            " CAST(?5 AS BIGINT) WHERE (SELECT count(*) FROM signins) < ?6",
            err);
    pk_put_text(&put, s->state);
    pk_put_text(&put, s->nonce);
    pk_put_text(&put, s->verifier);
    pk_put_text(&put, s->back);
    pk_put_int(&put, s->created_ms);
    pk_put_int(&put, SIGNINS_MAX);
    n = pk_put_run(&put);
    if (n == 0) {
        return pk_error_set(err, PK_ELIMIT, "too many sign-ins have begun");
    }
    return n < 0 ? (int)n : PK_OK;
}

int pk_signin_take(struct pk_store *store, const char *state, int64_t before_ms,
        struct pk_arena *arena, struct pk_signin *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "DELETE FROM signins WHERE state = ?1 AND created_ms >= ?2"
            " RETURNING state, nonce, verifier, back, created_ms",
            err);

    pk_put_text(&put, state);
    pk_put_int(&put, before_ms);
    return pk_put_get_changed(&put, arena, read_signin, out, "sign-in", err);
}
