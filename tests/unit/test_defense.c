#include <stdio.h>

#include "base/clock.h"
#include "check.h"
#include "defense/defense.h"

#define CHAIN_OF_ONE          \
    "\"chain\":[{\"sha256\":" \
    "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}]"
#define TLS(rest) "\"kind\":\"tls\",\"tls\":{\"host\":\"c.example\"," rest "}"

/* Each row: one observation as it comes off the wire, and what must be said of it. "-" before a
 * threat: cleared; "": nothing. */
static const struct {
    const char *what;
    const char *body;
    const char *said;
    double confidence;
} rows[] = {
    { "arpspoof: the true router still answers, the rival claims unasked",
            "\"kind\":\"gateway\",\"gateway\":{\"address\":\"192.168.77.1\","
            "\"mac\":\"02:77:00:00:00:66\",\"mac_before\":\"02:77:00:00:00:01\","
            "\"mac_rival\":\"02:77:00:00:00:66\",\"probes\":3,\"old_answers\":3,"
            "\"rival_claims\":2,\"unasked_claims\":2}",
            "network.arp_spoof", 0.97 },
    { "two answer when asked, nobody claims: proxy ARP, too little to tell anyone",
            "\"kind\":\"gateway\",\"gateway\":{\"address\":\"192.168.77.1\","
            "\"mac\":\"02:77:00:00:00:01\",\"mac_before\":\"02:77:00:00:00:01\","
            "\"mac_rival\":\"02:77:00:00:00:66\",\"probes\":3,\"old_answers\":3}",
            "network.arp_spoof", 0.6 },
    { "router replaced: the old one is silent",
            "\"kind\":\"gateway\",\"gateway\":{\"address\":\"192.168.77.1\","
            "\"mac\":\"02:77:00:00:00:11\",\"mac_before\":\"02:77:00:00:00:01\",\"probes\":3,"
            "\"rival_claims\":5,\"unasked_claims\":5,\"link_lost_ms\":3100}",
            "-network.arp_spoof network.gateway_change", 0.9 },
    { "calm",
            "\"kind\":\"gateway\",\"gateway\":{\"address\":\"192.168.77.1\","
            "\"mac\":\"02:77:00:00:00:01\",\"mac_before\":\"02:77:00:00:00:01\"}",
            "-network.arp_spoof -network.gateway_change", 0 },
    { "forged chain",
            "\"kind\":\"tls\",\"tls\":{\"host\":\"canary.example\",\"outcome\":\"untrusted\","
            "\"error\":\"unable to get local issuer certificate\",\"chain\":[{\"sha256\":"
            "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\","
            "\"subject\":\"CN=canary.example\",\"issuer\":\"CN=mitmproxy\"}]}",
            "network.tls_untrusted_ca/canary.example", 0.95 },
    { "forged chain before a portal's sign-in proves nothing",
            "\"kind\":\"tls\",\"tls\":{\"host\":\"canary.example\",\"outcome\":\"untrusted\","
            "\"captive\":true,\"chain\":[{\"sha256\":"
            "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}]}",
            "", 0 },
    { "a known key is another one, even before the sign-in",
            "\"kind\":\"tls\",\"tls\":{\"host\":\"picket.example\",\"outcome\":\"pin\","
            "\"captive\":true,\"chain\":[{\"sha256\":"
            "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}]}",
            "network.tls_untrusted_ca/picket.example", 0.97 },
    { "genuine chain", "\"kind\":\"tls\",\"tls\":{\"host\":\"canary.example\",\"outcome\":\"ok\"}",
            "-network.tls_untrusted_ca/canary.example", 0 },
    { "public authority", TLS("\"outcome\":\"ok\",\"trust\":\"public\",\"version\":\"TLSv1.3\""),
            "-network.tls_untrusted_ca/c.example -network.tls_installed_ca/c.example "
            "-network.tls_inspection_allowed/c.example -network.tls_downgrade/c.example",
            0 },
    { "another public authority than before",
            TLS("\"outcome\":\"ok\",\"trust\":\"public\",\"root_known\":false,\"version\":\"TLSv1."
                "3\",\"version_before\":\"TLSv1.3\""),
            "-network.tls_untrusted_ca/c.example -network.tls_installed_ca/c.example "
            "-network.tls_inspection_allowed/c.example -network.tls_downgrade/c.example",
            0 },
    { "an authority from before the agent, as always",
            TLS("\"outcome\":\"ok\",\"trust\":\"original\",\"root_known\":true,\"version\":\"TLSv1."
                "2\",\"version_before\":\"TLSv1.2\""),
            "-network.tls_untrusted_ca/c.example -network.tls_installed_ca/c.example "
            "-network.tls_inspection_allowed/c.example -network.tls_downgrade/c.example",
            0 },
    { "the same on the first visit",
            TLS("\"outcome\":\"ok\",\"trust\":\"original\",\"version\":\"TLSv1.3\""),
            "-network.tls_untrusted_ca/c.example -network.tls_installed_ca/c.example "
            "-network.tls_inspection_allowed/c.example -network.tls_downgrade/c.example",
            0 },
    { "it never vouched for this host, another one did",
            TLS("\"outcome\":\"ok\",\"trust\":\"original\",\"root_known\":false,\"version\":"
                "\"TLSv1.3\""),
            "-network.tls_untrusted_ca/c.example network.tls_installed_ca/c.example", 0.85 },
    { "an authority that somebody added",
            TLS("\"outcome\":\"ok\",\"trust\":\"installed\",\"root_known\":false,\"version\":"
                "\"TLSv1.3\""),
            "-network.tls_untrusted_ca/c.example network.tls_installed_ca/c.example", 0.95 },
    { "the same, own host, never seen before",
            TLS("\"outcome\":\"ok\",\"trust\":\"installed\",\"own\":true,\"version\":\"TLSv1.3\""),
            "-network.tls_untrusted_ca/c.example network.tls_installed_ca/c.example", 0.85 },
    { "added, but before the sign-in",
            TLS("\"outcome\":\"ok\",\"trust\":\"installed\",\"captive\":true,\"version\":"
                "\"TLSv1\""),
            "", 0 },
    { "genuine, before the sign-in",
            TLS("\"outcome\":\"ok\",\"trust\":\"public\",\"captive\":true,\"version\":\"TLSv1.3\""),
            "-network.tls_untrusted_ca/c.example -network.tls_installed_ca/c.example "
            "-network.tls_inspection_allowed/c.example",
            0 },
    { "allowed inspection",
            TLS("\"outcome\":\"ok\",\"trust\":\"allowed\",\"version\":\"TLSv1.2\",\"version_"
                "before\":\"TLSv1.3\""),
            "-network.tls_untrusted_ca/c.example -network.tls_installed_ca/c.example "
            "network.tls_inspection_allowed/c.example",
            1.0 },
    { "allowed inspection by old equipment",
            TLS("\"outcome\":\"ok\",\"trust\":\"allowed\",\"version\":\"TLSv1\",\"weak\":true,"
                "\"version_before\":\"TLSv1.3\""),
            "-network.tls_untrusted_ca/c.example -network.tls_installed_ca/c.example "
            "network.tls_inspection_allowed/c.example",
            1.0 },
    { "allowed inspection that is not installed",
            TLS("\"outcome\":\"untrusted\",\"trust\":\"allowed\"," CHAIN_OF_ONE),
            "-network.tls_untrusted_ca/c.example -network.tls_installed_ca/c.example "
            "network.tls_inspection_allowed/c.example",
            1.0 },
    { "allowed inspection of our own server",
            TLS("\"outcome\":\"pin\",\"trust\":\"allowed\",\"own\":true,\"pinned\":"
                "true," CHAIN_OF_ONE),
            "-network.tls_untrusted_ca/c.example -network.tls_installed_ca/c.example "
            "network.tls_inspection_allowed/c.example",
            1.0 },
    { "a borrowed name",
            TLS("\"outcome\":\"untrusted\",\"lookalike\":\"CN=Root\",\"version\":\"TLSv1."
                "3\"," CHAIN_OF_ONE),
            "network.tls_untrusted_ca/c.example", 0.95 },
    { "another name, signed in",
            TLS("\"outcome\":\"untrusted\",\"name_fits\":false,\"captive\":false," CHAIN_OF_ONE),
            "network.tls_untrusted_ca/c.example", 0.85 },
    { "another name, and nobody knows about a portal",
            TLS("\"outcome\":\"untrusted\",\"name_fits\":false," CHAIN_OF_ONE), "", 0 },
    { "our own server imitated before the sign-in",
            TLS("\"outcome\":\"untrusted\",\"name_fits\":true,\"captive\":true,\"own\":true,"
                "\"pinned\":true," CHAIN_OF_ONE),
            "network.tls_untrusted_ca/c.example", 0.85 },
    { "a portal answers for our own server",
            TLS("\"outcome\":\"untrusted\",\"name_fits\":false,\"captive\":true,\"own\":true,"
                "\"pinned\":true," CHAIN_OF_ONE),
            "", 0 },
    { "a portal imitates a canary",
            TLS("\"outcome\":\"untrusted\",\"name_fits\":true,\"captive\":true," CHAIN_OF_ONE), "",
            0 },
    { "interceptor with old TLS",
            TLS("\"outcome\":\"ok\",\"trust\":\"installed\",\"version\":\"TLSv1\",\"version_"
                "before\":\"TLSv1.3\""),
            "-network.tls_untrusted_ca/c.example network.tls_installed_ca/c.example "
            "network.tls_downgrade/c.example",
            0.95 },
    { "interceptor with old TLS, nothing is known of the host",
            TLS("\"outcome\":\"untrusted\",\"version\":\"TLSv1.1\"," CHAIN_OF_ONE),
            "network.tls_untrusted_ca/c.example network.tls_downgrade/c.example", 0.95 },
    { "interceptor with today's TLS is no downgrade",
            TLS("\"outcome\":\"ok\",\"trust\":\"installed\",\"version\":\"TLSv1.2\",\"version_"
                "before\":\"TLSv1.3\",\"weak\":false"),
            "-network.tls_untrusted_ca/c.example network.tls_installed_ca/c.example", 0.95 },
    { "interceptor with a weak suite",
            TLS("\"outcome\":\"ok\",\"trust\":\"installed\",\"version\":\"TLSv1.2\",\"weak\":true"),
            "-network.tls_untrusted_ca/c.example network.tls_installed_ca/c.example "
            "network.tls_downgrade/c.example",
            0.95 },
    { "1.3 is cut off",
            TLS("\"outcome\":\"ok\",\"trust\":\"public\",\"version\":\"TLSv1.2\",\"version_"
                "before\":\"TLSv1.3\",\"fallback\":true"),
            "-network.tls_untrusted_ca/c.example -network.tls_installed_ca/c.example "
            "-network.tls_inspection_allowed/c.example network.tls_downgrade/c.example",
            0.85 },
    { "a host that never knew 1.3",
            TLS("\"outcome\":\"ok\",\"trust\":\"public\",\"version\":\"TLSv1.2\",\"version_"
                "before\":\"TLSv1.2\",\"fallback\":true"),
            "-network.tls_untrusted_ca/c.example -network.tls_installed_ca/c.example "
            "-network.tls_inspection_allowed/c.example -network.tls_downgrade/c.example",
            0 },
    { "the host itself took back 1.3",
            TLS("\"outcome\":\"ok\",\"trust\":\"public\",\"version\":\"TLSv1.2\",\"version_"
                "before\":\"TLSv1.3\",\"fallback\":false"),
            "-network.tls_untrusted_ca/c.example -network.tls_installed_ca/c.example "
            "-network.tls_inspection_allowed/c.example -network.tls_downgrade/c.example",
            0 },
    { "the host itself speaks 1.0 all at once",
            TLS("\"outcome\":\"ok\",\"trust\":\"public\",\"version\":\"TLSv1\",\"version_before\":"
                "\"TLSv1.3\",\"weak\":true"),
            "-network.tls_untrusted_ca/c.example -network.tls_installed_ca/c.example "
            "-network.tls_inspection_allowed/c.example network.tls_downgrade/c.example",
            0.6 },
    { "it always spoke 1.0",
            TLS("\"outcome\":\"ok\",\"trust\":\"public\",\"version\":\"TLSv1\",\"version_before\":"
                "\"TLSv1\",\"weak\":true"),
            "-network.tls_untrusted_ca/c.example -network.tls_installed_ca/c.example "
            "-network.tls_inspection_allowed/c.example -network.tls_downgrade/c.example",
            0 },
    { "the host itself chose a weak suite",
            TLS("\"outcome\":\"ok\",\"trust\":\"public\",\"version\":\"TLSv1.2\",\"version_"
                "before\":\"TLSv1.3\",\"weak\":true"),
            "-network.tls_untrusted_ca/c.example -network.tls_installed_ca/c.example "
            "-network.tls_inspection_allowed/c.example network.tls_downgrade/c.example",
            0.6 },
    { "another defect of the chain", TLS("\"outcome\":\"invalid\"," CHAIN_OF_ONE), "", 0 },
    { "another host's certificate", TLS("\"outcome\":\"wrong_name\"," CHAIN_OF_ONE), "", 0 },
    { "reset by a portal", "\"kind\":\"tls\",\"tls\":{\"host\":\"c\",\"outcome\":\"failed\"}", "",
            0 },
    { "outage", "\"kind\":\"tls\",\"tls\":{\"host\":\"c\",\"outcome\":\"unreachable\"}", "", 0 },
    { "wrong clock", "\"kind\":\"tls\",\"tls\":{\"host\":\"c\",\"outcome\":\"expired\"}", "", 0 },
    { "names that cannot exist get an address",
            "\"kind\":\"dns\",\"dns\":{\"resolver\":\"192.168.77.1\",\"nx_probes\":3,"
            "\"nx_answered\":3,\"nx_addresses\":[\"198.51.100.66\"],\"trusted_nx\":true}",
            "-network.dns_spoof/made-up names at 192.168.77.1 "
            "network.dns_hijack/made-up names at 192.168.77.1",
            0.95 },
    { "the same without a second opinion",
            "\"kind\":\"dns\",\"dns\":{\"resolver\":\"192.168.77.1\",\"nx_probes\":3,"
            "\"nx_answered\":3}",
            "-network.dns_spoof/made-up names at 192.168.77.1 "
            "network.dns_hijack/made-up names at 192.168.77.1",
            0.7 },
    { "the same while captive",
            "\"kind\":\"dns\",\"dns\":{\"resolver\":\"192.168.77.1\",\"nx_probes\":3,"
            "\"nx_answered\":3,\"captive\":true}",
            "", 0 },
    { "honest resolver",
            "\"kind\":\"dns\",\"dns\":{\"resolver\":\"192.168.77.1\",\"nx_probes\":3,"
            "\"timeouts\":1}",
            "-network.dns_hijack/made-up names at 192.168.77.1 "
            "-network.dns_spoof/made-up names at 192.168.77.1",
            0 },
    { "silent resolver",
            "\"kind\":\"dns\",\"dns\":{\"resolver\":\"192.168.77.1\",\"nx_probes\":3,"
            "\"timeouts\":3}",
            "", 0 },
    { "portal", "\"kind\":\"portal\",\"portal\":{\"state\":\"captive\",\"via\":\"api\"}",
            "network.captive_portal", 1.0 },
    { "signed in", "\"kind\":\"portal\",\"portal\":{\"state\":\"none\"}", "-network.captive_portal",
            0 },
    { "no answer", "\"kind\":\"portal\",\"portal\":{\"state\":\"unknown\"}", "", 0 },
    { "no encryption, late patches",
            "\"kind\":\"posture\",\"posture\":{\"platform\":\"linux\",\"disk_encrypted\":false,"
            "\"patch\":\"2026-01-01\"}",
            "physical.no_encryption vulnerability.os_outdated", 0.95 },
    { "good posture",
            "\"kind\":\"posture\",\"posture\":{\"platform\":\"linux\",\"disk_encrypted\":true,"
            "\"screen_lock\":true,\"developer_mode\":false,\"patch\":\"2026-11-20\"}",
            "-physical.no_encryption -physical.no_passcode -physical.developer_mode "
            "-vulnerability.os_outdated",
            0 },
    { "unknown posture", "\"kind\":\"posture\",\"posture\":{\"platform\":\"linux\"}", "", 0 },
    { "waiting updates count earlier",
            "\"kind\":\"posture\",\"posture\":{\"platform\":\"linux\",\"patch\":\"2026-10-01\","
            "\"updates_waiting\":3}",
            "vulnerability.os_outdated", 0.95 },
    { "left", "\"kind\":\"network\",\"network\":{\"event\":\"left\"}",
            "-network.arp_spoof -network.ndp_spoof -network.dhcp_rogue -network.dns_spoof "
            "-network.dns_hijack -network.tls_untrusted_ca -network.tls_downgrade "
            "-network.ssl_strip -network.content_tamper -network.wpad_inject -network.evil_twin "
            "-network.captive_portal -network.gateway_change -network.icmp_redirect "
            "-network.ra_rogue -network.tls_installed_ca -network.tls_inspection_allowed "
            "-network.open_wifi -network.weak_wifi -network.rogue_ap -network.deauth_wave "
            "-network.dns_change -network.known_bad",
            0 },
};

