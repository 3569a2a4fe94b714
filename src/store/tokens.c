#include <string.h>

#include "base/clock.h"
#include "store/people.h"
#include "store/query.h"

#define COLUMNS                                                                                  \
    "id, kind, name, role, created_ms, expires_ms, used_ms, groups, person, address, external, " \
    "device"
#define COLUMN_COUNT 12
/* When a session was used last. */
#define USED "CASE WHEN used_ms > created_ms THEN used_ms ELSE created_ms END"
/* A session also ends when nobody used it for a while: ?4. */
#define LIVE                                                                                    \
    "kind = ?1 AND secret = ?2 AND (expires_ms = 0 OR expires_ms > ?3) AND (kind <> 2 OR " USED \
    " > ?4)"
_Static_assert(PK_TOKEN_SESSION == 2 && PK_TOKEN_SIGNIN == 1, "named by number");

const char *const pk_role_names[] = { "none", "viewer", "responder", "owner", "policy", "privacy",
    NULL };

enum pk_role pk_role_of(const char *name)
{
    int64_t role = strcmp(name, "admin") == 0 ? PK_ROLE_OWNER : pk_name_index(pk_role_names, name);

    return role < 0 ? PK_ROLE_NONE : (enum pk_role)role;
}

static int read_token(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_token *t = out;
    int rc;

    t->id = pk_get_word(get);
    t->kind = (int)pk_get_int(get);
    t->name = pk_get_word(get);
    t->role = (int)pk_get_int(get);
    t->created_ms = pk_get_int(get);
    t->expires_ms = pk_get_int(get);
    t->used_ms = pk_get_int(get);
    rc = pk_scope_read(get, &t->groups, err);
    t->person = pk_get_text(get);
    t->address = pk_get_text(get);
    t->external = pk_get_text(get);
    t->device = pk_get_text(get);
    t->secret_sha256 = ""; /* nobody needs to read it back */
    return rc;
}

int pk_token_add(struct pk_store *store, const struct pk_token *token, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO tokens (id, kind, secret, name, role, created_ms, expires_ms, used_ms,"
            " groups, person, address, external, device)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            err);
    int64_t n;

    pk_put_text(&put, token->id);
    pk_put_int(&put, token->kind);
    pk_put_text(&put, token->secret_sha256);
    pk_put_word(&put, token->name);
    pk_put_int(&put, token->role);
    pk_put_int(&put, token->created_ms);
    pk_put_int(&put, token->expires_ms);
    pk_put_int(&put, token->used_ms);
    pk_scope_put(&put, &token->groups);
    pk_put_text(&put, token->person);
    pk_put_text(&put, token->address);
    pk_put_text(&put, token->external);
    pk_put_text(&put, token->device);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

static int note_use(struct pk_store *store, const char *id, int64_t now_ms, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "UPDATE tokens SET used_ms = ?1 WHERE id = ?2", err);
    int64_t n;

    pk_put_int(&put, now_ms);
    pk_put_text(&put, id);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

int pk_token_find(struct pk_store *store, int kind, const char *secret_sha256, int64_t now_ms,
        struct pk_arena *arena, struct pk_token *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "SELECT " COLUMNS " FROM tokens WHERE " LIVE, err);

    pk_put_int(&put, kind);
    pk_put_text(&put, secret_sha256);
    pk_put_int(&put, now_ms);
    pk_put_int(&put, now_ms - PK_SESSION_IDLE_MS);
    return pk_put_get(&put, arena, read_token, out, "token", err);
}

int pk_token_use(struct pk_store *store, int kind, const char *secret_sha256, int64_t now_ms,
        struct pk_arena *arena, struct pk_token *out, struct pk_error *err)
{
    int rc = pk_token_find(store, kind, secret_sha256, now_ms, arena, out, err);

    if (rc == PK_OK && now_ms - out->used_ms >= PK_MINUTE_MS) {
        /* Best effort: a full disk must not lock the administrator out. */
        if (note_use(store, out->id, now_ms, NULL) == PK_OK) {
            out->used_ms = now_ms;
        }
    }
    return rc;
}

int pk_token_take(struct pk_store *store, int kind, const char *secret_sha256, int64_t now_ms,
        struct pk_arena *arena, struct pk_token *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "DELETE FROM tokens WHERE " LIVE " RETURNING " COLUMNS, err);

    pk_put_int(&put, kind);
    pk_put_text(&put, secret_sha256);
    pk_put_int(&put, now_ms);
    pk_put_int(&put, now_ms - PK_SESSION_IDLE_MS);
    return pk_put_get_changed(&put, arena, read_token, out, "token", err);
}

