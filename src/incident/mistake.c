#include "incident/mistake.h"

#include <stdio.h>
#include <string.h>

static bool same(const char *wanted, const char *text)
{
    return wanted == NULL || (text != NULL && strcmp(wanted, text) == 0);
}

static bool in_scope(const struct pk_mistake *m, const char *device, const char *group)
{
    switch ((enum pk_mistake_scope)m->scope) {
    case PK_MISTAKE_ALL:
        return true;
    case PK_MISTAKE_GROUP:
        return group != NULL && strcmp(m->target, group) == 0;
    case PK_MISTAKE_DEVICE:
        return strcmp(m->target, device) == 0;
    }
    return false;
}

bool pk_mistake_fits(const struct pk_mistake *mistake, const struct pk_incident *incident,
        const char *group, int64_t now_ms)
{
    return !incident->simulated && strcmp(mistake->threat, incident->threat->id) == 0 &&
            (mistake->expires_ms == 0 || mistake->expires_ms > now_ms) &&
            same(mistake->subject, incident->subject) && same(mistake->rule, incident->rule) &&
            in_scope(mistake, incident->device, group);
}

static int weight(const struct pk_mistake *m)
{
    return 4 * ((m->subject != NULL) + (m->rule != NULL)) + m->scope;
}

const struct pk_mistake *pk_mistake_find(const struct pk_mistake *list, size_t count,
        const struct pk_incident *incident, const char *group, int64_t now_ms)
{
    const struct pk_mistake *best = NULL;

    for (size_t i = 0; i < count; i++) {
        if (!pk_mistake_fits(&list[i], incident, group, now_ms)) {
            continue;
        }
        if (best == NULL || weight(&list[i]) > weight(best) ||
                (weight(&list[i]) == weight(best) && list[i].created_ms > best->created_ms)) {
            best = &list[i];
        }
    }
    return best;
}

static int fail(struct pk_error *err, int code, const char *path, const char *text)
{
    if (err != NULL) {
        (void)pk_error_set(err, code, "%s", text);
        (void)snprintf(err->path, sizeof(err->path), "%s", path);
    }
    return code;
}

int pk_mistake_check(const struct pk_mistake *mistake, int64_t now_ms, struct pk_error *err)
{
    const struct pk_threat *threat = pk_threat_find(mistake->threat);

    if (threat == NULL) {
        return fail(err, PK_ENOENT, "threat", "there is no such threat in the catalogue");
    }
    if (mistake->scope == PK_MISTAKE_GROUP && mistake->target[0] == '\0') {
        return fail(err, PK_EMISSING, "group", "this scope wants a group");
    }
    if (mistake->scope == PK_MISTAKE_DEVICE && mistake->target[0] == '\0') {
        return fail(err, PK_EMISSING, "device", "this scope wants a device");
    }
    if (mistake->expires_ms != 0 && mistake->expires_ms <= now_ms) {
        return fail(err, PK_EBOUNDS, "expires_at", "lies in the past");
    }
    if (threat->severity == PK_SEVERITY_CRITICAL &&
            (mistake->expires_ms == 0 || mistake->expires_ms - now_ms > PK_MISTAKE_CRITICAL_MS)) {
        return fail(err, mistake->expires_ms == 0 ? PK_EMISSING : PK_EBOUNDS, "expires_at",
                "a critical threat is called a mistake for 90 days at most");
    }
    return PK_OK;
}

const char *pk_mistake_reason(const struct pk_mistake *mistake, struct pk_arena *arena)
{
    return pk_arena_printf(arena, PK_MISTAKE_REASON "%s (%s)", mistake->reason, mistake->id);
}

bool pk_mistake_dismissed(const struct pk_incident *incident, const char *id)
{
    const char *reason = incident->reason;
    size_t len = reason != NULL ? strlen(reason) : 0;
    size_t tail = id != NULL ? strlen(id) + 2 : 0;

    if (incident->state != PK_INCIDENT_DISMISSED || reason == NULL ||
            strncmp(reason, PK_MISTAKE_REASON, strlen(PK_MISTAKE_REASON)) != 0) {
        return false;
    }
    return id == NULL ||
            (len > tail && reason[len - tail] == '(' && reason[len - 1] == ')' &&
                    strncmp(reason + len - tail + 1, id, tail - 2) == 0);
}
