/* What is said of routers, leases and redirects: the attack, and beside it the harmless thing that looks
 * like it. */
#include <stdio.h>

#include "check.h"
#include "defense/defense.h"

#define GATEWAY                                                                                  \
    "\"kind\":\"gateway\",\"gateway\":{\"address\":\"192.0.2.1\",\"mac\":\"02:00:00:00:00:66\"," \
    "\"mac_before\":\"02:00:00:00:00:01\",\"mac_rival\":\"02:00:00:00:00:66\""
#define LEASE "\"kind\":\"lease\",\"lease\":{\"asked\":2"
#define BEFORE                                                                    \
    ",\"server_before\":\"192.0.2.1\",\"router_before\":\"192.0.2.1\","           \
    "\"dns_before\":[\"192.0.2.1\"],\"server_mac_before\":\"02:00:00:00:00:01\"," \
    "\"router_mac_before\":\"02:00:00:00:00:01\""
#define SAME   ",\"server\":\"192.0.2.1\",\"router\":\"192.0.2.1\",\"dns\":[\"192.0.2.1\"]"
#define ALIVE  ",\"server_before_alive\":true,\"router_before_alive\":true"
#define SILENT ",\"server_before_alive\":false,\"router_before_alive\":false"
#define REDIRECT                                                                            \
    "\"kind\":\"redirect\",\"redirect\":{\"from\":\"192.0.2.1\",\"target\":\"192.0.2.66\"," \
    "\"target_on_link\":true"

