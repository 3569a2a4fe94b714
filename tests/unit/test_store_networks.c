/* Networks, who met them, and what was seen of them: on both engines. */
#include "base/clock.h"
#include "database.h"
#include "store/networks.h"

#define NOW INT64_C(1795000000000)

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
    b->arena = pk_arena_create(256UL * 1024 * 1024);
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

static const char *id_of(struct bench *b, int n)
{
    return pk_arena_printf(b->arena, "net-%016d", n);
}

static void add_network(struct bench *b, int n, int64_t at_ms)
{
    struct pk_network_row row = {
        .link = 1, .security = 4, .first_ms = at_ms, .last_ms = at_ms, .place = "u33db"
    };

    (void)snprintf(row.id, sizeof(row.id), "%s", id_of(b, n));
    assert_ok(pk_network_put(b->store, &row, &err));
}

static struct pk_network_row get(struct bench *b, int n)
{
    struct pk_network_row row = { 0 };

    assert_ok(pk_network_get(b->store, id_of(b, n), b->arena, &row, &err));
    return row;
}

static void visit(struct bench *b, int n, const char *device, int64_t at_ms, bool joined)
{
    assert_ok(pk_network_visit(b->store, id_of(b, n), device, at_ms, joined, &err));
}

static void test_round_trip(void **state)
{
    struct bench *b = *state;
    struct pk_network_row row;

    assert_int_equal(pk_network_get(b->store, id_of(b, 1), b->arena, &row, &err), PK_ENOENT);
    add_network(b, 1, NOW);
    row = get(b, 1);
    assert_string_equal(row.id, id_of(b, 1));
    assert_null(row.name);
    assert_int_equal(row.security, 4);
    assert_string_equal(row.place, "u33db");
    visit(b, 1, "a", NOW, true);
    visit(b, 1, "b", NOW + 5, true);
    visit(b, 1, "a", NOW + 9, true);
    visit(b, 1, "a", NOW - 9, false); /* a late report */
    row.last_ms = NOW + 100;
    row.checked_ms = NOW + 100;
    row.standing = PK_NETWORK_CLEAN;
    assert_ok(pk_network_put(b->store, &row, &err));
    row = get(b, 1);
    assert_int_equal(row.devices, 2); /* writing the row does not touch what is counted */
    assert_int_equal(row.standing, PK_NETWORK_CLEAN);
    assert_int_equal(row.checked_ms, NOW + 100);
}

static void test_traits(void **state)
{
    struct bench *b = *state;
    const struct pk_network_trait_row *t;
    struct pk_network_row row;
    struct pk_array all;

    add_network(b, 1, NOW);
    for (int i = 0; i < PK_TRAIT_VALUES_MAX + 20; i++) {
        assert_ok(pk_network_trait_put(b->store, id_of(b, 1), PK_TRAIT_POINT,
                pk_arena_printf(b->arena, "02:00:00:00:00:%02x", i), NOW + i, &err));
    }
    assert_ok(pk_network_trait_put(
            b->store, id_of(b, 1), PK_TRAIT_GATEWAY, "02:00:00:00:00:01", NOW, &err));
    assert_ok(pk_network_trait_put(
            b->store, id_of(b, 1), PK_TRAIT_GATEWAY, "02:00:00:00:00:01", NOW + 7, &err));
    row = get(b, 1);
    assert_int_equal(row.points, PK_TRAIT_VALUES_MAX);
    assert_int_equal(row.gateways, 1);
    assert_ok(pk_network_traits(b->store, id_of(b, 1), b->arena, &all, &err));
    assert_int_equal(all.count, PK_TRAIT_VALUES_MAX + 1);
    t = all.items;
    assert_string_equal(t[0].value, "02:00:00:00:00:53"); /* the newest first, the oldest gone */
    assert_int_equal(t[PK_TRAIT_VALUES_MAX].first_ms, NOW);
    assert_int_equal(t[PK_TRAIT_VALUES_MAX].last_ms, NOW + 7);
}

