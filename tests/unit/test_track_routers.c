/* Who routes IPv6? Scenes on a clock of our own, judged by the judge of router advertisements: two
 * stations that announce themselves, and answer or do not. */
#include "base/arena.h"
#include "check.h"
#include "defense/defense.h"
#include "track/routers.h"

static const uint8_t router_mac[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t other_mac[6] = { 2, 0, 0, 0, 0, 0x66 };
static const uint8_t router_at[16] = { 0xfe, 0x80, [15] = 1 };
static const uint8_t other_at[16] = { 0xfe, 0x80, [15] = 0x66 };

struct words {
    int preference;
    uint16_t lifetime_s;
    uint8_t prefix; /* 2001:db8:N::/64; 0: none */
    uint8_t dns;    /* fe80::N; 0: none */
};

static const struct words usual = { 0, 1800, 1, 1 };

struct world {
    struct pk_routers *routers;
    int64_t now;
    int64_t wake_at;
    bool router_answers; /* questions for its address */
    bool router_speaks;  /* when routers are asked to announce themselves */
    struct words router_says;
    bool met_before, known_router, known_other; /* on earlier visits */
    bool attacked;
    enum pk_tri gateway_is_router; /* of IPv4 */
    size_t solicits, asks, reports;
    char rule[64]; /* of the last judgement; "": cleared */
    double confidence;
};

static void say(struct world *w, const uint8_t mac[6], const uint8_t from[16], struct words words)
{
    struct pk_nd nd = { .type = PK_ND_ROUTER,
        .has_mac = true,
        .has_source_mac = true,
        .ra = { .preference = words.preference, .lifetime_s = words.lifetime_s } };

    memcpy(nd.from, from, 16);
    memcpy(nd.eth_from, mac, 6);
    memcpy(nd.source_mac, mac, 6);
    if (words.prefix != 0) {
        nd.ra.prefixes[nd.ra.prefix_count++] = (struct pk_nd_prefix){
            .address = { 0x20, 1, 0xd, 0xb8, 0, words.prefix }, .bits = 64, .valid_s = 3600
        };
    }
    if (words.dns != 0) {
        nd.ra.servers[nd.ra.server_count++] = (struct pk_nd_server){
            .address = { 0xfe, 0x80, [15] = words.dns }, .lifetime_s = 600
        };
    }
    pk_routers_frame(w->routers, &nd, pk_slice_of(NULL, 0), w->now);
}

static void on_solicit(void *ctx)
{
    struct world *w = ctx;

    w->solicits++;
    if (w->router_speaks) {
        say(w, router_mac, router_at, w->router_says);
    }
}

static void on_ask(void *ctx, const uint8_t address[16], const uint8_t mac[6])
{
    struct world *w = ctx;
    struct pk_nd nd = { .type = PK_ND_NEIGHBOUR, .solicited = true, .has_target_mac = true };

    w->asks++;
    if (memcmp(address, router_at, 16) == 0 && !w->router_answers) {
        return;
    }
    memcpy(nd.target, address, 16);
    memcpy(nd.target_mac, mac, 6);
    pk_routers_frame(w->routers, &nd, pk_slice_of(NULL, 0), w->now);
}

static enum pk_tri on_known(void *ctx, const uint8_t mac[6])
{
    const struct world *w = ctx;

    if (!w->met_before) {
        return PK_TRI_UNKNOWN;
    }
    return (memcmp(mac, router_mac, 6) == 0 && w->known_router) ||
                    (memcmp(mac, other_mac, 6) == 0 && w->known_other)
            ? PK_TRI_YES
            : PK_TRI_NO;
}

static bool on_attacked(void *ctx)
{
    const struct world *w = ctx;

    return w->attacked;
}

static void one_list(struct pk_arena *arena, struct pk_strings *list, uint8_t n)
{
    char text[8] = { 'a', (char)('0' + n % 10), 0 };

    list->items = pk_arena_alloc(arena, 1, sizeof(char *));
    list->items[0] = pk_arena_strdup(arena, text);
    list->count = 1;
}

static void on_report(void *ctx)
{
    struct world *w = ctx;
    struct pk_arena *arena = pk_arena_create(64UL * 1024);
    struct pk_router6 rows[2 * PK_ROUTERS_MAX];
    struct pk_obs_routers body = { .routers.items = rows,
        .ipv6_before = w->known_router || w->known_other ? PK_TRI_YES : PK_TRI_NO };
    struct pk_observation o = { .kind = PK_OBS_ROUTERS, .network = "net-1", .routers = &body };
    struct pk_findings found = { .count = 0 };

    w->reports++;
    for (size_t i = 0; i < pk_routers_count(w->routers); i++) {
        const struct pk_routers_entry *e = pk_routers_at(w->routers, i);
        struct pk_router6 *r = &rows[body.routers.count++];

        *r = (struct pk_router6){ .address = e->address[15] == 1 ? "fe80::1" : "fe80::66",
            .preference = e->said.preference,
            .lifetime_s = e->said.lifetime_s,
            .known = e->known,
            .answers = e->answers,
            .is_gateway = e->mac[5] == 1                 ? w->gateway_is_router
                    : w->gateway_is_router == PK_TRI_YES ? PK_TRI_NO
                                                         : PK_TRI_UNKNOWN,
            .odd = e->forged };
        if (e->said.prefix_count > 0) {
            one_list(arena, &r->prefixes, e->said.prefixes[0].address[5]);
        }
        if (e->said.server_count > 0) {
            one_list(arena, &r->dns, e->said.servers[0].address[15]);
        }
    }
    assert_int_equal(pk_judge_routers(&o, arena, &found), PK_OK);
    w->rule[0] = '\0';
    for (size_t i = 0; i < found.count; i++) {
        if (!found.items[i].cleared) {
            (void)snprintf(w->rule, sizeof(w->rule), "%s", strchr(found.items[i].rule, '/') + 1);
            w->confidence = found.items[i].confidence;
        }
    }
    pk_arena_destroy(arena);
}

static void on_listen(void *ctx)
{
    (void)ctx;
}

static void on_wake(void *ctx, int64_t in_ms)
{
    struct world *w = ctx;

    assert_true(in_ms > 0);
    w->wake_at = w->now + in_ms;
}

static const struct pk_routers_ops ops = { .solicit = on_solicit,
    .ask = on_ask,
    .known = on_known,
    .attacked = on_attacked,
    .report = on_report,
    .listen = on_listen,
    .wake = on_wake };

static void pass(struct world *w, int64_t ms)
{
    int64_t end = w->now + ms;

    for (; w->now < end; w->now += 5) {
        if (w->wake_at != 0 && w->now >= w->wake_at) {
            w->wake_at = 0;
            pk_routers_tick(w->routers, w->now);
        }
    }
}

/* A network with one router, joined 10 s ago. */
static struct world *begin(struct world *w)
{
    w->now = 1000000;
    w->router_says = usual;
    w->routers = pk_routers_create(&ops, w);
    assert_non_null(w->routers);
    pk_routers_join(w->routers, w->now);
    pass(w, 10000);
    return w;
}

static struct world lively(void)
{
    return (struct world){
        .router_answers = true, .router_speaks = true, .gateway_is_router = PK_TRI_YES
    };
}

static void test_calm(void **state)
{
    struct world w = lively();

    (void)state;
    begin(&w);
    assert_string_equal(w.rule, "");
    assert_int_equal(w.reports, 1);
    assert_int_equal(w.solicits, 1);
    assert_int_equal(pk_routers_count(w.routers), 1);
    assert_int_equal(pk_routers_at(w.routers, 0)->known, PK_TRI_YES);
    for (int i = 0; i < 100; i++) { /* honest advertisements */
        say(&w, router_mac, router_at, usual);
        pass(&w, 5000);
    }
    assert_int_equal(w.reports, 1);
    assert_int_equal(w.solicits, 1);
    pk_routers_destroy(w.routers);
}

/* How a newcomer's words are judged while the router lives. */
static void test_newcomer(void **state)
{
    static const struct {
        struct words words;
        const char *rule;
    } rows[] = {
        { { 1, 1800, 6, 6 }, "preferred" },
        { { 1, 1800, 1, 0 }, "preferred" },
        { { 0, 1800, 6, 6 }, "name-server" },
        { { -1, 0, 0, 6 }, "name-server" }, /* no router, but a resolver */
        { { 0, 1800, 6, 0 }, "second" },
        { { 0, 1800, 1, 1 }, "" },  /* one of a pair */
        { { -1, 1800, 6, 0 }, "" }, /* a line in reserve */
        { { -1, 0, 6, 0 }, "" },    /* a smart home's border router */
        { { 0, 0, 6, 0 }, "" },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct world w = lively();

        begin(&w);
        say(&w, other_mac, other_at, rows[i].words);
        pass(&w, 600);
        assert_int_equal(w.reports, 2);
        assert_string_equal(w.rule, rows[i].rule);
        pk_routers_destroy(w.routers);
    }
}

static void test_gone(void **state)
{
    struct world w = lively();

    (void)state;
    begin(&w);
    say(&w, other_mac, other_at, (struct words){ 1, 1800, 6, 6 });
    pass(&w, 600);
    assert_string_equal(w.rule, "preferred");
    for (int i = 0; i < 8; i++) { /* as the agent does while a finding is open */
        pass(&w, 5000);
        pk_routers_check(w.routers, w.now);
        pass(&w, 600);
    }
    assert_string_equal(w.rule, "");
    assert_int_equal(pk_routers_count(w.routers), 1);
    pk_routers_destroy(w.routers);
}

static void test_replaced(void **state)
{
    struct world w = lively();

    (void)state;
    begin(&w);
    w.router_answers = w.router_speaks = false;
    for (int i = 0; i < 6; i++) {
        say(&w, other_mac, other_at, (struct words){ 0, 1800, 6, 6 });
        pass(&w, 5000);
        assert_string_equal(w.rule, "");
    }
    assert_int_equal(pk_routers_count(w.routers), 1);
    assert_int_equal(pk_routers_at(w.routers, 0)->known, PK_TRI_YES);
    assert_memory_equal(pk_routers_at(w.routers, 0)->mac, other_mac, 6);
    pk_routers_destroy(w.routers);
}

static void test_known_from_before(void **state)
{
    struct world w = lively();

    (void)state;
    w.met_before = w.known_router = w.known_other = true;
    begin(&w);
    say(&w, other_mac, other_at, (struct words){ 1, 1800, 6, 6 });
    pass(&w, 600);
    assert_string_equal(w.rule, "");
    pk_routers_destroy(w.routers);
}

/* A network without IPv6, on which it appears. */
static void test_first(void **state)
{
    static const struct {
        enum pk_tri gateway;
        const uint8_t *mac, *at;
        const char *rule;
    } rows[] = {
        { PK_TRI_YES, other_mac, other_at, "first" },
        { PK_TRI_YES, router_mac, router_at, "" }, /* from the IPv4 router itself */
        { PK_TRI_UNKNOWN, other_mac, other_at, "" },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct world w = lively();

        w.router_speaks = false;
        w.gateway_is_router = rows[i].gateway;
        begin(&w);
        assert_int_equal(w.solicits, 3);
        assert_int_equal(pk_routers_count(w.routers), 0);
        say(&w, rows[i].mac, rows[i].at, usual);
        pass(&w, 600);
        assert_string_equal(w.rule, rows[i].rule);
        pk_routers_destroy(w.routers);
    }
}

/* Somebody says in its name that it is gone; it repeats that it is not. */
static void test_in_its_name(void **state)
{
    struct words gone = usual;
    struct world w = lively();

    (void)state;
    gone.lifetime_s = 0;
    begin(&w);
    say(&w, router_mac, router_at, gone);
    pass(&w, 3000);
    assert_string_equal(w.rule, ""); /* once: a router that was restarted does so, too */
    say(&w, router_mac, router_at, gone);
    pass(&w, 1000);
    assert_string_equal(w.rule, "in-its-name");
    for (int i = 0; i < 8; i++) {
        pass(&w, 5000);
        pk_routers_check(w.routers, w.now);
        pass(&w, 600);
    }
    assert_string_equal(w.rule, "");
    pk_routers_destroy(w.routers);
}

/* The provider gives another prefix; the router goes down for good; it is restarted. */
static void test_honest_changes(void **state)
{
    struct words gone = usual;
    struct world w = lively();

    (void)state;
    gone.lifetime_s = 0;
    begin(&w);
    w.router_says.prefix = 7;
    for (int i = 0; i < 5; i++) {
        say(&w, router_mac, router_at, w.router_says);
        pass(&w, 8000);
        assert_string_equal(w.rule, "");
    }
    w.router_speaks = false;
    say(&w, router_mac, router_at, gone);
    pass(&w, 2000);
    w.router_speaks = true;
    say(&w, router_mac, router_at, w.router_says);
    pass(&w, 20000);
    assert_string_equal(w.rule, "");
    w.router_says = gone;
    say(&w, router_mac, router_at, gone);
    pass(&w, 20000);
    assert_string_equal(w.rule, "");
    pk_routers_destroy(w.routers);
}

/* Thousands of made-up routers. */
static void test_flood(void **state)
{
    struct world w = lively();
    uint8_t from[16];

    (void)state;
    begin(&w);
    memcpy(from, other_at, 16);
    for (unsigned i = 0; i < 5000; i++) {
        from[13] = (uint8_t)(i >> 8);
        from[14] = (uint8_t)i;
        say(&w, other_mac, from, (struct words){ 1, 1800, 6, 6 });
        pass(&w, 5);
    }
    pass(&w, 1000);
    assert_string_equal(w.rule, "preferred");
    assert_in_range(w.asks, 1, 200);
    pk_routers_destroy(w.routers);
}

/* One that nobody minds for ten minutes belongs here; not while an attack is open. */
static void test_trust(void **state)
{
    struct world w = lively();

    (void)state;
    begin(&w);
    w.attacked = true;
    say(&w, other_mac, other_at, (struct words){ 0, 1800, 1, 1 });
    pass(&w, PK_ROUTERS_TRUST_MS + 2000);
    assert_int_equal(pk_routers_at(w.routers, 1)->known, PK_TRI_NO);
    w.attacked = false;
    pass(&w, PK_ROUTERS_TRUST_MS);
    assert_int_equal(pk_routers_at(w.routers, 1)->known, PK_TRI_YES);
    pk_routers_destroy(w.routers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calm),
        cmocka_unit_test(test_newcomer),
        cmocka_unit_test(test_gone),
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_known_from_before),
        cmocka_unit_test(test_first),
        cmocka_unit_test(test_in_its_name),
        cmocka_unit_test(test_honest_changes),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_trust),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
