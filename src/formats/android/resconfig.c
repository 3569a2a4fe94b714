#include "formats/android/resconfig.h"

#include "base/reader.h"

#define DENSITY_MEDIUM 160
#define DENSITY_ANY    0xfffe

#define LAYOUT_DIR   0xc0
#define SCREEN_SIZE  0x0f
#define SCREEN_LONG  0x30
#define SIZE_NORMAL  0x02
#define SCREEN_ROUND 0x03
#define COLOR_GAMUT  0x03
#define COLOR_HDR    0x0c
#define UI_TYPE      0x0f
#define UI_NIGHT     0x30
#define KEYS_HIDDEN  0x03
#define KEYS_NO      0x01
#define KEYS_SOFT    0x03
#define NAV_HIDDEN   0x0c

static void read_chars(struct pk_reader *r, char *out, size_t n)
{
    struct pk_slice s = pk_read_slice(r, n);

    memset(out, 0, n);
    if (s.len == n) {
        memcpy(out, s.ptr, n);
    }
}

struct pk_resconfig pk_resconfig_read(struct pk_slice bytes)
{
    struct pk_reader r = pk_reader_of(bytes);
    struct pk_resconfig c = { 0 };
    size_t size = pk_read_le32(&r);

    if (size < bytes.len) {
        r.in.len = size < r.pos ? r.pos : size;
    }
    c.mcc = pk_read_le16(&r);
    c.mnc = pk_read_le16(&r);
    read_chars(&r, c.language, sizeof(c.language));
    read_chars(&r, c.country, sizeof(c.country));
    c.orientation = pk_read_u8(&r);
    c.touchscreen = pk_read_u8(&r);
    c.density = pk_read_le16(&r);
    c.keyboard = pk_read_u8(&r);
    c.navigation = pk_read_u8(&r);
    c.input_flags = pk_read_u8(&r);
    pk_read_skip(&r, 1);
    c.screen_width = pk_read_le16(&r);
    c.screen_height = pk_read_le16(&r);
    c.sdk = pk_read_le16(&r);
    c.minor = pk_read_le16(&r);
    c.screen_layout = pk_read_u8(&r);
    c.ui_mode = pk_read_u8(&r);
    c.smallest_width_dp = pk_read_le16(&r);
    c.width_dp = pk_read_le16(&r);
    c.height_dp = pk_read_le16(&r);
    read_chars(&r, c.script, sizeof(c.script));
    read_chars(&r, c.variant, sizeof(c.variant));
    c.screen_layout2 = pk_read_u8(&r);
    c.color_mode = pk_read_u8(&r);
    return c;
}

struct pk_resconfig pk_resconfig_aapt(const char *language, const char *country)
{
    struct pk_resconfig c = {
        .orientation = 1, /* portrait */
        .density = DENSITY_MEDIUM,
        .sdk = 10000,
        .screen_layout = SIZE_NORMAL,
        .smallest_width_dp = 320,
        .width_dp = 320,
        .height_dp = 480,
    };

    if (strlen(language) == sizeof(c.language)) {
        memcpy(c.language, language, sizeof(c.language));
    }
    if (strlen(country) == sizeof(c.country)) {
        memcpy(c.country, country, sizeof(c.country));
    }
    return c;
}

/* --- locale */

static bool same(const char a[2], const char b[2])
{
    return a[0] == b[0] && a[1] == b[1];
}

static bool is(const char a[2], const char *text)
{
    return a[0] == text[0] && a[1] == text[1];
}

static bool locale_matches(const struct pk_resconfig *c, const struct pk_resconfig *want)
{
    if (!pk_resconfig_has_locale(c)) {
        return true;
    }
    if (!same(c->language, want->language)) {
        return false;
    }
    /* English is written in Latin letters unless said otherwise; of other languages the platform
     * knows the usual script, we compare what is said. */
    if (is(want->language, "en") && c->script[0] != 0) {
        return memcmp(c->script, "Latn", sizeof(c->script)) == 0;
    }
    return want->script[0] == 0 || c->script[0] == 0 ||
            memcmp(c->script, want->script, sizeof(c->script)) == 0;
}

/* How near a country is to the wanted one: the same, none, the world's English and what it was first
 * written for, any other. */
static int distance(const char country[2], const struct pk_resconfig *want)
{
    static const char world[2] = { (char)0x84, 0x00 }; /* "001", packed */

    return same(country, want->country) ? 0
            : country[0] == 0           ? 1
            : same(country, world)      ? 2
            : is(country, "GB")         ? 3
                                        : 4;
}

static bool locale_better(
        const struct pk_resconfig *a, const struct pk_resconfig *b, const struct pk_resconfig *want)
{
    if (!pk_resconfig_has_locale(want) ||
            (!pk_resconfig_has_locale(a) && !pk_resconfig_has_locale(b))) {
        return false;
    }
    if (!same(a->language, b->language)) {
        /* Resources without a locale are where American English stands in most apps. */
        if (is(want->language, "en") && is(want->country, "US")) {
            if (a->language[0] != 0) {
                return a->country[0] == 0 || is(a->country, "US");
            }
            return !(b->country[0] == 0 || is(b->country, "US"));
        }
        return a->language[0] != 0;
    }
    if (!same(a->country, b->country)) {
        int da = distance(a->country, want);
        int db = distance(b->country, want);

        return da != db ? da < db : memcmp(a->country, b->country, sizeof(a->country)) < 0;
    }
    return a->variant[0] == 0 && b->variant[0] != 0;
}

