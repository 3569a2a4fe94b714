/* Access points in the air that carry the name of the joined network, of one that is known, or of one on
 * the organisation's list. Others are nobody's business. Only what the card reports anyway is read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/nl80211.h"
#include "agent/sense_round.h"
#include "base/clock.h"

#define POINTS_MAX 16  /* of an observation */
#define SETTLE_MS  150 /* scans come with several messages */

struct wifi_part {
    struct pk_sense *sense;
    struct pk_nl80211 *nl;
    struct pk_timer timer;
    struct pk_sense_told told;
    bool odd; /* something odd was told: its end is news, too */
};

struct candidate {
    const struct pk_wifi *row;
    char network[PK_NETWORK_ID];
    struct pk_wifi_point point;
};

static int best_known(const struct pk_sense *sense, const char *network)
{
    int best = pk_sense_visit_security(sense, network);
    const char *name;

    for (size_t i = 0; (name = pk_known_at(sense->known, network, PK_KNOWN_SECURITY, i)) != NULL;
            i++) {
        for (int k = best + 1; pk_security_names[k] != NULL; k++) {
            best = strcmp(pk_security_names[k], name) == 0 ? k : best;
        }
    }
    return best;
}

/* The network's own access points are those that it was joined by. */
static void compare(struct pk_sense *sense, struct candidate *c)
{
    struct pk_wifi_point *p = &c->point;
    char maker[9];

    (void)snprintf(maker, sizeof(maker), "%.8s", c->row->bssid);
    p->security_before = best_known(sense, c->network);
    p->bssid_known = pk_sense_visit_bssid(sense, c->network, c->row->bssid,
            pk_known_has(sense->known, c->network, PK_KNOWN_BSSID, c->row->bssid));
    p->maker_known = pk_known_has(sense->known, c->network, PK_KNOWN_MAKER, maker);
    p->listed = pk_sense_listed(sense, c->row->ssid, c->row->bssid, c->row->security);
}

static bool is_ours(const struct pk_sense *sense, const struct candidate *c)
{
    return strcmp(c->network, sense->network) == 0 ||
            pk_known_visits(sense->known, c->network) > 0 ||
            pk_sense_visit_security(sense, c->network) > 0 ||
            pk_trust_network(sense->trust, c->row->ssid) != NULL;
}

static size_t collect(struct pk_sense *sense, struct candidate *out)
{
    size_t count = 0;

    for (size_t i = 0; i < sense->air_count && count < POINTS_MAX; i++) {
        const struct pk_wifi *row = &sense->air[i];
        struct candidate *c = &out[count];

        if (row->ssid[0] == '\0' || row->bssid[0] == '\0') {
            continue;
        }
        *c = (struct candidate){ .row = row };
        pk_network_id(sense->set.network_key, row->ssid, c->network);
        if (!is_ours(sense, c)) {
            continue;
        }
        c->point = (struct pk_wifi_point){ .network = c->network,
            .bssid = row->bssid,
            .connected = row->connected,
            .security = row->security,
            .cipher = row->cipher,
            .freq_mhz = row->freq_mhz,
            .signal_dbm = row->signal_dbm,
            .mfp = row->mfp ? PK_TRI_YES : PK_TRI_UNKNOWN };
        compare(sense, c);
        count++;
    }
    return count;
}

/* The same address twice with other protection; and what the name's other access points have. */
static void compare_each_other(struct candidate *list, size_t count)
{
    int best[POINTS_MAX];

    for (size_t i = 0; i < count; i++) {
        best[i] = list[i].point.security_before;
        for (size_t k = 0; k < count; k++) {
            const struct pk_wifi_point *other = &list[k].point;

            if (k == i || strcmp(list[i].network, list[k].network) != 0) {
                continue;
            }
            best[i] = other->security > best[i] ? other->security : best[i];
            list[i].point.doubled |= strcmp(list[i].point.bssid, other->bssid) == 0 &&
                    list[i].point.security != other->security;
        }
    }
    for (size_t i = 0; i < count; i++) {
        list[i].point.security_before = best[i];
    }
}

