/* From observations to sightings: what of a visit is told, when again, and what never. The judges are the
 * real ones. */
#include <stdio.h>

#include "check.h"
#include "crowd/visit.h"
#include "defense/defense.h"

#define NET   "net-0123456789abcdef"
#define POINT "02:00:5e:00:53:01"
#define DAY   INT64_C(86400000)
#define HOUR  INT64_C(3600000)

struct world {
    struct pk_visits *visits;
    int64_t now_ms;
    size_t count; /* sightings since the last clear() */
    struct pk_sighting told[256];
};

static void on_told(void *ctx, const struct pk_sighting *s)
{
    struct world *w = ctx;

    assert_true(w->count < PK_COUNT(w->told));
    w->told[w->count++] = *s;
}

static struct world begin(size_t devices_max)
{
    struct world w = { .now_ms = 1000 * DAY };
    const struct pk_visits_settings settings = { .devices_max = devices_max,
        .judge = pk_defense_judge };

    assert_int_equal(pk_visits_create(&settings, &w.visits, NULL), PK_OK);
    return w;
}

static void report_as(struct world *w, const char *id, struct pk_observation *o, size_t count)
{
    const struct pk_visit_device device = { .id = id,
        .tenant = 7,
        .enrolment = { .enrolled_s = 5, .asn = 64500, .attestation = PK_ATTESTED_HARDWARE } };

    for (size_t i = 0; i < count; i++) {
        o[i].at_ms = o[i].at_ms != 0 ? o[i].at_ms : w->now_ms;
        o[i].network = o[i].network != NULL ? o[i].network : NET;
    }
    assert_int_equal(pk_visits_take(w->visits, &device, o, count, w->now_ms, on_told, w), PK_OK);
}

/* The sightings of one kind that a report of the first device gives. */
static size_t report(struct world *w, struct pk_observation *o, size_t count)
{
    w->count = 0;
    report_as(w, "device-1", o, count);
    return w->count;
}

static struct pk_obs_network joined(void)
{
    static const char *dns[] = { "192.0.2.53", "2001:db8::53" };

    return (struct pk_obs_network){ .event = PK_NETWORK_JOINED,
        .link = 1,
        .security = 5,
        .bssid = POINT,
        .gateway = "192.0.2.1",
        .gateway_mac = "02:00:5e:00:53:aa",
        .dns = { .items = dns, .count = 2 },
        .place = "u33db",
        .signal_dbm = -70 };
}

static struct pk_certificate leaf(char digit)
{
    static char digests[128][65];
    char *text = digests[(unsigned char)digit & 127];

    memset(text, digit, 64);
    return (struct pk_certificate){
        .subject = "CN=host", .issuer = "CN=ca", .sha256 = text, .spki_sha256 = text
    };
}

static struct pk_obs_tls proven(const char *host, struct pk_certificate *chain)
{
    return (struct pk_obs_tls){ .host = host,
        .port = 443,
        .outcome = PK_TLS_OK,
        .trust = PK_TLS_TRUST_PUBLIC,
        .name_fits = PK_TRI_YES,
        .captive = PK_TRI_NO,
        .chain = { .items = chain, .count = 1 } };
}

static struct pk_obs_tls forged(const char *host, struct pk_certificate *chain)
{
    struct pk_obs_tls tls = proven(host, chain);

    tls.outcome = PK_TLS_UNTRUSTED;
    tls.trust = PK_TLS_TRUST_UNKNOWN;
    return tls;
}

#define OBS_NET(x)                         \
    {                                      \
        .kind = PK_OBS_NETWORK, .net = (x) \
    }
#define OBS_TLS(x)                     \
    {                                  \
        .kind = PK_OBS_TLS, .tls = (x) \
    }
#define OBS_PORTAL(x)                        \
    {                                        \
        .kind = PK_OBS_PORTAL, .portal = (x) \
    }
#define OBS_GATEWAY(x)                         \
    {                                          \
        .kind = PK_OBS_GATEWAY, .gateway = (x) \
    }
#define OBS_LEASE(x)                       \
    {                                      \
        .kind = PK_OBS_LEASE, .lease = (x) \
    }

static size_t joins(struct world *w)
{
    struct pk_obs_network net = joined();
    struct pk_observation o[] = { OBS_NET(&net) };

    return report(w, o, 1);
}

static size_t checks(struct world *w, const struct pk_obs_tls *tls)
{
    struct pk_obs_tls copy = *tls;
    struct pk_observation o[] = { OBS_TLS(&copy) };

    return report(w, o, 1);
}

/* --- one visit ---------------------------------------------------------------------------- */

