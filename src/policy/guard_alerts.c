/* Alerts over time: merged, held back by night and by the week's budget, repeated, taken back. */
#include <stdio.h>
#include <string.h>

#include "policy/guard_state.h"

#define AGAIN_MS (10 * PK_MINUTE_MS) /* an attack that comes back is told again after this */

static const char *why_held(int held)
{
    return held == PK_HELD_QUIET ? "it waits until the quiet hours are over"
                                 : "the week's alert budget is used up";
}

static struct pk_alert_state *find(struct pk_side *s, const char *incident)
{
    for (size_t i = 0; i < s->alert_count; i++) {
        if (s->alerts[i].closed_ms == 0 && strcmp(s->alerts[i].incident, incident) == 0) {
            return &s->alerts[i];
        }
    }
    return NULL;
}

static bool is_face(const struct pk_alert_state *a)
{
    return strcmp(a->face, a->incident) == 0;
}

static void say(struct pk_work *w, int side, const struct pk_alert_state *a, enum pk_act_kind kind,
        int64_t count, const char *into, const char *why)
{
    pk_work_say(w,
            (struct pk_act){ .kind = kind,
                    .would = side == 1,
                    .rule = a->rule,
                    .incident = kind == PK_ACT_CLOSE || kind == PK_ACT_REMIND ? a->face
                                                                              : a->incident,
                    .threat = a->threat,
                    .subject = a->subject,
                    .into = into,
                    .count = count,
                    .why = why });
}

void pk_guard_want_alert(
        struct pk_work *w, const struct pk_effect *effect, const struct pk_incident *incident)
{
    struct pk_side *s = &w->g->sides[effect->detect];
    struct pk_alert_state *a = find(s, incident->id);

    if (a != NULL || s->alert_count == PK_GUARD_ALERTS_MAX) {
        return; /* another rule, earlier in the list, tells of it */
    }
    a = &s->alerts[s->alert_count++];
    *a = (struct pk_alert_state){ .threat = incident->threat,
        .subject = incident->subject,
        .rule = effect->rule->name,
        .severity = (int)incident->severity,
        .since_ms = w->g->now_ms };
    (void)snprintf(a->incident, sizeof(a->incident), "%s", incident->id);
    (void)snprintf(a->face, sizeof(a->face), "%s", incident->id);
}

/* ---- night and budget -------------------------------------------------------------------------------------- */

/* When the quiet hours end; 0: it is not night. */
static int64_t quiet_until(const struct pk_quiet *q, int64_t now_ms)
{
    int64_t local;
    int64_t left;

    if (q == NULL) {
        return 0;
    }
    local = (now_ms + q->offset_ms) % PK_DAY_MS;
    left = q->to_ms - local;
    if (q->from_ms < q->to_ms) {
        return local >= q->from_ms && local < q->to_ms ? now_ms + left : 0;
    }
    return local >= q->from_ms ? now_ms + left + PK_DAY_MS : local < q->to_ms ? now_ms + left : 0;
}

static void forget_told(struct pk_side *s, int64_t now_ms)
{
    size_t old = 0;

    while (old < s->told_count && now_ms - s->told[old].at_ms >= PK_WEEK_MS) {
        old++;
    }
    if (old > 0) {
        s->told_count -= old;
        memmove(s->told, s->told + old, s->told_count * sizeof(*s->told));
    }
}

/* When so few are left within the week that one more may be told; 0: now. all: the urgent ones count, too. */
static int64_t room_at(const struct pk_side *s, int64_t limit, bool all)
{
    int64_t count = 0;

    for (size_t i = s->told_count; i > 0; i--) {
        if (all || !s->told[i - 1].urgent) {
            count++;
        }
        if (count >= limit && count > 0) {
            return s->told[i - 1].at_ms + PK_WEEK_MS;
        }
    }
    return limit <= 0 ? INT64_MAX : 0;
}

static int64_t budget_until(
        const struct pk_side *s, const struct pk_alert_limits *limits, bool urgent)
{
    int64_t own = urgent ? 0 : room_at(s, limits->per_week, false);
    int64_t both = room_at(s, limits->most, true);

    return own > both ? own : both;
}

/* May a person be told of it now? Else why not, and when to ask again (INT64_MAX: never). */
static enum pk_held may_tell(
        struct pk_work *w, struct pk_side *s, const struct pk_alert_state *a, int64_t *again_ms)
{
    const struct pk_alert_limits *limits = w->effects->alerts;
    bool now = a->threat->urgency == PK_URGENCY_NOW;

