/* What the kernel tells of an access point, from messages as it sends them. */
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>

#include "agent/nl80211.h"
#include "check.h"
#include "wire/ie80211.h"

static const uint8_t bssid[6] = { 2, 0xaa, 0, 0, 0, 1 };
static const uint8_t elements[] = { 0, 6, 'O', 'f', 'f', 'i', 'c', 'e', 48, 20, 1, 0, 0, 0xf, 0xac,
    4, 1, 0, 0, 0xf, 0xac, 4, 1, 0, 0, 0xf, 0xac, 2, 0x80, 0 };

static struct nlmsghdr *begin(char *buffer)
{
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    struct genlmsghdr *general = mnl_nlmsg_put_extra_header(message, sizeof(*general));

    general->cmd = NL80211_CMD_NEW_SCAN_RESULTS;
    mnl_attr_put_u32(message, NL80211_ATTR_IFINDEX, 3);
    return message;
}

static void test_point(void **state)
{
    char buffer[1024];
    struct nlmsghdr *message = begin(buffer);
    struct nlattr *bss = mnl_attr_nest_start(message, NL80211_ATTR_BSS);
    struct pk_wifi wifi;

    (void)state;
    mnl_attr_put(message, NL80211_BSS_BSSID, 6, bssid);
    mnl_attr_put_u32(message, NL80211_BSS_FREQUENCY, 5180);
    mnl_attr_put_u16(message, NL80211_BSS_CAPABILITY, 0x11);
    mnl_attr_put_u32(message, NL80211_BSS_SIGNAL_MBM, (uint32_t)-4800);
    mnl_attr_put_u32(message, NL80211_BSS_STATUS, NL80211_BSS_STATUS_ASSOCIATED);
    mnl_attr_put(message, NL80211_BSS_INFORMATION_ELEMENTS, sizeof(elements), elements);
    mnl_attr_nest_end(message, bss);
    assert_int_equal(pk_nl80211_parse(message, &wifi), PK_OK);
    assert_string_equal(wifi.bssid, "02:aa:00:00:00:01");
    assert_string_equal(wifi.ssid, "Office");
    assert_int_equal(wifi.security, PK_WIFI_WPA2);
    assert_int_equal(wifi.cipher, PK_CIPHER_CCMP);
    assert_int_equal(wifi.freq_mhz, 5180);
    assert_int_equal(wifi.signal_dbm, -48);
    assert_true(wifi.connected && wifi.mfp);
}

static void test_no_point(void **state)
{
    char buffer[1024];
    struct nlmsghdr *message = begin(buffer);
    struct pk_wifi wifi = { .freq_mhz = 99 };
    struct nlattr *bss;

    (void)state;
    assert_int_equal(pk_nl80211_parse(message, &wifi), PK_ENOENT);
    bss = mnl_attr_nest_start(message, NL80211_ATTR_BSS);
    mnl_attr_put(message, NL80211_BSS_BSSID, 5, bssid); /* of another size */
    mnl_attr_nest_end(message, bss);
    assert_int_equal(pk_nl80211_parse(message, &wifi), PK_ENOENT);
    message = mnl_nlmsg_put_header(buffer);
    assert_int_equal(pk_nl80211_parse(message, &wifi), PK_ENOENT);
    assert_int_equal(wifi.freq_mhz, 99);
}

/* A machine without Wi-Fi: nothing is told, nothing is waited for. */
static void test_no_wifi(void **state)
{
    struct pk_wifi rows[4];
    size_t count = 7;

    (void)state;
    assert_false(pk_nl80211_scan(1, rows, PK_COUNT(rows), &count) && count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_point),
        cmocka_unit_test(test_no_point),
        cmocka_unit_test(test_no_wifi),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
