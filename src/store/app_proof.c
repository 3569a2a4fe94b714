#include "store/app_proof.h"

#include <stdio.h>

#include "store/room.h"

/* One number. */
static int get_number(struct pk_put *put, int64_t *out)
{
    int rc = pk_put_step(put);

    *out = 0;
    if (rc > 0) {
        *out = pk_column_int(put->stmt, 0);
        pk_stmt_reset(put->stmt);
    }
    return rc < 0 ? rc : PK_OK;
}

static int run(struct pk_put *put, int64_t *count)
{
    int64_t n = pk_put_run(put);

    if (n < 0) {
        return (int)n;
    }
    *count = n;
    return PK_OK;
}

int pk_app_proof_fleet(struct pk_store *store, int64_t *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "SELECT count(*) FROM device_inventory", err);

    return get_number(&put, out);
}

/* ---- who signed ---- */

static int read_signing(struct pk_get *get, void *out, struct pk_error *err)
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
    a->devices = pk_get_int(get);
    a->versions = pk_get_int(get);
    a->first_ms = pk_get_int(get);
    a->last_ms = pk_get_int(get);
    return PK_OK;
}

int pk_app_proof_signings(struct pk_store *store, const char *package, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT id, package, signer, label, version, version_code, standing, devices, versions,"
            " first_ms, last_ms FROM apps WHERE package = ?1 ORDER BY devices DESC, id LIMIT ?2",
            err);

    pk_put_text(&put, package);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_signing, sizeof(struct pk_app_row), out, err);
}

/* ---- what brought them ---- */

static int read_brought(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_app_brought *b = out;

    (void)err;
    b->installer = pk_get_text(get);
    b->system = (int)pk_get_int(get);
    b->copies = pk_get_int(get);
    b->packages = pk_get_int(get);
    b->first_ms = pk_get_int(get);
    b->last_ms = pk_get_int(get);
    return PK_OK;
}

#define BROUGHT_COLUMNS                                                                \
    "SELECT s.installer, s.system, count(*), count(DISTINCT s.package),"               \
    " min(s.since_ms), max(s.since_ms) FROM (SELECT x.installer, x.system, x.package," \
    " x.since_ms FROM "
#define BROUGHT_GROUPS " LIMIT ?2) s GROUP BY s.installer, s.system ORDER BY 3 DESC, 1, 2"

static int brought(struct pk_put *put, const char *of, int64_t limit, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err)
{
    pk_put_text(put, of);
    pk_put_int(put, limit);
    return pk_put_get_all(put, arena, read_brought, sizeof(struct pk_app_brought), out, err);
}

int pk_app_proof_sources(struct pk_store *store, const char *app, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            BROUGHT_COLUMNS
            "device_apps x WHERE x.app = ?1 AND x.gone_ms = 0 ORDER BY x.device" BROUGHT_GROUPS,
            err);

    return brought(&put, app, limit, arena, out, err);
}

int pk_app_proof_signer(struct pk_store *store, const char *signer, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            BROUGHT_COLUMNS "apps a JOIN device_apps x ON x.app = a.id WHERE a.signer = ?1"
                            " AND x.gone_ms = 0" BROUGHT_GROUPS,
            err);

    return brought(&put, signer, limit, arena, out, err);
}

int pk_app_proof_since(struct pk_store *store, const char *app, int64_t since_ms, int64_t *out,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT count(DISTINCT device) FROM device_apps WHERE app = ?1 AND gone_ms = 0"
            " AND since_ms >= ?2",
            err);

    pk_put_text(&put, app);
    pk_put_int(&put, since_ms);
    return get_number(&put, out);
}

/* Severity 3 is high. An incident about the very app does not count: else its doubt would feed itself. */
int pk_app_proof_settled(struct pk_store *store, const char *sha256, int64_t before_ms,
        int64_t limit, int64_t *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT count(*) FROM (SELECT 1 FROM device_apps x JOIN devices d ON d.id = x.device"
            " WHERE x.sha256 = ?1 AND x.gone_ms = 0 AND x.version_ms <= ?2"
            " AND d.revoked_ms = 0 AND d.enrolled_ms <= ?2"
            " AND NOT EXISTS (SELECT 1 FROM incidents i WHERE i.device = x.device AND i.state < 2"
            "  AND i.state = 0 AND i.severity >= 3 AND i.subject <> coalesce(x.subject, ''))"
            " LIMIT ?3) s",
            err);

    pk_put_text(&put, sha256);
    pk_put_int(&put, before_ms);
    pk_put_int(&put, limit);
    return get_number(&put, out);
}

/* ---- to be judged again: as if by the oldest knowledge ---- */

int pk_app_proof_doubt_package(struct pk_store *store, const char *package, int64_t limit,
        int64_t *count, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE app_files SET knowledge = 0 WHERE sha256 IN (SELECT f.sha256 FROM apps a"
            " JOIN app_files f ON f.app = a.id WHERE a.package = ?1 AND f.devices > 0"
            " AND a.id <> (SELECT b.id FROM apps b WHERE b.package = ?1"
            "  ORDER BY b.devices DESC, b.id LIMIT 1)"
            " ORDER BY f.last_ms DESC LIMIT ?2)",
            err);

    pk_put_text(&put, package);
    pk_put_int(&put, limit);
    return run(&put, count);
}

static int doubt_range(struct pk_store *store, const char *sql, const char *digits, int64_t *count,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, sql, err);
    char end[32];

    (void)snprintf(end, sizeof(end), "%.16sg", digits); /* behind every hex digit */
    pk_put_text(&put, digits);
    pk_put_text(&put, end);
    return run(&put, count);
}

int pk_app_proof_doubt_file(
        struct pk_store *store, const char *digits, int64_t *count, struct pk_error *err)
{
    return doubt_range(store,
            "UPDATE app_files SET knowledge = 0 WHERE sha256 >= ?1 AND sha256 < ?2", digits, count,
            err);
}

int pk_app_proof_doubt_signer(
        struct pk_store *store, const char *digits, int64_t *count, struct pk_error *err)
{
    return doubt_range(store,
            "UPDATE app_files SET knowledge = 0 WHERE signer >= ?1 AND signer < ?2"
            " AND devices > 0",
            digits, count, err);
}

/* Standings above 1 are bad; the index is that of the list. */
int pk_app_proof_doubt_old(struct pk_store *store, int64_t devices, int64_t judged_before_ms,
        int64_t limit, int64_t *count, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE app_files SET knowledge = 0 WHERE sha256 IN (SELECT f.sha256 FROM app_files f"
            " WHERE (f.standing * 100000000000000 + f.last_ms) >= 200000000000000"
            " AND f.devices >= ?1 AND f.judged_ms < ?2 AND f.knowledge > 0 LIMIT ?3)",
            err);

    pk_put_int(&put, devices);
    pk_put_int(&put, judged_before_ms);
    pk_put_int(&put, limit);
    return run(&put, count);
}

/* ---- who has it ---- */

static int read_holder(struct pk_get *get, void *out, struct pk_error *err)
{
    (void)err;
    *(const char **)out = pk_get_word(get);
    return PK_OK;
}

int pk_app_proof_holders(struct pk_store *store, const char *sha256, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT device FROM device_apps WHERE sha256 = ?1 AND gone_ms = 0"
            " ORDER BY device LIMIT ?2",
            err);

    pk_put_text(&put, sha256);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_holder, sizeof(const char *), out, err);
}
