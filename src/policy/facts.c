#include "policy/facts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/guard_state.h"

struct pk_facts {
    struct pk_arena *arena;
    struct pk_situation now;
    struct pk_incident live[PK_GUARD_LIVE_MAX];
};

int pk_facts_create(struct pk_arena *arena, struct pk_facts **out)
{
    struct pk_facts *f = pk_arena_alloc(arena, 1, sizeof(*f));

    if (f == NULL) {
        return PK_ENOMEM;
    }
    f->arena = arena;
    f->now.group = "";
    f->now.incidents = f->live;
    *out = f;
    return PK_OK;
}

void pk_facts_situation(const struct pk_facts *facts, struct pk_situation *out)
{
    *out = facts->now;
}

/* ---- reading ----------------------------------------------------------------------------------------------- */

static int whole(const json_t *o, const char *key, int max)
{
    json_int_t n = json_integer_value(json_object_get(o, key));

    return n < 0 ? 0 : n > max ? max : (int)n;
}

static int apply_device(struct pk_facts *f, const json_t *o)
{
    const char *group = json_string_value(json_object_get(o, "group"));
    const char *copy = group != NULL ? pk_arena_strdup(f->arena, group) : NULL;

    if (copy == NULL) {
        return group == NULL ? PK_EMALF : PK_ENOMEM;
    }
    f->now.group = copy;
    f->now.ownership = whole(o, "ownership", PK_OWNERSHIP_PERSON);
    f->now.platform = whole(o, "platform", 15);
    return PK_OK;
}

static struct pk_incident *find(struct pk_facts *f, const char *id)
{
    for (size_t i = 0; i < f->now.incident_count; i++) {
        if (strcmp(f->live[i].id, id) == 0) {
            return &f->live[i];
        }
    }
    return NULL;
}

static int apply_incident(struct pk_facts *f, const char *id, const json_t *o)
{
    struct pk_incident *slot = find(f, id);
    const char *threat = json_string_value(json_object_get(o, "threat"));
    const char *subject = json_string_value(json_object_get(o, "subject"));

    if (o == NULL) {
        if (slot != NULL) {
            size_t behind = (size_t)(f->live + f->now.incident_count - slot) - 1;

            memmove(slot, slot + 1, behind * sizeof(*slot)); /* the order stays */
            f->now.incident_count--;
        }
        return PK_OK;
    }
    if (threat == NULL || subject == NULL || strlen(id) >= PK_ID_TEXT) {
        return PK_EMALF;
    }
    if (pk_threat_find(threat) == NULL) {
        return PK_ENOENT;
    }
    if (slot == NULL) {
        if (f->now.incident_count == PK_GUARD_LIVE_MAX) {
            return PK_ELIMIT;
        }
        slot = &f->live[f->now.incident_count++];
    }
    *slot = (struct pk_incident){ .threat = pk_threat_find(threat),
        .subject = pk_arena_strdup(f->arena, subject),
        .state = (enum pk_incident_state)whole(o, "state", PK_INCIDENT_MITIGATED),
        .severity = (enum pk_severity)whole(o, "severity", PK_SEVERITY_CRITICAL),
        .confidence = json_number_value(json_object_get(o, "confidence")) };
    (void)snprintf(slot->id, sizeof(slot->id), "%s", id);
    return slot->subject != NULL ? PK_OK : PK_ENOMEM;
}

static int apply_json(struct pk_facts *f, const struct pk_fact *fact, const json_t *o)
{
    switch ((enum pk_fact_kind)fact->kind) {
    case PK_FACT_DEVICE:
        return apply_device(f, o);
    case PK_FACT_RISK:
        f->now.risk_level = whole(o, "level", PK_RISK_CRITICAL);
        return PK_OK;
    case PK_FACT_FORESIGHT:
        f->now.outlook = whole(o, "outlook", PK_OUTLOOK_HIGH);
        f->now.zone = whole(o, "zone", PK_ZONE_STANDING_RED);
        return PK_OK;
    case PK_FACT_INCIDENT:
        return apply_incident(f, fact->subject, o);
    }
    return PK_EMALF;
}

