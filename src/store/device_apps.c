#include <stdio.h>

#include "store/apps.h"
#include "store/query.h"

#define COLUMNS                                                                                   \
    "x.device, d.name, x.package, x.sha256, x.app, x.signer, x.label, x.version, x.version_code," \
    " x.installer, x.system, x.profile, x.since_ms, x.version_ms, x.gone_ms, x.standing,"         \
    " x.threat, x.subject, x.excepted, x.judgement"
#define COLUMN_COUNT 20
#define TABLES       "device_apps x LEFT JOIN devices d ON d.id = x.device"

static int read_row(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_device_app *x = out;

    (void)err;
    x->device = pk_get_word(get);
    x->device_name = pk_get_word(get);
    x->package = pk_get_word(get);
    x->sha256 = pk_get_word(get);
    x->app = pk_get_word(get);
    x->signer = pk_get_word(get);
    x->label = pk_get_word(get);
    x->version = pk_get_word(get);
    x->version_code = pk_get_int(get);
    x->installer = pk_get_text(get);
    x->system = (int)pk_get_int(get);
    x->profile = (int)pk_get_int(get);
    x->since_ms = pk_get_int(get);
    x->version_ms = pk_get_int(get);
    x->gone_ms = pk_get_int(get);
    x->standing = (int)pk_get_int(get);
    x->threat = pk_get_text(get);
    x->subject = pk_get_text(get);
    x->excepted = pk_get_text(get);
    x->judgement = pk_get_int(get);
    return PK_OK;
}

static int all_rows(
        struct pk_put *put, struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    return pk_put_get_all(put, arena, read_row, sizeof(struct pk_device_app), out, err);
}

int pk_device_app_range(struct pk_store *store, const char *device, const char *after,
        const char *upto, struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            upto == NULL
                    ? "SELECT " COLUMNS " FROM " TABLES " WHERE x.device = ?1 AND x.package > ?2"
                      " AND x.gone_ms = 0 ORDER BY x.package, x.sha256"
                    : "SELECT " COLUMNS " FROM " TABLES " WHERE x.device = ?1 AND x.package > ?2"
                      " AND x.package <= ?3 AND x.gone_ms = 0 ORDER BY x.package, x.sha256",
            err);

    pk_put_text(&put, device);
    pk_put_word(&put, after);
    if (upto != NULL) {
        pk_put_text(&put, upto);
    }
    return all_rows(&put, arena, out, err);
}

int pk_device_app_package(struct pk_store *store, const char *device, const char *package,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM " TABLES
            " WHERE x.device = ?1 AND x.package = ?2 ORDER BY x.sha256",
            err);

    pk_put_text(&put, device);
    pk_put_text(&put, package);
    return all_rows(&put, arena, out, err);
}

int pk_device_app_put(struct pk_store *store, const struct pk_device_app *x, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO device_apps (device, package, sha256, app, signer, label, version,"
            " version_code, installer, system, profile, since_ms, version_ms, gone_ms, standing,"
            " threat, subject, excepted, judgement) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
            " ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)"
            " ON CONFLICT (device, package, sha256) DO UPDATE SET app = excluded.app,"
            " signer = excluded.signer, label = excluded.label, version = excluded.version,"
            " version_code = excluded.version_code, installer = excluded.installer,"
            " system = excluded.system, profile = excluded.profile, since_ms = excluded.since_ms,"
            " version_ms = excluded.version_ms, gone_ms = excluded.gone_ms,"
            " standing = excluded.standing, threat = excluded.threat, subject = excluded.subject,"
            " excepted = excluded.excepted, judgement = excluded.judgement",
            err);
    int64_t n;

    pk_put_text(&put, x->device);
    pk_put_text(&put, x->package);
    pk_put_word(&put, x->sha256);
    pk_put_word(&put, x->app);
    pk_put_word(&put, x->signer);
    pk_put_word(&put, x->label);
    pk_put_word(&put, x->version);
    pk_put_int(&put, x->version_code);
    pk_put_text(&put, x->installer);
    pk_put_int(&put, x->system);
    pk_put_int(&put, x->profile);
    pk_put_int(&put, x->since_ms);
    pk_put_int(&put, x->version_ms);
    pk_put_int(&put, x->gone_ms);
    pk_put_int(&put, x->standing);
    pk_put_text(&put, x->threat);
    pk_put_text(&put, x->subject);
    pk_put_text(&put, x->excepted);
    pk_put_int(&put, x->judgement);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

int pk_device_app_stale(struct pk_store *store, const char *sha256, int64_t judgement,
        int64_t limit, struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM " TABLES " WHERE x.sha256 = ?1 AND x.gone_ms = 0"
            " AND x.judgement < ?2 ORDER BY x.device LIMIT ?3",
            err);

    pk_put_text(&put, sha256);
    pk_put_int(&put, judgement);
    pk_put_int(&put, limit);
    return all_rows(&put, arena, out, err);
}