static bool is_odd(const struct pk_wifi_point *p)
{
    return p->listed == PK_TRI_NO || p->doubled ||
            (p->security != 0 && p->security < p->security_before);
}

static void look(struct wifi_part *part, bool loud)
{
    struct pk_sense *sense = part->sense;
    struct candidate list[POINTS_MAX];
    struct pk_wifi_point points[POINTS_MAX];
    struct pk_obs_wifi body = { .points.items = points };
    uint64_t hash = 0xcbf29ce484222325ULL; /* FNV-1a over what a reader would conclude from */
    bool odd = false;
    char text[128];

    if (!sense->announced) {
        return;
    }
    body.points.count = collect(sense, list);
    compare_each_other(list, body.points.count);
    for (size_t i = 0; i < body.points.count; i++) {
        int len;

        points[i] = list[i].point;
        odd |= is_odd(&points[i]);
        len = snprintf(text, sizeof(text), "%s %s %d %d %d %d %d %d", list[i].network,
                points[i].bssid, points[i].connected, points[i].security, points[i].security_before,
                points[i].bssid_known, points[i].listed, points[i].doubled);
        for (int k = 0; k < len && k < (int)sizeof(text); k++) {
            hash = (hash ^ (uint8_t)text[k]) * 0x100000001b3ULL;
        }
    }
    (void)snprintf(text, sizeof(text), "%016llx", (unsigned long long)hash);
    if ((odd || part->odd || loud) && pk_sense_is_news(&part->told, text, !odd, loud)) {
        part->odd = odd;
        pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_WIFI, .wifi = &body });
    }
}

static void part_announced(void *state)
{
    look(state, false);
}

static void part_change(void *state, unsigned changes)
{
    struct wifi_part *part = state;

    if ((changes & PK_CHANGED_TRUST) != 0) {
        pk_sense_tell_again(part->sense);
    }
    if ((changes & (PK_CHANGED_WIFI | PK_CHANGED_AIR | PK_CHANGED_TRUST)) != 0) {
        look(part, false);
    }
}

static void part_leave(void *state)
{
    struct wifi_part *part = state;

    part->odd = false;
    part->told = (struct pk_sense_told){ .at_ms = 0 };
}

static void part_check(void *state, unsigned probes, bool loud)
{
    struct wifi_part *part = state;

    look(part, loud);
    pk_sense_checked(part->sense, probes);
}

static void on_timer(void *ctx)
{
    struct wifi_part *part = ctx;

    if (part->sense->on_network) {
        pk_sense_refresh(part->sense);
    }
}

static void on_air(void *ctx)
{
    struct wifi_part *part = ctx;

    pk_loop_arm(part->sense->loop, &part->timer, SETTLE_MS);
}

static void part_destroy(void *state)
{
    struct wifi_part *part = state;

    pk_loop_disarm(part->sense->loop, &part->timer);
    pk_nl80211_destroy(part->nl);
    free(part);
}

static int part_create(struct pk_sense *sense, void **state, struct pk_error *err)
{
    struct wifi_part *part = calloc(1, sizeof(*part));

    if (part == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    part->sense = sense;
    pk_timer_init(&part->timer, on_timer, part);
    if (sense->set.wifi_file == NULL) { /* a system without Wi-Fi is no error */
        (void)!pk_nl80211_create(sense->loop, on_air, part, &part->nl, NULL);
    }
    *state = part;
    return PK_OK;
}

const struct pk_sense_part pk_sense_wifi_part = {
    .probes = PK_PROBE_WIFI,
    .create = part_create,
    .destroy = part_destroy,
    .announced = part_announced,
    .change = part_change,
    .leave = part_leave,
    .check = part_check,
};