static const struct {
    const char *what;
    const char *body;
    const char *said; /* "-": cleared */
    double confidence;
} rows[] = {
    /* --- the router --- */
    { "a single forged frame, and it does not answer when asked",
            GATEWAY ",\"probes\":3,\"old_answers\":3,\"rival_claims\":1,\"unasked_claims\":1}",
            "network.arp_spoof", 0.97 },
    { "it answers beside the router, and hands on what comes",
            GATEWAY ",\"probes\":3,\"old_answers\":3,\"rival_claims\":1,\"rival_answers\":1,"
                    "\"old_holds\":true,\"rival_holds\":false}",
            "network.arp_spoof", 0.97 },
    { "two ports of one router: both answer, both hold the address",
            GATEWAY ",\"probes\":3,\"old_answers\":3,\"rival_claims\":2,\"unasked_claims\":1,"
                    "\"rival_answers\":1,\"old_holds\":true,\"rival_holds\":true}",
            "-network.arp_spoof -network.gateway_change", 0 },
    { "another machine has the same address and tells everybody",
            GATEWAY ",\"probes\":3,\"old_answers\":3,\"rival_claims\":2,\"unasked_claims\":2,"
                    "\"pushed_claims\":2,\"rival_answers\":1,\"old_holds\":true,"
                    "\"rival_holds\":true}",
            "network.arp_spoof", 0.75 },
    { "whether it holds the address is not known, one claim that somebody may have asked for",
            GATEWAY ",\"probes\":3,\"old_answers\":3,\"rival_claims\":1,\"unasked_claims\":1,"
                    "\"rival_answers\":1}",
            "network.arp_spoof", 0.75 },
    { "the standby router of earlier visits takes over while the first still answers",
            GATEWAY ",\"probes\":3,\"old_answers\":2,\"rival_claims\":5,\"unasked_claims\":5,"
                    "\"rival_answers\":1,\"rival_known\":true}",
            "-network.arp_spoof -network.gateway_change", 0 },
    { "in the standby router's name, but it hands on what comes",
            GATEWAY ",\"probes\":3,\"old_answers\":2,\"rival_claims\":5,\"unasked_claims\":5,"
                    "\"rival_answers\":1,\"rival_known\":true,\"rival_holds\":false}",
            "network.arp_spoof", 0.97 },
    { "takeover: the old one is silent, the new one answers and holds",
            GATEWAY ",\"probes\":3,\"rival_claims\":5,\"unasked_claims\":5,\"rival_answers\":1,"
                    "\"rival_holds\":true}",
            "-network.arp_spoof network.gateway_change", 0.9 },
    { "the router is kept silent, and who claims its address does not answer for it",
            GATEWAY ",\"probes\":6,\"rival_claims\":3,\"unasked_claims\":3}", "network.arp_spoof",
            0.85 },
    { "the router is kept silent, and who answers hands on what comes",
            GATEWAY ",\"probes\":3,\"rival_claims\":3,\"unasked_claims\":2,\"rival_answers\":1,"
                    "\"rival_holds\":false}",
            "network.arp_spoof", 0.9 },
    { "a link in trouble: nobody answers, one claim was heard",
            GATEWAY ",\"probes\":6,\"rival_claims\":1,\"unasked_claims\":1}", "", 0 },
    /* --- the lease --- */
    { "a stranger leads elsewhere while the former server and router are there",
            LEASE BEFORE ALIVE ",\"server\":\"192.0.2.66\",\"router\":\"192.0.2.66\","
                               "\"dns\":[\"192.0.2.66\"]}",
            "network.dhcp_rogue", 0.95 },
    { "the same, but the server met on clean visits",
            LEASE BEFORE ALIVE ",\"server\":\"192.0.2.2\",\"server_known\":true,"
                               "\"router\":\"192.0.2.2\",\"dns\":[\"192.0.2.1\"]}",
            "-network.dhcp_rogue network.gateway_change", 0.9 },
    { "a replaced router: the former one is silent",
            LEASE BEFORE SILENT ",\"server\":\"192.0.2.254\",\"router\":\"192.0.2.254\","
                                "\"dns\":[\"192.0.2.254\"]}",
            "-network.dhcp_rogue network.dns_change network.gateway_change", 0.9 },
    { "the true server in word, another machine in fact",
            LEASE BEFORE ALIVE ",\"server\":\"192.0.2.1\",\"server_mac\":\"02:00:00:00:00:01\","
                               "\"sender_mac\":\"02:00:00:00:00:66\",\"router\":\"192.0.2.66\"}",
            "network.dhcp_rogue", 0.95 },
    { "the true server by its second port, with a name server of this link: less sure",
            LEASE BEFORE ALIVE ",\"server\":\"192.0.2.1\",\"server_mac\":\"02:00:00:00:00:01\","
                               "\"sender_mac\":\"02:00:00:00:00:1b\",\"router\":\"192.0.2.1\","
                               "\"dns\":[\"192.0.2.5\"],\"dns_on_link\":true,\"offers\":[{"
                               "\"server\":\"192.0.2.1\"}]}",
            "network.dhcp_rogue", 0.75 },
    { "the true server names another router",
            LEASE BEFORE ALIVE ",\"server\":\"192.0.2.1\",\"server_mac\":\"02:00:00:00:00:01\","
                               "\"sender_mac\":\"02:00:00:00:00:01\",\"router\":\"192.0.2.2\","
                               "\"dns\":[\"192.0.2.1\"]}",
            "-network.dhcp_rogue network.gateway_change", 0.9 },
    { "the true server hands out another resolver",
            LEASE BEFORE ALIVE ",\"server\":\"192.0.2.1\",\"router\":\"192.0.2.1\","
                               "\"dns\":[\"198.51.100.53\"]}",
            "-network.dhcp_rogue network.dns_change", 0.9 },
    { "the server moved, all else is as it was",
            LEASE BEFORE ALIVE ",\"server\":\"192.0.2.2\",\"router\":\"192.0.2.1\","
                               "\"dns\":[\"192.0.2.1\"]}",
            "-network.dhcp_rogue", 0 },
    { "a stranger names only itself as name server, and the former server still offers",
            LEASE BEFORE ALIVE ",\"server\":\"192.0.2.66\",\"router\":\"192.0.2.1\","
                               "\"dns\":[\"192.0.2.66\"],\"dns_on_link\":true,\"offers\":[{"
                               "\"server\":\"192.0.2.1\",\"router\":\"192.0.2.1\","
                               "\"dns\":[\"192.0.2.1\"]}]}",
            "network.dhcp_rogue", 0.9 },
    { "the same, but the former server is silent about leases: less sure",
            LEASE BEFORE ALIVE ",\"server\":\"192.0.2.66\",\"router\":\"192.0.2.1\","
                               "\"dns\":[\"192.0.2.66\"],\"dns_on_link\":true}",
            "network.dhcp_rogue", 0.75 },
    { "fewer of the same name servers, in another order",
            LEASE ",\"server\":\"192.0.2.2\",\"router\":\"192.0.2.1\",\"dns\":[\"192.0.2.2\"],"
                  "\"server_before\":\"192.0.2.1\",\"router_before\":\"192.0.2.1\","
                  "\"dns_before\":[\"192.0.2.1\",\"192.0.2.2\"]" ALIVE "}",
            "-network.dhcp_rogue", 0 },
    { "a second answerer with another router, where one was established",
            LEASE BEFORE SAME ALIVE ",\"offers\":[{\"server\":\"192.0.2.1\",\"router\":"
                                    "\"192.0.2.1\"},{\"server\":\"192.0.2.66\",\"router\":"
                                    "\"192.0.2.66\"}]}",
            "network.dhcp_rogue", 0.9 },
    { "the same on a first visit: one of them is wrong, which is not known",
            LEASE SAME ",\"offers\":[{\"server\":\"192.0.2.66\",\"router\":\"192.0.2.66\"}]}",
            "network.dhcp_rogue", 0.75 },
    { "a failover pair with equal settings",
            LEASE BEFORE SAME ALIVE ",\"offers\":[{\"server\":\"192.0.2.1\",\"router\":"
                                    "\"192.0.2.1\",\"dns\":[\"192.0.2.1\"]},{\"server\":"
                                    "\"192.0.2.2\",\"router\":\"192.0.2.1\",\"dns\":"
                                    "[\"192.0.2.1\"]}]}",
            "-network.dhcp_rogue", 0 },
    { "a second server that is known from clean visits",
            LEASE BEFORE SAME ALIVE ",\"offers\":[{\"server\":\"192.0.2.2\",\"router\":"
                                    "\"192.0.2.2\",\"known\":true}]}",
            "-network.dhcp_rogue", 0 },
    { "a proxy script alone is not this judge's",
            LEASE BEFORE ALIVE ",\"server\":\"192.0.2.66\",\"router\":\"192.0.2.1\","
                               "\"dns\":[\"192.0.2.1\"],\"wpad\":\"http://192.0.2.66/wpad.dat\"}",
            "-network.dhcp_rogue", 0 },
    { "a first visit", LEASE SAME "}", "-network.dhcp_rogue", 0 },
    /* --- redirects --- */
    { "in the router's name, by another machine",
            REDIRECT ",\"from_router\":false,\"target_router\":false,\"ours\":false,\"count\":1}",
            "network.icmp_redirect/ipv4", 0.95 },
    { "to a machine that routes, by another machine",
            REDIRECT ",\"from_router\":false,\"count\":1}", "network.icmp_redirect/ipv4", 0.95 },
    { "by the router, to a plain host",
            REDIRECT ",\"from_router\":true,\"target_router\":false,\"ours\":true,\"count\":1}",
            "network.icmp_redirect/ipv4", 0.85 },
    { "by the router, to a machine that routes",
            REDIRECT ",\"from_router\":true,\"ours\":true,\"count\":1}", "", 0 },
    { "by the router, to another known router",
            REDIRECT ",\"from_router\":true,\"target_router\":true,\"ours\":true,\"count\":1}",
            "-network.icmp_redirect/ipv4", 0 },
    { "back to the router, by the second one",
            REDIRECT ",\"from_router\":false,\"target_router\":true,\"ours\":true,\"count\":1}", "",
            0 },
    { "who the router is, is not known yet", REDIRECT ",\"target_router\":false,\"count\":1}", "",
            0 },
    { "quiet for a minute", REDIRECT ",\"from_router\":false,\"count\":0}",
            "-network.icmp_redirect/ipv4", 0 },
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

static void test_lan(void **state)
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
        if (pk_json_parse(text, strlen(text), &in, &err) < 0 ||
                pk_observation_decode(in, arena, &o, &err) < 0) {
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
                if (one->confidence != rows[i].confidence) {
                    fail_msg("%s: %.2f sure", rows[i].what, one->confidence);
                }
                assert_non_null(json_object_get(one->evidence, "seen"));
                assert_non_null(one->rule);
            }
        }
        json_decref(in);
        pk_arena_destroy(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
