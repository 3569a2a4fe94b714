/* defense.h - the judges: what does one observation say about threats?
 *
 * Pure: no clock, no I/O, no memory of its own. An observation carries all the facts that its
 * judgement needs, so the same code judges on the device, in the server and in a replay. Each
 * judge says "present" with evidence, or "cleared" when the observation shows that the cause is
 * gone, or nothing when it cannot tell (a network that does not answer proves nothing). */
#pragma once

#include "model/finding.h"
#include "model/observation.h"

/* Judges by the observation's kind. Evidence lives in the arena. PK_ENOMEM, PK_ELIMIT. */
PK_MUST_USE int pk_defense_judge(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out);

/* The subject of findings about the device itself. */
#define PK_SUBJECT_DEVICE "device"

/* What the finding about a harmful name is called where the name itself is not told. In the arena. */
const char *pk_name_subject(const struct pk_obs_name *name, struct pk_arena *arena);

/* The judges, one a file. */
int pk_judge_gateway(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out);
int pk_judge_dns(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out);
int pk_judge_tls(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out);
int pk_judge_portal(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out);
int pk_judge_lease(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out);
int pk_judge_routers(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out);
int pk_judge_redirect(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out);
int pk_judge_http(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out);
int pk_judge_proxy(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out);
int pk_judge_wifi(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out);
int pk_judge_cell(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out);
int pk_judge_name(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out);
int pk_judge_drill(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out);
int pk_judge_network(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out);
int pk_judge_posture(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out);
int pk_judge_patch(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out);
