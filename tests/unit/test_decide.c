/* From findings to decisions: incident keeper, risk, policy, on a fake clock. */
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "check.h"
#include "incident/keeper.h"
#include "policy/policy.h"
#include "risk/fuse.h"

#define T0 INT64_C(1795392000000)

static struct pk_finding finding(
        struct pk_arena *arena, const char *threat, const char *part, double confidence, int64_t at)
{
    struct pk_findings list = { 0 };

    assert_int_equal(pk_findings_add(&list, arena, threat, "net-1", confidence, "rule/x",
                             json_pack("{s:s}", "seen", threat), at),
            PK_OK);
    pk_findings_part(&list, part);
    return list.items[0];
}

static struct pk_finding cleared(const char *threat, const char *part, int64_t at)
{
    struct pk_findings list = { 0 };

    assert_int_equal(pk_findings_clear(&list, threat, "net-1", at), PK_OK);
    pk_findings_part(&list, part);
    return list.items[0];
}

static void test_life(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 20);
    struct pk_incident i = { 0 };
    struct pk_finding f = finding(arena, "network.arp_spoof", NULL, 0.6, T0);
    char first[PK_ID_TEXT];

    (void)state;
    assert_int_equal(pk_incident_apply(&i, false, "dev", &f, arena), PK_CHANGE_OPENED);
    memcpy(first, i.id, sizeof(first));
    f = finding(arena, "network.arp_spoof", NULL, 0.97, T0 + 1000);
    assert_int_equal(pk_incident_apply(&i, true, "dev", &f, arena), PK_CHANGE_UPDATED);
    assert_int_equal(i.count, 2);
    assert_true(i.confidence > 0.96);
    assert_int_equal(i.opened_ms, T0);
    f = cleared("network.arp_spoof", NULL, T0 + 20000);
    assert_int_equal(pk_incident_apply(&i, true, "dev", &f, arena), PK_CHANGE_RESOLVED);
    assert_int_equal(i.ended_ms, T0 + 20000);
    assert_int_equal(pk_incident_apply(&i, true, "dev", &f, arena), PK_CHANGE_NONE);
    f = finding(arena, "network.arp_spoof", NULL, 0.97, T0 + 60000);
    assert_int_equal(pk_incident_apply(&i, true, "dev", &f, arena), PK_CHANGE_REOPENED);
    assert_string_equal(i.id, first);
    f = cleared("network.arp_spoof", NULL, T0 + 70000);
    assert_int_equal(pk_incident_apply(&i, true, "dev", &f, arena), PK_CHANGE_RESOLVED);
    f = finding(arena, "network.arp_spoof", NULL, 0.97, T0 + 2 * PK_HOUR_MS);
    assert_int_equal(pk_incident_apply(&i, true, "dev", &f, arena), PK_CHANGE_OPENED);
    assert_string_not_equal(i.id, first);
    pk_arena_destroy(arena);
}

static void test_weak_opens_nothing(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 20);
    struct pk_incident i = { 0 };
    struct pk_finding f = finding(arena, "network.arp_spoof", NULL, 0.4, T0);

    (void)state;
    assert_int_equal(pk_incident_apply(&i, false, "dev", &f, arena), PK_CHANGE_NONE);
    pk_arena_destroy(arena);
}

static void test_parts(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 20);
    struct pk_incident i = { 0 };
    struct pk_finding f = finding(arena, "network.tls_untrusted_ca", "mail", 0.95, T0);

    (void)state;
    assert_int_equal(pk_incident_apply(&i, false, "dev", &f, arena), PK_CHANGE_OPENED);
    f = finding(arena, "network.tls_untrusted_ca", "canary", 0.95, T0 + 1);
    assert_int_equal(pk_incident_apply(&i, true, "dev", &f, arena), PK_CHANGE_UPDATED);
    assert_int_equal(json_array_size(json_object_get(i.evidence, "parts")), 2);
    f = cleared("network.tls_untrusted_ca", "canary", T0 + 2);
    assert_int_equal(pk_incident_apply(&i, true, "dev", &f, arena), PK_CHANGE_UPDATED);
    assert_int_equal(i.state, PK_INCIDENT_OPEN); /* mail is still intercepted */
    f = cleared("network.tls_untrusted_ca", "mail", T0 + 3);
    assert_int_equal(pk_incident_apply(&i, true, "dev", &f, arena), PK_CHANGE_RESOLVED);
    pk_arena_destroy(arena);
}

