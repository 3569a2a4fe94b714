#include "base/clock.h"
#include "store/networks.h"
#include "store/personal.h"
#include "store/room.h"

const char *const pk_erasure_state_names[] = { "asked", "begun", "done", NULL };

#define COLUMNS "id, device, state, asked_ms, asked_by, begun_ms, done_ms"

/* ---- the rows of erasures ------------------------------------------------------------------------- */

int pk_erasure_add(struct pk_store *store, const struct pk_erasure *e, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "INSERT INTO erasures (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", err);
    int64_t n;

    pk_put_text(&put, e->id);
    pk_put_text(&put, e->device);
    pk_put_int(&put, e->state);
    pk_put_int(&put, e->asked_ms);
    pk_put_word(&put, e->asked_by);
    pk_put_int(&put, e->begun_ms);
    pk_put_int(&put, e->done_ms);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

static int read_erasure(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_erasure *e = out;

    (void)err;
    e->id = pk_get_word(get);
    e->device = pk_get_text(get);
    e->state = (int)pk_get_int(get);
    e->asked_ms = pk_get_int(get);
    e->asked_by = pk_get_word(get);
    e->begun_ms = pk_get_int(get);
    e->done_ms = pk_get_int(get);
    return PK_OK;
}

int pk_erasure_get(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_erasure *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS
            " FROM erasures WHERE id = ?1 AND " PK_SCOPE_DEVICE_SQL("?2", "device"),
            err);

    pk_put_text(&put, id);
    pk_put_text(&put, store->scope);
    return pk_put_get(&put, arena, read_erasure, out, "erasure", err);
}

int pk_erasure_of(struct pk_store *store, const char *device, struct pk_arena *arena,
        struct pk_erasure *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM erasures WHERE device = ?1 ORDER BY state DESC LIMIT 1", err);

    pk_put_text(&put, device);
    return pk_put_get(&put, arena, read_erasure, out, "erasure", err);
}

int pk_erasure_begin(struct pk_store *store, const char *id, int64_t now_ms, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "UPDATE erasures SET state = 1, begun_ms = ?1 WHERE id = ?2 AND state = 0", err);

    pk_put_int(&put, now_ms);
    pk_put_text(&put, id);
    return pk_put_run_one(&put, "erasure that is asked for");
}

int pk_erasure_remove(struct pk_store *store, const char *id, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "DELETE FROM erasures WHERE id = ?1 AND state = 0", err);

    pk_put_text(&put, id);
    return pk_put_run_one(&put, "erasure that is asked for");
}

int pk_erasure_list(struct pk_store *store, int state, struct pk_arena *arena, struct pk_array *out,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM erasures WHERE (?1 < 0 OR state = ?1)"
            " AND " PK_SCOPE_DEVICE_SQL("?3", "device") " ORDER BY asked_ms DESC, id LIMIT ?2",
            err);

    pk_put_int(&put, state);
    pk_put_int(&put, PK_ERASURES_MAX);
    pk_put_text(&put, store->scope);
    return pk_put_get_all(&put, arena, read_erasure, sizeof(struct pk_erasure), out, err);
}

/* ---- long tables, step by step --------------------------------------------------------------------- */

#define OWN_INCIDENTS "(SELECT i.id FROM incidents i WHERE i.device = ?1)"
#define NAMES_IT      "detail LIKE '%' || ?1 || '%'"
#define NAMES_INCIDENT                                           \
    "EXISTS (SELECT 1 FROM incidents i WHERE i.device = ?1 AND " \
    "detail LIKE '%' || i.id || '%')"

/* ?1: the device; ?2, ?3: ids behind and up to. What an administrator did stays, without to whom. */
static const struct {
    const char *newest;
    const char *sweep;
} swept[PK_PERSONAL_SWEPT] = {
    { "SELECT coalesce(max(id), 0) FROM events",
            "DELETE FROM events WHERE id > ?2 AND id <= ?3 AND (device = ?1"
            " OR incident IN " OWN_INCIDENTS " OR " NAMES_IT
            " OR (type = 'audit' AND " NAMES_INCIDENT "))" },
    { "SELECT coalesce(max(id), 0) FROM audit",
            "UPDATE audit SET target = '', detail = '{}' WHERE id > ?2 AND id <= ?3"
            " AND (target = ?1 OR target IN " OWN_INCIDENTS " OR " NAMES_IT " OR " NAMES_INCIDENT
            ")" },
    { "SELECT coalesce(max(id), 0) FROM actions",
            "DELETE FROM actions WHERE id > ?2 AND id <= ?3"
            " AND (device = ?1 OR incident IN " OWN_INCIDENTS ")" },
};

