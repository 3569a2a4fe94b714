/* How common apps are, counted from their rows, and which files are judged again: on both engines. */
#include "base/clock.h"
#include "database.h"
#include "model/incident.h"
#include "store/app_proof.h"

#define NOW INT64_C(1795000000000)

struct bench {
    struct test_database database;
    struct pk_store *store;
    struct pk_arena *arena;
};

static struct pk_error err;
static const char real_file[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char copy_file[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
static const char maker[] = "1111111111111111222222222222222222222222222222222222222222222222";
static const char other[] = "3333333333333333222222222222222222222222222222222222222222222222";

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

static const char *device_of(struct bench *b, int n)
{
    return pk_arena_printf(b->arena, "d%02d", n);
}

static void add_device(struct bench *b, int n, int64_t enrolled_ms, int64_t revoked_ms)
{
    struct pk_device device = { .id = device_of(b, n),
        .name = "x",
        .group = "g",
        .enrolled_ms = enrolled_ms,
        .revoked_ms = revoked_ms };

    assert_ok(pk_device_add(b->store, &device, &err));
    if (revoked_ms != 0) {
        assert_ok(pk_device_revoke(b->store, device.id, revoked_ms, "test", "lost", &err));
    }
    assert_ok(pk_inventory_put(b->store, device.id, NOW, &err));
}

static const char *add_app(
        struct bench *b, const char *signer, const char *sha256, int64_t devices, int64_t knowledge)
{
    struct pk_app_row row = {
        .package = "com.shop", .signer = signer, .devices = devices, .first_ms = NOW, .last_ms = NOW
    };
    struct pk_app_file file = { .sha256 = sha256,
        .package = "com.shop",
        .signer = signer,
        .devices = devices,
        .state = PK_FILE_ANALYSED,
        .standing = PK_STANDING_SUSPICIOUS,
        .knowledge = knowledge,
        .judged_ms = NOW - 2 * PK_DAY_MS,
        .first_ms = NOW,
        .last_ms = NOW,
        .risk = 35,
        .permissions = 5 };
    bool fresh;

    pk_app_id(row.package, row.signer, row.id);
    file.app = pk_arena_strdup(b->arena, row.id);
    assert_ok(pk_app_add(b->store, &row, &fresh, &err));
    assert_ok(pk_app_file_add(b->store, &file, &fresh, &err));
    assert_true(fresh);
    return file.app;
}

static void add_copy(struct bench *b, int device, const char *app, const char *sha256,
        const char *installer, int64_t since_ms, int64_t gone_ms)
{
    struct pk_device_app row = { .device = device_of(b, device),
        .package = "com.shop",
        .sha256 = sha256,
        .app = app,
        .signer = "",
        .label = "",
        .version = "1",
        .installer = installer,
        .since_ms = since_ms,
        .version_ms = since_ms,
        .gone_ms = gone_ms };

    assert_ok(pk_device_app_put(b->store, &row, &err));
}

static int64_t knowledge_of(struct bench *b, const char *sha256)
{
    struct pk_app_file file;

    assert_ok(pk_app_file_get(b->store, sha256, b->arena, &file, &err));
    assert_int_equal(file.risk, 35);
    assert_int_equal(file.permissions, 5);
    return file.knowledge;
}

static void test_counts(void **state)
{
    struct bench *b = *state;
    const char *real = add_app(b, maker, real_file, 5, 7);
    const struct pk_app_brought *rows;
    const struct pk_app_row *apps;
    struct pk_array list;
    int64_t n = 0;

    (void)add_app(b, other, copy_file, 1, 7);
    for (int i = 0; i < 7; i++) {
        add_device(b, i, NOW - 30 * PK_DAY_MS, 0);
        add_copy(b, i, real, real_file,
                i < 4           ? "com.android.vending"
                        : i < 5 ? ""
                                : NULL,
                NOW - i * PK_DAY_MS, i == 6 ? NOW : 0);
    }
    assert_ok(pk_app_proof_fleet(b->store, &n, &err));
    assert_int_equal(n, 7);
    assert_ok(pk_app_proof_signings(b->store, "com.shop", 10, b->arena, &list, &err));
    apps = list.items;
    assert_int_equal(list.count, 2);
    assert_string_equal(apps[0].signer, maker);
    assert_int_equal(apps[0].devices, 5);
    assert_ok(pk_app_proof_sources(b->store, real, 100, b->arena, &list, &err));
    rows = list.items;
    assert_int_equal(list.count, 3); /* the one that is gone is not there */
    assert_string_equal(rows[0].installer, "com.android.vending");
    assert_int_equal(rows[0].copies, 4);
    assert_true(rows[0].first_ms == NOW - 3 * PK_DAY_MS && rows[0].last_ms == NOW);
    assert_int_equal(rows[1].copies + rows[2].copies, 2);
    assert_ok(pk_app_proof_sources(b->store, real, 2, b->arena, &list, &err));
    rows = list.items;
    assert_int_equal(list.count, 1);
    assert_int_equal(rows[0].copies, 2); /* a sample */
    assert_ok(pk_app_proof_signer(b->store, maker, 100, b->arena, &list, &err));
    rows = list.items;
    assert_int_equal(rows[0].packages, 1);
    assert_ok(pk_app_proof_since(b->store, real, NOW - 2 * PK_DAY_MS, &n, &err));
    assert_int_equal(n, 3);
}

/* Only who is in good standing, and has been for days. */
static void test_settled(void **state)
{
    struct bench *b = *state;
    const char *real = add_app(b, maker, real_file, 6, 7);
    int64_t before = NOW - 5 * PK_DAY_MS;
    int64_t old = NOW - 9 * PK_DAY_MS;
    struct pk_incident incident = { .id = "inc-1",
        .device = "d04",
        .threat = pk_threat_find("network.tls_untrusted_ca"),
        .subject = "net-0",
        .severity = PK_SEVERITY_HIGH,
        .opened_ms = NOW,
        .updated_ms = NOW };
    int64_t n = 0;

    add_device(b, 0, old, 0);
    add_device(b, 1, old, 0);
    add_device(b, 2, NOW - PK_DAY_MS, 0); /* new itself */
    add_device(b, 3, old, NOW);           /* revoked */
    add_device(b, 4, old, 0);             /* under attack */
    add_device(b, 5, old, 0);
    for (int i = 0; i < 5; i++) {
        add_copy(b, i, real, real_file, "", old, 0);
    }
    add_copy(b, 5, real, real_file, "", NOW - PK_DAY_MS, 0); /* got it yesterday */
    assert_ok(pk_incident_put(b->store, &incident, &err));
    assert_ok(pk_app_proof_settled(b->store, real_file, before, 100, &n, &err));
    assert_int_equal(n, 2);
    assert_ok(pk_app_proof_settled(b->store, real_file, before, 1, &n, &err));
    assert_int_equal(n, 1);
    assert_ok(pk_app_proof_settled(b->store, copy_file, before, 100, &n, &err));
    assert_int_equal(n, 0);
    incident.state = PK_INCIDENT_RESOLVED;
    assert_ok(pk_incident_put(b->store, &incident, &err));
    assert_ok(pk_app_proof_settled(b->store, real_file, before, 100, &n, &err));
    assert_int_equal(n, 3);
}

static void test_doubts(void **state)
{
    struct bench *b = *state;
    int64_t n = 0;

    (void)add_app(b, maker, real_file, 50, 7);
    (void)add_app(b, other, copy_file, 1, 7);
    assert_ok(pk_app_proof_doubt_package(b->store, "com.shop", 10, &n, &err));
    assert_int_equal(n, 1);
    assert_int_equal(knowledge_of(b, copy_file), 0);
    assert_int_equal(knowledge_of(b, real_file), 7); /* what most have needs no second look */
    assert_ok(pk_app_proof_doubt_package(b->store, "com.other", 10, &n, &err));
    assert_int_equal(n, 0);
    assert_ok(pk_app_proof_doubt_old(b->store, 20, NOW - 3 * PK_DAY_MS, 10, &n, &err));
    assert_int_equal(n, 0); /* judged since */
    assert_ok(pk_app_proof_doubt_old(b->store, 51, NOW - PK_DAY_MS, 10, &n, &err));
    assert_int_equal(n, 0); /* fewer have it */
    assert_ok(pk_app_proof_doubt_old(b->store, 20, NOW - PK_DAY_MS, 10, &n, &err));
    assert_int_equal(n, 1);
    assert_int_equal(knowledge_of(b, real_file), 0);
    assert_ok(pk_app_proof_doubt_file(b->store, "bbbbbbbbbbbbbbbb", &n, &err));
    assert_int_equal(n, 1);
    assert_ok(pk_app_proof_doubt_file(b->store, "bbbbbbbbbbbbbbbc", &n, &err));
    assert_int_equal(n, 0);
    assert_ok(pk_app_proof_doubt_signer(b->store, "1111111111111111", &n, &err));
    assert_int_equal(n, 1);
    assert_ok(pk_app_proof_doubt_signer(b->store, "2222222222222222", &n, &err));
    assert_int_equal(n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_settled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_doubts, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
