/* How long rows are kept, and everything of one device handed out and taken out: on both engines. */
#include "base/clock.h"
#include "database.h"
#include "store/personal.h"
#include "store/retention.h"

#define NOW INT64_C(1795000000000)
#define OLD "1794000000000"
#define NEW "1794999999999"
#define CUT INT64_C(1794500000000)

struct bench {
    struct test_database database;
    struct pk_store *store;
    struct pk_arena *arena;
};

static struct pk_error err;

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    test_database_start(&b->database);
    assert_ok(pk_store_open(b->database.url, &b->store, &err));
    b->arena = pk_arena_create(64UL * 1024 * 1024);
    assert_non_null(b->arena);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    pk_store_close(b->store);
    pk_arena_destroy(b->arena);
    test_database_end(&b->database);
    free(b);
    return 0;
}

static void exec(struct bench *b, const char *sql)
{
    if (pk_db_exec(pk_store_db(b->store), sql, &err) < 0) {
        fail_msg("%s: %s", sql, err.text);
    }
}

static int64_t count(struct bench *b, const char *sql)
{
    struct pk_stmt *stmt = NULL;
    int64_t n;

    if (pk_db_prepare_once(pk_store_db(b->store), sql, &stmt, &err) < 0 ||
            pk_stmt_step(stmt, &err) < 0) {
        fail_msg("%s: %s", sql, err.text);
    }
    n = pk_column_int(stmt, 0);
    pk_stmt_finish(stmt);
    return n;
}

static void add_device(struct bench *b, const char *id, const char *name)
{
    struct pk_device device = { .id = id,
        .name = name,
        .group = "",
        .model = "",
        .os_name = "",
        .os_version = "",
        .kernel = "",
        .agent = "",
        .enrolled_ms = NOW,
        .cert_serial = "01" };

    assert_ok(pk_device_add(b->store, &device, &err));
}

#define INCIDENT(id, device, subject, state, ended)                                            \
    "INSERT INTO incidents (id, device, threat, vector, subject, state, severity, confidence," \
    " hits, opened_ms, updated_ms, ended_ms, rule, evidence) VALUES ('" id "', '" device       \
    "', 'network.arp_spoof', 0, '" subject "', " state ", 3, 0.9, 1, " OLD ", " OLD ", " ended \
    ", 'r', '{\"canary\": 1}')"
#define ACTION(device, incident, state)                                                          \
    "INSERT INTO actions (kind, target, device, incident, state, created_ms, done_ms,"           \
    " attempts, payload) VALUES (0, '" device "', '" device "', '" incident "', " state ", " OLD \
    ", " OLD ", 1, '{}')"
#define APP(device, package, sha256, gone)                                                        \
    "INSERT INTO device_apps (device, package, sha256, app, signer, label, version,"              \
    " version_code, system, profile, since_ms, version_ms, gone_ms, standing, subject, judgement" \
    ") VALUES ('" device "', '" package "', '" sha256 "', 'app-" package "', '', 'Label', '1',"   \
    " 1, 0, 0, " OLD ", " OLD ", " gone ", 0, '" package "', 0)"

static int64_t purge(struct bench *b, enum pk_keep keep, int64_t limit)
{
    int64_t n = -1;

    assert_ok(pk_store_purge(b->store, keep, CUT, limit, &n, &err));
    return n;
}

static void test_purge_incidents(void **state)
{
    struct bench *b = *state;

    add_device(b, "d-1", "one");
    exec(b, INCIDENT("open", "d-1", "net-1", "0", "0"));
    exec(b, INCIDENT("mitigated", "d-1", "net-1", "1", "0"));
    exec(b, INCIDENT("resolved", "d-1", "net-1", "2", OLD));
    exec(b, INCIDENT("young", "d-1", "net-1", "2", NEW));
    exec(b, INCIDENT("waits", "d-1", "net-2", "2", OLD));
    exec(b, INCIDENT("not-this-app", "d-1", "com.a", "3", OLD));
    exec(b, INCIDENT("dismissed", "d-1", "com.b", "3", OLD));
    exec(b, ACTION("d-1", "waits", "0"));
    exec(b, APP("d-1", "com.a", "aa", "0"));
    exec(b, APP("d-1", "com.b", "bb", OLD));
    exec(b,
            "INSERT INTO timeline (incident, at_ms, what, who) VALUES ('resolved', 1, 'x', 'y'),"
            " ('open', 1, 'x', 'y')");
    assert_int_equal(purge(b, PK_KEEP_INCIDENTS, 1), 1);
    assert_int_equal(purge(b, PK_KEEP_INCIDENTS, 100), 1);
    assert_int_equal(purge(b, PK_KEEP_INCIDENTS, 100), 0);
    assert_int_equal(count(b,
                             "SELECT count(*) FROM incidents WHERE id IN ('open', 'mitigated',"
                             " 'young', 'waits', 'not-this-app')"),
            5);
    assert_int_equal(count(b, "SELECT count(*) FROM timeline"), 1);
}

