/* What clean visits teach: notes count when the visit has proved clean, in a file that lasts. */
#include <stdio.h>
#include <unistd.h>

#include "agent/known.h"
#include "check.h"

#define NET "net-0123456789abcdef"

static void test_learns_when_clean(void **state)
{
    struct pk_known *known;
    struct pk_error err;

    (void)state;
    assert_int_equal(pk_known_open(NULL, &known, &err), PK_OK);
    assert_int_equal(pk_known_has(known, NET, PK_KNOWN_GATEWAY, "a"), PK_TRI_UNKNOWN);
    pk_known_note(known, NET, PK_KNOWN_GATEWAY, "a");
    assert_int_equal(pk_known_has(known, NET, PK_KNOWN_GATEWAY, "a"), PK_TRI_UNKNOWN);
    pk_known_forget_notes(known);
    pk_known_settle(known, NET, 1);
    assert_int_equal(pk_known_has(known, NET, PK_KNOWN_GATEWAY, "a"), PK_TRI_UNKNOWN);
    pk_known_note(known, NET, PK_KNOWN_GATEWAY, "b");
    pk_known_settle(known, NET, 2);
    assert_int_equal(pk_known_has(known, NET, PK_KNOWN_GATEWAY, "b"), PK_TRI_YES);
    assert_int_equal(pk_known_has(known, NET, PK_KNOWN_GATEWAY, "a"), PK_TRI_NO);
    assert_int_equal(pk_known_has(known, NET, PK_KNOWN_DNS, "a"), PK_TRI_UNKNOWN);
    pk_known_close(known);
}

static void test_visits_and_file(void **state)
{
    char folder[] = "/tmp/picket-known-XXXXXX";
    char path[64];
    struct pk_known *known;
    struct pk_error err;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(pk_known_open(folder, &known, &err), PK_OK);
    for (int visit = 1; visit <= 3; visit++) {
        pk_known_note(known, NET, PK_KNOWN_BSSID, "02:00:00:00:00:01");
        pk_known_settle(known, NET, visit * 10);
        pk_known_note(known, NET, PK_KNOWN_BSSID, "02:00:00:00:00:02");
        pk_known_settle(known, NET, visit * 10 + 1); /* still the same visit */
        pk_known_left(known);
    }
    assert_int_equal(pk_known_visits(known, NET), 3);
    pk_known_close(known);
    assert_int_equal(pk_known_open(folder, &known, &err), PK_OK);
    assert_int_equal(pk_known_visits(known, NET), 3);
    assert_int_equal(pk_known_has(known, NET, PK_KNOWN_BSSID, "02:00:00:00:00:01"), PK_TRI_YES);
    assert_int_equal(pk_known_has(known, NET, PK_KNOWN_BSSID, "02:00:00:00:00:02"), PK_TRI_YES);
    assert_null(pk_known_at(known, NET, PK_KNOWN_BSSID, 2));
    pk_known_close(known);
    (void)snprintf(path, sizeof(path), "%s/known.json", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void test_limits(void **state)
{
    struct pk_known *known;
    struct pk_error err;
    char text[200];

    (void)state;
    assert_int_equal(pk_known_open(NULL, &known, &err), PK_OK);
    for (int i = 0; i < PK_KNOWN_SUBJECTS_MAX + 50; i++) {
        (void)snprintf(text, sizeof(text), "host-%d", i);
        pk_known_note(known, text, PK_KNOWN_ROOT, "root");
        pk_known_settle(known, NULL, i + 1);
    }
    assert_int_equal(pk_known_has(known, "host-0", PK_KNOWN_ROOT, "root"), PK_TRI_UNKNOWN);
    assert_int_equal(pk_known_has(known, "host-249", PK_KNOWN_ROOT, "root"), PK_TRI_YES);
    for (int i = 0; i < PK_KNOWN_VALUES_MAX + 5; i++) {
        (void)snprintf(text, sizeof(text), "value-%d", i);
        pk_known_note(known, NET, PK_KNOWN_DNS, text);
        pk_known_settle(known, NET, 1000 + i);
    }
    assert_int_equal(pk_known_has(known, NET, PK_KNOWN_DNS, "value-0"), PK_TRI_NO);
    assert_int_equal(pk_known_has(known, NET, PK_KNOWN_DNS, "value-16"), PK_TRI_YES);
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    pk_known_note(known, NET, PK_KNOWN_WPAD, text); /* too long: left out */
    pk_known_settle(known, NET, 2000);
    assert_null(pk_known_at(known, NET, PK_KNOWN_WPAD, 0));
    pk_known_close(known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns_when_clean),
        cmocka_unit_test(test_visits_and_file),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
