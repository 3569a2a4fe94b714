/* What answers of name servers mean: each case of the judge, attacks and their harmless look-alikes. */
#include "base/arena.h"
#include "check.h"
#include "defense/defense.h"
#include "model/observation.h"

#define SPOOF  "network.dns_spoof/bank.test at 192.168.77.1"
#define HIJACK "network.dns_hijack/bank.test at 192.168.77.1"
#define FINE   "-" SPOOF " -" HIJACK
#define NX     "made-up names at 192.168.77.1"
#define NXFINE "-network.dns_hijack/" NX " -network.dns_spoof/" NX

/* Of the name server; of the name "bank.test", whose right address is 198.51.100.30. */
static const struct {
    const char *what, *server, *check;
    const char *said;  /* "threat/part", "-threat/part" when cleared, in order */
    double confidence; /* of the one that is present */
} rows[] = {
    { "right", "", "\"addresses\":[\"198.51.100.30\"]", FINE, 0 },
    { "both of two families right", "", "\"addresses\":[\"198.51.100.30\",\"2001:db8:100::30\"]",
            FINE, 0 },
    { "a neighbour instead", "", "\"addresses\":[\"192.168.77.66\"],\"on_link\":true",
            "-" SPOOF " " HIJACK, 0.95 },
    { "a neighbour beside the right one", "",
            "\"addresses\":[\"198.51.100.30\",\"192.168.77.66\"],\"on_link\":true",
            "-" SPOOF " " HIJACK, 0.95 },
    { "a neighbour with a public address", "", "\"addresses\":[\"203.0.113.7\"],\"on_link\":true",
            "-" SPOOF " " HIJACK, 0.95 },
    { "a neighbour, written as IPv6", "", "\"addresses\":[\"::ffff:192.168.77.66\"]",
            "-" SPOOF " " HIJACK, 0.9 },
    { "a private address elsewhere", "", "\"addresses\":[\"10.9.8.7\"]", "-" SPOOF " " HIJACK,
            0.9 },
    { "a private address that proves the name", "", "\"addresses\":[\"10.9.8.7\"],\"proves\":true",
            FINE, 0 },
    { "one that fails to prove it", "",
            "\"addresses\":[\"10.9.8.7\"],\"proves\":false,\"shown\":\"self-signed\"",
            "-" SPOOF " " HIJACK, 0.97 },
    { "an own host inside, not provable", "", "\"addresses\":[\"10.9.8.7\"],\"own\":true", "", 0 },
    { "an own host inside, and another shows itself", "",
            "\"addresses\":[\"10.9.8.7\"],\"own\":true,\"proves\":false", "-" SPOOF " " HIJACK,
            0.97 },
    { "an own host inside, where nobody listens", "",
            "\"addresses\":[\"10.9.8.7\"],\"own\":true,\"proves\":false,\"refused\":true", "", 0 },
    { "an own host at a neighbour, where nobody listens", "",
            "\"addresses\":[\"192.168.77.66\"],\"on_link\":true,\"own\":true,\"proves\":false,"
            "\"refused\":true",
            "-" SPOOF " " HIJACK, 0.97 },
    { "another public address, where nobody listens", "",
            "\"addresses\":[\"203.0.113.9\"],\"proves\":false,\"refused\":true",
            "-" SPOOF " " HIJACK, 0.9 },
    { "the same by plain DNS", "\"trusted_via\":\"tcp\",",
            "\"addresses\":[\"203.0.113.9\"],\"proves\":false,\"refused\":true", "", 0 },
    { "an own host in a listed zone", "", "\"addresses\":[\"10.9.8.7\"],\"split\":true", FINE, 0 },
    { "another public address, not provable", "", "\"addresses\":[\"203.0.113.9\"]", "", 0 },
    { "another public address that proves the name (content network)", "",
            "\"addresses\":[\"203.0.113.9\"],\"proves\":true", FINE, 0 },
    { "another public address where another host is", "",
            "\"addresses\":[\"203.0.113.9\"],\"proves\":false", "-" SPOOF " " HIJACK, 0.95 },
    { "blocked: nowhere", "", "\"addresses\":[\"0.0.0.0\"]", FINE, 0 },
    { "blocked: nowhere in both families", "", "\"addresses\":[\"0.0.0.0\",\"::\"]", FINE, 0 },
    { "blocked: this device", "", "\"addresses\":[\"127.0.0.1\"]", FINE, 0 },
    { "blocked: no such name", "", "\"rcode\":3", FINE, 0 },
    { "blocked: refused", "", "\"rcode\":5", FINE, 0 },
    { "fails", "", "\"rcode\":2", "", 0 },
    { "silent", "", "\"rcode\":-1", "", 0 },
    { "IPv6 made of the right address", "",
            "\"addresses\":[\"198.51.100.30\",\"64:ff9b::c633:641e\"]", FINE, 0 },
    { "the same by the network's own prefix", "\"nat64\":[\"2001:db8:64::/96\"],",
            "\"addresses\":[\"198.51.100.30\",\"2001:db8:64::c633:641e\"]", FINE, 0 },
    { "the same by a prefix of 56 bits", "\"nat64\":[\"2001:db8:64::/56\"],",
            "\"addresses\":[\"2001:db8:64:c6:33:641e::\"]", FINE, 0 },
    { "IPv6 made of a wrong address", "", "\"addresses\":[\"64:ff9b::c0a8:4d42\"],\"proves\":false",
            "-" SPOOF " " HIJACK, 0.95 },
    /* Who did it? */
    { "right over TCP", "", "\"addresses\":[\"192.168.77.66\"],\"on_link\":true,\"tcp_right\":true",
            "-" HIJACK " " SPOOF, 0.95 },
    { "the router's place is contested", "\"contested\":true,",
            "\"addresses\":[\"192.168.77.66\"],\"on_link\":true", "-" HIJACK " " SPOOF, 0.95 },
    { "a new name server among the neighbours",
            "\"on_link\":true,\"router\":false,\"resolver_known\":false,",
            "\"addresses\":[\"192.168.77.66\"],\"on_link\":true", "-" HIJACK " " SPOOF, 0.95 },
    { "the router itself", "\"on_link\":true,\"router\":true,\"resolver_known\":true,",
            "\"addresses\":[\"203.0.113.9\"],\"proves\":false",
            "-" SPOOF " " HIJACK " -network.dns_change/name server at 192.168.77.1", 0.95 },
    { "a new name server outside, which lies", "\"on_link\":false,\"resolver_known\":false,",
            "\"addresses\":[\"203.0.113.9\"],\"proves\":false", "-" SPOOF " " HIJACK, 0.95 },
    { "a new name server, which is right", "\"resolver_known\":false,",
            "\"addresses\":[\"198.51.100.30\"]",
            FINE " network.dns_change/name server at 192.168.77.1", 0.9 },
    /* Races. */
    { "the forger first", "",
            "\"addresses\":[\"192.168.77.66\"],\"on_link\":true,\"second\":[\"198.51.100.30\"]",
            "-" HIJACK " " SPOOF, 0.97 },
    { "the forger second", "", "\"addresses\":[\"198.51.100.30\"],\"second\":[\"192.168.77.66\"]",
            "-" HIJACK " " SPOOF, 0.97 },
    { "a public forgery second, without proof", "",
            "\"addresses\":[\"198.51.100.30\"],\"second\":[\"203.0.113.9\"]", FINE, 0 },
    { "a public forgery second", "",
            "\"addresses\":[\"198.51.100.30\"],\"second\":[\"203.0.113.9\"],"
            "\"second_proves\":false",
            "-" HIJACK " " SPOOF, 0.97 },
    { "two right ones", "",
            "\"addresses\":[\"198.51.100.30\"],\"second\":[\"203.0.113.9\"],"
            "\"second_proves\":true",
            FINE, 0 },
    /* Without a resolver that nobody can forge. */
    { "plain DNS agrees", "\"trusted_via\":\"udp\",", "\"addresses\":[\"198.51.100.30\"]", FINE,
            0 },
    { "plain DNS differs", "\"trusted_via\":\"udp\",",
            "\"addresses\":[\"192.168.77.66\"],\"on_link\":true", "-" SPOOF " " HIJACK, 0.85 },
    { "plain DNS differs, public, not proved", "\"trusted_via\":\"tcp\",",
            "\"addresses\":[\"203.0.113.9\"]", "", 0 },
    { "plain DNS differs, and another host is there", "\"trusted_via\":\"tcp\",",
            "\"addresses\":[\"203.0.113.9\"],\"proves\":false", "-" SPOOF " " HIJACK, 0.85 },
};

