#include "store/networks.h"

#include <string.h>

#include "model/observation_network.h"
#include "store/query.h"

const char *const pk_network_verdict_names[] = { "unknown", "clean", "bad", "bad", "bad", "bad",
    NULL };

#define COLUMNS                                                                                  \
    "w.id, n.name, w.link, w.security, w.standing, w.threat, w.first_ms, w.last_ms,"             \
    " w.checked_ms, w.bad_ms, w.bad_threat, w.place, w.devices, w.points, w.makers, w.gateways," \
    " w.resolvers, w.places"
#define COLUMN_COUNT 18
#define TABLES       "networks w LEFT JOIN network_names n ON n.id = w.id"
/* '@' or ?1 is the number of devices from which a network is nobody's home. */
#define SHOWN(k) "(w.devices >= " k " OR w.bad_ms > 0 OR n.id IS NOT NULL)"

/* Some device of the scope has met it. */
#define MET(p)                                                                                 \
    "EXISTS (SELECT 1 FROM network_devices x WHERE x.network = w.id AND " PK_SCOPE_DEVICE_SQL( \
            p, "x.device") ")"

bool pk_network_shown(const struct pk_network_row *row, int64_t min_devices)
{
    return row->devices >= min_devices || row->bad_ms > 0 || row->name != NULL;
}

static int read_network(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_network_row *w = out;

    (void)err;
    pk_get_id(get, w->id);
    w->name = pk_get_text(get);
    w->link = (int)pk_get_int(get);
    w->security = (int)pk_get_int(get);
    w->standing = (int)pk_get_int(get);
    w->threat = pk_get_text(get);
    w->first_ms = pk_get_int(get);
    w->last_ms = pk_get_int(get);
    w->checked_ms = pk_get_int(get);
    w->bad_ms = pk_get_int(get);
    w->bad_threat = pk_get_text(get);
    w->place = pk_get_text(get);
    w->devices = pk_get_int(get);
    w->points = pk_get_int(get);
    w->makers = pk_get_int(get);
    w->gateways = pk_get_int(get);
    w->resolvers = pk_get_int(get);
    w->places = pk_get_int(get);
    return PK_OK;
}

/* Who may see some devices only is told how many of those met it. */
static int count_scoped(
        struct pk_store *store, struct pk_network_row *rows, size_t count, struct pk_error *err)
{
    static const char sql[] = "SELECT count(*) FROM network_devices x WHERE x.network = ?1"
                              " AND " PK_SCOPE_DEVICE_SQL("?2", "x.device");
    int rc = PK_OK;

    for (size_t i = 0; i < count && rc == PK_OK && store->scope[0] != '\0'; i++) {
        rc = pk_count_in_scope(store, sql, rows[i].id, &rows[i].devices, err);
    }
    return rc;
}

int pk_network_get(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_network_row *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " COLUMNS " FROM " TABLES " WHERE w.id = ?1 AND (?2 = '' OR " MET("?2") ")",
            err);
    int rc;

    pk_put_text(&put, id);
    pk_put_text(&put, store->scope);
    rc = pk_put_get(&put, arena, read_network, out, "network", err);
    return rc < 0 ? rc : count_scoped(store, out, 1, err);
}

