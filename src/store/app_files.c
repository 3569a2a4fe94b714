#include <stdio.h>

#include "store/apps.h"
#include "store/query.h"

const char *const pk_app_file_state_names[] = { "wanted", "asked", "uploading", "analysed",
    "failed", NULL };

#define COLUMNS                                                                                  \
    "f.sha256, f.app, f.package, f.label, f.version, f.version_code, f.signer, f.size, f.state," \
    " f.error, f.standing, f.score, f.threat, f.reasons, f.devices, f.first_ms, f.last_ms,"      \
    " f.judged_ms, f.knowledge, f.judgement, f.push, f.asked_ms, f.asked_device, f.asks,"        \
    " f.uploaded_by, f.risk, f.permissions"
#define COLUMN_COUNT 27
/* Some device of the scope has it now, or a person brought it. */
#define ON_SCOPED(p)                                                    \
    "(f.uploaded_by IS NOT NULL OR EXISTS (SELECT 1 FROM device_apps x" \
    " WHERE x.sha256 = f.sha256 AND x.gone_ms = 0 AND " PK_SCOPE_DEVICE_SQL(p, "x.device") "))"

static int read_file(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_app_file *f = out;

    (void)err;
    f->sha256 = pk_get_word(get);
    f->app = pk_get_word(get);
    f->package = pk_get_word(get);
    f->label = pk_get_word(get);
    f->version = pk_get_word(get);
    f->version_code = pk_get_int(get);
    f->signer = pk_get_word(get);
    f->size = pk_get_int(get);
    f->state = (int)pk_get_int(get);
    f->error = pk_get_text(get);
    f->standing = (int)pk_get_int(get);
    f->score = pk_get_real(get);
    f->threat = pk_get_text(get);
    f->reasons = pk_get_json(get);
    f->devices = pk_get_int(get);
    f->first_ms = pk_get_int(get);
    f->last_ms = pk_get_int(get);
    f->judged_ms = pk_get_int(get);
    f->knowledge = pk_get_int(get);
    f->judgement = pk_get_int(get);
    f->push = pk_get_int(get) > 0;
    f->asked_ms = pk_get_int(get);
    f->asked_device = pk_get_text(get);
    f->asks = pk_get_int(get);
    f->uploaded_by = pk_get_text(get);
    f->risk = pk_get_int(get);
    f->permissions = pk_get_int(get);
    return PK_OK;
}

/* What pk_app_file_put() may change, in the order of both statements. */
static void put_changing(struct pk_put *put, const struct pk_app_file *f)
{
    pk_put_word(put, f->app);
    pk_put_word(put, f->package);
    pk_put_word(put, f->label);
    pk_put_word(put, f->version);
    pk_put_int(put, f->version_code);
    pk_put_word(put, f->signer);
    pk_put_int(put, f->size);
    pk_put_int(put, f->state);
    pk_put_text(put, f->error);
    pk_put_int(put, f->standing);
    pk_put_real(put, f->score);
    pk_put_text(put, f->threat);
    pk_put_json(put, f->reasons);
    pk_put_int(put, f->judged_ms);
    pk_put_int(put, f->knowledge);
    pk_put_int(put, f->judgement);
    pk_put_int(put, f->push ? 1 : 0);
    pk_put_int(put, f->asked_ms);
    pk_put_text(put, f->asked_device);
    pk_put_int(put, f->asks);
    pk_put_text(put, f->uploaded_by);
    pk_put_int(put, f->risk);
    pk_put_int(put, f->permissions);
}

int pk_app_file_add(
        struct pk_store *store, const struct pk_app_file *file, bool *fresh, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO app_files (app, package, label, version, version_code, signer, size,"
            " state, error, standing, score, threat, reasons, judged_ms, knowledge, judgement,"
            " push, asked_ms, asked_device, asks, uploaded_by, risk, permissions, sha256, devices,"
            " first_ms, last_ms)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
            " ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27) ON CONFLICT (sha256) DO NOTHING",
            err);
    int64_t n;

    put_changing(&put, file);
    pk_put_text(&put, file->sha256);
    pk_put_int(&put, file->devices);
    pk_put_int(&put, file->first_ms);
    pk_put_int(&put, file->last_ms);
    n = pk_put_run(&put);
    if (n < 0) {
        return (int)n;
    }
    *fresh = n > 0;
    return PK_OK;
}

/* Who may see some devices only is told how many of those have it, and not who was asked for it. */
static int count_scoped(
        struct pk_store *store, struct pk_app_file *rows, size_t count, struct pk_error *err)
{
    static const char sql[] =
            "SELECT count(DISTINCT x.device) FROM device_apps x WHERE x.sha256 = ?1"
            " AND x.gone_ms = 0 AND " PK_SCOPE_DEVICE_SQL("?2", "x.device");
    int rc = PK_OK;

    for (size_t i = 0; i < count && rc == PK_OK && store->scope[0] != '\0'; i++) {
        rc = pk_count_in_scope(store, sql, rows[i].sha256, &rows[i].devices, err);
        rows[i].asked_device = NULL;
    }
    return rc;
}

int pk_app_file_get(struct pk_store *store, const char *sha256, struct pk_arena *arena,
        struct pk_app_file *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS
            " FROM app_files f WHERE f.sha256 = ?1 AND (?2 = '' OR " ON_SCOPED("?2") ")",
            err);
    int rc;

    pk_put_text(&put, sha256);
    pk_put_text(&put, store->scope);
    rc = pk_put_get(&put, arena, read_file, out, "app file", err);
    return rc < 0 ? rc : count_scoped(store, out, 1, err);
}

