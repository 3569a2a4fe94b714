#include "base/clock.h"
#include "database.h"
#include "model/observation.h"
#include "store/store.h"

/* Lists: filters, orders, pages. One database for all tests, which only read it. */

#define NOW     INT64_C(1795000000000)
#define DEVICES 1200

static struct pk_error err;
static struct test_database database;
static struct pk_store *store;
static struct pk_arena *arena;

static void add_one(int i)
{
    char id[PK_ID_TEXT];
    char name[40];
    struct pk_device d = { .id = id,
        .name = name,
        .group = i % 3 == 0 ? "sales" : "default",
        .platform = i % 2 == 0 ? PK_PLATFORM_LINUX : PK_PLATFORM_ANDROID,
        .os_name = "Debian",
        .enrolled_ms = NOW - i % 50 * 1000,
        .seen_ms = i % 4 == 0 ? 0 : NOW - i % 8 * 2 * PK_DAY_MS,
        .risk_score = i % 101,
        .risk_level = i % 4 };
    struct pk_incident in = { .threat = pk_threat_find(
                                      i % 2 == 0 ? "network.arp_spoof" : "network.dns_hijack"),
        .subject = i % 5 == 0 ? "50%_off" : "net-1",
        .state = (enum pk_incident_state)(i % 4),
        .severity = (enum pk_severity)(i % PK_SEVERITY_COUNT),
        .opened_ms = NOW - i % 40,
        .updated_ms = NOW - i % 7 };

    /* many share a name, in letters of both sizes; ids do not follow the order of adding */
    (void)snprintf(id, sizeof(id), "%04x-%d", (unsigned)(i * 40503U) & 0xffff, i);
    (void)snprintf(name, sizeof(name), i % 2 == 0 ? "Phone %d" : "phone %d", i % 30);
    (void)snprintf(in.id, sizeof(in.id), "i-%s", id);
    (void)snprintf(in.device, sizeof(in.device), "%s", id);
    assert_ok(pk_device_add(store, &d, &err));
    assert_ok(pk_incident_put(store, &in, &err));
    if (i % 10 == 9) {
        assert_ok(pk_device_revoke(store, id, NOW, "eve", "lost", &err));
    }
}

static int set_up(void **state)
{
    (void)state;
    test_database_start(&database);
    assert_ok(pk_store_open(database.url, &store, &err));
    arena = pk_arena_create(512 * 1024 * 1024);
    assert_ok(pk_store_begin(store, &err));
    for (int i = 0; i < DEVICES; i++) {
        add_one(i);
    }
    assert_ok(pk_store_commit(store, &err));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pk_store_close(store);
    pk_arena_destroy(arena);
    test_database_end(&database);
    return 0;
}

/* ---- pages ---- */

typedef int (*list_fn)(struct pk_store *, const struct pk_query *, struct pk_arena *,
        struct pk_page *, struct pk_error *);

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *id_at(const struct pk_page *page, size_t i, bool devices)
{
    return devices ? ((struct pk_device *)page->items)[i].id
                   : ((struct pk_incident_row *)page->items)[i].incident.id;
}

/* Walks the whole list; every row once, in an order that never steps back. */
static void walk(list_fn list, bool devices, const char *sort, int64_t limit)
{
    struct pk_query query = { .limit = limit, .sort = sort, .now_ms = NOW };
    const char **ids = calloc(DEVICES, sizeof(*ids));
    size_t count = 0;
    struct pk_page page;

    do {
        assert_ok(list(store, &query, arena, &page, &err));
        assert_int_equal(page.total, DEVICES);
        assert_true(page.count > 0 && page.count <= (size_t)limit);
        for (size_t i = 0; i < page.count; i++) {
            assert_true(count < DEVICES);
            ids[count++] = id_at(&page, i, devices);
        }
        query.cursor = page.next;
    } while (page.next != NULL);
    assert_int_equal(count, DEVICES);
    qsort(ids, count, sizeof(*ids), compare_text);
    for (size_t i = 1; i < count; i++) {
        assert_string_not_equal(ids[i - 1], ids[i]);
    }
    free(ids);
}

