/* What poisoners can and cannot do to the crowd, and what it takes to be believed. */
#include "crowd_world.h"

/* --- who is believed ---------------------------------------------------------------------- */

static const struct {
    const char *what;
    uint64_t first; /* device; 1 to 12 are regulars */
    unsigned count;
    enum pk_attestation attestation;
    bool one_cohort;
    bool bad;
} poisons[] = {
    { "30 made-up devices of one cohort", 100, 30, PK_ATTESTED_NOT, true, false },
    { "30 made-up devices, each of its own cohort", 100, 30, PK_ATTESTED_NOT, false, false },
    { "30 with software keys of one cohort", 100, 30, PK_ATTESTED_SOFTWARE, true, false },
    { "one attested stranger", 100, 1, PK_ATTESTED_HARDWARE, true, false },
    { "30 attested strangers of one cohort", 100, 30, PK_ATTESTED_HARDWARE, true, false },
    { "two independent attested regulars", 1, 2, PK_ATTESTED_HARDWARE, false, true },
};

static void test_poison(void **state)
{
    (void)state;
    for (size_t i = 0; i < PK_COUNT(poisons); i++) {
        struct world w;
        bool bad;

        begin(&w);
        a_used_cafe(&w);
        for (unsigned d = 0; d < poisons[i].count; d++) {
            uint64_t device = poisons[i].first + d;

            if (device >= 100) {
                enrol(&w, device, poisons[i].attestation,
                        poisons[i].one_cohort ? 65000 : 65000 + d);
            }
            join(&w, device, POINT, true);
            assert_true(w.o.after); /* its own evidence counts for itself, whoever it is */
            w.now_s += 60;
        }
        join(&w, 12, POINT, false);
        bad = is_bad(&w, POINT);
        if (bad != poisons[i].bad || w.o.before != poisons[i].bad) {
            print_error("%s: bad %d, log-odds %.2f\n", poisons[i].what, bad, (double)w.o.log_odds);
        }
        assert_int_equal(w.o.before, poisons[i].bad);
        assert_int_equal(bad, poisons[i].bad);
        assert_int_equal(w.said_bad, poisons[i].bad ? 1 : 0);
        end(&w);
    }
}

/* A new access point needs one attested witness; the next is warned although it sees nothing odd itself. */
static void test_one_witness(void **state)
{
    static const struct {
        enum pk_attestation attestation;
        bool warned;
    } rows[] = { { PK_ATTESTED_HARDWARE, true }, { PK_ATTESTED_NOT, false } };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct world w;

        begin(&w);
        a_used_cafe(&w);
        enrol(&w, 50, rows[i].attestation, 65001);
        join(&w, 50, TWIN, true);
        assert_false(w.o.before);
        assert_true(w.o.after && w.o.hard);
        assert_int_equal(w.o.key.b, TWIN);
        assert_int_equal(w.o.key.kind, PK_CROWD_POINT);
        w.now_s += 600;
        join(&w, 3, TWIN, false);
        assert_int_equal(w.o.before, rows[i].warned);
        join(&w, 4, POINT, false); /* the real one stays what it is */
        assert_false(w.o.before || w.o.after);
        end(&w);
    }
}

static void on_bad(void *ctx, const struct pk_crowd_opinion *o)
{
    assert_true(o->before);
    (*(unsigned *)ctx)++;
}

/* An accusation is withdrawn when many find it clean, within a day; else it lasts longer. */
static void test_clearing(void **state)
{
    (void)state;
    for (int visited = 0; visited < 2; visited++) {
        struct world w;
        unsigned bad = 0;

        begin(&w);
        a_used_cafe(&w);
        enrol(&w, 50, PK_ATTESTED_HARDWARE, 65001);
        enrol_many(&w, 200, 12);
        join(&w, 50, TWIN, true);
        assert_int_equal(w.said_bad, 1);
        assert_true(is_bad(&w, TWIN));
        for (int hour = 1; hour <= 24; hour++) {
            w.now_s += HOUR;
            for (uint64_t d = 200; visited && hour < 24 && d < 203; d++) {
                join(&w, d + (uint64_t)(hour % 4) * 3, TWIN, false);
            }
            pk_crowd_tick(w.crowd, w.now_s);
        }
        assert_int_equal(is_bad(&w, TWIN), !visited);
        assert_int_equal(w.said_good, visited);
        pk_crowd_each_bad(w.crowd, w.now_s, on_bad, &bad);
        assert_int_equal(bad, !visited);
        end(&w);
    }
}

