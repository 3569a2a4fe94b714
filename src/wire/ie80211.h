/* ie80211.h - what an access point says of itself: information elements of IEEE 802.11 (section 9.4.2), as
 * they stand in beacons and in a Wi-Fi card's scan results. Hostile input. Pure. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/slice.h"

/* The strongest that is offered; index into pk_security_names (model/). */
enum pk_wifi_security {
    PK_WIFI_UNKNOWN,
    PK_WIFI_OPEN,
    PK_WIFI_OWE,
    PK_WIFI_WEP,
    PK_WIFI_WPA,
    PK_WIFI_WPA2,
    PK_WIFI_WPA3,
    PK_WIFI_EAP,
};

/* The best that is offered for traffic to one station; index into pk_wifi_cipher_names. */
enum pk_wifi_cipher {
    PK_CIPHER_UNKNOWN,
    PK_CIPHER_NONE,
    PK_CIPHER_WEP,
    PK_CIPHER_TKIP,
    PK_CIPHER_CCMP,
    PK_CIPHER_GCMP,
};

#define PK_SSID_MAX  32
#define PK_SSID_TEXT 129 /* each byte may become "\xff" */
#define PK_IE_MAX    256 /* elements read of one frame; more are passed over */

struct pk_wifi_traits {
    uint8_t ssid[PK_SSID_MAX];
    size_t ssid_len;         /* 0: hidden, or the wildcard of a request */
    int security;            /* enum pk_wifi_security */
    int cipher;              /* enum pk_wifi_cipher */
    bool mfp_able, mfp_must; /* management frames are protected (802.11w) */
    int channel;             /* 0: not told */
};

/* privacy: the capability bit "Privacy". What is cut or contradicts itself ends the reading there: real
 * captures end in checksums and padding. */
void pk_ie_parse(struct pk_slice elements, bool privacy, struct pk_wifi_traits *out);

/* As people read it: well-formed UTF-8 without control characters as it is, other bytes as "\xff".
 * Returns out. */
char *pk_ssid_text(const uint8_t *ssid, size_t len, char out[PK_SSID_TEXT]);