static void test_purge_rows(void **state)
{
    struct bench *b = *state;
    int64_t purged = -1;

    add_device(b, "d-1", "one");
    exec(b,
            "INSERT INTO events (at_ms, type) VALUES (" OLD ", 'a'), (" OLD ", 'b'), (" NEW
            ", 'c'), (" OLD ", 'd')");
    assert_ok(pk_store_purged_event(b->store, &purged, &err));
    assert_int_equal(purged, 0);
    assert_int_equal(purge(b, PK_KEEP_EVENTS, 2), 2);
    assert_ok(pk_store_purged_event(b->store, &purged, &err));
    assert_int_equal(purged, 2);

    exec(b, ACTION("d-1", "x", "0"));
    exec(b, ACTION("d-1", "x", "1"));
    assert_int_equal(purge(b, PK_KEEP_ACTIONS, 10), 1);
    assert_int_equal(count(b, "SELECT count(*) FROM actions WHERE state = 0"), 1);

    exec(b, APP("d-1", "com.a", "aa", "0"));
    exec(b, APP("d-1", "com.b", "bb", OLD));
    exec(b, APP("d-1", "com.c", "cc", NEW));
    exec(b, APP("d-1", "com.d", "dd", OLD));
    exec(b, INCIDENT("open", "d-1", "com.d", "0", "0")); /* something is still open about it */
    assert_int_equal(purge(b, PK_KEEP_APPS, 10), 1);
    assert_int_equal(count(b, "SELECT count(*) FROM device_apps WHERE package <> 'com.b'"), 3);

    exec(b,
            "INSERT INTO audit (at_ms, actor, act, target) VALUES (" OLD ", 'a', 'b', 'c'), (" NEW
            ", 'a', 'b', 'c')");
    exec(b,
            "INSERT INTO tokens (id, kind, secret, name, role, created_ms, expires_ms, used_ms)"
            " VALUES ('t1', 2, 's1', 'n', 1, 1, " OLD ", 1), ('t2', 0, 's2', 'n', 1, 1, 0, 1)");
    exec(b,
            "INSERT INTO erasures (id, state, asked_ms, asked_by, begun_ms, done_ms) VALUES"
            " ('e1', 2, 1, 'a', 1, " OLD "), ('e2', 1, 1, 'a', 1, 0)");
    assert_int_equal(purge(b, PK_KEEP_AUDIT, 10), 1);
    assert_int_equal(count(b, "SELECT count(*) FROM tokens WHERE id = 't2'"), 1);
    assert_int_equal(count(b, "SELECT count(*) FROM tokens"), 1);
    assert_int_equal(count(b, "SELECT count(*) FROM erasures WHERE id = 'e2'"), 1);
    assert_int_equal(count(b, "SELECT count(*) FROM erasures"), 1);
}

static void test_ledger_days(void **state)
{
    struct bench *b = *state;
    struct pk_ledger_counts more = { .reports = 1, .bytes = 100, .by_kind = { [PK_OBS_TLS] = 2 } };
    const struct pk_ledger_day *days;
    struct pk_array list = { 0 };

    assert_ok(pk_ledger_day_add(b->store, "d-1", CUT - PK_DAY_MS, &more, &err));
    assert_ok(pk_ledger_day_add(b->store, "d-1", CUT, &more, &err));
    assert_ok(pk_ledger_day_add(b->store, "d-1", CUT, &more, &err));
    assert_ok(pk_ledger_day_add(b->store, "d-2", CUT, &more, &err));
    assert_ok(pk_ledger_days(b->store, "d-1", 10, b->arena, &list, &err));
    days = list.items;
    assert_int_equal(list.count, 2);
    assert_int_equal(days[0].day, CUT / PK_DAY_MS);
    assert_int_equal(days[0].counts.reports, 2);
    assert_int_equal(days[0].counts.bytes, 200);
    assert_int_equal(days[0].counts.by_kind[PK_OBS_TLS], 4);
    assert_int_equal(days[1].counts.reports, 1);
    assert_int_equal(purge(b, PK_KEEP_LEDGER, 10), 1);
    assert_int_equal(count(b, "SELECT count(*) FROM ledger_days"), 2);
}