static void test_facts(void **state)
{
    struct bench *b = *state;
    struct pk_network_fact fact = { .kind = PK_OBS_TLS, .part = "h0", .at_ms = NOW };
    struct pk_array all;
    const struct pk_network_fact *f;

    add_network(b, 1, NOW);
    for (int i = 0; i < 2 * PK_NETWORK_PARTS_MAX; i++) {
        fact.part = pk_arena_printf(b->arena, "h%d", i);
        fact.body = json_pack("{s:i}", "n", i);
        assert_ok(pk_network_fact_put(b->store, id_of(b, 1), &fact, &err));
        json_decref(fact.body);
    }
    fact.part = "h0";
    for (int i = 1; i <= 2; i++) { /* too soon, then due */
        fact.at_ms = NOW + (i - 1) * PK_NETWORK_FACT_MS + 1;
        fact.body = json_pack("{s:i}", "n", 100 * i);
        assert_ok(pk_network_fact_put(b->store, id_of(b, 1), &fact, &err));
        json_decref(fact.body);
    }
    assert_ok(pk_network_facts(b->store, id_of(b, 1), b->arena, &all, &err));
    assert_int_equal(all.count, PK_NETWORK_PARTS_MAX);
    f = all.items;
    assert_string_equal(f[0].part, "h0");
    assert_int_equal(json_integer_value(json_object_get(f[0].body, "n")), 200);
}

static void add_incident(struct bench *b, const char *threat, int n, enum pk_incident_state state)
{
    struct pk_incident i = { .threat = pk_threat_find(threat),
        .subject = id_of(b, n),
        .state = state,
        .rule = "r",
        .opened_ms = NOW,
        .updated_ms = NOW };
    struct pk_device device = { .id = "dev", .name = "dev", .group = "g" };

    assert_non_null(i.threat);
    i.severity = i.threat->severity;
    if (pk_device_get(b->store, "dev", b->arena, &device, &err) == PK_ENOENT) {
        assert_ok(pk_device_add(b->store, &device, &err));
    }
    (void)snprintf(i.id, sizeof(i.id), "%s", threat);
    (void)snprintf(i.device, sizeof(i.device), "dev");
    assert_ok(pk_incident_put(b->store, &i, &err));
    assert_ok(pk_network_judge(b->store, id_of(b, n), &err));
}

static void test_judge(void **state)
{
    struct bench *b = *state;

    add_network(b, 1, NOW);
    assert_ok(pk_network_judge(b->store, id_of(b, 1), &err));
    assert_int_equal(get(b, 1).standing, PK_NETWORK_UNKNOWN);
    add_incident(b, "network.captive_portal", 1, PK_INCIDENT_OPEN);
    assert_int_equal(get(b, 1).standing, PK_NETWORK_UNKNOWN);
    add_incident(b, "network.open_wifi", 1, PK_INCIDENT_OPEN);
    assert_int_equal(get(b, 1).standing, PK_NETWORK_LOW);
    add_incident(b, "network.arp_spoof", 1, PK_INCIDENT_OPEN);
    assert_int_equal(get(b, 1).standing, PK_NETWORK_HIGH);
    assert_string_equal(get(b, 1).threat, "network.arp_spoof");
    add_incident(b, "network.arp_spoof", 1, PK_INCIDENT_RESOLVED);
    assert_int_equal(get(b, 1).standing, PK_NETWORK_LOW);
    add_incident(b, "network.open_wifi", 1, PK_INCIDENT_DISMISSED);
    assert_int_equal(get(b, 1).standing, PK_NETWORK_UNKNOWN);
    assert_null(get(b, 1).threat);
}

static int64_t total(struct bench *b, const char *field, const char *value)
{
    struct pk_filter filter = { .field = field, .values = { .items = &value, .count = 1 } };
    struct pk_query query = { .limit = 10, .filters = &filter, .filter_count = field != NULL };
    struct pk_page page;

    assert_ok(pk_network_list(b->store, &query, 2, b->arena, &page, &err));
    return page.total;
}

