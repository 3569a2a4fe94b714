#include <stdio.h>

#include "model/observation.h"
#include "store/query.h"

#define HOT_COLUMNS                                                                             \
    "d.id, d.name, d.grp, d.platform, d.model, d.os_name, d.os_version, d.kernel, d.patch,"     \
    " d.agent, d.enrolled_ms, d.seen_ms, d.acked_seq, d.risk_score, d.risk_level,"              \
    " d.cert_serial, d.cert_serial_old, d.cert_not_after_ms, d.cert_overlap_ms,"                \
    " d.revoked_ms, d.revoked_by, d.revoked_why, d.ownership, d.mail, d.language, d.p7, d.p30," \
    " d.outlook, d.zone, d.measures, d.guard_ms, d.due_ms, d.lag_ms"
#define COLUMNS                                                                                 \
    HOT_COLUMNS ", s.risk, s.posture, s.network, s.foresight,"                                  \
                " (SELECT count(*) FROM incidents i WHERE i.device = d.id AND i.state < 2 AND " \
                "i.state = 0 AND i.simulated = 0)"
#define COLUMN_COUNT 38
#define TABLES       "devices d LEFT JOIN device_state s ON s.device = d.id"

static int read_device(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_device *d = out;

    d->id = pk_get_word(get);
    d->name = pk_get_word(get);
    d->group = pk_get_word(get);
    d->platform = (int)pk_get_int(get);
    d->model = pk_get_word(get);
    d->os_name = pk_get_word(get);
    d->os_version = pk_get_word(get);
    d->kernel = pk_get_word(get);
    d->patch = pk_get_text(get);
    d->agent = pk_get_word(get);
    d->enrolled_ms = pk_get_int(get);
    d->seen_ms = pk_get_int(get);
    d->acked_seq = pk_get_int(get);
    d->risk_score = pk_get_int(get);
    d->risk_level = (int)pk_get_int(get);
    d->cert_serial = pk_get_word(get);
    d->cert_serial_old = pk_get_text(get);
    d->cert_not_after_ms = pk_get_int(get);
    d->cert_overlap_ms = pk_get_int(get);
    d->revoked_ms = pk_get_int(get);
    d->revoked_by = pk_get_text(get);
    d->revoked_why = pk_get_text(get);
    d->ownership = (int)pk_get_int(get);
    d->mail = pk_get_text(get);
    d->language = pk_get_word(get);
    d->p7 = pk_get_real(get);
    d->p30 = pk_get_real(get);
    d->outlook = (int)pk_get_int(get);
    d->zone = (int)pk_get_int(get);
    d->measures = pk_get_int(get);
    d->guard_ms = pk_get_int(get);
    d->due_ms = pk_get_int(get);
    d->lag_ms = pk_get_int(get);
    d->risk = pk_get_json(get);
    d->posture = pk_get_json(get);
    d->network = pk_get_json(get);
    d->foresight = pk_get_json(get);
    d->open_incidents = pk_get_int(get);
    return PK_OK;
}

static void put_hot(struct pk_put *put, const struct pk_device *d)
{
    pk_put_int(put, d->platform);
    pk_put_word(put, d->model);
    pk_put_word(put, d->os_name);
    pk_put_word(put, d->os_version);
    pk_put_word(put, d->kernel);
    pk_put_text(put, d->patch);
    pk_put_word(put, d->agent);
    pk_put_int(put, d->seen_ms);
    pk_put_int(put, d->acked_seq);
    pk_put_int(put, d->risk_score);
    pk_put_int(put, d->risk_level);
    pk_put_word(put, d->language);
    pk_put_real(put, d->outlook == PK_OUTLOOK_UNKNOWN ? -1 : d->p7);
    pk_put_real(put, d->outlook == PK_OUTLOOK_UNKNOWN ? -1 : d->p30);
    pk_put_int(put, d->outlook);
    pk_put_int(put, d->zone);
    pk_put_int(put, d->measures);
    pk_put_int(put, d->guard_ms);
    pk_put_int(put, d->due_ms);
    pk_put_int(put, d->lag_ms);
}

static int put_bulk(struct pk_store *store, const struct pk_device *d, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO device_state (device, risk, posture, network, foresight)"
            " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (device) DO UPDATE SET"
            " risk = excluded.risk, posture = excluded.posture, network = excluded.network,"
            " foresight = excluded.foresight"
            /* most reports change none of them: then no page is written */
            " WHERE device_state.risk IS DISTINCT FROM excluded.risk"
            " OR device_state.posture IS DISTINCT FROM excluded.posture"
            " OR device_state.network IS DISTINCT FROM excluded.network"
            " OR device_state.foresight IS DISTINCT FROM excluded.foresight",
            err);
    int64_t n;

    pk_put_text(&put, d->id);
    pk_put_json(&put, d->risk);
    pk_put_json(&put, d->posture);
    pk_put_json(&put, d->network);
    pk_put_json(&put, d->foresight);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

