/* wifi80211.h - management frames of IEEE 802.11 (section 9.3.3) as a card in monitor mode hears them, with
 * the radio headers that captures put before them. Hostile input. Pure. */
#pragma once

#include "wire/ie80211.h"

enum pk_wifi_subtype { /* of management frames */
    PK_WIFI_ASSOC_REQUEST = 0,
    PK_WIFI_PROBE_REQUEST = 4,
    PK_WIFI_PROBE_ANSWER = 5,
    PK_WIFI_BEACON = 8,
    PK_WIFI_DISASSOC = 10,
    PK_WIFI_AUTH = 11,
    PK_WIFI_DEAUTH = 12,
};

struct pk_wifi_frame {
    int subtype;
    bool retry;     /* sent again: the first was not acknowledged */
    bool encrypted; /* a protected management frame; nothing behind the header is readable */
    uint8_t to[6], from[6], bssid[6];
    int reason;                   /* of deauthentication and disassociation */
    int freq_mhz;                 /* by the radio header; 0: not told */
    struct pk_wifi_traits traits; /* of beacons and probe answers */
};

/* link: PK_LINK_80211, PK_LINK_80211_PRISM or PK_LINK_80211_RADIOTAP. PK_ETRUNC; PK_EMALF: no management
 * frame. */
PK_MUST_USE int pk_wifi_frame_parse(int link, struct pk_slice bytes, struct pk_wifi_frame *out);
