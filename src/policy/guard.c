#include <stdio.h>
#include <string.h>

#include "policy/guard_state.h"

const char *const pk_act_kind_names[] = { "tell", "remind", "merge", "hold", "close", "on", "off",
    "admins", "siem", NULL };

int pk_guard_create(struct pk_arena *arena, struct pk_guard **out)
{
    struct pk_guard *g = pk_arena_alloc(arena, 1, sizeof(*g));

    if (g == NULL) {
        return PK_ENOMEM;
    }
    g->arena = arena;
    g->group = "";
    g->tracks = pk_arena_alloc(arena, PK_GUARD_TRACKS_MAX, sizeof(*g->tracks));
    for (int side = 0; side < 2; side++) {
        struct pk_side *s = &g->sides[side];

        s->alerts = pk_arena_alloc(arena, PK_GUARD_ALERTS_MAX, sizeof(*s->alerts));
        s->told = pk_arena_alloc(arena, PK_GUARD_TOLD_MAX, sizeof(*s->told));
        if (s->alerts == NULL || s->told == NULL) {
            return PK_ENOMEM;
        }
    }
    *out = g;
    return g->tracks != NULL ? PK_OK : PK_ENOMEM;
}

int64_t pk_guard_due(const struct pk_guard *guard)
{
    return guard->due_ms;
}

int64_t pk_guard_now(const struct pk_guard *guard)
{
    return guard->now_ms;
}

unsigned pk_guard_measures(const struct pk_guard *guard)
{
    return guard->sides[0].measures;
}

/* ---- small tools --------------------------------------------------------------------------------------- */

void pk_work_due(struct pk_work *w, int64_t at_ms)
{
    /* What is due now was worked out now: only what is later can still be due. */
    if (at_ms > w->g->now_ms && (w->due_ms == 0 || at_ms < w->due_ms)) {
        w->due_ms = at_ms;
    }
}

void pk_work_say(struct pk_work *w, struct pk_act act)
{
    act.at_ms = w->g->now_ms;
    if (w->rc == PK_OK && w->fn != NULL) {
        w->rc = w->fn(&act, w->ctx);
    }
}

const struct pk_effect *pk_work_rule(const struct pk_work *w, const char *name)
{
    for (size_t i = 0; i < w->effects->count; i++) {
        if (strcmp(w->effects->items[i].rule->name, name) == 0) {
            return &w->effects->items[i];
        }
    }
    return NULL;
}

const struct pk_incident *pk_work_incident(const struct pk_work *w, const char *id)
{
    for (size_t i = 0; i < w->g->live_count; i++) {
        if (strcmp(w->g->live[i].id, id) == 0) {
            return &w->g->live[i];
        }
    }
    return NULL;
}

/* ---- tracks --------------------------------------------------------------------------------------------- */

static struct pk_track *find_track(struct pk_guard *g, const char *rule, const char *incident)
{
    for (size_t i = 0; i < g->track_count; i++) {
        if (strcmp(g->tracks[i].rule, rule) == 0 && strcmp(g->tracks[i].incident, incident) == 0) {
            return &g->tracks[i];
        }
    }
    return NULL;
}

static void begin(
        struct pk_work *w, const struct pk_effect *effect, const struct pk_incident *incident)
{
    struct pk_guard *g = w->g;
    struct pk_track *t = find_track(g, effect->rule->name, incident != NULL ? incident->id : "");

    if (t != NULL) {
        t->ended_ms = 0; /* back before its hold was over: it goes on */
        return;
    }
    if (g->track_count == PK_GUARD_TRACKS_MAX) {
        return;
    }
    t = &g->tracks[g->track_count++];
    *t = (struct pk_track){ .rule = effect->rule->name,
        .subject = incident != NULL ? incident->subject : "device",
        .threat = incident != NULL ? incident->threat : NULL,
        .since_ms = g->now_ms,
        .detect = effect->detect };
    (void)snprintf(t->incident, sizeof(t->incident), "%s", incident != NULL ? incident->id : "");
}

static bool holds(const struct pk_work *w, const struct pk_track *t)
{
    const struct pk_effect *effect = pk_work_rule(w, t->rule);
    const struct pk_incident *incident = t->incident[0] != '\0' ? pk_work_incident(w, t->incident)
                                                                : NULL;

    return effect != NULL && effect->detect == t->detect &&
            (t->incident[0] == '\0') == (incident == NULL) &&
            pk_rule_holds(effect->rule, &w->situation, incident);
}

