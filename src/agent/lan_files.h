/* lan_files.h - what other programs of the system write down about the network: resolv.conf(5), the
 * DHCP client's lease (key=value), the Wi-Fi card's report (TSV with a header). Pure. */
#pragma once

#include <stdbool.h>

#include "agent/net.h"
#include "base/slice.h"

#define PK_RESOLV_MAX 3
#define PK_LAN_DOMAIN 128

struct pk_resolv {
    struct pk_address servers[PK_RESOLV_MAX]; /* port 53 */
    size_t count;
    char domain[PK_LAN_DOMAIN]; /* the first of "search", or "domain"; "" when it is not told */
};

/* Lines that are no "nameserver ADDRESS" are passed over, link-local addresses too, and the agent's own
 * resolver (resolv_conf.h): these are the network's. */
void pk_resolv_parse(struct pk_slice text, struct pk_resolv *out);

#define PK_LEASE_DNS_MAX 8

struct pk_lease {
    char server[PK_ADDRESS_TEXT]; /* "" when it is not told */
    char portal_api[256];         /* DHCP option 114 */
    struct pk_address address;    /* family 0: not told, as in all of these */
    struct pk_address router;
    struct pk_address dns[PK_LEASE_DNS_MAX]; /* port 53 */
    size_t dns_count;
    char wpad[256];             /* option 252 */
    char domain[PK_LAN_DOMAIN]; /* option 15 */
};

/* "key=value" lines: ip, router, dns, serverid, domain, wpad, opt114 as udhcpc's scripts write them, and what
 * systemd-networkd keeps in /run/systemd/netif/leases. Unknown keys are passed over. */
void pk_lease_parse(struct pk_slice text, struct pk_lease *out);

bool pk_lease_same(const struct pk_lease *a, const struct pk_lease *b);

/* The last lease in ISC dhclient's file (dhclient.leases(5)) for this interface; false: none. */
bool pk_lease_parse_dhclient(struct pk_slice text, const char *interface, struct pk_lease *out);

/* An access point as the Wi-Fi card reports it. */
struct pk_wifi {
    bool connected;
    bool mfp;                /* management frames are protected */
    char bssid[PK_MAC_TEXT]; /* lower case */
    char ssid[64];           /* well-formed UTF-8 */
    int security;            /* index into pk_security_names */
    int cipher;              /* index into pk_wifi_cipher_names */
    int freq_mhz;
    int signal_dbm;
};

#define PK_WIFI_ROWS_MAX 64 /* kept of a report */

/* All rows that have an address and a name, at most max; columns are found by their names. Returns how many. */
size_t pk_wifi_rows(struct pk_slice text, struct pk_wifi *rows, size_t max);
/* The row whose column "connected" is 1. */
void pk_wifi_parse(struct pk_slice text, struct pk_wifi *out);
/* Copies what people may read of a name; never cuts a character. */
void pk_wifi_name(const char *text, char out[64]);
