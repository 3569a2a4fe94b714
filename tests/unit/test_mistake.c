/* The memory for false positives: what an entry fits, which one counts, what may be kept. */
#include "base/arena.h"
#include "check.h"
#include "incident/mistake.h"

#define NOW INT64_C(1000000)
#define DAY INT64_C(86400000)

static struct pk_incident incident(const char *threat, const char *subject, const char *rule)
{
    struct pk_incident i = { .device = "d1",
        .threat = pk_threat_find(threat),
        .subject = subject,
        .rule = rule,
        .state = PK_INCIDENT_OPEN };

    assert_non_null(i.threat);
    return i;
}

static void test_fits(void **state)
{
    static const struct {
        struct pk_mistake m;
        bool fits;
    } rows[] = {
        { { .threat = "network.arp_spoof", .scope = PK_MISTAKE_ALL, .target = "" }, true },
        { { .threat = "network.ndp_spoof", .scope = PK_MISTAKE_ALL, .target = "" }, false },
        { { .threat = "network.arp_spoof", .subject = "net-1", .target = "" }, true },
        { { .threat = "network.arp_spoof", .subject = "net-2", .target = "" }, false },
        { { .threat = "network.arp_spoof", .rule = "r/1", .target = "" }, true },
        { { .threat = "network.arp_spoof", .rule = "r/2", .target = "" }, false },
        { { .threat = "network.arp_spoof", .subject = "net-1", .rule = "r/2", .target = "" },
                false },
        { { .threat = "network.arp_spoof", .scope = PK_MISTAKE_GROUP, .target = "sales" }, true },
        { { .threat = "network.arp_spoof", .scope = PK_MISTAKE_GROUP, .target = "sale" }, false },
        { { .threat = "network.arp_spoof", .scope = PK_MISTAKE_DEVICE, .target = "d1" }, true },
        { { .threat = "network.arp_spoof", .scope = PK_MISTAKE_DEVICE, .target = "sales" }, false },
        { { .threat = "network.arp_spoof", .target = "", .expires_ms = NOW + 1 }, true },
        { { .threat = "network.arp_spoof", .target = "", .expires_ms = NOW }, false },
        { { .threat = "network.arp_spoof", .scope = 7, .target = "" }, false },
    };
    struct pk_incident i = incident("network.arp_spoof", "net-1", "r/1");

    (void)state;
    for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
        assert_int_equal(pk_mistake_fits(&rows[n].m, &i, "sales", NOW), rows[n].fits);
    }
    assert_false(pk_mistake_fits(&rows[7].m, &i, NULL, NOW));
    i.simulated = true;
    assert_false(pk_mistake_fits(&rows[0].m, &i, "sales", NOW));
    i.simulated = false;
    i.rule = NULL;
    assert_false(pk_mistake_fits(&rows[4].m, &i, "sales", NOW));
}

static void test_find(void **state)
{
    const struct pk_mistake list[] = {
        { .id = "a", .threat = "network.arp_spoof", .target = "", .created_ms = 9 },
        { .id = "b",
                .threat = "network.arp_spoof",
                .scope = PK_MISTAKE_DEVICE,
                .target = "d1",
                .created_ms = 1 },
        { .id = "c",
                .threat = "network.arp_spoof",
                .subject = "net-1",
                .target = "",
                .created_ms = 2 },
        { .id = "d",
                .threat = "network.arp_spoof",
                .subject = "net-1",
                .target = "",
                .created_ms = 3 },
    };
    struct pk_incident i = incident("network.arp_spoof", "net-1", "r/1");

    (void)state;
    assert_string_equal(pk_mistake_find(list, 4, &i, "g", NOW)->id, "d");
    assert_string_equal(pk_mistake_find(list, 3, &i, "g", NOW)->id, "c");
    assert_string_equal(pk_mistake_find(list, 2, &i, "g", NOW)->id, "b");
    i.subject = "net-2";
    assert_string_equal(pk_mistake_find(list, 4, &i, "g", NOW)->id, "b");
    i = incident("network.ndp_spoof", "net-1", "r/1");
    assert_null(pk_mistake_find(list, 4, &i, "g", NOW));
    assert_null(pk_mistake_find(NULL, 0, &i, "g", NOW));
}

static void test_check(void **state)
{
    static const struct {
        struct pk_mistake m;
        int rc;
        const char *path;
    } rows[] = {
        { { .threat = "network.arp_spoof", .target = "" }, PK_OK, "" },
        { { .threat = "network.nothing", .target = "" }, PK_ENOENT, "threat" },
        { { .threat = "network.arp_spoof", .scope = PK_MISTAKE_GROUP, .target = "" }, PK_EMISSING,
                "group" },
        { { .threat = "network.arp_spoof", .scope = PK_MISTAKE_DEVICE, .target = "" }, PK_EMISSING,
                "device" },
        { { .threat = "network.arp_spoof", .target = "", .expires_ms = NOW }, PK_EBOUNDS,
                "expires_at" },
        { { .threat = "malware.banker", .target = "" }, PK_EMISSING, "expires_at" },
        { { .threat = "malware.banker", .target = "", .expires_ms = NOW + 90 * DAY + 1 },
                PK_EBOUNDS, "expires_at" },
        { { .threat = "malware.banker", .target = "", .expires_ms = NOW + 90 * DAY }, PK_OK, "" },
    };

    (void)state;
    for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
        struct pk_error err = { 0 };

        assert_int_equal(pk_mistake_check(&rows[n].m, NOW, &err), rows[n].rc);
        assert_string_equal(err.path, rows[n].path);
        assert_int_equal(pk_mistake_check(&rows[n].m, NOW, NULL), rows[n].rc);
    }
}

static void test_reason(void **state)
{
    const struct pk_mistake m = { .id = "mis-1", .reason = "our (own) router" };
    struct pk_arena *arena = pk_arena_create(4096);
    struct pk_incident i = incident("network.arp_spoof", "net-1", "r/1");

    (void)state;
    i.reason = pk_mistake_reason(&m, arena);
    assert_false(pk_mistake_dismissed(&i, NULL));
    i.state = PK_INCIDENT_DISMISSED;
    assert_true(pk_mistake_dismissed(&i, NULL));
    assert_true(pk_mistake_dismissed(&i, "mis-1"));
    assert_false(pk_mistake_dismissed(&i, "mis-2"));
    assert_false(pk_mistake_dismissed(&i, "is-1"));
    i.reason = "a person said so (mis-1)";
    assert_false(pk_mistake_dismissed(&i, NULL));
    i.reason = PK_MISTAKE_REASON;
    assert_true(pk_mistake_dismissed(&i, NULL));
    assert_false(pk_mistake_dismissed(&i, "a-very-long-identifier-of-something-else"));
    i.reason = NULL;
    assert_false(pk_mistake_dismissed(&i, NULL));
    pk_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