int pk_network_put(struct pk_store *store, const struct pk_network_row *row, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO networks (id, link, security, standing, threat, first_ms, last_ms,"
            " checked_ms, bad_ms, bad_threat, place, devices, points, makers, gateways, resolvers,"
            " places) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0, 0, 0, 0, 0, 0)"
            " ON CONFLICT (id) DO UPDATE SET link = excluded.link, security = excluded.security,"
            " standing = excluded.standing, threat = excluded.threat,"
            " first_ms = excluded.first_ms, last_ms = excluded.last_ms,"
            " checked_ms = excluded.checked_ms, bad_ms = excluded.bad_ms,"
            " bad_threat = excluded.bad_threat, place = excluded.place",
            err);
    int64_t n;

    pk_put_text(&put, row->id);
    pk_put_int(&put, row->link);
    pk_put_int(&put, row->security);
    pk_put_int(&put, row->standing);
    pk_put_text(&put, row->threat);
    pk_put_int(&put, row->first_ms);
    pk_put_int(&put, row->last_ms);
    pk_put_int(&put, row->checked_ms);
    pk_put_int(&put, row->bad_ms);
    pk_put_text(&put, row->bad_threat);
    pk_put_text(&put, row->place);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

int pk_network_judge(struct pk_store *store, const char *id, struct pk_error *err)
{
    /* PK_NETWORK_CLEAN + severity: info is 0 and does not count. */
    struct pk_put put = pk_put_start(store,
            "UPDATE networks SET"
            " standing = coalesce((SELECT 1 + i.severity FROM incidents i WHERE i.subject = ?1"
            "  AND i.state < 2 AND i.severity > 0 ORDER BY i.severity DESC LIMIT 1),"
            "  CASE WHEN checked_ms > 0 THEN 1 ELSE 0 END),"
            " threat = (SELECT i.threat FROM incidents i WHERE i.subject = ?1"
            "  AND i.state < 2 AND i.severity > 0"
            "  ORDER BY i.severity DESC, i.updated_ms DESC, i.id LIMIT 1)"
            " WHERE id = ?1",
            err);
    int64_t n;

    pk_put_text(&put, id);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

int pk_network_visit(struct pk_store *store, const char *id, const char *device, int64_t at_ms,
        bool joined, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE network_devices SET visits = visits + ?1,"
            " first_ms = CASE WHEN first_ms > ?2 THEN ?2 ELSE first_ms END,"
            " last_ms = CASE WHEN last_ms < ?2 THEN ?2 ELSE last_ms END"
            " WHERE network = ?3 AND device = ?4",
            err);
    int64_t n;

    pk_put_int(&put, joined ? 1 : 0);
    pk_put_int(&put, at_ms);
    pk_put_text(&put, id);
    pk_put_text(&put, device);
    n = pk_put_run(&put);
    if (n != 0) {
        return n < 0 ? (int)n : PK_OK;
    }
    put = pk_put_start(store,
            "INSERT INTO network_devices (network, device, first_ms, last_ms, visits)"
            " VALUES (?1, ?2, ?3, ?3, 1)",
            err);
    pk_put_text(&put, id);
    pk_put_text(&put, device);
    pk_put_int(&put, at_ms);
    n = pk_put_run(&put);
    if (n < 0) {
        return (int)n;
    }
    put = pk_put_start(store, "UPDATE networks SET devices = devices + 1 WHERE id = ?1", err);
    pk_put_text(&put, id);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

int pk_network_count_of(
        struct pk_store *store, const char *device, int64_t *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT count(*) FROM network_devices WHERE device = ?1", err);
    int rc;

    pk_put_text(&put, device);
    rc = pk_put_step(&put);
    if (rc > 0) {
        *out = pk_column_int(put.stmt, 0);
        pk_stmt_reset(put.stmt);
    }
    return rc < 0 ? rc : PK_OK;
}

/* ---- traits ---- */

static int drop_oldest_trait(struct pk_store *store, const char *id, int kind, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "DELETE FROM network_traits WHERE network = ?1 AND kind = ?2 AND value IN"
            " (SELECT t.value FROM network_traits t WHERE t.network = ?1 AND t.kind = ?2"
            "  ORDER BY t.last_ms DESC, t.value LIMIT 1000 OFFSET ?3)",
            err);
    int64_t n;

    pk_put_text(&put, id);
    pk_put_int(&put, kind);
    pk_put_int(&put, PK_TRAIT_VALUES_MAX);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

static int count_traits(struct pk_store *store, const char *id, int kind, struct pk_error *err)
{
    static const char *const statements[PK_TRAIT_COUNT] = {
#define COUNT(column)                                                       \
    "UPDATE networks SET " column " = (SELECT count(*) FROM network_traits" \
    " WHERE network = ?1 AND kind = ?2) WHERE id = ?1"
        [PK_TRAIT_POINT] = COUNT("points"),
        [PK_TRAIT_MAKER] = COUNT("makers"),
        [PK_TRAIT_GATEWAY] = COUNT("gateways"),
        [PK_TRAIT_RESOLVER] = COUNT("resolvers"),
        [PK_TRAIT_PLACE] = COUNT("places"),
#undef COUNT
    };
    struct pk_put put = pk_put_start(store, statements[kind], err);
    int64_t n;

    pk_put_text(&put, id);
    pk_put_int(&put, kind);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

int pk_network_trait_put(struct pk_store *store, const char *id, int kind, const char *value,
        int64_t at_ms, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE network_traits SET last_ms = CASE WHEN last_ms < ?1 THEN ?1 ELSE last_ms END"
            " WHERE network = ?2 AND kind = ?3 AND value = ?4",
            err);
    int64_t n;
    int rc;

    pk_put_int(&put, at_ms);
    pk_put_text(&put, id);
    pk_put_int(&put, kind);
    pk_put_text(&put, value);
    n = pk_put_run(&put);
    if (n != 0) {
        return n < 0 ? (int)n : PK_OK;
    }
    put = pk_put_start(store,
            "INSERT INTO network_traits (network, kind, value, first_ms, last_ms)"
            " VALUES (?1, ?2, ?3, ?4, ?4)",
            err);
    pk_put_text(&put, id);
    pk_put_int(&put, kind);
    pk_put_text(&put, value);
    pk_put_int(&put, at_ms);
    n = pk_put_run(&put);
    rc = n < 0 ? (int)n : drop_oldest_trait(store, id, kind, err);
    return rc < 0 ? rc : count_traits(store, id, kind, err);
}

static int read_trait(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_network_trait_row *t = out;

    (void)err;
    t->kind = (int)pk_get_int(get);
    t->value = pk_get_word(get);
    t->first_ms = pk_get_int(get);
    t->last_ms = pk_get_int(get);
    return PK_OK;
}

int pk_network_traits(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT kind, value, first_ms, last_ms FROM network_traits WHERE network = ?1"
            " ORDER BY kind, last_ms DESC, value",
            err);

    pk_put_text(&put, id);
    return pk_put_get_all(&put, arena, read_trait, sizeof(struct pk_network_trait_row), out, err);
}

/* ---- facts ---- */

/* 1: write it, 0: what is there is new enough. */
static int is_due(struct pk_store *store, const char *id, const struct pk_network_fact *fact,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT coalesce(max(CASE WHEN part = ?3 THEN at_ms END), 0),"
            " coalesce(sum(CASE WHEN part = ?3 THEN 0 ELSE 1 END), 0)"
            " FROM network_facts WHERE network = ?1 AND kind = ?2",
            err);
    int64_t at_ms = 0;
    int64_t others = 0;
    int rc;

    pk_put_text(&put, id);
    pk_put_int(&put, fact->kind);
    pk_put_word(&put, fact->part);
    rc = pk_put_step(&put);
    if (rc > 0) {
        at_ms = pk_column_int(put.stmt, 0);
        others = pk_column_int(put.stmt, 1);
        pk_stmt_reset(put.stmt);
    }
    if (rc < 0) {
        return rc;
    }
    return at_ms == 0 ? others < PK_NETWORK_PARTS_MAX : fact->at_ms - at_ms >= PK_NETWORK_FACT_MS;
}

