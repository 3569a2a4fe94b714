#include "incident/keeper.h"

#include <stdio.h>

#include "base/crypt.h"

#define PARTS "parts"

static bool is_live(const struct pk_incident *i)
{
    return i->state == PK_INCIDENT_OPEN || i->state == PK_INCIDENT_MITIGATED;
}

static void make_id(struct pk_incident *i)
{
    char text[512];
    char digest[PK_SHA256_HEX];

    (void)snprintf(text, sizeof(text), "%s\n%s\n%s\n%lld", i->device, i->threat->id, i->subject,
            (long long)i->opened_ms);
    pk_sha256_hex(pk_slice_str(text), digest);
    (void)snprintf(i->id, sizeof(i->id), "inc-%.20s", digest);
}

/* The new evidence with the parts that are known so far; the arena owns it. */
static json_t *merge_evidence(
        const json_t *before, const struct pk_finding *f, bool replace, struct pk_arena *arena)
{
    const json_t *parts = json_object_get(before, PARTS);
    json_t *merged = json_copy(replace || before == NULL ? f->evidence : (json_t *)before);
    json_t *known = parts != NULL ? json_copy((json_t *)parts) : json_array();

    if (merged == NULL) {
        merged = json_object();
    }
    if (f->part != NULL) {
        bool there = false;

        for (size_t i = 0; i < json_array_size(known); i++) {
            there |= strcmp(json_string_value(json_array_get(known, i)), f->part) == 0;
        }
        if (!there) {
            (void)json_array_append_new(known, json_string(f->part));
        }
    }
    if (json_array_size(known) > 0) {
        (void)json_object_set_new(merged, PARTS, known);
    } else {
        json_decref(known);
    }
    return pk_arena_defer(arena, pk_json_release, merged) < 0 ? NULL : merged;
}

/* False when parts are left after this one is taken out. */
static bool last_part_gone(struct pk_incident *i, const char *part, struct pk_arena *arena)
{
    const json_t *parts = json_object_get(i->evidence, PARTS);
    json_t *left;
    json_t *evidence;

    if (part == NULL || json_array_size(parts) == 0) {
        return true;
    }
    left = json_array();
    for (size_t n = 0; n < json_array_size(parts); n++) {
        json_t *name = json_array_get(parts, n);

        if (strcmp(json_string_value(name), part) != 0) {
            (void)json_array_append(left, name);
        }
    }
    evidence = json_copy(i->evidence);
    if (json_array_size(left) == 0) {
        json_decref(left);
        json_decref(evidence);
        return true;
    }
    (void)json_object_set_new(evidence, PARTS, left);
    if (pk_arena_defer(arena, pk_json_release, evidence) == PK_OK) {
        i->evidence = evidence;
    }
    return false;
}

static void open_new(struct pk_incident *i, const char *device, const struct pk_finding *f,
        struct pk_arena *arena)
{
    *i = (struct pk_incident){
        .threat = f->threat,
        .subject = f->subject,
        .state = PK_INCIDENT_OPEN,
        .severity = f->threat->severity,
        .confidence = f->confidence,
        .count = 1,
        .opened_ms = f->at_ms,
        .updated_ms = f->at_ms,
        .rule = f->rule,
        .evidence = merge_evidence(NULL, f, true, arena),
        .simulated = f->simulated,
    };
    (void)snprintf(i->device, sizeof(i->device), "%s", device);
    make_id(i);
}

static void merge(struct pk_incident *i, const struct pk_finding *f, struct pk_arena *arena)
{
    bool better = f->confidence >= i->confidence || i->evidence == NULL;

    i->count++;
    i->updated_ms = f->at_ms > i->updated_ms ? f->at_ms : i->updated_ms;
    i->evidence = merge_evidence(i->evidence, f, better, arena);
    if (better) {
        i->confidence = f->confidence;
        i->rule = f->rule;
    }
}

static enum pk_incident_change clear(
        struct pk_incident *i, bool known, const struct pk_finding *f, struct pk_arena *arena)
{
    if (!known || !is_live(i)) {
        return PK_CHANGE_NONE;
    }
    if (!last_part_gone(i, f->part, arena)) {
        i->updated_ms = f->at_ms;
        return PK_CHANGE_UPDATED;
    }
    i->state = PK_INCIDENT_RESOLVED;
    i->updated_ms = f->at_ms;
    i->ended_ms = f->at_ms;
    return PK_CHANGE_RESOLVED;
}

/* A drill that was dismissed says nothing of the next one, which has another number. */
static bool is_next_drill(const struct pk_incident *incident, const struct pk_finding *finding)
{
    const char *was = json_string_value(json_object_get(incident->evidence, "ask"));
    const char *is = json_string_value(json_object_get(finding->evidence, "ask"));

    return incident->simulated && is != NULL && (was == NULL || strcmp(was, is) != 0);
}

enum pk_incident_change pk_incident_apply(struct pk_incident *incident, bool known,
        const char *device, const struct pk_finding *finding, struct pk_arena *arena)
{
    bool again = false;

    if (known && incident->simulated != finding->simulated) {
        known = false; /* a drill and the real thing never merge */
    }
    if (finding->cleared) {
        return clear(incident, known, finding, arena);
    }
    again = known && incident->state == PK_INCIDENT_DISMISSED && is_next_drill(incident, finding);
    if (known && incident->state == PK_INCIDENT_DISMISSED && !again) {
        incident->count++;
        return PK_CHANGE_NONE;
    }
    if (known && is_live(incident)) {
        merge(incident, finding, arena);
        return PK_CHANGE_UPDATED;
    }
    if (finding->confidence < PK_INCIDENT_CONFIDENCE_MIN) {
        return PK_CHANGE_NONE;
    }
    if (again || (known && finding->at_ms - incident->ended_ms < PK_INCIDENT_REOPEN_MS)) {
        incident->state = PK_INCIDENT_OPEN;
        incident->reason = NULL;
        incident->ended_ms = 0;
        incident->evidence = NULL; /* what was seen before is over: parts begin anew */
        merge(incident, finding, arena);
        return PK_CHANGE_REOPENED;
    }
    open_new(incident, device, finding, arena);
    return PK_CHANGE_OPENED;
}

int pk_incident_dismiss(
        struct pk_incident *incident, const char *reason, int64_t at_ms, struct pk_error *err)
{
    if (incident->state == PK_INCIDENT_DISMISSED) {
        return pk_error_set(err, PK_EINVAL, "the incident is dismissed already");
    }
    incident->state = PK_INCIDENT_DISMISSED;
    incident->reason = reason;
    incident->updated_ms = at_ms;
    incident->ended_ms = incident->ended_ms != 0 ? incident->ended_ms : at_ms;
    return PK_OK;
}

int pk_incident_reopen(struct pk_incident *incident, int64_t at_ms, struct pk_error *err)
{
    if (is_live(incident)) {
        return pk_error_set(err, PK_EINVAL, "the incident is open already");
    }
    incident->state = PK_INCIDENT_OPEN;
    incident->reason = NULL;
    incident->updated_ms = at_ms;
    incident->ended_ms = 0;
    return PK_OK;
}
