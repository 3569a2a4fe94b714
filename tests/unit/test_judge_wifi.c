/* Copies of a Wi-Fi network, and what only looks like one: tables of facts and what follows. */
#include <stdio.h>

#include "base/arena.h"
#include "check.h"
#include "defense/defense.h"
#include "wire/ie80211.h"

#define Y PK_TRI_YES
#define N PK_TRI_NO
#define U PK_TRI_UNKNOWN

/* The rules that were found, in one line. */
static void judge(struct pk_observation *o, char *out, size_t max)
{
    struct pk_arena *arena = pk_arena_create(64UL * 1024);
    struct pk_findings found = { .count = 0 };
    size_t len = 0;

    o->network = "net-1";
    out[0] = '\0';
    assert_int_equal(pk_defense_judge(o, arena, &found), PK_OK);
    for (size_t i = 0; i < found.count; i++) {
        if (!found.items[i].cleared) {
            len += (size_t)snprintf(out + len, max - len, "%s%s", len > 0 ? " " : "",
                    found.items[i].rule + strlen("network."));
        }
    }
    pk_arena_destroy(arena);
}

static void test_joined(void **state)
{
    static const struct {
        int security, before;
        enum pk_tri bssid, maker, gateway, listed;
        const char *rules;
    } rows[] = {
        /* harmless */
        { PK_WIFI_WPA2, PK_WIFI_UNKNOWN, U, U, U, U, "" },
        { PK_WIFI_WPA2, PK_WIFI_WPA2, N, N, Y, U, "" }, /* mesh, second floor */
        { PK_WIFI_WPA2, PK_WIFI_WPA2, N, N, N, U, "" }, /* new router, other hotel */
        { PK_WIFI_WPA3, PK_WIFI_WPA2, Y, Y, Y, U, "" }, /* upgrade */
        { PK_WIFI_WPA2, PK_WIFI_WPA3, N, Y, Y, U, "" }, /* both at once */
        { PK_WIFI_WPA2, PK_WIFI_EAP, N, Y, Y, U, "" },  /* the same maker's */
        { PK_WIFI_WPA2, PK_WIFI_WPA2, Y, Y, Y, Y, "" },
        { PK_WIFI_OWE, PK_WIFI_OPEN, N, N, N, U, "" },
        { PK_WIFI_UNKNOWN, PK_WIFI_WPA2, N, N, N, U, "" }, /* the card does not tell */
        /* weak, no attack */
        { PK_WIFI_OPEN, PK_WIFI_UNKNOWN, U, U, U, U, "open_wifi/no-protection" },
        { PK_WIFI_OPEN, PK_WIFI_OPEN, N, N, N, U, "open_wifi/no-protection" },
        { PK_WIFI_WEP, PK_WIFI_WEP, Y, Y, Y, U, "weak_wifi/wep" },
        { PK_WIFI_WPA, PK_WIFI_WPA2, N, N, Y, U, "weak_wifi/wpa" }, /* an old repeater */
        /* copies */
        { PK_WIFI_OPEN, PK_WIFI_WPA2, N, N, N, U, "evil_twin/weaker" },
        { PK_WIFI_OPEN, PK_WIFI_WPA2, N, Y, Y, U, "evil_twin/weaker" },
        { PK_WIFI_WEP, PK_WIFI_WPA2, N, N, U, U, "evil_twin/weaker" },
        { PK_WIFI_OPEN, PK_WIFI_WPA3, Y, Y, Y, U, "evil_twin/same-address-weaker" },
        { PK_WIFI_WPA2, PK_WIFI_EAP, N, N, N, U, "evil_twin/weaker" },
        { PK_WIFI_WPA2, PK_WIFI_WPA2, N, N, N, N, "evil_twin/not-listed" },
        { PK_WIFI_WPA2, PK_WIFI_UNKNOWN, U, U, U, N, "evil_twin/not-listed" },
        { PK_WIFI_WPA2, PK_WIFI_WPA2, N, N, Y, N, "rogue_ap/not-listed" },
    };
    char rules[256];

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_obs_network net = { .event = PK_NETWORK_JOINED,
            .link = 1,
            .security = rows[i].security,
            .security_before = rows[i].before,
            .bssid_known = rows[i].bssid,
            .maker_known = rows[i].maker,
            .gateway_known = rows[i].gateway,
            .listed = rows[i].listed };
        struct pk_observation o = { .kind = PK_OBS_NETWORK, .net = &net };

        judge(&o, rules, sizeof(rules));
        assert_string_equal(rules, rows[i].rules);
    }
}

static void test_air(void **state)
{
    static const struct {
        struct pk_wifi_point point;
        const char *rules;
    } rows[] = {
        { { .security = PK_WIFI_WPA2, .security_before = PK_WIFI_WPA2, .bssid_known = N }, "" },
        { { .security = PK_WIFI_WPA, .security_before = PK_WIFI_WPA2, .bssid_known = N }, "" },
        { { .security = PK_WIFI_OPEN, .security_before = PK_WIFI_OPEN, .bssid_known = N }, "" },
        { { .security = PK_WIFI_OPEN, .security_before = PK_WIFI_WPA2, .bssid_known = Y }, "" },
        { { .security = PK_WIFI_OPEN,
                  .security_before = PK_WIFI_WPA2,
                  .bssid_known = N,
                  .listed = Y },
                "" },
        { { .security = PK_WIFI_OPEN, .security_before = PK_WIFI_WPA2, .bssid_known = N },
                "rogue_ap/weaker" },
        { { .security = PK_WIFI_WPA2, .security_before = PK_WIFI_WPA2, .listed = N },
                "rogue_ap/not-listed" },
        { { .security = PK_WIFI_OPEN, .security_before = PK_WIFI_WPA2, .doubled = true },
                "rogue_ap/clone" },
        { { .security = PK_WIFI_OPEN, .security_before = PK_WIFI_WPA2, .connected = true },
                "evil_twin/others-protected" },
        { { .security = PK_WIFI_OPEN,
                  .security_before = PK_WIFI_WPA2,
                  .connected = true,
                  .doubled = true },
                "evil_twin/clone" },
    };
    char rules[256];

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_wifi_point point = rows[i].point;
        struct pk_obs_wifi wifi = { .points = { .items = &point, .count = 1 } };
        struct pk_observation o = { .kind = PK_OBS_WIFI, .wifi = &wifi };

        point.bssid = "02:00:00:00:00:01";
        judge(&o, rules, sizeof(rules));
        assert_string_equal(rules, rows[i].rules);
    }
}

static void test_wave(void **state)
{
    static const struct {
        int64_t deauths, targets, window_s;
        const char *rules;
    } rows[] = {
        { 0, 0, 0, "" },
        { 500, 9, 0, "" }, /* nobody listened */
        { 24, 1, 10, "" },
        { 25, 1, 10, "deauth_wave/many" },
        { 60, 1, 30, "" },
    };
    char rules[256];

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_obs_wifi wifi = { .deauths = rows[i].deauths,
            .deauth_targets = rows[i].targets,
            .window_s = rows[i].window_s };
        struct pk_observation o = { .kind = PK_OBS_WIFI, .wifi = &wifi };

        judge(&o, rules, sizeof(rules));
        assert_string_equal(rules, rows[i].rules);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_joined),
        cmocka_unit_test(test_air),
        cmocka_unit_test(test_wave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
