#include "server/advice.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/risk.h"
#include "server/score.h"

#define THREATS_MAX \
    64 /* kinds of open threats that are looked at; the catalogue has fewer than 128 */
#define PER_DEVICE 16 /* kinds on one device */

struct kind {
    const struct pk_threat *threat;
    int64_t devices;
    double safer; /* sum over devices of what their weight in the score would gain */
};

struct gather {
    struct kind kinds[THREATS_MAX];
    size_t count;
    /* the device that is being read */
    char device[PK_ID_TEXT];
    int64_t score;
    json_t *risk;
    struct {
        struct kind *kind;
        double points; /* that its incidents add to the device's risk */
    } here[PER_DEVICE];
    size_t here_count;
};

static int level_of(double score)
{
    return score < 25    ? PK_RISK_LOW
            : score < 50 ? PK_RISK_GUARDED
            : score < 75 ? PK_RISK_HIGH
                         : PK_RISK_CRITICAL;
}

static void end_device(struct gather *g)
{
    double now = pk_score_weight(level_of((double)g->score));

    for (size_t i = 0; i < g->here_count; i++) {
        double without = fmax(0, (double)g->score - g->here[i].points);

        g->here[i].kind->devices++;
        g->here[i].kind->safer += pk_score_weight(level_of(without)) - now;
    }
    g->here_count = 0;
    json_decref(g->risk);
    g->risk = NULL;
}

static double points_of(const json_t *risk, const char *incident)
{
    const json_t *part;
    size_t i;

    json_array_foreach (json_object_get(risk, "parts"), i, part) {
        const char *of = json_string_value(json_object_get(part, "incident"));

        if (of != NULL && strcmp(of, incident) == 0) {
            double gain = json_number_value(json_object_get(part, "gain"));

            return gain > 0 ? gain : json_number_value(json_object_get(part, "points"));
        }
    }
    return 0;
}

static struct kind *kind_of(struct gather *g, const char *id)
{
    const struct pk_threat *threat = pk_threat_find(id);

    for (size_t i = 0; i < g->count; i++) {
        if (g->kinds[i].threat == threat) {
            return &g->kinds[i];
        }
    }
    if (threat == NULL || g->count == THREATS_MAX) {
        return NULL;
    }
    g->kinds[g->count] = (struct kind){ .threat = threat };
    return &g->kinds[g->count++];
}

static int take(const struct pk_open_finding *finding, void *ctx)
{
    struct gather *g = ctx;
    struct kind *kind = kind_of(g, finding->threat);
    size_t n = 0;

    if (strcmp(g->device, finding->device) != 0) {
        end_device(g);
        (void)snprintf(g->device, sizeof(g->device), "%s", finding->device);
        g->score = finding->risk_score;
        g->risk = finding->risk != NULL ? json_loads(finding->risk, 0, NULL) : NULL;
    }
    if (kind == NULL) {
        return PK_OK;
    }
    while (n < g->here_count && g->here[n].kind != kind) {
        n++;
    }
    if (n == PER_DEVICE) {
        return PK_OK;
    }
    if (n == g->here_count) {
        g->here[g->here_count++].kind = kind;
        g->here[n].points = 0;
    }
    g->here[n].points += points_of(g->risk, finding->incident);
    return PK_OK;
}

/* ---- in words ---------------------------------------------------------------------------------------- */

/* What is wrong with one device or with many; without a row here the catalogue's title is said. */
/* clang-format off */
static const struct {
    const char *threat;
    const char *one;
    const char *many;
} words[] = {
    { "malware.sideloaded",             "has an app that came from no store",       "have apps that came from no store" },
    { "malware.unwanted",               "has an app that is not allowed",           "have apps that are not allowed" },
    { "malware.vulnerable_app",         "has an app with a known hole",             "have apps with known holes" },
    { "network.open_wifi",              "is on an open network",                    "are on open networks" },
    { "network.weak_wifi",              "is on a network with weak encryption",     "are on networks with weak encryption" },
    { "physical.agent_silent",          "has an agent that fell silent",            "have agents that fell silent" },
    { "physical.bootloader_unlocked",   "has an unlocked boot loader",              "have unlocked boot loaders" },
    { "physical.developer_mode",        "is in developer mode",                     "are in developer mode" },
    { "physical.jailbroken",            "is jailbroken",                            "are jailbroken" },
    { "physical.no_encryption",         "has storage that is not encrypted",        "have storage that is not encrypted" },
    { "physical.no_passcode",           "has no screen lock",                       "have no screen lock" },
    { "physical.play_protect_off",      "has Play Protect off",                     "have Play Protect off" },
    { "physical.rooted",                "is rooted",                                "are rooted" },
    { "physical.unknown_sources",       "may install apps from anywhere",           "may install apps from anywhere" },
    { "physical.usb_debugging",         "can be controlled by a USB cable",         "can be controlled by a USB cable" },
    { "physical.user_ca",               "trusts an authority that was added to it", "trust authorities that were added to them" },
    { "vulnerability.app_vulnerable",   "has an app with a known hole",             "have apps with known holes" },
    { "vulnerability.os_exploited",     "has a hole that is used in attacks now",   "have holes that are used in attacks now" },
    { "vulnerability.os_outdated",      "waits for a system update",                "wait for a system update" },
    { "vulnerability.os_unfixable",     "gets no security updates any more",        "get no security updates any more" },
};
/* clang-format on */

