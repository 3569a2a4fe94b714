/* What other programs write about the network, and the head of an HTTP answer. */
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/http_message.h"
#include "agent/lan_files.h"
#include "agent/lease_sources.h"
#include "check.h"

static void test_resolv(void **state)
{
    static const char text[] = "# comment\nnameserver 192.0.2.53 # first\nsearch lan\n"
                               "nameserver\t2001:db8::53\nnameserver fe80::1\nnameserver x\n"
                               "nameservers 192.0.2.9\nnameserver 192.0.2.54\n"
                               "nameserver 192.0.2.55\n";
    struct pk_resolv resolv;
    char out[PK_ADDRESS_TEXT];

    (void)state;
    pk_resolv_parse(pk_slice_str(text), &resolv);
    assert_int_equal(resolv.count, 3);
    assert_string_equal(pk_address_text(&resolv.servers[0], out), "192.0.2.53");
    assert_string_equal(pk_address_text(&resolv.servers[1], out), "2001:db8::53");
    assert_string_equal(pk_address_text(&resolv.servers[2], out), "192.0.2.54");
    assert_int_equal(resolv.servers[0].port, 53);
}

static void test_lease(void **state)
{
    struct pk_lease lease;

    (void)state;
    pk_lease_parse(pk_slice_str("ip=192.0.2.7\nserverid=192.0.2.1\nwpad=\n"
                                "opt114=https://portal.example/api\n"),
            &lease);
    assert_string_equal(lease.server, "192.0.2.1");
    assert_string_equal(lease.portal_api, "https://portal.example/api");
    pk_lease_parse(pk_slice_str("serverid=nonsense\nopt114\n"), &lease);
    assert_string_equal(lease.server, "");
    assert_string_equal(lease.portal_api, "");
}

static void test_lease_terms(void **state)
{
    struct pk_lease lease;
    struct pk_lease other;
    char text[PK_ADDRESS_TEXT];

    (void)state;
    pk_lease_parse(pk_slice_str("ip=192.0.2.7\nmask=24\nrouter=192.0.2.1 192.0.2.2\n"
                                "dns=192.0.2.53 nonsense 192.0.2.54\nserverid=192.0.2.1\n"
                                "wpad=http://192.0.2.1/wpad.dat\n"),
            &lease);
    assert_string_equal(pk_address_text(&lease.address, text), "192.0.2.7");
    assert_string_equal(pk_address_text(&lease.router, text), "192.0.2.1");
    assert_int_equal(lease.dns_count, 2);
    assert_string_equal(pk_address_text(&lease.dns[1], text), "192.0.2.54");
    assert_string_equal(lease.wpad, "http://192.0.2.1/wpad.dat");

    /* systemd-networkd, /run/systemd/netif/leases */
    pk_lease_parse(pk_slice_str("# This is private data. Do not parse.\nADDRESS=192.0.2.7\n"
                                "NETMASK=255.255.255.0\nROUTER=192.0.2.1\n"
                                "SERVER_ADDRESS=192.0.2.3\nDNS=192.0.2.53 192.0.2.54\n"),
            &other);
    assert_string_equal(other.server, "192.0.2.3");
    assert_int_equal(other.dns_count, 2);
    assert_false(pk_lease_same(&lease, &other));
    other = lease;
    assert_true(pk_lease_same(&lease, &other));
    other.dns[1].bytes[3]++;
    assert_false(pk_lease_same(&lease, &other));
}

static void test_lease_dhclient(void **state)
{
    static const char text[] =
            "lease {\n  interface \"eth0\";\n  fixed-address 192.0.2.6;\n"
            "  option routers 192.0.2.9;\n}\n"
            "lease {\n  interface \"eth0\";\n  fixed-address 192.0.2.7;\n"
            "  option subnet-mask 255.255.255.0;\n  option routers 192.0.2.1,192.0.2.2;\n"
            "  option domain-name-servers 192.0.2.53,192.0.2.54;\n"
            "  option dhcp-server-identifier 192.0.2.3;\n  renew 1 2026/11/23 12:00:00;\n}\n"
            "lease {\n  interface \"eth1\";\n  fixed-address 203.0.113.7;\n}\n"
            "lease {\n  interface \"eth0\";\n  fixed-address 192.0.2.8;\n";
    struct pk_lease lease = { .server = "kept" };
    char out[PK_ADDRESS_TEXT];

    (void)state;
    assert_false(pk_lease_parse_dhclient(pk_slice_str(text), "wlan0", &lease));
    assert_string_equal(lease.server, "kept");
    assert_true(pk_lease_parse_dhclient(pk_slice_str(text), "eth0", &lease));
    assert_string_equal(pk_address_text(&lease.address, out), "192.0.2.7");
    assert_string_equal(pk_address_text(&lease.router, out), "192.0.2.1");
    assert_string_equal(lease.server, "192.0.2.3");
    assert_int_equal(lease.dns_count, 2);
}