static void test_one_visit(void **state)
{
    struct world w = begin(0);
    struct pk_obs_network net = joined();
    struct pk_obs_lease lease = { .server = "192.0.2.1", .options = "00c0ffee" };
    struct pk_certificate chain = leaf('a');
    struct pk_obs_tls one = proven("one.example", &chain);
    struct pk_obs_tls two = proven("TWO.example", &chain);
    struct pk_wifi_point point = {
        .network = NET, .bssid = POINT, .signal_dbm = -51, .connected = true
    };
    struct pk_obs_wifi wifi = { .points = { .items = &point, .count = 1 } };
    struct pk_observation o[] = { OBS_NET(&net), OBS_LEASE(&lease), OBS_TLS(&one), OBS_TLS(&two),
        { .kind = PK_OBS_WIFI, .wifi = &wifi } };
    const struct pk_sight_network *n = &w.told[1].network;

    (void)state;
    assert_int_equal(report(&w, o, 5), 2);
    assert_int_equal(w.told[0].kind, PK_SIGHTING_DEVICE);
    assert_int_equal(w.told[0].enrolment.asn, 64500);
    assert_int_equal(w.told[0].enrolment.attestation, PK_ATTESTED_HARDWARE);
    assert_int_equal(w.told[1].kind, PK_SIGHTING_NETWORK);
    assert_int_equal(w.told[1].at_s, w.now_ms / 1000);
    assert_true(w.told[1].device == pk_crowd_hash("device-1") && w.told[1].tenant == 7);
    assert_true(w.told[1].place == pk_crowd_place_of("u33db"));
    assert_true(w.told[1].city == pk_crowd_city_of("u33db"));
    assert_true(n->network == 0x0123456789abcdefULL && n->point == 0x02005e005301ULL);
    assert_true(n->gateway == 0x02005e0053aaULL);
    assert_true(n->resolver != 0 && n->lease == 0x00c0ffee && n->egress == 0 && n->portal == 0);
    assert_int_equal(n->security, PK_SIGHT_WPA2);
    assert_int_equal(n->dbm, -51);
    assert_int_equal(n->flags, 0);
    assert_int_equal(n->check_count, 2);
    assert_int_equal(n->checks[0].valid, PK_SIGHT_INTACT);
    assert_int_equal(n->checks[0].key, 0xaaaaaaaa);
    assert_int_equal(n->checks[0].host, pk_crowd_tenant_of("one.example") % 8);
    assert_int_equal(n->checks[1].host, pk_crowd_tenant_of("two.example") % 8);
    pk_visits_destroy(w.visits);
}

/* A device that stays for a week, checks every minute, and joins again each night. */
static void test_a_week(void **state)
{
    struct world w = begin(0);
    struct pk_certificate chain = leaf('a');
    struct pk_obs_tls tls = proven("one.example", &chain);
    size_t told = joins(&w);

    (void)state;
    for (int minute = 0; minute < 7 * 24 * 60; minute++) {
        w.now_ms += 60000;
        told += checks(&w, &tls);
        if (minute % 1440 == 1439) {
            told += joins(&w);
        }
    }
    /* Once without and once with a proven host at first, then once in 6 hours. */
    assert_in_range(told, 28, 31);
    pk_visits_destroy(w.visits);
}

static void test_late_proof(void **state)
{
    struct world w = begin(0);
    struct pk_certificate chain = leaf('a');
    struct pk_obs_tls tls = proven("one.example", &chain);

    (void)state;
    assert_int_equal(joins(&w), 2); /* nothing is proven yet, and it is told */
    assert_int_equal(w.told[1].network.dbm, -70);
    w.now_ms += 10000;
    assert_int_equal(checks(&w, &tls), 1);
    assert_int_equal(w.told[0].network.check_count, 1);
    tls.host = "two.example";
    assert_int_equal(checks(&w, &tls), 0); /* one more that is as it should be */
    assert_int_equal(joins(&w), 0);
    pk_visits_destroy(w.visits);
}

static void test_evidence_comes_later(void **state)
{
    struct world w = begin(0);
    struct pk_certificate good = leaf('a');
    struct pk_certificate bad = leaf('b');
    struct pk_obs_tls one = proven("one.example", &good);
    struct pk_obs_tls two = forged("two.example", &bad);

    (void)state;
    (void)joins(&w);
    assert_int_equal(checks(&w, &one), 1);
    w.now_ms += 60000;
    assert_int_equal(checks(&w, &two), 2);
    assert_int_equal(w.told[0].kind, PK_SIGHTING_NETWORK);
    assert_int_equal(w.told[0].network.check_count, 2); /* some prove themselves, some do not */
    assert_int_equal(w.told[0].network.checks[1].valid, PK_SIGHT_FORGED);
    assert_int_equal(w.told[1].kind, PK_SIGHTING_INCIDENT);
    assert_int_equal(w.told[1].incident.attack, PK_SIGHT_INTERCEPTION);
    assert_int_equal(w.told[1].incident.confidence, 95);
    assert_true(w.told[1].incident.point == 0x02005e005301ULL);
    for (int i = 0; i < 100; i++) { /* the same, every five seconds */
        w.now_ms += 5000;
        assert_int_equal(checks(&w, &two), 0);
    }
    assert_int_equal(checks(&w, &one), 0);
    pk_visits_destroy(w.visits);
}

