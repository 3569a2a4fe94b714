/* From observations to sightings: what of a visit is told, when again, and what never. The judges are the
 * real ones. */
#include "visit_world.h"

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
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