/* --- apps --------------------------------------------------------------------------------- */

static const struct pk_sight_app good_app = { .package = 0xa1,
    .file = 0xf1,
    .signer = 0x51,
    .version = 3,
    .source = PK_SIGHT_FROM_PLAY,
    .risk = 5 };
/* Three devices report one bad file. Who signed good ones for many is not condemned by it, who signed nothing else
 * is: another file of theirs is met with a warning. */
static void test_signer(void **state)
{
    (void)state;
    for (int esteemed = 0; esteemed < 2; esteemed++) {
        struct world w;
        struct pk_sight_app other = bad_app;
        struct pk_crowd_key file = { bad_app.file, 0, PK_CROWD_APP };
        struct pk_crowd_opinion o;

        begin(&w);
        enrol_many(&w, 1, 45);
        for (uint64_t d = 1; esteemed && d <= 40; d++) {
            w.now_s = T0 + (int64_t)d * 6 * HOUR;
            has_app(&w, d, good_app);
            assert_false(w.o.after);
        }
        w.now_s = T0 + 11 * DAY;
        for (uint64_t d = 41; d <= 43; d++) {
            has_app(&w, d, bad_app);
            w.now_s += HOUR;
        }
        assert_true(pk_crowd_ask(w.crowd, &file, w.now_s, &o));
        if (!esteemed) {
            assert_true(o.before);
        }
        other.file = 0xf3;
        other.package = 0xa1;
        other.risk = 5;
        other.source = PK_SIGHT_FROM_PLAY;
        other.permissions = 0;
        has_app(&w, 44, other);
        assert_int_equal(w.o.before, !esteemed);
        if (esteemed) {
            has_app(&w, 45, good_app);
            assert_false(w.o.before || w.o.after);
        }
        end(&w);
    }
}

static float after_incidents(bool had_it)
{
    struct pk_crowd_key file = { bad_app.file, 0, PK_CROWD_APP };
    struct pk_crowd_opinion o;
    struct world w;

    begin(&w);
    enrol_many(&w, 1, 6);
    w.now_s = T0 + DAY;
    for (uint64_t d = 1; d <= 5; d++) {
        struct pk_sight_app app = bad_app;
        struct pk_sighting s = { .device = d,
            .kind = PK_SIGHTING_INCIDENT,
            .incident = { .file = bad_app.file,
                    .package = bad_app.package,
                    .attack = PK_SIGHT_MALWARE,
                    .confidence = 90 } };

        app.risk = 30; /* not bad by its looks */
        app.source = PK_SIGHT_FROM_PLAY;
        app.permissions = 0;
        if (had_it) {
            has_app(&w, d, app);
        }
        take(&w, &s);
        w.now_s += HOUR;
    }
    assert_true(pk_crowd_ask(w.crowd, &file, w.now_s, &o));
    end(&w);
    return o.log_odds;
}

static void test_hearsay(void **state)
{
    float own = after_incidents(true);
    float hearsay = after_incidents(false);

    (void)state;
    if (hearsay >= 0 || own <= hearsay + 1) {
        print_error("own %.2f, hearsay %.2f\n", (double)own, (double)hearsay);
    }
    assert_true(hearsay < 0); /* five words of those who never had it condemn nothing */
    assert_true(own > hearsay + 1);
}

/* --- masts -------------------------------------------------------------------------------- */