static int newest_of(struct pk_store *store, int table, int64_t *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, swept[table].newest, err);
    int rc = pk_put_step(&put);

    if (rc > 0) {
        *out = pk_column_int(put.stmt, 0);
        pk_stmt_reset(put.stmt);
    }
    return rc < 0 ? rc : PK_OK;
}

static int sweep(struct pk_store *store, const char *device, int table, int64_t after, int64_t upto,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, swept[table].sweep, err);
    int64_t n;

    pk_put_text(&put, device);
    pk_put_int(&put, after);
    pk_put_int(&put, upto);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

int pk_personal_sweep(struct pk_store *store, const char *device, struct pk_personal_place *place,
        struct pk_error *err)
{
    int table = place->table;
    int64_t newest = 0;
    int64_t upto;
    int rc;

    if (table >= PK_PERSONAL_SWEPT) {
        return 0;
    }
    rc = newest_of(store, table, &newest, err);
    if (rc < 0) {
        return rc;
    }
    if (place->upto[table] >= newest) {
        place->table++;
        return place->table < PK_PERSONAL_SWEPT;
    }
    upto = place->upto[table] + PK_PERSONAL_STEP < newest ? place->upto[table] + PK_PERSONAL_STEP
                                                          : newest;
    rc = sweep(store, device, table, place->upto[table], upto, err);
    if (rc < 0) {
        return rc;
    }
    place->upto[table] = upto;
    return 1;
}

/* Somebody looked at the device meanwhile. */
static int sweep_rest(struct pk_store *store, const char *device,
        const struct pk_personal_place *place, struct pk_error *err)
{
    int rc = PK_OK;

    for (int table = 0; table < PK_PERSONAL_SWEPT && rc == PK_OK; table++) {
        rc = sweep(store, device, table, place->upto[table], INT64_MAX, err);
    }
    return rc;
}

/* ---- the rest at once ------------------------------------------------------------------------------ */

/* Networks that only this device met. */
#define SOLE                                                                                     \
    "(SELECT n.network FROM network_devices n WHERE n.device = ?1 AND NOT EXISTS (SELECT 1 FROM" \
    " network_devices o WHERE o.network = n.network AND o.device <> ?1))"
/* Files, and apps, that no other device ever had and nobody brought. */
#define SOLE_FILES                                                                          \
    "(SELECT x.sha256 FROM device_apps x JOIN app_files f ON f.sha256 = x.sha256"           \
    " WHERE x.device = ?1 AND (f.uploaded_by IS NULL OR f.uploaded_by = ?1) AND NOT EXISTS" \
    " (SELECT 1 FROM device_apps o WHERE o.sha256 = x.sha256 AND o.device <> ?1))"
#define SOLE_APPS                                                                          \
    "(SELECT x.app FROM device_apps x WHERE x.device = ?1 AND NOT EXISTS (SELECT 1 FROM"   \
    " device_apps o WHERE o.app = x.app AND o.device <> ?1) AND NOT EXISTS (SELECT 1 FROM" \
    " app_files f WHERE f.app = x.app))"

static const char *const erasing[] = {
    "DELETE FROM network_traits WHERE network IN " SOLE,
    "DELETE FROM network_facts WHERE network IN " SOLE,
    "DELETE FROM networks WHERE id IN " SOLE,
    "UPDATE networks SET devices = devices - 1"
    " WHERE id IN (SELECT n.network FROM network_devices n WHERE n.device = ?1)",
    "DELETE FROM network_devices WHERE device = ?1",

    "DELETE FROM app_reports WHERE sha256 IN " SOLE_FILES,
    "DELETE FROM app_files WHERE sha256 IN " SOLE_FILES,
    "DELETE FROM apps WHERE id IN " SOLE_APPS,
    "UPDATE app_files SET devices = devices - 1 WHERE sha256 IN"
    " (SELECT x.sha256 FROM device_apps x WHERE x.device = ?1 AND x.gone_ms = 0)",
    "UPDATE apps SET devices = (SELECT count(DISTINCT o.device) FROM device_apps o"
    " WHERE o.app = apps.id AND o.gone_ms = 0 AND o.device <> ?1)"
    " WHERE id IN (SELECT x.app FROM device_apps x WHERE x.device = ?1)",
    "UPDATE app_files SET asked_device = NULL WHERE asked_device = ?1",
    "UPDATE app_files SET uploaded_by = 'device' WHERE uploaded_by = ?1",
    "DELETE FROM app_asks WHERE device = ?1",
    "DELETE FROM app_exceptions WHERE target = ?1",
    "DELETE FROM device_apps WHERE device = ?1",
    "DELETE FROM device_inventory WHERE device = ?1",

    "DELETE FROM crowd_findings WHERE device = ?1",

    "DELETE FROM timeline WHERE incident IN " OWN_INCIDENTS,
    "DELETE FROM incidents WHERE device = ?1",
    "DELETE FROM ledger WHERE device = ?1",
    "DELETE FROM ledger_days WHERE device = ?1",
    "DELETE FROM guard WHERE device = ?1",
    "DELETE FROM policy_facts WHERE device = ?1",
    "DELETE FROM alerts WHERE device = ?1",
    "DELETE FROM mistakes WHERE target = ?1",
    "DELETE FROM push_tokens WHERE device = ?1",
    "DELETE FROM tokens WHERE device = ?1",
    "DELETE FROM device_state WHERE device = ?1",
    "DELETE FROM devices WHERE id = ?1",
    "DELETE FROM erasures WHERE device = ?1 AND state = 0",
};

