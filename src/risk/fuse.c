#include "risk/fuse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* Weights of the log-odds of exposure: what is not evidence of attack, only an open door. */
#define EXPOSURE_BASE     (-2.2)
#define EXPOSURE_SHARE    0.35
#define OUTLOOK_SHARE     0.25
#define OUTLOOK_HALF      0.10 /* the chance that gives half of it */
#define EPSS_WEIGHT       2.5
#define SETTLE_POINTS     5
#define SETTLE_MS         PK_HOUR_MS
#define CRITICAL_EVIDENCE 0.6
#define CHAIN_MS          PK_DAY_MS
#define CHAIN_BONUS       1.0
#define TERMS_MAX         24
#define POINTS_MIN        0.05 /* below that it is no reason */

enum side {
    SIDE_NETWORK,
    SIDE_CELL,
    SIDE_APP,
    SIDE_DEVICE,
    SIDES,
};

/* Which incidents are evidence that someone attacks, how fast it fades and how much it weighs. */
struct weight {
    const char *prefix; /* of the threat id; the first that fits counts */
    double half_life_h;
    double rho; /* probability of harm, given that the threat is real */
    enum side side;
    bool chained; /* evidence only as the later part of a chain: alone it is a state of the device */
};

static const struct weight weights[] = {
    { "network.tls_", 12, 0.95, SIDE_NETWORK, false },
    { "network.arp_spoof", 12, 0.95, SIDE_NETWORK, false },
    { "network.ndp_spoof", 12, 0.95, SIDE_NETWORK, false },
    { "network.evil_twin", 12, 0.95, SIDE_NETWORK, false },
    { "network.ssl_strip", 12, 0.95, SIDE_NETWORK, false },
    { "network.cell_", 6, 0.6, SIDE_CELL, false },
    { "network.", 12, 0.6, SIDE_NETWORK, false },
    { "malware.", 30 * 24.0, 0.95, SIDE_APP, false },
    { "physical.rooted", 14 * 24.0, 0.98, SIDE_DEVICE, false },
    { "physical.jailbroken", 14 * 24.0, 0.98, SIDE_DEVICE, false },
    { "physical.system_tampered", 14 * 24.0, 0.98, SIDE_DEVICE, false },
    { "physical.hooking_framework", 14 * 24.0, 0.98, SIDE_DEVICE, false },
    { "physical.attestation_failed", 14 * 24.0, 0.9, SIDE_DEVICE, false },
    { "physical.rogue_profile", 14 * 24.0, 0.6, SIDE_DEVICE, true },
    { "physical.user_ca", 14 * 24.0, 0.6, SIDE_DEVICE, true },
};

/* The later one is surer when the first came within a day before it. */
struct chain {
    const char *first, *later; /* prefixes of threat ids */
};

static const struct chain chains[] = {
    { "network.captive_portal", "physical.rogue_profile" },
    { "network.captive_portal", "physical.user_ca" },
    { "network.captive_portal", "network.tls_installed_ca" },
    { "network.evil_twin", "physical.rogue_profile" },
    { "network.evil_twin", "physical.user_ca" },
    { "network.known_bad", "malware." },
    { "network.evil_twin", "malware." },
    { "network.rogue_ap", "malware." },
    { "network.arp_spoof", "malware." },
    { "network.dns_", "malware." },
    { "network.ssl_strip", "malware." },
    { "network.content_tamper", "malware." },
    { "network.tls_untrusted_ca", "malware." },
    { "network.cell_2g_downgrade", "malware.sms_fraud" },
    { "network.cell_fake_station", "malware.sms_fraud" },
    { "network.cell_null_cipher", "malware.sms_fraud" },
};