    forget_told(s, w->g->now_ms);
    *again_ms = now ? 0 : quiet_until(limits->quiet, w->g->now_ms);
    if (*again_ms > 0) {
        return PK_HELD_QUIET;
    }
    *again_ms = budget_until(s, limits, a->severity >= limits->urgent);
    return *again_ms > 0 ? PK_HELD_BUDGET : PK_HELD_NOT;
}

static void note_told(struct pk_work *w, struct pk_side *s, const struct pk_alert_state *a)
{
    if (s->told_count < PK_GUARD_TOLD_MAX) {
        s->told[s->told_count++] = (struct pk_told){ .at_ms = w->g->now_ms,
            .urgent = a->severity >= w->effects->alerts->urgent };
    }
}

/* ---- one alert ---------------------------------------------------------------------------------------------- */

/* What the person was told already of the same thing: anything else about the same network, or the same threat
 * come back. A graver one is told all the same. *again_ms: that alert was taken back meanwhile; so long
 * this one can wait whether it is over soon, too; 0: it stands for this one. */
static struct pk_alert_state *face_for(
        struct pk_work *w, struct pk_side *s, const struct pk_alert_state *a, int64_t *again_ms)
{
    int64_t window = w->effects->alerts->merge_hours * PK_HOUR_MS;
    int64_t soon = a->threat->urgency == PK_URGENCY_NOW && window > AGAIN_MS ? AGAIN_MS : window;

    for (size_t i = 0; i < s->alert_count; i++) {
        struct pk_alert_state *b = &s->alerts[i];
        bool alike = b->threat == a->threat ||
                (a->threat->vector == PK_VECTOR_NETWORK && b->threat->vector == PK_VECTOR_NETWORK);
        int64_t age = w->g->now_ms - b->last_ms;

        if (b == a || b->told_ms == 0 || !is_face(b) || !alike ||
                strcmp(b->subject, a->subject) != 0 || b->severity < a->severity ||
                age >= (b->closed_ms > 0 ? soon : window)) {
            continue;
        }
        *again_ms = b->closed_ms > 0 ? b->last_ms + soon : 0;
        return b;
    }
    return NULL;
}

static void merge(struct pk_work *w, int side, struct pk_alert_state *a, struct pk_alert_state *b,
        int64_t again_ms)
{
    bool before = a->held == PK_HELD_AGAIN;

    if (again_ms == 0) {
        a->told_ms = a->last_ms = w->g->now_ms;
        (void)snprintf(a->face, sizeof(a->face), "%s", b->face);
    } else {
        a->held = PK_HELD_AGAIN;
        pk_work_due(w, again_ms);
    }
    if (!before) {
        b->merged++;
        say(w, side, a, PK_ACT_MERGE, b->merged, b->incident,
                "the person was told of the same thing already");
    }
}

static void try_telling(struct pk_work *w, int side, struct pk_alert_state *a)
{
    struct pk_side *s = &w->g->sides[side];
    int64_t again_ms = 0;
    struct pk_alert_state *b = face_for(w, s, a, &again_ms);
    int held = PK_HELD_NOT;

    if (b != NULL) {
        merge(w, side, a, b, again_ms);
        return;
    }
    if (a->threat->urgency != PK_URGENCY_INFO) {
        held = (int)may_tell(w, s, a, &again_ms);
    }
    if (held == PK_HELD_NOT) {
        a->told_ms = a->last_ms = w->g->now_ms;
        if (a->threat->urgency != PK_URGENCY_INFO) {
            note_told(w, s, a); /* what only stands in a list disturbs nobody */
        }
        say(w, side, a, PK_ACT_TELL, 1, NULL, "the rule tells the user");
        return;
    }
    if (again_ms < INT64_MAX) {
        pk_work_due(w, again_ms);
    }
    if (a->held == PK_HELD_NOT || a->held == PK_HELD_AGAIN) {
        a->held = held; /* said once: nights come and go while the budget is used up */
        say(w, side, a, PK_ACT_HOLD, 0, NULL, why_held(held));
    }
}

/* What waited before may be the same thing as what was told just now. */
static void merge_waiting(struct pk_work *w, int side)
{
    struct pk_side *s = &w->g->sides[side];

    for (size_t i = 0; i < s->alert_count; i++) {
        struct pk_alert_state *a = &s->alerts[i];
        int64_t again_ms = 0;
        struct pk_alert_state *b;

        if (a->told_ms > 0 || a->closed_ms > 0) {
            continue;
        }
        b = face_for(w, s, a, &again_ms);
        if (b != NULL && again_ms == 0) {
            merge(w, side, a, b, 0);
        }
    }
}

