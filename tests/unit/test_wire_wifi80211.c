/* What an access point says of itself, and management frames behind the headers of captures. */
#include "check.h"
#include "wire/frame.h"
#include "wire/wifi80211.h"

static struct pk_wifi_traits traits_of(const uint8_t *bytes, size_t len, bool privacy)
{
    struct pk_wifi_traits out;
    uint8_t *heap = pk_test_dup(bytes, len);

    pk_ie_parse(pk_slice_of(heap, len), privacy, &out);
    free(heap);
    return out;
}

#define RSN(cipher, akm) \
    0x30, 20, 1, 0, 0, 0xf, 0xac, 4, 1, 0, 0, 0xf, 0xac, cipher, 1, 0, 0, 0xf, 0xac, akm, 0x80, 0
#define WPA                                                                                    \
    0xdd, 22, 0, 0x50, 0xf2, 1, 1, 0, 0, 0x50, 0xf2, 2, 1, 0, 0, 0x50, 0xf2, 2, 1, 0, 0, 0x50, \
            0xf2, 2

static void test_security(void **state)
{
    static const struct {
        uint8_t bytes[64];
        size_t len;
        bool privacy;
        int security, cipher;
    } rows[] = {
        { { 0 }, 0, false, PK_WIFI_OPEN, PK_CIPHER_NONE },
        { { 0 }, 0, true, PK_WIFI_WEP, PK_CIPHER_WEP },
        { { WPA }, 24, true, PK_WIFI_WPA, PK_CIPHER_TKIP },
        { { RSN(4, 2) }, 22, true, PK_WIFI_WPA2, PK_CIPHER_CCMP },
        { { RSN(4, 8) }, 22, true, PK_WIFI_WPA3, PK_CIPHER_CCMP },
        { { RSN(9, 12) }, 22, true, PK_WIFI_EAP, PK_CIPHER_GCMP },
        { { RSN(4, 18) }, 22, true, PK_WIFI_OWE, PK_CIPHER_CCMP },
        { { RSN(2, 2) }, 22, true, PK_WIFI_WPA, PK_CIPHER_TKIP },
        { { RSN(4, 2), WPA }, 46, true, PK_WIFI_WPA2, PK_CIPHER_CCMP },  /* mixed */
        { { 0x30, 2, 1, 0 }, 4, true, PK_WIFI_WPA2, PK_CIPHER_UNKNOWN }, /* may end early */
        { { 0x30, 200, 1, 0 }, 4, true, PK_WIFI_WEP, PK_CIPHER_WEP },    /* beyond the end */
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_wifi_traits t = traits_of(rows[i].bytes, rows[i].len, rows[i].privacy);

        assert_int_equal(t.security, rows[i].security);
        assert_int_equal(t.cipher, rows[i].cipher);
    }
}

static void test_names(void **state)
{
    static const uint8_t hidden[] = { 0, 4, 0, 0, 0, 0 };
    static const uint8_t named[] = { 0, 5, 'B', 0xc3, 0xbc, 'r', 'o', 3, 1, 6 };
    char text[PK_SSID_TEXT];
    struct pk_wifi_traits t = traits_of(hidden, sizeof(hidden), false);

    (void)state;
    assert_int_equal(t.ssid_len, 0);
    t = traits_of(named, sizeof(named), false);
    assert_int_equal(t.channel, 6);
    assert_string_equal(pk_ssid_text(t.ssid, t.ssid_len, text), "B\xc3\xbcro");
    assert_string_equal(pk_ssid_text((const uint8_t *)"a\x01\xff", 3, text), "a\\x01\\xff");
    memset(t.ssid, 0xff, sizeof(t.ssid)); /* the longest text */
    assert_int_equal(strlen(pk_ssid_text(t.ssid, sizeof(t.ssid), text)), 128);
}

static const uint8_t deauth[26] = { 0xc0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0,
    0, 1, 2, 0, 0, 0, 0, 1, 0x10, 0, 7, 0 };

static int parse(
        int link, const uint8_t *head, size_t head_len, size_t cut, struct pk_wifi_frame *f)
{
    uint8_t bytes[256] = { 0 };
    size_t len = head_len + sizeof(deauth);
    uint8_t *heap;
    int rc;

    if (head_len > 0) {
        memcpy(bytes, head, head_len);
    }
    memcpy(bytes + head_len, deauth, sizeof(deauth));
    len = cut < len ? cut : len;
    heap = pk_test_dup(bytes, len);
    rc = pk_wifi_frame_parse(link, pk_slice_of(heap, len), f);
    free(heap);
    return rc;
}

static void test_frames(void **state)
{
    static const uint8_t tap[] = { 0, 0, 14, 0, 0x0c, 0, 0, 0, 2, 0, 0x85, 0x09, 0xa0, 0 };
    static const uint8_t long_tap[] = { 0, 0, 200, 0, 0, 0, 0, 0 };
    static const uint8_t endless_tap[] = { 0, 0, 12, 0, 0, 0, 0, 0x80, 0, 0, 0, 0x80 };
    struct pk_wifi_frame f = { .subtype = 99 };

    (void)state;
    assert_int_equal(parse(PK_LINK_80211, NULL, 0, 999, &f), PK_OK);
    assert_int_equal(f.subtype, PK_WIFI_DEAUTH);
    assert_int_equal(f.reason, 7);
    assert_int_equal(f.bssid[5], 1);
    assert_int_equal(parse(PK_LINK_80211_RADIOTAP, tap, sizeof(tap), 999, &f), PK_OK);
    assert_int_equal(f.freq_mhz, 2437);
    f.subtype = 99;
    assert_int_equal(parse(PK_LINK_80211_RADIOTAP, long_tap, sizeof(long_tap), 999, &f), PK_EMALF);
    assert_int_equal(
            parse(PK_LINK_80211_RADIOTAP, endless_tap, sizeof(endless_tap), 999, &f), PK_EMALF);
    for (size_t cut = 0; cut < sizeof(deauth); cut++) {
        assert_int_equal(parse(PK_LINK_80211, NULL, 0, cut, &f), PK_ETRUNC);
    }
    assert_int_equal(parse(PK_LINK_ETHERNET, NULL, 0, 999, &f), PK_EMALF);
    assert_int_equal(f.subtype, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_security),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_frames),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