/* A table that names devices and is not on the list would be left out of export and erasure. */
static void test_list_is_whole(void **state)
{
    struct bench *b = *state;
    const char *sql = b->database.postgres
            ? "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public'"
              " AND column_name IN ('device', 'asked_device', 'device_id')"
            : "SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type ="
              " 'table' AND p.name IN ('device', 'asked_device', 'device_id')";
    struct pk_stmt *stmt = NULL;
    int found = 0;
    int rc;

    assert_ok(pk_db_prepare_once(pk_store_db(b->store), sql, &stmt, &err));
    for (rc = pk_stmt_step(stmt, &err); rc > 0; rc = pk_stmt_step(stmt, &err)) {
        const char *table = pk_column_text(stmt, 0);
        size_t i = 0;

        while (pk_personal_tables[i] != NULL && strcmp(pk_personal_tables[i], table) != 0) {
            i++;
        }
        if (pk_personal_tables[i] == NULL) {
            fail_msg("'%s' names devices and is not in store/personal.c", table);
        }
        found++;
    }
    pk_stmt_finish(stmt);
    assert_int_equal(rc, PK_OK);
    assert_true(found >= 12);
}

static void fill(struct bench *b)
{
    add_device(b, "d-canary", "canary name");
    add_device(b, "d-2", "other");
    exec(b, INCIDENT("i-1", "d-canary", "net-both", "0", "0"));
    exec(b, INCIDENT("i-2", "d-2", "net-both", "2", OLD));
    exec(b,
            "INSERT INTO timeline (incident, at_ms, what, who, detail) VALUES"
            " ('i-1', 1, 'told', 'y', 'canary'), ('i-2', 1, 'told', 'y', 'z')");
    exec(b, ACTION("d-canary", "i-1", "0"));
    exec(b, ACTION("d-2", "i-2", "0"));
    exec(b, APP("d-canary", "com.both", "bb", "0"));
    exec(b, APP("d-canary", "com.canary", "cc", "0"));
    exec(b, APP("d-2", "com.both", "bb", "0"));
    exec(b,
            "INSERT INTO apps (id, package, signer, label, version, version_code, standing, score,"
            " devices, versions, first_ms, last_ms) VALUES"
            " ('app-com.both', 'com.both', '', '', '', 1, 0, 0, 2, 1, 1, 1),"
            " ('app-com.canary', 'com.canary', '', 'canary', '', 1, 0, 0, 1, 1, 1, 1)");
    exec(b,
            "INSERT INTO app_files (sha256, app, package, label, version, version_code, signer,"
            " size, state, standing, score, devices, first_ms, last_ms, judged_ms, knowledge,"
            " judgement, push, asked_ms, asked_device, asks) VALUES"
            " ('bb', 'app-com.both', 'com.both', '', '', 1, '', 1, 0, 0, 0, 2, 1, 1, 0, 0, 0, 0,"
            "  0, 'd-canary', 1),"
            " ('cc', 'app-com.canary', 'com.canary', 'canary', '', 1, '', 1, 0, 0, 0, 1, 1, 1, 0,"
            "  0, 0, 0, 0, NULL, 0)");
    exec(b,
            "INSERT INTO networks (id, link, security, standing, first_ms, last_ms, checked_ms,"
            " bad_ms, devices, points, makers, gateways, resolvers, places) VALUES"
            " ('net-both', 1, 5, 4, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1),"
            " ('net-own', 1, 5, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1)");
    exec(b,
            "INSERT INTO network_devices (network, device, first_ms, last_ms, visits) VALUES"
            " ('net-both', 'd-canary', 1, 1, 1), ('net-both', 'd-2', 1, 1, 1),"
            " ('net-own', 'd-canary', 1, 1, 1)");
    exec(b,
            "INSERT INTO network_traits (network, kind, value, first_ms, last_ms) VALUES"
            " ('net-own', 0, 'canary', 1, 1), ('net-both', 0, 'point', 1, 1)");
    exec(b,
            "INSERT INTO events (at_ms, type, device, incident, detail) VALUES"
            " (1, 'device.seen', 'd-canary', NULL, NULL), (1, 'x', NULL, 'i-1', NULL),"
            " (1, 'audit', NULL, NULL, '{\"target\":\"d-canary\"}'),"
            " (1, 'audit', NULL, NULL, '{\"target\":\"i-1\"}'), (1, 'device.seen', 'd-2', NULL, "
            "NULL)");
    exec(b,
            "INSERT INTO audit (at_ms, actor, act, target, detail) VALUES"
            " (1, 'anna', 'device.look', 'd-canary', '{\"name\":\"canary\"}'),"
            " (1, 'anna', 'incident.dismiss', 'i-1', '{\"reason\":\"canary\"}'),"
            " (1, 'anna', 'device.look', 'd-2', '{\"name\":\"other\"}')");
    exec(b,
            "INSERT INTO crowd_findings (kind, a, b, device, threat, subject, part, at_ms) VALUES"
            " (0, 1, 2, 'd-canary', 't', 's', '', 1), (0, 1, 2, 'd-2', 't', 's', '', 1)");
}