static int64_t remind_ms(const struct pk_work *w, const struct pk_alert_state *a)
{
    static const int64_t every[] = { 0, PK_DAY_MS, 3 * PK_DAY_MS, PK_WEEK_MS };
    const struct pk_effect *effect = pk_work_rule(w, a->rule);

    return effect != NULL && a->threat->urgency != PK_URGENCY_INFO ? every[effect->rule->remind]
                                                                   : 0;
}

static void remind(struct pk_work *w, int side, struct pk_alert_state *a)
{
    struct pk_side *s = &w->g->sides[side];
    int64_t again_ms;

    if (may_tell(w, s, a, &again_ms) != PK_HELD_NOT) {
        if (again_ms < INT64_MAX) {
            pk_work_due(w, again_ms);
        }
        return;
    }
    a->reminders++;
    a->last_ms = w->g->now_ms;
    note_told(w, s, a);
    say(w, side, a, PK_ACT_REMIND, a->reminders, NULL, "it is still open");
}

void pk_guard_remind_now(struct pk_work *w, const struct pk_effect *effect, const char *incident)
{
    struct pk_alert_state *a = find(&w->g->sides[effect->detect], incident);

    if (a != NULL && a->told_ms > 0 && is_face(a) && a->last_ms < w->g->now_ms) {
        remind(w, effect->detect, a);
    }
}

/* What it stood for is told on by another one that was merged into it; else the alert is taken back. */
static void close_alert(struct pk_work *w, int side, struct pk_alert_state *a)
{
    struct pk_side *s = &w->g->sides[side];

    a->closed_ms = w->g->now_ms;
    if (a->told_ms == 0) {
        return; /* nobody heard of it */
    }
    for (size_t i = 0; i < s->alert_count; i++) {
        struct pk_alert_state *b = &s->alerts[i];

        if (b != a && b->closed_ms == 0 && strcmp(b->face, a->face) == 0) {
            return;
        }
    }
    say(w, side, a, PK_ACT_CLOSE, 0, NULL, "the cause is gone");
}

static void purge(struct pk_work *w, struct pk_side *s)
{
    int64_t window = w->effects->alerts->merge_hours * PK_HOUR_MS;
    size_t kept = 0;

    for (size_t i = 0; i < s->alert_count; i++) {
        const struct pk_alert_state *a = &s->alerts[i];
        bool over = a->closed_ms > 0 &&
                (a->told_ms == 0 || !is_face(a) || w->g->now_ms - a->last_ms > window);

        if (!over) {
            if (kept != i) {
                s->alerts[kept] = *a;
            }
            kept++;
        }
    }
    s->alert_count = kept;
}

/* The gravest of those that wait; the older one when they are level. */
static struct pk_alert_state *next_waiting(struct pk_side *s, const bool *tried)
{
    struct pk_alert_state *best = NULL;

    for (size_t i = 0; i < s->alert_count; i++) {
        struct pk_alert_state *a = &s->alerts[i];

        if (a->told_ms == 0 && a->closed_ms == 0 && !tried[i] &&
                (best == NULL || a->severity > best->severity)) {
            best = a;
        }
    }
    return best;
}

void pk_guard_alerts(struct pk_work *w, int side)
{
    struct pk_side *s = &w->g->sides[side];
    bool tried[PK_GUARD_ALERTS_MAX] = { false };
    struct pk_alert_state *a;

    for (size_t i = 0; i < s->alert_count; i++) {
        const struct pk_incident *incident;

        a = &s->alerts[i];
        incident = pk_work_incident(w, a->incident);
        if (a->closed_ms == 0 && incident == NULL) {
            close_alert(w, side, a);
        } else if (incident != NULL) {
            a->severity = (int)incident->severity;
        }
    }
    for (a = next_waiting(s, tried); a != NULL; a = next_waiting(s, tried)) {
        tried[a - s->alerts] = true;
        try_telling(w, side, a);
    }
    merge_waiting(w, side);
    for (size_t i = 0; i < s->alert_count; i++) {
        int64_t every;

        a = &s->alerts[i];
        every = remind_ms(w, a);
        if (a->told_ms == 0 || a->closed_ms > 0 || !is_face(a) || every == 0) {
            continue;
        }
        if (w->g->now_ms - a->last_ms >= every) {
            remind(w, side, a);
        } else {
            pk_work_due(w, a->last_ms + every);
        }
        if (a->last_ms == w->g->now_ms) {
            pk_work_due(w, a->last_ms + every);
        }
    }
    purge(w, s);
}