int pk_resconfig_compare_locales(const struct pk_resconfig *a, const struct pk_resconfig *b)
{
    int order = memcmp(a->language, b->language, sizeof(a->language));

    return order != 0 ? order : memcmp(a->country, b->country, sizeof(a->country));
}

/* --- the rest */

static bool differs(unsigned have, unsigned want, unsigned mask)
{
    return (have & mask) != 0 && (have & mask) != (want & mask);
}

static bool too_large(unsigned have, unsigned want)
{
    return have != 0 && have > want;
}

static bool screen_matches(const struct pk_resconfig *c, const struct pk_resconfig *want)
{
    return !differs(c->screen_layout, want->screen_layout, LAYOUT_DIR) &&
            (c->screen_layout & SCREEN_SIZE) <= (want->screen_layout & SCREEN_SIZE) &&
            !differs(c->screen_layout, want->screen_layout, SCREEN_LONG) &&
            !differs(c->ui_mode, want->ui_mode, UI_TYPE) &&
            !differs(c->ui_mode, want->ui_mode, UI_NIGHT) &&
            !too_large(c->smallest_width_dp, want->smallest_width_dp) &&
            !differs(c->screen_layout2, want->screen_layout2, SCREEN_ROUND) &&
            !differs(c->color_mode, want->color_mode, COLOR_HDR) &&
            !differs(c->color_mode, want->color_mode, COLOR_GAMUT) &&
            !too_large(c->width_dp, want->width_dp) && !too_large(c->height_dp, want->height_dp) &&
            !too_large(c->screen_width, want->screen_width) &&
            !too_large(c->screen_height, want->screen_height);
}

static bool input_matches(const struct pk_resconfig *c, const struct pk_resconfig *want)
{
    if (differs(c->input_flags, want->input_flags, KEYS_HIDDEN) &&
            ((c->input_flags & KEYS_HIDDEN) != KEYS_NO ||
                    (want->input_flags & KEYS_HIDDEN) != KEYS_SOFT)) {
        return false;
    }
    return !differs(c->input_flags, want->input_flags, NAV_HIDDEN) &&
            !differs(c->keyboard, want->keyboard, 0xff) &&
            !differs(c->navigation, want->navigation, 0xff);
}

bool pk_resconfig_matches(const struct pk_resconfig *c, const struct pk_resconfig *want)
{
    return !differs(c->mcc, want->mcc, 0xffff) && !differs(c->mnc, want->mnc, 0xffff) &&
            locale_matches(c, want) && screen_matches(c, want) &&
            !differs(c->orientation, want->orientation, 0xff) &&
            !differs(c->touchscreen, want->touchscreen, 0xff) && input_matches(c, want) &&
            !too_large(c->sdk, want->sdk) && !differs(c->minor, want->minor, 0xffff);
}

static int density_of(uint16_t density)
{
    return density != 0 ? density : DENSITY_MEDIUM;
}

/* Scaling down is twice as good as scaling up; what fits any density is best. */
static bool density_better(int a, int b, int want)
{
    bool bigger = a >= b;
    int high = bigger ? a : b;
    int low = bigger ? b : a;

    if (a == DENSITY_ANY || b == DENSITY_ANY) {
        return a == DENSITY_ANY;
    }
    if (want >= high) {
        return bigger;
    }
    if (low >= want) {
        return !bigger;
    }
    return (2 * low - want) * high > want * want ? !bigger : bigger;
}

static int size_delta(const struct pk_resconfig *c, const struct pk_resconfig *want)
{
    return (want->width_dp != 0 ? want->width_dp - c->width_dp : 0) +
            (want->height_dp != 0 ? want->height_dp - c->height_dp : 0);
}

static bool size_better(uint8_t a, uint8_t b, uint8_t want)
{
    int fixed_a = a == 0 && want >= SIZE_NORMAL ? SIZE_NORMAL : a;
    int fixed_b = b == 0 && want >= SIZE_NORMAL ? SIZE_NORMAL : b;

    return fixed_a == fixed_b ? a != 0 : fixed_a > fixed_b;
}

/* Only what a request of pk_resconfig_aapt() says something about is compared: the platform skips
 * the rest, too. A worse locale does not end the comparison there, so it does not here. */
bool pk_resconfig_better(
        const struct pk_resconfig *a, const struct pk_resconfig *b, const struct pk_resconfig *want)
{
    uint8_t size_a = a->screen_layout & SCREEN_SIZE;
    uint8_t size_b = b->screen_layout & SCREEN_SIZE;

    if (locale_better(a, b, want)) {
        return true;
    }
    if (a->smallest_width_dp != b->smallest_width_dp) {
        return a->smallest_width_dp > b->smallest_width_dp;
    }
    if (size_delta(a, want) != size_delta(b, want)) {
        return size_delta(a, want) < size_delta(b, want);
    }
    if (size_a != size_b && (want->screen_layout & SCREEN_SIZE) != 0) {
        return size_better(size_a, size_b, want->screen_layout & SCREEN_SIZE);
    }
    if (a->orientation != b->orientation && want->orientation != 0) {
        return a->orientation != 0;
    }
    if (a->density != b->density) {
        return density_better(
                density_of(a->density), density_of(b->density), density_of(want->density));
    }
    if (a->sdk != b->sdk && want->sdk != 0) {
        return a->sdk > b->sdk;
    }
    return false;
}