static void put_file(const char *root, const char *path, const char *text)
{
    char full[256];
    FILE *out;

    (void)snprintf(full, sizeof(full), "%s%s", root, path);
    for (char *at = strchr(full + strlen(root) + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
        *at = '\0';
        (void)mkdir(full, 0700);
        *at = '/';
    }
    out = fopen(full, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

/* What is asked first wins; a file without a lease is passed over. */
static void test_lease_sources(void **state)
{
    static const char *const paths[] = { "/var/lib/dhcp/dhclient.leases",
        "/var/lib/dhcp/dhclient.eth0.leases", "/var/lib/NetworkManager/internal-1-eth0.lease",
        "/run/systemd/netif/leases/7" };
    char root[] = "/tmp/picket-leases-XXXXXX";
    struct pk_lease lease;

    (void)state;
    assert_non_null(mkdtemp(root));
    assert_false(pk_lease_find(root, "eth0", 7, &lease));
    put_file(root, paths[3], "# being written\n");
    for (size_t i = 0; i < PK_COUNT(paths); i++) {
        char text[256];
        char server[PK_ADDRESS_TEXT];

        (void)snprintf(server, sizeof(server), "192.0.2.%zu", i + 1);
        (void)snprintf(text, sizeof(text),
                i < 2 ? "lease {\n interface \"eth0\";\n fixed-address 192.0.2.9;\n"
                        " option dhcp-server-identifier %s;\n}\n"
                      : "ADDRESS=192.0.2.9\nSERVER_ADDRESS=%s\n",
                server);
        put_file(root, paths[i], text);
        assert_true(pk_lease_find(root, "eth0", 7, &lease));
        assert_string_equal(lease.server, server);
    }
    assert_false(pk_lease_find(root, "eth1", 8, &lease));
    assert_int_equal(nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void test_wifi(void **state)
{
    struct pk_wifi wifi;

    (void)state;
    pk_wifi_parse(pk_slice_str("connected\tbssid\tssid\tfreq\tsignal\tsecurity\n"
                               "0\t02:AA:00:00:00:02\tOther\t2412\t-61\tOPEN\n"
                               "1\t02:AA:00:00:00:01\tHome\t5180\t-48\tWPA2-PSK\n"),
            &wifi);
    assert_true(wifi.connected);
    assert_string_equal(wifi.ssid, "Home");
    assert_string_equal(wifi.bssid, "02:aa:00:00:00:01");
    assert_int_equal(wifi.security, 5); /* wpa2 */
    pk_wifi_parse(pk_slice_str("security\tconnected\tssid\nOPEN\t1\tCafe\n"), &wifi);
    assert_string_equal(wifi.ssid, "Cafe");
    assert_string_equal(wifi.bssid, "");
    assert_int_equal(wifi.security, 1);
    pk_wifi_parse(pk_slice_str("connected\tssid\n0\tCafe\n"), &wifi);
    assert_false(wifi.connected);
    pk_wifi_parse(pk_slice_str(""), &wifi);
    assert_false(wifi.connected);
}

static void test_address(void **state)
{
    static const char *const bad[] = { "", ":53", "192.0.2", "192.0.2.1:", "192.0.2.1:0",
        "192.0.2.1:65536", "[::1", "[::1]x", "host", "::1:zz" };
    struct pk_address address = { .port = 7 };

    (void)state;
    assert_int_equal(pk_address_parse("[2001:db8::1]:5353", 53, &address), PK_OK);
    assert_int_equal(address.port, 5353);
    assert_int_equal(pk_address_parse("2001:db8::1", 53, &address), PK_OK);
    assert_int_equal(address.port, 53);
    address.port = 7;
    for (size_t i = 0; i < PK_COUNT(bad); i++) {
        assert_int_equal(pk_address_parse(bad[i], 53, &address), PK_EMALF);
        assert_int_equal(address.port, 7);
    }
}

static void test_url(void **state)
{
    static const char *const bad[] = { "", "ftp://a/", "http://", "http:///x", "http://u@h/",
        "http://h:0/", "http://h/a b", "http://h\r\nX: y/", "//h/" };
    struct pk_http_url url = { .port = 1 };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(bad); i++) {
        assert_int_equal(pk_http_url_parse(bad[i], &url), PK_EMALF);
        assert_int_equal(url.port, 1);
    }
    assert_int_equal(pk_http_url_parse("HTTPS://Portal.example:8443?q=1#top", &url), PK_OK);
    assert_true(url.tls);
    assert_string_equal(url.host, "Portal.example");
    assert_int_equal(url.port, 8443);
    assert_string_equal(url.path, "/?q=1");
}

static void test_head(void **state)
{
    static const char text[] =
            "HTTP/1.1 302 Found\r\nlocation:  http://portal.example/login\r\n"
            "Content-Type: Text/HTML; charset=x\r\nContent-Length: 5\r\n\r\nhello";
    struct pk_http_head head = { .status = 7 };

    (void)state;
    for (size_t len = 0; len + 5 < sizeof(text) - 1; len++) {
        assert_int_equal(pk_http_head_parse(pk_slice_of(text, len), &head), PK_ETRUNC);
        assert_int_equal(head.status, 7);
    }
    assert_int_equal(pk_http_head_parse(pk_slice_str(text), &head), PK_OK);
    assert_int_equal(head.status, 302);
    assert_true(head.has_location);
    assert_string_equal(head.location_host, "portal.example");
    assert_string_equal(head.content_type, "text/html");
    assert_int_equal(head.content_length, 5);
    assert_string_equal(text + head.body, "hello");
    assert_int_equal(pk_http_head_parse(pk_slice_str("SSH-2.0-x\r\n\r\n"), &head), PK_EMALF);
    assert_int_equal(pk_http_head_parse(pk_slice_str("HTTP/1.1 2x4 No\r\n\r\n"), &head), PK_EMALF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolv),
        cmocka_unit_test(test_lease),
        cmocka_unit_test(test_lease_terms),
        cmocka_unit_test(test_lease_dhclient),
        cmocka_unit_test(test_lease_sources),
        cmocka_unit_test(test_wifi),
        cmocka_unit_test(test_address),
        cmocka_unit_test(test_url),
        cmocka_unit_test(test_head),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