int pk_network_fact_put(struct pk_store *store, const char *id, const struct pk_network_fact *fact,
        struct pk_error *err)
{
    struct pk_put put;
    int64_t n;
    int due = is_due(store, id, fact, err);

    if (due <= 0) {
        return due;
    }
    put = pk_put_start(store,
            "INSERT INTO network_facts (network, kind, part, at_ms, body)"
            " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (network, kind, part) DO UPDATE SET"
            " at_ms = excluded.at_ms, body = excluded.body",
            err);
    pk_put_text(&put, id);
    pk_put_int(&put, fact->kind);
    pk_put_word(&put, fact->part);
    pk_put_int(&put, fact->at_ms);
    pk_put_json(&put, fact->body);
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

static int read_fact(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_network_fact *f = out;

    (void)err;
    f->kind = (int)pk_get_int(get);
    f->part = pk_get_word(get);
    f->at_ms = pk_get_int(get);
    f->body = pk_get_json(get);
    return PK_OK;
}

int pk_network_facts(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT kind, part, at_ms, body FROM network_facts WHERE network = ?1"
            " ORDER BY kind, part",
            err);

    pk_put_text(&put, id);
    return pk_put_get_all(&put, arena, read_fact, sizeof(struct pk_network_fact), out, err);
}

/* ---- names and ages ---- */

