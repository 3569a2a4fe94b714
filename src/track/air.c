/* What a card in monitor mode hears of Wi-Fi: waves of orders to disconnect, and access points that carry
 * the name of another without its protection. Only names that were heard from a protected one are looked
 * at; nothing of other stations is told but how many were thrown off. */
#include <stdlib.h>
#include <string.h>

#include "track/trackers.h"
#include "wire/wifi80211.h"

#define WINDOW_S    10
#define KEPT        512 /* orders in the window; more need not be told apart */
#define TARGETS_MAX 64
#define POINTS_MAX  256 /* access points; the one heard longest ago gives way */
#define LIVING_US   (30 * 1000000LL)
#define AGAIN_US    (WINDOW_S * 1000000LL)
#define MANY        20 /* worth telling; the judge decides */

struct order {
    int64_t at_us;
    uint8_t bssid[6];
    uint8_t target[6];
};

struct point {
    int64_t first_us, last_us;
    uint8_t bssid[6];
    struct pk_wifi_traits traits;
    int freq_mhz;
    bool told;
};

struct air {
    const struct pk_track_sink *sink;
    struct order orders[KEPT]; /* a ring */
    size_t next;
    int64_t told_us; /* 0: no wave is told */
    size_t count;
    struct point points[POINTS_MAX];
};

static void *air_create(const struct pk_track_sink *sink)
{
    struct air *air = calloc(1, sizeof(*air));

    if (air != NULL) {
        air->sink = sink;
    }
    return air;
}

static void air_destroy(void *state)
{
    free(state);
}

/* --- orders to disconnect ----------------------------------------------------------------- */

static bool same(const uint8_t a[6], const uint8_t b[6])
{
    return memcmp(a, b, 6) == 0;
}

/* How many orders there were in the window in this access point's name, and to how many stations. */
static void count_orders(
        const struct air *air, const uint8_t bssid[6], int64_t now_us, struct pk_obs_wifi *out)
{
    const uint8_t *targets[TARGETS_MAX];
    size_t target_count = 0;

    for (size_t i = 0; i < KEPT; i++) {
        const struct order *o = &air->orders[i];
        size_t k = 0;

        if (o->at_us == 0 || now_us - o->at_us > WINDOW_S * 1000000LL || !same(o->bssid, bssid)) {
            continue;
        }
        out->deauths++;
        while (k < target_count && !same(targets[k], o->target)) {
            k++;
        }
        if (k == target_count && target_count < TARGETS_MAX) {
            targets[target_count++] = o->target;
        }
    }
    out->deauth_targets = (int64_t)target_count;
}

static void tell(struct air *air, struct pk_obs_wifi *body, int64_t now_us)
{
    body->window_s = WINDOW_S;
    air->sink->tell(air->sink->ctx,
            &(struct pk_observation){ .kind = PK_OBS_WIFI, .at_ms = now_us / 1000, .wifi = body });
}

static void on_order(struct air *air, const struct pk_wifi_frame *f, int64_t now_us)
{
    struct pk_obs_wifi body = { .window_s = WINDOW_S };
    char bssid[PK_MAC_TEXT];
    struct order *o = &air->orders[air->next];

    if (f->retry || f->encrypted) { /* repeated by the card, or genuine (802.11w) */
        return;
    }
    air->next = (air->next + 1) % KEPT;
    *o = (struct order){ .at_us = now_us != 0 ? now_us : 1 };
    memcpy(o->bssid, f->bssid, 6);
    memcpy(o->target, f->to, 6);
    count_orders(air, f->bssid, now_us, &body);
    if (body.deauths < MANY || (air->told_us != 0 && now_us - air->told_us < AGAIN_US)) {
        return;
    }
    air->told_us = now_us != 0 ? now_us : 1;
    body.deauth_bssid = pk_mac_text(f->bssid, bssid);
    tell(air, &body, now_us);
}

static void air_tick(void *state, int64_t now_us)
{
    struct air *air = state;

    if (air->told_us == 0) {
        return;
    }
    for (size_t i = 0; i < KEPT; i++) {
        if (air->orders[i].at_us != 0 && now_us - air->orders[i].at_us <= WINDOW_S * 1000000LL) {
            return;
        }
    }
    air->told_us = 0;
    tell(air, &(struct pk_obs_wifi){ .deauths = 0 }, now_us); /* it is over */
}