/* 1: somebody's home; 2: two devices; 3: a home where an attack was; 4: a home on the list. */
static void test_who_is_shown(void **state)
{
    struct bench *b = *state;
    struct pk_network_name name = { .id = id_of(b, 4), .name = "Corp" };
    struct pk_network_counts counts = { 0 };
    struct pk_network_row row;
    struct pk_array cells;
    const struct pk_network_cell *cell;

    for (int n = 1; n <= 4; n++) {
        add_network(b, n, NOW + n);
        visit(b, n, "a", NOW, true);
        assert_ok(pk_network_trait_put(
                b->store, id_of(b, n), PK_TRAIT_PLACE, n < 4 ? "u33db" : "u33dc", NOW, &err));
    }
    visit(b, 2, "b", NOW, true);
    row = get(b, 3);
    row.bad_ms = NOW;
    row.bad_threat = "network.arp_spoof";
    assert_ok(pk_network_put(b->store, &row, &err));
    assert_int_equal(total(b, NULL, NULL), 2);
    assert_ok(pk_network_names_put(b->store, &name, 1, &err));
    assert_int_equal(total(b, NULL, NULL), 3);
    assert_string_equal(get(b, 4).name, "Corp");
    assert_int_equal(total(b, "listed", "yes"), 1);
    assert_int_equal(total(b, "q", "CORP"), 1);
    assert_int_equal(total(b, "attacked", "yes"), 1);
    assert_int_equal(total(b, "place", "u33db"), 2);
    assert_int_equal(total(b, "device", "a"), 3);
    assert_int_equal(total(b, "link", "wifi"), 3);
    assert_false(pk_network_shown(&(struct pk_network_row){ .devices = 1 }, 2));
    assert_ok(pk_network_count(b->store, 2, &counts, &err));
    assert_int_equal(counts.all, 4);
    assert_int_equal(counts.shown, 3);
    assert_ok(pk_network_cells(b->store, 2, b->arena, &cells, &err));
    assert_int_equal(cells.count, 2);
    cell = cells.items;
    assert_string_equal(cell[0].place, "u33db");
    assert_int_equal(cell[0].networks, 2); /* the home is in no cell */
    assert_ok(pk_network_names_put(b->store, NULL, 0, &err));
    assert_int_equal(total(b, NULL, NULL), 2);
}

static void test_forget(void **state)
{
    struct bench *b = *state;
    struct pk_network_row row;
    int64_t count = 0;

    for (int n = 0; n < 10; n++) {
        add_network(b, n, NOW + n);
        visit(b, n, "a", NOW + n, true);
    }
    add_incident(b, "network.arp_spoof", 0, PK_INCIDENT_OPEN);
    assert_ok(pk_network_forget(b->store, NOW + 6, 3, &count, &err));
    assert_int_equal(count, 3);
    assert_ok(pk_network_forget(b->store, NOW + 6, 3, &count, &err));
    assert_int_equal(count, 2);
    assert_ok(pk_network_forget(b->store, NOW + 6, 3, &count, &err));
    assert_int_equal(count, 0);
    assert_int_equal(get(b, 0).devices, 1); /* something is open on it */
    assert_int_equal(get(b, 6).devices, 1);
    assert_int_equal(pk_network_get(b->store, id_of(b, 5), b->arena, &row, &err), PK_ENOENT);
    assert_ok(pk_network_count_of(b->store, "a", &count, &err));
    assert_int_equal(count, 5);
}

static void test_devices_of(void **state)
{
    struct bench *b = *state;
    struct pk_query query = { .limit = 2 };
    const struct pk_network_device *d;
    struct pk_page page;
    int seen = 0;

    add_network(b, 1, NOW);
    add_incident(b, "network.arp_spoof", 1, PK_INCIDENT_OPEN); /* adds the device "dev" */
    visit(b, 1, "dev", NOW + 50, true);
    for (int i = 0; i < 4; i++) {
        visit(b, 1, pk_arena_printf(b->arena, "dev-%d", i), NOW + i, true);
    }
    do {
        assert_ok(pk_network_device_list(b->store, id_of(b, 1), &query, b->arena, &page, &err));
        d = page.items;
        if (seen == 0) {
            assert_string_equal(d[0].device, "dev");
            assert_int_equal(d[0].open, 1);
            assert_int_equal(d[1].open, 0);
        }
        seen += (int)page.count;
        query.cursor = page.next;
    } while (page.next != NULL);
    assert_int_equal(seen, 5);
    assert_int_equal(page.total, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_traits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_facts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_judge, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_is_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_forget, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_devices_of, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
