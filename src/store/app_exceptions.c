#include "store/apps.h"
#include "store/query.h"

const char *const pk_exception_scope_names[] = { "all", "group", "device", NULL };

/* What holds for everyone, for a group of the scope, or for a device of it. */
#define SEEN(p)                                       \
    "(e.scope = 0 OR (e.scope = 1 AND " PK_SCOPE_SQL( \
            p, "e.target") ") OR "                    \
                           "(e.scope = 2 AND " PK_SCOPE_DEVICE_SQL(p, "e.target") "))"

#define COLUMNS                                                                           \
    "e.id, e.reason, e.scope, e.target, e.sha256, e.package, e.signer, e.team, e.threat," \
    " e.rule, e.created_ms, e.created_by, e.expires_ms"
#define COLUMN_COUNT 13

static int read_exception(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_exception_row *e = out;

    (void)err;
    e->id = pk_get_word(get);
    e->reason = pk_get_word(get);
    e->scope = (int)pk_get_int(get);
    e->target = pk_get_word(get);
    e->sha256 = pk_get_text(get);
    e->package = pk_get_text(get);
    e->signer = pk_get_text(get);
    e->team = pk_get_text(get);
    e->threat = pk_get_text(get);
    e->rule = pk_get_text(get);
    e->created_ms = pk_get_int(get);
    e->created_by = pk_get_word(get);
    e->expires_ms = pk_get_int(get);
    return PK_OK;
}

int pk_exception_add(
        struct pk_store *store, const struct pk_exception_row *row, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO app_exceptions (id, reason, scope, target, sha256, package, signer, team,"
            " threat, rule, created_ms, created_by, expires_ms)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            err);
    int64_t n;

    pk_put_text(&put, row->id);
    pk_put_word(&put, row->reason);
    pk_put_int(&put, row->scope);
    pk_put_word(&put, row->target);
    pk_put_text(&put, row->sha256);
    pk_put_text(&put, row->package);
    pk_put_text(&put, row->signer);
    pk_put_text(&put, row->team);
    pk_put_text(&put, row->threat);
    pk_put_text(&put, row->rule);
    pk_put_int(&put, row->created_ms);
    pk_put_word(&put, row->created_by);
    pk_put_int(&put, row->expires_ms);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

int pk_exception_get(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_exception_row *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT " COLUMNS " FROM app_exceptions e WHERE e.id = ?1 AND " SEEN("?2"), err);

    pk_put_text(&put, id);
    pk_put_text(&put, store->scope);
    return pk_put_get(&put, arena, read_exception, out, "exception", err);
}

int pk_exception_remove(struct pk_store *store, const char *id, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "DELETE FROM app_exceptions WHERE id = ?1", err);

    pk_put_text(&put, id);
    return pk_put_run_one(&put, "exception");
}

int pk_exception_live(struct pk_store *store, int64_t now_ms, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM app_exceptions e"
            " WHERE e.expires_ms = 0 OR e.expires_ms > ?1 ORDER BY e.created_ms, e.id",
            err);

    pk_put_int(&put, now_ms);
    return pk_put_get_all(&put, arena, read_exception, sizeof(struct pk_exception_row), out, err);
}

static int parse_scope(const char *name, int64_t *out)
{
    *out = pk_name_index(pk_exception_scope_names, name);
    return *out < 0 ? PK_ENOENT : PK_OK;
}

/* '@': now. */
static const struct pk_match_case active_cases[] = {
    { "yes", "e.expires_ms = 0 OR e.expires_ms > @" },
    { "no", "e.expires_ms > 0 AND e.expires_ms <= @" },
    { NULL, NULL },
};

static const struct pk_list_filter filters[] = {
    { .name = "scope", .match = PK_MATCH_NAMED, .sql = "e.scope", .parse = parse_scope },
    { .name = "package", .match = PK_MATCH_TEXT, .sql = "e.package" },
    { .name = "signer", .match = PK_MATCH_TEXT, .sql = "e.signer" },
    { .name = "sha256", .match = PK_MATCH_TEXT, .sql = "e.sha256" },
    { .name = "threat", .match = PK_MATCH_TEXT, .sql = "e.threat" },
    { .name = "active", .match = PK_MATCH_CASE, .cases = active_cases },
    { .name = "q",
            .match = PK_MATCH_SEARCH,
            .sql = "lower(e.reason || ' ' || coalesce(e.package, '') || ' ' || e.created_by)" },
};

static const struct pk_list_sort sorts[] = {
    { "created_at", "e.created_ms" },
    { "expires_at", "e.expires_ms" },
};

int pk_exception_list(struct pk_store *store, const struct pk_query *query, struct pk_arena *arena,
        struct pk_page *out, struct pk_error *err)
{
    const struct pk_list list = {
        .columns = COLUMNS,
        .from = "app_exceptions e",
        .id = "e.id",
        .id_is_text = true,
        .mark = query->now_ms,
        .scope = SEEN("@"),
        .sort = "-created_at",
        .filters = filters,
        .filter_count = PK_COUNT(filters),
        .sorts = sorts,
        .sort_count = PK_COUNT(sorts),
        .read = read_exception,
        .width = COLUMN_COUNT,
        .size = sizeof(struct pk_exception_row),
    };

    return pk_list_page(store, &list, query, arena, out, err);
}