/* Forged and genuine again within one report: the attack is told all the same. */
static void test_over_before_it_is_told(void **state)
{
    struct world w = begin(0);
    struct pk_obs_network net = joined();
    struct pk_certificate good = leaf('a');
    struct pk_certificate bad = leaf('b');
    struct pk_obs_tls then = forged("one.example", &bad);
    struct pk_obs_tls now = proven("one.example", &good);
    struct pk_observation o[] = { OBS_NET(&net), OBS_TLS(&then), OBS_TLS(&now) };

    (void)state;
    assert_int_equal(report(&w, o, 3), 4);
    assert_int_equal(w.told[1].network.checks[0].valid, PK_SIGHT_FORGED);
    assert_int_equal(w.told[2].kind, PK_SIGHTING_INCIDENT);
    assert_int_equal(w.told[3].network.checks[0].valid, PK_SIGHT_INTACT);
    pk_visits_destroy(w.visits);
}

/* --- certificates ------------------------------------------------------------------------- */

static void test_what_certificates_say(void **state)
{
    struct pk_certificate chain = leaf('c');
    const struct {
        enum pk_tls_outcome outcome;
        enum pk_tls_trust trust;
        enum pk_tri captive, root_known;
        bool own;
        const char *before;
        int valid; /* -1: nothing is told of it */
    } rows[] = {
        { PK_TLS_OK, PK_TLS_TRUST_PUBLIC, PK_TRI_NO, 0, false, NULL, PK_SIGHT_INTACT },
        { PK_TLS_OK, PK_TLS_TRUST_ORIGINAL, PK_TRI_NO, PK_TRI_YES, false, NULL, PK_SIGHT_INTACT },
        { PK_TLS_OK, PK_TLS_TRUST_OWN, PK_TRI_NO, 0, true, NULL, PK_SIGHT_INTACT },
        { PK_TLS_OK, PK_TLS_TRUST_UNKNOWN, PK_TRI_NO, 0, false, NULL, -1 },
        { PK_TLS_OK, PK_TLS_TRUST_INSTALLED, PK_TRI_NO, 0, false, NULL, PK_SIGHT_INSPECTED },
        { PK_TLS_OK, PK_TLS_TRUST_INSTALLED, PK_TRI_NO, 0, true, NULL, -1 },
        { PK_TLS_OK, PK_TLS_TRUST_ALLOWED, PK_TRI_NO, 0, false, NULL, PK_SIGHT_INSPECTED },
        { PK_TLS_OK, PK_TLS_TRUST_ORIGINAL, PK_TRI_NO, PK_TRI_NO, false, NULL, PK_SIGHT_INSPECTED },
        { PK_TLS_UNTRUSTED, PK_TLS_TRUST_ALLOWED, PK_TRI_NO, 0, false, NULL, PK_SIGHT_INSPECTED },
        { PK_TLS_PIN, PK_TLS_TRUST_ALLOWED, PK_TRI_NO, 0, false, NULL, PK_SIGHT_INSPECTED },
        { PK_TLS_UNTRUSTED, 0, PK_TRI_NO, 0, false, NULL, PK_SIGHT_FORGED },
        { PK_TLS_UNTRUSTED, 0, PK_TRI_YES, 0, false, NULL, PK_SIGHT_FORGED },
        { PK_TLS_PIN, 0, PK_TRI_NO, 0, false, NULL, PK_SIGHT_FORGED },
        { PK_TLS_WRONG_NAME, 0, PK_TRI_NO, 0, false, NULL, PK_SIGHT_FORGED },
        { PK_TLS_WRONG_NAME, 0, PK_TRI_UNKNOWN, 0, false, NULL, -1 },
        { PK_TLS_INVALID, 0, PK_TRI_NO, 0, false, NULL, PK_SIGHT_FORGED },
        { PK_TLS_EXPIRED, 0, PK_TRI_NO, 0, false, NULL, -1 },
        { PK_TLS_FAILED, 0, PK_TRI_NO, 0, false, NULL, -1 },
        { PK_TLS_UNREACHABLE, 0, PK_TRI_NO, 0, false, NULL, -1 },
        { PK_TLS_UNTRUSTED, 0, PK_TRI_NO, 0, true, NULL, -1 },
        { PK_TLS_UNTRUSTED, 0, PK_TRI_NO, 0, true, "TLSv1.3", PK_SIGHT_FORGED },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct world w = begin(0);
        struct pk_obs_network net = joined();
        struct pk_obs_tls tls = proven("host.example", &chain);
        struct pk_observation o[] = { OBS_NET(&net), OBS_TLS(&tls) };
        const struct pk_sight_network *n = &w.told[1].network;

        tls.outcome = rows[i].outcome;
        tls.trust = rows[i].trust;
        tls.captive = rows[i].captive;
        tls.root_known = rows[i].root_known;
        tls.own = rows[i].own;
        tls.version_before = rows[i].before;
        assert_in_range(report(&w, o, 2), 2, 3);
        assert_int_equal(n->check_count, rows[i].valid >= 0);
        if (rows[i].valid >= 0) {
            assert_int_equal(n->checks[0].valid, rows[i].valid);
        }
        assert_int_equal(n->portal != 0, rows[i].captive == PK_TRI_YES);
        /* An incident only of what is forged without a portal. */
        assert_true(w.count == 2 ||
                (rows[i].valid == PK_SIGHT_FORGED && rows[i].captive != PK_TRI_YES));
        pk_visits_destroy(w.visits);
    }
}