static void tell_others(
        struct pk_work *w, const struct pk_track *t, bool detect, unsigned does, const char *why)
{
    static const struct {
        unsigned does;
        enum pk_act_kind kind;
    } words[] = { { PK_DOES_SIEM, PK_ACT_SIEM }, { PK_DOES_ADMINS, PK_ACT_ADMINS } };

    for (size_t i = 0; i < PK_COUNT(words); i++) {
        if ((does & words[i].does) != 0) {
            pk_work_say(w,
                    (struct pk_act){ .kind = words[i].kind,
                            .would = detect,
                            .rule = t->rule,
                            .incident = t->incident,
                            .threat = t->threat,
                            .subject = t->subject,
                            .why = why });
        }
    }
}

/* The rule's own act, once its grace is over. */
static void act_first(struct pk_work *w, struct pk_track *t, const struct pk_effect *effect)
{
    const struct pk_rule *rule = effect->rule;
    const struct pk_incident *incident = pk_work_incident(w, t->incident);

    t->stage = 1;
    t->reached |= (int)pk_does_measures(rule->does);
    if ((rule->does & PK_DOES_ALERT) != 0 && incident != NULL) {
        pk_guard_want_alert(w, effect, incident);
    }
    /* Without a grace the SOC and the administrators were told by pk_policy_decide(), with the change itself. */
    if (rule->after_ms > 0 || incident == NULL) {
        tell_others(w, t, effect->detect, rule->does,
                incident != NULL ? "it has lasted as long as the rule allows"
                                 : "the rule about the device holds");
    }
}

static void act_later(struct pk_work *w, struct pk_track *t, const struct pk_effect *effect,
        const struct pk_escalation *step)
{
    t->stage++;
    t->reached |= (int)pk_does_measures(step->does);
    if ((step->does & PK_DOES_ALERT) != 0 && t->incident[0] != '\0') {
        pk_guard_remind_now(w, effect, t->incident);
    }
    tell_others(w, t, effect->detect, step->does, "nothing has been done about it");
}

static void advance(struct pk_work *w, struct pk_track *t)
{
    const struct pk_effect *effect = pk_work_rule(w, t->rule);
    const struct pk_rule *rule = effect->rule;
    const struct pk_escalation *steps = rule->escalate.items;
    int64_t now_ms = w->g->now_ms;

    if (t->stage == 0) {
        if (now_ms - t->since_ms < rule->after_ms) {
            pk_work_due(w, t->since_ms + rule->after_ms);
            return;
        }
        act_first(w, t, effect);
    }
    while ((size_t)t->stage <= rule->escalate.count) {
        const struct pk_escalation *step = &steps[t->stage - 1];
        int64_t at_ms = t->since_ms + rule->after_ms + step->after_ms;

        if (now_ms < at_ms) {
            pk_work_due(w, at_ms);
            return;
        }
        act_later(w, t, effect, step);
    }
}

/* What no longer holds ends: at once while it had done nothing, else when its hold is over. */
static void end_tracks(struct pk_work *w)
{
    struct pk_guard *g = w->g;
    size_t kept = 0;

    for (size_t i = 0; i < g->track_count; i++) {
        struct pk_track *t = &g->tracks[i];
        const struct pk_effect *effect = pk_work_rule(w, t->rule);

        if (!holds(w, t)) {
            t->ended_ms = t->ended_ms != 0 ? t->ended_ms : g->now_ms;
            if (effect == NULL || effect->detect != t->detect || t->stage == 0 ||
                    g->now_ms - t->ended_ms >= effect->rule->hold_ms) {
                continue;
            }
            pk_work_due(w, t->ended_ms + effect->rule->hold_ms);
        }
        if (kept != i) {
            g->tracks[kept] = *t;
        }
        kept++;
    }
    g->track_count = kept;
}

static void follow_rules(struct pk_work *w)
{
    struct pk_guard *g = w->g;

    end_tracks(w);
    for (size_t r = 0; r < w->effects->count; r++) {
        const struct pk_effect *effect = &w->effects->items[r];

        if (effect->rule->when->about == PK_ABOUT_DEVICE) {
            if (pk_rule_holds(effect->rule, &w->situation, NULL)) {
                begin(w, effect, NULL);
            }
            continue;
        }
        for (size_t i = 0; i < g->live_count; i++) {
            if (pk_rule_holds(effect->rule, &w->situation, &g->live[i])) {
                begin(w, effect, &g->live[i]);
            }
        }
    }
    for (size_t i = 0; i < g->track_count; i++) {
        if (g->tracks[i].ended_ms == 0) {
            advance(w, &g->tracks[i]);
        }
    }
}

/* ---- measures -------------------------------------------------------------------------------------------- */