static void test_pages_of_devices(void **state)
{
    static const char *const sorts[] = { NULL, "name", "-name", "last_seen_at", "-last_seen_at",
        "risk", "-risk", "enrolled_at", "-enrolled_at" };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(sorts); i++) {
        walk(pk_device_list, true, sorts[i], 37);
    }
    walk(pk_device_list, true, "name", 500);
    walk(pk_device_list, true, "name", 400); /* ends exactly with a full page */
}

static void test_pages_of_incidents(void **state)
{
    static const char *const sorts[] = { NULL, "updated_at", "-updated_at", "opened_at",
        "-opened_at", "severity", "-severity" };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(sorts); i++) {
        walk(pk_incident_list, false, sorts[i], 41);
    }
}

static void test_orders(void **state)
{
    struct pk_query query = { .limit = 500, .now_ms = NOW };
    struct pk_incident_row *rows;
    struct pk_device *d;
    struct pk_page page;

    (void)state;
    query.sort = "-risk";
    assert_ok(pk_device_list(store, &query, arena, &page, &err));
    d = page.items;
    assert_int_equal(d[0].risk_score, 100);
    for (size_t i = 1; i < page.count; i++) {
        assert_true(d[i].risk_score <= d[i - 1].risk_score);
    }
    query.sort = "name";
    assert_ok(pk_device_list(store, &query, arena, &page, &err));
    d = page.items;
    for (size_t i = 1; i < page.count; i++) { /* letters of both sizes together */
        assert_true(strcasecmp(d[i].name, d[i - 1].name) >= 0);
    }
    query.sort = "-severity";
    assert_ok(pk_incident_list(store, &query, arena, &page, &err));
    rows = page.items;
    for (size_t i = 1; i < page.count; i++) {
        assert_true(rows[i].incident.severity < rows[i - 1].incident.severity ||
                (rows[i].incident.severity == rows[i - 1].incident.severity &&
                        rows[i].incident.updated_ms <= rows[i - 1].incident.updated_ms));
    }
}

/* ---- filters ---- */

static int64_t total(list_fn list, const char *field, const char *first, const char *second)
{
    const char *values[] = { first, second };
    const struct pk_filter filter = { field, { values, second != NULL ? 2 : 1 } };
    const struct pk_query query = {
        .limit = 1, .filters = &filter, .filter_count = 1, .now_ms = NOW
    };
    struct pk_page page;
    int rc = list(store, &query, arena, &page, &err);

    return rc < 0 ? rc : page.total;
}

static void test_filters(void **state)
{
    int64_t sum = 0;

    (void)state;
    assert_int_equal(total(pk_device_list, "group", "sales", NULL), 400);
    assert_int_equal(total(pk_device_list, "group", "sales", "default"), DEVICES);
    assert_int_equal(total(pk_device_list, "platform", "android", NULL), 600);
    assert_int_equal(total(pk_device_list, "level", "high", "critical"), 600);
    assert_int_equal(total(pk_device_list, "status", "revoked", NULL), 120);
    sum += total(pk_device_list, "status", "active", "silent");
    sum += total(pk_device_list, "status", "never", "revoked");
    assert_int_equal(sum, DEVICES);
    assert_int_equal(total(pk_device_list, "status", "never", NULL), 300);
    assert_int_equal(total(pk_device_list, "q", "PHONE 7", NULL), 40);
    assert_int_equal(total(pk_device_list, "q", "%", NULL), 0);
    assert_int_equal(total(pk_incident_list, "state", "open", "mitigated"), 600);
    assert_int_equal(total(pk_incident_list, "severity", "critical", NULL), 240);
    assert_int_equal(total(pk_incident_list, "vector", "network", NULL), DEVICES);
    assert_int_equal(total(pk_incident_list, "vector", "malware", NULL), 0);
    assert_int_equal(total(pk_incident_list, "threat", "network.arp_spoof", NULL), 600);
    assert_int_equal(total(pk_incident_list, "subject", "net-1", NULL), 960);
    assert_int_equal(total(pk_incident_list, "q", "50%_o", NULL), 240); /* wildcards are letters */
    assert_int_equal(total(pk_incident_list, "q", "phone 7", NULL), 40);
    assert_int_equal(total(pk_incident_list, "device", "0000-0", NULL), 1);
    assert_int_equal(total(pk_device_list, "group", "x' OR '1'='1", NULL), 0);
}