int pk_network_names_put(struct pk_store *store, const struct pk_network_name *names, size_t count,
        struct pk_error *err)
{
    bool mine;
    int rc = pk_store_enter(store, &mine, err);
    int64_t n;

    if (rc < 0) {
        return rc;
    }
    struct pk_put put = pk_put_start(store, "DELETE FROM network_names", err);

    n = pk_put_run(&put);
    rc = n < 0 ? (int)n : PK_OK;
    for (size_t i = 0; i < count && rc == PK_OK; i++) {
        put = pk_put_start(store,
                "INSERT INTO network_names (id, name) VALUES (?1, ?2)"
                " ON CONFLICT (id) DO UPDATE SET name = excluded.name",
                err);
        pk_put_text(&put, names[i].id);
        pk_put_text(&put, names[i].name);
        n = pk_put_run(&put);
        rc = n < 0 ? (int)n : PK_OK;
    }
    return pk_store_leave(store, mine, rc, err);
}

#define OLD                                                        \
    "(SELECT id FROM networks WHERE last_ms < ?1 AND standing < 2" \
    " ORDER BY last_ms, id LIMIT ?2)"

int pk_network_forget(struct pk_store *store, int64_t before_ms, int64_t limit, int64_t *count,
        struct pk_error *err)
{
    static const char *const statements[] = {
        "DELETE FROM network_devices WHERE network IN " OLD,
        "DELETE FROM network_traits WHERE network IN " OLD,
        "DELETE FROM network_facts WHERE network IN " OLD,
        "DELETE FROM networks WHERE id IN " OLD,
    };
    bool mine;
    int64_t n = 0;
    int rc = pk_store_enter(store, &mine, err);

    if (rc < 0) {
        return rc;
    }
    for (size_t i = 0; i < PK_COUNT(statements) && rc == PK_OK; i++) {
        struct pk_put put = pk_put_start(store, statements[i], err);

        pk_put_int(&put, before_ms);
        pk_put_int(&put, limit);
        n = pk_put_run(&put);
        rc = n < 0 ? (int)n : PK_OK;
    }
    rc = pk_store_leave(store, mine, rc, err);
    if (rc == PK_OK) {
        *count = n;
    }
    return rc;
}

/* ---- lists ---- */

static int parse_severity(const char *name, int64_t *out)
{
    enum pk_severity severity = PK_SEVERITY_INFO;
    int rc = pk_severity_parse(name, &severity);

    *out = PK_NETWORK_CLEAN + (int64_t)severity;
    return rc < 0 || severity == PK_SEVERITY_INFO ? PK_ENOENT : PK_OK;
}

static int parse_link(const char *name, int64_t *out)
{
    *out = pk_name_index(pk_link_names, name);
    return *out < 0 ? PK_ENOENT : PK_OK;
}

