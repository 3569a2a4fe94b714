#include <stdio.h>
#include <string.h>

#include "policy/guard_state.h"

#define STATE_VERSION 1

/* Short keys: a row of this is written with nearly every change of a device. */

static json_t *save_track(const struct pk_track *t)
{
    return json_pack("{s:s, s:s, s:s*, s:s, s:I, s:I, s:i, s:i, s:b}", "r", t->rule, "i",
            t->incident, "t", t->threat != NULL ? t->threat->id : NULL, "s", t->subject, "from",
            (json_int_t)t->since_ms, "to", (json_int_t)t->ended_ms, "n", t->stage, "m", t->reached,
            "d", (int)t->detect);
}

static json_t *save_alert(const struct pk_alert_state *a)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:i}", "i",
            a->incident, "f", a->face, "t", a->threat->id, "s", a->subject, "r", a->rule, "v",
            a->severity, "since", (json_int_t)a->since_ms, "told", (json_int_t)a->told_ms, "last",
            (json_int_t)a->last_ms, "closed", (json_int_t)a->closed_ms, "n",
            (json_int_t)a->reminders, "merged", (json_int_t)a->merged, "held", a->held);
}

static json_t *save_side(const struct pk_side *s)
{
    json_t *alerts = json_array();
    json_t *told = json_array();

    for (size_t i = 0; i < s->alert_count; i++) {
        (void)json_array_append_new(alerts, save_alert(&s->alerts[i]));
    }
    for (size_t i = 0; i < s->told_count; i++) {
        (void)json_array_append_new(
                told, json_pack("[I, b]", (json_int_t)s->told[i].at_ms, (int)s->told[i].urgent));
    }
    return json_pack("{s:o, s:o, s:i}", "alerts", alerts, "told", told, "measures", s->measures);
}

static json_t *save_incident(const struct pk_incident *i)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:f}", "i", i->id, "t", i->threat->id, "s", i->subject,
            "v", (int)i->severity, "c", i->confidence);
}

json_t *pk_guard_save(const struct pk_guard *g)
{
    json_t *live = json_array();
    json_t *tracks = json_array();

    for (size_t i = 0; i < g->live_count; i++) {
        (void)json_array_append_new(live, save_incident(&g->live[i]));
    }
    for (size_t i = 0; i < g->track_count; i++) {
        (void)json_array_append_new(tracks, save_track(&g->tracks[i]));
    }
    return json_pack("{s:i, s:I, s:I, s:s, s:[i,i,i,i,i], s:o, s:o, s:o, s:o}", "v", STATE_VERSION,
            "now", (json_int_t)g->now_ms, "due", (json_int_t)g->due_ms, "group", g->group, "is",
            g->ownership, g->platform, g->risk_level, g->outlook, g->zone, "live", live, "tracks",
            tracks, "does", save_side(&g->sides[0]), "would", save_side(&g->sides[1]));
}

/* ---- reading: our own words, but a row may be damaged ---------------------------------------------------- */

struct loader {
    struct pk_guard *g;
    bool wrong;
};

static int64_t number(struct loader *l, const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);

    l->wrong |= !json_is_integer(v);
    return json_integer_value(v);
}

static const char *text(struct loader *l, const json_t *o, const char *key)
{
    const char *v = json_string_value(json_object_get(o, key));
    const char *copy = v != NULL ? pk_arena_strdup(l->g->arena, v) : NULL;

    l->wrong |= copy == NULL;
    return copy != NULL ? copy : "";
}

static void id(struct loader *l, const json_t *o, const char *key, char out[PK_ID_TEXT])
{
    const char *v = json_string_value(json_object_get(o, key));

    l->wrong |= v == NULL || strlen(v) >= PK_ID_TEXT;
    (void)snprintf(out, PK_ID_TEXT, "%s", v != NULL ? v : "");
}

/* NULL: the catalogue does not have it (any more): what is about it is dropped. */
static const struct pk_threat *threat(const json_t *o)
{
    const char *v = json_string_value(json_object_get(o, "t"));

    return v != NULL ? pk_threat_find(v) : NULL;
}

