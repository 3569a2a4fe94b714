/* What leaves a device is what the rows of the report's tables allow, and nothing else. */
#include "base/arena.h"
#include "check.h"
#include "model/observation.h"

static const char network_report[] =
        "{\"v\":1,\"observations\":[{\"seq\":1,\"at\":\"2026-11-23T00:00:00Z\",\"kind\":\"portal\","
        "\"portal\":{\"state\":\"none\"}},{\"seq\":2,\"at\":\"2026-11-23T00:00:01Z\","
        "\"kind\":\"network\",\"network\":{\"event\":\"joined\",%s\"gateway\":\"192.0.2.1\"}}]}";

/* Every value has a class and says what it is; every text and list has a limit of its own; there
 * is no container in which anything could travel. */
static void check_rows(const struct pk_schema *schema, bool below_observation)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct pk_field *f = &schema->fields[i];

        if (f->type == PK_TYPE_OBJECT || f->type == PK_TYPE_OBJECTS) {
            check_rows(f->sub, below_observation || f->sub == &pk_observation_schema);
            continue;
        }
        if (!below_observation) {
            continue; /* the version of the protocol */
        }
        if (f->privacy == PK_PRIVACY_NONE || f->help == NULL || f->help[0] == '\0' ||
                f->type == PK_TYPE_JSON ||
                ((f->type == PK_TYPE_STRING || f->type == PK_TYPE_STRINGS) && f->max <= 0) ||
                (f->type == PK_TYPE_STRINGS && f->count_max == 0)) {
            fail_msg("'%s.%s' lacks a class, a limit or an explanation", schema->name, f->name);
        }
    }
}

static void test_rows(void **state)
{
    (void)state;
    check_rows(&pk_report_schema, false);
}

/* Decodes the n-th observation of a report's text, with what stays on the device. */
static struct pk_observation observation_of(const char *report, size_t n, struct pk_arena *arena)
{
    struct pk_observation out = { 0 };
    struct pk_error err = { 0 };
    json_t *in = NULL;

    assert_int_equal(pk_json_parse(report, strlen(report), &in, &err), PK_OK);
    assert_int_equal(pk_observation_decode(json_array_get(json_object_get(in, "observations"), n),
                             arena, &out, &err),
            PK_OK);
    json_decref(in);
    return out;
}

static void test_wire_drops_name(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 16);
    struct pk_observation seen;
    char text[512];
    json_t *out;
    char *written;

    (void)state;
    (void)snprintf(text, sizeof(text), network_report, "\"name\":\"Home of Ada\",");
    seen = observation_of(text, 1, arena);
    assert_string_equal(seen.net->name, "Home of Ada");

    out = pk_observation_encode(&seen, false);
    assert_non_null(json_object_get(json_object_get(out, "network"), "name"));
    json_decref(out);

    out = pk_observation_encode(&seen, true);
    assert_null(json_object_get(json_object_get(out, "network"), "name"));
    assert_non_null(json_object_get(json_object_get(out, "network"), "gateway"));
    written = pk_json_text(out);
    assert_null(strstr(written, "Ada"));
    free(written);
    json_decref(out);
    pk_arena_destroy(arena);
}

static int report(const char *extra, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(1 << 16);
    struct pk_report out;
    char text[512];
    json_t *in = NULL;
    int rc;

    (void)snprintf(text, sizeof(text), network_report, extra);
    rc = pk_json_parse(text, strlen(text), &in, err);
    if (rc == PK_OK) {
        rc = pk_report_decode(in, arena, &out, err);
    }
    json_decref(in);
    pk_arena_destroy(arena);
    return rc;
}

static void test_report_refuses_name(void **state)
{
    struct pk_error err = { 0 };

    (void)state;
    assert_int_equal(report("", &err), PK_OK);
    assert_int_equal(report("\"name\":null,", &err), PK_OK);
    assert_int_equal(report("\"name\":\"Home of Ada\",", &err), PK_EUNKNOWN);
    assert_string_equal(err.path, "observations[1].network.name");
    assert_string_equal(err.text, "this must never leave a device");
    assert_int_equal(report("\"name\":\"\",", &err), PK_EUNKNOWN);
    assert_int_equal(report("\"url\":\"https://example.org/\",", &err), PK_EUNKNOWN);
    assert_string_equal(err.path, "observations[1].network.url");
}

static void test_network_id(void **state)
{
    static const uint8_t one[] = { 1, 2, 3, 4 };
    static const uint8_t two[] = { 1, 2, 3, 5 };
    char a[PK_NETWORK_ID];
    char b[PK_NETWORK_ID];

    (void)state;
    pk_network_id((struct pk_slice){ one, sizeof(one) }, "Home of Ada", a);
    assert_int_equal(strlen(a), PK_NETWORK_ID - 1);
    assert_int_equal(strncmp(a, "net-", 4), 0);
    assert_int_equal(strspn(a + 4, "0123456789abcdef"), 16);
    pk_network_id((struct pk_slice){ one, sizeof(one) }, "Home of Ada", b);
    assert_string_equal(a, b);
    pk_network_id((struct pk_slice){ one, sizeof(one) }, "Home of Bob", b);
    assert_string_not_equal(a, b);
    pk_network_id((struct pk_slice){ two, sizeof(two) }, "Home of Ada", b);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_wire_drops_name),
        cmocka_unit_test(test_report_refuses_name),
        cmocka_unit_test(test_network_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