static int add_hot(struct pk_store *store, const struct pk_device *d, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO devices (id, name, grp, platform, model, os_name, os_version, kernel,"
            " patch, agent, seen_ms, acked_seq, risk_score, risk_level, language, p7, p30, outlook,"
            " zone, measures, guard_ms, due_ms, lag_ms, enrolled_ms, cert_serial, cert_serial_old,"
            " cert_not_after_ms, cert_overlap_ms, revoked_ms, revoked_by, revoked_why, ownership,"
            " mail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
            " ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32,"
            " ?33)",
            err);
    int64_t n;

    pk_put_text(&put, d->id);
    pk_put_word(&put, d->name);
    pk_put_word(&put, d->group);
    put_hot(&put, d);
    pk_put_int(&put, d->enrolled_ms);
    pk_put_word(&put, d->cert_serial);
    pk_put_text(&put, d->cert_serial_old);
    pk_put_int(&put, d->cert_not_after_ms);
    pk_put_int(&put, d->cert_overlap_ms);
    pk_put_int(&put, d->revoked_ms);
    pk_put_text(&put, d->revoked_by);
    pk_put_text(&put, d->revoked_why);
    pk_put_int(&put, d->ownership);
    pk_put_text(&put, d->mail);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

int pk_device_add(struct pk_store *store, const struct pk_device *device, struct pk_error *err)
{
    bool mine;
    int rc = pk_store_enter(store, &mine, err);

    if (rc < 0) {
        return rc;
    }
    rc = add_hot(store, device, err);
    if (rc == PK_OK) {
        rc = put_bulk(store, device, err);
    }
    return pk_store_leave(store, mine, rc, err);
}

int pk_device_get(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_device *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM " TABLES " WHERE d.id = ?1 AND " PK_SCOPE_SQL("?2", "d.grp"),
            err);

    pk_put_text(&put, id);
    pk_put_text(&put, store->scope);
    return pk_put_get(&put, arena, read_device, out, "device", err);
}

int pk_device_put_state(
        struct pk_store *store, const struct pk_device *device, struct pk_error *err)
{
    struct pk_put put;
    bool mine;
    int rc = pk_store_enter(store, &mine, err);

    if (rc < 0) {
        return rc;
    }
    put = pk_put_start(store,
            "UPDATE devices SET platform = ?1, model = ?2, os_name = ?3, os_version = ?4,"
            " kernel = ?5, patch = ?6, agent = ?7, seen_ms = ?8, acked_seq = ?9,"
            " risk_score = ?10, risk_level = ?11, language = ?12, p7 = ?13, p30 = ?14,"
            " outlook = ?15, zone = ?16, measures = ?17, guard_ms = ?18, due_ms = ?19,"
            " lag_ms = ?20 WHERE id = ?21",
            err);
    put_hot(&put, device);
    pk_put_text(&put, device->id);
    rc = pk_put_run_one(&put, "device");
    if (rc == PK_OK) {
        rc = put_bulk(store, device, err);
    }
    return pk_store_leave(store, mine, rc, err);
}

int pk_device_put_seen(struct pk_store *store, const char *id, int64_t seen_ms, int64_t acked_seq,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "UPDATE devices SET seen_ms = ?1, acked_seq = ?2 WHERE id = ?3", err);

    pk_put_int(&put, seen_ms);
    pk_put_int(&put, acked_seq);
    pk_put_text(&put, id);
    return pk_put_run_one(&put, "device");
}

int pk_device_put_language(
        struct pk_store *store, const char *id, const char *language, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "UPDATE devices SET language = ?1 WHERE id = ?2", err);

    pk_put_text(&put, language);
    pk_put_text(&put, id);
    return pk_put_run_one(&put, "device");
}

int pk_device_put_certificate(
        struct pk_store *store, const struct pk_device *device, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE devices SET cert_serial = ?1, cert_serial_old = ?2, cert_not_after_ms = ?3,"
            " cert_overlap_ms = ?4 WHERE id = ?5",
            err);

    pk_put_word(&put, device->cert_serial);
    pk_put_text(&put, device->cert_serial_old);
    pk_put_int(&put, device->cert_not_after_ms);
    pk_put_int(&put, device->cert_overlap_ms);
    pk_put_text(&put, device->id);
    return pk_put_run_one(&put, "device");
}

int pk_device_revoke(struct pk_store *store, const char *id, int64_t at_ms, const char *by,
        const char *why, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE devices SET revoked_ms = ?1, revoked_by = ?2, revoked_why = ?3 WHERE id = ?4",
            err);

    pk_put_int(&put, at_ms);
    pk_put_text(&put, by);
    pk_put_text(&put, why);
    pk_put_text(&put, id);
    return pk_put_run_one(&put, "device");
}

/* ---- all of them, a few hundred at a time: any number fits into memory ---- */

#define EACH_STEP      200
#define EACH_BYTES_MAX (64UL * 1024 * 1024)

