/* mistake.h - what a person called a mistake once: which findings it fits, and what may be called one.
 *
 * An entry is about a threat, and about one thing (subject), one rule, or both, if it says so; it holds for a
 * device, a group, or everybody, until it expires. Pure. */
#pragma once

#include "base/error.h"
#include "model/incident.h"
#include "model/mistake.h"

/* What is critical is never waved through for ever. */
#define PK_MISTAKE_CRITICAL_MS (INT64_C(90) * 86400000)
/* Stands before the reason of an incident that was dismissed this way. */
#define PK_MISTAKE_REASON "known mistake: "

/* Does it fit this incident of a device of that group at that time? Drills fit nothing. */
bool pk_mistake_fits(const struct pk_mistake *mistake, const struct pk_incident *incident,
        const char *group, int64_t now_ms);

/* The one that says most (subject and rule before one of them, device before group before all), the newest
 * of those; NULL: none fits. */
const struct pk_mistake *pk_mistake_find(const struct pk_mistake *list, size_t count,
        const struct pk_incident *incident, const char *group, int64_t now_ms);

/* May it be kept? PK_ENOENT: no such threat; PK_EMISSING and PK_EBOUNDS with err->path "group", "device",
 * "expires_at". */
PK_MUST_USE int pk_mistake_check(
        const struct pk_mistake *mistake, int64_t now_ms, struct pk_error *err);

/* The reason that an incident carries: PK_MISTAKE_REASON, the words, and the id in brackets, by which it is found
 * again. In the arena; NULL: memory. */
const char *pk_mistake_reason(const struct pk_mistake *mistake, struct pk_arena *arena);
/* Was the incident dismissed by an entry (by this one, when id is not NULL)? */
bool pk_mistake_dismissed(const struct pk_incident *incident, const char *id);
