/* keeper.h - findings merged over time into incidents: one for each device, threat and subject.
 *
 * Pure: the caller looks the incident up, hands it in, and stores what comes out. */
#pragma once

#include "model/incident.h"

/* A finding below this says too little to open anything. */
#define PK_INCIDENT_CONFIDENCE_MIN 0.5

/* A cause that comes back so soon after its end continues the same incident. */
#define PK_INCIDENT_REOPEN_MS (INT64_C(3600) * 1000)

/* Applies a finding. known: *incident is the newest one of this device, threat and subject;
 * otherwise it is ignored and overwritten when one opens. Strings and evidence of the result live
 * in the arena (or where the caller's own did).
 *
 * - present: opens, or merges (count, best evidence, time), or reopens a resolved one within
 *   PK_INCIDENT_REOPEN_MS; after that a new one opens.
 * - cleared: ends an open or mitigated one; a finding with a part ends it with its last part.
 * - dismissed ones stay dismissed, whatever is found (the count goes on: PK_CHANGE_NONE).
 *
 * A drill (finding->simulated) and a real one never merge: each is unknown to the other.
 *
 * The id of a new incident is made from device, threat, subject and time, so that a replay gives
 * the same ids. */
enum pk_incident_change pk_incident_apply(struct pk_incident *incident, bool known,
        const char *device, const struct pk_finding *finding, struct pk_arena *arena);

/* A person's word. PK_EINVAL with the reason when the state does not allow it. */
PK_MUST_USE int pk_incident_dismiss(
        struct pk_incident *incident, const char *reason, int64_t at_ms, struct pk_error *err);
PK_MUST_USE int pk_incident_reopen(
        struct pk_incident *incident, int64_t at_ms, struct pk_error *err);
