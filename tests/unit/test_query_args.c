#include "check.h"
#include "server/query_args.h"

static const char *const states[] = { "open", "mitigated", "resolved", NULL };
static const struct pk_filter_rule filters[] = {
    { "state", states },
    { "subject", NULL },
    { "q", NULL },
    { NULL, NULL },
};
static const char *const sorts[] = { "updated_at", "severity", NULL };
static const struct pk_list_rules rules = { filters, sorts };
static const struct pk_list_rules bare = { NULL, NULL };

struct param {
    const char *name;
    const char *value;
};

#define PARAMS_MAX 3

static int feed(struct pk_query_args *args, const struct param *params, size_t count)
{
    int rc = PK_OK;

    for (size_t i = 0; i < count && rc == PK_OK && params[i].name != NULL; i++) {
        rc = pk_query_args_add(params[i].name, params[i].value, args);
    }
    return rc;
}

static void test_defaults(void **state)
{
    struct pk_arena *arena = pk_arena_create(65536);
    struct pk_query_args args;

    (void)state;
    pk_query_args_init(&args, arena, &rules, 42, NULL);
    assert_int_equal(args.query.limit, 50);
    assert_int_equal(args.query.now_ms, 42);
    assert_null(args.query.cursor);
    assert_null(args.query.sort);
    assert_int_equal(args.query.filter_count, 0);
    pk_arena_destroy(arena);
}

static void test_good(void **state)
{
    static const struct param params[] = {
        { "limit", "500" },
        { "sort", "-severity" },
        { "filter", "state:open|mitigated,subject:net-1:2,q:Café Gäst" },
    };
    struct pk_arena *arena = pk_arena_create(65536);
    struct pk_query_args args;
    const struct pk_filter *f;

    (void)state;
    pk_query_args_init(&args, arena, &rules, 0, NULL);
    assert_int_equal(feed(&args, params, PK_COUNT(params)), PK_OK);
    assert_int_equal(pk_query_args_add("cursor", "abc", &args), PK_OK);
    assert_int_equal(args.query.limit, 500);
    assert_string_equal(args.query.sort, "-severity");
    assert_string_equal(args.query.cursor, "abc");
    assert_int_equal(args.query.filter_count, 3);
    f = args.query.filters;
    assert_string_equal(f[0].field, "state");
    assert_int_equal(f[0].values.count, 2);
    assert_string_equal(f[0].values.items[0], "open");
    assert_string_equal(f[0].values.items[1], "mitigated");
    assert_string_equal(f[1].field, "subject");
    assert_string_equal(f[1].values.items[0], "net-1:2"); /* only the first colon parts */
    assert_string_equal(f[2].values.items[0], "Café Gäst");
    pk_arena_destroy(arena);
}