static bool told(const struct pk_crowd_opinion *o, const char *term)
{
    for (size_t i = 0; i < o->reason_count; i++) {
        if (strcmp(pk_crowd_term_name(o->reasons[i].term), term) == 0) {
            return true;
        }
    }
    return false;
}

/* Counts are of sixteen bits: the area code of a place where thousands were served stays its own. */
static void test_busy_place(void **state)
{
    struct pk_sighting s = { .kind = PK_SIGHTING_MAST,
        .mast = { .cell = 5,
                .plmn = 26201,
                .area = 77,
                .arfcn = 1300,
                .pci = 9,
                .dbm = -95,
                .neighbours = 6,
                .radio = 4,
                .cipher = 2 } };
    struct world w;

    (void)state;
    begin(&w);
    enrol_many(&w, 1, 50);
    w.now_s = T0 + DAY;
    for (unsigned i = 0; i < 9000; i++) {
        s.device = 1 + i % 50;
        s.mast.cell = 5 + i % 20;
        take(&w, &s);
        w.now_s += 5;
        if (i > 100 && i % 10 == 0) {
            s.device = 1;
            s.mast.cell = 1000 + i; /* a new mast of the same area and channel */
            take(&w, &s);
            assert_false(told(&w.o, "mast.lac_off") || told(&w.o, "mast.newci_lacoff"));
            assert_false(told(&w.o, "mast.arf_off") || told(&w.o, "mast.newci_arf"));
        }
    }
    end(&w);
}

/* --- words from elsewhere ----------------------------------------------------------------- */

static void test_hear(void **state)
{
    static const struct {
        float log_odds, trust;
        unsigned tenants;
        bool known, bad;
    } rows[] = {
        { 6, 1, 1, true, true }, { 6, .1F, 1, true, false }, /* one that is hardly believed */
        { 6, 0, 5, true, false },                            /* none that is believed */
        { 6, -3, 5, true, false },                           /* trust is 0 to 1 */
        { -6, 1, 3, false, false },     /* clean, of what nobody doubts: nothing to keep */
        { 1e30F, .2F, 1, true, false }, /* loud is not right */
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_crowd_key key = { CAFE, TWIN, PK_CROWD_POINT };
        struct pk_crowd_opinion o;
        struct world w;
        bool known;

        begin(&w);
        for (uint32_t t = 0; t < rows[i].tenants; t++) {
            assert_int_equal(pk_crowd_hear(w.crowd, &key, 1000 + t, rows[i].log_odds, rows[i].trust,
                                     w.now_s),
                    PK_OK);
        }
        known = pk_crowd_ask(w.crowd, &key, w.now_s, &o);
        if (known != rows[i].known || (known && o.before != rows[i].bad)) {
            print_error("row %zu: known %d\n", i, known);
        }
        assert_int_equal(known, rows[i].known);
        assert_int_equal(known && o.before, rows[i].bad);
        end(&w);
    }
}

/* A member that repeats itself is one voice; the joins of one's own devices hear it. */
static void test_hear_again(void **state)
{
    struct pk_crowd_key key = { CAFE, TWIN, PK_CROWD_POINT };
    struct pk_crowd_opinion o;
    struct world w;

    (void)state;
    begin(&w);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(pk_crowd_hear(w.crowd, &key, 1000, 6, .3F, w.now_s), PK_OK);
    }
    assert_true(pk_crowd_ask(w.crowd, &key, w.now_s, &o));
    assert_int_equal(o.devices, 1);
    assert_false(o.before);
    assert_int_equal(pk_crowd_hear(w.crowd, &key, 1001, 6, 1, w.now_s), PK_OK);
    enrol_many(&w, 1, 1);
    join(&w, 1, TWIN, false);
    assert_true(w.o.before);
    end(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_poison),
        cmocka_unit_test(test_one_witness),
        cmocka_unit_test(test_clearing),
        cmocka_unit_test(test_signer),
        cmocka_unit_test(test_hearsay),
        cmocka_unit_test(test_busy_place),
        cmocka_unit_test(test_hear),
        cmocka_unit_test(test_hear_again),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