static int parse_security(const char *name, int64_t *out)
{
    *out = pk_name_index(pk_security_names, name);
    return *out < 0 ? PK_ENOENT : PK_OK;
}

static const struct pk_match_case verdict_cases[] = {
    { "unknown", "w.standing = 0" },
    { "clean", "w.standing = 1" },
    { "bad", "w.standing > 1" },
    { NULL, NULL },
};

static const struct pk_match_case listed_cases[] = {
    { "yes", "n.id IS NOT NULL" },
    { "no", "n.id IS NULL" },
    { NULL, NULL },
};

static const struct pk_match_case attacked_cases[] = {
    { "yes", "w.bad_ms > 0" },
    { "no", "w.bad_ms = 0" },
    { NULL, NULL },
};

static const struct pk_list_filter filters[] = {
    { .name = "verdict", .match = PK_MATCH_CASE, .cases = verdict_cases },
    { .name = "severity", .match = PK_MATCH_NAMED, .sql = "w.standing", .parse = parse_severity },
    { .name = "listed", .match = PK_MATCH_CASE, .cases = listed_cases },
    { .name = "attacked", .match = PK_MATCH_CASE, .cases = attacked_cases },
    { .name = "link", .match = PK_MATCH_NAMED, .sql = "w.link", .parse = parse_link },
    { .name = "security", .match = PK_MATCH_NAMED, .sql = "w.security", .parse = parse_security },
    { .name = "place",
            .match = PK_MATCH_HOLDS,
            .sql = "EXISTS (SELECT 1 FROM network_traits t WHERE t.network = w.id AND t.kind = 4"
                   " AND t.value = @)" },
    { .name = "device",
            .match = PK_MATCH_HOLDS,
            .sql = "EXISTS (SELECT 1 FROM network_devices x WHERE x.network = w.id"
                   " AND x.device = @)" },
    { .name = "q", .match = PK_MATCH_SEARCH, .sql = "lower(w.id || ' ' || coalesce(n.name, ''))" },
};
_Static_assert(PK_TRAIT_PLACE == 4, "the filter of places names it by number");

static const struct pk_list_sort sorts[] = {
    { "verdict", "(w.standing * 100000000000000 + w.last_ms)" },
    { "last_seen_at", "w.last_ms" },
    { "first_seen_at", "w.first_ms" },
    { "last_bad_at", "w.bad_ms" },
    { "devices", "w.devices" },
};

int pk_network_list(struct pk_store *store, const struct pk_query *query, int64_t min_devices,
        struct pk_arena *arena, struct pk_page *out, struct pk_error *err)
{
    const struct pk_list list = {
        .columns = COLUMNS,
        .from = TABLES,
        .id = "w.id",
        .id_is_text = true,
        .always = SHOWN("@"),
        .scope = MET("@"),
        .mark = min_devices,
        .sort = "-verdict",
        .filters = filters,
        .filter_count = PK_COUNT(filters),
        .sorts = sorts,
        .sort_count = PK_COUNT(sorts),
        .read = read_network,
        .width = COLUMN_COUNT,
        .size = sizeof(struct pk_network_row),
    };
    int rc = pk_list_page(store, &list, query, arena, out, err);

    return rc < 0 ? rc : count_scoped(store, out->items, out->count, err);
}

static int read_device(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_network_device *d = out;

    (void)err;
    pk_get_id(get, d->device);
    d->name = pk_get_word(get);
    d->first_ms = pk_get_int(get);
    d->last_ms = pk_get_int(get);
    d->visits = pk_get_int(get);
    d->open = pk_get_int(get);
    return PK_OK;
}

static const struct pk_list_filter device_filters[] = {
    { .name = "network", .match = PK_MATCH_TEXT, .sql = "x.network" },
    { .name = "q", .match = PK_MATCH_SEARCH, .sql = "lower(d.name || ' ' || x.device)" },
};

static const struct pk_list_sort device_sorts[] = {
    { "last_seen_at", "x.last_ms" },
    { "first_seen_at", "x.first_ms" },
    { "visits", "x.visits" },
};