static int count_networks(void *ctx, const struct pk_personal_network *network)
{
    int64_t *sums = ctx;

    sums[0]++;
    sums[1] += network->devices;
    return network->own ? PK_EINVAL : PK_OK;
}

static void test_export(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *table;
        size_t rows;
    } expected[] = { { "devices", 1 }, { "incidents", 1 }, { "timeline", 1 }, { "actions", 1 },
        { "events", 1 }, { "audit", 2 }, { "device_apps", 2 }, { "network_devices", 2 },
        { "crowd_findings", 1 }, { "ledger", 0 } };
    int64_t sums[2] = { 0 };
    json_t *all = NULL;

    fill(b);
    assert_ok(pk_personal_export(b->store, "d-canary", &all, &err));
    for (size_t i = 0; i < PK_COUNT(expected); i++) {
        const json_t *rows = json_object_get(all, expected[i].table);

        if (json_array_size(rows) != expected[i].rows) {
            fail_msg("%s: %zu", expected[i].table, json_array_size(rows));
        }
    }
    assert_string_equal(json_string_value(json_object_get(
                                json_array_get(json_object_get(all, "devices"), 0), "name")),
            "canary name");
    assert_true(json_is_object(
            json_object_get(json_array_get(json_object_get(all, "incidents"), 0), "evidence")));
    assert_int_equal(json_array_size(json_object_get(all, "more")), 0);
    json_decref(all);
    assert_ok(pk_personal_networks(b->store, "d-canary", count_networks, sums, &err));
    assert_int_equal(sums[0], 2);
    assert_int_equal(sums[1], 3);
}

static void test_erasure_states(void **state)
{
    struct bench *b = *state;
    struct pk_erasure ask = { .id = "e-1", .device = "d-1", .asked_ms = NOW, .asked_by = "device" };
    struct pk_array list = { 0 };
    struct pk_erasure got;

    assert_int_equal(pk_erasure_of(b->store, "d-1", b->arena, &got, &err), PK_ENOENT);
    assert_ok(pk_erasure_add(b->store, &ask, &err));
    assert_ok(pk_erasure_of(b->store, "d-1", b->arena, &got, &err));
    assert_int_equal(got.state, PK_ERASURE_ASKED);
    assert_ok(pk_erasure_begin(b->store, "e-1", NOW + 1, &err));
    assert_int_equal(pk_erasure_begin(b->store, "e-1", NOW + 2, &err), PK_ENOENT);
    assert_int_equal(pk_erasure_remove(b->store, "e-1", &err), PK_ENOENT); /* it has begun */
    assert_ok(pk_erasure_get(b->store, "e-1", b->arena, &got, &err));
    assert_int_equal(got.begun_ms, NOW + 1);
    ask.id = "e-2";
    ask.device = "d-2";
    assert_ok(pk_erasure_add(b->store, &ask, &err));
    assert_ok(pk_erasure_list(b->store, PK_ERASURE_BEGUN, b->arena, &list, &err));
    assert_int_equal(list.count, 1);
    assert_ok(pk_erasure_list(b->store, -1, b->arena, &list, &err));
    assert_int_equal(list.count, 2);
    assert_ok(pk_erasure_remove(b->store, "e-2", &err));
    assert_int_equal(pk_erasure_remove(b->store, "e-2", &err), PK_ENOENT);
}

