/* The crowd's table against a plain array that does the same slowly; what is restored; what is refused. */
#include "base/error.h"
#include "check.h"
#include "crowd/table.h"

#define KEYS  3000U
#define STEPS 60000U
#define ONE_SLOT \
    UINT64_C(0xfffff) /* keys with these bits equal meet in one slot of any index of the test */

struct rec {
    uint64_t key;
    uint32_t value, more[3];
};

static uint64_t seed;

static uint32_t dice(uint32_t sides)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % sides;
}

/* Every fourth one lands in the same slot, so that chains are long and wrap around. */
static uint64_t key_of(uint32_t i)
{
    return i % 4 == 0 ? (pk_crowd_mix(i, 1) | ONE_SLOT) : pk_crowd_mix(i, 2);
}

static void hold_equal(const struct pk_table *t, const uint32_t *reference)
{
    uint32_t living = 0;
    uint32_t walked = 0;

    for (uint32_t i = 0; i < KEYS; i++) {
        const struct rec *r = pk_table_find(t, key_of(i));

        assert_int_equal(r != NULL, reference[i] != 0);
        if (r != NULL) {
            assert_true(r->key == key_of(i));
            assert_int_equal(r->value, reference[i]);
            living++;
        }
    }
    assert_int_equal(t->count, living);
    for (uint32_t i = 0; i < t->made; i++) {
        walked += pk_table_at(t, i) != NULL;
    }
    assert_int_equal(walked, living);
}

static void run(struct pk_table *t, uint32_t *reference, uint32_t steps)
{
    for (uint32_t step = 1; step <= steps; step++) {
        uint32_t i = dice(KEYS);

        if (dice(5) < 2) {
            pk_table_drop(t, key_of(i));
            reference[i] = 0;
        } else {
            struct rec *r = pk_table_put(t, key_of(i));

            assert_non_null(r);
            assert_int_equal(r->value, reference[i]); /* 0 when it is new: nothing is left over */
            assert_true(r->more[0] == r->value && r->more[2] == r->value);
            r->value = reference[i] = step;
            r->more[0] = r->more[1] = r->more[2] = step;
        }
    }
}

static struct pk_table filled(uint32_t *reference)
{
    struct pk_table t;

    seed = 88172645463325252U;
    pk_table_init(&t, sizeof(struct rec));
    run(&t, reference, STEPS);
    return t;
}

static void test_like_an_array(void **state)
{
    uint32_t reference[KEYS] = { 0 };
    struct pk_table t;

    (void)state;
    seed = 4711;
    pk_table_init(&t, sizeof(struct rec));
    hold_equal(&t, reference);
    pk_table_drop(&t, 5); /* of an empty one */
    for (int round = 0; round < 20; round++) {
        run(&t, reference, STEPS / 20);
        hold_equal(&t, reference);
        assert_true(t.made <= KEYS); /* dropped records are used again */
    }
    pk_table_clear(&t);
    assert_null(pk_table_find(&t, key_of(1)));
    assert_int_equal(t.made, 0);
}

/* One chain of colliding keys: whichever link is taken out, the others are found. */
static void test_gaps(void **state)
{
    (void)state;
    for (uint32_t gone = 0; gone < 24; gone++) {
        struct pk_table t;

        pk_table_init(&t, sizeof(struct rec));
        for (uint32_t i = 0; i < 24; i++) {
            /* Homes 0, 1, 1023, 0 ...: neighbours whose searches cross each other. */
            uint64_t home = i % 3 == 2 ? 1023 : i % 3;

            assert_non_null(pk_table_put(&t, ((uint64_t)i + 1) << 40 | home));
        }
        for (uint32_t last = gone; last < 24; last += 5) {
            pk_table_drop(&t, ((uint64_t)last + 1) << 40 | (last % 3 == 2 ? 1023 : last % 3));
        }
        for (uint32_t i = 0; i < 24; i++) {
            uint64_t key = ((uint64_t)i + 1) << 40 | (i % 3 == 2 ? 1023 : i % 3);

            assert_int_equal(pk_table_find(&t, key) != NULL, i < gone || (i - gone) % 5 != 0);
        }
        pk_table_clear(&t);
    }
}

/* Records stay where they are while the index and the chunks grow. */
static void test_records_do_not_move(void **state)
{
    struct pk_table t;
    struct rec *first;

    (void)state;
    pk_table_init(&t, sizeof(struct rec));
    first = pk_table_put(&t, 7);
    assert_non_null(first);
    first->value = 70;
    for (uint32_t i = 0; i < 20000; i++) {
        assert_non_null(pk_table_put(&t, pk_crowd_mix(i, 9)));
    }
    assert_ptr_equal(pk_table_find(&t, 7), first);
    assert_int_equal(first->value, 70);
    assert_true(pk_table_bytes(&t) >= 20001 * sizeof(struct rec));
    pk_table_clear(&t);
}