static int run_all(struct pk_store *store, const char *device, struct pk_error *err)
{
    int64_t n = 0;

    for (size_t i = 0; i < PK_COUNT(erasing) && n >= 0; i++) {
        struct pk_put put = pk_put_start(store, erasing[i], err);

        pk_put_text(&put, device);
        n = pk_put_run(&put);
    }
    return n < 0 ? (int)n : PK_OK;
}

/* Of networks that others met, what this device's incidents made of them. */
static int judge_networks(struct pk_store *store, const struct pk_array *ids, struct pk_error *err)
{
    const char *const *items = ids->items;
    int rc = PK_OK;

    for (size_t i = 0; i < ids->count && rc == PK_OK; i++) {
        rc = pk_network_judge(store, items[i], err);
    }
    return rc;
}

static int read_id(struct pk_get *get, void *out, struct pk_error *err)
{
    (void)err;
    *(const char **)out = pk_get_word(get);
    return PK_OK;
}

static int note_done(struct pk_store *store, const struct pk_erasure *erasure, int64_t now_ms,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "UPDATE erasures SET state = 2, device = NULL, done_ms = ?1 WHERE id = ?2", err);
    int64_t n;

    pk_put_int(&put, now_ms);
    pk_put_text(&put, erasure->id);
    n = pk_put_run(&put);
    return n < 0 ? (int)n
                 : pk_audit_add(store,
                           &(struct pk_audit_row){ .at_ms = now_ms,
                                   .actor = erasure->asked_by,
                                   .act = "device.erased",
                                   .target = erasure->id },
                           err);
}

static int erase(struct pk_store *store, const struct pk_erasure *erasure,
        const struct pk_personal_place *place, int64_t now_ms, struct pk_arena *arena,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT DISTINCT i.subject FROM incidents i WHERE i.device = ?1 AND i.state < 2"
            " AND i.subject LIKE 'net-%'",
            err);
    struct pk_array networks = { 0 };
    int rc;

    pk_put_text(&put, erasure->device);
    rc = pk_put_get_all(&put, arena, read_id, sizeof(const char *), &networks, err);
    if (rc == PK_OK) {
        rc = sweep_rest(store, erasure->device, place, err);
    }
    if (rc == PK_OK) {
        rc = run_all(store, erasure->device, err);
    }
    if (rc == PK_OK) {
        rc = judge_networks(store, &networks, err);
    }
    return rc < 0 ? rc : note_done(store, erasure, now_ms, err);
}

int pk_personal_erase(struct pk_store *store, const struct pk_erasure *erasure,
        const struct pk_personal_place *place, int64_t now_ms, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(1024UL * 1024);
    bool mine;
    int rc = arena != NULL ? pk_store_enter(store, &mine, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        rc = erase(store, erasure, place, now_ms, arena, err);
        rc = pk_store_leave(store, mine, rc, err);
    }
    pk_arena_destroy(arena);
    return rc;
}

int pk_personal_scrub(struct pk_store *store, struct pk_error *err)
{
    return pk_db_scrub(store->db, err);
}

int pk_personal_is_told(struct pk_store *store, const char *device, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT 1 FROM crowd_words WHERE text LIKE '%' || ?1 || '%' UNION ALL"
            " SELECT 1 FROM crowd_log WHERE text LIKE '%' || ?1 || '%' LIMIT 1",
            err);
    int rc;

    pk_put_text(&put, device);
    rc = pk_put_step(&put);
    if (rc > 0) {
        pk_stmt_reset(put.stmt);
    }
    return rc;
}