struct term {
    enum pk_vector vector;
    const char *reason;
    const char *lowers;
    const char *incident;
    int64_t at_ms;
    double harm;     /* evidence: probability; 0 for exposure */
    double exposure; /* log-odds; 0 for evidence */
    double outlook;  /* share of the score */
};

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static bool begins(const struct pk_incident *i, const char *prefix)
{
    return !i->simulated && strncmp(i->threat->id, prefix, strlen(prefix)) == 0;
}

/* ---- evidence ------------------------------------------------------------------------------------- */

static bool is_chained(const struct pk_risk_input *in, const struct pk_incident *later)
{
    for (size_t c = 0; c < PK_COUNT(chains); c++) {
        for (size_t i = 0; begins(later, chains[c].later) && i < in->count; i++) {
            const struct pk_incident *first = &in->incidents[i];
            int64_t after_ms = later->opened_ms - first->opened_ms;

            if (first != later && begins(first, chains[c].first) && after_ms >= 0 &&
                    after_ms <= CHAIN_MS) {
                return true;
            }
        }
    }
    return false;
}

static const struct weight *weight_of(const struct pk_incident *i, bool chained)
{
    if (i->simulated || (i->severity == PK_SEVERITY_INFO && !chained)) {
        return NULL; /* a drill is no risk */
    }
    for (size_t n = 0; n < PK_COUNT(weights); n++) {
        if (begins(i, weights[n].prefix)) {
            return !weights[n].chained || chained ? &weights[n] : NULL;
        }
    }
    return NULL; /* posture: counted as exposure, from the facts themselves */
}

static double harm_of(
        const struct pk_incident *i, const struct weight *w, bool chained, int64_t now_ms)
{
    double p = i->confidence < 0.01 ? 0.01 : i->confidence > 0.99 ? 0.99 : i->confidence;
    double age_h = (double)(now_ms - i->updated_ms) / (double)PK_HOUR_MS;
    double fade = age_h > 0 ? exp2(-age_h / w->half_life_h) : 1;
    double odds = log(p / (1 - p)) + (chained ? CHAIN_BONUS : 0);

    return w->rho * sigmoid(odds * fade) * (fade < 0.5 ? 2 * fade : 1) *
            (i->state == PK_INCIDENT_MITIGATED ? 0.5 : 1);
}

/* The strongest incident of each side, and how many there are. */
struct strongest {
    const struct pk_incident *incident;
    double harm;
    size_t count;
    bool chained;
};

static void find_strongest(const struct pk_risk_input *in, struct strongest out[SIDES])
{
    for (size_t i = 0; i < in->count; i++) {
        const struct pk_incident *incident = &in->incidents[i];
        bool chained = is_chained(in, incident);
        const struct weight *w = weight_of(incident, chained);
        double harm = w != NULL ? harm_of(incident, w, chained, in->now_ms) : 0;
        struct strongest *s = w != NULL ? &out[w->side] : NULL;

        if (s == NULL) {
            continue;
        }
        s->count++;
        if (s->incident == NULL || harm > s->harm) {
            s->incident = incident;
            s->harm = harm;
            s->chained = chained;
        }
    }
}

static const char *evidence_text(const struct strongest *s, struct pk_arena *arena)
{
    const struct pk_incident *i = s->incident;
    char title[200];
    char times[40] = "";
    char more[40] = "";

    pk_threat_text(i->threat->title, i->subject, title, sizeof(title));
    if (i->count > 1) {
        (void)snprintf(times, sizeof(times), "seen %lld times, ", (long long)i->count);
    }
    if (s->count > 1) {
        (void)snprintf(more, sizeof(more), "; %zu more", s->count - 1);
    }
    return pk_arena_printf(arena, "%s (%s%.0f %% sure%s)%s", title, times, 100 * i->confidence,
            s->chained ? ", one step of a known attack" : "", more);
}

