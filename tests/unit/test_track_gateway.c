/* Who is the router? Scenes on a clock of our own: a world of two stations that answer, or do not,
 * when they are asked. */
#include "check.h"
#include "track/gateway.h"

static const uint8_t own[6] = { 2, 0, 0, 0, 0, 100 };
static const uint8_t router[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t other[6] = { 2, 0, 0, 0, 0, 66 };

#define REPORTS_MAX 16

struct world {
    struct pk_gateway *gateway;
    int64_t now;
    int64_t wake_at; /* 0: none */
    bool router_answers, other_answers;
    bool router_forwards,
            other_forwards; /* hand on what is sent to the address: they do not hold it */
    bool no_echo;
    int64_t claims_every_ms; /* of the other, unasked; 0: none */
    int64_t next_claim;
    const uint8_t *heard; /* filter: all but this one; NULL: all */
    struct pk_gateway_facts reports[REPORTS_MAX];
    int64_t reported_at[REPORTS_MAX];
    size_t count;
    size_t asked;
    size_t suspected;
    uint8_t learnt[6];
};

static void frame_from(struct world *w, const uint8_t mac[6], int op)
{
    struct pk_arp_frame frame = { .op = op };

    if (w->heard != NULL && memcmp(w->heard, mac, 6) == 0) {
        return;
    }
    memcpy(frame.sender_mac, mac, 6);
    memcpy(frame.target_mac, own, 6);
    pk_gateway_frame(w->gateway, &frame, w->now);
}

static void on_ask(void *ctx, const uint8_t *to)
{
    struct world *w = ctx;

    w->asked++;
    if (w->router_answers && (to == NULL || memcmp(to, router, 6) == 0)) {
        frame_from(w, router, PK_ARP_REPLY);
    }
    if (w->other_answers && (to == NULL || memcmp(to, other, 6) == 0)) {
        frame_from(w, other, PK_ARP_REPLY);
    }
}

static void on_echo(void *ctx, const uint8_t to[6], bool rival)
{
    struct world *w = ctx;
    bool is_router = memcmp(to, router, 6) == 0;

    if (!w->no_echo && (is_router ? w->router_answers : w->other_answers)) {
        pk_gateway_echoed(w->gateway, rival,
                (is_router ? w->router_forwards : w->other_forwards) ? PK_GATEWAY_FORWARDS
                                                                     : PK_GATEWAY_HOLDS);
    }
}

static void on_listen(void *ctx, const uint8_t *known)
{
    struct world *w = ctx;

    w->heard = known;
}

static void on_learnt(void *ctx, const uint8_t mac[6])
{
    struct world *w = ctx;

    memcpy(w->learnt, mac, 6);
}

static void on_suspect(void *ctx)
{
    struct world *w = ctx;

    w->suspected++;
}

static void on_report(void *ctx, const struct pk_gateway_facts *facts)
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

static const struct pk_gateway_ops ops = { on_ask, on_echo, on_listen, on_learnt, on_suspect,
    on_report, on_wake };

static void begin(struct world *w, const uint8_t *table)
{
    *w = (struct world){ .now = 1000000, .router_answers = true };
    w->gateway = pk_gateway_create(&ops, w);
    assert_non_null(w->gateway);
    pk_gateway_join(w->gateway, own, table, true, w->now);
}

/* Lets so much time pass, in steps of 5 ms. */
static void pass(struct world *w, int64_t ms)
{
    int64_t end = w->now + ms;

    for (; w->now < end; w->now += 5) {
        if (w->claims_every_ms > 0 && w->now >= w->next_claim) {
            w->next_claim = w->now + w->claims_every_ms;
            frame_from(w, other, PK_ARP_REPLY);
        }
        if (w->wake_at != 0 && w->now >= w->wake_at) {
            w->wake_at = 0;
            pk_gateway_tick(w->gateway, w->now);
        }
    }
}

static void test_join(void **state)
{
    struct world w;

    (void)state;
    begin(&w, NULL);
    pass(&w, 2000);
    assert_memory_equal(w.learnt, router, 6);
    assert_int_equal(w.count, 1);
    assert_false(w.reports[0].has_rival);
    assert_memory_equal(w.reports[0].mac, router, 6);
    assert_int_equal(w.wake_at, 0); /* asleep */
    pk_gateway_destroy(w.gateway);
}

static void test_spoof(void **state)
{
    struct world w;
    int64_t began;

    (void)state;
    begin(&w, router);
    pass(&w, 5000);
    began = w.now;
    w.claims_every_ms = 2000;
    pass(&w, 30000);
    assert_int_equal(w.suspected, 1);
    assert_int_equal(w.count, 2); /* told once while it lasts */
    assert_true(w.reports[1].has_rival);
    assert_memory_equal(w.reports[1].mac_rival, other, 6);
    assert_memory_equal(w.reports[1].mac_before, router, 6);
    assert_true(w.reports[1].old_answers >= 2);
    assert_true(w.reports[1].unasked_claims >= 1);
    assert_true(w.reported_at[1] - began <= 1000); /* within a second of the first frame */
    assert_true(w.asked < 20);                     /* a known attack is not asked about for ever */

    w.claims_every_ms = 0;
    pass(&w, PK_GATEWAY_CALM_MS + 6000);
    assert_int_equal(w.count, 3);
    assert_false(w.reports[2].has_rival);
    assert_memory_equal(w.reports[2].mac, router, 6);
    assert_memory_equal(w.reports[2].mac_before, router, 6);
    assert_false(pk_gateway_odd(w.gateway));
    pass(&w, 60000);
    assert_int_equal(w.count, 3);
    assert_int_equal(w.wake_at, 0);
    pk_gateway_destroy(w.gateway);
}

static void test_slow_spoof(void **state)
{
    struct world w;

    (void)state;
    begin(&w, router);
    pass(&w, 2000);
    w.claims_every_ms = 10000; /* as ettercap does: no calm between two claims */
    pass(&w, 60000);
    assert_int_equal(w.count, 2);
    assert_true(pk_gateway_odd(w.gateway));
    pk_gateway_destroy(w.gateway);
}

static void test_replaced(void **state)
{
    struct world w;

    (void)state;
    begin(&w, router);
    pass(&w, 2000);
    w.router_answers = false;
    w.other_answers = true;
    frame_from(&w, other, PK_ARP_REQUEST); /* gratuitous */
    pass(&w, 1000);
    assert_int_equal(w.count, 2);
    assert_true(w.reports[1].has_rival);
    assert_int_equal(w.reports[1].old_answers, 0);
    assert_memory_equal(w.reports[1].mac, other, 6);
    assert_memory_equal(w.reports[1].mac_before, router, 6);
    assert_memory_equal(w.learnt, other, 6);
    pass(&w, 20000);
    assert_int_equal(w.count, 3);
    assert_false(w.reports[2].has_rival);
    assert_memory_equal(w.reports[2].mac, other, 6);
    pk_gateway_destroy(w.gateway);
}

/* A standby router takes over while the old one still answers for a moment. */
static void test_failover_overlap(void **state)
{
    struct world w;

    (void)state;
    begin(&w, router);
    pass(&w, 2000);
    w.other_answers = true;
    frame_from(&w, other, PK_ARP_REQUEST);
    pass(&w, 150); /* one question is answered by both */
    w.router_answers = false;
    pass(&w, 3000);
    for (size_t i = 0; i < w.count; i++) {
        assert_true(!w.reports[i].has_rival || w.reports[i].old_answers == 0);
    }
    assert_memory_equal(w.learnt, other, 6);
    pk_gateway_destroy(w.gateway);
}

/* The agent starts on a network that is poisoned already. */
static void test_joined_poisoned(void **state)
{
    struct world w;

    (void)state;
    begin(&w, other);
    w.claims_every_ms = 2000;
    pass(&w, 12000);
    assert_true(pk_gateway_odd(w.gateway));
    bool spoof = false;

    for (size_t i = 0; i < w.count; i++) {
        spoof = spoof || (w.reports[i].has_rival && w.reports[i].old_answers > 0);
    }
    assert_true(spoof);
    assert_memory_equal(w.learnt, router, 6);
    pk_gateway_destroy(w.gateway);
}

static void test_two_answers_at_join(void **state)
{
    struct world w;

    (void)state;
    *(&w) = (struct world){ .now = 1000000, .router_answers = true, .other_answers = true };
    w.gateway = pk_gateway_create(&ops, &w);
    pk_gateway_join(w.gateway, own, NULL, true, w.now);
    pass(&w, 3000);
    assert_true(w.count >= 1);
    assert_true(w.reports[0].has_rival);
    assert_true(w.reports[0].old_answers > 0);
    pk_gateway_destroy(w.gateway);
}

/* One forged frame and silence: found at once, and not over after a quiet moment. */
static void test_quiet_spoof(void **state)
{
    struct world w;
    int64_t began;

    (void)state;
    begin(&w, router);
    pass(&w, 2000);
    began = w.now;
    frame_from(&w, other, PK_ARP_REPLY);
    pass(&w, 1000);
    assert_int_equal(w.count, 2);
    assert_true(w.reports[1].old_answers > 0 && w.reports[1].unasked_claims > 0);
    assert_true(w.reported_at[1] - began <= 1000);
    w.claims_every_ms = 50000;
    w.next_claim = w.now + 50000;
    pass(&w, 300000);
    assert_int_equal(w.count, 2); /* neither told again nor called off */
    assert_true(pk_gateway_odd(w.gateway));
    w.claims_every_ms = 0;
    pass(&w, PK_GATEWAY_RARE_MS + 6000);
    assert_int_equal(w.count, 3);
    assert_false(w.reports[2].has_rival);
    pk_gateway_destroy(w.gateway);
}

/* The neighbour table holds the forged address: the attack is not over, however quiet. */
static void test_poison_stays(void **state)
{
    struct world w;

    (void)state;
    begin(&w, router);
    pass(&w, 2000);
    w.claims_every_ms = 1000;
    pk_gateway_neighbour(w.gateway, other, w.now);
    pass(&w, 5000);
    w.claims_every_ms = 0;
    pass(&w, 30000);
    assert_int_equal(w.count, 2);
    pk_gateway_neighbour(w.gateway, router, w.now);
    pass(&w, 6000);
    assert_int_equal(w.count, 3);
    assert_false(w.reports[2].has_rival);
    pk_gateway_destroy(w.gateway);
}

/* It answers when asked, beside the router, but would hand on what is sent there. */
static void test_asked_spoof(void **state)
{
    struct world w;

    (void)state;
    begin(&w, router);
    pass(&w, 2000);
    w.other_answers = w.other_forwards = true;
    frame_from(&w, other, PK_ARP_REPLY); /* to a question of the system */
    pass(&w, 1000);
    assert_int_equal(w.count, 2);
    assert_int_equal(w.reports[1].old_holds, PK_TRI_YES);
    assert_int_equal(w.reports[1].rival_holds, PK_TRI_NO);
    assert_true(w.reports[1].rival_answers > 0);
    pass(&w, 60000);
    assert_int_equal(w.count, 2);
    w.other_answers = false;
    pass(&w, PK_GATEWAY_CALM_MS + 8000);
    assert_int_equal(w.count, 3);
    assert_false(w.reports[2].has_rival);
    pk_gateway_destroy(w.gateway);
}

/* Two ports of one router: both answer and both hold. It is told once, then it is calm. */
static void test_two_ports(void **state)
{
    struct world w;
    size_t asked;

    (void)state;
    begin(&w, router);
    pass(&w, 2000);
    w.other_answers = true;
    frame_from(&w, other, PK_ARP_REPLY);
    pass(&w, 5000);
    assert_int_equal(w.count, 3);
    assert_int_equal(w.reports[1].rival_holds, PK_TRI_YES);
    assert_int_equal(w.reports[1].old_holds, PK_TRI_YES);
    assert_int_equal(w.reports[1].pushed_claims, 0);
    assert_false(w.reports[2].has_rival);
    assert_false(pk_gateway_odd(w.gateway));
    asked = w.asked;
    pk_gateway_neighbour(w.gateway, other, w.now);
    frame_from(&w, other, PK_ARP_REPLY);
    pass(&w, 60000);
    assert_int_equal(w.count, 3);
    assert_int_equal(w.asked, asked);
    assert_false(pk_gateway_diverted(w.gateway));
    pk_gateway_destroy(w.gateway);
}

/* The attacker answered first when we came: it is the one who is called the rival. */
static void test_attacker_first(void **state)
{
    struct world w;

    (void)state;
    w = (struct world){ .now = 1000000, .router_answers = true };
    w.gateway = pk_gateway_create(&ops, &w);
    pk_gateway_join(w.gateway, own, other, true, w.now);
    w.other_answers = w.other_forwards = true;
    pass(&w, 3000);
    assert_true(w.count >= 1);
    assert_memory_equal(w.reports[w.count - 1].mac_rival, other, 6);
    assert_memory_equal(w.reports[w.count - 1].mac_before, router, 6);
    assert_int_equal(w.reports[w.count - 1].rival_holds, PK_TRI_NO);
    assert_memory_equal(w.learnt, router, 6);
    pk_gateway_destroy(w.gateway);
}

/* The true router is kept silent; the attacker claims, but does not answer for the address. */
static void test_silenced(void **state)
{
    struct world w;
    int64_t began;

    (void)state;
    begin(&w, router);
    pass(&w, 2000);
    w.router_answers = false;
    w.claims_every_ms = 2000;
    began = w.now;
    pass(&w, 10000);
    assert_int_equal(w.count, 2);
    assert_int_equal(w.reports[1].old_answers, 0);
    assert_int_equal(w.reports[1].rival_answers, 0);
    assert_true(w.reports[1].probes >= 6);
    assert_true(w.reports[1].unasked_claims >= 2);
    assert_true(w.reported_at[1] - began <= 7000);
    pass(&w, 60000);
    assert_memory_equal(w.learnt, router, 6); /* never believed */
    pk_gateway_destroy(w.gateway);
}

/* The same, but it answers when asked: it cannot hold what it hands on. */
static void test_silenced_asked(void **state)
{
    struct world w;

    (void)state;
    begin(&w, router);
    pass(&w, 2000);
    w.router_answers = false;
    w.other_answers = w.other_forwards = true;
    w.claims_every_ms = 2000;
    pass(&w, 3000);
    assert_int_equal(w.count, 2);
    assert_int_equal(w.reports[1].rival_holds, PK_TRI_NO);
    assert_memory_equal(w.learnt, router, 6);
    pk_gateway_destroy(w.gateway);
}

/* To the standby router and back. */
static void test_moves_back(void **state)
{
    struct world w;

    (void)state;
    begin(&w, router);
    pass(&w, 2000);
    for (int i = 0; i < 2; i++) {
        const uint8_t *now = i == 0 ? other : router;

        w.router_answers = i == 1;
        w.other_answers = i == 0;
        frame_from(&w, now, PK_ARP_REQUEST);
        pass(&w, 20000);
        assert_memory_equal(w.learnt, now, 6);
    }
    for (size_t i = 0; i < w.count; i++) {
        assert_true(!w.reports[i].has_rival || w.reports[i].old_answers == 0);
        assert_true(!w.reports[i].has_rival || w.reports[i].rival_answers > 0);
    }
    pk_gateway_destroy(w.gateway);
}

static void test_silence(void **state)
{
    struct world w;

    (void)state;
    begin(&w, NULL);
    pk_gateway_leave(w.gateway);
    w.router_answers = false;
    pk_gateway_join(w.gateway, own, NULL, true, w.now);
    pass(&w, 5000);
    assert_int_equal(w.count, 0); /* nobody is there: nothing to say */
    assert_null(pk_gateway_learnt(w.gateway));
    pk_gateway_destroy(w.gateway);
}

/* Without the packet socket the neighbour table alone is believed. */
static void test_table_only(void **state)
{
    struct world w;

    (void)state;
    begin(&w, router);
    pk_gateway_join(w.gateway, own, router, false, w.now);
    pass(&w, 2000);
    w.asked = 0;
    pk_gateway_neighbour(w.gateway, other, w.now);
    pass(&w, 2000);
    assert_int_equal(w.asked, 0);
    assert_true(w.reports[w.count - 1].has_rival);
    assert_int_equal(w.reports[w.count - 1].probes, 0);
    pass(&w, 20000);
    assert_false(w.reports[w.count - 1].has_rival);
    pk_gateway_destroy(w.gateway);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_spoof),
        cmocka_unit_test(test_slow_spoof),
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_failover_overlap),
        cmocka_unit_test(test_joined_poisoned),
        cmocka_unit_test(test_two_answers_at_join),
        cmocka_unit_test(test_quiet_spoof),
        cmocka_unit_test(test_poison_stays),
        cmocka_unit_test(test_asked_spoof),
        cmocka_unit_test(test_two_ports),
        cmocka_unit_test(test_attacker_first),
        cmocka_unit_test(test_silenced),
        cmocka_unit_test(test_silenced_asked),
        cmocka_unit_test(test_moves_back),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_table_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
