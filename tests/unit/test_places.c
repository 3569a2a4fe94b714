/* Where a device usually goes next: learning, guessing, asking without telling, keeping. */
#include <string.h>

#include "agent/place_file.h"
#include "agent/places.h"
#include "check.h"
#include "model/situation.h"

#define T0 INT64_C(1795392000000)

static struct pk_buffer question_of(struct pk_places *p, int64_t now_ms)
{
    struct pk_buffer out = pk_buffer_of(4096);

    assert_int_equal(pk_places_question(p, now_ms, &out), PK_OK);
    return out;
}

/* Home, work, then the gym on the way home: what comes after work depends on what was before it. */
static void test_order_two(void **state)
{
    static const char *const week[] = { "u33d1", "u33d2", "u33d3", "u33d2", "u33d1" };
    struct pk_places *p = pk_places_create();
    struct pk_places_guess next[PK_PLACES_GUESSES];

    (void)state;
    assert_int_equal(pk_places_next(p, next), 0);
    for (int day = 0; day < 30; day++) {
        for (size_t i = 0; i < PK_COUNT(week); i++) {
            (void)pk_places_at(p, week[i]);
        }
    }
    assert_false(pk_places_at(p, "u33d1")); /* it is there already */
    assert_false(pk_places_at(p, "here!"));
    assert_false(pk_places_at(p, "u33d"));
    assert_false(pk_places_at(p, NULL));
    (void)pk_places_at(p, "u33d2"); /* from home: on to the gym */
    assert_true(pk_places_next(p, next) >= 1);
    assert_string_equal(next[0].place, "u33d3");
    assert_true(next[0].p > 0.9);
    (void)pk_places_at(p, "u33d3");
    (void)pk_places_at(p, "u33d2"); /* from the gym: home */
    assert_true(pk_places_next(p, next) >= 1);
    assert_string_equal(next[0].place, "u33d1");
    /* a pair that is new: the square alone says it */
    (void)pk_places_at(p, "u33dz");
    (void)pk_places_at(p, "u33d2");
    assert_int_equal(pk_places_next(p, next), 3);
    assert_true(next[0].p + next[1].p + next[2].p > 0.99);
    assert_string_equal(next[2].place, "u33dz");
    pk_places_destroy(p);
}

/* However many places there are, memory is what it is, and what is frequent stays. */
static void test_bounded(void **state)
{
    static const char letters[] = "0123456789bcdefghjkmnpqrstuvwxyz";
    struct pk_places *p = pk_places_create();
    struct pk_places_guess next[PK_PLACES_GUESSES];
    struct pk_buffer bytes = pk_buffer_of(PK_PLACES_BYTES);

    (void)state;
    for (int i = 0; i < 2000; i++) {
        char place[] = "u3xyz";

        place[3] = letters[i * 7 % 32];
        place[4] = letters[i * 13 % 32];
        (void)pk_places_at(p, place);
        (void)pk_places_at(p, "u33d1");
        (void)pk_places_at(p, "u33d2");
    }
    (void)pk_places_at(p, "u33d1");
    assert_true(pk_places_next(p, next) >= 1);
    assert_int_equal(pk_places_write(p, &bytes), PK_OK);
    assert_true(bytes.len < 16384);
    pk_buffer_finish(&bytes);
    pk_places_destroy(p);
}

/* Questions have one size, stay the same while the device goes on, and hold what nobody can tell from the rest. */
static void test_question(void **state)
{
    struct pk_places *p = pk_places_create();
    struct pk_buffer none = pk_buffer_of(4096);
    struct pk_buffer first;
    size_t same = 0;
    size_t own = 0;

    (void)state;
    assert_int_equal(pk_places_question(p, T0, &none), PK_ENOENT);
    (void)pk_places_at(p, "u33d1");
    first = question_of(p, T0);
    assert_int_equal(pk_places_question(p, T0 + 1000, &none), PK_EAGAIN);
    assert_int_equal(first.len, strlen("{\"cells\":[]}") + PK_PLACES_ASKED * 8 - 1);
    for (int day = 0; day < 200; day++) {
        static const char *const way[] = { "u33d1", "u33d2", "u33d4", "u33d8", "u33d9", "u33db",
            "u33dc", "u33df", "u33dg", "u33dh", "u33dk" };
        struct pk_buffer again;

        (void)pk_places_at(p, way[(size_t)(day * day) % PK_COUNT(way)]);
        again = question_of(p, T0 + (day + 1) * PK_PLACES_EVERY_MS);
        assert_int_equal(again.len, first.len);
        same += again.len == first.len && memcmp(again.ptr, first.ptr, first.len) == 0;
        for (size_t i = 11; i + 5 < again.len && day > 0; i += 8) { /* sorted: no order is told */
            assert_true(i < 19 || memcmp(again.ptr + i - 8, again.ptr + i, 5) < 0);
        }
        if (day == 199) {
            for (size_t i = 0; i < PK_COUNT(way); i++) {
                own += strstr(again.ptr, way[i]) != NULL;
            }
        }
        pk_buffer_finish(&first);
        first = again;
    }
    assert_true(same > 180); /* it changes with a new usual place alone, not with every move */
    assert_true(own >= 4 && own <= 10);
    pk_buffer_finish(&first);
    pk_buffer_finish(&none);
    pk_places_destroy(p);
}

/* Two devices that go to the same places in another order ask for the same number of them and in the same form: the
 * question depends on which places are frequent, not on the way between them. */