static json_t *text_of(const struct kind *k)
{
    for (size_t i = 0; i < PK_COUNT(words); i++) {
        if (strcmp(words[i].threat, k->threat->id) == 0) {
            return json_sprintf("%lld device%s %s", (long long)k->devices,
                    k->devices == 1 ? "" : "s", k->devices == 1 ? words[i].one : words[i].many);
        }
    }
    return json_sprintf("%lld device%s: %s", (long long)k->devices, k->devices == 1 ? "" : "s",
            k->threat->title);
}

static int points(double gain)
{
    return (int)lround(gain);
}

static json_t *of_kind(const struct kind *k, double gain)
{
    json_t *link = json_sprintf("/incidents?filter=state:open|mitigated,threat:%s", k->threat->id);

    return json_pack("{s:s, s:o, s:s, s:o, s:I, s:i, s:s}", "id", k->threat->id, "text", text_of(k),
            "do", k->threat->next_count > 0 ? k->threat->next[0] : "", "link", link, "devices",
            (json_int_t)k->devices, "gain", points(gain), "severity",
            pk_severity_name(k->threat->severity));
}

static json_t *of_devices(const char *id, const char *what, const char *todo, const char *link,
        int64_t devices, double gain)
{
    return json_pack("{s:s, s:o, s:s, s:s, s:I, s:i, s:s}", "id", id, "text",
            json_sprintf("%lld device%s %s", (long long)devices, devices == 1 ? "" : "s", what),
            "do", todo, "link", link, "devices", (json_int_t)devices, "gain", points(gain),
            "severity", "medium");
}

/* ---- order ------------------------------------------------------------------------------------------- */

struct step {
    double worth; /* gain first, then how grave and how many */
    json_t *json;
};

static int by_worth(const void *a, const void *b)
{
    double x = ((const struct step *)a)->worth;
    double y = ((const struct step *)b)->worth;

    return x < y ? 1 : x > y ? -1 : 0;
}

static size_t steps_of(const struct gather *g, const struct pk_fleet_state *state,
        const struct pk_overview *o, struct step *steps)
{
    double each = state->devices > 0 ? 1 / (double)state->devices : 0;
    size_t count = 0;
    double gain;

    for (size_t i = 0; i < g->count; i++) {
        const struct kind *k = &g->kinds[i];

        gain = PK_SCORE_RISK * k->safer * each;
        if (k->devices > 0 && k->threat->severity > PK_SEVERITY_INFO) {
            steps[count++] = (struct step){
                gain + k->threat->severity * .5 + (double)k->devices * each, of_kind(k, gain)
            };
        }
    }
    if (o->silent > 0) {
        gain = PK_SCORE_ACTIVATION * (double)o->silent * each;
        steps[count++] = (struct step){ gain + 1,
            of_devices("silent", "said nothing for more than 7 days",
                    "Ask their owners, or revoke what is gone.", "/devices?filter=status:silent",
                    o->silent, gain) };
    }
    if (o->never > 0) {
        gain = PK_SCORE_ACTIVATION * (double)o->never * each;
        steps[count++] = (struct step){ gain + 1,
            of_devices("never", "enrolled and never reported",
                    "Check the agent there, or revoke them.", "/devices?filter=status:never",
                    o->never, gain) };
    }
    return count;
}

int pk_advice(struct pk_store *store, const struct pk_fleet_state *state,
        const struct pk_overview *overview, struct pk_arena *arena, json_t **out,
        struct pk_error *err)
{
    struct gather *g = pk_arena_alloc(arena, 1, sizeof(*g));
    struct step steps[THREATS_MAX + 2];
    json_t *list;
    size_t count;
    int rc;

    if (g == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    *g = (struct gather){ 0 };
    rc = pk_open_each(store, take, g, err);
    end_device(g);
    if (rc < 0) {
        return rc;
    }
    count = steps_of(g, state, overview, steps);
    qsort(steps, count, sizeof(steps[0]), by_worth);
    list = json_array();
    for (size_t i = 0; i < count; i++) {
        if (i < PK_ADVICE_MAX) {
            (void)json_array_append_new(list, steps[i].json);
        } else {
            json_decref(steps[i].json);
        }
    }
    *out = list;
    return PK_OK;
}
