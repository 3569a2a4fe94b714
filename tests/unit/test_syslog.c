/* RFC 5424 headers, framing, and the settings of a SOC's receiver. */
#include "base/yaml.h"
#include "check.h"
#include "respond/siem/settings.h"
#include "respond/siem/syslog5424.h"

static void test_severity(void **state)
{
    static const int wanted[] = { 6, 5, 5, 5, 4, 4, 4, 3, 3, 2, 2 };

    (void)state;
    for (int i = 0; i <= 10; i++) {
        assert_int_equal(pk_syslog_severity(i), wanted[i]);
    }
}

static void test_header(void **state)
{
    static const struct {
        struct pk_syslog_header in;
        const char *out;
    } rows[] = {
        { { 16, 3, 1795395723456, "picket1", "picketd", 42, "incident.opened" },
                "<131>1 2026-11-23T01:02:03.456Z picket1 picketd 42 incident.opened - " },
        { { 0, 0, 0, NULL, NULL, 0, NULL }, "<0>1 1970-01-01T00:00:00.000Z - - - - - " },
        { { 23, 7, 1, "a b\nc", "x y", 1, "\303\251vent" },
                "<191>1 1970-01-01T00:00:00.001Z abc xy 1 vent - " },
        { { 13, 6, 1, "h", "a", 1, "abcdefghijklmnopqrstuvwxyz0123456789" },
                "<110>1 1970-01-01T00:00:00.001Z h a 1 abcdefghijklmnopqrstuvwxyz012345 - " },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_buffer out = pk_buffer_of(1024);

        pk_syslog_header(&out, &rows[i].in);
        assert_string_equal(out.ptr, rows[i].out);
        pk_buffer_finish(&out);
    }
}

static void test_frames(void **state)
{
    struct pk_buffer out = pk_buffer_of(1024);

    (void)state;
    pk_syslog_frame(&out, pk_slice_str("one\ntwo"), true);
    pk_syslog_frame(&out, pk_slice_str("\303\251"), true);
    assert_string_equal(out.ptr, "7 one\ntwo2 \303\251");
    pk_buffer_clear(&out);
    pk_syslog_frame(&out, pk_slice_str("one\ntwo"), false);
    pk_syslog_frame(&out, pk_slice_str("x"), false);
    assert_string_equal(out.ptr, "one two\nx\n");
    pk_buffer_finish(&out);
}

struct list {
    struct pk_array siem;
};

static const struct pk_field list_fields[] = {
    { "siem", PK_TYPE_OBJECTS, 0, offsetof(struct list, siem), .sub = &pk_siem_schema,
            .count_max = PK_SIEM_TARGETS_MAX },
};
static const struct pk_schema list_schema = PK_SCHEMA(struct list, list_fields, "list");

static int check(const char *yaml, struct pk_siem_settings *first, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(65536);
    struct list list;
    int rc = pk_yaml_decode("t", yaml, strlen(yaml), &list_schema, arena, &list, err);

    if (rc == PK_OK) {
        rc = pk_siem_check(list.siem.items, list.siem.count, err);
        if (rc == PK_OK && list.siem.count > 0) {
            *first = *(struct pk_siem_settings *)list.siem.items;
            first->name = NULL; /* they die with the arena */
            first->host = NULL;
        }
    }
    pk_arena_destroy(arena);
    return rc;
}

static void test_settings(void **state)
{
    static const struct {
        const char *yaml;
        int rc;
        const char *path;
    } bad[] = {
        { "siem:\n  - name: a\n", PK_EMISSING, "siem[0].host" },
        { "siem:\n  - host: a\n", PK_EMISSING, "siem[0].name" },
        { "siem:\n  - {name: a, host: h}\n  - {name: a, host: h}\n", PK_EINVAL, "siem[1].name" },
        { "siem:\n  - {name: a, host: h, framing: lf}\n", PK_EINVAL, "siem[0].framing" },
        { "siem:\n  - {name: a, host: h, cert: c}\n", PK_EINVAL, "siem[0].cert" },
        { "siem:\n  - {name: a, host: h, key: c}\n", PK_EINVAL, "siem[0].key" },
        { "siem:\n  - {name: a, host: h, line_max: 100}\n", PK_EINVAL, "siem[0].line_max" },
        { "siem:\n  - {name: a, host: h, facility: 24}\n", PK_EBOUNDS, "siem[0].facility" },
        { "siem:\n  - {name: a, host: h, port: 70000}\n", PK_EBOUNDS, "siem[0].port" },
        { "siem:\n  - {name: a, host: h, password: x}\n", PK_EUNKNOWN, "siem[0].password" },
    };
    struct pk_siem_settings s;

    (void)state;
    for (size_t i = 0; i < PK_COUNT(bad); i++) {
        struct pk_error err = { 0 };

        assert_int_equal(check(bad[i].yaml, &s, &err), bad[i].rc);
        assert_string_equal(err.path, bad[i].path);
    }
    assert_int_equal(check("siem:\n  - {name: a, host: h}\n", &s, NULL), PK_OK);
    assert_int_equal(s.transport, PK_SIEM_TLS);
    assert_int_equal(pk_siem_port(&s), 6514);
    assert_int_equal(pk_siem_line_max(&s), 8000);
    assert_int_equal(s.facility, 16);
    assert_int_equal(check("siem:\n  - {name: a, host: h, transport: udp}\n", &s, NULL), PK_OK);
    assert_int_equal(pk_siem_port(&s), 514);
    assert_int_equal(pk_siem_line_max(&s), 2048);
    assert_int_equal(check("siem:\n  - {name: a, host: h, transport: tcp, framing: lf, port: 99}\n",
                             &s, NULL),
            PK_OK);
    assert_int_equal(pk_siem_port(&s), 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_severity),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_settings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