static void test_without_a_chain(void **state)
{
    struct world w = begin(0);
    struct pk_obs_tls tls = forged("one.example", NULL);

    (void)state;
    tls.chain.count = 0;
    (void)joins(&w);
    assert_int_equal(checks(&w, &tls), 0);
    pk_visits_destroy(w.visits);
}

/* More hosts than there is room for: what stands against the network stays. */
static void test_many_hosts(void **state)
{
    struct world w = begin(0);
    struct pk_obs_network net = joined();
    struct pk_certificate good = leaf('a');
    struct pk_certificate bad = leaf('b');
    char names[12][16];
    struct pk_obs_tls tls[12];
    struct pk_observation o[13] = { OBS_NET(&net) };

    (void)state;
    for (size_t i = 0; i < 12; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "h%zu.example", i);
        tls[i] = i == 1 ? forged(names[i], &bad) : proven(names[i], &good);
        o[i + 1] = (struct pk_observation)OBS_TLS(&tls[i]);
    }
    assert_int_equal(report(&w, o, 13), 3);
    assert_int_equal(w.told[1].network.check_count, PK_SIGHT_HOSTS);
    assert_int_equal(w.told[1].network.checks[0].valid, PK_SIGHT_FORGED);
    assert_int_equal(w.told[1].network.checks[7].host, pk_crowd_tenant_of("h11.example") % 8);
    pk_visits_destroy(w.visits);
}

/* --- portals, routers, names -------------------------------------------------------------- */

static void test_portal(void **state)
{
    struct world w = begin(0);
    struct pk_obs_portal portal = { .state = 2, .host = "login.hotel.example" };
    struct pk_observation o[] = { OBS_PORTAL(&portal) };

    (void)state;
    (void)joins(&w);
    assert_int_equal(report(&w, o, 1), 1);
    assert_true(w.told[0].network.portal == pk_crowd_tenant_of("login.hotel.example"));
    assert_int_equal(report(&w, o, 1), 0);
    portal.host = "login.other.example"; /* another page stands there now */
    assert_int_equal(report(&w, o, 1), 1);
    portal.state = 1; /* signed in: the network still has one */
    assert_int_equal(report(&w, o, 1), 0);
    pk_visits_destroy(w.visits);
}

static void test_contested_router(void **state)
{
    struct world w = begin(0);
    struct pk_obs_gateway g = { .address = "192.0.2.1",
        .mac = "02:00:5e:00:53:bb",
        .mac_before = "02:00:5e:00:53:aa",
        .mac_rival = "02:00:5e:00:53:bb",
        .probes = 6,
        .old_answers = 3,
        .rival_claims = 5,
        .unasked_claims = 5,
        .rival_holds = PK_TRI_NO };
    struct pk_observation o[] = { OBS_GATEWAY(&g) };

    (void)state;
    (void)joins(&w);
    assert_int_equal(report(&w, o, 1), 2);
    assert_int_equal(w.told[0].network.flags, PK_SIGHT_GATEWAY_CHANGED);
    assert_true(w.told[0].network.gateway == 0x02005e0053bbULL); /* the attacker's own */
    assert_int_equal(w.told[1].kind, PK_SIGHTING_INCIDENT);
    assert_int_equal(w.told[1].incident.confidence, 97);
    o[0].at_ms = w.now_ms += 60000;
    assert_int_equal(report(&w, o, 1), 0);
    /* Seven hours later somebody else is asked about it, and nothing of it was seen again. */
    w.now_ms += 7 * HOUR;
    o[0].at_ms = w.now_ms;
    g = (struct pk_obs_gateway){
        .address = "192.0.2.1", .mac = "02:00:5e:00:53:aa", .mac_before = "02:00:5e:00:53:aa"
    };
    assert_int_equal(report(&w, o, 1), 1);
    assert_int_equal(w.told[0].network.flags, 0);
    assert_true(w.told[0].network.gateway == 0x02005e0053aaULL);
    pk_visits_destroy(w.visits);
}

