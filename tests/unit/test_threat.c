/* The threat catalogue: complete, sorted, within its limits; texts are safe whatever the subject. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/threat.h"

/* Ids are for ever: other people's programs and policies name them. Add here, never remove. */
static const char *const ids[] = {
    "behavior.ignores_warnings",
    "behavior.risky_networks",
    "malware.adware",
    "malware.banker",
    "malware.crowd",
    "malware.dropper",
    "malware.known_bad",
    "malware.leaky_app",
    "malware.malformed_app",
    "malware.packed",
    "malware.ransomware",
    "malware.remote_control",
    "malware.repackaged",
    "malware.riskware",
    "malware.rooting_tool",
    "malware.sideloaded",
    "malware.sms_fraud",
    "malware.spyware",
    "malware.stalkerware",
    "malware.trojan",
    "malware.unwanted",
    "malware.vulnerable_app",
    "network.arp_spoof",
    "network.c2_traffic",
    "network.captive_portal",
    "network.cell_2g_downgrade",
    "network.cell_fake_station",
    "network.cell_null_cipher",
    "network.content_tamper",
    "network.deauth_wave",
    "network.dhcp_rogue",
    "network.dns_change",
    "network.dns_hijack",
    "network.dns_spoof",
    "network.evil_twin",
    "network.gateway_change",
    "network.icmp_redirect",
    "network.known_bad",
    "network.ndp_spoof",
    "network.open_wifi",
    "network.phishing_site",
    "network.ra_rogue",
    "network.rogue_ap",
    "network.ssl_strip",
    "network.tls_downgrade",
    "network.tls_inspection_allowed",
    "network.tls_installed_ca",
    "network.tls_untrusted_ca",
    "network.weak_wifi",
    "network.wpad_inject",
    "physical.accessibility_abuse",
    "physical.agent_silent",
    "physical.agent_tampered",
    "physical.attestation_downgrade",
    "physical.attestation_failed",
    "physical.bootloader_unlocked",
    "physical.developer_mode",
    "physical.device_admin_abuse",
    "physical.hooking_framework",
    "physical.jailbroken",
    "physical.no_encryption",
    "physical.no_passcode",
    "physical.play_protect_off",
    "physical.rogue_profile",
    "physical.rooted",
    "physical.selinux_permissive",
    "physical.sim_changed",
    "physical.system_tampered",
    "physical.unknown_sources",
    "physical.usb_debugging",
    "physical.user_ca",
    "physical.wireless_debugging",
    "vulnerability.app_vulnerable",
    "vulnerability.library_vulnerable",
    "vulnerability.os_exploited",
    "vulnerability.os_outdated",
    "vulnerability.os_unfixable",
    "vulnerability.patch_downgrade",
};

static void test_ids(void **state)
{
    for (size_t i = 0; i < PK_COUNT(ids); i++) {
        const struct pk_threat *threat = pk_threat_find(ids[i]);

        assert_string_equal(threat == NULL ? "(not in the catalogue)" : threat->id, ids[i]);
    }
    assert_int_equal(pk_threat_count(), PK_COUNT(ids));
}

static void test_find_nothing(void **state)
{
    static const char *const rows[] = { "", "network", "network.", "network.arp_spoo",
        "network.arp_spoofed", "NETWORK.ARP_SPOOF", "zzz", "\xff" };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        assert_null(pk_threat_find(rows[i]));
    }
}

static void test_order(void **state)
{
    for (size_t i = 1; i < pk_threat_count(); i++) {
        assert_true(strcmp(pk_threat_at(i - 1)->id, pk_threat_at(i)->id) < 0);
    }
}

static void test_entries(void **state)
{
    for (size_t i = 0; i < pk_threat_count(); i++) {
        const struct pk_threat *threat = pk_threat_at(i);
        const char *vector = pk_vector_name(threat->vector);

        assert_int_equal(strncmp(threat->id, vector, strlen(vector)), 0);
        assert_int_equal(threat->id[strlen(vector)], '.');
        assert_in_range(strlen(threat->title), 1, 80);
        assert_true(strlen(threat->why) > 0 && strlen(threat->admin) > 0);
        assert_true(strlen(threat->ends_when) > 0);
        assert_in_range(threat->next_count, 1, 3);
        for (size_t n = 0; n < threat->next_count; n++) {
            assert_in_range(strlen(threat->next[n]), 1, 100);
        }
        if (threat->severity != PK_SEVERITY_INFO) {
            assert_true(threat->attack_count + threat->nist_count > 0);
        }
    }
}

static void test_arp_spoof(void **state)
{
    const struct pk_threat *threat = pk_threat_find("network.arp_spoof");

    assert_non_null(threat);
    assert_int_equal(threat->vector, PK_VECTOR_NETWORK);
    assert_true(threat->severity >= PK_SEVERITY_HIGH);
    assert_int_equal(threat->urgency, PK_URGENCY_NOW);
    assert_non_null(strstr(threat->title, "\"{subject}\""));
    assert_int_equal(threat->attack_count, 1);
    assert_string_equal(threat->attack[0], "T1638");
    assert_string_equal(threat->nist[0], "LPN-3");
}

