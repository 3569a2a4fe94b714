/* Who hands out settings? Scenes on a clock of our own: servers and stations that answer, or do not. */
#include "check.h"
#include "track/lease.h"

#define REPORTS_MAX 16

struct server {
    bool there;   /* answers ARP */
    bool offers;  /* answers DHCP */
    uint8_t last; /* of 192.0.2.x, and of its hardware address */
    uint8_t router;
    uint8_t names;
    int64_t late_ms; /* answers DHCP so much later */
};

struct world {
    struct pk_lease_track *track;
    int64_t now;
    int64_t wake_at; /* 0: none */
    struct server servers[3];
    int64_t answer_at[3]; /* 0: none under way */
    size_t asked_stations, asked_servers;
    struct pk_lease_facts reports[REPORTS_MAX];
    int64_t reported_at[REPORTS_MAX];
    size_t count;
};

static struct pk_address address(uint8_t last)
{
    return (struct pk_address){ .family = AF_INET, .bytes = { 192, 0, 2, last } };
}

static struct pk_lease_terms terms(uint8_t server, uint8_t router, uint8_t names)
{
    struct pk_lease_terms t = { .server = address(server), .router = address(router) };

    t.names[t.name_count++] = address(names);
    return t;
}

static void say(struct world *w, const struct server *s, enum pk_dhcp_type type, bool ours)
{
    struct pk_dhcp m = { .reply = true,
        .type = type,
        .server = { 192, 0, 2, s->last },
        .router_count = 1,
        .routers = { { 192, 0, 2, s->router } },
        .dns_count = 1,
        .dns = { { 192, 0, 2, s->names } } };

    pk_lease_track_offer(w->track, &m, (uint8_t[]){ 2, 0, 0, 0, 0, s->last }, ours, w->now);
}

static void on_station(void *ctx, const uint8_t target[4])
{
    struct world *w = ctx;

    w->asked_stations++;
    for (size_t i = 0; i < PK_COUNT(w->servers); i++) {
        if (w->servers[i].there && w->servers[i].last == target[3]) {
            pk_lease_track_station(w->track, target, (uint8_t[]){ 2, 0, 0, 0, 0, target[3] });
        }
    }
}

static void on_servers(void *ctx)
{
    struct world *w = ctx;

    w->asked_servers++;
    for (size_t i = 0; i < PK_COUNT(w->servers); i++) {
        if (w->servers[i].offers) {
            w->answer_at[i] = w->now + 5 + w->servers[i].late_ms;
        }
    }
}

static void on_report(void *ctx, const struct pk_lease_facts *facts)
{
    struct world *w = ctx;

    assert_true(w->count < REPORTS_MAX);
    w->reported_at[w->count] = w->now;
    w->reports[w->count++] = *facts;
}

static void on_wake(void *ctx, int64_t in_ms)
{
    struct world *w = ctx;

    assert_true(in_ms > 0);
    w->wake_at = w->now + in_ms;
}

static const struct pk_lease_ops ops = { on_station, on_servers, on_report, on_wake };

static void pass(struct world *w, int64_t ms)
{
    int64_t end = w->now + ms;

    for (; w->now < end; w->now += 5) {
        for (size_t i = 0; i < PK_COUNT(w->servers); i++) {
            if (w->answer_at[i] != 0 && w->now >= w->answer_at[i]) {
                w->answer_at[i] = 0;
                say(w, &w->servers[i], PK_DHCP_OFFER, false);
            }
        }
        if (w->wake_at != 0 && w->now >= w->wake_at) {
            w->wake_at = 0;
            pk_lease_track_tick(w->track, w->now);
        }
    }
}

static void join(struct world *w, struct pk_lease_terms t, bool same_network)
{
    struct pk_address own = address(100);

    pk_lease_track_join(w->track, &t, &own, 24, same_network, w->now);
}

/* A visit on which all was well: server and router .1. */
static void begin(struct world *w)
{
    *w = (struct world){ .now = 1000000 };
    w->servers[0] = (struct server){
        .there = true, .offers = true, .last = 1, .router = 1, .names = 1
    };
    w->servers[1] = (struct server){ .last = 66, .router = 66, .names = 66 };
    w->track = pk_lease_track_create(&ops, w);
    assert_non_null(w->track);
    join(w, terms(1, 1, 1), false);
    pass(w, 1000);
    assert_int_equal(w->count, 1);
    assert_false(w->reports[0].has_before);
    pk_lease_track_accept(w->track);
}

static bool answered(const struct pk_lease_facts *facts, uint8_t last)
{
    struct pk_address a = address(last);
    const struct pk_lease_station *s = pk_lease_station_of(facts, &a);

    return s != NULL && s->answered;
}