/* Without anything to compare with: the trusted part is left out. */
static const struct {
    const char *what, *dns, *said;
    double confidence;
} bare[] = {
    { "private, nothing known",
            "\"checks\":[{\"name\":\"bank.test\",\"rcode\":0,\"addresses\":[\"10.0.0.1\"]}]", "",
            0 },
    { "private, another host there while the known one proves itself",
            "\"checks\":[{\"name\":\"bank.test\",\"rcode\":0,\"addresses\":[\"10.0.0.1\"],"
            "\"known\":[\"198.51.100.30\"],\"proves\":false}]",
            "-" SPOOF " " HIJACK, 0.9 },
    { "proved",
            "\"checks\":[{\"name\":\"bank.test\",\"rcode\":0,\"addresses\":[\"203.0.113.9\"],"
            "\"proves\":true}]",
            FINE, 0 },
    { "two answers, one near by",
            "\"checks\":[{\"name\":\"bank.test\",\"rcode\":0,\"addresses\":[\"203.0.113.9\"],"
            "\"second\":[\"192.168.77.66\"]}]",
            "-" HIJACK " " SPOOF, 0.9 },
    { "two answers, both public",
            "\"checks\":[{\"name\":\"bank.test\",\"rcode\":0,\"addresses\":[\"203.0.113.9\"],"
            "\"second\":[\"203.0.113.10\"]}]",
            "", 0 },
    { "the trusted one agrees by plain DNS, but on a neighbour",
            "\"trusted_via\":\"udp\",\"checks\":[{\"name\":\"bank.test\",\"rcode\":0,"
            "\"addresses\":[\"192.168.77.66\"],\"on_link\":true,\"trusted_rcode\":0,"
            "\"trusted_addresses\":[\"192.168.77.66\"]}]",
            "", 0 },
    { "the true address is private",
            "\"trusted_via\":\"dot\",\"checks\":[{\"name\":\"bank.test\",\"rcode\":0,"
            "\"addresses\":[\"10.0.0.2\"],\"trusted_rcode\":0,"
            "\"trusted_addresses\":[\"10.0.0.1\"]}]",
            "", 0 },
    { "captive",
            "\"captive\":true,\"nx_probes\":3,\"nx_answered\":3,\"trusted_nx\":true,\"checks\":"
            "[{\"name\":\"bank.test\",\"rcode\":0,\"addresses\":[\"10.0.0.1\"],\"proves\":false}]",
            "", 0 },
    { "made-up names",
            "\"nx_probes\":3,\"nx_answered\":3,\"nx_addresses\":[\"198.51.100.66\"],"
            "\"trusted_nx\":true",
            "-network.dns_spoof/" NX " network.dns_hijack/" NX, 0.95 },
    { "one kind of made-up names only",
            "\"nx_probes\":3,\"nx_answered\":1,\"nx_addresses\":[\"198.51.100.66\"],"
            "\"trusted_nx\":true",
            "-network.dns_spoof/" NX " network.dns_hijack/" NX, 0.95 },
    { "made-up names by somebody in between",
            "\"nx_probes\":3,\"nx_answered\":3,\"nx_addresses\":[\"192.168.77.66\"],"
            "\"trusted_nx\":true,\"contested\":true",
            "-network.dns_hijack/" NX " network.dns_spoof/" NX, 0.95 },
    { "made-up names answered twice", "\"nx_probes\":3,\"nx_raced\":3",
            "-network.dns_hijack/" NX " network.dns_spoof/" NX, 0.95 },
    { "a router without its uplink answers everything with itself",
            "\"nx_probes\":3,\"nx_answered\":3,\"nx_addresses\":[\"192.168.77.1\"]", "", 0 },
    { "nowhere for everything unknown",
            "\"nx_probes\":3,\"nx_answered\":3,\"nx_addresses\":[\"0.0.0.0\"],\"trusted_nx\":true",
            NXFINE, 0 },
    { "names that exist after all",
            "\"nx_probes\":3,\"nx_answered\":1,\"nx_addresses\":[\"198.51.100.66\"],"
            "\"trusted_nx\":false",
            "", 0 },
    { "honest", "\"nx_probes\":3", NXFINE, 0 },
    { "mostly silent", "\"nx_probes\":3,\"timeouts\":2", "", 0 },
    { "silent", "\"nx_probes\":3,\"timeouts\":3", "", 0 },
    { "gone", "\"gone\":true,\"checks\":[{\"name\":\"bank.test\"}]",
            FINE " " NXFINE " -network.dns_change/name server at 192.168.77.1", 0 },
};

