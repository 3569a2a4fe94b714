/* Access points in the air. One that carries the name of a network that is known for its protection, but
 * has less of it, waits for devices to come by mistake; so does one that the organisation's list of that
 * network does not name. Another access point with the same protection is the normal case (mesh, second
 * floor, hotel). Orders to disconnect come singly where devices roam; a wave has a purpose. */
#include <stdio.h>

#include "base/arena.h"
#include "defense/defense.h"
#include "defense/network/wifi_level.h"

#define ROGUE "network.rogue_ap"
#define TWIN  "network.evil_twin"
#define WAVE  "network.deauth_wave"
#define PART  "air" /* what the joined network says of itself is another part */

/* In 10 s. An access point that restarts or changes its channel says it once or twice; one that throws a
 * station off repeats it a few times. Attack tools send 64 and more in a burst. */
#define WAVE_MIN     25
#define WAVE_CERTAIN 60

struct opinion {
    double confidence; /* 0: none */
    const char *threat;
    const char *rule;
    const char *seen;
};

static struct opinion of_point(const struct pk_wifi_point *p)
{
    int now = pk_wifi_level(p->security);
    int before = pk_wifi_level(p->security_before);
    bool weaker = now > 0 && now <= PK_WIFI_LEVEL_ANYBODY && before >= PK_WIFI_LEVEL_STRONG;

    if (p->listed == PK_TRI_YES) {
        return (struct opinion){ .confidence = 0 };
    }
    if (weaker && p->doubled) {
        return (struct opinion){ 0.9, p->connected ? TWIN : ROGUE, "/clone",
            "An access point's address is in the air twice, once without the protection" };
    }
    if (p->connected) {
        return weaker ? (struct opinion){ 0.85, TWIN, "/others-protected",
            "This access point lacks the protection that others of its name have" }
                      : (struct opinion){ .confidence = 0 };
    }
    if (weaker && p->bssid_known != PK_TRI_YES) {
        return (struct opinion){ 0.9, ROGUE, "/weaker",
            "Unknown equipment nearby carries the network's name without its protection" };
    }
    if (p->listed == PK_TRI_NO) {
        return (struct opinion){ 0.85, ROGUE, "/not-listed",
            "An access point nearby carries the name of one of the organisation's networks and is "
            "not "
            "on its list" };
    }
    return (struct opinion){ .confidence = 0 };
}

static json_t *row(const struct pk_wifi_point *p)
{
    static const char *const tri[] = { "not known", "no", "yes" };

    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:s}", "access_point", p->bssid,
            "protection", pk_security_names[p->security], "protection_before",
            pk_security_names[p->security_before], "cipher", pk_wifi_cipher_names[p->cipher],
            "frequency_mhz", (json_int_t)p->freq_mhz, "signal_dbm", (json_int_t)p->signal_dbm,
            "access_point_known", tri[p->bssid_known], "on_the_organisations_list", tri[p->listed]);
}

static json_t *evidence(const struct pk_obs_wifi *w, const struct pk_wifi_point *worst,
        const struct opinion *opinion)
{
    const struct pk_wifi_point *points = w->points.items;
    json_t *others = json_array();

    for (size_t i = 0; i < w->points.count; i++) {
        if (&points[i] != worst) {
            (void)json_array_append_new(others, row(&points[i]));
        }
    }
    return json_pack("{s:s, s:o, s:o}", "seen", opinion->seen, "odd", row(worst),
            "others_of_that_name", others);
}

/* The worst for this threat, or that there is none. */
static int judge_points(const struct pk_observation *o, const char *threat, struct pk_arena *arena,
        struct pk_findings *out)
{
    const struct pk_wifi_point *points = o->wifi->points.items;
    const struct pk_wifi_point *worst = NULL;
    struct opinion opinion = { .confidence = 0 };
    char rule[64];
    const char *kept;
    int rc;

    for (size_t i = 0; i < o->wifi->points.count; i++) {
        struct opinion mine = of_point(&points[i]);

        if (mine.confidence > opinion.confidence && mine.threat != NULL &&
                strcmp(mine.threat, threat) == 0) {
            opinion = mine;
            worst = &points[i];
        }
    }
    if (worst == NULL) {
        rc = pk_findings_clear(out, threat, o->network, o->at_ms);
    } else {
        (void)snprintf(rule, sizeof(rule), "%s%s", threat, opinion.rule);
        kept = pk_arena_strdup(arena, rule);
        rc = kept == NULL ? PK_ENOMEM
                          : pk_findings_add(out, arena, threat, o->network, opinion.confidence,
                                    kept, evidence(o->wifi, worst, &opinion), o->at_ms);
    }
    if (rc == PK_OK) {
        pk_findings_part(out, PART);
    }
    return rc;
}

static int judge_wave(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    const struct pk_obs_wifi *w = o->wifi;

    if (w->window_s == 0) {
        return PK_OK; /* nobody listened for it */
    }
    if (w->deauths * 10 < WAVE_MIN * w->window_s) {
        return pk_findings_clear(out, WAVE, o->network, o->at_ms);
    }
    return pk_findings_add(out, arena, WAVE, o->network,
            w->deauths * 10 >= WAVE_CERTAIN * w->window_s || w->deauth_targets >= 3 ? 0.95 : 0.85,
            WAVE "/many",
            json_pack("{s:s, s:I, s:I, s:I, s:s*}", "seen",
                    "Devices are being thrown off again and again", "orders_to_disconnect",
                    (json_int_t)w->deauths, "in_seconds", (json_int_t)w->window_s, "targets",
                    (json_int_t)w->deauth_targets, "in_the_name_of", w->deauth_bssid),
            o->at_ms);
}

int pk_judge_wifi(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    int rc = PK_OK;

    if (o->network == NULL) {
        return PK_OK;
    }
    if (o->wifi->points.count > 0) {
        rc = judge_points(o, ROGUE, arena, out);
        if (rc == PK_OK) {
            rc = judge_points(o, TWIN, arena, out);
        }
    }
    return rc == PK_OK ? judge_wave(o, arena, out) : rc;
}
