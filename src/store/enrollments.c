#include "store/query.h"

#define COLUMNS \
    "id, label, grp, uses, uses_left, created_ms, expires_ms, created_by, ownership, mail"

static int read_enrollment(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_enrollment *e = out;

    e->id = pk_get_word(get);
    e->label = pk_get_word(get);
    e->group = pk_get_word(get);
    e->uses = pk_get_int(get);
    e->uses_left = pk_get_int(get);
    e->created_ms = pk_get_int(get);
    e->expires_ms = pk_get_int(get);
    e->created_by = pk_get_word(get);
    e->ownership = (int)pk_get_int(get);
    e->mail = pk_get_text(get);
    e->secret_sha256 = ""; /* nobody needs to read it back */
    return PK_OK;
}

int pk_enrollment_add(struct pk_store *store, const struct pk_enrollment *e, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO enrollments (id, secret, label, grp, uses, uses_left, created_ms,"
            " expires_ms, created_by, ownership, mail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
            " ?10, ?11)",
            err);
    int64_t n;

    pk_put_text(&put, e->id);
    pk_put_text(&put, e->secret_sha256);
    pk_put_word(&put, e->label);
    pk_put_word(&put, e->group);
    pk_put_int(&put, e->uses);
    pk_put_int(&put, e->uses_left);
    pk_put_int(&put, e->created_ms);
    pk_put_int(&put, e->expires_ms);
    pk_put_word(&put, e->created_by);
    pk_put_int(&put, e->ownership);
    pk_put_text(&put, e->mail);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

/* One statement, so that two devices cannot take the last use together. */
int pk_enrollment_take(struct pk_store *store, const char *secret_sha256, int64_t now_ms,
        struct pk_arena *arena, struct pk_enrollment *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE enrollments SET uses_left = uses_left - 1 WHERE secret = ?1"
            " AND uses_left > 0 AND expires_ms > ?2 RETURNING " COLUMNS,
            err);

    pk_put_text(&put, secret_sha256);
    pk_put_int(&put, now_ms);
    return pk_put_get_changed(&put, arena, read_enrollment, out, "enrolment token", err);
}

static const struct pk_list_filter filters[] = {
    { .name = "label", .match = PK_MATCH_TEXT, .sql = "label" },
    { .name = "group", .match = PK_MATCH_TEXT, .sql = "grp" },
    { .name = "q", .match = PK_MATCH_SEARCH, .sql = "lower(label || ' ' || grp)" },
};

static const struct pk_list_sort sorts[] = {
    { "created_at", "created_ms" },
    { "expires_at", "expires_ms" },
    { "label", "lower(label)", .text = true },
};

int pk_enrollment_list(struct pk_store *store, const struct pk_query *query, struct pk_arena *arena,
        struct pk_page *out, struct pk_error *err)
{
    static const struct pk_list list = {
        .columns = COLUMNS,
        .from = "enrollments",
        .id = "id",
        .id_is_text = true,
        .scope = PK_SCOPE_SQL("@", "grp"),
        .sort = "-created_at",
        .filters = filters,
        .filter_count = PK_COUNT(filters),
        .sorts = sorts,
        .sort_count = PK_COUNT(sorts),
        .read = read_enrollment,
        .width = 10,
        .size = sizeof(struct pk_enrollment),
    };

    return pk_list_page(store, &list, query, arena, out, err);
}

int pk_enrollment_remove(struct pk_store *store, const char *id, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "DELETE FROM enrollments WHERE id = ?1 AND " PK_SCOPE_SQL("?2", "grp"), err);

    pk_put_text(&put, id);
    pk_put_text(&put, store->scope);
    return pk_put_run_one(&put, "enrolment");
}
