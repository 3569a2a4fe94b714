/* Sightings that come of no visit (masts, posture), and what is kept of devices: its room, forgetting, at rest. The
 * judges are the real ones. */
#include <stdio.h>

#include "visit_world.h"

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
