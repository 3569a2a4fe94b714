#include "check.h"
#include "server/todo.h"

static json_t *list(const struct pk_overview *o, const struct pk_target_state *targets,
        size_t count, size_t siem)
{
    struct pk_array array = { .items = (void *)targets, .count = count };
    json_t *todo = pk_todo(o, &array, siem);

    assert_true(json_is_array(todo));
    return todo;
}

static const char *text_at(const json_t *todo, size_t index, const char *key)
{
    const char *text = json_string_value(json_object_get(json_array_get(todo, index), key));

    assert_non_null(text);
    return text;
}

/* The first thing to do on a fresh server, and nothing else. */
static void test_fresh(void **state)
{
    struct pk_overview o = { 0 };
    json_t *todo = list(&o, NULL, 0, 0);

    (void)state;
    assert_int_equal(json_array_size(todo), 1);
    assert_string_equal(text_at(todo, 0, "text"), "Enrol the first device");
    assert_string_equal(text_at(todo, 0, "link"), "/enrolment");
    json_decref(todo);
}

static void test_all_well(void **state)
{
    struct pk_overview o = { .devices = 3, .active = 3 };
    struct pk_target_state ok = { .target = "soc", .kind = PK_ACTION_SIEM, .last_ok_ms = 1 };
    struct pk_target_state mended = {
        .target = "soc", .kind = PK_ACTION_SIEM, .last_error = "refused", .pending = 0
    };
    json_t *todo = list(&o, &ok, 1, 1);

    (void)state;
    assert_int_equal(json_array_size(todo), 0);
    json_decref(todo);
    todo = list(&o, &mended, 1, 1);
    assert_int_equal(json_array_size(todo), 0);
    json_decref(todo);
}

/* The most urgent stands first; one is not "1 devices". */
static void test_order(void **state)
{
    struct pk_overview o = {
        .devices = 9,
        .silent = 1,
        .never = 2,
        .by_severity = { [PK_SEVERITY_HIGH] = 2,
                [PK_SEVERITY_CRITICAL] = 1,
                [PK_SEVERITY_LOW] = 7 },
    };
    struct pk_target_state down = {
        .target = "soc", .kind = PK_ACTION_SIEM, .last_error = "connection refused", .pending = 12
    };
    json_t *todo = list(&o, &down, 1, 1);

    (void)state;
    assert_int_equal(json_array_size(todo), 4);
    assert_string_equal(
            text_at(todo, 0, "text"), "Look at 3 open incidents of high or critical severity");
    assert_string_equal(
            text_at(todo, 1, "text"), "'soc' does not take events: 12 wait (connection refused)");
    assert_string_equal(
            text_at(todo, 2, "text"), "1 device said nothing for more than 7 days: find out why");
    assert_string_equal(text_at(todo, 2, "link"), "/devices?filter=status:silent");
    assert_string_equal(
            text_at(todo, 3, "text"), "2 enrolled devices never reported: check the agent there");
    json_decref(todo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fresh),
        cmocka_unit_test(test_all_well),
        cmocka_unit_test(test_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
