#include "store/mistakes.h"

#include "store/query.h"

#define COLUMNS                                                                     \
    "m.id, m.reason, m.scope, m.target, m.threat, m.subject, m.rule, m.created_ms," \
    " m.created_by, m.expires_ms, m.uses, m.used_ms"
#define COLUMN_COUNT 12

/* What concerns devices of the scope: what was said for one of their groups or for one of them; and of what was said for
 * everybody, what is about no single thing, or about one that an incident of theirs is about, too. */
#define SEEN(p)                                                                                  \
    "((m.scope = 1 AND " PK_SCOPE_SQL(p,                                                         \
            "m.target") ")"                                                                      \
                        " OR (m.scope = 2 AND " PK_SCOPE_DEVICE_SQL(p,                           \
                                "m.target") ")"                                                  \
                                            " OR (m.scope = 0 AND (" p                           \
                                            " = '' OR m.subject IS NULL OR m.subject = 'device'" \
                                            " OR EXISTS (SELECT 1 FROM incidents i WHERE "       \
                                            "i.threat = m.threat AND i.subject = m.subject"      \
                                            " AND " PK_SCOPE_DEVICE_SQL(p, "i.device") "))))"

static int read_mistake(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_mistake *m = out;

    (void)err;
    m->id = pk_get_word(get);
    m->reason = pk_get_word(get);
    m->scope = (int)pk_get_int(get);
    m->target = pk_get_word(get);
    m->threat = pk_get_word(get);
    m->subject = pk_get_text(get);
    m->rule = pk_get_text(get);
    m->created_ms = pk_get_int(get);
    m->created_by = pk_get_word(get);
    m->expires_ms = pk_get_int(get);
    m->uses = pk_get_int(get);
    m->used_ms = pk_get_int(get);
    return PK_OK;
}

int pk_mistake_add(struct pk_store *store, const struct pk_mistake *mistake, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO mistakes (id, reason, scope, target, threat, subject, rule, created_ms,"
            " created_by, expires_ms, uses, used_ms)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, 0)",
            err);
    int64_t n;

    pk_put_text(&put, mistake->id);
    pk_put_word(&put, mistake->reason);
    pk_put_int(&put, mistake->scope);
    pk_put_word(&put, mistake->target);
    pk_put_word(&put, mistake->threat);
    pk_put_text(&put, mistake->subject);
    pk_put_text(&put, mistake->rule);
    pk_put_int(&put, mistake->created_ms);
    pk_put_word(&put, mistake->created_by);
    pk_put_int(&put, mistake->expires_ms);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

int pk_mistake_get(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_mistake *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT " COLUMNS " FROM mistakes m WHERE m.id = ?1 AND " SEEN("?2"), err);

    pk_put_text(&put, id);
    pk_put_text(&put, store->scope);
    return pk_put_get(&put, arena, read_mistake, out, "mistake", err);
}

int pk_mistake_end(struct pk_store *store, const char *id, int64_t now_ms, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE mistakes SET expires_ms = ?2 WHERE id = ?1"
            " AND (expires_ms = 0 OR expires_ms > ?2)",
            err);

    pk_put_text(&put, id);
    pk_put_int(&put, now_ms);
    return pk_put_run_one(&put, "mistake");
}

int pk_mistake_used(struct pk_store *store, const char *id, int64_t at_ms, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "UPDATE mistakes SET uses = uses + 1, used_ms = ?2 WHERE id = ?1", err);

    pk_put_text(&put, id);
    pk_put_int(&put, at_ms);
    return pk_put_run_one(&put, "mistake");
}

int pk_mistake_of_threat(struct pk_store *store, const char *threat, int64_t now_ms,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM mistakes m WHERE m.threat = ?1"
            " AND (m.expires_ms = 0 OR m.expires_ms > ?2) ORDER BY m.created_ms, m.id",
            err);

    pk_put_text(&put, threat);
    pk_put_int(&put, now_ms);
    return pk_put_get_all(&put, arena, read_mistake, sizeof(struct pk_mistake), out, err);
}

int pk_mistake_expired(struct pk_store *store, int64_t from_ms, int64_t to_ms,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM mistakes m WHERE m.expires_ms > ?1 AND m.expires_ms <= ?2"
            " ORDER BY m.expires_ms, m.id",
            err);

    pk_put_int(&put, from_ms);
    pk_put_int(&put, to_ms);
    return pk_put_get_all(&put, arena, read_mistake, sizeof(struct pk_mistake), out, err);
}

/* ---- the list ---- */

static int parse_scope(const char *name, int64_t *out)
{
    *out = pk_name_index(pk_mistake_scope_names, name);
    return *out < 0 ? PK_ENOENT : PK_OK;
}

/* '@': now. */
static const struct pk_match_case active_cases[] = {
    { "yes", "m.expires_ms = 0 OR m.expires_ms > @" },
    { "no", "m.expires_ms > 0 AND m.expires_ms <= @" },
    { NULL, NULL },
};

static const struct pk_list_filter filters[] = {
    { .name = "scope", .match = PK_MATCH_NAMED, .sql = "m.scope", .parse = parse_scope },
    { .name = "threat", .match = PK_MATCH_TEXT, .sql = "m.threat" },
    { .name = "subject", .match = PK_MATCH_TEXT, .sql = "m.subject" },
    { .name = "rule", .match = PK_MATCH_TEXT, .sql = "m.rule" },
    { .name = "active", .match = PK_MATCH_CASE, .cases = active_cases },
    { .name = "q",
            .match = PK_MATCH_SEARCH,
            .sql = "lower(m.reason || ' ' || m.threat || ' ' || coalesce(m.subject, '') || ' ' ||"
                   " m.created_by)" },
};

static const struct pk_list_sort sorts[] = {
    { "created_at", "m.created_ms" },
    { "expires_at", "m.expires_ms" },
    { "uses", "m.uses" },
};
/* How often an entry for everybody was used says something of other groups' devices: no order tells it, either. */
static const struct pk_list_sort scoped_sorts[] = {
    { "created_at", "m.created_ms" },
    { "expires_at", "m.expires_ms" },
    { "uses", "(CASE m.scope WHEN 0 THEN 0 ELSE m.uses END)" },
};
_Static_assert(PK_COUNT(sorts) == PK_COUNT(scoped_sorts), "the same sorts for everyone");

int pk_mistake_list(struct pk_store *store, const struct pk_query *query, struct pk_arena *arena,
        struct pk_page *out, struct pk_error *err)
{
    const struct pk_list list = {
        .columns = COLUMNS,
        .from = "mistakes m",
        .id = "m.id",
        .id_is_text = true,
        .mark = query->now_ms,
        .scope = SEEN("@"),
        .sort = "-created_at",
        .filters = filters,
        .filter_count = PK_COUNT(filters),
        .sorts = store->scope[0] != '\0' ? scoped_sorts : sorts,
        .sort_count = PK_COUNT(sorts),
        .read = read_mistake,
        .width = COLUMN_COUNT,
        .size = sizeof(struct pk_mistake),
    };

    return pk_list_page(store, &list, query, arena, out, err);
}