static void test_no_way_is_told(void **state)
{
    struct pk_places *forth = pk_places_create();
    struct pk_buffer before = pk_buffer_of(PK_PLACES_BYTES);
    struct pk_places *back = pk_places_create();
    struct pk_buffer one;
    struct pk_buffer two;

    (void)state;
    for (int i = 0; i < 40; i++) { /* the frequent places are known */
        (void)pk_places_at(forth, i % 2 == 0 ? "u33d1" : i % 4 == 1 ? "u33d2" : "u33d3");
    }
    assert_int_equal(pk_places_write(forth, &before), PK_OK);
    assert_int_equal(pk_places_read(back, pk_buffer_slice(&before)), PK_OK);
    for (int i = 0; i < 10; i++) {
        (void)pk_places_at(forth, i % 2 == 0 ? "u33d3" : "u33d1");
        (void)pk_places_at(back, i % 2 == 0 ? "u33d2" : "u33d1");
    }
    one = question_of(forth, T0);
    two = question_of(back, T0);
    assert_string_equal(one.ptr, two.ptr);
    pk_buffer_finish(&one);
    pk_buffer_finish(&two);
    pk_buffer_finish(&before);
    pk_places_destroy(forth);
    pk_places_destroy(back);
}

static void answer(struct pk_places *p, const char *question, const char *red)
{
    struct pk_buffer text = pk_buffer_of(8192);
    json_t *in = json_loads(question, 0, NULL);
    const json_t *cell;
    size_t i;

    (void)pk_buffer_puts(&text, "{\"cells\":[");
    json_array_foreach (json_object_get(in, "cells"), i, cell) {
        bool bad = strcmp(json_string_value(cell), red) == 0;

        (void)pk_buffer_printf(&text, "%s{\"place\":\"%s\",\"light\":\"%s\",\"p\":%s}",
                i > 0 ? "," : "", json_string_value(cell), bad ? "red" : "green",
                bad ? "0.05" : "0.001");
    }
    (void)pk_buffer_puts(&text, "]}");
    assert_int_equal(pk_places_answer(p, pk_buffer_slice(&text), T0, NULL), PK_OK);
    json_decref(in);
    pk_buffer_finish(&text);
}

static void test_warning(void **state)
{
    struct pk_places *p = pk_places_create();
    struct pk_buffer q;
    double chance = 0;

    (void)state;
    for (int i = 0; i < 12; i++) {
        (void)pk_places_at(p, i % 2 == 0 ? "u33d1" : "u33d2");
    }
    q = question_of(p, T0); /* it is at u33d2, and goes to u33d1 */
    assert_false(pk_places_warns(p, T0));
    answer(p, q.ptr, "u33d2");
    assert_false(pk_places_warns(p, T0)); /* where it is already is no news */
    answer(p, q.ptr, "u33d1");
    assert_int_equal(pk_places_light(p, "u33d1", T0, &chance), PK_ZONE_STANDING_RED);
    assert_true(chance == 0.05);
    assert_int_equal(pk_places_light(p, "zzzzz", T0, NULL), PK_ZONE_STANDING_UNKNOWN);
    assert_true(pk_places_warns(p, T0));
    assert_false(pk_places_warns(p, T0 + 1000)); /* once a day */
    /* old answers say nothing */
    assert_int_equal(
            pk_places_light(p, "u33d1", T0 + PK_PLACES_GOOD_MS, NULL), PK_ZONE_STANDING_UNKNOWN);
    assert_false(pk_places_warns(p, T0 + 2 * PK_PLACES_GOOD_MS));
    pk_buffer_finish(&q);
    pk_places_destroy(p);
}

static void test_bad_bytes(void **state)
{
    static const char *const answers[] = { "", "[]", "{}", "{\"cells\":1}",
        "{\"cells\":[{\"place\":\"u33d1\",\"light\":\"blue\",\"p\":0}]}",
        "{\"cells\":[{\"place\":\"u33d1\",\"light\":\"red\",\"p\":2}]}",
        "{\"cells\":[{\"place\":\"u33d1\",\"light\":\"red\"}]}" };
    struct pk_places *p = pk_places_create();
    struct pk_buffer bytes = pk_buffer_of(PK_PLACES_BYTES);
    struct pk_buffer again = pk_buffer_of(PK_PLACES_BYTES);

    (void)state;
    (void)pk_places_at(p, "u33d1");
    for (size_t i = 0; i < PK_COUNT(answers); i++) {
        assert_true(pk_places_answer(p, pk_slice_str(answers[i]), T0, NULL) < 0);
    }
    assert_int_equal(pk_places_light(p, "u33d1", T0, NULL), PK_ZONE_STANDING_UNKNOWN);
    assert_int_equal(pk_places_write(p, &bytes), PK_OK);
    assert_int_equal(pk_places_read(p, pk_buffer_slice(&bytes)), PK_OK);
    assert_int_equal(pk_places_write(p, &again), PK_OK);
    assert_string_equal(bytes.ptr, again.ptr);
    for (size_t cut = 0; cut < bytes.len; cut += 7) {
        uint8_t *heap = pk_test_dup(bytes.ptr, cut);

        assert_int_equal(pk_places_read(p, pk_slice_of(heap, cut)), PK_EMALF);
        free(heap);
    }
    assert_int_equal(pk_places_question(p, T0, &again), PK_ENOENT); /* as new */
    pk_buffer_finish(&bytes);
    pk_buffer_finish(&again);
    pk_places_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_two),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_question),
        cmocka_unit_test(test_no_way_is_told),
        cmocka_unit_test(test_warning),
        cmocka_unit_test(test_bad_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
