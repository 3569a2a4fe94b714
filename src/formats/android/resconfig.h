/* resconfig.h - ResTable_config: for which devices a resource is meant, and which of several the
 * platform takes. Source: AOSP libs/androidfw (ResTable_config::match, isBetterThan). */
#pragma once

#include <stdint.h>
#include <stdbool.h>

#include "base/slice.h"

struct pk_resconfig {
    uint16_t mcc, mnc;
    char language[2]; /* two letters, or three packed; 0: any */
    char country[2];
    char script[4];
    char variant[8];
    uint8_t orientation, touchscreen;
    uint16_t density;
    uint8_t keyboard, navigation, input_flags;
    uint16_t screen_width, screen_height;
    uint16_t sdk, minor;
    uint8_t screen_layout, ui_mode;
    uint16_t smallest_width_dp;
    uint16_t width_dp, height_dp;
    uint8_t screen_layout2, color_mode;
};

/* bytes begin with the config's own size; what is behind that or missing counts as 0. */
struct pk_resconfig pk_resconfig_read(struct pk_slice bytes);

/* The device that aapt dump badging asks for: a medium density phone of the newest level. language
 * and country "": no locale, so that only resources without one match. */
struct pk_resconfig pk_resconfig_aapt(const char *language, const char *country);

/* True when a resource of this config may be used on the wanted device. */
bool pk_resconfig_matches(const struct pk_resconfig *c, const struct pk_resconfig *want);
/* True when a is to be taken instead of b, which was found first; both match. */
bool pk_resconfig_better(const struct pk_resconfig *a, const struct pk_resconfig *b,
        const struct pk_resconfig *want);

static inline bool pk_resconfig_has_locale(const struct pk_resconfig *c)
{
    return c->language[0] != 0 || c->country[0] != 0;
}
/* Order of the BCP 47 tags, nearly: by language, then by country. */
int pk_resconfig_compare_locales(const struct pk_resconfig *a, const struct pk_resconfig *b);
