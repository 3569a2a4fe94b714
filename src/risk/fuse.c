#include "risk/fuse.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"

/* Weights of the log-odds of exposure: what is not evidence of attack, only an open door. */
#define EXPOSURE_BASE     (-2.2)
#define EXPOSURE_SHARE    0.35
#define SETTLE_POINTS     5
#define SETTLE_MS         PK_HOUR_MS
#define CRITICAL_EVIDENCE 0.6
#define TERMS_MAX         16

/* Which incidents are evidence that someone attacks, how fast it fades and how much it weighs. */
struct weight {
    const char *prefix; /* of the threat id; the first that fits counts */
    double half_life_h;
    double rho; /* probability of harm, given that the threat is real */
};

static const struct weight weights[] = {
    { "network.tls_", 12, 0.95 },
    { "network.arp_spoof", 12, 0.95 },
    { "network.ndp_spoof", 12, 0.95 },
    { "network.evil_twin", 12, 0.95 },
    { "network.ssl_strip", 12, 0.95 },
    { "network.cell_", 6, 0.6 },
    { "network.", 12, 0.6 },
    { "malware.", 30 * 24.0, 0.95 },
    { "physical.rooted", 14 * 24.0, 0.98 },
    { "physical.jailbroken", 14 * 24.0, 0.98 },
    { "physical.system_tampered", 14 * 24.0, 0.98 },
    { "physical.hooking_framework", 14 * 24.0, 0.98 },
    { "physical.attestation_failed", 14 * 24.0, 0.9 },
};

struct term {
    enum pk_vector vector;
    const char *reason;
    const char *lowers;
    const char *incident;
    double harm;     /* evidence: probability; 0 for exposure */
    double exposure; /* log-odds; 0 for evidence */
};

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static const struct weight *weight_of(const struct pk_incident *i)
{
    if (i->severity == PK_SEVERITY_INFO) {
        return NULL;
    }
    for (size_t n = 0; n < PK_COUNT(weights); n++) {
        if (strncmp(i->threat->id, weights[n].prefix, strlen(weights[n].prefix)) == 0) {
            return &weights[n];
        }
    }
    return NULL; /* posture: counted as exposure, from the facts themselves */
}

static double harm_of(const struct pk_incident *i, const struct weight *w, int64_t now_ms)
{
    double p = i->confidence < 0.01 ? 0.01 : i->confidence > 0.99 ? 0.99 : i->confidence;
    double age_h = (double)(now_ms - i->updated_ms) / (double)PK_HOUR_MS;
    double fade = age_h > 0 ? exp2(-age_h / w->half_life_h) : 1;

    return w->rho * sigmoid(log(p / (1 - p)) * fade) *
            (i->state == PK_INCIDENT_MITIGATED ? 0.5 : 1);
}

static size_t evidence_terms(
        const struct pk_risk_input *in, struct pk_arena *arena, struct term *terms)
{
    size_t count = 0;

    for (size_t i = 0; i < in->count && count < TERMS_MAX / 2; i++) {
        const struct pk_incident *incident = &in->incidents[i];
        const struct weight *w = weight_of(incident);
        char title[200];
        char next[200] = "";

        if (w == NULL) {
            continue;
        }
        pk_threat_text(incident->threat->title, incident->subject, title, sizeof(title));
        if (incident->threat->next_count > 0) {
            pk_threat_text(incident->threat->next[0], incident->subject, next, sizeof(next));
        }
        terms[count++] = (struct term){
            .vector = incident->threat->vector,
            .reason = incident->count == 1
                    ? pk_arena_printf(arena, "%s (%.0f %% sure)", title, 100 * incident->confidence)
                    : pk_arena_printf(arena, "%s (seen %lld times, %.0f %% sure)", title,
                              (long long)incident->count, 100 * incident->confidence),
            .lowers = next[0] != '\0' ? pk_arena_strdup(arena, next) : NULL,
            .incident = pk_arena_strdup(arena, incident->id),
            .harm = harm_of(incident, w, in->now_ms),
        };
    }
    return count;
}

static size_t exposure_terms(
        const struct pk_exposure *e, struct pk_arena *arena, struct term *terms)
{
    size_t count = 0;

    if (e->patch_days > 90) {
        terms[count++] = (struct term){ .vector = PK_VECTOR_VULNERABILITY,
            .reason = pk_arena_printf(
                    arena, "The newest security update is %lld days old", (long long)e->patch_days),
            .lowers = "Install the waiting system updates",
            .exposure = e->patch_days > 180 ? 1.3 : 0.8 };
    }
    if (e->no_encryption == PK_TRI_YES) {
        terms[count++] = (struct term){ .vector = PK_VECTOR_PHYSICAL,
            .reason = "The storage is not encrypted",
            .lowers = "Encrypt the storage of the device",
            .exposure = 0.5 };
    }
    if (e->no_screen_lock == PK_TRI_YES) {
        terms[count++] = (struct term){ .vector = PK_VECTOR_PHYSICAL,
            .reason = "The screen opens without a secret",
            .lowers = "Set a screen lock",
            .exposure = 0.5 };
    }
    if (e->developer_mode == PK_TRI_YES) {
        terms[count++] = (struct term){ .vector = PK_VECTOR_PHYSICAL,
            .reason = "Debugging is switched on",
            .lowers = "Switch debugging off",
            .exposure = 0.6 };
    }
    if (e->root_signs) {
        terms[count++] = (struct term){ .vector = PK_VECTOR_PHYSICAL,
            .reason = "There are signs that the system's own protection is off",
            .lowers = "Have the device looked at",
            .exposure = 1.6 };
    }
    return count;
}

/* The score without the term of that index (SIZE_MAX: with all of them). */
static double score_without(const struct term *terms, size_t count, size_t without, double *harm)
{
    double calm = 1;
    double exposure = EXPOSURE_BASE;
    double attack;

    for (size_t i = 0; i < count; i++) {
        if (i != without) {
            calm *= 1 - terms[i].harm;
            exposure += terms[i].exposure;
        }
    }
    attack = 1 - calm;
    if (harm != NULL) {
        *harm = attack;
    }
    return 100 * (attack + (1 - attack) * EXPOSURE_SHARE * sigmoid(exposure));
}

static enum pk_risk_level level_of(int64_t score, double harm)
{
    if (score >= 75) {
        return harm >= CRITICAL_EVIDENCE ? PK_RISK_CRITICAL : PK_RISK_HIGH;
    }
    return score >= 50 ? PK_RISK_HIGH : score >= 25 ? PK_RISK_GUARDED : PK_RISK_LOW;
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
    score = score_without(terms, count, SIZE_MAX, &harm);
    for (size_t i = 0; i < count; i++) {
        double points = score - score_without(terms, count, i, NULL);

        if (terms[i].reason == NULL) {
            return PK_ENOMEM;
        }
        part_insert(parts, &part_count,
                (struct pk_risk_part){
                        .vector = (int)terms[i].vector,
                        .points = round(points * 10) / 10,
                        .reason = terms[i].reason,
                        .incident = terms[i].incident,
                        .lowers = terms[i].lowers,
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
