#include "store/apps.h"

#include <stdio.h>

#include "base/crypt.h"
#include "store/query.h"

const char *const pk_app_standing_names[] = { "unknown", "clean", "unwanted", "malformed",
    "suspicious", "malicious", NULL };

#define COLUMNS                                                                            \
    "a.id, a.package, a.signer, a.label, a.version, a.version_code, a.standing, a.score, " \
    "a.threat,"                                                                            \
    " a.devices, a.versions, a.first_ms, a.last_ms"
/* Some device of the scope has it now. */
#define ON_SCOPED(p)                                                            \
    "EXISTS (SELECT 1 FROM device_apps x WHERE x.app = a.id AND x.gone_ms = 0 " \
    "AND " PK_SCOPE_DEVICE_SQL(p, "x.device") ")"
#define COLUMN_COUNT  13
#define SEEN_EVERY_MS INT64_C(3600000)

enum pk_app_standing pk_app_standing_of(int verdict)
{
    switch ((enum pk_app_verdict)verdict) {
    case PK_VERDICT_CLEAN:
        return PK_STANDING_CLEAN;
    case PK_VERDICT_UNWANTED:
        return PK_STANDING_UNWANTED;
    case PK_VERDICT_SUSPICIOUS:
        return PK_STANDING_SUSPICIOUS;
    case PK_VERDICT_MALICIOUS:
        return PK_STANDING_MALICIOUS;
    case PK_VERDICT_MALFORMED:
        return PK_STANDING_MALFORMED;
    }
    return PK_STANDING_UNKNOWN;
}

void pk_app_id(const char *package, const char *signer, char out[PK_ID_TEXT])
{
    char text[PK_APP_PACKAGE_MAX + 2 + PK_SHA256_HEX];
    char digest[PK_SHA256_HEX];

    (void)snprintf(text, sizeof(text), "%s\n%s", package != NULL ? package : "",
            signer != NULL ? signer : "");
    pk_sha256_hex(pk_slice_str(text), digest);
    (void)snprintf(out, PK_ID_TEXT, "app-%.20s", digest);
}

static int read_app(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_app_row *a = out;

    (void)err;
    pk_get_id(get, a->id);
    a->package = pk_get_word(get);
    a->signer = pk_get_word(get);
    a->label = pk_get_word(get);
    a->version = pk_get_word(get);
    a->version_code = pk_get_int(get);
    a->standing = (int)pk_get_int(get);
    a->score = pk_get_real(get);
    a->threat = pk_get_text(get);
    a->devices = pk_get_int(get);
    a->versions = pk_get_int(get);
    a->first_ms = pk_get_int(get);
    a->last_ms = pk_get_int(get);
    return PK_OK;
}

/* Who may see some devices only is told how many of those have it. */
static int count_scoped(
        struct pk_store *store, struct pk_app_row *rows, size_t count, struct pk_error *err)
{
    static const char sql[] = "SELECT count(DISTINCT x.device) FROM device_apps x WHERE x.app = ?1"
                              " AND x.gone_ms = 0 AND " PK_SCOPE_DEVICE_SQL("?2", "x.device");
    int rc = PK_OK;

    for (size_t i = 0; i < count && rc == PK_OK && store->scope[0] != '\0'; i++) {
        rc = pk_count_in_scope(store, sql, rows[i].id, &rows[i].devices, err);
    }
    return rc;
}

int pk_app_get(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_app_row *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM apps a WHERE a.id = ?1 AND (?2 = '' OR " ON_SCOPED("?2") ")",
            err);
    int rc;

    pk_put_text(&put, id);
    pk_put_text(&put, store->scope);
    rc = pk_put_get(&put, arena, read_app, out, "app", err);
    return rc < 0 ? rc : count_scoped(store, out, 1, err);
}

int pk_app_add(
        struct pk_store *store, const struct pk_app_row *row, bool *fresh, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO apps (id, package, signer, label, version, version_code, standing, score,"
            " threat, devices, versions, first_ms, last_ms)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
            " ON CONFLICT (id) DO NOTHING",
            err);
    int64_t n;

    pk_put_text(&put, row->id);
    pk_put_word(&put, row->package);
    pk_put_word(&put, row->signer);
    pk_put_word(&put, row->label);
    pk_put_word(&put, row->version);
    pk_put_int(&put, row->version_code);
    pk_put_int(&put, row->standing);
    pk_put_real(&put, row->score);
    pk_put_text(&put, row->threat);
    pk_put_int(&put, row->devices);
    pk_put_int(&put, row->versions);
    pk_put_int(&put, row->first_ms);
    pk_put_int(&put, row->last_ms);
    n = pk_put_run(&put);
    if (n < 0) {
        return (int)n;
    }
    *fresh = n > 0;
    return PK_OK;
}