static void test_dismissed_stays(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 20);
    struct pk_incident i = { 0 };
    struct pk_finding f = finding(arena, "network.arp_spoof", NULL, 0.97, T0);
    struct pk_error err;

    (void)state;
    assert_int_equal(pk_incident_apply(&i, false, "dev", &f, arena), PK_CHANGE_OPENED);
    assert_int_equal(pk_incident_dismiss(&i, "our own test", T0 + 1, &err), PK_OK);
    assert_int_equal(pk_incident_dismiss(&i, "again", T0 + 1, &err), PK_EINVAL);
    f = finding(arena, "network.arp_spoof", NULL, 0.97, T0 + PK_DAY_MS);
    assert_int_equal(pk_incident_apply(&i, true, "dev", &f, arena), PK_CHANGE_NONE);
    assert_int_equal(i.state, PK_INCIDENT_DISMISSED);
    assert_int_equal(pk_incident_reopen(&i, T0 + 2, &err), PK_OK);
    assert_int_equal(i.state, PK_INCIDENT_OPEN);
    assert_int_equal(pk_incident_reopen(&i, T0 + 2, &err), PK_EINVAL);
    pk_arena_destroy(arena);
}

static struct pk_incident incident(const char *threat, double confidence, int64_t at)
{
    struct pk_incident i = { .threat = pk_threat_find(threat),
        .subject = "net-1",
        .confidence = confidence,
        .count = 1,
        .opened_ms = at,
        .updated_ms = at };

    assert_non_null(i.threat);
    i.severity = i.threat->severity;
    (void)snprintf(i.id, sizeof(i.id), "inc-%s", threat);
    return i;
}

static void test_risk(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 20);
    struct pk_risk calm;
    struct pk_risk open_door;
    struct pk_risk attacked;
    struct pk_risk later;
    struct pk_incident spoof = incident("network.arp_spoof", 0.97, T0);
    struct pk_risk_input in = { .exposure = { .patch_days = 3 }, .now_ms = T0 };
    const struct pk_risk_part *parts;

    (void)state;
    assert_int_equal(pk_risk_fuse(&in, arena, &calm), PK_OK);
    assert_int_equal(calm.level, PK_RISK_LOW);
    assert_int_equal(calm.parts.count, 0);
    in.exposure = (struct pk_exposure){ .patch_days = 400,
        .no_encryption = PK_TRI_YES,
        .no_screen_lock = PK_TRI_YES,
        .developer_mode = PK_TRI_YES,
        .root_signs = true };
    assert_int_equal(pk_risk_fuse(&in, arena, &open_door), PK_OK);
    assert_true(open_door.score > calm.score);
    assert_true(open_door.level < PK_RISK_HIGH); /* exposure alone is no attack */
    assert_int_equal(open_door.parts.count, PK_RISK_PARTS_MAX);
    in.incidents = &spoof;
    in.count = 1;
    in.exposure = (struct pk_exposure){ .patch_days = 3 };
    assert_int_equal(pk_risk_fuse(&in, arena, &attacked), PK_OK);
    assert_int_equal(attacked.level, PK_RISK_CRITICAL);
    parts = attacked.parts.items;
    assert_string_equal(parts[0].incident, spoof.id);
    assert_true(parts[0].points > 70);
    in.now_ms = T0 + 2 * PK_DAY_MS;
    assert_int_equal(pk_risk_fuse(&in, arena, &later), PK_OK);
    assert_true(later.score < attacked.score);
    pk_arena_destroy(arena);
}

#define DOORS 9

/* One bit, one open door. */
static struct pk_risk_input doors_of(int mask)
{
    return (struct pk_risk_input){ .now_ms = T0,
        .p7 = mask & 256 ? 0.2 : 0.02,
        .exposure = {
                .patch_days = mask & 1 ? 100 : 0,
                .no_encryption = mask & 2 ? PK_TRI_YES : PK_TRI_NO,
                .no_screen_lock = mask & 4 ? PK_TRI_YES : PK_TRI_NO,
                .developer_mode = mask & 8 ? PK_TRI_YES : PK_TRI_NO,
                .root_signs = (mask & 16) != 0,
                .hook_signs = (mask & 32) != 0,
                .unknown_sources = mask & 64 ? PK_TRI_YES : PK_TRI_NO,
                .epss = mask & 128 ? 0.4 : -1,
        } };
}

/* More open doors never lower the score, with an attack or without; without one nobody is "high". */
static void test_risk_monotone(void **state)
{
    struct pk_arena *arena = pk_arena_create(64UL << 20);
    struct pk_incident spoof = incident("network.arp_spoof", 0.7, T0);

    (void)state;
    for (int mask = 0; mask < 1 << (DOORS + 1); mask++) {
        struct pk_risk_input in = doors_of(mask);
        struct pk_risk all;

        in.incidents = &spoof;
        in.count = mask >> DOORS;
        assert_int_equal(pk_risk_fuse(&in, arena, &all), PK_OK);
        assert_true(in.count > 0 || all.level < PK_RISK_HIGH);
        for (int bit = 0; bit < DOORS; bit++) {
            struct pk_risk_input less = doors_of(mask & ~(1 << bit));
            struct pk_risk one;

            less.incidents = &spoof;
            less.count = in.count;
            assert_int_equal(pk_risk_fuse(&less, arena, &one), PK_OK);
            assert_true(one.score <= all.score);
            if (mask == 1 << bit) {
                assert_true(one.score < all.score);
            }
        }
        if (mask % 64 == 63) {
            pk_arena_destroy(arena);
            arena = pk_arena_create(64UL << 20);
        }
    }
    pk_arena_destroy(arena);
}

