/* The chance of an attack in 7 and 30 days: counters, windows, calibration, explanations, checkpoint. */
#include <math.h>

#include "check.h"
#include "risk/calibrate.h"
#include "risk/hazard.h"
#include "risk/hazard_state.h"

#define DAY      DAY_S
#define FIRST    (INT64_C(20000) * DAY)
#define NETWORK  UINT64_C(0x1234567890)
#define ENROLLED (FIRST - 100 * DAY)

static const struct pk_hazard_voice trusted = { .weight = 1, .record = 0.9F, .visits = 9 };
static const struct pk_crowd_opinion nothing = { .log_odds = -INFINITY };
static const struct pk_crowd_opinion attacked = { .after = true, .hard = true, .log_odds = 3 };

/* The same numbers in every run. */
static uint32_t dice(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

static double chance(uint64_t *state)
{
    return dice(state) / 2147483648.0;
}

static struct pk_hazard *create(bool no_online)
{
    struct pk_hazard_settings settings = { .no_online = no_online };
    struct pk_hazard *h = NULL;

    assert_int_equal(pk_hazard_create(&settings, &h, NULL), PK_OK);
    return h;
}

static void take(
        struct pk_hazard *h, const struct pk_sighting *s, const struct pk_crowd_opinion *opinion)
{
    assert_int_equal(pk_hazard_take(h, s, opinion, &trusted), PK_OK);
}

static void enrol(struct pk_hazard *h, uint64_t device, int64_t enrolled_s, int64_t at_s)
{
    struct pk_sighting s = { .at_s = at_s,
        .device = device,
        .kind = PK_SIGHTING_DEVICE,
        .enrolment = { .enrolled_s = enrolled_s, .attestation = PK_ATTESTED_HARDWARE } };

    take(h, &s, &nothing);
}

static struct pk_sighting a_join(uint64_t device, int64_t at_s, uint8_t security)
{
    return (struct pk_sighting){ .at_s = at_s,
        .device = device,
        .place = 303,
        .city = 3,
        .kind = PK_SIGHTING_NETWORK,
        .network = { .network = NETWORK, .point = 77, .security = security } };
}

static void incident(struct pk_hazard *h, uint64_t device, int64_t at_s)
{
    struct pk_sighting s = { .at_s = at_s,
        .device = device,
        .kind = PK_SIGHTING_INCIDENT,
        .incident = { .attack = PK_SIGHT_EXPLOIT, .confidence = 90 } };

    take(h, &s, &nothing);
}

static double rows7(const struct pk_hazard *h, double *events)
{
    struct pk_hazard_count count;

    pk_hazard_count(h, &count);
    *events = count.events7;
    return count.rows7;
}

/* ---- counters ------------------------------------------------------------------------------------- */

/* Each counter beside the sum that it stands for, taken from the list of all that happened. */
static void test_decay(void **state)
{
    static const struct {
        enum counter counter;
        double half;
        int every; /* n-th happening */
    } counters[] = {
        { PUB7, 7, 1 },
        { PUB30, 21, 1 },
        { PUB90, 60, 1 },
        { AWAY90, 60, 1 },
        { HIT30, 21, 5 },
        { HIT90, 60, 5 },
        { INC30, 21, 9 },
        { CELLS30, 21, 2 },
    };
    struct pk_hazard *h = create(true);
    uint64_t seed = 7;
    int64_t at = FIRST;
    int64_t joined[300];
    double x[PK_HAZARD_TERMS];

    (void)state;
    enrol(h, 1, ENROLLED, FIRST);
    for (size_t i = 0; i < 300; i++) {
        struct pk_sighting s;

        at += 1 + dice(&seed) % (i % 10 == 0 ? 4 * DAY : DAY / 3);
        joined[i] = at;
        s = a_join(1, at, PK_SIGHT_OPEN);
        s.place = 303 + (uint32_t)(i / 2); /* changes at each second one */
        take(h, &s, i % 5 == 0 ? &attacked : &nothing);
        if (i % 9 == 0) {
            incident(h, 1, at);
        }
    }
    at += 12345;
    for (size_t k = 0; k < PK_COUNT(counters); k++) {
        const struct state *s = pk_rows_at(&h->devices, 0);
        float c[COUNTERS];
        double sum = 0;

        memcpy(c, s->c, sizeof(c));
        pk_hazard_state_fade(c, at - (int64_t)s->last_s);
        for (int i = 0; i < 300; i += counters[k].every) {
            sum += exp2(-(double)(at - joined[i]) / (counters[k].half * DAY));
        }
        assert_true(fabs((double)c[counters[k].counter] / sum - 1) < 1e-4);
    }
    assert_true(pk_hazard_inputs(h, 1, at, x));
    assert_true(x[PK_HAZARD_usual_now] >= 0 && x[PK_HAZARD_hit90] > 0);
    pk_hazard_destroy(h);
}

static void test_usual(void **state)
{
    struct pk_hazard *h = create(true);
    struct pk_sighting s;
    double x[PK_HAZARD_TERMS];

    (void)state;
    enrol(h, 1, ENROLLED, FIRST);
    enrol(h, 2, ENROLLED, FIRST);
    for (int day = 0; day < 20; day++) {
        s = a_join(1, FIRST + day * DAY + 100, PK_SIGHT_WPA2);
        take(h, &s, &nothing);
    }
    assert_true(pk_hazard_inputs(h, 1, FIRST + 20 * DAY, x));
    assert_true(x[PK_HAZARD_usual_now] == 0);
    s = a_join(2, FIRST + 19 * DAY + 500, PK_SIGHT_WPA2); /* another device is attacked there */
    take(h, &s, &attacked);
    assert_true(pk_hazard_inputs(h, 1, FIRST + 20 * DAY, x));
    assert_true(x[PK_HAZARD_usual_now] > 0.5);
    assert_true(x[PK_HAZARD_usual_any] > 0.5);
    assert_true(x[PK_HAZARD_hit90] == 0);
    assert_true(pk_hazard_inputs(h, 1, FIRST + 60 * DAY, x)); /* and it passes */
    assert_true(x[PK_HAZARD_usual_now] < 0.01);
    pk_hazard_destroy(h);
}

static void test_young(void **state)
{
    struct pk_hazard *h = create(false);
    struct pk_hazard_prediction p;
    struct pk_sighting s;

    (void)state;
    enrol(h, 5, FIRST + 100, FIRST + 100);
    for (int hour = 1; hour < 80; hour++) {
        int64_t at = FIRST + 100 + hour * INT64_C(3600);

        s = a_join(5, at, PK_SIGHT_OPEN);
        take(h, &s, &attacked);
        assert_int_equal(pk_hazard_predict(h, 5, at, &p), hour >= 72);
    }
    assert_false(pk_hazard_predict(h, 6, FIRST + 90 * DAY, &p));
    pk_hazard_forget(h, 5);
    assert_false(pk_hazard_predict(h, 5, FIRST + 90 * DAY, &p));
    pk_hazard_destroy(h);
}

/* ---- explanations --------------------------------------------------------------------------------- */

static void test_explained(void **state)
{
    struct pk_hazard *h = create(true);
    struct pk_hazard_prediction p;
    struct pk_sighting posture = { .device = 3,
        .at_s = FIRST + 5 * DAY,
        .kind = PK_SIGHTING_POSTURE,
        .posture = {
                .patch_days = 400, .root = true, .passcode = false, .unknown_sources = true } };
    struct pk_sighting app = { .device = 3,
        .at_s = FIRST + 6 * DAY,
        .kind = PK_SIGHTING_APP,
        .app = { .package = 1,
                .file = 2,
                .signer = 3,
                .source = PK_SIGHT_FROM_SIDELOAD,
                .risk = 80 } };
    struct pk_sighting s = a_join(3, FIRST + 7 * DAY, PK_SIGHT_OPEN);
    double sum = 0;
    double families = 0;
    double ways = 0;
    double before;

    (void)state;
    enrol(h, 3, ENROLLED, FIRST);
    take(h, &posture, &nothing);
    take(h, &app, &attacked);
    assert_true(pk_hazard_predict(h, 3, FIRST + 7 * DAY, &p));
    before = p.p7;
    take(h, &s, &attacked);
    assert_true(pk_hazard_predict(h, 3, FIRST + 8 * DAY, &p));
    for (size_t i = 0; i < PK_HAZARD_TERMS; i++) {
        sum += p.terms[i];
    }
    for (size_t i = 0; i < PK_HAZARD_FAMILIES; i++) {
        families += p.families[i];
    }
    assert_true(fabs(p.base + sum - p.score) < 1e-9);
    assert_true(fabs(p.base + families - p.score) < 1e-9);
    assert_true(fabs(p.p7 - pk_sigmoid(p.score)) < 1e-12);
    assert_true(p.p7 > before);
    assert_true(p.p30 > p.p7 && p.p30 < 1);
    assert_true(p.families[PK_HAZARD_APPS] > 0 && p.families[PK_HAZARD_STATE] > 0);
    for (size_t i = 0; i < PK_HAZARD_WAYS; i++) {
        ways += p.ways[i];
    }
    assert_true(fabs(ways - 1) < 1e-12 && p.ways[PK_HAZARD_BY_APP] > p.ways[PK_HAZARD_BY_EXPLOIT]);
    pk_hazard_destroy(h);
}

/* ---- windows -------------------------------------------------------------------------------------- */

/* The first midnight from FIRST + 14 days on at which a window of the device begins: seven days later one row
 * more is closed than with a device that is asked on no day. */
static int64_t phase_of(uint64_t device)
{
    double events;

    for (int64_t day = 14; day < 21; day++) {
        struct pk_hazard *h = create(false);

        enrol(h, device, ENROLLED, FIRST);
        pk_hazard_tick(h, FIRST + (day + 6) * DAY);
        assert_true(rows7(h, &events) == 0);
        pk_hazard_tick(h, FIRST + (day + 7) * DAY);
        bool is = rows7(h, &events) > 0;

        pk_hazard_destroy(h);
        if (is) {
            return FIRST + day * DAY;
        }
    }
    fail();
    return 0;
}

static void test_windows(void **state)
{
    static const struct {
        int64_t event_s; /* after the window's beginning */
        double rows, events;
        double late_events; /* when the next window has closed, too */
    } cases[] = {
        { -1, 1, 0, 0 }, /* before it: history, not label */
        { 1, 1, 1, 1 }, { 3 * DAY, 1, 1, 1 }, { 7 * DAY - 1, 1, 1, 1 },
        { 7 * DAY + 1, 1, 0, 1 }, /* after it: the next window's */
    };

    (void)state;
    for (uint64_t device = 1; device < 9; device++) {
        int64_t from = phase_of(device);

        for (size_t i = 0; i < PK_COUNT(cases); i++) {
            struct pk_hazard *h = create(false);
            double events;

            enrol(h, device, ENROLLED, FIRST);
            if (cases[i].event_s < 7 * DAY) {
                incident(h, device, from + cases[i].event_s);
            }
            /* One second before the end nothing may be known of it. */
            pk_hazard_tick(h, from + 7 * DAY - 1);
            assert_true(rows7(h, &events) == 0 && events == 0);
            if (cases[i].event_s > 7 * DAY) {
                incident(h, device, from + cases[i].event_s);
            }
            pk_hazard_tick(h, from + 7 * DAY);
            assert_true(rows7(h, &events) == cases[i].rows && events == cases[i].events);
            pk_hazard_tick(h, from + 14 * DAY);
            (void)rows7(h, &events);
            assert_int_equal(events > 0, cases[i].late_events > 0);
            pk_hazard_destroy(h);
        }
    }
}

/* Closed windows alone: a row is what was known when its window began. Two lives are the same until then and differ
 * after it in everything but attacks; what they teach must be the same to the last bit. */
static void test_no_peeking(void **state)
{
    int64_t from = phase_of(7);
    struct pk_hazard *calm = create(false);
    struct pk_hazard *busy = create(false);

    (void)state;
    for (int side = 0; side < 2; side++) {
        struct pk_hazard *h = side == 0 ? calm : busy;
        struct pk_sighting s;

        enrol(h, 7, ENROLLED, FIRST);
        for (int64_t at = FIRST + DAY; at < from; at += DAY / 2) {
            s = a_join(7, at, PK_SIGHT_OPEN);
            take(h, &s, &nothing);
        }
        pk_hazard_tick(h, from);
        for (int64_t at = from + 60; side == 1 && at < from + 7 * DAY; at += 600) {
            struct pk_sighting posture = { .device = 7,
                .at_s = at,
                .kind = PK_SIGHTING_POSTURE,
                .posture = { .patch_days = 400, .root = true, .unknown_sources = true } };

            s = a_join(7, at, PK_SIGHT_OPEN);
            s.place = 303 + (uint32_t)(at % 7);
            take(h, &s, &nothing);
            take(h, &posture, &nothing);
        }
        pk_hazard_tick(h, from + 7 * DAY);
    }
    assert_true(calm->seven->rows == 1 && busy->seven->rows == 1);
    assert_memory_equal(calm->seven, busy->seven, sizeof(*calm->seven));
    assert_true(((const struct state *)pk_rows_at(&calm->devices, 0))->index7 <
            ((const struct state *)pk_rows_at(&busy->devices, 0))
                    ->index7); /* the next row differs */
    pk_hazard_destroy(calm);
    pk_hazard_destroy(busy);
}

static void test_who_teaches(void **state)
{
    static const struct pk_hazard_voice liar = { .weight = 0.2F, .record = 0.5F };
    struct pk_hazard *h = create(false);
    struct pk_sighting s = a_join(1, FIRST + DAY, PK_SIGHT_OPEN);
    double events;

    (void)state;
    enrol(h, 1, ENROLLED, FIRST);
    assert_int_equal(pk_hazard_take(h, &s, &attacked, &liar), PK_OK);
    enrol(h, 2, FIRST, FIRST + DAY); /* too young until day 14 */
    pk_hazard_tick(h, FIRST + 14 * DAY);
    assert_true(rows7(h, &events) == 0);
    pk_hazard_tick(h, FIRST + 30 * DAY);
    assert_true(rows7(h, &events) > 0 && events == 0); /* of the second alone */
    pk_hazard_destroy(h);
}

static void test_heeded(void **state)
{
    int64_t from = phase_of(4);
    struct pk_hazard *h = create(false);
    double events;

    (void)state;
    enrol(h, 4, ENROLLED, FIRST);
    assert_false(pk_hazard_heeded(h, 5, from + 5));
    assert_true(pk_hazard_heeded(h, 4, from + 5));
    pk_hazard_tick(h, from + 7 * DAY);
    assert_true(rows7(h, &events) == 1 && events == 0.5);
    pk_hazard_destroy(h);
}

/* ---- calibration ---------------------------------------------------------------------------------- */

static void test_solver(void **state)
{
    static double n[PK_CALIBRATE_BINS];
    static double y[PK_CALIBRATE_BINS];
    uint64_t seed = 3;

    (void)state;
    for (int half = -4; half <= 4; half++) {
        double truth = half / 2.0;
        double found[2];

        for (uint16_t i = 0; i < PK_CALIBRATE_BINS; i++) {
            n[i] = i > 1500 && i < 3200 ? dice(&seed) % 30 : 0;
            y[i] = n[i] * pk_sigmoid(pk_calibrate_score(i) + truth);
        }
        for (int side = 0; side < 2; side++) {
            found[side] = pk_calibrate_solve(n, y, side == 0 ? -3 : 3, 0);
            assert_true(fabs(found[side] - truth) < 1e-6);
        }
    }
}

/* max over a <= i of min over b >= i of the mean of a..b: slow and evidently right. */
static double isotonic(const double *n, const double *y, size_t count, size_t i)
{
    double best = -1;

    for (size_t a = 0; a <= i; a++) {
        double least = 2;

        for (size_t b = i; b < count; b++) {
            double rows = 0;
            double events = 0;

            for (size_t k = a; k <= b; k++) {
                rows += n[k];
                events += y[k];
            }
            least = rows > 0 && events / rows < least ? events / rows : least;
        }
        best = least < 2 && least > best ? least : best;
    }
    return best;
}

static void test_pav(void **state)
{
    uint64_t seed = 11;

    (void)state;
    for (int round = 0; round < 200; round++) {
        double n[40];
        double y[40];
        float out[40];
        size_t count = 1 + dice(&seed) % 40;

        for (size_t i = 0; i < count; i++) {
            n[i] = dice(&seed) % 4;
            y[i] = n[i] > 0 ? dice(&seed) % (1 + (uint32_t)n[i]) : 0;
        }
        n[0] = 1;
        y[0] = round % 2;
        pk_calibrate_pav(n, y, count, out);
        for (size_t i = 0; i < count; i++) {
            if (n[i] > 0) {
                assert_true(fabs((double)out[i] - isotonic(n, y, count, i)) < 1e-6);
            }
            assert_true(i == 0 || out[i] >= out[i - 1]);
        }
    }
}

/* Rows whose true log-odds are slope * score + shift. */
static struct pk_calibrate *calibrated(double slope, double shift, int days)
{
    struct pk_calibrate *c = calloc(1, sizeof(*c));
    uint64_t seed = 5;

    assert_non_null(c);
    for (int day = 0; day < days; day++) {
        for (int i = 0; i < 3000; i++) {
            double score = -6 + 5 * chance(&seed);
            bool event = chance(&seed) < pk_sigmoid(slope * score + shift);

            pk_calibrate_row(c, pk_calibrate_bin(score), event);
        }
        pk_calibrate_day(c, 45, 0.5 / 7);
    }
    return c;
}

static void test_candidates(void **state)
{
    struct pk_calibrate *right = calibrated(1, 0, 40);
    struct pk_calibrate *shifted = calibrated(1, 0.7, 40);
    struct pk_calibrate *longer = calibrated(1, 0.7, 160);
    struct pk_calibrate *bent = calibrated(0.35, -1.2, 40);

    (void)state;
    assert_int_equal(right->using, PK_MAP_PLAIN); /* nothing to gain: nothing is changed */
    assert_true(fabs(right->z) < 0.1);
    assert_int_not_equal(shifted->using, PK_MAP_PLAIN);
    /* A fleet that differs is believed the more, the longer it does. */
    assert_true(shifted->z > 0.4 && shifted->z < 0.7);
    assert_true(longer->z > shifted->z + 0.03 && longer->z < 0.75);
    assert_int_equal(bent->using, PK_MAP_SHAPED);
    assert_true(bent->loss[PK_MAP_SHAPED] < bent->loss[PK_MAP_SHIFTED]);
    assert_true(bent->loss[PK_MAP_SHAPED] < bent->loss[PK_MAP_PLAIN]);
    for (int half = -12; half < -2; half++) { /* closer than the model, everywhere */
        double score = half / 2.0;
        double truth = pk_sigmoid(0.35 * score - 1.2);

        assert_true(fabs(pk_calibrate_p(bent, score) - truth) <=
                fabs(pk_calibrate_map_p(bent, PK_MAP_SHIFTED, score) - truth) + 0.02);
    }
    free(right);
    free(shifted);
    free(longer);
    free(bent);
}

static void test_step(void **state)
{
    struct pk_calibrate *c = calibrated(1, 3, 7); /* labels that come from nowhere */

    (void)state;
    assert_true(c->z > 0.4 && c->z <= 0.5 + 1e-9);
    free(c);
}

/* ---- at rest, and once more ------------------------------------------------------------------------ */

/* A little world; from and to cut it, so that it can be interrupted. */
static void live(struct pk_hazard *h, int from, int to)
{
    for (int day = from; day < to; day++) {
        for (uint64_t device = 1; device <= 60; device++) {
            uint64_t seed = device * 1000 + (uint64_t)day;
            int64_t at = FIRST + day * DAY + (int64_t)device * 60;
            struct pk_sighting s = a_join(device, at, (uint8_t)(dice(&seed) % 5));

            if (day == 0) {
                enrol(h, device, ENROLLED - (int64_t)device * DAY, at);
            }
            s.network.network += dice(&seed) % 40;
            s.place = 300 + dice(&seed) % 20;
            take(h, &s, dice(&seed) % 20 == 0 ? &attacked : &nothing);
            if (dice(&seed) % 100 == 0) {
                incident(h, device, at + 5);
            }
        }
    }
}

static struct pk_buffer saved(const struct pk_hazard *h)
{
    struct pk_buffer b = pk_buffer_of(64UL << 20);

    assert_int_equal(pk_hazard_save(h, &b, NULL), PK_OK);
    return b;
}

static void test_same_again(void **state)
{
    struct pk_hazard *whole = create(false);
    struct pk_hazard *first = create(false);
    struct pk_hazard *second = NULL;
    struct pk_hazard_prediction a;
    struct pk_hazard_prediction b;
    struct pk_buffer bytes;
    struct pk_buffer end;
    struct pk_buffer other;

    (void)state;
    live(whole, 0, 50);
    live(first, 0, 31);
    bytes = saved(first);
    assert_int_equal(pk_hazard_load(pk_buffer_slice(&bytes), NULL, &second, NULL), PK_OK);
    live(second, 31, 50);
    end = saved(whole);
    other = saved(second);
    assert_int_equal(end.len, other.len);
    assert_memory_equal(end.ptr, other.ptr, end.len);
    for (uint64_t device = 1; device <= 60; device++) {
        assert_true(pk_hazard_predict(whole, device, FIRST + 50 * DAY, &a));
        assert_true(pk_hazard_predict(second, device, FIRST + 50 * DAY, &b));
        assert_memory_equal(&a, &b, sizeof(a));
        assert_true(a.p7 > 0 && a.p7 < 1 && a.p30 >= a.p7 && a.p30 < 1);
    }
    pk_buffer_finish(&bytes);
    pk_buffer_finish(&end);
    pk_buffer_finish(&other);
    pk_hazard_destroy(whole);
    pk_hazard_destroy(first);
    pk_hazard_destroy(second);
}

static void test_damaged(void **state)
{
    struct pk_hazard *h = create(false);
    struct pk_hazard *out = NULL;
    struct pk_buffer bytes;

    (void)state;
    live(h, 0, 3);
    bytes = saved(h);
    for (size_t len = 0; len < bytes.len; len += 1 + len / 2) {
        uint8_t *heap = pk_test_dup(bytes.ptr, len);

        assert_true(pk_hazard_load(pk_slice_of(heap, len), NULL, &out, NULL) < 0);
        assert_null(out);
        free(heap);
    }
    for (size_t at = 0; at < bytes.len; at += 1 + bytes.len / 50) {
        bytes.ptr[at] ^= 0x10;
        assert_int_equal(pk_hazard_load(pk_buffer_slice(&bytes), NULL, &out, NULL), PK_EMALF);
        assert_null(out);
        bytes.ptr[at] ^= 0x10;
    }
    pk_buffer_finish(&bytes);
    pk_hazard_destroy(h);
}

static void test_small(void **state)
{
    struct pk_hazard_settings settings = { .devices_max = 100 };
    struct pk_hazard *h = NULL;
    struct pk_hazard_count count;
    int full = 0;

    (void)state;
    assert_int_equal(pk_hazard_create(&settings, &h, NULL), PK_OK);
    for (uint64_t device = 1; device <= 150; device++) {
        struct pk_sighting s = a_join(device, FIRST, PK_SIGHT_OPEN);

        full += pk_hazard_take(h, &s, &nothing, &trusted) == PK_ENOMEM;
    }
    assert_int_equal(full, 50);
    pk_hazard_count(h, &count);
    assert_int_equal(count.devices, 100);
    assert_true(count.device_bytes <= 160);
    enrol(h, 7, ENROLLED, FIRST + DAY); /* who is there goes on */
    pk_hazard_destroy(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decay),
        cmocka_unit_test(test_usual),
        cmocka_unit_test(test_young),
        cmocka_unit_test(test_explained),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_no_peeking),
        cmocka_unit_test(test_who_teaches),
        cmocka_unit_test(test_heeded),
        cmocka_unit_test(test_solver),
        cmocka_unit_test(test_pav),
        cmocka_unit_test(test_candidates),
        cmocka_unit_test(test_step),
        cmocka_unit_test(test_same_again),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