static size_t evidence_terms(
        const struct pk_risk_input *in, struct pk_arena *arena, struct term *terms)
{
    struct strongest all[SIDES] = { 0 };
    size_t count = 0;

    find_strongest(in, all);
    for (size_t side = 0; side < SIDES; side++) {
        const struct pk_incident *i = all[side].incident;
        char next[200] = "";

        if (i == NULL) {
            continue;
        }
        if (i->threat->next_count > 0) {
            pk_threat_text(i->threat->next[0], i->subject, next, sizeof(next));
        }
        terms[count++] = (struct term){
            .vector = i->threat->vector,
            .reason = evidence_text(&all[side], arena),
            .lowers = next[0] != '\0' ? pk_arena_strdup(arena, next) : NULL,
            .incident = pk_arena_strdup(arena, i->id),
            .at_ms = i->updated_ms,
            .harm = all[side].harm,
        };
    }
    return count;
}

/* ---- exposure ------------------------------------------------------------------------------------- */

static size_t patch_terms(const struct pk_exposure *e, struct pk_arena *arena, struct term *terms)
{
    size_t count = 0;

    if (e->patch_days > 90) {
        terms[count++] = (struct term){ .vector = PK_VECTOR_VULNERABILITY,
            .reason = pk_arena_printf(
                    arena, "The newest security update is %lld days old", (long long)e->patch_days),
            .lowers = "Install the waiting system updates",
            .exposure = e->patch_days > 180 ? 1.3 : 0.8 };
    }
    if (e->epss > 0) {
        terms[count++] = (struct term){ .vector = PK_VECTOR_VULNERABILITY,
            .reason = pk_arena_printf(arena,
                    "A vulnerability of this system is attacked somewhere within 30 days with %.0f "
                    "%% chance",
                    100 * e->epss),
            .lowers = "Install the update that closes it",
            .exposure = EPSS_WEIGHT * (e->epss < 1 ? e->epss : 1) };
    }
    return count;
}

static size_t state_terms(const struct pk_exposure *e, struct term *terms)
{
    const struct {
        bool holds;
        struct term term;
    } rows[] = {
        { e->no_encryption == PK_TRI_YES,
                { .reason = "The storage is not encrypted",
                        .lowers = "Encrypt the storage of the device",
                        .exposure = 0.5 } },
        { e->no_screen_lock == PK_TRI_YES,
                { .reason = "The screen opens without a secret",
                        .lowers = "Set a screen lock",
                        .exposure = 0.5 } },
        { e->developer_mode == PK_TRI_YES,
                { .reason = "Debugging is switched on",
                        .lowers = "Switch debugging off",
                        .exposure = 0.6 } },
        { e->unknown_sources == PK_TRI_YES,
                { .reason = "Apps from anywhere may be installed",
                        .lowers = "Allow apps from official stores alone",
                        .exposure = 0.5 } },
        { e->root_signs,
                { .reason = "There are signs that the system's own protection is off",
                        .lowers = "Have the device looked at",
                        .exposure = 1.6 } },
        { e->hook_signs,
                { .reason = "There are signs that programs are changed while they run",
                        .lowers = "Have the device looked at",
                        .exposure = 2.0 } },
    };
    size_t count = 0;

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        if (rows[i].holds) {
            terms[count] = rows[i].term;
            terms[count++].vector = PK_VECTOR_PHYSICAL;
        }
    }
    return count;
}

static size_t exposure_terms(
        const struct pk_exposure *e, struct pk_arena *arena, struct term *terms)
{
    size_t count = patch_terms(e, arena, terms);

    count += state_terms(e, terms + count);
    for (size_t i = 0; i < count; i++) {
        terms[i].at_ms = e->at_ms;
    }
    return count;
}

static size_t outlook_term(
        const struct pk_risk_input *in, struct pk_arena *arena, struct term *terms)
{
    if (!(in->p7 > 0)) {
        return 0;
    }
    terms[0] = (struct term){ .vector = PK_VECTOR_BEHAVIOR,
        .reason = pk_arena_printf(
                arena, "The chance of an attack within 7 days is %.1f %%", 100 * in->p7),
        .at_ms = in->p7_ms,
        .outlook = OUTLOOK_SHARE * in->p7 / (in->p7 + OUTLOOK_HALF) };
    return 1;
}