static void load_side(struct loader *l, const json_t *in, struct pk_side *s)
{
    const json_t *alerts = json_object_get(in, "alerts");
    const json_t *told = json_object_get(in, "told");
    const json_t *item;
    size_t i;

    json_array_foreach ((json_t *)alerts, i, item) {
        struct pk_alert_state *a = &s->alerts[s->alert_count];

        if (s->alert_count == PK_GUARD_ALERTS_MAX || threat(item) == NULL) {
            continue;
        }
        *a = (struct pk_alert_state){ .threat = threat(item),
            .subject = text(l, item, "s"),
            .rule = text(l, item, "r"),
            .severity = (int)number(l, item, "v"),
            .since_ms = number(l, item, "since"),
            .told_ms = number(l, item, "told"),
            .last_ms = number(l, item, "last"),
            .closed_ms = number(l, item, "closed"),
            .reminders = number(l, item, "n"),
            .merged = number(l, item, "merged"),
            .held = (int)number(l, item, "held") };
        id(l, item, "i", a->incident);
        id(l, item, "f", a->face);
        s->alert_count++;
    }
    json_array_foreach ((json_t *)told, i, item) {
        if (s->told_count < PK_GUARD_TOLD_MAX) {
            s->told[s->told_count++] = (struct pk_told){ .at_ms = json_integer_value(
                                                                 json_array_get(item, 0)),
                .urgent = json_is_true(json_array_get(item, 1)) };
        }
    }
    s->measures = (unsigned)number(l, in, "measures") & ((1U << PK_MEASURE_COUNT) - 1);
}

static void load_tracks(struct loader *l, const json_t *in)
{
    struct pk_guard *g = l->g;
    const json_t *item;
    size_t i;

    json_array_foreach ((json_t *)in, i, item) {
        struct pk_track *t = &g->tracks[g->track_count];

        if (g->track_count == PK_GUARD_TRACKS_MAX) {
            return;
        }
        *t = (struct pk_track){ .rule = text(l, item, "r"),
            .threat = threat(item),
            .subject = text(l, item, "s"),
            .since_ms = number(l, item, "from"),
            .ended_ms = number(l, item, "to"),
            .stage = (int)number(l, item, "n"),
            .reached = (int)number(l, item, "m"),
            .detect = json_is_true(json_object_get(item, "d")) };
        l->wrong |= t->stage < 0 || t->stage > PK_ESCALATIONS_MAX + 1;
        id(l, item, "i", t->incident);
        g->track_count++;
    }
}

static void load_live(struct loader *l, const json_t *in)
{
    struct pk_guard *g = l->g;
    const json_t *item;
    size_t i;

    json_array_foreach ((json_t *)in, i, item) {
        struct pk_incident *to = &g->live[g->live_count];
        int64_t severity = number(l, item, "v");

        if (g->live_count == PK_GUARD_LIVE_MAX || threat(item) == NULL || severity < 0 ||
                severity >= PK_SEVERITY_COUNT) {
            continue;
        }
        *to = (struct pk_incident){ .threat = threat(item),
            .subject = text(l, item, "s"),
            .state = PK_INCIDENT_OPEN,
            .severity = (enum pk_severity)severity,
            .confidence = json_number_value(json_object_get(item, "c")) };
        id(l, item, "i", to->id);
        g->live_count++;
    }
}

int pk_guard_load(
        const json_t *state, struct pk_arena *arena, struct pk_guard **out, struct pk_error *err)
{
    const json_t *is = json_object_get(state, "is");
    struct loader l = { 0 };
    int rc = pk_guard_create(arena, &l.g);

    if (rc < 0) {
        return pk_error_set(err, rc, "out of memory");
    }
    if (number(&l, state, "v") != STATE_VERSION || json_array_size(is) != 5) {
        return pk_error_set(err, PK_EMALF, "this is no state of a policy");
    }
    l.g->now_ms = number(&l, state, "now");
    l.g->due_ms = number(&l, state, "due");
    l.g->group = text(&l, state, "group");
    l.g->ownership = (int)json_integer_value(json_array_get(is, 0)) & 3;
    l.g->platform = (int)json_integer_value(json_array_get(is, 1)) & 15;
    l.g->risk_level = (int)json_integer_value(json_array_get(is, 2));
    l.g->outlook = (int)json_integer_value(json_array_get(is, 3));
    l.g->zone = (int)json_integer_value(json_array_get(is, 4));
    load_live(&l, json_object_get(state, "live"));
    load_tracks(&l, json_object_get(state, "tracks"));
    load_side(&l, json_object_get(state, "does"), &l.g->sides[0]);
    load_side(&l, json_object_get(state, "would"), &l.g->sides[1]);
    if (l.wrong) {
        return pk_error_set(err, PK_EMALF, "the state of the policy is damaged");
    }
    *out = l.g;
    return PK_OK;
}