static int each_some(struct pk_store *store, char after[PK_ID_TEXT], size_t *count,
        int (*each)(const struct pk_device *device, void *ctx), void *ctx, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(EACH_BYTES_MAX);
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM " TABLES " WHERE d.id > ?1 ORDER BY d.id LIMIT ?2", err);
    struct pk_array some = { 0 };
    int rc;

    if (arena == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    pk_put_text(&put, after);
    pk_put_int(&put, EACH_STEP);
    rc = pk_put_get_all(&put, arena, read_device, sizeof(struct pk_device), &some, err);
    for (size_t i = 0; rc >= 0 && i < some.count; i++) {
        const struct pk_device *device = (const struct pk_device *)some.items + i;

        (void)snprintf(after, PK_ID_TEXT, "%s", device->id);
        rc = each(device, ctx);
    }
    *count = some.count;
    pk_arena_destroy(arena);
    return rc < 0 ? rc : PK_OK;
}

int pk_device_each(struct pk_store *store, int (*each)(const struct pk_device *device, void *ctx),
        void *ctx, struct pk_error *err)
{
    char after[PK_ID_TEXT] = "";
    size_t count;
    int rc;

    do {
        rc = each_some(store, after, &count, each, ctx, err);
    } while (rc == PK_OK && count == EACH_STEP);
    return rc;
}

/* ---- the list ---- */

static int parse_platform(const char *name, int64_t *out)
{
    *out = pk_name_index(pk_platform_names, name);
    return *out < 0 ? PK_ENOENT : PK_OK;
}

static int parse_level(const char *name, int64_t *out)
{
    *out = pk_name_index(pk_risk_level_names, name);
    return *out < 0 ? PK_ENOENT : PK_OK;
}

static int parse_outlook(const char *name, int64_t *out)
{
    *out = pk_name_index(pk_outlook_names, name);
    return *out < 0 ? PK_ENOENT : PK_OK;
}

/* '@': the instant before which a device counts as silent. */
static const struct pk_match_case status_cases[] = {
    { "active", "d.revoked_ms = 0 AND d.seen_ms > 0 AND d.seen_ms >= @" },
    { "silent", "d.revoked_ms = 0 AND d.seen_ms > 0 AND d.seen_ms < @" },
    { "never", "d.revoked_ms = 0 AND d.seen_ms = 0" },
    { "revoked", "d.revoked_ms > 0" },
    { NULL, NULL },
};

static const struct pk_match_case access_cases[] = {
    { "blocked", "d.measures > 0" },
    { "free", "d.measures = 0" },
    { NULL, NULL },
};

static int parse_zone(const char *name, int64_t *out)
{
    *out = pk_name_index(pk_zone_standing_names, name);
    return *out < 0 ? PK_ENOENT : PK_OK;
}

static const struct pk_list_filter filters[] = {
    { .name = "zone", .match = PK_MATCH_NAMED, .sql = "d.zone", .parse = parse_zone },
    { .name = "status", .match = PK_MATCH_CASE, .cases = status_cases },
    { .name = "platform", .match = PK_MATCH_NAMED, .sql = "d.platform", .parse = parse_platform },
    { .name = "level", .match = PK_MATCH_NAMED, .sql = "d.risk_level", .parse = parse_level },
    { .name = "outlook", .match = PK_MATCH_NAMED, .sql = "d.outlook", .parse = parse_outlook },
    { .name = "access", .match = PK_MATCH_CASE, .cases = access_cases },
    { .name = "group", .match = PK_MATCH_TEXT, .sql = "d.grp" },
    { .name = "q",
            .match = PK_MATCH_SEARCH,
            .sql = "lower(d.name || ' ' || d.model || ' ' || d.os_name || ' ' || d.os_version ||"
                   " ' ' || d.id)" },
};

static const struct pk_list_sort sorts[] = {
    { "name", "lower(d.name)", .text = true },
    { "last_seen_at", "d.seen_ms" },
    { "risk", "d.risk_score" },
    { "outlook", "d.p7", .real = true },
    { "p7", "d.p7", .real = true },
    { "enrolled_at", "d.enrolled_ms" },
};

int pk_device_list(struct pk_store *store, const struct pk_query *query, struct pk_arena *arena,
        struct pk_page *out, struct pk_error *err)
{
    const struct pk_list list = {
        .columns = COLUMNS,
        .from = TABLES,
        .id = "d.id",
        .id_is_text = true,
        .mark = query->now_ms - PK_DEVICE_SILENT_MS,
        .scope = PK_SCOPE_SQL("@", "d.grp"),
        .sort = "name",
        .filters = filters,
        .filter_count = PK_COUNT(filters),
        .sorts = sorts,
        .sort_count = PK_COUNT(sorts),
        .read = read_device,
        .width = COLUMN_COUNT,
        .size = sizeof(struct pk_device),
    };

    return pk_list_page(store, &list, query, arena, out, err);
}