/* The known router fell silent and another one answers: no flag, but the crowd learns of the other one. */
static void test_replaced_router(void **state)
{
    struct world w = begin(0);
    struct pk_obs_gateway g = { .address = "192.0.2.1",
        .mac = "02:00:5e:00:53:cc",
        .mac_before = "02:00:5e:00:53:aa",
        .mac_rival = "02:00:5e:00:53:cc",
        .probes = 6,
        .rival_answers = 4,
        .rival_holds = PK_TRI_YES,
        .link_lost_ms = 30000 };
    struct pk_observation o[] = { OBS_GATEWAY(&g) };

    (void)state;
    (void)joins(&w);
    assert_int_equal(report(&w, o, 1), 1);
    assert_int_equal(w.told[0].network.flags, 0);
    assert_true(w.told[0].network.gateway == 0x02005e0053ccULL);
    pk_visits_destroy(w.visits);
}

static void test_stripped_page(void **state)
{
    struct world w = begin(0);
    struct pk_obs_http http = { .url = "http://shop.example/",
        .role = 0,
        .status = 200,
        .length = 900,
        .https_before = PK_TRI_YES,
        .https_works = PK_TRI_YES,
        .captive = PK_TRI_NO,
        .repeats = PK_TRI_YES,
        .set = true };
    struct pk_observation o[] = { { .kind = PK_OBS_HTTP, .http = &http } };

    (void)state;
    (void)joins(&w);
    assert_int_equal(report(&w, o, 1), 2);
    assert_int_equal(w.told[0].network.flags, PK_SIGHT_STRIPPED);
    assert_int_equal(w.told[1].incident.attack, PK_SIGHT_STRIPPING);
    pk_visits_destroy(w.visits);
}

static void test_other_answers(void **state)
{
    struct world w = begin(0);
    static const char *here[] = { "10.9.9.9" };
    static const char *right[] = { "192.0.2.80" };
    struct pk_dns_check check = { .name = "one.example",
        .addresses = { here, 1 },
        .trusted_addresses = { right, 1 },
        .proves = PK_TRI_NO,
        .shown = "self-signed certificate",
        .on_link = true };
    struct pk_obs_dns dns = { .resolver = "192.0.2.53",
        .trusted_via = 3,
        .captive = PK_TRI_NO,
        .checks = { .items = &check, .count = 1 } };
    struct pk_observation o[] = { { .kind = PK_OBS_DNS, .dns = &dns } };

    (void)state;
    (void)joins(&w);
    assert_true(report(&w, o, 1) >= 1);
    assert_int_equal(w.told[0].network.flags, PK_SIGHT_DNS_DIFFERS);
    assert_int_equal(report(&w, o, 1), 0);
    pk_visits_destroy(w.visits);
}

static void test_name_servers(void **state)
{
    static const struct {
        const char *dns[2];
        const char *same; /* NULL: 0, not known */
    } rows[] = {
        { { "192.0.2.53", "2001:db8::1" }, "192.0.2.53" },
        { { "2001:db8::1", "192.0.2.53" }, "192.0.2.53" },
        { { "127.0.0.53", "192.0.2.53" }, "192.0.2.53" },
        { { "127.0.0.1", "::1" }, NULL },
        { { "2001:db8:1:2::3", "::1" }, "2001:db8" },
        { { "FE80::1", "::1" }, "fe80::" },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct world w = begin(0);
        const char *dns[] = { rows[i].dns[0], rows[i].dns[1] };
        struct pk_obs_network net = joined();
        struct pk_observation o[] = { OBS_NET(&net) };

        net.dns = (struct pk_strings){ .items = dns, .count = 2 };
        assert_int_equal(report(&w, o, 1), 2);
        assert_true(w.told[1].network.resolver == pk_crowd_tenant_of(rows[i].same));
        pk_visits_destroy(w.visits);
    }
}

/* --- networks ----------------------------------------------------------------------------- */

static void test_no_visits(void **state)
{
    struct world w = begin(0);
    struct pk_obs_network net = joined();
    struct pk_observation o[] = { OBS_NET(&net) };
    struct pk_certificate chain = leaf('b');
    struct pk_obs_tls tls = forged("one.example", &chain);
    struct pk_observation elsewhere[] = { OBS_TLS(&tls) };

    (void)state;
    net.link = 3; /* cellular */
    assert_int_equal(report(&w, o, 1), 1);
    net.link = 4; /* VPN */
    assert_int_equal(report(&w, o, 1), 0);
    assert_int_equal(checks(&w, &tls), 0);
    (void)joins(&w);
    elsewhere[0].network = "net-ffffffffffffffff"; /* of a network that it is not on */
    assert_int_equal(report(&w, elsewhere, 1), 0);
    net.link = 1;
    net.event = PK_NETWORK_LEFT;
    assert_int_equal(report(&w, o, 1), 0);
    assert_int_equal(checks(&w, &tls), 0);
    o[0].network = "net-what";
    net.event = PK_NETWORK_JOINED;
    assert_int_equal(report(&w, o, 1), 0);
    pk_visits_destroy(w.visits);
}

