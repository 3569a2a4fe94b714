/* The numbers that the crowd knows things by: the same on device and server, and nothing for nonsense. */
#include "base/error.h"
#include "check.h"
#include "crowd/key.h"

static void test_networks(void **state)
{
    char text[PK_CROWD_TEXT];
    static const char *const bad[] = { NULL, "", "net-", "net-0123456789abcde",
        "net-0123456789abcdef0", "net-0123456789abcdeg", "NET-0123456789abcdef",
        "0123456789abcdef" };

    (void)state;
    assert_true(pk_crowd_network_of("net-0123456789abcdef") == 0x0123456789abcdefULL);
    assert_string_equal(pk_crowd_network_text(0x0123456789abcdefULL, text), "net-0123456789abcdef");
    for (size_t i = 0; i < PK_COUNT(bad); i++) {
        assert_true(pk_crowd_network_of(bad[i]) == 0);
    }
}

static void test_hardware(void **state)
{
    char text[PK_CROWD_TEXT];
    static const char *const bad[] = { NULL, "", "02:00:5e:00:53:0", "02:00:5e:00:53:011",
        "02-00-5e-00-53-01", "02:00:5e:00:53:0g", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00",
        "02:00:5e:00:5301:" };

    (void)state;
    assert_true(pk_crowd_hardware_of("02:00:5e:00:53:01") == 0x02005e005301ULL);
    assert_true(pk_crowd_hardware_of("02:00:5E:00:53:01") == 0x02005e005301ULL);
    assert_string_equal(pk_crowd_hardware_text(0x02005e005301ULL, text), "02:00:5e:00:53:01");
    for (size_t i = 0; i < PK_COUNT(bad); i++) {
        assert_true(pk_crowd_hardware_of(bad[i]) == 0);
    }
}

static void test_places(void **state)
{
    char text[PK_CROWD_TEXT];

    (void)state;
    assert_string_equal(pk_crowd_place_text(pk_crowd_place_of("u33db"), text), "u33db");
    assert_string_equal(pk_crowd_place_text(pk_crowd_place_of("00000"), text), "00000");
    assert_string_equal(pk_crowd_place_text(pk_crowd_place_of("zzzzz"), text), "zzzzz");
    assert_string_equal(pk_crowd_place_text(pk_crowd_city_of("u33db"), text), "u33d");
    assert_string_equal(pk_crowd_place_text(0, text), "");
    assert_string_equal(pk_crowd_place_text(7, text), "");
    assert_string_equal(pk_crowd_place_text(UINT32_MAX, text), "");
    assert_true(pk_crowd_place_of("u33db") >> 5 == pk_crowd_city_of("u33dc"));
    assert_true(pk_crowd_place_of("u33db") != 0);
    assert_true(pk_crowd_place_of("u33db") == pk_crowd_place_of("u33dbxyz"));
    assert_true(pk_crowd_place_of("u33db") != pk_crowd_place_of("u33dc"));
    assert_true(pk_crowd_city_of("u33db") == pk_crowd_city_of("u33dc"));
    assert_true(pk_crowd_city_of("u33db") != pk_crowd_city_of("u33ed"));
    assert_true(pk_crowd_place_of("u33d") == 0);
    assert_true(pk_crowd_city_of("u33d") == pk_crowd_city_of("u33db"));
    assert_true(pk_crowd_place_of("u33da") == 0); /* geohashes have no a */
    assert_true(pk_crowd_place_of(NULL) == 0);
}

/* These stand in filters and checkpoints: they may never change. */
static void test_for_ever(void **state)
{
    (void)state;
    assert_true(pk_crowd_hash("picket") == 0x5b5c9d23f0b00f34ULL);
    assert_true(pk_crowd_hash("") == 0 && pk_crowd_hash(NULL) == 0);
    assert_int_equal(pk_crowd_tenant_of("picket"), 0x5b5c9d23);
    assert_int_equal(pk_crowd_tenant_of(""), 0);
    assert_int_equal(pk_crowd_plmn_of("26201"), 26201);
    assert_int_equal(pk_crowd_plmn_of("310260"), 310260);
    assert_int_equal(pk_crowd_plmn_of("2620"), 0);
    assert_int_equal(pk_crowd_plmn_of("26 01"), 0);
    assert_int_equal(pk_crowd_plmn_of(NULL), 0);
}

static void test_keys(void **state)
{
    static const char sha[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    struct pk_crowd_key key = pk_crowd_key_of_point("net-0123456789abcdef", "02:00:5e:00:53:01");

    (void)state;
    assert_int_equal(key.kind, PK_CROWD_POINT);
    assert_true(key.a == 0x0123456789abcdefULL && key.b == 0x02005e005301ULL);
    key = pk_crowd_key_of_point("net-0123456789abcdef", NULL);
    assert_true(key.a == 0x0123456789abcdefULL && key.b == 0);
    key = pk_crowd_key_of_site("net-0123456789abcdef", "u33db");
    assert_int_equal(key.kind, PK_CROWD_SITE);
    assert_true(key.b == pk_crowd_place_of("u33db"));
    key = pk_crowd_key_of_mast(26201, 0xfffffffffULL, 7);
    assert_int_equal(key.kind, PK_CROWD_MAST);
    assert_true(key.a == ((uint64_t)26201 << 36 | 0xfffffffffULL) && key.b == 7);
    assert_true(key.a != pk_crowd_key_of_mast(26202, 0xfffffffffULL, 7).a);
    key = pk_crowd_key_of_app(sha);
    assert_int_equal(key.kind, PK_CROWD_APP);
    assert_true(key.a == 0x0123456789abcdefULL && key.b == 0);
    key = pk_crowd_key_of_signer(sha);
    assert_int_equal(key.kind, PK_CROWD_SIGNER);
    assert_true(key.a == 0x0123456789abcdefULL);
    assert_true(pk_crowd_digest_of("0123") == 0 && pk_crowd_digest_of(NULL) == 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_hardware),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_for_ever),
        cmocka_unit_test(test_keys),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