static void test_quiet(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    assert_true(w.reported_at[0] - 1000000 <= PK_LEASE_ROUND_MS + 5);
    assert_int_equal(w.reports[0].offer_count, 1);
    assert_true(answered(&w.reports[0], 1));
    assert_int_equal(w.wake_at, 0);
    w.asked_servers = w.asked_stations = 0;
    pass(&w, 3600000);
    pk_lease_track_change(w.track, &w.reports[0].now, w.now); /* renewed as it was */
    pass(&w, 10000);
    assert_int_equal(w.count, 1);
    assert_int_equal(w.asked_servers + w.asked_stations, 0);
    pk_lease_track_destroy(w.track);
}

/* A rogue server's lease, while the true server is kept from answering DHCP. */
static void test_rogue(void **state)
{
    struct world w;
    int64_t began;

    (void)state;
    begin(&w);
    w.servers[0].offers = false;
    w.servers[1].there = w.servers[1].offers = true;
    pk_lease_track_leave(w.track);
    pass(&w, 500);
    say(&w, &w.servers[1], PK_DHCP_OFFER, false);
    say(&w, &w.servers[1], PK_DHCP_ACK, true);
    began = w.now;
    join(&w, terms(66, 66, 66), true);
    pass(&w, 2000);
    assert_int_equal(w.count, 2);
    assert_true(w.reported_at[1] - began <= PK_LEASE_ROUND_MS + 5);
    assert_true(w.reports[1].has_before);
    assert_int_equal(w.reports[1].before.router.bytes[3], 1);
    assert_true(answered(&w.reports[1], 1));
    assert_int_equal(w.reports[1].router_mac_before[5], 1);
    assert_true(w.reports[1].has_sender);
    assert_int_equal(w.reports[1].sender[5], 66);

    /* It was judged an attack, so it is not accepted: back with the true lease all is as before. */
    w.servers[0].offers = true;
    w.servers[1] = (struct server){ .last = 66 };
    pk_lease_track_leave(w.track);
    pass(&w, 5000);
    join(&w, terms(1, 1, 1), true);
    pass(&w, 2000);
    assert_int_equal(w.count, 3);
    assert_int_equal(w.reports[2].before.server.bytes[3], 1);
    assert_int_equal(w.reports[2].offer_count, 1); /* the rogue's is too old */
    pk_lease_track_destroy(w.track);
}

static void test_replaced(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    w.servers[0].there = w.servers[0].offers = false;
    w.servers[1] = (struct server){
        .there = true, .offers = true, .last = 254, .router = 254, .names = 254
    };
    pk_lease_track_leave(w.track);
    join(&w, terms(254, 254, 254), true);
    pass(&w, 2000);
    assert_int_equal(w.count, 2);
    assert_false(answered(&w.reports[1], 1));
    assert_true(answered(&w.reports[1], 254));
    pk_lease_track_destroy(w.track);
}

static void test_another_network(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    pk_lease_track_leave(w.track);
    join(&w, terms(66, 66, 66), false);
    pass(&w, 2000);
    assert_false(w.reports[1].has_before);
    pk_lease_track_destroy(w.track);
}

/* A second server that offers late is told as well, with who it names. */
static void test_late_offer(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    w.servers[1] = (struct server){
        .there = true, .offers = true, .last = 66, .router = 67, .names = 66, .late_ms = 3000
    };
    w.servers[2] = (struct server){ .there = true, .last = 67 };
    assert_true(pk_lease_track_check(w.track, w.now));
    pass(&w, 10000);
    assert_int_equal(w.count, 3);
    assert_int_equal(w.reports[1].offer_count, 1);
    assert_int_equal(w.reports[2].offer_count, 2);
    assert_true(answered(&w.reports[2], 67));
    pass(&w, 60000);
    assert_int_equal(w.count, 3);
    assert_int_equal(w.wake_at, 0);

    w.servers[1].offers = false; /* gone: the next check says so */
    assert_true(pk_lease_track_check(w.track, w.now));
    pass(&w, 2000);
    assert_int_equal(w.count, 4);
    assert_int_equal(w.reports[3].offer_count, 1);
    pk_lease_track_destroy(w.track);
}

/* The lease changes while a round about the old one runs: its answers are not mixed. */
static void test_change_in_round(void **state)
{
    struct world w;
    struct pk_lease_terms other = terms(66, 66, 66);

    (void)state;
    begin(&w);
    assert_true(pk_lease_track_check(w.track, w.now));
    pass(&w, 300);
    w.servers[1].there = true;
    pk_lease_track_change(w.track, &other, w.now);
    pass(&w, 2000);
    assert_int_equal(w.count, 2);
    assert_int_equal(w.reports[1].now.server.bytes[3], 66);
    assert_true(answered(&w.reports[1], 66));
    assert_true(answered(&w.reports[1], 1));
    pk_lease_track_destroy(w.track);
}