static void say(const struct pk_findings *list, char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < list->count; i++) {
        const struct pk_finding *f = &list->items[i];

        len += (size_t)snprintf(out + len, size - len, "%s%s%s%s%s", i > 0 ? " " : "",
                f->cleared ? "-" : "", f->threat->id, f->part != NULL ? "/" : "",
                f->part != NULL ? f->part : "");
    }
}

static void test_judges(void **state)
{
    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(1 << 20);
        struct pk_findings findings = { 0 };
        struct pk_observation o;
        struct pk_error err = { 0 };
        json_t *in = NULL;
        char text[2048];
        char said[1024];

        (void)snprintf(text, sizeof(text),
                "{\"seq\":1,\"at\":\"2026-11-23T00:00:00Z\",\"on\":\"net-0123456789abcdef\",%s}",
                rows[i].body);
        assert_int_equal(pk_json_parse(text, strlen(text), &in, &err), PK_OK);
        if (pk_observation_decode(in, arena, &o, &err) < 0) {
            fail_msg("%s: %s %s", rows[i].what, err.path, err.text);
        }
        assert_int_equal(pk_defense_judge(&o, arena, &findings), PK_OK);
        say(&findings, said, sizeof(said));
        if (strcmp(said, rows[i].said) != 0) {
            fail_msg("%s: said '%s'", rows[i].what, said);
        }
        for (size_t f = 0; f < findings.count; f++) {
            const struct pk_finding *one = &findings.items[f];

            if (!one->cleared) {
                assert_non_null(json_object_get(one->evidence, "seen"));
                assert_non_null(one->rule);
                assert_true(one->confidence <= 1.0);
            }
        }
        if (rows[i].confidence > 0) {
            const struct pk_finding *last = &findings.items[findings.count - 1];
            const struct pk_finding *first = &findings.items[0];
            double most = last->confidence > first->confidence ? last->confidence
                                                               : first->confidence;

            assert_true(most > rows[i].confidence - 0.001 && most < rows[i].confidence + 0.001);
        }
        json_decref(in);
        pk_arena_destroy(arena);
    }
}

/* Away from any network nothing about networks is concluded. */
static void test_no_network(void **state)
{
    struct pk_obs_portal portal = { .state = 2 };
    struct pk_observation o = { .kind = PK_OBS_PORTAL, .portal = &portal };
    struct pk_arena *arena = pk_arena_create(4096);
    struct pk_findings findings = { 0 };

    (void)state;
    assert_int_equal(pk_defense_judge(&o, arena, &findings), PK_OK);
    assert_int_equal(findings.count, 0);
    pk_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judges),
        cmocka_unit_test(test_no_network),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