/* What the score loses when a door closes is what its reason says, and what its remedy promises. */
static void test_risk_reasons(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 20);
    struct pk_incident both[] = { incident("network.arp_spoof", 0.9, T0 - PK_HOUR_MS),
        incident("network.dns_hijack", 0.8, T0 - PK_HOUR_MS) };
    struct pk_risk_input in = doors_of(1 | 256);
    struct pk_risk all;
    struct pk_risk less;
    const struct pk_risk_part *parts;

    (void)state;
    in.exposure.at_ms = T0 - 5;
    in.p7_ms = T0 - 7;
    in.incidents = both;
    in.count = 2;
    assert_int_equal(pk_risk_fuse(&in, arena, &all), PK_OK);
    parts = all.parts.items;
    assert_int_equal(all.parts.count, 3);
    /* two of one vector are one reason, which names the stronger one */
    assert_string_equal(parts[0].incident, both[0].id);
    assert_non_null(strstr(parts[0].reason, "1 more"));
    assert_int_equal(parts[0].at_ms, T0 - PK_HOUR_MS);
    for (size_t i = 0; i < all.parts.count; i++) {
        struct pk_risk_input without = in;

        if (parts[i].incident != NULL) {
            without.count = 0;
        } else if (strstr(parts[i].reason, "update") != NULL) {
            without.exposure.patch_days = 3;
            assert_int_equal(parts[i].at_ms, T0 - 5);
            assert_true(parts[i].gain == parts[i].points);
        } else {
            without.p7 = -1;
            assert_int_equal(parts[i].at_ms, T0 - 7);
            assert_non_null(strstr(parts[i].reason, "20.0 %"));
            assert_null(parts[i].lowers);
            assert_true(parts[i].gain == 0);
        }
        assert_int_equal(pk_risk_fuse(&without, arena, &less), PK_OK);
        assert_true(fabs((double)(all.score - less.score) - parts[i].points) <= 1.05);
    }
    pk_arena_destroy(arena);
}

static int64_t score_of(const struct pk_incident *incidents, size_t count, int64_t now_ms)
{
    struct pk_arena *arena = pk_arena_create(1 << 20);
    struct pk_risk_input in = { .incidents = incidents, .count = count, .now_ms = now_ms };
    struct pk_risk out;

    assert_int_equal(pk_risk_fuse(&in, arena, &out), PK_OK);
    pk_arena_destroy(arena);
    return out.score;
}

/* An attack in steps is surer than its parts on days of their own. */
static void test_risk_chains(void **state)
{
    static const char *const steps[][2] = {
        { "network.captive_portal", "physical.rogue_profile" },
        { "network.evil_twin", "malware.dropper" },
        { "network.cell_2g_downgrade", "malware.sms_fraud" },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(steps); i++) {
        struct pk_incident pair[] = { incident(steps[i][0], 0.7, T0 - PK_HOUR_MS),
            incident(steps[i][1], 0.7, T0) };
        int64_t chained = score_of(pair, 2, T0);

        pair[0].opened_ms = T0 - 25 * PK_HOUR_MS; /* the same evidence, a day and an hour apart */
        assert_true(score_of(pair, 2, T0) < chained);
        pair[0].opened_ms = T0 + 1; /* the wrong way round */
        assert_true(score_of(pair, 2, T0) < chained);
    }
}

/* Old evidence ends at nothing. */
static void test_risk_fades(void **state)
{
    struct pk_incident spoof = incident("network.arp_spoof", 0.97, T0);
    int64_t before = score_of(&spoof, 1, T0);

    (void)state;
    for (int hours = 1; hours < 24 * 7; hours++) {
        int64_t now = score_of(&spoof, 1, T0 + hours * PK_HOUR_MS);

        assert_true(now <= before);
        before = now;
    }
    assert_true(before <= 4);
}

static void test_risk_settles(void **state)
{
    struct pk_risk before = { .score = 50, .at_ms = T0 };
    struct pk_risk up = { .score = 51, .at_ms = T0 + 1 };
    struct pk_risk bit_down = { .score = 47, .at_ms = T0 + 1 };
    struct pk_risk down = { .score = 45, .at_ms = T0 + 1 };
    struct pk_risk late = { .score = 49, .at_ms = T0 + PK_HOUR_MS };

    (void)state;
    assert_true(pk_risk_settles(NULL, &up));
    assert_true(pk_risk_settles(&before, &up));
    assert_false(pk_risk_settles(&before, &bit_down));
    assert_true(pk_risk_settles(&before, &down));
    assert_true(pk_risk_settles(&before, &late));
}