/* ---- together ------------------------------------------------------------------------------------- */

/* The score without the term of that index (SIZE_MAX: with all of them). */
static double score_without(const struct term *terms, size_t count, size_t without, double *harm)
{
    double calm = 1;
    double exposure = EXPOSURE_BASE;
    double outlook = 0;
    double attack;

    for (size_t i = 0; i < count; i++) {
        if (i != without) {
            calm *= 1 - terms[i].harm;
            exposure += terms[i].exposure;
            outlook += terms[i].outlook;
        }
    }
    attack = 1 - calm;
    if (harm != NULL) {
        *harm = attack;
    }
    return 100 * (attack + (1 - attack) * (EXPOSURE_SHARE * sigmoid(exposure) + outlook));
}

/* What is no evidence takes nothing away from anybody. */
static enum pk_risk_level level_of(int64_t score, double harm)
{
    if (score >= 75) {
        return harm >= CRITICAL_EVIDENCE ? PK_RISK_CRITICAL : PK_RISK_HIGH;
    }
    if (score >= 50) {
        return harm > 0 ? PK_RISK_HIGH : PK_RISK_GUARDED;
    }
    return score >= 25 ? PK_RISK_GUARDED : PK_RISK_LOW;
}

/* Keeps the parts sorted, most points first, and drops the smallest beyond the limit. */
static void part_insert(struct pk_risk_part *parts, size_t *count, struct pk_risk_part part)
{
    size_t at = *count;

    while (at > 0 && parts[at - 1].points < part.points) {
        if (at < PK_RISK_PARTS_MAX) {
            parts[at] = parts[at - 1];
        }
        at--;
    }
    if (at < PK_RISK_PARTS_MAX) {
        parts[at] = part;
        *count += *count < PK_RISK_PARTS_MAX;
    }
}

static double tenth(double x)
{
    return round(x * 10) / 10;
}

int pk_risk_fuse(const struct pk_risk_input *input, struct pk_arena *arena, struct pk_risk *out)
{
    struct term terms[TERMS_MAX];
    size_t count = evidence_terms(input, arena, terms);
    struct pk_risk_part *parts = pk_arena_alloc(arena, PK_RISK_PARTS_MAX, sizeof(*parts));
    size_t part_count = 0;
    double harm;
    double score;

    if (parts == NULL) {
        return PK_ENOMEM;
    }
    count += exposure_terms(&input->exposure, arena, terms + count);
    count += outlook_term(input, arena, terms + count);
    score = score_without(terms, count, SIZE_MAX, &harm);
    for (size_t i = 0; i < count; i++) {
        double points = score - score_without(terms, count, i, NULL);

        if (terms[i].reason == NULL) {
            return PK_ENOMEM;
        }
        if (points < POINTS_MIN) {
            continue;
        }
        part_insert(parts, &part_count,
                (struct pk_risk_part){
                        .vector = (int)terms[i].vector,
                        .points = tenth(points),
                        .reason = terms[i].reason,
                        .incident = terms[i].incident,
                        .lowers = terms[i].lowers,
                        .gain = terms[i].lowers != NULL ? tenth(points) : 0,
                        .at_ms = terms[i].at_ms,
                });
    }
    *out = (struct pk_risk){
        .score = (int64_t)lround(score),
        .at_ms = input->now_ms,
        .parts = { .items = parts, .count = part_count },
    };
    out->level = (int)level_of(out->score, harm);
    return PK_OK;
}

bool pk_risk_settles(const struct pk_risk *before, const struct pk_risk *fresh)
{
    if (before == NULL || fresh->score > before->score) {
        return true;
    }
    return before->score - fresh->score >= SETTLE_POINTS ||
            fresh->at_ms - before->at_ms >= SETTLE_MS;
}