int pk_app_count_device(
        struct pk_store *store, const char *id, int64_t change, int64_t at_ms, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE apps SET devices = devices + ?1,"
            " last_ms = CASE WHEN last_ms < ?2 THEN ?2 ELSE last_ms END WHERE id = ?3",
            err);

    pk_put_int(&put, change);
    pk_put_int(&put, at_ms);
    pk_put_text(&put, id);
    return pk_put_run_one(&put, "app");
}

int pk_app_recount(struct pk_store *store, const char *id, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE apps SET devices = (SELECT count(DISTINCT x.device) FROM device_apps x"
            " WHERE x.app = ?1 AND x.gone_ms = 0) WHERE id = ?1",
            err);
    int64_t n;

    pk_put_text(&put, id);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

int pk_app_drop_empty(struct pk_store *store, const char *id, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "DELETE FROM apps WHERE id = ?1"
            " AND NOT EXISTS (SELECT 1 FROM app_files f WHERE f.app = ?1)"
            " AND NOT EXISTS (SELECT 1 FROM device_apps x WHERE x.app = ?1)",
            err);
    int64_t n;

    pk_put_text(&put, id);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

/* What the app's row says of itself: the newest file that has a name for it. */
static int refresh_face(struct pk_store *store, const char *id, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE apps SET"
            " versions = (SELECT count(*) FROM app_files f WHERE f.app = ?1),"
            " version = coalesce((SELECT f.version FROM app_files f WHERE f.app = ?1"
            "  ORDER BY f.version_code DESC, f.first_ms DESC LIMIT 1), version),"
            " version_code = coalesce((SELECT f.version_code FROM app_files f WHERE f.app = ?1"
            "  ORDER BY f.version_code DESC, f.first_ms DESC LIMIT 1), version_code),"
            " label = coalesce((SELECT f.label FROM app_files f WHERE f.app = ?1 AND f.label <> ''"
            "  ORDER BY f.version_code DESC, f.first_ms DESC LIMIT 1), label)"
            " WHERE id = ?1",
            err);
    int64_t n;

    pk_put_text(&put, id);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

struct worst {
    int64_t standing;
    double score;
    char threat[64]; /* "": none */
};

/* The first row of a statement about this app. */
static int look(struct pk_store *store, const char *sql, const char *id, struct worst *out,
        bool *found, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, sql, err);
    const char *threat;
    int rc;

    pk_put_text(&put, id);
    rc = pk_put_step(&put);
    *found = rc > 0;
    if (rc > 0) {
        out->standing = pk_column_int(put.stmt, 0);
        out->score = pk_column_real(put.stmt, 1);
        threat = pk_column_text(put.stmt, 2);
        (void)snprintf(out->threat, sizeof(out->threat), "%s", threat != NULL ? threat : "");
        pk_stmt_reset(put.stmt);
    }
    return rc < 0 ? rc : PK_OK;
}

/* Of the files that devices have; when none has it any more, of all. */
static int look_for_worst(
        struct pk_store *store, const char *id, struct worst *out, struct pk_error *err)
{
    struct worst copy = { 0 };
    bool found;
    bool bad = false;
    int rc = look(store,
            "SELECT standing, score, threat FROM app_files WHERE app = ?1 AND devices > 0"
            " ORDER BY standing DESC, score DESC LIMIT 1",
            id, out, &found, err);

    if (rc == PK_OK && !found) {
        rc = look(store,
                "SELECT standing, score, threat FROM app_files WHERE app = ?1"
                " ORDER BY standing DESC, score DESC LIMIT 1",
                id, out, &found, err);
    }
    if (rc == PK_OK) {
        rc = look(store,
                "SELECT standing, 0.5, threat FROM device_apps WHERE app = ?1 AND gone_ms = 0"
                " AND standing > 1 ORDER BY standing DESC LIMIT 1",
                id, &copy, &bad, err);
    }
    if (rc == PK_OK && bad && copy.standing > out->standing) {
        *out = copy;
    }
    return rc;
}