int pk_device_app_unhashed(struct pk_store *store, const char *after_device,
        const char *after_package, int64_t limit, struct pk_arena *arena, struct pk_array *out,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM " TABLES " WHERE x.sha256 = '' AND x.gone_ms = 0"
            " AND (x.device, x.package) > (?1, ?2) ORDER BY x.device, x.package LIMIT ?3",
            err);

    pk_put_word(&put, after_device);
    pk_put_word(&put, after_package);
    pk_put_int(&put, limit);
    return all_rows(&put, arena, out, err);
}

int pk_device_app_move(
        struct pk_store *store, const char *sha256, const char *app, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "UPDATE device_apps SET app = ?1 WHERE sha256 = ?2 AND app <> ?1", err);
    int64_t n;

    pk_put_text(&put, app);
    pk_put_text(&put, sha256);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

/* ---- the list ---- */

static int parse_standing(const char *name, int64_t *out)
{
    *out = pk_name_index(pk_app_standing_names, name);
    return *out < 0 ? PK_ENOENT : PK_OK;
}

static const struct pk_match_case present_cases[] = {
    { "yes", "x.gone_ms = 0" },
    { "no", "x.gone_ms > 0" },
    { NULL, NULL },
};

static const struct pk_list_filter filters[] = {
    { .name = "device", .match = PK_MATCH_TEXT, .sql = "x.device" },
    { .name = "app", .match = PK_MATCH_TEXT, .sql = "x.app" },
    { .name = "package", .match = PK_MATCH_TEXT, .sql = "x.package" },
    { .name = "sha256", .match = PK_MATCH_TEXT, .sql = "x.sha256" },
    { .name = "present", .match = PK_MATCH_CASE, .cases = present_cases },
    { .name = "verdict", .match = PK_MATCH_NAMED, .sql = "x.standing", .parse = parse_standing },
    { .name = "installer",
            .match = PK_MATCH_TEXT,
            .sql = "CASE WHEN x.installer = '' THEN 'hand' ELSE x.installer END" },
    { .name = "q",
            .match = PK_MATCH_SEARCH,
            .sql = "lower(d.name || ' ' || x.label || ' ' || x.package || ' ' || x.version)" },
};

static const struct pk_list_sort sorts[] = {
    { "since", "x.since_ms" },
    { "verdict", "(x.standing * 100000000000000 + x.since_ms)" },
    { "name", "lower(CASE WHEN x.label = '' THEN x.package ELSE x.label END)", .text = true },
};

int pk_device_app_list(struct pk_store *store, const struct pk_query *query, struct pk_arena *arena,
        struct pk_page *out, struct pk_error *err)
{
    static const struct pk_list list = {
        .columns = COLUMNS,
        .from = TABLES,
        .id = "(x.device || ' ' || x.package || ' ' || x.sha256)",
        .id_is_text = true,
        .scope = PK_SCOPE_SQL("@", "d.grp"),
        .sort = "-since",
        .filters = filters,
        .filter_count = PK_COUNT(filters),
        .sorts = sorts,
        .sort_count = PK_COUNT(sorts),
        .read = read_row,
        .width = COLUMN_COUNT,
        .size = sizeof(struct pk_device_app),
    };

    return pk_list_page(store, &list, query, arena, out, err);
}

/* ---- whole lists ---- */

int pk_inventory_put(
        struct pk_store *store, const char *device, int64_t at_ms, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO device_inventory (device, at_ms) VALUES (?1, ?2)"
            " ON CONFLICT (device) DO UPDATE SET at_ms = excluded.at_ms",
            err);
    int64_t n;

    pk_put_text(&put, device);
    pk_put_int(&put, at_ms);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

int pk_inventory_get(struct pk_store *store, const char *device, int64_t *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT at_ms FROM device_inventory WHERE device = ?1", err);
    int rc;

    *out = 0;
    pk_put_text(&put, device);
    rc = pk_put_step(&put);
    if (rc > 0) {
        *out = pk_column_int(put.stmt, 0);
        pk_stmt_reset(put.stmt);
    }
    return rc < 0 ? rc : PK_OK;
}
