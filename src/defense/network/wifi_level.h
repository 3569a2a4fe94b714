/* wifi_level.h - how well a Wi-Fi is protected, in steps that matter. */
#pragma once

#include "wire/ie80211.h"

/* 0: nothing is known. WPA2 and WPA3 are one step: access points offer both at once, and each device
 * reports the one that it took. So are open and OWE, for the same reason. */
static inline int pk_wifi_level(int security)
{
    static const int levels[] = { 0, 1, 1, 2, 3, 4, 4, 5 };

    return security >= 0 && security <= PK_WIFI_EAP ? levels[security] : 0;
}

#define PK_WIFI_LEVEL_STRONG 4
/* Up to here anybody can set up a copy: no password is proved. An old repeater with the first WPA knows it. */
#define PK_WIFI_LEVEL_ANYBODY 2