static void sweep(struct bench *b, const char *device, struct pk_personal_place *place)
{
    int rc = 1;

    for (int i = 0; rc > 0; i++) {
        assert_true(i < 100);
        rc = pk_personal_sweep(b->store, device, place, &err);
    }
    assert_int_equal(rc, PK_OK);
}

static void test_erase(void **state)
{
    struct bench *b = *state;
    struct pk_erasure erasure = {
        .id = "e-1", .device = "d-canary", .state = PK_ERASURE_BEGUN, .asked_by = "anna"
    };
    struct pk_personal_place place = { 0 };
    static const char *const gone[] = { "devices WHERE id = 'd-canary'",
        "incidents WHERE id = 'i-1'", "timeline WHERE incident = 'i-1'",
        "actions WHERE device = 'd-canary'", "device_apps WHERE device = 'd-canary'",
        "apps WHERE package = 'com.canary'", "app_files WHERE sha256 = 'cc'",
        "app_files WHERE asked_device IS NOT NULL", "networks WHERE id = 'net-own'",
        "network_traits WHERE value = 'canary'", "network_devices WHERE device = 'd-canary'",
        "crowd_findings WHERE device = 'd-canary'",
        ("events WHERE device = 'd-canary' OR incident = 'i-1' OR detail LIKE '%canary%'"
         " OR detail LIKE '%i-1%'"),
        "audit WHERE target IN ('d-canary', 'i-1') OR detail LIKE '%canary%'",
        "erasures WHERE device IS NOT NULL" };
    char sql[300];

    fill(b);
    assert_ok(pk_erasure_add(b->store, &erasure, &err));
    sweep(b, "d-canary", &place);
    /* somebody looks at the last moment */
    exec(b,
            "INSERT INTO audit (at_ms, actor, act, target) VALUES (2, 'x', 'device.look', "
            "'d-canary')");
    exec(b, "INSERT INTO events (at_ms, type, device) VALUES (2, 'device.seen', 'd-canary')");
    assert_ok(pk_personal_erase(b->store, &erasure, &place, NOW, &err));
    for (size_t i = 0; i < PK_COUNT(gone); i++) {
        (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", gone[i]);
        if (count(b, sql) != 0) {
            fail_msg("still there: %s", gone[i]);
        }
    }
    /* what belongs to others, and what administrators did */
    assert_int_equal(count(b, "SELECT count(*) FROM devices"), 1);
    assert_int_equal(count(b, "SELECT count(*) FROM incidents"), 1);
    assert_int_equal(count(b, "SELECT count(*) FROM actions"), 1);
    assert_int_equal(count(b, "SELECT devices FROM networks WHERE id = 'net-both'"), 1);
    assert_int_equal(count(b, "SELECT standing FROM networks WHERE id = 'net-both'"), 1);
    assert_int_equal(count(b, "SELECT devices FROM apps WHERE id = 'app-com.both'"), 1);
    assert_int_equal(count(b, "SELECT devices FROM app_files WHERE sha256 = 'bb'"), 1);
    assert_int_equal(count(b, "SELECT count(*) FROM audit WHERE act = 'device.look'"), 3);
    assert_int_equal(count(b, "SELECT count(*) FROM audit WHERE act = 'device.erased'"), 1);
    assert_int_equal(count(b, "SELECT count(*) FROM erasures WHERE state = 2"), 1);
    assert_ok(pk_personal_scrub(b->store, &err));
    assert_int_equal(pk_personal_is_told(b->store, "d-canary", &err), 0);
    exec(b, "INSERT INTO crowd_words (text) VALUES ('f d-canary')");
    assert_int_equal(pk_personal_is_told(b->store, "d-canary", &err), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_purge_incidents, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_purge_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ledger_days, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_list_is_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_export, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_erasure_states, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_erase, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