int pk_network_device_list(struct pk_store *store, const char *id, const struct pk_query *query,
        struct pk_arena *arena, struct pk_page *out, struct pk_error *err)
{
    static const struct pk_list list = {
        .columns = "x.device, d.name, x.first_ms, x.last_ms, x.visits,"
                   " (SELECT count(*) FROM incidents i WHERE i.device = x.device"
                   " AND i.subject = x.network AND i.state < 2)",
        .from = "network_devices x LEFT JOIN devices d ON d.id = x.device",
        .id = "x.device",
        .id_is_text = true,
        .scope = PK_SCOPE_SQL("@", "d.grp"),
        .sort = "-last_seen_at",
        .filters = device_filters,
        .filter_count = PK_COUNT(device_filters),
        .sorts = device_sorts,
        .sort_count = PK_COUNT(device_sorts),
        .read = read_device,
        .width = 6,
        .size = sizeof(struct pk_network_device),
    };
    struct pk_filter *all = pk_arena_alloc(arena, query->filter_count + 1, sizeof(*all));
    struct pk_query on = *query;

    if (all == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (query->filter_count > 0) {
        memcpy(all, query->filters, query->filter_count * sizeof(*all));
    }
    all[query->filter_count] = (struct pk_filter){ .field = "network",
        .values = { .items = &id, .count = 1 } };
    on.filters = all;
    on.filter_count++;
    return pk_list_page(store, &list, &on, arena, out, err);
}

/* ---- places ---- */

static int read_cell(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_network_cell *c = out;

    (void)err;
    c->place = pk_get_word(get);
    c->networks = pk_get_int(get);
    c->bad = pk_get_int(get);
    c->standing = pk_get_int(get);
    c->devices = pk_get_int(get);
    return PK_OK;
}

int pk_network_cells(struct pk_store *store, int64_t min_devices, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT t.value, count(*), sum(CASE WHEN w.standing > 1 THEN 1 ELSE 0 END),"
            " max(w.standing), max(w.devices) FROM network_traits t"
            " JOIN networks w ON w.id = t.network LEFT JOIN network_names n ON n.id = w.id"
            " WHERE t.kind = 4 AND " SHOWN("?1") " AND (?3 = '' OR " MET(
                    "?3") ") GROUP BY t.value"
                          " ORDER BY max(w.standing) DESC, count(*) DESC, t.value LIMIT ?2",
            err);

    pk_put_int(&put, min_devices);
    pk_put_int(&put, PK_NETWORK_CELLS_MAX);
    pk_put_text(&put, store->scope);
    return pk_put_get_all(&put, arena, read_cell, sizeof(struct pk_network_cell), out, err);
}

int pk_network_count(struct pk_store *store, int64_t min_devices, struct pk_network_counts *out,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT count(*), coalesce(sum(CASE WHEN " SHOWN(
                    "?1") " THEN 1 ELSE 0 END), 0),"
                          " coalesce(sum(CASE WHEN w.place IS NOT NULL AND " SHOWN(
                                  "?1") " THEN 1 ELSE 0 END), 0),"
                                        " coalesce(sum(CASE WHEN w.standing > 1 THEN 1 ELSE 0 "
                                        "END), 0) FROM " TABLES " WHERE (?2 = '' OR " MET("?2") ")",
            err);
    int rc;

    pk_put_int(&put, min_devices);
    pk_put_text(&put, store->scope);
    rc = pk_put_step(&put);
    if (rc > 0) {
        *out = (struct pk_network_counts){
            .all = pk_column_int(put.stmt, 0),
            .shown = pk_column_int(put.stmt, 1),
            .placed = pk_column_int(put.stmt, 2),
            .bad = pk_column_int(put.stmt, 3),
        };
        pk_stmt_reset(put.stmt);
    }
    return rc < 0 ? rc : PK_OK;
}