static void test_states_are_info(void **state)
{
    static const char *const rows[] = { "network.captive_portal", "network.dns_change",
        "network.gateway_change", "network.tls_inspection_allowed" };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        const struct pk_threat *threat = pk_threat_find(rows[i]);

        assert_non_null(threat);
        assert_int_equal(threat->severity, PK_SEVERITY_INFO);
        assert_int_equal(threat->urgency, PK_URGENCY_INFO);
    }
}

static void test_names(void **state)
{
    for (int i = 0; i < PK_VECTOR_COUNT; i++) {
        enum pk_vector out = (enum pk_vector)99;

        assert_int_equal(pk_vector_parse(pk_vector_name((enum pk_vector)i), &out), PK_OK);
        assert_int_equal(out, i);
    }
    for (int i = 0; i < PK_SEVERITY_COUNT; i++) {
        enum pk_severity out = (enum pk_severity)99;

        assert_int_equal(pk_severity_parse(pk_severity_name((enum pk_severity)i), &out), PK_OK);
        assert_int_equal(out, i);
    }
    assert_string_equal(pk_vector_name(PK_VECTOR_BEHAVIOR), "behavior");
    assert_string_equal(pk_severity_name(PK_SEVERITY_CRITICAL), "critical");
    assert_string_equal(pk_urgency_name(PK_URGENCY_INFO), "info");
    assert_string_equal(pk_urgency_name(PK_URGENCY_TODAY), "today");
    assert_string_equal(pk_urgency_name(PK_URGENCY_NOW), "now");
}

static void test_names_bad(void **state)
{
    static const char *const rows[] = { "", "High", "high ", "hig", "highest", "none" };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        enum pk_severity severity = PK_SEVERITY_LOW;
        enum pk_vector vector = PK_VECTOR_PHYSICAL;

        assert_int_equal(pk_severity_parse(rows[i], &severity), PK_ENOENT);
        assert_int_equal(severity, PK_SEVERITY_LOW);
        assert_int_equal(pk_vector_parse(rows[i], &vector), PK_ENOENT);
        assert_int_equal(vector, PK_VECTOR_PHYSICAL);
    }
}

static void test_text(void **state)
{
    static const struct {
        const char *text;
        const char *subject;
        const char *want;
    } rows[] = {
        { "no name here", "Cafe", "no name here" }, { "", "Cafe", "" },
        { "\"{subject}\" reads", "Cafe", "\"Cafe\" reads" }, { "{subject}{subject}", "ab", "abab" },
        { "end {subject}", "x", "end x" }, { "{subjec} {subject", "x", "{subjec} {subject" },
        { "{{subject}}", "x", "{x}" },
        { "{subject}", "{subject}", "{subject}" }, /* not replaced again */
        { "{subject}", "%s%n", "%s%n" }, { "on {subject}", NULL, "on unknown" },
        { "on {subject}", "", "on unknown" },
        { "{subject}", "Caf\xc3\xa9 \xf0\x9f\x98\x80", "Caf\xc3\xa9 \xf0\x9f\x98\x80" },
        { "{subject}", "a\nb\rc\td\x1b[2Je\x7f", "a b c d [2Je " },
        { "{subject}", "a\xc2\x9bz", "a z" },                  /* C1 control */
        { "{subject}", "a\xe2\x80\xaez\xe2\x80\xac", "a z " }, /* right-to-left override */
        { "{subject}", "a\xe2\x81\xa6z\xe2\x81\xa9", "a z " }, /* isolate */
        { "{subject}", "a\xe2\x80\x8bz", "a z" },              /* zero width space */
        { "{subject}", "a\xff\x80z", "a  z" },                 /* no UTF-8 */
        { "{subject}", "a\xc0\x8az", "a  z" },                 /* overlong line feed */
        { "{subject}", "a\xed\xa0\x80z", "a   z" },            /* surrogate */
        { "{subject}", "a\xf4\x90\x80\x80", "a    " },         /* beyond U+10FFFF */
        { "{subject}!", "a\xf0\x9f", "a  !" },                 /* cut short */
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        char out[64];

        memset(out, 0x7e, sizeof(out));
        pk_threat_text(rows[i].text, rows[i].subject, out, sizeof(out));
        assert_string_equal(out, rows[i].want);
    }
}

/* The output sits in an exact heap block, so that the sanitizer sees one byte too many. */
static void check_cut(const char *text, const char *subject, size_t size, const char *want)
{
    char *out = malloc(size);

    assert_non_null(out);
    memset(out, 0x7e, size);
    pk_threat_text(text, subject, out, size);
    assert_string_equal(out, want);
    free(out);
}

static void test_text_cut(void **state)
{
    char untouched = 'u';

    pk_threat_text("abc", "x", &untouched, 0);
    assert_int_equal(untouched, 'u');
    check_cut("abc", "x", 1, "");
    check_cut("abc", "x", 3, "ab");
    check_cut("abc", "x", 4, "abc");
    check_cut("a {subject} b", "long name", 6, "a lon");
    check_cut("a {subject} b", "x", 4, "a x");
    /* A character is never cut in two, and nothing after it slips into the gap. */
    check_cut("{subject}", "a\xc3\xa9", 3, "a");
    check_cut("{subject}", "\xf0\x9f\x98\x80z", 4, "");
    check_cut("{subject}z", "ab\xc3\xa9", 4, "ab");
    check_cut("a\xc3\xa9z", "x", 3, "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_find_nothing),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_arp_spoof),
        cmocka_unit_test(test_states_are_info),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_names_bad),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_text_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