int pk_facts_apply(struct pk_facts *facts, const struct pk_fact *fact)
{
    json_t *o = NULL;
    int rc;

    if (fact->body[0] == '\0') {
        return fact->kind == PK_FACT_INCIDENT ? apply_incident(facts, fact->subject, NULL)
                                              : PK_EMALF;
    }
    rc = pk_json_parse(fact->body, strlen(fact->body), &o, NULL);
    if (rc == PK_OK) {
        rc = apply_json(facts, fact, o);
    }
    json_decref(o);
    return rc;
}

/* ---- writing ----------------------------------------------------------------------------------------------- */

struct writer {
    struct pk_arena *arena;
    int64_t at_ms;
    int (*fn)(const struct pk_fact *fact, void *ctx);
    void *ctx;
};

static int put(struct writer *w, enum pk_fact_kind kind, const char *subject, json_t *body)
{
    struct pk_fact fact = { .at_ms = w->at_ms, .kind = (int)kind, .subject = subject, .body = "" };
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;

    if (body != NULL) {
        fact.body = text != NULL ? pk_arena_strdup(w->arena, text) : NULL;
    }
    free(text);
    json_decref(body);
    return fact.body != NULL ? w->fn(&fact, w->ctx) : PK_ENOMEM;
}

static const struct pk_incident *among(const struct pk_situation *s, const char *id)
{
    for (size_t i = 0; s != NULL && i < s->incident_count && i < PK_GUARD_LIVE_MAX; i++) {
        if (strcmp(s->incidents[i].id, id) == 0) {
            return &s->incidents[i];
        }
    }
    return NULL;
}

static bool same(const struct pk_incident *a, const struct pk_incident *b)
{
    return a->threat == b->threat && a->severity == b->severity && a->state == b->state &&
            fabs(a->confidence - b->confidence) < 1e-12 && strcmp(a->subject, b->subject) == 0;
}

static int diff_incidents(
        struct writer *w, const struct pk_situation *before, const struct pk_situation *after)
{
    int rc = PK_OK;

    for (size_t i = 0; before != NULL && i < before->incident_count && rc == PK_OK; i++) {
        if (among(after, before->incidents[i].id) == NULL) {
            rc = put(w, PK_FACT_INCIDENT, before->incidents[i].id, NULL);
        }
    }
    for (size_t i = 0; i < after->incident_count && i < PK_GUARD_LIVE_MAX && rc == PK_OK; i++) {
        const struct pk_incident *now = &after->incidents[i];
        const struct pk_incident *then = among(before, now->id);

        if (then == NULL || !same(then, now)) {
            rc = put(w, PK_FACT_INCIDENT, now->id,
                    json_pack("{s:s, s:s, s:i, s:i, s:f}", "threat", now->threat->id, "subject",
                            now->subject, "severity", (int)now->severity, "state", (int)now->state,
                            "confidence", now->confidence));
        }
    }
    return rc;
}

int pk_facts_diff(const struct pk_situation *before, const struct pk_situation *after,
        int64_t at_ms, struct pk_arena *arena, int (*fn)(const struct pk_fact *fact, void *ctx),
        void *ctx)
{
    struct writer w = { .arena = arena, .at_ms = at_ms, .fn = fn, .ctx = ctx };
    int rc = PK_OK;

    if (before == NULL || strcmp(before->group, after->group) != 0 ||
            before->ownership != after->ownership || before->platform != after->platform) {
        rc = put(&w, PK_FACT_DEVICE, "",
                json_pack("{s:s, s:i, s:i}", "group", after->group, "ownership", after->ownership,
                        "platform", after->platform));
    }
    if (rc == PK_OK && (before == NULL || before->risk_level != after->risk_level)) {
        rc = put(&w, PK_FACT_RISK, "", json_pack("{s:i}", "level", after->risk_level));
    }
    if (rc == PK_OK &&
            (before == NULL || before->outlook != after->outlook || before->zone != after->zone)) {
        rc = put(&w, PK_FACT_FORESIGHT, "",
                json_pack("{s:i, s:i}", "outlook", after->outlook, "zone", after->zone));
    }
    return rc < 0 ? rc : diff_incidents(&w, before, after);
}
