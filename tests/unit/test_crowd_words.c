/* The crowd's weights as text, and its reasons as sentences. */
#include <math.h>

#include "check.h"
#include "crowd/opinion.h"
#include "crowd/terms.h"

/* --- words -------------------------------------------------------------------------------- */

static void test_weights(void **state)
{
    static const struct {
        const char *text;
        bool fine;
    } rows[] = {
        { "", true },
        { "# n_b what\n\nother 5\n", true },
        { "n_b -7.5\nt_3 .25\na_side 1e-2\nc_newci 2\n", true },
        { "n_b -7.5", true },
        { "n_b\t3 \r\n", true },
        { "n_nobody_knows 1\nt_99 1\n", true },
        { "n_b\n", false },
        { "n_b \n5\n", false }, /* the number is the next line's */
        { "n_b x\n", false },
        { "n_b 1x\n", false },
        { "n_b 1 2\n", false },
        { "n_b nan\n", false },
        { "n_b inf\n", false },
        { "n_b 1e99\n", false },
        { "t_x 1\n", false },
        { "t_3x 1\n", false },
    };
    struct pk_crowd_weights w;

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        if (pk_crowd_weights_read(rows[i].text, &w) != rows[i].fine) {
            print_error("'%s'\n", rows[i].text);
        }
        assert_int_equal(pk_crowd_weights_read(rows[i].text, &w), rows[i].fine);
    }
    assert_true(pk_crowd_weights_read(rows[2].text, &w));
    assert_true(w.network[PK_N_b] == -7.5F && w.t[3] == .25F && w.app[PK_A_side] == 1e-2F);
    assert_true(w.mast[PK_C_newci] == 2 && w.network[PK_N_t0] == 0);
}

static void test_every_term(void **state)
{
    static const struct {
        uint16_t first, count;
        const char *prefix;
    } ranges[] = {
        { PK_TERM_NETWORK, PK_N_COUNT, "network." },
        { PK_TERM_MAST, PK_C_COUNT, "mast." },
        { PK_TERM_APP, PK_A_COUNT, "app." },
        { PK_TERM_WITNESSES, 3, "crowd." },
    };
    struct pk_arena *arena = pk_arena_create(64UL * 1024);
    unsigned untold = 0;

    (void)state;
    assert_non_null(arena);
    for (size_t r = 0; r < PK_COUNT(ranges); r++) {
        for (uint16_t i = 0; i < ranges[r].count; i++) {
            struct pk_crowd_reason reason = { (uint16_t)(ranges[r].first + i), 1, 41.6, 7 };
            const char *name = pk_crowd_term_name(reason.term);
            const char *text = pk_crowd_reason_text(&reason, arena);

            assert_memory_equal(name, ranges[r].prefix, strlen(ranges[r].prefix));
            assert_non_null(text);
            assert_null(strpbrk(text, "{}"));
            untold += text[0] == '\0';
        }
        assert_string_equal(pk_crowd_term_name((uint16_t)(ranges[r].first + ranges[r].count)), "");
    }
    assert_int_equal(untold, 4); /* the constants of the three scores, and "novel" */
    pk_arena_destroy(arena);
}

static void test_numbers_in_texts(void **state)
{
    static const struct {
        double a, b;
        const char *text;
    } rows[] = {
        { 3, 2, "3 devices confirmed it, 2 of them independently of each other" },
        { 2.6, 0, "3 devices confirmed it, 0 of them independently of each other" },
        { -1, 1e15,
                "-1 devices confirmed it, 1000000000000000 of them independently of each other" },
        { 1e300, -1e300,
                "1000000000000000 devices confirmed it, -1000000000000000 of them "
                "independently of each other" },
    };
    struct pk_arena *arena = pk_arena_create(4096);
    struct pk_crowd_reason odd = { PK_TERM_WITNESSES, 1, NAN, INFINITY };

    (void)state;
    assert_non_null(arena);
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_crowd_reason reason = { PK_TERM_WITNESSES, 1, rows[i].a, rows[i].b };

        assert_string_equal(pk_crowd_reason_text(&reason, arena), rows[i].text);
    }
    assert_non_null(pk_crowd_reason_text(&odd, arena));
    pk_arena_destroy(arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_every_term),
        cmocka_unit_test(test_numbers_in_texts),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