/* --- at rest ------------------------------------------------------------------------------ */

static uint8_t *bytes_of(const struct pk_table *t)
{
    uint8_t *bytes = calloc(t->made + 1U, t->size);
    size_t at = 0;

    assert_non_null(bytes);
    for (size_t i = 0; i < pk_table_pieces(t); i++) {
        size_t len;
        const void *piece = pk_table_piece(t, i, &len);

        memcpy(bytes + at, piece, len);
        at += len;
    }
    assert_int_equal(at, (size_t)t->made * t->size);
    return bytes;
}

static void test_restored_goes_on(void **state)
{
    uint32_t one[KEYS] = { 0 };
    uint32_t two[KEYS];
    struct pk_table t = filled(one);
    struct pk_table copy;
    uint8_t *bytes = bytes_of(&t);
    uint8_t *again;
    uint64_t at_that_time = seed;

    (void)state;
    assert_true(t.free != 0);
    pk_table_init(&copy, sizeof(struct rec));
    assert_int_equal(pk_table_restore(&copy, bytes, t.made, t.free), 0);
    memcpy(two, one, sizeof(two));
    hold_equal(&copy, two);
    run(&t, one, 5000);
    seed = at_that_time;
    run(&copy, two, 5000);
    hold_equal(&copy, two);
    free(bytes);
    assert_int_equal(t.made, copy.made);
    assert_int_equal(t.free, copy.free);
    bytes = bytes_of(&t);
    again = bytes_of(&copy); /* the same records at the same places */
    assert_memory_equal(bytes, again, (size_t)t.made * t.size);
    free(again);
    free(bytes);
    pk_table_clear(&t);
    pk_table_clear(&copy);
}

struct damage {
    struct rec records[6];
    uint32_t free_one;
};

static void same_key_twice(struct damage *d)
{
    d->records[1].key = d->records[0].key;
}

static void dead_but_not_listed(struct damage *d)
{
    d->records[0].key = 0;
}

static void list_of_a_living_one(struct damage *d)
{
    d->free_one = 1;
}

static void list_beyond_the_end(struct damage *d)
{
    d->free_one = 7;
}

static void list_in_a_circle(struct damage *d)
{
    d->records[3].value = d->free_one;
}

static void list_too_short(struct damage *d)
{
    d->free_one = 0;
}

static const struct {
    const char *what;
    void (*harm)(struct damage *d);
    int rc;
} harms[] = {
    { "as it was", NULL, 0 },
    { "one key twice", same_key_twice, -2 },
    { "a dead record that no list has", dead_but_not_listed, -2 },
    { "a list that begins at a living record", list_of_a_living_one, -2 },
    { "a list that leads out of the table", list_beyond_the_end, -2 },
    { "a list in a circle", list_in_a_circle, -2 },
    { "a list without the dead one", list_too_short, -2 },
};

static void test_contradictions(void **state)
{
    (void)state;
    for (size_t i = 0; i < PK_COUNT(harms); i++) {
        /* Records 1 to 6, of which the fourth is dead. */
        struct damage d = { .free_one = 4 };
        struct pk_table t;
        uint8_t *exact;
        int rc;

        for (uint32_t k = 0; k < 6; k++) {
            d.records[k].key = k != 3 ? pk_crowd_mix(k, 3) : 0;
        }
        if (harms[i].harm != NULL) {
            harms[i].harm(&d);
        }
        exact = pk_test_dup(d.records, sizeof(d.records));
        pk_table_init(&t, sizeof(struct rec));
        rc = pk_table_restore(&t, exact, 6, d.free_one);
        if (rc != harms[i].rc) {
            print_error("%s: %d\n", harms[i].what, rc);
        }
        assert_int_equal(rc, harms[i].rc);
        free(exact);
        pk_table_clear(&t);
    }
}

static void test_nothing_restored(void **state)
{
    struct pk_table t;

    (void)state;
    pk_table_init(&t, sizeof(struct rec));
    assert_int_equal(pk_table_restore(&t, NULL, 0, 0), 0);
    assert_int_equal(pk_table_restore(&t, NULL, 0, 1), -2);
    pk_table_clear(&t);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_like_an_array),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_records_do_not_move),
        cmocka_unit_test(test_restored_goes_on),
        cmocka_unit_test(test_contradictions),
        cmocka_unit_test(test_nothing_restored),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