static void say(const struct pk_findings *list, char *out, size_t size, double *confidence)
{
    size_t len = 0;

    out[0] = '\0';
    *confidence = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct pk_finding *f = &list->items[i];

        len += (size_t)snprintf(out + len, size - len, "%s%s%s/%s", i > 0 ? " " : "",
                f->cleared ? "-" : "", f->threat->id, f->part != NULL ? f->part : "");
        *confidence = f->cleared ? *confidence : f->confidence;
    }
}

static void check(const char *what, const char *dns, const char *said, double confidence)
{
    struct pk_arena *arena = pk_arena_create(1 << 20);
    struct pk_findings findings = { 0 };
    struct pk_observation o;
    struct pk_error err = { 0 };
    json_t *in = NULL;
    char text[2048];
    char got[1024];
    double sure;

    (void)snprintf(text, sizeof(text),
            "{\"seq\":1,\"at\":\"2026-11-23T00:00:00Z\",\"on\":\"net-0123456789abcdef\","
            "\"kind\":\"dns\",\"dns\":{\"resolver\":\"192.168.77.1\",%s}}",
            dns);
    if (pk_json_parse(text, strlen(text), &in, &err) < 0 ||
            pk_observation_decode(in, arena, &o, &err) < 0) {
        fail_msg("%s: %s %s", what, err.path, err.text);
    }
    assert_int_equal(pk_defense_judge(&o, arena, &findings), PK_OK);
    say(&findings, got, sizeof(got), &sure);
    if (strcmp(got, said) != 0) {
        fail_msg("%s: said '%s', not '%s'", what, got, said);
    }
    if (sure < confidence - 0.001 || sure > confidence + 0.001) {
        fail_msg("%s: %f sure", what, sure);
    }
    json_decref(in);
    pk_arena_destroy(arena);
}