static void test_cable(void **state)
{
    struct world w = begin(0);
    struct pk_obs_network net = { .event = PK_NETWORK_JOINED, .link = 2 };
    struct pk_observation o[] = { OBS_NET(&net) };

    (void)state;
    assert_int_equal(report(&w, o, 1), 2);
    assert_true(w.told[1].network.point == 0 && w.told[1].network.network != 0);
    assert_int_equal(w.told[1].network.dbm, 0);
    assert_int_equal(w.told[1].network.security, PK_SIGHT_WPA2); /* not "open" */
    assert_int_equal(w.told[1].place, 0);
    pk_visits_destroy(w.visits);
}

static void test_roaming(void **state)
{
    struct world w = begin(0);
    struct pk_obs_network net = joined();
    struct pk_observation o[] = { OBS_NET(&net) };
    struct pk_certificate bad = leaf('b');
    struct pk_obs_tls tls = forged("one.example", &bad);

    (void)state;
    (void)joins(&w);
    (void)checks(&w, &tls);
    net.event = PK_NETWORK_CHANGED;
    net.bssid = "02:00:5e:00:53:02";
    net.place = NULL;
    assert_int_equal(report(&w, o, 1), 1);
    assert_true(w.told[0].network.point == 0x02005e005302ULL);
    assert_int_equal(w.told[0].network.check_count, 0); /* what the other one did is not its */
    assert_true(w.told[0].place == pk_crowd_place_of("u33db"));
    net.bssid = POINT;
    assert_int_equal(report(&w, o, 1), 0);
    pk_visits_destroy(w.visits);
}

/* Attributes that flap, in the hands of somebody who wants to be heard often. */
static void test_caps(void **state)
{
    struct world w = begin(0);
    struct pk_obs_network net = joined();
    struct pk_observation o[] = { OBS_NET(&net) };
    char mac[18];
    char id[24];
    size_t told = joins(&w);

    (void)state;
    for (int i = 0; i < 100; i++) {
        (void)snprintf(mac, sizeof(mac), "02:00:5e:00:54:%02x", (unsigned)i);
        net.gateway_mac = mac;
        w.now_ms += 1000;
        o[0] = (struct pk_observation)OBS_NET(&net);
        told += report(&w, o, 1);
    }
    assert_int_equal(told, 1 + 1 + PK_VISIT_FURTHER_MAX);
    for (int i = 0; i < 200; i++) { /* networks that do not exist */
        (void)snprintf(id, sizeof(id), "net-%016x", (unsigned)i + 1);
        o[0] = (struct pk_observation)OBS_NET(&net);
        o[0].network = id;
        told += report(&w, o, 1);
    }
    assert_int_equal(told, 1 + PK_VISIT_BUDGET);
    w.now_ms += 6 * HOUR;
    assert_int_equal(joins(&w), 1);
    pk_visits_destroy(w.visits);
}

static void test_dates(void **state)
{
    struct world w = begin(0);
    struct pk_obs_network net = joined();
    struct pk_observation o[] = { OBS_NET(&net) };

    (void)state;
    o[0].at_ms = w.now_ms - 3 * DAY;
    assert_int_equal(report(&w, o, 1), 2);
    assert_int_equal(w.told[1].at_s, (w.now_ms - 3 * DAY) / 1000);
    o[0].at_ms = w.now_ms + HOUR; /* a clock that is fast */
    assert_int_equal(report(&w, o, 1), 1);
    assert_int_equal(w.told[0].at_s, w.now_ms / 1000);
    o[0].at_ms = w.now_ms - 25 * DAY;
    assert_int_equal(report(&w, o, 1), 1);
    assert_int_equal(w.told[0].at_s, w.now_ms / 1000 - PK_VISIT_DELAY_S);
    pk_visits_destroy(w.visits);
}

/* --- masts, posture ----------------------------------------------------------------------- */

