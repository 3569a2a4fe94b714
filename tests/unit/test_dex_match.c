/* Method references by name: a list of texts against the tables of a DEX. */
#include <stdio.h>

#include "dex_builder.h"
#include "formats/android/dex_match.h"

static const uint16_t go[] = { 0x000e };

/* The number that the list gives to LCls;->go, every method of the built DEX. */
static int number_of(const char *const *texts, size_t count)
{
    struct dex_body bodies[2] = { { .units = go, .count = 1 }, { .units = go, .count = 1 } };
    struct dex_spec spec = { "035", bodies, 2, 0, 0 };
    struct dex_made made = dex_build(&spec);
    struct pk_arena *arena = pk_arena_create(1024UL * 1024);
    const struct pk_dex_names *names;
    const uint16_t *numbers;
    struct pk_dex dex;
    size_t offset = 0;
    int result;

    assert_int_equal(
            pk_dex_open(pk_slice_of(made.bytes, made.len), &offset, "t", NULL, &dex, NULL), 0);
    assert_int_equal(pk_dex_names_make(texts, count, arena, &names, NULL), 0);
    assert_int_equal(pk_dex_match(names, &dex, arena, &numbers), 0);
    assert_int_equal(numbers[0], numbers[1]);
    result = numbers[0];
    pk_arena_destroy(arena);
    free(made.bytes);
    return result;
}

static void test_match(void **state)
{
    static const struct {
        const char *texts[4];
        size_t count;
        int number;
    } rows[] = {
        { { NULL }, 0, 0 },
        { { "LCls;->go" }, 1, 1 },
        { { "LOther;->go", "LCls;->go" }, 2, 2 },
        { { "LCls;->g", "LCls;->goo", "LCl;->go", "LCls2;->go" }, 4, 0 },
        { { "LCls;->*" }, 1, 1 },
        { { "LCls;->*", "LCls;->go" }, 2, 2 },   /* the exact one wins */
        { { "LCls;->*", "LCls;->gone" }, 2, 1 }, /* or all others */
        { { "LCls;->zz", "LCls;->aa", "LCls;->go", "LCls;->gp" }, 4, 3 },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        assert_int_equal(number_of(rows[i].texts, rows[i].count), rows[i].number);
    }
}

static void test_many(void **state)
{
    enum {
        COUNT = 5000
    };
    static char texts[COUNT][32];
    static const char *list[COUNT];

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(texts[i], sizeof(texts[i]), "Lp/C%d;->m%d", i / 3, i % 3);
        list[i] = texts[i];
    }
    list[4321] = "LCls;->go";
    assert_int_equal(number_of(list, COUNT), 4322);
}

static void test_refused(void **state)
{
    static const struct {
        const char *texts[2];
        int rc;
    } rows[] = {
        { { "LCls;->go", "" }, PK_EMALF },
        { { "LCls;->go", "Cls;->go" }, PK_EMALF },
        { { "LCls;->go", "LCls->go" }, PK_EMALF },
        { { "LCls;->go", "LCls;->" }, PK_EMALF },
        { { "LCls;->go", "LCls;->go" }, PK_EEXIST },
        { { "LCls;->*", "LCls;->*" }, PK_EEXIST },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(64UL * 1024);
        const struct pk_dex_names *names = NULL;

        assert_int_equal(pk_dex_names_make(rows[i].texts, 2, arena, &names, NULL), rows[i].rc);
        assert_null(names);
        pk_arena_destroy(arena);
    }
}

/* Names that have no end, or are not there, match nothing and read nothing beyond. */
static void test_broken_strings(void **state)
{
    static const char *const texts[] = { "LCls;->go" };
    struct dex_body body = { .units = go, .count = 1 };
    struct dex_spec spec = { "035", &body, 1, 0, 0 };
    const uint32_t ids = 0x70;

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct dex_made made = dex_build(&spec);
        struct pk_arena *arena = pk_arena_create(64UL * 1024);
        const struct pk_dex_names *names;
        const uint16_t *numbers;
        struct pk_dex dex;
        size_t offset = 0;

        dex_put32(made.bytes + ids + (i % 2 == 0 ? 0 : 8),
                i < 2 ? (uint32_t)made.len - 1 : 0xfffffff0);
        assert_int_equal(
                pk_dex_open(pk_slice_of(made.bytes, made.len), &offset, "t", NULL, &dex, NULL), 0);
        assert_int_equal(pk_dex_names_make(texts, 1, arena, &names, NULL), 0);
        assert_int_equal(pk_dex_match(names, &dex, arena, &numbers), 0);
        assert_int_equal(numbers[0], 0);
        pk_arena_destroy(arena);
        free(made.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_broken_strings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