/* --- access points ------------------------------------------------------------------------ */

static bool same_name(const struct pk_wifi_traits *a, const struct pk_wifi_traits *b)
{
    return a->ssid_len == b->ssid_len && memcmp(a->ssid, b->ssid, a->ssid_len) == 0;
}

static struct point *take_point(struct air *air, const struct pk_wifi_frame *f, int64_t now_us)
{
    struct point *oldest = &air->points[0];

    for (size_t i = 0; i < air->count; i++) {
        struct point *p = &air->points[i];

        if (same(p->bssid, f->bssid) && same_name(&p->traits, &f->traits) &&
                p->traits.security == f->traits.security) {
            p->last_us = now_us;
            return p;
        }
        oldest = p->last_us < oldest->last_us ? p : oldest;
    }
    if (air->count < POINTS_MAX) {
        oldest = &air->points[air->count++];
    }
    *oldest = (struct point){
        .first_us = now_us, .last_us = now_us, .traits = f->traits, .freq_mhz = f->freq_mhz
    };
    memcpy(oldest->bssid, f->bssid, 6);
    return oldest;
}

/* The best protected access point of that name that was there first, and is there still. */
static const struct point *original_of(
        const struct air *air, const struct point *copy, int64_t now_us)
{
    const struct point *best = NULL;

    for (size_t i = 0; i < air->count; i++) {
        const struct point *p = &air->points[i];

        if (p != copy && same_name(&p->traits, &copy->traits) && p->first_us < copy->first_us &&
                now_us - p->last_us < LIVING_US &&
                (best == NULL || p->traits.security > best->traits.security)) {
            best = p;
        }
    }
    return best;
}

static struct pk_wifi_point describe(const struct point *p, const char *bssid)
{
    return (struct pk_wifi_point){ .bssid = bssid,
        .security = p->traits.security,
        .cipher = p->traits.cipher,
        .freq_mhz = p->freq_mhz,
        .mfp = p->traits.mfp_able ? PK_TRI_YES : PK_TRI_NO };
}

static void on_point(struct air *air, const struct pk_wifi_frame *f, int64_t now_us)
{
    struct point *p = take_point(air, f, now_us);
    const struct point *original = p->told ? NULL : original_of(air, p, now_us);
    char bssids[2][PK_MAC_TEXT];
    struct pk_wifi_point rows[2];
    struct pk_obs_wifi body = { .points = { .items = rows, .count = 2 } };

    if (original == NULL || original->traits.security <= p->traits.security) {
        return;
    }
    p->told = true;
    rows[0] = describe(p, pk_mac_text(p->bssid, bssids[0]));
    rows[0].security_before = original->traits.security;
    rows[0].doubled = same(p->bssid, original->bssid);
    rows[0].bssid_known = rows[0].doubled ? PK_TRI_YES : PK_TRI_NO;
    rows[1] = describe(original, pk_mac_text(original->bssid, bssids[1]));
    rows[1].security_before = original->traits.security;
    rows[1].bssid_known = PK_TRI_YES;
    tell(air, &body, now_us);
}

static void air_frame(void *state, const struct pk_frame *frame)
{
    struct air *air = state;
    struct pk_wifi_frame f;

    if ((frame->link != PK_LINK_80211 && frame->link != PK_LINK_80211_RADIOTAP &&
                frame->link != PK_LINK_80211_PRISM) ||
            pk_wifi_frame_parse(frame->link, frame->bytes, &f) < 0) {
        return;
    }
    if (f.subtype == PK_WIFI_DEAUTH || f.subtype == PK_WIFI_DISASSOC) {
        on_order(air, &f, frame->at_us);
    } else if (!f.encrypted && f.traits.ssid_len > 0 &&
            (f.subtype == PK_WIFI_BEACON || f.subtype == PK_WIFI_PROBE_ANSWER)) {
        on_point(air, &f, frame->at_us);
    }
}

const struct pk_tracker pk_air_tracker = {
    .name = "air",
    .create = air_create,
    .destroy = air_destroy,
    .frame = air_frame,
    .tick = air_tick,
};