static void test_masts(void **state)
{
    struct world w = begin(0);
    struct pk_obs_cell cell = { .radio = PK_RADIO_4G,
        .plmn = "26201",
        .area = 1234,
        .cell = 5678,
        .pci = 42,
        .arfcn = 1300,
        .signal_dbm = -95,
        .neighbours = -1,
        .cipher = 3,
        .place = "u33db" };
    struct pk_observation o[] = { { .kind = PK_OBS_CELL, .cell = &cell } };
    const struct pk_sight_mast *m = &w.told[1].mast;

    (void)state;
    assert_int_equal(report(&w, o, 1), 2);
    assert_int_equal(w.told[1].kind, PK_SIGHTING_MAST);
    assert_true(w.told[1].place == pk_crowd_place_of("u33db"));
    assert_true(m->cell == 5678 && m->plmn == 26201 && m->area == 1234 && m->arfcn == 1300);
    assert_int_equal(m->pci, 42);
    assert_int_equal(m->dbm, -95);
    assert_int_equal(m->neighbours, 6); /* not heard: nothing out of the ordinary */
    assert_int_equal(m->radio, 4);
    assert_int_equal(m->cipher, 2);
    assert_int_equal(m->flags, 0);
    assert_int_equal(report(&w, o, 1), 0);
    cell.identity = 2; /* the IMSI was asked for */
    cell.authenticated = PK_TRI_NO;
    assert_int_equal(report(&w, o, 1), 1);
    assert_int_equal(w.told[0].mast.flags, PK_SIGHT_IDENTITY_ASKED | PK_SIGHT_IDENTITY_UNPROVEN);
    assert_int_equal(report(&w, o, 1), 0);
    cell.cipher = 1; /* null */
    assert_int_equal(report(&w, o, 1), 1);
    assert_int_equal(w.told[0].mast.cipher, 0);
    cell.cell = -1;
    assert_int_equal(report(&w, o, 1), 0);
    cell.cell = 5679;
    cell.plmn = NULL;
    assert_int_equal(report(&w, o, 1), 0);
    pk_visits_destroy(w.visits);
}

static void test_posture(void **state)
{
    struct world w = begin(0);
    static const char *signs[] = { "frida-server listens" };
    struct pk_obs_posture posture = { .platform = PK_PLATFORM_ANDROID,
        .os_version = "14.1",
        .patch = "1972-09-17", /* ten days before day 1000 */
        .screen_lock = PK_TRI_YES };
    struct pk_observation o[] = { { .kind = PK_OBS_POSTURE, .posture = &posture } };

    (void)state;
    assert_int_equal(report(&w, o, 1), 2);
    assert_int_equal(w.told[1].kind, PK_SIGHTING_POSTURE);
    assert_int_equal(w.told[1].posture.patch_days, 10);
    assert_int_equal(w.told[1].posture.os, 14);
    assert_true(w.told[1].posture.passcode && !w.told[1].posture.root);
    assert_int_equal(report(&w, o, 1), 0);
    posture.root_signs = (struct pk_strings){ .items = signs, .count = 1 };
    assert_int_equal(report(&w, o, 1), 1);
    assert_true(w.told[0].posture.root && w.told[0].posture.hook);
    w.now_ms += 8 * DAY;
    o[0].at_ms = 0;
    assert_int_equal(report(&w, o, 1), 1);
    pk_visits_destroy(w.visits);
}

/* --- the table, at rest ------------------------------------------------------------------- */

static void test_forget_and_room(void **state)
{
    struct world w = begin(50);
    struct pk_obs_network net = joined();
    char id[16];

    (void)state;
    for (int i = 0; i < 500; i++) {
        struct pk_observation o[] = { OBS_NET(&net) };

        (void)snprintf(id, sizeof(id), "d%d", i);
        w.now_ms += 1000;
        w.count = 0;
        report_as(&w, id, o, 1);
        assert_int_equal(w.count, 2);
        assert_true(pk_visits_devices(w.visits) <= 50);
    }
    for (int i = 0; i < 500; i++) {
        (void)snprintf(id, sizeof(id), "d%d", i);
        pk_visits_forget(w.visits, id);
    }
    assert_int_equal(pk_visits_devices(w.visits), 0);
    assert_true(pk_visits_bytes(w.visits) < 64UL * 1024);
    pk_visits_destroy(w.visits);
}

/* Somebody who is forgotten says nothing against the others. */
static void test_forget_one(void **state)
{
    struct world w = begin(0);
    struct pk_obs_network net = joined();
    char id[16];

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 200; i++) {
            struct pk_observation o[] = { OBS_NET(&net) };

            (void)snprintf(id, sizeof(id), "d%d", i);
            w.count = 0;
            report_as(&w, id, o, 1);
            assert_int_equal(w.count, round == 0 || i % 3 == 0 ? 2 : 0);
        }
        for (int i = 0; i < 200 && round == 0; i += 3) {
            (void)snprintf(id, sizeof(id), "d%d", i);
            pk_visits_forget(w.visits, id);
        }
    }
    pk_visits_destroy(w.visits);
}

static struct pk_visits *reborn(const struct pk_visits *visits, struct pk_buffer *bytes)
{
    const struct pk_visits_settings settings = { .judge = pk_defense_judge };
    struct pk_visits *out = NULL;
    struct pk_buffer again = pk_buffer_of(1UL << 20);
    uint8_t *exact;