static struct pk_policy *default_policy(void)
{
    struct pk_slice text = pk_policy_default_text();
    struct pk_policy *policy = NULL;
    struct pk_error err = { 0 };

    if (pk_policy_parse("default.yaml", (const char *)text.ptr, text.len, &policy, &err) < 0) {
        fail_msg("%s", err.text);
    }
    return policy;
}

static struct pk_decision decide(const struct pk_policy *policy, const struct pk_incident *incident,
        enum pk_incident_change change)
{
    struct pk_situation situation = { .group = "default" };
    struct pk_decision d;

    pk_policy_decide(policy, &situation, incident, change, &d);
    return d;
}

/* The SOC hears of beginnings and ends of what is a threat. */
static void test_default_policy(void **state)
{
    struct pk_policy *policy = default_policy();
    struct pk_incident spoof = incident("network.arp_spoof", 0.97, T0);
    struct pk_incident unsure = incident("network.arp_spoof", 0.4, T0);
    struct pk_incident portal = incident("network.captive_portal", 1.0, T0);

    (void)state;
    assert_true(decide(policy, &spoof, PK_CHANGE_OPENED).siem);
    assert_false(decide(policy, &spoof, PK_CHANGE_UPDATED).siem);
    assert_false(decide(policy, &unsure, PK_CHANGE_OPENED).siem);
    assert_false(decide(policy, &portal, PK_CHANGE_OPENED).siem);
    spoof.state = PK_INCIDENT_RESOLVED;
    assert_true(decide(policy, &spoof, PK_CHANGE_RESOLVED).siem);
    pk_policy_destroy(policy);
}

static void test_bad_policies(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        { "version: 1\nname: x\nrules:\n  - name: a\n    when: {threats: [\"netwrok.*\"]}\n"
          "    do: [alert]\n",
                "p:5: rules[0].when.threats[0]: no threat of the catalogue fits this" },
        { "version: 1\nname: x\nrules:\n  - name: a\n    when: {}\n    do:\n      - wipe\n",
                "p:7: rules[0].do[0]: must be one of: alert, siem, tell_admins, block_mail, "
                "block_vpn, "
                "block_access" },
        { "version: 1\nname: x\nrules:\n  - name: a\n    when: {about: device, outlook: high}\n"
          "    do: [block_mail]\n",
                "p:6: rules[0].do: a prediction alone takes nothing away: a measure needs an "
                "incident or a risk" },
        { "version: 1\nname: x\nrules:\n  - name: a\n    when: {about: device}\n    do: [siem]\n",
                "p:5: rules[0].when: a rule about the device needs one of: risk, outlook, zone" },
        { "version: 1\nname: x\nrules:\n  - {name: a, when: {}, do: [alert], after: 1x}\n",
                "p:4: rules[0].after: must be like 30m, 2h or 3d, at most 60d" },
        { "version: 1\nname: x\nrules:\n  - {name: a, when: {}, do: [alert]}\n"
          "  - {name: a, when: {}, do: [alert]}\n",
                "p:5: rules[1].name: there is a rule of this name already" },
        { "version: 1\nname: x\nrules: []\nalerts: {quiet: {from: \"25:00\", to: \"07:00\"}}\n",
                "p:4: alerts.quiet.from: must be like 22:00" },
        { "version: 1\nname: x\nrules: []\ngroups: [{name: g, without: [z]}]\n",
                "p:4: groups[0].without[0]: there is no rule of this name" },
        { "version: 2\nname: x\nrules: []\n", "p:1: version: must be from 1 to 1" },
        { "version: 1\nname: x\nrulez: []\n", "p:1: rules: this key is missing" },
        { "version: 1\nname: x\nrules: []\ncolour: red\n", "p:4: colour: unknown key" },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(bad); i++) {
        struct pk_policy *policy = NULL;
        struct pk_error err = { 0 };

        assert_true(pk_policy_parse("p", bad[i].text, strlen(bad[i].text), &policy, &err) < 0);
        assert_null(policy);
        assert_string_equal(err.text, bad[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_weak_opens_nothing),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_dismissed_stays),
        cmocka_unit_test(test_risk),
        cmocka_unit_test(test_risk_monotone),
        cmocka_unit_test(test_risk_reasons),
        cmocka_unit_test(test_risk_chains),
        cmocka_unit_test(test_risk_fades),
        cmocka_unit_test(test_risk_settles),
        cmocka_unit_test(test_default_policy),
        cmocka_unit_test(test_bad_policies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