/* Many forged servers: kept within the limit, and without endless rounds. */
static void test_flood(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    for (unsigned i = 0; i < 2000; i++) {
        struct server s = {
            .last = (uint8_t)(2 + i % 90), .router = (uint8_t)(1 + i % 97), .names = (uint8_t)i
        };

        say(&w, &s, PK_DHCP_OFFER, false);
        if (i % 100 == 0) {
            pass(&w, 300);
        }
        w.count = 0;
    }
    pass(&w, 5000);
    assert_true(w.count <= 1);
    assert_true(pk_lease_track_check(w.track, w.now));
    pass(&w, 2000);
    assert_true(w.reports[0].offer_count <= PK_LEASE_OFFERS_MAX);
    assert_true(w.reports[0].station_count <= PK_LEASE_STATIONS_MAX);
    pk_lease_track_destroy(w.track);
}

static void test_terms(void **state)
{
    struct pk_lease_terms a = terms(1, 1, 1);
    struct pk_lease_terms b = a;

    (void)state;
    a.names[a.name_count++] = address(53);
    b.names[0] = address(53);
    b.names[b.name_count++] = address(1);
    assert_true(pk_lease_terms_same(&a, &b)); /* in another order */
    b.name_count = 1;
    assert_false(pk_lease_terms_same(&a, &b));
    b = a;
    memcpy(b.wpad, "http://x", 9);
    assert_false(pk_lease_terms_same(&a, &b));
}

/* Another network's server grants a lease; the system has not put it in force yet. */
static void test_applied_late(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    w.servers[1].there = w.servers[1].offers = true;
    say(&w, &w.servers[1], PK_DHCP_ACK, true);
    pass(&w, 2000);
    assert_int_equal(w.count, 1); /* not a second server beside ours, but the next one */
    pk_lease_track_leave(w.track);
    pass(&w, 5000);
    assert_int_equal(w.count, 1);
    join(&w, terms(66, 66, 66), false);
    pass(&w, 1000);
    assert_int_equal(w.count, 2);
    pk_lease_track_destroy(w.track);

    /* It never is: then somebody answers in vain, beside our own server. */
    begin(&w);
    w.servers[1].there = w.servers[1].offers = true;
    say(&w, &w.servers[1], PK_DHCP_ACK, true);
    pass(&w, 3500);
    assert_int_equal(w.count, 2);
    assert_int_equal(w.reports[1].offer_count, 2);
    assert_true(w.reported_at[1] - w.reported_at[0] >= 3000);
    pk_lease_track_destroy(w.track);
}

/* The cable leads elsewhere, the system has not noticed yet: whoever offers there is no rogue beside a server that is
 * not there. */
static void test_relinked_elsewhere(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    w.servers[0].there = w.servers[0].offers = false;
    w.servers[1].there = w.servers[1].offers = true;
    pk_lease_track_relink(w.track, w.now);
    pass(&w, 2500);
    assert_int_equal(w.count, 1);
    pass(&w, 1000);
    assert_int_equal(w.count, 2);
    assert_int_equal(w.reports[1].offer_count, 0);
    /* Neither when the old lease is joined with once more; the new lease shows who offers. */
    pk_lease_track_leave(w.track);
    join(&w, terms(1, 1, 1), true);
    pass(&w, 3500);
    assert_int_equal(w.count, 3);
    assert_int_equal(w.reports[2].offer_count, 0);
    {
        struct pk_lease_terms t = terms(66, 66, 66);

        pk_lease_track_change(w.track, &t, w.now);
    }
    pass(&w, 1000);
    assert_int_equal(w.count, 4);
    assert_int_equal(w.reports[3].offer_count, 1);
    pk_lease_track_destroy(w.track);

    /* It leads to the same place: a rogue there is told of at once. */
    begin(&w);
    w.servers[1].there = w.servers[1].offers = true;
    pk_lease_track_relink(w.track, w.now);
    pass(&w, 1000);
    assert_int_equal(w.count, 2);
    assert_int_equal(w.reports[1].offer_count, 2);
    pk_lease_track_destroy(w.track);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_rogue),
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_another_network),
        cmocka_unit_test(test_late_offer),
        cmocka_unit_test(test_change_in_round),
        cmocka_unit_test(test_applied_late),
        cmocka_unit_test(test_relinked_elsewhere),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_terms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