static int parse_role(const char *name, int64_t *out)
{
    *out = pk_role_of(name);
    return *out == PK_ROLE_NONE ? PK_ENOENT : PK_OK;
}

static const struct pk_list_filter filters[] = {
    { .name = "name", .match = PK_MATCH_TEXT, .sql = "name" },
    { .name = "role", .match = PK_MATCH_NAMED, .sql = "role", .parse = parse_role },
    { .name = "q", .match = PK_MATCH_SEARCH, .sql = "lower(name)" },
};

static const struct pk_list_sort sorts[] = {
    { "created_at", "created_ms" },
    { "expires_at", "expires_ms" },
    { "last_used_at", "used_ms" },
    { "name", "lower(name)", .text = true },
};

int pk_token_list(struct pk_store *store, int kind, const struct pk_query *query,
        struct pk_arena *arena, struct pk_page *out, struct pk_error *err)
{
    const struct pk_list list = {
        .columns = COLUMNS,
        .from = "tokens",
        .id = "id",
        .id_is_text = true,
        .always = "kind = @",
        .mark = kind,
        .sort = "-created_at",
        .filters = filters,
        .filter_count = PK_COUNT(filters),
        .sorts = sorts,
        .sort_count = PK_COUNT(sorts),
        .read = read_token,
        .width = COLUMN_COUNT,
        .size = sizeof(struct pk_token),
    };

    return pk_list_page(store, &list, query, arena, out, err);
}

int pk_token_remove(struct pk_store *store, int kind, const char *id, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "DELETE FROM tokens WHERE kind = ?1 AND id = ?2", err);

    pk_put_int(&put, kind);
    pk_put_text(&put, id);
    return pk_put_run_one(&put, "token");
}

int pk_token_remove_of(struct pk_store *store, const char *device, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "DELETE FROM tokens WHERE device = ?1", err);
    int64_t n;

    pk_put_text(&put, device);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

/* ---- sessions ---- */

#define OF "(person = ?1 OR ?1 IS NULL) AND ((person IS NULL AND name = ?2) OR ?2 IS NULL)"

int pk_session_list(struct pk_store *store, const struct pk_session_of *of, int64_t now_ms,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM tokens WHERE kind = 2 AND " OF " AND expires_ms > ?3"
            " AND " USED " > ?4 ORDER BY created_ms DESC, id LIMIT ?5",
            err);

    pk_put_text(&put, of->person);
    pk_put_text(&put, of->name);
    pk_put_int(&put, now_ms);
    pk_put_int(&put, now_ms - PK_SESSION_IDLE_MS);
    pk_put_int(&put, PK_SESSIONS_MAX);
    return pk_put_get_all(&put, arena, read_token, sizeof(struct pk_token), out, err);
}

int pk_session_end(struct pk_store *store, const struct pk_session_of *of, int64_t *count,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "DELETE FROM tokens WHERE kind IN (1, 2) AND " OF, err);
    int64_t n;

    pk_put_text(&put, of->person);
    pk_put_text(&put, of->name);
    n = pk_put_run(&put);
    *count = n < 0 ? 0 : n;
    return n < 0 ? (int)n : PK_OK;
}

int pk_session_end_external(struct pk_store *store, const char *person, const char *sid,
        int64_t *count, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "DELETE FROM tokens WHERE kind = 2 AND (person = ?1 OR ?1 IS NULL)"
            " AND (external = ?2 OR ?2 IS NULL) AND external IS NOT NULL",
            err);
    int64_t n;

    pk_put_text(&put, person);
    pk_put_text(&put, sid);
    n = pk_put_run(&put);
    *count = n < 0 ? 0 : n;
    return n < 0 ? (int)n : PK_OK;
}