static const struct pk_track *cause_of(const struct pk_work *w, int side, unsigned measure)
{
    const struct pk_guard *g = w->g;

    for (size_t i = 0; i < g->track_count; i++) {
        const struct pk_effect *effect = pk_work_rule(w, g->tracks[i].rule);

        if (((unsigned)g->tracks[i].reached & 1U << measure) != 0 && effect != NULL &&
                effect->detect == (side == 1)) {
            return &g->tracks[i];
        }
    }
    return NULL;
}

static void settle_measures(struct pk_work *w, int side)
{
    struct pk_side *s = &w->g->sides[side];

    for (unsigned m = 0; m < PK_MEASURE_COUNT; m++) {
        const struct pk_track *cause = cause_of(w, side, m);
        bool on = (s->measures & 1U << m) != 0;

        if ((cause != NULL) == on) {
            continue;
        }
        s->measures ^= 1U << m;
        pk_work_say(w,
                (struct pk_act){ .kind = on ? PK_ACT_OFF : PK_ACT_ON,
                        .would = side == 1,
                        .rule = cause != NULL ? cause->rule : "",
                        .incident = cause != NULL ? cause->incident : "",
                        .threat = cause != NULL ? cause->threat : NULL,
                        .subject = cause != NULL ? cause->subject : "device",
                        .measure = (int)m,
                        .why = on ? "no rule asks for it any more" : "the rule asks for it" });
    }
}

/* ---- steps ------------------------------------------------------------------------------------------------ */

static struct pk_situation situation_of(const struct pk_guard *g)
{
    return (struct pk_situation){ .group = g->group,
        .ownership = g->ownership,
        .platform = g->platform,
        .risk_level = g->risk_level,
        .outlook = g->outlook,
        .zone = g->zone,
        .incidents = g->live,
        .incident_count = g->live_count };
}

void pk_guard_situation(const struct pk_guard *guard, struct pk_situation *out)
{
    *out = situation_of(guard);
}

static int work_out(struct pk_guard *g, const struct pk_policy *policy,
        int (*fn)(const struct pk_act *act, void *ctx), void *ctx)
{
    struct pk_work w = { .g = g,
        .effects = pk_policy_effects(policy, g->group),
        .situation = situation_of(g),
        .fn = fn,
        .ctx = ctx };

    follow_rules(&w);
    for (int side = 0; side < 2; side++) {
        pk_guard_alerts(&w, side);
        settle_measures(&w, side);
    }
    g->due_ms = w.due_ms;
    return w.rc;
}

int pk_guard_wait(struct pk_guard *guard, const struct pk_policy *policy, int64_t now_ms,
        int (*fn)(const struct pk_act *act, void *ctx), void *ctx)
{
    int rc = PK_OK;

    while (rc == PK_OK && guard->due_ms > 0 && guard->due_ms <= now_ms) {
        guard->now_ms = guard->due_ms;
        rc = work_out(guard, policy, fn, ctx);
    }
    guard->now_ms = now_ms > guard->now_ms ? now_ms : guard->now_ms;
    return rc;
}

static int copy_situation(struct pk_guard *g, const struct pk_situation *s)
{
    g->ownership = s->ownership;
    g->platform = s->platform;
    g->risk_level = s->risk_level;
    g->outlook = s->outlook;
    g->zone = s->zone;
    g->live_count = 0;
    if (strcmp(g->group, s->group) != 0) {
        g->group = pk_arena_strdup(g->arena, s->group);
    }
    for (size_t i = 0; i < s->incident_count && g->live_count < PK_GUARD_LIVE_MAX; i++) {
        struct pk_incident *to = &g->live[g->live_count];

        if (s->incidents[i].state != PK_INCIDENT_OPEN) {
            continue; /* mitigated: what it threatens is protected already */
        }
        *to = s->incidents[i];
        to->evidence = NULL;
        to->subject = pk_arena_strdup(g->arena, to->subject);
        if (to->subject == NULL) {
            return PK_ENOMEM;
        }
        g->live_count++;
    }
    return g->group != NULL ? PK_OK : PK_ENOMEM;
}

int pk_guard_step(struct pk_guard *guard, const struct pk_policy *policy,
        const struct pk_situation *situation, int64_t now_ms,
        int (*fn)(const struct pk_act *act, void *ctx), void *ctx)
{
    int rc = pk_guard_wait(guard, policy, now_ms, fn, ctx);

    if (rc == PK_OK) {
        rc = copy_situation(guard, situation);
    }
    return rc < 0 ? rc : work_out(guard, policy, fn, ctx);
}