static void test_bad(void **state)
{
    static const struct {
        struct param params[PARAMS_MAX];
        int rc;
        const char *path;
    } rows[] = {
        { { { "frobnicate", "1" } }, PK_EUNKNOWN, "frobnicate" },
        { { { "", "1" } }, PK_EUNKNOWN, "" },
        { { { "limit", "0" } }, PK_EBOUNDS, "limit" },
        { { { "limit", "501" } }, PK_EBOUNDS, "limit" },
        { { { "limit", "99999999999999999999999" } }, PK_EBOUNDS, "limit" },
        { { { "limit", "-1" } }, PK_EMALF, "limit" },
        { { { "limit", "" } }, PK_EMALF, "limit" },
        { { { "limit", "5x" } }, PK_EMALF, "limit" },
        { { { "limit", " 5" } }, PK_EMALF, "limit" },
        { { { "limit", "0x10" } }, PK_EMALF, "limit" },
        { { { "limit", "5" }, { "limit", "6" } }, PK_EMALF, "limit" },
        { { { "cursor", "" } }, PK_EMALF, "cursor" },
        { { { "cursor", "a" }, { "cursor", "a" } }, PK_EMALF, "cursor" },
        { { { "sort", "" } }, PK_EBOUNDS, "sort" },
        { { { "sort", "name" } }, PK_EBOUNDS, "sort" },
        { { { "sort", "--severity" } }, PK_EBOUNDS, "sort" },
        { { { "sort", "severity;DROP TABLE x" } }, PK_EBOUNDS, "sort" },
        { { { "sort", "severity" }, { "sort", "severity" } }, PK_EMALF, "sort" },
        { { { "filter", "" } }, PK_EMALF, "filter" },
        { { { "filter", "state" } }, PK_EMALF, "filter" },
        { { { "filter", ":open" } }, PK_EMALF, "filter" },
        { { { "filter", "state:" } }, PK_EMALF, "filter.state" },
        { { { "filter", "state:open|" } }, PK_EMALF, "filter.state" },
        { { { "filter", "state:open," } }, PK_EMALF, "filter" },
        { { { "filter", "state:gone" } }, PK_EBOUNDS, "filter.state" },
        { { { "filter", "State:open" } }, PK_EUNKNOWN, "filter.State" },
        { { { "filter", "color:red" } }, PK_EUNKNOWN, "filter.color" },
        { { { "filter", "state:open,state:resolved" } }, PK_EMALF, "filter.state" },
        { { { "filter", "q:a" }, { "filter", "q:b" } }, PK_EMALF, "filter" },
        { { { "filter", "q:1|2|3|4|5|6|7|8|9|0|1|2|3|4|5|6|7|8|9|0|1|2|3|4|5|6|7|8|9|0|1|2|3" } },
                PK_ELIMIT, "filter.q" },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(65536);
        struct pk_error err = { 0 };
        struct pk_query_args args;

        pk_query_args_init(&args, arena, &rules, 0, &err);
        assert_int_equal(feed(&args, rows[i].params, PARAMS_MAX), rows[i].rc);
        assert_int_equal(err.code, rows[i].rc);
        assert_string_equal(err.path, rows[i].path);
        assert_true(err.text[0] != '\0');
        pk_arena_destroy(arena);
    }
}

/* A list that offers no filters or sorts has no such parameters. */
static void test_bare(void **state)
{
    struct pk_arena *arena = pk_arena_create(65536);
    struct pk_query_args args;

    (void)state;
    pk_query_args_init(&args, arena, &bare, 0, NULL);
    assert_int_equal(pk_query_args_add("limit", "7", &args), PK_OK);
    assert_int_equal(pk_query_args_add("sort", "name", &args), PK_EUNKNOWN);
    assert_int_equal(pk_query_args_add("filter", "q:x", &args), PK_EUNKNOWN);
    pk_arena_destroy(arena);
}

static void test_long_filter(void **state)
{
    struct pk_arena *arena = pk_arena_create(65536);
    struct pk_query_args args;
    char filter[2100] = "q:";

    (void)state;
    memset(filter + 2, 'x', sizeof(filter) - 3);
    filter[2048] = '\0';
    pk_query_args_init(&args, arena, &rules, 0, NULL);
    assert_int_equal(pk_query_args_add("filter", filter, &args), PK_OK);
    filter[2048] = 'x';
    pk_query_args_init(&args, arena, &rules, 0, NULL);
    assert_int_equal(pk_query_args_add("filter", filter, &args), PK_ELIMIT);
    pk_arena_destroy(arena);
}

/* Memory that runs out is an error, not a crash. */
static void test_small_arena(void **state)
{
    (void)state;
    for (size_t max = 0; max < 1024; max += 16) {
        struct pk_arena *arena = pk_arena_create(max);
        struct pk_query_args args;
        int rc;

        pk_query_args_init(&args, arena, &rules, 0, NULL);
        rc = pk_query_args_add("filter", "state:open|mitigated,q:x", &args);
        assert_true(rc == PK_OK || rc == PK_ENOMEM);
        rc = pk_query_args_add("sort", "severity", &args);
        assert_true(rc == PK_OK || rc == PK_ENOMEM);
        pk_arena_destroy(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_bare),
        cmocka_unit_test(test_long_filter),
        cmocka_unit_test(test_small_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