int pk_app_refresh(struct pk_store *store, const char *id, struct pk_error *err)
{
    struct worst worst = { 0 };
    struct pk_put put;
    int64_t n;
    int rc = look_for_worst(store, id, &worst, err);

    if (rc == PK_OK) {
        rc = refresh_face(store, id, err);
    }
    if (rc < 0) {
        return rc;
    }
    put = pk_put_start(
            store, "UPDATE apps SET standing = ?1, score = ?2, threat = ?3 WHERE id = ?4", err);
    pk_put_int(&put, worst.standing);
    pk_put_real(&put, worst.score);
    pk_put_text(&put, worst.threat[0] != '\0' ? worst.threat : NULL);
    pk_put_text(&put, id);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

static int seen_in(struct pk_store *store, const char *sql, const char *device, int64_t at_ms,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, sql, err);
    int64_t n;

    pk_put_int(&put, at_ms);
    pk_put_int(&put, at_ms - SEEN_EVERY_MS);
    pk_put_text(&put, device);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

int pk_app_seen_on(struct pk_store *store, const char *device, int64_t at_ms, struct pk_error *err)
{
    int rc = seen_in(store,
            "UPDATE apps SET last_ms = ?1 WHERE last_ms < ?2 AND id IN"
            " (SELECT app FROM device_apps WHERE device = ?3 AND gone_ms = 0)",
            device, at_ms, err);

    return rc < 0 ? rc
                  : seen_in(store,
                            "UPDATE app_files SET last_ms = ?1 WHERE last_ms < ?2 AND sha256 IN"
                            " (SELECT sha256 FROM device_apps WHERE device = ?3 AND gone_ms = 0)",
                            device, at_ms, err);
}

/* ---- the list ---- */

static int parse_standing(const char *name, int64_t *out)
{
    *out = pk_name_index(pk_app_standing_names, name);
    return *out < 0 ? PK_ENOENT : PK_OK;
}

static const struct pk_list_filter filters[] = {
    { .name = "verdict", .match = PK_MATCH_NAMED, .sql = "a.standing", .parse = parse_standing },
    { .name = "package", .match = PK_MATCH_TEXT, .sql = "a.package" },
    { .name = "signer", .match = PK_MATCH_TEXT, .sql = "a.signer" },
    { .name = "threat", .match = PK_MATCH_TEXT, .sql = "a.threat" },
    { .name = "installer",
            .match = PK_MATCH_HOLDS,
            .sql = "EXISTS (SELECT 1 FROM device_apps x WHERE x.app = a.id AND x.gone_ms = 0"
                   " AND CASE WHEN x.installer = '' THEN 'hand' ELSE x.installer END = @)" },
    { .name = "device",
            .match = PK_MATCH_HOLDS,
            .sql = "EXISTS (SELECT 1 FROM device_apps x WHERE x.app = a.id AND x.gone_ms = 0"
                   " AND x.device = @)" },
    { .name = "q",
            .match = PK_MATCH_SEARCH,
            .sql = "lower(a.label || ' ' || a.package || ' ' || a.signer)" },
};

static const struct pk_list_sort sorts[] = {
    { "verdict", "(a.standing * 100000000000000 + a.last_ms)" },
    { "name", "lower(CASE WHEN a.label = '' THEN a.package ELSE a.label END)", .text = true },
    { "package", "a.package", .text = true },
    { "devices", "a.devices" },
    { "first_seen_at", "a.first_ms" },
    { "last_seen_at", "a.last_ms" },
};

int pk_app_list(struct pk_store *store, const struct pk_query *query, struct pk_arena *arena,
        struct pk_page *out, struct pk_error *err)
{
    static const struct pk_list list = {
        .columns = COLUMNS,
        .from = "apps a",
        .id = "a.id",
        .id_is_text = true,
        .scope = ON_SCOPED("@"),
        .sort = "-verdict",
        .filters = filters,
        .filter_count = PK_COUNT(filters),
        .sorts = sorts,
        .sort_count = PK_COUNT(sorts),
        .read = read_app,
        .width = COLUMN_COUNT,
        .size = sizeof(struct pk_app_row),
    };
    int rc = pk_list_page(store, &list, query, arena, out, err);

    return rc < 0 ? rc : count_scoped(store, out->items, out->count, err);
}
