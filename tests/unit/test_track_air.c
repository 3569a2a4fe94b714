/* What a card in monitor mode hears, on a clock of our own, and what the judge makes of it. */
#include <stdio.h>

#include "base/arena.h"
#include "check.h"
#include "defense/defense.h"
#include "track/trackers.h"

struct world {
    void *air;
    int64_t now_us;
    struct pk_track_sink sink;
    char rule[64]; /* "": cleared, or nothing */
    double confidence;
    size_t told;
};

static void on_tell(void *ctx, struct pk_observation *obs)
{
    struct world *w = ctx;
    struct pk_arena *arena = pk_arena_create(64UL * 1024);
    struct pk_findings found = { .count = 0 };

    w->told++;
    obs->network = "net-1";
    assert_int_equal(pk_defense_judge(obs, arena, &found), PK_OK);
    w->rule[0] = '\0';
    for (size_t i = 0; i < found.count; i++) {
        if (!found.items[i].cleared) {
            (void)snprintf(w->rule, sizeof(w->rule), "%s", found.items[i].rule);
            w->confidence = found.items[i].confidence;
        }
    }
    pk_arena_destroy(arena);
}

static void begin(struct world *w)
{
    *w = (struct world){ .now_us = 1000000, .sink = { on_tell, w } };
    w->air = pk_air_tracker.create(&w->sink);
    assert_non_null(w->air);
}

static void hear(struct world *w, const uint8_t *bytes, size_t len)
{
    uint8_t *heap = pk_test_dup(bytes, len);
    struct pk_frame f = {
        .link = PK_LINK_80211, .at_us = w->now_us, .bytes = pk_slice_of(heap, len)
    };

    pk_air_tracker.frame(w->air, &f);
    free(heap);
}

static void order(struct world *w, uint8_t target, uint8_t bssid, uint8_t flags)
{
    uint8_t bytes[26] = { 0xc0,
        flags, [4] = 2, [9] = target, [10] = 2, [15] = bssid, [16] = 2, [21] = bssid, [24] = 7 };

    hear(w, bytes, sizeof(bytes));
}

static void beacon(struct world *w, uint8_t bssid, const char *name, bool protected)
{
    uint8_t bytes[80] = { 0x80, [4] = 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, [10] = 2, [15] = bssid, [16] = 2, [21] = bssid, [34] = protected ? 0x11 : 1, 0, 0 };
    static const uint8_t rsn[] = { 48, 20, 1, 0, 0, 0xf, 0xac, 4, 1, 0, 0, 0xf, 0xac, 4, 1, 0, 0,
        0xf, 0xac, 2, 0, 0 };
    size_t len = 38;

    bytes[37] = (uint8_t)strlen(name);
    (void)snprintf((char *)bytes + len, sizeof(bytes) - len, "%s", name);
    len += strlen(name);
    if (protected) {
        memcpy(bytes + len, rsn, sizeof(rsn));
        len += sizeof(rsn);
    }
    hear(w, bytes, len);
}

static void test_wave(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    for (int i = 0; i < 64; i++) {
        order(&w, 5, 1, 0);
        w.now_us += 20000;
    }
    assert_string_equal(w.rule, "");
    w.now_us += 9000000;
    for (int i = 0; i < 64; i++) { /* it goes on */
        order(&w, (uint8_t)(i % 5), 1, 0);
        w.now_us += 20000;
    }
    assert_string_equal(w.rule, "network.deauth_wave/many");
    w.now_us += 30000000;
    pk_air_tracker.tick(w.air, w.now_us);
    assert_string_equal(w.rule, "");
    pk_air_tracker.destroy(w.air);
}

/* Roaming, an access point that restarts, repetitions of the card, protected orders. */
static void test_no_wave(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    for (int i = 0; i < 600; i++) { /* one in 2 s, for 20 min, of many access points */
        order(&w, (uint8_t)i, (uint8_t)(i % 7), 0);
        w.now_us += 2000000;
    }
    for (int i = 0; i < 8; i++) {
        order(&w, 0xff, 1, 0);
    }
    for (int i = 0; i < 200; i++) {
        order(&w, 5, 1, 0x08); /* retry */
        order(&w, 5, 1, 0x40); /* protected */
    }
    assert_int_equal(w.told, 0);
    pk_air_tracker.destroy(w.air);
}

static void test_twin(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    for (int i = 0; i < 20; i++) {
        beacon(&w, 1, "Office", true);
        beacon(&w, 2, "Office", true);
        beacon(&w, 3, "Guest", false);
        w.now_us += 100000;
    }
    assert_int_equal(w.told, 0);
    beacon(&w, 9, "Office", false);
    assert_string_equal(w.rule, "network.rogue_ap/weaker");
    beacon(&w, 9, "Office", false);
    assert_int_equal(w.told, 1);
    beacon(&w, 1, "Office", false);
    assert_string_equal(w.rule, "network.rogue_ap/clone");
    pk_air_tracker.destroy(w.air);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wave),
        cmocka_unit_test(test_no_wave),
        cmocka_unit_test(test_twin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