    *bytes = pk_buffer_of(1UL << 20);
    assert_int_equal(pk_visits_save(visits, bytes), PK_OK);
    exact = pk_test_dup(bytes->ptr, bytes->len);
    assert_int_equal(pk_visits_load(pk_slice_of(exact, bytes->len), &settings, &out, NULL), PK_OK);
    free(exact);
    assert_int_equal(pk_visits_save(out, &again), PK_OK);
    assert_int_equal(again.len, bytes->len);
    assert_memory_equal(again.ptr, bytes->ptr, again.len);
    pk_buffer_finish(&again);
    return out;
}

/* A long life, interrupted at every report, is the same life. */
static void test_save_and_load(void **state)
{
    struct world one = begin(0);
    struct world two = begin(0);
    struct pk_certificate good = leaf('a');
    struct pk_certificate bad = leaf('b');
    struct pk_buffer bytes;
    char host[24];
    char id[8];

    (void)state;
    for (unsigned i = 0; i < 400; i++) {
        struct pk_obs_network net = joined();
        struct pk_obs_portal portal = { .state = 2 };
        struct pk_obs_cell cell = {
            .radio = PK_RADIO_5G, .plmn = "310260", .cell = 1 + i % 7, .place = "9q8yy"
        };
        struct pk_obs_tls tls = i % 5 == 0 ? forged(host, &bad) : proven(host, &good);
        struct pk_observation o[] = { OBS_NET(&net), OBS_TLS(&tls), OBS_PORTAL(&portal),
            { .kind = PK_OBS_CELL, .cell = &cell } };
        struct pk_observation same[PK_COUNT(o)];
        char bssid[18];

        (void)snprintf(host, sizeof(host), "h%u.example", i % 11);
        (void)snprintf(id, sizeof(id), "d%u", i % 13);
        (void)snprintf(bssid, sizeof(bssid), "02:00:5e:00:53:%02x", i % 10);
        net.bssid = bssid;
        net.event = i % 17 == 0 ? PK_NETWORK_LEFT : PK_NETWORK_JOINED;
        memcpy(same, o, sizeof(o));
        one.now_ms = two.now_ms = one.now_ms + 700000;
        one.count = two.count = 0;
        report_as(&one, id, o, 1 + i % 4);
        report_as(&two, id, same, 1 + i % 4);
        assert_int_equal(one.count, two.count);
        assert_memory_equal(one.told, two.told, one.count * sizeof(one.told[0]));
        struct pk_visits *next = reborn(two.visits, &bytes);
        pk_visits_destroy(two.visits);
        two.visits = next;
        pk_buffer_finish(&bytes);
    }
    pk_visits_destroy(one.visits);
    pk_visits_destroy(two.visits);
}

static void test_damaged(void **state)
{
    struct world w = begin(0);
    struct pk_buffer bytes;
    struct pk_visits *out = NULL;
    size_t kept = 0;

    (void)state;
    (void)joins(&w);
    pk_visits_destroy(reborn(w.visits, &bytes));
    for (size_t len = 0; len < bytes.len; len++) {
        uint8_t *exact = pk_test_dup(bytes.ptr, len);

        assert_true(pk_visits_load(pk_slice_of(exact, len), NULL, &out, NULL) < 0);
        assert_null(out);
        free(exact);
    }
    assert_int_equal(pk_buffer_putc(&bytes, 0), PK_OK); /* leftovers */
    assert_int_equal(pk_visits_load(pk_buffer_slice(&bytes), NULL, &out, NULL), PK_EMALF);
    bytes.len--;
    for (size_t i = 0; i < bytes.len; i++) { /* never more than it would write itself */
        bytes.ptr[i] ^= (char)0xff;
        if (pk_visits_load(pk_buffer_slice(&bytes), NULL, &out, NULL) == PK_OK) {
            kept++;
            pk_visits_destroy(out);
            out = NULL;
        }
        bytes.ptr[i] ^= (char)0xff;
    }
    assert_true(kept < bytes.len);
    pk_buffer_finish(&bytes);
    pk_visits_destroy(w.visits);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_visit),
        cmocka_unit_test(test_a_week),
        cmocka_unit_test(test_late_proof),
        cmocka_unit_test(test_evidence_comes_later),
        cmocka_unit_test(test_over_before_it_is_told),
        cmocka_unit_test(test_what_certificates_say),
        cmocka_unit_test(test_without_a_chain),
        cmocka_unit_test(test_many_hosts),
        cmocka_unit_test(test_portal),
        cmocka_unit_test(test_contested_router),
        cmocka_unit_test(test_replaced_router),
        cmocka_unit_test(test_stripped_page),
        cmocka_unit_test(test_other_answers),
        cmocka_unit_test(test_name_servers),
        cmocka_unit_test(test_no_visits),
        cmocka_unit_test(test_cable),
        cmocka_unit_test(test_roaming),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_masts),
        cmocka_unit_test(test_posture),
        cmocka_unit_test(test_forget_and_room),
        cmocka_unit_test(test_forget_one),
        cmocka_unit_test(test_save_and_load),
        cmocka_unit_test(test_damaged),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