static void test_compared(void **state)
{
    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        bool own_via = strstr(rows[i].server, "trusted_via") != NULL;
        bool own_rcode = strstr(rows[i].check, "rcode") != NULL;
        char dns[1024];

        (void)snprintf(dns, sizeof(dns),
                "%s%s\"checks\":[{\"name\":\"bank.test\",%s%s,\"trusted_rcode\":0,"
                "\"trusted_addresses\":[\"198.51.100.30\",\"2001:db8:100::30\"]}]",
                rows[i].server, own_via ? "" : "\"trusted_via\":\"dot\",",
                own_rcode ? "" : "\"rcode\":0,", rows[i].check);
        check(rows[i].what, dns, rows[i].said, rows[i].confidence);
    }
}

static void test_bare(void **state)
{
    (void)state;
    for (size_t i = 0; i < PK_COUNT(bare); i++) {
        check(bare[i].what, bare[i].dns, bare[i].said, bare[i].confidence);
    }
}

/* Twelve names, all forged, beside forged made-up names: nothing is lost. */
static void test_many(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 20);
    const char *near[] = { "192.168.77.66" };
    const char *right[] = { "198.51.100.30" };
    char names[12][24];
    struct pk_dns_check checks[12];
    struct pk_findings findings = { 0 };
    size_t present = 0;

    (void)state;
    for (size_t i = 0; i < PK_COUNT(checks); i++) {
        (void)snprintf(names[i], sizeof(names[i]), "host%zu.test", i);
        checks[i] = (struct pk_dns_check){
            .name = names[i], .addresses = { near, 1 }, .trusted_addresses = { right, 1 }
        };
    }
    struct pk_obs_dns dns = { .resolver = "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        .trusted_via = 3,
        .nx_probes = 4,
        .nx_answered = 4,
        .nx_addresses = { near, 1 },
        .trusted_nx = PK_TRI_YES,
        .checks = { checks, PK_COUNT(checks) } };
    struct pk_observation o = { .kind = PK_OBS_DNS, .network = "net-0", .dns = &dns };

    assert_int_equal(pk_defense_judge(&o, arena, &findings), PK_OK);
    for (size_t i = 0; i < findings.count; i++) {
        present += !findings.items[i].cleared;
    }
    assert_int_equal(present, 13);
    pk_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compared),
        cmocka_unit_test(test_bare),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