static void test_filters_together(void **state)
{
    const char *level[] = { "low" };
    const char *group[] = { "sales", "default" };
    const struct pk_filter filters[] = { { "level", { level, 1 } }, { "group", { group, 2 } } };
    struct pk_query query = { .limit = 7, .filters = filters, .filter_count = 2, .now_ms = NOW };
    struct pk_page page;
    size_t count = 0;

    (void)state;
    do {
        assert_ok(pk_device_list(store, &query, arena, &page, &err));
        assert_int_equal(page.total, 300);
        count += page.count;
        query.cursor = page.next;
    } while (page.next != NULL);
    assert_int_equal(count, 300);
}

static void test_refused(void **state)
{
    const struct pk_filter none = { "group", { NULL, 0 } };
    const char *many[200];
    struct pk_filter wide = { "group", { many, 200 } };
    struct pk_query query = { .limit = 10, .now_ms = NOW };
    struct pk_page page;

    (void)state;
    assert_int_equal(total(pk_device_list, "colour", "red", NULL), PK_EUNKNOWN);
    assert_string_equal(err.path, "colour");
    assert_int_equal(total(pk_device_list, "status", "asleep", NULL), PK_EINVAL);
    assert_int_equal(total(pk_incident_list, "severity", "red", NULL), PK_EINVAL);
    assert_string_equal(err.path, "severity");
    query.sort = "colour";
    assert_int_equal(pk_device_list(store, &query, arena, &page, &err), PK_EUNKNOWN);
    assert_string_equal(err.path, "sort");
    query.sort = "--name";
    assert_int_equal(pk_device_list(store, &query, arena, &page, &err), PK_EUNKNOWN);
    query.sort = NULL;
    query.limit = 0;
    assert_int_equal(pk_device_list(store, &query, arena, &page, &err), PK_EINVAL);
    query.limit = 501;
    assert_int_equal(pk_device_list(store, &query, arena, &page, &err), PK_EINVAL);
    query.limit = 10;
    query.filters = &none;
    query.filter_count = 1;
    assert_int_equal(pk_device_list(store, &query, arena, &page, &err), PK_EINVAL);
    for (size_t i = 0; i < PK_COUNT(many); i++) {
        many[i] = "sales";
    }
    query.filters = &wide;
    assert_int_equal(pk_device_list(store, &query, arena, &page, &err), PK_ELIMIT);
    wide.values.count = 64;
    assert_ok(pk_device_list(store, &query, arena, &page, &err));
    query.cursor = page.next; /* the most values and a cursor fit together */
    assert_ok(pk_device_list(store, &query, arena, &page, &err));
    assert_int_equal(page.count, 10);
}

static void test_bad_cursors(void **state)
{
    static const char *const bad[] = { "", "zz", "6e", "6e616d65", "6e616d650a61", "-",
        "6e616d650a610a00", "7269736b0a610a62", "7269736b0a310a" };
    struct pk_query query = { .limit = 10, .now_ms = NOW };
    struct pk_page page;
    char *longest = calloc(1, 100001);

    (void)state;
    for (size_t i = 0; i < PK_COUNT(bad); i++) {
        query.cursor = bad[i];
        assert_int_equal(pk_device_list(store, &query, arena, &page, &err), PK_EINVAL);
        assert_string_equal(err.path, "cursor");
    }
    memset(longest, '6', 100000);
    query.cursor = longest;
    assert_int_equal(pk_device_list(store, &query, arena, &page, &err), PK_EINVAL);
    free(longest);
    /* of another order */
    query.cursor = NULL;
    query.sort = "risk";
    assert_ok(pk_device_list(store, &query, arena, &page, &err));
    query.cursor = page.next;
    query.sort = "-risk";
    assert_int_equal(pk_device_list(store, &query, arena, &page, &err), PK_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_of_devices),
        cmocka_unit_test(test_pages_of_incidents),
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_filters_together),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bad_cursors),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