int pk_app_file_put(struct pk_store *store, const struct pk_app_file *file, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE app_files SET app = ?1, package = ?2, label = ?3, version = ?4,"
            " version_code = ?5, signer = ?6, size = ?7, state = ?8, error = ?9, standing = ?10,"
            " score = ?11, threat = ?12, reasons = ?13, judged_ms = ?14, knowledge = ?15,"
            " judgement = ?16, push = ?17, asked_ms = ?18, asked_device = ?19, asks = ?20,"
            " uploaded_by = ?21, risk = ?22, permissions = ?23 WHERE sha256 = ?24",
            err);

    put_changing(&put, file);
    pk_put_text(&put, file->sha256);
    return pk_put_run_one(&put, "app file");
}

int pk_app_file_count_device(struct pk_store *store, const char *sha256, int64_t change,
        int64_t at_ms, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE app_files SET devices = devices + ?1,"
            " last_ms = CASE WHEN last_ms < ?2 THEN ?2 ELSE last_ms END WHERE sha256 = ?3",
            err);

    pk_put_int(&put, change);
    pk_put_int(&put, at_ms);
    pk_put_text(&put, sha256);
    return pk_put_run_one(&put, "app file");
}

static int all_files(
        struct pk_put *put, struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    return pk_put_get_all(put, arena, read_file, sizeof(struct pk_app_file), out, err);
}

int pk_app_file_of(struct pk_store *store, const char *app, int64_t limit, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM app_files f WHERE f.app = ?1 AND (?3 = '' OR " ON_SCOPED(
                    "?3") ")"
                          " ORDER BY f.version_code DESC, f.first_ms DESC, f.sha256 LIMIT ?2",
            err);
    int rc;

    pk_put_text(&put, app);
    pk_put_int(&put, limit);
    pk_put_text(&put, store->scope);
    rc = all_files(&put, arena, out, err);
    return rc < 0 ? rc : count_scoped(store, out->items, out->count, err);
}

int pk_app_file_waiting(struct pk_store *store, int state, int64_t before_ms, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM app_files f WHERE f.state = ?1 AND f.asked_ms < ?2"
            " ORDER BY f.asked_ms, f.sha256 LIMIT ?3",
            err);

    pk_put_int(&put, state);
    pk_put_int(&put, before_ms);
    pk_put_int(&put, limit);
    return all_files(&put, arena, out, err);
}

int pk_app_file_stale(struct pk_store *store, int64_t knowledge, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM app_files f WHERE f.knowledge < ?1"
            " ORDER BY f.knowledge, f.sha256 LIMIT ?2",
            err);

    pk_put_int(&put, knowledge);
    pk_put_int(&put, limit);
    return all_files(&put, arena, out, err);
}

int pk_app_file_count_stale(
        struct pk_store *store, int64_t knowledge, int64_t *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT count(*) FROM app_files WHERE knowledge < ?1", err);
    int rc;

    pk_put_int(&put, knowledge);
    rc = pk_put_step(&put);
    if (rc > 0) {
        *out = pk_column_int(put.stmt, 0);
        pk_stmt_reset(put.stmt);
    }
    return rc < 0 ? rc : PK_OK;
}

int pk_app_file_to_push(struct pk_store *store, int64_t limit, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM app_files f WHERE f.push > 0 ORDER BY f.sha256 LIMIT ?1", err);

    pk_put_int(&put, limit);
    return all_files(&put, arena, out, err);
}

/* ---- the list ---- */

static int parse_state(const char *name, int64_t *out)
{
    *out = pk_name_index(pk_app_file_state_names, name);
    return *out < 0 ? PK_ENOENT : PK_OK;
}

static int parse_standing(const char *name, int64_t *out)
{
    *out = pk_name_index(pk_app_standing_names, name);
    return *out < 0 ? PK_ENOENT : PK_OK;
}

static const struct pk_list_filter filters[] = {
    { .name = "state", .match = PK_MATCH_NAMED, .sql = "f.state", .parse = parse_state },
    { .name = "verdict", .match = PK_MATCH_NAMED, .sql = "f.standing", .parse = parse_standing },
    { .name = "package", .match = PK_MATCH_TEXT, .sql = "f.package" },
    { .name = "app", .match = PK_MATCH_TEXT, .sql = "f.app" },
    { .name = "threat", .match = PK_MATCH_TEXT, .sql = "f.threat" },
    { .name = "device",
            .match = PK_MATCH_HOLDS,
            .sql = "EXISTS (SELECT 1 FROM device_apps x WHERE x.sha256 = f.sha256"
                   " AND x.gone_ms = 0 AND x.device = @)" },
    { .name = "q",
            .match = PK_MATCH_SEARCH,
            .sql = "lower(f.label || ' ' || f.package || ' ' || f.version || ' ' || f.sha256)" },
};

static const struct pk_list_sort sorts[] = {
    { "last_seen_at", "f.last_ms" },
    { "first_seen_at", "f.first_ms" },
    { "judged_at", "f.judged_ms" },
    { "verdict", "(f.standing * 100000000000000 + f.last_ms)" },
};

int pk_app_file_list(struct pk_store *store, const struct pk_query *query, struct pk_arena *arena,
        struct pk_page *out, struct pk_error *err)
{
    static const struct pk_list list = {
        .columns = COLUMNS,
        .from = "app_files f",
        .id = "f.sha256",
        .id_is_text = true,
        .scope = ON_SCOPED("@"),
        .sort = "-last_seen_at",
        .filters = filters,
        .filter_count = PK_COUNT(filters),
        .sorts = sorts,
        .sort_count = PK_COUNT(sorts),
        .read = read_file,
        .width = COLUMN_COUNT,
        .size = sizeof(struct pk_app_file),
    };
    int rc = pk_list_page(store, &list, query, arena, out, err);

    return rc < 0 ? rc : count_scoped(store, out->items, out->count, err);
}
