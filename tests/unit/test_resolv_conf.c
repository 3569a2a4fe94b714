/* The system's list of resolvers, with ours before the others, and as it was. */
#include "agent/lan_files.h"
#include "agent/resolv_conf.h"
#include "check.h"

static const char *const lists[] = {
    "",
    "nameserver 192.0.2.1\n",
    "nameserver 192.0.2.1", /* no end of line */
    "# by somebody\nsearch lan\nnameserver 192.0.2.1\nnameserver 2001:db8::1\n",
    "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n",
    "options edns0 rotate trust-ad\nnameserver\t192.0.2.1\n",
    "options rotate\n\n\nnameserver 192.0.2.1\n;end\n",
    "nameservers 192.0.2.9\noptions norotate\n",
};

/* What the C library reads: the first three. */
static void check_installed(const char *text, const char *before)
{
    const char *line = strstr(text, "nameserver ");
    unsigned seen = 0;

    assert_non_null(line);
    assert_int_equal(strncmp(line, "nameserver 127.0.0.153\n", 23), 0);
    for (line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        seen += strncmp(line, "nameserver", 10) == 0 && (line[10] == ' ' || line[10] == '\t');
        if (strncmp(line, "options", 7) == 0 && line[7] == ' ') {
            char copy[64] = { 0 };

            memcpy(copy, line, strcspn(line, "\n"));
            assert_null(strstr(copy, " rotate"));
        }
    }
    assert_true(seen <= 3);
    if (strstr(before, "192.0.2.2") != NULL) {
        assert_non_null(strstr(text, "\nnameserver 192.0.2.2\n"));
    }
}

static void test_round(void **state)
{
    (void)state;
    for (size_t i = 0; i < PK_COUNT(lists); i++) {
        struct pk_buffer in = pk_buffer_of(PK_RESOLV_BYTES);
        struct pk_buffer out = pk_buffer_of(PK_RESOLV_BYTES);
        size_t len = strlen(lists[i]);

        assert_false(pk_resolv_conf_is_ours(pk_slice_str(lists[i])));
        assert_int_equal(pk_resolv_conf_install(pk_slice_str(lists[i]), "127.0.0.153", &in), PK_OK);
        assert_true(pk_resolv_conf_is_ours(pk_buffer_slice(&in)));
        check_installed(in.ptr, lists[i]);
        assert_int_equal(pk_resolv_conf_restore(pk_buffer_slice(&in), &out), PK_OK);
        assert_int_equal(strncmp(out.ptr != NULL ? out.ptr : "", lists[i], len), 0);
        assert_true(out.len == len || (out.len == len + 1 && out.ptr[len] == '\n'));
        pk_buffer_finish(&in);
        pk_buffer_finish(&out);
    }
}

/* The senses go on seeing the network's resolvers: all of them, and not ours. */
static void test_senses(void **state)
{
    struct pk_buffer out = pk_buffer_of(PK_RESOLV_BYTES);
    struct pk_resolv before;
    struct pk_resolv after;

    (void)state;
    assert_int_equal(pk_resolv_conf_install(pk_slice_str(lists[4]), "127.0.0.153", &out), PK_OK);
    pk_resolv_parse(pk_slice_str(lists[4]), &before);
    pk_resolv_parse(pk_buffer_slice(&out), &after);
    assert_int_equal(before.count, 3);
    assert_memory_equal(&before, &after, sizeof(before));
    pk_buffer_finish(&out);
}

static void test_foreign(void **state)
{
    struct pk_buffer out = pk_buffer_of(PK_RESOLV_BYTES);

    (void)state;
    assert_int_equal(pk_resolv_conf_restore(pk_slice_str(lists[3]), &out), PK_OK);
    assert_string_equal(out.ptr, lists[3]);
    pk_buffer_finish(&out);
    out = pk_buffer_of(8);
    assert_int_equal(pk_resolv_conf_install(pk_slice_str(lists[3]), "::1", &out), PK_ELIMIT);
    pk_buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round),
        cmocka_unit_test(test_senses),
        cmocka_unit_test(test_foreign),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
